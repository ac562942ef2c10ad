import cv2
import numpy as np
import pytest

from standalone.demo.counter import COUNTER_RANGE, burn_counter, draw_test_card, read_counter

NUMBERS = [0, 1, 2, 255, 256, 0b1010101010101010, COUNTER_RANGE - 1]


@pytest.mark.parametrize("size_wh", [(1280, 720), (640, 480), (320, 180), (161, 90)])
@pytest.mark.parametrize("number", NUMBERS)
def test_reads_back_what_was_burnt_in(number: int, size_wh: tuple[int, int]) -> None:
    assert read_counter(draw_test_card(number, size_wh)) == number


def test_begins_again_after_the_last_number() -> None:
    assert read_counter(draw_test_card(COUNTER_RANGE + 7, (320, 180))) == 7


@pytest.mark.parametrize("number", NUMBERS)
def test_survives_jpeg_and_scaling(number: int) -> None:
    _, jpeg = cv2.imencode(
        ".jpg", draw_test_card(number, (640, 360)), [cv2.IMWRITE_JPEG_QUALITY, 40]
    )
    half = cv2.imdecode(jpeg, cv2.IMREAD_REDUCED_COLOR_2)
    assert half is not None

    assert read_counter(half.astype(np.uint8)) == number


def test_sees_no_number_where_none_is() -> None:
    assert read_counter(np.zeros((180, 320, 3), np.uint8)) is None
    assert read_counter(np.full((180, 320, 3), 128, np.uint8)) is None


@pytest.mark.parametrize("block", range(2, 19))
def test_a_flipped_bit_is_no_number(block: int) -> None:
    card = draw_test_card(0b0110100110010110, (640, 360))
    part = card[:16, block * 16 : (block + 1) * 16]
    part[:] = 255 - part

    assert read_counter(card) is None


def test_touches_the_first_row_of_blocks_alone() -> None:
    picture = np.full((90, 160, 3), 77, np.uint8)

    burn_counter(picture, 5)

    assert np.all(picture[4:] == 77)
    assert np.all(picture[:, 19 * 4 :] == 77)
