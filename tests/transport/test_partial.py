"""Discs that share the plane where they meet."""

import numpy as np
import pytest

from stipple.geometry import power_cells
from stipple.geometry.bisection import start_from_bisection
from stipple.geometry.discs import cut_discs
from stipple.geometry.power_cells import build_power_cells
from stipple.geometry.shares import place_shares
from stipple.machine.threads import Workers
from stipple.measures.density import Density
from stipple.transport import partial
from stipple.transport.partial import TOLERANCE, fit_discs
from stipple.transport.semi_discrete import TransportSolver

SIZE = 20, 10


def share(points, radii):
    """Area that each disc has of the union."""
    return cut_discs(build_power_cells(points, radii**2, *SIZE), radii).areas


def draw_points(count, seed=0):
    return np.random.default_rng(seed).uniform(0, 1, (count, 2)) * SIZE


def test_discs_apart_have_their_radius_to_the_last_digit():
    points = np.array([[3.0, 3.0], [10.0, 5.0], [16.0, 6.0]])
    areas = np.array([2.0, 2.0, 5.0])
    assert (fit_discs(points, areas, *SIZE) == np.sqrt(areas / np.pi)).all()


def test_two_discs_that_meet_grow_and_others_do_not():
    points = np.array([[9.0, 5.0], [11.0, 5.0], [3.0, 3.0]])
    radii = fit_discs(points, np.full(3, 5.0), *SIZE)
    assert radii[2] == (5 / np.pi) ** 0.5
    assert radii[0] == pytest.approx(radii[1])
    # Half of the lens beyond the line between them, one away from both centres.
    radius = radii[0]
    segment = radius**2 * np.arccos(1 / radius) - (radius**2 - 1) ** 0.5
    assert np.pi * radius**2 - segment == pytest.approx(5, rel=2 * TOLERANCE)


@pytest.mark.parametrize("cover", [0.3, 0.9, 0.99])
def test_each_disc_has_its_area_of_the_union(cover):
    points = draw_points(60)
    areas = np.random.default_rng(1).uniform(0.5, 1.5, 60)
    areas *= cover * 200 / areas.sum()
    radii = fit_discs(points, areas, *SIZE)
    # Discs are no larger than they need be, which their cells depend on: the sum does not.
    assert share(points, radii).sum() == pytest.approx(areas.sum(), rel=2 * TOLERANCE)
    assert (radii >= np.sqrt(areas / np.pi) * (1 - TOLERANCE)).all()


@pytest.mark.parametrize("cover", [0.3, 0.9, 0.99])
@pytest.mark.parametrize("heavy", [0.02, 0.5])
def test_small_discs_beside_large_ones_have_their_areas_too(cover, heavy):
    random = np.random.default_rng(3)
    masses = np.where(random.random(400) < heavy, 1000.0, 1.0)
    masses /= masses.sum()
    density = Density(np.ones(SIZE[::-1]))
    solver = TransportSolver(density, masses=masses)
    near = solver.solve(place_shares(density, masses, np.full((400, 2), np.nan), random)[0])
    areas = cover * 200 * masses
    points = near.points
    radii = fit_discs(points, areas, *SIZE, near=near.diagram.cells)
    assert share(points, radii).sum() == pytest.approx(areas.sum(), rel=2 * TOLERANCE)
    assert (radii >= np.sqrt(areas / np.pi) * (1 - TOLERANCE)).all()


def test_a_full_rectangle_is_covered_and_no_disc_reaches_beyond_what_it_covers():
    points = draw_points(40, seed=2)
    radii = fit_discs(points, np.full(40, 5.0), *SIZE)
    assert share(points, radii).sum() == pytest.approx(200, rel=2 * TOLERANCE)
    # Where all is covered the transport is that of the whole area.
    cells = TransportSolver(Density(np.ones(SIZE[::-1]))).solve(points).diagram.cells
    reaches = [np.hypot(*(cells.polygon(i) - points[i]).T).max() for i in range(40)]
    np.testing.assert_allclose(radii, reaches, rtol=0.03)


def test_cells_of_the_areas_wanted_are_covered_at_once(monkeypatch):
    points = draw_points(40, seed=2)
    cells = TransportSolver(Density(np.ones(SIZE[::-1]))).solve(points).diagram.cells
    monkeypatch.setattr(partial, "build_power_cells", None)
    radii = fit_discs(points, np.full(40, 5.0), *SIZE, near=cells)
    for i in range(40):
        corners = cells.polygon(i) - points[i]
        assert radii[i] == pytest.approx(np.hypot(*corners.T).max())


@pytest.mark.parametrize("threads", [1, 2])
def test_cells_near_by_lead_to_the_same_discs_without_an_engine(monkeypatch, threads):
    points, _ = start_from_bisection(Density(np.ones(SIZE[::-1])), 2500)
    areas = np.random.default_rng(1).uniform(0.03, 0.09, 2500)
    radii = fit_discs(points, areas, *SIZE)
    near = build_power_cells(points, np.zeros(2500), *SIZE)
    monkeypatch.setattr(power_cells, "find_neighbours", None)
    found = fit_discs(points, areas, *SIZE, near=near, workers=Workers(threads))
    np.testing.assert_allclose(found, radii, rtol=1e-9)


def test_discs_of_many_random_points_cover_what_they_should():
    # From the first of these, steps that hide no cell lead nowhere.
    points = draw_points(2000)
    areas = np.full(2000, 0.095)
    covered = share(points, fit_discs(points, areas, *SIZE)).sum()
    assert covered == pytest.approx(190, rel=2 * TOLERANCE)


def test_one_disc_on_the_border_grows():
    (radius,) = fit_discs(np.array([[0.0, 5.0]]), np.array([6.0]), *SIZE)
    assert np.pi * radius**2 / 2 == pytest.approx(6, rel=2 * TOLERANCE)


@pytest.mark.parametrize("area", [0.0, 5e-324, 1e-200])
def test_areas_of_which_products_underflow_are_discs_that_nobody_sees(area):
    points = np.array([[0.4, 0.5], [1.0, 0.5], [1.6, 0.5]])
    areas = np.array([area, 0.1, area])
    radii = fit_discs(points, areas, 2.0, 1.0)
    np.testing.assert_array_equal(radii, np.sqrt(areas / np.pi))
