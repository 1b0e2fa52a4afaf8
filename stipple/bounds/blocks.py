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

from stipple.arrays import Floats
from stipple.bounds.block_problem import BlockProblem
from stipple.bounds.certificate import certify_bounds, evaluate_dual
from stipple.bounds.exact import HALF, LOW, pool_units
from stipple.bounds.masses import MassPair
from stipple.bounds.plans import Moved, Plan, join_plans, price_offsets
from stipple.bounds.transforms import raise_costs, round_costs_up
from stipple.interval import Interval
from stipple.machine.rounding import raise_power, round_down, round_up, take_root
from stipple.machine.threads import Workers

FITTING_ROUNDS = 100
# Width, in s^p, of the kernel that shares the mass of two blocks among their pixels: a wider one
# mixes them more, a narrower one leaves more to repair after as many rounds.
SMOOTHING = 0.1
# Entries of a plan become so many parts of the mass, for sums without rounding.
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
    def interval(self) -> Interval:
        """The best bounds on W_p, in pixels."""
        uppers = (self.weighted_cost, self.primal, self.total_variation)
        return Interval(
            max(self.minimum_cost.distance, self.dual.distance),
            min(estimate.distance for estimate in uppers),
        )

    @property
    def lower(self) -> float:
        """The best lower bound on W_p, in pixels."""
        return self.interval.lower

    @property
    def upper(self) -> float:
        """The best upper bound on W_p, in pixels."""
        return self.interval.upper


def estimate_blocks(
    pair: MassPair,
    order: float,
    block: int,
    *,
    workers: Workers | None = None,
    clock: Callable[[], float] = time.perf_counter,
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
    clock : callable
        Tells the time, in seconds.

    Raises
    ------
    StippleError
        If the block is no positive integer, or so small or large that the memory does not suffice.
    """
    problem = BlockProblem(pair, order, block, workers or Workers(1))
    centres, solving = _time(problem.solve_centres, clock)
    fitted, fitting = _time(lambda: _fit_plan(problem, centres.plan), clock)

    def estimate(bound: Callable[[], tuple[float, float]], earlier: float) -> BlockEstimate:
        (distance, cost), seconds = _time(bound, clock)
        return BlockEstimate(distance, cost, earlier + seconds)

    return PaperEstimates(
        order,
        block,
        estimate(lambda: _bound_by_least_cost(problem), 0.0),
        estimate(lambda: _bound_by_dual(problem, centres.potential), solving),
        estimate(lambda: _bound_by_mean_cost(problem), 0.0),
        estimate(lambda: _bound_by_plan(problem, fitted), solving + fitting),
        estimate(lambda: _bound_by_variation(problem, fitted), solving + fitting),
    )


def _time(call: Callable[[], Result], clock: Callable[[], float]) -> tuple[Result, float]:
    began = clock()
    result = call()
    return result, clock() - began


# --- bounds on W_p and on W_p^p: lower ones ------------------------------------------------------


def _bound_by_least_cost(problem: BlockProblem) -> tuple[float, float]:
    block, pair, order = problem.block, problem.pair, problem.order
    gaps = [np.maximum(0, block * np.arange(n) - block + 1) for n in problem.shape]
    costs = raise_costs(gaps[0][:, None] ** 2.0 + gaps[1] ** 2.0, order)
    costs = replace(costs, squared=False)
    source, target = (pool_units(units, block) for units in (pair.source_units, pair.target_units))
    potential = problem.solve(costs).potential
    cost = round_down(evaluate_dual(source, target, pair.total, costs, potential, problem.workers))
    return take_root(cost, order, down=True), cost


def _bound_by_dual(problem: BlockProblem, potential: Floats) -> tuple[float, float]:
    fine = potential
    for axis in (0, 1):
        fine = _interpolate(fine, axis, problem.block, problem.pair.shape[axis])
    pair, costs = problem.pair, problem.costs
    units = pair.source_units, pair.target_units
    cost = round_down(evaluate_dual(*units, pair.total, costs, fine, problem.workers))
    return take_root(cost, problem.order, down=True), cost


# --- upper ones ----------------------------------------------------------------------------------


def _bound_by_mean_cost(problem: BlockProblem) -> tuple[float, float]:
    return _bound_by_plan(problem, problem.spread(problem.pair.source, problem.pair.target))


def _fit_plan(problem: BlockProblem, coarse: Plan) -> Plan:
    """Share the mass of blocks among near pixels, then fit rows and columns in turn (IPF)."""
    source, target = problem.pair_members(coarse)
    masses = problem.pair.source.ravel(), problem.pair.target.ravel()
    used = (source >= 0) & (target >= 0)
    used &= (masses[0][source] > 0) & (masses[1][target] > 0)
    cost = np.full(used.shape, np.inf)
    cost[used] = problem.costs.table[problem.find_offsets(source[used], target[used])]
    width = SMOOTHING * problem.block**problem.order
    kernel = np.exp((cost.min(axis=(1, 2), keepdims=True) - cost) / width)
    amounts = (coarse.amounts[:, None, None] * kernel)[used]
    source, target = source[used], target[used]
    for _ in range(FITTING_ROUNDS):
        for ends, wanted in ((source, masses[0]), (target, masses[1])):
            present = np.bincount(ends, amounts, len(wanted))
            factors = np.divide(wanted, present, out=np.zeros_like(wanted), where=present > 0)
            amounts *= factors[ends]
    return Plan(source, target, amounts)


def _bound_by_plan(problem: BlockProblem, plan: Plan) -> tuple[float, float]:
    """Cut the plan below both marginals; the rest goes between blocks at the mean cost."""
    pair, amounts = problem.pair, plan.amounts
    wanted = pair.source.ravel(), pair.target.ravel()
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
        plans.append(problem.spread(*(part.reshape(pair.shape) for part in rest)))
    found = certify_bounds(pair, problem.order, plan=join_plans(plans), workers=problem.workers)
    return found.distance.upper, found.cost.upper


def _bound_by_variation(problem: BlockProblem, plan: Plan) -> tuple[float, float]:
    """⟨c, P⟩^(1/p) + W_p(a, P1) + W_p(Pᵀ1, b), and W_p ≤ diameter · (½|a − ã|₁)^(1/p)."""
    pair, order, costs = problem.pair, problem.order, problem.costs
    diameter = Fraction(float(round_costs_up(costs).flat[-1]))
    # The fit can overflow where it should end: what is no amount is left out.
    amounts = np.where(np.isfinite(plan.amounts) & (plan.amounts > 0), plan.amounts, 0.0)
    counts = np.rint(amounts / max(1.0, amounts.sum()) * UNITS).astype(np.int64)
    total = int(counts.sum())
    if not total:
        bound = take_root(diameter, order, down=False)
        return bound, raise_power(bound, order, down=False)
    moved = np.zeros(pair.shape, np.int64)
    np.add.at(moved, problem.find_offsets(plan.source, plan.target), counts)
    price = price_offsets(Moved(moved >> HALF, moved & LOW), costs)
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


def _interpolate(values: Floats, axis: int, block: int, count: int) -> Floats:
    """Values at the centres of blocks, brought to pixels: linear, also beyond the last centres."""
    values = np.moveaxis(values, axis, 0)
    if len(values) == 1:
        return np.moveaxis(np.repeat(values, count, axis=0), 0, axis)
    place = (np.arange(count) - (block - 1) / 2) / block
    left = np.clip(np.floor(place).astype(int), 0, len(values) - 2)
    part = (place - left)[:, None]
    return np.moveaxis((1 - part) * values[left] + part * values[left + 1], 0, axis)
