"""``python -m recorder.encoding.child``: encodes one camera's pictures, and may die of them.

What a camera sent is decoded here, and nowhere else in the recorder. The process has no secrets in
its environment, the lowest claim to the processor, bounded memory, and so much of the processor's
time for each picture: the kernel's alarm ends it even where native code does not come back.
"""

import io
import signal
import time
from fractions import Fraction

import av
from av.error import FFmpegError
from av.video.codeccontext import VideoCodecContext
from av.video.frame import PictureType, VideoFrame
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc
from av.video.stream import VideoStream

from recorder.encoding.wire import (
    Answer,
    Encoded,
    Refused,
    receive_question,
    say_ready,
    send_answer,
)
from vigil.child import become_child
from vigil.errors import FrameInvalid
from vigil.media.bounds import MAX_PIXELS, require_size

#: Seconds of the processor for one picture.
PICTURE_CPU_S = 10.0
#: The largest picture that we take needs half of it.
_MOST_MEMORY_BYTES = 3 * 2**30
_NICENESS = 10
#: A third less work than "veryfast", and files a tenth larger (ADR 0024).
_PRESET, _CRF = "superfast", "23"
#: Who asks says when a keyframe is due.
_NO_KEYFRAME = 2**30
#: Times are the packets': the encoder only needs some that grow.
_RATE = 25


def main() -> int:
    """Answer what is asked at standard input, which is a socket, until it ends."""
    with become_child(most_memory_bytes=_MOST_MEMORY_BYTES, niceness=_NICENESS) as asker:
        pictures = PictureEncoding()
        try:
            say_ready(asker)
            while True:
                question = receive_question(asker)
                signal.setitimer(signal.ITIMER_PROF, PICTURE_CPU_S)
                answer = pictures.encoded(question.jpeg, is_keyframe=question.is_keyframe)
                signal.setitimer(signal.ITIMER_PROF, 0)
                send_answer(asker, answer)
        except OSError:
            return 0


class PictureEncoding:
    """Makes H.264 of pictures, one packet of each, which needs none that follows."""

    def __init__(self) -> None:
        self._decoder = _decoder()
        self._encoder: _Encoder | None = None
        #: Whether one was asked for, and is not there yet.
        self._owes_keyframe = False

    def encoded(self, jpeg: bytes, *, is_keyframe: bool) -> Answer:
        """Return what becomes of a picture.

        Args:
            jpeg: As a camera sent it.
            is_keyframe: Whether it is to be one; the next is, where nothing becomes of this one.
        """
        begun_s = time.monotonic()
        self._owes_keyframe |= is_keyframe
        try:
            frame = self._decoded(jpeg)
            require_size(frame.width, frame.height)
        except (FFmpegError, ValueError) as error:
            self._decoder = _decoder()
            return Refused(f"it is no whole JPEG: {_words(error)}")
        except FrameInvalid as error:
            return Refused(f"the camera {error}")
        nut = b""
        try:
            if self._encoder is None or self._encoder.size_wh != _even(frame):
                self._encoder = _Encoder(frame)
                self._owes_keyframe = True
            packet = self._encoder.encode(frame, is_keyframe=self._owes_keyframe)
            if self._encoder.is_new:
                nut = self._encoder.template(packet)
        except (FFmpegError, ValueError) as error:
            self._encoder = None
            size = f"{frame.width}x{frame.height} pixels, {frame.format.name},"
            return Refused(f"one of {size} cannot be encoded: {_words(error)}")
        self._owes_keyframe = False
        return Encoded(bytes(packet), packet.is_keyframe, time.monotonic() - begun_s, nut)

    def _decoded(self, jpeg: bytes) -> VideoFrame:
        # To FFmpeg a packet without a payload is the end: it would take none behind it.
        frames = self._decoder.decode(av.Packet(jpeg)) if jpeg else []
        if not frames:
            raise ValueError("nothing is in it")
        return frames[0]


class _Encoder:
    """Encodes pictures of one size.

    Args:
        first: Their first.
    """

    def __init__(self, first: VideoFrame) -> None:
        self.size_wh = _even(first)
        self._nut = io.BytesIO()
        self._container = av.open(self._nut, "w", format="nut")
        stream = self._container.add_stream("libx264", rate=_RATE)
        assert isinstance(stream, VideoStream)
        stream.width, stream.height = self.size_wh
        stream.pix_fmt = "yuvj420p"
        context = stream.codec_context
        context.thread_count = 1
        context.max_b_frames, context.gop_size = 0, _NO_KEYFRAME
        # A JPEG's own colours (JFIF), which a player would take for others. Chromium believes no
        # word of it unless all are said.
        context.colorspace, context.color_range = Colorspace.ITU601, ColorRange.JPEG
        context.color_primaries, context.color_trc = ColorPrimaries.BT709, ColorTrc.IEC61966_2_1
        # None waits for the next: a still camera's comes in ten seconds.
        context.options = {"preset": _PRESET, "crf": _CRF, "tune": "zerolatency"}
        self._stream, self._count = stream, 0

    @property
    def is_new(self) -> bool:
        """Whether it has encoded one picture."""
        return self._count == 1

    def encode(self, frame: VideoFrame, *, is_keyframe: bool) -> "av.Packet[VideoStream]":
        """Return the packet of a picture.

        Raises:
            FFmpegError, ValueError: There is none.
        """
        if frame.format.name != "yuvj420p" or (frame.width, frame.height) != self.size_wh:
            frame = frame.reformat(
                *self.size_wh,
                "yuvj420p",
                dst_colorspace=Colorspace.ITU601,
                dst_color_range=ColorRange.JPEG,
            )
        frame.pts, frame.time_base = self._count, Fraction(1, _RATE)
        frame.pict_type = PictureType.I if is_keyframe else PictureType.NONE
        self._count += 1
        packets = self._stream.encode(frame)
        if len(packets) != 1 or not packets[0].size:
            raise ValueError(f"{len(packets)} packets came of it")
        return packets[0]

    def template(self, first: "av.Packet[VideoStream]") -> bytes:
        """Return what tells a muxer of the packets that follow, as NUT."""
        self._container.mux(first)
        return self._nut.getvalue()


def _decoder() -> VideoCodecContext:
    decoder = av.CodecContext.create("mjpeg", "r")
    assert isinstance(decoder, VideoCodecContext)
    decoder.thread_count = 1
    # Else a JPEG that was cut off becomes a picture that is grey from there on.
    decoder.options = {"max_pixels": str(MAX_PIXELS), "err_detect": "explode"}
    return decoder


def _even(frame: VideoFrame) -> tuple[int, int]:
    return frame.width & ~1, frame.height & ~1


def _words(error: Exception) -> str:
    return str(error.strerror) if isinstance(error, FFmpegError) else str(error)


if __name__ == "__main__":
    raise SystemExit(main())
