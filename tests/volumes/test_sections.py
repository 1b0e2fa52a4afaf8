"""Borders of cells in a plane across z: against cells told apart at single places."""

from itertools import pairwise, product

import numpy as np
import pytest

from stipple.arrays import Floats, Integers
from stipple.geometry.periodic_polyhedra import build_periodic_polyhedra, wrap_cells
from stipple.geometry.power_polyhedra import PowerPolyhedra, build_power_polyhedra
from stipple.measures.volume import VolumeDensity
from stipple.volumes.sections import cut_borders
from stipple.volumes.views import compose_slices

SIZE = np.array([2.0, 1.0, 1.5])


def cut(count: int, *, periodic: bool) -> PowerPolyhedra:
    random = np.random.default_rng(count)
    points, potentials = random.random((count, 3)) * SIZE, 0.01 * random.random(count)
    if periodic:
        return wrap_cells(build_periodic_polyhedra(points, potentials, SIZE))
    return build_power_polyhedra(points, potentials, SIZE)


def tell_cells(cells: PowerPolyhedra, places: Floats) -> Integers:
    """The cell, and the copy of it, that each place lies in."""
    shifts = [(0, 0, 0)] if cells.laps is None else list(product((-1, 0, 1), repeat=3))
    points = np.concatenate([cells.points + shift * SIZE for shift in np.array(shifts)])
    powers = ((places[:, None] - points) ** 2).sum(axis=2)
    powers -= np.tile(cells.potentials, len(shifts))
    found: Integers = powers.argmin(axis=1)
    return found


@pytest.mark.parametrize("periodic", [False, True])
@pytest.mark.parametrize("count", [1, 2, 30])
def test_borders_lie_where_cells_change(count: int, periodic: bool) -> None:
    cells = cut(count, periodic=periodic)
    height = 0.61
    segments = cut_borders(cells, height)
    assert ((segments >= -1e-12) & (segments <= SIZE[:2] + 1e-12)).all()
    assert count > 1 or periodic or len(segments) == 0
    for y in np.linspace(0.0373, 0.9713, 40):
        x = np.linspace(0, SIZE[0], 4001)
        places = np.column_stack([x, np.full_like(x, y), np.full_like(x, height)])
        found = tell_cells(cells, places)
        changes = x[1:][np.diff(found) != 0]
        begin, end = segments[:, 0], segments[:, 1]
        met = (begin[:, 1] > y) != (end[:, 1] > y)
        part = (y - begin[met, 1]) / (end[met, 1] - begin[met, 1])
        crossed = np.sort(begin[met, 0] + part * (end[met, 0] - begin[met, 0]))
        # Two borders between neighbouring samples are seen as one, if at all.
        apart = np.array([b - a for a, b in pairwise([-1, *crossed, SIZE[0] + 1])])
        if apart.min() > 2e-3:
            assert len(crossed) == len(changes)
            assert crossed == pytest.approx(changes - 2.5e-4, abs=3e-4)


def test_grains_are_drawn_with_their_borders() -> None:
    cells = cut(30, periodic=True)
    density = VolumeDensity(np.ones((1, 1, 1)), SIZE.tolist())
    radii = np.full(30, 0.1)
    plain = compose_slices(density, cells.points, radii)
    drawn = compose_slices(density, cells.points, radii, cells)
    assert [layer.label for layer in plain.layers] == ["density 9", "slices", "points"]
    assert [layer.label for layer in drawn.layers] == ["density 9", "slices", "cells", "points"]
    # Five slices of 0.3: the borders of each, from the corner of its frame.
    (lines,) = drawn.layers[2].marks
    expected = sum(len(cut_borders(cells, 0.15 + 0.3 * k)) for k in range(5))
    assert len(lines.vertices) == 2 * expected
