"""Multigrid and its coarser graphs against dense algebra."""

import numpy as np
import pytest
from scipy.sparse import csr_array

from stipple.arrays import Floats
from stipple.geometry.sides import list_sides
from stipple.measures.density import Density
from stipple.transport.aggregation import Levels, coarsen_graph, eliminate_nodes, view_indices
from stipple.transport.diagram import DiagramBuilder
from stipple.transport.laplacian import assemble_laplacian
from stipple.transport.multigrid import Multigrid
from stipple.transport.newton_system import LaplacianSolver

RANDOM = np.random.default_rng(8)


def build_cells(count: int) -> csr_array:
    """Laplacian of the cells of random points on a slope of darkness from 1 to 20."""
    density = Density(np.linspace(1, 20, 64)[None] + np.zeros((64, 1)))
    points = np.random.default_rng(count).random((count, 2)) * 64
    diagram = DiagramBuilder(density).measure(points, np.zeros(count))
    sides = list_sides(diagram.cells)
    weights = diagram.integrals.edge_masses[sides.edges] / (2 * sides.distances)
    return assemble_laplacian(sides.rows, sides.columns, weights, count).to_scipy()


def list_coarser(levels: Levels) -> list[Floats]:
    """The coarser Laplacians as whole matrices."""
    found = []
    for level in range(len(levels.nodes) - 1):
        start, stop = levels.nodes[level : level + 2]
        enter, leave = levels.entries[level : level + 2]
        offsets = levels.offsets[start + level : stop + level + 1]
        data, columns = levels.data[enter:leave], levels.columns[enter:leave]
        found.append(csr_array((data, columns, offsets)).toarray().astype(float))
    return found


def test_coarser_laplacians_sum_the_finer_ones() -> None:
    laplacian = build_cells(600)
    first, levels = coarsen_graph(laplacian, 0.5)
    coarser = list_coarser(levels)
    fine, parents = 0.5 * laplacian.toarray(), first
    for level, coarse in enumerate(coarser):
        spread = np.eye(len(coarse))[parents]
        np.testing.assert_allclose(coarse, spread.T @ fine @ spread, rtol=0, atol=3e-5 * fine.max())
        assert len(coarse) <= len(fine) / 2.5
        parents = levels.parents[levels.nodes[level] : levels.nodes[level + 1]]
        fine = coarse
    assert len(coarser[-1]) <= 40


def test_rows_of_coarser_laplacians_list_left_diagonal_right() -> None:
    _, levels = coarsen_graph(build_cells(600), 1.0)
    start, stop = levels.nodes[:2]
    for i in range(stop - start):
        columns = levels.columns[levels.offsets[i] : levels.offsets[i + 1]].astype(int)
        signs = np.sign(columns - i)
        assert (np.diff(signs) >= 0).all()
        assert np.count_nonzero(signs == 0) == 1


def test_elimination_keeps_the_digits_of_weights_that_are_very_unlike() -> None:
    """A chain with a weak link: potentials on either side differ by what flows over it."""
    weights = np.array([3.0, 1e-13, 7.0])
    laplacian = assemble_laplacian(np.arange(3), np.arange(1, 4), weights, 4)
    factors = eliminate_nodes(*view_indices(laplacian), laplacian.data.astype(np.float32))
    assert factors[1, 1] == pytest.approx(1e-13, rel=1e-7)
    assert factors[2, 2] == pytest.approx(7.0, rel=1e-7)


def count_steps(laplacian: csr_array, right_side: Floats, tolerance: float) -> int:
    multigrid, start = Multigrid(laplacian), np.zeros(len(right_side))
    for most in range(30):
        if multigrid.solve(laplacian, right_side, start, tolerance, most)[1]:
            return most
    return 30


@pytest.mark.parametrize("count", [1000, 4000])
def test_steps_do_not_grow_with_the_graph(count: int) -> None:
    """Without the second step of each level 4,000 nodes take seven."""
    laplacian = build_cells(count)
    right_side = np.random.default_rng(0).standard_normal(count)
    right_side -= right_side.mean()
    assert count_steps(laplacian, right_side, 1e-2) <= 6


def test_solutions_have_the_digits_asked_for() -> None:
    laplacian = build_cells(2000)
    expected = RANDOM.standard_normal(2000)
    start = RANDOM.standard_normal(2000)
    solution, solved = Multigrid(laplacian).solve(laplacian, laplacian @ expected, start, 1e-9, 60)
    assert solved
    assert np.ptp(solution - expected) <= 1e-7


def test_the_solver_factorises_graphs_that_fall_apart() -> None:
    """Two patches with a link of 1e-12: what one gives the other is right to many digits."""
    half = build_cells(700)
    rows, columns = half.nonzero()
    upper = rows < columns
    rows, columns = rows[upper], columns[upper]
    weights = -np.asarray(half[rows, columns])
    link = 1e-12 * weights.max()
    laplacian = assemble_laplacian(
        np.concatenate([rows, rows + 700, [0]]),
        np.concatenate([columns, columns + 700, [700]]),
        np.concatenate([weights, weights, [link]]),
        1400,
    )
    assert (
        Multigrid(laplacian.to_scipy()).coherence
        < 1e-6
        < 1
        < Multigrid(build_cells(1400)).coherence
    )
    right_side = RANDOM.standard_normal(1400)
    right_side -= right_side.mean()
    solution = LaplacianSolver().solve(laplacian, right_side, 1e-1)
    flow = link * (solution[0] - solution[700])
    assert flow == pytest.approx(right_side[:700].sum(), rel=1e-3)
