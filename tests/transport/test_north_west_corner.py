"""Matching in order against the rule itself, in exact fractions."""

from fractions import Fraction

import numpy as np
import pytest

from stipple.transport.north_west_corner import match_in_order


def match_exactly(given: list[int], taken: list[int]) -> list[tuple[int, int, int]]:
    """Give as much as can be to the first that still takes, and go on."""
    given, taken = given.copy(), taken.copy()
    entries = []
    i = j = 0
    while i < len(given) and j < len(taken):
        amount = min(given[i], taken[j])
        entries.append((i, j, amount))
        given[i] -= amount
        taken[j] -= amount
        i, j = i + (given[i] == 0), j + (taken[j] == 0)
    return entries


@pytest.mark.parametrize("total", [60, 2**40, 2**52])
@pytest.mark.parametrize("seed", range(5))
def test_whole_numbers_are_matched_exactly(total: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    lists = []
    for count in (1 + seed * 4, 11):
        cuts = np.sort(random.choice(min(total, 2**40) - 1, count - 1, replace=False) + 1)
        lists.append([int(part) for part in np.diff([0, *cuts, total])])
    found = match_in_order(*(np.array(masses, dtype=float) for masses in lists))
    assert [*zip(*(part.tolist() for part in found), strict=True)] == match_exactly(*lists)


def test_totals_that_differ_by_rounding_are_matched_to_the_end() -> None:
    random = np.random.default_rng(0)
    for _ in range(100):
        given, taken = random.random(30), random.random(17)
        taken *= given.sum() / taken.sum()
        givers, takers, amounts = match_in_order(given, taken)
        assert (amounts > 0).all()
        np.testing.assert_allclose(np.bincount(givers, amounts), given, rtol=0, atol=1e-13)
        np.testing.assert_allclose(np.bincount(takers, amounts), taken, rtol=0, atol=1e-13)
        assert (np.diff(givers) >= 0).all()
        assert (np.diff(takers) >= 0).all()
        assert sum(map(Fraction, amounts.tolist())) == pytest.approx(given.sum(), rel=1e-14)


def test_totals_that_differ_are_matched_in_parts() -> None:
    """What takes is scaled to what gives: each of two gets as much as each of two has."""
    givers, takers, amounts = match_in_order(np.array([3.0, 1.0]), np.array([1.0, 1.0]))
    assert [*zip(givers, takers, amounts, strict=True)] == [(0, 0, 2.0), (0, 1, 1.0), (1, 1, 1.0)]
