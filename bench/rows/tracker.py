"""``tracker``: our tracker against supervision's ByteTrack, on the same detections.

Speed is that of an update with 30 boxes, in batches of 200 frames that take turns: ours, theirs.
IDF1 is that of the shared clips, each round with other boxes left out at random, the same for both:
one switch more or less moves a single run by .1. supervision stands in an environment of its own.
Ultralytics' BYTETracker is not measured: it cannot be had without PyTorch, which is 3 GB.
"""

import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import fmean
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from bench.children import BenchFailed, first_line, running
from bench.environments import python_with
from bench.footage import data_folder
from bench.result import Bar, Measured, Part, RowResult
from bench.track_clips import TrackClip, followed, tud_campus, vtest, walkers
from object_recognition.engines.onnx import OnnxDetector
from object_recognition.tracking.tracker import Tracker

NAME = "tracker"
_SUPERVISION = "supervision==0.28.0"
_BOXES, _FRAMES = 30, 200
_SPEED_ROUNDS, _SEEING_ROUNDS = 15, 5
_LEFT_OUT = 0.05
#: A round runs a clip, with other boxes left out each time, until it saw so many frames: a short
#: clip's figure would hang on a switch or two.
_FRAMES_SEEN = 3000

#: Tracks a clip; gives the milliseconds a frame, and the identities frame by frame.
Side = Callable[[TrackClip], tuple[float, Sequence[NDArray[np.int64]]]]


def measure() -> RowResult:
    """Measure ours and theirs in turns."""
    try:
        python = python_with(_SUPERVISION)
    except BenchFailed as error:
        return RowResult(NAME, [], missing=f"needs {_SUPERVISION} ({error})")
    with _supervision(python) as theirs:
        parts = [_speed(theirs)]
        folder = data_folder()
        if folder is not None:
            parts += [_identities(clip, theirs) for clip in _clips(folder)]
    return RowResult(NAME, parts)


def _speed(theirs: Side) -> Part:
    ours_ms, theirs_ms = [], []
    for seed in range(_SPEED_ROUNDS):
        clip = walkers(count=_BOXES, frames=_FRAMES, seed=seed)
        ours_ms.append(_ours(clip)[0])
        theirs_ms.append(theirs(clip)[0])
    bar = Bar(at_most=0.2, of=Measured.RATIO)
    return Part(f"{_BOXES} boxes", "ms", bar, ours_ms, theirs_ms)


def _identities(clip: TrackClip, theirs: Side) -> Part:
    """Return IDF1 of both sides; a sample is the mean of some runs."""
    ours, baseline = [], []
    count = round(_FRAMES_SEEN / len(clip.seen))
    for number in range(_SEEING_ROUNDS):
        seeds = range(count * number, count * (number + 1))
        runs = [clip.thinned(share=_LEFT_OUT, seed=seed) for seed in seeds]
        ours.append(fmean(each.score(_ours(each)[1]).idf1 for each in runs))
        baseline.append(fmean(each.score(theirs(each)[1]).idf1 for each in runs))
    return Part(f"{clip.name} IDF1", "share", Bar(at_least=1.0, of=Measured.RATIO), ours, baseline)


def _clips(folder: Path) -> Iterator[TrackClip]:
    model = folder / "models" / "detect" / "yolox_nano_416.onnx"
    yield vtest(folder, OnnxDetector(model, name=model.stem))
    yield tud_campus(folder)


def _ours(clip: TrackClip) -> tuple[float, Sequence[NDArray[np.int64]]]:
    tracker = Tracker()
    begun_s = time.perf_counter()
    identities = followed(clip, tracker.update)
    return 1e3 * (time.perf_counter() - begun_s) / len(clip.seen), identities


@contextmanager
def _supervision(python: Path) -> Iterator[Side]:
    program = [str(python), "-m", "bench.programs.supervision_tracker"]
    with (
        TemporaryDirectory(prefix="vigil-bench-") as name,
        running(program, log=Path(name, "log"), with_output=True, with_input=True) as process,
    ):
        first_line(process)

        def track(clip: TrackClip) -> tuple[float, Sequence[NDArray[np.int64]]]:
            path = Path(name, "clip.npz")
            count = _save(path, clip)
            return _asked(process, path), np.split(np.load(f"{path}.npy"), np.cumsum(count)[:-1])

        yield track


def _save(path: Path, clip: TrackClip) -> list[int]:
    count = [len(each) for each in clip.seen]
    np.savez(
        path,
        xyxy=np.concatenate([each.xyxy for each in clip.seen]),
        confidence=np.concatenate([each.confidence for each in clip.seen]),
        count=count,
        fps=clip.fps,
    )
    return count


def _asked(process: subprocess.Popen[bytes], path: Path) -> float:
    assert process.stdin is not None
    process.stdin.write(f"{path}\n".encode())
    process.stdin.flush()
    return float(first_line(process))
