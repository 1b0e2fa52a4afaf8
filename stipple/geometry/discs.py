"""Discs about points, cut by the cells of these: exact areas, and how they grow with the radii."""

from dataclasses import dataclass

import numpy as np

from stipple.arrays import Floats, Integers
from stipple.geometry.power_cells import PowerCells
from stipple.machine.compiled import compile_loop
from stipple.machine.threads import Workers


@dataclass(frozen=True)
class CutDiscs:
    """The part of its cell that a disc about each point covers.

    Attributes
    ----------
    areas : ndarray, shape (n,)
        In square pixels.
    arcs : ndarray, shape (n,)
        How much of each circle lies in its cell, as an angle: 2π of a disc that fits.
    chords : ndarray, shape (m,)
        Length, in pixels, of each edge of `PowerCells.vertices` within the disc.
    reaches : ndarray, shape (n,)
        Distance, in pixels, from each point to the farthest corner of its cell.
    """

    areas: Floats
    arcs: Floats
    chords: Floats
    reaches: Floats


def cut_discs(cells: PowerCells, radii: Floats, workers: Workers | None = None) -> CutDiscs:
    """Cut a disc about each point by its cell, exactly up to rounding.

    Where the potentials of the cells are the squares of the radii, these parts make up the union of
    the discs.

    Parameters
    ----------
    cells : PowerCells
        The cells.
    radii : ndarray, shape (n,)
        In pixels.
    workers : Workers, optional
        Threads that share the discs.
    """
    count = len(radii)
    areas, arcs, reaches = np.empty(count), np.empty(count), np.zeros(count)
    chords = np.zeros(len(cells.vertices))

    def cut(start: int, stop: int) -> None:
        offsets = cells.adjacency.offsets[start : stop + 1]
        part = slice(start, stop)
        _cut_discs(
            offsets, cells.vertices, radii[part], areas[part], arcs[part], reaches[part], chords
        )

    (workers or Workers(1)).map_ranges(cut, count)
    return CutDiscs(areas, arcs, chords, reaches)


@compile_loop
def _cut_discs(
    offsets: Integers,
    vertices: Floats,
    radii: Floats,
    areas: Floats,
    arcs: Floats,
    reaches: Floats,
    chords: Floats,
) -> None:
    for i in range(len(radii)):
        areas[i], arcs[i], reaches[i] = cut_disc(
            offsets[i], offsets[i + 1], vertices, radii[i], chords
        )


@compile_loop
def cut_disc(
    start: int, stop: int, vertices: Floats, radius: float, chords: Floats
) -> tuple[float, float, float]:
    """Cut one disc: its area and arc within the polygon start..stop, and how far that reaches.

    Green's theorem: each edge gives what the triangle from the point to it covers of the disc. That
    is, with its sign, a triangle where the edge runs inside, and sectors where it does not. Chords
    are filled in where there are any.
    """
    inside = start < stop
    reach = 0.0
    for k in range(start, stop):
        after = k + 1 if k + 1 < stop else start
        x, y = vertices[k]
        u, v = vertices[after, 0] - x, vertices[after, 1] - y
        reach = max(reach, np.sqrt(x * x + y * y))
        cross = x * v - y * u
        if cross < 0 or cross * cross < radius * radius * (u * u + v * v):
            inside = False
    if inside:
        return np.pi * radius * radius, 2 * np.pi, reach
    twice_area = 0.0
    arc = 0.0
    for k in range(start, stop):
        after = k + 1 if k + 1 < stop else start
        x, y = vertices[k]
        u, v = vertices[after, 0] - x, vertices[after, 1] - y
        length = np.sqrt(u * u + v * v)
        if length == 0:
            continue
        # Where on the edge, from 0 to 1, the disc begins and ends.
        near = -(x * u + y * v) / length
        height = (x * v - y * u) / length
        half = np.sqrt(max(radius * radius - height * height, 0.0))
        first = min(max((near - half) / length, 0.0), 1.0)
        last = min(max((near + half) / length, 0.0), 1.0)
        if first < last:
            chords[k] = (last - first) * length
            twice_area += chords[k] * height
        else:
            first = last = 1.0
        if first > 0:
            p, q = x + first * u, y + first * v
            arc += np.arctan2(x * q - y * p, x * p + y * q)
        if last < 1:
            p, q = x + last * u, y + last * v
            x, y = x + u, y + v
            arc += np.arctan2(p * y - q * x, p * x + q * y)
    return max((twice_area + arc * radius * radius) / 2, 0.0), max(arc, 0.0), reach
