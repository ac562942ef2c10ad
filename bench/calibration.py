"""Pictures to calibrate with, none of them among those that precision is measured on."""

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from bench.footage import frames_of
from object_recognition.detection import ImageBgr

_FRAMES_OF_A_CLIP = 8
#: Folder of pictures, and how many to pass over for one that is taken.
_PICTURES = {"coco8_pose": 1, "plates_cars120": 6, "faces": 3}


def calibration_frames(folder: Path) -> Iterator[ImageBgr]:
    """Yield about a hundred frames of the shared clips and pictures."""
    for name, every in _PICTURES.items():
        for path in sorted((folder / "images" / name).rglob("*.jpg"))[::every]:
            yield np.asarray(cv2.imread(str(path)), np.uint8)
    for clip in sorted((folder / "video").iterdir()):
        if clip.suffix in {".avi", ".mp4"}:
            frames = list(frames_of(clip))
            yield from frames[:: max(1, len(frames) // _FRAMES_OF_A_CLIP)]
