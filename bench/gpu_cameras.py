"""Cameras of five frames a second, played against a detector in real time."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vigil.clock import Clock

#: Of a camera: what the pool's cameras and the bars of the other rows have.
FRAME_FPS = 5.0


@dataclass(frozen=True, slots=True)
class Played:
    """What became of the frames of cameras.

    Attributes:
        latency_s: ``(n,)`` of each frame that was looked at, from when it was there to its boxes.
        skipped: Frames that were never looked at, since a newer one of their camera was there.
        batches: How many looks were taken at many frames.
    """

    latency_s: NDArray[np.float64]
    skipped: int
    batches: int

    @property
    def p95_ms(self) -> float:
        """The 95th percentile of the latencies."""
        return (
            1e3 * float(np.percentile(self.latency_s, 95)) if len(self.latency_s) else float("inf")
        )


def played(
    look: Callable[[Sequence[bytes]], object],
    jpegs: Sequence[bytes],
    *,
    cameras: int,
    length_s: float,
    batch_max: int,
    clock: Clock,
    pause: Callable[[float], None],
) -> Played:
    """Play cameras, and let a detector look as a worker does.

    The newest frame of each camera counts; whoever has waited longest is first; nothing waits for
    a fuller batch. The cameras' frames are spread evenly over their interval.

    Args:
        look: Looks at up to batch_max pictures.
        jpegs: What the cameras show, over and over.
        cameras: How many.
        length_s: For how long.
        batch_max: Pictures in the largest batch.
        clock: By which they play.
        pause: Waits for so many seconds.
    """
    due_s = clock.monotonic_s() + np.arange(cameras) / (cameras * FRAME_FPS)
    end_s = clock.monotonic_s() + length_s
    seen = np.full(cameras, -1)
    waited_since_s = due_s.copy()
    latencies: list[NDArray[np.float64]] = []
    skipped = batches = 0
    while (now_s := clock.monotonic_s()) < end_s:
        newest = np.floor((now_s - due_s) * FRAME_FPS).astype(np.int64)
        fresh = np.flatnonzero(newest > seen)
        if len(fresh) == 0:
            pause(float(((seen + 1) / FRAME_FPS + due_s).min()) - now_s)
            continue
        chosen = fresh[np.argsort(waited_since_s[fresh], kind="stable")[:batch_max]]
        look([jpegs[(7 * int(each) + int(newest[each])) % len(jpegs)] for each in chosen])
        done_s = clock.monotonic_s()
        batches += 1
        skipped += int((newest[chosen] - seen[chosen] - 1).sum())
        latencies.append(done_s - (due_s[chosen] + newest[chosen] / FRAME_FPS))
        seen[chosen], waited_since_s[chosen] = newest[chosen], now_s
    # Those that still wait for a look have had none for as long.
    left = np.floor((end_s - due_s) * FRAME_FPS).astype(np.int64) - seen
    skipped += int(np.maximum(left - 1, 0).sum())
    return Played(np.concatenate(latencies or [np.empty(0)]), skipped, batches)


def most_that_hold(holds: Callable[[int], bool], *, at_most: int) -> int:
    """Return the largest number that holds, to within a twentieth; 0 where not even one does.

    Args:
        holds: Whether a number does; if it does, so do all smaller ones.
        at_most: Where to stop.
    """
    good, bad = 0, 1
    while bad <= at_most and holds(bad):
        good, bad = bad, bad * 2
    bad = min(bad, at_most + 1)
    while bad - good > max(1, good // 20):
        middle = (good + bad) // 2
        if holds(middle):
            good = middle
        else:
            bad = middle
    return good
