"""Damped Newton for the masses of power cells (Kitagawa, Mérigot, Thibert, JEMS 2019)."""

import numpy as np

from stipple.arrays import Floats
from stipple.choices import NeighbourEngine
from stipple.errors import PowerCellError
from stipple.geometry.sides import Sides, list_sides, predict_masses
from stipple.machine.products import measure_norm
from stipple.measures.density import Density
from stipple.transport.diagram import Diagram, DiagramBuilder
from stipple.transport.newton_system import LaplacianSolver, assemble_laplacian, count_components

# Accuracy of linear systems where what is left out is of second order anyway.
COARSE = 0.1
# No system is solved to more digits: the masses of a step come from a diagram, not from it.
FINEST = 1e-9
# Shares that join the components of a Newton matrix.
JOINING = (1e-9, 1e-7, 1e-5, 1e-3, 1e-1)
LARGEST_HALVING = 20
LARGEST_NEWTON = 100
# A step is tried at so many times the last one first: where only short ones help, most do.
GROWTH = 4.0


class NewtonSolver(DiagramBuilder):
    """Newton steps for one density; `newton_iterations` counts them.

    The parameters are those of `DiagramBuilder`.
    """

    def __init__(
        self,
        density: Density,
        engine: NeighbourEngine = "auto",
        threads: int | None = None,
        masses: Floats | None = None,
    ) -> None:
        super().__init__(density, engine, threads, masses)
        self.newton_iterations = 0
        self._linear = LaplacianSolver()
        # Residuals of systems that heavy cells do not feel would be all that light ones hold.
        self._lightest = 1.0 if masses is None else float(masses.min()) * len(masses)

    def iterate(self, diagram: Diagram, share: float, tolerance: float) -> Diagram:
        """Damped Newton on (1 − share)·ρ + share·uniform, until solved or stalled."""
        weights = self.list_masses(len(diagram.cells.points))
        masses = self.mix_masses(diagram, share)
        floor = 0.5 * min(float(self.compare_masses(masses).min()), 1.0)
        step = 1.0
        for _ in range(LARGEST_NEWTON):
            residual = weights - masses
            error = float((np.abs(residual) / weights).max())
            if error <= tolerance or self.is_spent:
                break
            # More than what the tolerance needs, or the convergence of Newton uses, is wasted.
            accuracy = max(tolerance / error, error)
            # Sides are many: they are not kept while the next cells are cut.
            direction = self.find_direction(
                diagram, list_sides(diagram.cells), share, residual, accuracy
            )
            self.newton_iterations += 1
            found = self._search_line(diagram, direction, share, floor, min(1.0, GROWTH * step))
            if found is None:
                break
            diagram, masses, step = found
        return diagram

    def _search_line(
        self, diagram: Diagram, direction: Floats, share: float, floor: float, longest: float = 1.0
    ) -> tuple[Diagram, Floats, float] | None:
        """Halve the step until no mass is below that part and the residual decreases enough."""
        weights = self.list_masses(len(diagram.cells.points))
        norm = measure_norm(weights - self.mix_masses(diagram, share))
        for halving in range(LARGEST_HALVING):
            step = longest * 0.5**halving
            try:
                trial = self.measure(
                    diagram.cells.points,
                    diagram.cells.potentials + step * direction,
                    diagram.cells,
                    all_visible=True,
                )
            except PowerCellError:
                continue
            masses = self.mix_masses(trial, share)
            decrease = measure_norm(weights - masses) <= (1 - step / 2) * norm
            if self.compare_masses(masses).min() >= floor and decrease:
                return trial, masses, step
        return None

    def predict_potentials(self, diagram: Diagram, points: Floats, tolerance: float) -> Floats:
        """Potentials after a small move of the points: one Newton step, shape (n,).

        The smaller the move, the nearer it comes to masses of that relative error.
        """
        move = points - diagram.cells.points
        direction = self.find_path_direction(diagram, move, tolerance)
        self.newton_iterations += 1
        # Along a straight path |y|² − φ is what changes evenly, to first order.
        predicted: Floats = diagram.cells.potentials + direction + (move**2).sum(axis=1)
        return predicted

    def find_path_direction(
        self, diagram: Diagram, move: Floats, tolerance: float = COARSE
    ) -> Floats:
        """Newton direction for points that move at the same time."""
        sides = list_sides(diagram.cells)
        masses = diagram.integrals.masses
        change = predict_masses(diagram.cells, diagram.integrals, sides, move)
        residual = self.list_masses(len(masses)) - masses - change
        error = float(np.abs(self.compare_masses(residual)).max())
        # What a direction leaves out grows as the square of the move.
        accuracy = max(tolerance, error**2) / error if error > 0 else COARSE
        return self.find_direction(diagram, sides, 0.0, residual, min(accuracy, COARSE))

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
        accuracy = max(FINEST, self._lightest * min(0.1 * accuracy, COARSE))
        direction = np.zeros(count)
        # Shapes apart on white: a trace of uniform density joins them, as much of it as keeps the
        # potentials of the shapes within what the domain can need.
        farthest = cells.width**2 + cells.height**2
        least = share
        for portion in (share, *(trace for trace in JOINING if trace > share)):
            if portion < least:
                continue
            weights = ((1 - portion) * masses + portion * uniform) / (2 * sides.distances)
            laplacian = assemble_laplacian(sides.rows, sides.columns, weights, count)
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
