"""``worker-start``: from the start of a process until it has boxes, and until it shows a picture.

The model is the shared YOLOX nano, or the basic recogniser without it; 1080p frames lie there. The
first boxes are those of a program that opens the model and looks once; the first annotated picture
is a real worker's, from its start to the bell. Its memory is taken when it has looked a hundred
times. Each round starts both anew; the very first start, in which a model is tried and compiled,
does not count.
"""

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2

from bench.boxed import boxed_bell, next_stamp, wait_for_first
from bench.children import BenchFailed, first_line, python, running
from bench.clips import SIZE_WH, best_footage, clip
from bench.footage import shared_yolox
from bench.frames import FrameWriter, jpegs_of
from bench.machine import Machine, a_machine, configure
from bench.processes import memory_bytes
from bench.result import Bar, Part, RowResult
from object_recognition.picture import decoded
from vigil.camera_document import CameraConfig
from vigil.clock import SystemClock
from vigil.domain.camera import CameraId

NAME = "worker-start"
_CAMERA = CameraConfig(
    id=CameraId(1), revision=1, name="bench", sealed_url="connected by nobody", frame_fps=5
)
_ROUNDS, _LOOKS = 5, 100
_EVERY_S, _FIRST_S = 0.05, 30.0


def measure() -> RowResult:
    """Measure a program that looks once, and a worker, in turns."""
    model = shared_yolox()
    jpegs = list(jpegs_of(clip(best_footage()), every=5, size_wh=SIZE_WH, quality=85))
    with a_machine() as machine, TemporaryDirectory() as scratch:
        configure(machine, [_CAMERA])
        picture = Path(scratch) / "picture.png"
        cv2.imwrite(str(picture), decoded(jpegs[0]))
        with machine.media_client() as client:
            writer = FrameWriter(client, _CAMERA.id, size_wh=SIZE_WH)
            _worker(machine, writer, jpegs, model)
            boxes_s, pictures_s, memories_mb = [], [], []
            for _ in range(_ROUNDS):
                boxes_s.append(_first_boxes_s(machine, model, picture))
                picture_s, memory_mb = _worker(machine, writer, jpegs, model)
                pictures_s.append(picture_s)
                memories_mb.append(memory_mb)
    return RowResult(
        NAME,
        [
            Part("first boxes", "s", Bar(1.0), boxes_s),
            Part("first annotated picture", "s", Bar(2.5), pictures_s),
            Part("memory", "MB", Bar(250.0), memories_mb),
        ],
    )


def _first_boxes_s(machine: Machine, model: Path | None, picture: Path) -> float:
    clock = SystemClock()
    begun_s = clock.monotonic_s()
    arguments = (str(model or "basic"), str(picture), str(machine.folder))
    command = python("bench.programs.first_boxes", *arguments)
    with running(command, log=machine.folder / "boxes.log", with_output=True) as process:
        first_line(process)
        return clock.monotonic_s() - begun_s


def _worker(
    machine: Machine, writer: FrameWriter, jpegs: Sequence[bytes], model: Path | None
) -> tuple[float, float]:
    """Return after how many seconds a worker shows its first picture, and its memory in MB."""
    clock = SystemClock()
    with machine.media_client() as client, boxed_bell(client, _CAMERA.id) as bell:
        begun_s = clock.monotonic_s()
        with machine.service(
            python("vigil", "recognise"),
            log="recognise",
            environment={"DEFAULT_MODEL": str(model or "basic")},
        ) as pid:
            wait_for_first(writer, bell, jpegs[0], every_s=_EVERY_S, timeout_s=_FIRST_S)
            picture_s = clock.monotonic_s() - begun_s
            for number in range(_LOOKS):
                writer.write(jpegs[number % len(jpegs)])
                if next_stamp(bell, _FIRST_S) is None:
                    raise BenchFailed(f"no boxed image in {_FIRST_S:g} s")
            return picture_s, memory_bytes([pid]) / 1e6
