"""``record-eight``: eight cameras to file, against one ``ffmpeg -c copy`` a camera.

Ours is everything from the camera to the file: the controller without its decoders, the recorder,
and both Redis. Both sides record cameras of their own that show the same.
"""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.children import python, running, wait_until
from bench.clips import best_footage, clip
from bench.interleave import cpu_of_each, pause
from bench.machine import a_machine, cameras_playing, configure, rtsp_cameras, wait_until_active
from bench.processes import memory_bytes
from bench.result import Bar, Measured, Part, RowResult
from bench.yardstick import decode_ms, of_a_core, yardstick
from vigil.camera_document import RecordingMode

NAME = "record-eight"
_CAMERAS = 8
_ROUNDS, _WARM_UP_S, _WINDOW_S = 5, 10.0, 10.0
_STARTED_S = 40.0


def measure() -> RowResult:
    """Measure both sides in the same windows."""
    ffmpeg = shutil.which("ffmpeg")
    if ffmpeg is None:
        return RowResult(NAME, [], missing="the baseline needs ffmpeg on the PATH")
    footage, took_ms = clip(best_footage()), decode_ms()
    with _ours(footage) as (ours, recorder), _copied(footage, ffmpeg) as baseline:
        pause(_WARM_UP_S)
        sides = {"ours": ours, "baseline": baseline}
        samples = cpu_of_each(sides, rounds=_ROUNDS, window_s=_WINDOW_S)
        memory_mb = memory_bytes([recorder]) / 1e6
    took_ms += decode_ms()
    a_camera = {side: [each / _CAMERAS for each in samples[side]] for side in samples}
    unit = "% of a core a camera"
    return RowResult(
        NAME,
        [
            Part("", unit, of_a_core(3.5, took_ms), a_camera["ours"]),
            Part(
                "against ffmpeg",
                unit,
                Bar(2.5, of=Measured.RATIO),
                a_camera["ours"],
                a_camera["baseline"],
            ),
            Part("recorder", "MB", Bar(120.0), [memory_mb]),
            yardstick(took_ms),
        ],
    )


@contextmanager
def _ours(footage: Path) -> Iterator[tuple[Sequence[int], int]]:
    """Give all processes of ours, and the recorder's."""
    with (
        a_machine() as machine,
        cameras_playing(footage, _CAMERAS, folder=machine.folder) as urls,
        machine.service(python("bench.programs.packets_only"), log="ingest") as ingest,
        machine.service(
            python("vigil", "record"), log="record", environment={"FOOTAGE_RESERVE_BYTES": "0"}
        ) as recorder,
    ):
        cameras = [
            each.model_copy(update={"recording": RecordingMode.CONTINUOUS})
            for each in rtsp_cameras(urls)
        ]
        configure(machine, cameras)
        wait_until_active(machine, cameras)
        folder = machine.folder / "footage"
        wait_until(
            lambda: len(list(folder.rglob("*.mp4"))) >= _CAMERAS,
            what="a file of each camera",
            timeout_s=_STARTED_S,
        )
        yield [ingest, recorder, *machine.redis_pids], recorder


@contextmanager
def _copied(footage: Path, ffmpeg: str) -> Iterator[Sequence[int]]:
    with ExitStack() as held:
        folder = Path(held.enter_context(TemporaryDirectory(prefix="vigil-bench-")))
        urls = held.enter_context(cameras_playing(footage, _CAMERAS, folder=folder))
        copies = [
            held.enter_context(
                running(
                    copy_command(ffmpeg, url, folder, name=f"{number}-"),
                    log=folder / f"ffmpeg-{number}.log",
                )
            )
            for number, url in enumerate(urls)
        ]
        wait_until(
            lambda: len(list(folder.glob("*.mp4"))) >= _CAMERAS,
            what="ffmpeg's first files",
            timeout_s=_STARTED_S,
        )
        yield [copy.pid for copy in copies]


def copy_command(ffmpeg: str, url: str, folder: Path, *, name: str = "") -> list[str]:
    """Return the command by which FFmpeg keeps a camera in files of a minute."""
    into_files = ["-f", "segment", "-segment_time", "60", "-reset_timestamps", "1"]
    quietly = [ffmpeg, "-nostdin", "-loglevel", "error", "-rtsp_transport", "tcp"]
    return [*quietly, "-i", url, "-c", "copy", *into_files, str(folder / f"{name}%03d.mp4")]
