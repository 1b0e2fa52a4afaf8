"""Where points are placed before they are moved."""

import numpy as np

from stipple.arrays import Floats
from stipple.density import Density


def place_uniformly(density: Density, count: int, generator: np.random.Generator) -> Floats:
    """Place points independently and uniformly on the picture, shape (count, 2), in pixels."""
    points: Floats = generator.random((count, 2)) * (density.width, density.height)
    return points


def place_on_grid(density: Density, count: int) -> Floats:
    """Place points on a grid of about square spacing, shape (count, 2), in pixels.

    Where `count` is not rows times columns, some rows hold one point more than others.
    """
    rows = int(np.clip(round((count * density.height / density.width) ** 0.5), 1, count))
    ends = count * np.arange(rows + 1) // rows
    per_row = np.diff(ends)
    row = np.repeat(np.arange(rows), per_row)
    column = np.arange(count) - ends[row]
    return np.column_stack(
        [
            (column + 0.5) * density.width / per_row[row],
            (row + 0.5) * density.height / rows,
        ]
    )
