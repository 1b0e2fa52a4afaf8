"""Minima of costs and heights over all pixels, with whole blocks of pixels discarded.

Pixels are solved in small tiles. Costs that are convex are nowhere below their tangent planes, and
heights in a block nowhere below a plane either: a block whose planes are above all minima found so
far in a tile is left out, else its halves are looked at (branch and bound). How much of a block
must be looked at does not grow with its distance: planes leave out what curves, not what rises.
"""

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stipple.arrays import Floats, Integers
from stipple.bounds.block_tree import BlockTree, build_tree
from stipple.bounds.grid import AXES, lift
from stipple.machine.compiled import compile_loop
from stipple.machine.rows import fill
from stipple.machine.threads import Workers

# Pixels along the smallest blocks, and along the tiles that they are looked at from: of images,
# and of volumes.
LEAVES = {2: 8, AXES: 4}
TILES = {2: (1, 8, 8), AXES: (4, 4, 4)}
# More than what bounds lose by rounding, as a share of their parts.
ROUNDING = 2.0**-40


class Tile(NamedTuple):
    """Pixels that are solved together: where they begin, and how many along each axis."""

    front: int
    top: int
    left: int
    depth: int
    height: int
    width: int


class Curve(NamedTuple):
    """Costs as a function of the distance: the least of scale·|x − y|^order and `most`.

    They are lower by no more than `loss` and `ROUNDING`. The order is 0 if they are no such
    function.
    """

    order: float
    scale: float
    most: float
    loss: float


class _Aim(NamedTuple):
    """The plane through the middle of a tile that its minima are compared with.

    `slopes` by axis; no minimum is more than `level` above the plane through 0.
    """

    slopes: tuple[float, float, float]
    level: float


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
        tile = Tile(
            number // across // down * sides[0],
            number // across % down * sides[1],
            number % across * sides[2],
            min(sides[0], heights.shape[0] - number // across // down * sides[0]),
            min(sides[1], rows - number // across % down * sides[1]),
            min(sides[2], columns - number % across * sides[2]),
        )
        best[:] = nothing
        owner[:] = 0
        none = _Aim((0.0, 0.0, 0.0), np.inf)
        leaf = _dive(mirrored, tree, tile)
        _search_leaf(heights, mirrored, tree, curve, nothing, leaf, tile, none, best, owner)
        aim = _choose_aim(tile, heights.shape, curve, best, owner)
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
                mirrored, tree, curve, tile, aim, level, block, held, levels, blocks, bounds
            )
        for k in range(tile.depth):
            for i in range(tile.height):
                line = best[k, i, : tile.width]
                fill(lowest[tile.front + k, tile.top + i, tile.left :], line)
                ends = owner[k, i, : tile.width]
                fill(nearest[tile.front + k, tile.top + i, tile.left :], ends)


@compile_loop
def _dive(mirrored: NDArray[Any], tree: BlockTree, tile: Tile) -> int:
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
    return (place[0] * tree.shapes[0, 1] + place[1]) * tree.shapes[0, 2] + place[2]


@compile_loop
def _choose_aim(
    tile: Tile,
    shape: tuple[int, int, int],
    curve: Curve,
    best: NDArray[Any],
    owner: Integers,
) -> _Aim:
    """Take the plane through a tile as steep as the cost from what is nearest to its middle."""
    k, i, j = tile.depth // 2, tile.height // 2, tile.width // 2
    line, c = divmod(owner[k, i, j], shape[2])
    s, r = divmod(line, shape[1])
    gap, below, aside = tile.front + k - s, tile.top + i - r, tile.left + j - c
    _, steep = _price(curve, gap, below, aside)
    slopes = steep * gap, steep * below, steep * aside
    return _Aim(slopes, _find_level(tile, slopes, best))


@compile_loop
def _find_level(tile: Tile, slopes: tuple[float, float, float], best: NDArray[Any]) -> float:
    """Find how far the minima rise above a plane."""
    level = -np.inf
    most = 0.0
    for k in range(tile.depth):
        for i in range(tile.height):
            for j in range(tile.width):
                along = (
                    slopes[0] * (k - (tile.depth - 1) / 2)
                    + slopes[1] * (i - (tile.height - 1) / 2)
                    + slopes[2] * (j - (tile.width - 1) / 2)
                )
                level = max(level, best[k, i, j] - along)
                most = max(most, abs(along) + abs(level))
    return level + ROUNDING * most


@compile_loop
def _price(curve: Curve, gap: float, below: float, aside: float) -> tuple[float, float]:
    """Price an offset: cost, and what the offset is to be multiplied with for its slopes."""
    square = gap * gap + below * below + aside * aside
    if curve.order == 0 or square == 0:
        return 0.0, 0.0
    cost = curve.scale * square ** (curve.order / 2)
    return cost, curve.order * cost / square


@compile_loop
def _keep_apart(start: int, count: int, first: int, side: int) -> int:
    """Least distance between `count` whole numbers from `start` on, and `side` from `first` on."""
    return max(0, first - start - count + 1, start - first - side + 1)


@compile_loop
def _offer(
    mirrored: NDArray[Any],
    curve: Curve,
    tile: Tile,
    aim: _Aim,
    first: tuple[int, int, int],
    side: int,
) -> tuple[float, float, tuple[float, float, float]]:
    """Bound the costs from a tile to a block: from below, their rounding, and slopes in the block.

    For every x in the tile and y in the block, cost(x − y) minus the plane of the aim at x is at
    least the first number plus slopes·(y − middle of the block).
    """
    if curve.order == 0:
        gap = _keep_apart(tile.front, tile.depth, first[0], side)
        below = _keep_apart(tile.top, tile.height, first[1], side)
        aside = _keep_apart(tile.left, tile.width, first[2], side)
        columns = (mirrored.shape[2] + 1) // 2
        return mirrored[gap, below, columns - 1 + aside] * 1.0, 0.0, (0.0, 0.0, 0.0)
    gap = tile.front - first[0] + (tile.depth - side) / 2
    below = tile.top - first[1] + (tile.height - side) / 2
    aside = tile.left - first[2] + (tile.width - side) / 2
    cost, steep = _price(curve, gap, below, aside)
    slopes = -steep * gap, -steep * below, -steep * aside
    apart = (
        abs(slopes[0] + aim.slopes[0]) * (tile.depth - 1)
        + abs(slopes[1] + aim.slopes[1]) * (tile.height - 1)
        + abs(slopes[2] + aim.slopes[2]) * (tile.width - 1)
    ) / 2
    return cost - apart - curve.loss, cost + apart, slopes


@compile_loop
def _list_children(
    mirrored: NDArray[Any],
    tree: BlockTree,
    curve: Curve,
    tile: Tile,
    aim: _Aim,
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
    side, shape = tree.sides[level], tree.shapes[level]
    half = (side - 1) / 2
    bottom = held
    for s in range(2 * plane, min(2 * plane + 2, shape[0])):
        for r in range(2 * down, min(2 * down + 2, shape[1])):
            for c in range(2 * across, min(2 * across + 2, shape[2])):
                number = (s * shape[1] + r) * shape[2] + c
                entry = tree.starts[level] + number
                floor, slope = tree.floors[entry], tree.slopes[entry]
                if floor == np.inf:
                    continue
                first = s * side, r * side, c * side
                cost, error, slopes = _offer(mirrored, curve, tile, aim, first, side)
                tilt = half * (abs(slopes[0]) + abs(slopes[1]) + abs(slopes[2]))
                spread = half * (
                    abs(slopes[0] + slope[0])
                    + abs(slopes[1] + slope[1])
                    + abs(slopes[2] + slope[2])
                )
                height = max(floor - tilt, tree.bases[entry] - spread)
                error += tilt + abs(floor) + abs(tree.bases[entry])
                bound = cost + height - ROUNDING * error
                if curve.most < np.inf:
                    bound = min(bound, _cap(curve, tile, aim) + floor)
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
def _cap(curve: Curve, tile: Tile, aim: _Aim) -> float:
    """Bound the largest cost minus the plane of the aim, from below."""
    apart = (
        abs(aim.slopes[0]) * (tile.depth - 1)
        + abs(aim.slopes[1]) * (tile.height - 1)
        + abs(aim.slopes[2]) * (tile.width - 1)
    ) / 2
    return curve.most - apart - ROUNDING * (curve.most + apart)


@compile_loop
def _search_leaf(
    heights: NDArray[Any],
    mirrored: NDArray[Any],
    tree: BlockTree,
    curve: Curve,
    nothing: Any,
    block: int,
    tile: Tile,
    aim: _Aim,
    best: NDArray[Any],
    owner: Integers,
) -> _Aim:
    """Lower the minima of a tile by the pixels of a smallest block, and the level of the aim."""
    slices, rows, columns = heights.shape
    side, shape = tree.sides[0], tree.shapes[0]
    line, third = divmod(block, shape[2])
    first, second = divmod(line, shape[1])
    first, second, third = first * side, second * side, third * side
    corner = first, second, third
    cost, error, slopes = _offer(mirrored, curve, tile, aim, corner, side)
    half = (side - 1) / 2
    tilt = half * (abs(slopes[0]) + abs(slopes[1]) + abs(slopes[2]))
    cost -= ROUNDING * (error + tilt + abs(tree.floors[block]))
    cap = _cap(curve, tile, aim)
    for s in range(first, min(first + side, slices)):
        for r in range(second, min(second + side, rows)):
            for c in range(third, min(third + side, columns)):
                height = heights[s, r, c]
                if height >= nothing:
                    continue
                along = (
                    slopes[0] * (s - first - half)
                    + slopes[1] * (r - second - half)
                    + slopes[2] * (c - third - half)
                )
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
    return _Aim(aim.slopes, _find_level(tile, aim.slopes, best))
