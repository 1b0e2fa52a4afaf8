"""Zador's reference: closed forms of ∫√p, and sources for which it says nothing."""

import numpy as np
import pytest

from stipple.arrays import Floats
from stipple.discretisation.weighted_quantisation import quantise_weighted
from stipple.discretisation.zador import find_zador_reference
from stipple.errors import StippleError
from stipple.measures.samples import Samples

HEXAGON = 0.16037507477489604  # 5/(18√3)


def make_grid(count: int, low: float, high: float) -> Floats:
    middles = low + (np.arange(count) + 0.5) / count * (high - low)
    return np.stack(np.meshgrid(middles, middles), -1).reshape(-1, 2)


def make_picture(values: Floats) -> Samples:
    row, column = np.nonzero(values)
    return Samples(np.column_stack((column, row)) + 0.5, values[row, column], 1.0)


@pytest.mark.parametrize(("side", "count"), [(1.0, 1), (1.0, 7), (451.0, 150)])
def test_the_uniform_square(side: float, count: int) -> None:
    samples = Samples(make_grid(50, 0, side), np.full(2500, 3.0), (side / 50) ** 2)
    assert find_zador_reference(samples, count) == pytest.approx(
        HEXAGON * side**2 / count, rel=1e-12
    )


def test_cells_without_mass_do_not_count() -> None:
    masses = (make_grid(50, 0, 1)[:, 0] < 0.5).astype(float)
    samples = Samples(make_grid(50, 0, 1), masses, 1 / 2500)
    assert find_zador_reference(samples, 4) == pytest.approx(HEXAGON / 2 / 4, rel=1e-12)


def test_the_normal_density() -> None:
    """(∫√p)² = 8πσ²."""
    grid = make_grid(400, -10, 10)
    samples = Samples(grid, np.exp(-(grid**2).sum(axis=1) / 2), 20.0**2 / 400**2)
    exact = HEXAGON * 8 * np.pi / 100
    assert find_zador_reference(samples, 100) == pytest.approx(exact, rel=1e-6)


def test_many_atoms_come_near_it() -> None:
    grid = make_grid(300, 0, 1)
    samples = Samples(grid, np.exp(-8 * ((grid - 0.5) ** 2).sum(axis=1)), 1 / 300**2)
    cost = quantise_weighted(samples, 400).cost
    # Between the cells of the grid there is a sixth of their area more.
    assert cost + 1 / (6 * 300**2) == pytest.approx(find_zador_reference(samples, 400), rel=0.05)


def test_what_it_says_is_near_the_truth_or_nothing_is_said() -> None:
    """Isolated pixels, thin lines, checks and blots: p changes within the cells of few atoms."""
    random = np.random.default_rng(0)
    y, x = np.mgrid[:200, :200]
    pictures = [
        np.ones((200, 200)),
        np.ones((40, 900)),
        1.0 + x,
        (random.random((200, 200)) < 0.01).astype(float),
        (random.random((200, 200)) < 0.3).astype(float),
        random.random((200, 200)),
        (x % 40 < 2).astype(float),
        ((x // 50 + y // 50) % 2).astype(float),
        np.exp(-((x - 100) ** 2 + (y - 90) ** 2) / 900.0),
        np.eye(200),
    ]
    said = 0
    for values in pictures:
        samples = make_picture(values)
        for count in (3, 12, 60):
            if count > len(samples):
                continue
            reference = find_zador_reference(samples, count)
            if reference is not None:
                said += 1
                assert 0.65 < quantise_weighted(samples, count).cost / reference < 1.4
    assert said >= 10


def test_few_pixels_have_no_reference() -> None:
    samples = make_picture(np.ones((20, 20)))
    assert find_zador_reference(samples, 25) is not None
    assert find_zador_reference(samples, 26) is None


def test_what_has_no_reference_is_refused() -> None:
    with pytest.raises(StippleError, match="in dimension 3: leave"):
        find_zador_reference(Samples(np.zeros((1, 3)), np.ones(1), 1.0), 1)
    with pytest.raises(StippleError, match="not for these samples"):
        find_zador_reference(Samples(np.zeros((1, 2)), np.ones(1)), 1)
    with pytest.raises(StippleError, match="give at least 1"):
        find_zador_reference(Samples(np.zeros((1, 2)), np.ones(1), 1.0), 0)
