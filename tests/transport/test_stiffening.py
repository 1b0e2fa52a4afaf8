"""Newton steps that hold back sides: bounds, promises, and what is left alone."""

import numpy as np
import pytest

from stipple.arrays import Floats
from stipple.geometry.bisection import start_from_bisection
from stipple.geometry.sides import Sides, bound_drops, list_sides
from stipple.measures.density import Density
from stipple.transport.damped_newton import Borders, NewtonStep
from stipple.transport.diagram import Diagram
from stipple.transport.newton import NewtonSolver
from stipple.transport.newton_system import LaplacianSolver
from stipple.transport.starts import begin_on_ink
from stipple.transport.stiffening import SLACK, hold_back

RANDOM = np.random.default_rng(11)
# A chain of four cells, which weakly joins a cell that lacks mass to one that has too much.
CHAIN = Borders(
    np.array([0, 1, 2]),
    np.array([1, 2, 3]),
    np.full(3, 0.5),
    np.array([1.0, 1e-3, 1.0]),
    np.full(3, 0.25),
)
RESIDUAL = np.array([-0.1, 0.0, 0.0, 0.1])
# What passes each side, over its weight: potentials rise along the chain.
NEWTON = np.cumsum([0.0, 0.1, 100.0, 0.1])


def hold_chain(bound: float) -> NewtonStep:
    bounds = np.full(3, bound), np.full(3, bound)
    return hold_back(LaplacianSolver(), CHAIN, bounds, 0.0, RESIDUAL, 1e-9, NEWTON)


def test_steps_within_their_bounds_are_left_alone() -> None:
    step = hold_chain(101.0)
    assert step.change is NEWTON
    assert step.promise == 1.0


def test_only_the_side_that_goes_too_far_is_held_back() -> None:
    """A side with twice the weight goes half as far, and the others as far as before."""
    step = hold_chain(50.0)
    np.testing.assert_allclose(np.diff(step.change), [0.1, 50.0, 0.1], rtol=1e-5)
    # It lets half the mass through: the cells on either side of it are left with the rest.
    assert step.promise == pytest.approx(0.5, rel=1e-4)


def test_steps_that_promise_next_to_nothing_are_not_held_back() -> None:
    assert hold_chain(1.0).change is NEWTON


def test_steps_that_promise_little_are_held_back() -> None:
    assert hold_chain(7.0).promise == pytest.approx(0.07, rel=1e-2)


def test_sides_across_white_are_held_back_in_many_rounds() -> None:
    """After four, what the step promises would be next to nothing, and it would be left alone."""
    values = np.zeros((200, 200))
    values[5:195:10, 5:195] = 1.0
    density = Density(values)
    start = start_from_bisection(density, 300)
    points, potentials = begin_on_ink(density, start, np.random.default_rng(0))
    solver = NewtonSolver(density)
    diagram = solver.measure(points, potentials)
    step = solver.find_step(diagram, 0.0, 1 / 300 - diagram.integrals.masses, 0.1)
    assert 0.15 < step.promise < 0.3
    sides = list_sides(diagram.cells)
    still = np.zeros_like(points)
    falls, rises = bound_drops(diagram.cells, sides, diagram.barycentres, still, 0.5)
    rise = step.change[sides.rows] - step.change[sides.columns]
    assert np.maximum(rise / rises, -rise / falls).max() < 5


@pytest.mark.parametrize(("excess", "held"), [((2, 3, 2), False), ((1.2, 40, 1.2), True)])
def test_steps_that_go_evenly_too_far_are_not_held_back(
    excess: tuple[float, ...], held: bool
) -> None:
    """A shorter step does as well where no side goes much farther than the others."""
    bounds = np.abs(np.diff(NEWTON)) / excess
    step = hold_back(LaplacianSolver(), CHAIN, (bounds, bounds), 0.0, RESIDUAL, 1e-9, NEWTON)
    assert (step.change is not NEWTON) == held


def measure_heights(diagram: Diagram, points: Floats, potentials: Floats, sides: Sides) -> Floats:
    """How far barycentres are from the sides, as differences of |x − y|² − φ, shape (2, m)."""
    powers = ((diagram.barycentres[:, None] - points) ** 2).sum(axis=2) - potentials
    rows, columns = sides.rows, sides.columns
    return np.array(
        [
            powers[rows, columns] - powers[rows, rows],
            powers[columns, rows] - powers[columns, columns],
        ]
    )


@pytest.mark.parametrize("moving", [False, True])
def test_bounds_keep_barycentres_in_their_cells(moving: bool) -> None:
    solver = NewtonSolver(Density(RANDOM.random((30, 40)) ** 4))
    points = RANDOM.random((60, 2)) * (40, 30)
    diagram = solver.measure(points, RANDOM.random(60))
    cells = diagram.cells
    sides = list_sides(cells)
    move = 0.05 * moving * RANDOM.standard_normal(points.shape)
    falls, rises = bound_drops(cells, sides, diagram.barycentres, move, 0.5)
    before = measure_heights(diagram, points, cells.potentials, sides)
    for bounds, sign, place in ((falls, -1, 0), (rises, 1, 1)):
        # Each side goes as far as it may, on its own.
        after = np.empty(len(sides.rows))
        for side, (row, bound) in enumerate(zip(sides.rows, bounds, strict=True)):
            potentials = cells.potentials + (move**2).sum(axis=1)
            potentials[row] += sign * bound
            heights = measure_heights(diagram, points + move, potentials, sides)
            after[side] = heights[place, side]
        far = before[place] > 0.3
        assert far.sum() > 20
        np.testing.assert_allclose(after[far], 0.5 * before[place][far], rtol=1e-9)


def draw_hatching() -> Density:
    values = np.zeros((120, 120))
    values[6:114:12, 6:114] = 1.0
    return Density(values)


def test_fewer_cells_are_lost_where_sides_are_held_back() -> None:
    density = draw_hatching()
    points = RANDOM.random((150, 2)) * 120
    points[:, 1] = 6.5 + 12 * np.floor(points[:, 1] / 12.0).clip(0, 8)
    solver = NewtonSolver(density)
    diagram = solver.measure(points, np.zeros(150))
    sides = list_sides(diagram.cells)
    residual = 1 / 150 - diagram.integrals.masses
    direction = solver.find_direction(diagram, sides, 0.0, residual, 0.1)
    step = solver.find_step(diagram, 0.0, residual, 0.1)
    lost = []
    for change in (direction, step.change):
        after = solver.measure(points, diagram.cells.potentials + change, diagram.cells)
        lost.append(int((after.integrals.masses <= 0).sum()))
    assert step.promise < 1
    assert lost[0] > 30
    assert lost[1] < 0.3 * lost[0]
    still = np.zeros_like(points)
    falls, rises = bound_drops(diagram.cells, sides, diagram.barycentres, still, 0.5)
    rise = direction[sides.rows] - direction[sides.columns]
    assert (np.maximum(rise / rises, -rise / falls) > SLACK).any()
