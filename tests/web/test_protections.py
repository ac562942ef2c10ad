"""Footage that somebody protected: who may, what is told of it, and how recorders learn of it."""

from typing import Any

import pytest
from sqlalchemy.orm import sessionmaker

from tests.web.archive import Archive, at
from tests.web.worlds import Answer, Caller
from vigil.bus.footage.redis import RedisFootageStore
from vigil.domain.camera import CameraId
from vigil.footage_document import MAX_PROTECTIONS, CameraProtections
from web.access.rights import Role
from web.database import db
from web.protections.models import Protection
from web.startup import reconcile


def protect(archive: Archive, since_s: float, until_s: float, **fields: Any) -> Answer:
    by: Caller = fields.pop("by", None) or archive.world.admin()
    body = {"since": at(since_s), "until": at(until_s), "reason": "a break-in", **fields}
    return by.post(f"/recordings/{archive.camera}/protections", body)


def published(archive: Archive) -> CameraProtections | None:
    store = RedisFootageStore(archive.world.queue)
    return store.protections([CameraId(archive.camera)]).get(CameraId(archive.camera))


def test_it_is_listed_with_who_wanted_it_and_why_and_tells_what_it_covers(archive: Archive) -> None:
    archive.file(*(archive.segment(begun, begun + 60) for begun in (0, 60, 120)))
    archive.file(archive.segment(180, None))

    made = protect(archive, 90, 200)

    assert made.status_code == 201, made.json
    assert (made.json["files"], made.json["bytes"]) == (3, 2000)
    assert made.json["message"] == "Footage protected."
    [listed] = archive.world.admin().get(f"/recordings/{archive.camera}/protections").json
    assert listed == {
        "id": made.json["id"],
        "camera_id": archive.camera,
        "since": at(90),
        "until": at(200),
        "reason": "a break-in",
        "expires_at": None,
        "username": "admin",
        "created_at": at(0),
    }
    assert [each["is_protected"] for each in archive.listed()] == [True, True, True, False]


def test_recorders_learn_of_it_and_of_its_end(archive: Archive) -> None:
    first = protect(archive, 0, 60, expires_at=at(90)).json["id"]
    protect(archive, 120, 180)
    document = published(archive)
    assert document is not None
    now_us = archive.world.clock.utc_us()
    assert [(each.since_us - now_us, each.until_us - now_us) for each in document.spans] == [
        (0, 60_000_000),
        (120_000_000, 180_000_000),
    ]
    assert [each.expires_us for each in document.spans] == [now_us + 90_000_000, None]

    path = f"/recordings/{archive.camera}/protections/{first}"
    assert archive.world.admin().delete(path).json == {"message": "Protection taken back."}

    after = published(archive)
    assert after is not None
    assert len(after.spans) == 1
    assert after.revision > document.revision
    assert archive.world.admin().delete(path).status_code == 404


def test_a_redis_that_was_emptied_is_told_again(archive: Archive) -> None:
    protect(archive, 0, 60)
    before = published(archive)
    archive.world.queue.flushall()

    reconcile(archive.world.app)

    assert published(archive) == before


def test_a_database_that_was_restored_outgrows_what_recorders_have_seen(archive: Archive) -> None:
    protect(archive, 0, 60)
    known = published(archive)
    assert known is not None
    later = known.model_copy(update={"revision": known.revision + 1000, "spans": ()})
    RedisFootageStore(archive.world.queue).protect([later])

    reconcile(archive.world.app)

    now = published(archive)
    assert now is not None
    assert now.revision > later.revision
    assert now.spans == known.spans
    # And that is all
    reconcile(archive.world.app)
    assert published(archive) == now


def test_what_is_over_is_not_listed_and_protects_nothing(archive: Archive) -> None:
    archive.file(archive.segment(0, 60))
    protect(archive, 0, 60, expires_at=at(90))
    archive.world.clock.advance(91)
    archive.world.log_in(archive.world.admin())

    assert archive.world.admin().get(f"/recordings/{archive.camera}/protections").json == []
    assert [each["is_protected"] for each in archive.listed()] == [False]


@pytest.mark.parametrize(
    ("changes", "field", "said"),
    [
        ({"until": at(0)}, "until", "Must be after since"),
        ({"since": "yesterday"}, "since", "Not a valid datetime"),
        ({"since": "2026-09-21T14:00:00"}, "since", "Not a valid aware datetime"),
        ({"since": "1969-12-31T23:59:59Z"}, "since", "1970"),
        ({"until": "2300-01-01T00:00:00Z"}, "until", "2254"),
        ({"expires_at": at(-1)}, "expires_at", "later than now"),
        ({"expires_at": "2300-01-01T00:00:00Z"}, "expires_at", "2254"),
        ({"reason": " "}, "reason", "between 1 and 500"),
        ({"reason": "x" * 501}, "reason", "between 1 and 500"),
        ({"reason": "a\0b"}, "reason", "control characters"),
        ({"forever": True}, "forever", "Unknown field"),
    ],
)
def test_what_is_no_protection_is_refused_and_nothing_changes(
    archive: Archive, changes: dict[str, Any], field: str, said: str
) -> None:
    answer = protect(archive, 0, 60, **changes)

    assert answer.status_code == 422
    errors = answer.json["errors"]
    assert said in str(errors.get("json", errors)[field])
    assert published(archive) is None


def test_operators_protect_and_viewers_see_it(archive: Archive) -> None:
    operator = archive.world.person(Role.OPERATOR)
    viewer = archive.world.viewer_of(archive.camera)
    made = protect(archive, 0, 60, by=operator)
    path = f"/recordings/{archive.camera}/protections"

    assert made.status_code == 201
    assert protect(archive, 0, 60, by=viewer).status_code == 403
    assert viewer.delete(f"{path}/{made.json['id']}").status_code == 403
    assert len(viewer.get(path).json) == 1
    stranger = archive.world.person(Role.VIEWER, "stranger")
    assert stranger.get(path).status_code == 404


def test_a_protection_is_its_cameras_alone(archive: Archive) -> None:
    other = archive.world.camera("Yard")
    number = protect(archive, 0, 60).json["id"]

    answer = archive.world.admin().delete(f"/recordings/{other}/protections/{number}")

    assert answer.status_code == 404
    assert len(archive.world.admin().get(f"/recordings/{archive.camera}/protections").json) == 1


def test_it_is_in_the_audit_trail(archive: Archive) -> None:
    number = protect(archive, 0, 60).json["id"]
    archive.world.admin().delete(f"/recordings/{archive.camera}/protections/{number}")

    trail = archive.world.admin().get("/audit?limit=2").json

    assert [each["action"] for each in trail] == ["footage.unprotected", "footage.protected"]
    for entry in trail:
        assert (entry["object_type"], entry["object_id"]) == ("camera", str(archive.camera))
        assert entry["details"]["reason"] == "a break-in"


def test_a_camera_has_no_more_than_it_may(archive: Archive) -> None:
    with archive.world.app.app_context(), sessionmaker(db.engine).begin() as session:
        now = archive.world.wiring.now()
        session.add_all(
            Protection(
                camera_id=archive.camera,
                since=now,
                until=now.replace(year=2030),
                reason="many",
                account_id=archive.world.admin().account_uuid,
                username="admin",
                created_at=now,
            )
            for _ in range(MAX_PROTECTIONS)
        )

    answer = protect(archive, 0, 60)

    assert answer.status_code == 409
    assert str(MAX_PROTECTIONS) in answer.json["message"]


def test_a_camera_with_protected_footage_is_not_deleted(archive: Archive) -> None:
    number = protect(archive, 0, 60).json["id"]
    archive.file(archive.segment(0, 60))
    camera = f"/cameras/{archive.camera}"

    refused = archive.world.admin().delete(camera)

    assert refused.status_code == 409
    assert f"/recordings/{archive.camera}/protections" in refused.json["message"]
    assert len(archive.listed()) == 1
    archive.world.admin().delete(f"/recordings/{archive.camera}/protections/{number}")
    assert archive.world.admin().delete(camera).status_code == 200
