"""The lower bound for all sequences on the line, against the discrepancies that it bounds."""

import numpy as np
import pytest
from scipy.stats import qmc

from stipple.errors import StippleError
from stipple.sequences.certificate import measure_prefix_1d
from stipple.sequences.dyadic import generate_sequence
from stipple.sequences.obstruction import bound_growth, sum_roth
from stipple.sequences.rivals import prepare_rival


def measure_square(points):
    """Squared L² discrepancy, not divided by the number of points."""
    return (len(points) * qmc.discrepancy(points, method="L2-star")) ** 2


@pytest.mark.parametrize("n", [1, 2, 5, 64, 200])
def test_no_points_of_the_square_have_less_than_the_sum_of_roth(n):
    for seed in range(5):
        assert sum_roth(n) <= measure_square(np.random.default_rng(seed).random((n, 2)))
    assert sum_roth(n) <= measure_square(qmc.Sobol(2, scramble=False).random_base2(8)[:n])


@pytest.mark.parametrize("name", ["dyadic", "kronecker", "random"])
@pytest.mark.parametrize("n", [1, 7, 64, 150])
def test_a_sequence_is_as_far_as_its_points_of_the_square(name, n):
    """‖Δ‖² ≤ w² + w/(4√3·n) + 1/36, of which the bound is the solution."""
    made = generate_sequence(n, 1) if name == "dyadic" else prepare_rival(name, n, 1)(n)
    line = made.ravel()
    worst = max(count * measure_prefix_1d(line[:count]).w2 for count in range(1, n + 1))
    square = measure_square(np.column_stack([line, (np.arange(n) + 0.5) / n]))
    assert square <= worst**2 + worst / (4 * 3**0.5 * n) + 1 / 36
    assert bound_growth(n) <= worst


def test_the_bound_grows_without_end():
    """Its square by (1/3 − 1/7)/256 for each doubling, once Roth's sum is the larger bound."""
    assert bound_growth(1) == bound_growth(2**140) == pytest.approx(12**-0.5)
    squares = [bound_growth(2**power) ** 2 for power in (200, 300, 400, 1000)]
    growth = np.diff(squares) / (100, 100, 600)
    assert growth == pytest.approx([(1 / 3 - 1 / 7) / 256] * 3)
    assert all(bound_growth(2**power) < bound_growth(2 ** (power + 1)) for power in range(147, 160))


@pytest.mark.parametrize("n", [0, -1, 2.5])
def test_no_points_have_no_bound(n):
    with pytest.raises(StippleError, match="number of points"):
        bound_growth(n)
