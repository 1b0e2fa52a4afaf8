"""Pictures and matrices of fewer or more pixels, by exact area."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, TypeAlias, overload

import numpy as np

from stipple.arrays import Floats
from stipple.errors import StippleError
from stipple.measures.picture import MAX_PIXELS, Matrix, Part, Picture, find_size, split_rows

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Read: TypeAlias = "Callable[[Part], Floats]"


@overload
def resize(source: Picture, size: int | tuple[int, int], *, max_pixels: int = ...) -> Picture: ...


@overload
def resize(source: Matrix, size: int | tuple[int, int], *, max_pixels: int = ...) -> Matrix: ...


def resize(
    source: Picture | Matrix, size: int | tuple[int, int], *, max_pixels: int = MAX_PIXELS
) -> Picture | Matrix:
    """Resample by exact area: each new pixel is the mean of the old ones that it covers.

    Parts of pixels count by their area. This keeps the mean darkness, stays within the range of
    the values (sharper filters such as Lanczos overshoot below white and beyond black), and pure
    white and pure black stay exact. Transparent pixels do not tint their neighbours.

    Parameters
    ----------
    source : Picture or ndarray of float64, shape (h, w)
        What to resample.
    size : int or (int, int)
        The longest side, keeping the proportions, or the exact (width, height), in pixels.
    max_pixels : int
        The most pixels to make.

    Returns
    -------
    Picture or ndarray
        The same kind as `source`.

    Raises
    ------
    StippleError
        When a side is less than 1 pixel or there would be more than `max_pixels`.
    """
    height, width = find_size(source)
    if isinstance(size, tuple):
        columns, rows = size
    else:
        columns, rows = (
            max(min(size, 1), round(side * size / max(height, width))) for side in (width, height)
        )
    if min(columns, rows) < 1:
        raise StippleError(f"The size {columns}×{rows} is empty: give at least one pixel a side.")
    if columns * rows > max_pixels:
        raise StippleError(
            f"The size {columns}×{rows} has more than the {max_pixels:,} pixels allowed: ask for "
            "fewer or raise --max-pixels."
        )
    parts = rows, columns
    if not isinstance(source, Picture):
        return _average(source.__getitem__, source.shape, parts)
    if source.opacity is None:
        return Picture(_average(source.read_colour, source.samples.shape, parts))
    alpha = _average(source.read_alpha, source.opacity.shape, parts)
    light = _average(partial(_read_light, source), source.samples.shape, parts)
    visible = np.where(alpha > 0, alpha, 1.0)[..., np.newaxis]
    return Picture(np.minimum(light / visible, 1.0), alpha)


def _read_light(picture: Picture, part: Part) -> Floats:
    """Colours as they shine through their opacity."""
    return picture.read_colour(part) * picture.read_alpha(part)[..., np.newaxis]


def _average(read: Read, shape: tuple[int, ...], parts: tuple[int, int]) -> Floats:
    """Return area means along both axes of values of a shape (h, w) or (h, w, channels)."""
    height, width, *channels = shape
    thin = np.empty((parts[0], width, *channels))
    for columns in split_rows((width, height)):
        thin[:, columns] = _average_rows(read((slice(None), columns)), parts[0])
    means = _average_rows(np.moveaxis(thin, 1, 0), parts[1])
    return np.ascontiguousarray(np.moveaxis(means, 0, 1))


def _average_rows(values: Floats, parts: int) -> Floats:
    """Return area means of so many parts of the first axis."""
    overlaps = _overlaps(len(values), parts)
    # Dividing by the sums, added up in the same order, makes the mean of ones exactly 1.
    means: Floats = (overlaps @ values.reshape(len(values), -1)) / (
        overlaps @ np.ones((len(values), 1))
    )
    return means.reshape(parts, *values.shape[1:])


def _overlaps(length: int, parts: int) -> csr_array:
    """Return how much of each of `parts` equal intervals of [0, length] each unit covers."""
    from scipy.sparse import csr_array  # slow to import, and only for resizing

    edges = np.linspace(0, length, parts + 1)
    cuts = np.union1d(edges, np.arange(length + 1.0))
    middles = (cuts[:-1] + cuts[1:]) / 2
    part = np.searchsorted(edges, middles) - 1
    unit = middles.astype(np.intp)
    return csr_array((np.diff(cuts), (part, unit)), shape=(parts, length))
