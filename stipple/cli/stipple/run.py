"""One image for `stipple stipple`: reading, solving, writing."""

import time
from collections.abc import Sequence

from stipple.arrays import Floats
from stipple.choices import LARGEST_COUNT, Blend, InkMode
from stipple.cli.shared.drawings import lay_out
from stipple.cli.shared.images import read_image
from stipple.cli.shared.memory import announce_memory
from stipple.cli.shared.outputs import write_output
from stipple.cli.shared.progress import Progress
from stipple.cli.stipple.figures import ImageFigures, collect_figures
from stipple.cli.stipple.plan import ImageJob
from stipple.cli.stipple.show import Picture, describe_image, render_files
from stipple.drawing.look import Look
from stipple.drawing.page import Placement
from stipple.drawing.plotting import count_strokes, measure_plot
from stipple.drawing.raster import measure_pixels
from stipple.errors import StippleError
from stipple.files.tables import render_json
from stipple.machine.memory import predict_stippling
from stipple.measures.density import Density
from stipple.measures.inks import Ink, InkDensity, separate_inks, share_points
from stipple.stippling.compose import compose_drawing
from stipple.stippling.pens import InkedStippling, order_for_pen
from stipple.stippling.stippling import Stippling, measure_radius, stipple
from stipple.transport.quantisation import Step

BLENDS: dict[InkMode, Blend] = {"mono": "normal", "cmyk": "multiply", "rgb": "screen"}


def run_image(job: ImageJob) -> ImageFigures:
    """Read, solve, order and write an image."""
    began = time.perf_counter()
    inks = separate_inks(read_image(job.image, job.reading), job.reading.tone, job.color)
    read = time.perf_counter()
    shares = share_points(inks, _count_points(job, inks))
    most = max(count for _, count in shares)
    announce_memory(predict_stippling(most, inks[0].darkness.size, len(inks)), quiet=job.quiet)
    _check_page(job, shares)
    solved = [_solve(job, ink, count) for ink, count in shares]
    ended = time.perf_counter()
    inked = [
        order_for_pen(InkedStippling(ink, stippling), job.order, closed="tour" in job.draw)
        for ink, stippling, _ in solved
    ]
    ordered = time.perf_counter()
    placement, look = _lay_out(job, inks, max(one.stippling.radius for one in inked))
    drawing = compose_drawing(inked, placement, look)
    darkness = float(sum(ink.darkness.sum() for ink in inks))
    figures = collect_figures(
        inked, placement, job.layout.radius, darkness, measure_plot(drawing)
    ).add_seconds(read=read - began, order=ordered - ended)
    # What cannot be rendered leaves all files as they were.
    picture = Picture(inked, [steps for _, _, steps in solved], placement, look, drawing)
    for path, data in render_files(job, picture, figures):
        write_output(path, data)
    figures = figures.add_seconds(write=time.perf_counter() - ordered)
    if job.report:
        write_output(job.report, render_json(describe_image(job, figures)))
    return figures


def _lay_out(job: ImageJob, inks: Sequence[InkDensity], radius: float) -> tuple[Placement, Look]:
    """Place the picture on the page; its largest dots have that radius in pixels by their tone."""
    reach = job.layout.find_reach(radius)
    return lay_out(job.layout, inks[0].darkness.shape, job.draw, BLENDS[job.color], reach)


def _count_points(job: ImageJob, inks: Sequence[InkDensity]) -> int:
    """Count the dots: as many as are asked for, or as many of the pen's as keep the tone."""
    if job.points is not None:
        return job.points
    placement, look = _lay_out(job, inks, 0.0)
    darkness = placement.scale**2 * sum(float(ink.darkness.sum()) for ink in inks)
    count = count_strokes(darkness, look.pen_width)
    if count > LARGEST_COUNT:
        raise StippleError(
            f"{count:,} dots of a pen of {look.pen_width:g} mm have the tone of the picture: give a"
            " wider --pen, a smaller --page, or their number with -n."
        )
    return count


def _check_page(job: ImageJob, shares: Sequence[tuple[InkDensity, int]]) -> None:
    """Refuse what does not fit on the page, or would be too large, before any work."""
    inks = [ink for ink, _ in shares]
    radii = [measure_radius(Density(ink.darkness), count) for ink, count in shares]
    placement, _ = _lay_out(job, inks, max(radii))
    if any(output.format == "png" for output in job.outputs):
        measure_pixels(placement.width, placement.height, job.layout.dpi)


def _solve(job: ImageJob, density: InkDensity, count: int) -> tuple[Ink, Stippling, list[Floats]]:
    """Stipple an ink with its share of the points; keep every step for an animation."""
    ink = Ink(density.ink.name, job.layout.ink or density.ink.colour)
    solving = job.solving
    steps: list[Floats] = []
    label = f"{count:,} {ink.name} points"
    with Progress(label, solving.iterations, quiet=job.quiet, verbose=job.verbose) as progress:

        def watch(step: Step) -> None:
            progress.show(step)
            if job.animate:
                steps.append(step.points)

        stippling = stipple(
            density.darkness,
            count,
            method=solving.method,
            iterations=solving.iterations,
            tolerance=solving.tolerance,
            start=solving.start,
            seed=solving.seed,
            engine=solving.engine,
            threads=solving.threads,
            on_step=watch,
        )
    return ink, stippling, steps
