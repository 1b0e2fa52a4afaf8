"""Bounds on W_p between two images, refined level by level until the interval is narrow."""

import math
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import islice
from typing import Literal, NamedTuple, TypeAlias

import numpy as np

from stipple.arrays import Floats
from stipple.errors import StippleError
from stipple.solvers.bounds.back_and_forth import ascend_dual
from stipple.solvers.bounds.certificate import BoundCertificate, Plan, certify_bounds
from stipple.solvers.bounds.domain_decomposition import improve_in_cells
from stipple.solvers.bounds.masses import MassPair
from stipple.solvers.bounds.problem import (
    TOTAL,
    Flow,
    Level,
    Potentials,
    conjugate,
    evaluate_dual,
    evaluate_flow,
)
from stipple.solvers.bounds.pyramid import build_pyramid, refine_flow, refine_potential
from stipple.solvers.bounds.sparse import join_all, select_arcs, solve_on_arcs, start_flow
from stipple.solvers.bounds.transforms import measure_costs
from stipple.solvers.parallel import Workers

Solver: TypeAlias = Literal["sparse", "fast"]

# The coarsest level has no side longer than this, and is solved with all arcs.
COARSEST = 16
# "auto" solves images up to this side on sparse arcs: half a second.
SPARSE_SIDE = 64
# "fast" solves levels up to this side on sparse arcs: hundredths of a second, and exact.
EXACT_SIDE = 32
ASCENT_STEPS = 40
CELL_SIDES = (8, 16)
# A round must bring the gap down to this share, or larger cells are due.
USEFUL = 0.9
# Arcs for each pixel and how far they are looked for, tried in turn.
ARC_CHOICES = ((8, 3), (12, 3), (16, 5), (32, 8))
# With more pixels than this in both images together, "fast" leaves it at cells: arcs take hours.
LARGEST_ON_ARCS = 2**17
# Levels that only prepare the next are left after this many steps.
STEPS_ON_THE_WAY = 2


@dataclass(frozen=True)
class LevelRecord:
    """What has been proved about the full images after the solution of one level.

    Attributes
    ----------
    shape : (int, int)
        Rows and columns of the level.
    lower, upper : float
        Certified bounds on W_p, in full pixels.
    seconds : float
        Time spent on this level.
    """

    shape: tuple[int, int]
    lower: float
    upper: float
    seconds: float


@dataclass(frozen=True, eq=False)
class BoundResult:
    """W_p lies in [lower, upper], in pixels; `potential` and `plan` prove it.

    Attributes
    ----------
    certificate : BoundCertificate
        The interval. Its lower bound is that of `potential`, its upper bound that of `plan`.
    gap : float
        (upper − lower) / lower; 0 if they agree, infinity if only the lower bound is 0.
    reached : bool
        Whether the gap asked for was reached.
    method : {"sparse", "fast"}
    levels : tuple of LevelRecord
        The coarsest first; the last is not at full resolution if the gap was reached before.
    seconds : float
    potential : ndarray, shape (h, w)
        ψ on the target, in pixels to the power p.
    plan : Plan
    """

    certificate: BoundCertificate
    gap: float
    reached: bool
    method: Solver
    levels: tuple[LevelRecord, ...]
    seconds: float
    potential: Floats
    plan: Plan

    @property
    def lower(self) -> float:
        """Lower bound on W_p, in pixels."""
        return self.certificate.lower

    @property
    def upper(self) -> float:
        """Upper bound on W_p, in pixels."""
        return self.certificate.upper


def bound_images(
    pair: MassPair,
    order: float,
    *,
    method: Literal["auto", "sparse", "fast"] = "auto",
    gap: float = 0.005,
    time_limit: float | None = None,
    threads: int | None = None,
    on_level: Callable[[LevelRecord], None] | None = None,
) -> BoundResult:
    """Enclose W_p between two images, level by level, until the interval is narrow enough.

    From 16 pixels a side upwards, potentials are interpolated and plans shared among children,
    then improved. "sparse" solves each level exactly on the arcs that the potentials leave in
    question, and looks again (in the manner of Schmitzer, "A sparse multiscale algorithm for
    dense optimal transport", 2016). "fast" raises the potentials back and forth and improves the
    plan in overlapping cells; up to 256 × 256 pixels it goes on as "sparse" where that is not
    enough.

    Parameters
    ----------
    pair : MassPair
        Images of shape (h, w).
    order : float
        p ≥ 1.
    method : {"auto", "sparse", "fast"}
        "fast" knows p = 2 only; "auto" takes it there for images of more than 64 pixels a side.
    gap : float
        (upper − lower) / lower at which to stop.
    time_limit : float, optional
        Seconds after which no further step is begun.
    threads : int, optional
        By default one for each processor.
    on_level : callable, optional
        Receives a `LevelRecord` after each level.

    Raises
    ------
    StippleError
        For an order below 1, "fast" with an order other than 2, or a negative gap or time limit.
    """
    if method == "fast" and order != 2:
        raise StippleError(
            f'The method "fast" works for the order 2 only, not {order:g}: take "sparse".'
        )
    if not gap >= 0:
        raise StippleError(f"The gap to reach is {gap:g}: give a number from 0 up.")
    if time_limit is not None and not time_limit >= 0:
        raise StippleError(f"The time limit is {time_limit:g} seconds: give a number from 0 up.")
    if method == "auto":
        method = "fast" if order == 2 and max(pair.shape) > SPARSE_SIDE else "sparse"
    began = time.perf_counter()
    deadline = math.inf if time_limit is None else began + time_limit
    workers = Workers(threads)
    proof = _Proof(pair, order, workers)
    pyramid = build_pyramid(pair.source, pair.target, COARSEST)
    levels: list[LevelRecord] = []
    with ThreadPoolExecutor(workers.threads) as pool:
        search = _Search(order, method, workers, pool, deadline)
        solution: _Solution | None = None
        for number, level in enumerate(pyramid):
            started = time.perf_counter()
            most = STEPS_ON_THE_WAY if number < len(pyramid) - 1 else None
            solution = search.solve(level, solution, gap, most)
            proof.add(*_lift(solution, pyramid[number:], order))
            best, seconds = proof.certificate, time.perf_counter() - started
            levels.append(LevelRecord(level.source.shape, best.lower, best.upper, seconds))
            if on_level:
                on_level(levels[-1])
            if proof.gap <= gap or time.perf_counter() >= deadline:
                break
    return BoundResult(
        certificate=proof.certificate,
        gap=proof.gap,
        reached=proof.gap <= gap,
        method=method,
        levels=tuple(levels),
        seconds=time.perf_counter() - began,
        potential=proof.potential,
        plan=proof.plan,
    )


class _Solution(NamedTuple):
    """Where a level stands: a plan, and the best potentials met."""

    flow: Flow
    potentials: Potentials


class _Proof:
    """The best certified bounds so far, with the potential and the plan that prove them."""

    def __init__(self, pair: MassPair, order: float, workers: Workers) -> None:
        self._pair, self._order, self._workers = pair, order, workers
        self.potential = np.zeros(pair.shape)
        self.plan = Plan(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0))
        self.certificate = certify_bounds(pair, order)

    @property
    def gap(self) -> float:
        """Relative gap between the bounds."""
        return _measure_gap(self.certificate.lower, self.certificate.upper)

    def add(self, potential: Floats, plan: Plan) -> None:
        """Take in what is better of a potential and a plan."""
        best = self.certificate
        found = certify_bounds(self._pair, self._order, potential, plan, workers=self._workers)
        if found.lower >= best.lower:
            self.potential = potential
            best = replace(best, lower=found.lower, lower_cost=found.lower_cost)
        if found.upper <= best.upper:
            self.plan = plan
            best = replace(
                best, upper=found.upper, upper_cost=found.upper_cost, repaired=found.repaired
            )
        self.certificate = best


def _measure_gap(lower: float, upper: float) -> float:
    if upper <= lower:
        return 0.0
    return upper / lower - 1 if lower > 0 else math.inf


class _Search:
    """Solvers of one level, started from the solution of the level before."""

    def __init__(
        self, order: float, method: Solver, workers: Workers, pool: Executor, deadline: float
    ) -> None:
        self._order, self._method = order, method
        self._workers, self._pool, self._deadline = workers, pool, deadline

    def solve(
        self, level: Level, coarser: _Solution | None, gap: float, most: int | None
    ) -> _Solution:
        """Solve a level to a relative gap, if `most` steps and the time suffice."""
        costs = measure_costs(level.source.shape, self._order).table
        steps = self._improve(level, coarser, costs)
        for solution in islice(steps, most):
            lower = max(evaluate_dual(level, solution.potentials), 0.0)
            upper = max(evaluate_flow(solution.flow, costs), 0.0)
            # A little less than asked for, as the certificate rounds outwards.
            enough = gap * (1 - 1e-6)
            if _measure_gap(lower ** (1 / self._order), upper ** (1 / self._order)) <= enough:
                break
            if time.perf_counter() >= self._deadline:
                break
        return solution

    def _improve(
        self, level: Level, coarser: _Solution | None, costs: Floats
    ) -> Iterator[_Solution]:
        """Better and better solutions, until nothing more helps; at least one."""
        if coarser is None:
            flow, dual = solve_on_arcs(level, start_flow(level), join_all(level), costs)
            yield _Solution(flow, conjugate(dual, self._order, self._workers))
            return
        flow = refine_flow(coarser.flow, level)
        dual = refine_potential(coarser.potentials.target, level.source.shape, self._order)
        if self._method == "fast" and max(level.source.shape) > EXACT_SIDE:
            for solution in self._improve_in_cells(level, flow, dual, costs):
                yield solution
            flow, potentials = solution
            if 2 * level.source.size > LARGEST_ON_ARCS:
                return
        else:
            potentials = conjugate(dual, self._order, self._workers)
        yield from self._improve_on_arcs(level, _Solution(flow, potentials), costs)

    def _improve_in_cells(
        self, level: Level, flow: Flow, dual: Floats, costs: Floats
    ) -> Iterator[_Solution]:
        gap = math.inf
        for side in CELL_SIDES:
            while True:
                potentials = ascend_dual(level, dual, ASCENT_STEPS, self._workers)
                dual = potentials.target
                for offset in ((0, 0), (side // 2, side // 2), (0, side // 2), (side // 2, 0)):
                    flow = improve_in_cells(flow, potentials, costs, side, offset, self._pool)
                yield _Solution(flow, potentials)
                before = gap
                # Below 0 it is rounding, and nothing is left to gain.
                gap = max(evaluate_flow(flow, costs) - evaluate_dual(level, potentials), 0.0)
                if gap >= USEFUL * before:
                    break

    def _improve_on_arcs(
        self, level: Level, solution: _Solution, costs: Floats
    ) -> Iterator[_Solution]:
        flow, best = solution
        near, highest = best, evaluate_dual(level, best)
        for count, radius in ARC_CHOICES:
            arcs = select_arcs(level, flow, near, costs, count, radius)
            flow, dual = solve_on_arcs(level, flow, arcs, costs, self._deadline)
            near = conjugate(dual, self._order, self._workers)
            value = evaluate_dual(level, near)
            if value > highest:
                best, highest = near, value
            yield _Solution(flow, best)


def _lift(solution: _Solution, levels: list[Level], order: float) -> tuple[Floats, Plan]:
    """Bring a solution of the first of some levels to the last: ψ and the plan."""
    flow, potential = solution.flow, solution.potentials.target
    for level in levels[1:]:
        flow = refine_flow(flow, level)
        potential = refine_potential(potential, level.source.shape, order)
    return potential, Plan(flow.source, flow.target, flow.amounts / TOTAL)
