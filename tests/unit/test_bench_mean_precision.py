"""The mAP50-95 of small cases that can be reckoned by hand."""

import numpy as np
import pytest

from bench.mean_precision import MeanPrecision, Truth
from object_recognition.detection import Detections

BOX = (0.0, 0.0, 10.0, 10.0)
ELSEWHERE = (50.0, 50.0, 60.0, 60.0)
#: Overlaps BOX by an IoU of .72.
NEARLY = (0.0, 0.0, 10.0, 7.2)


def seen(*boxes: tuple[tuple[float, ...], float, int]) -> Detections:
    return Detections(
        np.array([box for box, _, _ in boxes], np.float32).reshape(-1, 4),
        np.array([confidence for _, confidence, _ in boxes], np.float32),
        np.array([label for _, _, label in boxes], np.int64),
    )


def truth(*boxes: tuple[tuple[float, ...], int]) -> Truth:
    return Truth(
        np.array([box for box, _ in boxes], np.float32).reshape(-1, 4),
        np.array([label for _, label in boxes], np.int64),
    )


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        pytest.param(seen((BOX, 0.9, 0)), 1.0, id="right"),
        pytest.param(seen((BOX, 0.9, 0), (ELSEWHERE, 0.1, 0)), 1.0, id="wrong, but less sure"),
        pytest.param(seen((BOX, 0.1, 0), (ELSEWHERE, 0.9, 0)), 0.5, id="wrong, and surer"),
        pytest.param(seen((BOX, 0.9, 0), (BOX, 0.8, 0)), 1.0, id="the second of two is wrong"),
        pytest.param(seen((BOX, 0.9, 1)), 0.0, id="another label"),
        pytest.param(seen((NEARLY, 0.9, 0)), 0.5, id="right at five of ten overlaps"),
        pytest.param(seen(), 0.0, id="nothing"),
    ],
)
def test_one_object(told: Detections, expected: float) -> None:
    mean = MeanPrecision()

    mean.add(told, truth((BOX, 0)))

    assert mean.by_label() == pytest.approx(expected)


def test_half_of_the_objects_is_half_the_recall() -> None:
    mean = MeanPrecision()
    mean.add(seen((BOX, 0.9, 0)), truth((BOX, 0)))
    mean.add(seen(), truth((BOX, 0)))

    # Recall ends at a half: 51 of the 101 shares of it are reached, as in COCO's own evaluation
    assert mean.by_label() == pytest.approx(51 / 101)


def test_labels_count_alike_or_by_their_objects() -> None:
    mean = MeanPrecision()
    mean.add(seen((BOX, 0.9, 0)), truth((BOX, 0), (BOX, 1)))
    mean.add(seen((BOX, 0.9, 0)), truth((BOX, 0)))
    mean.add(seen((BOX, 0.9, 0)), truth((BOX, 0)))

    assert mean.by_label() == pytest.approx(1 / 2)
    assert mean.by_object() == pytest.approx(3 / 4)
