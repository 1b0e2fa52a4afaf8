"""Newton steps for the masses of power cells in the plane, and along paths of the points."""

import numpy as np

from stipple.arrays import Floats
from stipple.choices import NeighbourEngine
from stipple.geometry.sides import Sides, bound_drops, list_sides, predict_masses
from stipple.machine.products import add_squares
from stipple.measures.density import Density
from stipple.transport.bracketing import count_lacking, is_few
from stipple.transport.damped_newton import COARSE, Borders, DampedNewton, NewtonStep
from stipple.transport.diagram import Diagram, DiagramBuilder
from stipple.transport.light_cells import ascend_coordinates, ascend_start
from stipple.transport.newton_system import LaplacianSolver
from stipple.transport.stiffening import hold_back

# Sides go this part of the way to the barycentre of a cell at most.
FARTHEST = 0.5
# Up to here halving a step costs next to nothing.
FEW_CELLS = 128

# Light cells are mended one by one, so that what one of them keeps says little of a step.
KEPT_OF_MASSES = 0.01
# Steps of which no more than this part serves have sides that go too far.
SHORT_STEP = 0.25
# Where masses are given, and there are other ways, steps shorter than this lead nowhere.
SHORTEST_STEP = 2.0**-20


class NewtonSolver(DiagramBuilder, DampedNewton[Diagram]):
    """Newton steps for one density; `newton_iterations` counts them.

    The parameters are those of `DiagramBuilder`.
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
        DiagramBuilder.__init__(self, density, engine, threads, masses, periodic=periodic)
        # Cells of a torus are not cut alone.
        self._mending = masses is not None and not periodic
        if self._mending:
            DampedNewton.__init__(self, kept=KEPT_OF_MASSES, shortest=SHORTEST_STEP)
        else:
            lightest = 1.0 if masses is None else float(masses.min()) * len(masses)
            DampedNewton.__init__(self, lightest)
        self._stiff = LaplacianSolver()
        # Where light cells are mended, bounds on sides seldom pay, but on line art.
        self._bounded = not self._mending

    def note_step(self, part: float) -> None:
        """Bound sides from now on, where but a small part of a step served."""
        self._bounded = self._bounded or part <= SHORT_STEP

    def change_potentials(self, diagram: Diagram, change: Floats) -> Diagram:
        """Cut the cells of the same points with other potentials, if none is hidden then."""
        cells = diagram.cells
        return self.measure(cells.points, cells.potentials + change, cells, all_visible=True)

    def mend_change(self, diagram: Diagram, change: Floats, expected: Floats) -> Floats:
        """Change of potentials with which light cells, too, hold about what is expected."""
        if not self._mending:
            return change
        cells = diagram.cells
        changed = cells.potentials + change
        return self.mend_potentials(diagram, cells.points, changed, expected) - cells.potentials

    def mend_potentials(
        self, diagram: Diagram, points: Floats, potentials: Floats, expected: Floats
    ) -> Floats:
        """Potentials with which cells hold about what is expected, where masses are given."""
        if not self._mending:
            return potentials
        return ascend_coordinates(self.density, diagram, points, potentials, expected, self.workers)

    def mend_start(self, diagram: Diagram) -> Diagram:
        """Give cells that lack mass about theirs one by one: few, or any where masses are given."""
        lacking = count_lacking(self, diagram)
        serves = self._mending or is_few(lacking, len(diagram.cells.points))
        if self.periodic or self.is_spent or not lacking or not serves:
            return diagram
        cells = diagram.cells
        potentials = ascend_start(self.density, diagram, self.list_masses(len(cells.points)))
        mended = self.measure(cells.points, potentials, cells)
        return mended if count_lacking(self, mended) < lacking else diagram

    def find_step(
        self, diagram: Diagram, share: float, residual: Floats, accuracy: float
    ) -> NewtonStep:
        """Newton step that changes masses by the residual, to a relative accuracy."""
        # Sides are many: they are not kept while the next cells are cut.
        sides = list_sides(diagram.cells, self.workers)
        still = np.zeros_like(diagram.cells.points)
        return self._find_bounded_step(diagram, sides, still, share, residual, accuracy)

    def predict_potentials(self, diagram: Diagram, points: Floats, tolerance: float) -> Floats:
        """Potentials after a small move of the points: one Newton step, shape (n,).

        The smaller the move, the nearer it comes to masses of that relative error.
        """
        move = points - diagram.cells.points
        direction = self.find_path_direction(diagram, move, tolerance, bounded=True)
        self.newton_iterations += 1
        # Along a straight path |y|² − φ is what changes evenly, to first order.
        predicted: Floats = diagram.cells.potentials + direction + add_squares(move)
        return self.mend_potentials(diagram, points, predicted, self.list_masses(len(points)))

    def find_path_direction(
        self, diagram: Diagram, move: Floats, tolerance: float = COARSE, bounded: bool = False
    ) -> Floats:
        """Newton direction for points that move at the same time, its sides bounded or not."""
        sides = list_sides(diagram.cells, self.workers)
        masses = diagram.integrals.masses
        change = predict_masses(diagram.cells, diagram.integrals, sides, move)
        residual = self.list_masses(len(masses)) - masses - change
        error = float(np.abs(self.compare_masses(residual)).max())
        # What a direction leaves out grows as the square of the move.
        accuracy = max(tolerance, error**2) / error if error > 0 else COARSE
        accuracy = min(accuracy, COARSE)
        if not bounded:
            return self.find_direction(diagram, sides, 0.0, residual, accuracy)
        return self._find_bounded_step(diagram, sides, move, 0.0, residual, accuracy).change

    def list_borders(self, diagram: Diagram, sides: Sides) -> Borders:
        """List what lies on the sides of cells."""
        masses = diagram.integrals.edge_masses[sides.edges]
        uniform = sides.lengths / self.area
        return Borders(sides.rows, sides.columns, sides.distances, masses, uniform)

    def find_direction(
        self,
        diagram: Diagram,
        sides: Sides,
        share: float,
        residual: Floats,
        accuracy: float,
    ) -> Floats:
        """Newton direction: DG v = residual, with DG_ij = −∫ρ ds / (2 |y_i − y_j|)."""
        return self._solve(diagram, self.list_borders(diagram, sides), share, residual, accuracy)

    def _solve(
        self, diagram: Diagram, borders: Borders, share: float, residual: Floats, accuracy: float
    ) -> Floats:
        farthest = diagram.cells.width**2 + diagram.cells.height**2
        return self.solve_linear(borders, share, residual, accuracy, farthest)

    def _find_bounded_step(
        self,
        diagram: Diagram,
        sides: Sides,
        move: Floats,
        share: float,
        residual: Floats,
        accuracy: float,
    ) -> NewtonStep:
        """Newton step, while points move so far, in which no side goes too far."""
        borders = self.list_borders(diagram, sides)
        direction = self._solve(diagram, borders, share, residual, accuracy)
        if len(direction) <= FEW_CELLS or not self._bounded or self.periodic:
            return NewtonStep(direction, 1.0)
        return hold_back(
            self._stiff,
            borders,
            bound_drops(diagram.cells, sides, diagram.barycentres, move, FARTHEST, self.workers),
            share,
            residual,
            self.choose_accuracy(accuracy),
            direction,
        )
