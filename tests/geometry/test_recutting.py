"""Cells cut anew from their old neighbours against cells cut by all other points."""

import numpy as np
import pytest

from stipple.arrays import Floats
from stipple.errors import PowerCellError
from stipple.geometry import power_cells, recutting
from stipple.geometry.cutting import Polygons, cut_chosen
from stipple.geometry.neighbours import Adjacency
from stipple.geometry.power_cells import build_power_cells
from stipple.geometry.recutting import recut_cells
from stipple.machine import threads
from stipple.machine.threads import Workers

RANDOM = np.random.default_rng(21)
SQUARE = (12.0, 12.0)
SCATTERED = RANDOM.random((150, 2)) * 12
GRID = np.stack(np.meshgrid(np.arange(0.5, 12), np.arange(0.5, 12)), -1).reshape(-1, 2)
BLACK = RANDOM.random((40, 2)) + 5.5

# Size, points and potentials before; points and potentials after.
CHANGES = {
    "one point": (SQUARE, [(3.0, 4.0)], [0.0], [(7.0, 2.0)], [1.0]),
    "two points": (SQUARE, [(3.0, 4.0), (9.0, 4.0)], [0, 0], [(3.0, 4.0), (9.0, 5.0)], [0, 1]),
    "line": (
        SQUARE,
        [(x, 6.0) for x in range(1, 11)],
        [0] * 10,
        [(x, 6.0) for x in range(1, 11)],
        RANDOM.random(10),
    ),
    "line that bends": (
        SQUARE,
        [(x, 6.0) for x in range(1, 11)],
        [0] * 10,
        [(x, 6.0 + 0.1 * x % 0.5) for x in range(1, 11)],
        [0] * 10,
    ),
    "grid that stays": (SQUARE, GRID, [0] * 144, GRID, [0] * 144),
    "grid that is shaken": (
        SQUARE,
        GRID,
        [0] * 144,
        GRID + 0.1 * RANDOM.standard_normal(GRID.shape),
        [0] * 144,
    ),
    "slight": (SQUARE, SCATTERED, [0] * 150, SCATTERED + 1e-3, 1e-3 * RANDOM.random(150)),
    "large": (
        SQUARE,
        SCATTERED,
        [0] * 150,
        SCATTERED + 0.3 * RANDOM.standard_normal(SCATTERED.shape),
        0.2 * RANDOM.standard_normal(150),
    ),
    "wide": (
        (4000.0, 3.0),
        SCATTERED * (300, 0.25),
        [0] * 150,
        SCATTERED * (300, 0.25) + RANDOM.standard_normal(SCATTERED.shape) * (2, 0.1),
        [0] * 150,
    ),
    "dark spot": (
        SQUARE,
        BLACK,
        [0] * 40,
        BLACK + 0.02 * RANDOM.standard_normal((40, 2)),
        [0] * 40,
    ),
    "tiny": (
        SQUARE,
        6 + 1e-7 * SCATTERED,
        [0] * 150,
        6 + 1e-7 * (SCATTERED + 0.05 * RANDOM.standard_normal(SCATTERED.shape)),
        [0] * 150,
    ),
}


def cut_by_all(points: Floats, potentials: Floats, width: float, height: float) -> Polygons:
    """Cells cut by every other point, without any search."""
    count = len(points)
    every = np.arange(count)
    adjacency = Adjacency(
        np.arange(0, count * count + 1, count), np.tile(every, count), np.ones(count, dtype=bool)
    )
    return cut_chosen(points, potentials, width, height, adjacency, False, every, Workers(1))


def list_borders(polygons: Polygons) -> dict[tuple[int, int], float]:
    """Length of the border of each cell with each neighbour, or side of the domain."""
    borders: dict[tuple[int, int], float] = {}
    for i in range(len(polygons.areas)):
        part = slice(*polygons.offsets[i : i + 2])
        corners = polygons.vertices[part]
        lengths = np.hypot(*(np.roll(corners, -1, axis=0) - corners).T)
        for owner, length in zip(polygons.owners[part].tolist(), lengths.tolist(), strict=True):
            borders[i, owner] = borders.get((i, owner), 0.0) + length
    return borders


@pytest.mark.parametrize("case", CHANGES)
def test_recut_cells_are_those_that_all_points_cut(case: str) -> None:
    size, *given = CHANGES[case]
    before, old, points, potentials = (np.array(values, dtype=float) for values in given)
    previous = build_power_cells(before, old, *size)
    assert previous.adjacency.visible.all()
    found = build_power_cells(points, potentials, *size, previous=previous)
    expected = cut_by_all(points, potentials, *size)
    scale = max(size)
    np.testing.assert_allclose(found.areas, expected.areas, rtol=0, atol=1e-14 * scale**2)
    adjacency = found.adjacency
    polygons = Polygons(adjacency.offsets, adjacency.neighbours, found.vertices, found.areas)
    borders, others = list_borders(polygons), list_borders(expected)
    for pair in borders.keys() | others.keys():
        assert borders.get(pair, 0) == pytest.approx(others.get(pair, 0), abs=1e-12 * scale), pair


def test_only_cells_whose_neighbours_change_are_searched(monkeypatch: pytest.MonkeyPatch) -> None:
    searched: list[int] = []

    def count(*arguments: object) -> Polygons:
        searched.append(len(arguments[6]))  # type: ignore[arg-type]
        return cut_chosen(*arguments)  # type: ignore[arg-type]

    before = build_power_cells(SCATTERED, np.zeros(150), *SQUARE)
    monkeypatch.setattr(recutting, "cut_chosen", count)
    monkeypatch.setattr(power_cells, "cut_chosen", None)
    build_power_cells(SCATTERED + 1e-9, np.zeros(150), *SQUARE, previous=before)
    assert searched == []
    build_power_cells(SCATTERED, 0.02 * RANDOM.standard_normal(150), *SQUARE, previous=before)
    assert 0 < sum(searched) < 100


def test_a_cell_that_vanishes_is_hidden_and_may_appear_again() -> None:
    potentials = np.zeros(150)
    before = build_power_cells(SCATTERED, potentials, *SQUARE)
    potentials[70] = -5.0
    hidden = build_power_cells(SCATTERED, potentials, *SQUARE, previous=before)
    assert np.flatnonzero(~hidden.adjacency.visible).tolist() == [70]
    expected = cut_by_all(SCATTERED, potentials, *SQUARE)
    np.testing.assert_allclose(hidden.areas, expected.areas, rtol=0, atol=1e-12)
    with pytest.raises(PowerCellError, match="1 of 150 power cells are hidden"):
        build_power_cells(SCATTERED, potentials, *SQUARE, previous=before, all_visible=True)
    again = build_power_cells(SCATTERED, np.zeros(150), *SQUARE, previous=hidden)
    np.testing.assert_allclose(again.areas, before.areas, rtol=0, atol=1e-12)


def test_corners_on_the_sides_of_the_picture_are_exact() -> None:
    before = build_power_cells(SCATTERED, np.zeros(150), *SQUARE)
    cells = build_power_cells(SCATTERED + 1e-4, np.zeros(150), *SQUARE, previous=before)
    owners, ends = cells.list_edges()
    for side, axis, place in ((-1, 1, 0.0), (-2, 0, 12.0), (-3, 1, 12.0), (-4, 0, 0.0)):
        edges = np.flatnonzero(cells.adjacency.neighbours == side)
        assert len(edges) > 5
        for corners in (edges, ends[edges]):
            line = place - cells.points[owners[edges], axis]
            assert (cells.vertices[corners, axis] == line).all()


def test_threads_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "SMALLEST_RANGE", 10)
    adjacency = build_power_cells(SCATTERED, np.zeros(150), *SQUARE).adjacency
    potentials = 0.1 * RANDOM.standard_normal(150)
    alone, shared = (
        recut_cells(SCATTERED, potentials, *SQUARE, adjacency, Workers(count)) for count in (1, 3)
    )
    for one, other in zip(alone, shared, strict=True):
        np.testing.assert_array_equal(one, other)
