"""Exports over a real PostgreSQL and a real queue: what is asked for and told, and the files."""

from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from tests.web.exporting import BEGAN_US, Office, S
from tests.web.worlds import World
from vigil import keys
from vigil.exports import ExportState
from web.exports.filing import SILENT
from web.exports.models import Export
from web.exports.service import MAX_OPEN_OF_ONE
from web.facts.writer import TIDY_EVERY_S


@pytest.fixture
def office(world: World) -> Office:
    return Office(world)


def test_what_is_asked_for_waits_for_the_jobs(office: Office) -> None:
    asked = office.ask(kind="mp4", exact=True)

    assert asked["state"] == "queued"
    assert (asked["kind"], asked["exact"], asked["progress"]) == ("mp4", True, 0)
    assert (asked["since"], asked["until"]) == (
        "2026-09-21T14:13:20+00:00",
        "2026-09-21T14:15:00+00:00",
    )
    [order] = office.orders()
    assert order.export == office.export(asked["id"])
    assert (order.since_us, order.until_us) == (BEGAN_US, BEGAN_US + 100 * S)
    assert order.is_exact
    [camera] = order.cameras
    assert (camera.camera_id, camera.name) == (office.camera, "Door")
    [entry] = [
        each for each in office.world.admin().get("/audit").json if "export" in each["action"]
    ]
    assert (entry["action"], entry["object_id"]) == ("export.asked", str(asked["id"]))
    assert entry["details"]["camera_ids"] == [office.camera]


def test_what_jobs_tell_is_shown(office: Office) -> None:
    asked = office.ask()
    export = office.export(asked["id"])

    office.tell(export, ExportState.RUNNING, progress=0.25)
    assert (office.shown(asked["id"])["state"], office.shown(asked["id"])["progress"]) == (
        "running",
        0.25,
    )
    office.finish(asked["id"])

    done = office.shown(asked["id"])
    assert (done["state"], done["progress"], done["size_bytes"]) == ("done", 1, 6)
    assert done["sha256"] == "5" * 64
    assert (done["begun_at"], done["covered_until"]) == (
        "2026-09-21T14:13:19+00:00",
        "2026-09-21T14:15:00+00:00",
    )
    assert done["gaps"] == [
        {
            "camera_id": 1,
            "begun_at": "2026-09-21T14:13:21+00:00",
            "ended_at": "2026-09-21T14:13:23+00:00",
        }
    ]
    assert done["expires_at"] == "2026-09-24T14:13:20+00:00"


def test_what_has_ended_stays_so_whatever_is_told_behind(office: Office) -> None:
    asked = office.ask()
    export = office.finish(asked["id"])
    for state in (ExportState.RUNNING, ExportState.CANCELLED):
        office.tell(export, state)
        assert office.shown(asked["id"])["state"] == "done"
    office.tell(export, ExportState.FAILED, reason="later")
    assert office.shown(asked["id"])["reason"] is None
    assert office.shown(asked["id"])["state"] == "done"

    office.tell(export, ExportState.EXPIRED)
    assert office.shown(asked["id"])["state"] == "expired"
    office.tell(UUID(int=9), ExportState.FAILED, reason="nobody's")


def test_a_failure_says_why(office: Office) -> None:
    asked = office.ask()
    office.tell(office.export(asked["id"]), ExportState.FAILED, reason="there is no footage")

    shown = office.shown(asked["id"])
    assert (shown["state"], shown["reason"]) == ("failed", "there is no footage")
    assert office.world.admin().get(f"/exports/{asked['id']}/file").status_code == 409


def test_the_file_is_given_whole_in_parts_and_by_a_signed_address(office: Office) -> None:
    asked = office.ask()
    path = f"/exports/{asked['id']}/file"
    admin = office.world.admin()
    assert admin.get(path).status_code == 409
    assert "queued" in admin.get(path).json["message"]
    office.finish(asked["id"], content=bytes(range(100)))

    whole = admin.get(path)
    assert (whole.status_code, whole.headers["Content-Type"]) == (200, "video/mp4")
    assert whole.headers["Content-Length"] == "100"
    part = admin.get(path, headers={"Range": "bytes=10-19"})
    assert (part.status_code, part.headers["Content-Range"]) == (206, "bytes 10-19/100")

    signed = admin.post("/stream_tokens", {"path": path})
    assert signed.status_code == 201
    stranger = office.world.stranger()
    assert stranger.get(signed.json["url"]).status_code == 200
    assert stranger.get(path).status_code == 401
    other = office.ask()
    office.finish(other["id"])
    token = signed.json["token"]
    assert stranger.get(f"/exports/{other['id']}/file?token={token}").status_code == 401

    downloads = [each for each in admin.get("/audit").json if each["action"] == "export.downloaded"]
    assert [each["object_id"] for each in downloads] == [str(asked["id"])] * 2


def test_a_zip_is_given_as_one(office: Office) -> None:
    second = office.world.camera("Yard")
    asked = office.ask(camera_ids=[office.camera, second], kind="zip")
    office.finish(asked["id"], suffix="zip")

    answer = office.world.admin().get(f"/exports/{asked['id']}/file")

    assert answer.headers["Content-Type"] == "application/zip"
    assert "attachment" in answer.headers["Content-Disposition"]


def test_a_file_that_is_gone_is_not_found(office: Office) -> None:
    asked = office.ask()
    export = office.finish(asked["id"])
    (office.folder / f"exports/{export}.mp4").unlink()

    assert office.world.admin().get(f"/exports/{asked['id']}/file").status_code == 404


def test_an_export_is_cancelled_and_its_jobs_hear_of_it(office: Office) -> None:
    asked = office.ask()
    export = office.export(asked["id"])

    assert office.world.admin().delete(f"/exports/{asked['id']}").status_code == 204

    assert office.queue.is_cancelled(export)
    assert office.shown(asked["id"])["state"] == "cancelled"
    # It was done at that moment: nobody gets it
    office.finish(asked["id"])
    assert office.shown(asked["id"])["state"] == "cancelled"
    assert office.world.admin().get(f"/exports/{asked['id']}/file").status_code == 409
    assert office.world.admin().delete(f"/exports/{asked['id']}").status_code == 204
    actions = [each["action"] for each in office.world.admin().get("/audit").json]
    assert actions.count("export.cancelled") == 1


def test_what_is_done_is_deleted_by_the_same_call(office: Office) -> None:
    asked = office.ask()
    export = office.finish(asked["id"])

    assert office.world.admin().delete(f"/exports/{asked['id']}").status_code == 204

    assert office.queue.is_cancelled(export)
    assert office.shown(asked["id"])["state"] == "expired"
    assert office.world.admin().get(f"/exports/{asked['id']}/file").status_code == 409


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"until": "2026-09-21T14:13:20Z"}, "until"),
        ({"since": "1066-09-21T14:13:20Z"}, "since"),
        ({"until": "9999-09-21T14:13:20Z"}, "until"),
        ({"since": "yesterday"}, "since"),
        ({"since": "2026-09-21T14:13:20"}, "since"),
        ({"camera_ids": []}, "camera_ids"),
        ({"camera_ids": 1}, "camera_ids"),
        ({"camera_ids": [1, 1], "kind": "zip"}, "camera_ids"),
        ({"camera_ids": list(range(1, 66)), "kind": "zip"}, "camera_ids"),
        ({"camera_ids": [1, 2]}, "kind"),
        ({"kind": "avi"}, "kind"),
        ({"exact": "maybe"}, "exact"),
        ({"speed": 4}, "speed"),
    ],
)
def test_what_cannot_be_is_refused_in_words(
    office: Office, changes: dict[str, Any], field: str
) -> None:
    answer = office.world.admin().post("/exports", office.body(**changes))

    assert answer.status_code == 422
    assert field in answer.json["errors"]["json"]
    assert office.orders() == []


def test_nobody_has_more_than_some_exports_wait(office: Office) -> None:
    for _ in range(MAX_OPEN_OF_ONE):
        last = office.ask()

    answer = office.world.admin().post("/exports", office.body())
    assert answer.status_code == 409
    assert "20 exports of yours" in answer.json["message"]
    office.finish(last["id"])
    office.ask()


def test_what_the_queue_did_not_take_is_sent_when_it_is_back(office: Office) -> None:
    office.world.queue.config_set("maxmemory", 1)
    try:
        asked = office.ask()
    finally:
        office.world.queue.config_set("maxmemory", 0)
    assert asked["state"] == "queued"
    assert office.orders() == []

    office.world.clock.advance(TIDY_EVERY_S)
    office.writer.run_once()

    assert [each.export for each in office.orders()] == [office.export(asked["id"])]


def test_an_export_of_which_nothing_is_heard_for_long_is_sent_again(office: Office) -> None:
    asked = office.ask()
    office.tell(office.export(asked["id"]), ExportState.RUNNING, progress=0.5)
    # As when the queue Redis lost all
    office.world.queue.delete(keys.job_messages(keys.EXPORT_JOBS))
    office.world.clock.advance(SILENT.total_seconds() - 60)
    office.writer.run_once()
    assert office.orders() == []

    office.world.clock.advance(61 + TIDY_EVERY_S)
    office.writer.run_once()
    assert len(office.orders()) == 1
    office.world.clock.advance(TIDY_EVERY_S)
    office.writer.run_once()
    assert len(office.orders()) == 1


def test_exports_of_a_deleted_camera_are_nobody_s(office: Office) -> None:
    waits, done = office.ask(), office.ask()
    names = [office.export(each["id"]) for each in (waits, done)]
    office.finish(done["id"])
    assert office.world.admin().delete(f"/cameras/{office.camera}").status_code == 200

    # At once, also for admins
    assert office.world.admin().get("/exports").json == []
    assert office.world.admin().get(f"/exports/{done['id']}/file").status_code == 404
    # And soon the jobs know
    office.world.clock.advance(TIDY_EVERY_S)
    office.writer.run_once()
    assert all(office.queue.is_cancelled(each) for each in names)
    with office.sessions() as session:
        states = dict(session.execute(sa.select(Export.id, Export.state)).all())
    assert states == {waits["id"]: "cancelled", done["id"]: "expired"}


def test_what_ended_long_ago_is_forgotten(office: Office) -> None:
    asked, stays = office.ask(), office.ask()
    office.tell(office.export(asked["id"]), ExportState.FAILED, reason="x")
    office.finish(stays["id"])
    office.world.clock.advance(31 * 86_400)
    office.writer.run_once()

    with office.sessions() as session:
        assert session.scalars(sa.select(Export.id)).all() == [stays["id"]]
