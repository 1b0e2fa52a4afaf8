"""Blocks of pixels of every size, and planes below the heights in each: for branch and bound."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stipple.arrays import Floats, Integers
from stipple.bounds.grid import lift
from stipple.machine.compiled import compile_loop


class Box(NamedTuple):
    """Pixels next to each other: where they begin, and how many along each axis."""

    front: int
    top: int
    left: int
    depth: int
    height: int
    width: int


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
    tree = BlockTree(np.array(sides), shapes, starts, floors, bases, slopes)
    for level in range(len(sides)):
        _bound_heights(volume, level, tree)
    return tree


@compile_loop
def find_box(tree: BlockTree, level: int, block: int, shape: tuple[int, int, int]) -> Box:
    """Find the pixels of a block: its number in its level, and how many there are in all."""
    side = tree.sides[level]
    line, third = divmod(block, tree.shapes[level, 2])
    first, second = divmod(line, tree.shapes[level, 1])
    front, top, left = first * side, second * side, third * side
    return Box(
        front,
        top,
        left,
        min(side, shape[0] - front),
        min(side, shape[1] - top),
        min(side, shape[2] - left),
    )


@compile_loop
def rise_to(box: Box, slopes: Floats | tuple[float, float, float], s: int, r: int, c: int) -> float:
    """Find how far a plane of three slopes rises from the middle of a box to a pixel."""
    along: float = (
        slopes[0] * (s - box.front - (box.depth - 1) / 2)
        + slopes[1] * (r - box.top - (box.height - 1) / 2)
        + slopes[2] * (c - box.left - (box.width - 1) / 2)
    )
    return along


@compile_loop
def _bound_heights(heights: Floats, level: int, tree: BlockTree) -> None:
    """Find the least height of each block, and the plane of mean slope that touches from below."""
    for block in range(tree.shapes[level].prod()):
        box = find_box(tree, level, block, heights.shape)
        front, top, left = box.front, box.top, box.left
        sums, counts = np.zeros(3), np.zeros(3)
        floor = np.inf
        for s in range(front, front + box.depth):
            for r in range(top, top + box.height):
                for c in range(left, left + box.width):
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
        for s in range(front, front + box.depth):
            for r in range(top, top + box.height):
                for c in range(left, left + box.width):
                    base = min(base, heights[s, r, c] - rise_to(box, slope, s, r, c))
        entry = tree.starts[level] + block
        tree.floors[entry], tree.bases[entry] = floor, base
        for axis in range(3):
            tree.slopes[entry, axis] = slope[axis]
