"""One image for `stipple stipple`: reading, solving, writing."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import cast

import numpy as np

from stipple.arrays import Floats
from stipple.choices import Start
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
from stipple.measures.inks import Ink, InkDensity, is_dark, separate_inks, share_points
from stipple.stippling.joint import measure_union, stipple_inks
from stipple.stippling.pens import InkedStippling, order_for_pen
from stipple.stippling.stippling import Stippling, stipple
from stipple.transport.quantisation import Step


@dataclass(frozen=True, eq=False)
class Solved:
    """The inks with their points, and with every step of them for an animation.

    Attributes
    ----------
    inked : sequence of InkedStippling
        The inks, in drawing order.
    steps : sequence of sequences of ndarray, shape (n, 2)
        For each ink its points at each step.
    union : Stippling or None
        The points of all inks together, if there are several; None too where some coincide.
    """

    inked: Sequence[InkedStippling]
    steps: Sequence[Sequence[Floats]]
    union: Stippling | None = None


def run_image(job: ImageJob) -> ImageFigures:
    """Read, solve, order and write an image."""
    began = time.perf_counter()
    image = read_image(job.image, job.reading)
    wanted = job.inks
    inks = separate_inks(
        image, job.reading.tone, wanted.palette, light=wanted.light, overlap=wanted.overlap
    )
    read = time.perf_counter()
    shares = share_points(inks, job.points)
    together = wanted.overlap == "avoid" and len(shares) > 1
    most = job.points if together else max(count for _, count in shares)
    demand = predict_stippling(most, inks[0].darkness.size, len(inks), together=together)
    announce_memory(demand, quiet=job.quiet)
    placement, look = _lay_out(job, inks[0].darkness.shape)
    solved = _solve_together(job, shares) if together else _solve_alone(job, shares)
    ended = time.perf_counter()
    inked = [order_for_pen(one, job.order, closed="tour" in job.draw) for one in solved.inked]
    ordered = time.perf_counter()
    figures = collect_figures(inked, placement, job.layout.radius, solved.union)
    figures = figures.add_seconds(read=read - began, order=ordered - ended)
    # What cannot be rendered leaves all files as they were.
    picture = Picture(inked, solved.steps, placement, look)
    for path, data in render_files(job, picture, figures):
        write_output(path, data)
    figures = figures.add_seconds(write=time.perf_counter() - ordered)
    if job.report:
        write_output(job.report, render_json(describe_image(job, figures)))
    return figures


def _lay_out(job: ImageJob, shape: tuple[int, int]) -> tuple[Placement, Look]:
    """Place the picture on the page; refuse a PNG that would be too large."""
    layout, paper = job.layout, job.inks.paper
    if layout.background == "auto" and (layout.dots == "circle" or is_dark(paper)):
        layout = replace(layout, background=paper)
    placement, look = lay_out(layout, shape, job.draw, job.inks.blend)
    if any(output.format == "png" for output in job.outputs):
        measure_pixels(placement.width, placement.height, job.layout.dpi)
    return placement, look


def _solve_together(job: ImageJob, shares: Sequence[tuple[InkDensity, int]]) -> Solved:
    """Stipple all inks at once, so that their dots avoid each other."""
    solving = job.solving
    borders = np.cumsum([count for _, count in shares])[:-1]
    steps: list[list[Floats]] = [[] for _ in shares]
    label = f"{job.points:,} points of {len(shares)} inks"
    with Progress(label, solving.iterations, quiet=job.quiet, verbose=job.verbose) as progress:

        def watch(step: Step) -> None:
            progress.show(step)
            if job.animate:
                for kept, points in zip(steps, np.split(step.points, borders), strict=True):
                    kept.append(points)

        found = stipple_inks(
            [density for density, _ in shares],
            job.points,
            balance=job.inks.balance,
            method=solving.method,
            iterations=solving.iterations,
            tolerance=solving.tolerance,
            start=cast(Start, solving.start),
            seed=solving.seed,
            engine=solving.engine,
            threads=solving.threads,
            on_step=watch,
        )
    return Solved(found.inked, steps, found.union)


def _solve_alone(job: ImageJob, shares: Sequence[tuple[InkDensity, int]]) -> Solved:
    """Stipple each ink as if there was no other."""
    solved = [_solve(job, ink, count) for ink, count in shares]
    inked = [InkedStippling(ink, stippling) for ink, stippling, _ in solved]
    union = None
    if len(inked) > 1:
        union = measure_union([ink for ink, _ in shares], [one.stippling for one in inked])
    return Solved(inked, [steps for _, _, steps in solved], union)


def _solve(job: ImageJob, density: InkDensity, count: int) -> tuple[Ink, Stippling, list[Floats]]:
    """Stipple an ink with its share of the points; keep every step for an animation."""
    ink = replace(density.ink, colour=job.layout.ink or density.ink.colour)
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
