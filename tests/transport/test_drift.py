"""Points that go with the mass of a density."""

import numpy as np
import pytest

import stipple
from stipple.measures.density import Density
from stipple.transport.drift import find_drift, follow_mass
from stipple.transport.semi_discrete import TransportSolver


def begin(before, after, count):
    """Cells of the dots of a density, with the masses of another."""
    drawn = stipple.stipple(before, count)
    solver = TransportSolver(Density(after))
    return solver, solver.begin(drawn.points, drawn.cells.potentials, drawn.cells)


def test_a_density_that_becomes_graded_is_followed_as_on_the_line():
    # Mass 1 + a·cos(πx/w) comes from the uniform one by the shift −(a·w/π)·sin(πx/w), about.
    width, part = 200, 0.2
    x = (np.arange(width) + 0.5) / width
    grey = np.ones((100, width))
    solver, start = begin(grey, grey * (1 - part * np.cos(np.pi * x)), 400)
    drift = find_drift(solver, start)
    wanted = part * width / np.pi * np.sin(np.pi * start.points[:, 0] / width)
    assert np.corrcoef(drift.shift[:, 0], wanted)[0, 1] > 0.99
    assert np.sqrt(np.mean((drift.shift[:, 0] - wanted) ** 2)) < 0.1 * np.sqrt(np.mean(wanted**2))
    assert np.sqrt(np.mean(drift.shift[:, 1] ** 2)) < 0.1 * np.sqrt(np.mean(wanted**2))
    assert drift.square == pytest.approx(np.mean(wanted**2), rel=0.1)


def test_points_that_follow_have_little_left_to_go():
    y, x = np.mgrid[:120, :160] + 0.5
    before, after = (
        0.2 + np.exp(-((x - 60 - 15 * k) ** 2 + (y - 60) ** 2) / 1800) for k in range(2)
    )
    solver, start = begin(before, after, 500)
    there = follow_mass(solver, start, find_drift(solver, start))
    left = find_drift(solver, there).square
    assert there.diagram.has_mass
    assert left <= 0.05 * find_drift(solver, start).square
    assert left <= 0.25 * 0.1604 * before.size / 500


def test_nothing_moves_where_nothing_changed():
    grey = np.ones((30, 40))
    solver, start = begin(grey, grey, 20)
    assert follow_mass(solver, start, find_drift(solver, start)) is start
    assert find_drift(solver, start).square < 1e-9
