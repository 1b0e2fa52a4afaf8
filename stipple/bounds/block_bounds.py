"""What blocks of pixels can offer a tile of others at most, told by planes.

Convex costs are nowhere below their tangent planes, and heights in a block nowhere below a plane
of `block_tree`: what is left of both is curvature, however steep they are.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stipple.arrays import Integers
from stipple.bounds.block_tree import Box, rise_to
from stipple.machine.compiled import compile_loop

# More than what bounds lose by rounding, as a share of their parts.
ROUNDING = 2.0**-40


class Curve(NamedTuple):
    """Costs as a function of the distance: the least of scale·|x − y|^order and `most`.

    They are lower by no more than `loss` and `ROUNDING`. The order is 0 if they are no such
    function.
    """

    order: float
    scale: float
    most: float
    loss: float


class Aim(NamedTuple):
    """The plane through the middle of a tile that its minima are compared with.

    `slopes` by axis; no minimum is more than `level` above the plane through 0.
    """

    slopes: tuple[float, float, float]
    level: float


@compile_loop
def choose_aim(
    tile: Box,
    shape: tuple[int, int, int],
    curve: Curve,
    best: NDArray[Any],
    owner: Integers,
) -> Aim:
    """Take the plane through a tile as steep as the cost from what is nearest to its middle."""
    k, i, j = tile.depth // 2, tile.height // 2, tile.width // 2
    line, c = divmod(owner[k, i, j], shape[2])
    s, r = divmod(line, shape[1])
    gap, below, aside = tile.front + k - s, tile.top + i - r, tile.left + j - c
    _, steep = _price(curve, gap, below, aside)
    slopes = steep * gap, steep * below, steep * aside
    return Aim(slopes, find_level(tile, slopes, best))


@compile_loop
def tilt_plane(
    box: Box, first: tuple[float, float, float], second: tuple[float, float, float]
) -> float:
    """Find how far a plane of the sum of two slopes rises from the middle of a box to a corner."""
    return (
        abs(first[0] + second[0]) * (box.depth - 1)
        + abs(first[1] + second[1]) * (box.height - 1)
        + abs(first[2] + second[2]) * (box.width - 1)
    ) / 2


@compile_loop
def find_level(tile: Box, slopes: tuple[float, float, float], best: NDArray[Any]) -> float:
    """Find how far the minima rise above a plane."""
    level = -np.inf
    most = 0.0
    for k in range(tile.depth):
        for i in range(tile.height):
            for j in range(tile.width):
                along = rise_to(tile, slopes, tile.front + k, tile.top + i, tile.left + j)
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
def offer_costs(
    mirrored: NDArray[Any],
    curve: Curve,
    tile: Box,
    aim: Aim,
    block: Box,
) -> tuple[float, float, tuple[float, float, float]]:
    """Bound the costs from a tile to a block: from below, their rounding, and slopes in the block.

    For every x in the tile and y in the block, cost(x − y) minus the plane of the aim at x is at
    least the first number plus slopes·(y − middle of the block).
    """
    if curve.order == 0:
        apart = (
            _keep_apart(tile.front, tile.depth, block.front, block.depth),
            _keep_apart(tile.top, tile.height, block.top, block.height),
            _keep_apart(tile.left, tile.width, block.left, block.width),
        )
        columns = (mirrored.shape[2] + 1) // 2
        least = mirrored[apart[0], apart[1], columns - 1 + apart[2]]
        return float(least), 0.0, (0.0, 0.0, 0.0)
    gap = tile.front - block.front + (tile.depth - block.depth) / 2
    below = tile.top - block.top + (tile.height - block.height) / 2
    aside = tile.left - block.left + (tile.width - block.width) / 2
    cost, steep = _price(curve, gap, below, aside)
    slopes = -steep * gap, -steep * below, -steep * aside
    spread = tilt_plane(tile, slopes, aim.slopes)
    return cost - spread - curve.loss, cost + spread, slopes


@compile_loop
def cap_costs(curve: Curve, tile: Box, aim: Aim) -> float:
    """Bound the largest cost minus the plane of the aim, from below."""
    if curve.most == np.inf:
        return curve.most
    tilt = tilt_plane(tile, aim.slopes, (0.0, 0.0, 0.0))
    return curve.most - tilt - ROUNDING * (curve.most + tilt)
