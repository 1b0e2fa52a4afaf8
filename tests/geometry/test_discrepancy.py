"""The L2-star discrepancy beside integrals over all boxes."""

import numpy as np
import pytest

from stipple.geometry.discrepancy import measure_discrepancy


def test_discrepancy_is_the_root_mean_square_over_boxes():
    """Of ½ in both coordinates: ∫(xy − 1[x, y ≥ ½])² = 1/9 − 2·(3/8)² + 1/4."""
    expected = (1 / 9 - 2 * (3 / 8) ** 2 + 1 / 4) ** 0.5
    assert measure_discrepancy(np.array([[0.5, 0.5]])) == pytest.approx(expected)
    assert measure_discrepancy(np.zeros((10_001, 1))) is None
