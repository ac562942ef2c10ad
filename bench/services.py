"""All services from RTSP to the boxed image, and the usual code before a camera of its own."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import redis

from bench import ultralytics_env
from bench.children import BenchFailed, first_line, python, running
from bench.clips import FPS
from bench.interleave import pause
from bench.machine import (
    a_machine,
    cameras_playing,
    configure,
    rtsp_cameras,
    wait_until_active,
)
from bench.processes import cpu_s
from bench.same_weights import SameWeights
from standalone.servers.valkey import EmbeddedValkey
from vigil.clock import SystemClock

#: Every frame is looked at once: nothing is gated, and nobody rests.
UNGATED = {"MOTION_GATE": "false", "STILL_LOOK_EVERY_S": "0"}
GATED = {"MOTION_GATE": "true"}


@dataclass(frozen=True, slots=True)
class UsualCode:
    """It: its processes, which frames it looks at, and where it counts its pictures.

    Attributes:
        every: It looks at one frame of so many.
    """

    pids: Sequence[int]
    client: redis.Redis
    every: int

    def pictures(self) -> int:
        """Return how many it has made."""
        return int(self.client.get("pictures") or 0)


def round_of(
    ours: Mapping[str, Sequence[int]], usual: UsualCode, *, window_s: float
) -> tuple[dict[str, float], float]:
    """Return the CPU of each of ours and of the usual code, in percent of a core, in one window.

    Where the usual code cannot keep up with its camera, what it would take is reckoned from the
    pictures that it made.
    """
    clock, pids = SystemClock(), [*ours.values(), usual.pids]
    begun_s, pictures = clock.monotonic_s(), usual.pictures()
    before_s = [cpu_s(each) for each in pids]
    pause(window_s)
    used_s = [cpu_s(each) - before for each, before in zip(pids, before_s, strict=True)]
    past_s, made = clock.monotonic_s() - begun_s, usual.pictures() - pictures
    if not made:
        raise BenchFailed(f"the usual code made no picture in {past_s:.0f} s")
    percent = {name: 100 * used / past_s for name, used in zip(ours, used_s, strict=False)}
    return percent, 100 * used_s[-1] * FPS / usual.every / made


@contextmanager
def our_services(footage: Path, model: Path, settings: Mapping[str, str]) -> Iterator[list[int]]:
    """Run ours before a camera that plays footage, five pictures a second; give all processes."""
    with (
        a_machine() as machine,
        cameras_playing(footage, 1, folder=machine.folder) as urls,
        machine.service(
            python("vigil", "recognise"),
            log="recognise",
            environment={"DEFAULT_MODEL": str(model), **settings},
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
def usual_code(footage: Path, weights: SameWeights, *, every: int) -> Iterator[UsualCode]:
    """Run the usual code before a camera of its own that plays the same.

    Args:
        footage: The clip.
        weights: The same as ours.
        every: It looks at one frame of so many.
    """
    with ExitStack() as held:
        folder = Path(held.enter_context(TemporaryDirectory(prefix="vigil-bench-")))
        server = held.enter_context(EmbeddedValkey(folder / "redis", appendonly=False))
        [url] = held.enter_context(cameras_playing(footage, 1, folder=folder))
        loop = held.enter_context(
            running(
                weights.their_side("camera", url, server.url, str(every)),
                log=folder / "loop.log",
                environment={
                    "OPENCV_FFMPEG_CAPTURE_OPTIONS": "rtsp_transport;tcp",
                    **ultralytics_env.environment(),
                },
                with_output=True,
            )
        )
        client = held.enter_context(redis.Redis.from_url(server.url))
        first_line(loop)
        yield UsualCode([loop.pid, server.pid], client, every)
