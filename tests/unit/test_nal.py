"""What a packet tells before its picture begins."""

import pytest

from camera_ctrl.nal import stands_alone

START = b"\x00\x00\x01"
H264_PARAMETERS = START + b"\x67sps" + START + b"\x68pps" + START + b"\x06sei"
HEVC_PARAMETERS = START + b"\x40\x01vps" + START + b"\x42\x01sps" + START + b"\x44\x01pps"


@pytest.mark.parametrize(
    ("codec", "keyframe", "expected"),
    [
        ("h264", START + b"\x65idr", True),
        ("h264", H264_PARAMETERS + START + b"\x65idr", True),
        # A recovery point: those before it are still referred to.
        ("h264", H264_PARAMETERS + START + b"\x41slice", False),
        ("h264", H264_PARAMETERS, False),
        ("h264", START + b"\x41slice" + START + b"\x65idr", False),
        ("hevc", HEVC_PARAMETERS + START + b"\x26\x01idr with leading pictures", True),
        ("hevc", HEVC_PARAMETERS + START + b"\x28\x01idr", True),
        # A clean random access: pictures behind it may refer to those before it.
        ("hevc", HEVC_PARAMETERS + START + b"\x2a\x01cra", False),
        # With lengths in front instead of start codes, as in an MP4.
        ("h264", b"\x00\x00\x00\x04\x65idr", False),
        ("h264", b"", False),
        ("mjpeg", b"\xff\xd8", True),
    ],
)
def test_only_a_picture_that_nothing_before_it_belongs_to_stands_alone(
    codec: str, keyframe: bytes, expected: bool
) -> None:
    assert stands_alone(codec, keyframe) is expected
