"""Durable facts: what services tell web's writer. Each is filed once, however often it is told.

The documents are versioned like all others. A fact says everything that is known of its subject,
and has a revision: the writer keeps the newest, in whatever order they come.
"""

import json
from collections.abc import Mapping
from enum import StrEnum
from typing import Final, Literal, Self
from uuid import UUID

from pydantic import Field, model_validator

from vigil.domain.camera import CameraId, Epoch
from vigil.errors import MessageInvalid
from vigil.exports import EXPORT_PATH_PATTERN, MAX_GAPS, ExportState
from vigil.messages import ENTRY_PATTERN, FOOTAGE_PATH_PATTERN, Document, GapReason, decode

#: Corners ``x_min, y_min, x_max, y_max`` in pixels of the full frame.
Box = tuple[float, float, float, float]
#: So many crossings of a track stand in one of its facts.
MAX_CROSSINGS = 50
#: About so many cameras a check asks at once.
MAX_ASKED_CAMERAS = 20_000


class Direction(StrEnum):
    """Which way somebody crossed a line; see `vigil.camera_document.Line`."""

    IN = "in"
    OUT = "out"


class LineCrossing(Document):
    """That a track crossed a line.

    Attributes:
        line: The line's id.
        name: The line's, as it was then.
        at_us: Capture time of the first frame in which it was beyond the line.
        label: What it was called then.
    """

    line: int = Field(ge=1, lt=2**63)
    name: str = Field(default="", max_length=100)
    direction: Direction
    at_us: int = Field(ge=0, lt=2**53)
    label: str = Field(min_length=1, max_length=100)


class TrackFact(Document):
    """An object that a camera saw for some time: told when it opens, while it goes on, at its end.

    Attributes:
        epoch: Of the recognition lease under which it was seen.
        track: Its identity: unique within camera and epoch, at least 1.
        revision: Grows with each fact of the track.
        label: What it is.
        confidence: The greatest so far.
        opened_us, seen_us: UTC in microseconds since 1970: the captures of the first and of the
            last frame in which it was seen.
        closed_us: When it was given up; None while it goes on.
        looks: In how many frames it was seen.
        first_box, last_box: Where it was first, and last.
        zones: Names of the zones in which it counted.
        crossings: Of lines, the newest ``MAX_CROSSINGS``. Each is told when it happens.
    """

    kind: Literal["track"] = "track"
    version: Literal[1] = 1
    camera_id: CameraId = Field(ge=1)
    epoch: Epoch = Field(ge=1)
    track: int = Field(ge=1, lt=2**63)
    revision: int = Field(ge=1, lt=2**63)
    label: str = Field(min_length=1, max_length=100)
    confidence: float = Field(ge=0, le=1)
    opened_us: int = Field(ge=0, lt=2**53)
    seen_us: int = Field(ge=0, lt=2**53)
    closed_us: int | None = Field(default=None, ge=0, lt=2**53)
    looks: int = Field(ge=1, lt=2**63)
    first_box: Box
    last_box: Box
    zones: tuple[str, ...] = ()
    crossings: tuple[LineCrossing, ...] = Field(default=(), max_length=MAX_CROSSINGS)


class _FootageFile(Document):
    """What names a file of footage: its camera's, and no other's."""

    camera_id: CameraId = Field(ge=1)
    volume: UUID
    path: str = Field(pattern=FOOTAGE_PATH_PATTERN)

    @model_validator(mode="after")
    def _is_its_cameras(self) -> Self:
        # Else a fact of one camera could give away the footage of another.
        if not self.path.startswith(f"{self.camera_id}/"):
            raise ValueError(f"path must begin with {self.camera_id}/")
        return self


class SegmentFact(_FootageFile):
    """A file of footage: told when it is begun, and when it is done.

    Attributes:
        epoch: Of the recording lease under which it was told.
        volume, path: Which file: the volume's UUID, and the path within it.
        revision: Grows with each fact of the file.
        begun_us, ended_us: UTC in microseconds since 1970: the capture of its first picture, and
            the end of its last; ended_us is None while it grows.
        first_entry, last_entry: Its first packet, and its last, by their places in the packet log;
            where two files overlap, the later one's first ends the earlier.
        size_bytes: Of the file; 0 while it grows.
        codec: FFmpeg's name of its video.
        width_px, height_px: Of its video.
    """

    kind: Literal["segment"] = "segment"
    version: Literal[1] = 1
    epoch: Epoch = Field(ge=1)
    revision: int = Field(ge=1, lt=2**63)
    begun_us: int = Field(ge=0, lt=2**53)
    ended_us: int | None = Field(default=None, ge=0, lt=2**53)
    first_entry: str = Field(pattern=ENTRY_PATTERN)
    last_entry: str | None = Field(default=None, pattern=ENTRY_PATTERN)
    size_bytes: int = Field(default=0, ge=0, lt=2**63)
    codec: str = Field(min_length=1, max_length=40)
    width_px: int = Field(ge=1, le=65_535)
    height_px: int = Field(ge=1, le=65_535)


class SegmentDeleted(_FootageFile):
    """That a file of footage is gone.

    Attributes:
        volume, path: Which file; see `SegmentFact`.
    """

    kind: Literal["segment_deleted"] = "segment_deleted"
    version: Literal[1] = 1


class GapFact(Document):
    """That a camera has no footage of some time.

    Attributes:
        epoch: Of the recording lease under which it was told.
        begun_us, ended_us: UTC in microseconds since 1970.
    """

    kind: Literal["gap"] = "gap"
    version: Literal[1] = 1
    camera_id: CameraId = Field(ge=1)
    epoch: Epoch = Field(ge=1)
    begun_us: int = Field(ge=0, lt=2**53)
    ended_us: int = Field(ge=0, lt=2**53)
    reason: GapReason


class FootageCheckAsked(Document):
    """That a recorder wants to know which footage of its volume is filed, to compare it.

    It travels with facts so that it is behind those that its recorder told before. The answer is
    a `vigil.known_footage.KnownFootage`; one that does not come is asked for again.

    Attributes:
        volume: The volume's UUID.
        check: Which check asks. Each has a name of its own.
        number: Of the question within the check.
        from_camera, from_us: Where the answer shall begin: with files of that camera that begin
            then (UTC in microseconds since 1970), or later; those of greater numbers follow.
        camera_ids: Of which cameras the volume has folders.
    """

    kind: Literal["footage_check_asked"] = "footage_check_asked"
    version: Literal[1] = 1
    volume: UUID
    check: UUID
    number: int = Field(ge=1, lt=2**53)
    from_camera: int = Field(ge=0, lt=2**63)
    from_us: int = Field(ge=0, lt=2**53)
    camera_ids: tuple[int, ...] = Field(default=(), max_length=MAX_ASKED_CAMERAS)


class ExportGap(Document):
    """A time of which an export has nothing of a camera: UTC in microseconds since 1970."""

    camera_id: CameraId = Field(ge=1)
    begun_us: int = Field(ge=0, lt=2**53)
    ended_us: int = Field(ge=0, lt=2**53)


class ExportResult(Document):
    """The file that an export made.

    Attributes:
        volume, path: Which file: the volume's UUID, and the path within it.
        begun_us, ended_us: Of which time it really is: UTC in microseconds since 1970.
        gaps: What is missing of what was asked for, the first ``MAX_GAPS``.
        expires_us: When the file goes.
    """

    volume: UUID
    path: str = Field(pattern=EXPORT_PATH_PATTERN)
    size_bytes: int = Field(ge=1, lt=2**63)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    begun_us: int = Field(ge=0, lt=2**53)
    ended_us: int = Field(ge=0, lt=2**53)
    gaps: tuple[ExportGap, ...] = Field(default=(), max_length=MAX_GAPS)
    expires_us: int = Field(ge=0, lt=2**53)


class ExportFact(Document):
    """How far an export is. What ended stays ended, whatever is told behind that.

    Attributes:
        export: Which.
        progress: The share that is done.
        reason: Why it failed, in words for who asked; None: it did not.
        result: Of one that is done.
    """

    kind: Literal["export"] = "export"
    version: Literal[1] = 1
    export: UUID
    state: ExportState
    progress: float = Field(default=0.0, ge=0, le=1)
    reason: str | None = Field(default=None, max_length=1000)
    result: ExportResult | None = None

    @model_validator(mode="after")
    def _is_done_with_a_result(self) -> Self:
        if (self.state is ExportState.DONE) != (self.result is not None):
            raise ValueError("what is done has a result, and nothing else has")
        return self


Fact = TrackFact | ExportFact | SegmentFact | SegmentDeleted | GapFact | FootageCheckAsked

#: Every kind of fact, by the name that it bears.
KINDS: Final[Mapping[str, type[Fact]]] = {
    "track": TrackFact,
    "segment": SegmentFact,
    "segment_deleted": SegmentDeleted,
    "gap": GapFact,
    "footage_check_asked": FootageCheckAsked,
    "export": ExportFact,
}


def decode_fact(raw: bytes) -> Fact:
    """Return the fact that raw holds.

    Raises:
        MessageInvalid: raw is none, or of a kind or version that we do not know.
    """
    try:
        said = json.loads(raw)
        kind = said.get("kind") if isinstance(said, dict) else None
    except (ValueError, RecursionError):
        raise MessageInvalid("a fact that is no JSON") from None
    if not isinstance(kind, str) or kind not in KINDS:
        raise MessageInvalid(f"a fact of no kind that is known ({', '.join(KINDS)})")
    return decode(KINDS[kind], raw)
