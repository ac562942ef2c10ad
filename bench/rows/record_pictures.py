"""``record-pictures``: a camera that sends 720p pictures, encoded into files."""

from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

import av
import psutil
from av.video.codeccontext import VideoCodecContext
from av.video.reformatter import ColorRange, Colorspace
from av.video.stream import VideoStream

from bench.children import python, wait_until
from bench.clips import FPS, best_footage, clip
from bench.interleave import cpu_percent, pause
from bench.machine import Machine, a_machine, configure, rtsp_cameras, wait_until_active
from bench.processes import memory_bytes
from bench.result import Part, RowResult
from bench.yardstick import decode_ms, yardstick
from vigil.camera_document import RecordingMode

NAME = "record-pictures"
_SIZE_WH = (1280, 720)
_RATES = (5, 10)
_ROUNDS, _WARM_UP_S, _WINDOW_S = 3, 10.0, 10.0
_STARTED_S = 40.0
#: Of FFmpeg's MJPEG encoder: about as large as cameras send them.
_QUALITY = "4"


def measure() -> RowResult:
    """Measure one camera of each rate, one after the other."""
    footage, took_ms = clip(best_footage()), decode_ms()
    parts = []
    for fps in _RATES:
        with a_machine() as machine, _recorded(machine, footage, fps) as recorder:
            pause(_WARM_UP_S)
            cpu = [cpu_percent([recorder], _WINDOW_S) for _ in range(_ROUNDS)]
            [child] = psutil.Process(recorder).children()
            memory_mb = memory_bytes([child.pid]) / 1e6
        parts += [
            Part(f"{fps} a second", "% of a core", None, cpu),
            Part(f"{fps} a second, the encoder", "MB", None, [memory_mb]),
        ]
    return RowResult(NAME, [*parts, yardstick(took_ms + decode_ms())])


@contextmanager
def _recorded(machine: Machine, footage: Path, fps: int) -> Iterator[int]:
    """Give the process of a recorder with one such camera."""
    pictures = _pictures(footage, machine.folder / "pictures.mkv", fps)
    with (
        machine.service(python("bench.programs.packets_only"), log="ingest"),
        machine.service(
            python("vigil", "record"),
            log="record",
            environment={"FOOTAGE_RESERVE_BYTES": "0", "SEGMENT_S": "5"},
        ) as recorder,
    ):
        cameras = [
            each.model_copy(update={"recording": RecordingMode.CONTINUOUS, "loop": True})
            for each in rtsp_cameras([f"file://{pictures}"])
        ]
        configure(machine, cameras)
        wait_until_active(machine, cameras)
        wait_until(
            lambda: any((machine.folder / "footage").rglob("*.mp4")),
            what="a file",
            timeout_s=_STARTED_S,
        )
        yield recorder


def _pictures(footage: Path, path: Path, fps: int) -> Path:
    """Write a clip as JPEGs of which so many come a second."""
    with av.open(footage) as source, av.open(path, "w") as target:
        stream = target.add_stream("mjpeg", rate=fps)
        assert isinstance(stream, VideoStream)
        stream.width, stream.height = _SIZE_WH
        stream.pix_fmt = "yuvj420p"
        context = stream.codec_context
        assert isinstance(context, VideoCodecContext)
        context.options = {"qmin": _QUALITY, "qmax": _QUALITY}
        step, count = Fraction(FPS, fps), 0
        for number, frame in enumerate(source.decode(video=0)):
            if number < count * step:
                continue
            small = frame.reformat(
                *_SIZE_WH,
                "yuvj420p",
                dst_colorspace=Colorspace.ITU601,
                dst_color_range=ColorRange.JPEG,
            )
            small.pts, small.time_base = count, Fraction(1, fps)
            count += 1
            target.mux(stream.encode(small))
        target.mux(stream.encode(None))
    return path
