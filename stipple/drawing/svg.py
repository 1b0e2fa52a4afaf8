"""Drawings as SVG for browsers, Inkscape and pen plotters."""

from collections.abc import Iterator
from html import escape

import numpy as np
from numpy.typing import ArrayLike

from stipple.arrays import Floats, Integers
from stipple.drawing.marks import SHORTEST, Dots, Drawing, Layer, Polygons, Polylines
from stipple.drawing.spirals import draw_spirals

BATCH = 10_000  # elements formatted at a time
NUMBER = "%.10g"  # after rounding: no exponent, no trailing zeros
POINT = f"{NUMBER} {NUMBER}"
DOT = f"M{POINT}h{SHORTEST:g}"
# AxiDraw skips layers whose label begins with %, vpype what is hidden; neither knows the selector,
# by which browsers, Inkscape and resvg see the paper.
PAPER = (
    "<style>g rect{visibility:visible}</style>\n"
    '<g id="paper" inkscape:groupmode="layer" inkscape:label="%paper">\n'
)


def render_svg(drawing: Drawing) -> bytes:
    """Write a drawing as SVG.

    The page has its physical size, with a view box in millimetres. Each layer is an Inkscape
    layer whose label starts with its number, which is how plotters choose it. Marks keep their
    order, which is the way the pen travels. Equal drawings give equal bytes.

    Parameters
    ----------
    drawing : Drawing

    Returns
    -------
    bytes
        The file, in UTF-8.
    """
    parts = [open_page(drawing.width, drawing.height, drawing.background)]
    style = "" if drawing.blend == "normal" else f' style="mix-blend-mode:{drawing.blend}"'
    seen: dict[int, int] = {}
    for place, layer in enumerate(drawing.layers, start=1):
        number = layer.number or place
        seen[number] = seen.get(number, 0) + 1
        name = f"layer{number}" + (f"-{seen[number]}" if seen[number] > 1 else "")
        # Not by xml.sax, which loads what speaks to the web.
        label = escape(f"{number} {layer.label}")
        named = f'id="{name}" inkscape:groupmode="layer" inkscape:label="{label}"'
        parts.append(f"<g {named}{style}>\n")
        parts.extend(_render_marks(layer))
        parts.append("</g>\n")
    parts.append("</svg>\n")
    return "".join(parts).encode()


def open_page(width: float, height: float, background: str | None) -> str:
    """Begin an SVG: a page in millimetres, with its paper if it has a colour."""
    wide, high = (NUMBER % size for size in _round([width, height]))
    head = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<svg xmlns="http://www.w3.org/2000/svg"'
        ' xmlns:inkscape="http://www.inkscape.org/namespaces/inkscape"'
        f' width="{wide}mm" height="{high}mm" viewBox="0 0 {wide} {high}">\n'
    )
    if background is None:
        return head
    return (
        f'{head}{PAPER}<rect width="{wide}" height="{high}" fill="{background}"'
        ' visibility="hidden"/>\n</g>\n'
    )


def _render_marks(layer: Layer) -> Iterator[str]:
    for mark in layer.marks:
        if isinstance(mark, Polygons):
            yield f'<g fill="{layer.colour}">\n'
            yield from _render_paths(mark.vertices, mark.offsets, closed=True)
        elif isinstance(mark, Dots) and mark.style == "circle":
            yield f'<g fill="{layer.colour}">\n'
            yield from _render_circles(mark)
        else:
            yield (
                f'<g fill="none" stroke="{layer.colour}"'
                ' stroke-linecap="round" stroke-linejoin="round"'
            )
            if isinstance(mark, Polylines):
                yield from _render_lines(mark)
            elif mark.style == "spiral":
                yield from _render_lines(draw_spirals(mark))
            else:
                yield ">\n"
                yield from _render_strokes(mark)
        yield "</g>\n"


def _render_circles(dots: Dots) -> Iterator[str]:
    name, numbers = _number(dots)
    element = f'<circle{name} cx="{NUMBER}" cy="{NUMBER}" r="{NUMBER}"/>\n'
    return _fill(element, *numbers, _round(dots.centres), _round(dots.radii, 4))


def _render_strokes(dots: Dots) -> Iterator[str]:
    name, numbers = _number(dots)
    element = f'<path{name} d="{DOT}" stroke-width="{NUMBER}"/>\n'
    return _fill(element, *numbers, _shift(dots.centres), _round(2 * dots.radii, 4))


def _number(dots: Dots) -> tuple[str, list[Floats]]:
    """Give an attribute, and the column that fills it, for ids; neither where there are none."""
    if dots.ids is None:
        return "", []
    return ' id="dot%d"', [dots.ids.astype(np.float64)]


def _shift(centres: Floats) -> Floats:
    """Where strokes begin whose middles are the centres."""
    return _round(centres - [SHORTEST / 2, 0.0])


def _fill(element: str, *columns: Floats) -> Iterator[str]:
    """Repeat an element with the numbers of each row of the columns."""
    rows = np.column_stack(columns)
    for start in range(0, len(rows), BATCH):
        batch = rows[start : start + BATCH]
        yield (element * len(batch)) % tuple(batch.ravel().tolist())


def _render_lines(lines: Polylines) -> Iterator[str]:
    yield f' stroke-width="{NUMBER % _round(lines.width, 4)}">\n'
    yield from _render_paths(lines.vertices, lines.offsets, closed=lines.closed)


def _render_paths(vertices: Floats, offsets: Integers, *, closed: bool) -> Iterator[str]:
    end = "Z" if closed else ""
    counts = np.diff(offsets)
    single = np.repeat(counts == 1, counts)[:, None]
    vertices = np.where(single, _shift(vertices), _round(vertices))
    for start in range(0, len(counts), BATCH):
        stop = min(start + BATCH, len(counts))
        elements = "".join(
            f'<path d="M{" ".join([POINT] * count)}{end}"/>\n'
            if count > 1
            else f'<path d="{DOT}"/>\n'
            for count in counts[start:stop].tolist()
        )
        batch = vertices[offsets[start] : offsets[stop]]
        yield elements % tuple(batch.ravel().tolist())


def _round(values: ArrayLike, decimals: int = 3) -> Floats:
    # Adding zero turns -0 into 0.
    rounded: Floats = np.asarray(values, dtype=np.float64).round(decimals)
    return rounded + 0.0
