"""Damped Newton for the masses of power cells in space (Kitagawa, Mérigot, Thibert, JEMS 2019)."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from stipple.arrays import Floats, Integers
from stipple.errors import PowerCellError
from stipple.geometry.power_polyhedra import PowerPolyhedra, build_power_polyhedra
from stipple.geometry.voxel_integrals import PolyhedronIntegrals, integrate_polyhedra
from stipple.machine.products import measure_norm
from stipple.machine.threads import Workers
from stipple.measures.volume import VolumeDensity
from stipple.transport.newton import (
    COARSE,
    FINEST,
    GROWTH,
    JOINING,
    LARGEST_HALVING,
    LARGEST_NEWTON,
)
from stipple.transport.newton_system import LaplacianSolver, assemble_laplacian, count_components


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


class NewtonSolver:
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
        self.density = density
        self.masses = masses
        self.workers = Workers(threads)
        self.diagrams = self.newton_iterations = 0
        self._volume = float(density.size.prod())
        self._linear = LaplacianSolver()
        # Residuals of systems that heavy cells do not feel would be all that light ones hold.
        self._lightest = float(masses.min()) * len(masses)

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

    def mix_masses(self, diagram: Diagram, share: float) -> Floats:
        """Masses of the cells under (1 − share)·ρ + share·uniform, shape (n,)."""
        uniform = diagram.cells.volumes / self._volume
        return (1 - share) * diagram.integrals.masses + share * uniform

    def find_error(self, diagram: Diagram, share: float = 0.0) -> float:
        """Largest relative error of a mass, with that share of the uniform density mixed in."""
        return float(np.abs(self.mix_masses(diagram, share) / self.masses - 1).max())

    def iterate(self, diagram: Diagram, share: float, tolerance: float) -> Diagram:
        """Damped Newton on (1 − share)·ρ + share·uniform, until solved or stalled."""
        step = 1.0
        parts = self.mix_masses(diagram, share) / self.masses
        floor = 0.5 * min(float(parts.min()), 1.0)
        for _ in range(LARGEST_NEWTON):
            residual = self.masses - self.mix_masses(diagram, share)
            error = self.find_error(diagram, share)
            if error <= tolerance:
                break
            accuracy = max(tolerance / error, error)
            direction = self._find_direction(diagram, share, residual, accuracy)
            self.newton_iterations += 1
            found = self._search_line(diagram, direction, share, floor, min(1.0, GROWTH * step))
            if found is None:
                break
            diagram, step = found
        return diagram

    def _search_line(
        self, diagram: Diagram, direction: Floats, share: float, floor: float, longest: float
    ) -> tuple[Diagram, float] | None:
        """Halve the step until no mass is below that part and the residual decreases enough."""
        cells = diagram.cells
        norm = measure_norm(self.masses - self.mix_masses(diagram, share))
        for halving in range(LARGEST_HALVING):
            step = longest * 0.5**halving
            try:
                trial = self.measure(cells.points, cells.potentials + step * direction, cells)
            except PowerCellError:
                continue
            masses = self.mix_masses(trial, share)
            decrease = measure_norm(self.masses - masses) <= (1 - step / 2) * norm
            if (masses / self.masses).min() >= floor and decrease:
                return trial, step
        return None

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
        direction = self._find_direction(diagram, 0.0, residual, COARSE)
        self.newton_iterations += 1
        # Along a straight path |y|² − φ is what changes evenly, to first order.
        predicted: Floats = diagram.cells.potentials + direction + (move**2).sum(axis=1)
        return predicted

    def _find_direction(
        self, diagram: Diagram, share: float, residual: Floats, accuracy: float
    ) -> Floats:
        """Newton direction: DG v = residual, with DG_ij = −∫ρ dS / (2 |y_i − y_j|)."""
        links, count = diagram.list_links(), len(residual)
        masses = diagram.integrals.facet_masses[links.facets]
        uniform = diagram.integrals.areas[links.facets] / self._volume
        accuracy = max(FINEST, self._lightest * min(0.1 * accuracy, COARSE))
        direction = np.zeros(count)
        largest = float((self.density.size**2).sum())
        # Shapes apart in empty space: a trace of uniform density joins them.
        for portion in (share, *(trace for trace in JOINING if trace > share)):
            weights = ((1 - portion) * masses + portion * uniform) / (2 * links.distances)
            laplacian = assemble_laplacian(links.rows, links.columns, weights, count)
            if count_components(laplacian) > 1:
                continue
            try:
                direction = self._linear.solve(laplacian, residual, accuracy)
            except RuntimeError:
                # Densities so far apart that the matrix is singular in double precision.
                continue
            if portion == share or np.ptp(direction) <= largest:
                break
        return direction
