"""Colours, against cv2's own way from the same picture."""

from dataclasses import replace

import av
import cv2
import numpy as np
import pytest
import simplejpeg
from av.video.reformatter import ColorRange, Colorspace

from standalone.demo.counter import draw_test_card, read_counter
from tests.pictures import Image, bgr_of
from vigil.errors import FrameInvalid
from vigil.media.bounds import MAX_SIDE_PX, MIN_SIDE_PX
from vigil.media.jpeg import encoded
from vigil.media.strips import apart

SIZE_WH = (320, 180)


def a_card(size_wh: tuple[int, int] = SIZE_WH, number: int = 1234) -> Image:
    card = draw_test_card(number, size_wh)
    # A ramp: every level of grey.
    width = size_wh[0]
    ramp = np.linspace(0, 255, width).astype(np.uint8)
    card[-(size_wh[1] // 4) :] = ramp[None, :, None]
    return card


def a_frame(
    image_bgr: Image,
    pixel_format: str = "yuv420p",
    color_range: ColorRange = ColorRange.MPEG,
    colorspace: Colorspace = Colorspace.SMPTE170M,
) -> av.VideoFrame:
    """Return a picture as a decoder gives it, in BT.601 unless said otherwise."""
    frame = av.VideoFrame.from_ndarray(image_bgr, format="bgr24").reformat(
        format=pixel_format, dst_colorspace=colorspace, dst_color_range=color_range
    )
    frame.color_range = color_range
    frame.colorspace = colorspace
    return frame


def off_by(jpeg: bytes, expected_bgr: Image) -> tuple[float, float]:
    """Return mean and 99th percentile of the difference, in levels."""
    difference = np.abs(bgr_of(jpeg).astype(int) - expected_bgr.astype(int))
    return float(difference.mean()), float(np.percentile(difference, 99))


def by_cv2(image_bgr: Image) -> Image:
    """Return what cv2 makes of a picture: its own JPEG with the same subsampling."""
    _, jpeg = cv2.imencode(".jpg", image_bgr, [cv2.IMWRITE_JPEG_QUALITY, 95])
    return bgr_of(jpeg.tobytes())


@pytest.mark.parametrize(
    ("pixel_format", "color_range"),
    [
        ("yuv420p", ColorRange.MPEG),
        ("yuv420p", ColorRange.JPEG),
        ("yuvj420p", ColorRange.JPEG),
        ("yuv422p", ColorRange.MPEG),
        ("yuvj422p", ColorRange.JPEG),
        ("yuv444p", ColorRange.MPEG),
        ("yuv420p10le", ColorRange.MPEG),
        ("nv12", ColorRange.MPEG),
        ("gray", ColorRange.JPEG),
        ("rgb24", ColorRange.JPEG),
        ("bgr24", ColorRange.JPEG),
    ],
)
def test_shows_the_colours_that_the_camera_saw(pixel_format: str, color_range: ColorRange) -> None:
    card = a_card()
    if pixel_format == "gray":
        card = cv2.cvtColor(cv2.cvtColor(card, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR).astype(
            np.uint8
        )

    jpeg = encoded(a_frame(card, pixel_format, color_range), quality=95)

    mean, nearly_all = off_by(jpeg, by_cv2(card))
    assert mean < 2.0
    assert nearly_all <= 12.0


@pytest.mark.parametrize(
    ("pixel_format", "color_range"),
    [
        ("yuv420p", ColorRange.MPEG),
        ("yuvj420p", ColorRange.JPEG),
        ("yuv422p", ColorRange.MPEG),
        ("yuv420p10le", ColorRange.MPEG),
    ],
)
@pytest.mark.parametrize("size_wh", [SIZE_WH, (321, 181)])
def test_colours_of_high_definition_are_shown_as_the_camera_saw_them(
    pixel_format: str, color_range: ColorRange, size_wh: tuple[int, int]
) -> None:
    # Given large patches of strong colours, in which BT.709 and BT.601 differ most
    card = a_card(size_wh)
    strong = [(0, 0, 220), (0, 220, 0), (220, 0, 0), (0, 220, 220), (220, 0, 220), (220, 220, 0)]
    for number, colour in enumerate(strong):
        card[60:100, 40 * number : 40 * (number + 1)] = colour

    shown = bgr_of(encoded(a_frame(card, pixel_format, color_range, Colorspace.ITU709), quality=95))

    for number, colour in enumerate(strong):
        # As near as BT.601 comes, away from edges, where chroma runs into its neighbour's
        within = shown[66:94, 40 * number + 8 : 40 * number + 32].astype(int)
        assert np.abs(within - colour).max() <= 4


def test_an_unspecified_range_is_the_limited_one_of_video() -> None:
    frame = a_frame(a_card())
    frame.color_range = ColorRange.UNSPECIFIED

    assert encoded(frame, quality=95) == encoded(a_frame(a_card()), quality=95)


@pytest.mark.parametrize("color_range", [ColorRange.MPEG, ColorRange.JPEG])
def test_black_is_black_and_white_is_white(color_range: ColorRange) -> None:
    image = np.zeros((64, 64, 3), np.uint8)
    image[:, 32:] = 255

    shown = bgr_of(encoded(a_frame(image, color_range=color_range), quality=95))

    assert shown[:, :24].max() <= 3
    assert shown[:, 40:].min() >= 252


@pytest.mark.parametrize(
    "size_wh",
    [
        *((16, 16), (17, 16), (16, 17), (161, 91), (322, 182), (641, 359), (1918, 1080)),
        # Whose last strip is one row high, or two, or three
        *((64, 33), (65, 65), (64, 481), (64, 34), (64, 35)),
    ],
)
def test_keeps_every_size_to_the_pixel(size_wh: tuple[int, int]) -> None:
    width, height = size_wh
    across, down = np.meshgrid(
        np.linspace(30, min(225, 30 + 4 * width), width),
        np.linspace(30, min(225, 30 + 4 * height), height),
    )
    smooth = np.stack([across, down, (across + down) / 2], axis=2).astype(np.uint8)

    jpeg = encoded(a_frame(smooth), quality=95)

    assert simplejpeg.decode_jpeg(jpeg, strict=True).shape == (height, width, 3)
    # To the last row and column, where there is but half a chroma sample
    assert bgr_of(jpeg).shape == (height, width, 3)
    for part in (np.s_[:], np.s_[-1:], np.s_[:, -1:]):
        difference = np.abs(bgr_of(jpeg)[part].astype(int) - smooth[part].astype(int))
        assert difference.mean() < 4.0


def test_a_picture_still_bears_its_number() -> None:
    jpeg = encoded(a_frame(draw_test_card(54_321, SIZE_WH)), quality=60)

    assert read_counter(bgr_of(jpeg)) == 54_321


def test_a_lower_quality_makes_a_smaller_picture() -> None:
    frame = a_frame(a_card())

    assert len(encoded(frame, quality=40)) < len(encoded(frame, quality=90))


@pytest.mark.parametrize(
    "size_wh",
    [
        (1, 1),
        (2, 2),
        (1, 1080),
        (MIN_SIDE_PX - 1, 1080),
        (1920, MIN_SIDE_PX - 1),
        (MAX_SIDE_PX + 1, MIN_SIDE_PX),
        (MIN_SIDE_PX, MAX_SIDE_PX + 1),
        (16_400, 9_216),
    ],
)
def test_refuses_a_picture_that_no_camera_makes(size_wh: tuple[int, int]) -> None:
    frame = av.VideoFrame(*size_wh, format="yuv420p")

    with pytest.raises(FrameInvalid, match=f"pictures of {size_wh[0]}x{size_wh[1]} pixels"):
        encoded(frame, quality=85)


@pytest.mark.parametrize("size_wh", [(MAX_SIDE_PX, MIN_SIDE_PX), (MIN_SIDE_PX, MAX_SIDE_PX)])
def test_takes_the_longest_picture_that_a_jpeg_can_hold(size_wh: tuple[int, int]) -> None:
    frame = a_frame(np.zeros((size_wh[1], size_wh[0], 3), np.uint8))

    assert encoded(frame, quality=30).startswith(b"\xff\xd8")


@pytest.mark.parametrize("pixel_format", ["rgbaf32le", "gray32le"])
def test_refuses_a_picture_that_cannot_be_converted(pixel_format: str) -> None:
    frame = av.VideoFrame(*SIZE_WH, format=pixel_format)

    with pytest.raises(FrameInvalid, match=f"no JPEG can be made of {pixel_format}"):
        encoded(frame, quality=85)


@pytest.mark.parametrize("size_wh", [(64, 33), (64, 35), (63, 64), (65, 97), (17, 17)])
def test_nothing_but_the_picture_gets_into_the_file(size_wh: tuple[int, int]) -> None:
    width, height = size_wh
    grey = np.full((height, width, 3), 128, np.uint8)
    taken = apart(encoded(a_frame(grey), quality=95))
    assert taken is not None

    # What the encoder had beyond the picture's edges comes to light in one that claims to be larger
    larger = replace(
        taken, size_wh=(width, height + height % 2), start=taken.start, middle=taken.middle
    )
    shown = simplejpeg.decode_jpeg(larger.joined(), colorspace="GRAY", strict=True)

    assert np.abs(shown.astype(int) - 128).max() <= 2


def test_colours_of_large_video_have_no_seams_between_strips() -> None:
    # Given strong colours that change from row to row, as BT.709
    rng = np.random.default_rng(2)
    rows = rng.integers(0, 256, (256, 1, 3)).astype(np.uint8)
    image = cv2.GaussianBlur(rows.repeat(64, axis=1), (1, 9), 0).astype(np.uint8)
    shown = bgr_of(encoded(a_frame(image, colorspace=Colorspace.ITU709), quality=100))

    differs = np.abs(shown.astype(int) - image.astype(int)).mean(axis=(1, 2))
    edges = [row for top in range(32, 256, 32) for row in (top - 1, top)]
    others = np.delete(differs, [*edges, 0, 255])
    assert differs[edges].mean() < others.mean() + 3 * others.std() / len(edges) ** 0.5
