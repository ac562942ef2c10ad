"""A number burnt into a picture that survives encoding, scaling and JPEG, and can be read back.

A row of square blocks at the top left, each 1/40 of the picture's width: one white and one black
to know the row by, 16 bits from the most significant on (white is 1), and a bit of even parity.
"""

import cv2
import numpy as np

from standalone.demo.paint.sprite import Image

#: Numbers run from 0 to this less one, and then begin again.
COUNTER_RANGE = 1 << 16
_BITS = 16
_BLOCKS_ACROSS = 40
#: A block must be brighter, or darker, than grey by this much to be believed.
_MARGIN = 40
#: Bars of a test card: white, yellow, cyan, green, magenta, red, blue.
_BARS_BGR = (
    (191, 191, 191), (0, 191, 191), (191, 191, 0), (0, 191, 0), (191, 0, 191), (0, 0, 191),
    (191, 0, 0),
)  # fmt: skip


def burn_counter(image_bgr: Image, number: int) -> None:
    """Write a number into the top left corner of ``(H, W, 3)``, in place."""
    width = image_bgr.shape[1]
    edges = np.round(np.arange(len(_blocks(0)) + 1) * width / _BLOCKS_ACROSS).astype(int)
    height = round(width / _BLOCKS_ACROSS)
    for bit, left, right in zip(_blocks(number), edges[:-1], edges[1:], strict=True):
        image_bgr[:height, left:right] = 255 if bit else 0


def read_counter(image_bgr: Image) -> int | None:
    """Return the number in ``(H, W, 3)``, or None where there is none, or it is damaged."""
    side = image_bgr.shape[1] / _BLOCKS_ACROSS
    bits: list[int] = []
    for block in range(len(_blocks(0))):
        # The middle of a block: its edges are smeared by the codec.
        rows = slice(int(side * 0.3), max(int(side * 0.3) + 1, int(side * 0.7)))
        left = int(side * (block + 0.3))
        level = float(image_bgr[rows, left : max(left + 1, int(side * (block + 0.7)))].mean())
        if abs(level - 127.5) < _MARGIN:
            return None
        bits.append(int(level > 127.5))
    number = int("".join(map(str, bits[2 : 2 + _BITS])), 2)
    return number if bits == _blocks(number) else None


def draw_test_card(number: int, size_wh: tuple[int, int]) -> Image:
    """Return colour bars over which a block wanders, with its number burnt in."""
    width, height = size_wh
    bars = np.array(_BARS_BGR, np.uint8)[None]
    card = cv2.resize(bars, size_wh, interpolation=cv2.INTER_NEAREST).astype(np.uint8)
    side = max(4, height // 6)
    left = number * max(1, width // 80) % max(1, width - side)
    top = height // 2
    card[top : top + side, left : left + side] = (40, 40, 40)
    burn_counter(card, number)
    return card


def _blocks(number: int) -> list[int]:
    bits = [int(bit) for bit in format(number % COUNTER_RANGE, f"0{_BITS}b")]
    return [1, 0, *bits, sum(bits) % 2]
