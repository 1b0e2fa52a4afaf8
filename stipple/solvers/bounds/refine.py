"""Bounds on W_p between two images, refined level by level until the interval is narrow."""

import math
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import chain, islice, repeat
from typing import Literal, NamedTuple, TypeAlias

import numpy as np

from stipple.arrays import Floats
from stipple.choices import Device, SinkhornEngine
from stipple.errors import StippleError
from stipple.solvers.bounds.back_and_forth import ascend_dual
from stipple.solvers.bounds.certificate import BoundCertificate, Plan, certify_bounds, measure_gap
from stipple.solvers.bounds.domain_decomposition import improve_in_cells
from stipple.solvers.bounds.keops_transforms import choose_engine
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
from stipple.solvers.keops_library import EngineChoice
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
# Arcs for each pixel and how far they are looked for, tried in turn; the last choice is made again,
# about better potentials, as long as it helps.
ARC_CHOICES = ((8, 3), (12, 3), (16, 5), (32, 8))
# With more pixels than this in both images together, "fast" leaves it at cells: arcs take hours.
LARGEST_ON_ARCS = 2**17
# The bounds on a level agree when they differ by less than this share of the largest cost, which is
# what the rounding of its masses can cost.
AGREEMENT = 1 / TOTAL
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
    engine : EngineChoice
        Who transformed the potentials.
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
    engine: EngineChoice
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
    engine: SinkhornEngine = "auto",
    device: Device = "auto",
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
        Seconds after which solvers stop; those of a level leave the time that the last proof took.
        Not interrupted are the coarsest level, single c-transforms, and the proof itself.
    engine : {"auto", "numpy", "keops"}
        Who transforms potentials for orders other than 2: the compiled loops of this package, here
        called numpy, or KeOps; "auto" takes KeOps for large images where there is a GPU. The proof
        is by exact integers whatever the engine.
    device : {"auto", "cpu", "cuda"}
        Where KeOps computes.
    threads : int, optional
        By default one for each processor.
    on_level : callable, optional
        Receives a `LevelRecord` after each level.

    Raises
    ------
    StippleError
        For an order below 1, "fast" with an order other than 2, a negative gap or time limit, or a
        GPU that is not there.
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
    choice = choose_engine(engine, device, order=order, pixels=pair.source.size)
    deadline = math.inf if time_limit is None else began + time_limit
    workers = Workers(threads)
    proof = _Proof(pair, order, workers)
    pyramid = build_pyramid(pair.source, pair.target, COARSEST)
    levels: list[LevelRecord] = []
    with ThreadPoolExecutor(workers.threads) as pool:
        search = _Search(order, method, workers, pool, choice)
        solution: _Solution | None = None
        for number, level in enumerate(pyramid):
            started = time.perf_counter()
            most = STEPS_ON_THE_WAY if number < len(pyramid) - 1 else None
            solution = search.solve(level, solution, gap, most, deadline - proof.seconds)
            proof.add(*_lift(solution, pyramid[number:], order))
            best, seconds = proof.certificate, time.perf_counter() - started
            levels.append(LevelRecord(level.source.shape, best.lower, best.upper, seconds))
            if on_level:
                on_level(levels[-1])
            if proof.gap <= gap or time.perf_counter() >= deadline - proof.seconds:
                break
    return BoundResult(
        certificate=proof.certificate,
        gap=proof.gap,
        reached=proof.gap <= gap,
        method=method,
        engine=choice,
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
    """The best certified bounds so far, with the potential and the plan that prove them.

    `seconds` is the time that the last proof took.
    """

    def __init__(self, pair: MassPair, order: float, workers: Workers) -> None:
        self._pair, self._order, self._workers = pair, order, workers
        self.potential = np.zeros(pair.shape)
        self.plan = Plan(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0))
        self.certificate = certify_bounds(pair, order)
        self.seconds = 0.0

    @property
    def gap(self) -> float:
        """Relative gap between the bounds."""
        return measure_gap(self.certificate.lower, self.certificate.upper)

    def add(self, potential: Floats, plan: Plan) -> None:
        """Take in what is better of a potential and a plan."""
        began = time.perf_counter()
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
        self.seconds = time.perf_counter() - began


class _Search:
    """Solvers of one level, started from the solution of the level before."""

    def __init__(
        self, order: float, method: Solver, workers: Workers, pool: Executor, choice: EngineChoice
    ) -> None:
        self._order, self._method = order, method
        self._workers, self._pool = workers, pool
        self._device = choice.device if choice.engine == "keops" else None

    def solve(
        self,
        level: Level,
        coarser: _Solution | None,
        gap: float,
        most: int | None,
        deadline: float,
    ) -> _Solution:
        """Solve a level to a relative gap, if `most` steps and the time suffice."""
        costs = measure_costs(level.source.shape, self._order).table
        steps = self._improve(level, coarser, costs, deadline)
        for solution in islice(steps, most):
            lower = max(evaluate_dual(level, solution.potentials), 0.0)
            upper = max(evaluate_flow(solution.flow, costs), 0.0)
            if upper - lower <= AGREEMENT * costs.max():
                break
            # A little less than asked for, as the certificate rounds outwards.
            enough = gap * (1 - 1e-6)
            if measure_gap(lower ** (1 / self._order), upper ** (1 / self._order)) <= enough:
                break
            if time.perf_counter() >= deadline:
                break
        return solution

    def _improve(
        self, level: Level, coarser: _Solution | None, costs: Floats, deadline: float
    ) -> Iterator[_Solution]:
        """Better and better solutions, until nothing more helps; at least one."""
        if coarser is None:
            flow, dual = solve_on_arcs(level, start_flow(level), join_all(level), costs)
            yield _Solution(flow, self._conjugate(dual))
            return
        flow = refine_flow(coarser.flow, level)
        dual = refine_potential(coarser.potentials.target, level.source.shape, self._order)
        if self._method == "fast" and max(level.source.shape) > EXACT_SIDE:
            for solution in self._improve_in_cells(level, flow, dual, costs, deadline):
                yield solution
            flow, potentials = solution
            if 2 * level.source.size > LARGEST_ON_ARCS:
                return
        else:
            potentials = self._conjugate(dual)
            # Trees of small programmes are short: they save the large one most of its pivots.
            flow = self._sweep_cells(flow, potentials, costs, CELL_SIDES[0], deadline)
        yield from self._improve_on_arcs(level, _Solution(flow, potentials), costs, deadline)

    def _improve_in_cells(
        self, level: Level, flow: Flow, dual: Floats, costs: Floats, deadline: float
    ) -> Iterator[_Solution]:
        gap = math.inf
        for side in CELL_SIDES:
            while True:
                potentials = ascend_dual(level, dual, ASCENT_STEPS, self._workers, deadline)
                dual = potentials.target
                flow = self._sweep_cells(flow, potentials, costs, side, deadline)
                yield _Solution(flow, potentials)
                before = gap
                # Below 0 it is rounding, and nothing is left to gain.
                gap = max(evaluate_flow(flow, costs) - evaluate_dual(level, potentials), 0.0)
                if gap >= USEFUL * before:
                    break

    def _sweep_cells(
        self, flow: Flow, potentials: Potentials, costs: Floats, side: int, deadline: float
    ) -> Flow:
        """Solve transport anew in the cells of four grids, one after the other."""
        half = side // 2
        for offset in ((0, 0), (half, half), (0, half), (half, 0)):
            flow = improve_in_cells(flow, potentials, costs, side, offset, self._pool, deadline)
        return flow

    def _improve_on_arcs(
        self, level: Level, solution: _Solution, costs: Floats, deadline: float
    ) -> Iterator[_Solution]:
        flow, best = solution
        near, highest = best, evaluate_dual(level, best)
        least = math.inf
        for number, (count, radius) in enumerate(chain(ARC_CHOICES, repeat(ARC_CHOICES[-1]))):
            if time.perf_counter() < deadline:
                arcs = select_arcs(level, flow, near, costs, count, radius)
                flow, dual = solve_on_arcs(level, flow, arcs, costs, deadline)
            if time.perf_counter() >= deadline:
                # The potentials of a flow that is not optimal are not worth two transforms.
                yield _Solution(flow, best)
                return
            near = self._conjugate(dual)
            value, cost = evaluate_dual(level, near), evaluate_flow(flow, costs)
            settled = cost >= least and value <= highest
            if value > highest:
                best, highest = near, value
            yield _Solution(flow, best)
            if settled and number >= len(ARC_CHOICES):
                return
            least = min(least, cost)

    def _conjugate(self, dual: Floats) -> Potentials:
        return conjugate(dual, self._order, self._workers, self._device)


def _lift(solution: _Solution, levels: list[Level], order: float) -> tuple[Floats, Plan]:
    """Bring a solution of the first of some levels to the last: ψ and the plan."""
    flow, potential = solution.flow, solution.potentials.target
    for level in levels[1:]:
        flow = refine_flow(flow, level)
        potential = refine_potential(potential, level.source.shape, order)
    return potential, Plan(flow.source, flow.target, flow.amounts / TOTAL)
