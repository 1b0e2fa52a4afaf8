"""Even tiles of a picture, and sums that carry a walk across each of them at once.

Most of a drawing in lines is white, and most of the sides of its cells run there; shapes are
filled, and paper may be even.
"""

from dataclasses import dataclass

import numpy as np

from stipple.arrays import Floats
from stipple.machine.compiled import compile_loop
from stipple.machine.rows import fill
from stipple.measures.row_sums import BLOCK, RowSums

# Rows and columns of a tile.
TILE = 8
# Where no tile is white, and less than this part of them even, all pixels are walked one by one.
LEAST_PART = 0.25
# What uneven tiles have in the place of their density.
UNEVEN = -1.0


@dataclass(frozen=True)
class EvenTiles:
    """Which tiles of 8 × 8 pixels are even, and what lies beside them in their bands of rows.

    Attributes
    ----------
    values : ndarray, shape (⌈h/8⌉, ⌈w/8⌉)
        ρ where it is the same in all of a tile, −1 elsewhere.
    sums : ndarray, shape (⌈h/8⌉, 9, ⌈w/8⌉, 5)
        ∫ρ, ∫xρ, ∫x²ρ, ∫yρ and ∫y²ρ from the left border of a tile's block of columns to the right
        border of the tile, over the first 0, …, 8 rows of its band; x and y are counted from
        where block and band begin.
    """

    values: Floats
    sums: Floats


def find_even_tiles(rows: RowSums) -> EvenTiles:
    """Find the even tiles of a density.

    Parameters
    ----------
    rows : RowSums
        Its sums along rows. Where even tiles are few, the sums of tiles are left out.
    """
    height, width = rows.pixels.shape[:2]
    bands, columns = -(-height // TILE), -(-width // TILE)
    values = np.empty((bands, columns))
    _find_values(rows.pixels, values)
    serves = (values == 0).any() or (values > 0).mean() >= LEAST_PART
    sums = np.zeros((bands if serves else 0, TILE + 1, columns, 5))
    _sum_bands(rows.pixels, rows.blocks, sums)
    for array in (values, sums):
        array.flags.writeable = False
    return EvenTiles(values, sums)


@compile_loop
def _find_values(pixels: Floats, values: Floats) -> None:
    height, width = pixels.shape[:2]
    for band in range(values.shape[0]):
        for tile in range(values.shape[1]):
            rho = pixels[band * TILE, tile * TILE, 3]
            even = True
            for row in range(band * TILE, min((band + 1) * TILE, height)):
                for column in range(tile * TILE, min((tile + 1) * TILE, width)):
                    even &= pixels[row, column, 3] == rho
                if not even:
                    break
            values[band, tile] = rho if even else UNEVEN


@compile_loop
def _sum_bands(pixels: Floats, blocks: Floats, sums: Floats) -> None:
    height, width = pixels.shape[:2]
    for band in range(len(sums)):
        for row in range(min(TILE, height - band * TILE)):
            for tile in range(sums.shape[2]):
                end = (tile + 1) * TILE
                if end % BLOCK == 0 or end >= width:
                    mass, first, second = blocks[band * TILE + row, tile * TILE // BLOCK]
                else:
                    mass, first, second, _ = pixels[band * TILE + row, end]
                above = sums[band, row, tile]
                below = sums[band, row + 1, tile]
                below[0] = above[0] + mass
                below[1] = above[1] + first
                below[2] = above[2] + second
                below[3] = above[3] + (row + 0.5) * mass
                below[4] = above[4] + (row * (row + 1) + 1 / 3) * mass
        for row in range(max(height - band * TILE, 0), TILE):
            for tile in range(sums.shape[2]):
                fill(sums[band, row + 1, tile], sums[band, row, tile])


@compile_loop
def add_beside(
    sums: Floats, band: int, tile: int, home: int, origin: int, start: float, stop: float
) -> tuple[float, float, float, float, float]:
    """∮ of what lies beside an even tile along a piece of a side that crosses it, of ρ to y²ρ.

    x counts from the border of the block of columns `home`, y and the ends of the piece from the
    row `origin`.
    """
    top = float(band * TILE - origin)
    per_block = BLOCK // TILE
    block = tile // per_block
    mass = moment_x = moment_y = second_x = second_y = 0.0
    if tile % per_block != 0:
        mass, moment_x, second_x, moment_y, second_y = _add_rows(
            sums[band, :, tile - 1], start - top, stop - top
        )
        shift = float((block - home) * BLOCK)
        second_x += shift * (2 * moment_x + shift * mass)
        moment_x += shift * mass
    sign = 1.0 if block > home else -1.0
    for b in range(min(block, home), max(block, home)):
        more, more_x, more_xx, more_y, more_yy = _add_rows(
            sums[band, :, (b + 1) * per_block - 1], start - top, stop - top
        )
        shift = float((b - home) * BLOCK)
        mass += sign * more
        moment_x += sign * (more_x + shift * more)
        second_x += sign * (more_xx + shift * (2 * more_x + shift * more))
        moment_y += sign * more_y
        second_y += sign * more_yy
    second_y += top * (2 * moment_y + top * mass)
    moment_y += top * mass
    return mass, moment_x, moment_y, second_x, second_y


@compile_loop
def _add_rows(sums: Floats, start: float, stop: float) -> tuple[float, float, float, float, float]:
    """Add up what lies beside a tile from one height in its band to another, up or down."""
    mass_0, first_0, second_0, high_0, higher_0 = _sum_above(sums, start)
    mass_1, first_1, second_1, high_1, higher_1 = _sum_above(sums, stop)
    return (
        mass_1 - mass_0,
        first_1 - first_0,
        second_1 - second_0,
        high_1 - high_0,
        higher_1 - higher_0,
    )


@compile_loop
def _sum_above(sums: Floats, height: float) -> tuple[float, float, float, float, float]:
    """Add up what lies beside a tile from the top of its band to a height."""
    row = min(max(int(height), 0), TILE - 1)
    part = height - row
    above = sums[row]
    below = sums[row + 1]
    mass = below[0] - above[0]
    return (
        above[0] + part * mass,
        above[1] + part * (below[1] - above[1]),
        above[2] + part * (below[2] - above[2]),
        above[3] + part * (row + 0.5 * part) * mass,
        above[4] + part * (row * (row + part) + part * part / 3) * mass,
    )
