"""The plane as a torus: cells of all copies, lattices, rolled densities, a program, seams."""

from typing import Any

import numpy as np
import ot
import pytest

import stipple
from stipple.errors import PowerCellError, StippleError
from stipple.geometry.cell_integrals import integrate_cells
from stipple.geometry.periodic_cells import TorusCutter, cut_by_box, wrap_cells
from stipple.geometry.power_cells import PowerCells, build_power_cells
from stipple.geometry.sides import list_sides
from stipple.geometry.torus import shorten, wrap
from stipple.machine.threads import Workers
from stipple.measures.density import Density
from stipple.transport.certificate import certify_transport
from stipple.transport.semi_discrete import TransportSolver


def make_uneven(seed: int) -> Density:
    return Density(np.random.default_rng(seed).random((9, 13)) ** 2 + 0.01)


def make_solver(density: Density, **options: Any) -> TransportSolver:
    return TransportSolver(density, threads=1, periodic=True, **options)


def cut(points: Any, potentials: Any, density: Density, engine: Any = "auto") -> PowerCells:
    return TorusCutter(density.width, density.height, engine, Workers(1)).cut(points, potentials)


@pytest.mark.parametrize(("count", "spread"), [(1, 0.0), (2, 4.0), (7, 9.0), (80, 0.2)])
@pytest.mark.parametrize("engine", ["auto", "qhull"])
def test_cells_are_those_of_all_copies_cut_by_the_box(
    count: int, spread: float, engine: str
) -> None:
    """In the box the copies have ordinary cells: what those of a point hold is what it holds."""
    random = np.random.default_rng(count)
    density = make_uneven(1)
    size = np.array([density.width, density.height])
    points, potentials = random.random((count, 2)) * size, spread * random.random(count)
    cells = cut(points, potentials, density, engine)
    found = integrate_cells(density, cells)
    laps = np.indices((5, 5)).reshape(2, -1).T - 2
    copies = (points + laps[:, None] * size).reshape(-1, 2)
    clipped = build_power_cells(copies, np.tile(potentials, 25), *map(float, size))
    expected = integrate_cells(density, clipped)

    def fold(values: Any) -> Any:
        return values.reshape(25, count, *values.shape[1:]).sum(axis=0)

    assert cells.areas == pytest.approx(fold(clipped.areas), rel=1e-10)
    assert found.masses == pytest.approx(fold(expected.masses), rel=1e-10)
    assert found.first_moments == pytest.approx(fold(expected.first_moments), abs=1e-11)
    assert found.second_moments == pytest.approx(fold(expected.second_moments), rel=1e-9)
    # Half a length for each of both copies of a side, wherever the box cuts it.
    inner = list_sides(clipped)
    beyond = (inner.rows % count) != (inner.columns % count)
    assert list_sides(cells).lengths.sum() == pytest.approx(inner.lengths[beyond].sum(), rel=1e-9)


def check_edges(cells: PowerCells) -> None:
    """An edge lies where its two points, one in its copy, are as far but for potentials."""
    owners, _ = cells.list_edges()
    others = cells.adjacency.neighbours
    ways = cells.points[others] + cells.shifts - cells.points[owners]
    here = (cells.vertices**2).sum(axis=1) - cells.potentials[owners]
    there = ((cells.vertices - ways) ** 2).sum(axis=1) - cells.potentials[others]
    assert here == pytest.approx(there, abs=1e-10)
    assert (others >= 0).all()


def test_edges_lead_to_the_copies_that_share_them() -> None:
    density = make_uneven(0)
    random = np.random.default_rng(4)
    cutter = TorusCutter(density.width, density.height, "auto", Workers(1))
    points, potentials = 40 * random.random((30, 2)) - 10, random.random(30)
    cells = cutter.cut(points, potentials)
    check_edges(cells)
    check_edges(wrap_cells(cells))
    order = random.permutation(30)
    check_edges(cells.reorder(order))
    # From the cells before, and from points too far from those.
    for move in (0.01, 3.0):
        points = points + move * random.random((30, 2))
        again = cutter.cut(points, potentials)
        check_edges(again)
        assert again.areas == pytest.approx(cut(points, potentials, density).areas, rel=1e-10)


def test_a_hidden_cell_is_refused_where_none_may_be() -> None:
    density = Density(np.ones((4, 4)))
    cutter = TorusCutter(4, 4, "auto", Workers(1))
    points, potentials = np.array([[1.0, 1.0], [3.9, 3.9], [1.1, 1.0]]), np.array([9.0, 9.0, 0.0])
    cells = cutter.cut(points, potentials)
    assert cells.adjacency.visible.tolist() == [True, True, False]
    assert certify_transport(density, cells).lower == 0
    with pytest.raises(PowerCellError, match="1 of 3 power cells are hidden"):
        cutter.cut(points, potentials, all_visible=True)


@pytest.mark.parametrize("shift", [0.0, 1e-12, 1e-9, 0.37, -25.5])
@pytest.mark.parametrize(
    ("points", "expected"),
    [
        # One point, a grid of squares of side 2, one of such squares turned by 45 degrees.
        ([[1.0, 2.0]], 32 / 12),
        ([[x, y] for x in (1, 3) for y in (1, 3)], 8 / 12),
        ([[1.0, 1.0], [3.0, 3.0]], 16 / 12),
    ],
)
def test_lattices_have_their_costs(points: Any, expected: float, shift: float) -> None:
    transport = make_solver(Density(np.ones((4, 4)))).solve(np.array(points) + shift)
    interval = transport.interval
    assert interval.lower <= expected <= interval.upper
    assert interval.upper - interval.lower < 1e-8 * expected


@pytest.mark.parametrize("laps", [(1, 0), (4, -3)])
def test_a_rolled_density_has_the_same_w2(laps: tuple[int, int]) -> None:
    density = make_uneven(2)
    size = np.array([density.width, density.height])
    random = np.random.default_rng(0)
    points, masses = random.random((30, 2)) * size, random.random(30) + 0.2
    masses /= masses.sum()
    rolled = Density(np.roll(density.values, laps[::-1], (0, 1)))
    first = make_solver(density, masses=masses).solve(points, tolerance=1e-10)
    second = make_solver(rolled, masses=masses).solve(
        wrap(points + np.array(laps), size), tolerance=1e-10
    )
    assert second.w2_squared == pytest.approx(first.w2_squared, rel=1e-11)
    for one, other in ((first, second), (second, first)):
        assert one.converged
        assert one.interval.lower <= other.w2_squared <= one.interval.upper
        assert one.interval.upper - one.interval.lower < 1e-8 * one.w2_squared


def test_w2_is_that_of_a_linear_program_with_the_distances_of_the_torus() -> None:
    density = Density(np.random.default_rng(0).random((4, 5)) + 0.2)
    size = np.array([5.0, 4.0])
    points = np.random.default_rng(1).random((6, 2)) * size
    masses = np.array([1.0, 2, 3, 1, 2, 3]) / 12
    solver = make_solver(density, masses=masses)
    transport = solver.solve(points)
    parts = 8
    rows, columns = np.indices((4 * parts, 5 * parts)).reshape(2, -1)
    grid = (np.column_stack([columns, rows]) + 0.5) / parts
    weights = np.kron(density.values, np.ones((parts, parts))).ravel()
    costs = (shorten(grid[:, None] - points, size) ** 2).sum(axis=2)
    lowest = ot.emd2(weights / weights.sum(), masses, costs, numItermax=10**6)
    # The program moves small squares as wholes, to the copy that is nearest to their middles.
    inner = 2 / (12 * parts**2)
    assert transport.w2_squared <= lowest + inner + 1e-9
    assert lowest <= transport.w2_squared + 3 * inner
    rough = certify_transport(density, solver.measure(points, np.zeros(6)).cells, None, masses)
    assert rough.lower < transport.w2_squared < rough.upper


def test_cells_cut_by_the_box_tile_it() -> None:
    density = make_uneven(3)
    points = np.random.default_rng(0).random((25, 2)) * [density.width, density.height]
    cells = cut(points, np.zeros(25), density)
    clipped, owners = cut_by_box(cells)
    assert np.bincount(owners, clipped.areas) == pytest.approx(cells.areas, rel=1e-10)
    # All copies that are nearest to any place in the box are there: here four of each on average.
    assert len(owners) > 3.5 * 25
    assert clipped.potentials == pytest.approx(cells.potentials[owners])


def compare_seams(points: Any, size: Any, measure: Any) -> float:
    """Means of a measure of the six nearest distances, near a seam less inside, in deviations."""
    ways = shorten(points[:, None] - points, size)
    distances = measure(np.sort(np.hypot(*ways.T), axis=1)[:, 1:7])
    spacing = np.sqrt(size.prod() / len(points))
    seam = np.minimum(points, size - points).min(axis=1) < 0.5 * spacing
    here, inside = distances[seam], distances[~seam]
    error = np.sqrt(here.var() / len(here) + inside.var() / len(inside))
    return abs(float(here.mean() - inside.mean())) / float(error)


def test_distances_across_seams_are_those_inside() -> None:
    values, size = np.full((40, 40), 0.3), np.array([40.0, 40.0])
    options: Any = {"iterations": 8, "threads": 1}
    tile = stipple.stipple(values, 400, periodic=True, **options)
    alone = stipple.stipple(values, 400, **options)
    assert tile.periodic
    assert ((tile.points >= 0) & (tile.points < size)).all()
    assert tile.w2_squared_lower <= tile.w2_squared <= tile.w2_squared_upper
    for measure in (
        lambda nearest: nearest[:, 0],
        lambda nearest: nearest.mean(axis=1),
        lambda nearest: nearest.std(axis=1),
    ):
        assert compare_seams(tile.points, size, measure) < 3
        assert compare_seams(alone.points, size, measure) > 6


def test_dots_across_a_side_are_drawn_beyond_the_other_too() -> None:
    """As many dots as copies that reach into the picture, which together have its tone."""
    values = np.full((10, 10), 0.9)
    found = stipple.stipple(values, 9, periodic=True, iterations=5, threads=1)
    places, radii = found.place_dots()
    assert np.array_equal(places[:9], found.points)
    every = [
        (*(point + np.array([i, j]) * 10), radius)
        for point, radius in zip(found.points, found.radii, strict=True)
        for i in (-1, 0, 1)
        for j in (-1, 0, 1)
        if (np.abs(point + np.array([i, j]) * 10 - 5) < 5 + radius).all()
    ]
    drawn = np.column_stack([places, radii])
    assert sorted(map(tuple, drawn.round(9))) == sorted(map(tuple, np.round(every, 9)))
    from stipple.transport.sizes import measure_coverage

    assert measure_coverage(places, radii, 10.0, 10.0) == pytest.approx(0.9, abs=2e-4)


def test_no_dots_overlap_across_a_seam_if_they_are_to_lie_apart() -> None:
    found = stipple.stipple(
        np.ones((10, 10)), 8, periodic=True, iterations=2, spacing="apart", threads=1
    )
    ways = np.hypot(*shorten(found.points[:, None] - found.points, np.array([10, 10])).T)
    reach = found.radii[:, None] + found.radii
    assert (ways[~np.eye(8, dtype=bool)] >= reach[~np.eye(8, dtype=bool)] - 1e-12).all()


def test_strays_move_to_ink_across_a_seam() -> None:
    values = np.zeros((12, 12))
    values[[0, 0, 11, 11], [0, 11, 0, 11]] = 1
    values[5:7, 5:7] = 1
    found = stipple.stipple(values, 3, periodic=True, threads=1)
    columns, rows = found.points.astype(int).T
    assert (values[rows, columns] > 0).all()
    assert found.converged


def test_points_that_coincide_on_the_torus_are_refused() -> None:
    with pytest.raises(StippleError, match="1 of the 2 points coincide"):
        stipple.stipple(np.ones((4, 4)), start=[[0.0, 1.0], [4.0, 1.0]], periodic=True)
    with pytest.raises(StippleError, match="no border to bleed over"):
        stipple.stipple(np.ones((4, 4)), 2, periodic=True, bleed=True)
