"""Any result as a file, whole or not at all, as the command line writes it by default."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, TypeAlias, cast

import numpy as np

from stipple.arguments import read_choice, read_number, read_points
from stipple.arrays import Floats, PointsLike
from stipple.bounds.bound import ImageBounds
from stipple.choices import DotStyle
from stipple.discretisation.result import Discretisation
from stipple.drawing.formats import render_drawing
from stipple.drawing.layout import Layout, lay_out
from stipple.drawing.marks import Dots, Drawing, Layer
from stipple.drawing.page import parse_length, parse_page
from stipple.errors import StippleError
from stipple.files.tables import (
    name_axes,
    render_columns_csv,
    render_points_csv,
    render_table_csv,
)
from stipple.files.write import write_file
from stipple.lloyd_steps.figures import tabulate
from stipple.lloyd_steps.lloyd import LloydRun
from stipple.measures.samples import Samples
from stipple.sequences.certificate import PrefixCertificate
from stipple.stippling.joint import JointStippling
from stipple.stippling.result import Stippling
from stipple.stippling.sizes import fit_radii, measure_ink

FilePath: TypeAlias = "str | os.PathLike[str]"
Drawable: TypeAlias = (
    "Stippling | JointStippling | LloydRun | Discretisation | ImageBounds | PointsLike"
)
Tabular: TypeAlias = "Drawable | PrefixCertificate | Samples"
BLACK = "#000000"
PLOT_DPI = 150.0  # of pictures inside an SVG


def save_svg(
    result: Drawable,
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
    layout = _plan_layout(page, landscape, margin, *look, PLOT_DPI)
    write_file(path, _render(result, "svg", layout))


def save_png(
    result: Drawable,
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
    layout = _plan_layout(page, landscape, margin, *look, dpi)
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
    if isinstance(result, Stippling):
        data = render_points_csv(result.points, result.weights, result.radii)
    elif isinstance(result, JointStippling):
        data = _render_inks(result)
    elif isinstance(result, LloydRun):
        data = render_table_csv([tabulate(figures) for figures in result.trace])
    else:
        data = render_columns_csv(_list_columns(result))
    write_file(path, data)


def _render_inks(result: JointStippling) -> bytes:
    names = [one.ink.name for one in result.inked for _ in one.stippling.points]
    masses = np.concatenate([one.weights for one in result.stipplings])
    return render_points_csv(result.union.points, masses, result.union.radii, names)


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


def _plan_layout(
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


def _render(result: Drawable, form: str, layout: Layout) -> bytes:
    if isinstance(result, ImageBounds):
        return _plot_bounds(result, form, layout.dpi)
    return render_drawing(_draw(result, layout), form, layout.dpi)


def _draw(result: Drawable, layout: Layout) -> Drawing:
    if isinstance(result, Stippling):
        return _draw_stippling(result, layout)
    if isinstance(result, JointStippling):
        return _draw_inks(result, layout)
    if isinstance(result, LloydRun):
        return _draw_run(result, layout)
    if isinstance(result, Discretisation):
        return _draw_atoms(result, layout)
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
    return compose_doublings(square, placement, look, layout.ink or BLACK)


def _draw_stippling(result: Stippling, layout: Layout) -> Drawing:
    from stipple.measures.inks import Ink
    from stipple.stippling.compose import compose_drawing
    from stipple.stippling.pens import InkedStippling

    shape = int(result.cells.height), int(result.cells.width)
    inked = InkedStippling(Ink("black", layout.ink or BLACK), result)
    reach = layout.find_reach(float(result.radii.max()))
    return compose_drawing([inked], *lay_out(layout, shape, reach=reach))


def _draw_inks(result: JointStippling, layout: Layout) -> Drawing:
    from stipple.stippling.compose import compose_drawing

    shape = int(result.union.cells.height), int(result.union.cells.width)
    reach = layout.find_reach(float(result.union.radii.max()))
    return compose_drawing(result.inked, *lay_out(layout, shape, reach=reach))


def _draw_run(result: LloydRun, layout: Layout) -> Drawing:
    density = result.domain.density
    points = result.domain.to_pixels(result.points)
    inks = np.full(len(points), measure_ink(density) / len(points))
    radii = fit_radii(points, inks, density.width, density.height)
    reach = layout.find_reach(float(radii.max()))
    placement, look = lay_out(layout, density.values.shape, reach=reach)
    radii = look.choose_radii(placement.scale * radii)
    dots = Dots(placement.to_page(points), radii, look.dots, look.pen_width)
    layer = Layer("points", layout.ink or BLACK, (dots,))
    return Drawing(placement.width, placement.height, look.background, (layer,))


def _draw_atoms(result: Discretisation, layout: Layout) -> Drawing:
    from stipple.discretisation.drawing import (
        Panel,
        compose_panels,
        find_reach,
        measure_row,
        view_measure,
    )
    from stipple.measures.measure import Measure

    box = Measure.from_samples(Samples(result.atoms, result.weights))
    view = view_measure(box, sphere=result.settings.metric == "sphere")
    panel = Panel("atoms", result.atoms, result.weights, colour=layout.ink or BLACK)
    pictures = [[panel]]
    reach = find_reach(pictures, view, layout)
    return compose_panels(pictures, view, *lay_out(layout, measure_row(view, 1), reach=reach))


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
