"""Which cells a change leaves far from their mass, and potentials for those."""

from dataclasses import replace

import numpy as np

from stipple.arrays import Booleans, Floats
from stipple.geometry.power_cells import PowerCells, symmetrise
from stipple.geometry.recutting import recut_cells
from stipple.machine.threads import Workers
from stipple.measures.density import Density
from stipple.transport.coordinate_ascent import LEAST, MOST, Picture, ascend
from stipple.transport.diagram import Diagram


def ascend_coordinates(
    density: Density,
    diagram: Diagram,
    points: Floats,
    potentials: Floats,
    expected: Floats,
    workers: Workers,
) -> Floats:
    """Change the potentials of cells that would be far from their mass, heavy ones first.

    Which those are is told by the areas, with the density that each cell had before.

    Parameters
    ----------
    density : Density
        The density.
    diagram : Diagram
        The cells before a small change, each with some mass.
    points, potentials : ndarray, shapes (n, 2) and (n,)
        After the change, in pixels and square pixels.
    expected : ndarray, shape (n,)
        Masses that the change was to bring.
    workers : Workers
        Threads that share the search for such cells.

    Returns
    -------
    ndarray, shape (n,)
        Potentials, in square pixels.
    """
    cells, masses = diagram.cells, diagram.integrals.masses
    cut = recut_cells(points, potentials, cells.width, cells.height, cells.adjacency, workers)
    # A cell that was hidden held nothing.
    shares = np.divide(cut.areas, cells.areas, np.zeros_like(masses), where=cells.areas > 0)
    foretold = masses * shares
    far: Booleans = np.zeros(len(points), dtype=bool)
    # Of a cell far from its mass the density says little about where it will be.
    for part in (foretold, masses):
        far |= (part < LEAST * expected) | (part > MOST * expected)
    if not far.any():
        return potentials
    return ascend(_show(density), cells, points, potentials, expected, far)


def ascend_start(density: Density, diagram: Diagram, expected: Floats) -> Floats:
    """Change the potentials of cells that are far from their mass, or hidden, as at a start.

    Parameters
    ----------
    density : Density
        The density.
    diagram : Diagram
        The cells.
    expected : ndarray, shape (n,)
        Masses that they are to hold.

    Returns
    -------
    ndarray, shape (n,)
        Potentials, in square pixels.
    """
    cells, masses = diagram.cells, diagram.integrals.masses
    linked = replace(cells, adjacency=symmetrise(cells))
    far = masses < LEAST * expected
    return ascend(_show(density), linked, cells.points, cells.potentials, expected, far)


def ascend_squares(cells: PowerCells, squares: Floats, areas: Floats, far: Booleans) -> Floats:
    """Change the squared radii of discs that are far from the area they are to have in the union.

    Parameters
    ----------
    cells : PowerCells
        Cells of the same points with other potentials, none of them hidden.
    squares : ndarray, shape (n,)
        Squared radii, at least 0, in square pixels.
    areas : ndarray, shape (n,)
        In square pixels.
    far : ndarray of bool, shape (n,)
        Which discs to begin with.

    Returns
    -------
    ndarray, shape (n,)
        Squared radii.
    """
    none = np.empty((0, 0, 0))
    return ascend(Picture(none, none, none), cells, cells.points, squares, areas, far)


def _show(density: Density) -> Picture:
    rows = density.row_sums
    return Picture(rows.pixels, rows.blocks, rows.stretches)
