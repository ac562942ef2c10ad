import gc
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs
from typing_extensions import override

from tests.waiting import wait_until
from vigil.errors import BusUnavailable, CameraUnavailable, LeaseLost, Unavailable
from vigil.runtime import (
    Backoff,
    FileHeartbeat,
    Heartbeat,
    StopSignal,
    run_until_stopped,
    settle,
    start_thread,
    stop_on_signals,
)


@dataclass(slots=True)
class CountingHeartbeat(Heartbeat):
    beats: int = 0

    @override
    def beat(self) -> None:
        self.beats += 1


class RecordingStop(StopSignal):
    """A stop that notes how long it was waited for, instead of waiting."""

    def __init__(self) -> None:
        super().__init__()
        self.waits_s: list[float | None] = []

    @override
    def wait(self, timeout_s: float | None = None) -> bool:
        self.waits_s.append(timeout_s)
        return self.is_set()


@dataclass(slots=True)
class Script:
    """A step that raises what it is told to, one a call, and stops the loop at its end."""

    stop: StopSignal
    outcomes: list[Exception | None]
    calls: int = field(default=0)

    def __call__(self) -> None:
        outcome = self.outcomes[self.calls]
        self.calls += 1
        if self.calls == len(self.outcomes):
            self.stop.set()
        if outcome is not None:
            raise outcome


def run(script: Script, *, heartbeat: Heartbeat | None = None) -> None:
    run_until_stopped(
        script,
        stop=script.stop,
        heartbeat=heartbeat or CountingHeartbeat(),
        backoff=Backoff(first_s=1.0, max_s=8.0),
    )


def test_a_loop_calls_its_step_until_it_is_stopped_and_beats_before_each() -> None:
    heartbeat = CountingHeartbeat()
    script = Script(RecordingStop(), [None] * 5)

    run(script, heartbeat=heartbeat)

    assert script.calls == heartbeat.beats == 5


def test_a_loop_that_is_stopped_before_it_began_does_nothing() -> None:
    stop = RecordingStop()
    stop.set()
    script = Script(stop, [None])

    run(script)

    assert script.calls == 0


def test_a_loop_waits_out_what_is_away_longer_each_time_and_shorter_again_after_success() -> None:
    stop = RecordingStop()
    away: list[Exception | None] = [BusUnavailable("redis"), CameraUnavailable("no route")]

    with capture_logs() as logs:
        run(Script(stop, [*away, BusUnavailable("redis"), None, *away]))

    bounds = [(0.5, 1.0), (1.0, 2.0), (2.0, 4.0), (0.5, 1.0), (1.0, 2.0)]
    assert len(stop.waits_s) == len(bounds)
    for wait_s, (low_s, high_s) in zip(stop.waits_s, bounds, strict=True):
        assert wait_s is not None
        assert low_s <= wait_s <= high_s
    assert [(each["event"], each["what"]) for each in logs] == [
        ("unavailable", "redis"),
        ("unavailable", "no route"),
        ("unavailable", "redis"),
        ("unavailable", "redis"),
        ("unavailable", "no route"),
    ]


@pytest.mark.parametrize("error", [LeaseLost("lost"), ValueError("a bug"), OSError("a bug")])
def test_anything_else_ends_the_loop(error: Exception) -> None:
    script = Script(RecordingStop(), [None, error, None])

    with pytest.raises(type(error)):
        run(script)

    assert script.calls == 2


def test_a_stop_ends_the_wait_for_what_is_away() -> None:
    stop = StopSignal()

    def step() -> None:
        raise Unavailable("away")

    thread = threading.Thread(
        target=run_until_stopped,
        args=(step,),
        kwargs={
            "stop": stop,
            "heartbeat": CountingHeartbeat(),
            "backoff": Backoff(first_s=3600.0, max_s=3600.0),
        },
    )
    thread.start()
    stop.set()
    thread.join(timeout=10.0)

    assert not thread.is_alive()


@given(first_s=st.floats(0.01, 10.0), factor=st.floats(1.0, 100.0), tries=st.integers(1, 200))
def test_delays_double_up_to_the_cap_with_jitter(first_s: float, factor: float, tries: int) -> None:
    max_s = first_s * factor
    backoff = Backoff(first_s=first_s, max_s=max_s)

    for number in range(tries):
        full_s = min(max_s, first_s * 2.0 ** min(number, 100))
        assert full_s / 2 <= backoff.next_s() <= full_s
    backoff.reset()
    assert backoff.next_s() <= first_s


def test_a_year_of_failures_overflows_nothing() -> None:
    backoff = Backoff(first_s=0.5, max_s=8.0)

    for _ in range(5000):
        assert backoff.next_s() <= 8.0


def test_a_crowd_does_not_return_as_one() -> None:
    assert len({Backoff(first_s=1.0, max_s=8.0).next_s() for _ in range(100)}) > 90


def test_a_thread_that_is_asked_to_end_ends_quietly() -> None:
    stop = StopSignal()

    with capture_logs() as logs:
        thread = start_thread(stop.wait, name="worker", stop=stop)
        stop.set()
        thread.join(timeout=10.0)

    assert not thread.is_alive()
    assert thread.name == "worker"
    assert logs == []


def test_a_thread_that_returns_too_early_stops_its_process() -> None:
    stop = StopSignal()

    with capture_logs() as logs:
        start_thread(lambda: None, name="worker", stop=stop).join(timeout=10.0)

    assert stop.is_set()
    assert logs == [{"event": "thread_died", "thread": "worker", "log_level": "error"}]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_thread_that_dies_of_a_bug_stops_its_process() -> None:
    stop = StopSignal()

    def work() -> None:
        raise ValueError("a bug")

    start_thread(work, name="worker", stop=stop).join(timeout=10.0)

    assert stop.is_set()


def test_a_heartbeat_sets_its_files_time(tmp_path: Path) -> None:
    path = tmp_path / "run" / "beat"
    heartbeat = FileHeartbeat(path)

    heartbeat.beat()
    os.utime(path, (0.0, 0.0))
    heartbeat.beat()

    assert path.stat().st_mtime > 1_000_000_000


def test_a_heartbeat_without_a_file_beats_nowhere(tmp_path: Path) -> None:
    FileHeartbeat(None).beat()

    assert list(tmp_path.iterdir()) == []


PROGRAM = """
from vigil.runtime import Backoff, FileHeartbeat, run_until_stopped, stop_on_signals
stop = stop_on_signals()
print("ready", flush=True)
run_until_stopped(
    lambda: stop.wait(0.02),
    stop=stop,
    heartbeat=FileHeartbeat(None),
    backoff=Backoff(first_s=1.0, max_s=1.0),
)
print("ended in order", flush=True)
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_process_ends_in_order_when_a_signal_asks_for_it(number: signal.Signals) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"

        process.send_signal(number)

        out, _ = process.communicate(timeout=30.0)
        assert "ended in order" in out
        assert process.returncode == 0


INTERRUPTED = """
import logging, os, signal
from vigil.runtime import stop_on_signals
stop = stop_on_signals()
# A signal comes while the main thread is within a wait, and within a log line.
with stop._event._cond:
    with logging._lock:
        os.kill(os.getpid(), signal.SIGTERM)
        print("handled", flush=True)
assert stop.wait(20.0)
print("ended in order", flush=True)
"""


def test_a_signal_that_interrupts_a_wait_or_a_log_line_is_heard() -> None:
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED],
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )

    assert done.stdout.splitlines()[-1] == "ended in order"
    assert done.returncode == 0


def test_a_signal_that_was_not_named_is_left_to_others() -> None:
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    try:
        stop_on_signals([signal.SIGTERM])

        assert signal.getsignal(signal.SIGINT) is before[0]
        assert signal.getsignal(signal.SIGTERM) is not before[1]
    finally:
        signal.signal(signal.SIGTERM, before[1])


def test_a_stop_wakes_everybody_who_waits() -> None:
    stop = StopSignal()
    woken: list[bool] = []
    wait: Callable[[], None] = lambda: woken.append(stop.wait(60.0))  # noqa: E731
    for _ in range(5):
        threading.Thread(target=wait, daemon=True).start()
    assert not stop.wait(0.0)

    stop.set()

    wait_until(lambda: woken == [True] * 5)


def test_what_start_up_made_is_not_looked_through_for_garbage() -> None:
    made_at_start = [object_with_a_cycle() for _ in range(3)]

    try:
        settle()
        made_later = object_with_a_cycle()
        looked_through = {id(each) for each in gc.get_objects()}
    finally:
        gc.unfreeze()

    assert not looked_through & {id(each) for each in made_at_start}
    assert id(made_later) in looked_through


def object_with_a_cycle() -> list[object]:
    cycle: list[object] = []
    cycle.append(cycle)
    return cycle
