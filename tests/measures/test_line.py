"""Densities on an interval, against closed forms and adaptive quadrature."""

from itertools import pairwise

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import norm, truncnorm

from stipple.errors import StippleError
from stipple.measures.formula import parse_density
from stipple.measures.line import LineDensity


def cut(density, count):
    ends = density.find_quantiles(np.arange(count + 1) / count)
    ends[0], ends[-1] = density.start, density.stop
    return ends


def test_uniform_in_closed_form():
    density = LineDensity(parse_density("uniform"), -1, 3)
    ends = cut(density, 8)
    np.testing.assert_allclose(ends, np.linspace(-1, 3, 9), atol=1e-15)
    masses, middles, variances = density.integrate(ends)
    np.testing.assert_allclose(masses, 1 / 8, rtol=1e-13)
    np.testing.assert_allclose(middles, -0.75 + 0.5 * np.arange(8), atol=1e-14)
    np.testing.assert_allclose(variances, 0.25 / 12, rtol=1e-12)


@pytest.mark.parametrize("mean", [0.5, -3.0, 4.0])
def test_quantiles_of_a_gaussian(mean):
    """Also where only its tail is left, of which the distribution function holds few digits."""
    density = LineDensity(parse_density(f"gaussian:{mean},0.25"), 0, 1)
    law = truncnorm((0 - mean) / 0.25, (1 - mean) / 0.25, mean, 0.25)
    levels = np.array([0.01, 0.3, 0.5, 0.9])
    np.testing.assert_allclose(density.find_quantiles(levels), law.ppf(levels), rtol=1e-9)


def test_moments_of_a_mixture():
    density = LineDensity(parse_density("0.3*gaussian:0.2,0.01+0.7*uniform"), 0, 2)
    ends = np.array([0.0, 0.05, 0.195, 0.2, 1.3, 2.0])
    found = density.integrate(ends)

    def value(x):
        return 0.3 * norm.pdf(x, 0.2, 0.01) + 0.35

    pieces = [
        [
            quad(lambda x, k=k: value(x) * x**k, *pair, points=[0.2], epsabs=1e-15, limit=200)[0]
            for k in range(3)
        ]
        for pair in pairwise(ends)
    ]
    mass, first, second = np.array(pieces).T
    np.testing.assert_allclose(found[0], mass / mass.sum(), rtol=1e-10)
    np.testing.assert_allclose(found[1], first / mass, rtol=1e-10)
    np.testing.assert_allclose(found[2], second / mass - (first / mass) ** 2, rtol=1e-6)


@pytest.mark.parametrize("count", [7, 1000])
def test_parts_between_quantiles_have_equal_mass(count):
    density = LineDensity(parse_density("0.5*gaussian:0.1,1e-6+0.5*gaussian:0.9,0.2"), 0, 1)
    masses, middles, variances = density.integrate(cut(density, count))
    np.testing.assert_allclose(masses, 1 / count, rtol=1e-8)
    assert (np.diff(middles) > 0).all()
    assert (variances > 0).all()


@pytest.mark.parametrize(
    ("words", "interval", "message"),
    [
        ("uniform", (1, 1), "has no length"),
        ("uniform", (2, 1), "has no length"),
        ("uniform", (0, np.inf), "has no length"),
        ("gaussian:99,1", (0, 1), "no mass on"),
    ],
)
def test_what_is_no_density_is_refused(words, interval, message):
    with pytest.raises(StippleError, match=message):
        LineDensity(parse_density(words), *interval)
