"""The shared clips and what is known to be in them."""

import os
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from object_recognition.basic.boxes import Boxes
from object_recognition.detection import ImageBgr

VARIABLE = "VIGIL_DATA_DIR"
#: vtest's truth is in pixels of the original, which the clip is this share of.
_VTEST_SCALE = 0.625


def data_folder() -> Path | None:
    """Return the folder of shared models and clips, or None when there is none."""
    folder = os.environ.get(VARIABLE)
    return Path(folder) if folder and Path(folder).is_dir() else None


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
    truth = folder / "video" / "vtest_gt_768x576.txt"
    return {k: boxes * np.float32(_VTEST_SCALE) for k, boxes in read_mot(truth).items()}


def read_mot(path: Path) -> dict[int, Boxes]:
    """Return the boxes of each frame in a file of MOTChallenge's form."""
    rows = np.loadtxt(path, delimiter=",", usecols=range(6), dtype=np.float32)
    xyxy = np.hstack([rows[:, 2:4], rows[:, 2:4] + rows[:, 4:6]])
    return {int(frame): xyxy[rows[:, 0] == frame] for frame in np.unique(rows[:, 0])}
