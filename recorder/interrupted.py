"""Finishes the file that a recorder left when it died."""

import mmap
import os
from pathlib import Path

import structlog

from recorder.footage.volume import Volume
from recorder.mp4.boxes import length_s, lengths_for, whole_bytes
from recorder.segment import DONE, segment_fact
from vigil.clock import MICROSECONDS
from vigil.domain.camera import CameraId
from vigil.errors import VolumeUnavailable
from vigil.facts import SegmentDeleted, SegmentFact
from vigil.footage import SUFFIX
from vigil.messages import RecordingMark

log = structlog.get_logger(__name__)


def finish_interrupted(
    volume: Volume, camera_id: CameraId, mark: RecordingMark
) -> SegmentFact | SegmentDeleted | None:
    """Cut a file to its whole fragments; return what is to be told of it. It may be done again.

    Args:
        volume: Where it should lie.
        camera_id: Whose.
        mark: It names the file.

    Returns:
        None: the file lies in another volume, or is another camera's. One that is not there, or of
        which nothing is whole, is told to be gone.

    Raises:
        VolumeUnavailable: The volume is not there, or the file cannot be read or cut.
    """
    if mark.volume != volume.volume_id or not mark.path.startswith(f"{camera_id}/"):
        return None
    volume.require_mounted()
    path = volume.path / mark.path
    try:
        size_bytes, plays_s = _finish(path)
        if not size_bytes:
            path.unlink(missing_ok=True)
            return SegmentDeleted(camera_id=camera_id, volume=mark.volume, path=mark.path)
    except OSError as error:
        raise VolumeUnavailable(f"{path}: {error.strerror}") from error
    ended_us = max(mark.safe_us, mark.begun_us + round(plays_s * MICROSECONDS))
    return segment_fact(camera_id, mark, revision=DONE, ended_us=ended_us, size_bytes=size_bytes)


def remove_empty(volume: Volume, camera_id: CameraId) -> None:
    """Remove files that were made, and of which nobody was told before their recorder died.

    Raises:
        VolumeUnavailable: They cannot be.
    """
    try:
        days = sorted(each for each in volume.folder_of(camera_id).glob("*-*-*") if each.is_dir())
        # Who dies right at midnight leaves one in the day before.
        for path in (path for day in days[-2:] for path in day.glob(f"*{SUFFIX}")):
            if not path.stat().st_size:
                path.unlink()
                log.info("empty_segment_removed", path=str(path))
    except OSError as error:
        raise VolumeUnavailable(f"{volume.path}: {error.strerror}") from error


def _finish(path: Path) -> tuple[int, float]:
    """Cut a file to what is whole of it, and let it say how long it is; return size and length."""
    if not path.exists() or not path.stat().st_size:
        return 0, 0.0
    with path.open("r+b") as file:
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            whole, size_bytes = whole_bytes(content), len(content)
            # What follows the last fragment in a file that was completed is its index.
            is_complete = content[whole + 4 : whole + 8] == b"mfra"
            plays_s = length_s(content)
            places = lengths_for(content, plays_s)
        if not whole:
            return 0, 0.0
        if not is_complete:
            file.truncate(whole)
            size_bytes = whole
        for at, length in places:
            file.seek(at)
            file.write(length)
        file.flush()
        os.fsync(file.fileno())
    return size_bytes, plays_s
