"""A clip that is exact to the frame: encoded anew from the first frame that was asked for on.

All of it is. To encode the first GOP alone would put two kinds of H.264 into one track, each with
parameters of its own, which FFmpeg does not write and not every player reads.
"""

from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer
from av.error import FFmpegError
from av.video.stream import VideoStream

from recorder.exports.clip import describe, translated
from recorder.exports.copying import Clip
from recorder.exports.spans import Span
from vigil.clock import MICROSECONDS

#: As good as the eye sees, at the speed of a few cameras.
_ENCODER = {"crf": "20", "preset": "veryfast"}
#: Frames between two words on how much is done.
_SAY_EVERY = 25


def encode_exactly(
    copied: Clip,
    path: Path,
    asked: Span,
    *,
    title: str,
    say: Callable[[float], None] = lambda _: None,
) -> Clip | None:
    """Write the frames of a clip that were captured within a time, and no other; None: none was.

    Args:
        copied: A clip that was made for that time, by stream copy.
        path: Of the new file.
        asked: The time.
        title: What players show.
        say: Is told the share that is done, now and then; may raise to end it.

    Raises:
        FootageInvalid: The clip cannot be decoded.
        VolumeUnavailable: The disk is full.
    """
    begun_us = max(asked.begun_us, copied.spans[0].begun_us)
    ended_us = min(asked.ended_us, copied.spans[-1].ended_us)
    try:
        with (
            av.open(copied.path) as source,
            av.open(path, "w", format="mp4", options={"movflags": "+faststart"}) as output,
        ):
            describe(output, title=title, begun_us=begun_us)
            count = _Encoding(source, output, copied, asked).run(say)
    except FFmpegError as error:
        raise translated(path, error) from error
    if not count:
        return None
    spans = [
        Span(max(each.begun_us, begun_us), min(each.ended_us, ended_us)) for each in copied.spans
    ]
    return Clip(path, copied.tracks, [each for each in spans if each.begun_us < each.ended_us])


class _Encoding:
    def __init__(
        self, source: InputContainer, output: OutputContainer, copied: Clip, asked: Span
    ) -> None:
        self._source, self._output = source, output
        self._video, self._sounds = source.streams.video[0], source.streams.audio
        base = self._video.time_base or Fraction(1)
        self._tick = base
        begin = self._video.start_time or 0
        end = begin + (self._video.duration or 0)
        tick_us = base * MICROSECONDS
        # Of the first span times count from its begin, of the last to its end: gaps are closed up.
        self._first_pts = begin + -(-(asked.begun_us - copied.spans[0].begun_us) // tick_us)
        self._last_pts = end - (copied.spans[-1].ended_us - asked.ended_us) // tick_us
        self._end = end
        #: Sound that came, and is not written yet.
        self._early: list[tuple[av.Packet[Any], AudioStream]] = []

    def run(self, say: Callable[[float], None]) -> int:
        """Return how many frames were written."""
        encoder = self._encoder()
        sounds = {
            each.index: self._output.add_stream_from_template(each, opaque=True)
            for each in self._sounds
        }
        count, origin = 0, None
        for packet in self._source.demux([self._video, *self._sounds]):
            if packet.stream_index != self._video.index:
                self._early.append((packet, sounds[packet.stream_index]))
                self._add_sounds(origin)
                continue
            for frame in self._frames(packet):
                assert frame.pts is not None
                origin = frame.pts if origin is None else origin
                if count % _SAY_EVERY == 0:
                    say(min(1.0, (frame.pts - origin) / max(1, self._end - origin)))
                frame.pts -= origin
                frame.pict_type = av.video.frame.PictureType.NONE
                self._output.mux(encoder.encode(frame))
                count += 1
        self._output.mux(encoder.encode(None))
        return count

    def _add_sounds(self, origin: int | None) -> None:
        """Write the sound that has come, from the first frame on; before it is known, none."""
        if origin is None:
            return
        early, self._early = self._early, []
        for packet, made in early:
            if packet.pts is None or packet.dts is None or packet.time_base is None:
                continue
            begun = round(origin * self._tick / packet.time_base)
            if begun <= packet.dts and packet.pts * packet.time_base < self._last_pts * self._tick:
                packet.dts, packet.pts = packet.dts - begun, packet.pts - begun
                packet.stream = made
                self._output.mux_one(packet)

    def _frames(self, packet: "av.Packet[Any]") -> Iterator[av.VideoFrame]:
        for frame in packet.decode():
            assert isinstance(frame, av.VideoFrame)
            if frame.pts is not None and self._first_pts <= frame.pts < self._last_pts:
                yield frame

    def _encoder(self) -> VideoStream:
        made = self._output.add_stream("libx264", rate=self._video.average_rate, options=_ENCODER)
        assert isinstance(made, VideoStream)
        context = self._video.codec_context
        made.width, made.height, made.pix_fmt = context.width, context.height, "yuv420p"
        made.codec_context.time_base = self._tick
        made.codec_context.color_range = context.color_range
        return made
