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
from stipple.measures.tone import Tone


def test_a_formula_has_its_domain_and_pixels():
    domain = read_formula("uniform", FormulaDomain((1.0, 2.0, 5.0, 4.0), None, 6))
    assert domain.density.values.shape == (3, 6)
    assert (domain.density.values > 0).all()
    disc = read_formula("uniform", FormulaDomain(None, (3.0, 1.0, 2.0), 8))
    assert disc.density.values.shape == (8, 8)
    assert disc.density.values[0, 0] < disc.density.values[4, 4]
    np.testing.assert_allclose(disc.to_grid(np.array([[3.0, 1.0]])), [[4, 4]])


def test_domains_that_make_no_sense_are_refused():
    for box, disc in (((0.0, 0, 1), None), (None, (0.0, 0, 0)), ((0.0, 0, 1, 1), (0.0, 0, 1))):
        with pytest.raises(UsageError, match=r"--box|--disc"):
            plan_formula_domain({"box": box, "disc": disc, "pixels": 8})


def test_an_image_has_pixels(tmp_path):
    path = save(tmp_path / "a.png", np.zeros((2, 3), np.uint8))
    reading = Reading(Tone(), None, 100)
    assert read_domain(str(path), FormulaDomain(None, None, 8), reading)[1] is True
    assert read_domain("uniform", FormulaDomain(None, None, 8), reading)[1] is False
    with pytest.raises(UsageError, match="are for formulas"):
        read_domain(str(path), FormulaDomain((0.0, 0, 1, 1), None, 8), reading)
