"""The displacement interpolation: its mass, and how far it is proved to be from the first image."""

import io
from math import hypot

import numpy as np
import pytest
from bound_images import draw_blobs, draw_noise, solve_exactly
from PIL import Image

import stipple
from stipple.bounds.morph import (
    bound_sharing,
    enclose_interpolation,
    interpolate_plan,
    measure_morph,
)
from stipple.bounds.morph_plot import TIMES, render_morph_gif, render_morph_strip
from stipple.bounds.plans import Plan
from stipple.interval import Interval

# Of linear programmes.
TOLERANCE = 1e-6


def make_crossing_plan():
    """On a line, −1 and 1 go past each other to 2 and −2, where −2 and 2 were their shares."""
    first, second = np.zeros((1, 7)), np.zeros((1, 7))
    first[0, [2, 4]] = second[0, [1, 5]] = 0.5
    return first, second, Plan(np.array([2, 4]), np.array([5, 1]), np.array([0.5, 0.5]))


@pytest.mark.parametrize("order", [1.0, 2.0, 3.5])
def test_a_plan_that_is_not_optimal_refutes_shares_of_the_lower_bound(order):
    first, second, plan = make_crossing_plan()
    proved = Interval(solve_exactly(first, second, order), 3.0)
    assert proved.lower == pytest.approx(1)
    met = interpolate_plan(plan, (1, 7), 2 / 3)
    np.testing.assert_allclose(met, first, atol=1e-12)
    # The interpolation is back where it began: its distance 0 is below the share 2/3 · lower.
    interval = enclose_interpolation(proved, 2 / 3)
    assert interval.lower == 0
    assert interval.upper == pytest.approx(2)


@pytest.mark.parametrize("order", [1.0, 1.5, 2.0, 3.0, 6.0])
@pytest.mark.parametrize("seed", range(3))
def test_any_plan_keeps_to_the_interval(order, seed):
    """Plans that pair at random, as far from optimal as the pairing of all masses with all."""
    shape = (3, 5)
    a, b = draw_noise(seed, shape), draw_noise(seed + 50, shape)
    generator = np.random.default_rng(seed)
    rows, columns = (generator.permutation(15) for _ in range(2))
    plan = match_in_order(a / a.sum(), b / b.sum(), rows, columns)
    shifts = np.stack(np.divmod(plan.source, 5)) - np.stack(np.divmod(plan.target, 5))
    cost = float(plan.amounts @ np.hypot(*shifts) ** order) ** (1 / order)
    proved = Interval(solve_exactly(a, b, order), cost)
    for time in (0.0, 0.2, 0.5, 0.9, 1.0):
        frame = interpolate_plan(plan, shape, time)
        distance = solve_exactly(a, frame, order)
        interval = enclose_interpolation(proved, time)
        # At both ends nothing is shared among pixels.
        sharing = bound_sharing(order) if 0 < time < 1 else 0.0
        assert interval.lower - sharing <= distance + TOLERANCE
        assert distance <= interval.upper + sharing + TOLERANCE


def match_in_order(a, b, rows, columns):
    """The plan that fills pixels of both images in given orders."""
    given, taken = a.ravel()[rows].copy(), b.ravel()[columns].copy()
    entries = []
    i = j = 0
    while i < len(given) and j < len(taken):
        amount = min(given[i], taken[j])
        entries.append((rows[i], columns[j], amount))
        given[i] -= amount
        taken[j] -= amount
        i, j = (i + 1, j) if given[i] <= taken[j] else (i, j + 1)
    source, target, amounts = zip(*entries, strict=True)
    return Plan(np.array(source), np.array(target), np.array(amounts))


def test_sharing_is_bounded_for_every_order():
    """Over all places of a point among four pixels: the transport is the only one there is."""
    u, v = np.meshgrid(*[np.linspace(0, 1, 41)] * 2)
    for order in (1.0, 1.7, 2.0, 2.5, 4.0, 8.0, 32.0):
        cost = sum(
            abs(1 - i - u) * abs(1 - j - v) * np.hypot(u - i, v - j) ** order
            for i in (0, 1)
            for j in (0, 1)
        )
        assert cost.max() ** (1 / order) <= bound_sharing(order)
        # Half a pixel on both axes attains it for p ≤ 2, and is not the worst place for large p.
        assert bound_sharing(order) >= hypot(0.5, 0.5)
        assert (cost.max() ** (1 / order) > hypot(0.5, 0.5) + 1e-9) == (order >= 8)


@pytest.mark.parametrize("order", [1.0, 2.0, 4.0])
def test_mass_and_both_ends_are_kept(order):
    a, b = draw_blobs(3, (20, 33)), 7e8 * draw_blobs(4, (20, 33))
    plan = stipple.bound(a, b, order, gap=0.01).plan
    row, column = np.mgrid[:20, :33]
    for time in (0.0, 0.3, 0.5, 0.77, 1.0):
        frame = interpolate_plan(plan, a.shape, time)
        assert frame.min() >= 0
        assert abs(frame.sum() - 1) <= 1e-12
        for axis in (row, column):  # the barycentre goes straight
            ends = [(axis * image).sum() / image.sum() for image in (a, b)]
            middle = (1 - time) * ends[0] + time * ends[1]
            assert (axis * frame).sum() == pytest.approx(middle, abs=1e-9)
    np.testing.assert_allclose(interpolate_plan(plan, a.shape, 0.0), a / a.sum(), atol=1e-12)
    np.testing.assert_allclose(interpolate_plan(plan, a.shape, 1.0), b / b.sum(), atol=1e-12)


def test_records_are_in_the_unit_of_the_distance():
    a, b = draw_blobs(3, (8, 16)), draw_blobs(4, (8, 16))
    pixels = measure_morph(stipple.bound(a, b), (0.5,))
    sides = measure_morph(stipple.bound(a, b, unit="side"), (0.5,))
    assert sides.sharing == pytest.approx(pixels.sharing / 16)
    assert sides.times[0].upper == pytest.approx(pixels.times[0].upper / 16)
    assert sides.times[0].lower == pytest.approx(pixels.times[0].lower / 16)


def test_the_animation_goes_from_one_image_to_the_other():
    first, second = np.zeros((5, 9)), np.zeros((5, 9))
    first[0, 1], second[4, 5] = 3, 8
    data = render_morph_gif(stipple.bound(first, second).plan, (5, 9))
    with Image.open(io.BytesIO(data)) as animation:
        assert animation.n_frames == len(TIMES["gif"])
        for number, place in ((0, (0, 1)), (16, (2, 3)), (32, (4, 5))):
            animation.seek(number)
            grey = np.asarray(animation.convert("L"))
            assert grey.shape == (5 * 54, 9 * 54)
            dark = np.zeros((5, 9), bool)
            dark[place] = True
            assert np.array_equal(grey[27::54, 27::54] == 0, dark)
            assert (grey[27::54, 27::54][~dark] == 255).all()


def test_equal_images_stand_still():
    image = draw_blobs(1, (6, 6))
    plan = stipple.bound(image, image).plan
    with Image.open(io.BytesIO(render_morph_gif(plan, (6, 6)))) as animation:
        assert animation.n_frames == 1
    labels = ["[0, 0]"] * len(TIMES["png"])
    strip = render_morph_strip(plan, (6, 6), labels, 50)
    assert strip.startswith(b"\x89PNG")
    assert strip == render_morph_strip(plan, (6, 6), labels, 50)
