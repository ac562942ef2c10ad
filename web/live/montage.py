"""Several cameras in one picture: rows and columns of their newest boxed images."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import cv2
import numpy as np
import numpy.typing as npt

from web.live.no_signal import jpeg_of

Image = npt.NDArray[np.uint8]

#: Of the whole picture; the tiles share it.
WIDTH_PX, HEIGHT_PX = 1280, 720
MAX_ROWS = MAX_COLUMNS = 8
_GAP_PX = 2
_BACK_BGR = (24, 18, 20)


@dataclass(frozen=True, slots=True)
class Grid:
    """How tiles are laid out, row by row."""

    rows: int
    columns: int

    @classmethod
    def fitting(cls, count: int, *, rows: int | None, columns: int | None) -> "Grid":
        """Return a grid for so many tiles; what is None is chosen, nearly square."""
        if columns is None:
            columns = math.ceil(count / rows) if rows else math.ceil(math.sqrt(count))
            columns = min(columns, MAX_COLUMNS)
        return cls(rows=rows or min(math.ceil(count / columns), MAX_ROWS), columns=columns)

    @property
    def tile_wh(self) -> tuple[int, int]:
        """Width and height of a tile in pixels."""
        return WIDTH_PX // self.columns, HEIGHT_PX // self.rows


def composed(jpegs: Sequence[bytes | None], grid: Grid) -> bytes:
    """Return one JPEG of 1280x720 pixels with a tile for each picture.

    Args:
        jpegs: Row by row; None, or what cannot be decoded, leaves its tile dark. What does not
            fit the grid is left out.
        grid: Where tiles are.
    """
    canvas = np.full((HEIGHT_PX, WIDTH_PX, 3), _BACK_BGR, np.uint8)
    width, height = grid.tile_wh
    places = product(range(grid.rows), range(grid.columns))
    for (row, column), jpeg in zip(places, jpegs, strict=False):
        tile = None if jpeg is None else _tile(jpeg, (width - _GAP_PX, height - _GAP_PX))
        if tile is None:
            continue
        tile_height, tile_width = tile.shape[:2]
        left = column * width + (width - tile_width) // 2
        top = row * height + (height - tile_height) // 2
        canvas[top : top + tile_height, left : left + tile_width] = tile
    return jpeg_of(canvas)


def _tile(jpeg: bytes, room_wh: tuple[int, int]) -> Image | None:
    """Return a picture scaled into the room that it has, in its own aspect."""
    # A large picture is decoded at half its size, for half the time.
    image = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_REDUCED_COLOR_2)
    if image is None:
        return None
    height, width = image.shape[:2]
    scale = min(room_wh[0] / width, room_wh[1] / height)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return cv2.resize(image, size, interpolation=cv2.INTER_LINEAR).astype(np.uint8, copy=False)
