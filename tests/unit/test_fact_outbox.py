from collections.abc import Callable, Collection, Sequence
from pathlib import Path

import pytest
from typing_extensions import override

from tests.builders import a_track
from vigil.bus.facts.memory import MemoryFactInbox, MemoryFactLog
from vigil.clock import FakeClock
from vigil.errors import BusUnavailable, SpoolUnavailable
from vigil.fact_outbox import BATCH, FactOutbox
from vigil.facts import TrackFact, decode_fact
from vigil.spool import Spool


class LeavingFactLog(MemoryFactLog):
    is_away = False
    before_append: Callable[[], None] | None = None

    @override
    def append(self, facts: Sequence[bytes]) -> None:
        before, self.before_append = self.before_append, None
        if before is not None:
            before()
        if self.is_away:
            raise BusUnavailable("away")
        super().append(facts)


class FullSpool(Spool):
    is_full = False
    lets_go = True

    @override
    def remove(self, numbers: Collection[int]) -> None:
        if not self.lets_go:
            raise SpoolUnavailable("disk full")
        super().remove(numbers)

    @override
    def add(self, facts: Sequence[bytes]) -> None:
        if self.is_full:
            raise SpoolUnavailable("disk full")
        super().add(facts)


class Bench:
    def __init__(self, folder: Path) -> None:
        self.clock = FakeClock()
        self.log = LeavingFactLog(self.clock)
        self.spool = FullSpool(folder / "facts.sqlite")
        self.outbox = FactOutbox(self.log, self.spool, clock=self.clock)

    def told(self) -> list[int]:
        """Return the numbers of the tracks that Redis has."""
        entries = MemoryFactInbox(self.log).take(limit=10_000, wait_s=0.0)
        facts = [decode_fact(entry.raw) for entry in entries]
        return [fact.track for fact in facts if isinstance(fact, TrackFact)]


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_what_is_said_is_sent_in_its_order_and_forgotten(bench: Bench) -> None:
    bench.outbox.say(a_track(1), a_track(2))
    bench.outbox.say(a_track(3))
    bench.outbox.say()

    assert not bench.outbox.run_once()

    assert bench.told() == [1, 2, 3]
    assert bench.spool.oldest(10) == []


def test_what_redis_does_not_take_waits_for_it_on_disk(bench: Bench) -> None:
    bench.log.is_away = True
    bench.outbox.say(a_track(1))
    with pytest.raises(BusUnavailable):
        bench.outbox.run_once()

    # Given that the process was killed, and another came
    bench.log.is_away = False
    FactOutbox(bench.log, bench.spool, clock=bench.clock).run_once()

    assert bench.told() == [1]


def test_what_waits_is_synced_once_a_second(bench: Bench, tmp_path: Path) -> None:
    def is_on_disk(track: int) -> bool:
        return b'"track":%d,' % track in (tmp_path / "facts.sqlite").read_bytes()

    bench.log.is_away = True
    for track in (1, 2):
        bench.outbox.say(a_track(track))
        with pytest.raises(BusUnavailable):
            bench.outbox.run_once()
    assert is_on_disk(1)
    assert not is_on_disk(2)

    bench.clock.advance(1.0)
    with pytest.raises(BusUnavailable):
        bench.outbox.run_once()

    assert is_on_disk(2)


def test_a_long_backlog_is_sent_in_batches(bench: Bench) -> None:
    bench.outbox.say(*(a_track(number) for number in range(1, BATCH + 2)))

    assert bench.outbox.run_once()
    assert len(bench.told()) == BATCH
    assert not bench.outbox.run_once()
    assert bench.told() == [BATCH + 1]


def test_a_full_disk_costs_nothing_while_redis_is_there(bench: Bench) -> None:
    bench.spool.is_full = True
    bench.outbox.say(a_track(1))

    bench.outbox.run_once()

    assert bench.told() == [1]


def test_what_found_no_disk_and_no_redis_is_kept_and_goes_first(bench: Bench) -> None:
    bench.spool.is_full = bench.log.is_away = True
    bench.outbox.say(a_track(1))
    with pytest.raises(BusUnavailable):
        bench.outbox.run_once()
    bench.spool.is_full = False
    bench.outbox.say(a_track(2))
    bench.log.is_away = False

    bench.outbox.run_once()

    assert bench.told() == [1, 2]


def test_what_is_said_while_an_older_fact_is_sent_is_kept_with_it(bench: Bench) -> None:
    bench.spool.is_full = True
    bench.outbox.say(a_track(1))

    # Given that the disk is free again, and somebody speaks just when Redis turns out to be away
    def speak() -> None:
        bench.spool.is_full = False
        bench.outbox.say(a_track(2))

    bench.log.before_append = speak
    bench.log.is_away = True
    with pytest.raises(BusUnavailable):
        bench.outbox.run_once()
    bench.log.is_away = False
    bench.outbox.run_once()

    assert bench.told() == [1, 2]


def test_what_redis_took_is_not_sent_again_because_the_disk_does_not_let_go_of_it(
    bench: Bench,
) -> None:
    bench.outbox.say(*(a_track(number) for number in range(1, BATCH + 3)))
    bench.spool.lets_go = False
    for _ in range(3):
        with pytest.raises(SpoolUnavailable):
            bench.outbox.run_once()
    bench.spool.lets_go = True

    bench.outbox.run_once()

    assert bench.told() == list(range(1, BATCH + 3))
    assert bench.spool.oldest(10) == []


def test_at_the_end_all_is_sent_that_can_be(bench: Bench) -> None:
    bench.outbox.say(a_track(1))
    bench.outbox.close()

    assert bench.told() == [1]
