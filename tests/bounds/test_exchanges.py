"""Exchanges between neighbours: plans stay plans, cost less, and two pixels share best."""

import math

import numpy as np
import ot
import pytest
from bound_images import draw_noise, draw_smooth

from stipple.bounds.exchanges import exchange_with_neighbours
from stipple.bounds.problem import Flow, evaluate_flow
from stipple.bounds.pyramid import build_pyramid, refine_flow
from stipple.bounds.sparse import match_along_curve
from stipple.bounds.transforms import measure_costs

SHAPES = [(40, 33), (1, 90), (90, 1), (2, 70), (6, 9, 7), (1, 1)]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("order", [1.0, 1.5, 2.0, 7.0])
def test_marginals_stay_and_the_cost_falls(shape: tuple[int, ...], order: float) -> None:
    random = np.random.default_rng(3)
    images = random.random((2, *shape)) ** 8
    images[:, random.random(shape) < 0.3] = 0
    images.reshape(2, -1)[:, -1] = 1
    level = build_pyramid(images[0] / images[0].sum(), images[1] / images[1].sum(), 10**6)[0]
    costs = measure_costs(shape, order).table
    flow = match_along_curve(shape, level.source.ravel(), level.target.ravel())
    found = exchange_with_neighbours(flow, costs)
    for ends, masses in ((found.source, level.source), (found.target, level.target)):
        sums = np.bincount(ends, found.amounts, masses.size)
        np.testing.assert_array_equal(sums.reshape(shape), masses)
    assert (found.amounts > 0).all()
    assert evaluate_flow(found, costs) <= evaluate_flow(flow, costs) * (1 + 1e-12)


@pytest.mark.parametrize("order", [1.0, 2.0, 3.5])
def test_two_pixels_share_their_targets_best(order: float) -> None:
    # Sources in two neighbours alone: their exchange solves the whole problem.
    random = np.random.default_rng(1)
    for _ in range(20):
        targets = random.choice(63, 12, replace=False)
        wanted = random.integers(1, 9, 12).astype(float)
        whole = wanted.sum()
        given = np.array([whole // 3, whole - whole // 3])
        source = np.repeat([30, 31], 12)
        flow = Flow(source, np.tile(targets, 2), np.outer(given, wanted).ravel())
        costs = measure_costs((7, 9), order).table
        found = exchange_with_neighbours(flow, costs)
        places = np.array(np.unravel_index(np.arange(63), (7, 9))).T
        apart = np.linalg.norm(places[[30, 31], None] - places[targets], axis=-1) ** order
        best = ot.emd2(given / whole, wanted / whole, apart) * whole**2
        paid = evaluate_flow(found, costs) * 2.0**50
        assert paid == pytest.approx(best, rel=1e-9)


def test_a_refined_plan_becomes_nearly_as_good_as_the_best() -> None:
    images = [draw_smooth(seed, (16, 16), 4.0) for seed in (1, 2)]
    coarse, fine = build_pyramid(*(image / image.sum() for image in images), 8)
    places = np.array(np.unravel_index(np.arange(64), (8, 8))).T
    apart = ((places[:, None] - places) ** 2).sum(axis=-1).astype(float)
    plan = np.floor(ot.emd(coarse.source.ravel(), coarse.target.ravel(), apart))
    source, target = np.nonzero(plan)
    costs = measure_costs((16, 16), 2).table
    flow = refine_flow(Flow(source, target, plan[source, target]), fine)
    places = np.array(np.unravel_index(np.arange(256), (16, 16))).T
    apart = ((places[:, None] - places) ** 2).sum(axis=-1).astype(float)
    best = ot.emd2(fine.source.ravel() / 2**50, fine.target.ravel() / 2**50, apart)
    before = evaluate_flow(flow, costs) - best
    after = evaluate_flow(exchange_with_neighbours(flow, costs), costs) - best
    assert -1e-9 * best <= after <= 0.3 * before


def test_they_end_at_what_is_enough_and_when_time_is_up() -> None:
    images = [draw_noise(seed, (30, 30)) for seed in (1, 2)]
    level = build_pyramid(*(image / image.sum() for image in images), 100)[0]
    costs = measure_costs((30, 30), 2).table
    flow = match_along_curve((30, 30), level.source.ravel(), level.target.ravel())
    cost, least = (
        evaluate_flow(flow, costs),
        evaluate_flow(exchange_with_neighbours(flow, costs), costs),
    )
    assert exchange_with_neighbours(flow, costs, deadline=-math.inf) is flow
    assert exchange_with_neighbours(flow, costs, cost) is flow
    halfway = evaluate_flow(exchange_with_neighbours(flow, costs, (cost + least) / 2), costs)
    assert least < halfway <= (cost + least) / 2


def test_pixels_with_many_partners_are_left_alone() -> None:
    # Two neighbours that send to all of the other image: sorting that would take long.
    costs = measure_costs((20, 20), 2).table
    source = np.repeat([0, 1], 400)
    flow = Flow(source, np.tile(np.arange(400), 2), np.ones(800))
    found = exchange_with_neighbours(flow, costs)
    assert evaluate_flow(found, costs) == evaluate_flow(flow, costs)
