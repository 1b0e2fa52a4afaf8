"""Formulas and images from the command line as densities with units."""

import numpy as np
import pytest
from click import UsageError
from command import save

from stipple.cli.shared.domains import (
    FormulaDomain,
    plan_formula_domain,
    read_domain,
    read_formula,
)
from stipple.cli.shared.images import Reading
from stipple.errors import StippleError
from stipple.measures.tone import Tone


def test_a_formula_has_its_domain_and_pixels():
    domain = read_formula("uniform", FormulaDomain(box=(1.0, 2.0, 5.0, 4.0), pixels=6))
    assert domain.density.values.shape == (3, 6)
    assert (domain.density.values > 0).all()
    disc = read_formula("uniform", FormulaDomain(disc=(3.0, 1.0, 2.0), pixels=8))
    assert disc.density.values.shape == (8, 8)
    assert disc.density.values[0, 0] < disc.density.values[4, 4]
    np.testing.assert_allclose(disc.to_grid(np.array([[3.0, 1.0]])), [[4, 4]])


def test_domains_that_make_no_sense_are_refused():
    nothing = {"box": None, "disc": None, "ball": None, "pixels": 8}
    for words in (
        {"box": (0.0, 0, 1)},
        {"disc": (0.0, 0, 0)},
        {"box": (0.0, 0, 1, 1), "disc": (0.0, 0, 1)},
        {"ball": (0.0, 0, 1)},
        {"ball": (0.0, 0, 1, -1)},
        {"box": (0.0, 0, 0, 1, 1, 1), "ball": (0.0, 0, 0, 1)},
    ):
        with pytest.raises(UsageError, match=r"--box|--disc|--ball"):
            plan_formula_domain(nothing | words)


def test_a_formula_in_space_has_its_box_or_ball():
    box = read_formula("uniform", FormulaDomain(box=(1.0, 2, 3, 5, 4, 4)))
    assert box.origin == (1.0, 2.0, 3.0)
    assert box.size.tolist() == [4, 2, 1]
    assert box.rasterisation == 0
    ball = read_formula("uniform", FormulaDomain(ball=(3.0, 1.0, 0.0, 2.0), pixels=16))
    assert ball.density.values.shape == (16, 16, 16)
    np.testing.assert_allclose(ball.to_grid(np.array([[3.0, 1.0, 0.0]])), [[2, 2, 2]])


def test_a_volume_has_the_lengths_of_its_voxels(tmp_path):
    path = tmp_path / "a.npy"
    np.save(path, np.ones((2, 3, 4)))
    reading = Reading(Tone(), None, 100, quiet=True)
    volume, in_pixels = read_domain(str(path), FormulaDomain(), reading, (1.0, 2.0, 0.5))
    assert volume.size.tolist() == [4, 6, 1]
    assert not in_pixels
    with pytest.raises(UsageError, match="for volumes, not for formulas"):
        read_domain("uniform", FormulaDomain(), reading, (1.0, 1.0, 1.0))
    with pytest.raises(StippleError, match="is a volume: --resize"):
        read_domain(str(path), FormulaDomain(), Reading(Tone(gamma=2.0), None, 100), None)


def test_an_image_has_pixels(tmp_path):
    path = save(tmp_path / "a.png", np.zeros((2, 3), np.uint8))
    reading = Reading(Tone(), None, 100)
    assert read_domain(str(path), FormulaDomain(pixels=8), reading, None)[1] is True
    assert read_domain("uniform", FormulaDomain(pixels=8), reading, None)[1] is False
    with pytest.raises(UsageError, match="are for formulas"):
        read_domain(str(path), FormulaDomain(box=(0.0, 0, 1, 1)), reading, None)
