"""What was read, as it looks: pixels to show beside a drawing."""

import numpy as np
from numpy.typing import NDArray

from stipple.arrays import Floats
from stipple.measures.picture import Matrix, Picture, find_size, split_rows


def show_source(source: Picture | Matrix) -> NDArray[np.uint8]:
    """Show a picture on white, or a matrix with its largest value in black.

    Parameters
    ----------
    source : Picture or ndarray, shape (h, w)

    Returns
    -------
    ndarray of uint8, shape (h, w) or (h, w, 3)
        Grey, or red, green and blue.
    """
    if not isinstance(source, Picture):
        return show_masses(source)
    shown: NDArray[np.uint8] = np.empty(source.samples.shape, dtype=np.uint8)
    for rows in split_rows(find_size(source)):
        colour = source.read_colour(rows)
        if source.opacity is not None:
            colour = 1 + source.read_alpha(rows)[:, :, None] * (colour - 1)
        shown[rows] = _to_bytes(colour)
    return shown[:, :, 0] if shown.shape[2] == 1 else shown


def show_masses(masses: Floats) -> NDArray[np.uint8]:
    """Show masses, shape (h, w), as darkness: none in white, the largest in black."""
    largest = masses.max()
    return _to_bytes(1 - masses / largest if largest > 0 else np.ones_like(masses))


def _to_bytes(values: Floats) -> NDArray[np.uint8]:
    return np.rint(255 * np.clip(values, 0, 1)).astype(np.uint8)
