"""What `bound` says is so: for large orders, equal images, squares, plans, and when time is up."""

import math
import time
from fractions import Fraction

import numpy as np
import pytest
from bound_images import draw_noise, draw_smooth
from click.testing import CliRunner
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

import stipple
from stipple.bounds import pooling, proof
from stipple.bounds.certificate import certify_bounds
from stipple.bounds.clock import Clock, LateError, PunctualWorkers
from stipple.bounds.masses import pair_masses
from stipple.choices import BoundMethod
from stipple.cli import main
from stipple.errors import StippleError


def run(*words: object) -> str:
    result = CliRunner().invoke(main, ["bound", *map(str, words)], catch_exceptions=False)
    return result.output


# --- large orders --------------------------------------------------------------------------------


def assign_units(a: NDArray[np.int64], b: NDArray[np.int64], order: int) -> Fraction:
    """W_p^p between images of as many units each, for an even order."""
    places = [np.repeat(np.argwhere(image >= 0), image.ravel(), axis=0) for image in (a, b)]
    squares = ((places[0][:, None] - places[1]) ** 2).sum(axis=2)
    moved = squares[linear_sum_assignment(squares.astype(float) ** (order / 2))]
    return Fraction(sum(int(square) ** (order // 2) for square in moved), len(moved))


@pytest.mark.parametrize("order", [8, 16, 32])
@pytest.mark.parametrize("shape", [(8, 8), (3, 20), (50, 1), (24, 20)])
def test_large_orders_converge_to_the_value(order: int, shape: tuple[int, int]) -> None:
    random = np.random.default_rng(order)
    a, b = (
        (np.bincount(random.integers(0, math.prod(shape), 150), minlength=math.prod(shape)))[None]
        .repeat(2, 0)
        .reshape(2, *shape)
    )
    random.shuffle(b.ravel())
    cost = assign_units(a, b, order)
    result = stipple.bound(a, b, order, gap=1e-6)
    assert result.reached
    assert Fraction(result.lower) ** order <= cost <= Fraction(result.upper) ** order


def test_noise_at_a_large_order_is_enclosed() -> None:
    """The largest cost is 10^15 times the value."""
    a, b = draw_noise(1, (8, 8)), draw_noise(2, (8, 8))
    result = stipple.bound(a, b, 16, gap=1e-4)
    assert result.reached
    assert result.gap <= 1e-12
    assert result.lower >= stipple.bound(a, b, 8).lower


@pytest.mark.parametrize("order", [0.5, 33, math.nan, math.inf, -1])
def test_orders_outside_the_range_are_refused(order: float) -> None:
    for method in ("auto", "paper"):
        with pytest.raises(StippleError, match="from 1 to 32"):
            stipple.bound(np.eye(3), np.ones((3, 3)), order, method=method)  # type: ignore[arg-type]
    assert "Invalid value for '-p'" in run("a.npy", "b.npy", "-p", order)


def test_help_states_the_range_of_orders() -> None:
    assert "1<=x<=32" in run("--help")


# --- why it stops --------------------------------------------------------------------------------


def test_the_reason_for_a_wide_interval_is_told(
    tmp_path,
    monkeypatch: pytest.MonkeyPatch,  # type: ignore[no-untyped-def]
) -> None:
    monkeypatch.chdir(tmp_path)
    for seed, name in ((1, "a.npy"), (2, "b.npy")):
        np.save(name, draw_noise(seed, (40, 50)))
    gap = ("--gap", 0)
    assert "time was up" in run("a.npy", "b.npy", "--gap", 1e-9, "--time-limit", 0)
    assert "double precision shows no more" in run("a.npy", "b.npy", "-p", 1.5, *gap)
    assert "smaller --block" in run("a.npy", "b.npy", "--method", "paper", *gap)
    assert "through their centres" in run("a.npy", "b.npy", "--pixels", "squares", "--strict")
    from stipple.bounds import search

    monkeypatch.setattr(search, "LARGEST_ON_ARCS", {2: 0, 3: 0})
    words = ("a.npy", "b.npy", "--method", "fast", "--gap", 1e-9, "--strict")
    assert (
        run(*words)
        .splitlines()[-1]
        .endswith(
            "the method fast goes no further at this size; take --method sparse, which needs more"
            " time, or a larger --gap."
        )
    )


# --- equal images --------------------------------------------------------------------------------


@pytest.mark.parametrize("order", [1, 2, 3, 16])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_images_equal_up_to_rounding_are_said_to_be(order: float, dtype: type) -> None:
    for shape in [(40, 30), (1, 200)]:
        a = draw_smooth(1, shape).astype(dtype)
        result = stipple.bound(a, a / a.sum(), order)
        assert result.similar
        assert result.reached
        assert result.stopped == "gap"
        limit = (8 * float(np.finfo(dtype).eps)) ** (1 / order) * math.hypot(*shape)
        assert 0 <= result.lower <= result.upper <= limit
        other = a.copy()
        other[0, 0] *= 1 + 100 * np.finfo(dtype).eps
        assert not stipple.bound(a, other, order).similar


def test_the_width_is_told_for_equal_images(
    tmp_path,
    monkeypatch: pytest.MonkeyPatch,  # type: ignore[no-untyped-def]
) -> None:
    monkeypatch.chdir(tmp_path)
    a = draw_noise(1, (20, 20))
    np.save("a.npy", a)
    np.save("b.npy", a / a.sum())
    told = run("a.npy", "b.npy", "--strict")
    assert "equal up to rounding, and the interval is" in told
    assert "Error" not in told
    told = run("a.npy", "a.npy")
    assert "from 0 to 0 pixels" in told


@pytest.mark.parametrize("unit", ["pixel", "side"])
@pytest.mark.parametrize("pixels", ["points", "squares"])
def test_zero_has_no_sign(unit: str, pixels: str) -> None:
    a = draw_noise(1, (20, 30))
    for image, other in ((a, a), (a, 0.125 * a), (np.rint(9 * a), 3 * np.rint(9 * a))):
        result = stipple.bound(image, other, unit=unit, pixels=pixels)  # type: ignore[arg-type]
        for end in (result.lower, result.upper, *(x.upper for x in result.levels)):
            assert end == 0
            assert math.copysign(1, end) == 1


# --- squares and units ---------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["auto", "paper"])
def test_levels_and_estimates_are_in_the_unit_and_for_the_pixels_asked(method: str) -> None:
    """A checkerboard and its complement: for squares W_2 is below the 1 of points."""
    a = np.indices((6, 8)).sum(axis=0) % 2
    options = {"method": method, "block": 1}
    points = stipple.bound(a, 1 - a, **options)  # type: ignore[arg-type]
    squares = stipple.bound(a, 1 - a, pixels="squares", unit="side", **options)  # type: ignore[arg-type]
    radius = 1 / math.sqrt(6)
    assert (points.lower, points.upper) == pytest.approx((1, 1))
    assert squares.lower == pytest.approx((1 - 2 * radius) / 8, rel=1e-8)
    assert squares.upper == pytest.approx(1 / 8)
    for level in squares.levels:
        assert (level.lower, level.upper) == (squares.lower, squares.upper)
    if squares.estimates is not None:
        for one in (squares.estimates.dual, squares.estimates.minimum_cost):
            assert one.distance <= squares.lower
            assert one.cost == pytest.approx(one.distance**2)
        assert squares.estimates.primal.distance == pytest.approx(squares.upper)


def test_the_barycentres_bound_squares_too() -> None:
    a, b = np.zeros((2, 5, 90))
    a[1, :3] = (1, 2, 3)
    b[4, 80:83] = (1, 2, 3)
    result = stipple.bound(a, b, pixels="squares")
    assert result.lower == pytest.approx(math.hypot(3, 80), rel=1e-14)
    assert result.upper == pytest.approx(math.hypot(3, 80), rel=1e-14)


# --- the plan ------------------------------------------------------------------------------------


@pytest.mark.parametrize("order", [1.0, 2.0, 16.0])
@pytest.mark.parametrize("gap", [0.0, 0.01, 10.0])
def test_the_plan_proves_the_upper_end(order: float, gap: float) -> None:
    a, b = draw_noise(1, (21, 34)), draw_smooth(2, (21, 34))
    result = stipple.bound(a, b, order, gap=gap)
    plan = result.plan
    assert plan is not None
    for ends, image in ((plan.source, a), (plan.target, b)):
        sums = np.bincount(ends, plan.amounts, image.size)
        np.testing.assert_allclose(sums, (image / image.sum()).ravel(), rtol=0, atol=1e-15)
    first, second = (np.divmod(ends, 34) for ends in (plan.source, plan.target))
    lengths = np.hypot(first[0] - second[0], first[1] - second[1])
    assert result.upper == pytest.approx((plan.amounts @ lengths**order) ** (1 / order), rel=1e-12)
    again = certify_bounds(pair_masses(a, b), order, result.potential, plan)
    assert (again.lower, again.upper) == (result.lower, result.upper)


# --- time ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("order", [1.0, 1.5, 2.0, 3.0])
@pytest.mark.parametrize("shape", [(60, 40), (1, 300), (300, 2)])
def test_an_interval_without_any_proof_is_true(
    order: float, shape: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    a, b = draw_noise(1, shape), draw_noise(2, shape)
    best = stipple.bound(a, b, order)
    # "auto" matches a line at once, without what is late here.
    method: BoundMethod = "sparse" if 1 in shape else "auto"

    def come_late(*_arguments: object, **_options: object) -> None:
        raise LateError

    monkeypatch.setattr(proof, "certify_potential", come_late)
    result = stipple.bound(a, b, order, method=method, time_limit=1e-3)
    assert (result.levels, result.plan, result.potential) == ((), None, None)
    assert result.stopped == "time"
    assert 0 < result.lower <= best.upper
    assert best.lower <= result.upper < math.inf


def test_late_work_is_given_up() -> None:
    workers = PunctualWorkers(2, Clock(time.perf_counter() - 1))
    with pytest.raises(LateError):
        workers.map_ranges(lambda start, stop: stop - start, 10**6)
    workers.clock.deadline = time.perf_counter() + 60
    assert sum(workers.map_ranges(lambda start, stop: stop - start, 10**6)) == 10**6
    pair = pair_masses(draw_noise(1, (30, 30)), draw_noise(2, (30, 30)))
    with pytest.raises(LateError):
        certify_bounds(pair, 2, np.zeros((30, 30)), clock=Clock(time.perf_counter() - 1))


@pytest.mark.slow
@pytest.mark.parametrize(("side", "order"), [(1024, 2.0), (2048, 2.0), (512, 1.0), (512, 1.7)])
def test_time_limits_are_kept_at_large_sizes(side: int, order: float) -> None:
    a, b = draw_noise(1, (side, side)), draw_noise(2, (side, side))
    for limit in (1.0, 4.0):
        began = time.perf_counter()
        result = stipple.bound(a, b, order, gap=0.0, time_limit=limit)
        assert time.perf_counter() - began <= 1.1 * limit + 1
        assert 0 < result.lower <= result.upper < math.inf


@pytest.mark.slow
@pytest.mark.parametrize("side", [512, 1024])
def test_floats_take_little_longer_than_integers(side: int) -> None:
    smooth = [np.kron(draw_smooth(seed, (64, 64)), np.ones((side // 64,) * 2)) for seed in (1, 2)]
    noise = [1 + 0.1 * draw_noise(seed, (side, side)) for seed in (3, 4)]
    floats = [image * part for image, part in zip(smooth, noise, strict=True)]
    whole = [np.rint(255 * image / image.max()) for image in floats]
    seconds = []
    for images in (whole, floats):
        stipple.bound(*images, gap=0.05)
        began = time.process_time()
        stipple.bound(*images, gap=0.05)
        seconds.append(time.process_time() - began)
    assert seconds[1] <= 1.3 * seconds[0]


# --- pooled images -------------------------------------------------------------------------------


@pytest.mark.parametrize("order", [1, 1.5, 2, 3, 16])
@pytest.mark.parametrize("shape", [(9, 11), (4, 30), (1, 40)])
@pytest.mark.parametrize("side", [2, 3, 5])
def test_pooled_images_are_no_farther_than_stated(
    side: int, shape: tuple[int, int], order: float
) -> None:
    """The plan that sends each pixel to the middle of its block, and POT between the images."""
    ot = pytest.importorskip("ot", reason="the oracle is POT")
    pair = pair_masses(draw_noise(1, shape), draw_noise(2, shape))
    blocks = pooling.pool_pair(pair, side, order)
    row, column = np.indices(shape)
    moves = np.hypot(row % side - (side - 1) / 2, column % side - (side - 1) / 2) ** order
    apart = sum((image * moves).sum() ** (1 / order) for image in (pair.source, pair.target))
    assert apart <= blocks.distance <= apart * (1 + 1e-9) + 100 * (1e-14) ** (1 / order)
    inner = stipple.bound(blocks.pair.source, blocks.pair.target, order, gap=1e-6)
    outer = blocks.convert(inner.interval)
    places = np.argwhere(np.ones(shape)).astype(float)
    costs = np.hypot(*(places[:, None] - places).T) ** order
    exact = ot.emd2(pair.source.ravel(), pair.target.ravel(), costs, numItermax=10**6)
    if order < 16:  # POT stops early where costs differ by so many powers of ten
        assert outer.lower <= exact ** (1 / order) <= outer.upper


def test_little_time_still_tells_something(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks shrink while there is time, and what they tell is kept."""
    monkeypatch.setattr(pooling, "FAST_PIXELS", 60)
    monkeypatch.setattr(pooling, "SPARSE_PIXELS", 60)
    a, b = draw_smooth(1, (70, 90)), draw_smooth(2, (70, 90))
    for order in (1, 2):
        best = stipple.bound(a, b, order, gap=1e-4)
        levels = []
        found = stipple.bound(a, b, order, gap=0.0, time_limit=1, on_level=levels.append)
        assert max(best.lower, found.lower) <= min(best.upper, found.upper)
        assert found.gap < 1
        assert len(levels) >= len(found.levels)
        assert all(level.lower <= best.upper and best.lower <= level.upper for level in levels)
