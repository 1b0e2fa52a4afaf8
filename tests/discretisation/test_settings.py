"""Settings that what was chosen does not look at are refused, in Python as on the command line."""

import numpy as np
import pytest

from stipple import StippleError, edot

SAMPLES = np.random.default_rng(3).normal(size=(30, 2))


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"momentum": 0.5}, 'momentum is 0.5, .* objective="sharp" or "full"'),
        ({"batch": 10}, "batch is 10, which is for the simple algorithm"),
        ({"finish": "none"}, "finish is 'none'"),
        ({"cells": "occupied"}, "which is for the adaptive algorithm"),
        ({"objective": "sharp", "cell_atoms": 4}, 'choose algorithm="adaptive"'),
        (
            {"objective": "full", "algorithm": "adaptive", "atom_rate": 2.0},
            'choose algorithm="simple"',
        ),
    ],
)
def test_idle_settings_are_refused(settings, said):
    with pytest.raises(StippleError, match=said):
        edot(SAMPLES, 3, **settings)


@pytest.mark.parametrize(
    "settings",
    [
        {"momentum": 0.5, "batch": 10},
        {"algorithm": "adaptive", "cells": "occupied", "cell_atoms": 4},
    ],
)
def test_settings_of_the_algorithm_chosen_are_taken(settings):
    assert len(edot(SAMPLES, 3, objective="sharp", steps=1, **settings).atoms) <= 3
