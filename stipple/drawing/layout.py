"""Where a picture lies on the page and how its marks look, from what is asked for."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stipple.choices import Blend, DotStyle

if TYPE_CHECKING:
    from stipple.drawing.look import Look
    from stipple.drawing.page import Placement


@dataclass(frozen=True)
class Layout:
    """The page and the pen that are asked for; lengths are in millimetres.

    Attributes
    ----------
    page : tuple of float or None
        Width and height; None for a page around the picture at 96 pixels per inch.
    landscape : bool
        Lay the longer side of the page across.
    margin : float
        Blank on every side.
    dots : {"circle", "stroke", "spiral"}
        Style of the dots.
    radius : float or None
        Radius of the dots; None keeps the tone of the picture.
    pen_width : float
        Width of lines.
    ink : str or None
        `#rrggbb`, or None for the ink of the picture.
    background : str
        `#rrggbb`, "none", or "auto".
    dpi : float
        Pixels per inch of a PNG.
    """

    page: tuple[float, float] | None
    landscape: bool
    margin: float
    dots: DotStyle
    radius: float | None
    pen_width: float
    ink: str | None
    background: str
    dpi: float


def lay_out(
    layout: Layout,
    shape: tuple[int, int],
    draw: Collection[str] = ("dots",),
    blend: Blend = "normal",
) -> "tuple[Placement, Look]":
    """Place a picture of a shape (height, width) on the page, and say how its marks look.

    Light (the blend "screen") is drawn on black, other dots on white, pens on bare paper.
    """
    from stipple.drawing.look import Look
    from stipple.drawing.page import place

    placement = place(shape, layout.page, layout.landscape, layout.margin)
    background = layout.background
    if background == "auto":
        paper = "#ffffff" if layout.dots == "circle" else "none"
        background = "#000000" if blend == "screen" else paper
    look = Look(
        dots=layout.dots,
        radius=layout.radius,
        pen_width=layout.pen_width,
        background=None if background == "none" else background,
        draw=draw,
        blend=blend,
    )
    return placement, look
