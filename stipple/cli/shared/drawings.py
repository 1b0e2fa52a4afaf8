"""How a drawing looks and where it lies, by `drawing_options`, and its file."""

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from stipple.choices import Blend

if TYPE_CHECKING:
    from stipple.drawing.marks import Drawing
    from stipple.drawing.page import Placement
    from stipple.stippling.compose import Look


def lay_out(
    options: dict[str, Any],
    shape: tuple[int, int],
    draw: Collection[str] = ("dots",),
    blend: Blend = "normal",
) -> "tuple[Placement, Look]":
    """Place a picture of a shape (height, width) on the page, and say how its marks look.

    Light (the blend "screen") is drawn on black, other dots on white, pens on bare paper.
    """
    from stipple.drawing.page import place
    from stipple.stippling.compose import Look

    placement = place(shape, options["page"], options["landscape"], options["margin"])
    background = options["background"]
    if background == "auto":
        paper = "#ffffff" if options["dots"] == "circle" else "none"
        background = "#000000" if blend == "screen" else paper
    look = Look(
        dots=options["dots"],
        radius=options["radius"],
        pen_width=options["pen_width"],
        background=None if background == "none" else background,
        draw=draw,
        blend=blend,
    )
    return placement, look


def render_drawing(drawing: "Drawing", form: str, dpi: float) -> bytes:
    """Render a drawing as "svg" or "png"."""
    if form == "svg":
        from stipple.drawing.svg import render_svg

        return render_svg(drawing)
    from stipple.drawing.raster import render_png

    return render_png(drawing, dpi)
