"""Bounds on W_p between two images, refined level by level until the interval is narrow."""

import math
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal, TypeAlias

from stipple.arrays import Floats
from stipple.bounds.certificate import (
    BoundCertificate,
    certify_bounds,
    certify_cheaply,
    measure_gap,
)
from stipple.bounds.clock import Clock, LateError, PunctualWorkers
from stipple.bounds.keops_transforms import choose_engine
from stipple.bounds.masses import MassPair
from stipple.bounds.plans import Plan
from stipple.bounds.pooling import bound_pooled, choose_side
from stipple.bounds.problem import TOTAL, Level
from stipple.bounds.pyramid import build_pyramid, refine_flow, refine_potential
from stipple.bounds.search import Search, Solution, Solver
from stipple.bounds.transforms import check_order
from stipple.choices import Device, SinkhornEngine
from stipple.errors import StippleError
from stipple.machine.keops_library import EngineChoice

Stop: TypeAlias = Literal["gap", "time", "cells", "precision"]

# The coarsest level has no side longer than this, and is solved with all arcs.
COARSEST = 16
# "auto" solves images up to this side on sparse arcs: half a second.
SPARSE_SIDE = 64
# Levels that only prepare the next are left after this many steps.
STEPS_ON_THE_WAY = 2
# A proof may be late by this share of the time limit, and by so many seconds.
LATE, GRACE = 0.07, 0.6
# Coarse levels are proved while that takes less than this share of the time limit.
CHEAP = 0.1
# A level that is cut short takes about so many times what the whole level before took.
ENTRY = 1.25
# A proof takes about so many times what it took to read the images (for squares of distances).
PROOF_TO_READING = 8.0
# With up to so many pixels the steps of a proof are short: it can be tried, and broken off.
BRIEF = 2**20


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
        Whether the gap asked for was reached, or the images are equal up to rounding.
    stopped : {"gap", "time", "cells", "precision"}
        Why there is no narrower interval: the gap was reached, time was up, "fast" solves images of
        this size in cells only, or nothing is left that double precision could show.
    method : {"sparse", "fast"}
    engine : EngineChoice
        Who transformed the potentials.
    levels : tuple of LevelRecord
        The coarsest first; the last is not at full resolution if the gap was reached before.
    seconds : float
    potential : ndarray, shape (h, w), or None
        ψ on the target, in pixels to the power p; None if there was no time for a proof by it.
    plan : Plan or None
        The complete plan that proves the upper bound (all of its mass but dust); None if there was
        no time, and the bound is that of independent ends.
    """

    certificate: BoundCertificate
    gap: float
    reached: bool
    stopped: Stop
    method: Solver
    engine: EngineChoice
    levels: tuple[LevelRecord, ...]
    seconds: float
    potential: Floats | None
    plan: Plan | None

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
    began: float | None = None,
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
        Seconds from `began` after which solvers stop; they leave the time that a proof takes, and
        the proofs of coarse levels are left out where they would take much of it. A proof that is
        late by a tenth and half a second is given up. Images that are too large for it are pooled
        in blocks first; there is no plan and no potential then.
    engine : {"auto", "numpy", "keops"}
        Who transforms potentials for orders other than 2: the compiled loops of this package, here
        called numpy, or KeOps; "auto" takes KeOps for large images where there is a GPU. The proof
        is by exact integers whatever the engine.
    device : {"auto", "cpu", "cuda"}
        Where KeOps computes.
    threads : int, optional
        By default one for each processor.
    began : float, optional
        Time of `time.perf_counter` at which the work began; now by default.
    on_level : callable, optional
        Receives a `LevelRecord` after each level that something was proved about.

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
    order = check_order(order)
    began = time.perf_counter() if began is None else began
    end = math.inf if time_limit is None else began + time_limit
    solve = partial(
        _bound_directly,
        order=order,
        method=method,
        gap=gap,
        began=began,
        end=end,
        engine=engine,
        device=device,
        threads=threads,
    )
    side = choose_side(pair.source.size, method == "fast", end - time.perf_counter())
    if side == 1 or pair.similar:
        return solve(pair, on_level=on_level)
    return bound_pooled(pair, order, gap, side, end, solve, on_level)


def _bound_directly(
    pair: MassPair,
    order: float,
    *,
    method: Solver,
    gap: float,
    began: float,
    end: float,
    engine: SinkhornEngine,
    device: Device,
    threads: int | None,
    on_level: Callable[[LevelRecord], None] | None,
) -> BoundResult:
    """Enclose W_p between two images, all of whose pixels are looked at."""
    choice = choose_engine(engine, device, order=order, pixels=pair.source.size)
    workers = PunctualWorkers(threads, Clock())
    proof = _Proof(pair, order, workers, began, end)
    levels: list[LevelRecord] = []
    stopped: Stop = "time"
    with ThreadPoolExecutor(workers.threads) as pool:
        search = Search(order, method, workers, pool, choice)
        for record, reason in _climb(pair, search, proof, gap):
            stopped = reason
            levels.append(record)
            if on_level:
                on_level(record)
    reached = proof.gap <= gap or pair.similar
    return BoundResult(
        certificate=proof.certificate,
        gap=proof.gap,
        reached=reached,
        stopped="gap" if reached else stopped,
        method=method,
        engine=choice,
        levels=tuple(levels),
        seconds=time.perf_counter() - began,
        potential=proof.potential,
        plan=proof.certificate.plan,
    )


class _Proof:
    """The best certified bounds so far, with the potential that proves the lower one.

    `deadline` is when solvers must stop, so that a proof of `seconds` is ready in time.
    """

    def __init__(
        self, pair: MassPair, order: float, workers: PunctualWorkers, began: float, end: float
    ) -> None:
        limit = end - began
        self._pair, self._order, self._workers = pair, order, workers
        self._end, self._latest = end, end + LATE * limit + GRACE
        self._dear = CHEAP * limit
        self.seconds = PROOF_TO_READING * (time.perf_counter() - began)
        self.potential: Floats | None = None
        self.certificate = certify_cheaply(pair, order)
        self._proved = False

    @property
    def gap(self) -> float:
        """Relative gap between the bounds."""
        return measure_gap(self.certificate.lower, self.certificate.upper)

    @property
    def deadline(self) -> float:
        """Time of `time.perf_counter`."""
        return self._end - self.seconds

    @property
    def dear(self) -> bool:
        """Whether a proof takes much of the time limit."""
        return self.seconds > self._dear

    @property
    def hopeless(self) -> bool:
        """Whether a proof that began now would come too late, and could not be broken off soon."""
        return self._pair.source.size > BRIEF and time.perf_counter() + self.seconds > self._latest

    def foresee(self, transform_seconds: float, pixels: int) -> None:
        """Expect the first proof to take its time from the transforms on a coarse level."""
        if not self._proved:
            growth = (self._pair.source.size / pixels) ** 1.5
            self.seconds = max(self.seconds, growth * transform_seconds)

    def add(self, solution: Solution, levels: list[Level]) -> bool:
        """Prove what a solution of the first of some levels tells about the last, if in time."""
        began = time.perf_counter()
        if self.hopeless:
            return False
        best, clock = self.certificate, self._workers.clock
        clock.deadline = self._latest
        try:
            potential, plan = _lift(solution, levels, self._order, clock)
            found = certify_bounds(
                self._pair, self._order, potential, plan, workers=self._workers, clock=clock
            )
        except LateError:
            return False
        if found.lower >= best.lower:
            self.potential = potential
            best = replace(best, lower=found.lower, lower_cost=found.lower_cost)
        if found.upper <= best.upper or best.plan is None:
            best = replace(
                best,
                upper=found.upper,
                upper_cost=found.upper_cost,
                repaired=found.repaired,
                plan=found.plan,
            )
        self.certificate = best
        self.seconds, self._proved = time.perf_counter() - began, True
        return True


def _climb(
    pair: MassPair, search: Search, proof: _Proof, gap: float
) -> Iterator[tuple[LevelRecord, Stop]]:
    """Solve level after level, and prove what that tells; yield why it would stop there."""
    if proof.hopeless:
        return
    pyramid = build_pyramid(pair.source, pair.target, COARSEST)
    solution: Solution | None = None
    unproved: int | None = None
    took = 0.0
    began = time.perf_counter()
    for number, level in enumerate(pyramid):
        last = number == len(pyramid) - 1
        started = time.perf_counter()
        if number and started + ENTRY * took > proof.deadline:
            break
        most = None if last else STEPS_ON_THE_WAY
        found = search.solve(level, solution, gap, most, proof.deadline)
        if found is None:
            break
        solution, unproved = found, number
        proof.foresee(search.transform_seconds, level.source.size)
        took = time.perf_counter() - started
        if proof.dear and not last and time.perf_counter() + ENTRY * took < proof.deadline:
            continue
        if not proof.add(solution, pyramid[number:]):
            unproved = None
            break
        unproved = None
        late = time.perf_counter() >= proof.deadline
        inherent: Stop = "cells" if search.ends_with_cells(level) else "precision"
        yield _record(level, proof, began), "time" if late else inherent
        began = time.perf_counter()
        if late or proof.gap <= gap or pair.similar:
            return
    if unproved is not None and solution is not None and proof.add(solution, pyramid[unproved:]):
        yield _record(pyramid[unproved], proof, began), "time"


def _record(level: Level, proof: _Proof, began: float) -> LevelRecord:
    best = proof.certificate
    return LevelRecord(level.source.shape, best.lower, best.upper, time.perf_counter() - began)


def _lift(
    solution: Solution, levels: list[Level], order: float, clock: Clock
) -> tuple[Floats, Plan]:
    """Bring a solution of the first of some levels to the last: ψ and the plan."""
    flow, potential = solution.flow, solution.potentials.target
    for level in levels[1:]:
        clock.check()
        flow = refine_flow(flow, level)
        potential = refine_potential(potential, level.source.shape, order)
    return potential, Plan(flow.source, flow.target, flow.amounts / TOTAL)
