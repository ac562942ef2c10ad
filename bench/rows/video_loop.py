"""``video-loop``: read, track, draw and encode each frame of a 1080p clip, against the usual code.

That is ``cv2.VideoCapture``, Ultralytics' ``model.track`` (with ByteTrack, as ours), ``plot`` and
``cv2.imencode``. All sides decode the same clip on one thread, frame by frame in turn.
"""

from pathlib import Path
from tempfile import TemporaryDirectory

from bench import ultralytics_env
from bench.clips import best_footage, clip
from bench.footage import VARIABLE, data_folder
from bench.result import Part, RowResult
from bench.same_weights import same_weights, times_as_fast
from bench.sides import in_turns

NAME = "video-loop"
_STARTS, _FRAMES, _WARMING = 10, 40, 5
_BASELINE = "Ultralytics"
#: How many times as fast as the baseline.
_TIMES = {"ONNX Runtime": 1.7, "OpenVINO bf16": 2.6, "OpenVINO INT8": 3.1}


def measure() -> RowResult:
    """Measure the loop on every engine beside the usual one."""
    folder = data_folder()
    if folder is None:
        return RowResult(NAME, [], missing=f"{VARIABLE} names no folder of models")
    footage = str(clip(best_footage()))
    with TemporaryDirectory() as name:
        scratch = Path(name)
        weights = same_weights(folder, scratch)
        sides = {
            _BASELINE: weights.their_side("loop", footage),
            **weights.our_sides("bench.programs.loop_side", footage),
        }
        rounds = [
            in_turns(
                sides,
                steps=_FRAMES,
                warming=_WARMING,
                log=scratch / "sides.log",
                environment=ultralytics_env.environment(),
            )
            for _ in range(_STARTS)
        ]
    baseline = [each[_BASELINE] for each in rounds]
    parts = [
        Part(name, "ms", times_as_fast(times), [each[name] for each in rounds], baseline)
        for name, times in _TIMES.items()
    ]
    return RowResult(NAME, parts)
