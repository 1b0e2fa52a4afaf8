"""Slow and exact answers for the solver tests: rational arithmetic, all pairs, no tricks.

Nothing here is shared with the package: cells are cut by every other point in fractions, and
integrals visit every pixel square.
"""

import importlib.util
from collections.abc import Iterable, Sequence
from fractions import Fraction
from itertools import pairwise
from math import floor, sqrt

import numpy as np
import pytest
from numpy.typing import ArrayLike

from stipple.arrays import Floats

Corner = tuple[Fraction, Fraction]
Polygon = list[Corner]

ENGINES = [
    pytest.param(
        "pysdot",
        marks=pytest.mark.skipif(
            importlib.util.find_spec("pysdot") is None,
            reason="pysdot has no wheel for this Python and platform",
        ),
    ),
    "qhull",
]


def to_corners(points: ArrayLike) -> Polygon:
    return [(Fraction(x), Fraction(y)) for x, y in np.asarray(points, dtype=float).tolist()]


def make_rectangle(x0: object, y0: object, x1: object, y1: object) -> Polygon:
    left, top, right, bottom = (Fraction(side) for side in (x0, y0, x1, y1))  # type: ignore[arg-type]
    return [(left, top), (right, top), (right, bottom), (left, bottom)]


def keep_below(polygon: Polygon, a: Fraction, b: Fraction, limit: Fraction) -> Polygon:
    """Sutherland-Hodgman: the part of a convex polygon where a·x + b·y ≤ limit."""
    kept = []
    for p, q in zip(polygon, polygon[1:] + polygon[:1], strict=True):
        side_p = a * p[0] + b * p[1] - limit
        side_q = a * q[0] + b * q[1] - limit
        if side_p <= 0:
            kept.append(p)
        if side_p * side_q < 0:
            t = side_p / (side_p - side_q)
            kept.append((p[0] + t * (q[0] - p[0]), p[1] + t * (q[1] - p[1])))
    return kept


def cut_exact_cells(
    points: ArrayLike, potentials: ArrayLike, width: float, height: float
) -> list[Polygon]:
    """Every power cell, cut by all the others; an empty list for cells without area."""
    corners = to_corners(points)
    phi = [Fraction(value) for value in np.asarray(potentials, dtype=float).tolist()]
    cells = []
    for i, (x, y) in enumerate(corners):
        cell = make_rectangle(0, 0, width, height)
        for j, (u, v) in enumerate(corners):
            if (u, v) == (x, y):
                if (phi[j], -j) > (phi[i], -i):
                    cell = []
            else:
                limit = (u * u + v * v - phi[j] - x * x - y * y + phi[i]) / 2
                cell = keep_below(cell, u - x, v - y, limit)
        cells.append(cell if find_moments(cell)[0] > 0 else [])
    return cells


def find_moments(polygon: Polygon) -> tuple[Fraction, Fraction, Fraction, Fraction]:
    """∫1, ∫x, ∫y and ∫(x² + y²) over a polygon."""
    area = first_x = first_y = second = Fraction(0)
    for (px, py), (qx, qy) in zip(polygon, polygon[1:] + polygon[:1], strict=True):
        cross = px * qy - qx * py
        area += cross / 2
        first_x += cross * (px + qx) / 6
        first_y += cross * (py + qy) / 6
        second += cross * (px * px + px * qx + qx * qx + py * py + py * qy + qy * qy) / 12
    return area, first_x, first_y, second


def integrate_polygon(
    values: ArrayLike, polygon: Polygon, origin: Sequence[float] = (0.0, 0.0)
) -> tuple[float, Floats, float]:
    """Mass, first moments and second moment about an origin, pixel by pixel; total mass 1."""
    x, y = (Fraction(coordinate) for coordinate in origin)
    local = [(px - x, py - y) for px, py in polygon]
    sums = [Fraction(0)] * 4
    total = Fraction(0)
    for (row, column), value in np.ndenumerate(np.asarray(values, dtype=float)):
        weight = Fraction(float(value))
        total += weight
        if weight == 0 or not local:
            continue
        piece = keep_below(local, Fraction(1), Fraction(0), column + 1 - x)
        piece = keep_below(piece, Fraction(-1), Fraction(0), x - column)
        piece = keep_below(piece, Fraction(0), Fraction(1), row + 1 - y)
        piece = keep_below(piece, Fraction(0), Fraction(-1), y - row)
        sums = [s + weight * m for s, m in zip(sums, find_moments(piece), strict=True)]
    mass, first_x, first_y, second = (float(s / total) for s in sums)
    return mass, np.array([first_x, first_y]), second


def integrate_segment(values: ArrayLike, p: Corner, q: Corner) -> float:
    """∫ρ ds from p to q; the mean of both sides along a border between pixels."""
    rho = np.asarray(values, dtype=float)
    stops = {Fraction(0), Fraction(1)}
    for start, end in zip(p, q, strict=True):
        if start != end:
            low, high = sorted((start, end))
            stops |= {(k - start) / (end - start) for k in range(floor(low) + 1, floor(high) + 1)}
    ordered = sorted(stops)
    darkness = Fraction(0)
    for t, u in pairwise(ordered):
        x, y = (start + (t + u) / 2 * (end - start) for start, end in zip(p, q, strict=True))
        sides = [
            Fraction(float(rho[row, column]))
            for row in touch_pixels(y, rho.shape[0])
            for column in touch_pixels(x, rho.shape[1])
        ]
        darkness += (u - t) * sum(sides) / len(sides)
    length = sqrt((q[0] - p[0]) ** 2 + (q[1] - p[1]) ** 2)
    return float(darkness / sum(map(Fraction, rho.ravel().tolist()))) * length


def touch_pixels(coordinate: Fraction, count: int) -> Iterable[int]:
    """The pixels that hold a coordinate: two on a border inside the picture."""
    index = floor(coordinate)
    return {k for k in ([index - 1, index] if coordinate == index else [index]) if 0 <= k < count}
