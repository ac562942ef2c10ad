"""A clip's video as a plain file of access units, for a process that has no PyAV."""

import struct
from pathlib import Path
from typing import Any

from standalone.demo.rtsp.media import VideoFormat, load

_NANOSECONDS = 1_000_000_000
_START_CODE = b"\0\0\0\1"


def dump_units(clip: Path, target: Path) -> dict[str, Any]:
    """Write the video's units, each as pts and dts in ns, its size, and its bytes by Annex B.

    Returns:
        ``codec``, and ``span_ns``: how long one round of the clip takes.
    """
    media = load(clip)
    track = media.tracks[0]
    assert isinstance(track.format, VideoFormat)
    scale = _NANOSECONDS / track.format.clock_hz
    # GStreamer knows no times below zero, which B-frames bring.
    lead = -min(unit.dts for unit in track.units)
    with target.open("wb") as file:
        for unit in track.units:
            stream = b"".join(_START_CODE + part for part in unit.parts)
            times = (round((unit.pts + lead) * scale), round((unit.dts + lead) * scale))
            file.write(struct.pack(">qqI", *times, len(stream)) + stream)
    return {"codec": str(track.format.codec), "span_ns": round(media.span_s * _NANOSECONDS)}
