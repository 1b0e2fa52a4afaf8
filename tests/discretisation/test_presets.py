"""The published measures: moments in closed form, and what the titles say."""

import numpy as np
import pytest
from scipy.stats import truncnorm

from stipple.discretisation.presets import list_presets

PRESETS = list_presets()


def get_samples(name):
    return PRESETS[name].cases[0].measure().samples


def make_cut_normal(mean, sigma):
    return truncnorm(-mean / sigma, (1 - mean) / sigma, loc=mean, scale=sigma)


def test_mixtures_have_the_mass_of_their_terms():
    samples = get_samples("mixture-1d")
    half = samples.masses[samples.points[:, 0] < 0.5].sum()
    terms = ((0.3, make_cut_normal(0.2, 0.1)), (0.7, make_cut_normal(0.7, 0.2)))
    assert half == pytest.approx(sum(weight * term.cdf(0.5) for weight, term in terms))
    plane = get_samples("mixture-2d")
    corner = plane.masses[(plane.points < [0.5, 0.25]).all(axis=1)].sum()
    expected = 0.3 * make_cut_normal(0.2, 0.1).cdf(0.5) * make_cut_normal(0.3, 0.2).cdf(0.25)
    expected += 0.7 * make_cut_normal(0.7, 0.2).cdf(0.5) * make_cut_normal(0.6, 0.15).cdf(0.25)
    assert corner == pytest.approx(expected)


def test_discs_have_half_of_their_spacing_as_diameter():
    samples = get_samples("discs-24")
    assert len(samples) / 256**2 == pytest.approx(np.pi / 16, rel=0.01)
    assert [case.settings.weights for case in PRESETS["discs-24"].cases] == ["free", "equal"]


def test_the_swiss_roll_winds_from_one_to_four():
    points = get_samples("swiss-roll").points
    radius = np.hypot(points[:, 0], points[:, 1])
    assert 1 <= radius.min() < 1.01
    assert 3.99 < radius.max() <= 4
    angle = np.arctan2(points[:, 1], points[:, 0])
    np.testing.assert_allclose(np.exp(1j * angle), np.exp(1j * np.pi * radius), atol=1e-9)


def test_the_sphere_is_the_plane_seen_from_its_pole():
    points = get_samples("sphere").points
    np.testing.assert_allclose(np.linalg.norm(points, axis=1), 1)
    plane = points[:, :2] / (1 - points[:, 2:])
    # Means of .4, .2 and .4 at (3, 1), (0, -4) and (-.1, .2), within five standard errors.
    np.testing.assert_allclose(plane.mean(axis=0), [1.16, -0.32], atol=0.2)


def test_photographs_are_run_with_both_weights():
    assert [case.label for case in PRESETS["image"].cases] == [
        f"{kind}-{n}" for n in (10, 100, 1000, 4000) for kind in ("free", "equal")
    ]
    naive = PRESETS["naive-comparison"].naive
    assert (naive.repeats, min(naive.sizes), max(naive.sizes)) == (20_000, 3, 200)
    assert 40 in naive.sizes
