"""Drawings as PDF: shapes of real size, for print and for programs that set pages."""

import io
from collections.abc import Iterator

import numpy as np

from stipple.arrays import Floats, Integers
from stipple.drawing.marks import SHORTEST, Dots, Drawing, Layer, Polygons, Polylines
from stipple.drawing.page import MILLIMETRES
from stipple.drawing.spirals import draw_spirals

# Four curves from the right of a unit circle round to it; they leave it by at most 0.0003.
_BEND = 4 / 3 * (2**0.5 - 1)
_QUARTER = np.array([(1, _BEND), (_BEND, 1), (0, 1)])
_TURN = np.array([(0, 1), (-1, 0)])  # a row times it is turned by a quarter
CIRCLE = np.concatenate(
    [[(1, 0)], *(_QUARTER @ np.linalg.matrix_power(_TURN, k) for k in range(4))]
)  # (13, 2)
POINT = "%.10g %.10g"  # as in SVG: rounded before
DISC = f"{POINT} m\n" + 4 * f"{POINT} {POINT} {POINT} c\n" + "f\n"
STROKE = f"%.10g w {POINT} m {POINT} l S\n"
DECIMALS = 4
# From a point to the ends of the line that a pen draws for it.
DOT = SHORTEST / 2 * np.array([(-1.0, 0.0), (1.0, 0.0)])


def render_pdf(drawing: Drawing) -> bytes:
    """Write a drawing as PDF, the same bytes each time.

    The page has its physical size. Each layer is a layer of the file, by its name, and blends as a
    whole with what lies below it, as in SVG. Colours are RGB.

    Parameters
    ----------
    drawing : Drawing

    Returns
    -------
    bytes
        The file.
    """
    from pikepdf import Array, Dictionary, Name, Pdf

    with Pdf.new() as pdf:
        unit = 1 / MILLIMETRES["pt"]
        size = drawing.width * unit, drawing.height * unit
        page = pdf.add_blank_page(page_size=size)
        resources = Dictionary(XObject=Dictionary(), Properties=Dictionary())
        blend = Dictionary(BM=Name(f"/{drawing.blend.title()}"))
        resources.ExtGState = Dictionary(Blend=blend)
        # Millimetres with y down, from here on.
        content = [f"{unit:.10g} 0 0 {-unit:.10g} 0 {size[1]:.10g} cm\n"]
        if drawing.background is not None:
            paper = f"0 0 {drawing.width:.10g} {drawing.height:.10g} re f\n"
            content.append(_write_colour(drawing.background, "rg") + paper)
        content.append("/Blend gs\n")
        names = Array()
        for number, layer in enumerate(drawing.layers):
            marks = pdf.make_stream(
                "".join(_render_marks(layer)).encode(),
                Type=Name.XObject,
                Subtype=Name.Form,
                BBox=[0, 0, drawing.width, drawing.height],
                Group=Dictionary(S=Name.Transparency),
            )
            names.append(pdf.make_indirect(Dictionary(Type=Name.OCG, Name=layer.label)))
            resources.Properties[f"/Layer{number}"] = names[number]
            resources.XObject[f"/Marks{number}"] = marks
            content.append(f"/OC /Layer{number} BDC /Marks{number} Do EMC\n")
        page.Resources = resources
        page.Contents = pdf.make_stream("".join(content).encode())
        pdf.Root.OCProperties = Dictionary(OCGs=names, D=Dictionary(Order=names))
        file = io.BytesIO()
        pdf.save(file, deterministic_id=True, compress_streams=True)
    return file.getvalue()


def _render_marks(layer: Layer) -> Iterator[str]:
    yield _write_colour(layer.colour, "rg") + _write_colour(layer.colour, "RG")
    yield "1 J 1 j\n"  # round caps and joints
    for mark in layer.marks:
        if isinstance(mark, Polygons):
            yield from _render_paths(mark.vertices, mark.offsets, "h f")
        elif isinstance(mark, Dots) and mark.style == "circle":
            corners = mark.centres[:, None] + mark.radii[:, None, None] * CIRCLE
            yield _fill(DISC, corners.reshape(len(corners), -1))
        elif isinstance(mark, Dots) and mark.style == "stroke":
            ends = np.tile(mark.centres, 2) + DOT.ravel()
            yield _fill(STROKE, np.column_stack([2 * mark.radii, ends]))
        else:
            lines = mark if isinstance(mark, Polylines) else draw_spirals(mark)
            yield f"{lines.width:.10g} w\n"
            yield from _render_paths(lines.vertices, lines.offsets, "s" if lines.closed else "S")


def _render_paths(vertices: Floats, offsets: Integers, end: str) -> Iterator[str]:
    for start, stop in zip(offsets[:-1].tolist(), offsets[1:].tolist(), strict=True):
        corners = vertices[start:stop]
        if len(corners) == 1:
            corners = corners + DOT
        element = f"{POINT} m\n" + (len(corners) - 1) * f"{POINT} l\n" + f"{end}\n"
        yield _fill(element, corners.reshape(1, -1))


def _fill(element: str, rows: Floats) -> str:
    """Repeat an element with the numbers of each row."""
    return (element * len(rows)) % tuple((rows.round(DECIMALS) + 0.0).ravel().tolist())


def _write_colour(colour: str, operator: str) -> str:
    red, green, blue = (int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
    return f"{red:.4g} {green:.4g} {blue:.4g} {operator}\n"
