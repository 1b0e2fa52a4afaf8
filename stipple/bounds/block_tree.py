"""Blocks of pixels of every size, and planes below the heights in each: for branch and bound."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stipple.arrays import Floats, Integers
from stipple.bounds.grid import lift
from stipple.machine.compiled import compile_loop


class BlockTree(NamedTuple):
    """Blocks, the smallest first; each larger one is made of two along every axis.

    Attributes
    ----------
    sides : ndarray, shape (levels,)
        Pixels along a block.
    shapes : ndarray, shape (levels, 3)
        Blocks along each axis.
    starts : ndarray, shape (levels,)
        Number of the first block of each level.
    floors : ndarray, shape (blocks,)
        Least height in each block; infinite where it has none.
    bases, slopes : ndarray, shape (blocks,) and (blocks, 3)
        No height is below base + slope·(pixel − centre), up to rounding.
    """

    sides: Integers
    shapes: Integers
    starts: Integers
    floors: Floats
    bases: Floats
    slopes: Floats


def build_tree(heights: NDArray[Any], side: int, nothing: Any) -> BlockTree:
    """Build the blocks of `side` pixels, and larger ones up to one for all.

    Parameters
    ----------
    heights : ndarray, shape (h, w) or (d, h, w)
    side : int
    nothing : number
        Heights from this on leave pixels out.
    """
    values = np.where(heights < nothing, heights, np.inf).astype(float)
    sides = [side]
    while sides[-1] < max(values.shape):
        sides.append(2 * sides[-1])
    volume = lift(values)
    shapes = np.array([[-(-count // side) for count in volume.shape] for side in sides])
    sizes = shapes.prod(axis=1)
    starts = np.cumsum(sizes) - sizes
    floors, bases = np.empty(sizes.sum()), np.empty(sizes.sum())
    slopes = np.empty((sizes.sum(), 3))
    for side, start in zip(sides, starts, strict=True):
        _bound_heights(volume, side, floors[start:], bases[start:], slopes[start:])
    return BlockTree(np.array(sides), shapes, starts, floors, bases, slopes)


@compile_loop
def _bound_heights(
    heights: Floats, side: int, floors: Floats, bases: Floats, slopes: Floats
) -> None:
    """Find the least height of each block, and the plane of mean slope that touches from below."""
    slices, rows, columns = heights.shape
    number = 0
    middle = (side - 1) / 2
    for front in range(0, slices, side):
        for top in range(0, rows, side):
            for left in range(0, columns, side):
                below = min(front + side, slices), min(top + side, rows), min(left + side, columns)
                sums, counts = np.zeros(3), np.zeros(3)
                floor = np.inf
                for s in range(front, below[0]):
                    for r in range(top, below[1]):
                        for c in range(left, below[2]):
                            height = heights[s, r, c]
                            if height == np.inf:
                                continue
                            floor = min(floor, height)
                            if s > front and heights[s - 1, r, c] < np.inf:
                                sums[0] += height - heights[s - 1, r, c]
                                counts[0] += 1
                            if r > top and heights[s, r - 1, c] < np.inf:
                                sums[1] += height - heights[s, r - 1, c]
                                counts[1] += 1
                            if c > left and heights[s, r, c - 1] < np.inf:
                                sums[2] += height - heights[s, r, c - 1]
                                counts[2] += 1
                slope = sums / np.maximum(counts, 1.0)
                base = np.inf
                for s in range(front, below[0]):
                    for r in range(top, below[1]):
                        for c in range(left, below[2]):
                            along = (
                                slope[0] * (s - front - middle)
                                + slope[1] * (r - top - middle)
                                + slope[2] * (c - left - middle)
                            )
                            base = min(base, heights[s, r, c] - along)
                floors[number], bases[number] = floor, base
                for axis in range(3):
                    slopes[number, axis] = slope[axis]
                number += 1
