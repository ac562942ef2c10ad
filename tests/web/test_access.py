"""Grants, signed addresses, and ``AUTH_MODE=open``."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import sqlalchemy as sa

from tests.web.conftest import WorldOf
from tests.web.worlds import Caller, World, account_id_of
from vigil.errors import SetupInvalid
from web.access.guard import install_guard, require_loopback
from web.access.principal import Principal
from web.access.rights import RIGHTS_OF, Right, Role
from web.access.rules import RULES
from web.access.viewing import STREAM_TOKEN_S, may_still_view, require_camera_view
from web.database import db
from web.settings import AuthMode


def test_a_viewer_sees_what_was_granted_and_nothing_else(world: World) -> None:
    door, yard = world.camera("Door"), world.camera("Yard")
    viewer = world.viewer_of(door)

    assert [camera["id"] for camera in viewer.get("/cameras").json] == [door]
    assert list(viewer.get("/camera_status").json) == [f"camera_{door}"]
    assert viewer.get(f"/cameras/{yard}").status_code == 404
    assert viewer.get(f"/cameras/{yard}").text == viewer.get(f"/cameras/{yard}").text
    hidden, unknown = viewer.get(f"/rectangles/{yard}"), viewer.get("/rectangles/999")
    assert hidden.json["message"].replace(str(yard), "N") == unknown.json["message"].replace(
        "999", "N"
    )


def test_grants_are_listed_and_withdrawn(world: World) -> None:
    door = world.camera()
    viewer = world.viewer_of(door)
    path = f"/cameras/{door}/grants"

    assert [grant["username"] for grant in world.admin().get(path).json] == ["viewer"]
    world.admin().put(f"{path}/{viewer.account_uuid}")
    assert len(world.admin().get(path).json) == 1
    world.admin().delete(f"{path}/{viewer.account_uuid}")

    assert world.admin().get(path).json == []
    assert viewer.get("/cameras").json == []


@pytest.mark.parametrize(
    "path", ["/cameras/99/grants/{account}", "/cameras/{camera}/grants/{none}"]
)
def test_a_grant_names_things_that_exist(world: World, path: str) -> None:
    account, camera = world.person(Role.VIEWER).account_uuid, world.camera()
    none = "11111111-1111-4111-8111-111111111111"

    answer = world.admin().put(path.format(account=account, camera=camera, none=none))

    assert answer.status_code == 404


# --- signed addresses


def signed(world: World, caller: Caller, path: str) -> str:
    answer = caller.post("/stream_tokens", {"path": path})
    assert answer.status_code == 201, answer.json
    url: str = answer.json["url"]
    return url


def test_a_signed_address_opens_what_it_was_signed_for(pictured: World) -> None:
    camera_id = pictured.camera()
    viewer = pictured.viewer_of(camera_id)

    url = signed(pictured, viewer, f"/get_stream/{camera_id}")

    assert pictured.stranger().get(url).status_code == 200


def test_it_opens_nothing_else(pictured: World) -> None:
    door, yard = pictured.camera("Door"), pictured.camera("Yard")
    url = signed(pictured, pictured.admin(), f"/get_stream/{door}")
    token = url.partition("?")[2]

    for other in (f"/get_stream/{yard}", f"/recognized_stream/{door}", f"/get_snapshot/{door}"):
        assert pictured.stranger().get(f"{other}?{token}").status_code == 401
    for elsewhere in ("/cameras", f"/cameras/{door}", "/me", "/audit"):
        assert pictured.stranger().get(f"{elsewhere}?{token}").status_code == 401


def test_it_must_be_used_within_a_minute(pictured: World) -> None:
    url = signed(pictured, pictured.admin(), f"/get_stream/{pictured.camera()}")
    pictured.clock.advance(STREAM_TOKEN_S - 1)
    assert pictured.stranger().get(url).status_code == 200

    pictured.clock.advance(1)

    assert pictured.stranger().get(url).status_code == 401


def test_it_ends_with_the_log_in_and_with_the_grant(pictured: World) -> None:
    camera_id = pictured.camera()
    viewer = pictured.viewer_of(camera_id)
    url = signed(pictured, viewer, f"/get_stream/{camera_id}")

    pictured.admin().delete(f"/cameras/{camera_id}/grants/{viewer.account_uuid}")
    assert pictured.stranger().get(url).status_code == 404
    viewer.post("/logout")
    assert pictured.stranger().get(url).status_code == 401


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/get_stream/999", 404),
        ("/cameras", 404),
        ("/cameras/1", 404),
        ("https://evil.example/get_stream/1", 404),
        ("//evil.example/get_stream/1", 404),
        ("/get_stream/1/../../cameras", 404),
        ("/get_stream/\u0661", 404),
        ("//[", 404),
        ("/image/../../etc/passwd", 404),
        ("/recognized_stream", 422),
        ("/recognized_stream?camera_ids=1,x", 422),
        ("/recognized_stream?camera_ids=" + "1," * 70 + "1", 422),
        ("", 422),
        ("x" * 2000, 422),
    ],
)
def test_no_other_address_is_signed(world: World, path: str, status: int) -> None:
    world.camera()

    assert world.admin().post("/stream_tokens", {"path": path}).status_code == status


def test_a_montage_is_signed_only_for_cameras_that_one_may_see(world: World) -> None:
    door, yard = world.camera("Door"), world.camera("Yard")
    viewer = world.viewer_of(door)
    path = "/recognized_stream?camera_ids={},{}"

    assert viewer.post("/stream_tokens", {"path": path.format(door, yard)}).status_code == 404
    assert viewer.post("/stream_tokens", {"path": path.format(door, door)}).status_code == 201


# --- what the stream path asks


def test_a_running_stream_learns_that_its_viewer_was_shut_out(world: World) -> None:
    door = world.camera()
    viewer = world.viewer_of(door)
    principal = principal_of(world, viewer, door)

    with world.app.app_context():
        assert may_still_view(principal, [door])
        assert not may_still_view(principal, [door + 1])
        world.admin().delete(f"/cameras/{door}/grants/{viewer.account_uuid}")
        assert not may_still_view(principal, [door])
        world.admin().patch(f"/accounts/{viewer.account_uuid}", {"role": "operator"})
        assert may_still_view(principal, [door])
        viewer.post("/logout")
        assert not may_still_view(principal, [door])


def test_a_montage_is_asked_about_as_one_however_many_cameras_it_shows(world: World) -> None:
    door, yard, hall = (world.camera(name) for name in ("Door", "Yard", "Hall"))
    viewer = world.viewer_of(door)
    world.admin().put(f"/cameras/{yard}/grants/{viewer.account_uuid}")
    principal = principal_of(world, viewer, door)

    with world.app.app_context():
        with statements(db.engine) as one:
            assert may_still_view(principal, [door])
        with statements(db.engine) as several:
            # One camera may have two tiles
            assert may_still_view(principal, [door, yard, door])
        assert not may_still_view(principal, [door, yard, hall])
        assert not may_still_view(principal, [door, hall + 1])
    assert len(several) == len(one)


def test_the_stream_path_holds_no_connection(world: World) -> None:
    door = world.camera()
    viewer = world.viewer_of(door)
    headers = {"Authorization": f"Bearer {viewer.access_token}"}

    with world.app.test_request_context(f"/cameras/{door}", headers=headers):
        world.app.preprocess_request()
        principal = require_camera_view(door, f"/get_stream/{door}")
        assert db.engine.pool.checkedout() == 0  # type: ignore[attr-defined]
        assert may_still_view(principal, [door])
        assert db.engine.pool.checkedout() == 0  # type: ignore[attr-defined]


@contextmanager
def statements(engine: sa.Engine) -> Iterator[list[str]]:
    """Give what is asked of PostgreSQL meanwhile."""
    asked: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        asked.append(statement)

    sa.event.listen(engine, "before_cursor_execute", note)
    try:
        yield asked
    finally:
        sa.event.remove(engine, "before_cursor_execute", note)


def principal_of(world: World, caller: Caller, camera_id: int) -> Principal:
    headers = {"Authorization": f"Bearer {caller.access_token}"}
    with world.app.test_request_context(f"/cameras/{camera_id}", headers=headers):
        world.app.preprocess_request()
        principal = require_camera_view(camera_id, f"/get_stream/{camera_id}")
    assert principal.account_id == account_id_of(caller)
    return principal


# --- the tables


def test_each_role_may_what_the_one_below_it_may() -> None:
    assert RIGHTS_OF[Role.VIEWER] < RIGHTS_OF[Role.OPERATOR] < RIGHTS_OF[Role.ADMIN]
    assert RIGHTS_OF[Role.ADMIN] == set(Right)


def test_an_application_with_an_unruled_route_does_not_start(world_of: WorldOf) -> None:
    world = world_of()
    world.app._got_first_request = False
    world.app.add_url_rule("/backdoor", "backdoor", lambda: "hello")

    with pytest.raises(SetupInvalid, match="GET /backdoor"):
        install_guard(world.app)


def test_only_get_and_post_of_users_status_and_pages_are_public() -> None:
    public = {rule for (_, rule), asked in RULES.items() if asked.right is None}

    assert public == {
        "/register",
        "/login",
        "/token/refresh",
        "/docs",
        "/docs/assets/<path:filename>",
        "/static/<path:filename>",
        "/openapi.json",
        "/healthz",
        "/readyz",
        "/metrics",
    }


# --- AUTH_MODE=open


def test_in_open_mode_a_call_without_a_token_is_the_local_admins(world_of: WorldOf) -> None:
    world = world_of(auth_mode=AuthMode.OPEN)
    local = world.stranger()

    assert local.get("/me").json["role"] == "admin"
    added = local.post("/cameras", {"name": "Door", "stream_url": "rtsp://cam/1"})
    assert added.status_code == 201
    assert local.post("/notifications", {"message": "hello"}).status_code == 201
    path = f"/get_stream/{added.json['id']}"
    assert local.post("/stream_tokens", {"path": path}).status_code == 201
    assert local.get("/audit").json[0]["username"] == "local admin"
    assert local.post("/logout").status_code == 204


def test_in_open_mode_a_token_still_says_who_one_is(world_of: WorldOf) -> None:
    world = world_of(auth_mode=AuthMode.OPEN)

    assert world.person(Role.VIEWER).get("/accounts").status_code == 403
    bad = world.stranger().get("/cameras", headers={"Authorization": "Bearer nonsense"})
    assert bad.status_code == 401


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "rebound.evil.example"},
        {"Host": "192.168.1.20"},
        {"Host": "localhost.evil.example:5000"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://["},
        {"Host": "["},
    ],
)
def test_in_open_mode_a_foreign_page_is_nobody(world_of: WorldOf, headers: dict[str, str]) -> None:
    world = world_of(auth_mode=AuthMode.OPEN)

    assert world.stranger().get("/cameras", headers=headers).status_code == 403


def test_the_local_admin_cannot_be_logged_in_as(world: World) -> None:
    world.admin()

    for password in ("", "x", "None"):
        answer = world.stranger().post("/login", {"username": "local admin", "password": password})
        assert answer.status_code in {401, 422}


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "", "192.168.1.20", "example.org"])  # noqa: S104
def test_open_mode_refuses_to_listen_beyond_loopback(world: World, host: str) -> None:
    is_open = world.wiring.settings.model_copy(update={"auth_mode": AuthMode.OPEN})
    is_meant = is_open.model_copy(update={"auth_open_beyond_loopback": True})

    with pytest.raises(SetupInvalid, match="AUTH_OPEN_BEYOND_LOOPBACK"):
        require_loopback(is_open, host)
    require_loopback(is_meant, host)
    require_loopback(world.wiring.settings, host)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "[::1]", "127.0.0.53"])
def test_open_mode_listens_on_loopback(world: World, host: str) -> None:
    is_open = world.wiring.settings.model_copy(update={"auth_mode": AuthMode.OPEN})

    require_loopback(is_open, host)
