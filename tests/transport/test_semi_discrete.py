"""Transport: exact values where they are known, invariances, certificates, adverse pictures."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from oracles import (
    ENGINES,
    cut_exact_cells,
    integrate_polygon,
    keep_below,
    make_rectangle,
    to_corners,
)
from pictures import draw_discs, load_sample
from scipy.optimize import brentq, linprog
from scipy.sparse import eye, kron, vstack
from scipy.spatial.distance import cdist

from stipple.arrays import Floats
from stipple.errors import StippleError
from stipple.geometry.bisection import start_from_bisection
from stipple.interval import Interval
from stipple.measures.density import Density
from stipple.transport.certificate import certify_transport
from stipple.transport.semi_discrete import Transport, TransportSolver

RANDOM = np.random.default_rng(8)
NOISE = RANDOM.random((9, 12)) + 0.05

every_engine = pytest.mark.parametrize("engine", ENGINES)


def solve(values: Floats, points: object, tolerance: float = 1e-9, **options: object) -> Transport:
    solver = TransportSolver(Density(values), **options)
    return solver.solve(np.array(points, dtype=float), tolerance=tolerance)


def check_evidence(transport: Transport, tolerance: float) -> None:
    count = len(transport.points)
    assert transport.converged
    assert transport.mass_error <= tolerance
    assert np.abs(transport.masses * count - 1).max() <= tolerance
    assert transport.interval.lower <= transport.w2_squared <= transport.interval.upper


def check_value(transport: Transport, expected: float) -> None:
    check_evidence(transport, 1e-9)
    assert transport.w2_squared == pytest.approx(expected, rel=1e-10, abs=1e-12)
    slack = 1e-14 * expected
    assert transport.interval.lower - slack <= expected <= transport.interval.upper + slack


def measure_line(values: Floats, points: Floats) -> float:
    """W2² in one dimension: equal masses in the order of the points; pixels have length 1."""
    rho = values / values.sum()
    below = np.concatenate([[0.0], np.cumsum(rho)])
    quantiles = np.arange(len(points) + 1) / len(points)
    total = 0.0
    for k, point in enumerate(np.sort(points)):
        for pixel, mass in enumerate(rho):
            start, stop = np.clip(quantiles[k : k + 2], below[pixel], below[pixel + 1])
            if stop > start:
                left, right = (pixel + (q - below[pixel]) / mass for q in (start, stop))
                total += mass * ((right - point) ** 3 - (left - point) ** 3) / 3
    return total


def measure_halves(values: Floats, points: Floats) -> float:
    """W2² for two points: the straight border that halves the mass, by root finding."""
    height, width = values.shape
    domain = make_rectangle(0, 0, width, height)
    normal = to_corners([points[1] - points[0]])[0]

    def cut(limit: float) -> tuple[float, Floats, float]:
        side = keep_below(domain, *normal, Fraction(limit))
        return integrate_polygon(values, side, points[0].tolist())

    reach = [float(normal[0] * x + normal[1] * y) for x, y in domain]
    limit = brentq(lambda z: cut(z)[0] - 0.5, min(reach), max(reach), xtol=1e-15, rtol=1e-15)
    near = cut(limit)[2]
    other = keep_below(domain, -normal[0], -normal[1], -Fraction(limit))
    return near + integrate_polygon(values, other, points[1].tolist())[2]


# --- values that are known -----------------------------------------------------------------------


@every_engine
@pytest.mark.parametrize("point", [(4.0, 3.0), (0.0, 0.0), (12.0, 9.0), (5.5, 9.0)])
def test_one_point_pays_the_second_moment(point: tuple[float, float], engine: str) -> None:
    _, _, second = integrate_polygon(NOISE, make_rectangle(0, 0, 12, 9), point)
    check_value(solve(NOISE, [point], engine=engine), second)


@every_engine
@pytest.mark.parametrize("seed", range(4))
def test_two_points_halve_the_mass(seed: int, engine: str) -> None:
    points = np.random.default_rng(seed).random((2, 2)) * (12, 9)
    check_value(solve(NOISE, points, engine=engine), measure_halves(NOISE, points))


@every_engine
@pytest.mark.parametrize(("columns", "rows"), [(1, 1), (4, 3), (5, 7), (12, 9), (30, 20)])
def test_a_grid_quantises_the_uniform_density(columns: int, rows: int, engine: str) -> None:
    across, down = 12 / columns, 9 / rows
    x, y = (np.arange(columns) + 0.5) * across, (np.arange(rows) + 0.5) * down
    points = np.stack(np.meshgrid(x, y), -1).reshape(-1, 2)
    transport = solve(np.ones((9, 12)), points, engine=engine)
    check_value(transport, (across**2 + down**2) / 12)
    np.testing.assert_allclose(transport.barycentres, points, rtol=0, atol=1e-7)


@every_engine
@pytest.mark.parametrize("count", [2, 3, 10, 40])
def test_points_on_a_line_meet_the_quantiles(count: int, engine: str) -> None:
    values = RANDOM.random(15) ** 3
    points = np.column_stack([RANDOM.random(count) * 15, np.full(count, 0.5)])
    expected = measure_line(values, points[:, 0]) + 1 / 12
    check_value(solve(values[None], points, engine=engine), expected)
    check_value(solve(values[:, None], points[:, ::-1], engine=engine), expected)


@every_engine
@pytest.mark.parametrize(("columns", "rows"), [(2, 2), (3, 5), (8, 6)])
def test_products_pay_for_both_axes(columns: int, rows: int, engine: str) -> None:
    across, down = RANDOM.random(12) + 0.01, RANDOM.random(9) + 0.01
    x, y = RANDOM.random(columns) * 12, RANDOM.random(rows) * 9
    points = np.stack(np.meshgrid(x, y), -1).reshape(-1, 2)
    expected = measure_line(across, x) + measure_line(down, y)
    check_value(solve(down[:, None] * across, points, engine=engine), expected)


@pytest.mark.parametrize("seed", range(3))
def test_linear_programming_encloses_the_value(seed: int) -> None:
    """Above: the plan of pixels cut into squares. Below: its dual, integrated exactly."""
    random = np.random.default_rng(seed)
    values, parts, count = random.random((3, 4)), 6, 5
    points = random.random((count, 2)) * (4, 3)
    rho = np.kron(values, np.ones((parts, parts))).ravel()
    rho /= rho.sum()
    x, y = (np.arange(4 * parts) + 0.5) / parts, (np.arange(3 * parts) + 0.5) / parts
    cost = cdist(np.stack(np.meshgrid(x, y), -1).reshape(-1, 2), points, "sqeuclidean")
    sums = vstack([kron(eye(len(rho)), np.ones((1, count))), kron(np.ones(len(rho)), eye(count))])
    targets = np.concatenate([rho, np.full(count, 1 / count)])
    # The last equation follows from the others.
    program = linprog(cost.ravel(), A_eq=sums.tocsr()[:-1], b_eq=targets[:-1])
    assert program.status == 0
    # Each square goes where its centre goes, which costs its own variance on top.
    upper = program.fun + 1 / (6 * parts**2)
    potentials = np.append(program.eqlin.marginals[len(rho) :], 0.0)
    lower = potentials.mean()
    for cell, point, phi in zip(
        cut_exact_cells(points, potentials, 4, 3), points, potentials, strict=True
    ):
        mass, _, second = integrate_polygon(values, cell, point.tolist())
        lower += second - phi * mass
    assert upper - lower < 0.05 * upper
    assert lower <= solve(values, points).w2_squared <= upper


# --- certificates --------------------------------------------------------------------------------

LINE = RANDOM.random(7) + 0.01
COLUMN = RANDOM.random(5) + 0.01
PRODUCT = Density(COLUMN[:, None] * LINE)
ACROSS, DOWN = RANDOM.random(3) * 7, RANDOM.random(2) * 5
PRODUCT_POINTS = np.stack(np.meshgrid(ACROSS, DOWN), -1).reshape(-1, 2)
PRODUCT_VALUE = measure_line(LINE, ACROSS) + measure_line(COLUMN, DOWN)


def certify(density: Density, points: Floats, potentials: Floats) -> Interval:
    return certify_transport(density, TransportSolver(density).measure(points, potentials).cells)


@settings(deadline=None)
@given(
    arrays(float, 6, elements=st.floats(-20, 20)),
    st.sampled_from([0.0, 1e-8, 1e-3, 1.0, 1e6]),
    st.sampled_from([0.0, -1e3, 1e9]),
)
def test_any_potentials_certify_the_value(potentials: Floats, scale: float, shift: float) -> None:
    interval = certify(PRODUCT, PRODUCT_POINTS, scale * potentials + shift)
    assert 0 <= interval.lower <= PRODUCT_VALUE <= interval.upper


@settings(deadline=None)
@given(
    arrays(float, 6, elements=st.floats(-20, 20)), st.sampled_from([1e-8, 1e-5, 1e-2]), st.data()
)
def test_potentials_nearly_right_certify_the_value(
    noise: Floats, scale: float, data: st.DataObject
) -> None:
    solution = TransportSolver(PRODUCT).solve(PRODUCT_POINTS, tolerance=1e-12)
    shift = data.draw(st.sampled_from([0.0, -1e3, 1e6]))
    interval = certify(PRODUCT, PRODUCT_POINTS, solution.potentials + scale * noise + shift)
    assert interval.lower <= PRODUCT_VALUE <= interval.upper


def test_the_interval_shrinks_with_the_mass_error() -> None:
    solution = TransportSolver(PRODUCT).solve(PRODUCT_POINTS, tolerance=1e-12)
    noise = RANDOM.standard_normal(6)
    widths = []
    for scale in (1.0, 1e-1, 1e-2, 1e-3, 1e-6, 0.0):
        interval = certify(PRODUCT, PRODUCT_POINTS, solution.potentials + scale * noise)
        widths.append(interval.upper - interval.lower)
    assert widths == sorted(widths, reverse=True)
    assert widths[-1] <= 1e-10


def test_a_huge_common_potential_changes_nothing() -> None:
    point, potentials = np.array([[3.0, 2.0]]), np.array([1e15])
    expected = certify(PRODUCT, point, np.zeros(1))
    assert certify(PRODUCT, point, potentials) == expected
    transport = TransportSolver(PRODUCT).solve(point, potentials)
    assert transport.w2_squared == pytest.approx(expected.lower, rel=1e-10)


# --- invariances ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def plain() -> Transport:
    return solve(NOISE, np.random.default_rng(0).random((60, 2)) * (12, 9))


def check_like(transport: Transport, plain: Transport, barycentres: Floats) -> None:
    check_evidence(transport, 1e-9)
    assert transport.w2_squared == pytest.approx(plain.w2_squared, rel=1e-11)
    np.testing.assert_allclose(transport.barycentres, barycentres, rtol=0, atol=1e-6)


def test_the_order_of_the_points_is_kept(plain: Transport) -> None:
    order = RANDOM.permutation(60)
    check_like(solve(NOISE, plain.points[order]), plain, plain.barycentres[order])


def test_the_picture_may_turn_over(plain: Transport) -> None:
    turned = solve(NOISE[:, ::-1], (12, 0) + plain.points * (-1, 1))
    check_like(turned, plain, (12, 0) + plain.barycentres * (-1, 1))
    turned = solve(NOISE[::-1], (0, 9) + plain.points * (1, -1))
    check_like(turned, plain, (0, 9) + plain.barycentres * (1, -1))


def test_x_and_y_may_change_places(plain: Transport) -> None:
    check_like(solve(NOISE.T, plain.points[:, ::-1]), plain, plain.barycentres[:, ::-1])


def test_white_around_the_picture_changes_nothing(plain: Transport) -> None:
    padded = np.pad(NOISE, ((3, 8), (15, 1)))
    corner = np.array([15, 3])
    check_like(solve(padded, plain.points + corner), plain, plain.barycentres + corner)


def test_larger_pixels_cost_more(plain: Transport) -> None:
    larger = solve(np.kron(NOISE, np.ones((3, 3))), 3 * plain.points)
    assert larger.w2_squared == pytest.approx(9 * plain.w2_squared, rel=1e-10)


@every_engine
@pytest.mark.parametrize("threads", [1, 2])
def test_engines_and_threads_agree(engine: str, threads: int, plain: Transport) -> None:
    transport = solve(NOISE, plain.points, engine=engine, threads=threads)
    check_like(transport, plain, plain.barycentres)


def test_a_solution_warms_up_the_next(plain: Transport) -> None:
    moved = plain.points + 0.02 * RANDOM.standard_normal((60, 2))
    moved = np.clip(moved, 0, (12, 9))
    solver = TransportSolver(Density(NOISE))
    warm = solver.solve(moved, tolerance=1e-9, near=plain)
    cold = solver.solve(moved, tolerance=1e-9)
    check_like(warm, cold, cold.barycentres)
    assert warm.diagrams < cold.diagrams
    again = solver.solve(moved, tolerance=1e-9, near=warm)
    assert (again.diagrams, again.newton_iterations) == (0, 0)


# --- adverse starts and pictures -----------------------------------------------------------------


def test_a_cluster_within_1e_7_is_solved_or_owned_up_to() -> None:
    """Known limit: such a solve may stall; then it must say so, and the interval must hold."""
    cluster = (6, 4.5) + 1e-7 * RANDOM.random((60, 2))
    points = np.vstack([RANDOM.random((60, 2)) * (12, 9), cluster])
    transport = TransportSolver(Density(NOISE)).solve(points)
    assert transport.converged == (transport.mass_error <= 1e-6)
    # Spread by a thousandth of a pixel the cluster is easy to bound: W2 moves by no more than that.
    spread = np.vstack([points[:60], (6, 4.5) + 1e4 * (cluster - (6, 4.5))])
    near = TransportSolver(Density(NOISE)).solve(spread)
    slack = np.abs(spread - points).max() * np.sqrt(2)
    assert np.sqrt(transport.interval.lower) <= np.sqrt(near.interval.upper) + slack
    assert np.sqrt(transport.interval.upper) >= np.sqrt(near.interval.lower) - slack


@pytest.mark.parametrize(
    "points",
    [
        RANDOM.random((200, 2)) * (12, 9),
        RANDOM.random((200, 2)) * (1, 1),
        (12, 0) + RANDOM.random((50, 2)) * (-0.01, 0.01),
        np.column_stack([np.linspace(0, 12, 80), np.full(80, 9.0)]),
        np.column_stack([np.linspace(0, 12, 80), np.linspace(0, 9, 80)]),
    ],
    ids=["random", "corner", "tight corner", "side", "diagonal"],
)
def test_adverse_points_converge(points: Floats) -> None:
    check_evidence(solve(NOISE, points, 1e-6), 1e-6)


@pytest.mark.parametrize(
    "values",
    [
        np.eye(8),
        np.kron(np.eye(4), np.pad(np.ones((3, 3)), 2)),
        np.pad(np.ones((1, 1)), 10),
        np.hstack([np.ones((10, 2)), np.zeros((10, 16)), np.ones((10, 2))]),
        np.where(RANDOM.random((16, 16)) < 0.05, 1.0, 0.0),
        10.0 ** RANDOM.uniform(-8, 0, (12, 12)),
    ],
    ids=["diagonal pixels", "squares apart", "one pixel", "two bars", "dust", "wide range"],
)
@pytest.mark.parametrize("count", [2, 5, 16, pytest.param(101, marks=pytest.mark.slow)])
def test_adverse_pictures_converge_from_the_bisection(values: Floats, count: int) -> None:
    density = Density(values)
    transport = TransportSolver(density).solve(*start_from_bisection(density, count))
    check_evidence(transport, 1e-6)


@pytest.mark.parametrize("count", [2, 3, 10, 51, 200, 201])
def test_two_discs_share_the_points(count: int) -> None:
    """An even count leaves the potentials between the discs undetermined, an odd one does not."""
    values = draw_discs((15, 20), (65, 20), radius=10, size=(80, 40))
    density = Density(values)
    transport = TransportSolver(density).solve(*start_from_bisection(density, count))
    check_evidence(transport, 1e-6)
    left = np.count_nonzero(transport.points[:, 0] < 40 - 1e-9)
    assert left == pytest.approx(count / 2, abs=1)


@pytest.mark.parametrize("count", [20, 21])
def test_two_discs_serve_points_anywhere(count: int) -> None:
    values = draw_discs((15, 20), (65, 20), radius=10, size=(80, 40))
    points = np.random.default_rng(count).random((count, 2)) * (80, 40)
    check_evidence(solve(values, points, 1e-6), 1e-6)


def test_points_in_the_white_serve_the_black() -> None:
    values = np.zeros((20, 20))
    values[:4, :4] = 1
    points = 10 + 10 * RANDOM.random((30, 2))
    check_evidence(solve(values, points, 1e-6), 1e-6)


def test_coinciding_points_are_refused() -> None:
    points = [(1.0, 2.0), (3.0, 4.0), (1.0, 2.0), (1.0, 2.0)]
    with pytest.raises(StippleError, match="2 of the 4 points coincide"):
        solve(NOISE, points)


# --- photographs ---------------------------------------------------------------------------------


def solve_start(name: str, count: int) -> Transport:
    density = load_sample(name)
    return TransportSolver(density).solve(*start_from_bisection(density, count))


@pytest.mark.parametrize("count", [2_000, 20_000, pytest.param(100_000, marks=pytest.mark.slow)])
def test_a_photograph_takes_eight_diagrams(count: int) -> None:
    transport = solve_start("camera.png", count)
    check_evidence(transport, 1e-6)
    assert transport.diagrams <= 8
    width = transport.interval.upper - transport.interval.lower
    assert width <= 1e-3 * transport.w2_squared


def test_a_picture_mostly_white_has_equal_masses() -> None:
    check_evidence(solve_start("horse.png", 5_000), 1e-6)
