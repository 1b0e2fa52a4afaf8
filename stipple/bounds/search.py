"""Solvers of one level of the pyramid, started from the solution of the level before."""

import math
import time
from collections.abc import Iterator
from concurrent.futures import Executor
from functools import partial
from itertools import chain, islice, product, repeat
from typing import NamedTuple

from stipple.arrays import Floats
from stipple.bounds.back_and_forth import ascend_dual
from stipple.bounds.beckmann import find_slope_potentials
from stipple.bounds.certificate import measure_gap
from stipple.bounds.clock import LateError, PunctualWorkers
from stipple.bounds.domain_decomposition import improve_in_cells
from stipple.bounds.exchanges import exchange_with_neighbours
from stipple.bounds.grid import AXES
from stipple.bounds.problem import (
    Flow,
    Level,
    Potentials,
    conjugate,
    evaluate_dual,
    evaluate_flow,
)
from stipple.bounds.pyramid import refine_flow, refine_potential
from stipple.bounds.results import Solver
from stipple.bounds.sparse import (
    join_all,
    relax_on_arcs,
    select_arcs,
    solve_on_arcs,
    start_flow,
)
from stipple.bounds.transforms import measure_costs
from stipple.bounds.transshipment import ship_mass
from stipple.interval import Interval
from stipple.machine.keops_library import EngineChoice

# "fast" solves levels up to this side on sparse arcs: hundredths of a second, and exact.
EXACT_SIDE = 32
ASCENT_STEPS = 40
# What such a step must promise, as a share of the gap asked for: less is not worth its transforms.
ASCENT_WORTH = 0.05
# Pixels along a cell, of images and of volumes: the second side is for what the first leaves.
CELL_SIDES = {2: (8, 16), AXES: (4, 6)}
# A round must bring the gap down to this share, or larger cells are due.
USEFUL = 0.9
# Arcs for each pixel and how far they are looked for, tried in turn; the last choice is made again,
# about better potentials, as long as it helps.
ARC_CHOICES = {
    2: ((8, 3), (12, 3), (16, 5), (32, 8)),
    AXES: ((12, 2), (16, 2), (24, 3), (48, 4)),
}
# With gaps from this on, plans need not be exact, but as good as the gap allows.
LEAST_RELAXED = 1e-5
# It takes long in volumes, and between larger images than this for orders other than 1.
QUICK_PIXELS = 2**12
# The tolerance is at first so many times what the gap allows, later what led to this share of it.
FIRST_SHARE, WANTED_SHARE = 1.5, 0.8
# What goes last may go dearer than the tolerance, as most rounds would be for it: such a share of
# the mass that its share of what a plan costs beyond the bound is little beside what is allowed.
LAST = 0.04
# Relaxation ends late by less than this share of its time.
LATE = 0.03
# The tolerance changes by no larger factors at once.
LEAST_CHANGE, MOST_CHANGE = 0.4, 2.0
# With more pixels than this in both images, or volumes, "fast" leaves it at cells: arcs take hours.
LARGEST_ON_ARCS = {2: 2**17, AXES: 2**19}
# For p = 1 and gaps from this one on, mass goes in short steps.
LEAST_SHIPPED = 2e-4
# The bounds on a level agree when they differ by less than this share of themselves: the rounding
# of sums of potentials that are larger than the cost.
AGREEMENT = 1e-11


class Solution(NamedTuple):
    """Where a level stands: a plan, and the best potentials met."""

    flow: Flow
    potentials: Potentials


class Search:
    """Solvers of one level, started from the solution of the level before.

    `transform_seconds` is what the last pair of c-transforms took, of so many pixels as
    `transformed` says, and `expected` the relative gap that the last solution is expected to leave
    on the finest level; `late` tells whether solvers ended for want of time.
    """

    def __init__(
        self,
        order: float,
        method: Solver,
        workers: PunctualWorkers,
        pool: Executor,
        choice: EngineChoice,
    ) -> None:
        self.order, self._method = order, method
        self._workers, self._pool = workers, pool
        self._device = choice.device if choice.engine == "keops" else None
        self._share = FIRST_SHARE
        self._halvings = 0
        self.transform_seconds, self.transformed = 0.0, 1
        self.expected, self.late = math.inf, False
        # Relative gaps on the last level, and on this one as it begins.
        self._reached, self._begun = 0.0, math.inf

    def ends_with_cells(self, level: Level) -> bool:
        """Whether a level has more pixels than can be solved on arcs."""
        return self._method == "fast" and 2 * level.source.size > LARGEST_ON_ARCS[level.source.ndim]

    def _goes_to_arcs(self, level: Level, gap: float) -> bool:
        """Whether the best plan on arcs is looked for at once: not where it takes long to find."""
        shape, size = level.source.shape, level.source.size
        if max(shape) <= EXACT_SIDE and size <= EXACT_SIDE**2:
            return True
        quick = len(shape) < AXES and (self.order == 1 or size <= QUICK_PIXELS)
        return self._method == "sparse" and (quick or gap < LEAST_RELAXED)

    def _goes_in_steps(self, level: Level, gap: float) -> bool:
        """Whether mass is sent in steps between near pixels, unless images are rough."""
        shape, size = level.source.shape, level.source.size
        small = size <= EXACT_SIDE**2
        return self.order == 1 and len(shape) < AXES and not small and gap >= LEAST_SHIPPED

    def solve(
        self,
        level: Level,
        coarser: Solution | None,
        gap: float,
        most: int | None,
        deadline: float,
        halvings: int = 0,
    ) -> Solution | None:
        """Solve a level to a relative gap, if `most` steps and the time suffice.

        Its sides are those of the images, so often halved. None if there is no time for a first
        solution; the coarsest level is always solved.
        """
        costs = measure_costs(level.source.shape, self.order).table
        self._halvings = halvings
        self._workers.clock.deadline = math.inf if coarser is None else deadline
        found: Solution | None = None
        try:
            better = self._improve(level, coarser, costs, gap, deadline)
            for solution in islice(better, most):
                found = solution
                reached = self._measure(level, solution, costs)
                # A little less than asked for, as the certificate rounds outwards.
                if reached <= gap * (1 - 1e-6) or time.perf_counter() >= deadline:
                    break
        except LateError:
            pass
        if found is not None:
            lost = max(self._begun - self._reached, 0.0)
            # Each refinement loses a quarter of what the one before did.
            self.expected = reached + lost * (1 - 0.25**halvings) / 3 if halvings else reached
            self._reached = reached
        return found

    def _measure(self, level: Level, solution: Solution, costs: Floats) -> float:
        """Find the relative gap between the bounds on a level."""
        lower = max(evaluate_dual(level, solution.potentials), 0.0)
        upper = max(evaluate_flow(solution.flow, costs), 0.0)
        if upper - lower <= AGREEMENT * upper:
            return 0.0
        return measure_gap(Interval(lower ** (1 / self.order), upper ** (1 / self.order)))

    def _begin(
        self,
        level: Level,
        flow: Flow,
        potentials: Potentials,
        costs: Floats,
        gap: float,
        deadline: float,
    ) -> Solution:
        """Make the best of a plan of the coarser level, nearby, unless less is enough."""
        enough = self._find_enough(level, potentials, gap)
        flow = exchange_with_neighbours(flow, costs, enough, deadline)
        solution = Solution(flow, potentials)
        self._begun = self._measure(level, solution, costs)
        return solution

    def _improve(
        self,
        level: Level,
        coarser: Solution | None,
        costs: Floats,
        gap: float,
        deadline: float,
    ) -> Iterator[Solution]:
        """Better and better solutions, until nothing more helps; at least one."""
        self._begun, self.late = math.inf if coarser is None else 0.0, False
        if coarser is None:
            flow, dual = solve_on_arcs(level, start_flow(level), join_all(level), costs)
            yield Solution(flow, self._conjugate(dual))
            return
        shipped: Solution | None = None
        if self._goes_in_steps(level, gap):
            for flow, dual in ship_mass(level, *coarser, gap, deadline):
                shipped = Solution(flow, self._conjugate(dual))
                if self._halvings:
                    # What refining has cost tells what it will.
                    refined = refine_flow(coarser.flow, level)
                    self._begin(level, refined, shipped.potentials, costs, gap, deadline)
                yield shipped
        if shipped is not None:
            yield from self._improve_on_arcs(level, shipped, costs, deadline)
            return
        flow = refine_flow(coarser.flow, level)
        dual = refine_potential(coarser.potentials.target, level.source.shape, self.order)
        if self._goes_to_arcs(level, gap):
            # What is good nearby saves the simplex most of its pivots.
            flow, best = self._begin(level, flow, self._conjugate(dual), costs, gap, deadline)
            # Trees of small programmes are short: they save the large one most of its pivots.
            enough = self._find_enough(level, best, gap)
            side = CELL_SIDES[costs.ndim][0]
            solution = Solution(self._sweep_cells(flow, best, costs, side, deadline, enough), best)
        else:
            in_cells = self.ends_with_cells(level) or gap < LEAST_RELAXED
            improve = self._improve_in_cells if in_cells else self._relax_on_arcs
            end = self._find_end(level, deadline)
            for better in improve(level, flow, dual, costs, gap, deadline if in_cells else end):
                solution = better
                yield solution
            self.late = time.perf_counter() >= end
            if self.ends_with_cells(level) or self.late:
                return
        yield from self._improve_on_arcs(level, solution, costs, deadline)

    def _find_enough(self, level: Level, potentials: Potentials, gap: float) -> float:
        """Find the cost of a plan that is good enough beside potentials."""
        return float(evaluate_dual(level, potentials) * (1 + gap) ** self.order)

    def _find_end(self, level: Level, deadline: float) -> float:
        """Find until when to relax: rounds end late, and what they find is to be transformed."""
        late = LATE * (deadline - time.perf_counter()) if deadline < math.inf else 0.0
        growth: float = (level.source.size / self.transformed) ** 1.5
        return deadline - late - growth * self.transform_seconds

    def _improve_in_cells(
        self, level: Level, flow: Flow, dual: Floats, costs: Floats, gap: float, deadline: float
    ) -> Iterator[Solution]:
        potentials = self._ascend(level, dual, gap, deadline)
        flow, _ = solution = self._begin(level, flow, potentials, costs, gap, deadline)
        yield solution
        waste = math.inf
        for side in CELL_SIDES[costs.ndim]:
            while True:
                before, enough = waste, self._find_enough(level, potentials, gap)
                flow = self._sweep_cells(flow, potentials, costs, side, deadline, enough)
                yield Solution(flow, potentials)
                # Below 0 it is rounding, and nothing is left to gain.
                waste = max(evaluate_flow(flow, costs) - evaluate_dual(level, potentials), 0.0)
                if waste >= USEFUL * before:
                    break
                potentials = self._ascend(level, potentials.target, gap, deadline)

    def _sweep_cells(
        self,
        flow: Flow,
        potentials: Potentials,
        costs: Floats,
        side: int,
        deadline: float,
        enough: float = -math.inf,
    ) -> Flow:
        """Solve transport anew in the cells of four grids, or eight, until the cost is enough."""
        for corner in list(product((0, side // 2), repeat=costs.ndim))[: 2 ** (costs.ndim - 1)]:
            for offset in (corner, tuple(side // 2 - shift for shift in corner)):
                if time.perf_counter() >= deadline or evaluate_flow(flow, costs) <= enough:
                    return flow
                flow = improve_in_cells(flow, potentials, costs, side, offset, self._pool, deadline)
        return flow

    def _relax_on_arcs(
        self, level: Level, flow: Flow, dual: Floats, costs: Floats, gap: float, deadline: float
    ) -> Iterator[Solution]:
        """Raise the potentials, then solve on arcs up to a tolerance that the gap allows."""
        slopes: Iterator[Floats] = iter(())
        if self._method == "fast":
            near = best = self._ascend(level, dual, gap, deadline)
        else:
            if self.order == 1 and costs.ndim == AXES:
                slopes = find_slope_potentials(level, deadline)
            near = best = self._conjugate(next(slopes, dual))
        flow, _ = solution = self._begin(level, flow, best, costs, gap, deadline)
        yield solution
        for slope in slopes:
            near = best = max(best, self._conjugate(slope), key=partial(evaluate_dual, level))
            yield Solution(flow, best)
        for count, radius in ARC_CHOICES[costs.ndim]:
            if time.perf_counter() >= deadline:
                return
            cost = evaluate_flow(flow, costs)
            allowed = cost * (1 - (1 + gap) ** -self.order)
            arcs = select_arcs(level, flow, near, costs, count, radius)
            last = LAST * allowed / max(cost - evaluate_dual(level, near), allowed)
            relaxed = relax_on_arcs(
                level, flow, arcs, near.target, costs, self._share * allowed, deadline, last
            )
            if relaxed is None:
                return
            if time.perf_counter() < deadline or evaluate_flow(relaxed[0], costs) < cost:
                flow = relaxed[0]
            near = self._conjugate(relaxed[1])
            best = max(best, near, key=partial(evaluate_dual, level))
            yield Solution(flow, best)
            left = evaluate_flow(flow, costs) - evaluate_dual(level, best)
            change = WANTED_SHARE * allowed / left if left > 0 else MOST_CHANGE
            self._share *= min(max(change, LEAST_CHANGE), MOST_CHANGE)

    def _improve_on_arcs(
        self, level: Level, solution: Solution, costs: Floats, deadline: float
    ) -> Iterator[Solution]:
        flow, best = solution
        near, highest = best, evaluate_dual(level, best)
        least = math.inf
        choices = ARC_CHOICES[costs.ndim]
        for number, (count, radius) in enumerate(chain(choices, repeat(choices[-1]))):
            if time.perf_counter() < deadline:
                arcs = select_arcs(level, flow, near, costs, count, radius)
                flow, dual = solve_on_arcs(level, flow, arcs, costs, deadline)
            if time.perf_counter() >= deadline:
                # The potentials of a flow that is not optimal are not worth two transforms.
                yield Solution(flow, best)
                return
            near = self._conjugate(dual)
            value, cost = evaluate_dual(level, near), evaluate_flow(flow, costs)
            settled = cost >= least and value <= highest
            if value > highest:
                best, highest = near, value
            yield Solution(flow, best)
            if settled and number >= len(choices):
                return
            least = min(least, cost)

    def _ascend(self, level: Level, dual: Floats, gap: float, deadline: float) -> Potentials:
        worth = ASCENT_WORTH * gap
        return ascend_dual(level, dual, ASCENT_STEPS, self._workers, deadline, worth)

    def _conjugate(self, dual: Floats) -> Potentials:
        began = time.perf_counter()
        found = conjugate(dual, self.order, self._workers, self._device)
        self.transform_seconds, self.transformed = time.perf_counter() - began, dual.size
        return found
