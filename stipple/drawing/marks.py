"""What is drawn, apart from how: marks in layers of ink on a page, in millimetres.

The SVG and the PNG writers both draw a `Drawing`, so the two cannot disagree.
"""

import re
from dataclasses import dataclass

import numpy as np

from stipple.arrays import Floats, Integers
from stipple.choices import Blend, DotStyle
from stipple.errors import StippleError

# Millimetres that a pen moves for a dot: some programs drop strokes of no length, `vpype filter`
# those below 0.01 mm.
SHORTEST = 0.02


@dataclass(frozen=True, eq=False)
class Dots:
    """Round dots, in the order in which a pen visits them.

    Attributes
    ----------
    centres : ndarray, shape (n, 2)
        Millimetres, x right and y down.
    radii : ndarray, shape (n,)
        Millimetres.
    style : {'circle', 'stroke', 'spiral'}
        A filled circle; a point-like stroke with round caps, as wide as the dot; or a spiral that
        fills the dot with a pen.
    pen_width : float
        The width of the pen in millimetres. Only spirals need it.
    ids : ndarray of int, shape (n,), or None
        Numbers that circles and strokes have as ids in an SVG: dot1, dot2, …

    Raises
    ------
    StippleError
        If shapes do not match, a number is not finite, a radius is negative, or a spiral has no
        pen width.
    """

    centres: Floats
    radii: Floats
    style: DotStyle = "circle"
    pen_width: float = 0.0
    ids: Integers | None = None

    def __post_init__(self) -> None:
        _check_points(self.centres)
        if self.radii.shape != (len(self.centres),):
            raise StippleError(
                f"{len(self.centres)} dots came with radii of shape {self.radii.shape}: "
                "give one radius for each dot."
            )
        if not (np.isfinite(self.radii).all() and (self.radii >= 0).all()):
            raise StippleError("A radius is negative or not finite: give radii of zero or more.")
        if self.style == "spiral" and not 0 < self.pen_width < np.inf:
            raise StippleError(
                f"Spirals came with a pen width of {self.pen_width:g} mm: give one above zero."
            )


@dataclass(frozen=True, eq=False)
class Polylines:
    """Lines through given points, drawn with a round pen.

    Attributes
    ----------
    vertices : ndarray, shape (k, 2)
        The points of all lines, one line after the other, in millimetres.
    offsets : ndarray of int, shape (m + 1,)
        Line i has the vertices ``offsets[i]`` to ``offsets[i + 1] - 1``, at least one.
        A line of one vertex is a dot.
    width : float
        The width of the pen in millimetres.
    closed : bool
        Each line returns to its first vertex.

    Raises
    ------
    StippleError
        If the offsets do not split the vertices into lines, a number is not finite, or the width
        is not positive.
    """

    vertices: Floats
    offsets: Integers
    width: float
    closed: bool = False

    def __post_init__(self) -> None:
        _check_points(self.vertices)
        _check_offsets(self.offsets, self.vertices, least=1)
        if not 0 < self.width < np.inf:
            raise StippleError(f"The lines are {self.width:g} mm wide: give a width above zero.")


@dataclass(frozen=True, eq=False)
class Polygons:
    """Filled convex polygons.

    Attributes
    ----------
    vertices : ndarray, shape (k, 2)
        The corners of all polygons, one polygon after the other, in millimetres.
    offsets : ndarray of int, shape (m + 1,)
        Polygon i has the corners ``offsets[i]`` to ``offsets[i + 1] - 1``, at least three, in
        either sense of rotation.

    Raises
    ------
    StippleError
        If the offsets do not split the vertices into polygons, or a number is not finite.
    """

    vertices: Floats
    offsets: Integers

    def __post_init__(self) -> None:
        _check_points(self.vertices)
        _check_offsets(self.offsets, self.vertices, least=3)


@dataclass(frozen=True)
class Layer:
    """Marks of one ink.

    Attributes
    ----------
    label : str
        The name of the ink.
    colour : str
        ``#rrggbb``.
    marks : tuple of Dots, Polylines or Polygons
        What is drawn, in this order.
    number : int, optional
        That of the pen; by default the place of the layer in the drawing.

    Raises
    ------
    StippleError
        If the colour is not ``#rrggbb``.
    """

    label: str
    colour: str
    marks: tuple[Dots | Polylines | Polygons, ...]
    number: int | None = None

    def __post_init__(self) -> None:
        _check_colour(self.colour)


@dataclass(frozen=True)
class Drawing:
    """Layers of ink on a page.

    Attributes
    ----------
    width, height : float
        The page in millimetres.
    background : str or None
        ``#rrggbb``, or None for none.
    layers : tuple of Layer
        From the first ink drawn to the last.
    blend : {'normal', 'multiply', 'screen'}
        How each layer meets what lies below it: as paint, as ink (darker), or as light (lighter).

    Raises
    ------
    StippleError
        If a size is not positive or the background is not ``#rrggbb``.
    """

    width: float
    height: float
    background: str | None
    layers: tuple[Layer, ...]
    blend: Blend = "normal"

    def __post_init__(self) -> None:
        if not (0 < self.width < np.inf and 0 < self.height < np.inf):
            raise StippleError(
                f"The drawing is {self.width:g} x {self.height:g} mm: give sizes above zero."
            )
        if self.background is not None:
            _check_colour(self.background)


def _check_points(points: Floats) -> None:
    if points.ndim != 2 or points.shape[1] != 2:
        raise StippleError(f"Points came with the shape {points.shape}: give an array (n, 2).")
    if not np.isfinite(points).all():
        raise StippleError("A point is not finite: give positions without NaN or infinity.")


def _check_offsets(offsets: Integers, vertices: Floats, least: int) -> None:
    ends = offsets[[0, -1]].tolist() if len(offsets) else []
    if ends != [0, len(vertices)] or (np.diff(offsets) < least).any():
        raise StippleError(
            f"The offsets do not split {len(vertices)} vertices into shapes of at least {least}:"
            " they must rise from 0 to the number of vertices."
        )


def _check_colour(colour: str) -> None:
    if not re.fullmatch("#[0-9a-fA-F]{6}", colour):
        raise StippleError(f"{colour!r} is not a colour: write it as #rrggbb.")
