"""How fast the machine is at what its CPU mostly does here, so that percents of a core compare.

Bars in percent of a core were set on a machine that decodes a 1080p H.264 frame in 2.8 ms. A slower
one may meet them; when it does not, that tells of the machine as much as of us.
"""

import time

import av

from bench.clips import Footage, clip
from bench.result import Bar, Part

#: The reference's 2.8 ms, and its noise.
_REFERENCE_MS = 3.0
_ROUNDS = 3


def decode_ms() -> list[float]:
    """Return the CPU that one thread takes to decode a frame of the pattern, a few times over."""
    samples = []
    for _ in range(_ROUNDS):
        with av.open(clip(Footage.TESTSRC2)) as container:
            container.streams.video[0].codec_context.thread_count = 1
            begun_s = time.process_time()
            count = sum(1 for _ in container.decode(video=0))
            samples.append(1e3 * (time.process_time() - begun_s) / count)
    return samples


def yardstick(samples_ms: list[float]) -> Part:
    """Return the figure that says how fast the machine was."""
    return Part("yardstick", "ms a decoded frame", None, samples_ms)


def of_a_core(at_most: float, samples_ms: list[float]) -> Bar:
    """Return a bar in percent of a core; a machine slower than the reference cannot miss it.

    Args:
        at_most: The percent.
        samples_ms: What the yardstick took, before and after.
    """
    slowest_ms = max(samples_ms)
    if slowest_ms <= _REFERENCE_MS:
        return Bar(at_most)
    return Bar(
        at_most,
        void_if_missed=f"this machine takes {slowest_ms:.1f} ms for a frame, not {_REFERENCE_MS:g}",
    )
