"""The NAL units of a packet of H.264 or H.265 (ITU-T H.264 and H.265, annex B)."""

from collections.abc import Iterator

_START_CODE = b"\x00\x00\x01"
_H264_IDR, _H264_LAST_SLICE = 5, 5
_HEVC_IDR, _HEVC_LAST_SLICE = (19, 20), 31


def units_before_picture(codec: str, data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield type and bytes of each NAL unit up to the picture, and of the picture its type alone.

    Args:
        codec: "h264" or "hevc".
        data: NAL units behind start codes.
    """
    begin = data.find(_START_CODE)
    while 0 <= begin < len(data) - 4:
        begin += len(_START_CODE)
        kind = data[begin] & 0x1F if codec == "h264" else data[begin] >> 1 & 0x3F
        if _is_picture(codec, kind):
            # It is long, and nothing behind it is looked for.
            yield kind, b""
            return
        end = data.find(_START_CODE, begin)
        yield kind, data[begin : end if end >= 0 else len(data)].rstrip(b"\x00")
        begin = end


def stands_alone(codec: str, keyframe: bytes) -> bool:
    """Return whether nothing from this keyframe on refers to anything before it.

    That is so of a JPEG and of an IDR picture. Of other keyframes it is not: pictures that follow
    may refer to earlier ones, or the whole picture is there only some frames later.
    """
    if codec == "mjpeg":
        return True
    kinds = _HEVC_IDR if codec == "hevc" else (_H264_IDR,)
    return any(kind in kinds for kind, _ in units_before_picture(codec, keyframe))


def _is_picture(codec: str, kind: int) -> bool:
    return kind <= _HEVC_LAST_SLICE if codec == "hevc" else 0 < kind <= _H264_LAST_SLICE
