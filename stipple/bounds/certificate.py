"""A strict interval for W_p between two images, from whatever potentials and plan are at hand.

Nothing that a solver returns is trusted. Potentials become integers, and their transform is exact;
the plan becomes integers, is cut where it exceeds a marginal, and completed; costs are rounded down
for the dual and up for the primal problem; sums are exact; the last root is rounded outwards. The
proofs are in docs/certificates.md.
"""

import math
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache, reduce

import numpy as np

from stipple.arrays import Booleans, Floats, Integers
from stipple.bounds.clock import Clock
from stipple.bounds.completion import price_plan
from stipple.bounds.exact import Units, dot_exactly
from stipple.bounds.grid import AXES
from stipple.bounds.marginals import (
    bound_from_above,
    bound_from_below,
    match_line,
    measure_shift,
)
from stipple.bounds.masses import MassPair
from stipple.bounds.plans import Plan
from stipple.bounds.transforms import (
    NOTHING,
    OffsetCosts,
    measure_costs,
    minimise_costs,
    round_costs_down,
)
from stipple.errors import StippleError
from stipple.interval import Interval
from stipple.machine.rounding import (
    raise_power,
    raise_squares,
    round_down,
    round_up,
    scale_exactly,
    take_root,
)
from stipple.machine.threads import Workers

# Costs up to this are counted finely enough beside the largest: beyond it the largest is lowered.
FINE = 2.0**20
# Steps along a side of a pixel, or of a voxel, in integrals.
RADIUS_STEPS = {2: 2**14, AXES: 2**9}


@dataclass(frozen=True, eq=False)
class BoundCertificate:
    """A strict interval for W_p.

    Attributes
    ----------
    order : float
        p.
    distance : Interval
        W_p lies in it, in pixels.
    cost : Interval
        W_p^p lies in it, in pixels to the power p.
    repaired : float
        Fraction of the mass that the plan left over.
    plan : Plan or None
        The complete plan that proves the upper bound; None where none was made.
    """

    order: float
    distance: Interval
    cost: Interval
    repaired: float
    plan: Plan | None

    @property
    def lower(self) -> float:
        """Lower bound on W_p, in pixels."""
        return self.distance.lower

    @property
    def upper(self) -> float:
        """Upper bound on W_p, in pixels."""
        return self.distance.upper

    def combine(self, other: "BoundCertificate") -> "BoundCertificate":
        """Take the better of both at either end; of ends that agree, the other's."""
        below = other if other.lower >= self.lower else self
        above = other if other.upper <= self.upper else self
        return BoundCertificate(
            self.order,
            Interval(below.lower, above.upper),
            Interval(below.cost.lower, above.cost.upper),
            above.repaired,
            above.plan,
        )


def measure_gap(interval: Interval) -> float:
    """(upper − lower)/lower; 0 if they agree, infinity if only lower is 0."""
    if interval.upper <= interval.lower:
        return 0.0
    return interval.upper / interval.lower - 1 if interval.lower > 0 else math.inf


def lower_for_squares(lower: float, order: float, axes: int = 2, shift: float = 0.0) -> float:
    """Lower a lower bound on W_p until it holds for masses spread evenly over unit squares.

    Let U be uniform on the square about 0 and m_p = (E|U|^p)^(1/p). Spreading adds one independent
    copy of U to both images. The same copy added to both ends of a plan costs nothing, so W_p does
    not grow: upper bounds hold as they are. W_p between an image and its spread copy is at most
    m_p, so by the triangle inequality W_p loses at most 2·m_p. The distance between the
    barycentres, `shift`, is a bound for squares as for points. With three axes they are cubes.
    """
    return max(shift, math.nextafter(lower - 2 * bound_square_radius(order, axes), -math.inf))


@lru_cache(maxsize=2)
def bound_square_radius(order: float, axes: int = 2) -> float:
    """m_p = (E|U|^p)^(1/p), U uniform on the unit square about 0, rounded up (by about 1e-10).

    In polar coordinates E|U|^p = 2^(1−p)/(p + 2) · ∫₀¹ (1 + t²)^(p/2) dt, and the trapezoid rule
    errs upwards on a convex function. m_1 = 0.38260, m_2 = 1/√6. On the cube, the sum of a pyramid
    over each face, E|U|^p = 3·2^(−p)/(p + 3) · ∫∫ (1 + s² + t²)^(p/2) ds dt, s and t from 0 to 1;
    the rule errs upwards in each variable (by about 1e-6 in all). m_2 = 1/2.
    """
    steps = RADIUS_STEPS[axes]
    squares = np.linspace(0.0, 1.0, steps + 1) ** 2
    weights = np.ones(steps + 1)
    weights[[0, -1]] /= 2
    values, error = raise_squares(1 + reduce(np.add.outer, (axes - 1) * [squares]), order)
    values *= reduce(np.multiply.outer, (axes - 1) * [weights])
    whole = math.fsum(values.ravel()) * (1 + 2 * error + 2.0**-50)
    moment = axes / (Fraction(order) + axes) * Fraction(whole) / steps ** (axes - 1)
    return take_root(moment, order, down=False) / 2


def certify_cheaply(pair: MassPair, order: float) -> BoundCertificate:
    """Enclose W_p by the sums of rows and columns alone: in no time, however large the images.

    Above, nothing is known of the plan but that there is one in which both ends are independent.
    """
    if pair.identical:
        zero = Interval(0.0, 0.0)
        return BoundCertificate(order, zero, zero, 1.0, None)
    return _enclose(pair, order, Fraction(0), bound_from_above(pair, order))


def certify_line(pair: MassPair, order: float) -> BoundCertificate:
    """Enclose W_p between images of one row or one column: both bounds are of the best plan."""
    cost, plan = match_line(pair, order)
    return _enclose(pair, order, Fraction(0), cost, 0.0, plan)


def certify_bounds(
    pair: MassPair,
    order: float,
    potential: Floats | None = None,
    plan: Plan | None = None,
    *,
    workers: Workers | None = None,
    clock: Clock | None = None,
) -> BoundCertificate:
    """Enclose W_p between two images, strictly: rounding included, solvers not trusted.

    Below, the largest of three: the distance between the barycentres (Jensen), the transport
    between the sums of rows and of columns, and the Kantorovich dual Σ aφ + Σ bψ of the potential ψ
    after two c-transforms, in integers. Above, the cost of the plan in integers: cut where it
    exceeds a marginal, then completed along a space-filling curve.

    Parameters
    ----------
    pair : MassPair
        The images, from `pair_masses`.
    order : float
        p ≥ 1.
    potential : ndarray, shape (h, w) or (d, h, w), optional
        ψ on the target, in pixels to the power p. Values that are not finite count as unknown.
    plan : Plan, optional
        Any plan; pairs whose amount is not positive and finite are dropped.
    workers : Workers, optional
        Threads for the transforms; one by default.
    clock : Clock, optional
        Raises `LateError` between the steps when it is late.

    Raises
    ------
    StippleError
        For a potential or plan of the wrong shape, pixels outside the image, or an order below 1.
    """
    lower_cost = Fraction(0)
    if potential is not None:
        lower_cost = certify_potential(pair, order, potential, workers)
    return certify_plan(pair, order, lower_cost, plan, clock)


def certify_potential(
    pair: MassPair, order: float, potential: Floats, workers: Workers | None = None
) -> Fraction:
    """Bound W_p^p from below by the Kantorovich dual alone; see `certify_bounds`."""
    potential = np.asarray(potential, dtype=float)
    if potential.shape != pair.shape:
        raise StippleError(
            f"The potential has the shape {potential.shape} and the images {pair.shape}:"
            " give one value for each pixel."
        )
    costs = measure_costs(pair.shape, order)
    return evaluate_dual(
        pair.source_units, pair.target_units, pair.total, costs, potential, workers
    )


def certify_plan(
    pair: MassPair,
    order: float,
    lower_cost: Fraction,
    plan: Plan | None = None,
    clock: Clock | None = None,
) -> BoundCertificate:
    """Enclose W_p by a proved lower bound on W_p^p and by a plan; see `certify_bounds`."""
    priced = price_plan(pair, measure_costs(pair.shape, order), plan, clock)
    return _enclose(pair, order, lower_cost, priced.cost, priced.repaired, priced.plan)


def _enclose(
    pair: MassPair,
    order: float,
    lower_cost: Fraction,
    upper_cost: Fraction,
    repaired: float = 1.0,
    plan: Plan | None = None,
) -> BoundCertificate:
    """Round bounds on W_p^p outwards, and take the roots; cheap lower bounds come in here."""
    lower_cost = max(lower_cost, bound_from_below(pair, order))
    lower = max(take_root(lower_cost, order, down=True), measure_shift(pair))
    lowest_cost = max(round_down(lower_cost), raise_power(lower, order, down=True))
    return BoundCertificate(
        order,
        Interval(lower, take_root(upper_cost, order, down=False)),
        Interval(lowest_cost, round_up(upper_cost)),
        repaired,
        plan,
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
    they never attain a minimum change the result, so ψ is moved into [−2 · largest cost, 0]. What
    units miss of a mass lies on pixels with mass, and is counted at their least potential.

    Parameters
    ----------
    source, target : Units, shape (h, w)
        a and b.
    total : int
        Units of mass.
    costs : OffsetCosts
    potential : ndarray, shape (h, w)
        ψ; values that are not finite count as unknown.
    workers : Workers, optional
        Threads; one by default.
    """
    workers = workers or Workers(1)
    known = target.present & np.isfinite(potential)
    if not known.any():
        return Fraction(0)
    top = float(potential[known].max())
    depths = np.zeros(potential.shape)
    # Halves, since the difference of two finite numbers can overflow.
    depths[known] = top / 2 - potential[known] / 2
    depths = np.minimum(depths, float(costs.table.flat[-1]))
    if costs.table.flat[-1] > FINE and not costs.squared:
        costs = _lower_largest(costs, 2 * depths, source.present, known, workers)
        depths = np.minimum(depths, float(costs.table.flat[-1]))
    exact = round_costs_down(costs)
    heights = np.rint(np.ldexp(depths, 1 - exact.exponent)).astype(np.int64)
    heights[:] = np.minimum(heights, 2 * exact.table.flat[-1])
    first, _ = minimise_costs(_keep(heights, known), exact, workers)
    second, _ = minimise_costs(_keep(-first, source.present), exact, workers)
    value = 0
    for units, values in ((source, first), (target, second)):
        counted = np.where(units.present, values, 0)
        value += dot_exactly(units.high, units.low, counted)
        value += units.missing * int(values[units.present].min())
    return max(Fraction(0), scale_exactly(value, exact.exponent) / total)


def _lower_largest(
    costs: OffsetCosts, heights: Floats, giving: Booleans, known: Booleans, workers: Workers
) -> OffsetCosts:
    """Lower costs that are above every φ(x) + ψ(y): they bind nothing, and would coarsen the rest.

    Any lower cost gives a lower bound, whatever rounding does here.
    """
    first, _ = minimise_costs(np.where(known, heights, np.inf), costs, workers)
    largest = float(first[giving].max() - heights[known].min())
    if not 0 < largest < costs.table.flat[-1]:
        return costs
    return replace(costs, table=np.minimum(costs.table, largest))


def _keep(heights: Integers, mask: Booleans) -> Integers:
    return np.where(mask, heights, NOTHING)
