"""Sizes of dots: radii that keep the tone, also where dots touch, and how much dots cover."""

import numpy as np

from stipple.arrays import Floats
from stipple.choices import Spacing
from stipple.geometry.discs import cut_discs
from stipple.geometry.power_cells import PowerCells, build_power_cells
from stipple.geometry.torus import copy_points, wrap
from stipple.machine.threads import Workers
from stipple.measures.density import Density
from stipple.transport.partial import fit_discs


def measure_full_ink(density: Density) -> float:
    """Value of the density that is full ink: 1, or the largest if values go beyond."""
    return max(1.0, float(density.values.max()))


def measure_ink(density: Density) -> float:
    """Area, in square pixels, of as much full ink as the density has."""
    return density.total / measure_full_ink(density)


def measure_radius(density: Density, n: int) -> float:
    """Radius in pixels of n dots with the area of the darkness; 1, or the largest, is full ink."""
    return float(np.sqrt(measure_ink(density) / n / np.pi))


def fit_radii(
    points: Floats,
    inks: Floats,
    width: float,
    height: float,
    spacing: Spacing = "touch",
    near: PowerCells | None = None,
) -> Floats:
    """Find radii that keep the tone, for dots of one ink or of several that lie side by side.

    Each dot has the area of its ink in the union of all, so that solid black is solid. Dots that
    meet no other one have equal areas for equal inks.

    Parameters
    ----------
    points : ndarray, shape (n, 2)
        Distinct, in pixels.
    inks : ndarray, shape (n,)
        Area of full ink that each dot stands for, in square pixels.
    width, height : float
        The picture, in pixels: what dots cover outside of it does not count.
    spacing : {"touch", "apart"}
        Whether dots may touch; apart, none is larger than half the way to the nearest other one,
        at the cost of tone.
    near : PowerCells, optional
        Cells of the same points, if there are any; those of a torus say that it is one.

    Returns
    -------
    ndarray, shape (n,)
        In pixels.
    """
    if spacing == "touch":
        return fit_discs(points, inks, width, height, near=near, workers=Workers())
    size = None if near is None or near.laps is None else np.array([width, height])
    return np.minimum(np.sqrt(inks / np.pi), _measure_gaps(points, size) / 2)


def measure_coverage(points: Floats, radii: Floats, width: float, height: float) -> float:
    """Measure the part of a picture that the union of dots covers, exact up to rounding.

    The union of discs is made of the part of each that lies in its cell of the power diagram with
    their squared radii as potentials.

    Parameters
    ----------
    points : ndarray, shape (n, 2)
        In pixels.
    radii : ndarray, shape (n,)
        In pixels.
    width, height : float
        The picture, in pixels.
    """
    cells = build_power_cells(points, radii**2, width, height)
    return float(cut_discs(cells, radii).areas.sum() / (width * height))


def _measure_gaps(points: Floats, size: Floats | None) -> Floats:
    """Distance of each point to the nearest other one, infinite for a single point.

    On a torus of that size a copy of the point itself may be nearest.
    """
    from scipy.spatial import cKDTree

    if size is None:
        distances, _ = cKDTree(points).query(points, k=2)
    else:
        places = wrap(points, size)
        distances, _ = cKDTree(copy_points(places, size, size).places).query(places, k=2)
    gaps: Floats = distances[:, 1]
    return gaps
