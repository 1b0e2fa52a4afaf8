"""Semi-discrete optimal transport: the potentials that give every power cell its mass."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.sparse import csr_array

from stipple.arrays import Floats
from stipple.choices import Engine
from stipple.errors import PowerCellError, StippleError
from stipple.geometry.cell_integrals import CellIntegrals, integrate_cells
from stipple.geometry.neighbours import choose_engine
from stipple.geometry.power_cells import PowerCells, build_power_cells
from stipple.geometry.sides import Sides, foresee_masses, list_sides
from stipple.interval import Interval
from stipple.machine.threads import Workers
from stipple.measures.density import Density
from stipple.transport.certificate import certify_transport, evaluate_dual
from stipple.transport.newton_system import LaplacianSolver, assemble_laplacian, count_components
from stipple.transport.rescue import (
    LARGEST_ASCENT,
    SHORT_ASCENT,
    are_pixels_apart,
    ascend,
    continue_solving,
    feed,
    follow_path,
    has_mass,
    solve_bisection,
    solve_samples,
)

# A Voronoi diagram serves as a start if each cell has at least this part of its mass.
HEALTHY = 0.5
# Accuracy of linear systems where what is left out is of second order anyway.
COARSE = 0.1
# Shares that join the components of a Newton matrix.
JOINING = (1e-9, 1e-7, 1e-5, 1e-3, 1e-1)
LARGEST_HALVING = 20
LARGEST_NEWTON = 100


@dataclass(frozen=True)
class Diagram:
    """Power cells with the integrals of the density over them."""

    cells: PowerCells
    integrals: CellIntegrals

    @property
    def barycentres(self) -> Floats:
        """Barycentre of each cell, shape (n, 2), in pixels; the point itself without mass."""
        masses = self.integrals.masses[:, None]
        shift = np.divide(
            self.integrals.first_moments,
            masses,
            out=np.zeros_like(self.integrals.first_moments),
            where=masses > 0,
        )
        # A barycentre of a cell on the border may leave the domain by rounding.
        size = (self.cells.width, self.cells.height)
        return np.clip(self.cells.points + shift, 0.0, size)


@dataclass(frozen=True)
class Transport:
    """The optimal transport of a density to equally weighted points, with its evidence.

    Attributes
    ----------
    points, potentials : ndarray, shapes (n, 2) and (n,)
        y in pixels and φ in square pixels.
    masses : ndarray, shape (n,)
        Mass of each power cell; 1/n at the optimum.
    barycentres : ndarray, shape (n, 2)
        Barycentre of each cell, in pixels.
    w2_squared : float
        W2² in square pixels: the dual value, which errs by the square of the mass error only.
    mass_error : float
        Largest |mass − 1/n| · n.
    converged : bool
        Whether `mass_error` met the tolerance asked for.
    newton_iterations, diagrams : int
        Work done by this solve.
    diagram : Diagram
        The cells, for drawing and for warm starts.
    density : Density
        The source.
    """

    points: Floats
    potentials: Floats
    masses: Floats
    barycentres: Floats
    w2_squared: float
    mass_error: float
    converged: bool
    newton_iterations: int
    diagrams: int
    diagram: Diagram
    density: Density

    @cached_property
    def interval(self) -> Interval:
        """Certified bounds of W2², in square pixels; most steps of a quantisation need none."""
        return certify_transport(self.density, self.diagram.cells)


class TransportSolver:
    """Damped Newton for one density (Kitagawa, Mérigot, Thibert, JEMS 2019).

    Parameters
    ----------
    density : Density
        The source.
    engine : {"auto", "pysdot", "qhull"}
        Backend for neighbours of power cells.
    threads : int, optional
        Threads for cutting and integrating cells; by default one per processor.
    """

    def __init__(
        self, density: Density, engine: Engine = "auto", threads: int | None = None
    ) -> None:
        self.density = density
        self.engine = choose_engine(engine)
        self.diagrams = 0
        self.newton_iterations = 0
        self.unsolved = 0
        # Where a run has a budget: how many diagrams may be computed before rescues give up.
        self.most_diagrams = np.inf
        self._workers = Workers(threads)
        self._linear = LaplacianSolver()
        self.area = float(density.width * density.height)
        self._apart: dict[int, bool] = {}
        self._bisections: dict[int, tuple[Floats, Floats]] = {}

    @property
    def is_spent(self) -> bool:
        """Whether the diagrams allowed are used up: solves then end where they are."""
        return self.diagrams >= self.most_diagrams

    def measure(
        self,
        points: Floats,
        potentials: Floats,
        previous: Diagram | None = None,
        all_visible: bool = False,
    ) -> Diagram:
        """Cut the power cells and integrate the density over them: one diagram."""
        self.diagrams += 1
        cells = build_power_cells(
            points,
            potentials,
            self.density.width,
            self.density.height,
            engine=self.engine,
            workers=self._workers,
            previous=previous.cells if previous else None,
            all_visible=all_visible,
        )
        return Diagram(cells, integrate_cells(self.density, cells, self._workers))

    def solve(
        self,
        points: Floats,
        potentials: Floats | None = None,
        *,
        tolerance: float = 1e-6,
        near: Transport | None = None,
    ) -> Transport:
        """Find potentials for which every cell holds 1/n of the mass.

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
        start = self._start(points, potentials, near)
        best = self.settle(start, tolerance)
        cells, integrals = best.cells, best.integrals
        count = len(points)
        weights = np.full(count, 1.0 / count)
        dual = evaluate_dual(cells.potentials, weights, integrals.masses, integrals.second_moments)
        error = self.find_error(best, 0.0)
        self.unsolved += error > tolerance
        return Transport(
            points=cells.points,
            potentials=cells.potentials,
            masses=integrals.masses,
            barycentres=best.barycentres,
            w2_squared=dual,
            mass_error=error,
            converged=error <= tolerance,
            newton_iterations=self.newton_iterations - iterations,
            diagrams=self.diagrams - diagrams,
            diagram=best,
            density=self.density,
        )

    def _start(
        self,
        points: Floats,
        potentials: Floats | None,
        near: Transport | None,
    ) -> Diagram:
        """Find a diagram with mass in every cell, unless the density is on pixels apart."""
        previous = near.diagram if near else None
        if potentials is not None:
            candidates = [potentials]
        elif near is not None:
            if np.array_equal(points, near.points):
                return near.diagram
            candidates = [self._predict(near.diagram, points), near.potentials]
        else:
            candidates = []
        apart = self._has_pixels_apart(len(points))
        for candidate in candidates:
            diagram = self.measure(points, candidate, previous)
            if apart:
                return diagram
            diagram = feed(self, diagram)
            if has_mass(diagram):
                return diagram
        voronoi = self.measure(points, np.zeros(len(points)), previous)
        hidden = int((voronoi.cells.areas <= 0).sum())
        if hidden:
            coinciding = len(points) - len(np.unique(points, axis=0))
            if coinciding:
                raise StippleError(
                    f"{coinciding} of the {len(points)} points coincide with others: remove the"
                    " duplicates."
                )
            raise StippleError(
                f"{hidden} of the {len(points)} points have no cell: they lie too far outside the"
                " picture, or closer together than double precision tells apart at its size."
            )
        if apart or voronoi.integrals.masses.min() * len(points) >= HEALTHY:
            return voronoi
        if self.is_spent:
            return voronoi
        return follow_path(self, points) or feed(self, voronoi)

    def _predict(self, diagram: Diagram, points: Floats) -> Floats:
        """Potentials after a small move: a Newton step that foresees the change of masses."""
        move = points - diagram.cells.points
        direction = self.find_path_direction(diagram, move)
        self.newton_iterations += 1
        # Along a straight path |y|² − φ is what changes evenly, to first order.
        predicted: Floats = diagram.cells.potentials + direction + (move**2).sum(axis=1)
        return predicted

    def settle(self, start: Diagram, tolerance: float) -> Diagram:
        """Solve from a start, by continuation if need be."""
        if self._has_pixels_apart(len(start.cells.points)):
            return self._settle_apart(start, tolerance)
        best = self.iterate(start, 0.0, tolerance) if has_mass(start) else start
        if self.find_error(best, 0.0) > tolerance and not self.is_spent:
            best = continue_solving(self, start, tolerance)
        return best

    def _settle_apart(self, start: Diagram, tolerance: float) -> Diagram:
        """Solve for a density on pixels apart, or come near in a bounded number of diagrams."""
        best = ascend(self, start, tolerance, SHORT_ASCENT)
        if self.find_error(best, 0.0) > tolerance and not self.is_spent:
            points = start.cells.points
            potentials = solve_samples(self.density, points)
            again = ascend(self, self.measure(points, potentials, start), tolerance, LARGEST_ASCENT)
            best = min(best, again, key=lambda diagram: self.find_error(diagram, 0.0))
        return best

    def _has_pixels_apart(self, count: int) -> bool:
        if count not in self._apart:
            self._apart[count] = are_pixels_apart(self.density, count)
        return self._apart[count]

    def solve_bisection(self, count: int) -> tuple[Floats, Floats]:
        """Points and potentials of the bisection, solved once: many paths begin there."""
        if count not in self._bisections:
            self._bisections[count] = solve_bisection(self, count)
        return self._bisections[count]

    def iterate(self, diagram: Diagram, share: float, tolerance: float) -> Diagram:
        """Damped Newton on (1 − share)·ρ + share·uniform, until solved or stalled."""
        weight = 1.0 / len(diagram.cells.points)
        masses = self._mix_masses(diagram, share)
        floor = 0.5 * min(float(masses.min()), weight)
        for _ in range(LARGEST_NEWTON):
            residual = weight - masses
            error = float(np.abs(residual).max()) / weight
            if error <= tolerance or self.is_spent:
                break
            sides = list_sides(diagram.cells)
            # More than what the tolerance needs, or the convergence of Newton uses, is wasted.
            accuracy = max(tolerance / error, error)
            direction = self.find_direction(diagram, sides, share, residual, accuracy)
            norm = np.linalg.norm(residual)
            self.newton_iterations += 1
            for halving in range(LARGEST_HALVING):
                step = 0.5**halving
                try:
                    trial = self.measure(
                        diagram.cells.points,
                        diagram.cells.potentials + step * direction,
                        diagram,
                        all_visible=True,
                    )
                except PowerCellError:
                    continue
                trial_masses = self._mix_masses(trial, share)
                decrease = np.linalg.norm(weight - trial_masses) <= (1 - step / 2) * norm
                if trial_masses.min() >= floor and decrease:
                    break
            else:
                break
            diagram, masses = trial, trial_masses
        return diagram

    def _mix_masses(self, diagram: Diagram, share: float) -> Floats:
        uniform = diagram.cells.areas / self.area
        return (1 - share) * diagram.integrals.masses + share * uniform

    def find_error(self, diagram: Diagram, share: float) -> float:
        """Largest relative error of a mass, with that share of the uniform density mixed in."""
        masses = self._mix_masses(diagram, share)
        return float(np.abs(masses * len(masses) - 1).max())

    def find_path_direction(self, diagram: Diagram, move: Floats) -> Floats:
        """Newton direction for points that move at the same time."""
        sides = list_sides(diagram.cells)
        masses = diagram.integrals.masses
        foreseen = foresee_masses(diagram.cells, diagram.integrals, sides, move)
        lack = 1 / len(masses) - masses - foreseen
        return self.find_direction(diagram, sides, 0.0, lack, COARSE)

    def find_direction(
        self,
        diagram: Diagram,
        sides: Sides,
        share: float,
        residual: Floats,
        accuracy: float,
    ) -> Floats:
        """Newton direction: DG v = residual, with DG_ij = −∫ρ ds / (2 |y_i − y_j|)."""
        cells = diagram.cells
        count = len(cells.points)
        masses = diagram.integrals.edge_masses[sides.edges]
        uniform = sides.lengths / self.area

        def assemble(portion: float) -> tuple[csr_array, int]:
            weights = ((1 - portion) * masses + portion * uniform) / (2 * sides.distances)
            laplacian = assemble_laplacian(sides.rows, sides.columns, weights, count)
            return laplacian, count_components(laplacian)

        accuracy = float(np.clip(0.1 * accuracy, 1e-9, COARSE))
        direction = np.zeros(count)
        # Shapes apart on white: a trace of uniform density joins them, as much of it as keeps the
        # potentials of the shapes within what the domain can need.
        for portion in (share, *(trace for trace in JOINING if trace > share)):
            laplacian, components = assemble(portion)
            if components > 1:
                continue
            try:
                direction = self._linear.solve(laplacian, residual, accuracy)
            except RuntimeError:
                # Densities so far apart that the matrix is singular in double precision.
                continue
            if portion == share or np.ptp(direction) <= cells.width**2 + cells.height**2:
                break
        return direction
