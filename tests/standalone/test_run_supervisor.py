"""Children are started again, with patience, and stopped in reverse order."""

from dataclasses import dataclass, field

import pytest

from standalone.processes.restarts import SETTLED_S, Restarts
from standalone.processes.supervisor import UNFIT_STATUS, Supervisor
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

    def start(self) -> None:
        if self.refusals:
            self.refusals -= 1
            raise SetupInvalid(f"{self.name} would not start.")
        self.status = None
        self.story.append(f"start {self.name}")

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


def test_starts_one_that_ended_again_after_a_delay_and_says_why() -> None:
    scene = Scene()
    web = scene.child("web")
    web.status = -9

    # At once it only clears up what the child left
    scene.supervisor.run_once()
    scene.supervisor.run_once()
    assert scene.story == ["start web", "stop web"]
    assert len(scene.told) == 1
    assert "web ended with status -9" in scene.told[0]
    assert "farewell" in scene.told[0]

    # A little later it starts it
    scene.clock.advance(0.5)
    scene.supervisor.run_once()
    assert scene.story == ["start web", "stop web", "start web"]


def test_one_that_would_not_start_again_is_tried_again() -> None:
    scene = Scene()
    redis = scene.child("redis")
    redis.status, redis.refusals = 1, 2
    for _ in range(4):
        scene.supervisor.run_once()
        scene.clock.advance(16)
    assert scene.story == ["start redis", "stop redis", "start redis"]
    assert sum("would not start" in line for line in scene.told) == 2


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
