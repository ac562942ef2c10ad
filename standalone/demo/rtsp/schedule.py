"""When which unit of a file is due, round after round. Pure functions."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from standalone.demo.rtsp.media import AccessUnit, Media


@dataclass(frozen=True, slots=True)
class Cue:
    """A unit, and when to send it.

    Attributes:
        due_s: Seconds after playing began.
        track: Its number in the media.
        stamp: Its pts in ticks of the track's clock after playing began. It rises across rounds.
    """

    due_s: float
    track: int
    unit: AccessUnit
    stamp: int


def cues(media: Media, begin_s: Fraction) -> Iterator[Cue]:
    """Yield what is due from a moment of the file on, for ever.

    Args:
        media: The file.
        begin_s: Seconds of the file's own time at which playing begins; see last_key_s.
    """
    order = sorted(
        (
            (Fraction(unit.dts, track.format.clock_hz), number, unit)
            for number, track in enumerate(media.tracks)
            for unit in track.units
        ),
        key=lambda entry: entry[:2],
    )
    # In the first round, what lies before the beginning is over already.
    coming = [entry for entry in order if entry[0] >= begin_s]
    round_begins_s = -begin_s
    while True:
        for dts_s, number, unit in coming:
            clock_hz = media.tracks[number].format.clock_hz
            stamp = unit.pts + round(round_begins_s * clock_hz)
            yield Cue(float(round_begins_s + dts_s), number, unit, stamp)
        coming = order
        round_begins_s += media.span_s


def last_key_s(media: Media, at_s: float) -> Fraction:
    """Return the dts in seconds of the last keyframe of the video at or before a moment.

    Args:
        media: The file.
        at_s: Seconds since the first round began; any number of rounds may have passed.
    """
    video = media.tracks[0]
    at = at_s % float(media.span_s)
    keys = [Fraction(unit.dts, video.format.clock_hz) for unit in video.units if unit.is_key]
    return max((key for key in keys if key <= at), default=keys[0])
