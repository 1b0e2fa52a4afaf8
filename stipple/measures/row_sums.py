"""Sums of a density along its rows, restarted at regular columns so that they stay small.

Differences of sums that run through a whole row lose digits in proportion to the square of its
width. Here they begin anew every 32 columns, in coordinates that do too.
"""

from dataclasses import dataclass

import numpy as np

from stipple.arrays import Floats
from stipple.machine.compiled import compile_loop
from stipple.machine.rows import fill

# Columns in a block, and in a stretch of 32 blocks.
BLOCK = 32
STRETCH = 1024


@dataclass(frozen=True)
class RowSums:
    """Moments of ρ (total mass 1) along pieces of each row, x counted from where a piece begins.

    Attributes
    ----------
    pixels : ndarray, shape (h, w, 4)
        ∫ρ dx, ∫xρ dx and ∫x²ρ dx from the left border of the pixel's block to that of the pixel,
        then ρ on the pixel. They sit together because a walk along an edge reads all four at once.
    blocks, stretches : ndarray, shapes (h, ⌈w/32⌉, 3) and (h, ⌈w/1024⌉, 3)
        The three moments of whole blocks of 32 columns, and of 1024.
    """

    pixels: Floats
    blocks: Floats
    stretches: Floats


def sum_rows(values: Floats) -> RowSums:
    """Normalise a density to mass 1 and sum it along its rows.

    Parameters
    ----------
    values : ndarray, shape (h, w)
        Not negative, with a finite sum that is not zero.
    """
    height, width = values.shape
    sums = RowSums(
        np.empty((height, width, 4)),
        np.zeros((height, -(-width // BLOCK), 3)),
        np.zeros((height, -(-width // STRETCH), 3)),
    )
    _sum_rows(values, values.max(), sums.pixels, sums.blocks, sums.stretches)
    for array in (sums.pixels, sums.blocks, sums.stretches):
        array.flags.writeable = False
    return sums


def accumulate_mass(values: Floats) -> Floats:
    """Mass of [0, x] × [0, y] at integer (y, x), shape (h + 1, w + 1), right to the last digit.

    Parameters
    ----------
    values : ndarray, shape (h, w)
        As `sum_rows` takes them; the total mass is 1.
    """
    image = np.zeros((values.shape[0] + 1, values.shape[1] + 1))
    _accumulate_mass(values, values.max(), image)
    image.flags.writeable = False
    return image


@compile_loop
def _add(total: float, rest: float, term: float) -> tuple[float, float]:
    """Add a term to a sum kept as a total and what its rounding has left (Neumaier)."""
    new = total + term
    if abs(total) >= abs(term):
        return new, rest + ((total - new) + term)
    return new, rest + ((term - new) + total)


@compile_loop
def _find_total(values: Floats, largest: float) -> float:
    # Dividing by the maximum first keeps tiny and huge scales clear of under- and overflow.
    height, width = values.shape
    total = 0.0
    rest = 0.0
    for row in range(height):
        for column in range(width):
            total, rest = _add(total, rest, values[row, column] / largest)
    return total + rest


@compile_loop
def _sum_rows(
    values: Floats, largest: float, pixels: Floats, blocks: Floats, stretches: Floats
) -> None:
    height, width = values.shape
    total = _find_total(values, largest)
    for row in range(height):
        mass = 0.0
        first = 0.0
        second = 0.0
        for column in range(width):
            x = column % BLOCK
            rho = values[row, column] / largest / total
            pixels[row, column, 0] = mass
            pixels[row, column, 1] = first
            pixels[row, column, 2] = second
            pixels[row, column, 3] = rho
            mass += rho
            first += rho * (x + 0.5)
            second += rho * (x * (x + 1) + 1 / 3)
            if x == BLOCK - 1 or column == width - 1:
                block = column // BLOCK
                fill(blocks[row, block], (mass, first, second))
                shift = float(block * BLOCK % STRETCH)
                stretch = block * BLOCK // STRETCH
                stretches[row, stretch, 0] += mass
                stretches[row, stretch, 1] += first + shift * mass
                stretches[row, stretch, 2] += second + shift * (2 * first + shift * mass)
                mass = 0.0
                first = 0.0
                second = 0.0


@compile_loop
def _accumulate_mass(values: Floats, largest: float, image: Floats) -> None:
    height, width = values.shape
    whole = _find_total(values, largest)
    rests = np.zeros(width)
    totals = np.zeros(width)
    for row in range(height):
        mass = 0.0
        rest = 0.0
        for column in range(width):
            mass, rest = _add(mass, rest, values[row, column] / largest / whole)
            total, left = _add(totals[column], rests[column], mass)
            totals[column] = total
            rests[column] = left + rest
            image[row + 1, column + 1] = total + rests[column]
