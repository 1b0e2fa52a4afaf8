"""Given masses where Newton's method alone does not lead: line art, strips, one heavy point."""

from dataclasses import replace

import numpy as np
import pytest

import stipple
from stipple.arrays import Floats
from stipple.measures.density import Density
from stipple.transport.quantisation import Step, quantise
from stipple.transport.semi_discrete import Transport, TransportSolver


def draw_masses(count: int, largest: float = 1000.0) -> Floats:
    """Draw masses with sum 1, evenly in their logarithm."""
    masses = largest ** np.random.default_rng(1).random(count)
    shares: Floats = masses / masses.sum()
    return shares


def draw_lines(size: int) -> Floats:
    """Draw contour lines a pixel or two wide on white."""
    y, x = np.indices((size, size)) / size
    height = np.sin(5 * x + 2 * y) + np.cos(4 * y - 3 * x * y)
    lines: Floats = (np.abs(height * 6 % 1 - 0.5) < 0.06).astype(float)
    return lines


def solve(values: Floats, masses: Floats) -> Transport:
    """Solve for points that lie anywhere."""
    density = Density(values)
    points = np.random.default_rng(5).random((len(masses), 2)) * values.shape[::-1]
    return TransportSolver(density, masses=masses).solve(points)


def count_nearest(transport: Transport, side: int) -> Floats:
    """Sum the density of places, side² in each pixel, by the point of least power: no cells."""
    height, width = transport.density.values.shape
    y, x = (np.indices((height * side, width * side)) + 0.5) / side
    power = -np.broadcast_to(transport.potentials[:, None, None], (len(transport.points), *x.shape))
    power = power + (x - transport.points[:, 0, None, None]) ** 2
    power += (y - transport.points[:, 1, None, None]) ** 2
    mass = np.repeat(np.repeat(transport.density.values, side, 0), side, 1) / side**2
    counted = np.bincount(power.argmin(axis=0).ravel(), mass.ravel(), len(transport.points))
    shares: Floats = counted / counted.sum()
    return shares


@pytest.mark.parametrize("values", [draw_lines(16), np.ones((9, 14)), np.ones((1, 40))])
def test_a_count_of_places_finds_the_masses(values: Floats) -> None:
    masses = draw_masses(7)
    transport = solve(values, masses)
    assert transport.mass_error <= 1e-6
    assert count_nearest(transport, 20) == pytest.approx(masses, abs=0.01)


@pytest.mark.parametrize(("count", "most"), [(1, 1), (2, 40), (3, 40)])
def test_few_points_have_their_masses(count: int, most: int) -> None:
    transport = solve(draw_lines(40), draw_masses(count, 1e6))
    assert transport.mass_error <= 1e-6
    assert transport.diagrams <= most


def test_points_anywhere_on_line_art_have_their_masses() -> None:
    transport = solve(draw_lines(150), draw_masses(300))
    assert transport.mass_error <= 1e-6
    assert transport.diagrams <= 400


def test_points_of_a_strip_have_their_masses() -> None:
    transport = solve(np.random.default_rng(3).random((1, 600)), draw_masses(200))
    assert transport.mass_error <= 1e-6
    assert transport.diagrams <= 400


def test_one_point_may_weigh_a_million_times_each_other() -> None:
    masses = np.where(np.arange(60) == 30, 1e6, 1.0)
    result = stipple.stipple(np.ones((64, 64)), masses=masses, iterations=0)
    assert result.mass_error <= 1e-6


def test_masses_on_line_art_move_to_a_minimum_with_fixed_points() -> None:
    values, masses = draw_lines(100), draw_masses(150)
    stay = np.argwhere(values)[::150, ::-1] + 0.5
    result = stipple.stipple(values, masses=masses, fixed=stay, iterations=10)
    assert result.mass_error <= 1e-6
    assert (result.points[: len(stay)] == stay).all()
    assert result.weights == pytest.approx(masses)


def test_a_step_of_an_unsolved_transport_has_no_negative_cost() -> None:
    transport = solve(np.ones((8, 8)), draw_masses(5))
    steps: list[Step] = []
    quantise(
        TransportSolver(transport.density, masses=transport.weights),
        transport.points,
        iterations=0,
        near=replace(transport, w2_squared=-2.0),
        on_step=steps.append,
    )
    assert [step.w2_squared for step in steps] == [0.0]


@pytest.mark.slow
def test_two_thousand_masses_on_line_art() -> None:
    values, masses = draw_lines(600), draw_masses(2000)
    equal = stipple.stipple(values, 2000)
    result = stipple.stipple(values, masses=masses)
    assert result.mass_error <= 1e-6
    assert result.diagrams <= 4 * equal.diagrams
    begun = solve(values, masses)
    assert begun.mass_error <= 1e-6
    assert begun.diagrams <= 1000
