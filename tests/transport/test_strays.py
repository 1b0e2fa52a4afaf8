"""Strays go to the ink of their own cells, and figures are those of the points as they are."""

import numpy as np
import pytest

from stipple.geometry.bisection import start_from_bisection
from stipple.geometry.strays import find_strays
from stipple.measures.density import Density
from stipple.transport.quantisation import quantise
from stipple.transport.semi_discrete import TransportSolver
from stipple.transport.strays import move_strays


@pytest.fixture(scope="module")
def moved():
    """Two black squares, of 4 and 5 by 5 pixels, and three points: one serves both."""
    values = np.zeros((9, 20))
    values[2:7, 2:6] = values[2:7, 12:17] = 1
    solver = TransportSolver(Density(values))
    points = np.array([[3.4, 4.5], [9.5, 4.5], [15.2, 4.5]])
    before = solver.solve(points)
    return solver, before, *move_strays(solver, before)


def test_only_strays_move(moved):
    solver, before, after, count = moved
    assert find_strays(solver.density, before.points).tolist() == [1]
    assert count == 1
    assert len(find_strays(solver.density, after.points)) == 0
    np.testing.assert_array_equal(after.points[[0, 2]], before.points[[0, 2]])


def test_the_place_is_in_the_cell(moved):
    _, before, after, _ = moved
    cells = before.diagram.cells
    costs = ((after.points[1] - before.points) ** 2).sum(axis=1) - cells.potentials
    assert costs.argmin() == 1
    # In the square nearer to the barycentre, and in the middle of what the cell has of it.
    x = np.arange(12, 17) + 0.5
    mine = ((x[:, None] - before.points[:, 0]) ** 2 - cells.potentials).argmin(axis=1) == 1
    assert after.points[1] == pytest.approx([x[mine].mean(), 4.5], abs=0.1)
    assert after.points[1, 0] > 12.4


def test_strays_do_not_stick_out_of_shapes():
    """Two discs that hold no whole numbers of cells: moved dots lie nearly as deep as others."""
    row, column = np.indices((70, 150)) + 0.5
    away = [np.hypot(column - x, row - 35) - radius for x, radius in ((35, 28), (120, 21))]
    density = Density((np.minimum(*away) <= 0).astype(float))
    solver = TransportSolver(density)
    first = quantise(solver, *start_from_bisection(density, 90), iterations=20).transport
    moved, count = move_strays(solver, first)
    assert count > 0
    depths = -np.minimum(
        *(
            np.hypot(moved.points[:, 0] - x, moved.points[:, 1] - 35) - radius
            for x, radius in ((35, 28), (120, 21))
        )
    )
    strays = (moved.points != first.points).any(axis=1)
    rim = np.sort(depths[~strays])[:20]
    assert depths[strays].min() > np.median(rim) / 3


def test_figures_are_those_of_the_points_as_they_are(moved):
    solver, before, after, _ = moved
    fresh = TransportSolver(solver.density).solve(after.points)
    assert after.converged
    assert after.w2_squared == pytest.approx(fresh.w2_squared)
    assert after.w2_squared > before.w2_squared * 1.01
    assert after.interval.lower <= after.w2_squared <= after.interval.upper


def test_without_strays_nothing_is_solved(moved):
    solver, _, after, _ = moved
    work = solver.diagrams
    assert move_strays(solver, after) == (after, 0)
    assert solver.diagrams == work
