"""Footage that a recorder wrote, and clips that are made of it."""

from pathlib import Path

import av

from recorder.exports.copying import Clip, Source, StreamCopy
from recorder.exports.selection import files_within
from recorder.exports.spans import Span
from tests.footage import BEGAN_US
from tests.recorder.studio import CAMERA, Studio
from vigil.clock import MICROSECONDS

ALL = (-3600.0, 3600.0)


def span(since_s: float, until_s: float) -> Span:
    """Return a time, in seconds of the clip that was sent."""
    return Span(BEGAN_US + round(since_s * MICROSECONDS), BEGAN_US + round(until_s * MICROSECONDS))


def source_of(studio: Studio, since_s: float, until_s: float) -> Source:
    asked = span(since_s, until_s)
    files = list(files_within(studio.volume, CAMERA, asked))
    return Source(files, asked.begun_us, asked.ended_us, "Yard")


def copied(
    studio: Studio, folder: Path, since_s: float = ALL[0], until_s: float = ALL[1]
) -> list[Clip]:
    source = source_of(studio, since_s, until_s)
    return list(StreamCopy(source, path_of=lambda n: folder / f"clip-{n}.mp4").run())


def seconds(clip: Clip) -> list[tuple[float, float]]:
    """Return of which times a clip is, in seconds of what was sent."""
    return [
        (
            round((each.begun_us - BEGAN_US) / MICROSECONDS, 3),
            round((each.ended_us - BEGAN_US) / MICROSECONDS, 3),
        )
        for each in clip.spans
    ]


def times_of(path: Path) -> list[float]:
    """Return when each picture is shown, in the order in which they are."""
    with av.open(path) as container:
        return sorted(
            float(packet.pts * packet.time_base)
            for packet in container.demux(video=0)
            if packet.pts is not None and packet.time_base is not None
        )
