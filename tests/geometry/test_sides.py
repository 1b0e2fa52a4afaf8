"""The sides between cells against the polygons, and predicted masses against differences."""

import numpy as np
import pytest

from stipple.errors import PowerCellError
from stipple.geometry import power_cells
from stipple.geometry.power_cells import build_power_cells
from stipple.geometry.sides import list_sides, predict_masses
from stipple.machine.threads import Workers
from stipple.measures.density import Density
from stipple.transport.semi_discrete import TransportSolver

RANDOM = np.random.default_rng(11)
POINTS = RANDOM.random((14, 2)) * (8, 6)
POTENTIALS = 0.05 * RANDOM.standard_normal(14)


def test_each_side_is_listed_once_and_lies_on_both_cells() -> None:
    cells = build_power_cells(POINTS, POTENTIALS, 8, 6)
    sides = list_sides(cells)
    assert (sides.rows < sides.columns).all()
    assert len({*zip(sides.rows, sides.columns, strict=True)}) == len(sides.rows)
    inner = np.count_nonzero(cells.adjacency.neighbours >= 0)
    assert 2 * len(sides.rows) == inner
    for i, j, distance, length in zip(
        sides.rows, sides.columns, sides.distances, sides.lengths, strict=True
    ):
        assert distance == pytest.approx(np.linalg.norm(POINTS[i] - POINTS[j]))
        here, there = cells.polygon(i), cells.polygon(j)
        shared = [p for p in here if np.linalg.norm(there - p, axis=1).min() < 1e-9]
        assert len(shared) == 2
        assert length == pytest.approx(np.linalg.norm(shared[0] - shared[1]))


def test_sides_of_many_cells_come_in_their_order_whatever_the_threads() -> None:
    points = RANDOM.random((2600, 2)) * (80, 60)
    cells = build_power_cells(points, np.zeros(2600), 80, 60)
    owners, _ = cells.list_edges()
    first = cells.adjacency.neighbours > owners
    for threads in (1, 2):
        sides = list_sides(cells, Workers(threads))
        np.testing.assert_array_equal(sides.edges, np.flatnonzero(first))
        np.testing.assert_array_equal(sides.rows, owners[first])
        np.testing.assert_array_equal(sides.columns, cells.adjacency.neighbours[first])
        assert len(sides.lengths) == len(sides.distances) == np.count_nonzero(first)


@pytest.mark.parametrize("seed", range(3))
def test_masses_are_predicted_to_first_order(seed: int) -> None:
    """Central differences of the masses when points move and potentials stay."""
    random = np.random.default_rng(seed)
    solver = TransportSolver(Density(random.random((6, 8)) + 0.1))
    diagram = solver.measure(POINTS, POTENTIALS)
    move = random.standard_normal((14, 2))
    step = 1e-5
    after, before = (
        solver.measure(POINTS + part * move, POTENTIALS).integrals.masses for part in (step, -step)
    )
    sides = list_sides(diagram.cells)
    predicted = predict_masses(diagram.cells, diagram.integrals, sides, move)
    assert abs(predicted.sum()) < 1e-14
    # Masses are piecewise polynomials: their kinks at pixel corners bound the differences.
    np.testing.assert_allclose((after - before) / (2 * step), predicted, rtol=0, atol=2e-6)


def test_no_engine_is_asked_where_a_hidden_cell_is_of_no_use(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = build_power_cells(POINTS, POTENTIALS, 8, 6)
    hiding = POTENTIALS.copy()
    hiding[3] = -100
    hidden = build_power_cells(POINTS, hiding, 8, 6, previous=before)
    assert not hidden.adjacency.visible[3]
    monkeypatch.setattr(power_cells, "find_neighbours", None)
    with pytest.raises(PowerCellError, match="1 of 14 power cells are hidden"):
        build_power_cells(POINTS, hiding, 8, 6, previous=before, all_visible=True)
    build_power_cells(POINTS, POTENTIALS, 8, 6, previous=before, all_visible=True)
