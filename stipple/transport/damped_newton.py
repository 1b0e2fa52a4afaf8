"""Damped Newton for the masses of power cells (Kitagawa, Mérigot, Thibert, JEMS 2019).

The same in the plane and in space: what the cells are is for those who derive from it.
"""

from abc import ABC, abstractmethod
from typing import Generic, NamedTuple, TypeVar

import numpy as np

from stipple.arrays import Floats, Integers
from stipple.errors import PowerCellError
from stipple.machine.products import measure_norm
from stipple.transport.laplacian import SparseRows, assemble_laplacian, count_components
from stipple.transport.newton_system import LaplacianSolver

# Accuracy of linear systems where what is left out is of second order anyway.
COARSE = 0.1
# No system is solved to more digits: the masses of a step come from a diagram, not from it.
FINEST = 1e-9
# Shares that join the components of a Newton matrix.
JOINING = (1e-9, 1e-7, 1e-5, 1e-3, 1e-1)
LARGEST_HALVING = 20
LARGEST_NEWTON = 100
# No step leaves a cell less than this part of the least mass before, relative to its own.
KEPT = 0.5
# A step is tried at so many times the last one first: where only short ones help, most do.
GROWTH = 4.0

Cut = TypeVar("Cut")


class Borders(NamedTuple):
    """Where two cells meet: which, how far their points are apart, and what lies on the border.

    `masses` are the integrals of ρ over each border, `uniform` those of the uniform density.
    """

    rows: Integers
    columns: Integers
    distances: Floats
    masses: Floats
    uniform: Floats


class NewtonStep(NamedTuple):
    """Change of the potentials, and which part of the residual it promises to remove."""

    change: Floats
    promise: float


class DampedNewton(ABC, Generic[Cut]):
    """Newton steps on the masses of power cells; `newton_iterations` counts them.

    Parameters
    ----------
    lightest : float
        The least of the masses that cells are to hold, as a part of their mean; 1 where light
        cells are mended.
    kept : float
        No step leaves a cell less than this part of the least mass before, relative to its own.
    shortest : float
        Iterations end after a step of which less than this part served.
    """

    def __init__(self, lightest: float = 1.0, kept: float = KEPT, shortest: float = 0.0) -> None:
        self.newton_iterations = 0
        self._linear = LaplacianSolver()
        # Residuals of systems that heavy cells do not feel would be all that light ones hold.
        self._lightest = lightest
        self._kept = kept
        self._shortest = shortest

    @property
    def is_spent(self) -> bool:
        """Whether iterations are to end where they are."""
        return False

    @abstractmethod
    def list_masses(self, count: int) -> Floats:
        """List what each of so many cells is to hold, ν, shape (count,)."""

    @abstractmethod
    def compare_masses(self, masses: Floats) -> Floats:
        """Masses of cells as parts of what they are to hold, shape (n,)."""

    @abstractmethod
    def mix_masses(self, diagram: Cut, share: float) -> Floats:
        """Masses of the cells under (1 − share)·ρ + share·uniform, shape (n,)."""

    @abstractmethod
    def find_error(self, diagram: Cut, share: float = 0.0) -> float:
        """Largest relative error of a mass, with that share of the uniform density mixed in."""

    @abstractmethod
    def change_potentials(self, diagram: Cut, change: Floats) -> Cut:
        """Cut the cells of the same points with other potentials."""

    def note_step(self, part: float) -> None:
        """Learn from how much of a step served."""

    def mend_change(self, diagram: Cut, change: Floats, expected: Floats) -> Floats:  # noqa: ARG002
        """Change of potentials with which light cells, too, hold about what is expected."""
        return change

    @abstractmethod
    def find_step(
        self, diagram: Cut, share: float, residual: Floats, accuracy: float
    ) -> NewtonStep:
        """Newton step that changes masses by the residual, to a relative accuracy."""

    def iterate(
        self, diagram: Cut, share: float, tolerance: float, most: int = LARGEST_NEWTON
    ) -> Cut:
        """Damped Newton on (1 − share)·ρ + share·uniform, until solved or stalled."""
        masses = self.mix_masses(diagram, share)
        weights = self.list_masses(len(masses))
        floor = self._kept * min(float(self.compare_masses(masses).min()), 1.0)
        step = 1.0
        for _ in range(most):
            residual = weights - masses
            error = float((np.abs(residual) / weights).max())
            if error <= tolerance or self.is_spent:
                break
            # More than what the tolerance needs, or the convergence of Newton uses, is wasted.
            newton = self.find_step(diagram, share, residual, max(tolerance / error, error))
            self.newton_iterations += 1
            longest = min(1.0, GROWTH * step)
            found = self._search_line(diagram, *newton, share, floor, longest)
            self.note_step(0.0 if found is None else found[2])
            if found is None:
                break
            diagram, masses, step = found
            if step < self._shortest:
                break
        return diagram

    def _search_line(
        self,
        diagram: Cut,
        direction: Floats,
        promise: float,
        share: float,
        floor: float,
        longest: float = 1.0,
    ) -> tuple[Cut, Floats, float] | None:
        """Halve the step until no mass is below that part and half the decrease promised comes."""
        weights = self.list_masses(len(direction))
        before = self.mix_masses(diagram, share)
        norm = measure_norm(weights - before)
        for halving in range(LARGEST_HALVING):
            step = longest * 0.5**halving
            change = step * direction
            if share == 0:
                change = self.mend_change(diagram, change, (1 - step) * before + step * weights)
            try:
                trial = self.change_potentials(diagram, change)
            except PowerCellError:
                continue
            masses = self.mix_masses(trial, share)
            decrease = measure_norm(weights - masses) <= (1 - promise * step / 2) * norm
            if self.compare_masses(masses).min() >= floor and decrease:
                return trial, masses, step
        return None

    def choose_accuracy(self, accuracy: float) -> float:
        """Choose the relative residual of linear systems for an accuracy of masses."""
        return max(FINEST, self._lightest * min(0.1 * accuracy, COARSE))

    def solve_linear(
        self, borders: Borders, share: float, residual: Floats, accuracy: float, farthest: float
    ) -> Floats:
        """Solve DG v = residual, with DG_ij = −∫ρ dS / (2 |y_i − y_j|).

        Shapes apart in empty space are joined by a trace of uniform density: as much of it as
        keeps potentials within `farthest`, what the domain can need.
        """
        accuracy = self.choose_accuracy(accuracy)
        direction = np.zeros(len(residual))
        least = share
        for portion in (share, *(trace for trace in JOINING if trace > share)):
            if portion < least:
                continue
            weights = weigh_borders(borders, portion)
            laplacian = assemble_borders(borders, weights, len(residual))
            if count_components(laplacian) > 1:
                continue
            try:
                direction = self._linear.solve(laplacian, residual, accuracy)
            except RuntimeError:
                # Densities so far apart that the matrix is singular in double precision.
                continue
            reach = float(np.ptp(direction))
            if portion == share or reach <= farthest:
                break
            # Potentials between shapes go as the inverse of the trace: those below would not do.
            least = min(portion * reach / farthest, JOINING[-1])
        return direction


def weigh_borders(borders: Borders, share: float) -> Floats:
    """Entries of DG but for their sign, with that share of the uniform density mixed in."""
    mixed = borders.masses
    if share > 0:
        mixed = (1 - share) * mixed + share * borders.uniform
    weights: Floats = mixed / (2 * borders.distances)
    return weights


def assemble_borders(borders: Borders, weights: Floats, count: int) -> SparseRows:
    """Build the Laplacian of so many cells with a weight for each border."""
    return assemble_laplacian(borders.rows, borders.columns, weights, count)
