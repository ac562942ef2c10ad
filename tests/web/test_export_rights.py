"""Who may ask for exports, and see and fetch them."""

import pytest

from tests.web.exporting import Office
from tests.web.worlds import World
from web.access.rights import Role

MASK = [{"x": 1, "y": 1, "width": 9, "height": 9}]


@pytest.fixture
def office(world: World) -> Office:
    return Office(world)


def test_only_who_asked_and_admins_see_an_export(office: Office) -> None:
    owner = office.world.viewer_of(office.camera, username="owner")
    other = office.world.viewer_of(office.camera, username="other")
    operator = office.world.person(Role.OPERATOR)
    asked = office.ask(by=owner)
    office.finish(asked["id"])
    path = f"/exports/{asked['id']}"

    for each in (owner, office.world.admin()):
        assert [found["id"] for found in each.get("/exports").json] == [asked["id"]]
        assert each.get(f"{path}/file").status_code == 200
    for each in (other, operator):
        assert each.get("/exports").json == []
        assert each.get(path).status_code == 404
        assert each.get(f"{path}/file").status_code == 404
        assert each.delete(path).status_code == 404
        assert each.post("/stream_tokens", {"path": f"{path}/file"}).status_code == 404


def test_who_may_not_see_a_camera_exports_none_of_it(office: Office) -> None:
    hidden = office.world.camera("Yard")
    viewer = office.world.viewer_of(office.camera)

    answer = viewer.post("/exports", office.body(camera_ids=[office.camera, hidden], kind="zip"))
    assert answer.status_code == 404
    assert office.orders() == []

    # And who may not any more gets none of what was made
    asked = office.ask(by=viewer)
    office.finish(asked["id"])
    grant = f"/cameras/{office.camera}/grants/{viewer.account_uuid}"
    assert office.world.admin().delete(grant).status_code == 204
    assert viewer.get("/exports").json == []
    assert viewer.get(f"/exports/{asked['id']}/file").status_code == 404


def test_unmasked_footage_is_exported_for_admins_alone(office: Office) -> None:
    viewer = office.world.viewer_of(office.camera)
    operator = office.world.person(Role.OPERATOR)
    before = office.ask(by=viewer)
    office.finish(before["id"])
    assert office.world.admin().post(f"/masks/{office.camera}", MASK).status_code == 200

    for each in (viewer, operator):
        answer = each.post("/exports", office.body())
        assert answer.status_code == 403
        assert "privacy masks" in answer.json["message"]
    # Nor what was made before there were masks
    assert viewer.get(f"/exports/{before['id']}/file").status_code == 403
    admin = office.world.admin()
    signed = viewer.post("/stream_tokens", {"path": f"/exports/{before['id']}/file"}).json["url"]
    assert office.world.stranger().get(signed).status_code == 403
    assert admin.get(f"/exports/{before['id']}/file").status_code == 200
    assert admin.post("/exports", office.body()).status_code == 201
