"""Power cells in space, in a box or on the torus, with what lies in them."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from stipple.arrays import Floats, Integers
from stipple.geometry.periodic_polyhedra import build_periodic_polyhedra, integrate_cells
from stipple.geometry.power_polyhedra import PowerPolyhedra, build_power_polyhedra
from stipple.geometry.voxel_integrals import PolyhedronIntegrals
from stipple.machine.threads import Workers
from stipple.measures.volume import VolumeDensity


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
        places: Floats = self.cells.points + shift
        return places if self.cells.laps is not None else np.clip(places, 0.0, self.cells.size)

    def list_links(self) -> Links:
        """List the facets between cells; those of a cell with its own copies move no mass."""
        owners, others = self.cells.list_owners(), self.cells.facets.neighbours
        facets = np.flatnonzero(owners < others)
        rows, columns = owners[facets], others[facets]
        ways = self.cells.find_ways(facets)
        return Links(facets, rows, columns, ways, np.sqrt((ways**2).sum(axis=1)))


def build_diagram(
    density: VolumeDensity,
    points: Floats,
    potentials: Floats,
    *,
    periodic: bool,
    workers: Workers | None = None,
    previous: PowerPolyhedra | None = None,
    prove: bool = False,
) -> Diagram:
    """Cut the power cells and integrate the density over them.

    Parameters
    ----------
    density : VolumeDensity
        What is integrated; its box is the domain.
    points, potentials, workers, previous, prove
        As `build_power_polyhedra` takes them.
    periodic : bool
        Whether opposite sides of the box are one.
    """
    build = build_periodic_polyhedra if periodic else build_power_polyhedra
    cells = build(points, potentials, density.size, workers=workers, previous=previous, prove=prove)
    return Diagram(cells, integrate_cells(density, cells, workers))
