"""Diagrams: barycentres, mixed masses, errors and the count of those allowed, by hand."""

import numpy as np
import pytest

from stipple.geometry.sides import list_sides
from stipple.measures.density import Density
from stipple.transport import damped_newton
from stipple.transport.bracketing import bracket_potentials
from stipple.transport.damped_newton import JOINING
from stipple.transport.diagram import DiagramBuilder
from stipple.transport.newton import NewtonSolver
from stipple.transport.newton_system import LaplacianSolver
from stipple.transport.path import _move

RANDOM = np.random.default_rng(0)
# All ink on the left half.
DENSITY = Density(np.hstack([np.ones((4, 5)), np.zeros((4, 5))]))
POINTS = np.array([[2.0, 2.0], [6.0, 2.0]])


def test_masses_are_mixed_with_areas() -> None:
    """Cells of 4 and 6 columns, with 4 and 1 of the 5 columns of ink."""
    builder = DiagramBuilder(DENSITY)
    diagram = builder.measure(POINTS, np.zeros(2))
    np.testing.assert_allclose(diagram.integrals.masses, [0.8, 0.2])
    np.testing.assert_allclose(builder.mix_masses(diagram, 0.25), [0.7, 0.3])
    assert builder.find_error(diagram) == pytest.approx(0.6)
    assert builder.find_error(diagram, 0.25) == pytest.approx(0.4)
    np.testing.assert_allclose(diagram.barycentres, [[2, 2], [4.5, 2]])
    assert diagram.has_mass


def test_a_cell_without_mass_has_its_point_for_barycentre() -> None:
    diagram = DiagramBuilder(DENSITY).measure(np.array([[2.0, 2.0], [9.0, 1.0]]), np.zeros(2))
    np.testing.assert_allclose(diagram.barycentres, [[2.5, 2], [9, 1]])
    assert not diagram.has_mass


def test_the_largest_error_counts() -> None:
    builder = DiagramBuilder(Density(RANDOM.random((6, 9))))
    diagram = builder.measure(RANDOM.random((7, 2)) * (9, 6), np.zeros(7))
    errors = [abs(7 * float(mass) - 1) for mass in diagram.integrals.masses]
    assert builder.find_error(diagram) == pytest.approx(max(errors), rel=1e-12)


def test_what_lacks_is_an_error_too() -> None:
    builder = DiagramBuilder(DENSITY)
    diagram = builder.measure(np.array([[2.0, 1.0], [2.0, 3.0], [9.0, 2.0]]), np.zeros(3))
    np.testing.assert_allclose(diagram.integrals.masses, [0.5, 0.5, 0])
    assert builder.find_error(diagram) == pytest.approx(1)


def test_diagrams_are_spent_when_as_many_as_allowed_were_computed() -> None:
    builder = DiagramBuilder(DENSITY)
    builder.most_diagrams = 2
    spent = []
    for _ in range(2):
        spent.append(builder.is_spent)
        builder.measure(POINTS, np.zeros(2))
    assert (spent, builder.is_spent, builder.diagrams) == ([False, False], True, 2)


def test_potentials_are_predicted_to_first_order() -> None:
    """Masses after a small move of all points err by the square of the move."""
    solver = NewtonSolver(Density(RANDOM.random((6, 9)) + 0.5))
    points = RANDOM.random((9, 2)) * (9, 6)
    diagram = solver.iterate(solver.measure(points, np.zeros(9)), 0.0, 1e-12)
    assert solver.find_error(diagram) <= 1e-12
    move = RANDOM.standard_normal(points.shape)
    errors = []
    for size in (1e-2, 1e-3):
        moved = points + size * move
        potentials = solver.predict_potentials(diagram, moved, 0.1)
        fine = solver.predict_potentials(diagram, moved, 1e-9)
        errors.append(solver.find_error(solver.measure(moved, fine)))
    still = solver.find_error(solver.measure(points + 1e-3 * move, diagram.cells.potentials))
    # The linear system is solved to a hundredth, or as well as the tolerance asks for.
    assert solver.find_error(solver.measure(moved, potentials)) < 0.05 * still
    assert errors[1] < 0.02 * errors[0]


def test_a_common_shift_keeps_the_potentials_of_a_path() -> None:
    """Power cells move along if |y|² − φ changes as 2·s·y: φ itself stays, up to a constant."""
    density = Density(np.ones((8, 8)))
    solver = NewtonSolver(density)
    points = np.array([[2.0, 2.0], [5.5, 2.5], [3.0, 6.0], [6.0, 5.0]])
    diagram = solver.iterate(solver.measure(points, np.zeros(4)), 0.0, 1e-12)
    direction = solver.find_path_direction(diagram, np.zeros((4, 2)))
    np.testing.assert_allclose(direction, 0, atol=1e-9)
    move = np.array([[0.9, 0.0], [0.0, 0.0], [0.0, 0.0], [0.0, 0.0]])
    found = solver.predict_potentials(diagram, points + move, 0.1)
    path = solver.find_path_direction(diagram, move)
    np.testing.assert_allclose(found - diagram.cells.potentials - path, [0.81, 0, 0, 0], atol=1e-12)


def test_a_step_of_a_path_takes_the_move_into_account() -> None:
    solver = NewtonSolver(Density(RANDOM.random((6, 9)) + 0.5))
    origin = RANDOM.random((9, 2)) * (9, 6)
    points = origin + 0.5 * RANDOM.standard_normal(origin.shape)
    diagram = solver.iterate(solver.measure(origin, np.zeros(9)), 0.0, 1e-12)
    moved = _move(solver, diagram, origin, points, 0.0, 1e-3)
    assert moved is not None
    trial, step = moved
    assert step == 1e-3
    still = solver.find_error(solver.measure(trial.cells.points, diagram.cells.potentials))
    assert solver.find_error(trial) < 0.05 * still


def test_a_step_too_long_is_halved_until_masses_are_nearer() -> None:
    solver = NewtonSolver(Density(RANDOM.random((6, 9)) + 0.5))
    diagram = solver.measure(RANDOM.random((9, 2)) * (9, 6), np.zeros(9))
    residual = 1 / 9 - diagram.integrals.masses
    direction = solver.find_direction(diagram, list_sides(diagram.cells), 0.0, residual, 1e-9)
    floor = 0.5 * 9 * float(diagram.integrals.masses.min())  # a part of what each is to hold
    for factor in (1.0, 1.95, 2.5, 8.0):
        found = solver._search_line(diagram, factor * direction, 1.0, 0.0, floor)
        assert found is not None
        assert 9 * found[1].min() >= floor
        assert np.linalg.norm(1 / 9 - found[1]) < np.linalg.norm(residual)


@pytest.mark.parametrize("part", [1.0, 1e-3])
def test_shapes_are_joined_by_the_least_trace_that_serves(
    part: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That of trying all of them, or the largest, without solving for those that cannot serve."""
    values = np.zeros((12, 40))
    values[2:10, 2:10] = values[2:10, 30:38] = 1
    density = Density(values)
    points = np.array([[4.0, 4], [7, 4], [4, 8], [32, 4], [35, 8.0]])
    solver = NewtonSolver(density)
    diagram = solver.measure(points, np.zeros(5))
    sides = list_sides(diagram.cells)
    residual = part * (0.2 - diagram.integrals.masses)
    traces = []
    for trace in JOINING:
        monkeypatch.setattr(damped_newton, "JOINING", (trace,))
        reach = np.ptp(solver.find_direction(diagram, sides, 0.0, residual, 1e-9))
        traces += [trace] if reach <= 12**2 + 40**2 else []
    monkeypatch.setattr(damped_newton, "JOINING", (*traces, JOINING[-1])[:1])
    wanted = solver.find_direction(diagram, sides, 0.0, residual, 1e-9)
    monkeypatch.setattr(damped_newton, "JOINING", JOINING)
    solved = []
    solve = LaplacianSolver.solve
    monkeypatch.setattr(
        LaplacianSolver, "solve", lambda *given: solved.append(given) or solve(*given)
    )
    found = solver.find_direction(diagram, sides, 0.0, residual, 1e-9)
    np.testing.assert_allclose(found, wanted, rtol=1e-6)
    assert len(solved) == 2
    assert len(traces) == {1.0: 0, 1e-3: 2}[part]


def test_a_step_leaves_each_cell_the_mass_asked_for() -> None:
    solver = NewtonSolver(Density(RANDOM.random((6, 9)) + 0.5))
    diagram = solver.measure(RANDOM.random((9, 2)) * (9, 6), np.zeros(9))
    residual = 1 / 9 - diagram.integrals.masses
    direction = solver.find_direction(diagram, list_sides(diagram.cells), 0.0, residual, 1e-9)
    whole = solver._search_line(diagram, direction, 1.0, 0.0, 0.0)
    assert whole is not None
    floor = 1.01 * 9 * float(whole[1].min())
    part = solver._search_line(diagram, direction, 1.0, 0.0, floor)
    assert part is None or 9 * part[1].min() >= floor


def test_cells_without_mass_get_some_one_potential_at_a_time() -> None:
    builder = DiagramBuilder(DENSITY)
    points = np.array([[2.0, 1.0], [2.0, 3.5], [9.0, 2.0], [9.5, 3.0]])  # the first has much
    start = builder.measure(points, np.zeros(4))
    assert (start.integrals.masses == 0).sum() == 2
    end = bracket_potentials(builder, start)
    assert end.integrals.masses.min() * 4 >= 1e-3
    assert builder.diagrams <= 40


def test_few_cells_without_mass_are_solved_alone_in_one_diagram() -> None:
    """Where potentials are bisected one at a time, each round takes a diagram."""
    values = np.zeros((60, 60))
    values[10:50, 29] = values[30, 10:50] = 1.0
    solver = NewtonSolver(Density(values))
    places = np.linspace(10.5, 49.5, 14)
    row = np.column_stack([places, np.full(14, 30.5)])
    # Three on white, behind others as seen from the ink.
    behind = np.array([[12.0, 50.0], [13.0, 51.0], [47.0, 12.0]])
    start = solver.measure(np.vstack([row, row[:, ::-1] - 0.25, behind]), np.zeros(31))
    lacking = 31 * start.integrals.masses < 1e-3
    assert lacking.sum() == 3
    mended = solver.mend_start(start)
    assert solver.diagrams == 2
    parts = 31 * mended.integrals.masses
    assert parts.min() > 0.01
    assert parts[lacking].max() > 0.9
    assert solver.mend_start(mended) is mended
    bracketed = DiagramBuilder(solver.density)
    bracket_potentials(bracketed, start)
    assert bracketed.diagrams > 3


def test_many_cells_without_mass_are_left_to_others() -> None:
    solver = NewtonSolver(DENSITY)
    start = solver.measure(
        np.column_stack([np.linspace(5.1, 9.9, 12), np.full(12, 2.0)]), np.zeros(12)
    )
    assert (start.integrals.masses == 0).sum() > 4
    assert solver.mend_start(start) is start
