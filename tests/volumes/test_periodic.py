"""Periodic boxes: cells of 27 copies, lattices, rolled densities, a linear program, seams."""

from typing import Any

import numpy as np
import ot
import pytest

import stipple
from stipple.geometry.periodic_polyhedra import (
    build_periodic_polyhedra,
    integrate_cells,
    wrap_cells,
)
from stipple.geometry.power_polyhedra import build_power_polyhedra
from stipple.geometry.torus import copy_points, shorten, wrap
from stipple.geometry.voxel_integrals import integrate_polyhedra
from stipple.measures.volume import VolumeDensity
from stipple.volumes.certificate import certify_volume
from stipple.volumes.quantisation import BODY_CENTRED_QUALITY, measure_quality, quantise
from stipple.volumes.transport import VolumeSolver

CUBE = VolumeDensity(np.ones((1, 1, 1)))


def make_uneven(seed: int) -> VolumeDensity:
    random = np.random.default_rng(seed)
    return VolumeDensity(random.random((3, 5, 4)) ** 2 + 0.01, (1.0, 0.8, 1.3))


def make_solver(density: VolumeDensity, count: int) -> VolumeSolver:
    return VolumeSolver(density, np.full(count, 1 / count), 1, periodic=True)


def list_all_copies(points: Any, size: Any) -> Any:
    """Copies moved by −2 to 2 sides: more than can matter, shape (125, n, 3)."""
    laps = np.indices((5, 5, 5)).reshape(3, -1).T - 2
    return points + laps[:, None] * size


@pytest.mark.parametrize(("count", "spread"), [(1, 0.0), (2, 0.4), (9, 0.3), (60, 0.05)])
def test_cells_are_those_of_all_copies_cut_by_the_box(count: int, spread: float) -> None:
    """In the box the copies have ordinary cells: what those of a point hold is what it holds."""
    random = np.random.default_rng(count)
    density = make_uneven(1)
    points = random.random((count, 3)) * density.size
    potentials = spread * random.random(count)
    cells = build_periodic_polyhedra(points, potentials, density.size)
    found = integrate_cells(density, cells)
    copies = list_all_copies(points, density.size).reshape(-1, 3)
    cut = build_power_polyhedra(copies, np.tile(potentials, 125), density.size)
    expected = integrate_polyhedra(density, copies, cut.facets)

    def fold(values: Any) -> Any:
        return values.reshape(125, count, *values.shape[1:]).sum(axis=0)

    assert cells.volumes == pytest.approx(fold(cut.volumes), rel=1e-11)
    assert found.masses == pytest.approx(fold(expected.masses), rel=1e-11)
    assert found.first_moments == pytest.approx(fold(expected.first_moments), abs=1e-12)
    assert found.second_moments == pytest.approx(fold(expected.second_moments), rel=1e-10)


def check_facets(cells: Any) -> None:
    """A facet lies where its two points, one seen along the way, are as far but for potentials."""
    every = np.arange(len(cells.facets.neighbours))
    facet = np.repeat(every, np.diff(cells.facets.starts))
    owners, others = cells.list_owners()[facet], cells.facets.neighbours[facet]
    corners = cells.facets.corners
    here = (corners**2).sum(axis=1) - cells.potentials[owners]
    there = ((corners - cells.find_ways(every)[facet]) ** 2).sum(axis=1) - cells.potentials[others]
    assert here == pytest.approx(there, abs=1e-12)
    assert (others >= 0).all()


def test_facets_lead_to_the_copies_that_share_them() -> None:
    random = np.random.default_rng(4)
    size = np.array([1.0, 2.0, 0.5])
    # Points anywhere, each cell about its own.
    points, potentials = 3 * random.random((7, 3)) - 1, 0.01 * random.random(7)
    check_facets(build_periodic_polyhedra(points, potentials, size))


def test_copies_are_found_by_point_and_laps() -> None:
    size = np.array([1.0, 2.0])
    points = np.array([[0.1, 0.1], [0.5, 1.9]])
    copies = copy_points(points, size, np.array([0.2, 0.2]))
    assert copies.places[:2] == pytest.approx(points)
    listed = {(*lap, owner) for lap, owner in zip(copies.laps, copies.owners, strict=True)}
    assert listed == {(0, 0, 0), (0, 0, 1), (1, 0, 0), (0, 1, 0), (1, 1, 0), (0, -1, 1)}
    found = copies.find(copies.owners, copies.laps)
    assert found.tolist() == list(range(6))
    assert copies.find(np.array([1, 0]), np.array([[1, 0], [2, 0]])).tolist() == [-1, -1]


def test_points_are_wrapped_into_the_half_open_box() -> None:
    size = np.array([1.0, 3.0])
    points = np.array([[-1e-20, 3.0], [1.25, -0.5], [-7.0, 2.0]])
    assert wrap(points, size).tolist() == [[0.0, 0.0], [0.25, 2.5], [0.0, 2.0]]


@pytest.mark.parametrize("side", [1, 3])
@pytest.mark.parametrize("shift", [0.0, 0.37, -5.1])
def test_a_body_centred_lattice_has_its_constant_exactly(side: int, shift: float) -> None:
    corners = np.indices((side,) * 3).reshape(3, -1).T
    points = np.concatenate([corners + 0.25, corners + 0.75]) / side + shift
    transport = make_solver(CUBE, 2 * side**3).solve(points)
    interval = transport.interval
    scale = transport.w2_squared / measure_quality(transport)
    assert measure_quality(transport) == pytest.approx(BODY_CENTRED_QUALITY, rel=1e-12)
    assert interval.lower <= BODY_CENTRED_QUALITY * scale <= interval.upper
    assert interval.upper - interval.lower < 1e-10 * interval.upper


def test_one_point_has_the_variance_of_the_box_wherever_it_is() -> None:
    density = VolumeDensity(np.ones((1, 1, 1)), (1.0, 2.0, 3.0))
    found = make_solver(density, 1).solve(np.array([[0.9, 0.1, 7.0]])).interval
    assert found.lower <= 14 / 12 <= found.upper


@pytest.mark.parametrize("laps", [(1, 0, 0), (2, -3, 1)])
def test_a_rolled_density_has_the_same_w2(laps: tuple[int, int, int]) -> None:
    density = make_uneven(2)
    random = np.random.default_rng(0)
    points, masses = random.random((20, 3)) * density.size, random.random(20) + 0.2
    masses /= masses.sum()
    rolled = VolumeDensity(np.roll(density.values, laps[::-1], (0, 1, 2)), density.spacing)
    moved = wrap(points + np.array(laps) * density.spacing, density.size)
    first = VolumeSolver(density, masses, 1, periodic=True).solve(points, tolerance=1e-10)
    second = VolumeSolver(rolled, masses, 1, periodic=True).solve(moved, tolerance=1e-10)
    assert first.converged
    assert second.converged
    assert second.w2_squared == pytest.approx(first.w2_squared, rel=1e-12)
    assert second.interval.lower <= first.w2_squared <= second.interval.upper


def test_w2_is_that_of_a_linear_program_with_the_distances_of_the_torus() -> None:
    density = VolumeDensity(np.random.default_rng(0).random((2, 2, 2)) + 0.2)
    points = np.random.default_rng(1).random((5, 3)) * 2
    masses = np.array([1.0, 2, 3, 1, 2]) / 9
    solver = VolumeSolver(density, masses, 1, periodic=True)
    transport = solver.solve(points)
    parts = 5
    grid = (np.indices((2 * parts,) * 3).reshape(3, -1).T[:, ::-1] + 0.5) / parts
    weights = np.kron(density.densities, np.full((parts,) * 3, 1 / parts**3)).ravel()
    costs = (shorten(grid[:, None] - points, density.size) ** 2).sum(axis=2)
    lowest = ot.emd2(weights, masses, costs, numItermax=10**6)
    # The program moves small cubes as wholes: their variance, and twice what is lost where a cube
    # lies across a cut locus, are all that it can be wrong by.
    inner = 3 / (12 * parts**2)
    assert transport.w2_squared <= lowest + inner + 1e-9
    assert lowest <= transport.w2_squared + 3 * inner
    rough = certify_volume(density, solver.measure(points, np.zeros(5)).cells, masses)
    assert rough.lower < transport.w2_squared < rough.upper


def compare_seams(points: Any, neighbours: int) -> float:
    """Mean distances to the nearest copies: those near a seam less those inside, in deviations."""
    ways = shorten(points[:, None] - points, np.ones(3))
    distances = np.sort(np.sqrt((ways**2).sum(axis=2)), axis=1)[:, 1 : 1 + neighbours].mean(axis=1)
    seam = np.minimum(points, 1 - points).min(axis=1) < 0.5 * len(points) ** (-1 / 3)
    here, inside = distances[seam], distances[~seam]
    error = np.sqrt(here.var() / len(here) + inside.var() / len(inside))
    return abs(float(here.mean() - inside.mean())) / float(error)


def test_distances_across_seams_are_those_inside() -> None:
    """From points at random, which no lattice orders: 14 neighbours have cells of the best one."""
    start = np.random.default_rng(0).random((250, 3))
    ends = {}
    for periodic in (True, False):
        solver = VolumeSolver(CUBE, np.full(250, 1 / 250), 1, periodic=periodic)
        found = quantise(solver, start, iterations=8).transport
        ends[periodic] = wrap(found.points, CUBE.size)
        assert found.interval.lower <= found.w2_squared <= found.interval.upper
    for neighbours in (1, 14):
        assert compare_seams(ends[True], neighbours) < 3
    assert compare_seams(ends[False], 14) > 4


def test_cells_given_are_about_points_in_the_box() -> None:
    """Points that left the box are wrapped, and facets still lead to the copies that share them."""
    density = make_uneven(3)
    found = stipple.stipple_volume(density, 9, periodic=True, iterations=3, threads=1)
    assert found.periodic
    assert np.array_equal(found.cells.points, found.points)
    check_facets(found.cells)
    laps = np.random.default_rng(0).integers(-2, 3, (9, 3))
    wide = make_solver(density, 9).solve(found.points + laps * density.size)
    wrapped = wrap_cells(wide.diagram.cells)
    assert ((wrapped.points >= 0) & (wrapped.points < density.size)).all()
    check_facets(wrapped)
    corners = found.cells.place_corners()
    assert (corners.min(axis=0) < 0).all() or (corners.max(axis=0) > density.size).all()


def test_both_ends_of_two_unequal_cells_are_the_closed_forms() -> None:
    """Cells of lengths 1.4 and 0.6 in a ring of length 2: the dual, and a plan that moves mass."""
    shift = 0.2
    density = VolumeDensity(np.ones((1, 1, 2)))
    points = np.array([[0.25, 0.5, 0.5], [1.25, 0.5, 0.5]])
    rough = make_solver(density, 2).measure(points, np.array([2 * shift, 0.0]))
    interval = certify_volume(density, rough.cells, np.full(2, 0.5))
    cost = ((0.5 + shift) ** 3 + (0.5 - shift) ** 3) / 3 + 1 / 6
    assert interval.lower == pytest.approx(cost - 2 * shift**2, abs=1e-11)
    assert interval.upper == pytest.approx(cost + shift, abs=1e-11)


def test_flat_periodic_boxes_begin_and_end_in_the_best_lattice() -> None:
    found = stipple.stipple_volume(np.ones((2, 2, 2)), 54, periodic=True, threads=1)
    assert found.quality == pytest.approx(BODY_CENTRED_QUALITY, rel=1e-9)
    assert found.settled
    # Where no lattice fits, better than from boxes (0.2386), and no better than the best.
    other = stipple.stipple_volume(np.ones((1, 1, 1)), 100, periodic=True, iterations=20, threads=1)
    assert BODY_CENTRED_QUALITY < other.quality < 0.2384
