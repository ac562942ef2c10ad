"""Windows of measured time, ours and the baseline's in turns: both see the same machine."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass

from bench.processes import cpu_s
from vigil.clock import SystemClock
from vigil.runtime import StopSignal

#: Starts what is measured, waits until it works, gives the processes that count.
Side = Callable[[], AbstractContextManager[Sequence[int]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """How long a measurement takes.

    Attributes:
        rounds: How often each side has its turn.
        warm_up_s: From when a side works until it is measured.
        window_s: How long it is measured.
    """

    rounds: int
    warm_up_s: float
    window_s: float


def interleaved_cpu(sides: Mapping[str, Side], schedule: Schedule) -> dict[str, list[float]]:
    """Return the CPU of each side in percent of a core, one sample a round."""
    samples: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(schedule.rounds):
        for name, side in sides.items():
            with side() as pids:
                pause(schedule.warm_up_s)
                samples[name].append(cpu_percent(pids, schedule.window_s))
    return samples


def cpu_percent(pids: Sequence[int], window_s: float) -> float:
    """Return what processes use in the next window_s, in percent of a core."""
    clock = SystemClock()
    began_s, before_s = clock.monotonic_s(), cpu_s(pids)
    pause(window_s)
    return 100 * (cpu_s(pids) - before_s) / (clock.monotonic_s() - began_s)


def pause(seconds: float) -> None:
    """Let what is measured work."""
    StopSignal().wait(seconds)
