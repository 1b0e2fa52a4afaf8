"""Any result as a file, whole or not at all, as the command line writes it by default."""

from __future__ import annotations

import os
from dataclasses import asdict
from typing import TypeAlias, cast

from stipple.arguments import read_number, read_points
from stipple.arrays import Floats, PointsLike
from stipple.choices import DotStyle
from stipple.drawing.drawable import PLOT_DPI, Savable
from stipple.drawing.formats import render_drawing
from stipple.drawing.layout import BLACK, Layout, lay_out, read_layout
from stipple.errors import StippleError
from stipple.files.tables import render_points, render_table_csv, render_weighted_csv
from stipple.files.write import write_file
from stipple.measures.samples import Samples
from stipple.sequences.certificate import PrefixCertificate

FilePath: TypeAlias = "str | os.PathLike[str]"
Picturable: TypeAlias = "Savable | PointsLike"
Tabular: TypeAlias = "Picturable | PrefixCertificate | Samples"


def save_svg(
    result: Picturable,
    path: FilePath,
    *,
    page: str | None = None,
    landscape: bool | None = None,
    margin: str = "5mm",
    dots: DotStyle = "circle",
    radius: str | None = None,
    pen_width: str = "0.3mm",
    ink: str = BLACK,
    background: str = "auto",
) -> None:
    """Draw a result as SVG; a file that is there is replaced.

    Parameters
    ----------
    result : Stippling, JointStippling, LloydRun, Discretisation, ImageBounds, or array_like (n, 2)
        Dots that keep the tone; those of each ink in its colour; dots of one run; dots with areas
        in proportion to the weights; the plot of where mass goes, which has a page of its own; or
        points of the unit square, as of `stipple.sequence`, with a layer for each doubling.
    path : path-like
        The file.
    page : str, optional
        Such as ``a4``, ``letter`` or ``11x14in``; by default the picture as large as it fits A4,
        with its margins.
    landscape : bool, optional
        Whether the longer side of the page lies across; by default as the picture lies.
    margin, radius, pen_width : str
        Lengths such as ``10mm`` or ``0.3pt``. Without a radius, dots keep the tone.
    dots : {"circle", "stroke", "spiral"}
        Filled circles, round-cap strokes, or spirals that fill the dots at the pen's width.
    ink, background : str
        Colours, ``#rrggbb``. Background "none" is bare paper; "auto" is white, and bare for pens.

    Raises
    ------
    StippleError
        If the result has no drawing, an option makes no sense, or the file cannot be written.

    Examples
    --------
    >>> import pathlib, stipple, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp(), "points.svg")
    >>> stipple.save_svg(stipple.sequence(16), path, page="a5")
    >>> path.read_text().count("<circle")
    16
    """
    look = (dots, radius, pen_width, ink, background)
    layout = read_layout(page, landscape, margin, *look, PLOT_DPI)
    write_file(path, _render(result, "svg", layout))


def save_png(
    result: Picturable,
    path: FilePath,
    *,
    dpi: float = 300,
    page: str | None = None,
    landscape: bool | None = None,
    margin: str = "5mm",
    dots: DotStyle = "circle",
    radius: str | None = None,
    pen_width: str = "0.3mm",
    ink: str = BLACK,
    background: str = "auto",
) -> None:
    """Draw a result as PNG; a file that is there is replaced.

    Parameters
    ----------
    dpi : float
        Pixels per inch; the other parameters are those of `save_svg`.

    Raises
    ------
    StippleError
        As `save_svg`, and for more than 400 million pixels.

    Examples
    --------
    >>> import pathlib, stipple, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp(), "points.png")
    >>> stipple.save_png(stipple.sequence(16), path, dpi=96)
    >>> path.read_bytes()[1:4]
    b'PNG'
    """
    dpi = read_number(dpi, "resolution in dpi", 0, above=True)
    look = (dots, radius, pen_width, ink, background)
    layout = read_layout(page, landscape, margin, *look, dpi)
    write_file(path, _render(result, "png", layout))


def save_csv(result: Tabular, path: FilePath) -> None:
    """Write the numbers of a result as a table; a file that is there is replaced.

    Each number has the fewest digits that read back as the same float64.

    Parameters
    ----------
    result : Stippling, JointStippling, LloydRun, Discretisation, ImageBounds, Samples and others
        The columns are, in this order: x, y, mass, radius, in pixels; also ink; the figures of each
        step, a row a step; x1, x2, … and weight, of Samples too; x, y, to_x, to_y, mass of the
        plan, between centres of pixels; the attributes, in one row; and the coordinates of points,
        shape (n, d).
    path : path-like
        The file.

    Raises
    ------
    StippleError
        If the result has no table, or the file cannot be written.

    Examples
    --------
    >>> import pathlib, stipple, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp(), "points.csv")
    >>> stipple.save_csv(stipple.sequence(2), path)
    >>> path.read_text().split()
    ['x,y', '0.0,0.0', '0.0,0.5']
    """
    write_file(path, _render_csv(result))


def _render_csv(result: Tabular) -> bytes:
    if isinstance(result, Savable):
        return result.render_csv()
    if isinstance(result, Samples):
        return render_weighted_csv(result.points, result.masses)
    if isinstance(result, PrefixCertificate):
        return render_table_csv([asdict(result)])
    return render_points(_read_points(result), "csv")


def _render(result: Picturable, form: str, layout: Layout) -> bytes:
    if isinstance(result, Savable):
        return result.render(form, layout)
    from stipple.sequences.drawing import compose_doublings, measure_dot, show_square

    points = _read_points(result)
    if points.shape[1] != 2 or not ((points >= 0) & (points <= 1)).all():
        raise StippleError(
            f"The points of shape {points.shape} are not in the unit square: draw those of"
            " stipple.sequence(n, d=2), or save_csv them."
        )
    square = show_square(points)
    reach = layout.find_reach(measure_dot(square.ink_area, len(points)))
    placement, look = lay_out(layout, square.shape, reach=reach)
    drawing = compose_doublings(square, placement, look, layout.ink or BLACK)
    return render_drawing(drawing, form, layout.dpi)


def _read_points(points: object) -> Floats:
    array = read_points(cast(PointsLike, points), "result to save")
    if array.ndim != 2 or array.size == 0:
        raise StippleError(
            f"The result to save has shape {array.shape}: give a result of stipple, or points of"
            " shape (n, d)."
        )
    return array
