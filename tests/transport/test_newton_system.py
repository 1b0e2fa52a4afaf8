"""The Newton matrix against finite differences, its solver against dense least squares."""

import numpy as np
import pytest
from scipy.sparse import csr_array

from stipple.arrays import Floats
from stipple.geometry.sides import list_sides
from stipple.measures.density import Density
from stipple.transport import factorisation, newton_system
from stipple.transport.factorisation import Factorisation
from stipple.transport.laplacian import SparseRows, assemble_laplacian, count_components
from stipple.transport.newton_system import LaplacianSolver
from stipple.transport.semi_discrete import Diagram, TransportSolver

RANDOM = np.random.default_rng(3)


def draw_laplacian(count: int, seed: int) -> SparseRows:
    """Laplacian of a random connected graph with weights over six orders of magnitude."""
    random = np.random.default_rng(seed)
    rows = np.concatenate([np.arange(count - 1), random.integers(0, count, 2 * count)])
    columns = np.concatenate([np.arange(1, count), random.integers(0, count, 2 * count)])
    apart = rows != columns
    weights = 10 ** random.uniform(-3, 3, np.count_nonzero(apart))
    return assemble_laplacian(rows[apart], columns[apart], weights, count)


def build_grid_laplacian(side: int, weights: Floats) -> SparseRows:
    index = np.arange(side * side).reshape(side, side)
    rows = np.concatenate([index[:, :-1].ravel(), index[:-1].ravel()])
    columns = np.concatenate([index[:, 1:].ravel(), index[1:].ravel()])
    return assemble_laplacian(rows, columns, weights, side * side)


def test_laplacian_of_a_triangle() -> None:
    rows, columns = np.array([0, 2, 1]), np.array([1, 0, 2])
    laplacian = assemble_laplacian(rows, columns, np.array([2.0, 3.0, 5.0]), 3)
    assert laplacian.to_scipy().toarray().tolist() == [[5, -2, -3], [-2, 7, -5], [-3, -5, 8]]


def test_edges_given_in_parts_add_up() -> None:
    rows, columns = np.array([0, 1]), np.array([1, 0])
    laplacian = assemble_laplacian(rows, columns, np.array([2.0, 3.0]), 2)
    assert laplacian.to_scipy().toarray().tolist() == [[5, -5], [-5, 5]]


def test_edges_without_weight_do_not_connect() -> None:
    rows, columns = np.array([0, 1, 2]), np.array([1, 2, 3])
    laplacian = assemble_laplacian(rows, columns, np.array([1.0, 0.0, 1.0]), 4)
    assert count_components(laplacian) == 2
    assert len(laplacian.data) == 8


@pytest.mark.parametrize("largest_whole", [10**9, 0])
def test_a_matrix_that_is_singular_in_double_precision_is_refused(
    largest_whole: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(newton_system, "LARGEST_WHOLE", largest_whole)
    chain = assemble_laplacian(np.arange(2), np.arange(1, 3), np.array([1.0, 1e-320]), 3)
    with pytest.raises(RuntimeError, match="singular"):
        LaplacianSolver().solve(chain, np.array([1e10, 0.0, -1e10]), 1e-6)


def test_rows_apply_themselves_and_find_their_diagonal() -> None:
    """Edges given twice count twice."""
    laplacian = assemble_laplacian(np.array([0, 1, 1]), np.array([1, 0, 2]), np.arange(1.0, 4), 3)
    vector = np.array([1.0, 10.0, 100.0])
    whole = np.array([[3.0, -3, 0], [-3, 6, -3], [0, -3, 3]])
    assert laplacian.apply(vector).tolist() == (whole @ vector).tolist()
    assert laplacian.find_diagonal().tolist() == [3, 6, 3]


def test_a_node_alone_is_a_component() -> None:
    none = np.array([], dtype=np.int64)
    assert count_components(assemble_laplacian(none, none, np.array([]), 3)) == 3


@pytest.mark.parametrize(
    ("largest_whole", "largest_factorised"),
    [(10**9, 0), (0, 10**9), (0, 0)],
    ids=["whole", "factorised", "multigrid"],
)
@pytest.mark.parametrize("count", [1, 2, 3, 50, 700])
def test_solver_agrees_with_least_squares(
    count: int, largest_whole: int, largest_factorised: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(newton_system, "LARGEST_WHOLE", largest_whole)
    monkeypatch.setattr(newton_system, "LARGEST_FACTORISED", largest_factorised)
    monkeypatch.setattr(newton_system, "LARGEST_RESCUED", largest_factorised)
    laplacian = draw_laplacian(count, seed=count)
    right_side = np.random.default_rng(0).standard_normal(count)
    balanced = right_side - right_side.mean()
    solution = LaplacianSolver().solve(laplacian, right_side, 1e-12)
    expected = np.linalg.lstsq(laplacian.to_scipy().toarray(), balanced, rcond=None)[0]
    scale = np.abs(expected).max() + 1e-300
    np.testing.assert_allclose(solution / scale, expected / scale, rtol=0, atol=1e-8)
    assert abs(solution.mean()) <= 1e-12 * scale


@pytest.mark.parametrize("largest_factorised", [10**9, 0], ids=["factorised", "multigrid"])
def test_solver_serves_matrices_that_drift_then_jump_then_grow(
    largest_factorised: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(newton_system, "LARGEST_FACTORISED", largest_factorised)
    solver = LaplacianSolver()
    weights = np.ones(2 * 40 * 39)
    systems = [build_grid_laplacian(40, weights * RANDOM.uniform(1, 1.2, 3120)) for _ in range(4)]
    systems.append(build_grid_laplacian(40, 10 ** RANDOM.uniform(-3, 3, 3120)))
    systems.append(build_grid_laplacian(30, np.ones(2 * 30 * 29)))
    for laplacian in systems:
        right_side = RANDOM.standard_normal(len(laplacian.find_diagonal()))
        right_side -= right_side.mean()
        solution = solver.solve(laplacian, right_side, 1e-10)
        residual = np.linalg.norm(laplacian.to_scipy() @ solution - right_side)
        assert residual <= 2e-10 * np.linalg.norm(right_side)


def test_a_factorisation_is_used_again_while_it_serves(monkeypatch: pytest.MonkeyPatch) -> None:
    made = []

    class Counted(Factorisation):
        def __init__(self, laplacian: csr_array) -> None:
            made.append(laplacian)
            super().__init__(laplacian)

    monkeypatch.setattr(factorisation, "Factorisation", Counted)
    monkeypatch.setattr(newton_system, "LARGEST_FACTORISED", 10**9)
    solver = LaplacianSolver()
    right_side = RANDOM.standard_normal(1600)
    for _ in range(3):
        near = build_grid_laplacian(40, RANDOM.uniform(1, 1.05, 3120))
        solver.solve(near, right_side, 1e-6)
    assert len(made) == 1
    solver.solve(build_grid_laplacian(40, 10 ** RANDOM.uniform(-3, 3, 3120)), right_side, 1e-6)
    assert len(made) == 2


def measure_masses(solver: TransportSolver, diagram: Diagram, potentials: Floats) -> Floats:
    return solver.measure(diagram.cells.points, potentials).integrals.masses


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("engine_points", ["random", "off the grid"])
def test_newton_direction_inverts_the_derivative_of_the_masses(
    seed: int, engine_points: str
) -> None:
    """Dense central differences of the masses with respect to each potential."""
    random = np.random.default_rng(seed)
    values = random.random((6, 8)) + 0.1
    count = 12
    points = random.random((count, 2)) * (8, 6)
    if engine_points == "off the grid":
        points = np.array([(1.1 + 2 * x, 0.9 + 1.7 * y) for x in range(4) for y in range(3)])
    solver = TransportSolver(Density(values))
    diagram = solver.measure(points, 0.05 * random.standard_normal(count))
    step = 1e-5
    derivative = np.empty((count, count))
    for j in range(count):
        shift = step * np.eye(count)[j]
        after = measure_masses(solver, diagram, diagram.cells.potentials + shift)
        before = measure_masses(solver, diagram, diagram.cells.potentials - shift)
        derivative[:, j] = (after - before) / (2 * step)
    residual = random.standard_normal(count)
    residual -= residual.mean()
    sides = list_sides(diagram.cells)
    direction = solver.find_direction(diagram, sides, 0.0, residual, 1e-9)
    expected = np.linalg.lstsq(derivative, residual, rcond=1e-10)[0]
    expected -= expected.mean()
    scale = np.abs(expected).max()
    # Masses are piecewise polynomials: their kinks at pixel corners bound the differences.
    np.testing.assert_allclose(direction / scale, expected / scale, rtol=0, atol=1e-4)
