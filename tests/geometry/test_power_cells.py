"""Power cells: both engines against each other and against exact rational clipping."""

import sys
from math import hypot
from types import ModuleType

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from oracles import ENGINES, cut_exact_cells, find_moments

from stipple.arrays import Floats
from stipple.errors import StippleError
from stipple.geometry import neighbours, power_cells
from stipple.geometry.power_cells import PowerCells, build_power_cells
from stipple.machine import threads
from stipple.machine.threads import Workers

WIDTH, HEIGHT = 8, 6
ROUNDING = 1e-13 * WIDTH * HEIGHT

every_engine = pytest.mark.parametrize("engine", [*ENGINES, "auto"])

RANDOM = np.random.default_rng(5)
SPREAD = RANDOM.random((12, 2)) * (WIDTH, HEIGHT)
GRID = np.array([(x + 0.5, y + 0.5) for x in range(4) for y in range(4)])
CIRCLE = np.array([(5, 0), (4, 3), (3, 4), (0, 5), (-3, 4), (-4, -3), (0, -5), (3, -4)]) / 4 + 3
CORNERS = np.array([(0.0, 0.0), (8, 0), (8, 6), (0, 6), (4, 0), (8, 3), (4, 6), (0, 3)])
CLUSTER = np.array([4.0, 3.0]) + 1e-9 * RANDOM.standard_normal((9, 2))

CASES = {
    "one": ([(3.0, 2.0)], [0]),
    "one, huge potential": ([(3.0, 2.0)], [1e18]),
    "one, outside": ([(-3.0, 20.0)], [0]),
    "two": ([(3.0, 2.0), (5.0, 4.5)], [0, 1]),
    "two, one hidden": ([(3.0, 2.0), (5.0, 4.5)], [0, 1e3]),
    "all at one place": ([(3.0, 2.0)] * 4, [0, 2, 2, 1]),
    "all at one place, equal": ([(3.0, 2.0)] * 3, [0, 0, 0]),
    "duplicates, equal": (np.concatenate([SPREAD[:5], SPREAD[:3], SPREAD[:3]]), [0] * 11),
    "duplicates, later wins": (np.concatenate([SPREAD[:5], SPREAD[:3]]), [0] * 5 + [0.5] * 3),
    "duplicates, earlier wins": (np.concatenate([SPREAD[:5], SPREAD[:3]]), [0.5] * 5 + [0] * 3),
    "horizontal": ([(x, 3.0) for x in range(1, 8)], [0, 1, 0, -1, 0.5, 0, 0]),
    "vertical": ([(3.0, y) for y in range(6)], [0] * 6),
    "diagonal": ([(x, x / 2 + 1) for x in range(8)], [0] * 8),
    "slanted, inexact": ([(0.1 * x, 0.3 * x) for x in range(1, 10)], [0] * 9),
    "grid": (GRID, [0] * 16),
    "grid, one potential raised": (GRID, [0] * 5 + [0.5] + [0] * 10),
    "grid off by rounding": (0.1 + 0.7 * GRID, [0] * 16),
    "circle": (CIRCLE, [0] * 8),
    "circle and centre": (np.vstack([CIRCLE, [(3.0, 3.0)]]), [0] * 9),
    "corners and sides": (CORNERS, [0] * 8),
    "corners and sides, uneven": (CORNERS, [0, 3, -2, 1, 0, 4, -1, 2]),
    "cluster": (CLUSTER, [0] * 9),
    "cluster and others": (np.vstack([CLUSTER, SPREAD]), [0] * 21),
    "cluster with potentials": (CLUSTER, 1e-9 * RANDOM.standard_normal(9)),
    "outside": (SPREAD * 3 - (WIDTH, HEIGHT), [0] * 12),
    "far left": (SPREAD - (3 * WIDTH, 0), [0] * 12),
    "hidden cells": (SPREAD, 4 * RANDOM.standard_normal(12)),
    "one hides all": (SPREAD, [0] * 7 + [1e4] + [0] * 4),
    "huge common potential": (SPREAD, 1e9 + RANDOM.standard_normal(12).round(3)),
    "huge different potentials": (SPREAD, 1e12 * RANDOM.standard_normal(12)),
    "random": (SPREAD, 0.3 * RANDOM.standard_normal(12)),
}

# Coarse values make duplicates, grids, points on a line and on the boundary common.
PLANE = st.sampled_from(
    [
        st.tuples(st.integers(0, 2 * WIDTH), st.integers(0, 2 * HEIGHT)).map(
            lambda p: (p[0] / 2, p[1] / 2)
        ),
        st.tuples(st.floats(0, WIDTH), st.floats(0, HEIGHT)),
        st.tuples(st.floats(-WIDTH, 2 * WIDTH), st.floats(-HEIGHT, 2 * HEIGHT)),
    ]
)
POINTS = PLANE.flatmap(lambda place: st.lists(place, min_size=1, max_size=8)).map(np.array)
ELEMENTS = st.sampled_from([st.just(0.0), st.integers(-6, 6).map(float), st.floats(-100, 100)])


def draw_potentials(count: int) -> st.SearchStrategy[Floats]:
    return ELEMENTS.flatmap(lambda e: arrays(float, count, elements=e))


CONFIGURATIONS = POINTS.flatmap(lambda y: st.tuples(st.just(y), draw_potentials(len(y))))
TWO_POTENTIALS = POINTS.flatmap(
    lambda y: st.tuples(st.just(y), draw_potentials(len(y)), draw_potentials(len(y)))
)


@pytest.fixture(autouse=True)
def search_few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let `auto` search from the nearest points where they are few, too."""
    monkeypatch.setattr(power_cells, "SEARCHED", 1)


def build(points: object, potentials: object, engine: str = "qhull", **options: object):
    y, phi = np.array(points, dtype=float), np.array(potentials, dtype=float)
    return build_power_cells(y, phi, WIDTH, HEIGHT, engine=engine, **options)


def check_exactly(cells: PowerCells) -> None:
    """Compare areas, moments and the owner of every edge with the exact cells."""
    points, phi = cells.points, cells.potentials
    distance = max(hypot(WIDTH, HEIGHT), np.abs(points).max())
    for i, expected in enumerate(cut_exact_cells(points, phi, WIDTH, HEIGHT)):
        area, first_x, first_y, second = (float(m) for m in find_moments(expected))
        corners = cells.polygon(i).tolist()
        found = [float(m) for m in find_moments(corners)]
        assert cells.areas[i] == pytest.approx(area, rel=0, abs=ROUNDING)
        assert found[0] == pytest.approx(area, rel=0, abs=1e-14 * distance**2)
        assert found[1:3] == pytest.approx([first_x, first_y], rel=0, abs=1e-14 * distance**3)
        assert found[3] == pytest.approx(second, rel=0, abs=1e-14 * distance**4)
        assert cells.adjacency.visible[i] == (len(corners) > 0)
        owners = cells.adjacency.neighbours[slice(*cells.adjacency.offsets[i : i + 2])]
        for p, q, owner in zip(corners, corners[1:] + corners[:1], owners, strict=True):
            if hypot(q[0] - p[0], q[1] - p[1]) > 1e-6:
                check_owner(cells, i, owner, p, q)


def check_owner(cells: PowerCells, i: int, owner: int, p: list[float], q: list[float]) -> None:
    """The ends of an edge lie on the domain's boundary, or as near in power to its owner."""
    near = 1e-13 * max(hypot(WIDTH, HEIGHT), np.abs(cells.points).max())
    for x, y in (p, q):
        if owner < 0:
            assert min(abs(x), abs(WIDTH - x), abs(y), abs(HEIGHT - y)) <= near
        else:
            a, b = cells.points[owner] - cells.points[i]
            u, v = (x, y) - cells.points[i]
            limit = (a * a + b * b + (cells.potentials[i] - cells.potentials[owner])) / 2
            assert abs(a * u + b * v - limit) <= near * hypot(a, b)


def collect_borders(cells: PowerCells) -> dict[tuple[int, int], float]:
    """Length of the border between each pair of cells, as the first of them sees it."""
    borders: dict[tuple[int, int], float] = {}
    for i in range(len(cells.points)):
        corners = cells.polygon(i)
        lengths = np.hypot(*(np.roll(corners, -1, axis=0) - corners).T)
        owners = cells.adjacency.neighbours[slice(*cells.adjacency.offsets[i : i + 2])]
        for owner, length in zip(owners.tolist(), lengths.tolist(), strict=True):
            borders[i, owner] = borders.get((i, owner), 0.0) + length
    return borders


def check_same(cells: PowerCells, others: PowerCells, rounding: float = 1e-9) -> None:
    np.testing.assert_allclose(cells.areas, others.areas, rtol=0, atol=ROUNDING)
    borders, expected = collect_borders(cells), collect_borders(others)
    for pair in borders.keys() | expected.keys():
        assert borders.get(pair, 0.0) == pytest.approx(expected.get(pair, 0.0), abs=rounding)


@every_engine
@pytest.mark.parametrize("case", CASES)
def test_cells_are_exact(case: str, engine: str) -> None:
    check_exactly(build(*CASES[case], engine))


@every_engine
@settings(deadline=None, max_examples=30)
@given(configuration=CONFIGURATIONS)
def test_any_cells_are_exact(configuration: tuple[Floats, Floats], engine: str) -> None:
    check_exactly(build(*configuration, engine))


@every_engine
@settings(deadline=None, max_examples=30)
@given(drawn=TWO_POTENTIALS)
def test_a_search_from_any_other_cells_is_exact(
    drawn: tuple[Floats, Floats, Floats], engine: str
) -> None:
    points, earlier, potentials = drawn
    previous = build(points, earlier, engine)
    check_exactly(build(points, potentials, engine, previous=previous))


@every_engine
def test_the_larger_potential_then_the_lower_index_gets_the_cell(engine: str) -> None:
    points = [(2.0, 2.0), (6.0, 3.0), (2.0, 2.0), (6.0, 3.0), (2.0, 2.0)]
    cells = build(points, [0, 1, 1, 1, 1], engine)
    assert cells.adjacency.visible.tolist() == [False, True, True, False, False]


@every_engine
def test_borders_look_the_same_from_both_sides(engine: str) -> None:
    count = 300
    points = RANDOM.random((count, 2)) * (WIDTH, HEIGHT)
    borders = collect_borders(build(points, 0.01 * RANDOM.standard_normal(count), engine))
    inner = [(pair, length) for pair, length in borders.items() if pair[1] >= 0]
    assert len(inner) > 4 * count
    for (i, j), length in inner:
        assert borders.get((j, i), 0.0) == pytest.approx(length, abs=1e-10)


@every_engine
def test_corners_turn_from_x_to_y(engine: str) -> None:
    cells = build(SPREAD, np.zeros(len(SPREAD)), engine)
    for i in range(len(SPREAD)):
        corners = cells.polygon(i)
        ahead = np.roll(corners, -1, axis=0) - corners
        behind = corners - np.roll(corners, 1, axis=0)
        assert (behind[:, 0] * ahead[:, 1] - behind[:, 1] * ahead[:, 0] > -ROUNDING).all()


@pytest.mark.parametrize("potential", [0.0, 1e-5, 1.0])
def test_engines_agree_on_many_cells(potential: float) -> None:
    pytest.importorskip("pysdot", reason="pysdot has no wheel for this Python and platform")
    points = RANDOM.random((2000, 2)) * (WIDTH, HEIGHT)
    potentials = potential * RANDOM.standard_normal(2000)
    ours, theirs = (build(points, potentials, engine) for engine in ("pysdot", "qhull"))
    hidden = np.count_nonzero(~ours.adjacency.visible)
    assert (hidden > 0) == (potential == 1)
    check_same(ours, theirs)


@pytest.mark.parametrize("size", [1e-4, 0.05, 1.0])
def test_search_follows_the_points_and_potentials(size: float) -> None:
    """From slight to complete changes, with cells that appear and disappear."""
    random = np.random.default_rng(1)
    points = random.random((500, 2)) * (WIDTH, HEIGHT)
    cells = build(points, np.zeros(500))
    seen = set()
    for _ in range(8):
        points = np.clip(points + 0.3 * size * random.standard_normal((500, 2)), 0, (WIDTH, HEIGHT))
        potentials = size * random.standard_normal(500) ** 2
        cells = build(points, potentials, previous=cells)
        seen.add(int(np.count_nonzero(~cells.adjacency.visible)))
        check_same(cells, build(points, potentials))
    assert (len(seen) > 1) == (size > 1e-4)


def test_search_does_not_ask_the_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    points = RANDOM.random((500, 2)) * (WIDTH, HEIGHT)
    previous = build(points, np.zeros(500))
    potentials = 1e-3 * RANDOM.standard_normal(500)
    expected = build(points, potentials)
    monkeypatch.delattr(power_cells, "find_neighbours")
    check_same(build(points, potentials, previous=previous), expected)


def test_a_search_from_the_nearest_points_asks_no_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of points anywhere, with hidden cells among them."""
    random = np.random.default_rng(3)
    points = random.random((3000, 2)) * (WIDTH, HEIGHT)
    potentials = 1e-3 * random.standard_normal(3000)
    expected = build(points, potentials)
    assert not expected.adjacency.visible.all()
    monkeypatch.delattr(power_cells, "find_neighbours")
    check_same(build(points, potentials, "auto"), expected)


def test_points_in_a_bad_order_give_the_same_cells(monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(4)
    points = random.random((2000, 2)) * (WIDTH, HEIGHT)
    potentials = 1e-3 * random.standard_normal(2000)
    assert power_cells._find_better_order(points, WIDTH, HEIGHT) is not None
    reordered = build(points, potentials, "auto")
    monkeypatch.setattr(power_cells, "FARTHEST_STEP", np.inf)
    check_same(reordered, build(points, potentials, "auto"))
    np.testing.assert_array_equal(reordered.points, points)


def test_clusters_far_apart_are_no_obstacle() -> None:
    random = np.random.default_rng(3)
    centres = np.array([(1.0, 1.0), (7.0, 1.5), (4.0, 5.0)])
    points = centres[random.integers(3, size=900)] + 0.1 * random.random((900, 2))
    potentials = 1e-4 * random.standard_normal(900)
    check_same(build(points, potentials, "auto"), build(points, potentials))


def test_cells_of_other_points_are_no_help() -> None:
    previous = build(SPREAD[:5], np.zeros(5))
    check_exactly(build(SPREAD, np.zeros(12), previous=previous))


def test_a_cell_may_have_hundreds_of_neighbours() -> None:
    angles = np.linspace(0, 2 * np.pi, 1001)[:-1]
    ring = np.array([4.0, 3.0]) + 2.5 * np.column_stack([np.cos(angles), np.sin(angles)])
    points = np.vstack([ring, [(4.0, 3.0)]])
    cells = build(points, np.zeros(1001))
    assert cells.areas[-1] == pytest.approx(1000 * 1.25**2 * np.tan(np.pi / 1000), rel=1e-12)
    assert np.diff(cells.adjacency.offsets)[-1] >= 1000
    check_same(build(points, np.full(1001, 0.0), previous=cells), cells)


def test_threads_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "SMALLEST_RANGE", 10)
    potentials = 0.01 * RANDOM.standard_normal(200)
    points = RANDOM.random((200, 2)) * (WIDTH, HEIGHT)
    alone = build(points, potentials, workers=Workers(1))
    shared = build(points, potentials, workers=Workers(3))
    for one, other in (
        (alone.vertices, shared.vertices),
        (alone.areas, shared.areas),
        (alone.adjacency.offsets, shared.adjacency.offsets),
        (alone.adjacency.neighbours, shared.adjacency.neighbours),
        (alone.adjacency.visible, shared.adjacency.visible),
    ):
        np.testing.assert_array_equal(one, other)


def test_cells_in_another_order_are_those_of_the_points_in_it() -> None:
    order = np.random.default_rng(2).permutation(len(SPREAD))
    potentials = np.linspace(0, 20, len(SPREAD))
    cells = build(SPREAD, potentials)
    assert not cells.adjacency.visible.all()
    found, expected = cells.reorder(order), build(SPREAD[order], potentials[order])
    np.testing.assert_array_equal(found.points, expected.points)
    np.testing.assert_array_equal(found.adjacency.offsets, expected.adjacency.offsets)
    np.testing.assert_array_equal(found.adjacency.visible, expected.adjacency.visible)
    np.testing.assert_allclose(found.areas, expected.areas, atol=ROUNDING)
    check_exactly(found)


def test_auto_takes_pysdot_where_it_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pysdot", ModuleType("pysdot"))
    assert neighbours.choose_engine("auto") == neighbours.choose_engine("pysdot") == "pysdot"
    assert neighbours.choose_engine("qhull") == "qhull"


def test_auto_takes_qhull_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pysdot", None)
    assert neighbours.choose_engine("auto") == "qhull"
    with pytest.raises(StippleError, match="pysdot is not installed"):
        neighbours.choose_engine("pysdot")


def test_engines_have_names() -> None:
    with pytest.raises(StippleError, match="Unknown engine 'cgal': choose one of auto"):
        neighbours.choose_engine("cgal")  # type: ignore[arg-type]
