"""What a keyframe tells of the video that follows it: its parameter sets, its size."""

import io
import struct
from collections.abc import Iterator
from typing import Any

import av
from av.error import FFmpegError

from camera_ctrl.nal import units_before_picture
from vigil.errors import CameraUnavailable, FrameInvalid
from vigil.media.bounds import MAX_PIXELS, require_size

#: Whatever must be equal for two keyframes to be of one video.
Parameters = frozenset[bytes]

#: The codecs that we take, each with FFmpeg's demuxer of a bare stream of it.
CODECS = ("h264", "hevc", "mjpeg")

#: What FFmpeg is told of every stream it opens: it decodes a picture or two to learn what they are.
#: (PyAV's stubs have the type of one option wrong.)
STREAM_OPTIONS: list[Any] = [{"max_pixels": str(MAX_PIXELS)}] * 4

_H264_SPS = 7
_HEVC_VPS, _HEVC_SPS = 32, 33
_JPEG_START_OF_IMAGE = b"\xff\xd8"
_JPEG_END_OF_IMAGE = b"\xff\xd9"
#: Markers that begin a frame: all of C0 to CF but those of tables.
_JPEG_SIZES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_JPEG_WITHOUT_LENGTH = frozenset({0x01, *range(0xD0, 0xD9)})


def parameters_in(codec: str, data: bytes) -> Parameters:
    """Return the parameters that data carries; empty where it carries none.

    Args:
        codec: FFmpeg's name of it.
        data: A keyframe, or extradata: NAL units behind start codes, or a JPEG.
    """
    if codec == "mjpeg":
        size_wh = jpeg_size(data)
        return frozenset() if size_wh is None else frozenset({b"%dx%d" % size_wh})
    return frozenset(_parameter_sets(codec, data))


def jpeg_size(data: bytes) -> tuple[int, int] | None:
    """Return width and height in pixels by a JPEG's own header; None: it is no JPEG."""
    if not data.startswith(_JPEG_START_OF_IMAGE):
        return None
    at = len(_JPEG_START_OF_IMAGE)
    while at + 9 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker == 0xFF or marker in _JPEG_WITHOUT_LENGTH:
            at += 1 if marker == 0xFF else 2
            continue
        if marker in _JPEG_SIZES:
            height, width = struct.unpack_from(">HH", data, at + 5)
            return width, height
        at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    return None


def is_whole_jpeg(data: bytes) -> bool:
    """Return whether a JPEG has a beginning and an end; what pads it behind does not matter."""
    return jpeg_size(data) is not None and _JPEG_END_OF_IMAGE in data[-4096:]


def probed(codec: str, keyframe: bytes) -> av.VideoStream:
    """Return the stream that FFmpeg makes of a keyframe alone; it keeps its container open.

    Raises:
        CameraUnavailable: It makes none of it.
    """
    if codec == "mjpeg":
        # FFmpeg tells no size of a picture that it cannot take.
        require_taken(*(jpeg_size(keyframe) or (0, 0)))
    try:
        container = av.open(
            io.BytesIO(keyframe),
            format=codec,
            stream_options=STREAM_OPTIONS,
            metadata_errors="replace",
        )
    except FFmpegError as error:
        raise CameraUnavailable(f"its {codec} video cannot be read: {error.strerror}") from error
    stream = container.streams.video[0]
    if not stream.codec_context.width:
        raise CameraUnavailable(f"its {codec} video cannot be read")
    return stream


def require_taken(width_px: int, height_px: int) -> None:
    """Refuse video whose pictures are out of bounds.

    Raises:
        CameraUnavailable: They are.
    """
    try:
        require_size(width_px, height_px)
    except FrameInvalid as error:
        raise CameraUnavailable(str(error)) from error


def _parameter_sets(codec: str, data: bytes) -> Iterator[bytes]:
    wanted = {_H264_SPS} if codec == "h264" else {_HEVC_VPS, _HEVC_SPS}
    return (unit for kind, unit in units_before_picture(codec, data) if kind in wanted)
