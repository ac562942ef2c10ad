"""``viewers-mjpeg-100``: a hundred viewers of one stream while people log in.

What a log-in costs is chosen, not found: argon2 is slow on purpose, and five a second take more
than all the viewers. So each round has a window with log-ins alone and one with log-ins and
viewers; the viewers' cost is the difference. The whole is shown beside it.
"""

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from statistics import quantiles

from bench.callers import calling
from bench.children import first_line, python, running
from bench.clips import best_footage, clip
from bench.interleave import cpu_percent, pause
from bench.machine import Machine, a_machine
from bench.result import Bar, Part, RowResult
from bench.website import Website, a_website

NAME = "viewers-mjpeg-100"
_VIEWERS, _LOGINS_PER_S, _LISTS_PER_S = 100, 5.0, 10.0
_ROUNDS, _SETTLE_S, _WINDOW_S = 3, 1.0, 8.0
_CORE = "% of a core"


@dataclass(frozen=True, slots=True)
class _Round:
    """What one round found."""

    without: float
    with_viewers: float
    list_p95_ms: float
    late_max_ms: float
    missed: float


def measure() -> RowResult:
    """Measure web with a writer that stands for the camera."""
    with a_machine() as machine, a_website(machine) as website, _camera(machine, website):
        rounds = [_round(machine, website) for _ in range(_ROUNDS)]
    viewers = [each.with_viewers - each.without for each in rounds]
    return RowResult(
        NAME,
        [
            Part("viewers", _CORE, Bar(15.0), viewers),
            Part("viewers and log-ins", _CORE, None, [each.with_viewers for each in rounds]),
            Part("GET /cameras p95", "ms", Bar(50.0), [each.list_p95_ms for each in rounds]),
            # No part may be late: the worst round counts, not the middle one.
            Part("latest part", "ms late", Bar(100.0), [max(each.late_max_ms for each in rounds)]),
            Part("parts never sent", "parts", Bar(0.0), [max(each.missed for each in rounds)]),
        ],
    )


def _round(machine: Machine, website: Website) -> _Round:
    with ExitStack() as held:
        held.enter_context(calling(website.log_in, per_s=_LOGINS_PER_S))
        lists_s = held.enter_context(calling(website.list_cameras, per_s=_LISTS_PER_S))
        pause(_SETTLE_S)
        without = cpu_percent(website.pids, _WINDOW_S)
        with running(
            python("bench.programs.viewers", *_audience(website)),
            log=machine.folder / "viewers.log",
            with_output=True,
        ) as audience:
            first_line(audience)
            lists_s.clear()
            with_viewers = cpu_percent(website.pids, _WINDOW_S)
            list_p95_ms = 1e3 * quantiles(lists_s, n=20)[-1]
            found = json.loads(first_line(audience))
    return _Round(without, with_viewers, list_p95_ms, found["late_max_ms"], found["missed"])


def _audience(website: Website) -> list[str]:
    path = f"/get_stream/{website.camera_id}"
    return [str(website.port), path, website.token, str(_VIEWERS), str(_WINDOW_S)]


@contextmanager
def _camera(machine: Machine, website: Website) -> Iterator[None]:
    writer = python(
        "bench.programs.picture_writer",
        str(clip(best_footage())),
        machine.media.url,
        str(website.camera_id),
    )
    with running(writer, log=machine.folder / "writer.log", with_output=True) as process:
        first_line(process)
        yield
