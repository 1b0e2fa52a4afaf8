"""Pixels by flat index, row by row, and the square blocks that an image can be cut into."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from stipple.arrays import Integers


def cut_blocks(image: NDArray[Any], side: int) -> NDArray[Any]:
    """Cut an image (h, w) into blocks of side × side pixels, shape (H, side, W, side).

    Blocks at the right and the bottom are filled up with zeros.
    """
    height, width = image.shape
    padded = np.pad(image, ((0, -height % side), (0, -width % side)))
    return padded.reshape(len(padded) // side, side, -1, side)


def find_offsets(source: Integers, target: Integers, columns: int) -> tuple[Integers, Integers]:
    """Rows and columns, ≥ 0, between pixels of images with so many columns, by flat index."""
    across, down = measure_shifts(source, target, columns)
    return abs(down), abs(across)


def measure_shifts(source: Integers, target: Integers, columns: int) -> tuple[Integers, Integers]:
    """How far it is from pixels to pixels, by flat index: to the right, and down."""
    row, column = np.divmod(source, columns)
    other_row, other_column = np.divmod(target, columns)
    return other_column - column, other_row - row
