"""Which pixels a mask covers: exact tables, and never one too few, whatever its shape."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.masks import a_box, a_polygon
from vigil.media.mask_area import Area, covered_areas
from vigil.messages import Mask

WH = (40, 30)


def covered(
    *masks: Mask,
    wh: tuple[int, int] = WH,
    full_wh: tuple[int, int] | None = None,
    cell_px: int = 2,
) -> Area:
    """Return ``(H, W)`` bool: what is covered of a picture."""
    whole = np.zeros((wh[1] + cell_px, wh[0] + cell_px), np.bool_)
    for area in covered_areas(masks, wh, full_wh=full_wh, cell_px=cell_px):
        height, width = area.is_covered.shape
        whole[area.top : area.top + height, area.left : area.left + width] |= area.is_covered
    return whole[: wh[1], : wh[0]]


def within(left: int, top: int, right: int, bottom: int, wh: tuple[int, int] = WH) -> Area:
    area = np.zeros((wh[1], wh[0]), np.bool_)
    area[top:bottom, left:right] = True
    return area


@pytest.mark.parametrize(
    ("mask", "expected"),
    [
        # Whole cells stay as they are
        (a_box(10, 4, 20, 6), within(10, 4, 30, 10)),
        # Odd edges go outward, and so do parts of a pixel
        (a_box(11, 5, 18, 4), within(10, 4, 30, 10)),
        (a_box(11.9, 5.9, 0.2, 0.2), within(10, 4, 14, 8)),
        # However its corners run
        (a_polygon((30, 10), (30, 4), (10, 4), (10, 10)), within(10, 4, 30, 10)),
        # Cut at the frame, or all of it
        (a_box(-7, -7, 10, 9), within(0, 0, 4, 2)),
        (a_box(36, 26, 99, 99), within(36, 26, 40, 30)),
        (a_box(-9, -9, 999, 999), within(0, 0, 40, 30)),
        # Outside
        (a_box(40, 0, 9, 9), within(0, 0, 0, 0)),
        (a_box(-9, 0, 9, 9), within(0, 0, 0, 0)),
        # Drawn on a frame twice as large, or on one of another form
        (a_box(20, 8, 40, 12, frame_wh=(80, 60)), within(10, 4, 30, 10)),
        (a_box(10, 8, 20, 12, frame_wh=(40, 60)), within(10, 4, 30, 10)),
        # A sliver of one pixel of that
        (a_box(41, 41, 1, 1, frame_wh=(400, 300)), within(4, 4, 6, 6)),
    ],
)
def test_a_box_covers_whole_cells_and_no_others(mask: Mask, expected: Area) -> None:
    assert np.array_equal(covered(mask), expected)


def test_a_mask_that_does_not_say_on_what_it_was_drawn_is_of_the_full_frame() -> None:
    assert np.array_equal(covered(a_box(20, 8, 40, 12), full_wh=(80, 60)), within(10, 4, 30, 10))


def test_the_last_cell_of_an_odd_picture_is_covered_too() -> None:
    assert np.array_equal(
        covered(a_box(38, 26, 3, 3), wh=(41, 29)), within(38, 26, 41, 29, (41, 29))
    )


def test_larger_cells_are_covered_as_a_whole() -> None:
    assert np.array_equal(covered(a_box(9, 5, 1, 1), cell_px=4), within(8, 4, 12, 8))


def test_what_the_outline_encloses_is_covered_even_where_it_crosses_itself() -> None:
    # A star in one stroke, whose middle an even-odd rule would leave open
    star = a_polygon((20, 1), (28, 28), (3, 10), (37, 10), (12, 28))

    assert covered(star)[12:18, 16:24].all()


def test_a_polygon_covers_little_more_than_it_touches() -> None:
    triangle = a_polygon((2, 2), (30, 2), (2, 24))

    area = covered(triangle)

    # Half of 28 by 22, and two pixels around at most
    assert 308 < area.sum() < 308 + 2 * (28 + 22 + 36) + 16
    assert not area[20:, 20:].any()


CORNERS = st.tuples(
    st.floats(-300, 300, allow_nan=False) | st.integers(-300, 300).map(float),
    st.floats(-300, 300, allow_nan=False) | st.integers(-300, 300).map(float),
)
DRAWN_ON = st.none() | st.tuples(st.integers(1, 400), st.integers(1, 400))


@settings(max_examples=400, deadline=None)
@given(
    st.lists(CORNERS, min_size=3, max_size=9),
    DRAWN_ON,
    st.tuples(st.integers(16, 90), st.integers(16, 90)),
    st.sampled_from([2, 4]),
)
def test_no_pixel_in_a_mask_is_left_open(
    corners: list[tuple[float, float]],
    frame_wh: tuple[int, int] | None,
    wh: tuple[int, int],
    cell_px: int,
) -> None:
    mask = Mask(points=tuple(corners), frame_wh=frame_wh)

    area = covered(mask, wh=wh, cell_px=cell_px)

    scaled = np.array(corners) * (np.array(wh) / np.array(frame_wh or wh))
    outline = scaled.astype(np.float32).reshape(-1, 1, 2)
    # Its middle, by OpenCV's own test of a point, and each point of its outline
    for y, x in np.argwhere(~area):
        assert cv2.pointPolygonTest(outline, (x + 0.5, y + 0.5), measureDist=False) < 0
    steps = np.linspace(0, 1, 200)[:, None]
    for begin, end in zip(scaled, np.roll(scaled, -1, axis=0), strict=True):
        points = np.floor(begin + steps * (end - begin)).astype(int)
        inside = points[((points >= 0) & (points < wh)).all(axis=1)]
        assert area[inside[:, 1], inside[:, 0]].all()
    # And whole cells
    rows, columns = -(-wh[1] // cell_px), -(-wh[0] // cell_px)
    padded = np.pad(area, ((0, rows * cell_px - wh[1]), (0, columns * cell_px - wh[0])), "edge")
    cells = padded.reshape(rows, cell_px, columns, cell_px)
    assert (cells.any(axis=(1, 3)) == cells.all(axis=(1, 3))).all()
