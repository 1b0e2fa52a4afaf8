"""Semi-discrete optimal transport in space: potentials that give every power cell its mass."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from stipple.arrays import Floats
from stipple.errors import PowerCellError, StippleError
from stipple.interval import Interval
from stipple.machine.threads import Workers
from stipple.measures.volume import VolumeDensity
from stipple.transport.certificate import evaluate_dual
from stipple.transport.continuation import continue_solving
from stipple.volumes.certificate import certify_volume
from stipple.volumes.diagram import Diagram
from stipple.volumes.newton import NewtonSolver

# Diagrams in which a cell has less of its mass are no good start.
LEAST_PART = 1e-4


@dataclass(frozen=True, eq=False)
class VolumeTransport:
    """The optimal transport of a volume to weighted points, with its evidence.

    Attributes
    ----------
    diagram : Diagram
        The cells, and what is in them.
    weights : ndarray, shape (n,)
        What each is to hold, ν.
    w2_squared : float
        W2²: the dual value, which errs by the square of the mass error only.
    mass_error : float
        Largest |mass − ν| / ν.
    converged : bool
        Whether it met the tolerance asked for.
    newton_iterations : int
        Linear systems solved by this solve.
    density : VolumeDensity
        The source.
    workers : Workers
        Threads that share what is computed later.
    """

    diagram: Diagram
    weights: Floats
    w2_squared: float
    mass_error: float
    converged: bool
    newton_iterations: int
    density: VolumeDensity
    workers: Workers

    @property
    def points(self) -> Floats:
        """The points, shape (n, 3)."""
        return self.diagram.cells.points

    @property
    def potentials(self) -> Floats:
        """Their potentials φ, shape (n,)."""
        return self.diagram.cells.potentials

    @property
    def masses(self) -> Floats:
        """Mass of each power cell, shape (n,)."""
        return self.diagram.integrals.masses

    @cached_property
    def barycentres(self) -> Floats:
        """Barycentre of each cell, shape (n, 3)."""
        return self.diagram.barycentres

    @cached_property
    def interval(self) -> Interval:
        """Certified bounds of W2²."""
        return certify_volume(self.density, self.diagram.cells, self.weights, self.workers)


class VolumeSolver(NewtonSolver):
    """Optimal transport of one volume to points of given masses; parameters as `NewtonSolver`."""

    def solve(
        self,
        points: Floats,
        potentials: Floats | None = None,
        *,
        tolerance: float = 1e-6,
        near: VolumeTransport | None = None,
    ) -> VolumeTransport:
        """Find potentials for which every cell holds its part of the mass.

        Parameters
        ----------
        points : ndarray, shape (n, 3)
            Distinct points in the box; anywhere if it is periodic.
        potentials : ndarray, shape (n,), optional
            Where to start; by default those of `near`, or else zero.
        tolerance : float
            Largest relative error of a cell's mass.
        near : VolumeTransport, optional
            A solution for the same points before a small move.

        Returns
        -------
        VolumeTransport
            Its `converged` says whether the tolerance was met.

        Raises
        ------
        StippleError
            If points coincide, or are too close to have cells.
        """
        iterations = self.newton_iterations
        previous = near.diagram.cells if near is not None else None
        best = None
        for guess in self._guess_potentials(points, potentials, near):
            try:
                diagram = self.measure(points, guess, previous)
            except PowerCellError:
                continue
            if (diagram.integrals.masses / self.masses).min() >= LEAST_PART:
                best = self.iterate(diagram, 0.0, tolerance)
                break
        if best is None or self.find_error(best) > tolerance:
            best = self._continue(best, points, tolerance)
        return self._describe(best, tolerance, iterations)

    def _guess_potentials(
        self, points: Floats, potentials: Floats | None, near: VolumeTransport | None
    ) -> Iterator[Floats]:
        """Potentials to start from, the best first."""
        if potentials is not None:
            yield potentials
        if near is not None:
            yield self.predict_potentials(near.diagram, points)
            yield near.diagram.cells.potentials
        yield np.zeros(len(points))

    def _continue(self, stalled: Diagram | None, points: Floats, tolerance: float) -> Diagram:
        """Solve with some uniform density mixed in, then with a tenth of it, and so on."""
        voronoi = self.measure(points, np.zeros(len(points)))
        hidden = int(voronoi.cells.hidden.sum())
        if hidden:
            raise StippleError(
                f"{hidden} of the {len(points)} points have no cell: they coincide with others, or"
                " lie outside the box; give distinct points inside."
            )
        diagram = continue_solving(self, voronoi, tolerance)
        return diagram if stalled is None else min(stalled, diagram, key=self.find_error)

    def _describe(self, best: Diagram, tolerance: float, iterations: int) -> VolumeTransport:
        """Tell what a solve found that began after so many iterations."""
        integrals = best.integrals
        dual = evaluate_dual(
            best.cells.potentials, self.masses, integrals.masses, integrals.second_moments
        )
        error = self.find_error(best)
        return VolumeTransport(
            diagram=best,
            weights=self.masses,
            w2_squared=dual,
            mass_error=error,
            converged=error <= tolerance,
            newton_iterations=self.newton_iterations - iterations,
            density=self.density,
            workers=self.workers,
        )
