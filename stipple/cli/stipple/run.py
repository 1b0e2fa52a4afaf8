"""One image for `stipple stipple`: reading, solving, writing."""

import time
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

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
from stipple.measures.levels import advise_levels
from stipple.stippling.compose import compose_drawing
from stipple.stippling.pens import InkedStippling, order_for_pen
from stipple.stippling.sizes import measure_radius
from stipple.stippling.stippling import stipple
from stipple.transport.quantisation import Step

BLENDS: dict[InkMode, Blend] = {"mono": "normal", "cmyk": "multiply", "rgb": "screen"}


def run_image(job: ImageJob) -> ImageFigures:
    """Read, solve, order and write an image."""
    began = time.perf_counter()
    original = read_image(job.image, job.reading)
    inks = separate_inks(original.source, original.tone, job.color)
    read = time.perf_counter()
    shares = share_points(inks, _count_points(job, inks))
    most = max(count for _, count in shares)
    announce_memory(predict_stippling(most, inks[0].darkness.size, len(inks)), quiet=job.quiet)
    _check_page(job, shares)
    solved, steps = zip(*[_solve(job, ink, count) for ink, count in shares], strict=True)
    ended = time.perf_counter()
    largest = max(float(one.stippling.radii.max()) for one in solved)
    placement, look = _lay_out(job, inks, largest)
    drawn = [_finish(job, one, placement) for one in solved]
    inked = [order_for_pen(one, job.order, closed="tour" in job.draw) for one in drawn]
    ordered = time.perf_counter()
    drawing = compose_drawing(inked, placement, look)
    figures = collect_figures(inked, placement, measure_plot(drawing))
    figures = replace(figures, levels=original.levels, notes=original.notes)
    figures = replace(figures, advice=_advise_tones(job, inks))
    figures = figures.add_seconds(read=read - began, order=ordered - ended)
    # What cannot be rendered leaves all files as they were.
    picture = Picture(inked, drawn, steps, placement, look, drawing)
    for path, data in render_files(job, picture, figures):
        write_output(path, data)
    figures = figures.add_seconds(write=time.perf_counter() - ordered)
    if job.report:
        write_output(job.report, render_json(describe_image(job, figures)))
    return figures


def _advise_tones(job: ImageJob, inks: list[InkDensity]) -> str | None:
    """Advise levels, where none were asked for and hardly any paper stays white."""
    if job.reading.tone.levels is not None or job.color == "rgb":
        return None
    return advise_levels(np.minimum(sum(one.darkness for one in inks), 1.0))


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
    """Refuse a PNG that would be too large and spirals that do not fit, before any work."""
    inks = [ink for ink, _ in shares]
    radii = [measure_radius(Density(ink.darkness), count) for ink, count in shares]
    placement, look = _lay_out(job, inks, max(radii))
    if any(output.format == "png" for output in job.outputs):
        measure_pixels(placement.width, placement.height, job.layout.dpi)
    smallest = look.radius or placement.scale * min(radii)
    if look.dots == "spiral" and "dots" in look.draw and 2 * smallest < look.pen_width:
        raise StippleError(
            f"Dots of {2 * smallest:.3g} mm are narrower than the pen of {look.pen_width:g} mm,"
            " which cannot draw spirals in them: give a finer --pen, fewer points with -n, or"
            " --dots stroke."
        )


def _solve(job: ImageJob, density: InkDensity, count: int) -> tuple[InkedStippling, list[Floats]]:
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
            strays=solving.strays,
            size_variation=solving.size_variation,
            spacing=solving.spacing,
            bleed=solving.bleed,
        )
    if stippling.strays and job.animate:
        steps.append(stippling.points)
    return InkedStippling(ink, stippling), steps


def _finish(job: ImageJob, inked: InkedStippling, placement: Placement) -> InkedStippling:
    """Give dots the radius that is asked for, if one is."""
    if job.layout.radius is None:
        return inked
    radii = np.full(len(inked.stippling.points), job.layout.radius / placement.scale)
    return replace(inked, stippling=replace(inked.stippling, radii=radii))
