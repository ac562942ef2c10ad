"""Clips whose packets are known, and what of them is in footage.

A packet is known by the hash of its pictures' coded units: cameras, RTP and MP4 wrap those in other
bytes, and repeat parameter sets, but change none of them.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
from av.video.stream import VideoStream

SIZE_WH, FPS, GOP_S = (320, 180), 25, 2
_SQUARE_PX = 20
_LENGTH_BYTES = 4
#: Packets that two files may hold both.
_MOST_TWICE = 4 * GOP_S * FPS


@dataclass(frozen=True, slots=True)
class Coding:
    """How a clip is coded.

    Attributes:
        encoder: FFmpeg's name of it.
        b_frames: How many stand between two others.
    """

    encoder: str
    b_frames: int = 0


def write_clip(path: Path, coding: Coding, *, seconds: int) -> Path:
    """Write a clip of which no picture comes twice, with a keyframe each two seconds."""
    rng = np.random.default_rng(11)
    gop = GOP_S * FPS
    options = f"keyint={gop}:min-keyint={gop}:scenecut=0:bframes={coding.b_frames}"
    name = "x265-params" if coding.encoder == "libx265" else "x264-params"
    more = ":open-gop=0:log-level=none" if coding.encoder == "libx265" else ""
    with av.open(path, "w") as container:
        stream = container.add_stream(coding.encoder, rate=FPS)
        assert isinstance(stream, VideoStream)
        stream.width, stream.height = SIZE_WH
        stream.pix_fmt = "yuv420p"
        stream.options = {"preset": "ultrafast", name: options + more}
        for _ in range(seconds * FPS):
            small = rng.integers(0, 256, (SIZE_WH[1] // _SQUARE_PX, SIZE_WH[0] // _SQUARE_PX, 3))
            picture = small.astype(np.uint8).repeat(_SQUARE_PX, axis=0).repeat(_SQUARE_PX, axis=1)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode(None))
    return path


def packets_of(path: Path) -> list[bytes]:
    """Return the hash of each packet of a file's video, in the order of decoding."""
    with av.open(path) as container:
        is_hevc = container.streams.video[0].codec_context.name == "hevc"
        return [
            _hash_of(bytes(packet), is_hevc=is_hevc)
            for packet in container.demux(video=0)
            if packet.size
        ]


def count_decoded(path: Path) -> int:
    """Return how many pictures decode of a file, of which not one may have an error.

    Raises:
        av.error.FFmpegError: One has.
    """
    with av.open(path) as container:
        container.streams.video[0].codec_context.options = {"err_detect": "explode"}
        return sum(1 for _ in container.decode(video=0))


def in_order(path: Path) -> tuple[str, int]:
    """Return what files of footage are ordered by: those that begin at one moment have numbers."""
    begun, _, number = path.stem.partition("Z")
    return f"{path.parent.name} {begun}", int(number.removeprefix("-") or 0)


def as_one(files: Sequence[Sequence[bytes]]) -> list[bytes]:
    """Return the packets of files that follow each other, those that two of them hold once.

    Who goes on after a kill begins with the GOP of what is not known to be safe: where a file's
    first packet stands in what came before, that is continued from there.
    """
    whole: list[bytes] = []
    for packets in files:
        # A round of the clip is longer than what two files may hold both.
        recent = max(0, len(whole) - _MOST_TWICE)
        if packets[0] in whole[recent:]:
            del whole[whole.index(packets[0], recent) :]
        whole += packets
    return whole


def missing_of(whole: Sequence[bytes], clip: Sequence[bytes]) -> int:
    """Return how many packets are not there of a clip that is shown again and again.

    Args:
        whole: What was recorded, in order.
        clip: The packets of one round, each of which is another.

    Raises:
        ValueError: One is none of the clip's.
    """
    place = {packet: number for number, packet in enumerate(clip)}
    numbers = [place.get(packet, -1) for packet in whole]
    if -1 in numbers:
        raise ValueError(f"packet {numbers.index(-1)} of {len(numbers)} is none of the clip's")
    steps = np.diff(numbers) % len(clip)
    # The same one again is a round less one that is missing: nothing is there twice.
    return int(((steps - 1) % len(clip)).sum())


def _hash_of(payload: bytes, *, is_hevc: bool) -> bytes:
    found = hashlib.blake2b(digest_size=16)
    for unit in _units_of(payload):
        kind = unit[0] >> 1 & 0x3F if is_hevc else unit[0] & 0x1F
        # Slices alone (ITU-T H.264, table 7-1; H.265, table 7-1).
        if kind < 32 if is_hevc else 1 <= kind <= 5:
            found.update(unit)
    return found.digest()


def _units_of(payload: bytes) -> Iterator[bytes]:
    at = 0
    while at + _LENGTH_BYTES < len(payload):
        length = int.from_bytes(payload[at : at + _LENGTH_BYTES], "big")
        yield payload[at + _LENGTH_BYTES : at + _LENGTH_BYTES + length]
        at += _LENGTH_BYTES + length
