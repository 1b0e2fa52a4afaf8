"""Points in volumes: closed forms inside the interval, exact masses, a linear program."""

from itertools import pairwise

import numpy as np
import ot
import pytest

import stipple
from stipple.errors import StippleError
from stipple.geometry.voxel_integrals import integrate_polyhedra
from stipple.measures.volume import VolumeDensity
from stipple.volumes.certificate import certify_volume
from stipple.volumes.diagram import Diagram
from stipple.volumes.division import divide_volume, sum_volume
from stipple.volumes.layers import fill_blocks
from stipple.volumes.quantisation import BODY_CENTRED_QUALITY, measure_quality, quantise
from stipple.volumes.start import list_box_facets
from stipple.volumes.transport import VolumeSolver


def make_solver(density: VolumeDensity, count: int) -> VolumeSolver:
    return VolumeSolver(density, np.full(count, 1 / count))


def make_uneven(seed: int = 0) -> VolumeDensity:
    random = np.random.default_rng(seed)
    return VolumeDensity(random.random((6, 7, 8)) ** 2 + 0.01, (1.0, 0.8, 1.3))


def test_boxes_of_the_bisection_have_their_masses() -> None:
    density = make_uneven()
    masses = np.random.default_rng(1).lognormal(0, 1, 37)
    masses /= masses.sum()
    solver = VolumeSolver(density, masses)
    boxes, counts = divide_volume(sum_volume(density), density.spacing, masses, 0.0)
    boxes *= density.spacing
    assert (counts == 1).all()
    facets = list_box_facets(boxes)
    found = integrate_polyhedra(density, boxes.mean(axis=1), facets, solver.workers)
    assert found.masses == pytest.approx(masses, rel=1e-11)


def test_even_blocks_are_filled_with_their_masses_in_layers() -> None:
    """Of a density that grows along each axis every layer, row and place has its part."""
    along = 1 + np.arange(8) / 8
    density = VolumeDensity(np.multiply.outer(np.multiply.outer(along, along), along))
    sums = sum_volume(density)
    blocks, counts = divide_volume(sums, density.spacing, np.full(16, 1 / 16), 8.0)
    assert counts.tolist() == [16]
    points = fill_blocks(sums, density.spacing, blocks, counts, np.zeros(1, np.bool_))
    # Four layers of two rows of two; masses along an axis are those of the density along it.
    parts = np.interp(points, np.arange(9), np.append(0, np.cumsum(along)) / along.sum())
    layer, row, place = np.indices((4, 2, 2)).reshape(3, -1)
    offset = np.where(layer % 2 == 1, 0.25, 0.75)
    expected = [(place + offset) / 2, (row + offset) / 2, (layer + 0.5) / 4]
    assert parts == pytest.approx(np.column_stack(expected), abs=1e-12)
    assert divide_volume(sums, density.spacing, np.full(16, 1 / 16), 1.5)[1].max() < 16


@pytest.mark.parametrize("spacing", [(1, 1, 1), (2, 0.5, 1), (1e-3, 1e-3, 4e-3)])
def test_lattices_of_boxes_are_inside_the_interval(spacing: tuple[float, float, float]) -> None:
    """Points in the middles of equal boxes: W2² is a twelfth of the sum of squared sides."""
    density = VolumeDensity(np.ones((3, 4, 5)), spacing)
    places = np.stack(np.meshgrid(*(np.arange(k) + 0.5 for k in (5, 4, 3))), axis=-1)
    points = places.reshape(-1, 3) * density.spacing
    transport = make_solver(density, 60).solve(points)
    expected = float((density.spacing**2).sum()) / 12
    interval = transport.interval
    assert interval.lower <= expected <= interval.upper
    assert interval.upper - interval.lower < 1e-8 * expected


def test_w2_is_that_of_a_linear_program() -> None:
    """Of voxels as 512 small cubes each: the program's error is below their variance."""
    density = VolumeDensity(np.random.default_rng(0).random((2, 2, 2)) + 0.2)
    points = np.random.default_rng(1).random((5, 3)) * 2
    masses = np.array([1.0, 2, 3, 1, 2]) / 9
    transport = VolumeSolver(density, masses).solve(points)
    parts = 6
    grid = (np.indices((2 * parts,) * 3).reshape(3, -1).T[:, ::-1] + 0.5) / parts
    weights = (
        np.repeat(np.repeat(np.repeat(density.densities, parts, 0), parts, 1), parts, 2).ravel()
        / parts**3
    )
    costs = ((grid[:, None] - points) ** 2).sum(axis=2)
    lowest = ot.emd2(weights, masses, costs, numItermax=10**6)
    inner = 3 / (12 * parts**2)
    assert transport.converged
    assert lowest <= transport.w2_squared + 1e-9
    assert transport.w2_squared <= lowest + inner + 1e-9


def test_an_unsolved_diagram_has_a_wide_interval_that_contains_w2() -> None:
    density = make_uneven()
    points = np.random.default_rng(3).random((30, 3)) * density.size
    solver = make_solver(density, 30)
    solved = solver.solve(points, tolerance=1e-10)
    rough = solver.measure(points, np.zeros(30))
    interval = certify_volume(density, rough.cells, solver.masses)
    assert interval.lower < solved.w2_squared < interval.upper
    assert solved.interval.lower <= solved.w2_squared <= solved.interval.upper
    assert solved.interval.upper - solved.interval.lower < 1e-6 * solved.w2_squared


def test_both_ends_of_two_unequal_cells_are_the_closed_forms() -> None:
    """Cells [0, 1.3] and [1.3, 2]: the dual, and a plan that moves a part of the first one."""
    shift = 0.3
    density = VolumeDensity(np.ones((1, 1, 2)))
    points = np.array([[0.5, 0.5, 0.5], [1.5, 0.5, 0.5]])
    rough = make_solver(density, 2).measure(points, np.array([2 * shift, 0.0]))
    interval = certify_volume(density, rough.cells, np.full(2, 0.5))
    along = ((0.5 + shift) ** 3 + 0.125 + 0.125 + (0.5 - shift) ** 3) / 6
    cost = along + 1 / 6
    assert interval.lower == pytest.approx(cost - shift**2, abs=1e-11)
    assert interval.upper == pytest.approx(cost + shift / 2 * (1 - shift), abs=1e-11)


def test_given_masses_are_met_and_light_cells_kept() -> None:
    masses = np.random.default_rng(0).lognormal(0, 0.7, 300)
    found = stipple.stipple_volume(np.ones((1, 1, 1)), masses=masses, iterations=3)
    assert found.converged
    assert found.weights == pytest.approx(masses / masses.sum(), rel=1e-6)
    assert found.cells.volumes == pytest.approx(masses / masses.sum(), rel=1e-6)


def test_shapes_apart_in_empty_space_are_solved() -> None:
    values = np.zeros((9, 9, 9))
    values[1:3, 1:3, 1:3] = 1
    values[6:8, 5:8, 6:8] = 3
    found = stipple.stipple_volume(values, 40, iterations=4)
    assert found.converged
    assert found.mass_error <= 1e-6
    assert found.support_volume == 20


def test_steps_lower_w2_towards_the_best_lattice() -> None:
    seen: list[float] = []
    found = stipple.stipple_volume(
        np.ones((1, 1, 1)), 200, iterations=12, on_step=lambda step: seen.append(step.quality)
    )
    assert all(later <= earlier * (1 + 1e-6) for earlier, later in pairwise(seen))
    assert BODY_CENTRED_QUALITY < found.quality < 0.252
    assert found.w2_squared_lower <= found.w2_squared <= found.w2_squared_upper


def test_a_body_centred_lattice_has_its_quality_but_for_the_border() -> None:
    """2·k³ points: cells at the border are cut, and the quality comes down to the constant."""
    qualities = []
    for side in (2, 4):
        corners = np.stack(np.meshgrid(*(np.arange(side),) * 3), axis=-1).reshape(-1, 3)
        points = np.concatenate([corners + 0.25, corners + 0.75]) / side
        solver = make_solver(VolumeDensity(np.ones((1, 1, 1))), 2 * side**3)
        qualities.append(measure_quality(solver.solve(points)))
    assert BODY_CENTRED_QUALITY < qualities[1] < qualities[0]


def test_the_area_alone_is_no_reference_for_uneven_volumes() -> None:
    """Two halves of densities 1 and 27, in cubes of equal mass: hardly better than equal cubes.

    n^(2/3)·W2²/A^(2/3) calls the same points better than any lattice; ∫ρ^(1/3) does not.
    """
    values = np.ones((1, 1, 2))
    values[0, 0, 0] = 27
    density = VolumeDensity(values)
    fine = np.stack(np.meshgrid(*(np.arange(3) + 0.5,) * 3), axis=-1).reshape(-1, 3) / 3
    points = np.concatenate([fine, [[1.5, 0.5, 0.5]]])
    transport = make_solver(density, 28).solve(points)
    assert 0.245 < measure_quality(transport) <= 0.25
    plain = 28 ** (2 / 3) * transport.w2_squared / density.support_volume ** (2 / 3)
    assert plain < 0.9 * BODY_CENTRED_QUALITY


def test_a_step_is_predicted_to_second_order() -> None:
    density = make_uneven()
    points = np.random.default_rng(4).random((40, 3)) * density.size
    solver = make_solver(density, 40)
    solved = solver.solve(points, tolerance=1e-10)
    move = np.random.default_rng(5).normal(size=points.shape)
    errors = []
    for size in (1e-3, 1e-4):
        predicted = solver.predict_potentials(solved.diagram, points + size * move)
        errors.append(solver.find_error(solver.measure(points + size * move, predicted)))
    assert errors[1] < 0.1 * errors[0]


def test_a_diagram_is_the_same_with_any_number_of_threads() -> None:
    density, masses = make_uneven(), np.full(2000, 1 / 2000)
    points = np.random.default_rng(6).random((2000, 3)) * density.size
    first, second = (
        VolumeSolver(density, masses, threads).measure(points, np.zeros(2000)) for threads in (1, 2)
    )
    assert np.array_equal(first.integrals.masses, second.integrals.masses)
    assert np.array_equal(first.cells.facets.neighbours, second.cells.facets.neighbours)
    assert np.array_equal(first.cells.facets.starts, second.cells.facets.starts)


def test_settings_that_make_no_sense_are_refused() -> None:
    for arguments in ({"n": 0}, {"n": 2, "masses": [1, 2, 3]}, {"iterations": -1}, {"spacing": 1}):
        with pytest.raises(StippleError):
            stipple.stipple_volume(np.ones((2, 2, 2)), **arguments)  # type: ignore[arg-type]


@pytest.mark.parametrize("length", [1e-150, 1e160])
def test_lengths_whose_powers_leave_double_precision_are_refused(length: float) -> None:
    with pytest.raises(StippleError, match="spacing"):
        stipple.stipple_volume(np.ones((2, 2, 2)), 8, spacing=(length, 1, 1))


@pytest.mark.parametrize("length", [1e-30, 1e30])
def test_the_interval_goes_with_the_square_of_the_unit(length: float) -> None:
    values = np.random.default_rng(0).random((3, 4, 5))
    plain, scaled = (stipple.stipple_volume(values, 8, spacing=(side,) * 3) for side in (1, length))
    assert scaled.converged
    assert scaled.w2_squared_lower / length**2 <= plain.w2_squared_upper
    assert plain.w2_squared_lower <= scaled.w2_squared_upper / length**2
    assert scaled.w2_squared == pytest.approx(plain.w2_squared * length**2, rel=1e-6)


def test_coinciding_points_are_refused() -> None:
    solver = make_solver(make_uneven(), 4)
    with pytest.raises(StippleError, match="no cell"):
        solver.solve(np.full((4, 3), 2.0))


def test_a_start_that_is_solved_takes_no_step() -> None:
    solver = make_solver(VolumeDensity(np.ones((1, 1, 2))), 2)
    points = np.array([[0.5, 0.5, 0.5], [1.5, 0.5, 0.5]])
    found = quantise(solver, points, iterations=0)
    assert isinstance(found.transport.diagram, Diagram)
    assert found.iterations == 0
    assert found.transport.w2_squared == pytest.approx(0.25, rel=1e-12)
