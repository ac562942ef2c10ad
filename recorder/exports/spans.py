"""Times of which there is footage, and those between: pure."""

from collections.abc import Iterable
from typing import NamedTuple

from recorder.gaps import LEAST_GAP_S
from vigil.clock import MICROSECONDS

_LEAST_GAP_US = round(LEAST_GAP_S * MICROSECONDS)


class Span(NamedTuple):
    """A time: UTC in microseconds since 1970."""

    begun_us: int
    ended_us: int


def gaps_between(spans: Iterable[Span], asked: Span) -> list[Span]:
    """Return what no span covers of a time that was asked for, but for moments."""
    gaps, covered_us = [], asked.begun_us
    for span in sorted(spans):
        if span.begun_us - covered_us >= _LEAST_GAP_US:
            gaps.append(Span(covered_us, min(span.begun_us, asked.ended_us)))
        covered_us = max(covered_us, span.ended_us)
    if asked.ended_us - covered_us >= _LEAST_GAP_US:
        gaps.append(Span(covered_us, asked.ended_us))
    return gaps
