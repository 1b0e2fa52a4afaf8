"""A picture as a probability density: constant on each pixel, zero on white."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from stipple.arguments import is_settled, read_darkness
from stipple.arrays import Floats, ImageLike
from stipple.errors import StippleError
from stipple.measures.continued import Continued, Pads

if TYPE_CHECKING:
    from stipple.measures.even_tiles import EvenTiles
    from stipple.measures.row_sums import RowSums


@dataclass(frozen=True, eq=False)
class Density:
    """A piecewise-constant density on the rectangle [0, width] × [0, height], in pixels.

    Pixel (row r, column c) is the unit square [c, c+1] × [r, r+1]; x points right, y down.

    Parameters
    ----------
    values : array_like, shape (h, w)
        Darkness of each pixel, not negative, on any scale. Zero is legal and stays exactly zero;
        masked pixels of a masked array are zero too. The numbers are copied, unless they are an
        array of float64 that is read-only and owns them.

    Raises
    ------
    StippleError
        If the values are not a matrix of finite numbers ≥ 0, or are zero everywhere; also if they
        are uint8, as those of pictures, whose dark pixels have the low numbers.

    Examples
    --------
    >>> import stipple
    >>> density = stipple.Density([[0, 1, 1], [0, 0, 2]])
    >>> density
    Density(3 × 2 pixels, total 4)
    >>> density.support_area
    3
    """

    values: Floats

    def __init__(self, values: ImageLike) -> None:
        array = values if is_settled(values) else read_darkness(values, "density")
        if array.ndim != 2 or array.size == 0:
            raise StippleError(
                f"A density needs a matrix (height, width), but the array has shape {array.shape}."
            )
        if not np.isfinite(array).all():
            raise StippleError("The density has values that are not finite: replace NaN and inf.")
        if array.min() < 0:
            raise StippleError(f"The density has negative values (least {array.min():g}).")
        if array.max() == 0:
            raise StippleError("The density is zero everywhere (all white): nothing to draw.")
        with np.errstate(over="ignore"):
            summable = np.isfinite(array.sum())
        if not summable:
            raise StippleError("The density's values are too large to add up: scale them down.")
        array.flags.writeable = False
        object.__setattr__(self, "values", array)

    def __repr__(self) -> str:
        return f"Density({self.width} × {self.height} pixels, total {self.total:.7g})"

    @property
    def height(self) -> int:
        """Rows, which is the height of the domain in pixels."""
        return int(self.values.shape[0])

    @property
    def width(self) -> int:
        """Columns, which is the width of the domain in pixels."""
        return int(self.values.shape[1])

    @property
    def size(self) -> Floats:
        """Width and height of the domain in pixels, shape (2,)."""
        return np.array([self.width, self.height], dtype=float)

    @cached_property
    def total(self) -> float:
        """Sum of the values: total darkness, in pixels of full ink if values are in [0, 1]."""
        return float(self.values.sum())

    @cached_property
    def support_area(self) -> int:
        """Area A of {ρ > 0}, in square pixels."""
        return int(np.count_nonzero(self.values))

    @cached_property
    def row_sums(self) -> RowSums:
        """Moments along pieces of each row, of the density scaled to mass 1."""
        from stipple.measures.row_sums import sum_rows

        return sum_rows(self.values)

    @cached_property
    def even_tiles(self) -> EvenTiles:
        """Tiles of pixels that are all alike."""
        from stipple.measures.even_tiles import find_even_tiles

        return find_even_tiles(self.row_sums)

    def accumulate(self) -> Floats:
        """Mass of [0, x] × [0, y] at integer (y, x), shape (h + 1, w + 1), total mass 1."""
        from stipple.measures.row_sums import accumulate_mass

        return accumulate_mass(self.values)

    @cached_property
    def continued(self) -> Continued[Density]:
        """The values continued periodically beyond the rectangle; its mass is not 1 there."""

        def build(pads: Pads) -> Density:
            return Density(np.pad(self.values, pads, mode="wrap"))

        return Continued(self.values.shape, np.ones(2), build)
