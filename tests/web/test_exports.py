"""Exports over a real PostgreSQL and a real queue: who may ask, what is told, and the files."""

import json
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import sessionmaker

from tests.web.worlds import Caller, World
from vigil import keys
from vigil.bus.exports.redis import RedisExportQueue
from vigil.bus.facts.redis import RedisFactInbox, RedisFactLog
from vigil.bus.known_footage.memory import MemoryKnownFootageBoard
from vigil.exports import ExportOrder, ExportState
from vigil.facts import ExportFact, ExportGap, ExportResult
from vigil.footage import MARKER
from vigil.messages import decode
from web.access.rights import Role
from web.database import db
from web.exports.filing import SILENT
from web.exports.models import Export
from web.exports.service import MAX_OPEN_OF_ONE
from web.facts.writer import TIDY_EVERY_S, FactWriter

VOLUME = UUID(int=1)
#: 2026-09-21 14:13:20 UTC.
BEGAN_US = 1_790_000_000_000_000
S = 1_000_000
MASK = [{"x": 1, "y": 1, "width": 9, "height": 9}]


class Office:
    """A world with a camera, a volume, a writer, and who makes exports."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.camera = world.camera()
        self.queue = RedisExportQueue(world.queue, clock=world.clock)
        with world.app.app_context():
            self.sessions = sessionmaker(db.engine)
        self.writer = FactWriter(
            RedisFactInbox(world.queue, member="writer"),
            self.sessions,
            known=MemoryKnownFootageBoard(),
            exports=self.queue,
            clock=world.clock,
            kept_days=30,
        )
        self.folder: Path = world.wiring.settings.footage_folder()
        (self.folder / "exports").mkdir(parents=True)
        (self.folder / MARKER).write_text(str(VOLUME))

    def body(self, **changes: Any) -> dict[str, Any]:
        times = {"since": "2026-09-21T14:13:20Z", "until": "2026-09-21T14:15:00Z"}
        return {"camera_ids": [self.camera], **times, **changes}

    def ask(self, by: Caller | None = None, **changes: Any) -> dict[str, Any]:
        answer = (by or self.world.admin()).post("/exports", self.body(**changes))
        assert answer.status_code == 201, answer.json
        asked: dict[str, Any] = answer.json
        return asked

    def orders(self) -> list[ExportOrder]:
        """Return what the jobs find in their queue."""
        raws: Any = self.world.queue.hvals(keys.job_messages(keys.EXPORT_JOBS))
        return [decode(ExportOrder, message_argument(raw)) for raw in raws]

    def export(self, export_id: int) -> UUID:
        with self.sessions() as session:
            found = session.get_one(Export, export_id)
            return found.export

    def tell(self, export: UUID, state: ExportState, **fields: Any) -> None:
        fact = ExportFact(export=export, state=state, **fields)
        RedisFactLog(self.world.queue).append([fact.model_dump_json().encode()])
        self.writer.run_once()

    def finish(self, export_id: int, content: bytes = b"a clip", suffix: str = "mp4") -> UUID:
        """Make the file of an export, and tell of it."""
        export = self.export(export_id)
        path = f"exports/{export}.{suffix}"
        (self.folder / path).write_bytes(content)
        self.tell(export, ExportState.DONE, progress=1.0, result=a_result(path, len(content)))
        return export

    def shown(self, export_id: int, by: Caller | None = None) -> dict[str, Any]:
        answer = (by or self.world.admin()).get(f"/exports/{export_id}")
        assert answer.status_code == 200, answer.json
        found: dict[str, Any] = answer.json
        return found


def message_argument(raw: bytes) -> str:
    argument: str = json.loads(raw)["args"][0]
    return argument


def a_result(path: str, size_bytes: int) -> ExportResult:
    return ExportResult(
        volume=VOLUME,
        path=path,
        size_bytes=size_bytes,
        sha256="5" * 64,
        begun_us=BEGAN_US - S,
        ended_us=BEGAN_US + 100 * S,
        gaps=(ExportGap(camera_id=1, begun_us=BEGAN_US + S, ended_us=BEGAN_US + 3 * S),),
        expires_us=BEGAN_US + 3 * 86_400 * S,
    )


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
