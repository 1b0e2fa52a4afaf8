"""Masses 1:1000 cost few more diagrams than equal ones."""

import numpy as np
import pytest

import stipple
from stipple.machine.threads import Workers
from stipple.measures.density import Density
from stipple.transport.coordinate_ascent import LEAST, MOST, ascend_coordinates
from stipple.transport.semi_discrete import TransportSolver

KINDS = ("log-uniform", "two values", "few heavy", "few light", "log-normal", "sorted")


def draw_masses(kind, count):
    random = np.random.default_rng(0)
    if kind == "two values":
        return np.where(random.random(count) < 0.5, 1.0, 1000.0)
    if kind == "few heavy":
        return np.where(random.random(count) < 0.02, 1000.0, 1.0)
    if kind == "few light":
        return np.where(random.random(count) < 0.02, 1.0, 1000.0)
    if kind == "log-normal":
        return np.exp(random.normal(size=count))
    masses = 1000.0 ** random.random(count)
    return np.sort(masses) if kind == "sorted" else masses


def compare_diagrams(density, count, kind):
    """Compare the diagrams of a run with masses to those of one with equal masses."""
    result = stipple.stipple(density, masses=draw_masses(kind, count), strays="keep")
    assert result.mass_error <= 1e-6
    return result.diagrams / stipple.stipple(density, count, strays="keep").diagrams


def test_masses_take_at_most_twice_the_diagrams():
    random = np.random.default_rng(1)
    smooth = 1 + 0.8 * np.sin(np.arange(96) / 9)[:, None] * np.cos(np.arange(128) / 7)
    assert compare_diagrams(smooth * random.uniform(0.8, 1.2, (96, 128)), 800, "two values") <= 2


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_twenty_thousand_masses_take_at_most_twice_the_diagrams(kind):
    camera = stipple.read_density("samples/camera.png")
    assert compare_diagrams(camera, 20_000, kind) <= 2


def test_a_cell_that_vanished_gets_its_mass_back():
    masses = np.array([1.0, 1.0, 1e-3]) / 2.001
    density = Density(np.ones((10, 20)))
    solver = TransportSolver(density, masses=masses)
    before = solver.solve(np.array([[5.0, 5.0], [15.0, 5.0], [10.0, 5.0]])).diagram
    # Heavy cells that rise alike meet where they met, over the light cell.
    risen = before.cells.potentials + np.array([50.0, 50.0, 0.0])
    assert solver.measure(before.cells.points, risen).integrals.masses[2] == 0
    mended = ascend_coordinates(density, before, before.cells.points, risen, masses, Workers(1))
    np.testing.assert_array_equal(mended[:2], risen[:2])
    part = solver.measure(before.cells.points, mended).integrals.masses[2] / masses[2]
    assert LEAST <= part <= MOST


def test_a_cell_that_finds_no_mass_keeps_its_potential():
    image = np.zeros((10, 20))
    image[:, :4] = 1
    density = Density(image)
    masses = np.array([0.5, 0.5])
    solver = TransportSolver(density, masses=masses)
    points = np.array([[1.0, 5.0], [3.0, 5.0]])
    before = solver.solve(points).diagram
    impossible = np.array([0.5, 2.0])
    mended = ascend_coordinates(
        density, before, points, before.cells.potentials, impossible, Workers(1)
    )
    np.testing.assert_array_equal(mended, before.cells.potentials)
