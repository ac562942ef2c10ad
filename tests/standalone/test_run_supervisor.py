"""Children are started again, with patience, and stopped in reverse order."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

import pytest

from standalone.processes.restarts import SETTLED_S, Restarts
from standalone.processes.supervisor import UNFIT_STATUS, Supervisor
from tests.waiting import wait_until
from vigil.clock import FakeClock
from vigil.errors import SetupInvalid
from vigil.runtime import Backoff, StopSignal


@dataclass
class FakeChild:
    """A child whose end is told, not waited for."""

    name: str
    story: list[str]
    status: int | None = None
    refusals: int = field(default=0)
    is_starting: threading.Event = field(default_factory=threading.Event)
    may_start: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.may_start.set()

    def start(self) -> None:
        self.is_starting.set()
        assert self.may_start.wait(30)
        if self.refusals:
            self.refusals -= 1
            raise SetupInvalid(f"{self.name} would not start.")
        self.story.append(f"start {self.name}")
        self.status = None

    def exit_status(self) -> int | None:
        return self.status

    def stop(self) -> None:
        self.story.append(f"stop {self.name}")

    def last_words(self) -> str:
        return "farewell"


class Scene:
    """A supervisor on a clock that stands still, with what it told."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.told: list[str] = []
        self.story: list[str] = []
        stop = StopSignal()
        stop.set()  # It waits for nothing between two looks.
        self.supervisor = Supervisor(clock=self.clock, stop=stop, tell=self.told.append)

    def watch_until(self, condition: Callable[[], bool]) -> None:
        """Let the supervisor look again and again until something has come of it."""

        def look() -> bool:
            self.supervisor.run_once()
            return condition()

        wait_until(look)

    def has_told(self, words: str, *, times: int) -> bool:
        """Return whether so many lines were told that hold these words."""
        return sum(words in line for line in self.told) == times

    def child(self, name: str) -> FakeChild:
        child = FakeChild(name, self.story)
        self.supervisor.start(child)
        return child


def test_stops_the_last_started_first() -> None:
    scene = Scene()
    scene.child("redis")
    scene.child("web")
    scene.supervisor.close()
    scene.supervisor.close()
    assert scene.story == ["start redis", "start web", "stop web", "stop redis"]


@pytest.mark.parametrize(("status", "says_why"), [(1, True), (-9, False)], ids=["ended", "killed"])
def test_starts_one_that_ended_again_after_a_delay_and_says_why_if_it_did(
    status: int, says_why: bool
) -> None:
    scene = Scene()
    web = scene.child("web")
    web.status = status

    # At once it only clears up what the child left
    scene.supervisor.run_once()
    scene.supervisor.run_once()
    assert scene.story == ["start web", "stop web"]
    assert len(scene.told) == 1
    assert f"web ended with status {status}" in scene.told[0]
    assert ("farewell" in scene.told[0]) is says_why

    # A little later it starts it
    scene.clock.advance(0.5)
    scene.watch_until(lambda: scene.story == ["start web", "stop web", "start web"])


def test_one_that_would_not_start_again_is_tried_again() -> None:
    scene = Scene()
    redis = scene.child("redis")
    redis.status, redis.refusals = 1, 2
    for refused in (1, 2):
        scene.supervisor.run_once()
        scene.clock.advance(16)
        scene.watch_until(partial(scene.has_told, "would not start", times=refused))
    scene.clock.advance(16)
    scene.watch_until(lambda: scene.story == ["start redis", "stop redis", "start redis"])
    assert scene.has_told("would not start", times=2)


def test_the_others_are_watched_while_one_takes_its_time_to_start_again() -> None:
    # Given a server that died, and does not answer yet
    scene = Scene()
    web, postgresql = scene.child("web"), scene.child("PostgreSQL")
    postgresql.status = -9
    postgresql.may_start.clear()
    scene.supervisor.run_once()
    scene.clock.advance(16)
    scene.watch_until(postgresql.is_starting.is_set)

    # When another dies
    web.status = -9
    scene.supervisor.run_once()
    scene.clock.advance(16)

    # Then that one is back before the first is
    scene.watch_until(lambda: web.status is None)
    assert scene.story[2:] == ["stop PostgreSQL", "stop web", "start web"]

    # And the first is started once, however often it was looked at meanwhile
    postgresql.may_start.set()
    scene.watch_until(lambda: postgresql.status is None)
    scene.supervisor.run_once()
    assert scene.story[2:] == ["stop PostgreSQL", "stop web", "start web", "start PostgreSQL"]
    scene.supervisor.close()
    assert scene.story[-2:] == ["stop PostgreSQL", "stop web"]


def test_one_that_would_not_start_the_first_time_is_the_callers_business() -> None:
    scene = Scene()
    child = FakeChild("redis", scene.story, refusals=1)
    with pytest.raises(SetupInvalid):
        scene.supervisor.start(child)
    scene.supervisor.close()
    assert scene.story == []


def test_a_child_whose_settings_are_unfit_is_told_of() -> None:
    scene = Scene()
    web = scene.child("web")
    scene.supervisor.check_fitness()
    web.status = UNFIT_STATUS
    scene.supervisor.run_once()
    with pytest.raises(SetupInvalid, match="web: farewell"):
        scene.supervisor.check_fitness()


def test_delays_grow_while_it_fails_and_begin_anew_when_it_had_settled() -> None:
    restarts = Restarts(backoff=Backoff(first_s=1.0, max_s=15.0))
    now_s = 100.0
    longest_s = 0.0
    for _ in range(8):
        restarts.started(now_s)
        longest_s = restarts.ended(now_s + 0.1)
    assert longest_s >= 7.5

    restarts.started(now_s)
    assert restarts.ended(now_s + SETTLED_S) <= 1.0


def test_is_due_when_its_delay_is_over_and_not_before() -> None:
    restarts = Restarts(backoff=Backoff(first_s=1.0, max_s=15.0))
    restarts.started(0.0)
    assert not restarts.is_due(1000.0)
    delay_s = restarts.ended(10.0)
    assert not restarts.is_due(10.0 + delay_s - 0.01)
    assert restarts.is_due(10.0 + delay_s)
