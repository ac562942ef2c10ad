"""Footage that users delete: asked first, confirmed, invisible at once, and told why."""

from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from tests.web.archive import BEGAN_US, VOLUME, Archive, S, at
from tests.web.test_protections import protect
from tests.web.worlds import Answer, Caller
from vigil.bus.footage.redis import RedisFootageStore
from vigil.facts import GapFact, SegmentDeleted, SegmentFact
from vigil.messages import GapReason
from web.access.rights import Role
from web.access.tokens import Purpose
from web.database import db
from web.deletions import service
from web.deletions.models import SegmentDeletion
from web.startup import reconcile


def delete(
    archive: Archive, since_s: float, until_s: float, *, by: Caller | None = None, **query: str
) -> Answer:
    given = {"since": at(since_s), "until": at(until_s), **query}
    path = f"/recordings/{archive.camera}"
    return (by or archive.world.admin()).delete(path, query_string=given)


def four_minutes(archive: Archive) -> list[SegmentFact]:
    facts = [archive.segment(begun, begun + 60) for begun in (0, 60, 120, 180)]
    for fact in facts:
        archive.content(fact, b"x" * 1000)
    archive.file(*facts)
    return facts


def ordered(archive: Archive) -> list[str]:
    return sorted(RedisFootageStore(archive.world.queue).deletions(VOLUME, limit=10**6))


def noted(archive: Archive) -> list[str]:
    with archive.world.app.app_context():
        return sorted(db.session.scalars(sa.select(SegmentDeletion.path)))


def test_it_asks_first_and_says_what_would_go(archive: Archive) -> None:
    four_minutes(archive)
    archive.file(archive.segment(240, None))
    protect(archive, 130, 140)

    asked = delete(archive, 70, 300)

    assert asked.status_code == 200
    token = asked.json.pop("confirmation")
    assert asked.json == {
        "files": 2,
        "bytes": 2000,
        "begun_at": at(60),
        "ended_at": at(240),
        "protected_files": 1,
        "growing_files": 1,
        "message": "Nothing is deleted yet: send the same request with this confirmation.",
    }
    assert token
    assert len(archive.listed()) == 5
    assert ordered(archive) == []


def test_what_is_confirmed_is_gone_for_everybody_at_once(archive: Archive) -> None:
    facts = four_minutes(archive)
    numbers = {each["begun_at"]: each["id"] for each in archive.listed()}
    asked = delete(archive, 60, 180)

    done = delete(archive, 60, 180, confirmation=asked.json["confirmation"])

    assert done.status_code == 200
    assert (done.json["files"], done.json["bytes"], done.json["confirmation"]) == (2, 2000, None)
    assert done.json["message"] == "Footage deleted."
    assert [each["begun_at"] for each in archive.listed()] == [at(180), at(0)]
    assert archive.availability()["spans"] == [
        {"begun_at": at(0), "ended_at": at(60)},
        {"begun_at": at(180), "ended_at": at(240)},
    ]
    assert archive.availability()["gaps"] == [
        {"begun_at": at(60), "ended_at": at(180), "reason": "deleted"}
    ]
    # The files are still there, and nobody is given them
    for begun_s, status in ((0, 200), (60, 404), (120, 404), (180, 200)):
        answer = archive.world.admin().get(f"/recordings/files/{numbers[at(begun_s)]}")
        assert answer.status_code == status
    assert ordered(archive) == sorted(fact.path for fact in facts[1:3])
    assert noted(archive) == ordered(archive)


def test_it_is_over_when_the_recorder_has_told(archive: Archive) -> None:
    facts = four_minutes(archive)
    asked = delete(archive, 0, 60)
    delete(archive, 0, 60, confirmation=asked.json["confirmation"])
    gone = SegmentDeleted(camera_id=facts[0].camera_id, volume=VOLUME, path=facts[0].path)

    # What was told of the file before comes once more
    archive.file(facts[0])
    assert len(archive.listed()) == 3
    archive.file(gone, gone)

    assert noted(archive) == []
    assert len(archive.listed()) == 3


def test_one_file_is_deleted_the_same_way(archive: Archive) -> None:
    four_minutes(archive)
    [number] = [each["id"] for each in archive.listed() if each["begun_at"] == at(180)]
    admin, path = archive.world.admin(), f"/recordings/files/{number}"

    asked = admin.delete(path)
    assert (asked.json["files"], asked.json["begun_at"]) == (1, at(180))
    done = admin.delete(path, query_string={"confirmation": asked.json["confirmation"]})

    assert done.json["files"] == 1
    assert len(archive.listed()) == 3
    assert admin.delete(path).status_code == 404


def test_what_came_since_it_was_asked_stays(archive: Archive) -> None:
    four_minutes(archive)
    archive.file(archive.segment(240, None))
    token = delete(archive, 0, 1000).json["confirmation"]
    archive.file(archive.segment(240, 300), archive.segment(300, 360))

    done = delete(archive, 0, 1000, confirmation=token)

    assert done.json["files"] == 4
    assert [each["begun_at"] for each in archive.listed()] == [at(300), at(240)]


def test_what_limits_deleted_since_it_was_asked_does_no_harm(archive: Archive) -> None:
    facts = four_minutes(archive)
    token = delete(archive, 0, 1000).json["confirmation"]
    archive.file(SegmentDeleted(camera_id=facts[0].camera_id, volume=VOLUME, path=facts[0].path))

    done = delete(archive, 0, 1000, confirmation=token)

    assert done.json["files"] == 3
    assert archive.listed() == []
    assert delete(archive, 0, 1000, confirmation=token).json["files"] == 0


def test_what_is_protected_stays_also_when_it_was_since_it_was_asked(archive: Archive) -> None:
    four_minutes(archive)
    token = delete(archive, 0, 240).json["confirmation"]
    protect(archive, 60, 70)

    refused = delete(archive, 0, 240, confirmation=token)

    assert refused.status_code == 409
    assert "protected" in refused.json["message"]
    assert len(archive.listed()) == 4
    again = delete(archive, 0, 240)
    assert (again.json["files"], again.json["protected_files"]) == (3, 1)
    delete(archive, 0, 240, confirmation=again.json["confirmation"])
    assert [each["begun_at"] for each in archive.listed()] == [at(60)]


def test_where_all_is_protected_there_is_nothing_to_confirm(archive: Archive) -> None:
    four_minutes(archive)
    protect(archive, 0, 240)

    asked = delete(archive, 0, 240)

    assert (asked.json["files"], asked.json["confirmation"]) == (0, None)
    assert asked.json["message"] == "There is nothing to delete."


def test_a_confirmation_is_for_that_request_alone(archive: Archive) -> None:
    four_minutes(archive)
    token = delete(archive, 0, 60).json["confirmation"]
    other = archive.world.person(Role.ADMIN, "other")
    yard = archive.world.camera("Yard")
    signer = archive.world.wiring.signer

    refused = [
        delete(archive, 0, 120, confirmation=token),
        delete(archive, 0, 60, by=other, confirmation=token),
        delete(archive, 0, 60, confirmation="none"),
        delete(archive, 0, 60, confirmation=signer.sign(Purpose.STREAM, {}, lifetime_s=60)),
        archive.world.admin().delete(
            f"/recordings/{yard}",
            query_string={"since": at(0), "until": at(60), "confirmation": token},
        ),
    ]
    assert {answer.status_code for answer in refused} == {409}
    archive.world.clock.advance(service.CONFIRMED_WITHIN_S)
    archive.world.log_in(archive.world.admin())
    late = delete(archive, 0, 60, confirmation=token)
    assert (late.status_code, "is over" in late.json["message"]) == (409, True)

    assert len(archive.listed()) == 4


@pytest.mark.parametrize(
    ("query", "field", "said"),
    [
        ({}, "since", "Missing data"),
        ({"since": at(0)}, "until", "Missing data"),
        ({"since": at(60), "until": at(0)}, "until", "after since"),
        ({"since": "x", "until": at(0)}, "since", "Not a valid"),
        ({"since": at(0), "until": at(60), "confirmation": "x" * 9000}, "confirmation", "8192"),
    ],
)
def test_bad_input_is_refused_in_words(
    archive: Archive, query: dict[str, str], field: str, said: str
) -> None:
    answer = archive.world.admin().delete(f"/recordings/{archive.camera}", query_string=query)
    assert answer.status_code == 422
    assert said in str(answer.json["errors"]["query"][field])


def test_more_than_one_request_may_is_refused(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    four_minutes(archive)
    monkeypatch.setattr(service, "MAX_FILES", 3)
    answer = delete(archive, 0, 1000)
    assert answer.status_code == 422
    assert "name less of it" in answer.json["message"]


def test_only_admins_delete(archive: Archive) -> None:
    four_minutes(archive)
    number = archive.listed()[0]["id"]
    for caller in (
        archive.world.person(Role.OPERATOR),
        archive.world.viewer_of(archive.camera),
    ):
        assert delete(archive, 0, 60, by=caller).status_code == 403
        assert caller.delete(f"/recordings/files/{number}").status_code == 403


def test_it_is_in_the_audit_trail_who_deleted_what(archive: Archive) -> None:
    four_minutes(archive)
    token = delete(archive, 60, 180).json["confirmation"]
    delete(archive, 60, 180, confirmation=token)

    [entry] = archive.world.admin().get("/audit?limit=1").json

    assert (entry["action"], entry["username"]) == ("footage.deleted", "admin")
    assert (entry["object_type"], entry["object_id"]) == ("camera", str(archive.camera))
    said = {name: entry["details"][name] for name in ("files", "bytes", "begun_at", "ended_at")}
    assert said == {"files": 2, "bytes": 2000, "begun_at": at(60), "ended_at": at(180)}


def test_what_was_recorded_twice_is_no_gap_while_one_is_left(archive: Archive) -> None:
    archive.file(archive.segment(0, 60), archive.segment(50, 110), archive.segment(170, 180))
    gap = GapFact(
        camera_id=archive.segment(0, 1).camera_id,
        epoch=5,
        begun_us=BEGAN_US + 110 * S,
        ended_us=BEGAN_US + 170 * S,
        reason=GapReason.CAMERA,
    )
    archive.file(gap)
    protect(archive, 100, 105)
    token = delete(archive, 0, 200).json["confirmation"]

    delete(archive, 0, 200, confirmation=token)

    assert archive.availability()["gaps"] == [
        {"begun_at": at(0), "ended_at": at(50), "reason": "deleted"},
        {"begun_at": at(110), "ended_at": at(170), "reason": "camera"},
        {"begun_at": at(170), "ended_at": at(180), "reason": "deleted"},
    ]


def test_files_of_several_volumes_are_ordered_of_each(archive: Archive) -> None:
    archive.file(archive.segment(0, 60), archive.segment(60, 120, volume=UUID(int=2)))
    token = delete(archive, 0, 200).json["confirmation"]
    delete(archive, 0, 200, confirmation=token)

    store = RedisFootageStore(archive.world.queue)
    assert [len(store.deletions(UUID(int=each), limit=9)) for each in (1, 2)] == [1, 1]


def test_a_redis_that_was_emptied_is_told_again_after_a_while(archive: Archive) -> None:
    four_minutes(archive)
    token = delete(archive, 0, 120).json["confirmation"]
    delete(archive, 0, 120, confirmation=token)
    archive.world.queue.flushall()
    reconcile(archive.world.app)
    assert ordered(archive) == []

    _let_orders_age(archive, minutes=11)
    reconcile(archive.world.app)

    assert ordered(archive) == noted(archive) != []
    # And then not again at once
    archive.world.queue.flushall()
    reconcile(archive.world.app)
    assert ordered(archive) == []


def test_a_deletion_outlives_its_camera_and_ends_when_the_files_are_gone(archive: Archive) -> None:
    facts = four_minutes(archive)
    token = delete(archive, 0, 120).json["confirmation"]
    delete(archive, 0, 120, confirmation=token)
    assert archive.world.admin().delete(f"/cameras/{archive.camera}").status_code == 200
    assert noted(archive) == [fact.path for fact in facts[:2]]

    # Its recorder was away
    first, second, *_ = (
        SegmentDeleted(camera_id=fact.camera_id, volume=VOLUME, path=fact.path) for fact in facts
    )
    archive.file(first)
    assert noted(archive) == [second.path]
    archive.file(second, first)

    assert noted(archive) == []


def _let_orders_age(archive: Archive, *, minutes: int) -> None:
    with archive.world.app.app_context():
        earlier: Any = SegmentDeletion.ordered_at - sa.text(f"interval '{minutes} minutes'")
        db.session.execute(sa.update(SegmentDeletion).values(ordered_at=earlier))
        db.session.commit()
