"""A density on an interval in parts: beside integrals of SciPy and known best atoms."""

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import truncnorm

from stipple.discretisation.discretise import discretise
from stipple.discretisation.settings import Settings
from stipple.errors import StippleError
from stipple.measures.formula import parse_density
from stipple.measures.line import LineDensity
from stipple.measures.line_parts import LineParts
from stipple.measures.measure import Measure

MEAN, SIGMA = 0.3, 0.2
NORMAL = truncnorm(-MEAN / SIGMA, (1 - MEAN) / SIGMA, MEAN, SIGMA)


def integrate(density, atoms, ends):
    """∫ min_j |x − y_j|² p(x) dx, cell by cell."""
    middles = (atoms[:-1] + atoms[1:]) / 2
    borders = [ends[0], *middles, ends[1]]
    return sum(
        quad(lambda x, y=atom: (x - y) ** 2 * density(x), *borders[j : j + 2], epsabs=1e-14)[0]
        for j, atom in enumerate(atoms)
    )


def find_best(count):
    """The only critical point for a log-concave density (Kieffer, 1983), by Lloyd's method."""
    atoms = NORMAL.ppf((np.arange(count) + 0.5) / count)
    for _ in range(300):
        borders = np.array([0, *(atoms[:-1] + atoms[1:]) / 2, 1])
        atoms = MEAN - SIGMA**2 * np.diff(NORMAL.pdf(borders)) / np.diff(NORMAL.cdf(borders))
    return integrate(NORMAL.pdf, atoms, (0, 1))


@pytest.mark.parametrize("count", [1, 2, 7])
def test_the_cost_is_that_of_the_density(count):
    density = LineDensity(parse_density("gaussian:0.3,0.4"), -1, 2)
    normal = truncnorm((-1 - 0.3) / 0.4, (2 - 0.3) / 0.4, 0.3, 0.4).pdf
    atoms = np.linspace(-0.8, 1.5, count)
    found = LineParts.cut(density, 50).measure_cost(atoms[::-1])
    assert found == pytest.approx(integrate(normal, atoms, (-1, 2)), rel=1e-9)


@pytest.mark.parametrize("parts", [16, 61, 1000])
@pytest.mark.parametrize("count", [1, 2, 5])
@pytest.mark.parametrize("formula", ["uniform", "gaussian:0.3,0.2"])
def test_no_atoms_are_below_the_bound(formula, count, parts):
    """The best atoms of both densities are known; many parts bring the bound near them."""
    density = LineDensity(parse_density(formula), 0, 1)
    line = LineParts.cut(density, parts)
    settings = Settings(threads=1)
    found = discretise(Measure.from_line(line), count, settings)
    assert found.optimum == "global"
    best = 1 / 12 / count**2 if formula == "uniform" else find_best(count)
    bound = line.bound_cost(count, found.cost.lower)
    assert bound <= best * (1 + 1e-9)
    assert best <= line.measure_cost(found.atoms[:, 0]) * (1 + 1e-9)
    assert bound >= best * (1 - 20 * count**2 * (4 + count) / parts**2)


def test_samples_have_the_mass_and_the_spread_of_their_parts():
    density = LineDensity(parse_density("uniform"), -1, 3)
    line = LineParts.cut(density, 8)
    np.testing.assert_allclose(line.samples.points[:, 0], np.arange(-0.75, 3, 0.5), rtol=1e-12)
    np.testing.assert_allclose(line.samples.masses, 1 / 8, rtol=1e-12)
    assert line.hidden == pytest.approx(0.25 / 12, rel=1e-9)
    assert line.width == 0.5


def test_parts_without_mass_are_left_out():
    line = LineParts.cut(LineDensity(parse_density("gaussian:0,1"), -100, 100), 1000)
    assert 200 < len(line.samples) < 500
    assert np.isfinite(line.measure_cost(np.array([-99.0, 0.0, 99.0])))


def test_intervals_of_few_numbers_are_refused():
    with pytest.raises(StippleError, match="less than 1,000 places"):
        LineParts.cut(LineDensity(parse_density("uniform"), 1e15, 1e15 + 2), 1000)
