"""Quantisation: W2² goes down, critical points stay, pictures reach the quality promised."""

from itertools import islice

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles import ENGINES, integrate_polygon, make_rectangle
from pictures import draw_discs, load_sample
from scipy.spatial import cKDTree

from stipple.arrays import Floats
from stipple.geometry.bisection import start_from_bisection
from stipple.measures.density import Density
from stipple.transport.descent import follow
from stipple.transport.quantisation import (
    HEXAGONAL_QUALITY,
    STEP_TOLERANCE,
    Quantisation,
    Step,
    quantise,
)
from stipple.transport.semi_discrete import TransportSolver

RANDOM = np.random.default_rng(9)
NOISE = RANDOM.random((20, 30)) ** 2

every_method = pytest.mark.parametrize(
    "method", ["lbfgs", pytest.param("relaxed", marks=pytest.mark.slow), "lloyd"]
)


def run(
    density: Density, points: Floats, potentials: Floats | None = None, **options: object
) -> tuple[Quantisation, list[Step]]:
    engine = options.pop("engine", "auto")
    steps: list[Step] = []
    solver = TransportSolver(density, engine=engine)
    result = quantise(solver, points, potentials, on_step=steps.append, **options)
    return result, steps


def place_grid(columns: int, rows: int, width: float, height: float) -> Floats:
    x, y = (np.arange(columns) + 0.5) / columns, (np.arange(rows) + 0.5) / rows
    return np.stack(np.meshgrid(x * width, y * height), -1).reshape(-1, 2)


# --- steps ---------------------------------------------------------------------------------------


@every_method
@settings(deadline=None, max_examples=15)
@given(seed=st.integers(0, 2**32 - 1), count=st.integers(1, 60))
def test_every_step_lowers_w2(method: str, seed: int, count: int) -> None:
    points = np.random.default_rng(seed).random((count, 2)) * (30, 20)
    path = follow(TransportSolver(Density(NOISE)), points, method=method, mass_tolerance=1e-9)
    values = [next(path).w2_squared for _ in range(12)]
    assert (np.diff(values) <= 1e-9 * values[0]).all()
    assert values[-1] < values[0]


@every_method
def test_rough_inner_solves_lower_w2_all_the_same(method: str) -> None:
    density = load_sample("horse.png")
    result, steps = run(
        density, *start_from_bisection(density, 800), method=method, iterations=15, tolerance=0
    )
    values = np.array([step.w2_squared for step in steps])
    # A dual value errs by about the square of the mass error.
    assert (np.diff(values) <= STEP_TOLERANCE**2 * values[0]).all()
    assert result.transport.w2_squared < 0.95 * values[0]
    assert result.transport.w2_squared == pytest.approx(values[-1], rel=STEP_TOLERANCE**2)


@every_method
def test_steps_are_told_from_the_start_on(method: str) -> None:
    density = Density(NOISE)
    start, potentials = start_from_bisection(density, 50)
    result, steps = run(density, start, potentials, method=method, iterations=7, tolerance=0)
    assert [step.number for step in steps] == list(range(8))
    assert result.iterations == 7
    np.testing.assert_array_equal(steps[0].points, start)
    np.testing.assert_array_equal(steps[-1].points, result.transport.points)
    for step in steps:
        assert step.quality == pytest.approx(50 * step.w2_squared / np.count_nonzero(NOISE))


def test_no_iterations_solve_the_transport_of_the_start() -> None:
    density = Density(NOISE)
    start, potentials = start_from_bisection(density, 50)
    result, steps = run(density, start, potentials, iterations=0)
    assert (result.iterations, result.settled, len(steps)) == (0, False, 1)
    np.testing.assert_array_equal(result.transport.points, start)
    assert result.transport.mass_error <= 1e-6


@every_method
def test_steps_end_when_w2_settles(method: str) -> None:
    density = Density(NOISE)
    # From here no saddle is left, after which steps are taken whatever they bring.
    start = start_from_bisection(density, 40)
    result, steps = run(density, *start, method=method, iterations=500, tolerance=1e-3)
    assert result.settled
    values = np.array([step.w2_squared for step in steps])
    decreases = -np.diff(values) / values[:-1]
    assert (decreases[:-1] > 1e-3).all()
    assert decreases[-1] <= 1e-3
    assert result.transport.mass_error <= 1e-6


@pytest.mark.parametrize("step_size", [0.1, 0.5, 1.0])
def test_lloyd_goes_its_part_of_the_way(step_size: float) -> None:
    points = RANDOM.random((30, 2)) * (30, 20)
    path = follow(TransportSolver(Density(NOISE)), points, step_sizes=(step_size,))
    before, after = next(path), next(path)
    expected = before.points + step_size * (before.barycentres - before.points)
    np.testing.assert_allclose(after.points, expected, rtol=1e-14)


# --- critical points -----------------------------------------------------------------------------


@every_method
@pytest.mark.parametrize(("columns", "rows"), [(1, 1), (3, 2), (6, 4)])
def test_a_grid_stays_under_a_uniform_density(method: str, columns: int, rows: int) -> None:
    start = place_grid(columns, rows, 30, 20)
    result, _ = run(
        Density(np.ones((20, 30))), start, method=method, mass_tolerance=1e-9, leave_saddles=False
    )
    np.testing.assert_allclose(result.transport.points, start, rtol=0, atol=1e-6)
    # Many squares are a saddle; a few are held by the border.
    assert (result.settled, result.saddle) == (columns < 6, columns == 6)


@every_method
def test_points_on_the_axis_stay_on_it(method: str) -> None:
    """Critical, but no minimum: y_i = ((2i − 1)/(2N), ½) under a uniform density."""
    start = place_grid(10, 1, 30, 20)
    result, _ = run(
        Density(np.ones((20, 30))), start, method=method, iterations=3, leave_saddles=False
    )
    np.testing.assert_allclose(result.transport.points, start, rtol=0, atol=1e-6)
    assert result.saddle


@every_method
def test_one_point_goes_to_the_barycentre(method: str) -> None:
    result, _ = run(Density(NOISE), np.array([[0.5, 19.0]]), method=method, iterations=60)
    _, first, _ = integrate_polygon(NOISE, make_rectangle(0, 0, 30, 20))
    atol = 0.1 if method == "relaxed" else 1e-6
    np.testing.assert_allclose(result.transport.points, first[None], rtol=0, atol=atol)


@every_method
def test_the_end_is_critical(method: str) -> None:
    density = Density(NOISE)
    start = start_from_bisection(density, 12)
    path = follow(TransportSolver(density), *start, method=method, mass_tolerance=1e-10)
    end = next(islice(path, 60 if method == "lbfgs" else 600, None))
    np.testing.assert_allclose(end.points, end.barycentres, rtol=0, atol=1e-3)


# --- pictures ------------------------------------------------------------------------------------


@every_method
@pytest.mark.parametrize("count", [40, 41])
def test_two_discs_share_the_points(method: str, count: int) -> None:
    values = draw_discs((15, 20), (65, 20), radius=10, size=(80, 40))
    density = Density(values)
    result, _ = run(density, *start_from_bisection(density, count), method=method)
    transport = result.transport
    assert transport.mass_error <= 1e-6
    off = np.hypot(*(transport.points - [[15, 20]]).T), np.hypot(*(transport.points - [[65, 20]]).T)
    outside = np.minimum(*off) > 10.5
    # Only the point that an odd count leaves over may stand between the discs.
    assert np.count_nonzero(outside) == count % 2


@every_method
@pytest.mark.parametrize("spread", [1e-2, 1.0])
def test_points_leave_a_cluster_and_stay_in_the_picture(method: str, spread: float) -> None:
    start = np.clip((30, 20) - spread * RANDOM.random((40, 2)), 0, (30, 20))
    result, steps = run(Density(NOISE), start, method=method, iterations=60)
    for step in steps:
        assert (step.points >= 0).all()
        assert (step.points <= (30, 20)).all()
    assert result.transport.mass_error <= 1e-6
    regular, _ = run(Density(NOISE), *start_from_bisection(Density(NOISE), 40), method=method)
    assert result.transport.w2_squared < 1.25 * regular.transport.w2_squared


@pytest.mark.parametrize("count", [2_000, pytest.param(20_000, marks=pytest.mark.slow)])
def test_a_photograph_reaches_the_quality_promised(count: int) -> None:
    density = load_sample("camera.png")
    result, steps = run(density, *start_from_bisection(density, count))
    quality = count * result.transport.w2_squared / density.support_area
    assert quality <= 0.1610
    assert quality == pytest.approx(HEXAGONAL_QUALITY, rel=0.005)
    assert result.iterations <= 30
    assert quality == pytest.approx(steps[-1].quality, rel=1e-3)


@every_method
def test_both_engines_reach_the_same_quality(method: str) -> None:
    density = load_sample("camera.png")
    qualities = []
    for engine in ENGINES:
        name = engine if isinstance(engine, str) else engine.values[0]
        if name == "pysdot":
            pytest.importorskip("pysdot", reason="pysdot has no wheel for this platform")
        start = start_from_bisection(density, 500)
        result, _ = run(density, *start, method=method, engine=name)
        qualities.append(500 * result.transport.w2_squared / density.support_area)
    assert qualities[0] == pytest.approx(qualities[1], rel=1e-3)


@pytest.mark.parametrize(("count", "iterations"), [(5_000, 0), (300, 10), (40, 30)])
def test_points_on_white_stay_near_the_black(count: int, iterations: int) -> None:
    """No point is farther from black than the diameter of its own cell."""
    density = load_sample("horse.png")
    start = start_from_bisection(density, count)
    transport = run(density, *start, iterations=iterations)[0].transport
    assert np.abs(transport.masses * count - 1).max() <= 1e-3
    column, row = transport.points.astype(int).T
    white = np.flatnonzero(density.values[row, column] == 0)
    assert len(white) > 0
    rows, columns = np.nonzero(density.values)
    # To the centre of a black pixel, which is at most √½ farther than the pixel.
    black = cKDTree(np.column_stack([columns, rows]) + 0.5)
    distance = black.query(transport.points[white])[0] - 0.5**0.5
    for point, far in zip(white, distance, strict=True):
        corners = transport.diagram.cells.polygon(int(point))
        assert far <= np.hypot(*(corners[:, None] - corners).T).max()


def test_points_of_a_picture_mostly_white_end_on_black() -> None:
    density = load_sample("horse.png")
    result, _ = run(density, *start_from_bisection(density, 5_000), iterations=10)
    column, row = result.transport.points.astype(int).T
    assert np.count_nonzero(density.values[row, column] == 0) <= 5
    assert result.transport.mass_error <= 1e-6
