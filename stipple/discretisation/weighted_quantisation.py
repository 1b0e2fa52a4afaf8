"""Weighted optimal quantisation: atoms with free weights that minimise W_k^k to samples."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from stipple.arrays import Floats
from stipple.discretisation.weighted_cells import EUCLIDEAN, CellProblem, CellState
from stipple.discretisation.weighted_start import draw_start
from stipple.errors import StippleError
from stipple.geometry.metrics import Metric
from stipple.machine.double_doubles import sum_groups
from stipple.machine.threads import Workers
from stipple.measures.samples import Samples
from stipple.transport.quasi_newton import QuasiNewton, limit_shift

LLOYD_STEPS = 5
# A quasi-Newton step moves no atom by more than this part of the mean radius of its cell.
LONGEST_STEP = 0.7
# Shortest step tried, as a part of the one towards the centres, before the atoms are left alone.
SHORTEST_STEP = 2.0**-10


@dataclass(frozen=True, eq=False)
class WeightedQuantisation:
    """Atoms that stand for samples, with the masses of their Voronoi cells.

    Attributes
    ----------
    atoms : ndarray, shape (m, d)
        y, in the units of the samples.
    weights : ndarray, shape (m,)
        The best for these atoms: the masses of the Voronoi cells, > 0, sum 1.
    cost : float
        W_k^k between samples and weighted atoms, rounded: `certify_discrete` gives an interval.
    history : ndarray
        W_k^k at the start and after each step; it does not increase.
    iterations : int
        Steps taken.
    converged : bool
        Whether a step changed W_k^k by less than the tolerance: a local minimum.
    """

    atoms: Floats
    weights: Floats
    cost: float
    history: Floats
    iterations: int
    converged: bool


def quantise_weighted(
    samples: Samples,
    count: int,
    *,
    order: float = 2.0,
    metric: Metric = EUCLIDEAN,
    iterations: int = 100,
    tolerance: float = 1e-5,
    seed: int = 0,
    start: Floats | None = None,
    workers: Workers | None = None,
    on_step: Callable[[int, float], None] | None = None,
) -> WeightedQuantisation:
    """Find atoms, with weights of their own choice, of small W_k^k to the samples.

    With free weights each sample goes to its nearest atom, so that W_k^k is the quantisation error
    (Graf and Luschgy, 2000, lemma 3.1). A few Lloyd steps from `draw_start`, then L-BFGS with the
    masses of the cells as first Hessian; a step up is replaced by one towards the centres. Atoms
    whose cells lose all samples start again where others cost most. The end is a local minimum.

    Parameters
    ----------
    samples : Samples
        Unit vectors if the metric is that of the sphere.
    count : int
        m, at most the number of different samples.
    order : float
        k ≥ 1.
    metric : Metric
        Distance.
    iterations : int
        Most steps; 0 returns the start.
    tolerance : float
        Stop when a step lowers W_k^k by less than this part of it; 0 never stops before the atoms
        are where no step lowers it.
    seed : int
        Of the start, where none is given.
    start : ndarray, shape (m, d), optional
        Where atoms begin.
    workers : Workers, optional
        Threads to use; the result does not depend on how many. By default all processors.
    on_step : callable, optional
        Receives the number of each step and W_k^k, from the start (0) on.

    Raises
    ------
    StippleError
        For less than one atom, or more than there are different samples.
    """
    _check_count(samples, count)
    problem = CellProblem(samples, order, metric, workers or Workers())
    if start is None:
        start = draw_start(samples, count, order, seed)
    elif start.shape != (count, samples.dimension) or not np.isfinite(start).all():
        raise StippleError(
            f"The start has the shape {start.shape}: give {count} finite points of"
            f" {samples.dimension} coordinates."
        )
    descent = _Descent(problem, start)
    descent.tell(on_step)
    while descent.steps < iterations and not descent.converged:
        descent.take_step(tolerance)
        descent.tell(on_step)
    return descent.conclude()


class _Descent:
    """Atoms that go down: Lloyd's steps first, then those of L-BFGS."""

    def __init__(self, problem: CellProblem, start: Floats) -> None:
        self.converged = False
        self._problem = problem
        self._direction = _Direction(problem)
        self._current = problem.evaluate(start)
        self._history = [self._current.cost]

    @property
    def steps(self) -> int:
        """Steps so far."""
        return len(self._history) - 1

    def tell(self, on_step: Callable[[int, float], None] | None) -> None:
        """Report the last step."""
        if on_step is not None:
            on_step(self.steps, self._current.cost)

    def take_step(self, tolerance: float) -> None:
        """Take one step that does not raise the cost; where none lowers it, the end is reached."""
        last = self._current
        following = self._refill(last) or self._step_along(last) or self._step_down(last)
        self._current = following or last
        change = last.cost - self._current.cost
        settled = change <= tolerance * last.cost and last.masses.all()
        self.converged = following is None or bool(settled)
        self._history.append(self._current.cost)

    def conclude(self) -> WeightedQuantisation:
        """Give every atom samples, and add up its weight."""
        problem, current = self._problem, _fill_empty_cells(self._problem, self._current)
        # Plain sums would drift with the number of samples.
        nothing = np.zeros_like(problem.masses)
        weights, _ = sum_groups(current.assignment, problem.masses, nothing, len(current.atoms))
        return WeightedQuantisation(
            current.atoms,
            weights,
            current.cost,
            np.array(self._history),
            self.steps,
            self.converged,
        )

    def _refill(self, last: CellState) -> CellState | None:
        """Put atoms without samples elsewhere, where there are any."""
        if last.masses.all():
            return None
        self._direction.forget()
        return _revive(self._problem, last)

    def _step_along(self, last: CellState) -> CellState | None:
        """Go along the direction, if that lowers the cost."""
        return self._try_shift(last, self._direction.find(last))

    def _step_down(self, last: CellState) -> CellState | None:
        """Go towards the centres, as far as lowers the cost; None where nothing does."""
        self._direction.forget()
        towards = -self._problem.scale(last) * last.gradient
        part = 1.0
        while part >= SHORTEST_STEP:
            following = self._try_shift(last, part * towards)
            if following is not None:
                return following
            part /= 2
        return None

    def _try_shift(self, last: CellState, shift: Floats) -> CellState | None:
        moved = self._problem.metric.move(last.atoms, shift)
        following = self._problem.evaluate(moved, last.assignment)
        return following if following.cost < last.cost else None


class _Direction:
    """The shift of the atoms that comes next: Lloyd's first, then that of L-BFGS."""

    def __init__(self, problem: CellProblem) -> None:
        self._problem = problem
        self._quasi_newton = QuasiNewton()
        self._number = 0

    def forget(self) -> None:
        """Drop the curvature learnt."""
        self._quasi_newton.forget()

    def find(self, current: CellState) -> Floats:
        """Shift of each atom, shape (m, d)."""
        scale = self._problem.scale(current)
        lloyd = -scale * current.gradient
        self._number += 1
        if self._number <= LLOYD_STEPS:
            return lloyd
        shift = self._quasi_newton.find_shift(current.atoms, current.gradient, scale)
        return limit_shift(shift, lloyd, LONGEST_STEP * self._problem.measure_radii(current))


def _revive(problem: CellProblem, state: CellState) -> CellState:
    """Put atoms without samples where others cost most: at the sample that costs most there."""
    empty = np.flatnonzero(state.masses == 0)
    costly = np.argsort(-state.costs, kind="stable")[: len(empty)]
    costly = costly[state.costs[costly] > 0]
    atoms = state.atoms.copy()
    atoms[empty[: len(costly)]] = problem.points[state.farthest[costly]]
    return problem.evaluate(atoms, state.assignment)


def _fill_empty_cells(problem: CellProblem, state: CellState) -> CellState:
    # Each round fills a cell at least, since there are no fewer different samples than atoms.
    while not state.masses.all():
        state = _revive(problem, state)
    return state


def _check_count(samples: Samples, count: int) -> None:
    if count < 1:
        raise StippleError(f"{count} atoms were asked for: give at least 1.")
    different = len(samples)
    if count <= different:
        # Sorting rows takes long; most often one coordinate tells enough.
        different = len(np.unique(samples.points[:, 0]))
        if count > different:
            different = len(np.unique(samples.points, axis=0))
    if count > different:
        raise StippleError(
            f"{count} atoms were asked for, but there are only {different} different samples:"
            " ask for no more than that."
        )
