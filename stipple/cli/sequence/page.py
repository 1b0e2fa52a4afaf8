"""The page of `stipple sequence`: a slider over the number of points."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from stipple.cli.sequence.plan import Job
from stipple.cli.sequence.run import FoundPoints, FoundStipples
from stipple.cli.sequence.show import describe_certificate
from stipple.cli.shared.counting import count_things
from stipple.cli.shared.digits import format_interval
from stipple.cli.shared.drawings import name_source

if TYPE_CHECKING:
    from stipple.drawing.html import Chart, Page, Rows
    from stipple.sequences.drawing import Progression
    from stipple.sequences.prefixes import Row

BLACK = "#000000"


def choose_ink(job: Job) -> str:
    """Choose the colour of the points."""
    return job.files.layout.ink or BLACK


def show_stipples(found: FoundStipples) -> "Progression":
    """Show the points of a progressive stippling, whose ink is that of the image."""
    from stipple.sequences.drawing import Progression

    return Progression(found.points, found.density.values.shape, found.density.total)


def render_prefixes(found: FoundPoints | FoundStipples, job: Job) -> bytes:
    """Render a page that shows any prefix, with what was measured of it."""
    from stipple.drawing.html import render_page

    page = _show_square(found, job) if isinstance(found, FoundPoints) else _show_image(found, job)
    return render_page(page)


def _show_square(found: FoundPoints, job: Job) -> "Page":
    from stipple.sequences.drawing import show_square

    count, row = len(found.points), found.certificate
    measured = [] if row is None else [(count, describe_certificate(row, found.task.dimension))]
    return _show(show_square(found.points), job, count_things(count, "point"), measured)


def _show_image(found: FoundStipples, job: Job) -> "Page":
    from stipple.drawing.html import Backdrop
    from stipple.drawing.originals import show_masses

    progression = show_stipples(found)
    placement, _ = job.files.lay_out(
        progression.shape, len(progression.points), progression.ink_area
    )
    table = found.table or []
    measured = [(int(row["n"]), _describe_prefix(row)) for row in table]
    page = _show(progression, job, name_source(found.task.image.path), measured)
    density = Backdrop("density", show_masses(found.density.values), placement)
    return replace(page, backdrops=(density,), chart=_chart_prefixes(table) if table else None)


def _show(
    progression: "Progression", job: Job, title: str, measured: "Sequence[tuple[int, Rows]]"
) -> "Page":
    from stipple.drawing.html import Growth, Page
    from stipple.sequences.drawing import compose_list

    placement, look = job.files.lay_out(
        progression.shape, len(progression.points), progression.ink_area
    )
    return Page(
        title,
        compose_list(progression, placement, look, choose_ink(job)),
        slider="Number of points; every prefix is a drawing",
        growth=Growth(look.radius is None, measured),
    )


def _describe_prefix(row: "Row") -> list[tuple[str, str]]:
    interval = format_interval(row["w2_squared_lower"], row["w2_squared_upper"])
    rows = [
        ("W2²", f"{row['w2_squared']:.8g} px², certified within {interval}"),
        ("W2", f"{row['w2_squared'] ** 0.5:.6g} px"),
        ("quality", f"{row['quality']:.5f} = N·W2²/A; lower is better"),
    ]
    if "ratio" in row:
        there = f"{row['stipple_quality']:.5f}, of which this is {row['ratio']:.4g} times"
        rows.append(("stipple stipple", there))
    return rows


def _chart_prefixes(table: "list[Row]") -> "Chart":
    from stipple.drawing.html import Chart

    columns = ("n", "w2_squared", "w2_squared_lower", "w2_squared_upper")
    counts, values, lower, upper = (np.array([row[name] for row in table]) for name in columns)
    logarithmic = (lower > 0).all()
    axes = ", both axes logarithmic" if logarithmic else ""
    return Chart(
        f"W2² in px² over the number of points, where it was measured{axes}",
        counts.astype(float),
        values,
        lower,
        upper,
        "xy" if logarithmic else "",
    )
