import numpy as np
import pytest
from scipy.integrate import dblquad

from stipple.errors import StippleError
from stipple.measures.formula import Region, parse_density, rasterise_density


def test_a_mixture_has_the_masses_of_its_formula():
    text = "0.3*gaussian:0.2/0.3,0.1/0.2+0.7*gaussian:0.7/0.6,0.2/0.15"
    domain = rasterise_density(parse_density(text), Region(), 8)

    def density(y, x):
        def normal(value, mean, sigma):
            return np.exp(-((value - mean) ** 2) / (2 * sigma**2)) / sigma

        return 0.3 * normal(x, 0.2, 0.1) * normal(y, 0.3, 0.2) + 0.7 * normal(x, 0.7, 0.2) * normal(
            y, 0.6, 0.15
        )

    total = dblquad(density, 0, 1, 0, 1)[0]
    values = domain.density.values / domain.density.total
    for row, column in ((0, 0), (2, 1), (5, 5), (7, 3)):
        expected = dblquad(density, column / 8, (column + 1) / 8, row / 8, (row + 1) / 8)[0]
        assert values[row, column] == pytest.approx(expected / total, rel=1e-6)


def test_uniform_is_exact_and_formulas_are_not():
    assert rasterise_density(parse_density("uniform"), Region(), 4).rasterisation == 0
    blurred = rasterise_density(parse_density("gaussian:0.5,0.2"), Region(), 4)
    assert blurred.rasterisation == pytest.approx(2**0.5 / 4)


def test_a_disc_has_its_area():
    region = Region(-1, -1, 1, 1, round=True)
    domain = rasterise_density(parse_density("uniform"), region, 64)
    covered = domain.density.values / domain.density.values.max()
    assert covered.sum() * domain.unit**2 == pytest.approx(np.pi, rel=1e-3)
    assert domain.density.values[0, 0] == 0


def test_coordinates_go_to_pixels_and_back():
    domain = rasterise_density(parse_density("uniform"), Region(-2, 1, 2, 3), 8)
    assert (domain.density.width, domain.density.height) == (8, 4)
    points = np.array([[-2.0, 1.0], [2.0, 3.0], [0.0, 2.5]])
    np.testing.assert_allclose(domain.to_grid(points), [[0, 0], [8, 4], [4, 3]])
    np.testing.assert_allclose(domain.to_domain(domain.to_grid(points)), points)


def test_mean_and_sigma_may_differ_by_axis():
    (term,) = parse_density("2*Gaussian:0.25/-1e-1,0.1/0.2")
    assert (term.weight, term.mean, term.sigma) == (2.0, (0.25, -0.1), (0.1, 0.2))


@pytest.mark.parametrize(
    "text",
    ["", "normal", "gaussian", "gaussian:1", "gaussian:0,0", "uniform+", "-1*uniform", "0*uniform"],
)
def test_a_bad_formula_is_a_sentence(text):
    with pytest.raises(StippleError, match=r"known are uniform|above zero"):
        parse_density(text)


@pytest.mark.parametrize("corners", [(0, 0, 0, 1), (0, 0, 1, -1), (0, 0, float("inf"), 1)])
def test_a_region_needs_area(corners):
    with pytest.raises(StippleError, match="no area"):
        Region(*corners)


def test_pixels_must_be_square():
    with pytest.raises(StippleError, match="do not fill"):
        rasterise_density(parse_density("uniform"), Region(0, 0, 1, 0.3), 4)
