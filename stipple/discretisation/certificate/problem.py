"""Transport from samples to weighted atoms, with bounds that account for every rounding.

docs/certificates.md has the proof, by the names used here.
"""

import math
from dataclasses import dataclass

import numpy as np

from stipple.arrays import Floats, Integers
from stipple.discretisation.certificate.sums import (
    add_cells,
    add_costs,
    fill_up,
    fit_groups,
    match_in_order,
    subtract_groups,
    subtract_pairs,
)
from stipple.errors import StippleError
from stipple.geometry.metrics import Metric
from stipple.geometry.morton import order_along_curve
from stipple.geometry.nearest import (
    TwoCheapest,
    assign_nearest,
    find_cheapest,
)
from stipple.interval import Interval
from stipple.machine.double_doubles import (
    PAIR_ERROR,
    multiply_pairs,
    multiply_values,
    sum_groups,
    sum_values,
)
from stipple.machine.rounding import UNIT_ROUNDING
from stipple.machine.threads import Workers
from stipple.measures.samples import Samples

# The power function is assumed to err by no more than this part.
POWER_ERROR = 2.0**-49
# Differences of coordinates below this part of the extent vanish when they are squared.
VANISHING = 2.0**-500
# No number is representable before and after it is multiplied by a larger power of two.
LARGEST_SHIFT = 3_000


@dataclass(frozen=True, eq=False)
class Plan:
    """Amounts that go from samples to atoms, as parts of the mass of all samples."""

    sources: Integers
    targets: Integers
    amounts: Floats


@dataclass(frozen=True, eq=False)
class Dual:
    """Potentials, the two cheapest atoms of each sample under them, and the value of the dual.

    The value is rounded: `DiscreteProblem.bound_below` is not.
    """

    potentials: Floats
    cheapest: TwoCheapest
    value: float


class DiscreteProblem:
    """Samples and atoms of positive weight, scaled by a power of two to an extent of about 1.

    Masses are kept as pairs of doubles in units in which both sides hold the same total: those of
    the samples times the sum of the weights, and the other way round. Samples are listed along a
    space-filling curve; atoms stay as they are. On the line the curve is the line.

    Attributes
    ----------
    points, atoms : ndarray, shape (n, d) and (m, d)
        In units of 2^exponent.
    masses, weights : ndarray, shape (n,) and (m,)
        Parts of the whole, rounded: for the search, not for the proof.
    exponent : int
        0 on the sphere.
    """

    def __init__(
        self,
        samples: Samples,
        atoms: Floats,
        weights: Floats,
        order: float,
        metric: Metric,
        workers: Workers,
    ) -> None:
        self.order = order
        self.arcs = metric.name == "sphere"
        self.metric = metric
        self.workers = workers
        together = np.concatenate((samples.points, atoms))
        self.exponent = 0 if self.arcs else find_exponent(together)
        together = np.ldexp(together, -self.exponent)
        count, dimension = samples.points.shape
        rank = (
            np.argsort(together[:, 0], kind="stable")
            if dimension == 1
            else order_along_curve(together)
        )
        curve = rank[rank < count]
        self._curve_of_atoms = rank[rank >= count] - count
        self.points = together[curve]
        self.atoms = together[count:]
        given, total = _scale_to_one(samples.given[curve])
        shares, sum_of_shares = _scale_to_one(weights)
        self._set_masses(
            multiply_values(given, *sum_of_shares),
            multiply_values(shares, *total),
            multiply_pairs(*total, *sum_of_shares)[0],
        )
        extent = np.pi if self.arcs else float(np.linalg.norm(np.ptp(together, axis=0)))
        self._set_errors(extent, dimension)

    def _set_masses(
        self, given: tuple[Floats, Floats], taken: tuple[Floats, Floats], total: float
    ) -> None:
        self._given, self._taken, self._total = given, taken, total
        self.masses, self.weights = given[0] / total, taken[0] / total

    def _set_errors(self, extent: float, dimension: int) -> None:
        order = self.order
        # By how much an arc may be off; unit vectors are so but for rounding.
        self._shift = 8 * (dimension + 8) * UNIT_ROUNDING if self.arcs else 0.0
        with np.errstate(over="ignore"):
            self._relative = (
                float(np.expm1(order / 2 * (dimension + 3) * UNIT_ROUNDING)) + 4 * UNIT_ROUNDING
            )
            diameter = (extent + self._shift) * (1 + (dimension + 8) * UNIT_ROUNDING)
            self.largest = float(np.power(diameter, order)) * (1 + 2 * POWER_ERROR)
            self._blur = float(np.expm1(order * np.log1p(4 * self._shift))) * self.largest
        if order != 2:
            self._relative += POWER_ERROR
        # What underflow may hide in one cost.
        self._hidden = order * dimension * VANISHING * max(1.0, self.largest) if extent else 0.0

    def merge_duplicates(self) -> None:
        """Make one sample of those at the same place."""
        order = np.lexsort(self.points.T)
        points = self.points[order]
        new = np.append(True, (points[1:] != points[:-1]).any(axis=1))
        if new.all():
            return
        # The first of each group along the curve stands for all.
        groups = np.cumsum(new) - 1
        firsts = np.minimum.reduceat(order, np.flatnonzero(new))
        rank = np.argsort(firsts)
        place = np.empty_like(rank)
        place[rank] = np.arange(len(rank))
        group_of = np.empty_like(order)
        group_of[order] = place[groups]
        self.points = np.ascontiguousarray(self.points[firsts[rank]])
        given = sum_groups(group_of, *self._given, len(rank))
        self._set_masses(given, self._taken, self._total)

    def assign_to_nearest(self) -> Dual:
        """Potentials of 0: each sample goes to its nearest atom, and no other is looked for."""
        first = assign_nearest(self.points, self.atoms, self.workers)
        nothing = np.empty(0)
        cheapest = TwoCheapest(first, np.empty(0, np.int64), nothing, nothing)
        return Dual(np.zeros(len(self.atoms)), cheapest, 0.0)

    def bound_nearest(self, dual: Dual) -> tuple[float, float, float]:
        """Bounds on W_k^k with all samples at their nearest atoms, and the mass that is misplaced.

        The upper one lets that mass pay the largest cost.
        """
        cost, _, lacks = self._add_cells(dual)
        lower = self._round_down(cost, 0.0, np.zeros(1), 0.0)
        if self.arcs:
            everyone = np.arange(len(self.points))
            cost = self._add_costs(everyone, dual.cheapest.first, self._given[0], self._shift)
        misplaced = math.fsum(np.maximum(lacks, 0.0)) * (1 + 4 * UNIT_ROUNDING)
        return lower, self._round_up(cost, misplaced, 0), misplaced / self._total

    def evaluate(self, potentials: Floats) -> Dual:
        """Value of the dual at some potentials."""
        # The dual does not change with a constant, its rounding does.
        potentials = potentials - potentials.mean()
        cheapest = self.find_cheapest(self.points, self.atoms, potentials)
        value = float(self.masses @ cheapest.values + self.weights @ potentials)
        return Dual(potentials, cheapest, value)

    def find_cheapest(self, points: Floats, atoms: Floats, potentials: Floats) -> TwoCheapest:
        """See `nearest.find_cheapest`."""
        return find_cheapest(
            points, atoms, potentials, self.workers, order=self.order, arcs=self.arcs
        )

    def scale_down(self, potentials: Floats) -> Floats:
        """Potentials in units of the samples, in those of this problem."""
        return scale_power(potentials, -self.exponent, self.order)

    def bound_below(self, dual: Dual) -> float:
        """Kantorovich's dual, rounded down: Σ a_i c(x_i, y_j(i)) + Σ (w_j − mass of cell j) g_j.

        Where two atoms are too near in c − g to tell which is cheaper, the sample pays for that.
        """
        cost, doubt, lacks = self._add_cells(dual)
        largest = float(np.abs(dual.potentials).max())
        return self._round_down(cost, doubt, lacks * dual.potentials, largest)

    def bound_above(self, plan: Plan) -> float:
        """Cost of a plan with exact marginals made of one with any, rounded up.

        Rows and columns that hold too much are scaled down; what is left on both sides goes the
        ways of the plan, then is matched in the order of the curve, and what rounding leaves of
        that pays the largest cost.
        """
        amounts = fit_groups(plan.sources, plan.amounts * self._total, *self._given)
        amounts = fit_groups(plan.targets, amounts, *self._taken)
        given, lost = subtract_groups(plan.sources, amounts, *self._given)
        taken, excess = subtract_groups(plan.targets, amounts, *self._taken)
        cost = self._add_costs(plan.sources, plan.targets, amounts, self._shift)
        # Crumbs may weigh much where samples are far apart.
        more = fill_up(plan.sources, plan.targets, given, taken)
        cost += self._add_costs(plan.sources, plan.targets, more, self._shift)
        rest, left = self._match(given, taken, self._shift)
        return self._round_up(cost + rest, lost + excess + left, 2 * len(amounts))

    def enclose_on_line(self) -> Interval:
        """W_k^k on the line, where the sorted matching is optimal for every k ≥ 1."""
        cost, left = self._match(self._given, self._taken, 0.0)
        lost = left + 2 * self._drift(0) * self._total
        lower = self._round_down(
            cost, lost * self.largest * (1 + 4 * UNIT_ROUNDING), np.zeros(1), 0.0
        )
        return self.enclose(lower, self._round_up(cost, left, 0))

    def enclose(self, lower: float, upper: float) -> Interval:
        """Interval in the units of the samples.

        Raises
        ------
        StippleError
            If W_k^k is beyond the largest floating-point number.
        """
        return expand_interval(Interval(lower, upper), self.exponent, self.order)

    def _drift(self, entries: int) -> float:
        """Bound what sums and differences of pairs may lose of a mass of 1."""
        return 32 * (len(self.points) + len(self.atoms) + entries) * PAIR_ERROR

    def _add_cells(self, dual: Dual) -> tuple[float, float, Floats]:
        """Σ a_i c(x_i, y_j(i)), what samples in doubt pay, and w_j − mass of cell j."""
        cheapest = dual.cheapest
        largest = float(np.abs(dual.potentials).max())
        cost, doubt, *cells = add_cells(
            self.points, self.atoms, *self._given, cheapest.first, cheapest.values,
            cheapest.second_values, self.order, self.arcs, -self._shift,
            4 * self._relative, 8 * self._relative * largest + 4 * self._blur,
        )  # fmt: skip
        return cost, doubt, subtract_pairs(*self._taken, *cells)

    def _round_down(self, cost: float, doubt: float, transfers: Floats, largest: float) -> float:
        """(cost − doubt + Σ transfers)/total, less all that rounding may have added."""
        rounding = 8 * UNIT_ROUNDING * (math.fsum(np.abs(transfers)) + cost + doubt)
        value = math.fsum((
            math.fsum(transfers), cost * (1 - self._relative), -doubt, -rounding,
            -(2 * self._drift(0) * largest + self._hidden) * self._total,
        ))  # fmt: skip
        return max(0.0, value) / self._total * (1 - 4 * UNIT_ROUNDING)

    def _round_up(self, cost: float, lost: float, entries: int) -> float:
        """(cost + lost · largest cost)/total, with all that rounding may have taken away."""
        lost += 2 * self._drift(entries) * self._total
        value = cost * (1 + self._relative) + lost * self.largest * (1 + 4 * UNIT_ROUNDING)
        return (value + self._hidden * self._total) / self._total * (1 + 8 * UNIT_ROUNDING)

    def _match(
        self, given: tuple[Floats, Floats], taken: tuple[Floats, Floats], shift: float
    ) -> tuple[float, float]:
        """Cost of what is matched in the order of the curve, and the mass that is not."""
        curve = self._curve_of_atoms
        sources, targets, amounts, left = match_in_order(*given, *(part[curve] for part in taken))
        return self._add_costs(sources, curve[targets], amounts, shift), left

    def _add_costs(
        self, sources: Integers, targets: Integers, amounts: Floats, shift: float
    ) -> float:
        return add_costs(
            self.points, self.atoms, sources, targets, amounts, self.order, self.arcs, shift
        )


def find_exponent(points: Floats) -> int:
    """Find the power of two next above the extent of some points; 0 if they coincide."""
    largest = int(np.frexp(np.abs(points).max())[1])
    sides = np.ptp(np.ldexp(points, -largest), axis=0)
    diagonal = float(np.linalg.norm(sides))
    return largest + math.frexp(diagonal)[1] if diagonal > 0 else 0


def expand_interval(interval: Interval, exponent: int, order: float) -> Interval:
    """Multiply the ends by 2^(exponent·order), and round them outwards.

    Raises
    ------
    StippleError
        If the upper end is beyond the largest floating-point number.
    """
    lower = float(scale_power(interval.lower, exponent, order))
    upper = float(scale_power(interval.upper, exponent, order))
    if order != int(order):
        error = 32 * UNIT_ROUNDING * (1 + abs(exponent * order))
        lower, upper = lower * (1 - error), upper * (1 + error)
    # Numbers that small are rounded once more.
    smallest = np.finfo(float).tiny
    if 0 < lower < 2 * smallest:
        lower = math.nextafter(lower, 0.0)
    if interval.upper > 0 and upper < 2 * smallest:
        upper = math.nextafter(upper, math.inf)
    if not upper < math.inf:
        raise StippleError(
            f"W_{order:g}^{order:g} is beyond the range of floating-point numbers: scale the"
            " samples down, or take a smaller order k."
        )
    return Interval(lower, upper)


def scale_power(values: Floats | float, exponent: int, order: float) -> Floats:
    """Multiply values by 2^(exponent·order); infinite or 0 where numbers are too large or small."""
    power = min(max(exponent * order, -LARGEST_SHIFT), LARGEST_SHIFT)
    whole = math.floor(power)
    with np.errstate(over="ignore", under="ignore"):
        scaled: Floats = np.ldexp(np.multiply(values, 2.0 ** (power - whole)), whole)
    return scaled


def _scale_to_one(masses: Floats) -> tuple[Floats, tuple[float, float]]:
    """Scale masses by a power of two to a sum between 1 and 2, and add them up."""
    exponent = int(np.frexp(masses.sum())[1]) - 1
    scaled = np.ldexp(masses, -exponent)
    return scaled, sum_values(scaled)
