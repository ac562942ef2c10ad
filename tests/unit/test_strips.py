"""JPEGs in strips: the same picture, apart and together again."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
import simplejpeg
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from vigil.media.strips import STRIP_PX, apart, together, tops_of

Image = NDArray[np.uint8]


def a_scene(width: int, height: int, seed: int = 7) -> Image:
    noise = np.random.default_rng(seed).integers(0, 256, (height // 8 + 1, width // 8 + 1, 3))
    return np.asarray(cv2.resize(noise.astype(np.uint8), (width, height)), np.uint8)


def coded(image_bgr: Image, *, sampling: str = "420") -> bytes:
    jpeg: bytes = simplejpeg.encode_jpeg(
        np.ascontiguousarray(image_bgr), quality=85, colorspace="BGR", colorsubsampling=sampling
    )
    return jpeg


def in_strips(image_bgr: Image) -> bytes:
    height = image_bgr.shape[0]
    jpegs = [coded(image_bgr[top : top + STRIP_PX]) for top in tops_of(height)]
    return together(jpegs, height_px=height).joined()


def pixels(jpeg: bytes) -> Image:
    decoded: Image = simplejpeg.decode_jpeg(jpeg, colorspace="BGR", strict=True)
    return decoded


@given(width=st.integers(1, 100), height=st.integers(1, 400))
def test_a_picture_of_strips_is_the_picture(width: int, height: int) -> None:
    scene = a_scene(width, height)
    jpeg = in_strips(scene)

    assert (pixels(jpeg) == pixels(coded(scene))).all()
    taken = apart(jpeg)
    assert taken is not None
    assert taken.size_wh == (width, height)
    assert len(taken.strips) == len(tops_of(height))
    assert taken.joined() == jpeg


def test_other_readers_see_the_same() -> None:
    scene = a_scene(320, 240)
    ours = cv2.imdecode(np.frombuffer(in_strips(scene), np.uint8), cv2.IMREAD_COLOR)
    whole = cv2.imdecode(np.frombuffer(coded(scene), np.uint8), cv2.IMREAD_COLOR)
    assert ours is not None
    assert whole is not None
    assert (ours == whole).all()


# More than eight, so that restart markers begin anew; and the lowest, which is less high.
@pytest.mark.parametrize(("first", "last"), [(0, 1), (0, 10), (3, 12), (12, 13), (0, 13)])
def test_some_of_the_strips_are_a_picture(first: int, last: int) -> None:
    scene = a_scene(64, 12 * STRIP_PX + 5)
    taken = apart(in_strips(scene))
    assert taken is not None

    part = pixels(taken.joined(first, last))

    rows = slice(first * STRIP_PX, last * STRIP_PX)
    assert (part == pixels(coded(scene[rows]))).all()


def test_a_strip_takes_anothers_place() -> None:
    scene, other = a_scene(64, 100), a_scene(64, 100, seed=8)
    taken, from_other = apart(in_strips(scene)), apart(in_strips(other))
    assert taken is not None
    assert from_other is not None
    assert taken.coding == from_other.coding

    strips = [taken.strips[0], from_other.strips[1], *taken.strips[2:]]
    jpeg = replace(taken, strips=strips).joined()

    # Chroma is smoothed across the rows at which strips meet.
    inner = slice(STRIP_PX + 2, 2 * STRIP_PX - 2)
    assert (pixels(jpeg)[inner] == pixels(coded(other))[inner]).all()
    assert (pixels(jpeg)[: STRIP_PX - 2] == pixels(coded(scene))[: STRIP_PX - 2]).all()


def progressive(image_bgr: Image) -> bytes:
    _, jpeg = cv2.imencode(".jpg", image_bgr, [cv2.IMWRITE_JPEG_PROGRESSIVE, 1])
    return jpeg.tobytes()


def with_restarts(image_bgr: Image, blocks: int) -> bytes:
    _, jpeg = cv2.imencode(".jpg", image_bgr, [cv2.IMWRITE_JPEG_RST_INTERVAL, blocks])
    return jpeg.tobytes()


@pytest.mark.parametrize(
    "jpeg",
    [
        b"",
        b"\xff\xd8",
        b"no picture",
        coded(a_scene(64, 100)),
        coded(a_scene(64, 100), sampling="444"),
        simplejpeg.encode_jpeg(np.zeros((100, 64, 1), np.uint8), colorspace="GRAY"),
        progressive(a_scene(64, 100)),
        with_restarts(a_scene(64, 100), 3),
        in_strips(a_scene(64, 100))[:-1],
        in_strips(a_scene(64, 100))[:100],
    ],
)
def test_what_is_not_in_strips_is_left_alone(jpeg: bytes) -> None:
    assert apart(jpeg) is None


def test_strips_that_others_made_are_strips() -> None:
    taken = apart(with_restarts(a_scene(64, 100), 8))
    assert taken is not None
    assert len(taken.strips) == 4


@given(st.integers(0, 2000), st.binary(min_size=1, max_size=4))
def test_garbage_in_a_picture_is_no_error_of_ours(where: int, what: bytes) -> None:
    jpeg = in_strips(a_scene(64, 100))
    where %= len(jpeg)
    spoilt = jpeg[:where] + what + jpeg[where + len(what) :]
    taken = apart(spoilt)
    assert taken is None or len(taken.strips) == len(tops_of(taken.size_wh[1]))
