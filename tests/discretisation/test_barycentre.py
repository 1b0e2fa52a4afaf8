"""Barycentres: closed forms, equivariance."""

from typing import Any

import numpy as np
import pytest

from stipple.discretisation.bounded import BoundedQuantisation, quantise_bounded
from stipple.discretisation.entropic.problem import make_targets
from stipple.discretisation.entropic.simple import Discretisation, discretise_simple
from stipple.errors import StippleError
from stipple.measures.samples import Samples
from stipple.transport.mass_bounds import MassBounds

RANDOM = np.random.default_rng(8)
CLOUD = RANDOM.random((60, 2))
SHIFT = np.array([3.0, -1.0])
every_objective = pytest.mark.parametrize("objective", ["full", "sharp", "debiased"])


def find_barycentre(
    measures: list[Samples], shares: list[float], *arguments: Any, **options: Any
) -> Discretisation:
    return discretise_simple(make_targets(measures, np.array(shares)), *arguments, **options)


def find_equal_barycentre(
    measures: list[Samples], shares: list[float], count: int, **options: Any
) -> BoundedQuantisation:
    bounds = MassBounds.fix(np.ones(count))
    return quantise_bounded(make_targets(measures, np.array(shares)), bounds, **options)


def sort_rows(atoms: np.ndarray) -> np.ndarray:
    return atoms[np.lexsort(atoms.T)]


@pytest.mark.parametrize("share", [pytest.param(0.25, marks=pytest.mark.slow), 0.5, 1.0])
def test_equal_barycentre_of_translates_is_the_translate_between(share: float) -> None:
    measures = [Samples(CLOUD, np.ones(60)), Samples(CLOUD + SHIFT, np.ones(60))]
    result = find_equal_barycentre(measures, [share, 1 - share], 60, tolerance=1e-10)
    # The optimum; a local one would cost more.
    least = share * (1 - share) * (SHIFT @ SHIFT)
    assert result.mass_error < 1e-6
    assert least - 1e-6 <= result.cost <= least + 0.02
    mean = CLOUD.mean(axis=0) + (1 - share) * SHIFT
    np.testing.assert_allclose(result.atoms.mean(axis=0), mean, atol=1e-3)


def test_equal_barycentre_of_two_point_measures() -> None:
    measures = [
        Samples(np.array([[0.0, 0.0], [4.0, 0.0]]), np.ones(2)),
        Samples(np.array([[0.0, 1.0], [4.0, 3.0]]), np.ones(2)),
    ]
    result = find_equal_barycentre(measures, [1.0, 1.0], 2, tolerance=1e-12)
    np.testing.assert_allclose(sort_rows(result.atoms), [[0.0, 0.5], [4.0, 1.5]], atol=1e-5)
    # ¼ of the squared distance of each pair, in the mean.
    assert result.cost == pytest.approx((1 / 4 + 9 / 4) / 2, rel=1e-5)


@every_objective
def test_barycentre_of_two_points_is_the_point_between(objective: str) -> None:
    measures = [
        Samples(np.array([[0.0, 0.0]]), np.ones(1)),
        Samples(np.array([[4.0, 2.0]]), np.ones(1)),
    ]
    result = find_barycentre(measures, [1.0, 3.0], 1, 0.01, objective=objective, iterations=5)
    np.testing.assert_allclose(result.atoms, [[3.0, 1.5]], atol=1e-5)
    assert result.cost == pytest.approx(0.25 * 0.75 * 20, rel=1e-6)


@every_objective
def test_translating_every_measure_translates_the_barycentre(objective: str) -> None:
    clouds = [CLOUD, CLOUD**2]
    options = {"objective": objective, "iterations": 5}
    first, moved = (
        find_barycentre(
            [Samples(cloud + shift, np.ones(60)) for cloud in clouds], [1, 2], 4, 0.05, **options
        )
        for shift in (0.0, SHIFT)
    )
    assert moved.value == pytest.approx(first.value, rel=1e-6)
    np.testing.assert_allclose(sort_rows(moved.atoms), sort_rows(first.atoms) + SHIFT, atol=2e-3)
    assert (np.diff(first.history) <= 1e-9).all()
    assert first.weights.sum() == pytest.approx(1)


def test_barycentre_of_one_measure_is_its_discretisation() -> None:
    samples = Samples(CLOUD, np.ones(60))
    other = Samples(CLOUD + SHIFT, np.ones(60))
    alone = find_barycentre([samples], [1.0], 4, 0.05, iterations=5)
    among = find_barycentre([samples, other], [1.0, 0.0], 4, 0.05, iterations=5)
    np.testing.assert_array_equal(alone.atoms, among.atoms)


def test_foreseeable_errors() -> None:
    samples = Samples(CLOUD, np.ones(60))
    with pytest.raises(StippleError, match="one share for each measure"):
        find_barycentre([samples], [0.5, 0.5], 2, 0.1)
    with pytest.raises(StippleError, match="not negative"):
        find_barycentre([samples, samples], [1.0, -1.0], 2, 0.1)
    with pytest.raises(StippleError, match="different dimensions"):
        find_equal_barycentre([samples, Samples(CLOUD[:, :1], np.ones(60))], [1.0, 1.0], 2)
