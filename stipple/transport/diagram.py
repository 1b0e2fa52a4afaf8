"""Power cells with what lies in them, and how many of them a run may compute."""

from dataclasses import dataclass

import numpy as np

from stipple.arrays import Floats
from stipple.choices import NeighbourEngine
from stipple.geometry.cell_integrals import CellIntegrals, integrate_cells
from stipple.geometry.neighbours import choose_engine
from stipple.geometry.periodic_cells import TorusCutter
from stipple.geometry.power_cells import PowerCells, build_power_cells
from stipple.machine.threads import Workers
from stipple.measures.density import Density


@dataclass(frozen=True)
class Diagram:
    """Power cells with the integrals of the density over them."""

    cells: PowerCells
    integrals: CellIntegrals

    @property
    def barycentres(self) -> Floats:
        """Barycentre of each cell, shape (n, 2), in pixels; the point itself without mass."""
        masses = self.integrals.masses
        # White is divided by one: there the moments are zero.
        divisors = np.where(masses > 0, masses, 1.0)
        places: Floats = self.cells.points.copy()
        for axis, size in enumerate((self.cells.width, self.cells.height)):
            column = places[:, axis]
            column += np.where(masses > 0, self.integrals.first_moments[:, axis], 0.0) / divisors
            if self.cells.laps is None:
                # A barycentre of a cell on the border may leave the domain by rounding.
                np.clip(column, 0.0, size, out=column)
        return places

    @property
    def has_mass(self) -> bool:
        """Whether every cell has some."""
        return bool(self.integrals.masses.min() > 0)


class DiagramBuilder:
    """Diagrams of one density, counted: most of the time of a solve goes into them.

    Parameters
    ----------
    density : Density
        What is integrated.
    engine : {"auto", "pysdot", "qhull"}
        Backend for neighbours of power cells.
    threads : int, optional
        Threads for cutting and integrating cells; by default one per processor.
    masses : ndarray, shape (n,), optional
        What the cells of n points are to hold, positive, with sum 1; by default 1/n.
    periodic : bool
        Whether opposite sides of the domain are one.

    Attributes
    ----------
    area : float
        Of the domain, in square pixels.
    diagrams : int
        How many were computed.
    most_diagrams : float
        How many may be before solves end where they are.
    workers : Workers
        The threads.
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
        self.density = density
        self.masses = masses
        self.engine = choose_engine(engine)
        self._wanted_engine = engine
        self.area = float(density.width * density.height)
        self.diagrams = 0
        self.most_diagrams = np.inf
        self.workers = Workers(threads)
        self.periodic = periodic
        self._torus = TorusCutter(density.width, density.height, self.engine, self.workers)

    def list_masses(self, count: int) -> Floats:
        """List what each of so many cells is to hold, ν, shape (count,)."""
        return np.full(count, 1.0 / count) if self.masses is None else self.masses

    def compare_masses(self, masses: Floats) -> Floats:
        """Masses of cells as parts of what they are to hold, shape (n,)."""
        parts: Floats = masses * len(masses) if self.masses is None else masses / self.masses
        return parts

    def count_equal(self, count: int) -> float:
        """Count as many points of equal mass as these stand for, 1/Σν²: n if masses are equal."""
        return float(count) if self.masses is None else 1.0 / float((self.masses**2).sum())

    @property
    def is_spent(self) -> bool:
        """Whether the diagrams allowed are used up: solves then end where they are."""
        return self.diagrams >= self.most_diagrams

    def measure(
        self,
        points: Floats,
        potentials: Floats,
        previous: PowerCells | None = None,
        all_visible: bool = False,
    ) -> Diagram:
        """Cut the power cells and integrate the density over them: one diagram."""
        self.diagrams += 1
        if self.periodic:
            whole = self._torus.cut(points, potentials, all_visible=all_visible)
            return Diagram(whole, integrate_cells(self.density, whole, self.workers))
        cells = build_power_cells(
            points,
            potentials,
            self.density.width,
            self.density.height,
            engine=self._wanted_engine,
            workers=self.workers,
            previous=previous,
            all_visible=all_visible,
        )
        return Diagram(cells, integrate_cells(self.density, cells, self.workers))

    def mix_masses(self, diagram: Diagram, share: float) -> Floats:
        """Masses of the cells under (1 − share)·ρ + share·uniform, shape (n,)."""
        if share == 0:
            return diagram.integrals.masses
        uniform = diagram.cells.areas / self.area
        return (1 - share) * diagram.integrals.masses + share * uniform

    def find_error(self, diagram: Diagram, share: float = 0.0) -> float:
        """Largest relative error of a mass, with that share of the uniform density mixed in."""
        return float(np.abs(self.compare_masses(self.mix_masses(diagram, share)) - 1).max())
