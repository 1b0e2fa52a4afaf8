"""Dimensions of the power cells of critical points: what remains of them for many points."""

from dataclasses import dataclass

import numpy as np

from stipple.geometry.cell_integrals import integrate_cells
from stipple.lloyd_steps.experiment import ExperimentRow, is_near_plateau
from stipple.measures.density import Density
from stipple.transport.semi_discrete import Transport


@dataclass(frozen=True)
class CellDimensions:
    """How many cells are of each dimension, E_0, E_1 and E_2.

    Attributes
    ----------
    points : int
        N.
    counts : tuple of int
        Cells of dimension 0 (both sides shrink with N), 1 (strips) and 2 (large both ways).
    """

    points: int
    counts: tuple[int, int, int]


def find_dimensions(one: ExperimentRow) -> list[CellDimensions]:
    """Count the dimensions of cells in the plane, if points are near a critical point."""
    transport = one.row.transport
    if isinstance(transport, Transport) and is_near_plateau(one.row, one.domain):
        return [count_dimensions(transport.density, transport)]
    return []


def count_dimensions(density: Density, transport: Transport) -> CellDimensions:
    """Count the sides of each cell that are long: at least √A·N^(−1/4), A the area of the ink.

    Sides that stay have the order of √A, and those of small cells √(A/N); the bound lies in the
    middle, in logarithms. The sides are those of the rectangle with the area of the cell and its
    moment of inertia, both of the part with ink.

    Parameters
    ----------
    density : Density
        The density, whose ink is what is not zero.
    transport : Transport
        The transport to the points.
    """
    count = len(transport.points)
    ink = Density((density.values > 0).astype(float))
    integrals = integrate_cells(ink, transport.diagram.cells)
    areas = integrals.masses * ink.support_area
    masses = np.maximum(integrals.masses, np.finfo(float).tiny)
    middles = integrals.first_moments / masses[:, None]
    variances = integrals.second_moments / masses - (middles**2).sum(axis=1)
    # a·b and a² + b² of the sides; cells rounder than a square count as one.
    squares = np.maximum(12 * variances, 2 * areas)
    sums, differences = np.sqrt(squares + 2 * areas), np.sqrt(squares - 2 * areas)
    sides = np.stack([sums + differences, sums - differences]) / 2
    long = (sides >= ink.support_area**0.5 * count**-0.25).sum(axis=0)
    zero, one, two = np.bincount(long, minlength=3).tolist()
    return CellDimensions(count, (zero, one, two))
