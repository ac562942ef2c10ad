"""Every route, called by everybody: who gets in, and who does not.

A route that is not in the table fails the test: somebody has to decide.
"""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from tests.footage import Footage, footage_of
from tests.web.recorded import Archive
from tests.web.worlds import Caller, World
from vigil.footage import volume_at
from web.access.rights import Role
from web.access.rules import RULES
from web.database import db
from web.exports.models import Export
from web.images import service as images

CALLERS = ("anonymous", "ungranted", "granted", "operator", "admin")

OK, CREATED, NO_CONTENT, SEE_OTHER = 200, 201, 204, 303
ANONYMOUS, FORBIDDEN, HIDDEN, CONFLICT, INVALID = 401, 403, 404, 409, 422


@dataclass(frozen=True)
class Row:
    """What each caller gets, in the order of CALLERS."""

    method: str
    rule: str
    statuses: tuple[int, int, int, int, int]
    json: Any = None
    query: str = ""


def _all(status: int) -> tuple[int, int, int, int, int]:
    return (status, status, status, status, status)


def _accounts(status: int) -> tuple[int, int, int, int, int]:
    return (ANONYMOUS, status, status, status, status)


def _seen(status: int) -> tuple[int, int, int, int, int]:
    return (ANONYMOUS, HIDDEN, status, status, status)


def _operators(status: int) -> tuple[int, int, int, int, int]:
    return (ANONYMOUS, FORBIDDEN, FORBIDDEN, status, status)


def _admins(status: int) -> tuple[int, int, int, int, int]:
    return (ANONYMOUS, FORBIDDEN, FORBIDDEN, FORBIDDEN, status)


LINE = [{"start": {"x": 1, "y": 1}, "end": {"x": 9, "y": 9}}]
BOX = [{"x": 1, "y": 1, "width": 9, "height": 9}]
SPAN = {
    "since": "2026-09-21T14:00:00Z",
    "until": "2026-09-21T15:00:00Z",
    "reason": "a break-in",
}
A_TIME = "?since=2026-09-21T14:00:00Z&until=2026-09-21T15:00:00Z"
PROTECTIONS = "/recordings/<id:camera_id>/protections"
EXPORT = {
    "camera_ids": ["{camera_id}"],
    "since": "2026-09-21T14:13:20Z",
    "until": "2026-09-21T14:14:20Z",
}
GRANT = "/cameras/<id:camera_id>/grants/<uuid:account_id>"

TABLE = (
    Row("POST", "/register", _all(INVALID), json={}),
    Row("POST", "/login", _all(INVALID), json={}),
    Row("POST", "/token/refresh", _all(ANONYMOUS), json={"refresh_token": "none"}),
    Row("GET", "/me", _accounts(OK)),
    Row("POST", "/me/password", _accounts(INVALID), json={}),
    Row("GET", "/accounts", _admins(OK)),
    Row("PATCH", "/accounts/<uuid:account_id>", _admins(OK), json={}),
    Row("GET", "/invitations", _admins(OK)),
    Row("POST", "/invitations", _admins(CREATED), json={}),
    Row("DELETE", "/invitations/<id:invitation_id>", _admins(NO_CONTENT)),
    Row("GET", "/cameras/<id:camera_id>/grants", _admins(OK)),
    Row("PUT", GRANT, _admins(NO_CONTENT)),
    Row("DELETE", GRANT, _admins(NO_CONTENT)),
    Row("POST", "/stream_tokens", _seen(CREATED), json={"path": "/get_stream/{camera_id}"}),
    Row("GET", "/cameras", _accounts(OK)),
    Row("POST", "/cameras", _operators(INVALID), json={}),
    Row("GET", "/cameras/<id:camera_id>", _seen(OK)),
    Row("PATCH", "/cameras/<id:camera_id>", _operators(OK), json={"location": "hall"}),
    Row("GET", "/camera_status", _accounts(OK)),
    Row("GET", "/workers", _operators(OK)),
    Row("GET", "/rectangles/<id:camera_id>", _seen(OK)),
    Row("POST", "/rectangles/<id:camera_id>", _operators(OK), json=BOX),
    Row("DELETE", "/rectangles/<id:camera_id>", _operators(OK)),
    Row("GET", "/masks/<id:camera_id>", _seen(OK)),
    Row("POST", "/masks/<id:camera_id>", _admins(OK), json=BOX),
    Row("DELETE", "/masks/<id:camera_id>", _admins(OK)),
    Row("GET", "/lines/<id:camera_id>", _seen(OK)),
    Row("POST", "/lines/<id:camera_id>", _operators(OK), json=LINE),
    Row("DELETE", "/lines/<id:camera_id>", _operators(OK)),
    Row("GET", "/time_intervals/<id:camera_id>", _seen(OK)),
    Row(
        "POST",
        "/time_intervals/<id:camera_id>",
        # The admin comes last, and it is there already.
        (ANONYMOUS, FORBIDDEN, FORBIDDEN, OK, CONFLICT),
        json={"start_time": "22:00", "end_time": "06:00"},
    ),
    Row("DELETE", "/time_intervals/<id:camera_id>", _operators(OK)),
    Row("GET", "/notifications", _accounts(OK)),
    Row("GET", "/notifications", _operators(OK), query="?account_uuid={account_id}"),
    Row("POST", "/notifications", _accounts(CREATED), json={"message": "hello"}),
    Row(
        "POST",
        "/notifications",
        _operators(CREATED),
        json={"message": "hello", "account_uuid": "{account_id}"},
    ),
    Row(
        "POST",
        "/notifications",
        _seen(CREATED),
        json={"message": "hello", "camera_id": "{camera_id}"},
    ),
    Row("GET", "/line_tokens", _accounts(OK)),
    Row("GET", "/line_tokens", _admins(OK), query="?account_uuid={account_id}"),
    Row("POST", "/line_tokens", _accounts(CREATED), json={"token": "a channel token"}),
    Row(
        "POST",
        "/line_tokens",
        _admins(CREATED),
        json={"token": "a channel token", "account_uuid": "{account_id}"},
    ),
    Row("DELETE", "/line_tokens/<id:token_id>", (ANONYMOUS, HIDDEN, HIDDEN, HIDDEN, NO_CONTENT)),
    Row("GET", "/email_recipients", _accounts(OK)),
    Row("GET", "/email_recipients", _admins(OK), query="?account_uuid={account_id}"),
    Row("POST", "/email_recipients", _accounts(CREATED), json={"email": "a@example.org"}),
    Row(
        "POST",
        "/email_recipients",
        _admins(CREATED),
        json={"email": "b@example.org", "account_uuid": "{account_id}"},
    ),
    Row(
        "DELETE",
        "/email_recipients/<id:recipient_id>",
        (ANONYMOUS, HIDDEN, HIDDEN, HIDDEN, NO_CONTENT),
    ),
    Row("GET", "/get_snapshot/<id:camera_id>", _seen(OK)),
    Row("GET", "/get_stream/<id:camera_id>", _seen(OK)),
    Row("GET", "/recognized_stream/<id:camera_id>", _seen(OK)),
    Row("GET", "/recognized_stream", _seen(OK), query="?camera_ids={camera_id}"),
    Row("GET", "/image/<path:path>", _seen(OK)),
    Row("GET", "/recordings", _accounts(OK)),
    Row("GET", "/recordings", _seen(OK), query="?camera_id={camera_id}"),
    Row("GET", "/recordings/<id:camera_id>/availability", _seen(OK)),
    Row("GET", "/recordings/files/<id:segment_id>", _seen(OK)),
    Row("POST", "/recordings/<id:camera_id>/start", _operators(CONFLICT)),
    Row("POST", "/recordings/<id:camera_id>/stop", _operators(OK)),
    Row("POST", "/recordings/<id:camera_id>/reset", _operators(CONFLICT)),
    Row(
        "GET",
        "/recordings/<id:camera_id>/playlist.m3u8",
        _seen(OK),
        query="?since=2026-09-21T14:13:20Z&until=2026-09-21T15:00:00Z",
    ),
    Row(
        "GET",
        "/recordings/<id:camera_id>/thumbnail",
        _seen(OK),
        query="?at=2026-09-21T14:13:20Z",
    ),
    Row("GET", "/recordings/storage", _operators(OK)),
    Row("DELETE", "/recordings/<id:camera_id>", _admins(OK), query=A_TIME),
    Row("DELETE", "/recordings/files/<id:segment_id>", _admins(OK)),
    Row("GET", PROTECTIONS, _seen(OK)),
    # One that holds would keep the camera from being deleted below.
    Row("POST", PROTECTIONS, _operators(INVALID), json={}),
    Row(
        "DELETE",
        f"{PROTECTIONS}/<id:protection_id>",
        # The admin comes last, and it is gone already.
        (ANONYMOUS, FORBIDDEN, FORBIDDEN, OK, HIDDEN),
    ),
    Row("GET", "/exports", _accounts(OK)),
    Row("POST", "/exports", _seen(CREATED), json=EXPORT),
    # Of the owner, who may see the camera: nobody else's but an admin's.
    Row("GET", "/exports/<id:export_id>", (ANONYMOUS, HIDDEN, HIDDEN, HIDDEN, OK)),
    Row("GET", "/exports/<id:export_id>/file", (ANONYMOUS, HIDDEN, HIDDEN, HIDDEN, OK)),
    Row("DELETE", "/exports/<id:export_id>", (ANONYMOUS, HIDDEN, HIDDEN, HIDDEN, NO_CONTENT)),
    Row("GET", "/tracks", _accounts(OK)),
    Row("GET", "/tracks", _seen(OK), query="?camera_id={camera_id}"),
    Row("GET", "/detections/<id:camera_id>", _seen(OK)),
    Row("GET", "/line_counts/<id:camera_id>", _seen(OK)),
    Row("GET", "/explanations/<id:camera_id>", _seen(OK)),
    Row("GET", "/set_aside_facts", _admins(OK)),
    Row("GET", "/audit", _admins(OK)),
    Row("GET", "/", (SEE_OTHER, OK, OK, OK, OK)),
    Row("GET", "/login", _all(OK)),
    Row("GET", "/snapshot_ui/<id:camera_id>", (SEE_OTHER, HIDDEN, OK, OK, OK)),
    Row("GET", "/docs", _all(OK)),
    Row("GET", "/docs/assets/<path:filename>", _all(OK)),
    Row("GET", "/static/<path:filename>", _all(OK)),
    Row("GET", "/openapi.json", _all(OK)),
    Row("GET", "/healthz", _all(OK)),
    Row("GET", "/readyz", _all(OK)),
    Row("GET", "/metrics", _all(OK)),
    # Last, since nothing is as before after these: the operator's delete leaves the admin none.
    Row("DELETE", "/cameras/<id:camera_id>", (ANONYMOUS, FORBIDDEN, FORBIDDEN, OK, HIDDEN)),
    Row("POST", "/logout", _accounts(NO_CONTENT)),
)


@dataclass
class Scene:
    """A world with one of everything, and its callers."""

    world: World
    callers: dict[str, Caller]
    values: dict[str, str]

    def fill(self, thing: Any) -> Any:
        """Return a path or a body with the numbers of this world in it."""
        if isinstance(thing, dict):
            return {name: self.fill(value) for name, value in thing.items()}
        if isinstance(thing, list):
            return [self.fill(each) for each in thing]
        if thing == "{camera_id}":
            return int(self.values["camera_id"])
        return thing.format(**self.values) if isinstance(thing, str) else thing

    def path(self, row: Row) -> str:
        """Return an address that the row's rule takes."""
        path = row.rule
        filename = "swagger-ui.css" if path.startswith("/docs") else "style.css"
        values = {**self.values, "filename": filename}
        for kind in ("id", "uuid", "path"):
            for name, value in values.items():
                path = path.replace(f"<{kind}:{name}>", value)
        return path + str(self.fill(row.query))


@pytest.fixture
def scene(pictured: World, small_clip: Path) -> Scene:
    world = pictured
    # First: it sets the clock to when there is footage.
    archive = Archive(world)
    camera_id = world.camera()
    owner = world.person(Role.VIEWER, "owner")
    admin = world.admin()
    with world.app.app_context():
        path = images.save(
            db.session(),
            world.wiring.pictures,
            camera_id,
            b"\xff\xd8\xff\xd9",
            captured_at=world.wiring.now(),
        )
    values = {
        "camera_id": str(camera_id),
        "account_id": owner.account_uuid,
        "invitation_id": str(admin.post("/invitations", {}).json["id"]),
        "token_id": str(owner.post("/line_tokens", {"token": "a channel token"}).json["id"]),
        "recipient_id": str(owner.post("/email_recipients", {"email": "c@d.org"}).json["id"]),
        "path": path,
        "segment_id": str(_segment(archive, camera_id, footage_of(small_clip))),
        "protection_id": str(_protection(world, camera_id)),
        "export_id": str(_export(world, camera_id, owner)),
    }
    callers = {
        "anonymous": world.stranger(),
        "ungranted": world.person(Role.VIEWER, "ungranted"),
        "granted": world.viewer_of(camera_id, username="granted"),
        "operator": world.person(Role.OPERATOR, "operator"),
        "admin": admin,
    }
    return Scene(world, callers, values)


def _protection(world: World, camera_id: int) -> int:
    answer = world.admin().post(f"/recordings/{camera_id}/protections", SPAN)
    number: int = answer.json["id"]
    return number


def _segment(archive: Archive, camera_id: int, sent: Footage) -> int:
    """Return the number of a file of footage, which is there."""
    archive.record(camera_id, sent)
    [segment] = archive.segments(camera_id)
    number: int = segment["id"]
    return number


def _export(world: World, camera_id: int, owner: Caller) -> int:
    """Return the number of an export that is done, of somebody who may see the camera."""
    folder = world.wiring.settings.footage_folder()
    (folder / "exports").mkdir(parents=True)
    (folder / "exports" / "clip.mp4").write_bytes(b"clip")
    now = world.wiring.now()
    with world.app.app_context():
        export = Export(
            export=UUID(int=2),
            account_id=UUID(owner.account_uuid),
            kind="mp4",
            camera_ids=[camera_id],
            since_at=now,
            until_at=now + timedelta(seconds=1),
            is_exact=False,
            state="done",
            created_at=now,
            told_at=now,
            volume=volume_at(folder),
            path="exports/clip.mp4",
            begun_at=now,
        )
        db.session().add(export)
        db.session().commit()
        return export.id


def test_a_route_lets_in_whom_it_should(scene: Scene) -> None:
    expected = {(row.method, row.rule, row.query, str(row.json)): row.statuses for row in TABLE}

    got = {(row.method, row.rule, row.query, str(row.json)): _walk(scene, row) for row in TABLE}

    assert got == expected


def _walk(scene: Scene, row: Row) -> tuple[int, ...]:
    """Call a route as everybody, the mightiest last; return what each got."""
    body = {} if row.json is None else {"json": scene.fill(row.json)}
    answers = [scene.callers[name].call(row.method, scene.path(row), **body) for name in CALLERS]
    for answer in answers:
        if answer.json is not None and answer.status_code >= 400:
            assert {"code", "status", "message"} <= answer.json.keys()
            assert answer.json["message"]
    return tuple(answer.status_code for answer in answers)


def test_every_route_is_in_the_table(pictured: World) -> None:
    served = {
        (method, rule.rule)
        for rule in pictured.app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }

    assert served == {(row.method, row.rule) for row in TABLE}


def test_the_table_of_rules_names_no_route_that_is_gone(pictured: World) -> None:
    served = {rule.rule for rule in pictured.app.url_map.iter_rules()}

    assert {rule for _, rule in RULES} == served
