"""Windows of measured time, in which ours and the baseline see the same machine."""

from collections.abc import Mapping, Sequence

from bench.processes import cpu_s
from vigil.clock import SystemClock
from vigil.runtime import StopSignal


def cpu_of_each(
    sides: Mapping[str, Sequence[int]], *, rounds: int, window_s: float
) -> dict[str, list[float]]:
    """Return the CPU of each side in percent of a core, one sample a round.

    All sides run, and each window is the same for all: what else the machine does, it does to all
    alike. In turns they would see different machines, as soon as others work on it.

    Args:
        sides: The processes of each; their descendants count too.
        rounds: How many windows.
        window_s: How long each is.
    """
    clock = SystemClock()
    samples: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(rounds):
        before = {name: (clock.monotonic_s(), cpu_s(pids)) for name, pids in sides.items()}
        pause(window_s)
        for name, pids in sides.items():
            begun_s, used_s = before[name]
            percent = 100 * (cpu_s(pids) - used_s) / (clock.monotonic_s() - begun_s)
            samples[name].append(percent)
    return samples


def cpu_percent(pids: Sequence[int], window_s: float) -> float:
    """Return what processes use in the next window_s, in percent of a core."""
    [sample] = cpu_of_each({"": pids}, rounds=1, window_s=window_s)[""]
    return sample


def pause(seconds: float) -> None:
    """Let what is measured work; a negative time is none."""
    StopSignal().wait(max(0.0, seconds))
