"""The formats of drawings: a suffix, and what renders a drawing for it.

A line in `RENDERERS` is all that a new format takes: every subcommand that draws offers it.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from stipple.drawing.marks import Drawing

# A drawing, and the resolution in pixels per inch for formats that have one.
Renderer: TypeAlias = "Callable[[Drawing, float], bytes]"


def _render_svg(drawing: "Drawing", _: float) -> bytes:
    from stipple.drawing.svg import render_svg

    return render_svg(drawing)


def _render_png(drawing: "Drawing", dpi: float) -> bytes:
    from stipple.drawing.raster import render_png

    return render_png(drawing, dpi)


def _render_pdf(drawing: "Drawing", _: float) -> bytes:
    from stipple.drawing.pdf import render_pdf

    return render_pdf(drawing)


def _render_html(drawing: "Drawing", _: float) -> bytes:
    from stipple.drawing.html import Page, render_page

    return render_page(Page("Drawing", drawing))


RENDERERS: dict[str, Renderer] = {
    "svg": _render_svg,
    "png": _render_png,
    "pdf": _render_pdf,
    "html": _render_html,
}
# Of plots, which Matplotlib writes and whose bytes are made the same each time for these.
PLOT_FORMATS = ("svg", "png", "pdf")


def render_drawing(drawing: "Drawing", form: str, dpi: float) -> bytes:
    """Render a drawing in a format of `RENDERERS`, the same bytes each time."""
    return RENDERERS[form](drawing, dpi)
