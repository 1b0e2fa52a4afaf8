"""The best certified bounds so far, and the time that it takes to prove better ones."""

import math
import time

import numpy as np

from stipple.arrays import Floats
from stipple.bounds.certificate import (
    certify_cheaply,
    certify_plan,
    certify_potential,
    measure_gap,
)
from stipple.bounds.clock import LateError, PunctualWorkers
from stipple.bounds.exchanges import exchange_with_neighbours
from stipple.bounds.masses import MassPair
from stipple.bounds.plans import Plan, join_plans
from stipple.bounds.problem import TOTAL, Flow, Level, evaluate_flow
from stipple.bounds.pyramid import refine_flow, refine_potential
from stipple.bounds.search import Solution
from stipple.bounds.transforms import measure_costs

# A proof may be late by this share of the time limit, and by so many seconds.
LATE, GRACE = 0.07, 0.6
# Coarse levels are proved while that takes less than this share of the time limit.
CHEAP = 0.1
# A proof takes about so many times what it took to read the images (for squares of distances).
PROOF_TO_READING = 8.0
# With up to so many pixels the steps of a proof are short: it can be tried, and broken off.
BRIEF = 2**20
# With fewer pixels transforms do not tell how long others take.
TELLING = 2**10


class Proof:
    """The best certified bounds so far, with the potential that proves the lower one.

    `deadline` is when solvers must stop, so that a proof of `seconds` is ready in time.

    Parameters
    ----------
    pair : MassPair
    order : float
        p.
    workers : PunctualWorkers
        Threads; their clock is set to when a proof is given up.
    wanted : float
        The relative gap to prove.
    began, end : float
        Times of `time.perf_counter` between which all is to be done.
    reading : float, optional
        Seconds that it took to read the images; by default those since it began.
    """

    def __init__(
        self,
        pair: MassPair,
        order: float,
        workers: PunctualWorkers,
        wanted: float,
        began: float,
        end: float,
        reading: float | None = None,
    ) -> None:
        limit = end - began
        reading = time.perf_counter() - began if reading is None else reading
        self._pair, self._order, self._workers = pair, order, workers
        self._wanted = wanted
        self._end, self._latest = end, end + LATE * limit + GRACE
        self._costly = CHEAP * limit
        self.seconds = self._least = PROOF_TO_READING * reading
        self.potential: Floats | None = None
        self.certificate = certify_cheaply(pair, order)

    @property
    def gap(self) -> float:
        """Relative gap between the bounds."""
        return measure_gap(self.certificate.distance)

    @property
    def deadline(self) -> float:
        """Time of `time.perf_counter`."""
        return self._end - self.seconds

    @property
    def is_costly(self) -> bool:
        """Whether a proof takes much of the time limit."""
        return self.seconds > self._costly

    @property
    def comes_too_late(self) -> bool:
        """Whether a proof that began now would be late, and could not be broken off soon."""
        return self._pair.source.size > BRIEF and time.perf_counter() + self.seconds > self._latest

    def expect(self, transform_seconds: float, pixels: int) -> None:
        """Expect the first proof to take its time from the transforms on a coarse level.

        Those of few pixels are mostly calls of functions, and tell nothing; each level corrects the
        one before.
        """
        if self.certificate.plan is None and pixels >= TELLING:
            growth = (self._pair.source.size / pixels) ** 1.5
            self.seconds = max(self._least, growth * transform_seconds)

    def add(self, solution: Solution, levels: list[Level], *, improve: bool = True) -> bool:
        """Prove what a solution of the first of some levels tells about the last, if in time.

        On the way the plan may be improved, as far as the gap wants it.
        """
        began = time.perf_counter()
        if self.comes_too_late:
            return False
        clock = self._workers.clock
        clock.deadline = self._latest
        try:
            potential = solution.potentials.target
            for level in levels[1:]:
                potential = refine_potential(potential, level.source.shape, self._order)
            proved = certify_potential(self._pair, self._order, potential, self._workers)
            # A little less than asked for, as the certificate rounds outwards.
            enough = float(proved) * (1 + self._wanted * (1 - 1e-6)) ** self._order
            enough = enough if improve else math.inf
            flow = self._refine_flow(solution.flow, levels, enough)
            plan = Plan(flow.source, flow.target, flow.amounts / TOTAL)
            if self._order == 1:
                plan = _leave_common(plan, self._pair.source, levels[-1].source)
            found = certify_plan(self._pair, self._order, proved, plan, clock)
        except LateError:
            return False
        best = self.certificate
        if found.lower >= best.lower:
            self.potential = potential
        # Cheap bounds are among those of a proof, but its plan proves the upper one.
        self.certificate = found if best.plan is None else best.combine(found)
        self.seconds = time.perf_counter() - began
        return True

    def _refine_flow(self, flow: Flow, levels: list[Level], enough: float) -> Flow:
        """Bring a plan for the first of some levels to the last, until its cost is enough there.

        Exchanges gain most on coarse levels, where they take least: they come one level at a time.
        """
        clock, last = self._workers.clock, levels[-1]
        for number, level in enumerate(levels[1:], 1):
            clock.check()
            flow = finest = refine_flow(flow, level)
            for finer in levels[number + 1 :]:
                finest = refine_flow(finest, finer)
            costs = measure_costs(last.source.shape, self._order).table
            if evaluate_flow(finest, costs) <= enough:
                return finest
            costs = measure_costs(level.source.shape, self._order).table
            least = enough if level is last else -math.inf
            flow = exchange_with_neighbours(flow, costs, least, clock.deadline)
        return flow


def _leave_common(plan: Plan, source: Floats, moving: Floats) -> Plan:
    """Let stay what a level leaves out of an image: see `pyramid.build_pyramid`."""
    staying = source.ravel() - moving.ravel() / TOTAL
    pixels = np.flatnonzero(staying > 0)
    return join_plans([Plan(pixels, pixels, staying[pixels]), plan])
