"""``ingest-one``: one camera with five pictures a second, against the careful loop.

Both run side by side, on cameras of their own that show the same.
The careful loop takes the camera in twice, once for pictures and once for files, because it has
nothing like our packets on the bus.
"""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.children import first_line, python, running, wait_until
from bench.clips import best_footage, clip
from bench.interleave import cpu_of_each, pause
from bench.machine import (
    a_machine,
    cameras_playing,
    configure,
    require_pictures,
    rtsp_cameras,
    wait_until_active,
)
from bench.result import Bar, Measured, Part, RowResult
from bench.rows.record_eight import copy_command
from standalone.servers.valkey import EmbeddedValkey

NAME = "ingest-one"
_ROUNDS, _WARM_UP_S, _WINDOW_S = 5, 4.0, 8.0


def measure() -> RowResult:
    """Measure ours and the careful loop in the same windows."""
    ffmpeg = shutil.which("ffmpeg")
    if ffmpeg is None:
        return RowResult(NAME, [], missing="the baseline needs ffmpeg on the PATH")
    footage = clip(best_footage())
    with _ours(footage) as ours, _careful(footage, ffmpeg) as baseline:
        pause(_WARM_UP_S)
        sides = {"ours": ours, "baseline": baseline}
        samples = cpu_of_each(sides, rounds=_ROUNDS, window_s=_WINDOW_S)
    return RowResult(
        NAME,
        [
            Part(
                "",
                "% of a core",
                Bar(1.0, of=Measured.RATIO),
                samples["ours"],
                samples["baseline"],
            )
        ],
    )


@contextmanager
def _ours(footage: Path) -> Iterator[Sequence[int]]:
    with a_machine() as machine, cameras_playing(footage, 1, folder=machine.folder) as urls:
        cameras = rtsp_cameras(urls)
        configure(machine, cameras)
        with machine.service(python("vigil", "ingest"), log="ingest") as pid:
            wait_until_active(machine, cameras)
            yield [pid, *machine.redis_pids]
            require_pictures(machine, cameras)


@contextmanager
def _careful(footage: Path, ffmpeg: str) -> Iterator[Sequence[int]]:
    with ExitStack() as held:
        folder = Path(held.enter_context(TemporaryDirectory(prefix="vigil-bench-")))
        server = held.enter_context(EmbeddedValkey(folder / "redis", appendonly=False))
        [url] = held.enter_context(cameras_playing(footage, 1, folder=folder))
        loop = held.enter_context(
            running(
                python("bench.programs.careful_loop", url, server.url),
                log=folder / "loop.log",
                environment={"OPENCV_FFMPEG_CAPTURE_OPTIONS": "rtsp_transport;tcp"},
                with_output=True,
            )
        )
        copy = held.enter_context(
            running(copy_command(ffmpeg, url, folder), log=folder / "ffmpeg.log")
        )
        first_line(loop)
        wait_until(lambda: list(folder.glob("*.mp4")), what="ffmpeg's first file", timeout_s=20.0)
        yield [loop.pid, copy.pid, server.pid]
