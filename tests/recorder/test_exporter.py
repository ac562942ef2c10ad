"""What becomes of an export whose child hangs, fails or dies, and whose Redis is away."""

from collections.abc import Sequence
from datetime import timedelta
from types import TracebackType
from typing import Self
from uuid import UUID

import pytest
from typing_extensions import override

from recorder.exports.shelf import Shelf
from recorder.jobs.child import Task, Word
from recorder.jobs.clearing import Clearing
from recorder.jobs.exporter import TRIES, Again, Exporter
from tests.builders import an_order
from tests.footage import BEGAN_US
from tests.recorder.studio import Studio
from vigil.bus.exports.memory import MemoryExportQueue
from vigil.bus.facts.memory import MemoryFactLog
from vigil.clock import FakeClock
from vigil.errors import BusUnavailable
from vigil.exports import ExportState
from vigil.facts import ExportFact, ExportResult, decode_fact
from vigil.runtime import StopSignal

ONE = UUID(int=1)
ORDER = an_order(ONE)


class ScriptedChild:
    """A child that says what a test wrote; None: it ends."""

    def __init__(self, clock: FakeClock, words: Sequence[Word | None]) -> None:
        self._clock, self._words = clock, list(words)
        self.is_gone = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.is_gone = True

    def words(self, timeout_s: float) -> list[Word] | None:
        self._clock.advance(max(1.0, timeout_s))
        if not self._words:
            return []
        word = self._words.pop(0)
        return None if word is None else [word]


class AwayLog(MemoryFactLog):
    """A queue that takes nothing for some tries."""

    def __init__(self, clock: FakeClock, *, refuses: int) -> None:
        super().__init__(clock)
        self.refuses = refuses

    @override
    def append(self, facts: Sequence[bytes]) -> None:
        if self.refuses:
            self.refuses -= 1
            raise BusUnavailable("redis: away")
        super().append(facts)


class Bench:
    """An exporter whose child is scripted."""

    def __init__(self, studio: Studio, *words: Word | None, refuses: int = 0) -> None:
        clock, self.queue, self.stop = FakeClock(), MemoryExportQueue(), StopSignal()
        self.facts = AwayLog(clock, refuses=refuses)
        shelf = Shelf(studio.volume, kept=timedelta(days=1), clock=clock)
        self.child = ScriptedChild(clock, words)
        self.tasks: list[Task] = []
        self.exporter = Exporter(
            volume=studio.volume,
            shelf=shelf,
            clearing=Clearing(
                shelf,
                studio.volume,
                queue=self.queue,
                facts=self.facts,
                clock=clock,
                max_bytes=10**9,
            ),
            queue=self.queue,
            facts=self.facts,
            start=self._start,
            kept=timedelta(days=1),
            log_level="INFO",
            clock=clock,
            stop=self.stop,
        )

    def _start(self, task: Task) -> ScriptedChild:
        self.tasks.append(task)
        return self.child

    def told(self) -> list[tuple[ExportState, float, str | None]]:
        facts = [decode_fact(raw) for raw in self.facts.waiting.values()]
        return [
            (each.state, each.progress, each.reason)
            for each in facts
            if isinstance(each, ExportFact)
        ]


def a_result() -> ExportResult:
    return ExportResult(
        volume=UUID(int=9),
        path=f"exports/{ONE}.mp4",
        size_bytes=5,
        sha256="0" * 64,
        begun_us=BEGAN_US,
        ended_us=BEGAN_US + 1,
        expires_us=BEGAN_US + 2,
    )


GOING = Word(kind="going", progress=0.5)
DONE = Word(kind="done", progress=1.0, result=a_result())
RUNNING = (ExportState.RUNNING, 0.0, None)


def test_how_far_it_is_and_its_end_are_told(studio: Studio) -> None:
    bench = Bench(studio, GOING, DONE)

    assert bench.exporter.run(ORDER, tries=0) is None

    assert bench.told() == [RUNNING, (ExportState.RUNNING, 0.5, None), (ExportState.DONE, 1, None)]
    assert bench.child.is_gone


BROKEN_OFF = Word(kind="broken_off", reason="No space left on device")


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ([BROKEN_OFF], "No space left on device"),
        ([GOING, None], "its process died"),
        # It says nothing more
        ([GOING], "its process hung"),
    ],
)
def test_what_may_pass_is_tried_again_and_given_up_in_the_end(
    studio: Studio, words: list[Word | None], reason: str
) -> None:
    for tries in range(TRIES - 1):
        bench = Bench(studio, *words)
        again = bench.exporter.run(ORDER, tries=tries)
        assert again is not None
        assert again.is_a_try
        assert ExportState.FAILED not in [state for state, *_ in bench.told()]

    bench = Bench(studio, *words)
    assert bench.exporter.run(ORDER, tries=TRIES - 1) is None
    assert bench.told()[-1] == (ExportState.FAILED, 0, reason)
    assert bench.child.is_gone


def test_what_will_not_pass_is_told_at_once(studio: Studio) -> None:
    bench = Bench(studio, Word(kind="failed", reason="there is no footage"))

    assert bench.exporter.run(ORDER, tries=0) is None

    assert bench.told()[-1] == (ExportState.FAILED, 0, "there is no footage")


def test_what_another_makes_is_waited_for_and_never_given_up(studio: Studio) -> None:
    bench = Bench(studio, Word(kind="busy"))

    again = bench.exporter.run(ORDER, tries=TRIES - 1)

    assert again is not None
    assert not again.is_a_try
    assert again.delay_s > 0
    assert bench.told() == [RUNNING]


def test_what_was_cancelled_before_it_began_is_not_begun(studio: Studio) -> None:
    bench = Bench(studio, DONE)
    bench.queue.cancel(ONE)

    assert bench.exporter.run(ORDER, tries=0) is None

    assert bench.told() == [(ExportState.CANCELLED, 0, None)]
    assert bench.tasks == []


def test_what_is_cancelled_as_it_is_done_is_not_done(studio: Studio) -> None:
    bench = Bench(studio, GOING, DONE)
    words = bench.child.words

    def cancelled_meanwhile(timeout_s: float) -> list[Word] | None:
        said = words(timeout_s)
        if said and said[0].kind == "done":
            bench.queue.cancel(ONE)
        return said

    bench.child.words = cancelled_meanwhile  # type: ignore[method-assign]
    assert bench.exporter.run(ORDER, tries=0) is None

    assert bench.told()[-1] == (ExportState.CANCELLED, 0, None)


def test_its_end_is_told_however_long_redis_is_away(studio: Studio) -> None:
    # Neither the beginning nor the progress is told, and the end at the third try
    bench = Bench(studio, GOING, DONE, refuses=4)

    assert bench.exporter.run(ORDER, tries=0) is None

    assert bench.told() == [(ExportState.DONE, 1, None)]


def test_who_is_to_end_hands_it_back_and_it_counts_as_no_try(studio: Studio) -> None:
    bench = Bench(studio, GOING, DONE)
    bench.stop.set()
    assert bench.exporter.run(ORDER, tries=0) == Again(0.0, is_a_try=False)
    assert bench.child.is_gone

    away = Bench(studio, DONE, refuses=10**6)
    words = away.child.words

    def stopped_meanwhile(timeout_s: float) -> list[Word] | None:
        said = words(timeout_s)
        away.stop.set()
        return said

    away.child.words = stopped_meanwhile  # type: ignore[method-assign]
    assert away.exporter.run(ORDER, tries=0) == Again(0.0, is_a_try=False)
