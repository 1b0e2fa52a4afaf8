"""Newton steps for the masses of power cells in space."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from stipple.arrays import Floats, Integers
from stipple.geometry.power_polyhedra import PowerPolyhedra, build_power_polyhedra
from stipple.geometry.voxel_integrals import PolyhedronIntegrals, integrate_polyhedra
from stipple.machine.threads import Workers
from stipple.measures.volume import VolumeDensity
from stipple.transport.damped_newton import COARSE, Borders, DampedNewton, NewtonStep


class Links(NamedTuple):
    """The facets between cells, each once: where it is listed, its cells, and their distance."""

    facets: Integers
    rows: Integers
    columns: Integers
    ways: Floats
    distances: Floats


@dataclass(frozen=True, eq=False)
class Diagram:
    """Power cells with the integrals of the density over them."""

    cells: PowerPolyhedra
    integrals: PolyhedronIntegrals

    @property
    def barycentres(self) -> Floats:
        """Barycentre of each cell, shape (n, 3); the point itself without mass."""
        masses, moments = self.integrals.masses[:, None], self.integrals.first_moments
        shift = np.divide(moments, masses, out=np.zeros_like(moments), where=masses > 0)
        return np.clip(self.cells.points + shift, 0.0, self.cells.size)

    def list_links(self) -> Links:
        """List the facets between cells."""
        points = self.cells.points
        owners, others = self.cells.list_owners(), self.cells.facets.neighbours
        facets = np.flatnonzero(owners < others)
        rows, columns = owners[facets], others[facets]
        ways = points[columns] - points[rows]
        return Links(facets, rows, columns, ways, np.sqrt((ways**2).sum(axis=1)))


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

    Attributes
    ----------
    diagrams, newton_iterations : int
        How many were computed.
    """

    def __init__(self, density: VolumeDensity, masses: Floats, threads: int | None = None) -> None:
        super().__init__(float(masses.min()) * len(masses))
        self.density = density
        self.masses = masses
        self.workers = Workers(threads)
        self.diagrams = 0
        self._volume = float(density.size.prod())

    def measure(
        self, points: Floats, potentials: Floats, previous: PowerPolyhedra | None = None
    ) -> Diagram:
        """Cut the power cells and integrate the density over them: one diagram."""
        self.diagrams += 1
        cells = build_power_polyhedra(
            points, potentials, self.density.size, workers=self.workers, previous=previous
        )
        return Diagram(
            cells, integrate_polyhedra(self.density, cells.points, cells.facets, self.workers)
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
