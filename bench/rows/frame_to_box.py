"""``frame-to-box``: from a frame written to its boxed image written, by one worker.

The model is the shared YOLOX nano, or the basic recogniser without it. What one inference takes is
measured in this process, between two frames and on the same pictures, so that both see the machine
as it is; a 95th percentile is compared with a 95th percentile.
"""

from collections.abc import Sequence
from pathlib import Path
from statistics import median, quantiles

import cv2
from redis.client import PubSub

from bench.boxed import boxed_bell, next_stamp, wait_for_first
from bench.children import BenchFailed, python
from bench.clips import SIZE_WH, best_footage, clip
from bench.footage import shared_yolox
from bench.frames import FrameWriter, jpegs_of
from bench.interleave import pause
from bench.machine import a_machine, configure
from bench.result import Bar, Part, RowResult
from object_recognition.basic.recogniser import BasicRecogniser
from object_recognition.detection import Detector
from object_recognition.engines.choice import Engines, engines_for
from object_recognition.picture import decoded
from vigil.camera_document import CameraConfig
from vigil.clock import SystemClock
from vigil.domain.camera import CameraId
from vigil.domain.frame import FrameStamp

NAME = "frame-to-box"
_CAMERA = CameraConfig(
    id=CameraId(1), revision=1, name="bench", sealed_url="connected by nobody", frame_fps=5
)
#: Of fewer, the 95th percentile is the worst one.
_ROUNDS, _FRAMES = 3, 80
_EVERY_S = 0.2
_ALLOWED_MS = 20.0
#: A worker takes its camera and loads its model in so long.
_FIRST_S = 30.0
#: Frames for which a worker that began still loads and tries its engines: `worker-start` is theirs.
_SETTLING = 25


def measure() -> RowResult:
    """Measure one worker that has nothing else to do."""
    model = shared_yolox()
    detector = _detector(model)
    jpegs = list(jpegs_of(clip(best_footage()), every=5, size_wh=SIZE_WH, quality=85))
    with (
        a_machine() as machine,
        machine.media_client() as client,
        machine.service(
            python("vigil", "recognise"),
            log="recognise",
            environment={"DEFAULT_MODEL": str(model or "basic")},
        ),
    ):
        configure(machine, [_CAMERA])
        writer = FrameWriter(client, _CAMERA.id, size_wh=SIZE_WH)
        with boxed_bell(client, _CAMERA.id) as bell:
            wait_for_first(writer, bell, jpegs[0], every_s=_EVERY_S, timeout_s=_FIRST_S)
            _round(writer, bell, jpegs[:_SETTLING], detector)
            rounds = [_round(writer, bell, jpegs, detector) for _ in range(_ROUNDS)]
    ours, inference = [one for one, _ in rounds], [other for _, other in rounds]
    bar = Bar(median(inference) + _ALLOWED_MS, says=f"one inference + {_ALLOWED_MS:g}")
    return RowResult(NAME, [Part("", "ms", bar, ours, inference)])


def _round(
    writer: FrameWriter, bell: PubSub, jpegs: Sequence[bytes], detector: Detector
) -> tuple[float, float]:
    """Return the 95th percentile of the way, and of an inference beside it, in ms."""
    clock = SystemClock()
    ways_s, inferences_s = [], []
    for jpeg in jpegs[:_FRAMES]:
        begun_s = clock.monotonic_s()
        _wait_for_box(bell, writer.write(jpeg))
        ways_s.append(clock.monotonic_s() - begun_s)
        image_bgr = decoded(jpeg)
        looked_s = clock.monotonic_s()
        detector.detect(image_bgr)
        inferences_s.append(clock.monotonic_s() - looked_s)
        pause(begun_s + _EVERY_S - clock.monotonic_s())
    return _p95_ms(ways_s), _p95_ms(inferences_s)


def _p95_ms(samples_s: Sequence[float]) -> float:
    return 1e3 * quantiles(samples_s, n=20)[-1]


def _wait_for_box(bell: PubSub, of: FrameStamp) -> None:
    while (stamp := next_stamp(bell, _FIRST_S)) is not None:
        if stamp == of:
            return
    raise BenchFailed(f"no boxed image of frame {of.sequence} in {_FIRST_S:g} s")


def _detector(model: Path | None) -> Detector:
    # As the worker does, which has one thread, on the same engine.
    cv2.setNumThreads(1)
    if model is None:
        return BasicRecogniser()
    return Engines(engines_for("auto"), threads=1, folder=None).open(model, model.stem)
