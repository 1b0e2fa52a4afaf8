"""Minima of costs and heights over all pixels, with whole blocks of pixels discarded."""

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stipple.arrays import Integers
from stipple.bounds.grid import AXES, cut_blocks, lift
from stipple.machine.compiled import compile_loop
from stipple.machine.rows import fill
from stipple.machine.threads import Workers

# Pixels along a block, whose bounds discard it as a whole, and along the tiles that it is looked at
# from: the smaller the tiles, the narrower the bounds, and the more of them there are. Of images,
# and of volumes.
BLOCKS = {2: 16, AXES: 8}
TILES = {2: (1, 8, 8), AXES: (4, 4, 4)}


class Tile(NamedTuple):
    """Pixels that are solved together: where they begin, and how many along each axis."""

    front: int
    top: int
    left: int
    depth: int
    height: int
    width: int


def search_blocks(
    heights: NDArray[Any], costs: NDArray[Any], nothing: Any, workers: Workers
) -> tuple[NDArray[Any], Integers]:
    """min_y cost(x − y) + height(y) and its minimisers, for costs that grow with each offset.

    Parameters
    ----------
    heights : ndarray, shape (h, w) or (d, h, w)
    costs : ndarray, of the same shape and type
        By offset.
    nothing : number
        Heights from this on leave pixels out.
    workers : Workers
    """
    values, table = lift(heights), lift(costs)
    block, tile = BLOCKS[heights.ndim], TILES[heights.ndim]
    # Offsets −w + 1 .. w − 1 in one line, so that the innermost loop reads both arrays forwards.
    mirrored = np.concatenate([table[:, :, :0:-1], table], axis=2)
    floors = lift(_find_floors(heights, block, nothing))
    lowest, nearest = np.empty_like(values), np.zeros(values.shape, dtype=np.int64)
    tiles = math.prod(-(-count // side) for count, side in zip(values.shape, tile, strict=True))
    pixels = heights.size
    workers.map_ranges(
        lambda start, stop: _find_minima(
            values,
            mirrored,
            floors,
            nothing,
            block,
            tile,
            start * tiles // pixels,
            stop * tiles // pixels,
            lowest,
            nearest,
        ),
        pixels,
    )
    return lowest.reshape(heights.shape), nearest.reshape(heights.shape)


def _find_floors(heights: NDArray[Any], side: int, nothing: Any) -> NDArray[Any]:
    """Least height of each block."""
    blocks = cut_blocks(heights, side, nothing)
    return np.asarray(blocks.min(axis=tuple(range(1, blocks.ndim, 2))))


@compile_loop
def _find_minima(
    heights: NDArray[Any],
    mirrored: NDArray[Any],
    floors: NDArray[Any],
    nothing: Any,
    block: int,
    sides: tuple[int, int, int],
    start: int,
    stop: int,
    lowest: NDArray[Any],
    nearest: Integers,
) -> None:
    """Minima of heights + costs for the tiles from start to stop, best blocks first."""
    rows, columns = heights.shape[1:]
    down, across = -(-rows // sides[1]), -(-columns // sides[2])
    bounds = np.empty(floors.size, dtype=heights.dtype)
    best = np.empty(sides, dtype=heights.dtype)
    owner = np.empty(sides, dtype=np.int64)
    for number in range(start, stop):
        tile = Tile(
            number // across // down * sides[0],
            number // across % down * sides[1],
            number % across * sides[2],
            min(sides[0], heights.shape[0] - number // across // down * sides[0]),
            min(sides[1], rows - number // across % down * sides[1]),
            min(sides[2], columns - number % across * sides[2]),
        )
        _bound_blocks(heights.shape, mirrored, floors, nothing, block, tile, bounds)
        best[:] = nothing
        owner[:] = 0
        worst = nothing
        for other in np.argsort(bounds):
            if bounds[other] >= worst:
                break
            worst = _search_block(
                heights, mirrored, floors.shape, nothing, block, other, tile, worst, best, owner
            )
        for k in range(tile.depth):
            for i in range(tile.height):
                line = best[k, i, : tile.width]
                fill(lowest[tile.front + k, tile.top + i, tile.left :], line)
                ends = owner[k, i, : tile.width]
                fill(nearest[tile.front + k, tile.top + i, tile.left :], ends)


@compile_loop
def _keep_apart(start: int, stop: int, first: int, last: int) -> int:
    """Least distance between the whole numbers of two ranges, which end before `stop`, `last`."""
    return max(0, first - stop + 1, start - last + 1)


@compile_loop
def _bound_blocks(
    shape: tuple[int, int, int],
    mirrored: NDArray[Any],
    floors: NDArray[Any],
    nothing: Any,
    block: int,
    tile: Tile,
    bounds: NDArray[Any],
) -> None:
    """Bound from below what each block offers the pixels of a tile."""
    slices, rows, columns = shape
    _, down, across = floors.shape
    for other in range(len(bounds)):
        plane, line, column = other // across // down, other // across % down, other % across
        floor = floors[plane, line, column]
        if floor < nothing:
            first, second, third = plane * block, line * block, column * block
            gap = _keep_apart(
                tile.front, tile.front + tile.depth, first, min(first + block, slices)
            )
            below = _keep_apart(tile.top, tile.top + tile.height, second, min(second + block, rows))
            aside = _keep_apart(
                tile.left, tile.left + tile.width, third, min(third + block, columns)
            )
            floor += mirrored[gap, below, columns - 1 + aside]
        bounds[other] = floor


@compile_loop
def _search_block(
    heights: NDArray[Any],
    mirrored: NDArray[Any],
    blocks: tuple[int, int, int],
    nothing: Any,
    block: int,
    other: int,
    tile: Tile,
    worst: Any,
    best: NDArray[Any],
    owner: Integers,
) -> Any:
    """Lower the minima of a tile by the pixels of a block; the highest minimum is returned."""
    slices, rows, columns = heights.shape
    _, down, across = blocks
    first, second = other // across // down * block, other // across % down * block
    third = other % across * block
    bottom, right = tile.top + tile.height, tile.left + tile.width
    for s in range(first, min(first + block, slices)):
        gap = _keep_apart(tile.front, tile.front + tile.depth, s, s + 1)
        for r in range(second, min(second + block, rows)):
            below = _keep_apart(tile.top, bottom, r, r + 1)
            for c in range(third, min(third + block, columns)):
                height = heights[s, r, c]
                aside = columns - 1 + _keep_apart(tile.left, right, c, c + 1)
                if height >= nothing or height + mirrored[gap, below, aside] >= worst:
                    continue
                pixel = (s * rows + r) * columns + c
                shift = tile.left - c + columns - 1
                for k in range(tile.depth):
                    for i in range(tile.height):
                        line = mirrored[abs(tile.front + k - s), abs(tile.top + i - r)]
                        for j in range(tile.width):
                            value = height + line[shift + j]
                            better = value < best[k, i, j]
                            best[k, i, j] = value if better else best[k, i, j]
                            owner[k, i, j] = pixel if better else owner[k, i, j]
    worst = best[0, 0, 0]
    for k in range(tile.depth):
        for i in range(tile.height):
            for j in range(tile.width):
                worst = max(worst, best[k, i, j])
    return worst
