"""Footage of some time as clips, by stream copy: nothing is decoded."""

import zlib
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import av
from av.container import InputContainer

from recorder.exports.clip import ClipMuxer
from recorder.exports.footage_file import (
    FootageFile,
    Track,
    opened,
    packets_of,
    streams_of,
    tracks_of,
)
from recorder.exports.joining import Keyframe, Written
from recorder.exports.spans import Span
from vigil.clock import MICROSECONDS, utc_from_us
from vigil.errors import FootageInvalid

#: Packets between two words on how much is done.
_SAY_EVERY = 2000


@dataclass(frozen=True, slots=True)
class Source:
    """What to copy.

    Attributes:
        files: In their order.
        since_us, until_us: From the keyframe at or before, or the first there is; and until. UTC
            in microseconds since 1970.
        title: Of the clips.
    """

    files: Sequence[FootageFile]
    since_us: int
    until_us: int
    title: str

    @property
    def samples(self) -> int:
        """How many packets there are at most."""
        return sum(each.samples for each in self.files)


@dataclass(slots=True)
class Clip:
    """A file that was made.

    Attributes:
        path: Where it is.
        tracks: What it holds.
        spans: Of which times it is; what lies between is closed up.
    """

    path: Path
    tracks: Sequence[Track]
    spans: list[Span] = field(default_factory=list)


@dataclass(slots=True)
class _Making:
    """A clip in the making."""

    clip: Clip
    muxer: ClipMuxer
    written: Written
    begun_us: int

    def end_span(self) -> None:
        self.clip.spans.append(Span(self.begun_us, self.written.ended_us))

    def close(self) -> Clip:
        self.end_span()
        self.muxer.close()
        return self.clip


class StreamCopy:
    """Copies footage into clips. Another one begins where codec or size change.

    Args:
        source: What to copy.
        path_of: Gives the path of the first clip, the second, and so on.
        is_one: Whether there may be no second.
        say: Is told the share that is done, now and then; may raise to end it.
    """

    def __init__(
        self,
        source: Source,
        *,
        path_of: Callable[[int], Path],
        is_one: bool = False,
        say: Callable[[float], None] = lambda _: None,
    ) -> None:
        self._source, self._path_of, self._is_one, self._say = source, path_of, is_one, say
        self._clips: list[Clip] = []
        #: The clip in the making; None: none is.
        self.making: _Making | None = None
        self._taken = 0

    def run(self) -> Sequence[Clip]:
        """Return the clips that were made; none, where there is no footage.

        Raises:
            FootageInvalid: A file of footage, or a clip, is not what it should be; or it takes two.
            VolumeUnavailable: The disk cannot be read, or is full. Unfinished clips stay.
        """
        try:
            for file in self._source.files:
                # Who deletes it meanwhile makes a gap, as any other.
                with suppress(FileNotFoundError):
                    self._copy(file)
            self._end_clip()
        finally:
            if self.making is not None:
                self.making.muxer.abandon()
        return self._clips

    def _copy(self, file: FootageFile) -> None:
        is_first = self.making is None and not self._clips
        start_dts = _start_in(file, self._source.since_us) if is_first else None
        with opened(file) as container:
            tracks = tracks_of(container)
            making = self.making
            if making is not None and making.clip.tracks != tracks:
                self._end_clip()
            _Reading(self, file, container, tracks).copy(start_dts)

    def _end_clip(self) -> None:
        making, self.making = self.making, None
        if making is not None:
            self._clips.append(making.close())

    def begun(self, container: InputContainer, tracks: Sequence[Track], begun_us: int) -> _Making:
        """Return the clip that goes on with a file, or begins with it."""
        if self.making is not None:
            return self.making
        if self._clips and self._is_one:
            before = self._clips[-1].tracks
            raise FootageInvalid(
                f"{self._source.title} changed from {_in_words(before)} to {_in_words(tracks)} at "
                f"{utc_from_us(begun_us):%Y-%m-%d %H:%M:%S} UTC, and one MP4 holds one of them: "
                f"export it until then and from then on, or as zip, which holds a file of each"
            )
        path = self._path_of(len(self._clips))
        muxer = ClipMuxer(
            path,
            streams_of(container),
            samples=self._source.samples,
            begun_us=begun_us,
            title=self._source.title,
        )
        written = Written(tracks[0].time_base)
        self.making = _Making(Clip(path, tracks), muxer, written, begun_us)
        return self.making

    def count(self) -> None:
        """Note that a packet was taken."""
        self._taken += 1
        if self._taken % _SAY_EVERY == 0:
            self._say(min(1.0, self._taken / max(1, self._source.samples)))

    @property
    def until_us(self) -> int:
        """When it ends."""
        return self._source.until_us


class _Reading:
    """One file, on its way into a clip."""

    def __init__(
        self,
        copy: StreamCopy,
        file: FootageFile,
        container: InputContainer,
        tracks: Sequence[Track],
    ) -> None:
        self._copy, self._file, self._container, self._tracks = copy, file, container, tracks
        #: A float counts them exactly enough: a file is an hour long at most.
        self._tick_us = float(tracks[0].time_base * MICROSECONDS)
        self._making: _Making | None = None
        #: What is added to the times of each track, in its own ticks.
        self._offsets: list[int] = []
        #: Sound that stands before the first picture.
        self._early: list[tuple[av.Packet[Any], int]] = []

    def copy(self, start_dts: int | None) -> None:
        streams = streams_of(self._container)
        tracks = {stream.index: number for number, stream in enumerate(streams)}
        first_pts: int | None = None
        late: list[tuple[av.Packet[Any], int]] = []
        for packet in packets_of(self._container, streams):
            track = tracks[packet.stream_index]
            assert packet.pts is not None
            assert packet.dts is not None
            if track:
                self._add_sound(packet, track)
                continue
            if first_pts is None:
                first_pts = packet.pts
            if start_dts is not None and packet.dts < start_dts:
                continue
            if self._captured_us(packet.dts - first_pts) >= self._copy.until_us:
                return
            late.append((packet, self._captured_us(packet.pts - first_pts)))
            # What is shown too late is kept where a picture that is not was made of it.
            if late[-1][1] < self._copy.until_us:
                for each in late:
                    self._add_picture(*each)
                late.clear()

    def _captured_us(self, ticks: int) -> int:
        return self._file.begun_us + round(ticks * self._tick_us)

    def _add_picture(self, packet: "av.Packet[Any]", captured_us: int) -> None:
        assert packet.pts is not None
        assert packet.dts is not None
        digest = _digest(packet) if packet.is_keyframe else 0
        if self._making is None:
            if not packet.is_keyframe:
                return
            self._join(Keyframe(captured_us, packet.dts, packet.pts, digest))
        making = self._making
        assert making is not None
        duration = packet.duration or 0
        is_keyframe = packet.is_keyframe
        placed = making.muxer.add(packet, 0, offset=self._offsets[0])
        if placed is None:
            return
        dts, pts = placed
        making.written.add(captured_us, dts=dts, pts=pts, duration=duration)
        if is_keyframe:
            making.written.add_keyframe(Keyframe(captured_us, dts, pts, digest))
        self._copy.count()

    def _add_sound(self, packet: "av.Packet[Any]", track: int) -> None:
        if self._making is None:
            self._early.append((packet, track))
        elif self._making.muxer.add(packet, track, offset=self._offsets[track]) is not None:
            self._copy.count()

    def _join(self, first: Keyframe) -> None:
        is_new = self._copy.making is None
        making = self._copy.begun(self._container, self._tracks, first.captured_us)
        if is_new:
            offset = -first.dts
        else:
            joint = making.written.join(first)
            offset = joint.offset
            if joint.gap_us:
                making.end_span()
                making.begun_us = first.captured_us
        self._making = making
        video_s = self._tracks[0].time_base
        self._offsets = [round(offset * video_s / each.time_base) for each in self._tracks]
        early, self._early = self._early, []
        for packet, track in early:
            self._add_sound(packet, track)


def _start_in(file: FootageFile, since_us: int) -> int | None:
    """Return the dts of the last keyframe that was captured at or before a time; None: the first.

    Raises:
        FileNotFoundError, FootageInvalid, VolumeUnavailable: As of `opened`.
    """
    first_pts, start_dts = None, None
    with opened(file) as container:
        video = streams_of(container)[:1]
        tick_us = float(tracks_of(container)[0].time_base * MICROSECONDS)
        for packet in packets_of(container, video):
            assert packet.pts is not None
            if first_pts is None:
                first_pts = packet.pts
            if not packet.is_keyframe:
                continue
            if file.begun_us + round((packet.pts - first_pts) * tick_us) > since_us:
                break
            start_dts = packet.dts
    return start_dts


def _digest(packet: "av.Packet[Any]") -> int:
    """Return by what a packet is known: its size, and a checksum of its bytes."""
    return packet.size << 32 | zlib.crc32(packet)


def _in_words(tracks: Sequence[Track]) -> str:
    return " and ".join(map(str, tracks))
