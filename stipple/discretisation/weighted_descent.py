"""Atoms with free weights that go down to a local minimum of W_k^k: Lloyd's steps, then L-BFGS."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from stipple.arrays import Floats
from stipple.discretisation.weighted_cells import CellProblem, CellState
from stipple.machine.double_doubles import sum_groups
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
        Whether a step changed W_k^k by less than the tolerance, and going to the centres would too:
        a local minimum.
    """

    atoms: Floats
    weights: Floats
    cost: float
    history: Floats
    iterations: int
    converged: bool


class Descent:
    """Atoms that go down: Lloyd's steps first, then those of L-BFGS.

    Atoms whose cells lose all samples start again where others cost most.

    Parameters
    ----------
    problem : CellProblem
        The samples, and what atoms cost.
    start : ndarray, shape (m, d)
        Where atoms begin.
    """

    def __init__(self, problem: CellProblem, start: Floats) -> None:
        self.converged = False
        self._problem = problem
        self._direction = _Direction(problem)
        self._current = problem.evaluate(start)
        self._history = [self._current.cost]

    @property
    def cost(self) -> float:
        """W_k^k so far."""
        return self._current.cost

    @property
    def atoms(self) -> Floats:
        """The atoms so far, shape (m, d)."""
        return self._current.atoms

    def run(
        self,
        iterations: int,
        tolerance: float,
        on_step: Callable[[int, float], None] | None = None,
    ) -> None:
        """Take steps, at most so many in all, until one lowers W_k^k by less than the tolerance.

        A tolerance is a part of W_k^k. `on_step` receives the number of each step and W_k^k, from
        where the descent stands on.
        """
        self.converged = False
        self._tell(on_step)
        while self._steps < iterations and not self.converged:
            self._take_step(tolerance)
            self._tell(on_step)

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
            self._steps,
            self.converged,
        )

    @property
    def _steps(self) -> int:
        return len(self._history) - 1

    def _tell(self, on_step: Callable[[int, float], None] | None) -> None:
        if on_step is not None:
            on_step(self._steps, self._current.cost)

    def _take_step(self, tolerance: float) -> None:
        """Take one step that does not raise the cost; where none lowers it, the end is reached."""
        last = self._current
        following = self._refill(last) or self._step_along(last) or self._step_down(last)
        self._current = following or last
        self.converged = following is None or self._is_settled(last, following, tolerance)
        self._history.append(self._current.cost)

    def _is_settled(self, last: CellState, following: CellState, tolerance: float) -> bool:
        """Whether neither the last step nor one to the centres lowers the cost by much."""
        most = tolerance * last.cost
        if last.cost - following.cost > most or not last.masses.all():
            return False
        # What going to the centres saves for k = 2, before samples change their cells.
        saving = (self._problem.scale(following) * following.gradient**2).sum() / 2
        return bool(saving <= most)

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
