"""Zador's reference: closed forms of ∫√p, exact and estimated."""

import numpy as np
import pytest

from stipple.arrays import Floats
from stipple.errors import StippleError
from stipple.samples import Samples
from stipple.solvers.weighted_quantisation import quantise_weighted
from stipple.solvers.zador import zador_reference

HEXAGON = 0.16037507477489604  # 5/(18√3)


def make_grid(count: int, low: float, high: float) -> Floats:
    middles = low + (np.arange(count) + 0.5) / count * (high - low)
    return np.stack(np.meshgrid(middles, middles), -1).reshape(-1, 2)


@pytest.mark.parametrize(("side", "count"), [(1.0, 1), (1.0, 7), (451.0, 2000)])
def test_the_uniform_square(side: float, count: int) -> None:
    samples = Samples(make_grid(50, 0, side), np.full(2500, 3.0), (side / 50) ** 2)
    reference = zador_reference(samples, count)
    assert reference.cost == pytest.approx(HEXAGON * side**2 / count, rel=1e-12)
    assert not reference.estimated


def test_cells_without_mass_do_not_count() -> None:
    masses = (make_grid(50, 0, 1)[:, 0] < 0.5).astype(float)
    samples = Samples(make_grid(50, 0, 1), masses, 1 / 2500)
    assert zador_reference(samples, 4).cost == pytest.approx(HEXAGON / 2 / 4, rel=1e-12)


def test_the_normal_density() -> None:
    """(∫√p)² = 8πσ²."""
    grid = make_grid(400, -10, 10)
    samples = Samples(grid, np.exp(-(grid**2).sum(axis=1) / 2), 20.0**2 / 400**2)
    exact = HEXAGON * 8 * np.pi / 100
    assert zador_reference(samples, 100).cost == pytest.approx(exact, rel=1e-6)


@pytest.mark.parametrize("count", [1_000, 10_000, 100_000])
def test_drawn_samples_give_an_estimate(count: int) -> None:
    points = np.random.default_rng(count).normal(size=(count, 2))
    reference = zador_reference(Samples(points, np.ones(count)), 100)
    assert reference.cost == pytest.approx(HEXAGON * 8 * np.pi / 100, rel=0.06)
    assert reference.estimated


def test_masses_of_drawn_samples_count() -> None:
    """Uniform points with the masses of a density stand for that density."""
    points = np.random.default_rng(3).random((50_000, 2))
    masses = np.where(points[:, 0] < 0.5, 9.0, 1.0)
    exact = HEXAGON * (0.5 * 1.8**0.5 + 0.5 * 0.2**0.5) ** 2 / 10
    assert zador_reference(Samples(points, masses), 10).cost == pytest.approx(exact, rel=0.06)


def test_many_atoms_come_near_it() -> None:
    grid = make_grid(300, 0, 1)
    samples = Samples(grid, np.exp(-8 * ((grid - 0.5) ** 2).sum(axis=1)), 1 / 300**2)
    cost = quantise_weighted(samples, 400).cost
    # Between the cells of the grid there is a sixth of their area more.
    assert cost + 1 / (6 * 300**2) == pytest.approx(zador_reference(samples, 400).cost, rel=0.05)


def test_coinciding_samples_give_a_number() -> None:
    samples = Samples(np.zeros((100, 2)), np.ones(100))
    assert 0 <= zador_reference(samples, 5).cost < np.inf


def test_what_has_no_reference_is_refused() -> None:
    with pytest.raises(StippleError, match="the samples have 3: leave"):
        zador_reference(Samples(np.zeros((1, 3)), np.ones(1)), 1)
    with pytest.raises(StippleError, match="give at least 1"):
        zador_reference(Samples(np.zeros((1, 2)), np.ones(1)), 0)
