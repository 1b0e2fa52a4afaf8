"""Minima of costs and heights over all pixels, with whole blocks of pixels discarded.

Pixels are solved in small tiles. Costs that are convex are nowhere below their tangent planes, and
heights in a block nowhere below a plane either: a block whose planes are above all minima found so
far in a tile is left out, else its halves are looked at (branch and bound). How much of a block
must be looked at does not grow with its distance: planes leave out what curves, not what rises.
"""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stipple.arrays import Floats, Integers
from stipple.bounds.block_bounds import (
    ROUNDING,
    Aim,
    Curve,
    cap_costs,
    choose_aim,
    find_level,
    offer_costs,
    tilt_plane,
)
from stipple.bounds.block_tree import BlockTree, Box, build_tree, find_box, rise_to
from stipple.bounds.grid import AXES, lift
from stipple.machine.compiled import compile_loop
from stipple.machine.rows import fill
from stipple.machine.threads import Workers

# Pixels along the smallest blocks, and along the tiles that they are looked at from: of images,
# and of volumes.
LEAVES = {2: 8, AXES: 4}
TILES = {2: (1, 8, 8), AXES: (4, 4, 4)}


def search_blocks(
    heights: NDArray[Any], costs: NDArray[Any], curve: Curve, nothing: Any, workers: Workers
) -> tuple[NDArray[Any], Integers]:
    """min_y cost(x − y) + height(y) and its minimisers, for costs that grow with each offset.

    Parameters
    ----------
    heights : ndarray, shape (h, w) or (d, h, w)
    costs : ndarray, of the same shape and type
        By offset.
    curve : Curve
        What the costs are, up to `ROUNDING`.
    nothing : number
        Heights from this on leave pixels out.
    workers : Workers
    """
    values, table = lift(heights), lift(costs)
    tile = TILES[heights.ndim]
    # Offsets −w + 1 .. w − 1 in one line, so that the innermost loop reads both arrays forwards.
    mirrored = np.concatenate([table[:, :, :0:-1], table], axis=2)
    if not (heights < nothing).any():
        return np.full_like(heights, nothing), np.zeros(heights.shape, dtype=np.int64)
    tree = build_tree(heights, LEAVES[heights.ndim], nothing)
    lowest, nearest = np.empty_like(values), np.zeros(values.shape, dtype=np.int64)
    tiles = math.prod(-(-count // side) for count, side in zip(values.shape, tile, strict=True))
    pixels = heights.size
    workers.map_ranges(
        lambda start, stop: _find_minima(
            values,
            mirrored,
            tree,
            curve,
            nothing,
            tile,
            start * tiles // pixels,
            stop * tiles // pixels,
            lowest,
            nearest,
        ),
        pixels,
    )
    return lowest.reshape(heights.shape), nearest.reshape(heights.shape)


@compile_loop
def _find_minima(
    heights: NDArray[Any],
    mirrored: NDArray[Any],
    tree: BlockTree,
    curve: Curve,
    nothing: Any,
    sides: tuple[int, int, int],
    start: int,
    stop: int,
    lowest: NDArray[Any],
    nearest: Integers,
) -> None:
    """Minima of heights + costs for the tiles from start to stop, best blocks first."""
    rows, columns = heights.shape[1:]
    down, across = -(-rows // sides[1]), -(-columns // sides[2])
    best = np.empty(sides, dtype=heights.dtype)
    owner = np.empty(sides, dtype=np.int64)
    room = 8 * len(tree.sides) + 1
    levels, blocks, bounds = np.empty(room, np.int64), np.empty(room, np.int64), np.empty(room)
    for number in range(start, stop):
        tile = Box(
            number // across // down * sides[0],
            number // across % down * sides[1],
            number % across * sides[2],
            min(sides[0], heights.shape[0] - number // across // down * sides[0]),
            min(sides[1], rows - number // across % down * sides[1]),
            min(sides[2], columns - number % across * sides[2]),
        )
        best[:] = nothing
        owner[:] = 0
        none = Aim((0.0, 0.0, 0.0), np.inf)
        leaf = _dive(mirrored, tree, tile)
        _search_leaf(heights, mirrored, tree, curve, nothing, leaf, tile, none, best, owner)
        aim = choose_aim(tile, heights.shape, curve, best, owner)
        levels[0], blocks[0], bounds[0] = len(tree.sides) - 1, 0, -np.inf
        held = 1
        while held > 0:
            held -= 1
            level, block = levels[held], blocks[held]
            if bounds[held] >= aim.level:
                continue
            if level == 0:
                if block != leaf:
                    aim = _search_leaf(
                        heights, mirrored, tree, curve, nothing, block, tile, aim, best, owner
                    )
                continue
            held = _list_children(
                heights,
                mirrored,
                tree,
                curve,
                tile,
                aim,
                level,
                block,
                held,
                levels,
                blocks,
                bounds,
            )
        for k in range(tile.depth):
            for i in range(tile.height):
                line = best[k, i, : tile.width]
                fill(lowest[tile.front + k, tile.top + i, tile.left :], line)
                ends = owner[k, i, : tile.width]
                fill(nearest[tile.front + k, tile.top + i, tile.left :], ends)


@compile_loop
def _dive(mirrored: NDArray[Any], tree: BlockTree, tile: Box) -> int:
    """Guess the smallest block that is best for the middle of a tile."""
    columns = (mirrored.shape[2] + 1) // 2
    middle = (
        tile.front + tile.depth // 2,
        tile.top + tile.height // 2,
        tile.left + tile.width // 2,
    )
    place = (0, 0, 0)
    for level in range(len(tree.sides) - 2, -1, -1):
        side, shape = tree.sides[level], tree.shapes[level]
        least, chosen = np.inf, (-1, -1, -1)
        for s in range(2 * place[0], min(2 * place[0] + 2, shape[0])):
            for r in range(2 * place[1], min(2 * place[1] + 2, shape[1])):
                for c in range(2 * place[2], min(2 * place[2] + 2, shape[2])):
                    number = tree.starts[level] + (s * shape[1] + r) * shape[2] + c
                    centre = side // 2
                    gap = min(abs(s * side + centre - middle[0]), mirrored.shape[0] - 1)
                    below = min(abs(r * side + centre - middle[1]), mirrored.shape[1] - 1)
                    aside = min(abs(c * side + centre - middle[2]), columns - 1)
                    value = tree.bases[number] + mirrored[gap, below, columns - 1 + aside]
                    if value < least or (chosen[0] < 0 and tree.floors[number] < np.inf):
                        least, chosen = value, (s, r, c)
        place = chosen
    return int((place[0] * tree.shapes[0, 1] + place[1]) * tree.shapes[0, 2] + place[2])


@compile_loop
def _list_children(
    heights: NDArray[Any],
    mirrored: NDArray[Any],
    tree: BlockTree,
    curve: Curve,
    tile: Box,
    aim: Aim,
    level: int,
    block: int,
    held: int,
    levels: Integers,
    blocks: Integers,
    bounds: Floats,
) -> int:
    """Put the halves of a block that may be of use on a stack, the most promising one on top."""
    shape = tree.shapes[level]
    line, across = divmod(block, shape[2])
    plane, down = divmod(line, shape[1])
    level -= 1
    shape = tree.shapes[level]
    bottom = held
    for s in range(2 * plane, min(2 * plane + 2, shape[0])):
        for r in range(2 * down, min(2 * down + 2, shape[1])):
            for c in range(2 * across, min(2 * across + 2, shape[2])):
                number = (s * shape[1] + r) * shape[2] + c
                entry = tree.starts[level] + number
                floor, base = tree.floors[entry], tree.bases[entry]
                if floor == np.inf:
                    continue
                box = find_box(tree, level, number, heights.shape)
                cost, error, slopes = offer_costs(mirrored, curve, tile, aim, box)
                tilt = tilt_plane(box, slopes, (0.0, 0.0, 0.0))
                rise = tree.slopes[entry, 0], tree.slopes[entry, 1], tree.slopes[entry, 2]
                spread = tilt_plane(box, slopes, rise)
                bound = cost + max(floor - tilt, base - spread)
                bound -= ROUNDING * (error + tilt + abs(floor) + abs(base))
                bound = min(bound, cap_costs(curve, tile, aim) + floor)
                if bound >= aim.level:
                    continue
                place = held
                while place > bottom and bounds[place - 1] < bound:
                    levels[place], blocks[place] = levels[place - 1], blocks[place - 1]
                    bounds[place] = bounds[place - 1]
                    place -= 1
                levels[place], blocks[place], bounds[place] = level, number, bound
                held += 1
    return held


@compile_loop
def _search_leaf(
    heights: NDArray[Any],
    mirrored: NDArray[Any],
    tree: BlockTree,
    curve: Curve,
    nothing: Any,
    block: int,
    tile: Box,
    aim: Aim,
    best: NDArray[Any],
    owner: Integers,
) -> Aim:
    """Lower the minima of a tile by the pixels of a smallest block, and the level of the aim."""
    rows, columns = heights.shape[1:]
    box = find_box(tree, 0, block, heights.shape)
    cost, error, slopes = offer_costs(mirrored, curve, tile, aim, box)
    tilt = tilt_plane(box, slopes, (0.0, 0.0, 0.0))
    cost -= ROUNDING * (error + tilt + abs(tree.floors[block]))
    cap = cap_costs(curve, tile, aim)
    for s in range(box.front, box.front + box.depth):
        for r in range(box.top, box.top + box.height):
            for c in range(box.left, box.left + box.width):
                height = heights[s, r, c]
                if height >= nothing:
                    continue
                along = rise_to(box, slopes, s, r, c)
                if height + min(cost + along, cap) - ROUNDING * abs(height) >= aim.level:
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
    return Aim(aim.slopes, find_level(tile, aim.slopes, best))
