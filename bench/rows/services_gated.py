"""``services-gated``: from RTSP to the boxed image where mostly nothing moves, and the usual loop.

Ours makes five pictures a second; the usual loop reads, looks at, draws and encodes every frame.
Where it cannot keep up with the camera, what it would take is reckoned from the pictures it made.
How much of the gain is sampling is told by ours with the gate switched off.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import redis

from bench.children import first_line, python, running
from bench.clips import FPS, Footage, clip
from bench.interleave import pause
from bench.machine import (
    a_machine,
    cameras_playing,
    configure,
    rtsp_cameras,
    wait_until_active,
)
from bench.processes import cpu_s
from bench.result import Bar, Measured, Part, RowResult
from bench.rows.idle_camera import model
from standalone.servers.valkey import EmbeddedValkey
from vigil.clock import SystemClock

NAME = "services-gated"
#: Each window is three periods of the clip, of which a fifth moves.
_ROUNDS, _WARM_UP_S, _WINDOW_S = 4, 15.0, 15.0
_TIMES_LESS = 6.0
_GATED = {"MOTION_GATE": "true"}
_UNGATED = {"MOTION_GATE": "false", "STILL_LOOK_EVERY_S": "0"}
_UNIT = "% of a core"


@dataclass(frozen=True, slots=True)
class _Loop:
    """The usual loop: its processes, and where it counts its pictures."""

    pids: Sequence[int]
    client: redis.Redis

    def pictures(self) -> int:
        return int(self.client.get("pictures") or 0)


def measure() -> RowResult:
    """Measure ours, ours without the gate, and the usual loop, in the same windows."""
    footage = clip(Footage.STILL)
    with (
        _ours(footage, _GATED) as gated,
        _ours(footage, _UNGATED) as ungated,
        _usual(footage) as loop,
    ):
        pause(_WARM_UP_S)
        rounds = [_round(gated, ungated, loop) for _ in range(_ROUNDS)]
    ours, sampled, usual = ([each[side] for each in rounds] for side in range(3))
    bar = Bar(1 / _TIMES_LESS, of=Measured.RATIO, says=f"{_TIMES_LESS:g} times less")
    return RowResult(
        NAME,
        [
            Part("all", _UNIT, bar, ours, usual),
            Part("by sampling alone", _UNIT, None, sampled, usual),
            Part("by the gate", _UNIT, None, ours, sampled),
        ],
    )


def _round(gated: Sequence[int], ungated: Sequence[int], loop: _Loop) -> tuple[float, float, float]:
    """Return the CPU of each side, in percent of a core; the loop's as for every frame."""
    clock, sides = SystemClock(), (gated, ungated, loop.pids)
    begun_s, pictures = clock.monotonic_s(), loop.pictures()
    before_s = [cpu_s(pids) for pids in sides]
    pause(_WINDOW_S)
    used_s = [cpu_s(pids) - before for pids, before in zip(sides, before_s, strict=True)]
    past_s, made = clock.monotonic_s() - begun_s, loop.pictures() - pictures
    return 100 * used_s[0] / past_s, 100 * used_s[1] / past_s, 100 * used_s[2] * FPS / made


@contextmanager
def _ours(footage: Path, settings: Mapping[str, str]) -> Iterator[Sequence[int]]:
    with (
        a_machine() as machine,
        cameras_playing(footage, 1, folder=machine.folder) as urls,
        machine.service(
            python("vigil", "recognise"),
            log="recognise",
            environment={"DEFAULT_MODEL": model(), **settings},
        ) as recogniser,
        machine.service(
            python("vigil", "ingest"), log="ingest", environment=dict(settings)
        ) as ingest,
    ):
        cameras = rtsp_cameras(urls)
        configure(machine, cameras)
        wait_until_active(machine, cameras)
        yield [ingest, recogniser, *machine.redis_pids]


@contextmanager
def _usual(footage: Path) -> Iterator[_Loop]:
    with ExitStack() as held:
        folder = Path(held.enter_context(TemporaryDirectory(prefix="vigil-bench-")))
        server = held.enter_context(EmbeddedValkey(folder / "redis", appendonly=False))
        [url] = held.enter_context(cameras_playing(footage, 1, folder=folder))
        loop = held.enter_context(
            running(
                python("bench.programs.usual_loop", url, server.url, model()),
                log=folder / "loop.log",
                environment={"OPENCV_FFMPEG_CAPTURE_OPTIONS": "rtsp_transport;tcp"},
                with_output=True,
            )
        )
        client = held.enter_context(redis.Redis.from_url(server.url))
        first_line(loop)
        yield _Loop([loop.pid, server.pid], client)
