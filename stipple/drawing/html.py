"""Drawings as pages for browsers: one file each, which loads nothing.

The page itself is `viewer/`: its markup, its style, and what it does. Here it is filled in.
"""

import base64
import io
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from importlib.resources import files
from pathlib import PurePath
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from stipple.arrays import Floats
from stipple.drawing.marks import Dots, Drawing, Layer, Polygons, Polylines
from stipple.drawing.page import Placement
from stipple.errors import StippleError

Rows: TypeAlias = Sequence[tuple[str, str]]
LONGEST_SIDE = 480  # pixels of pictures inside a page
# Millimetres of the sides of a page, so that float32 has room for its marks.
SHORTEST_PAGE, LONGEST_PAGE = 1e-3, 1e6


@dataclass(frozen=True, eq=False)
class Frame:
    """What a place of the slider shows: layers, and figures by name."""

    label: str
    layers: tuple[Layer, ...]
    figures: Rows = ()


@dataclass(frozen=True, eq=False)
class Backdrop:
    """A picture that lies under the drawing, or beside it.

    Attributes
    ----------
    label : str
        What it is called.
    pixels : ndarray of uint8, shape (h, w) or (h, w, 3)
        Grey, or red, green and blue.
    placement : Placement
        Where the picture lies on the page.
    """

    label: str
    pixels: NDArray[np.uint8]
    placement: Placement


@dataclass(frozen=True, eq=False)
class Growth:
    """How a slider chooses how many of the dots are drawn, from the first.

    Attributes
    ----------
    keeps_tone : bool
        Whether fewer dots are larger, so that they cover as much.
    measured : sequence of tuple of int and rows
        Numbers of dots, and the figures that are known of that many.
    """

    keeps_tone: bool
    measured: Sequence[tuple[int, Rows]]


@dataclass(frozen=True, eq=False)
class Chart:
    """A curve between its ends, over what the slider goes through; all of one shape (k,).

    `logarithmic` names the axes that are.
    """

    title: str
    x: Floats
    y: Floats
    lower: Floats
    upper: Floats
    logarithmic: Literal["", "y", "xy"] = ""


@dataclass(frozen=True, eq=False)
class Page:
    """A drawing that can be looked at in a browser.

    Attributes
    ----------
    title : str
        Such as the name of the image.
    drawing : Drawing
        The page, and the layers that are shown if there are no frames.
    figures : rows
        What is known of the drawing, by name.
    frames : tuple of Frame
        What a slider goes through.
    slider : str
        What the slider is called.
    growth : Growth or None
        Whether the slider rather chooses how many dots are drawn; the drawing has a single mark.
    backdrops : tuple of Backdrop
        Pictures to lay under the drawing, or beside it.
    under, beside : str
        The labels of those that are there at first; "" for none.
    chart : Chart or None
        A curve that belongs to the slider.
    """

    title: str
    drawing: Drawing
    figures: Rows = ()
    frames: tuple[Frame, ...] = ()
    slider: str = ""
    growth: Growth | None = None
    backdrops: tuple[Backdrop, ...] = ()
    under: str = ""
    beside: str = ""
    chart: Chart | None = None


def render_page(page: Page) -> bytes:
    """Write a page as one file of HTML that loads nothing.

    Positions and sizes are embedded as the nearest float32, in millimetres. Equal pages give equal
    bytes.

    Parameters
    ----------
    page : Page

    Returns
    -------
    bytes
        The file, in UTF-8.

    Raises
    ------
    StippleError
        If the page is too small or too large to be drawn.
    """
    width, height = page.drawing.width, page.drawing.height
    if not SHORTEST_PAGE <= min(width, height) <= max(width, height) <= LONGEST_PAGE:
        raise StippleError(
            f"The page has {width:g} x {height:g} mm: one of HTML has sides of 1 µm to 1 km."
        )
    parts = {
        "title": escape(page.title),
        "style": read_part("viewer.css"),
        "model": read_part("model.js"),
        "canvas": read_part("canvas.js"),
        "controls": read_part("controls.js"),
        "data": dump_json(_describe_page(page)),
    }
    return fill_template(read_body("viewer.html"), parts)


def fill_template(template: str, parts: dict[str, str]) -> bytes:
    """Fill in {{names}}; what is filled in is not looked at again."""
    filled = re.sub(r"\{\{(\w+)\}\}", lambda field: parts[field[1]], template)
    # A file name may have bytes that are no text.
    return filled.encode("utf-8", "replace")


def dump_json(value: object) -> str:
    """Write JSON that may stand inside a script: it cannot end it."""
    text = json.dumps(value, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c")


def render_thumbnail(pixels: NDArray[np.uint8], side: int) -> bytes:
    """Write a picture as PNG whose longer side has that many pixels at most."""
    image = Image.fromarray(pixels)
    image.thumbnail((side, side), Image.Resampling.BOX, reducing_gap=None)
    file = io.BytesIO()
    image.save(file, "PNG", optimize=True)
    return file.getvalue()


def encode_bytes(data: bytes) -> str:
    """Write bytes as Base64."""
    return base64.b64encode(data).decode("ascii")


def read_body(name: str) -> str:
    """Read what a page shows, in the frame that all pages have."""
    return read_part("frame.html").replace("{{body}}", read_part(name))


def read_part(name: str) -> str:
    """Read a file of the folder that pages are made of."""
    return (files("stipple.drawing") / "viewer" / name).read_text(encoding="utf-8")


def _describe_page(page: Page) -> dict[str, Any]:
    drawing = page.drawing
    frames = page.frames or (Frame("", drawing.layers),)
    return {
        "title": page.title,
        "name": PurePath(page.title).stem or "drawing",
        "width": drawing.width,
        "height": drawing.height,
        "background": drawing.background,
        "blend": drawing.blend,
        "figures": page.figures,
        "frames": [_describe_frame(frame) for frame in frames],
        "slider": page.slider,
        "growth": None if page.growth is None else _describe_growth(page.growth),
        "pictures": [_describe_backdrop(one) for one in page.backdrops],
        "under": page.under,
        "beside": page.beside,
        "chart": None if page.chart is None else _describe_chart(page.chart),
    }


def _describe_frame(frame: Frame) -> dict[str, Any]:
    layers = [
        {
            "label": layer.label,
            "colour": layer.colour,
            "number": layer.number or place,
            "marks": [_describe_mark(mark) for mark in layer.marks],
        }
        for place, layer in enumerate(frame.layers, start=1)
    ]
    return {"label": frame.label, "layers": layers, "figures": frame.figures}


def _describe_mark(mark: Dots | Polylines | Polygons) -> dict[str, Any]:
    if isinstance(mark, Dots):
        radii = mark.radii[:1] if len(mark.radii) and np.ptp(mark.radii) == 0 else mark.radii
        return {
            "kind": "dots",
            "style": mark.style,
            "penWidth": mark.pen_width,
            "centres": _encode(mark.centres, "<f4"),
            "radii": _encode(radii, "<f4"),
        }
    shapes = {
        "vertices": _encode(mark.vertices, "<f4"),
        "offsets": _encode(mark.offsets, "<i4"),
    }
    if isinstance(mark, Polygons):
        return {"kind": "polygons", **shapes}
    return {"kind": "lines", "width": mark.width, "closed": mark.closed, **shapes}


def _encode(values: NDArray[Any], kind: str) -> str:
    return encode_bytes(values.astype(kind).tobytes())


def _describe_growth(growth: Growth) -> dict[str, Any]:
    measured = [{"count": count, "figures": rows} for count, rows in growth.measured]
    return {"keepsTone": growth.keeps_tone, "measured": measured}


def _describe_backdrop(backdrop: Backdrop) -> dict[str, Any]:
    height, width = backdrop.pixels.shape[:2]
    scale = backdrop.placement.scale
    return {
        "label": backdrop.label,
        "png": encode_bytes(render_thumbnail(backdrop.pixels, LONGEST_SIDE)),
        "box": [*backdrop.placement.offset, scale * width, scale * height],
        "smooth": max(height, width) > LONGEST_SIDE,
    }


def _describe_chart(chart: Chart) -> dict[str, Any]:
    columns = ("x", "y", "lower", "upper")
    return {
        "title": chart.title,
        "logarithmic": chart.logarithmic,
        "ends": [f"{end:,.10g}" for end in chart.x[[0, -1]].tolist()],
        **{name: getattr(chart, name).tolist() for name in columns},
    }
