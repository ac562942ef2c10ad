"""One MP4 in the making: packets of footage, copied as they are, with the index at its beginning.

Room for the index is left before the first packet, so that the file is written once and plays
while it is still being fetched.
"""

import os
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
from av.container import OutputContainer
from av.error import FFmpegError

from vigil.clock import utc_from_us
from vigil.errors import FootageInvalid, VolumeUnavailable
from vigil.media.template import MediaStream

#: What the index takes at most: of a packet (its size, times, place, and that it is a keyframe),
#: and of all else.
_INDEX_BYTES_A_PACKET, _INDEX_BYTES = 44, 64 * 2**10
_MAX_INDEX_BYTES = 2**31 - 1
#: By how much a clip may be shorter or longer than its packets say.
_LENGTH_WITHIN_S = 0.5


class ClipMuxer:
    """Writes packets of one camera into a file.

    Args:
        path: The file; what is there is replaced.
        streams: What it is to hold, as the footage has them, the video first.
        samples: So many packets it will have at most.
        begun_us: When its first picture was captured: UTC in microseconds since 1970.
        title: What players show.

    Raises:
        VolumeUnavailable: The disk does not take it.
        FootageInvalid: MP4 does not.
    """

    def __init__(
        self,
        path: Path,
        streams: Sequence[MediaStream],
        *,
        samples: int,
        begun_us: int,
        title: str,
    ) -> None:
        self.path = path
        self.counts = [0] * len(streams)
        self._time_bases = [each.time_base or Fraction(1) for each in streams]
        #: In ticks of each: the greatest dts so far, and where the stream ends.
        self._last_dts: list[int | None] = [None] * len(streams)
        self._ends = [0] * len(streams)
        index_bytes = _INDEX_BYTES + _INDEX_BYTES_A_PACKET * samples
        if index_bytes > _MAX_INDEX_BYTES:
            raise FootageInvalid(f"{samples} packets are too many for one MP4: ask for less")
        options = {"moov_size": str(index_bytes)}
        try:
            self._output = av.open(path, "w", format="mp4", options=options)
            describe(self._output, title=title, begun_us=begun_us)
            self._outputs = [
                self._output.add_stream_from_template(each, opaque=True) for each in streams
            ]
        except FFmpegError as error:
            raise translated(path, error) from error

    def add(self, packet: "av.Packet[Any]", track: int, *, offset: int) -> tuple[int, int] | None:
        """Take a packet, unless its time was written already; return when it is now.

        Args:
            packet: In the order of decoding. It is changed.
            track: Which stream's.
            offset: What is added to its times, in its own ticks.

        Returns:
            dts and pts; None: it was left out.

        Raises:
            VolumeUnavailable, FootageInvalid: As above.
        """
        assert packet.dts is not None
        assert packet.pts is not None
        dts, pts, last = packet.dts + offset, packet.pts + offset, self._last_dts[track]
        if dts < 0 or (last is not None and dts <= last):
            return None
        self._last_dts[track] = dts
        self._ends[track] = max(self._ends[track], pts + (packet.duration or 0))
        packet.dts, packet.pts = dts, pts
        packet.stream = self._outputs[track]
        try:
            self._output.mux_one(packet)
        except FFmpegError as error:
            raise translated(self.path, error) from error
        self.counts[track] += 1
        return dts, pts

    @property
    def length_s(self) -> float:
        """How long its video plays."""
        return float(self._ends[0] * self._time_bases[0])

    def close(self) -> None:
        """Complete the file. What makes it survive a power cut is ``sync_file``.

        Raises:
            VolumeUnavailable, FootageInvalid: As above; or the file is not what was written to it.
        """
        try:
            self._output.close()
        except FFmpegError as error:
            raise translated(self.path, error) from error
        self._verify()

    def abandon(self) -> None:
        """Let go of the file, which is none."""
        try:
            self._output.close()
        except FFmpegError:
            # Its index does not fit on the disk either; the file goes anyway.
            return

    def _verify(self) -> None:
        """Compare the file's index with what was written."""
        try:
            with av.open(self.path) as found:
                counts = [each.frames for each in (*found.streams.video, *found.streams.audio)]
                length_s = (found.duration or 0) / av.time_base
        except FFmpegError as error:
            raise translated(self.path, error) from error
        if counts != self.counts or abs(length_s - self._longest_s()) > _LENGTH_WITHIN_S:
            raise FootageInvalid(
                f"{self.path.name} holds {counts} packets of {length_s:.2f} s, and "
                f"{self.counts} of {self._longest_s():.2f} s were written"
            )

    def _longest_s(self) -> float:
        return max(
            float(end * base) for end, base in zip(self._ends, self._time_bases, strict=True)
        )


def sync_file(path: Path) -> None:
    """Make what was written to a file survive a power cut.

    Raises:
        VolumeUnavailable: The disk does not take it.
    """
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise VolumeUnavailable(f"{path.name}: {error.strerror}") from error


def describe(output: OutputContainer, *, title: str, begun_us: int) -> None:
    """Say in a file what it is, and when its first picture was captured."""
    # As FFmpeg reads it.
    begun = utc_from_us(begun_us).isoformat().replace("+00:00", "Z")
    output.metadata.update({"title": title, "creation_time": begun})


def translated(path: Path, error: FFmpegError) -> VolumeUnavailable | FootageInvalid:
    """Return our word for what FFmpeg says of a file that is written."""
    if isinstance(error, OSError):
        return VolumeUnavailable(f"{path.name}: {error.strerror}")
    return FootageInvalid(f"{path.name}: {error.strerror}")
