"""Bounds on W_p from one transport problem between blocks of pixels: the published estimators.

Two lower bounds (least cost between blocks; the dual of the blocks, interpolated) and three upper
bounds (mean cost between blocks; the plan of the blocks, brought to full resolution and fitted to
the marginals; the same with a total-variation estimate of what the fit leaves). Coarse problems
are solved in floating point; the bounds are evaluated strictly.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TypeVar

import numpy as np

from stipple.arrays import Floats, Integers
from stipple.bounds.certificate import certify_bounds, evaluate_dual
from stipple.bounds.exact import HALF, LOW, pool_units
from stipple.bounds.masses import MassPair
from stipple.bounds.plans import Moved, Plan, price_offsets
from stipple.bounds.transforms import (
    OffsetCosts,
    measure_costs,
    minimise_costs,
    raise_costs,
    round_costs_up,
)
from stipple.errors import StippleError
from stipple.machine.compiled import compile_loop
from stipple.machine.rounding import raise_power, round_down, round_up, take_root
from stipple.machine.threads import Workers

# Dense problems and explicit plans beyond these do not fit in the memory of a small machine.
MOST_BLOCKS = 8_000
MOST_PAIRS = 40_000_000
FITTING_ROUNDS = 100
# Width, in s^p, of the kernel that shares the mass of two blocks among their pixels: a wider one
# mixes them more, a narrower one leaves more to repair after as many rounds.
SMOOTHING = 0.1
UNITS = 2**60

Result = TypeVar("Result")


@dataclass(frozen=True)
class BlockEstimate:
    """One bound on W_p: `distance` in pixels, `cost` its p-th power, and the time that it took."""

    distance: float
    cost: float
    seconds: float


@dataclass(frozen=True)
class PaperEstimates:
    """The published bounds for one size of block; each of them holds strictly.

    Attributes
    ----------
    order : float
        p.
    block : int
        Side of the blocks, in pixels.
    minimum_cost : BlockEstimate
        Lower: between pooled masses, at the least distance between two blocks.
    dual : BlockEstimate
        Lower: the potentials of the blocks, interpolated and transformed.
    weighted_cost : BlockEstimate
        Upper: between pooled masses, at the mean cost between two blocks.
    primal : BlockEstimate
        Upper: the plan between blocks, spread over pixels, fitted to the marginals, completed.
    total_variation : BlockEstimate
        Upper: as `primal`, but what the fit leaves is charged the diameter of the image.
    """

    order: float
    block: int
    minimum_cost: BlockEstimate
    dual: BlockEstimate
    weighted_cost: BlockEstimate
    primal: BlockEstimate
    total_variation: BlockEstimate

    @property
    def lower(self) -> float:
        """The best lower bound on W_p, in pixels."""
        return max(self.minimum_cost.distance, self.dual.distance)

    @property
    def upper(self) -> float:
        """The best upper bound on W_p, in pixels."""
        uppers = (self.weighted_cost, self.primal, self.total_variation)
        return min(estimate.distance for estimate in uppers)


def estimate_blocks(
    pair: MassPair, order: float, block: int, *, workers: Workers | None = None
) -> PaperEstimates:
    """Bound W_p between two images by transport between blocks of block × block pixels.

    Parameters
    ----------
    pair : MassPair
        The images, from `pair_masses`; blocks at the right and the bottom may be incomplete.
    order : float
        p ≥ 1.
    block : int
        s ≥ 1.
    workers : Workers, optional
        Threads for the loops; one by default.

    Raises
    ------
    StippleError
        If the block is no positive integer, or so small or large that the memory does not suffice.
    """
    blocks = _Blocks(pair, order, block, workers or Workers(1))
    centres, solving = _time(blocks.solve_centres)
    fitted, fitting = _time(lambda: blocks.fit_plan(centres.plan))

    def estimate(bound: Callable[[], tuple[float, float]], earlier: float) -> BlockEstimate:
        (distance, cost), seconds = _time(bound)
        return BlockEstimate(distance, cost, earlier + seconds)

    return PaperEstimates(
        order,
        block,
        estimate(blocks.bound_by_least_cost, 0.0),
        estimate(lambda: blocks.bound_by_dual(centres.potential), solving),
        estimate(blocks.bound_by_mean_cost, 0.0),
        estimate(lambda: blocks.bound_by_plan(fitted), solving + fitting),
        estimate(lambda: blocks.bound_by_variation(fitted), solving + fitting),
    )


def _time(call: Callable[[], Result]) -> tuple[Result, float]:
    began = time.perf_counter()
    result = call()
    return result, time.perf_counter() - began


@dataclass(frozen=True, eq=False)
class _CoarseSolution:
    """Plan between flat block indices, and a potential for every block, shape (H, W)."""

    plan: Plan
    potential: Floats


class _Blocks:
    """Two images cut into blocks, and the bounds that follow."""

    def __init__(self, pair: MassPair, order: float, block: int, workers: Workers) -> None:
        if not isinstance(block, (int, np.integer)) or block < 1:
            raise StippleError(f"The side of a block is {block}: give a positive whole number.")
        self._pair, self._order, self._workers = pair, order, workers
        self._block = block = min(int(block), max(pair.shape))
        rows, columns = (-(-side // self._block) for side in pair.shape)
        self._shape = rows, columns
        used = max(np.count_nonzero(self._pool(image)) for image in (pair.source, pair.target))
        if used > MOST_BLOCKS:
            raise StippleError(
                f"{used:,} blocks of {block} × {block} pixels have mass and {MOST_BLOCKS:,} can be"
                " solved at once: give larger blocks."
            )
        if 2 * used * self._block**4 > MOST_PAIRS:
            raise StippleError(
                f"Blocks of {block} × {block} pixels give more than {MOST_PAIRS:,} pairs of"
                " pixels: give smaller blocks."
            )
        self._costs = measure_costs(pair.shape, order)
        padded = np.full((rows * self._block, columns * self._block), -1)
        padded[: pair.shape[0], : pair.shape[1]] = np.arange(pair.source.size).reshape(pair.shape)
        # (blocks, s²): flat indices of the pixels of each block, −1 beyond the image.
        self._members = (
            padded.reshape(rows, self._block, columns, self._block)
            .swapaxes(1, 2)
            .reshape(rows * columns, -1)
        )

    # --- lower bounds ----------------------------------------------------------------------------

    def bound_by_least_cost(self) -> tuple[float, float]:
        gaps = [np.maximum(0, self._block * np.arange(n) - self._block + 1) for n in self._shape]
        costs = raise_costs(gaps[0][:, None] ** 2.0 + gaps[1] ** 2.0, self._order)
        costs = replace(costs, squared=False)
        pair = self._pair
        source, target = (
            pool_units(units, self._block) for units in (pair.source_units, pair.target_units)
        )
        solution = self._solve(self._pool(pair.source), self._pool(pair.target), costs)
        cost = round_down(
            evaluate_dual(source, target, pair.total, costs, solution.potential, self._workers)
        )
        return take_root(cost, self._order, down=True), cost

    def solve_centres(self) -> _CoarseSolution:
        """Solve the problem between the centres of the blocks: an approximation, no bound."""
        spacing = float(self._block) ** self._order
        costs = OffsetCosts(spacing * measure_costs(self._shape, self._order).table)
        return self._solve(self._pool(self._pair.source), self._pool(self._pair.target), costs)

    def bound_by_dual(self, potential: Floats) -> tuple[float, float]:
        fine = potential
        for axis in (0, 1):
            fine = _interpolate(fine, axis, self._block, self._pair.shape[axis])
        certificate = certify_bounds(self._pair, self._order, fine, workers=self._workers)
        return certificate.lower, certificate.lower_cost

    # --- upper bounds ----------------------------------------------------------------------------

    def bound_by_mean_cost(self) -> tuple[float, float]:
        return self.bound_by_plan(self._spread(self._pair.source, self._pair.target))

    def fit_plan(self, coarse: Plan) -> Plan:
        """Share the mass of blocks among near pixels, then fit rows and columns in turn (IPF)."""
        source, target = self._members[coarse.source], self._members[coarse.target]
        source, target = np.broadcast_arrays(source[:, :, None], target[:, None, :])
        masses = self._pair.source.ravel(), self._pair.target.ravel()
        used = (source >= 0) & (target >= 0)
        used &= (masses[0][source] > 0) & (masses[1][target] > 0)
        cost = np.full(used.shape, np.inf)
        cost[used] = self._costs.table[self._find_offsets(source[used], target[used])]
        width = SMOOTHING * self._block**self._order
        kernel = np.exp((cost.min(axis=(1, 2), keepdims=True) - cost) / width)
        amounts = (coarse.amounts[:, None, None] * kernel)[used]
        source, target = source[used], target[used]
        for _ in range(FITTING_ROUNDS):
            for ends, wanted in ((source, masses[0]), (target, masses[1])):
                present = np.bincount(ends, amounts, len(wanted))
                factors = np.divide(wanted, present, out=np.zeros_like(wanted), where=present > 0)
                amounts *= factors[ends]
        return Plan(source, target, amounts)

    def bound_by_plan(self, plan: Plan) -> tuple[float, float]:
        """Cut the plan below both marginals; the rest goes between blocks at the mean cost."""
        amounts = plan.amounts
        wanted = self._pair.source.ravel(), self._pair.target.ravel()
        for ends, masses in zip((plan.source, plan.target), wanted, strict=True):
            present = np.bincount(ends, amounts, len(masses))
            ratios = np.divide(masses, present, out=np.ones_like(masses), where=present > 0)
            amounts = amounts * np.minimum(1.0, ratios)[ends]
        plans = [Plan(plan.source, plan.target, amounts)]
        rest = [
            np.maximum(0.0, masses - np.bincount(ends, amounts, len(masses)))
            for ends, masses in zip((plan.source, plan.target), wanted, strict=True)
        ]
        # Rounding is left to the certificate.
        if min(part.sum() for part in rest) > 1e-9:
            plans.append(self._spread(*(part.reshape(self._pair.shape) for part in rest)))
        joined = Plan(
            np.concatenate([each.source for each in plans]),
            np.concatenate([each.target for each in plans]),
            np.concatenate([each.amounts for each in plans]),
        )
        certificate = certify_bounds(self._pair, self._order, plan=joined, workers=self._workers)
        return certificate.upper, certificate.upper_cost

    def bound_by_variation(self, plan: Plan) -> tuple[float, float]:
        """⟨c, P⟩^(1/p) + W_p(a, P1) + W_p(Pᵀ1, b), and W_p ≤ diameter · (½|a − ã|₁)^(1/p)."""
        pair, order = self._pair, self._order
        diameter = Fraction(float(round_costs_up(self._costs)[-1, -1]))
        # The fit can overflow where it should end: what is no amount is left out.
        amounts = np.where(np.isfinite(plan.amounts) & (plan.amounts > 0), plan.amounts, 0.0)
        counts = np.rint(amounts / max(1.0, amounts.sum()) * UNITS).astype(np.int64)
        total = int(counts.sum())
        if not total:
            bound = take_root(diameter, order, down=False)
            return bound, raise_power(bound, order, down=False)
        moved = np.zeros(pair.shape, np.int64)
        np.add.at(moved, self._find_offsets(plan.source, plan.target), counts)
        price = price_offsets(Moved(moved >> HALF, moved & LOW), self._costs)
        distance = Fraction(take_root(price / total, order, down=False))
        for ends, units in ((plan.source, pair.source_units), (plan.target, pair.target_units)):
            present = np.zeros(pair.source.size, np.int64)
            np.add.at(present, ends, counts)
            wanted = (units.high.astype(object) << HALF) + units.low
            difference = abs(wanted.ravel() * total - present.astype(object) * pair.total).sum()
            variation = Fraction(int(difference) + units.missing * total, 2 * total * pair.total)
            distance += Fraction(take_root(diameter * variation, order, down=False))
        bound = round_up(distance)
        return bound, raise_power(bound, order, down=False)

    # --- parts -----------------------------------------------------------------------------------

    def _pool(self, image: Floats) -> Floats:
        """Sum the masses of each block, shape (H, W)."""
        rows, columns = self._shape
        padded = np.zeros((rows * self._block, columns * self._block), dtype=image.dtype)
        padded[: image.shape[0], : image.shape[1]] = image
        shape = rows, self._block, columns, self._block
        return np.asarray(padded.reshape(shape).sum(axis=(1, 3)))

    def _find_offsets(self, source: Integers, target: Integers) -> tuple[Integers, Integers]:
        """Rows and columns between pixels, by flat index."""
        columns = self._pair.shape[1]
        down = abs(source // columns - target // columns)
        return down, abs(source % columns - target % columns)

    def _share(self, image: Floats, pooled: Floats) -> Floats:
        """Share of each pixel in the mass of its block, shape (blocks, s²)."""
        values = np.where(self._members < 0, 0.0, image.ravel()[self._members])
        total = pooled.ravel()[:, None]
        shares: Floats = np.divide(values, total, out=np.zeros_like(values), where=total > 0)
        return shares

    def _spread(self, source: Floats, target: Floats) -> Plan:
        """Plan between blocks at the mean cost, then in proportion to the masses of the pixels."""
        pooled = self._pool(source), self._pool(target)
        first, second = self._share(source, pooled[0]), self._share(target, pooled[1])
        givers, takers = (np.flatnonzero(sums) for sums in pooled)
        matrix = self._average_costs(first, second, givers, takers)
        coarse, _ = _solve_dense(pooled[0].ravel(), pooled[1].ravel(), givers, takers, matrix)
        amounts = coarse.amounts[:, None, None] * first[coarse.source][:, :, None]
        amounts = amounts * second[coarse.target][:, None, :]
        ends = np.broadcast_arrays(
            self._members[coarse.source][:, :, None], self._members[coarse.target][:, None, :]
        )
        used = amounts > 0
        return Plan(ends[0][used], ends[1][used], amounts[used])

    def _average_costs(
        self, first: Floats, second: Floats, givers: Integers, takers: Integers
    ) -> Floats:
        """Mean cost between blocks, Σ a(x|A)·b(y|B)·c(x, y), from the shares of their pixels."""
        if self._order == 2:
            means, spreads = zip(
                self._find_moments(first[givers], givers),
                self._find_moments(second[takers], takers),
                strict=True,
            )
            squares = ((means[0][:, None] - means[1]) ** 2).sum(axis=2)
            return np.asarray(squares + spreads[0][:, None] + spreads[1])
        matrix = np.empty((len(givers), len(takers)))
        self._workers.map_ranges(
            lambda start, stop: _average_pairs(
                self._members, first, second, givers, takers, self._costs.table, start, stop, matrix
            ),
            len(givers),
        )
        return matrix

    def _find_moments(self, shares: Floats, blocks: Integers) -> tuple[Floats, Floats]:
        """Barycentres, shape (k, 2), and variances, shape (k,), of some blocks."""
        places = np.stack(np.divmod(self._members[blocks], self._pair.shape[1]), axis=-1)
        means = (shares[:, :, None] * places).sum(axis=1)
        distances = ((places - means[:, None]) ** 2).sum(axis=2)
        return means, np.asarray((shares * distances).sum(axis=1))

    def _solve(self, source: Floats, target: Floats, costs: OffsetCosts) -> _CoarseSolution:
        """Optimal plan and potential between pooled masses."""
        givers, takers = np.flatnonzero(source), np.flatnonzero(target)
        first, second = (np.divmod(ends, self._shape[1]) for ends in (givers, takers))
        matrix = costs.table[abs(first[0][:, None] - second[0]), abs(first[1][:, None] - second[1])]
        plan, duals = _solve_dense(source.ravel(), target.ravel(), givers, takers, matrix)
        # Blocks without mass have no dual: the transform gives every block the best one.
        heights = np.full(source.size, np.inf)
        heights[givers] = -duals
        potential, _ = minimise_costs(heights.reshape(self._shape), costs, self._workers)
        return _CoarseSolution(plan, potential)


def _solve_dense(
    source: Floats, target: Floats, givers: Integers, takers: Integers, matrix: Floats
) -> tuple[Plan, Floats]:
    """Optimal plan between flat indices, and the dual of the givers (network simplex of POT)."""
    try:
        import ot
    except ImportError:
        raise StippleError(
            "The method paper solves its linear programs with POT, which is not installed: run"
            " python -m pip install pot, or take another --method."
        ) from None

    mass = source[givers].sum()
    amounts, log = ot.emd(
        source[givers] / mass,
        target[takers] / target[takers].sum(),
        matrix,
        numItermax=100_000_000,
        log=True,
    )
    if log["warning"] is not None:
        raise StippleError(
            f"The transport between {len(givers)} and {len(takers)} blocks could not be solved"
            f" ({log['warning']}): give larger blocks."
        )
    rows, columns = np.nonzero(amounts)
    return Plan(givers[rows], takers[columns], mass * amounts[rows, columns]), log["u"]


def _interpolate(values: Floats, axis: int, block: int, count: int) -> Floats:
    """Values at the centres of blocks, brought to pixels: linear, also beyond the last centres."""
    values = np.moveaxis(values, axis, 0)
    if len(values) == 1:
        return np.moveaxis(np.repeat(values, count, axis=0), 0, axis)
    place = (np.arange(count) - (block - 1) / 2) / block
    left = np.clip(np.floor(place).astype(int), 0, len(values) - 2)
    part = (place - left)[:, None]
    return np.moveaxis((1 - part) * values[left] + part * values[left + 1], 0, axis)


@compile_loop
def _average_pairs(
    members: Integers,
    first: Floats,
    second: Floats,
    givers: Integers,
    takers: Integers,
    table: Floats,
    start: int,
    stop: int,
    matrix: Floats,
) -> None:
    """Σ a(x|A)·b(y|B)·c(x, y) for the givers A from start to stop and all takers B."""
    columns = table.shape[1]
    for i in range(start, stop):
        for j in range(len(takers)):
            mean = 0.0
            for k in range(members.shape[1]):
                x, share = members[givers[i], k], first[givers[i], k]
                if share > 0:
                    line = 0.0
                    for m in range(members.shape[1]):
                        part = second[takers[j], m]
                        if part > 0:
                            y = members[takers[j], m]
                            line += (
                                part
                                * table[
                                    abs(x // columns - y // columns), abs(x % columns - y % columns)
                                ]
                            )
                    mean += share * line
            matrix[i, j] = mean
