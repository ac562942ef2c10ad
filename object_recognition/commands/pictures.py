"""The frames in a folder of pictures and clips."""

from collections.abc import Collection, Iterator
from pathlib import Path

import cv2
import numpy as np

from object_recognition.detection import ImageBgr
from vigil.errors import SetupInvalid

_PICTURES = {".jpg", ".jpeg", ".png", ".bmp", ".webp"}
_CLIPS = {".mp4", ".avi", ".mkv", ".mov", ".ts"}
#: Of a clip, so many at most, spread over it: neighbours look alike.
_FRAMES_OF_A_CLIP = 100


def frames_in(folder: Path, *, at_most: int) -> list[ImageBgr]:
    """Return frames of the pictures and clips below a folder, spread over all of them.

    Raises:
        SetupInvalid: There is no such folder, or nothing in it can be read.
    """
    if not folder.is_dir():
        raise SetupInvalid(f"'{folder}' is no folder of pictures and clips")
    # Chosen first and decoded then: a folder may hold more than the memory does.
    there = [(path, number) for path in sorted(folder.rglob("*")) for number in _numbers(path)]
    wanted: dict[Path, set[int]] = {}
    for place in np.linspace(0, len(there), min(at_most, len(there)), endpoint=False):
        path, number = there[int(place)]
        wanted.setdefault(path, set()).add(number)
    frames = [frame for path, numbers in wanted.items() for frame in _frames_of(path, numbers)]
    if not frames:
        raise SetupInvalid(
            f"'{folder}' has no picture and no clip that can be read; read are "
            + ", ".join(sorted(_PICTURES | _CLIPS))
        )
    return frames


def _numbers(path: Path) -> range:
    """Return which frames of a file may be taken."""
    if path.suffix.lower() in _PICTURES:
        return range(1)
    if path.suffix.lower() not in _CLIPS:
        return range(0)
    capture = cv2.VideoCapture(str(path))
    count = int(capture.get(cv2.CAP_PROP_FRAME_COUNT))
    capture.release()
    return range(0, max(0, count), max(1, count // _FRAMES_OF_A_CLIP))


def _frames_of(path: Path, numbers: Collection[int]) -> Iterator[ImageBgr]:
    if path.suffix.lower() in _PICTURES:
        image = cv2.imread(str(path))
        if image is not None:
            yield image.astype(np.uint8, copy=False)
        return
    capture = cv2.VideoCapture(str(path))
    try:
        for number in range(max(numbers) + 1):
            if not capture.grab():
                return
            is_read, frame = capture.retrieve() if number in numbers else (False, None)
            if is_read and frame is not None:
                yield frame.astype(np.uint8, copy=False)
    finally:
        capture.release()
