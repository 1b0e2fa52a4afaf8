"""Optimal quantisation: points of equal or given masses that minimise W2² to a density."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from stipple.arrays import Booleans, Floats
from stipple.choices import Method
from stipple.transport.descent import descend, move
from stipple.transport.direction import Direction
from stipple.transport.semi_discrete import Transport, TransportSolver
from stipple.transport.stability import find_descent, is_critical

# N·W2²/A of hexagonal cells, the limit of optimal points in the plane (Zador; Fejes Tóth): a
# reference, no bound. Optimal points can have less where the density varies within cells.
HEXAGONAL_QUALITY = 5 / (18 * 3**0.5)

# Steps after a saddle was left that are taken whatever they bring.
PATIENCE = 5
# Relative error of masses between steps; the last solve is to full accuracy. At 0.2 camera.png at
# 20,000 points is worse by 1 in 1,000; at 0.1 no picture is worse than at 0.05.
STEP_TOLERANCE = 0.1
# Where masses differ, errors of light cells say little: a cell of a thousandth may hold four.
STEP_TOLERANCE_OF_MASSES = 3.0
# Diagrams for the start of a run, and for each step, after which it ends where it is.
START_DIAGRAMS, STEP_DIAGRAMS = 3000, 20
# Diagrams take time with the longer side of the picture: its pixels times those of a start.
LARGEST_WORK = 3e8
# Transports left unsolved, each after long tries, after which a run ends where it is.
LARGEST_UNSOLVED = 2


@dataclass(frozen=True)
class Step:
    """One outer step: where the points are, and how good.

    Attributes
    ----------
    number : int
        0 for the start.
    points : ndarray, shape (n, 2)
        In pixels.
    w2_squared : float
        In square pixels, to the accuracy of the inner solves; what is proved of it, or 0, where
        those fail.
    quality : float
        N·W2²/A with A the area of {ρ > 0}, the lower the better; hexagonal cells have 0.160375,
        the limit of the best for many points but no bound. Points of masses ν count as
        N = 1/Σν², which gives the same for hexagonal cells of those masses anywhere.
    """

    number: int
    points: Floats
    w2_squared: float
    quality: float


@dataclass(frozen=True)
class Quantisation:
    """Points that quantise a density, with the transport that proves how well.

    `transport` is solved to full accuracy; `iterations` counts outer steps taken; `seconds` tells
    the time by stage. `settled` tells that the relative decrease fell below the tolerance and that
    small perturbations do not lower W2² either; `saddle` that the points are critical, but a small
    perturbation lowers W2²; `reached` that the steps stopped at the quality asked for.
    """

    transport: Transport
    iterations: int
    settled: bool
    saddle: bool
    seconds: dict[str, float]
    reached: bool = False


def quantise(
    solver: TransportSolver,
    points: Floats,
    potentials: Floats | None = None,
    *,
    method: Method = "lbfgs",
    iterations: int = 30,
    tolerance: float = 1e-5,
    mass_tolerance: float = 1e-6,
    quality: float = 0.0,
    fixed: Booleans | None = None,
    leave_saddles: bool = True,
    seed: int = 0,
    near: Transport | None = None,
    step_tolerance: float | None = None,
    is_enough: Callable[[Step], bool] | None = None,
    on_step: Callable[[Step], None] | None = None,
) -> Quantisation:
    """Move points until W2² to the density no longer decreases, and no small shift helps.

    The gradient of ½·W2² with respect to point i is ν_i·(y_i − b_i), ν_i its mass (1/n unless the
    solver has others) and b_i the barycentre of its power cell (Mérigot, Santambrogio, Sarrazin,
    NeurIPS 2021, equation 3). A step that would increase W2² is replaced by a Lloyd step, which
    cannot, but for the inexact masses of inner solves; the best points met are returned. Where
    steps end early, a perturbation tells a minimum from a saddle (`find_descent`).

    Parameters
    ----------
    solver : TransportSolver
        The transport solver of the density.
    points : ndarray, shape (n, 2)
        The start, in pixels.
    potentials : ndarray, shape (n,), optional
        First potentials for the start, in square pixels.
    method : {"lbfgs", "relaxed", "lloyd"}
        Quasi-Newton, over-relaxed Lloyd (factor 1.7) or Lloyd.
    iterations : int
        Maximum number of steps; 0 solves the transport for the start and moves nothing.
    tolerance : float
        Stop when a step changes W2² by less than this part of it; 0 never stops.
    mass_tolerance : float
        Largest relative error of a cell's mass in the result.
    quality : float
        Stop at the first step of which `Step.quality` is not above this.
    fixed : ndarray of bool, shape (n,), optional
        Points that stay.
    leave_saddles : bool
        Whether to go on from critical points that are no minimum, or to say so only.
    seed : int
        Seed of perturbations.
    near : Transport, optional
        The transport to the start, if it is known already.
    step_tolerance : float, optional
        Largest relative error of a cell's mass between steps.
    is_enough : callable, optional
        Receives the start and each step, and tells whether to end there.
    on_step : callable, optional
        Receives the start and each step.
    """
    began = time.perf_counter()
    unsolved = solver.unsolved
    allowed = min(START_DIAGRAMS, _limit_diagrams(solver)) + STEP_DIAGRAMS * iterations
    solver.most_diagrams = solver.diagrams + allowed
    scale = solver.count_equal(len(points)) / solver.density.support_area

    def report(run: _Run) -> bool:
        # The dual value of a transport that is not solved may be negative; W2² is not.
        value = max(run.current.w2_squared, 0.0)
        step = Step(run.taken, run.current.points, value, scale * value)
        if on_step is not None:
            on_step(step)
        return is_enough is not None and is_enough(step)

    def is_stuck() -> bool:
        return solver.is_spent or solver.unsolved - unsolved >= LARGEST_UNSOLVED

    if step_tolerance is None:
        step_tolerance = STEP_TOLERANCE if solver.masses is None else STEP_TOLERANCE_OF_MASSES
    inner = step_tolerance if iterations else mass_tolerance
    start = near
    if start is None or start.mass_error > inner:
        start = solver.solve(points, potentials, tolerance=inner)
    direction = Direction(method, fixed=fixed, masses=solver.masses)
    path = descend(solver, start, direction, inner)
    run = _Run(solver, path, direction, inner, np.random.default_rng(seed))
    started = time.perf_counter()
    enough = report(run)
    run.test_quality(quality / scale, mass_tolerance)
    while run.taken < iterations and not (enough or run.ended or is_stuck()):
        small = run.step(tolerance)
        enough = report(run)
        run.test_quality(quality / scale, mass_tolerance)
        if small and not run.reached:
            run.test_stability(leave_saddles)
    moved = time.perf_counter()
    if iterations and not run.reached:
        run.finish(mass_tolerance)
    solver.most_diagrams = np.inf
    seconds = {
        "start": started - began,
        "steps": moved - started,
        "last solve": time.perf_counter() - moved,
    }
    settled = run.settled and run.best.converged
    return Quantisation(run.best, run.taken, settled, run.saddle, seconds, run.reached)


class _Run:
    """The steps from one start: where they are, the best of them, and what ends them."""

    def __init__(
        self,
        solver: TransportSolver,
        path: Iterator[Transport],
        direction: Direction,
        mass_tolerance: float,
        generator: np.random.Generator,
    ) -> None:
        self._solver = solver
        self._direction = direction
        self._mass_tolerance = mass_tolerance
        self._path = path
        self._generator = generator
        self._patient = 0
        self.current = self.best = next(self._path)
        self.taken = 0
        self.settled = self.saddle = self.reached = False

    @property
    def ended(self) -> bool:
        """Whether no further step is wanted."""
        return self.settled or self.saddle or self.reached

    def step(self, tolerance: float) -> bool:
        """Take a step; tell whether W2² changed by less than that part of it."""
        following = next(self._path)
        self.taken += 1
        change = abs(self.current.w2_squared - following.w2_squared)
        ended = self.taken > self._patient and change < tolerance * self.current.w2_squared
        self.current = following
        self.best = min(self.best, following, key=_rank)
        return ended

    def test_quality(self, w2_squared: float, mass_tolerance: float) -> None:
        """End where W2² is not above this, once the transport is solved well."""
        if self.current.w2_squared <= w2_squared:
            solved = self._solve_well(self.current, mass_tolerance)
            self.reached = solved.converged and solved.w2_squared <= w2_squared
            self.best = solved if self.reached else self.best

    def test_stability(self, leave_saddles: bool) -> None:
        """Settle at a minimum; leave a saddle, or note it."""
        before = self._solver.unsolved
        descent = self._find_descent()
        if descent is None:
            self.settled = self._solver.unsolved == before
        elif leave_saddles:
            left = move(self._solver, self.best, descent, self._mass_tolerance)
            self._direction.forget()
            self._path = descend(self._solver, left, self._direction, self._mass_tolerance)
            self._patient = self.taken + PATIENCE
        else:
            self.saddle = True

    def finish(self, mass_tolerance: float) -> None:
        """Solve the best transport well, and tell whether it ended at a saddle."""
        supposed = self.best
        self.best = self._solve_well(supposed, mass_tolerance)
        # Across wide white, masses a little wrong lower the dual value much: the last may be best.
        if supposed is not self.current and self.current.w2_squared < self.best.w2_squared:
            last = self._solve_well(self.current, mass_tolerance)
            if _rank(last) < _rank(self.best):
                self.best, self.settled = last, False
        if not (self.settled or self.saddle) and is_critical(self.best, self._direction.fixed):
            self.saddle = self._find_descent() is not None

    def _solve_well(self, transport: Transport, mass_tolerance: float) -> Transport:
        return self._solver.solve(transport.points, tolerance=mass_tolerance, near=transport)

    def _find_descent(self) -> Floats | None:
        return find_descent(self._solver, self.best, self._generator, self._direction.fixed)


def _limit_diagrams(solver: TransportSolver) -> int:
    return int(LARGEST_WORK / max(solver.density.width, solver.density.height))


def _rank(transport: Transport) -> tuple[bool, float]:
    """Order transports, the best first: the dual value of an unsolved one says little."""
    return not transport.converged, transport.w2_squared


def quantise_best(
    solver: TransportSolver,
    starts: Sequence[tuple[Floats, Floats | None]],
    *,
    method: Method = "lbfgs",
    iterations: int = 30,
    tolerance: float = 1e-5,
    quality: float = 0.0,
    fixed: Booleans | None = None,
    leave_saddles: bool = True,
    seed: int = 0,
    on_step: Callable[[Step], None] | None = None,
) -> Quantisation:
    """Run `quantise` from each start, and keep the result with the least W2².

    The first run that reaches the quality asked for is the last.

    Parameters
    ----------
    solver : TransportSolver
        The transport solver of the density.
    starts : sequence of (points, potentials)
        As `quantise` takes them.
    method, iterations, tolerance, quality, fixed, leave_saddles, seed
        As `quantise` takes them.
    on_step : callable, optional
        Receives the steps of the run that is kept.
    """

    def run(
        start: tuple[Floats, Floats | None], told: Callable[[Step], None] | None
    ) -> Quantisation:
        return quantise(
            solver,
            *start,
            method=method,
            iterations=iterations,
            tolerance=tolerance,
            quality=quality,
            fixed=fixed,
            leave_saddles=leave_saddles,
            seed=seed,
            on_step=told,
        )

    if len(starts) == 1:
        return run(starts[0], on_step)
    runs = []
    last = solver.diagrams + _limit_diagrams(solver)
    for start in starts:
        steps: list[Step] = []
        runs.append((run(start, steps.append), steps))
        latest = runs[-1][0]
        if latest.reached or not latest.transport.converged or solver.diagrams > last:
            # Transports that long tries do not solve from here are not solved from near here.
            break
    best, steps = min(runs, key=lambda run: (not run[0].reached, *_rank(run[0].transport)))
    if on_step is not None:
        for step in steps:
            on_step(step)
    seconds = {stage: sum(run.seconds[stage] for run, _ in runs) for stage in best.seconds}
    return replace(best, seconds=seconds)
