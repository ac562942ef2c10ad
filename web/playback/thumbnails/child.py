"""``python -m web.playback.thumbnails.child``: decodes keyframes, and may die of them.

What a camera sent reaches FFmpeg here, and nowhere else in web. The process has no secrets in its
environment, one thread, bounded memory, and so much time for each picture: the kernel's alarm ends
it even where native code does not come back.
"""

import signal
from fractions import Fraction

import av
from av.error import FFmpegError
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange, Colorspace

from vigil.child import become_child
from web.playback.thumbnails.wire import Question, receive_question, send_answer

#: Seconds for one picture; and without a question, after which nobody scrubs any more.
LOOK_S, IDLE_S = 4, 60.0
_MOST_MEMORY_BYTES = 2 * 2**30
_MOST_PIXELS = 8192 * 8192
#: Of FFmpeg's MJPEG encoder: 2 is the best, 31 the worst.
_QUALITY = 5


def main() -> int:
    """Answer what is asked at standard input, which is a socket, until nobody asks any more."""
    with become_child(most_memory_bytes=_MOST_MEMORY_BYTES) as asker:
        asker.settimeout(IDLE_S)
        while True:
            try:
                question = receive_question(asker)
                signal.alarm(LOOK_S)
                send_answer(asker, picture_of(question))
                signal.alarm(0)
            except OSError:
                return 0


def picture_of(question: Question) -> bytes:
    """Return a keyframe as a JPEG, no wider than asked; empty: it cannot be decoded."""
    try:
        frame = _decoded(question)
        return b"" if frame is None else _jpeg_of(frame, question.width_px)
    except (FFmpegError, ValueError):
        return b""


def _decoded(question: Question) -> VideoFrame | None:
    context = av.CodecContext.create(question.keyframe.codec, "r")
    assert isinstance(context, VideoCodecContext)
    context.extradata = question.keyframe.parameters
    context.thread_count = 1
    context.options = {"max_pixels": str(_MOST_PIXELS)}
    packet = av.Packet(question.keyframe.data)
    packet.is_keyframe = True
    # Of a codec that shows frames in another order than it decodes them, the end brings it out.
    for each in (packet, None):
        for frame in context.decode(each):
            return frame
    return None


def _jpeg_of(frame: VideoFrame, width_px: int) -> bytes:
    width = min(width_px, frame.width) // 2 * 2 or 2
    height = max(2, round(frame.height * width / frame.width / 2) * 2)
    small = frame.reformat(
        width,
        height,
        "yuvj420p",
        dst_colorspace=Colorspace.ITU601,
        dst_color_range=ColorRange.JPEG,
    )
    encoder = av.CodecContext.create("mjpeg", "w")
    assert isinstance(encoder, VideoCodecContext)
    encoder.width, encoder.height, encoder.pix_fmt = width, height, "yuvj420p"
    encoder.time_base = Fraction(1, 25)
    encoder.thread_count = 1
    encoder.options = {"qmin": str(_QUALITY), "qmax": str(_QUALITY)}
    small.pts = 0
    return b"".join(bytes(packet) for packet in [*encoder.encode(small), *encoder.encode(None)])


if __name__ == "__main__":
    raise SystemExit(main())
