"""Bounds refined to a gap: the exact distance is inside, the gap is reached, evidence holds."""

import math
import time
from typing import Any

import numpy as np
import pytest
from bound_images import draw_blobs, draw_noise, draw_smooth, solve_exactly
from hypothesis import given, settings
from hypothesis import strategies as st

from stipple.arrays import Floats
from stipple.bounds import refine, search
from stipple.bounds.certificate import certify_bounds
from stipple.bounds.clock import Clock, PunctualWorkers
from stipple.bounds.masses import pair_masses
from stipple.bounds.problem import Flow, Level
from stipple.bounds.proof import Proof
from stipple.bounds.refine import bound_images
from stipple.bounds.results import BoundResult, LevelRecord
from stipple.bounds.sparse import relax_on_arcs, solve_on_arcs
from stipple.errors import StippleError

every_image = pytest.mark.parametrize("draw", [draw_smooth, draw_noise, draw_blobs])


def bound(a: Floats, b: Floats, order: float = 2, **options: object) -> BoundResult:
    return bound_images(pair_masses(a, b), order, **options)  # type: ignore[arg-type]


def check_evidence(result: BoundResult, a: Floats, b: Floats, order: float) -> None:
    again = certify_bounds(pair_masses(a, b), order, result.potential, result.plan)
    assert again.lower == result.lower
    # Doubles do not determine what goes around circles of a plan to the last bit.
    assert again.upper == pytest.approx(result.upper, rel=1e-14)
    assert result.levels[-1].lower == result.lower
    assert result.levels[-1].upper == result.upper
    if result.lower > 0:
        assert result.gap == pytest.approx(result.upper / result.lower - 1, abs=1e-12)


@every_image
@pytest.mark.parametrize("order", [1.0, 1.5, 2.0, 3.0])
def test_the_exact_distance_is_inside(draw, order: float) -> None:  # type: ignore[no-untyped-def]
    a, b = draw(1, (11, 18)), draw(2, (11, 18))
    result = bound(a, b, order, gap=1e-3)
    exact = solve_exactly(a, b, order)
    assert result.lower * (1 - 1e-7) <= exact <= result.upper * (1 + 1e-7)
    assert result.reached
    assert result.gap <= 1e-3
    check_evidence(result, a, b, order)


@settings(deadline=None, max_examples=60)
@given(
    seed=st.integers(0, 2**32 - 1),
    shape=st.sampled_from([(1, 1), (1, 7), (9, 1), (2, 3), (5, 7), (1, 20), (19, 2)]),
    order=st.sampled_from([1.0, 1.5, 2.0, 3.0]),
)
def test_tiny_images_with_zeros(seed: int, shape: tuple[int, int], order: float) -> None:
    rng = np.random.default_rng(seed)
    a, b = rng.integers(0, 4, (2, *shape)).astype(float)
    a[0, 0] += a.sum() == 0
    b[-1, -1] += b.sum() == 0
    result = bound(a, b, order, gap=1e-6)
    exact = solve_exactly(a, b, order)
    assert result.lower <= exact + 1e-7
    assert result.upper >= exact - 1e-7
    check_evidence(result, a, b, order)
    if max(shape) <= 16:
        # A single level, solved exactly: rounding is all that is left.
        assert result.upper - result.lower <= 1e-6 * max(result.upper, 1e-3)


@every_image
@pytest.mark.parametrize("method", ["sparse", "fast"])
def test_both_methods_reach_the_gap_beyond_the_coarsest_levels(draw, method: str) -> None:  # type: ignore[no-untyped-def]
    a, b = draw(1, (45, 70)), draw(2, (45, 70))
    result = bound(a, b, gap=2e-3, method=method)
    assert result.reached
    assert result.method == method
    other = bound(a, b, gap=2e-3, method="sparse" if method == "fast" else "fast")
    assert max(result.lower, other.lower) <= min(result.upper, other.upper)
    check_evidence(result, a, b, 2)


@pytest.mark.parametrize("order", [1.0, 2.0, 3.0])
@pytest.mark.parametrize("shape", [(1, 1), (6, 9), (40, 23)])
def test_identical_images_are_at_distance_zero(shape: tuple[int, int], order: float) -> None:
    a = np.random.default_rng(4).integers(0, 256, shape)
    a[0, 0] = 1
    result = bound(a, 3 * a, order)
    assert (result.lower, result.upper, result.gap) == (0, 0, 0)
    assert result.reached


@pytest.mark.parametrize("order", [1.0, 1.5, 2.0, 3.0])
def test_single_pixels_are_at_their_distance(order: float) -> None:
    a, b = np.zeros((2, 40, 50))
    a[3, 4] = 7.0
    b[33, 44] = 0.1
    result = bound(a, b, order, gap=1e-9)
    assert result.reached
    assert result.lower <= 50 <= result.upper


@pytest.mark.parametrize("method", ["sparse", "fast"])
def test_translated_images_are_as_far_as_they_moved(method: str) -> None:
    a = np.zeros((64, 80))
    a[5:35, 7:40] = draw_noise(1, (30, 33))
    result = bound(a, np.roll(a, (20, 21), axis=(0, 1)), method=method, gap=1e-4)
    assert result.lower <= 29 <= result.upper
    assert result.reached


def test_a_gap_of_zero_ends_too() -> None:
    a = np.zeros((40, 36))
    a[5:25, 3:20] = draw_noise(1, (20, 17))
    result = bound(a, np.roll(a, (8, 8), axis=(0, 1)), method="fast", gap=0.0)
    assert result.upper - result.lower <= 1e-6
    assert result.lower <= math.hypot(8, 8) * (1 + 1e-15)
    assert result.upper >= math.hypot(8, 8) * (1 - 1e-15)


def test_nothing_is_sought_beyond_rounding(monkeypatch: pytest.MonkeyPatch) -> None:
    solved: list[tuple[int, int]] = []
    solve = search.solve_on_arcs

    def count(level: Level, *arguments: Any) -> tuple[Flow, Floats]:
        solved.append(level.source.shape)
        return solve(level, *arguments)

    monkeypatch.setattr(search, "solve_on_arcs", count)
    for order in (1.5, 3.0):
        solved.clear()
        a, b = draw_noise(1, (64, 64)), draw_noise(2, (64, 64))
        result = bound(a, b, order, gap=0.0, method="sparse")
        assert result.gap <= 1e-8
        assert solved.count((64, 64)) < len(search.ARC_CHOICES[2])


@pytest.mark.parametrize(("order", "side"), [(1.0, 128), (2.0, 256)])
def test_time_limits_are_kept(order: float, side: int) -> None:
    # Without a limit: some ten seconds, and more than half a minute.
    a, b = draw_noise(1, (side, side)), draw_noise(2, (side, side))
    result = bound(a, b, order, gap=0.0, time_limit=1.0)
    assert not result.reached
    assert result.seconds < 4


def test_what_both_images_have_stays_where_it_is() -> None:
    a, b = draw_smooth(1, (30, 20)), draw_smooth(2, (30, 20))
    found = bound(a, b, 1, gap=1e-3)
    plan, common = found.plan, np.minimum(a / a.sum(), b / b.sum())
    assert plan is not None
    here = plan.source == plan.target
    stays = np.bincount(plan.source[here], plan.amounts[here], a.size)
    np.testing.assert_allclose(stays.reshape(a.shape), common, rtol=0, atol=1e-13)
    assert found.certificate.repaired < 1e-12


@pytest.mark.parametrize("order", [1.0, 2.0])
def test_levels_too_coarse_for_a_long_proof_are_not_proved(
    order: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(refine, "PROVED_PIXELS", 0)
    monkeypatch.setattr(refine, "WORTH_PROVING", math.inf)
    monkeypatch.setattr(refine, "SURE", math.inf)
    a, b = draw_noise(1, (65, 65)), draw_noise(2, (65, 65))
    found = bound(a, b, order, gap=1e-3)
    sides = [level.shape[0] for level in found.levels]
    assert sides == ([17, 33, 65] if order == 1 else [9, 17, 33, 65])


def test_faint_pixels_count() -> None:
    # Their mass is below the resolution of the solvers, not below that of the certificate.
    a, b = np.zeros((2, 20, 20))
    a[0, 0] = b[0, 0] = 1.0
    a[0, 1] = b[19, 19] = 2.0**-60
    result = bound(a, b, 1)
    exact = 2.0**-60 * math.hypot(19, 18)
    assert 0 <= result.lower <= exact <= result.upper


def test_levels_are_told_in_order_and_only_improve(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refine, "WORTH_PROVING", math.inf)
    told: list[LevelRecord] = []
    a, b = draw_noise(1, (50, 41)), draw_noise(2, (50, 41))
    result = bound(a, b, gap=1e-4, on_level=told.append)
    assert tuple(told) == result.levels
    assert [level.shape for level in told] == [(13, 11), (25, 21), (50, 41)]
    assert (np.diff([level.lower for level in told]) >= 0).all()
    assert (np.diff([level.upper for level in told]) <= 0).all()
    assert sum(level.seconds for level in told) <= result.seconds


@pytest.mark.parametrize("order", [1.5, 2.0])
def test_levels_that_promise_too_little_are_not_proved(order: float) -> None:
    found = bound(draw_noise(1, (50, 41)), draw_noise(2, (50, 41)), order, gap=1e-4)
    assert [level.shape for level in found.levels] == [(50, 41)]
    assert found.reached


def test_a_generous_gap_stops_early() -> None:
    a, b = draw_smooth(1, (64, 64), 8.0), draw_smooth(2, (64, 64), 8.0)
    result = bound(a, b, gap=0.5)
    assert result.reached
    assert len(result.levels) == 1
    exact = bound(a, b, gap=1e-4)
    assert result.lower <= exact.upper
    assert exact.lower <= result.upper


@every_image
@pytest.mark.parametrize("order", [1.0, 2.0])
def test_no_time_still_gives_a_valid_interval(draw, order: float) -> None:  # type: ignore[no-untyped-def]
    a, b = draw(1, (40, 70)), draw(2, (40, 70))
    result = bound(a, b, order, gap=0.0, time_limit=0.0)
    best = bound(a, b, order, gap=0.01)
    assert not result.reached
    assert len(result.levels) == 1
    assert result.lower <= best.upper
    assert best.lower <= result.upper < math.inf
    check_evidence(result, a, b, order)


def test_an_unreachable_gap_is_admitted() -> None:
    a, b = draw_noise(1, (20, 20)), draw_noise(2, (20, 20))
    result = bound(a, b, 1.5, gap=0.0)
    assert result.reached == (result.lower == result.upper)
    assert result.gap <= 1e-6


def test_large_images_end_with_cells(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "LARGEST_ON_ARCS", {2: 0, 3: 0})
    a, b = draw_noise(1, (40, 50)), draw_noise(2, (40, 50))
    cells = bound(a, b, gap=1e-4, method="fast")
    arcs = bound(a, b, gap=1e-4, method="sparse")
    assert arcs.reached
    assert not cells.reached
    assert cells.lower <= arcs.lower <= arcs.upper <= cells.upper
    assert cells.gap < 0.2


def test_no_exact_programme_is_solved_for_a_gap(monkeypatch: pytest.MonkeyPatch) -> None:
    a, b = draw_noise(1, (70, 66)), draw_noise(2, (70, 66))
    solved: list[int] = []

    def solve(level: Level, *given: Any) -> tuple[Flow, Floats]:
        solved.append(max(level.source.shape))
        return solve_on_arcs(level, *given)

    monkeypatch.setattr(search, "solve_on_arcs", solve)
    found = bound(a, b, gap=1e-3, method="fast")
    assert found.reached
    assert max(solved) <= search.EXACT_SIDE
    # Near to what was asked for: no time went into more.
    assert found.gap >= 1e-4
    check_evidence(found, a, b, 2)


def test_arcs_come_only_where_exchanges_do_not_suffice(monkeypatch: pytest.MonkeyPatch) -> None:
    relaxed: list[int] = []

    def relax(level: Level, *given: Any) -> tuple[Flow, Floats] | None:
        relaxed.append(max(level.source.shape))
        return relax_on_arcs(level, *given)

    monkeypatch.setattr(search, "relax_on_arcs", relax)
    for scale, gap, needed in ((12.0, 2e-3, False), (2.0, 1e-3, True)):
        relaxed.clear()
        assert bound(*(draw_smooth(seed, (80, 66), scale) for seed in (1, 2)), gap=gap).reached
        assert (80 in relaxed) == needed


def test_a_limit_between_two_levels_is_told_as_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    solve = search.Search.solve

    def be_late(self: search.Search, level: Level, *given: Any) -> search.Solution | None:
        return solve(self, level, *given) if max(level.source.shape) < 40 else None

    monkeypatch.setattr(search.Search, "solve", be_late)
    a, b = draw_noise(1, (40, 40)), draw_noise(2, (40, 40))
    found = bound(a, b, gap=1e-4)
    assert [level.shape for level in found.levels] == [(20, 20)]
    assert found.stopped == "time"


def test_threads_do_not_change_the_bounds() -> None:
    a, b = draw_smooth(1, (70, 66)), draw_smooth(2, (70, 66))
    one, two = (bound(a, b, gap=1e-3, threads=threads) for threads in (1, 2))
    assert (one.lower, one.upper) == (two.lower, two.upper)


@pytest.mark.parametrize(
    ("order", "options", "message"),
    [
        (1, {"method": "fast"}, 'take "sparse"'),
        (2, {"gap": -0.1}, "from 0 up"),
        (2, {"gap": math.nan}, "from 0 up"),
        (2, {"time_limit": -1.0}, "from 0 up"),
        (0.5, {}, "from 1 "),
    ],
)
def test_impossible_options_are_refused(
    order: float, options: dict[str, object], message: str
) -> None:
    with pytest.raises(StippleError, match=message):
        bound(np.ones((3, 3)), np.eye(3), order, **options)


def test_a_proof_quicker_than_expected_hides_no_lack_of_time(monkeypatch) -> None:  # type: ignore[no-untyped-def]
    """Solvers stopped for a proof that then was brief: time was short, not double precision."""
    solve = search.Search.solve

    def solve_slowly(self, level, coarser, gap, most, deadline, halvings=0):  # type: ignore[no-untyped-def]
        found = solve(self, level, coarser, gap, most, deadline, halvings)
        if coarser is not None:
            time.sleep(max(deadline - time.perf_counter(), 0.0))
        return found

    def expect_much(proof: Proof, *_: object) -> None:
        if proof.seconds < 1:
            proof.seconds += proof.deadline - time.perf_counter() - 1.0

    monkeypatch.setattr(search.Search, "solve", solve_slowly)
    monkeypatch.setattr(Proof, "expect", expect_much)
    monkeypatch.setattr(refine, "_prepares_only", lambda *_: True)
    a, b = draw_noise(1, (20, 17)), draw_noise(2, (20, 17))
    result = bound(a, b, 1.5, gap=0.0, time_limit=100.0)
    assert len(result.levels) == 1
    assert result.stopped == "time"


def test_the_finest_transforms_tell_how_long_a_proof_takes() -> None:
    pair = pair_masses(draw_noise(1, (64, 64)), draw_noise(2, (64, 64)))
    proof = Proof(pair, 2.0, PunctualWorkers(1, Clock()), 0.0, time.perf_counter(), math.inf)
    least = proof.seconds
    proof.expect(1.0, 256)  # mostly calls of functions
    assert proof.seconds == least
    proof.expect(100.0, 1024)
    assert proof.seconds == 800.0
    proof.expect(50.0, 4096)
    assert proof.seconds == 50.0


def test_what_pooled_images_took_is_no_reading() -> None:
    pair = pair_masses(draw_noise(1, (20, 17)), draw_noise(2, (20, 17)))
    long_ago = time.perf_counter() - 100
    workers = PunctualWorkers(1, Clock())
    assert Proof(pair, 2.0, workers, 0.0, long_ago, math.inf).seconds > 100
    assert Proof(pair, 2.0, workers, 0.0, long_ago, math.inf, 0.01).seconds < 1


def test_no_simplex_begins_when_relaxation_ends_late(monkeypatch) -> None:  # type: ignore[no-untyped-def]
    """Between larger images than these, of an order that is relaxed first."""

    def take_all_time(self, level, *given):  # type: ignore[no-untyped-def]
        deadline = given[-1]
        if deadline < math.inf:
            time.sleep(max(deadline - time.perf_counter(), 0.0))
        yield from relax(self, level, *given)

    def fail(*_: object) -> None:
        raise AssertionError("the simplex begins")

    relax = search.Search._relax_on_arcs
    monkeypatch.setattr(search.Search, "_relax_on_arcs", take_all_time)
    monkeypatch.setattr(search.Search, "_improve_on_arcs", fail)
    a, b = draw_noise(1, (80, 70)), draw_noise(2, (80, 70))
    monkeypatch.setattr(search, "EXACT_SIDE", 16)
    monkeypatch.setattr(search, "QUICK_PIXELS", 0)
    result = bound(a, b, 3.0, gap=1e-4, time_limit=3.0)
    assert result.stopped == "time"
