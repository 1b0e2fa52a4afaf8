"""Where points are placed before they are moved: in pixels, in a box, or on the unit square."""

import numpy as np

from stipple.arrays import Floats
from stipple.errors import StippleError
from stipple.geometry.strays import INSET, find_strays
from stipple.measures.density import Density
from stipple.measures.volume import VolumeDensity

# Points off the ink are moved to it if there are more than this part of all: on line art.
FEW_STRAYS = 0.01
# Points moved to one place come to lie this far apart, in pixels.
JITTER = 0.02


def place_uniformly(
    density: Density | VolumeDensity, count: int, generator: np.random.Generator
) -> Floats:
    """Place points independently and uniformly in the box of a density, shape (count, d)."""
    size = density.size
    points: Floats = generator.random((count, len(size))) * size
    return points


def place_by_density(
    density: Density | VolumeDensity, count: int, generator: np.random.Generator
) -> Floats:
    """Place points independently, as likely anywhere as there is mass, shape (count, d)."""
    shape = density.values.shape
    masses = density.values.ravel().cumsum()
    drawn = np.searchsorted(masses, masses[-1] * generator.random(count), side="right")
    # Rounding up to the total leads to the last pixel with mass.
    cells = np.minimum(drawn, np.flatnonzero(density.values)[-1])
    corners = np.column_stack(np.unravel_index(cells, shape)[::-1])
    points: Floats = (corners + generator.random(corners.shape)) * (density.size / shape[::-1])
    return points


def begin_on_ink(
    density: Density, start: tuple[Floats, Floats], generator: np.random.Generator
) -> tuple[Floats, Floats]:
    """Move points of a start to the nearest ink, if many of them lie on white.

    Barycentres of boxes across several lines lie between them, where cells have no mass to begin
    with. From points on the lines the Voronoi diagram serves as a start.

    Returns
    -------
    points : ndarray, shape (n, 2)
        In pixels.
    potentials : ndarray, shape (n,)
        In square pixels: zero if points were moved.
    """
    points = start[0]
    strays = find_strays(density, points)
    if len(strays) <= FEW_STRAYS * len(points):
        return start
    from scipy.ndimage import distance_transform_edt

    size = (density.width, density.height)
    column, row = np.minimum(points[strays].astype(np.int64), np.array(size) - 1).T
    nearest = distance_transform_edt(
        density.values == 0, return_distances=False, return_indices=True
    )
    corner = nearest[::-1, row, column].T
    moved = points.copy()
    moved[strays] = np.clip(points[strays], corner + INSET, corner + 1 - INSET)
    moved += generator.uniform(-JITTER, JITTER, moved.shape)
    return np.clip(moved, 0.0, size), np.zeros(len(points))


def place_on_grid(density: Density | VolumeDensity, count: int) -> Floats:
    """Place points on a grid of about square or cubic spacing, shape (count, d).

    Where `count` is not rows times columns, some rows hold one point more than others.
    """
    return _fill_box(density.size, count)


def _fill_box(size: Floats, count: int) -> Floats:
    """Place points on a grid: rows on a line, or layers of rows."""
    if len(size) == 1:
        return (np.arange(count)[:, None] + 0.5) * size / count
    edge = (size.prod() / count) ** (1 / len(size))
    rows = int(np.clip(round(size[-1] / edge), 1, count))
    ends = count * np.arange(rows + 1) // rows
    per_row = np.diff(ends)
    filled = {inside: _fill_box(size[:-1], inside) for inside in np.unique(per_row).tolist()}
    heights = np.repeat((np.arange(rows) + 0.5) * size[-1] / rows, per_row)
    return np.column_stack([np.concatenate([filled[n] for n in per_row.tolist()]), heights])


def place_on_line(count: int, dimension: int = 2) -> Floats:
    """Place points at ((2i − 1)/(2n), 1/2, …) in the unit square or cube, shape (count, d).

    They are critical for the uniform density, and far from optimal.
    """
    points = np.full((count, dimension), 0.5)
    points[:, 0] = (np.arange(count) + 0.5) / count
    return points


def place_on_koch_curve(count: int) -> Floats:
    """Place points at the corners of the von Koch curve across the unit square.

    The curve of level k has 4^k + 1 corners; its height is centred.

    Raises
    ------
    StippleError
        If `count` is not 4^k + 1.
    """
    level = max(0, round(np.log(max(count - 1, 1)) / np.log(4)))
    if count != 4**level + 1:
        near = 4**level + 1
        raise StippleError(
            f"The von Koch curve has 4^k + 1 corners, not {count}: give {near}, {4 * near - 3}, ..."
        )
    corners = np.array([0.0, 1.0], dtype=complex)
    bump = np.array([0, 1 / 3, 0.5 + 1j * np.sqrt(3) / 6, 2 / 3])
    for _ in range(level):
        sides = np.diff(corners)
        corners = np.append((corners[:-1, None] + sides[:, None] * bump).ravel(), corners[-1])
    # y points down, so the curve rises towards smaller y.
    middle = 0.5 + np.sqrt(3) / 12
    points: Floats = np.column_stack([corners.real, middle - corners.imag]).clip(0.0, 1.0)
    return points
