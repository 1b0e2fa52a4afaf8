"""Discs about points, cut by the cells of these: exact areas, and radii for given areas."""

import numpy as np

from stipple.arrays import Floats, Integers
from stipple.geometry.power_cells import PowerCells
from stipple.machine.compiled import compile_loop

# Newton's steps double the digits; bisection, where they leave the bracket, adds one each time.
MOST_STEPS = 100
# Relative error of radii.
ACCURACY = 1e-13


def measure_discs(cells: PowerCells, radii: Floats) -> Floats:
    """Area of the part of its cell that a disc about each point covers, exact up to rounding.

    Parameters
    ----------
    cells : PowerCells
        The cells.
    radii : ndarray, shape (n,)
        In pixels.

    Returns
    -------
    ndarray, shape (n,)
        In square pixels.
    """
    return _measure_discs(cells.adjacency.offsets, cells.vertices, radii)


def fit_discs(cells: PowerCells, areas: Floats) -> Floats:
    """Radii of discs that cover given areas of their cells.

    A disc that fits into its cell has the radius √(area/π) to the last digit, so that equal areas
    give equal discs; one that does not is larger, up to the farthest corner of its cell.

    Parameters
    ----------
    cells : PowerCells
        The cells.
    areas : ndarray, shape (n,)
        In square pixels; a cell is covered whole where its own area is less.

    Returns
    -------
    ndarray, shape (n,)
        In pixels.
    """
    return _fit_discs(cells.adjacency.offsets, cells.vertices, areas)


@compile_loop
def _measure_discs(offsets: Integers, vertices: Floats, radii: Floats) -> Floats:
    areas = np.empty(len(radii))
    for i in range(len(radii)):
        areas[i] = _cut_disc(vertices, offsets[i], offsets[i + 1], radii[i])[0]
    return areas


@compile_loop
def _cut_disc(vertices: Floats, start: int, stop: int, radius: float) -> tuple[float, float]:
    """Area of a polygon within a disc about the origin, and how much of the circle lies in it.

    Each edge gives what the triangle from the origin to it covers of the disc, with its sign: a
    triangle where the edge runs inside, sectors where it runs outside. The second number is an
    angle: times the radius it is the derivative of the area by the radius.
    """
    twice_area = 0.0
    arc = 0.0
    for k in range(start, stop):
        after = k + 1 if k + 1 < stop else start
        x, y = vertices[k]
        u, v = vertices[after, 0] - x, vertices[after, 1] - y
        length = np.hypot(u, v)
        if length == 0:
            continue
        # Where on the edge, from 0 to 1, the disc begins and ends.
        near = -(x * u + y * v) / length
        height = (x * v - y * u) / length
        half = np.sqrt(max(radius * radius - height * height, 0.0))
        first = min(max((near - half) / length, 0.0), 1.0)
        last = min(max((near + half) / length, 0.0), 1.0)
        if first < last:
            twice_area += (last - first) * length * height
        else:
            first = last = 1.0
        p, q = x + first * u, y + first * v
        arc += np.arctan2(x * q - y * p, x * p + y * q)
        if last < 1:
            p, q = x + last * u, y + last * v
            x, y = x + u, y + v
            arc += np.arctan2(p * y - q * x, p * x + q * y)
    return (twice_area + arc * radius * radius) / 2, arc


@compile_loop
def _fit_discs(offsets: Integers, vertices: Floats, areas: Floats) -> Floats:
    radii = np.empty(len(areas))
    for i in range(len(areas)):
        start, stop = offsets[i], offsets[i + 1]
        radius = np.sqrt(areas[i] / np.pi)
        fits = True
        farthest = 0.0
        twice_area = 0.0
        for k in range(start, stop):
            after = k + 1 if k + 1 < stop else start
            x, y = vertices[k]
            cross = x * vertices[after, 1] - y * vertices[after, 0]
            length = np.hypot(vertices[after, 0] - x, vertices[after, 1] - y)
            fits = fits and cross >= radius * length
            farthest = max(farthest, np.hypot(x, y))
            twice_area += cross
        if fits:
            radii[i] = radius
        elif 2 * areas[i] >= twice_area:
            radii[i] = max(radius, farthest)
        else:
            radii[i] = _solve_radius(vertices, start, stop, areas[i], radius, farthest)
    return radii


@compile_loop
def _solve_radius(
    vertices: Floats, start: int, stop: int, area: float, low: float, high: float
) -> float:
    """Find the radius between two others for which the disc covers an area of a polygon."""
    radius = low
    for _ in range(MOST_STEPS):
        covered, arc = _cut_disc(vertices, start, stop, radius)
        if covered < area:
            low = radius
        else:
            high = radius
        step = (area - covered) / (arc * radius) if arc > 0 else np.inf
        following = radius + step
        if not low < following < high:
            following = (low + high) / 2
        if abs(following - radius) <= ACCURACY * radius:
            break
        radius = following
    return radius
