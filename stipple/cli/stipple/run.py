"""One image for `stipple stipple`: reading, solving, writing."""

import time

from stipple.arrays import Floats
from stipple.choices import Blend, InkMode
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
from stipple.drawing.raster import measure_pixels
from stipple.files.tables import render_json
from stipple.machine.memory import predict_stippling
from stipple.measures.inks import Ink, InkDensity, separate_inks, share_points
from stipple.stippling.pens import InkedStippling, order_for_pen
from stipple.stippling.stippling import Stippling, stipple
from stipple.transport.quantisation import Step

BLENDS: dict[InkMode, Blend] = {"mono": "normal", "cmyk": "multiply", "rgb": "screen"}


def run_image(job: ImageJob) -> ImageFigures:
    """Read, solve, order and write an image."""
    began = time.perf_counter()
    inks = separate_inks(read_image(job.image, job.reading), job.reading.tone, job.color)
    read = time.perf_counter()
    shares = share_points(inks, job.points)
    most = max(count for _, count in shares)
    announce_memory(predict_stippling(most, inks[0].darkness.size, len(inks)), quiet=job.quiet)
    placement, look = _lay_out(job, inks[0].darkness.shape)
    solved = [_solve(job, ink, count) for ink, count in shares]
    ended = time.perf_counter()
    inked = [
        order_for_pen(InkedStippling(ink, stippling), job.order, closed="tour" in job.draw)
        for ink, stippling, _ in solved
    ]
    ordered = time.perf_counter()
    figures = collect_figures(inked, placement, job.layout.radius)
    figures = figures.add_seconds(read=read - began, order=ordered - ended)
    # What cannot be rendered leaves all files as they were.
    picture = Picture(inked, [steps for _, _, steps in solved], placement, look)
    for path, data in render_files(job, picture, figures):
        write_output(path, data)
    figures = figures.add_seconds(write=time.perf_counter() - ordered)
    if job.report:
        write_output(job.report, render_json(describe_image(job, figures)))
    return figures


def _lay_out(job: ImageJob, shape: tuple[int, int]) -> tuple[Placement, Look]:
    """Place the picture on the page; refuse a PNG that would be too large."""
    placement, look = lay_out(job.layout, shape, job.draw, BLENDS[job.color])
    if any(output.format == "png" for output in job.outputs):
        measure_pixels(placement.width, placement.height, job.layout.dpi)
    return placement, look


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
            quality=solving.quality,
            texture=solving.texture,
            start=solving.start,
            masses=solving.masses,
            fixed=solving.fixed,
            seed=solving.seed,
            engine=solving.engine,
            threads=solving.threads,
            on_step=watch,
        )
    return ink, stippling, steps
