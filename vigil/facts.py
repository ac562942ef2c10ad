"""Durable facts: what services tell web's writer. Each is filed once, however often it is told.

The documents are versioned like all others. A fact says everything that is known of its subject,
and has a revision: the writer keeps the newest, in whatever order they come.
"""

import json
from enum import StrEnum
from typing import Final, Literal

from pydantic import Field

from vigil.domain.camera import CameraId, Epoch
from vigil.errors import MessageInvalid
from vigil.messages import Document, decode

#: Corners ``x_min, y_min, x_max, y_max`` in pixels of the full frame.
Box = tuple[float, float, float, float]
#: So many crossings of a track stand in one of its facts.
MAX_CROSSINGS = 50


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


#: Every kind of fact, by the name that it bears.
KINDS: Final = {"track": TrackFact}


def decode_fact(raw: bytes) -> TrackFact:
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
