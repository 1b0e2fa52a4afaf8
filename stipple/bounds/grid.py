"""Grids of two or three axes: pixels by flat index, the last axis first, and blocks of them.

Compiled loops take three axes; an image is one slice to them.
"""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stipple.arrays import Integers
from stipple.errors import StippleError

AXES = 3


def lift_shape(shape: tuple[int, ...]) -> tuple[int, int, int]:
    """Give a shape three axes: slices, rows and columns."""
    slices, rows, columns = (1,) * (AXES - len(shape)) + shape
    return slices, rows, columns


def lift(values: NDArray[Any]) -> NDArray[Any]:
    """View an array with three axes, contiguous: an image becomes one slice."""
    return np.ascontiguousarray(values).reshape(lift_shape(values.shape))


def expect_image(shape: tuple[int, ...]) -> tuple[int, int]:
    """Give the rows and columns of what is to be drawn; refuse volumes."""
    if len(shape) == AXES:
        raise StippleError("Volumes are not drawn: save figures, or the plan, as .json or .csv.")
    rows, columns = shape
    return rows, columns


def is_line(shape: tuple[int, ...]) -> bool:
    """Whether a grid extends along one axis at most."""
    return math.prod(shape) == max(shape)


def cut_blocks(image: NDArray[Any], side: int, filling: float = 0) -> NDArray[Any]:
    """Cut an image (h, w) into blocks of side × side pixels, shape (H, side, W, side).

    Volumes are cut into cubes likewise. Blocks at the far ends are filled up.
    """
    padded = np.pad(image, [(0, -count % side) for count in image.shape], constant_values=filling)
    shape = [part for count in padded.shape for part in (count // side, side)]
    return padded.reshape(shape)


def pool_blocks(image: NDArray[Any], side: int) -> NDArray[Any]:
    """Sum an image (h, w) over blocks of side × side pixels, shape (H, W); volumes likewise."""
    within = tuple(range(1, 2 * image.ndim, 2))
    return np.asarray(cut_blocks(image, side).sum(axis=within))


def find_offsets(
    source: Integers, target: Integers, shape: tuple[int, ...]
) -> tuple[Integers, ...]:
    """How far it is along each axis, ≥ 0, between pixels of a grid, by flat index."""
    starts, ends = np.unravel_index(source, shape), np.unravel_index(target, shape)
    return tuple(abs(end - start) for start, end in zip(starts, ends, strict=True))


def measure_shifts(
    source: Integers, target: Integers, shape: tuple[int, ...]
) -> tuple[Integers, ...]:
    """How far it is from pixels to pixels, by flat index: along x, y, and z."""
    starts, ends = np.unravel_index(source, shape), np.unravel_index(target, shape)
    return tuple(end - start for start, end in zip(starts, ends, strict=True))[::-1]
