"""Finishes the file that a recorder left when it died."""

import mmap
import os
from pathlib import Path

import av
import structlog
from av.error import FFmpegError

from recorder.footage.volume import Volume
from recorder.mp4.boxes import lengths_for, whole_bytes
from recorder.segment import DONE, segment_fact
from vigil.clock import MICROSECONDS
from vigil.domain.camera import CameraId
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
        None: the file lies in another volume. One that is not there, or of which nothing is whole,
        is told to be gone.
    """
    if mark.volume != volume.volume_id:
        return None
    path = volume.path / mark.path
    size_bytes = _cut(path)
    length_s = _length_s(path) if size_bytes else None
    if length_s is None:
        path.unlink(missing_ok=True)
        return SegmentDeleted(camera_id=camera_id, volume=mark.volume, path=mark.path)
    _tell_length(path, length_s)
    ended_us = max(mark.safe_us, mark.begun_us + round(length_s * MICROSECONDS))
    return segment_fact(camera_id, mark, revision=DONE, ended_us=ended_us, size_bytes=size_bytes)


def remove_empty(volume: Volume, camera_id: CameraId) -> None:
    """Remove files that were made, and of which nobody was told before their recorder died."""
    days = sorted(each for each in volume.folder_of(camera_id).glob("*-*-*") if each.is_dir())
    # Who dies right at midnight leaves one in the day before.
    for path in (path for day in days[-2:] for path in day.glob(f"*{SUFFIX}")):
        if not path.stat().st_size:
            path.unlink()
            log.info("empty_segment_removed", path=str(path))


def _cut(path: Path) -> int:
    """Cut a file to what is whole of it; return how much that is."""
    try:
        size_bytes = path.stat().st_size
        if not size_bytes:
            return 0
        with path.open("r+b") as file:
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
                whole = whole_bytes(content)
                # What follows the last fragment in a file that was completed is its index.
                is_complete = content[whole + 4 : whole + 8] == b"mfra"
            if whole and is_complete:
                return size_bytes
            file.truncate(whole)
            return whole
    except FileNotFoundError:
        return 0


def _tell_length(path: Path, length_s: float) -> None:
    with path.open("r+b") as file:
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            places = lengths_for(content, length_s)
        for at, length in places:
            file.seek(at)
            file.write(length)
        file.flush()
        os.fsync(file.fileno())


def _length_s(path: Path) -> float | None:
    """Return how long a file plays; None: it cannot be opened."""
    try:
        with av.open(path) as container:
            video = container.streams.video[0]
            end_s = 0.0
            for packet in container.demux(video):
                if packet.dts is not None and packet.time_base is not None:
                    end_s = float((packet.dts + (packet.duration or 0)) * packet.time_base)
            return end_s
    except (FFmpegError, IndexError) as error:
        log.error("segment_unplayable", path=str(path), reason=str(error))
        return None
