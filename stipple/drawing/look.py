"""How the marks of a drawing look, whatever they show."""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from stipple.arrays import Floats
from stipple.choices import Blend, DotStyle


@dataclass(frozen=True)
class Look:
    """How a drawing looks.

    Attributes
    ----------
    dots : {"circle", "stroke", "spiral"}
        Style of the dots.
    radius : float or None
        Radius of the dots in millimetres; None keeps the tone of the picture.
    pen_width : float
        Width of lines (spirals, cells, the tour) in millimetres.
    background : str or None
        `#rrggbb`, or none.
    draw : collection of str
        Any of "dots", "cells" and "tour".
    blend : {"normal", "multiply", "screen"}
        How inks meet.
    """

    dots: DotStyle
    radius: float | None
    pen_width: float
    background: str | None
    draw: Collection[str]
    blend: Blend

    def choose_radii(self, radii: Floats) -> Floats:
        """Radii of dots in millimetres, shape (n,): those given, unless one was asked for."""
        return radii if self.radius is None else np.full(len(radii), self.radius)
