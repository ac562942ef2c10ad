"""The writer over a real PostgreSQL: what the services tell, and what ``/tracks`` says of it."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import redis
import sqlalchemy as sa
from sqlalchemy.orm import sessionmaker
from structlog.testing import capture_logs

from tests.builders import a_track
from tests.servers import execute
from tests.web.worlds import World
from vigil import keys
from vigil.bus.exports.memory import MemoryExportQueue
from vigil.bus.facts.base import FactEntry
from vigil.bus.facts.redis import RedisFactInbox, RedisFactLog
from vigil.bus.known_footage.memory import MemoryKnownFootageBoard
from vigil.facts import TrackFact
from web.database import db
from web.errors import DatabaseUnavailable
from web.facts.models import SetAsideFact
from web.facts.writer import SILENT_S, TIDY_EVERY_S, FactWriter
from web.tracks.models import Track

EPOCH = 1_790_000_000_000
KEPT_DAYS = 30


class Office:
    """A writer over a world's servers, and a camera of it that is told about."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.queue: redis.Redis = world.queue
        self.camera = world.camera()
        self.log = RedisFactLog(self.queue)
        self.writer = self.a_writer()

    def a_writer(self) -> FactWriter:
        with self.world.app.app_context():
            sessions = sessionmaker(db.engine)
        inbox = RedisFactInbox(self.queue, member="writer")
        return FactWriter(
            inbox,
            sessions,
            known=MemoryKnownFootageBoard(),
            exports=MemoryExportQueue(),
            clock=self.world.clock,
            kept_days=KEPT_DAYS,
        )

    def tell(self, *facts: TrackFact) -> None:
        self.log.append([fact.model_dump_json().encode() for fact in facts])

    def fact(self, track: int = 1, **changes: Any) -> TrackFact:
        return a_track(track, **{"camera_id": self.camera, "epoch": EPOCH} | changes)

    def file(self, *facts: TrackFact) -> None:
        self.tell(*facts)
        self.writer.run_once()

    def tracks(self, query: str = "") -> list[dict[str, Any]]:
        answer = self.world.admin().get(f"/tracks{query}")
        assert answer.status_code == 200, answer.json
        found: list[dict[str, Any]] = answer.json
        return found

    def set_aside(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.world.admin().get("/set_aside_facts").json
        return found

    def waiting(self) -> int:
        return int(self.queue.xlen(keys.facts()))


@pytest.fixture
def office(world: World) -> Office:
    return Office(world)


def test_a_track_that_was_told_is_shown(office: Office) -> None:
    office.file(office.fact(zones=("door",)))

    [track] = office.tracks()
    del track["id"]
    assert track == {
        "camera_id": office.camera,
        "label": "person",
        "confidence": 0.75,
        "opened_at": "2026-09-21T14:13:21+00:00",
        "seen_at": "2026-09-21T14:13:22+00:00",
        "closed_at": None,
        "looks": 5,
        "first_box": [10.0, 20.0, 50.0, 120.0],
        "last_box": [30.0, 20.0, 70.0, 120.0],
        "zones": ["door"],
    }
    assert office.waiting() == 0


@pytest.mark.parametrize("order", [(1, 2, 3), (3, 2, 1), (2, 3, 1)])
@pytest.mark.parametrize("together", [True, False])
def test_the_newest_of_a_track_stays_however_often_and_in_whatever_order_it_is_told(
    office: Office, order: tuple[int, ...], together: bool
) -> None:
    facts = [office.fact(revision=each, looks=10 * each) for each in order]

    for batch in [facts, facts] if together else [[fact] for fact in facts + facts]:
        office.file(*batch)

    assert [track["looks"] for track in office.tracks()] == [30]


def test_what_a_writer_filed_and_could_not_say_is_filed_once(office: Office) -> None:
    office.tell(office.fact())
    # Given that it was killed after the transaction, before Redis heard of it
    office.a_writer()._file(_entries_of(office))

    office.writer.run_once()

    assert len(office.tracks()) == 1
    assert office.waiting() == 0


def test_a_poison_fact_is_set_aside_and_shown_and_the_others_are_filed(office: Office) -> None:
    office.tell(office.fact(1))
    office.log.append([b"\x00 no fact"])
    # PostgreSQL alone knows that it takes no NUL
    office.tell(office.fact(2, label="per\0son"), office.fact(3))

    with capture_logs() as logs:
        office.writer.run_once()

    assert len(office.tracks()) == 2
    assert [each["reason"] for each in office.set_aside()] == [
        "A string literal cannot contain NUL (0x00) characters.",
        "a fact that is no JSON",
    ]
    assert office.set_aside()[1]["raw"] == "\x00 no fact"
    assert [each["event"] for each in logs].count("fact_set_aside") >= 2
    assert office.waiting() == 0


def test_a_fact_is_set_aside_once(office: Office) -> None:
    office.log.append([b"no fact"])
    office.a_writer()._file(_entries_of(office))

    office.writer.run_once()

    assert len(office.set_aside()) == 1


def test_facts_of_a_deleted_camera_are_dropped_and_so_are_its_tracks(office: Office) -> None:
    other = office.world.camera("Yard")
    office.file(office.fact(), office.fact(camera_id=other))
    assert len(office.tracks()) == 2

    office.world.admin().delete(f"/cameras/{office.camera}")
    office.file(office.fact(revision=2), office.fact(2, camera_id=other))

    assert {track["camera_id"] for track in office.tracks()} == {other}
    assert office.set_aside() == []


def test_a_new_lease_ends_the_tracks_of_the_one_before(office: Office) -> None:
    office.file(office.fact(1))
    later = EPOCH + 60_000

    office.file(office.fact(1, epoch=later, seen_us=(later + 1000) * 1000))

    new, old = office.tracks()
    assert new["closed_at"] is None
    assert old["closed_at"] == old["seen_at"]


def test_what_is_told_under_a_lease_that_had_passed_is_dropped(office: Office) -> None:
    later = EPOCH + 60_000
    office.file(office.fact(1, epoch=later, seen_us=(later + 1000) * 1000))

    # A worker that was paused goes on for a moment; what it saw before counts, and what it may
    # have seen before, since clocks differ
    with capture_logs() as logs:
        office.file(
            office.fact(5, seen_us=(later + 10_000) * 1000),
            office.fact(6, seen_us=(later - 500) * 1000, closed_us=(later - 500) * 1000),
            office.fact(7, seen_us=(later + 500) * 1000, closed_us=(later + 500) * 1000),
        )

    assert len(office.tracks()) == 3
    assert [each["event"] for each in logs] == ["facts_of_a_passed_lease_dropped"]


def test_a_track_of_which_nobody_tells_ends(office: Office) -> None:
    clock = office.world.clock
    now_us = clock.utc_us()
    office.file(office.fact(1, seen_us=now_us), office.fact(2, seen_us=now_us))
    clock.advance(SILENT_S + 1)
    office.file(office.fact(2, revision=2, seen_us=clock.utc_us()))

    office.writer.run_once()

    ended = {track["seen_at"]: track["closed_at"] for track in office.tracks()}
    assert sorted(closed is None for closed in ended.values()) == [False, True]
    assert all(closed in (None, seen) for seen, closed in ended.items())


def test_tracks_are_kept_for_so_many_days(office: Office, postgres: str) -> None:
    clock = office.world.clock
    now_us = clock.utc_us()
    office.file(office.fact(1, opened_us=now_us, seen_us=now_us, closed_us=now_us))
    office.log.append([b"no fact"])
    office.writer.run_once()
    office.writer.run_once()
    assert (len(office.tracks()), len(office.set_aside())) == (1, 1)

    # PostgreSQL's own clock says when it was set aside
    execute(postgres, "UPDATE set_aside_facts SET at = '2026-01-01'")
    # Tokens do not live so long
    clock.advance(timedelta(days=KEPT_DAYS).total_seconds() + TIDY_EVERY_S)
    office.writer.run_once()

    with office.world.app.app_context():
        for table in (Track, SetAsideFact):
            assert db.session.scalar(sa.select(sa.func.count()).select_from(table)) == 0


def test_a_busy_site_is_tidied_too(office: Office) -> None:
    clock = office.world.clock
    office.file(office.fact(1, seen_us=clock.utc_us()))
    clock.advance(SILENT_S + 1)

    # Given that there is always something to file
    office.file(office.fact(2, seen_us=clock.utc_us()))

    assert [track["closed_at"] is None for track in office.tracks()] == [True, False]


def test_what_is_told_late_under_a_lease_that_had_passed_is_over(office: Office) -> None:
    later = EPOCH + 60_000
    office.file(office.fact(1), office.fact(1, epoch=later, seen_us=(later + 1000) * 1000))

    # Out of a spool that waited
    office.file(office.fact(1, revision=2), office.fact(9))

    over = [track for track in office.tracks() if track["closed_at"] is not None]
    assert [track["closed_at"] == track["seen_at"] for track in over] == [True, True]
    assert len(office.tracks()) == 3


def test_nothing_is_lost_while_postgresql_has_another_schema(office: Office, postgres: str) -> None:
    execute(postgres, "ALTER TABLE tracks RENAME COLUMN zones TO areas")
    try:
        office.tell(office.fact())
        for _ in range(2):
            with pytest.raises(DatabaseUnavailable, match="vigil migrate"):
                office.writer.run_once()
    finally:
        execute(postgres, "ALTER TABLE tracks RENAME COLUMN areas TO zones")
    assert office.waiting() == 1

    office.writer.run_once()

    assert (len(office.tracks()), office.waiting()) == (1, 0)


def test_tracks_are_found_by_camera_and_label_page_by_page(office: Office) -> None:
    yard = office.world.camera("Yard")
    office.file(
        office.fact(1),
        office.fact(2, label="car"),
        office.fact(3, camera_id=yard),
    )

    def numbers(query: str) -> list[tuple[int, str]]:
        return [(track["camera_id"], track["label"]) for track in office.tracks(query)]

    assert numbers(f"?camera_id={yard}") == [(yard, "person")]
    assert numbers("?label=car") == [(office.camera, "car")]
    [newest] = office.tracks("?limit=1")
    assert len(office.tracks(f"?before_id={newest['id']}")) == 2


def test_somebody_sees_the_tracks_of_their_cameras_alone(office: Office) -> None:
    yard = office.world.camera("Yard")
    office.file(office.fact(1), office.fact(2, camera_id=yard))
    viewer = office.world.viewer_of(yard)

    assert [track["camera_id"] for track in viewer.get("/tracks").json] == [yard]
    assert viewer.get(f"/tracks?camera_id={office.camera}").status_code == 404
    assert viewer.get("/set_aside_facts").status_code == 403


def _entries_of(office: Office) -> list[FactEntry]:
    read: Callable[..., Any] = office.queue.xrange
    return [FactEntry(entry_id.decode(), fields[b"f"]) for entry_id, fields in read(keys.facts())]
