"""How well the tracker holds identities on the shared clips.

It is fed what a detector saw in each frame of the clip, and in every other one, as most cameras are
looked at about five times a second. All frames are scored at IoU 0.5.
"""

from collections.abc import Iterator
from pathlib import Path

from bench.track_clips import TrackClip, followed, tud_campus, vtest
from object_recognition.engines.onnx import OnnxDetector
from object_recognition.tracking.tracker import Tracker

HEAD = f"{'tracks':<44} MOTA   IDF1  switches"
#: Whose detections of vtest are followed.
MODELS = ("yolox_nano_416", "yolo11n_int8_320", "yolo11n_dequant_fp32_640")


def lines(folder: Path) -> Iterator[str]:
    """Yield the lines of the table, each when it is measured.

    Args:
        folder: The shared data.
    """
    for name in MODELS:
        clip = vtest(folder, OnnxDetector(folder / f"models/detect/{name}.onnx", name=name))
        for each in (clip, clip.every(2)):
            yield _line(f"vtest, {name}, {each.fps:g}/s", each)
            # The settings were chosen on the first half.
            yield _line(f"  its second half, {each.fps:g}/s", each.second_half())
    campus = tud_campus(folder)
    yield _line(f"{campus.name}, its own detections, {campus.fps:g}/s", campus)


def _line(name: str, clip: TrackClip) -> str:
    score = clip.score(followed(clip, Tracker().update))
    return f"{name:<44} {score.mota:4.2f} {score.idf1:6.2f} {score.switches:9}"
