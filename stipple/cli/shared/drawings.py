"""What subcommands that draw have in common: the layout by `drawing_options`, and formats."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from stipple.choices import PEN_WIDTH
from stipple.drawing.formats import PLOT_FORMATS, RENDERERS, render_drawing
from stipple.drawing.layout import Layout, lay_out

__all__ = [
    "DRAWING_FORMATS",
    "PLOT_FORMATS",
    "Layout",
    "lay_out",
    "name_source",
    "plan_layout",
    "render_drawing",
]

DRAWING_FORMATS = tuple(RENDERERS)


def plan_layout(options: Mapping[str, Any]) -> Layout:
    """Collect `drawing_options` and --dpi; a stroke is a dot of the pen's width."""
    pen, radius = options["pen"], options["radius"]
    if options["dots"] == "stroke" and pen is not None:
        radius = pen / 2
    return Layout(
        page=options["page"],
        landscape=options["landscape"],
        margin=options["margin"],
        dots=options["dots"],
        radius=radius,
        pen_width=PEN_WIDTH if pen is None else pen,
        ink=options["ink"],
        background=options["background"],
        dpi=options["dpi"],
    )


def name_source(path: str) -> str:
    """Name what was drawn in the title of a page, from its path; - is standard input."""
    return "standard input" if path == "-" else Path(path).name
