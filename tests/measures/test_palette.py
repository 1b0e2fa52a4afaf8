"""Amounts of ink side by side, against SciPy's non-negative least squares."""

import numpy as np
import pytest
from scipy.optimize import nnls

from stipple.measures.palette import find_amounts, linearise

WHITE = np.ones(3)
CMYK = np.array([[0, 1, 1], [1, 0, 1], [1, 1, 0], [0, 0, 0.0]])


def mix(amounts, paper, inks):
    return paper + np.tensordot(amounts, inks - paper, (0, 0))  # (h, w, 3)


def solve_by_nnls(wanted, paper, inks):
    """Least distance from a colour to what paper and inks can show."""
    corners = np.vstack([paper, inks])
    heavy = 1e4  # the sum of the parts is 1
    matrix = np.vstack([corners.T, np.full(len(corners), heavy)])
    parts, _ = nnls(matrix, np.append(wanted, heavy))
    return np.linalg.norm(parts @ corners / parts.sum() - wanted)


def draw_palettes():
    """Random ones, on a coarse grid of colours where many are on planes and spheres, and grey."""
    generator = np.random.default_rng(0)
    for trial in range(120):
        corners = generator.integers(0, 256, (generator.integers(2, 10), 3)) / 255
        if trial % 3 == 1:
            corners = np.round(2 * corners) / 2
        if trial % 5 == 1:
            corners[:] = corners[:, :1]
        corners = np.unique(corners, axis=0)
        if len(corners) > 1:
            generator.shuffle(corners)
            yield corners[0], corners[1:]


def test_amounts_are_the_least_squares():
    generator = np.random.default_rng(1)
    for paper, inks in draw_palettes():
        wanted = generator.random((4, 2, 3))
        amounts = find_amounts(wanted, paper, inks)
        assert amounts.shape == (len(inks), 4, 2)
        assert amounts.min() >= 0
        assert amounts.sum(axis=0).max() <= 1 + 1e-12
        found = np.linalg.norm(mix(amounts, paper, inks) - wanted, axis=2)
        least = [[solve_by_nnls(colour, paper, inks) for colour in row] for row in wanted]
        np.testing.assert_allclose(found, least, atol=1e-7)


def test_at_most_four_corners_meet_and_amounts_are_continuous():
    generator = np.random.default_rng(2)
    inks = generator.random((8, 3))
    line = np.linspace(0, 1, 2000)[:, np.newaxis]
    wanted = (0.2 + 0.6 * line * [1, 0.7, 0.4])[np.newaxis]
    amounts = find_amounts(wanted, WHITE, inks)[:, 0]  # (8, 2000)
    paper = 1 - amounts.sum(axis=0)
    assert ((amounts > 0).sum(axis=0) + (paper > 1e-12)).max() <= 4
    assert np.abs(np.diff(amounts)).max() < 0.01


def test_grey_is_black_alone_and_paper_is_bare():
    grey = np.linspace(0, 1, 256)[np.newaxis, :, np.newaxis] * WHITE
    cyan, magenta, yellow, black = find_amounts(grey, WHITE, CMYK)
    assert not any(one.any() for one in (cyan, magenta, yellow))
    np.testing.assert_allclose(black, 1 - grey[..., 0], atol=1e-15)
    assert black[0, -1] == 0


def test_of_equal_mixtures_the_nearest_inks_are_taken():
    """Grey and black show dark grey with less grain than black on white."""
    amounts = find_amounts(np.full((1, 1, 3), 0.25), WHITE, np.array([[0.5] * 3, [0.0] * 3]))
    np.testing.assert_allclose(amounts[:, 0, 0], [0.5, 0.5])
    amounts = find_amounts(np.full((1, 1, 3), 0.75), WHITE, np.array([[0.5] * 3, [0.0] * 3]))
    np.testing.assert_allclose(amounts[:, 0, 0], [0.5, 0])


def test_linear_light_is_that_of_srgb():
    encoded = np.array([0, 0.04045, 0.5, 1])
    expected = [0, 0.04045 / 12.92, 0.21404114, 1]
    np.testing.assert_allclose(linearise(encoded), expected, rtol=1e-7)


@pytest.mark.slow
def test_a_large_picture_takes_seconds():
    import time

    inks = np.random.default_rng(3).random((8, 3))
    wanted = np.random.default_rng(4).random((1000, 4000, 3))
    find_amounts(wanted[:1, :1], WHITE, inks)
    began = time.process_time()
    find_amounts(wanted, WHITE, inks)
    assert time.process_time() - began < 12
