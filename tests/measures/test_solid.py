"""Formulas in space as masses of voxels."""

import numpy as np
import pytest
from scipy.integrate import tplquad

from stipple.errors import StippleError
from stipple.measures.formula import Region, parse_density, rasterise_density
from stipple.measures.solid import Solid, rasterise_in_space


def test_a_mixture_has_the_masses_of_its_formula():
    text = "0.3*gaussian:0.2/0.3/0.6,0.3/0.2/0.4+0.7*uniform"
    solid = Solid((0, 0, 0), (1, 0.5, 0.75))
    domain = rasterise_in_space(parse_density(text), solid, 4)
    assert domain.density.values.shape == (3, 2, 4)
    assert domain.density.spacing.tolist() == [0.25, 0.25, 0.25]

    def density(z, y, x):
        def normal(value, mean, sigma):
            return np.exp(-((value - mean) ** 2) / (2 * sigma**2)) / (sigma * (2 * np.pi) ** 0.5)

        gaussian = normal(x, 0.2, 0.3) * normal(y, 0.3, 0.2) * normal(z, 0.6, 0.4)
        return 0.3 * gaussian + 0.7 / 0.375

    total = tplquad(density, 0, 1, 0, 0.5, 0, 0.75)[0]
    masses = domain.density.values / domain.density.values.sum()
    for k, j, i in ((0, 0, 0), (2, 1, 3), (1, 0, 2)):
        x, y, z = (n / 4 for n in (i, j, k))
        part = tplquad(density, x, x + 0.25, y, y + 0.25, z, z + 0.25)[0]
        assert masses[k, j, i] == pytest.approx(part / total, rel=1e-9)
    assert domain.rasterisation == pytest.approx(3**0.5 / 4)


def test_a_uniform_box_is_one_voxel_and_exact():
    domain = rasterise_in_space(parse_density("uniform"), Solid((1, 2, 3), (2, 4, 6)), 64)
    assert domain.density.values.shape == (1, 1, 1)
    assert domain.rasterisation == 0
    assert domain.size.tolist() == [1, 2, 3]
    assert domain.diameter == pytest.approx(14**0.5)


def test_a_ball_has_its_volume_and_moments():
    ball = Solid((-1, 1, 0), (1, 3, 2), round=True)
    domain = rasterise_in_space(parse_density("uniform"), ball, 32)
    values = domain.density.values
    assert (values / values.max()).sum() / 16**3 == pytest.approx(4 * np.pi / 3, rel=2e-3)
    assert values[0, 0, 0] == values[-1, 0, -1] == 0
    across = (np.arange(32) + 0.5) / 16 - 1
    # The second moment of each coordinate is a fifth.
    for axis in range(3):
        line = values.sum(axis=tuple({0, 1, 2} - {axis})) / values.sum()
        assert line @ across**2 == pytest.approx(0.2, rel=5e-3)


@pytest.mark.parametrize(
    ("text", "solid", "told"),
    [
        ("uniform", ((0, 0, 0), (1, 1, 0)), "has no volume"),
        ("uniform", ((0, 0, 0), (1, 1, np.inf)), "has no volume"),
        ("uniform", ((0, 0, 0), (1, 1, 1e40)), "has sides beyond"),
        ("gaussian:0/1,0.1", ((0, 0, 0), (1, 1, 1)), "0/1 is for 2 axes, and there are 3"),
        ("gaussian:900,0.1", ((0, 0, 0), (1, 1, 1)), "no mass on its domain"),
    ],
)
def test_what_makes_no_sense_in_space_is_a_sentence(text, solid, told):
    with pytest.raises(StippleError, match=told):
        rasterise_in_space(parse_density(text), Solid(*solid), 4)


def test_numbers_for_three_axes_are_refused_in_the_plane():
    with pytest.raises(StippleError, match="1/2/3 is for 3 axes, and there are 2"):
        rasterise_density(parse_density("gaussian:0.5,1/2/3"), Region(), 4)


def test_too_many_voxels_are_refused_before_they_are_made():
    with pytest.raises(StippleError, match="The formula of 8,000,000,000,000 voxels needs"):
        rasterise_in_space(parse_density("gaussian:0.5,0.1"), Solid(), 20_000)
