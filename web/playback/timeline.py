"""Which parts of which files show a span of time, each moment once. Pure."""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple, TypeAlias

from vigil.clock import MICROSECONDS
from vigil.mp4.index import GopIndex

#: The place of a packet in the packet log, by which packets are told from each other.
Entry: TypeAlias = tuple[int, int]

#: A piece ends with the first GOP that makes it so long: a player reads no less to show a moment,
#: and a playlist of a day has thousands of them.
PIECE_S = 6.0
#: What a capture time in a file may be off by, seen from the file's beginning: capture times are
#: slewed at most so fast, and rounded.
_SLEW, _ROUNDED_US = 500e-6, 1000


@dataclass(frozen=True, slots=True)
class RecordedFile:
    """A file of footage. Moments are UTC in microseconds since 1970.

    Attributes:
        begun_us: When its first picture was captured.
        first, last: Its first packet and its last; last is None while that is not known.
        grows: Whether it is being recorded.
    """

    segment_id: int
    begun_us: int
    first: Entry
    last: Entry | None
    grows: bool
    gops: GopIndex

    def at_us(self, shown: int) -> int:
        """Return when what is shown at a time of the file was captured."""
        return self.begun_us + (shown - self.gops.shown[0]) * MICROSECONDS // self.gops.scale

    def shown_at(self, at_us: int) -> float:
        """Return at which time of the file that is shown which was captured at a moment."""
        return self.gops.shown[0] + (at_us - self.begun_us) * self.gops.scale / MICROSECONDS

    @property
    def end(self) -> int:
        """The file's time at which its last picture ends."""
        return max(self.gops.shown[0] + self.gops.length, self.gops.shown[-1] + 1)

    @property
    def ended_us(self) -> int:
        """When its last picture ended."""
        return self.at_us(self.end)


class Piece(NamedTuple):
    """A part of a file that begins with a keyframe and plays alone, behind the file's head.

    Attributes:
        begun_us: When its first picture was captured.
        length_us: How long it plays.
        place, size_bytes: Where it lies.
        head_bytes: How long the file's head is.
    """

    segment_id: int
    begun_us: int
    length_us: int
    place: int
    size_bytes: int
    head_bytes: int


def pieces_of(
    files: Sequence[RecordedFile], *, since_us: int, until_us: int, is_over: bool
) -> Iterator[Piece]:
    """Yield what shows a span of time, in the order in which it was captured.

    Args:
        files: Of one camera, in any order.
        since_us: Where the span begins. Pieces that it cuts are whole.
        until_us: Where it ends.
        is_over: Whether nothing is to be added later: then what a growing file has by now is given
            to its end, else up to the last piece that will never change.
    """
    for file, count in once_each(files):
        for piece, is_last in _pieces_in(file, count):
            if is_last and file.grows and not is_over:
                continue
            if piece.begun_us < until_us and piece.begun_us + piece.length_us > since_us:
                yield piece


def once_each(files: Sequence[RecordedFile]) -> list[tuple[RecordedFile, int]]:
    """Return of which files how many GOPs are shown, so that no packet is shown twice.

    Files overlap where a recorder died and another began again at the keyframe before: the later
    one's first packet ends the earlier one, and one that is all within another is left out.
    """
    shown: list[RecordedFile] = []
    for file in sorted(files, key=_place_of):
        if not shown or not _is_within(file, shown[-1]):
            shown.append(file)
    counts = [
        _gops_before(file, following) if file.last is None or following.first <= file.last else None
        for file, following in pairwise(shown)
    ]
    whole = (len(file.gops.places) for file in shown)
    return [
        (file, all_of_it if count is None else count)
        for file, all_of_it, count in zip(shown, whole, [*counts, None], strict=False)
    ]


def _place_of(file: RecordedFile) -> tuple[Entry, int]:
    """Return what files are ordered by: of those with one first packet the longest comes first."""
    return file.first, -file.ended_us


def _is_within(file: RecordedFile, other: RecordedFile) -> bool:
    """Return whether all of a file is in another one that does not begin after it."""
    if file.last is not None and other.last is not None:
        return file.last <= other.last
    # Of one that goes on, and of one that was never said to have ended: by what is there.
    return file.ended_us <= other.ended_us


def _gops_before(file: RecordedFile, following: RecordedFile) -> int:
    """Return how many GOPs of a file come before another file's first packet, a keyframe.

    Both have that keyframe, captured at the same time; where it is in the first file is known as
    well as the slew of capture times allows.
    """
    shown, wanted = file.gops.shown, file.shown_at(following.begun_us)
    count = bisect_left(shown, wanted)
    slack_us = abs(following.begun_us - file.begun_us) * _SLEW + _ROUNDED_US
    if count and wanted - shown[count - 1] <= slack_us * file.gops.scale / MICROSECONDS:
        is_nearer = count == len(shown) or wanted - shown[count - 1] <= shown[count] - wanted
        return count - 1 if is_nearer else count
    return count


def _pieces_in(file: RecordedFile, count: int) -> Iterator[tuple[Piece, bool]]:
    """Yield the pieces of a file's first count GOPs, and whether each is what is left at the end.

    Where they begin depends on nothing but the file's GOPs: a file that grows keeps its pieces.
    """
    gops, shown, places = file.gops, file.gops.shown, file.gops.places
    is_whole = count == len(places)
    end, ends_at = (gops.end, file.end) if is_whole else (places[count], shown[count])
    least = round(PIECE_S * gops.scale)
    number, begun_us = 0, file.begun_us
    while number < count:
        following = bisect_left(shown, shown[number] + least, number + 1)
        is_last = following >= count
        ended_us = file.at_us(ends_at if is_last else shown[following])
        place, place_end = places[number], end if is_last else places[following]
        length_us, size_bytes = ended_us - begun_us, place_end - place
        yield (
            Piece(file.segment_id, begun_us, length_us, place, size_bytes, gops.head_bytes),
            is_last,
        )
        number, begun_us = following, ended_us
