"""Newton steps for the masses of power cells in space."""

import numpy as np

from stipple.arrays import Floats
from stipple.geometry.power_polyhedra import PowerPolyhedra
from stipple.machine.threads import Workers
from stipple.measures.volume import VolumeDensity
from stipple.transport.damped_newton import COARSE, Borders, DampedNewton, NewtonStep
from stipple.volumes.diagram import Diagram, build_diagram


class NewtonSolver(DampedNewton[Diagram]):
    """Newton steps for one density and the masses that cells are to hold.

    Parameters
    ----------
    density : VolumeDensity
        What is integrated.
    masses : ndarray, shape (n,)
        ν, positive, with sum 1.
    threads : int, optional
        Threads for cutting and integrating cells; by default one per processor.
    periodic : bool
        Whether opposite sides of the box are one.

    Attributes
    ----------
    diagrams, newton_iterations : int
        How many were computed.
    """

    def __init__(
        self,
        density: VolumeDensity,
        masses: Floats,
        threads: int | None = None,
        *,
        periodic: bool = False,
    ) -> None:
        super().__init__(float(masses.min()) * len(masses))
        self.density = density
        self.masses = masses
        self.periodic = periodic
        self.workers = Workers(threads)
        self.diagrams = 0
        self._volume = float(density.size.prod())

    def measure(
        self, points: Floats, potentials: Floats, previous: PowerPolyhedra | None = None
    ) -> Diagram:
        """Cut the power cells and integrate the density over them: one diagram."""
        self.diagrams += 1
        return build_diagram(
            self.density,
            points,
            potentials,
            periodic=self.periodic,
            workers=self.workers,
            previous=previous,
        )

    def list_masses(self, _: int) -> Floats:
        """List what each cell is to hold, ν, shape (n,)."""
        return self.masses

    def compare_masses(self, masses: Floats) -> Floats:
        """Masses of cells as parts of what they are to hold, shape (n,)."""
        parts: Floats = masses / self.masses
        return parts

    def mix_masses(self, diagram: Diagram, share: float) -> Floats:
        """Masses of the cells under (1 − share)·ρ + share·uniform, shape (n,)."""
        uniform = diagram.cells.volumes / self._volume
        return (1 - share) * diagram.integrals.masses + share * uniform

    def find_error(self, diagram: Diagram, share: float = 0.0) -> float:
        """Largest relative error of a mass, with that share of the uniform density mixed in."""
        return float(np.abs(self.compare_masses(self.mix_masses(diagram, share)) - 1).max())

    def change_potentials(self, diagram: Diagram, change: Floats) -> Diagram:
        """Cut the cells of the same points with other potentials."""
        cells = diagram.cells
        return self.measure(cells.points, cells.potentials + change, cells)

    def predict_potentials(self, diagram: Diagram, points: Floats) -> Floats:
        """Potentials after a small move of the points: one Newton step, shape (n,)."""
        move = points - diagram.cells.points
        links = diagram.list_links()
        masses, integrals = diagram.integrals.masses, diagram.integrals
        # A facet moves at the speed that keeps |x − y|² − φ equal on both sides.
        before, after = move[links.rows], move[links.columns]
        gain = (integrals.facet_moments[links.facets] * (before - after)).sum(axis=1)
        gain += integrals.facet_masses[links.facets] * (links.ways * after).sum(axis=1)
        gain /= links.distances
        change = np.bincount(links.rows, gain, len(masses))
        change -= np.bincount(links.columns, gain, len(masses))
        residual = self.masses - masses - change
        direction = self.find_step(diagram, 0.0, residual, COARSE).change
        self.newton_iterations += 1
        # Along a straight path |y|² − φ is what changes evenly, to first order.
        predicted: Floats = diagram.cells.potentials + direction + (move**2).sum(axis=1)
        return predicted

    def find_step(
        self, diagram: Diagram, share: float, residual: Floats, accuracy: float
    ) -> NewtonStep:
        """Newton step that changes masses by the residual, to a relative accuracy."""
        links = diagram.list_links()
        masses = diagram.integrals.facet_masses[links.facets]
        uniform = diagram.integrals.areas[links.facets] / self._volume
        borders = Borders(links.rows, links.columns, links.distances, masses, uniform)
        farthest = float((self.density.size**2).sum())
        return NewtonStep(self.solve_linear(borders, share, residual, accuracy, farthest), 1.0)
