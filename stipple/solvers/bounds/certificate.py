"""A strict interval for W_p between two images, from whatever potentials and plan are at hand.

Nothing that a solver returns is trusted. Potentials become integers, and their transform is exact;
the plan becomes integers, is cut where it exceeds a marginal, and completed; costs are rounded down
for the dual and up for the primal problem; sums are exact; the last root is rounded outwards.
"""

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stipple.arrays import Booleans, Floats, Integers
from stipple.errors import StippleError
from stipple.solvers.bounds.masses import (
    LARGEST_TOTAL,
    MassPair,
    Units,
    multiply_exactly,
    split_dyadic,
    sum_exactly,
)
from stipple.solvers.bounds.rounding import (
    POWER_ERROR,
    raise_power,
    round_down,
    round_up,
    scale_exactly,
    take_root,
)
from stipple.solvers.bounds.transforms import (
    NOTHING,
    OffsetCosts,
    measure_costs,
    minimise_costs,
    round_costs_down,
)
from stipple.solvers.compiled import compile_loop
from stipple.solvers.parallel import Workers


@dataclass(frozen=True, eq=False)
class Plan:
    """Mass that goes from pixels to pixels.

    Attributes
    ----------
    source, target : ndarray, shape (k,)
        Flat pixel indices, row by row; a pair may occur several times.
    amounts : ndarray, shape (k,)
        Fractions of the mass, sum about 1.
    """

    source: Integers
    target: Integers
    amounts: Floats


@dataclass(frozen=True)
class BoundCertificate:
    """A strict interval for W_p.

    Attributes
    ----------
    order : float
        p.
    lower, upper : float
        W_p lies between them, in pixels.
    lower_cost, upper_cost : float
        W_p^p lies between them, in pixels to the power p.
    repaired : float
        Fraction of the mass that the plan left over.
    """

    order: float
    lower: float
    upper: float
    lower_cost: float
    upper_cost: float
    repaired: float


def measure_gap(lower: float, upper: float) -> float:
    """(upper − lower)/lower; 0 if they agree, infinity if only lower is 0."""
    if upper <= lower:
        return 0.0
    return upper / lower - 1 if lower > 0 else math.inf


def lower_for_squares(lower: float, order: float) -> float:
    """Lower a lower bound on W_p until it holds for masses spread evenly over unit squares.

    Let U be uniform on the square about 0 and m_p = (E|U|^p)^(1/p). Spreading adds one independent
    copy of U to both images. The same copy added to both ends of a plan costs nothing, so W_p does
    not grow: upper bounds hold as they are. W_p between an image and its spread copy is at most
    m_p, so by the triangle inequality W_p loses at most 2·m_p.
    """
    return max(0.0, math.nextafter(lower - 2 * bound_square_radius(order), -math.inf))


def bound_square_radius(order: float) -> float:
    """m_p = (E|U|^p)^(1/p), U uniform on the unit square about 0, rounded up (by about 1e-10).

    In polar coordinates E|U|^p = 2^(1−p)/(p + 2) · ∫₀¹ (1 + t²)^(p/2) dt, and the trapezoid rule
    errs upwards on a convex function. m_1 = 0.38260, m_2 = 1/√6.
    """
    t = np.linspace(0.0, 1.0, 2**14 + 1)
    values = (1 + t**2) ** (order / 2)
    integral = float((values[1:] + values[:-1]).mean() / 2)
    moment = 2.0 ** (1 - order) / (order + 2) * integral
    return float(moment ** (1 / order) * (1 + 1e-12))


def certify_bounds(
    pair: MassPair,
    order: float,
    potential: Floats | None = None,
    plan: Plan | None = None,
    *,
    workers: Workers | None = None,
) -> BoundCertificate:
    """Enclose W_p between two images, strictly: rounding included, solvers not trusted.

    Below, the larger of the distance between the barycentres (Jensen) and the Kantorovich dual
    Σ aφ + Σ bψ of the potential ψ after two c-transforms, in integers. Above, the cost of the plan
    in integers: cut where it exceeds a marginal, then completed along a space-filling curve.

    Parameters
    ----------
    pair : MassPair
        The images, from `pair_masses`.
    order : float
        p ≥ 1.
    potential : ndarray, shape (h, w), optional
        ψ on the target, in pixels to the power p. Values that are not finite count as unknown.
    plan : Plan, optional
        Any plan; pairs whose amount is not positive and finite are dropped.
    workers : Workers, optional
        Threads for the transforms; one by default.

    Raises
    ------
    StippleError
        For a potential or plan of the wrong shape, pixels outside the image, or an order below 1.
    """
    costs = measure_costs(pair.shape, order)
    lower_cost = Fraction(0)
    if potential is not None:
        potential = np.asarray(potential, dtype=float)
        if potential.shape != pair.shape:
            raise StippleError(
                f"The potential has the shape {potential.shape} and the images {pair.shape}:"
                " give one value for each pixel."
            )
        lower_cost = evaluate_dual(
            pair.source_units, pair.target_units, pair.total, costs, potential, workers
        )
    upper_cost, repaired = _price_plan(pair, costs, plan)
    lower_float = round_down(lower_cost)
    upper_float = round_up(upper_cost)
    lower = max(take_root(lower_float, order, down=True), _measure_shift(pair))
    return BoundCertificate(
        order,
        lower,
        take_root(upper_float, order, down=False),
        max(lower_float, raise_power(lower, order, down=True)),
        upper_float,
        repaired,
    )


def evaluate_dual(
    source: Units,
    target: Units,
    total: int,
    costs: OffsetCosts,
    potential: Floats,
    workers: Workers | None = None,
) -> Fraction:
    """Σ aφ + Σ bψ, exactly, for costs rounded down and ψ after two c-transforms; at least 0.

    Only pixels with mass constrain the potentials. Neither a constant in ψ nor values so low that
    they never attain a minimum change the result, so ψ is moved into [−2 · largest cost, 0].

    Parameters
    ----------
    source, target : ndarray, shape (h, w)
        a and b, integers with the sum `total`.
    total : int
        Units of mass.
    costs : OffsetCosts
        True costs, up to `POWER_ERROR`.
    potential : ndarray, shape (h, w)
        ψ; values that are not finite count as unknown.
    workers : Workers, optional
        Threads; one by default.
    """
    workers = workers or Workers(1)
    exact = round_costs_down(costs)
    giving, taking = source > 0, target > 0
    known = taking & np.isfinite(potential)
    if not known.any():
        return Fraction(0)
    top = float(potential[known].max())
    depths = np.zeros(potential.shape)
    # Halves, since the difference of two finite numbers can overflow.
    depths[known] = top / 2 - potential[known] / 2
    depths = np.minimum(depths, float(costs.table[-1, -1]))
    heights = np.rint(np.ldexp(depths, 1 - exact.exponent)).astype(np.int64)
    heights[:] = np.minimum(heights, 2 * exact.table[-1, -1])
    first, _ = minimise_costs(_keep(heights, known), exact, workers)
    second, _ = minimise_costs(_keep(-first, giving), exact, workers)
    units = multiply_exactly(source[giving], first[giving])
    units += multiply_exactly(target[taking], second[taking])
    return max(Fraction(0), scale_exactly(units, exact.exponent) / total)


def _keep(heights: Integers, mask: Booleans) -> Integers:
    return np.where(mask, heights, NOTHING)


def _measure_shift(pair: MassPair) -> float:
    """Distance between the barycentres, rounded down."""
    squared = Fraction(0)
    for axis in (0, 1):
        places = np.arange(pair.shape[axis])
        difference = 0
        for units, sign in ((pair.source_units, 1), (pair.target_units, -1)):
            difference += sign * multiply_exactly(units.sum(axis=1 - axis), places)
        squared += Fraction(difference, pair.total) ** 2
    return take_root(round_down(squared), 2, down=True)


def _price_plan(pair: MassPair, costs: OffsetCosts, plan: Plan | None) -> tuple[Fraction, float]:
    """Cost of a complete plan, rounded up, and the fraction of the mass that `plan` left over."""
    # The plan is counted in units of 1/scale: a multiple of the pair's own units where it can be.
    finer = pair.total <= LARGEST_TOTAL
    scale = pair.total << (60 - (pair.total - 1).bit_length()) if finer else LARGEST_TOTAL
    room = [
        np.asarray(units * (scale // pair.total) if finer else units * scale // pair.total)
        .astype(np.int64)
        .ravel()
        for units in (pair.source_units, pair.target_units)
    ]
    moved = np.zeros(pair.shape, dtype=np.int64)
    left = [each.copy() for each in room]
    if plan is not None:
        source, target, amounts = _read_plan(plan, scale, pair.source.size)
        _fill_pairs(source, target, amounts, left[0], left[1], moved)
    cost = price_offsets(moved, costs) / scale
    rest: list[Units] = left
    unit = scale
    if not finer:
        # What the units of the plan cannot express is left over as well.
        unit = scale * pair.total
        rest = [
            units.ravel() * scale - (full - remaining).astype(object) * pair.total
            for units, full, remaining in zip(
                (pair.source_units, pair.target_units), room, left, strict=True
            )
        ]
    if not rest[0].any():
        return cost, 0.0
    # For p > 1 moving everything a little can be cheaper than moving the differences far.
    common = np.minimum(rest[0], rest[1])
    repairs = [
        price_offsets(_move_along_curve(rest[0] - kept, rest[1] - kept, pair.shape), costs)
        for kept in (common, np.zeros_like(common))
    ]
    return cost + min(repairs) / unit, float(Fraction(sum_exactly(rest[0]), unit))


def _read_plan(plan: Plan, scale: int, pixels: int) -> tuple[Integers, Integers, Integers]:
    """Pick the usable pairs of a plan, amounts in units of 1/scale."""
    source, target, amounts = (
        np.asarray(part) for part in (plan.source, plan.target, plan.amounts)
    )
    if not (source.ndim == 1 and source.shape == target.shape == amounts.shape):
        raise StippleError(
            f"A plan with sources, targets and amounts of the shapes {source.shape},"
            f" {target.shape} and {amounts.shape} is no list of pairs: give three of one length."
        )
    if source.dtype.kind not in "iu" or target.dtype.kind not in "iu":
        raise StippleError(
            f"A plan names pixels by integers, not by {source.dtype} and {target.dtype}."
        )
    for ends in (source, target):
        if len(ends) and not 0 <= int(ends.min()) <= int(ends.max()) < pixels:
            raise StippleError(
                f"The plan names the pixels {ends.min()} to {ends.max()} of an image that has"
                f" {pixels}: give flat indices from 0 to {pixels - 1}."
            )
    amounts = amounts.astype(float)
    used = np.isfinite(amounts) & (amounts > 0)
    units = np.rint(np.minimum(amounts[used], 1.0) * scale).astype(np.int64)
    return source[used].astype(np.int64), target[used].astype(np.int64), units


def price_offsets(moved: Units, costs: OffsetCosts) -> Fraction:
    """Σ moved·cost over offsets, rounded up."""
    used = moved != 0
    stretch = 1.0 if costs.squared else 1 + POWER_ERROR
    values, exponent = split_dyadic(costs.table[used] * stretch) if used.any() else (moved[used], 0)
    return scale_exactly(multiply_exactly(moved[used], values), exponent)


def _move_along_curve(source: Units, target: Units, shape: tuple[int, int]) -> Units:
    """Mass by offset of the plan that moves source to target in the order of a Morton curve."""
    order = _order_along_curve(shape)
    givers = order[(source > 0)[order]]
    takers = order[(target > 0)[order]]
    moved = np.zeros(shape, dtype=source.dtype)
    # Python integers go through the same loop, uncompiled.
    pour = _pour if source.dtype == np.int64 else _pour.py_func  # type: ignore[attr-defined]
    pour(givers, takers, source[givers], target[takers], moved)
    return moved


def _order_along_curve(shape: tuple[int, int]) -> Integers:
    """Flat pixel indices along a Morton curve."""
    row, column = (each.ravel().astype(np.uint64) for each in np.indices(shape))
    place = np.zeros(row.shape, dtype=np.uint64)
    for bit in range(max(shape).bit_length()):
        one = np.uint64(1)
        place |= ((column >> np.uint64(bit)) & one) << np.uint64(2 * bit)
        place |= ((row >> np.uint64(bit)) & one) << np.uint64(2 * bit + 1)
    return np.argsort(place)


@compile_loop
def _fill_pairs(
    source: Integers,
    target: Integers,
    amounts: Integers,
    source_left: Integers,
    target_left: Integers,
    moved: Integers,
) -> None:
    """Move what each pair asks for and both ends have left; add the mass to its offset."""
    columns = moved.shape[1]
    for k in range(len(source)):
        x, y = source[k], target[k]
        amount = min(amounts[k], source_left[x], target_left[y])
        source_left[x] -= amount
        target_left[y] -= amount
        moved[abs(x // columns - y // columns), abs(x % columns - y % columns)] += amount


@compile_loop
def _pour(
    givers: Integers, takers: Integers, given: Units, taken: Units, moved: NDArray[Any]
) -> None:
    """Match two lists of equal sums in their order (north-west corner); add mass to offsets."""
    columns = moved.shape[1]
    i = j = 0
    while i < len(givers) and j < len(takers):
        amount = min(given[i], taken[j])
        x, y = givers[i], takers[j]
        moved[abs(x // columns - y // columns), abs(x % columns - y % columns)] += amount
        given[i] -= amount
        taken[j] -= amount
        if given[i] == 0:
            i += 1
        if taken[j] == 0:
            j += 1
