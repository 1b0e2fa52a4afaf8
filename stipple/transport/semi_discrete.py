"""Semi-discrete optimal transport: the potentials that give every power cell its mass.

Newton's method needs mass in every cell to start from, and may stall. Where it does, other methods
find potentials for it, one a module: `bracketing`, `path`, `mass_path`, `continuation`,
`pixels_apart`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from stipple.arrays import Floats
from stipple.choices import NeighbourEngine
from stipple.errors import StippleError
from stipple.geometry.bisection import start_from_bisection
from stipple.geometry.matching import match_clouds
from stipple.geometry.morton import order_along_curve
from stipple.geometry.periodic_cells import wrap_cells
from stipple.geometry.power_cells import PowerCells
from stipple.interval import Interval
from stipple.machine.threads import Workers
from stipple.measures.density import Density
from stipple.transport.bracketing import bracket_potentials
from stipple.transport.certificate import certify_transport, evaluate_dual
from stipple.transport.continuation import continue_solving
from stipple.transport.diagram import Diagram
from stipple.transport.mass_path import find_way
from stipple.transport.newton import NewtonSolver
from stipple.transport.path import follow_path
from stipple.transport.pixels_apart import are_pixels_apart, solve_apart

# A Voronoi diagram serves as a start if each cell has at least this part of its mass.
HEALTHY = 0.5
# Paths begin at points for which masses are right up to this part.
PATH_TOLERANCE = 0.5
# Where W2² is not known to this part, masses are solved to this relative error if possible.
NARROW, FINEST_MASSES = 1e-6, 1e-9
# Up to so many points the processor's cache serves whatever their order.
FEW_POINTS = 10_000


@dataclass(frozen=True)
class Transport:
    """The optimal transport of a density to weighted points, with its evidence.

    Attributes
    ----------
    points, potentials : ndarray, shapes (n, 2) and (n,)
        y in pixels and φ in square pixels.
    masses : ndarray, shape (n,)
        Mass of each power cell.
    weights : ndarray, shape (n,)
        What it is at the optimum, ν: 1/n, or the masses given.
    barycentres : ndarray, shape (n, 2)
        Barycentre of each cell, in pixels.
    w2_squared : float
        W2² in square pixels: the dual value, which errs by the square of the mass error only.
    mass_error : float
        Largest |mass − ν| / ν.
    converged : bool
        Whether `mass_error` met the tolerance asked for.
    newton_iterations, diagrams : int
        Work done by this solve.
    diagram : Diagram
        The cells, for drawing and for warm starts.
    density : Density
        The source.
    workers : Workers
        Threads that share what is computed later.
    """

    points: Floats
    potentials: Floats
    masses: Floats
    weights: Floats
    barycentres: Floats
    w2_squared: float
    mass_error: float
    converged: bool
    newton_iterations: int
    diagrams: int
    diagram: Diagram
    density: Density
    workers: Workers

    @cached_property
    def interval(self) -> Interval:
        """Certified bounds of W2², in square pixels; most steps of a quantisation need none."""
        return certify_transport(self.density, self.diagram.cells, self.workers, self.weights)


class TransportSolver(NewtonSolver):
    """Optimal transport of one density to points of equal weight, or of masses given.

    Parameters
    ----------
    density : Density
        The source.
    engine : {"auto", "pysdot", "qhull"}
        Backend for neighbours of power cells.
    threads : int, optional
        Threads for cutting and integrating cells; by default one per processor.
    masses : ndarray, shape (n,), optional
        Mass that each of n points is to have, positive, with sum 1; by default 1/n, for any n.
    periodic : bool
        Whether opposite sides of the domain are one: points may then lie anywhere.

    Attributes
    ----------
    unsolved : int
        How many solves did not meet their tolerance.
    """

    def __init__(
        self,
        density: Density,
        engine: NeighbourEngine = "auto",
        threads: int | None = None,
        masses: Floats | None = None,
        *,
        periodic: bool = False,
    ) -> None:
        super().__init__(density, engine, threads, masses, periodic=periodic)
        self.unsolved = 0
        self._wanted_threads = threads
        self._equal: TransportSolver | None = None
        self._apart: dict[int, bool] = {}
        self._bisections: dict[int, tuple[Floats, Floats]] = {}

    def solve(
        self,
        points: Floats,
        potentials: Floats | None = None,
        *,
        tolerance: float = 1e-6,
        near: Transport | None = None,
    ) -> Transport:
        """Find potentials for which every cell holds its part of the mass.

        Parameters
        ----------
        points : ndarray, shape (n, 2)
            Distinct points in the domain, in pixels.
        potentials : ndarray, shape (n,), optional
            Where to start, in square pixels; by default those of `near`, or else zero.
        tolerance : float
            Largest relative error of a cell's mass.
        near : Transport, optional
            A solution for the same points before a small move.

        Returns
        -------
        Transport
            Its `converged` says whether the tolerance was met.

        Raises
        ------
        StippleError
            If points coincide, or are too close, so that no potentials give each of them mass.
        """
        diagrams, iterations = self.diagrams, self.newton_iterations
        start, healthy = self._start(points, potentials, near, tolerance)
        best = self._settle(start, tolerance) if healthy else self._arrive(start, tolerance)
        transport = self._describe(best, tolerance, diagrams, iterations)
        self.unsolved += not transport.converged
        return transport

    def begin(
        self, points: Floats, potentials: Floats, previous: PowerCells | None = None
    ) -> Transport:
        """Cut the cells of potentials not solved for, which may resemble those of before."""
        diagrams, iterations = self.diagrams, self.newton_iterations
        diagram = self.measure(points, potentials, previous)
        return self._describe(diagram, 0.0, diagrams, iterations)

    def refine(self, transport: Transport, tolerance: float) -> Transport:
        """Solve on by Newton's method alone, as near to a finer tolerance as that gets."""
        diagrams, iterations = self.diagrams, self.newton_iterations
        best = self.iterate(transport.diagram, 0.0, tolerance)
        finer = self._describe(best, transport.mass_error, diagrams, iterations)
        return finer if finer.converged else transport

    def narrow(self, transport: Transport) -> Transport:
        """Solve on where W2² is uncertain: what shapes apart on white lack goes far."""
        interval = transport.interval
        if not transport.converged or interval.upper - interval.lower <= NARROW * interval.lower:
            return transport
        return self.refine(transport, FINEST_MASSES)

    def _describe(
        self, best: Diagram, tolerance: float, diagrams: int, iterations: int
    ) -> Transport:
        """Tell what a solve found that began after so many diagrams and iterations."""
        cells, integrals = best.cells, best.integrals
        weights = self.list_masses(len(cells.points))
        dual = evaluate_dual(cells.potentials, weights, integrals.masses, integrals.second_moments)
        error = self.find_error(best)
        return Transport(
            points=cells.points,
            potentials=cells.potentials,
            masses=integrals.masses,
            weights=weights,
            barycentres=best.barycentres,
            w2_squared=dual,
            mass_error=error,
            converged=error <= tolerance,
            newton_iterations=self.newton_iterations - iterations,
            diagrams=self.diagrams - diagrams,
            diagram=best,
            density=self.density,
            workers=self.workers,
        )

    def _start(
        self,
        points: Floats,
        potentials: Floats | None,
        near: Transport | None,
        tolerance: float,
    ) -> tuple[Diagram, bool]:
        """Find a diagram with mass in every cell, or tell that there is none at hand."""
        if potentials is None and near is not None and np.array_equal(points, near.points):
            return near.diagram, True
        previous = near.diagram.cells if near else None
        apart = self._has_pixels_apart(len(points))
        for guess in self._guess_potentials(points, potentials, near, tolerance):
            diagram = self.measure(points, guess, previous)
            if apart:
                return diagram, True
            diagram = bracket_potentials(self, self.mend_start(diagram))
            if diagram.has_mass:
                return diagram, True
        if near is not None and not (apart or self.is_spent):
            path = follow_path(self, points, near.points, near.potentials, bounded=True)
            if path is not None:
                return path, True
        voronoi = self.measure(points, np.zeros(len(points)), previous)
        _demand_cells(voronoi)
        healthy = self.compare_masses(voronoi.integrals.masses).min() >= HEALTHY
        return voronoi, apart or healthy or self.is_spent

    def _arrive(self, voronoi: Diagram, tolerance: float) -> Diagram:
        """Solve by a path from other points, or else from the Voronoi diagram.

        Many points go in the order of a curve on the way, so that what is near is near in memory.
        """
        points = voronoi.cells.points
        if self.masses is not None:
            return self._settle(self._solve_equal(points), tolerance)
        ordered = len(points) > FEW_POINTS
        order = order_along_curve(points) if ordered else np.arange(len(points))
        placed = points[order]
        arrived = follow_path(self, placed, *self._match_origin(placed))
        if arrived is None:
            return self._settle(bracket_potentials(self, voronoi), tolerance)
        best = self._settle(arrived, tolerance)
        if not ordered:
            return best
        back = np.empty_like(order)
        back[order] = np.arange(len(order))
        return self.measure(points, best.cells.potentials[back], best.cells.reorder(back))

    def _guess_potentials(
        self,
        points: Floats,
        potentials: Floats | None,
        near: Transport | None,
        tolerance: float,
    ) -> Iterator[Floats]:
        """Potentials to start from, the best first."""
        if potentials is not None:
            yield potentials
        elif near is not None:
            yield self.predict_potentials(near.diagram, points, tolerance)
            yield near.potentials

    def _settle(self, start: Diagram, tolerance: float) -> Diagram:
        """Solve from a start, by continuation if need be."""
        if self._has_pixels_apart(len(start.cells.points)):
            return solve_apart(self, start, tolerance)
        best = self.iterate(start, 0.0, tolerance) if start.has_mass else start
        if self.masses is not None and self.find_error(best) > tolerance and not self.is_spent:
            best = find_way(self, best, self._solve_equal, tolerance)
        if self.find_error(best) > tolerance and not self.is_spent:
            best = continue_solving(self, start, tolerance)
        return best

    def _has_pixels_apart(self, count: int) -> bool:
        if count not in self._apart:
            self._apart[count] = are_pixels_apart(self.density, count)
        return self._apart[count]

    def solve_bisection(self, count: int) -> tuple[Floats, Floats]:
        """Points of the bisection, and potentials that give each of them some mass if possible.

        Solved once for each number of points: many paths begin there.
        """
        if count not in self._bisections:
            self._bisections[count] = self._ease(
                *start_from_bisection(self.density, count, self.workers)
            )
        return self._bisections[count]

    def _match_origin(self, points: Floats) -> tuple[Floats, Floats]:
        """Points in boxes of their masses, one for each given, with potentials."""
        origin, potentials = self.solve_bisection(len(points))
        matched = match_clouds(points, origin)
        return origin[matched], potentials[matched]

    def _solve_equal(self, points: Floats) -> Diagram:
        """Solve for equal masses, well enough for a start: paths of the points need those."""
        if self._equal is None:
            self._equal = TransportSolver(
                self.density, self._wanted_engine, self._wanted_threads, periodic=self.periodic
            )
        equal = self._equal
        equal.most_diagrams = equal.diagrams + self.most_diagrams - self.diagrams
        found = equal.solve(points, tolerance=PATH_TOLERANCE)
        self.diagrams += found.diagrams
        self.newton_iterations += found.newton_iterations
        return found.diagram

    def _ease(self, origin: Floats, potentials: Floats) -> tuple[Floats, Floats]:
        """Improve potentials for points that boxes were made for."""
        easy = bracket_potentials(self, self.mend_start(self.measure(origin, potentials)))
        if not easy.has_mass:
            voronoi = self.measure(origin, np.zeros(len(origin)), easy.cells)
            bracketed = bracket_potentials(self, voronoi)
            # Without mass in every cell, but with area: enough for the continuation.
            easy = bracketed if bracketed.has_mass else voronoi
        return origin, self._settle(easy, PATH_TOLERANCE).cells.potentials


def _demand_cells(voronoi: Diagram) -> None:
    """Refuse points without a Voronoi cell, which no potentials give mass."""
    points = wrap_cells(voronoi.cells).points
    hidden = int((voronoi.cells.areas <= 0).sum())
    if not hidden:
        return
    coinciding = len(points) - len(np.unique(points, axis=0))
    if coinciding:
        raise StippleError(
            f"{coinciding} of the {len(points)} points coincide with others: remove the duplicates."
        )
    raise StippleError(
        f"{hidden} of the {len(points)} points have no cell: they lie too far outside the"
        " picture, or closer together than double precision tells apart at its size."
    )
