"""The fitted slope and its confidence interval, from their definitions."""

from types import SimpleNamespace

import numpy as np
import pytest

from stipple.lloyd_steps.slope import fit_rate, fit_slope
from stipple.lloyd_steps.theory import StepTheorem


def test_means_and_half_widths_of_repeats():
    """Exponents −1, −1.2 and −0.6 of single repeats: 1.96 standard deviations of their mean."""
    rates = (-1.0, -1.2, -0.6)
    rows = [
        SimpleNamespace(points=n, repeat=r, step=s, w2_squared=n**rate * (1 if s == 1 else 7))
        for n in (10, 100, 1000)
        for r, rate in enumerate(rates)
        for s in (0, 1, 2)
    ]
    slope = fit_slope(rows, 1)
    means = [sum(n**rate for rate in rates) / 3 for n in (10, 100, 1000)]
    assert slope.counts == (10, 100, 1000)
    assert slope.w2_squared == pytest.approx(means)
    assert slope.slope == pytest.approx(np.log10(means[2] / means[0]) / 2)
    spread = (((-1 + 14 / 15) ** 2 + (-1.2 + 14 / 15) ** 2 + (-0.6 + 14 / 15) ** 2) / 2) ** 0.5
    assert slope.half_width == pytest.approx(1.96 * spread / 3**0.5)


def test_rate_22_in_closed_form():
    """√(W2²(start)/(εN)) with ε = N^(−½)/2 is √2·N^(−¼) for W2² = 1."""
    theorems = [StepTheorem(1.0, n, n**-0.5 / 2, 0.1) for n in (100, 10000)]
    rate = fit_rate(list(zip(theorems, (0.3, 0.05), strict=True)))
    assert rate.exponent == pytest.approx(-0.25)
    assert rate.factor == pytest.approx(max(0.3 / 100**-0.25, 0.05 / 0.1) / 2**0.5)
    assert fit_rate([(theorems[0], 0.3)]).exponent is None
    # No step is asked for, or τ is not below 1.
    assert fit_rate([(StepTheorem(1.0, 4, 0.1, 0.1), 0.3)]) is None
    assert fit_rate([(StepTheorem(1.0, 10**6, 1.0, 1.0), 0.3)]) is None
    assert fit_rate([]) is None
