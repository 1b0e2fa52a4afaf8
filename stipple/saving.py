"""Any result as a file, whole or not at all, as the command line writes it by default."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, TypeAlias, cast

import numpy as np

from stipple.arguments import read_number, read_points
from stipple.arrays import Floats, PointsLike
from stipple.bounds.bound import ImageBounds
from stipple.choices import DotStyle
from stipple.discretisation.discretise import Discretisation
from stipple.drawing.formats import render_drawing
from stipple.drawing.marks import Drawing
from stipple.drawing.page import Placement, parse_length, parse_page, place
from stipple.errors import StippleError
from stipple.files.tables import name_axes, render_columns_csv, render_points_csv
from stipple.files.write import write_file
from stipple.measures.samples import Samples
from stipple.sequences.certificate import PrefixCertificate
from stipple.stippling.compose import Look
from stipple.stippling.stippling import Stippling

FilePath: TypeAlias = "str | os.PathLike[str]"
Drawable: TypeAlias = "Stippling | Discretisation | ImageBounds | PointsLike"
Tabular: TypeAlias = "Drawable | PrefixCertificate | Samples"
PLOT_DPI = 150.0  # of pictures inside an SVG


def save_svg(
    result: Drawable,
    path: FilePath,
    *,
    page: str | None = None,
    landscape: bool = False,
    margin: str = "5mm",
    dots: DotStyle = "circle",
    radius: str | None = None,
    pen_width: str = "0.3mm",
    ink: str = "#000000",
    background: str | None = "auto",
) -> None:
    """Draw a result as SVG; a file that is there is replaced.

    Parameters
    ----------
    result : Stippling, Discretisation, ImageBounds, or array_like of shape (n, 2)
        Dots of one size; dots with areas in proportion to the weights; the plot of where mass goes,
        which has a page of its own; or points of the unit square, as of `stipple.sequence`, with
        a layer for each doubling.
    path : path-like
        The file.
    page : str, optional
        Such as ``a4``, ``letter`` or ``11x14in``; by default the picture at 96 pixels per inch.
    landscape : bool
        Turn the page.
    margin, radius, pen_width : str
        Lengths such as ``10mm`` or ``0.3pt``. Without a radius, dots keep the tone.
    dots : {"circle", "stroke", "spiral"}
        Filled circles, round-cap strokes, or spirals that fill the dots at the pen's width.
    ink, background : str
        Colours, ``#rrggbb``. Background None is bare paper; "auto" is white, and bare for pens.

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
    sheet = _Sheet(page, landscape, margin, dots, radius, pen_width, ink, background)
    write_file(path, _render(result, "svg", PLOT_DPI, sheet))


def save_png(
    result: Drawable,
    path: FilePath,
    *,
    dpi: float = 300,
    page: str | None = None,
    landscape: bool = False,
    margin: str = "5mm",
    dots: DotStyle = "circle",
    radius: str | None = None,
    pen_width: str = "0.3mm",
    ink: str = "#000000",
    background: str | None = "auto",
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
    sheet = _Sheet(page, landscape, margin, dots, radius, pen_width, ink, background)
    write_file(path, _render(result, "png", dpi, sheet))


def save_csv(result: Tabular, path: FilePath) -> None:
    """Write the numbers of a result as a table; a file that is there is replaced.

    Each number has the fewest digits that read back as the same float64.

    Parameters
    ----------
    result : Stippling, Discretisation, ImageBounds, PrefixCertificate, Samples or array_like
        The columns are, in this order: x, y, mass; x1, x2, … and weight, of Samples too; x, y,
        to_x, to_y, mass of the plan, between centres of pixels; the attributes, in one row; and
        the coordinates of points, shape (n, d).
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
    if isinstance(result, Stippling):
        data = render_points_csv(result.points, result.weights)
    else:
        data = render_columns_csv(_list_columns(result))
    write_file(path, data)


def _list_columns(result: Tabular) -> Mapping[str, Any]:
    if isinstance(result, Discretisation):
        return _list_weighted(result.atoms, result.weights)
    if isinstance(result, Samples):
        return _list_weighted(result.points, result.masses)
    if isinstance(result, ImageBounds):
        return _list_plan(result)
    if isinstance(result, PrefixCertificate):
        row = asdict(result)
        return {name: ["" if value is None else value] for name, value in row.items()}
    points = _read_points(result)
    return dict(zip(name_axes(points.shape[1]), points.T, strict=True))


def _list_weighted(points: Floats, weights: Floats) -> Mapping[str, Floats]:
    names = (f"x{axis + 1}" for axis in range(points.shape[1]))
    return {**dict(zip(names, points.T, strict=True)), "weight": weights}


def _list_plan(result: ImageBounds) -> Mapping[str, Floats]:
    plan = result.plan
    if plan is None:
        raise StippleError("There is no plan to save: give more time, and another method.")
    columns: dict[str, Floats] = {}
    for prefix, flat in (("", plan.source), ("to_", plan.target)):
        row, column = np.divmod(flat, result.shape[1])
        columns |= {f"{prefix}x": column + 0.5, f"{prefix}y": row + 0.5}
    return {**columns, "mass": plan.amounts}


@dataclass(frozen=True)
class _Sheet:
    """The options of a drawing, as given."""

    page: str | None
    landscape: bool
    margin: str
    dots: DotStyle
    radius: str | None
    pen_width: str
    ink: str
    background: str | None

    def lay_out(self, shape: tuple[int, int]) -> tuple[Placement, Look]:
        """Place a picture of a shape (height, width), and say how its dots look."""
        page = None if self.page is None else parse_page(self.page)
        background = self.background
        if background == "auto":
            background = "#ffffff" if self.dots == "circle" else None
        look = Look(
            dots=self.dots,
            radius=None if self.radius is None else parse_length(self.radius),
            pen_width=parse_length(self.pen_width),
            background=background,
            draw=("dots",),
            blend="normal",
        )
        return place(shape, page, self.landscape, parse_length(self.margin)), look


def _render(result: Drawable, form: str, dpi: float, sheet: _Sheet) -> bytes:
    if isinstance(result, ImageBounds):
        return _plot_bounds(result, form, dpi)
    return render_drawing(_draw(result, sheet), form, dpi)


def _draw(result: Drawable, sheet: _Sheet) -> Drawing:
    if isinstance(result, Stippling):
        return _draw_stippling(result, sheet)
    if isinstance(result, Discretisation):
        return _draw_atoms(result, sheet)
    from stipple.sequences.drawing import compose_doublings, show_square

    points = _read_points(result)
    if points.shape[1] != 2 or not ((points >= 0) & (points <= 1)).all():
        raise StippleError(
            f"The points of shape {points.shape} are not in the unit square: draw those of"
            " stipple.sequence(n, d=2), or save_csv them."
        )
    square = show_square(points)
    return compose_doublings(square, *sheet.lay_out(square.shape), sheet.ink)


def _draw_stippling(result: Stippling, sheet: _Sheet) -> Drawing:
    from stipple.measures.inks import Ink
    from stipple.stippling.compose import compose_drawing
    from stipple.stippling.pens import InkedStippling

    shape = int(result.cells.height), int(result.cells.width)
    inked = InkedStippling(Ink("black", sheet.ink), result)
    return compose_drawing([inked], *sheet.lay_out(shape))


def _draw_atoms(result: Discretisation, sheet: _Sheet) -> Drawing:
    from stipple.discretisation.drawing import Panel, compose_panels, measure_row, view_measure
    from stipple.measures.measure import Measure

    box = Measure.from_samples(Samples(result.atoms, result.weights))
    view = view_measure(box, sphere=result.settings.metric == "sphere")
    panel = Panel("atoms", result.atoms, result.weights, colour=sheet.ink)
    return compose_panels([[panel]], view, *sheet.lay_out(measure_row(view, 1)))


def _plot_bounds(result: ImageBounds, form: str, dpi: float) -> bytes:
    from stipple.bounds.plot import render_bounds

    plan = result.plan
    if plan is None or not result.levels:
        raise StippleError("There is no plan to draw: give more time, and another method.")
    size = result.shape[0] * result.shape[1]
    first, second = (
        np.bincount(flat, plan.amounts, size).astype(np.float64).reshape(result.shape)
        for flat in (plan.source, plan.target)
    )
    last = result.levels[-1]
    return render_bounds((first, second), result, (repr(last.lower), repr(last.upper)), form, dpi)


def _read_points(points: object) -> Floats:
    array = read_points(cast(PointsLike, points), "result to save")
    if array.ndim != 2 or array.size == 0:
        raise StippleError(
            f"The result to save has shape {array.shape}: give a result of stipple, or points of"
            " shape (n, d)."
        )
    return array
