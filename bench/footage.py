"""The shared clips and what is known to be in them."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from object_recognition.boxes import Boxes
from object_recognition.detection import ImageBgr

VARIABLE = "VIGIL_DATA_DIR"
#: vtest's truth is in pixels of the original, which the clip is this share of.
_VTEST_SCALE = 0.625


def data_folder() -> Path | None:
    """Return the folder of shared models and clips, or None when there is none."""
    folder = os.environ.get(VARIABLE)
    return Path(folder) if folder and Path(folder).is_dir() else None


def shared_yolox() -> Path | None:
    """Return the shared YOLOX nano, or None without it."""
    folder = data_folder()
    path = None if folder is None else folder / "models" / "detect" / "yolox_nano_416.onnx"
    return path if path is not None and path.is_file() else None


def frames_of(path: Path) -> Iterator[ImageBgr]:
    """Yield each frame of a clip.

    Raises:
        FileNotFoundError: There is no such clip, or it cannot be read.
    """
    capture = cv2.VideoCapture(str(path))
    if not capture.isOpened():
        raise FileNotFoundError(path)
    try:
        while True:
            is_read, frame = capture.read()
            if not is_read:
                return
            yield frame.astype(np.uint8, copy=False)
    finally:
        capture.release()


def people_of_vtest(folder: Path) -> dict[int, Boxes]:
    """Return the people ``(n, 4)`` in each frame of vtest; its first frame is 1."""
    return {frame: rows.xyxy for frame, rows in tracks_of_vtest(folder).items()}


def tracks_of_vtest(folder: Path) -> dict[int, "MotRows"]:
    """Return the people in each frame of vtest, with their identities."""
    truth = read_mot(folder / "video" / "vtest_gt_768x576.txt")
    return {
        k: replace(rows, xyxy=rows.xyxy * np.float32(_VTEST_SCALE)) for k, rows in truth.items()
    }


@dataclass(frozen=True, slots=True, eq=False)
class MotRows:
    """What a file of MOTChallenge's form says of one frame. Row i of each array is the same box.

    Attributes:
        identity: ``(n,)`` int64; -1 each in a file of detections.
        xyxy: ``(n, 4)`` float32. Corners in pixels of the frame.
        score: ``(n,)`` float32, in the detector's own unit.
    """

    identity: NDArray[np.int64]
    xyxy: Boxes
    score: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.identity)


def read_mot(path: Path) -> dict[int, MotRows]:
    """Return what a file of MOTChallenge's form says of each frame that it names."""
    rows = np.loadtxt(path, delimiter=",", usecols=range(7), dtype=np.float32)
    xyxy = np.hstack([rows[:, 2:4], rows[:, 2:4] + rows[:, 4:6]])
    identity = rows[:, 1].astype(np.int64)
    return {
        int(frame): MotRows(identity[is_of_it], xyxy[is_of_it], rows[is_of_it, 6])
        for frame in np.unique(rows[:, 0])
        for is_of_it in [rows[:, 0] == frame]
    }
