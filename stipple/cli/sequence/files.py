"""The files of `stipple sequence`: points, boxes, tables, drawings, an animation."""

from typing import TYPE_CHECKING, Any

from stipple.cli.sequence.page import choose_ink, render_prefixes, show_stipples
from stipple.cli.sequence.plan import Job, Points
from stipple.cli.sequence.run import (
    Found,
    FoundPoints,
    FoundPrefixes,
    FoundStipplePrefixes,
    FoundStipples,
)
from stipple.cli.shared.drawings import lay_out, render_drawing

if TYPE_CHECKING:
    from stipple.arrays import Floats
    from stipple.drawing.marks import Drawing
    from stipple.sequences.drawing import Progression

ANIMATION_PIXELS = 600
SECONDS_PER_FRAME = 0.25


def render_files(found: Found, job: Job) -> list[tuple[str, bytes]]:
    """Render what a job writes, but for its report: paths and bytes."""
    files = [(output.path, _render(found, job, output.format)) for output in job.files.outputs]
    if isinstance(found, FoundPoints) and found.task.partition:
        files.append((found.task.partition, _render_partition(found.task)))
    if isinstance(found, FoundStipples) and found.task.animation:
        files.append((found.task.animation, _render_animation(found, job)))
    return files


def _render(found: Found, job: Job, form: str) -> bytes:
    if isinstance(found, FoundPrefixes | FoundStipplePrefixes):
        return _render_table(found, job, form)
    if form in ("csv", "npy"):
        from stipple.files.tables import render_points

        return render_points(found.points, form)
    if form == "html" and job.files.draw == "points" and not _leaves_out(found):
        return render_prefixes(found, job)
    if isinstance(found, FoundPoints):
        return render_drawing(_draw_cube(found, job), form, job.files.layout.dpi)
    return render_drawing(_draw(show_stipples(found), job), form, job.files.layout.dpi)


def _draw_cube(found: FoundPoints, job: Job) -> "Drawing":
    from stipple.sequences.drawing import compose_partition, show_square

    square = show_square(found.points)
    if job.files.draw != "boxes":
        return _draw(square, job)
    placement, look = job.files.lay_out(square.shape, len(found.points), square.ink_area)
    boxes = _cut_cube(found.task)
    return compose_partition(found.points, boxes, placement, look, choose_ink(job))


def _leaves_out(found: FoundPoints | FoundStipples) -> bool:
    """Whether the points are no prefix."""
    return isinstance(found, FoundPoints) and found.task.skip > 0


def _draw(progression: "Progression", job: Job) -> "Drawing":
    from stipple.sequences.drawing import compose_doublings, compose_strip

    compose = compose_strip if job.files.draw == "strip" else compose_doublings
    placement, look = job.files.lay_out(
        progression.shape, len(progression.points), progression.ink_area
    )
    return compose(progression, placement, look, choose_ink(job))


def _render_animation(found: FoundStipples, job: Job) -> bytes:
    from stipple.drawing.gif import render_gif
    from stipple.sequences.drawing import compose_growth, measure_dot

    progression = show_stipples(found)
    layout = job.files.layout
    # Of the last frame: the few dots of the first ones are larger, and may reach into the margin.
    reach = layout.find_reach(measure_dot(progression.ink_area, len(progression.points)))
    placement, look = lay_out(layout, progression.shape, reach=reach)
    frames = compose_growth(progression, placement, look, choose_ink(job))
    dpi = 25.4 * ANIMATION_PIXELS / max(frames[0].width, frames[0].height)
    return render_gif(frames, dpi, SECONDS_PER_FRAME)


def _cut_cube(task: Points) -> "Floats":
    """Boxes of the points, shape (n, 2, dimension)."""
    from stipple.sequences.boxes import partition_prefix
    from stipple.sequences.strips import partition_in_strips

    cut = partition_in_strips if task.construction == "paper" else partition_prefix
    return cut(task.n, task.dimension)


def _render_partition(task: Points) -> bytes:
    from stipple.files.tables import name_axes, render_columns_csv

    boxes = _cut_cube(task)
    columns: dict[str, Any] = {"index": range(task.n)}
    for side, corner in enumerate(("lower", "upper")):
        for axis, name in enumerate(name_axes(task.dimension)):
            columns[f"{corner}_{name}"] = boxes[:, side, axis]
    return render_columns_csv(columns)


def _render_table(found: FoundPrefixes | FoundStipplePrefixes, job: Job, form: str) -> bytes:
    if form == "csv":
        from stipple.files.tables import render_table_csv

        return render_table_csv(found.table)
    from stipple.drawing.plots import render_plot
    from stipple.sequences.prefixes import plot_prefixes, plot_stippling

    if isinstance(found, FoundPrefixes):
        panels = plot_prefixes(found.table, found.task.dimension)
    else:
        panels = plot_stippling(found.table)
    return render_plot(panels, "number of points N", form, job.files.layout.dpi)
