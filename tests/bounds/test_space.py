"""Bounds between volumes: the exact distance is inside, and a thin volume is an image."""

import math
import time
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from bound_images import draw_noise, draw_smooth

import stipple
from stipple.arrays import Floats
from stipple.bounds import pooling, search
from stipple.bounds.certificate import bound_square_radius, certify_bounds
from stipple.bounds.grid import cut_blocks, find_offsets, lift, measure_shifts
from stipple.bounds.marginals import bound_from_above, bound_from_below
from stipple.bounds.masses import pair_masses
from stipple.errors import StippleError

ORDERS = (1.0, 1.5, 2.0, 3.0)


def solve_by_pot(a: Floats, b: Floats, order: float) -> float:
    """W_p by the network simplex of POT."""
    ot = pytest.importorskip("ot", reason="the oracle is POT")
    places = np.argwhere(np.ones(a.shape)).astype(float)
    costs = ((places[:, None] - places) ** 2).sum(axis=2) ** (order / 2)
    shares = [image.ravel() / image.max() / (image / image.max()).sum() for image in (a, b)]
    cost = ot.emd2(shares[0], shares[1], costs, numItermax=10**6)
    return float(max(cost, 0.0) ** (1 / order))


def draw_kinds() -> dict[str, tuple[Floats, Floats]]:
    """Pairs of volumes of many kinds."""
    noise, other = draw_noise(1, (4, 5, 6)), draw_noise(2, (4, 5, 6))
    points, far = np.zeros((2, 5, 4, 6))
    points[0, 0, 0], far[4, 3, 5] = 2.0, 3.0
    ramp = np.add.outer(np.add.outer(np.arange(3.0), np.arange(4.0)), np.arange(5.0))
    scattered = noise * (other < 0.2)
    return {
        "noise": (noise, other**8),
        "flat": (np.ones((4, 4, 4)), draw_noise(3, (4, 4, 4)) ** 3),
        "one voxel": (np.where(noise == noise.max(), noise, 0), other),
        "two far voxels": (points, far),
        "graded": (ramp, np.ascontiguousarray(ramp[::-1, ::-1, ::-1])),
        "clusters": (scattered, np.ascontiguousarray(scattered[::-1])),
        "huge": (np.ldexp(noise, 1000), np.ldexp(other, 1010)),
        "tiny": (np.ldexp(noise, -1000), np.ldexp(other, -1060)),
        "far apart in size": (np.exp(20 * noise), np.exp(20 * other)),
        "whole numbers": (np.rint(9 * noise), np.rint(9 * other)),
        "one row": (draw_noise(4, (9, 1, 1)), draw_noise(5, (9, 1, 1))),
    }


@pytest.mark.parametrize("kind", list(draw_kinds()))
def test_the_exact_distance_is_inside(kind: str) -> None:
    a, b = draw_kinds()[kind]
    for order in ORDERS:
        result = stipple.bound(a, b, order, gap=1e-9)
        exact = solve_by_pot(a, b, order)
        assert result.lower * (1 - 1e-9) <= exact <= result.upper * (1 + 1e-9), order
        assert result.reached
        assert result.shape == a.shape
        if result.potential is not None:
            again = certify_bounds(pair_masses(a, b), order, result.potential, result.plan)
            assert (again.lower, again.upper) == (result.lower, result.upper)


@pytest.mark.parametrize("order", ORDERS)
def test_equal_volumes_are_at_no_distance(order: float) -> None:
    a = draw_noise(1, (5, 4, 6))
    assert stipple.bound(a, 4 * a, order).interval == stipple.bound(a, a, order).interval
    assert stipple.bound(a, a, order).upper == 0


@pytest.mark.parametrize("order", ORDERS)
def test_slices_one_voxel_thick_are_images(order: float) -> None:
    a, b = draw_noise(1, (20, 23)), draw_smooth(2, (20, 23))
    plane = stipple.bound(a, b, order, gap=1e-9)
    for axis in range(3):
        thin = stipple.bound(np.expand_dims(a, axis), np.expand_dims(b, axis), order, gap=1e-9)
        assert thin.lower == pytest.approx(plane.lower, rel=1e-12)
        assert thin.upper == pytest.approx(plane.upper, rel=1e-12)
        assert max(thin.lower, plane.lower) <= min(thin.upper, plane.upper)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("gap", [1e-9, 0.01])
def test_what_moves_as_a_whole_is_as_far_as_it_moved(order: float, gap: float) -> None:
    """Several resolutions, and 2² + 3² + 6² = 7²."""
    a, b = np.zeros((2, 12, 10, 16))
    patch = draw_noise(1, (6, 5, 8)) ** 4
    a[1:7, 1:6, 8:16] = patch
    b[3:9, 4:9, 2:10] = patch
    result = stipple.bound(a, b, order, gap=gap)
    assert result.lower <= 7 <= result.upper
    assert result.reached
    plan = result.summarise_plan()
    assert plan is not None
    assert plan.shift == pytest.approx((-6, 3, 2), abs=1e-9)


def test_the_plan_proves_the_upper_end() -> None:
    a, b = draw_noise(1, (9, 10, 12)), draw_noise(2, (9, 10, 12)) ** 6
    result = stipple.bound(a, b)
    assert result.plan is not None
    for ends, image in ((result.plan.source, a), (result.plan.target, b)):
        sums = np.bincount(ends, result.plan.amounts, image.size)
        np.testing.assert_allclose(sums, (image / image.sum()).ravel(), rtol=0, atol=1e-15)
    starts, ends = (np.unravel_index(k, a.shape) for k in (result.plan.source, result.plan.target))
    squares = sum((x - y) ** 2 for x, y in zip(starts, ends, strict=True))
    assert result.upper == pytest.approx(math.sqrt(result.plan.amounts @ squares), rel=1e-12)
    lines = result.render_csv().decode().splitlines()
    assert lines[0] == "x,y,z,to_x,to_y,to_z,mass"
    assert len(lines) == 1 + len(result.plan.amounts)
    assert list(map(float, lines[1].split(",")))[:3] == [
        int(axis[0]) + 0.5 for axis in starts[::-1]
    ]
    with pytest.raises(StippleError, match="Volumes are not drawn"):
        result.save("moved.svg")


def test_rough_volumes_go_on_to_arcs_where_cells_leave_off(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    a, b = draw_noise(1, (18, 18, 18)) ** 4, draw_noise(2, (18, 18, 18)) ** 4
    on_arcs = stipple.bound(a, b)
    assert on_arcs.method == "fast"
    assert on_arcs.reached
    monkeypatch.setattr(search, "LARGEST_ON_ARCS", {2: 2**17, 3: 0})
    in_cells = stipple.bound(a, b)
    assert in_cells.stopped == "cells"
    assert in_cells.gap > 2 * on_arcs.gap
    assert max(in_cells.lower, on_arcs.lower) <= min(in_cells.upper, on_arcs.upper)


def test_cubes_are_bounded_through_their_centres() -> None:
    """m_1 is the mean distance from the centre of the unit cube (OEIS A130590 / 2), m_2 = 1/2."""
    assert 0.4802959782 <= bound_square_radius(1.0, 3) <= 0.4802959782 * (1 + 2e-6)
    assert 0.5 <= bound_square_radius(2.0, 3) <= 0.5 * (1 + 2e-6)
    a, b = np.indices((4, 4, 4)).sum(axis=0) % 2, 1 - np.indices((4, 4, 4)).sum(axis=0) % 2
    result = stipple.bound(a, b, 1, pixels="squares", unit="side")
    assert result.upper == pytest.approx(1 / 4)
    assert result.lower == pytest.approx((1 - 2 * 0.4802959782) / 4, rel=1e-4)
    assert result.lower <= (1 - 2 * 0.4802959782) / 4


@pytest.mark.parametrize("order", [1, 1.5, 2, 16])
def test_pooled_volumes_are_no_farther_than_stated(order: float) -> None:
    shape, side = (5, 7, 4), 3
    pair = pair_masses(draw_noise(1, shape), draw_noise(2, shape))
    blocks = pooling.pool_pair(pair, side, order)
    steps = [(place % side - 1) ** 2 for place in np.indices(shape)]
    moves = sum(steps) ** (order / 2)
    apart = sum((image * moves).sum() ** (1 / order) for image in (pair.source, pair.target))
    assert apart <= blocks.distance <= apart * (1 + 1e-9) + 100 * (1e-14) ** (1 / order)
    assert blocks.pair.shape == (2, 3, 2)
    found = blocks.convert(stipple.bound(blocks.pair.source, blocks.pair.target, order).interval)
    exact = stipple.bound(pair.source, pair.target, order, gap=1e-9)
    assert max(found.lower, exact.lower) <= min(found.upper, exact.upper)


def test_little_time_still_tells_something(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pooling, "FAST_PIXELS", 60)
    a, b = draw_noise(1, (12, 11, 26)), draw_noise(2, (12, 11, 26))
    a[:, :, 13:] = b[:, :, :13] = 0
    best = stipple.bound(a, b)
    found = stipple.bound(a, b, gap=0.0, time_limit=0.5)
    assert max(best.lower, found.lower) <= min(best.upper, found.upper)
    assert found.gap < 1


@pytest.mark.parametrize(
    ("shape", "words"), [((2, 2, 2, 2), "slices, rows and columns"), ((2, 0, 2), "has the shape")]
)
def test_other_axes_are_refused(shape: tuple[int, ...], words: str) -> None:
    with pytest.raises(StippleError, match=words):
        stipple.bound(np.ones(shape), np.ones(shape))


def test_what_is_wrong_with_volumes_is_told() -> None:
    a = np.ones((2, 3, 4))
    wrong = a.copy()
    wrong[1, 2, 0] = -1
    with pytest.raises(StippleError, match="slice 2, row 3, column 1"):
        stipple.bound(a, wrong)
    with pytest.raises(StippleError, match="2 × 3 × 4"):
        stipple.bound(a, np.ones((4, 3, 2)))
    options: dict[str, Any] = {"method": "paper"}
    with pytest.raises(StippleError, match="is for images"):
        stipple.bound(a, a, **options)
    with pytest.raises(StippleError, match="order 2 only"):
        stipple.bound(a, a, 3, method="fast")


def test_blocks_and_offsets_of_volumes() -> None:
    volume = np.arange(1, 61).reshape(3, 4, 5)
    blocks = cut_blocks(volume, 2, filling=-1)
    assert blocks.shape == (2, 2, 2, 2, 3, 2)
    for place in np.ndindex(volume.shape):
        cell = tuple(part for k in place for part in (k // 2, k % 2))
        assert blocks[cell] == volume[place]
    assert (blocks[blocks < 0] == -1).all()
    source, target = np.array([0, 59]), np.array([59, 6])
    shifts, offsets = (f(source, target, volume.shape) for f in (measure_shifts, find_offsets))
    np.testing.assert_array_equal(shifts, [[4, -3], [3, -2], [2, -2]])
    np.testing.assert_array_equal(offsets, [[2, 2], [3, 2], [4, 3]])
    assert lift(volume[0]).shape == (1, 4, 5)


def test_the_nearest_volume_is_found() -> None:
    query = draw_noise(1, (5, 5, 5))
    near = query + 0.01 * draw_noise(2, (5, 5, 5))
    found = stipple.find_nearest(query, [draw_noise(3, (5, 5, 5)) ** 5, near])
    assert found.indices.tolist() == [1]
    assert found.rivals.size == 0


def test_sums_over_slices_bound_from_below() -> None:
    """Two voxels: the cost is known, and sums over slices, rows and columns alone tell most."""
    a, b = np.zeros((2, 3, 4, 5))
    a[0, 0, 0] = b[2, 3, 4] = 1
    for order in (1.0, 1.5, 2.0, 3.0):
        pair, cost = pair_masses(a, b), 29 ** (order / 2)
        share = 3 ** (order / 2 - 1) if order < 2 else 1
        alone = [2.0**order, 3.0**order, 4.0**order]
        expected = max(*alone, share * sum(alone)) if order < 2 else sum(alone)
        assert float(bound_from_below(pair, order)) == pytest.approx(expected, rel=1e-12)
        assert bound_from_below(pair, order) <= Fraction(cost) * (1 + Fraction(1, 10**12))
        assert bound_from_above(pair, order) >= Fraction(cost) * (1 - Fraction(1, 10**12))


@pytest.mark.slow
def test_large_volumes_take_the_seconds_that_are_promised() -> None:
    a, b = (draw_smooth(seed, (64, 64, 64), 8.0) ** 4 for seed in (1, 2))
    stipple.bound(a[::8, ::8, ::8], b[::8, ::8, ::8])
    began = time.process_time()
    result = stipple.bound(a, b, gap=0.005)
    assert result.reached
    assert result.gap <= 0.005
    assert time.process_time() - began <= 20
