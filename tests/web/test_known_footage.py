"""What recorders that check a volume are told of it, over a real PostgreSQL."""

from collections.abc import Sequence
from uuid import UUID

import pytest
from sqlalchemy.orm import sessionmaker

from tests.web.archive import BEGAN_US, VOLUME, Archive, S, at
from vigil.bus.connection import connect_single
from vigil.bus.known_footage.redis import RedisKnownFootageBoard
from vigil.facts import FootageCheckAsked, SegmentDeleted
from vigil.known_footage import FIRST_PLACE, KnownFootage, Place
from web.database import db
from web.recordings.known import known_footage

CHECK = UUID(int=5)


def a_question(
    *camera_ids: int, place: Place = FIRST_PLACE, number: int = 1, volume: UUID = VOLUME
) -> FootageCheckAsked:
    return FootageCheckAsked(
        volume=volume,
        check=CHECK,
        number=number,
        from_camera=place.camera_id,
        from_us=place.begun_us,
        camera_ids=camera_ids,
    )


def answered(archive: Archive, question: FootageCheckAsked) -> KnownFootage:
    archive.file(question)
    answer = archive.known.read(CHECK, question.number)
    assert answer is not None
    return answer


def pages(archive: Archive, limit: int) -> Sequence[KnownFootage]:
    with archive.world.app.app_context():
        sessions = sessionmaker(db.engine)
    found: list[KnownFootage] = []
    place: Place | None = FIRST_PLACE
    while place is not None:
        with sessions() as session:
            found.append(known_footage(session, a_question(place=place), limit=limit))
        assert found[-1].until is None or found[-1].until > place
        place = found[-1].until
    return found


def test_what_is_filed_of_a_volume_is_told(archive: Archive) -> None:
    done, growing = archive.segment(0, 60), archive.segment(60, None)
    elsewhere = archive.segment(120, 180, volume=UUID(int=2))
    archive.file(done, growing, elsewhere)

    answer = answered(archive, a_question())

    assert (answer.volume, answer.number, answer.until) == (VOLUME, 1, None)
    assert (answer.done, answer.growing) == ((done.path,), (growing.path,))


def test_what_was_told_before_the_question_is_in_its_answer(archive: Archive) -> None:
    gone, stays = archive.segment(0, 60), archive.segment(60, 120)
    archive.file(gone)
    deleted = SegmentDeleted(camera_id=gone.camera_id, volume=VOLUME, path=gone.path)

    # In one batch
    archive.file(stays, deleted, a_question(number=4))

    answer = archive.known.read(CHECK, 4)
    assert answer is not None
    assert (answer.number, answer.done) == (4, (stays.path,))


@pytest.mark.parametrize("limit", [3, 4, 5, 7, 100])
def test_page_by_page_each_file_is_told_once(archive: Archive, limit: int) -> None:
    first, second = archive.camera, archive.world.camera("Yard")
    facts = [
        archive.segment(
            at, at + 60, camera_id=camera_id, path=f"{camera_id}/2026-09-21/{at}{n}.mp4"
        )
        for camera_id in (second, first)
        for at in (0, 60, 120, 180)
        # Two that begin at one moment
        for n in (0, 1)
    ]
    archive.file(*facts)

    told = [path for page in pages(archive, limit) for path in page.done]

    assert sorted(told) == sorted(fact.path for fact in facts)
    assert len(told) == len(set(told))


def delete(archive: Archive, since_s: float, until_s: float) -> None:
    """Let a user delete footage."""
    admin, path = archive.world.admin(), f"/recordings/{archive.camera}"
    span = {"since": at(since_s), "until": at(until_s)}
    token = admin.delete(path, query_string=span).json["confirmation"]
    done = admin.delete(path, query_string={**span, "confirmation": token})
    assert done.status_code == 200


@pytest.mark.parametrize("limit", [1, 2, 100])
def test_what_users_deleted_is_told_in_its_place_until_it_is_gone(
    archive: Archive, limit: int
) -> None:
    facts = [archive.segment(begun_s, begun_s + 60) for begun_s in (0, 60, 120, 180)]
    elsewhere = archive.segment(90, 110, volume=UUID(int=2))
    archive.file(*facts, elsewhere)
    delete(archive, 60, 180)

    told = pages(archive, limit)
    assert [path for page in told for path in page.done] == [fact.path for fact in facts]
    assert max(len(page.done) for page in told) <= limit

    for fact in facts[1:3]:
        archive.file(SegmentDeleted(camera_id=fact.camera_id, volume=VOLUME, path=fact.path))
    [*_, last] = pages(archive, 100)
    assert last.done == (facts[0].path, facts[3].path)


def test_a_camera_of_which_users_deleted_all_footage_is_said_to_be_deleted(
    archive: Archive,
) -> None:
    archive.file(archive.segment(0, 60))
    delete(archive, 0, 60)
    assert archive.world.admin().delete(f"/cameras/{archive.camera}").status_code == 200

    [camera] = answered(archive, a_question(archive.camera)).cameras

    assert camera.is_deleted


def test_an_answer_begins_where_it_is_asked_for(archive: Archive) -> None:
    facts = [archive.segment(at, at + 60) for at in (0, 60, 120)]
    archive.file(*facts)

    place = Place(archive.camera, BEGAN_US + 60 * S)
    assert answered(archive, a_question(place=place)).done == (facts[1].path, facts[2].path)
    place = Place(archive.camera + 1, 0)
    assert answered(archive, a_question(place=place)).done == ()


def test_a_camera_is_told_of_with_the_time_since_when_it_is_there(archive: Archive) -> None:
    answer = answered(archive, a_question(archive.camera, 999))

    [camera] = answer.cameras
    assert (camera.camera_id, camera.is_deleted) == (archive.camera, False)
    assert camera.since_us > BEGAN_US


def test_a_camera_is_said_to_be_deleted_where_its_footage_lies_and_nowhere_else(
    archive: Archive,
) -> None:
    archive.file(archive.segment(0, 60), archive.segment(60, 120, volume=UUID(int=2)))
    [before] = answered(archive, a_question(archive.camera)).cameras
    without_footage = archive.world.camera("Yard")
    for camera_id in (archive.camera, without_footage):
        assert archive.world.admin().delete(f"/cameras/{camera_id}").status_code == 200

    asked = (archive.camera, without_footage, 999)
    for volume in (VOLUME, UUID(int=2)):
        answer = answered(archive, a_question(*asked, volume=volume))
        assert answer.cameras == (before.model_copy(update={"is_deleted": True}),)
    assert answered(archive, a_question(*asked, volume=UUID(int=3))).cameras == ()


def test_a_postgresql_that_does_not_answer_keeps_no_fact_waiting(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    fact = archive.segment(0, 60)
    with archive.world.app.app_context(), db.engine.connect() as connection:
        # Given a table that the question needs, and the fact does not
        connection.exec_driver_sql("LOCK TABLE audit_entries IN ACCESS EXCLUSIVE MODE")
        archive.file(fact, a_question(999))

        assert archive.known.read(CHECK, 1) is None
    assert archive.world.queue.xlen("vigil:facts") == 0
    assert len(archive.listed()) == 1


def test_a_redis_that_takes_no_answer_keeps_no_fact_waiting(archive: Archive) -> None:
    archive.world.queue.acl_setuser(
        "narrow", enabled=True, nopass=True, categories=["+@all"], keys=["vigil:facts"]
    )
    url = archive.world.wiring.settings.queue_url()
    with connect_single(f"redis://narrow:any@{url.rpartition('@')[2]}") as queue:
        archive.writer._known = RedisKnownFootageBoard(queue)

        archive.file(archive.segment(0, 60), a_question())

    assert archive.known.read(CHECK, 1) is None
    assert len(archive.listed()) == 1


def test_a_name_that_is_given_anew_is_another_file(archive: Archive) -> None:
    torn, anew = archive.segment(0, None), archive.segment(0, 60, first_entry="9-0")
    deleted = SegmentDeleted(camera_id=torn.camera_id, volume=VOLUME, path=torn.path)
    archive.file(torn)

    archive.file(deleted, torn, anew)
    assert [each["ended_at"] is not None for each in archive.listed()] == [True]
    archive.file(anew, deleted)
    assert archive.listed() == []
    archive.file(deleted, torn)
    assert [each["ended_at"] for each in archive.listed()] == [None]
