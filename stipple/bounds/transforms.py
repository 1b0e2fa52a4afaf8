"""c-transforms of potentials on a grid of pixels."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stipple.arguments import read_number
from stipple.arrays import Floats, Integers
from stipple.choices import HIGHEST_ORDER, Device
from stipple.errors import StippleError
from stipple.machine.compiled import compile_loop
from stipple.machine.rounding import raise_squares
from stipple.machine.rows import fill
from stipple.machine.threads import Workers

# Above every exact height and cost, far enough below 2⁶³ that no sum overflows.
NOTHING = 2**62
EXACT_BITS = 61
# Pixels along a block, whose bounds discard it as a whole, and along the tiles that it is looked at
# from: the smaller the tiles, the narrower the bounds, and the more of them there are.
BLOCK, TILE = 16, 8


@dataclass(frozen=True, eq=False)
class CostTransform:
    """φ(x) = min_y |x − y|^p − ψ(y), and a pixel y that attains it.

    Attributes
    ----------
    values : ndarray, shape (h, w)
        φ, in pixels to the power p.
    nearest : ndarray, shape (h, w)
        Flat indices of minimisers.
    """

    values: Floats
    nearest: Integers


@dataclass(frozen=True, eq=False)
class OffsetCosts:
    """Costs that depend on |Δrow| and |Δcolumn| only and grow with both.

    Attributes
    ----------
    table : ndarray, shape (h, w)
        The cost of each offset: floats, or int64 in units of 2^exponent.
    exponent : int
        0 for floats.
    squared : bool
        Whether the costs are exactly the squared distances.
    error : float
        By which share of itself each of the costs is wrong, at most.
    """

    table: NDArray[Any]
    exponent: int = 0
    squared: bool = False
    error: float = 0.0


def transform_cost(
    potential: Floats, order: float, *, workers: Workers | None = None, device: Device | None = None
) -> CostTransform:
    """Find φ(x) = min_y |x − y|^p − ψ(y), in double precision.

    Squared distances are separable: one lower envelope of parabolas per row, then per column, in
    time proportional to the pixels (Felzenszwalb and Huttenlocher, 2012). Other powers search the
    blocks of pixels in the order of their bounds until none can improve the minimum.

    Parameters
    ----------
    potential : ndarray, shape (h, w)
        ψ, in pixels to the power p; −inf leaves a pixel out.
    order : float
        p ≥ 1.
    workers : Workers, optional
        Threads that share the rows; one by default.
    device : {"cpu", "cuda"}, optional
        Where KeOps compares all pixels instead, for orders other than 2.

    Raises
    ------
    StippleError
        For a potential that is not a matrix, has NaN or +inf, or is nowhere finite.
    """
    potential = np.asarray(potential, dtype=float)
    usable = potential.ndim == 2 and (potential < np.inf).all() and np.isfinite(potential).any()
    if not usable:
        raise StippleError(
            f"A potential of shape {potential.shape} cannot be transformed: give rows and columns"
            " of numbers below infinity, at least one of them finite."
        )
    rows, columns = potential.shape
    costs = measure_costs((rows, columns), order)
    if device is not None and not costs.squared:
        from stipple.bounds.keops_transforms import find_nearest

        nearest = find_nearest(potential, order, device)
        row, column = np.indices(potential.shape)
        down, across = np.abs(nearest // columns - row), np.abs(nearest % columns - column)
        return CostTransform(costs.table[down, across] - potential.ravel()[nearest], nearest)
    return CostTransform(*minimise_costs(-potential, costs, workers or Workers(1)))


def check_order(order: float) -> float:
    """Refuse an order that is no number from 1 to 32."""
    return read_number(order, "order of the distance", 1, most=HIGHEST_ORDER)


def measure_costs(shape: tuple[int, int], order: float) -> OffsetCosts:
    """|Δ|^p for every offset between pixels, with a proved bound on the error (squares: exact).

    Raises
    ------
    StippleError
        If the order is not between 1 and 32.
    """
    return _measure_costs(shape, check_order(order))


@lru_cache(maxsize=2)
def _measure_costs(shape: tuple[int, int], order: float) -> OffsetCosts:
    down, across = (np.arange(count, dtype=float) ** 2 for count in shape)
    return raise_costs(down[:, None] + across, order)


def raise_costs(squares: Floats, order: float) -> OffsetCosts:
    """Costs from the squares of the distances, which are whole numbers."""
    if order == 2:
        table, error = squares, 0.0
    else:
        table, error = raise_squares(squares, order)
    return OffsetCosts(table, squared=order == 2, error=error)


def round_costs_down(costs: OffsetCosts) -> OffsetCosts:
    """Costs as integers not above the true ones, in the finest unit that sums of a few allow."""
    largest = float(costs.table[-1, -1])
    exponent = int(np.frexp(largest)[1]) + 4 - EXACT_BITS
    # Twice the error allows for the rounding of this very product.
    shrink = 1 - 2 * costs.error if costs.error else 1.0
    table = np.floor(np.ldexp(costs.table * shrink, -exponent)).astype(np.int64)
    return OffsetCosts(table, exponent, costs.squared)


def round_costs_up(costs: OffsetCosts) -> Floats:
    """Costs by offset, not below the true ones."""
    return costs.table * (1 + 2 * costs.error) if costs.error else costs.table


def minimise_costs(
    heights: NDArray[Any], costs: OffsetCosts, workers: Workers
) -> tuple[NDArray[Any], Integers]:
    """min_y cost(x − y) + height(y) and its minimisers, in the arithmetic of the heights.

    Heights of inf, or of `NOTHING` for integers, leave pixels out. Integer results are exact.
    """
    if costs.squared:
        return _sweep_squares(heights, costs, workers)
    return _search_blocks(heights, costs, workers)


def _sweep_squares(
    heights: NDArray[Any], costs: OffsetCosts, workers: Workers
) -> tuple[NDArray[Any], Integers]:
    scale, nothing = heights.dtype.type(2.0**-costs.exponent), _find_nothing(heights)

    def sweep(values: NDArray[Any]) -> tuple[NDArray[Any], Integers]:
        lowest, nearest = np.empty_like(values), np.empty(values.shape, dtype=np.int64)
        lines, count = values.shape
        workers.map_ranges(
            lambda start, stop: _find_envelopes(
                values, scale, nothing, start // count, stop // count, lowest, nearest
            ),
            lines * count,
        )
        return lowest, nearest

    across, column = sweep(np.ascontiguousarray(heights))
    down, row = sweep(np.ascontiguousarray(across.T))
    row = row.T
    return (
        np.ascontiguousarray(down.T),
        row * heights.shape[1] + np.take_along_axis(column, row, axis=0),
    )


def _search_blocks(
    heights: NDArray[Any], costs: OffsetCosts, workers: Workers
) -> tuple[NDArray[Any], Integers]:
    rows, columns = heights.shape
    nothing = _find_nothing(heights)
    # Offsets −w + 1 .. w − 1 in one line, so that the innermost loop reads both arrays forwards.
    mirrored = np.hstack([costs.table[:, :0:-1], costs.table])
    across, down = -(-columns // BLOCK), -(-rows // BLOCK)
    padded = np.full((down * BLOCK, across * BLOCK), nothing)
    padded[:rows, :columns] = heights
    floors = padded.reshape(down, BLOCK, across, BLOCK).min(axis=(1, 3))
    lowest, nearest = np.empty_like(heights), np.zeros(heights.shape, dtype=np.int64)
    tiles, pixels = -(-rows // TILE) * -(-columns // TILE), rows * columns
    workers.map_ranges(
        lambda start, stop: _find_minima(
            np.ascontiguousarray(heights),
            mirrored,
            floors,
            nothing,
            start * tiles // pixels,
            stop * tiles // pixels,
            lowest,
            nearest,
        ),
        pixels,
    )
    return lowest, nearest


def _find_nothing(heights: NDArray[Any]) -> Any:
    return heights.dtype.type(np.inf if heights.dtype.kind == "f" else NOTHING)


@compile_loop
def _find_envelopes(
    values: NDArray[Any],
    scale: Any,
    nothing: Any,
    start: int,
    stop: int,
    lowest: NDArray[Any],
    nearest: Integers,
) -> None:
    """lowest[i, x] = min_q scale·(x − q)² + values[i, q] for the lines from start to stop."""
    count = values.shape[1]
    owners = np.empty(count, dtype=np.int64)
    ends = np.empty(count, dtype=np.int64)
    for line in range(start, stop):
        size = 0
        for q in range(count):
            if values[line, q] >= nothing:
                continue
            useful = True
            while size > 0:
                v = owners[size - 1]
                rise = values[line, q] - values[line, v] + (q * q - v * v) * scale
                # The last position where v is at least as low as q; whole numbers stay exact.
                end = rise // (2 * (q - v) * scale)
                if end >= count - 1:
                    useful = False
                    break
                if end >= (ends[size - 2] + 1 if size > 1 else 0):
                    ends[size - 1] = np.int64(end)
                    break
                size -= 1
            if useful:
                owners[size] = q
                ends[size] = count - 1
                size += 1
        if size == 0:
            lowest[line] = nothing
            nearest[line] = 0
            continue
        # Rounding can drop the parabola that had shortened the last one kept.
        ends[size - 1] = count - 1
        piece = 0
        for x in range(count):
            while ends[piece] < x:
                piece += 1
            v = owners[piece]
            lowest[line, x] = values[line, v] + (x - v) * (x - v) * scale
            nearest[line, x] = v


@compile_loop
def _find_minima(
    heights: NDArray[Any],
    mirrored: NDArray[Any],
    floors: NDArray[Any],
    nothing: Any,
    start: int,
    stop: int,
    lowest: NDArray[Any],
    nearest: Integers,
) -> None:
    """Minima of heights + costs for the tiles from start to stop, best blocks first.

    Longer than other loops: `worst` discards blocks, rows and pixels alike, and a call for each of
    them would cost more than it saves.
    """
    rows, columns = heights.shape
    down, across = floors.shape
    bounds = np.empty(down * across, dtype=heights.dtype)
    best = np.empty((TILE, TILE), dtype=heights.dtype)
    owner = np.empty((TILE, TILE), dtype=np.int64)
    along = -(-columns // TILE)
    for tile in range(start, stop):
        top, left = tile // along * TILE, tile % along * TILE
        bottom, right = min(top + TILE, rows), min(left + TILE, columns)
        for other in range(down * across):
            floor = floors[other // across, other % across]
            if floor < nothing:
                first, second = other // across * BLOCK, other % across * BLOCK
                gap = max(0, first - bottom + 1, top - min(first + BLOCK, rows) + 1)
                aside = max(0, second - right + 1, left - min(second + BLOCK, columns) + 1)
                floor += mirrored[gap, columns - 1 + aside]
            bounds[other] = floor
        best[:] = nothing
        owner[:] = 0
        worst = nothing
        for other in np.argsort(bounds):
            if bounds[other] >= worst:
                break
            first, second = other // across * BLOCK, other % across * BLOCK
            for r in range(first, min(first + BLOCK, rows)):
                gap = max(0, r - bottom + 1, top - r)
                for c in range(second, min(second + BLOCK, columns)):
                    height = heights[r, c]
                    aside = max(0, c - right + 1, left - c)
                    if height >= nothing or height + mirrored[gap, columns - 1 + aside] >= worst:
                        continue
                    pixel = r * columns + c
                    shift = left - c + columns - 1
                    for i in range(bottom - top):
                        line = mirrored[abs(top + i - r)]
                        for j in range(right - left):
                            value = height + line[shift + j]
                            better = value < best[i, j]
                            best[i, j] = value if better else best[i, j]
                            owner[i, j] = pixel if better else owner[i, j]
            worst = best[: bottom - top, : right - left].max()
        for i in range(bottom - top):
            fill(lowest[top + i, left:], best[i, : right - left])
            fill(nearest[top + i, left:], owner[i, : right - left])
