"""Inner products against exact sums."""

from fractions import Fraction

import numpy as np
import pytest

from stipple.machine.products import measure_norm, multiply

RANDOM = np.random.default_rng(4)


@pytest.mark.parametrize("shape", [(0,), (1,), (3,), (4,), (9, 2), (7,)])
def test_products_are_those_of_exact_arithmetic(shape: tuple[int, ...]) -> None:
    left, right = RANDOM.integers(-99, 99, (2, *shape)).astype(float)
    exact = sum(Fraction(a) * Fraction(b) for a, b in zip(left.flat, right.flat, strict=True))
    assert multiply(left, right) == exact
    assert measure_norm(left) == pytest.approx(float(np.hypot.reduce(left, axis=None)), rel=1e-14)


def test_any_order_in_memory_gives_the_same() -> None:
    left, right = RANDOM.standard_normal((2, 5, 6))
    assert multiply(left.T, right.T) == pytest.approx(multiply(left, right), rel=1e-14)
