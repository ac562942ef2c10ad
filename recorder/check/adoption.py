"""One file of which nothing, or no end, is filed: what becomes of it."""

import os
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from pydantic import ValidationError

from recorder.footage.label import FileLabel, read_label
from recorder.footage.listing import place_of
from recorder.footage.locks import taken_alone
from recorder.footage.volume import Volume
from recorder.interrupted import finish_file
from recorder.mp4.boxes import boxes_of_file, nonsense_refused, outline_of, read_box
from recorder.mp4.head import Video, comment_of, video_of
from recorder.room.coverage import Coverage
from recorder.segment import FOUND
from vigil.clock import MICROSECONDS
from vigil.durable_file import sync_folder
from vigil.errors import FootageInvalid
from vigil.facts import SegmentDeleted, SegmentFact
from vigil.known_footage import CameraOfFootage, Place


class Outcome(StrEnum):
    """What became of a file; the names stand in the log.

    ``adopted``: it is whole, and told of. ``removed``: nothing of it was whole, or its camera was
    deleted. The others stay as they are: ``protected`` is of a deleted camera and protected, as the
    volume says; ``grows`` is somebody's who writes it; ``foreign`` was not written by a recorder of
    ours, or not for this camera; of the camera of ``of_no_camera`` web knows nothing, or that it
    was added later; ``gone`` was there a moment ago.
    """

    ADOPTED = "adopted"
    REMOVED = "removed"
    PROTECTED = "protected"
    GROWS = "grows"
    FOREIGN = "foreign"
    OF_NO_CAMERA = "of_no_camera"
    UNREADABLE = "unreadable"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Judged:
    """What became of a file, what is to be told of it, and why it stays as it is."""

    outcome: Outcome
    fact: SegmentFact | SegmentDeleted | None = None
    reason: str = ""


def judge(
    volume: Volume, path: str, camera: CameraOfFootage | None, *, protected: Coverage
) -> Judged:
    """Finish a file and return what is to be told of it; or remove it; or leave it as it is.

    It may be done again, and by several at once.

    Args:
        volume: Where it lies.
        path: Within the volume.
        camera: What web said of its camera; None: nothing, and nothing becomes of its files.
        protected: Of the camera of its folder. A database that was restored does not know that its
            camera was there, nor does that of another site.
    """
    try:
        place = _place_of_ours(path)
        if camera is None or place.begun_us < camera.since_us:
            return Judged(Outcome.OF_NO_CAMERA)
        with taken_alone(volume.path / path) as descriptor:
            if descriptor is None:
                return Judged(Outcome.GROWS)
            return _Found(volume, path, place, descriptor, protected).judged(camera)
    except FileNotFoundError:
        return Judged(Outcome.GONE)
    except FootageInvalid as error:
        return Judged(Outcome.FOREIGN, reason=str(error))
    except OSError as error:
        return Judged(Outcome.UNREADABLE, reason=error.strerror or str(error))


def _place_of_ours(path: str) -> Place:
    place = place_of(path)
    if place is None:
        raise FootageInvalid("it is not named as ours are")
    return place


class _Found(NamedTuple):
    """A file that we have alone."""

    volume: Volume
    path: str
    place: Place
    descriptor: int
    protected: Coverage

    def judged(self, camera: CameraOfFootage) -> Judged:
        """Return what became of it.

        Raises:
            FootageInvalid: No recorder of ours wrote it, or not for this camera.
            OSError: It cannot be read, finished, or removed.
        """
        if not os.fstat(self.descriptor).st_size:
            return self._removed(camera)
        label, video = _head_of(self.descriptor)
        if label.camera_id != camera.camera_id:
            raise FootageInvalid(f"it is of camera {label.camera_id}")
        begun_us = self.place.begun_us
        if camera.is_deleted and not self.protected.touches(begun_us, None):
            return self._removed(camera)
        size_bytes, plays_s = finish_file(self.descriptor)
        if not size_bytes:
            return self._removed(camera)
        ended_us = begun_us + round(plays_s * MICROSECONDS)
        if camera.is_deleted and self.protected.touches(begun_us, ended_us):
            return Judged(Outcome.PROTECTED, reason="its camera was deleted, but it is protected")
        if camera.is_deleted:
            return self._removed(camera)
        return Judged(Outcome.ADOPTED, self._fact(label, video, ended_us, size_bytes))

    def _fact(self, label: FileLabel, video: Video, ended_us: int, size_bytes: int) -> SegmentFact:
        try:
            return SegmentFact(
                camera_id=label.camera_id,
                epoch=label.epoch,
                volume=self.volume.volume_id,
                path=self.path,
                # What its recorder told of its end, or will tell, is more exact.
                revision=FOUND,
                begun_us=self.place.begun_us,
                ended_us=ended_us,
                first_entry=label.first_entry,
                size_bytes=size_bytes,
                codec=video.codec,
                width_px=video.width_px,
                height_px=video.height_px,
            )
        except ValidationError as error:
            raise FootageInvalid(f"it says of itself what cannot be: {error}") from error

    def _removed(self, camera: CameraOfFootage) -> Judged:
        whole = self.volume.path / self.path
        whole.unlink()
        with suppress(FileNotFoundError):
            # Retention may have removed the folder, which is empty now.
            sync_folder(whole.parent)
        fact = SegmentDeleted(
            camera_id=camera.camera_id, volume=self.volume.volume_id, path=self.path
        )
        return Judged(Outcome.REMOVED, fact)


def _head_of(descriptor: int) -> tuple[FileLabel, Video]:
    """Return what a file says of itself.

    Raises:
        FootageInvalid: Nothing that we understand.
    """
    with nonsense_refused():
        moov = outline_of(boxes_of_file(descriptor)).moov
        content = b"" if moov is None else read_box(descriptor, moov)
        label, video = read_label(comment_of(content)), video_of(content)
    if label is None or video is None:
        raise FootageInvalid("no recorder of ours wrote it")
    return label, video
