"""The certified interval of W2²: closed forms of every shape, and polygons that are wrong."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from pictures import load_sample

import stipple
from stipple.arrays import Floats
from stipple.geometry.cell_integrals import bound_integrals
from stipple.geometry.excess import measure_excess
from stipple.geometry.power_cells import PowerCells, build_power_cells
from stipple.geometry.tiling import measure_defects, straighten
from stipple.interval import Interval
from stipple.machine.threads import Workers
from stipple.measures.density import Density
from stipple.transport.certificate import certify_transport, evaluate_dual
from stipple.transport.semi_discrete import NARROW, TransportSolver

RANDOM = np.random.default_rng(5)


def place_lattice(size: tuple[int, int], box: tuple[float, float]) -> Floats:
    """Centres of boxes (width, height) that fill a picture (height, width)."""
    x, y = (
        side * (np.arange(round(length / side)) + 0.5)
        for length, side in zip(size[::-1], box, strict=True)
    )
    return np.stack(np.meshgrid(x, y), -1).reshape(-1, 2)


@pytest.mark.parametrize(
    ("size", "box"),
    [
        ((4000, 100), (10, 10)),
        ((100, 4000), (10, 10)),
        ((50, 3000), (10, 10)),
        ((50, 30_000), (10, 10)),
        ((1, 100_000), (10, 1)),
        ((20, 100_000), (10, 10)),
        ((100_000, 1), (1, 50)),
        ((1, 1_000_000), (500, 1)),
        ((3, 7), (0.125, 0.125)),
        ((1, 1), (1, 1)),
        pytest.param((1000, 8000), (10, 10), marks=pytest.mark.slow),
        pytest.param((1000, 10_000), (10, 10), marks=pytest.mark.slow),
        pytest.param((10_000, 10_000), (100, 100), marks=pytest.mark.slow),
    ],
    ids=str,
)
def test_equal_boxes_have_their_exact_value(
    size: tuple[int, int], box: tuple[float, float]
) -> None:
    found = stipple.stipple(np.ones(size), start=place_lattice(size, box), iterations=0)
    true = sum(Fraction(side) ** 2 for side in box) / 12
    assert Fraction(found.w2_squared_lower) <= true <= Fraction(found.w2_squared_upper)
    assert found.w2_squared_upper - found.w2_squared_lower <= 1e-6 * true


def test_the_interval_is_narrow_on_a_photograph() -> None:
    # Masses of dots that were moved off white are solved until the interval is narrow enough.
    for strays, part in (("keep", 5e-8), ("move", NARROW)):
        found = stipple.stipple(load_sample("camera.png"), 5000, iterations=1, strays=strays)
        assert found.w2_squared_lower <= found.w2_squared <= found.w2_squared_upper
        assert found.w2_squared_upper - found.w2_squared_lower <= part * found.w2_squared


@pytest.mark.parametrize(
    ("size", "inked", "count", "width"),
    [
        ((200, 200), 1, 80, 5e-6),
        ((150, 150), 20, 100, 1e-6),
        ((3, 4000), 10, 80, 1e-4),
        ((1, 10_000), 8, 64, 5e-4),
        ((10_000, 1), 8, 64, 2e-3),
    ],
    ids=str,
)
def test_the_interval_is_narrow_where_cells_reach_over_white_paper(
    size: tuple[int, int], inked: int, count: int, width: float
) -> None:
    values = np.zeros(size)
    pixels = np.random.default_rng(0).choice(values.size, inked, replace=False)
    values.ravel()[pixels] = 1
    found = stipple.stipple(values, count, iterations=3)
    assert found.w2_squared_upper - found.w2_squared_lower <= width * found.w2_squared


def test_bounds_of_rounding_are_those_of_the_mass_not_of_the_cell() -> None:
    values = np.zeros((1000, 1000))
    values[500, 500] = 1
    density = Density(values)
    cells = TransportSolver(density).measure(np.array([[500.5, 500.5]]), np.zeros(1)).cells
    found = bound_integrals(density, straighten(cells))
    true = 1 / 6
    assert abs(found.second_moments[0] - true) <= found.second_errors[0] < 1e-9
    assert abs(found.masses[0] - 1) <= found.errors[0] < 1e-11


# --- nothing is trusted --------------------------------------------------------------------------

SIZE = (12, 20)
BLACK = Density(np.ones(SIZE))
LATTICE = place_lattice(SIZE, (2, 2))
TRUE = 8 / 12


def cut(points: Floats = LATTICE, spread: float = 0.0) -> PowerCells:
    potentials = spread * RANDOM.random(len(points))
    return TransportSolver(BLACK).measure(points, potentials).cells


def check(cells: PowerCells) -> Interval:
    interval = certify_transport(BLACK, cells)
    assert interval.lower <= TRUE <= interval.upper
    return interval


def leave_out(cells: PowerCells, index: int) -> PowerCells:
    """Drop the polygon of one cell, not its point."""
    adjacency = cells.adjacency
    start, stop = adjacency.offsets[index : index + 2]
    offsets = adjacency.offsets.copy()
    offsets[index + 1 :] -= stop - start
    neighbours = np.delete(adjacency.neighbours, slice(start, stop))
    vertices = np.delete(cells.vertices, slice(start, stop), axis=0)
    return replace(
        cells,
        adjacency=replace(adjacency, offsets=offsets, neighbours=neighbours),
        vertices=vertices,
    )


def test_polygons_that_tile_give_a_narrow_interval() -> None:
    interval = check(cut())
    assert interval.upper - interval.lower < 1e-10


@pytest.mark.parametrize("size", [1e-12, 1e-9, 1e-6, 1e-3, 0.3])
def test_corners_may_be_wrong(size: float) -> None:
    for spread in (0.0, 0.5):
        cells = cut(spread=spread)
        noise = size * RANDOM.standard_normal(cells.vertices.shape)
        check(replace(cells, vertices=cells.vertices + noise))


def test_a_polygon_may_lack_or_be_too_large() -> None:
    cells = cut()
    check(leave_out(cells, 0))
    check(leave_out(cells, 33))
    start, stop = cells.adjacency.offsets[17:19]
    grown = cells.vertices.copy()
    grown[start:stop] *= 3
    check(replace(cells, vertices=grown))


def test_labels_of_edges_may_be_wrong() -> None:
    cells = cut()
    shuffled = RANDOM.permutation(cells.adjacency.neighbours)
    check(replace(cells, adjacency=replace(cells.adjacency, neighbours=shuffled)))


def test_hidden_and_coinciding_points_count() -> None:
    points = place_lattice(SIZE, (10, 12))
    interval = certify_transport(BLACK, cut(np.vstack([points, points])))
    assert interval.lower <= (10**2 + 12**2) / 12 <= interval.upper


def test_neither_the_order_of_the_cells_nor_threads_change_the_interval() -> None:
    points = np.random.default_rng(8).random((2100, 2)) * SIZE[::-1]
    weights = np.random.default_rng(9).uniform(0.5, 1.5, 2100)
    weights /= weights.sum()
    cells = cut(points)
    alone = certify_transport(BLACK, cells, None, weights)
    order = np.random.default_rng(10).permutation(2100)
    shared = certify_transport(BLACK, cells.reorder(order), Workers(2), weights[order])
    assert (alone.lower, alone.upper) == (shared.lower, shared.upper)


def test_potentials_that_are_not_the_polygons_own_are_found_out() -> None:
    cells = cut()
    potentials = np.zeros(len(LATTICE))
    potentials[12] = 0.5
    excess = measure_excess(cells, potentials)
    # In the corners of the neighbours, as near to point 12 as to their own.
    assert excess[12] < 1e-12
    assert excess[13] == pytest.approx(0.5, abs=1e-12)
    assert excess[50] < 1e-12
    check(replace(cells, potentials=potentials))


@pytest.mark.parametrize("side", [0.5, 40.0])
def test_excess_is_that_of_all_points_wherever_they_lie(side: float) -> None:
    """Of points together in a corner some have cells as large as the picture: all are near."""
    random = np.random.default_rng(12)
    points = 40 - side * random.random((700, 2))
    cells = build_power_cells(points, np.zeros(700), 60.0, 40.0)
    potentials = 1e-3 * random.standard_normal(700)
    corners = np.repeat(points, np.diff(cells.adjacency.offsets), axis=0) + cells.vertices
    heights = ((corners[:, None] - points) ** 2).sum(axis=2) - potentials
    owners, _ = cells.list_edges()
    above = heights[np.arange(len(owners)), owners] - heights.min(axis=1)
    true = np.maximum.reduceat(above, cells.adjacency.offsets[:-1])
    excess = measure_excess(cells, potentials, Workers(2))
    np.testing.assert_allclose(excess, true, rtol=0, atol=1e-9)
    assert (excess >= true - 1e-11).all()


def test_defects_of_polygons_that_tile_are_rounding() -> None:
    cells = straighten(cut(RANDOM.random((60, 2)) * SIZE[::-1]))
    defects = measure_defects(cells, np.full((2, len(cells.vertices)), 10.0), 1.0)
    assert defects.gap < 1e-12
    assert defects.rest < 1e-20
    without = measure_defects(leave_out(cells, 7), np.full((2, len(cells.vertices)), 10.0), 1.0)
    assert without.rest + without.strips.sum() >= cells.areas[7]


def test_straightened_polygons_are_convex() -> None:
    cells = cut()
    dented = cells.vertices.copy()
    start, stop = cells.adjacency.offsets[30:32]
    dented[start] *= -0.5
    straight = straighten(replace(cells, vertices=dented))
    assert len(straight.vertices) == len(cells.vertices) - 1
    # Walked the other way around: no polygon.
    dented[start:stop] = cells.vertices[start:stop][::-1]
    straight = straighten(replace(cells, vertices=dented))
    assert len(straight.vertices) == len(cells.vertices) - (stop - start)
    assert not straight.adjacency.visible[30]


def test_a_constant_in_the_potentials_is_no_matter() -> None:
    """Nor where masses add up to a little more than 1, as rounding makes them."""
    potentials = np.array([1.0, -1.0])
    masses, weights = np.array([0.25, 0.75 + 2.0**-30]), np.full(2, 0.5)
    value = evaluate_dual(potentials + 2.0**30, weights, masses, np.array([1.0, 2.0]))
    assert value == pytest.approx(3.5, abs=1e-6)


def test_the_upper_end_is_the_cost_of_the_repaired_plan() -> None:
    """Two cells of mass 0.6 and 0.4: a tenth of the mass goes on, from all over its cell."""
    density = Density(np.ones((1, 2)))
    points = np.array([[0.5, 0.5], [1.5, 0.5]])
    # The border lies at x = 1.2, where (x − ½)² − φ = (x − 3/2)².
    diagram = TransportSolver(density).measure(points, np.array([0.4, 0.0]))
    assert diagram.integrals.masses == pytest.approx([0.6, 0.4])
    found = certify_transport(density, diagram.cells)

    def integrate(start: float, end: float, point: float) -> float:
        """∫(x − point)² of half the length."""
        return ((end - point) ** 3 - (start - point) ** 3) / 6

    stay = integrate(0, 1.2, 0.5) * 5 / 6 + integrate(1.2, 2, 1.5)
    move = integrate(0, 1.2, 1.5) / 6
    assert found.upper == pytest.approx(stay + move + 1 / 12, rel=1e-6)
