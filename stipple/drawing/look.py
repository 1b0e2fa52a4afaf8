"""How the marks of a drawing look, whatever they show."""

from collections.abc import Collection
from dataclasses import dataclass

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
