"""The published estimators bound W_p from their sides, for every size of block."""

import numpy as np
import pytest
from bound_images import draw_noise
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter
from scipy.spatial.distance import cdist

import stipple
from stipple.arrays import Floats
from stipple.bounds.blocks import PaperEstimates, estimate_blocks
from stipple.bounds.certificate import certify_cheaply
from stipple.bounds.masses import MassPair, pair_masses
from stipple.errors import StippleError
from stipple.machine.threads import Workers

ot = pytest.importorskip("ot", reason="the linear programs need POT")

ORDERS = [1, 1.5, 2, 3]
# The reference is a linear program in double precision.
ROUNDING = 1e-10


def solve_dense(pair: MassPair, order: float) -> float:
    places = np.stack(np.indices(pair.shape), -1).reshape(-1, 2).astype(float)
    matrix = cdist(places, places) ** order
    cost = ot.emd2(pair.source.ravel(), pair.target.ravel(), matrix, numItermax=10**7)
    return float(cost) ** (1 / order)


def check_estimates(found: PaperEstimates, exact: float) -> None:
    for lower in (found.minimum_cost, found.dual):
        assert lower.distance <= exact * (1 + ROUNDING) + ROUNDING
    for upper in (found.weighted_cost, found.primal, found.total_variation):
        assert upper.distance >= exact * (1 - ROUNDING) - ROUNDING
    for each in (
        found.minimum_cost,
        found.dual,
        found.weighted_cost,
        found.primal,
        found.total_variation,
    ):
        assert each.cost == pytest.approx(each.distance**found.order, rel=1e-12)
        assert each.seconds >= 0
    assert found.lower == max(found.minimum_cost.distance, found.dual.distance)
    assert found.upper <= min(found.weighted_cost.distance, found.primal.distance)
    assert found.lower <= found.upper


def draw_image(
    random: np.random.Generator, shape: tuple[int, int], kind: str
) -> NDArray[np.float64]:
    if kind == "noise":
        return random.random(shape)
    if kind == "sparse":
        image = np.zeros(shape)
        image.flat[random.integers(0, image.size, 3)] = random.integers(1, 5, 3)
        return image
    smooth: Floats = gaussian_filter(random.normal(size=shape), 3, mode="wrap")
    return np.exp(16 * smooth)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("kind", ["noise", "sparse", "smooth"])
def test_every_estimate_is_a_bound(order: float, kind: str) -> None:
    random = np.random.default_rng(3)
    for shape in [(8, 8), (9, 7), (1, 11), (5, 2), (1, 1)]:
        pair = pair_masses(draw_image(random, shape, kind), draw_image(random, shape, kind))
        exact = solve_dense(pair, order)
        for block in (1, 2, 3, 4, 20):
            check_estimates(estimate_blocks(pair, order, block), exact)


@pytest.mark.parametrize("order", ORDERS)
def test_blocks_of_one_pixel_are_exact(order: float) -> None:
    random = np.random.default_rng(4)
    pair = pair_masses(draw_image(random, (6, 9), "smooth"), draw_image(random, (6, 9), "noise"))
    exact = solve_dense(pair, order)
    found = estimate_blocks(pair, order, 1)
    for each in (found.minimum_cost, found.dual, found.weighted_cost, found.primal):
        assert each.distance == pytest.approx(exact, rel=1e-9)


@pytest.mark.parametrize("order", [1, 2])
def test_one_block_gives_the_mean_cost(order: float) -> None:
    """A single block: no lower bound from distances, the product plan from above."""
    random = np.random.default_rng(5)
    pair = pair_masses(random.random((5, 4)), random.random((5, 4)))
    places = np.stack(np.indices((5, 4)), -1).reshape(-1, 2).astype(float)
    mean = pair.source.ravel() @ cdist(places, places) ** order @ pair.target.ravel()
    found = estimate_blocks(pair, order, 5)
    assert found.minimum_cost.distance == 0
    assert found.weighted_cost.cost == pytest.approx(mean, rel=1e-12)


def test_barycentres_of_blocks_are_not_taken_for_a_bound() -> None:
    """½δ0 + ½δ1 to ½δ1 + ½δ2 with the blocks {0, 1} and {2, 3}: W₂² = 1, barycentres give 1.25."""
    pair = pair_masses([[1, 1, 0, 0]], [[0, 1, 1, 0]])
    found = estimate_blocks(pair, 2, 2)
    assert found.lower <= 1 <= found.upper


@pytest.mark.parametrize("order", ORDERS)
def test_identical_images_are_at_distance_zero_from_below(order: float) -> None:
    image = draw_image(np.random.default_rng(6), (12, 12), "smooth")
    found = estimate_blocks(pair_masses(image, image), order, 2)
    assert found.lower == 0
    # Above, mass is mixed within blocks.
    assert found.upper <= 2 * 2**0.5


def test_smooth_images_are_enclosed_closely() -> None:
    random = np.random.default_rng(7)
    pair = pair_masses(
        draw_image(random, (32, 32), "smooth"), draw_image(random, (32, 32), "smooth")
    )
    exact = solve_dense(pair, 2)
    found = estimate_blocks(pair, 2, 2, workers=Workers(2))
    check_estimates(found, exact)
    assert found.minimum_cost.distance < found.dual.distance
    assert found.primal.distance < found.weighted_cost.distance < found.total_variation.distance
    assert found.dual.distance >= 0.95 * exact
    assert found.primal.distance <= 1.1 * exact


@pytest.mark.parametrize(
    ("side", "block", "words"),
    [
        (4, 0, "positive whole number"),
        (4, 1.5, "positive whole number"),
        (100, 1, "give larger blocks"),
        (100, 50, "give smaller blocks"),
    ],
)
def test_blocks_that_cannot_be_are_refused(side: int, block: int, words: str) -> None:
    pair = pair_masses(np.ones((side, side)), np.ones((side, side)))
    with pytest.raises(StippleError, match=words):
        estimate_blocks(pair, 2, block)


def test_sums_of_rows_and_columns_bound_where_blocks_tell_less() -> None:
    a, b = draw_noise(1, (32, 32)), draw_noise(2, (32, 32))
    found = stipple.bound(a, b, method="paper", block=8)
    assert found.estimates is not None
    assert found.estimates.dual.distance < found.lower / 2
    assert found.lower == certify_cheaply(pair_masses(a, b), 2).lower
    assert found.lower <= stipple.bound(a, b, gap=1e-4).upper
