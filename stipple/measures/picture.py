"""A decoded picture, before anything is decided about its tone."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from stipple.arrays import Floats

MAX_PIXELS = 100_000_000
"""The largest picture that is read unless the user asks for more: a guard against bombs."""

Matrix = Floats
"""A density given directly as numbers, shape (h, w), >= 0, any scale: bigger is more ink."""

Part: TypeAlias = slice | tuple[slice, slice]
"""Some rows of a picture, or a part of them."""

_WHOLE = slice(None)
# Pixels whose colours are floats at the same time.
_BAND = 2**18


@dataclass(frozen=True, eq=False)
class Picture:
    """Colours and opacity as the file means them, with no tone decision taken yet.

    Samples stay as small as they came; their values become floats a part at a time.

    Attributes
    ----------
    samples : ndarray of uint8, uint16 or float64, shape (h, w, 1) or (h, w, 3)
        Grey, or red, green and blue of sRGB; not premultiplied by alpha, not linearised.
    opacity : ndarray of bool, uint8 or float64, shape (h, w), or None
        Whether a pixel is opaque, or how much, 255 or 1 being all; None where the file has none.
    black, white : int
        The samples of no light, and of full light.
    """

    samples: NDArray[Any]
    opacity: NDArray[Any] | None = None
    black: int = 0
    white: int = 1

    @property
    def colour(self) -> Floats:
        """Colours of all pixels, shape (h, w, channels), in [0, 1]."""
        return self.read_colour(_WHOLE)

    @property
    def alpha(self) -> Floats | None:
        """Opacities of all pixels, shape (h, w), in [0, 1]; None where the file has none."""
        return None if self.opacity is None else self.read_alpha(_WHOLE)

    def read_colour(self, part: Part) -> Floats:
        """Colours of a part, a new array of shape (rows, columns, channels), in [0, 1]."""
        colour = self.samples[part].astype(np.float64)
        colour -= self.black
        colour /= self.white - self.black
        return colour

    def read_alpha(self, part: Part) -> Floats:
        """Opacities of a part, a new array of shape (rows, columns), in [0, 1]."""
        if self.opacity is None:
            return np.ones(self.samples[part].shape[:2])
        opacity = self.opacity[part]
        return opacity / 255 if opacity.dtype == np.uint8 else opacity.astype(np.float64)


def split_rows(size: tuple[int, int]) -> Iterator[slice]:
    """Split the rows of a picture of a height and width into bands, each of few pixels."""
    height, width = size
    step = max(1, _BAND // max(1, width))
    for start in range(0, height, step):
        yield slice(start, min(start + step, height))


def find_size(source: Picture | Matrix) -> tuple[int, int]:
    """Find the height and width of a picture or a matrix, in pixels."""
    height, width = (source.samples if isinstance(source, Picture) else source).shape[:2]
    return height, width
