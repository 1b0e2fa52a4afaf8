"""Integrals with each side walked once against those of every cell alone, and their bounds."""

import numpy as np
import pytest

from stipple.geometry.cell_integrals import bound_integrals, integrate_cells
from stipple.geometry.power_cells import PowerCells, build_power_cells
from stipple.geometry.shared_sides import GROUP
from stipple.machine import threads
from stipple.machine.threads import Workers
from stipple.measures.density import Density

RANDOM = np.random.default_rng(22)
NOISE = RANDOM.random((90, 130))
MASKED = np.where(np.hypot(*np.indices((90, 130)) - 45.0) < 40, NOISE, 0.0)

# Lines two pixels wide on white, a few apart and some far, and none along the border.
LINES = np.where(np.indices((150, 210)).sum(axis=0) % 47 < 2, 1.0, 0.0)
LINES[:, 70:150] = 0.0


def scatter(values: np.ndarray, count: int) -> np.ndarray:
    return RANDOM.random((count, 2)) * values.shape[::-1]


# Squares and stripes of few tones, some whole tiles and some not.
TONES = np.kron(RANDOM.integers(0, 4, (12, 9)), np.ones((11, 13)))

CASES = {
    "tones": (TONES, scatter(TONES, 300), 0.5),
    "tones in large cells": (TONES + 1, scatter(TONES, 30), 0.0),
    "tones along borders": (TONES + 1, np.indices((29, 33)).reshape(2, -1).T * 4.0 + 2, 0.0),
    "flat": (np.ones((61, 90)), scatter(np.ones((61, 90)), 150), 0.5),
    "noise": (NOISE, scatter(NOISE, 2500), 0.05),
    "masked": (MASKED, scatter(MASKED, 700), 0.5),
    "wide": (wide := RANDOM.random((3, 4000)), scatter(wide, 300), 0.0),
    "tall": (wide.T, scatter(wide.T, 300), 0.0),
    "few": (NOISE, scatter(NOISE, 12), 0.0),
    "lines": (LINES, scatter(LINES, 900), 0.5),
    "lines in large cells": (LINES, scatter(LINES, 40), 0.0),
    "lines along white": (LINES, np.indices((70, 50)).reshape(2, -1).T * 3.0 + 1.5, 0.0),
    "one": (NOISE, np.array([(40.0, 70.0)]), 0.0),
    "along borders": (NOISE, np.indices((130, 90)).reshape(2, -1).T[::2] + 0.5, 0.0),
    "spot": (NOISE, 50 + 0.5 * RANDOM.standard_normal((900, 2)), 0.0),
    "tiny": (NOISE, 50 + 1e-4 * RANDOM.standard_normal((300, 2)), 0.0),
    "outside": (NOISE, scatter(NOISE, 60) * 3 - (130, 90), 0.0),
    "hidden": (NOISE, scatter(NOISE, 400), 40.0),
}


def cut(values: np.ndarray, points: np.ndarray, spread: float) -> PowerCells:
    potentials = spread * RANDOM.standard_normal(len(points))
    return build_power_cells(points, potentials, *values.shape[::-1])


@pytest.mark.parametrize("case", CASES)
def test_integrals_are_those_of_every_cell_alone(case: str) -> None:
    values, points, spread = CASES[case]
    density = Density(values)
    cells = cut(values, points, spread)
    found = integrate_cells(density, cells)
    alone = bound_integrals(density, cells)
    # Beside what rounding has done to the others, what it does to a piece of a block of columns.
    ulp = 1e-16 * density.values.max() / density.values.sum()
    reach = np.abs(cells.vertices).max() + 32
    assert (np.abs(found.masses - alone.masses) <= alone.errors + 1e4 * ulp * 32).all()
    first = np.abs(found.first_moments - alone.first_moments).max(axis=1)
    assert (first <= alone.first_errors + 1e4 * ulp * 32 * reach).all()
    second = np.abs(found.second_moments - alone.second_moments)
    assert (second <= alone.second_errors + 1e4 * ulp * 32 * reach**2).all()
    assert found.masses.sum() == pytest.approx(1, rel=0, abs=1e-12)


def test_edges_tell_the_same_from_both_sides() -> None:
    cells = cut(*CASES["noise"])
    found = integrate_cells(Density(NOISE), cells)
    cell, _ = cells.list_edges()
    other = cells.adjacency.neighbours
    edges = {(i, j): k for k, (i, j) in enumerate(zip(cell.tolist(), other.tolist(), strict=True))}
    inner = np.flatnonzero(other >= 0)
    twins = np.array([edges[other[k], cell[k]] for k in inner])
    masses, moments = found.edge_masses, found.edge_moments
    np.testing.assert_allclose(masses[inner], masses[twins], rtol=0, atol=1e-15)
    np.testing.assert_allclose(moments[inner] + moments[twins], masses[inner], rtol=0, atol=1e-15)


def test_edges_along_even_tiles_have_the_mean_of_both_sides() -> None:
    board = np.kron(np.indices((4, 8)).sum(axis=0) % 2, np.ones((8, 8)))
    points = np.stack(np.meshgrid(np.arange(4, 64, 8.0), np.arange(4, 32, 8.0)), -1).reshape(-1, 2)
    cells = cut(board, points, 0.0)
    found = integrate_cells(Density(board), cells)
    # Four cells meet at each corner: sides of no length there hold nothing.
    inner = (cells.adjacency.neighbours >= 0) & (found.edge_masses > 0)
    assert inner.sum() == 2 * (7 * 4 + 8 * 3)
    np.testing.assert_allclose(found.edge_masses[inner] * board.sum(), 4.0, rtol=1e-12)


def test_threads_change_nothing_where_groups_meet(monkeypatch: pytest.MonkeyPatch) -> None:
    values, points, spread = CASES["noise"]
    assert len(points) > 2 * GROUP
    density, cells = Density(values), cut(values, points, spread)
    monkeypatch.setattr(threads, "SMALLEST_RANGE", 500)
    alone, shared = (integrate_cells(density, cells, Workers(count)) for count in (1, 4))
    np.testing.assert_array_equal(alone.masses, shared.masses)
    np.testing.assert_array_equal(alone.first_moments, shared.first_moments)
    np.testing.assert_array_equal(alone.second_moments, shared.second_moments)
    np.testing.assert_array_equal(alone.edge_masses, shared.edge_masses)
    np.testing.assert_array_equal(alone.edge_moments, shared.edge_moments)
