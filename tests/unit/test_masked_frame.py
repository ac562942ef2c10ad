"""Privacy masks on planes: exact pixels in every format, in both styles."""

from dataclasses import replace

import av
import numpy as np
import pytest
from av.video.reformatter import ColorRange, Colorspace

from standalone.demo.clip import ClipFormat, Codec
from tests.cameras.clips import SMALL, CardClip
from tests.masks import BLUR, a_box, a_polygon
from tests.pictures import Image, bgr_of
from vigil.camera_document import Mask
from vigil.errors import FrameInvalid
from vigil.media.jpeg import encoded
from vigil.media.mask_paint import mask_picture
from vigil.media.masked_frame import FrameMasker, MaskedFrame

WH = (96, 64)
#: Of which odd edges go outward: to 20..48 by 10..34.
BOX = a_box(21, 11, 26, 22)
MARK = b"12345678"

PAINTED_AS_THEY_ARE = [
    *(f"yuv{j}{s}p" for j in ("", "j") for s in ("420", "422", "440", "444")),
    *("yuv411p", "yuvj411p", "yuv410p", "nv12", "nv21", "gray"),
]
BECOME = {
    "yuv420p10le": "yuvj420p",
    "p010le": "yuvj420p",
    "yuva420p": "yuvj420p",
    "yuv422p10le": "yuvj422p",
    "yuyv422": "yuvj422p",
    "nv16": "yuvj422p",
    "yuv440p10le": "yuvj440p",
    "yuv444p10le": "yuvj444p",
    "rgb24": "yuvj444p",
    "bgr24": "yuvj444p",
    "gbrp": "yuvj444p",
    "gray10le": "yuvj444p",
}


def noise(wh: tuple[int, int] = WH, seed: int = 1, patch_px: int = 4) -> Image:
    """Return a picture of strong colours in patches."""
    rows, columns = -(-wh[1] // patch_px), -(-wh[0] // patch_px)
    patches = np.random.default_rng(seed).integers(0, 256, (rows, columns, 3)).astype(np.uint8)
    return patches.repeat(patch_px, axis=0).repeat(patch_px, axis=1)[: wh[1], : wh[0]]


def a_frame(
    pixel_format: str,
    *,
    wh: tuple[int, int] = WH,
    seed: int = 1,
    colorspace: Colorspace = Colorspace.SMPTE170M,
    patch_px: int = 4,
) -> av.VideoFrame:
    """Return a frame as a decoder gives it."""
    is_full = "yuvj" in pixel_format or pixel_format == "gray"
    color_range = ColorRange.JPEG if is_full else ColorRange.MPEG
    frame = av.VideoFrame.from_ndarray(noise(wh, seed, patch_px), format="bgr24").reformat(
        format=pixel_format, dst_colorspace=colorspace, dst_color_range=color_range
    )
    frame.color_range, frame.colorspace = color_range, colorspace
    return frame


def planes_of(frame: av.VideoFrame) -> list[Image]:
    """Return copies of a frame's planes; of those with two levels by turns, ``(H, W, 2)``."""
    planes = []
    for index, plane in enumerate(frame.planes):
        rows = np.frombuffer(bytes(plane), np.uint8).reshape(plane.height, plane.line_size)
        if index and frame.format.name.startswith("nv"):
            planes.append(rows[:, : 2 * plane.width].reshape(plane.height, plane.width, 2).copy())
        else:
            planes.append(rows[:, : plane.width].copy())
    return planes


def masked(frame: av.VideoFrame, *masks: Mask) -> MaskedFrame:
    return FrameMasker(masks, MARK).masked(frame)


@pytest.mark.parametrize("wh", [WH, (97, 65)], ids=["even", "odd"])
@pytest.mark.parametrize("pixel_format", PAINTED_AS_THEY_ARE)
def test_black_is_exact_in_every_plane_and_all_else_is_as_it_was(
    pixel_format: str, wh: tuple[int, int]
) -> None:
    frame = a_frame(pixel_format, wh=wh)
    before = planes_of(frame)

    shown = masked(frame, BOX)

    assert shown.frame.format.name == pixel_format
    assert shown.mark == MARK
    hidden = shown.hidden
    assert hidden is not None
    cell = 4 if "410" in pixel_format or "411" in pixel_format else 2
    expected = np.zeros((wh[1], wh[0]), np.bool_)
    expected[11 - 11 % cell : 33 + -33 % cell, 21 - 21 % cell : 47 + -47 % cell] = True
    assert np.array_equal(hidden, expected)
    black = 0 if "yuvj" in pixel_format or pixel_format == "gray" else 16
    for index, (plane, was) in enumerate(zip(planes_of(shown.frame), before, strict=True)):
        step_y, step_x = -(-wh[1] // plane.shape[0]), -(-wh[0] // plane.shape[1])
        where = expected[::step_y, ::step_x]
        assert (plane[where] == (128 if index else black)).all()
        assert np.array_equal(plane[~where], was[~where])


@pytest.mark.parametrize("pixel_format", BECOME)
@pytest.mark.parametrize("colorspace", [Colorspace.SMPTE170M, Colorspace.ITU709])
def test_other_formats_become_one_with_the_same_chroma_and_keep_their_colours(
    pixel_format: str, colorspace: Colorspace
) -> None:
    def made() -> av.VideoFrame:
        # Where chroma is made of fewer pixels than there were, it is made in other ways.
        return a_frame(pixel_format, colorspace=colorspace, patch_px=16)

    plain = bgr_of(encoded(made(), quality=95)).astype(int)

    shown = masked(made(), BOX)

    assert shown.frame.format.name == BECOME[pixel_format]
    luma, *chroma = planes_of(shown.frame)
    assert (luma[10:34, 20:48] == 0).all()
    for plane in chroma:
        step_y, step_x = WH[1] // plane.shape[0], WH[0] // plane.shape[1]
        assert (plane[10 // step_y : 34 // step_y, 20 // step_x : 48 // step_x] == 128).all()
    # Away from the mask's edge, at which a block of the JPEG has both
    difference = np.abs(bgr_of(encoded(shown.frame, quality=95)) - plain)
    difference[0:48, 0:64] = 0
    assert difference.mean() < 1.5


@pytest.mark.parametrize("pixel_format", [*PAINTED_AS_THEY_ARE, *BECOME])
def test_no_ghost_is_left_of_what_was_beneath(pixel_format: str) -> None:
    # Given two pictures that are alike but for what is hidden
    one, other = noise(seed=1), noise(seed=1)
    other[12:32, 24:44] = noise(seed=2)[12:32, 24:44]
    frames = [
        av.VideoFrame.from_ndarray(each, format="bgr24").reformat(format=pixel_format)
        for each in (one, other)
    ]

    shown = [masked(frame, a_polygon((16, 4), (56, 4), (56, 40), (16, 40))) for frame in frames]

    # Then nobody can tell them apart
    first, second = (encoded(each.frame, quality=100) for each in shown)
    assert first == second


@pytest.mark.parametrize("pixel_format", [*PAINTED_AS_THEY_ARE, *BECOME])
def test_blur_leaves_the_means_of_large_cells_alone(pixel_format: str) -> None:
    # Given two pictures whose cells of 16 by 16 have one mean, but for what is in them: a checker
    # of black and white, and the same moved by a square
    y, x = np.mgrid[: WH[1], : WH[0]] // 4
    checker = (((x + y) % 2) * 255).astype(np.uint8)
    frames = [
        av.VideoFrame.from_ndarray(np.dstack([each] * 3), format="bgr24").reformat(
            format=pixel_format
        )
        for each in (checker, 255 - checker)
    ]

    shown = [masked(frame, a_box(16, 16, 64, 32, style=BLUR)) for frame in frames]

    (luma, *_), (moved, *_) = (planes_of(each.frame) for each in shown)
    assert np.array_equal(luma[16:48, 16:80], moved[16:48, 16:80])
    assert np.ptp(luma[16:48, 16:80]) <= 8
    assert not np.array_equal(luma[:16], moved[:16])


def test_blur_knows_no_more_of_a_cell_than_a_step_of_eight_levels() -> None:
    levels = [planes_of(masked(a_grey(level), a_box(0, 0, *WH, style=BLUR)).frame)[0]
              for level in range(96, 104)]  # fmt: skip

    assert all((each == levels[0]).all() for each in levels)


def a_grey(level: int) -> av.VideoFrame:
    return av.VideoFrame.from_ndarray(np.full((WH[1], WH[0]), level, np.uint8), format="gray")


def test_black_wins_where_a_blur_lies_over_it() -> None:
    frame = masked(a_frame("yuv444p"), a_box(20, 10, 20, 20), a_box(0, 0, 96, 64, style=BLUR)).frame

    assert all(
        (plane[10:30, 20:40] == level).all()
        for plane, level in zip(planes_of(frame), (16, 128, 128), strict=True)
    )


def test_a_smaller_frame_of_the_same_scene_is_painted_at_the_same_place() -> None:
    masker = FrameMasker([BOX], MARK)

    small = masker.masked(a_frame("yuv420p", wh=(48, 32)), full_wh=WH)

    assert small.hidden is not None
    assert np.argwhere(small.hidden).min(axis=0).tolist() == [4, 10]
    assert np.argwhere(small.hidden).max(axis=0).tolist() == [17, 23]


def test_a_stream_that_changes_its_size_is_painted_on_by_what_its_masks_were_drawn_on() -> None:
    masker = FrameMasker([a_box(0, 0, 48, 64, frame_wh=WH)], MARK)

    for wh in (WH, (192, 128), (96, 32), WH):
        hidden = masker.masked(a_frame("yuv420p", wh=wh)).hidden
        assert hidden is not None
        assert hidden[:, : wh[0] // 2].all()
        assert not hidden[:, wh[0] // 2 :].any()


def test_without_masks_a_frame_is_handed_on_as_it_is() -> None:
    frame = a_frame("yuv420p10le")

    shown = FrameMasker().masked(frame)

    assert shown.frame is frame
    assert (shown.hidden, shown.mark) == (None, None)


def test_a_frame_that_cannot_be_painted_is_refused_with_its_format() -> None:
    # Given one that FFmpeg converts to no other
    frame = av.VideoFrame(*WH, "rgb4")

    with pytest.raises(FrameInvalid, match="privacy masks cannot be painted on rgb4: "):
        masked(frame, BOX)


@pytest.mark.parametrize(
    "form",
    [SMALL, replace(SMALL, b_frames=2), replace(SMALL, codec=Codec.HEVC)],
    ids=["h264", "b-frames", "hevc"],
)
def test_the_frames_that_a_decoder_makes_of_a_painted_one_are_as_ever(
    form: ClipFormat, card_clip: CardClip
) -> None:
    """A frame is what the next are predicted from: only a copy of it may be painted."""
    path = card_clip(form)
    box = a_box(100, 60, 120, 60)
    with av.open(path) as plain, av.open(path) as painted:
        for frame, other in zip(plain.decode(video=0), painted.decode(video=0), strict=True):
            shown = masked(other, box)
            hidden = shown.hidden
            assert hidden is not None
            luma, was = planes_of(shown.frame)[0], planes_of(frame)[0]
            assert (luma[hidden] == 16).all()
            assert np.array_equal(luma[~hidden], was[~hidden])


def test_a_picture_of_three_channels_is_painted_at_its_own_scale() -> None:
    picture, was = noise((48, 32)), noise((48, 32))

    mask_picture(picture, [BOX, a_box(0, 44, 96, 20, style=BLUR)], full_wh=WH)

    assert (picture[4:18, 10:24] == 0).all()
    assert np.array_equal(picture[:4], was[:4])
    assert not np.array_equal(picture[22:], was[22:])
    assert np.unique(picture[22:32].reshape(-1, 3), axis=0).shape[0] < 480
