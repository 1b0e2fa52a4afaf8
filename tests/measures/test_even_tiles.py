"""Even tiles and the sums beside them, against sums pixel by pixel."""

import numpy as np
import pytest

from stipple.measures.density import Density
from stipple.measures.even_tiles import TILE, UNEVEN
from stipple.measures.row_sums import BLOCK

RANDOM = np.random.default_rng(4)


@pytest.mark.parametrize("shape", [(1, 1), (8, 32), (21, 75), (3, 200), (200, 3)])
@pytest.mark.parametrize("inked", [0.02, 0.5])
def test_tiles_and_what_lies_beside_them(shape: tuple[int, int], inked: float) -> None:
    values = np.where(RANDOM.random(shape) < inked, RANDOM.random(shape) + 0.1, 0.0)
    values[0, 0] = 1.0
    density = Density(values)
    tiles = density.even_tiles
    rho = values / values.sum()
    for band, tile in np.ndindex(tiles.values.shape):
        rows = slice(band * TILE, (band + 1) * TILE)
        part = values[rows, tile * TILE : (tile + 1) * TILE]
        wanted = part[0, 0] / values.sum() if np.ptp(part) == 0 else UNEVEN
        assert tiles.values[band, tile] == pytest.approx(wanted, rel=1e-14)
        if len(tiles.sums) == 0:
            continue
        left = tile * TILE // BLOCK * BLOCK
        beside = rho[rows, left : (tile + 1) * TILE]
        y, x = np.indices(beside.shape)
        terms = (1, x + 0.5, x * (x + 1) + 1 / 3, y + 0.5, y * (y + 1) + 1 / 3)
        for height in range(TILE + 1):
            wanted = [(beside * term)[:height].sum() for term in terms]
            assert tiles.sums[band, height, tile] == pytest.approx(wanted, rel=1e-12, abs=1e-17)


def test_a_picture_with_few_even_tiles_keeps_no_sums() -> None:
    noise = 1 + RANDOM.random((32, 64))
    noise[:8, :8] = 1.0
    tiles = Density(noise).even_tiles
    assert (tiles.values != UNEVEN).sum() == 1
    assert tiles.sums.size == 0
    noise[:, :16] = 1.0
    assert Density(noise).even_tiles.sums.size > 0
