"""Finishes the file that a recorder left when it died."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

import structlog

from recorder.footage.locks import share
from recorder.footage.marks import order_of
from recorder.footage.volume import Volume
from recorder.mp4.boxes import (
    boxes_of_file,
    length_s,
    lengths_for,
    nonsense_refused,
    outline_of,
    read_box,
)
from recorder.segment import DONE, segment_fact
from vigil.clock import MICROSECONDS
from vigil.domain.camera import CameraId
from vigil.errors import FootageInvalid, VolumeUnavailable
from vigil.facts import SegmentDeleted, SegmentFact
from vigil.footage import SUFFIX
from vigil.messages import RecordingMark

log = structlog.get_logger(__name__)

#: No segment of ours plays for a year.
_LONGEST_S = 366 * 86_400.0


def finish_all(
    volume: Volume, camera_id: CameraId, marks: Iterable[RecordingMark]
) -> Iterator[SegmentFact | SegmentDeleted]:
    """Finish the files that marks name, each once; yield what is to be told of them.

    Those of which nobody was told are removed.

    Raises:
        VolumeUnavailable: See ``finish_interrupted``.
    """
    newest = {mark.path: mark for mark in sorted(marks, key=order_of)}
    for mark in newest.values():
        fact = finish_interrupted(volume, camera_id, mark)
        if fact is not None:
            yield fact
    remove_empty(volume, camera_id)


def finish_interrupted(
    volume: Volume, camera_id: CameraId, mark: RecordingMark
) -> SegmentFact | SegmentDeleted | None:
    """Cut a file to its whole fragments; return what is to be told of it. It may be done again.

    Args:
        volume: Where it should lie.
        camera_id: Whose.
        mark: It names the file.

    Returns:
        None: it is done, lies in another volume, is another camera's, or holds nonsense. One that
        is not there, or of which nothing is whole, is told to be gone.

    Raises:
        VolumeUnavailable: The volume is not there, or the file cannot be read or cut.
    """
    if (
        mark.is_whole
        or mark.volume != volume.volume_id
        or not mark.path.startswith(f"{camera_id}/")
    ):
        return None
    volume.require_mounted()
    path = volume.path / mark.path
    try:
        size_bytes, plays_s = _finish_at(path)
        if not size_bytes:
            path.unlink(missing_ok=True)
            return SegmentDeleted(camera_id=camera_id, volume=mark.volume, path=mark.path)
    except OSError as error:
        raise VolumeUnavailable(f"{path}: {error.strerror}") from error
    except FootageInvalid as error:
        log.error("footage_not_finished", path=str(path), reason=str(error))
        return None
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


def finish_file(descriptor: int) -> tuple[int, float]:
    """Cut a file to what is whole of it, and let it say how long it is.

    Args:
        descriptor: Open for reading and writing. Nobody else cuts it meanwhile.

    Returns:
        Its size, and how long it plays; 0 and 0: nothing of it is whole, and it is as it was.

    Raises:
        OSError: It cannot be read or written.
        FootageInvalid: Its boxes hold nonsense.
    """
    with nonsense_refused():
        outline = outline_of(boxes_of_file(descriptor))
        if outline.moov is None or not outline.moofs:
            return 0, 0.0
        moov = read_box(descriptor, outline.moov)
        fragments = [read_box(descriptor, each) for each in outline.moofs]
        plays_s = length_s(b"".join((moov, *fragments)))
        if plays_s > _LONGEST_S:
            raise ValueError(f"it plays {plays_s} s")
        wrong = [
            (outline.moov.begin + at, length)
            for at, length in lengths_for(moov, plays_s)
            if moov[at : at + len(length)] != length
        ]
    size_bytes = os.fstat(descriptor).st_size
    has_torn_end = not outline.is_complete and outline.whole < size_bytes
    if has_torn_end:
        os.ftruncate(descriptor, outline.whole)
        size_bytes = outline.whole
    for at, length in wrong:
        os.pwrite(descriptor, length, at)
    if has_torn_end or wrong:
        os.fsync(descriptor)
    return size_bytes, plays_s


def _finish_at(path: Path) -> tuple[int, float]:
    try:
        with path.open("r+b") as file:
            if not share(file.fileno()):
                raise VolumeUnavailable(f"{path} is being checked")
            return finish_file(file.fileno())
    except FileNotFoundError:
        return 0, 0.0
