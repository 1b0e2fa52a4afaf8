"""What subcommands that draw have in common: the layout by `drawing_options`, and formats."""

from collections.abc import Mapping
from typing import Any

from stipple.drawing.formats import RENDERERS, render_drawing
from stipple.drawing.layout import Layout, lay_out

__all__ = ["DRAWING_FORMATS", "Layout", "lay_out", "plan_layout", "render_drawing"]

DRAWING_FORMATS = tuple(RENDERERS)


def plan_layout(options: Mapping[str, Any]) -> Layout:
    """Collect `drawing_options` and --dpi."""
    return Layout(
        page=options["page"],
        landscape=options["landscape"],
        margin=options["margin"],
        dots=options["dots"],
        radius=options["radius"],
        pen_width=options["pen_width"],
        ink=options["ink"],
        background=options["background"],
        dpi=options["dpi"],
    )
