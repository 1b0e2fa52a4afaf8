"""c-transforms of potentials on a grid of pixels, or of voxels."""

from dataclasses import dataclass, replace
from functools import lru_cache, reduce
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stipple.arguments import read_number
from stipple.arrays import Floats, Integers
from stipple.bounds.block_bounds import ROUNDING, Curve
from stipple.bounds.block_search import search_blocks
from stipple.bounds.grid import AXES, find_offsets
from stipple.choices import HIGHEST_ORDER, Device
from stipple.errors import StippleError
from stipple.machine.compiled import compile_loop
from stipple.machine.rounding import raise_squares
from stipple.machine.threads import Workers

# Above every exact height and cost, far enough below 2⁶³ that no sum overflows.
NOTHING = 2**62
EXACT_BITS = 61


@dataclass(frozen=True, eq=False)
class CostTransform:
    """φ(x) = min_y |x − y|^p − ψ(y), and a pixel y that attains it.

    Attributes
    ----------
    values : ndarray, shape (h, w) or (d, h, w)
        φ, in pixels to the power p.
    nearest : ndarray, shape (h, w) or (d, h, w)
        Flat indices of minimisers.
    """

    values: Floats
    nearest: Integers


@dataclass(frozen=True, eq=False)
class OffsetCosts:
    """Costs that depend only on how far it is along each axis, and grow with that.

    Attributes
    ----------
    table : ndarray, shape (h, w) or (d, h, w)
        The cost of each offset: floats, or int64 in units of 2^exponent.
    exponent : int
        0 for floats.
    squared : bool
        Whether the costs are exactly the squared distances.
    error : float
        By which share of itself each of the costs is wrong, at most.
    order : float
        The costs are distances to this power, or lower where they are the largest; 0 if unknown.
    """

    table: NDArray[Any]
    exponent: int = 0
    squared: bool = False
    error: float = 0.0
    order: float = 0.0


def transform_cost(
    potential: Floats, order: float, *, workers: Workers | None = None, device: Device | None = None
) -> CostTransform:
    """Find φ(x) = min_y |x − y|^p − ψ(y), in double precision.

    Squared distances are separable: one lower envelope of parabolas a line, axis after axis, in
    time proportional to the pixels (Felzenszwalb and Huttenlocher, 2012). Other powers search the
    blocks of pixels in the order of their bounds until none can improve the minimum.

    Parameters
    ----------
    potential : ndarray, shape (h, w) or (d, h, w)
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
        For a potential that is no image and no volume, has NaN or +inf, or is nowhere finite.
    """
    potential = np.asarray(potential, dtype=float)
    usable = (
        potential.ndim in (2, AXES) and (potential < np.inf).all() and np.isfinite(potential).any()
    )
    if not usable:
        raise StippleError(
            f"A potential of shape {potential.shape} cannot be transformed: give rows and columns"
            " of numbers below infinity, at least one of them finite."
        )
    costs = measure_costs(potential.shape, order)
    if device is not None and not costs.squared:
        from stipple.bounds.keops_transforms import find_nearest

        nearest = find_nearest(potential, order, device)
        pixels = np.arange(nearest.size).reshape(nearest.shape)
        offsets = find_offsets(pixels, nearest, nearest.shape)
        return CostTransform(costs.table[offsets] - potential.ravel()[nearest], nearest)
    return CostTransform(*minimise_costs(-potential, costs, workers or Workers(1)))


def check_order(order: float) -> float:
    """Refuse an order that is no number from 1 to 32."""
    return read_number(order, "order of the distance", 1, most=HIGHEST_ORDER)


def measure_costs(shape: tuple[int, ...], order: float) -> OffsetCosts:
    """|Δ|^p for every offset between pixels, with a proved bound on the error (squares: exact).

    Raises
    ------
    StippleError
        If the order is not between 1 and 32.
    """
    return _measure_costs(shape, check_order(order))


@lru_cache(maxsize=4)
def _measure_costs(shape: tuple[int, ...], order: float) -> OffsetCosts:
    squares = [np.arange(count, dtype=float) ** 2 for count in shape]
    return replace(raise_costs(reduce(np.add.outer, squares), order), order=order)


def raise_costs(squares: Floats, order: float) -> OffsetCosts:
    """Costs from the squares of the distances, which are whole numbers."""
    if order == 2:
        table, error = squares, 0.0
    else:
        table, error = raise_squares(squares, order)
    return OffsetCosts(table, squared=order == 2, error=error)


def round_costs_down(costs: OffsetCosts) -> OffsetCosts:
    """Costs as integers not above the true ones, in the finest unit that sums of a few allow."""
    largest = float(costs.table.flat[-1])
    exponent = int(np.frexp(largest)[1]) + 4 - EXACT_BITS
    # Twice the error allows for the rounding of this very product.
    shrink = 1 - 2 * costs.error if costs.error else 1.0
    table = np.floor(np.ldexp(costs.table * shrink, -exponent)).astype(np.int64)
    return OffsetCosts(table, exponent, costs.squared, order=costs.order)


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
    return search_blocks(heights, costs.table, _bend(costs), _find_nothing(heights), workers)


def _bend(costs: OffsetCosts) -> Curve:
    """Describe costs as a function of the distance."""
    if not costs.order:
        return Curve(0.0, 1.0, np.inf, 0.0)
    scale = 2.0**-costs.exponent
    squares = sum((count - 1) ** 2 for count in costs.table.shape)
    largest = float(costs.table.flat[-1])
    loss = 0.0 if costs.table.dtype.kind == "f" else 1.0
    lowered = largest < scale * float(squares) ** (costs.order / 2) * (1 - ROUNDING)
    return Curve(float(costs.order), scale, largest if lowered else np.inf, loss)


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

    lowest, nearest = heights, np.zeros((1,) * heights.ndim, dtype=np.int64)
    stride = 1
    for axis in reversed(range(heights.ndim)):
        lines = np.ascontiguousarray(np.moveaxis(lowest, axis, -1))
        found, places = sweep(lines.reshape(-1, lines.shape[-1]))
        place = np.moveaxis(places.reshape(lines.shape), -1, axis)
        lowest = np.moveaxis(found.reshape(lines.shape), -1, axis)
        within = nearest if stride == 1 else np.take_along_axis(nearest, place, axis)
        nearest = place * stride + within
        stride *= heights.shape[axis]
    return np.ascontiguousarray(lowest), nearest


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
