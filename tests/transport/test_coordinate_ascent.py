"""Masses 1:1000 cost few more diagrams than equal ones."""

import time

import numpy as np
import pytest

import stipple
from stipple.machine.threads import Workers
from stipple.measures.density import Density
from stipple.transport.coordinate_ascent import LEAST, MOST
from stipple.transport.light_cells import ascend_coordinates, ascend_start
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


def measure_run(density, count, masses=None):
    """Measure the processor time of a run, on one thread."""
    began = time.process_time()
    stipple.stipple(density, count, masses=masses, threads=1)
    return time.process_time() - began


def test_masses_take_at_most_twice_the_diagrams():
    random = np.random.default_rng(1)
    smooth = 1 + 0.8 * np.sin(np.arange(96) / 9)[:, None] * np.cos(np.arange(128) / 7)
    assert compare_diagrams(smooth * random.uniform(0.8, 1.2, (96, 128)), 800, "two values") <= 2


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_twenty_thousand_masses_take_at_most_twice_the_diagrams(kind):
    camera = stipple.read_density("samples/camera.png")
    assert compare_diagrams(camera, 20_000, kind) <= 2


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["log-uniform", "two values", "log-normal", "sorted"])
def test_twenty_thousand_masses_take_at_most_twice_the_time(kind):
    camera = stipple.read_density("samples/camera.png")
    stipple.stipple(camera, masses=draw_masses(kind, 200))  # compiles what is new
    equal = min(measure_run(camera, 20_000) for _ in range(2))
    masses = draw_masses(kind, 20_000)
    # A tenth for the noise of a shared machine.
    assert min(measure_run(camera, None, masses) for _ in range(2)) <= 2.1 * equal


def test_hidden_cells_of_a_start_get_their_mass_at_once():
    masses = np.array([1000.0, 1000, 1, 1, 1]) / 2003
    density = Density(np.ones((10, 20)))
    points = np.array([[5.0, 5.0], [15.0, 5.0], [6.0, 5.0], [9.9, 5.1], [14.0, 4.0]])
    solver = TransportSolver(density, masses=masses)
    start = solver.measure(points, np.array([60.0, 60.0, 0.0, 0.0, 0.0]))
    assert (start.integrals.masses[2:] == 0).all()
    mended = solver.measure(points, ascend_start(density, start, masses)).integrals.masses
    assert (mended[2:] >= LEAST * masses[2:]).all()
    assert (mended[2:] <= MOST * masses[2:]).all()


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


@pytest.mark.filterwarnings("error")
def test_a_cell_that_was_hidden_before_warns_of_nothing():
    density = Density(np.ones((10, 20)))
    masses = np.array([1.0, 1.0, 1e-3]) / 2.001
    solver = TransportSolver(density, masses=masses)
    points = np.array([[5.0, 5.0], [15.0, 5.0], [10.0, 5.0]])
    hidden = solver.measure(points, np.array([50.0, 50.0, 0.0]))
    assert hidden.cells.areas[2] == 0
    potentials = hidden.cells.potentials
    mended = ascend_coordinates(density, hidden, points, potentials, masses, Workers(1))
    assert mended.shape == (3,)
    assert (mended[:2] == potentials[:2]).all()
