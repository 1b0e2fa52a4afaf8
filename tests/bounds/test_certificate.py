"""The interval for W_p holds for every potential and plan, and is tight for the right ones."""

from fractions import Fraction
from math import sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment, linprog
from scipy.spatial.distance import cdist

from stipple.arrays import Floats
from stipple.bounds.certificate import (
    BoundCertificate,
    bound_square_radius,
    certify_bounds,
    lower_for_squares,
)
from stipple.bounds.exact import Units, split_numbers
from stipple.bounds.masses import pair_masses
from stipple.bounds.plans import Moved, Plan, price_offsets
from stipple.bounds.transforms import measure_costs, transform_cost
from stipple.errors import StippleError
from stipple.machine.rounding import raise_power, round_down, round_up, take_root

ORDERS = [1, 1.5, 2, 3]
# Assignments in double precision, on costs that are not integers.
ROUNDING = 1e-13


def locate(shape: tuple[int, int]) -> Floats:
    return np.stack(np.indices(shape), -1).reshape(-1, 2).astype(float)


def measure(shape: tuple[int, int], order: float) -> Floats:
    places = locate(shape)
    if order == 2:
        return cdist(places, places, "sqeuclidean")
    return cdist(places, places) ** order


def solve_exactly(a: NDArray[np.int64], b: NDArray[np.int64], order: float) -> float | Fraction:
    """W_p^p by assignment of the single units of mass; a fraction where costs are whole numbers."""
    common = int(np.lcm(a.sum(), b.sum()))
    units = [np.repeat(np.arange(x.size), x.ravel() * (common // x.sum())) for x in (a, b)]
    matrix = measure(a.shape, order)[np.ix_(*units)]
    cost = matrix[linear_sum_assignment(matrix)].sum()
    whole = order == 2 or (1 in a.shape and order != 1.5)
    return Fraction(int(cost), common) if whole else cost / common


def check_interval(found: BoundCertificate, exact: float | Fraction, order: float) -> None:
    if isinstance(exact, Fraction):
        assert Fraction(found.cost.lower) <= exact <= Fraction(found.cost.upper)
        assert Fraction(found.lower) ** int(order) <= exact <= Fraction(found.upper) ** int(order)
    else:
        assert found.cost.lower <= exact * (1 + ROUNDING)
        assert exact * (1 - ROUNDING) <= found.cost.upper
        assert found.lower <= exact ** (1 / order) * (1 + ROUNDING)
        assert exact ** (1 / order) * (1 - ROUNDING) <= found.upper
    assert found.lower <= found.upper
    assert found.cost.lower <= found.cost.upper


def draw_units(random: np.random.Generator, shape: tuple[int, int]) -> NDArray[np.int64]:
    count = random.integers(1, 13)
    cells = shape[0] * shape[1]
    return np.bincount(random.integers(0, cells, count), minlength=cells).reshape(shape)


# --- validity ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "order",
    [1, pytest.param(1.5, marks=pytest.mark.slow), 2, pytest.param(3, marks=pytest.mark.slow)],
)
def test_random_instances_are_never_violated(order: float) -> None:
    random = np.random.default_rng(round(10 * order))
    for number in range(400):
        # On a line, costs of whole orders are whole numbers, and the comparison is exact.
        shape = (1, 8) if number % 4 == 0 else tuple(random.integers(1, 9, 2))
        a, b = draw_units(random, shape), draw_units(random, shape)
        exact = solve_exactly(a, b, order)
        potential = random.normal(size=shape) * 10.0 ** random.integers(-8, 5)
        count = random.integers(0, 30)
        ends = random.integers(0, a.size, (2, count))
        plan = Plan(ends[0], ends[1], random.random(count) * random.choice([1e-9, 0.1, 1]))
        pair = pair_masses(a, b)
        check_interval(certify_bounds(pair, order, potential, plan), exact, order)
        check_interval(certify_bounds(pair, order), exact, order)


ANY_FLOATS = st.floats(width=64)


@settings(deadline=None, max_examples=300)
@given(data=st.data(), order=st.sampled_from(ORDERS))
def test_garbage_is_never_believed(data: st.DataObject, order: float) -> None:
    shape = data.draw(st.tuples(st.integers(1, 4), st.integers(1, 4)))
    cells = shape[0] * shape[1]
    masses = arrays.arrays(np.int64, shape, elements=st.integers(0, 4)).filter(np.any)
    a, b = data.draw(masses), data.draw(masses)
    potential = data.draw(arrays.arrays(float, shape, elements=ANY_FLOATS))
    pixels = st.integers(0, cells - 1)
    entries = data.draw(st.lists(st.tuples(pixels, pixels, ANY_FLOATS), max_size=8))
    source, target = (np.array([entry[k] for entry in entries], dtype=int) for k in (0, 1))
    plan = Plan(source, target, np.array([entry[2] for entry in entries], dtype=float))
    found = certify_bounds(pair_masses(a, b), order, potential, plan)
    check_interval(found, solve_exactly(a, b, order), order)
    assert 0 <= found.repaired <= 1


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("scale", [1e-300, 1e100, 1.7e308])
def test_potentials_of_any_size_are_taken(order: float, scale: float) -> None:
    a, b = np.array([[3, 1, 0], [0, 2, 2]]), np.array([[0, 1, 4], [1, 2, 1]])
    potential = scale * np.array([[1, -1, 1], [-1, 0.5, -0.25]])
    check_interval(
        certify_bounds(pair_masses(a, b), order, potential), solve_exactly(a, b, order), order
    )


@settings(deadline=None, max_examples=200)
@given(data=st.data(), order=st.sampled_from(ORDERS))
def test_masses_of_any_size_are_exact(data: st.DataObject, order: float) -> None:
    """Whole numbers times any power of two each, in floats: the same distance, no overflow."""
    shape = data.draw(st.tuples(st.integers(1, 4), st.integers(1, 4)))
    masses = arrays.arrays(np.int64, shape, elements=st.integers(0, 4)).filter(np.any)
    a, b = data.draw(masses), data.draw(masses)
    powers = st.integers(-900, 900)
    scaled = [np.ldexp(image.astype(float), data.draw(powers)) for image in (a, b)]
    pair = pair_masses(*scaled)
    assert pair.normalised == (scaled[0].sum() != scaled[1].sum())
    check_interval(certify_bounds(pair, order), solve_exactly(a, b, order), order)


@pytest.mark.parametrize("order", ORDERS)
def test_masses_beyond_64_bits_are_exact(order: float) -> None:
    """A float image, and the plan and duals of a linear program: a narrow interval, and valid."""
    random = np.random.default_rng(4)
    a, b = random.random((3, 4)), random.random((3, 4)) ** 3
    pair = pair_masses(a, b)
    for image, units in ((a, pair.source_units), (b, pair.target_units)):
        total = sum(map(Fraction, image.ravel().tolist()))
        counts = count(units)
        for value, found in zip(image.ravel().tolist(), counts, strict=True):
            exact = Fraction(value) / total * pair.total
            assert exact - 2 < found <= exact
        assert units.missing == pair.total - sum(counts)
    cost, potential, plan = solve_program(pair.source, pair.target, order)
    found = certify_bounds(pair, order, potential, plan)
    assert found.lower <= cost ** (1 / order) * (1 + 1e-9)
    assert found.upper >= cost ** (1 / order) * (1 - 1e-9)
    assert found.upper - found.lower <= 1e-9 * found.upper


def count(units: Units) -> list[int]:
    halves = units.high.ravel().tolist(), units.low.ravel().tolist()
    return [(high << 60) + low for high, low in zip(*halves, strict=True)]


def solve_program(a: Floats, b: Floats, order: float) -> tuple[float, Floats, Plan]:
    """Optimal cost, potential and plan from a general linear program."""
    cells = a.size
    rows = np.kron(np.eye(cells), np.ones(cells))
    columns = np.kron(np.ones(cells), np.eye(cells))
    result = linprog(
        measure(a.shape, order).ravel(),
        A_eq=np.vstack([rows, columns]),
        b_eq=np.concatenate([a.ravel(), b.ravel()]),
        method="highs",
    )
    assert result.status == 0
    source, target = np.divmod(np.arange(cells**2), cells)
    potential = result.eqlin.marginals[cells:].reshape(a.shape)
    return result.fun, potential, Plan(source, target, result.x)


# --- tightness -----------------------------------------------------------------------------------


@pytest.mark.parametrize("order", ORDERS)
def test_optimal_potentials_and_plans_close_the_interval(order: float) -> None:
    random = np.random.default_rng(7)
    for shape in [(1, 8), (5, 1), (3, 4), (4, 4)] * 3:
        a, b = draw_units(random, shape), draw_units(random, shape)
        pair = pair_masses(a, b)
        _, potential, plan = solve_program(pair.source, pair.target, order)
        found = certify_bounds(pair, order, potential, plan)
        check_interval(found, solve_exactly(a, b, order), order)
        assert found.upper - found.lower <= 1e-9 * max(found.upper, 1)
        # Neither a constant in the potential nor its values without mass change anything.
        potential = potential + 1e3
        for value in (np.nan, 1e9):
            potential[~pair.target_units.present] = value
            again = certify_bounds(pair, order, potential)
            assert again.lower == pytest.approx(found.lower, abs=1e-9)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("dtype", [np.int64, float])
def test_identical_images_are_at_distance_zero(order: float, dtype: type) -> None:
    image = (np.random.default_rng(1).random((9, 7)) * 1000).astype(dtype)
    cells = np.arange(image.size)
    pair = pair_masses(image, image)
    for plan in (Plan(cells, cells, pair.source.ravel()), None):
        found = certify_bounds(pair, order, np.zeros(image.shape), plan)
        assert (found.lower, found.upper, found.cost.lower, found.cost.upper) == (0, 0, 0, 0)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("dtype", [np.int64, float])
@pytest.mark.parametrize("shift", [(0, 1), (3, 4), (2, 7)])
def test_a_shift_costs_its_length(order: float, dtype: type, shift: tuple[int, int]) -> None:
    image = (np.random.default_rng(2).random((20, 20)) * 1000).astype(dtype)
    a, b = (np.zeros((30, 30), dtype) for _ in range(2))
    a[:20, :20] = image
    b[shift[0] : 20 + shift[0], shift[1] : 20 + shift[1]] = image
    pair = pair_masses(a, b)
    source = np.flatnonzero(a)
    plan = Plan(source, source + 30 * shift[0] + shift[1], pair.source.ravel()[source])
    found = certify_bounds(pair, order, None, plan)
    squared = shift[0] ** 2 + shift[1] ** 2
    assert Fraction(found.lower) ** 2 <= squared <= Fraction(found.upper) ** 2
    assert found.upper - found.lower <= 1e-9
    if dtype is np.int64:
        assert found.upper - found.lower <= 4e-14 * found.upper


@pytest.mark.parametrize("order", ORDERS)
@settings(deadline=None, max_examples=30)
@given(ends=st.tuples(*[st.integers(0, 50)] * 4))
def test_single_pixels_need_nothing(order: float, ends: tuple[int, int, int, int]) -> None:
    a, b = np.zeros((51, 51)), np.zeros((51, 51))
    a[ends[0], ends[1]], b[ends[2], ends[3]] = 0.1, 7
    squared = (ends[0] - ends[2]) ** 2 + (ends[1] - ends[3]) ** 2
    found = certify_bounds(pair_masses(a, b), order)
    if order == 2:
        assert found.cost.upper == squared
    assert Fraction(found.lower) ** 2 <= squared
    assert Fraction(found.upper) ** 2 >= squared
    assert found.upper - found.lower <= 4e-14 * found.upper


def test_a_little_mass_left_over_costs_a_little() -> None:
    """Plans of solvers miss marginals by rounding: the repair must not show."""
    random = np.random.default_rng(5)
    image = random.random((64, 64))
    pair = pair_masses(image, np.roll(image, 1, axis=1))
    cells = np.arange(image.size)
    places = cells.reshape(image.shape)
    target = np.roll(places, -1, axis=1).ravel()
    noisy = pair.source.ravel() * (1 + 1e-15 * random.normal(size=image.size))
    found = certify_bounds(pair, 2, None, Plan(cells, target, noisy))
    offsets = measure(image.shape, 2)[cells, target]
    assert found.cost.upper == pytest.approx(pair.source.ravel() @ offsets, rel=1e-9)
    assert found.repaired < 1e-12


def test_what_is_left_stays_in_place_or_shifts_whichever_is_cheaper() -> None:
    common = np.ones((16, 16), dtype=int)
    a, b = common.copy(), common.copy()
    a[0, 0], b[12, 5] = 2, 2
    assert certify_bounds(pair_masses(a, b), 1).cost.upper == pytest.approx(13 / 257, rel=1e-12)
    row = np.ones((1, 9), dtype=int)
    row[0, -1] = 0
    assert certify_bounds(pair_masses(row, row[:, ::-1]), 2).cost.upper == 1


def test_two_transforms_beat_one() -> None:
    random = np.random.default_rng(6)
    a, b = random.integers(1, 50, (2, 8, 8))
    pair = pair_masses(a, b)
    potential = 5 * random.random((8, 8))
    once = transform_cost(potential, 2).values
    plain = (pair.source * once + pair.target * potential).sum()
    twice = (pair.source * once + pair.target * transform_cost(once, 2).values).sum()
    found = certify_bounds(pair, 2, potential)
    assert found.cost.lower >= max(plain, twice) - 1e-9


# --- rounding ------------------------------------------------------------------------------------


@pytest.mark.parametrize("order", [1, 1.5, 2, 3, 7, 32])
@settings(deadline=None)
@given(cost=st.floats(0, 1e300))
def test_roots_and_powers_are_rounded_outwards(order: float, cost: float) -> None:
    """Checked by exact powers: twice the order is a whole number."""
    twice = round(2 * order)
    low, high = (take_root(cost, order, down=down) for down in (True, False))
    assert Fraction(low) ** twice <= Fraction(cost) ** 2 <= Fraction(high) ** twice
    assert high - low <= 1e-11 * high
    base = cost ** (1 / 64)
    low, high = (raise_power(base, order, down=down) for down in (True, False))
    assert Fraction(low) ** 2 <= Fraction(base) ** twice <= Fraction(high) ** 2
    assert high - low <= 1e-13 * high


@settings(deadline=None)
@given(st.fractions())
def test_fractions_are_rounded_to_the_nearest_doubles_around(value: Fraction) -> None:
    low, high = round_down(value), round_up(value)
    assert Fraction(low) <= value <= Fraction(high)
    assert high in (low, np.nextafter(low, np.inf))


@pytest.mark.parametrize("order", [1, 1.5, 2, 3, 7, 32])
def test_prices_are_rounded_up(order: float) -> None:
    costs = measure_costs((12, 15), order)
    for row, column in np.ndindex(12, 15):
        moved = np.zeros((12, 15), dtype=np.int64)
        moved[row, column] = 3
        price = price_offsets(Moved(np.zeros_like(moved), moved), costs) / 3
        assert (row**2 + column**2) ** round(2 * order) <= price**4
        assert float(price) <= (1 + 1e-13) * np.hypot(row, column) ** order


# --- squares -------------------------------------------------------------------------------------


def test_the_radius_of_a_square_has_its_closed_forms() -> None:
    """E|U|^p over the square: elementary for p = 1, 2, 4, and bounded from above otherwise."""
    mean = (sqrt(2) + np.log(1 + sqrt(2))) / 6
    for order, radius in ((1, mean), (2, 1 / sqrt(6)), (4, (7 / 180) ** 0.25)):
        assert bound_square_radius(order) >= radius
        assert bound_square_radius(order) == pytest.approx(radius, rel=1e-8)
    nodes, weights = np.polynomial.legendre.leggauss(40)
    lengths = np.hypot(*np.meshgrid(nodes / 4 + 0.25, nodes / 4 + 0.25))
    for order in (1.5, 3):
        moment = (np.outer(weights, weights) * lengths**order).sum() / 4
        assert bound_square_radius(order) == pytest.approx(moment ** (1 / order), rel=1e-6)


def test_the_triangle_inequality_is_paid_twice() -> None:
    found = certify_bounds(pair_masses(*np.eye(101)[[0, 100], None]), 2)
    lower = lower_for_squares(found.lower, 2)
    assert found.upper == 100
    assert lower == pytest.approx(100 - 2 / sqrt(6), rel=1e-9)
    assert lower < 100 - 2 / sqrt(6)
    assert lower_for_squares(0.0, 1) == 0


def test_squares_are_never_farther_than_their_centres() -> None:
    """Fine pixels fill coarse squares: their distance lies in the widened interval."""
    random = np.random.default_rng(8)
    fine = 3
    for order in (1, 2):
        for _ in range(10):
            a, b = draw_units(random, (3, 4)), draw_units(random, (3, 4))
            pair = pair_masses(a, b)
            _, potential, plan = solve_program(pair.source, pair.target, order)
            found = certify_bounds(pair, order, potential, plan)
            lower, upper = lower_for_squares(found.lower, order), found.upper
            spread = [np.kron(image, np.ones((fine, fine), dtype=int)) for image in (a, b)]
            distance = float(solve_exactly(*spread, order)) ** (1 / order) / fine
            # A fine pixel is a square of its own, whose spread the fine images leave out.
            slack = 2 * bound_square_radius(order) / fine
            assert lower - slack <= distance <= upper + ROUNDING
            assert lower <= upper


# --- input ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("a", "b", "words"),
    [
        (
            np.ones((2, 3)),
            np.ones((3, 2)),
            "first image has 2 × 3 pixels and the second image 3 × 2",
        ),
        (np.ones((2, 2, 2, 2)), np.ones((2, 2, 2, 2)), "first image has the shape"),
        (np.ones(4), np.ones((4, 1)), "first image has 1 × 4 pixels and the second image 4 × 1"),
        (np.ones((0, 4)), np.ones((0, 4)), "first image has the shape"),
        ([[1, 2]], [[1, -2]], "second image holds -2 in row 1, column 2"),
        ([[1.0, np.nan]], [[1, 2]], "first image holds nan"),
        ([[1.0, np.inf]], [[1, 2]], "first image holds inf"),
        ([[1, 2]], [[0, 0]], "second image has no mass"),
        ([["a", "b"]], [[0, 0]], "first image has the type"),
        ([[1j, 2]], [[0, 0]], "first image has the type"),
    ],
)
def test_images_that_are_none_are_refused(a: object, b: object, words: str) -> None:
    with pytest.raises(StippleError, match=words):
        pair_masses(a, b)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "dtype", [bool, np.uint8, np.int16, np.uint64, np.float16, np.float32, ">f8", ">i4"]
)
def test_images_of_every_type_are_read_exactly(dtype: str) -> None:
    image = np.array([[0, 1], [1, 0]]).astype(dtype)
    pair = pair_masses(image, [[1, 1], [1, 1]])
    np.testing.assert_array_equal(pair.source, [[0, 0.5], [0.5, 0]])
    assert pair.normalised
    for units, shares in ((pair.source_units, (0, 2, 2, 0)), (pair.target_units, (1, 1, 1, 1))):
        assert count(units) == [share * pair.total // 4 for share in shares]
    assert not pair_masses(image, image).normalised


@settings(deadline=None)
@given(arrays.arrays(float, (7,), elements=st.floats(0, allow_infinity=False)))
def test_floats_are_split_exactly(values: Floats) -> None:
    numbers = split_numbers(values)
    parts = numbers.mantissas.tolist(), numbers.shifts.tolist()
    for value, mantissa, shift in zip(values.tolist(), *parts, strict=True):
        assert Fraction(value) == mantissa * Fraction(2) ** (shift + numbers.exponent)


def make_plan(source: object, target: object, amounts: object) -> Plan:
    return Plan(np.array(source), np.array(target), np.array(amounts))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"order": 0.5}, "order of the distance is 0.5"),
        ({"order": float("nan")}, "order of the distance is nan"),
        ({"order": float("inf")}, "order of the distance is inf"),
        ({"potential": np.zeros((2, 3))}, r"potential has the shape \(2, 3\)"),
        ({"plan": make_plan([0, 4], [0, 0], [1.0, 1.0])}, "pixels 0 to 4"),
        ({"plan": make_plan([0, 1], [-1, 0], [1.0, 1.0])}, "pixels -1 to 0"),
        ({"plan": make_plan([0, 1], [0], [1.0, 1.0])}, "is no list of pairs"),
        ({"plan": make_plan([0.0], [1.0], [1.0])}, "by integers, not by float64"),
    ],
)
def test_potentials_and_plans_of_other_images_are_refused(
    options: dict[str, object], words: str
) -> None:
    pair = pair_masses(np.ones((2, 2)), np.eye(2))
    with pytest.raises(StippleError, match=words):
        certify_bounds(pair, **{"order": 2, **options})  # type: ignore[arg-type]
