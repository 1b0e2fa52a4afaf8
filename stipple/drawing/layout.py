"""Where a picture lies on the page and how its marks look, from what is asked for."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stipple.choices import Blend, DotStyle
from stipple.drawing.reach import NO_REACH, Reach
from stipple.errors import StippleError

if TYPE_CHECKING:
    from stipple.drawing.look import Look
    from stipple.drawing.page import Placement

BLACK = "#000000"


@dataclass(frozen=True)
class Layout:
    """The page and the pen that are asked for; lengths are in millimetres.

    Attributes
    ----------
    page : tuple of float or None
        Width and height; None for a page around the picture at the size that fits A4.
    landscape : bool or None
        Whether the longer side of the page lies across; None: as the picture lies.
    margin : float
        Blank on every side, up to the ink.
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
    landscape: bool | None
    margin: float
    dots: DotStyle
    radius: float | None
    pen_width: float
    ink: str | None
    background: str
    dpi: float

    def find_reach(self, radius: float) -> Reach:
        """Say how far dots reach whose largest has that radius in pixels, if it keeps the tone."""
        return Reach(pixels=radius) if self.radius is None else Reach(millimetres=self.radius)


def read_layout(
    page: str | None,
    landscape: bool | None,
    margin: str,
    dots: DotStyle,
    radius: str | None,
    pen_width: str,
    ink: str,
    background: str,
    dpi: float,
) -> Layout:
    """Read a layout from words, such as those of `stipple.save_svg`.

    Raises
    ------
    StippleError
        If a word is not what it should be.
    """
    from stipple.arguments import read_choice
    from stipple.drawing.page import parse_length, parse_page

    read_choice(dots, "style of the dots", DotStyle)
    return Layout(
        page=None if page is None else parse_page(_check_text(page, "page")),
        landscape=landscape,
        margin=parse_length(_check_text(margin, "margin")),
        dots=dots,
        radius=None if radius is None else parse_length(_check_text(radius, "radius")),
        pen_width=parse_length(_check_text(pen_width, "pen width")),
        ink=_check_text(ink, "ink"),
        background=_check_text(background, "background"),
        dpi=dpi,
    )


def _check_text(value: str, name: str) -> str:
    if not isinstance(value, str):
        raise StippleError(f"The {name} is {value!r}: write it as text, such as '10mm' or 'a4'.")
    return value


def lay_out(
    layout: Layout,
    shape: tuple[int, int],
    draw: Collection[str] = ("dots",),
    blend: Blend = "normal",
    reach: Reach = NO_REACH,
    *,
    tile: bool = False,
) -> "tuple[Placement, Look]":
    """Place a picture of a shape (height, width) on the page, and say how its marks look.

    Light (the blend "screen") is drawn on black, other circles on white, pens on bare paper.

    Parameters
    ----------
    layout : Layout
        What is asked for.
    shape : tuple of int
        Height and width of the picture in pixels.
    draw : collection of str
        Any of "dots", "cells" and "tour".
    blend : {"normal", "multiply", "screen"}
        How inks meet.
    reach : Reach
        Radius of the largest dot, if dots are drawn.
    tile : bool
        Whether the margins end where the picture does, whatever reaches beyond it.

    Raises
    ------
    StippleError
        If the picture does not fit on the page, or the pen not into the dots.
    """
    from stipple.drawing.look import Look
    from stipple.drawing.page import place

    dots = reach if "dots" in draw else NO_REACH
    line = 0.0 if set(draw) <= {"dots"} else layout.pen_width / 2
    reach = NO_REACH if tile else Reach(dots.pixels, max(dots.millimetres, line))
    placement = place(shape, layout.page, layout.landscape, layout.margin, reach)
    widest = 2 * max(placement.scale * dots.pixels, dots.millimetres)
    if layout.dots == "spiral" and "dots" in draw and widest < layout.pen_width:
        raise StippleError(
            f"Dots of {widest:.3g} mm are narrower than the pen of {layout.pen_width:g} mm, which"
            " cannot draw spirals in them: give a finer pen, larger or fewer dots, or strokes."
        )
    background = layout.background
    if background == "auto":
        paper = "#ffffff" if layout.dots == "circle" and "dots" in draw else "none"
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
