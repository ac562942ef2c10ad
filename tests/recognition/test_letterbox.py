"""Frames in the shape of a model's input."""

import cv2
import numpy as np
import pytest

from object_recognition.engines.layouts import layout_of
from object_recognition.engines.letterbox import Letterbox, Pixels

_AS_DECODED = Pixels(rgb=False, unit=False, centred=False)


@pytest.mark.parametrize(
    "frame_wh",
    [
        pytest.param((1920, 1080), id="a third"),
        pytest.param((3200, 1800), id="a fifth"),
        pytest.param((1280, 720), id="half"),
        pytest.param((2560, 1440), id="a quarter"),
        pytest.param((1920, 1088), id="a third in one direction alone"),
        pytest.param((704, 576), id="another aspect"),
        pytest.param((320, 180), id="widened"),
        pytest.param((640, 360), id="as it is"),
    ],
)
def test_a_frame_is_fitted_as_models_were_trained(frame_wh: tuple[int, int]) -> None:
    width, height = frame_wh
    image_bgr = np.random.default_rng(7).integers(0, 256, (height, width, 3), np.uint8)
    letterbox = Letterbox((640, 384), _AS_DECODED)

    tensor = letterbox.fill(image_bgr)

    scale = min(640 / width, 384 / height)
    fitted_wh = (round(width * scale), round(height * scale))
    expected = cv2.resize(image_bgr, fitted_wh, interpolation=cv2.INTER_LINEAR)
    inside = tensor[0, :, : fitted_wh[1], : fitted_wh[0]]
    np.testing.assert_array_equal(inside, expected.transpose(2, 0, 1).astype(np.float32))
    assert (tensor[0, :, fitted_wh[1] :] == 114).all()


def test_a_frame_after_another_leaves_nothing_of_it() -> None:
    letterbox = Letterbox((640, 384), _AS_DECODED)
    letterbox.fill(np.full((1080, 1920, 3), 200, np.uint8))

    tensor = letterbox.fill(np.full((1080, 540, 3), 20, np.uint8))

    assert set(np.unique(tensor)) == {20.0, 114.0}


def test_channels_and_units_are_those_of_the_family() -> None:
    pixels = layout_of((640, 384), (1, 84, 5040)).pixels
    tensor = Letterbox((640, 384), pixels).fill(np.full((360, 640, 3), (0, 51, 255), np.uint8))

    inside = tensor[0, :, 12:372]
    np.testing.assert_allclose(inside[:, 0, 0], (1.0, 0.2, 0.0), atol=1e-6)
    assert (inside == inside[:, :1, :1]).all()
