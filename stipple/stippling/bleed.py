"""Bleed: points of a picture with a mirrored margin, cropped, so that none line up at the border.

Points of a picture alone keep off its border, and form a rank along it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from stipple.arrays import Floats, Integers
from stipple.errors import StippleError
from stipple.measures.density import Density

# Width of the margin in mean distances of points: ranks fade that fast.
MARGIN = 6.0


@dataclass(frozen=True, eq=False)
class Bleed:
    """A picture with a mirrored margin.

    Attributes
    ----------
    density : Density
        Of both; the margin has the mass of a whole number of points of the picture.
    margin : int
        Its width on all sides, in pixels.
    points, wanted : int
        How many points are for both, and how many of them for the picture.
    spacing : float
        Mean distance of points, in pixels.
    """

    density: Density
    margin: int
    points: int
    wanted: int
    spacing: float

    def mirror(self, density: Density) -> Density:
        """Give another density of the same picture the same margin."""
        return Density(np.pad(density.values, self.margin, mode="symmetric"))

    def crop(self, points: Floats) -> tuple[Integers, Floats]:
        """Keep the points in the picture: which they are, and where, in pixels of it.

        The frame is widened or narrowed a little, by less than the distance of points, so that
        as many are inside as are wanted, if it can be; and scaled back to the picture.

        Raises
        ------
        StippleError
            If none is left.
        """
        shape = np.array(self.density.values.shape[::-1]) - 2 * self.margin  # width, height
        points = points - self.margin
        outside = np.maximum(-points, points - shape).max(axis=1)
        last, following = np.append(np.sort(outside), np.inf)[self.wanted - 1 : self.wanted + 1]
        widening = 0.0 if last <= 0 < following else (last + following) / 2
        if abs(widening) > self.spacing:
            widening = 0.0
        kept = np.flatnonzero(outside <= widening)
        if len(kept) == 0:
            raise StippleError("No dot lies in the picture without its margin: ask for more dots.")
        frame = shape + 2 * widening
        return kept, np.clip((points[kept] + widening) * (shape / frame), 0.0, shape)


def mirror_margin(density: Density, n: int) -> Bleed:
    """Give a picture that n points are for a mirrored margin of a few of their distances."""
    spacing = math.sqrt(density.support_area / n)
    margin = min(math.ceil(MARGIN * spacing), density.width, density.height)
    wide = np.pad(density.values, margin, mode="symmetric")
    mass = float(wide.sum()) - density.total
    more = round(n * mass / density.total)
    # Little more or less, but never more than full ink.
    wide *= more * density.total / (n * mass) if more else 0.0
    np.minimum(wide, density.values.max(), out=wide)
    wide[margin:-margin, margin:-margin] = density.values
    return Bleed(Density(wide), margin, n + more, n, spacing)
