"""One image for `stipple stipple`: reading, solving, writing."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import cast

import numpy as np

from stipple.arrays import Floats
from stipple.choices import LARGEST_COUNT, Start
from stipple.cli.shared.counting import count_things
from stipple.cli.shared.drawings import lay_out
from stipple.cli.shared.images import Original, read_image
from stipple.cli.shared.memory import announce_memory
from stipple.cli.shared.outputs import write_output
from stipple.cli.shared.progress import Progress, show_stage
from stipple.cli.stipple.figures import ImageFigures, collect_figures
from stipple.cli.stipple.inks import part_ways
from stipple.cli.stipple.plan import ImageJob, Solving
from stipple.cli.stipple.show import Picture, describe_image, render_files
from stipple.drawing.look import Look
from stipple.drawing.marks import Drawing
from stipple.drawing.page import Placement
from stipple.drawing.plotting import count_strokes, measure_plot
from stipple.drawing.raster import measure_pixels, render_png
from stipple.errors import StippleError
from stipple.files.tables import render_json
from stipple.machine.memory import predict_stippling
from stipple.measures.density import Density
from stipple.measures.inks import InkDensity, is_dark, name_palette, separate_inks, share_points
from stipple.measures.levels import advise_levels
from stipple.measures.tone import darkness
from stipple.stippling.coherent import Film, begin_film, follow_frame
from stipple.stippling.compose import compose_drawing
from stipple.stippling.pens import InkedStippling, order_for_pen
from stipple.stippling.result import Stippling
from stipple.stippling.stippling import stipple
from stipple.transport.quantisation import Step
from stipple.transport.sizes import measure_radius

THUMBNAIL_PIXELS = 240


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
    film : Film or None
        The frame, if it goes on from another.
    """

    inked: Sequence[InkedStippling]
    steps: Sequence[Sequence[Floats]]
    union: Stippling | None = None
    film: Film | None = None


@dataclass(frozen=True, eq=False)
class Frame:
    """A frame of a film, and its place.

    All frames lie on the page as the first does, however large their dots are.
    """

    film: Film
    placement: Placement
    look: Look
    colour: str


def run_image(job: ImageJob) -> ImageFigures:
    """Read, solve, order and write an image."""
    return run_frame(job, None)[0]


def run_frame(job: ImageJob, before: Frame | None) -> tuple[ImageFigures, Frame]:
    """Do the same from a frame before, if there is one; give what the next one needs too."""
    began = time.perf_counter()
    original = read_image(job.image, job.reading)
    wanted = job.inks
    inks = separate_inks(
        original.source,
        original.tone,
        wanted.palette,
        light=wanted.light,
        overlap=wanted.overlap,
    )
    read = time.perf_counter()
    points = _count_points(job, inks, before)
    shares = share_points(inks, points)
    together = wanted.overlap == "avoid" and len(shares) > 1
    most = points if together else max(count for _, count in shares)
    demand = predict_stippling(
        most,
        inks[0].darkness.size,
        len(inks),
        together=together,
        moving=job.solving.iterations > 0,
    )
    announce_memory(demand, quiet=job.quiet)
    _check_page(job, shares)
    if together:
        solved = _solve_together(job, shares)
    else:
        solved = _solve_alone(job, shares, None if before is None else before.film)
    ended = time.perf_counter()
    if before is None:
        largest = max(float(one.stippling.radii.max()) for one in solved.inked)
        placement, look = _lay_out(job, inks, largest)
    else:
        placement, look = before.placement, before.look
    first = solved.inked[0]
    film = solved.film or begin_film(Density(inks[0].darkness), first.stippling)
    if job.coherent:
        solved = replace(solved, inked=[replace(first, stippling=film.stippling)])
    frame = Frame(film, placement, look, first.ink.colour)
    with show_stage(f"writing {', '.join(job.targets)}", quiet=job.quiet or job.verbose):
        figures = _draw(job, original, inks, solved, frame, read - began, ended)
    return figures, frame


def _draw(
    job: ImageJob,
    original: Original,
    inks: Sequence[InkDensity],
    solved: Solved,
    frame: Frame,
    reading: float,
    ended: float,
) -> ImageFigures:
    """Order the dots for the pen, and write every file; times as `time.perf_counter` tells."""
    placement, look = frame.placement, frame.look
    drawn = [_finish(job, one, placement) for one in solved.inked]
    inked = [order_for_pen(one, job.order, closed="tour" in job.draw) for one in drawn]
    ordered = time.perf_counter()
    drawing = compose_drawing(inked, placement, look)
    plot = measure_plot(drawing)
    figures = collect_figures(inked, placement, job.layout.radius, plot, solved.union)
    advice = _advise_tones(job, original, inks)
    figures = replace(figures, levels=original.levels, notes=original.notes, advice=advice)
    figures = figures.add_seconds(read=reading, order=ordered - ended)
    if job.thumbnail:
        figures = replace(figures, thumbnail=_render_thumbnail(drawing))
    # What cannot be rendered leaves all files as they were.
    picture = Picture(original, inked, drawn, solved.steps, placement, look, drawing)
    for path, data in render_files(job, picture, figures):
        write_output(path, data)
    figures = figures.add_seconds(write=time.perf_counter() - ordered)
    if job.report:
        write_output(job.report, render_json(describe_image(job, figures)))
    return figures


def _render_thumbnail(drawing: Drawing) -> bytes:
    return render_png(drawing, 25.4 * THUMBNAIL_PIXELS / max(drawing.width, drawing.height))


def _advise_tones(job: ImageJob, original: Original, inks: Sequence[InkDensity]) -> str | None:
    """Advise levels, where none were asked for and hardly any paper stays white."""
    palette = job.inks.palette
    if original.tone.levels is not None or is_dark(palette.paper):
        return None
    if palette == name_palette("mono") and job.inks.light == "encoded":
        return advise_levels(inks[0].darkness)  # which is that of the picture
    return advise_levels(darkness(original.source, original.tone))


def _lay_out(job: ImageJob, inks: Sequence[InkDensity], radius: float) -> tuple[Placement, Look]:
    """Place the picture on the page; its largest dots have that radius in pixels by their tone."""
    layout, paper = job.layout, job.inks.paper
    filled = layout.dots == "circle" and "dots" in job.draw
    if layout.background == "auto" and (filled or is_dark(paper)):
        layout = replace(layout, background=paper)
    shape = inks[0].darkness.shape
    reach, tile = layout.find_reach(radius), job.solving.periodic
    return lay_out(layout, shape, job.draw, job.inks.blend, reach, tile=tile)


def _count_points(job: ImageJob, inks: Sequence[InkDensity], before: Frame | None) -> int:
    """Count the dots: as many as are asked for, or as many of the pen's as keep the tone.

    In a frame after others they are as many as before, or follow the darkness.
    """
    if before is not None:
        film, density = before.film, Density(inks[0].darkness)
        return film.count_dots(density) if job.birth else len(film.stippling.points)
    if job.points is not None:
        return job.points
    placement, look = _lay_out(job, inks, 0.0)
    area = placement.scale**2 * sum(float(ink.darkness.sum()) for ink in inks)
    count = count_strokes(area, look.pen_width)
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


def _solve_together(job: ImageJob, shares: Sequence[tuple[InkDensity, int]]) -> Solved:
    """Stipple all inks at once, so that their dots avoid each other."""
    from stipple.stippling.joint import stipple_inks  # one ink needs none of it

    solving = job.solving
    count = sum(share for _, share in shares)
    borders = np.cumsum([share for _, share in shares])[:-1]
    steps: list[list[Floats]] = [[] for _ in shares]
    label = f"{count_things(count, 'dot')} of {count_things(len(shares), 'ink')}"
    with Progress(label, solving.iterations, quiet=job.quiet, verbose=job.verbose) as progress:

        def watch(step: Step) -> None:
            progress.show(step)
            if job.animate:
                for kept, points in zip(steps, np.split(step.points, borders), strict=True):
                    kept.append(points)

        found = stipple_inks(
            [density for density, _ in shares],
            count,
            balance=job.inks.balance,
            method=solving.method,
            iterations=solving.iterations,
            tolerance=solving.tolerance,
            start=cast(Start, solving.start),
            seed=solving.seed,
            engine=solving.engine,
            threads=solving.threads,
            on_step=watch,
            strays=solving.strays,
            spacing=solving.spacing,
        )
    if found.union.strays and job.animate:
        for kept, one in zip(steps, found.stipplings, strict=True):
            kept.append(one.points)
    return Solved(found.inked, steps, found.union)


def _solve_alone(
    job: ImageJob, shares: Sequence[tuple[InkDensity, int]], before: Film | None
) -> Solved:
    """Stipple each ink as if there was no other."""
    jobs = [job] * len(shares)
    if len(shares) > 1 and job.inks.blend == "multiply" and shares[-1][0].ink.name == "black":
        jobs = [replace(job, solving=one) for one in part_ways(job.solving, len(shares))]
    found = [_solve(one, *share, before) for one, share in zip(jobs, shares, strict=True)]
    inked, steps, films = zip(*found, strict=True)
    union = None
    if len(inked) > 1:
        from stipple.stippling.joint import measure_union

        union = measure_union([ink for ink, _ in shares], [one.stippling for one in inked])
    return Solved(inked, steps, union, films[0])


def _solve(
    job: ImageJob, density: InkDensity, count: int, before: Film | None
) -> tuple[InkedStippling, list[Floats], Film | None]:
    """Stipple an ink with its share of the points; keep every step for an animation."""
    ink = replace(density.ink, colour=job.layout.ink or density.ink.colour)
    solving = job.solving
    steps: list[Floats] = []
    label = count_things(count, f"{ink.name} dot")
    with Progress(label, solving.iterations, quiet=job.quiet, verbose=job.verbose) as progress:

        def watch(step: Step) -> None:
            progress.show(step)
            if job.animate:
                steps.append(step.points)

        film = before and (
            follow_frame(
                before,
                Density(density.darkness),
                birth=job.birth,
                seed=solving.seed,
                engine=solving.engine,
                threads=solving.threads,
                on_step=watch,
                strays=solving.strays,
                spacing=solving.spacing,
            )
        )
        stippling = film.stippling if film else _stipple(solving, density, count, watch)
    if stippling.strays and job.animate:
        steps.append(stippling.points)
    return InkedStippling(ink, stippling), steps, film


def _stipple(
    solving: Solving, density: InkDensity, count: int, watch: Callable[[Step], None]
) -> Stippling:
    return stipple(
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
        strays=solving.strays,
        size_variation=solving.size_variation,
        spacing=solving.spacing,
        bleed=solving.bleed,
        periodic=solving.periodic,
    )


def _finish(job: ImageJob, inked: InkedStippling, placement: Placement) -> InkedStippling:
    """Give dots the radius that is asked for, if one is."""
    if job.layout.radius is None:
        return inked
    radii = np.full(len(inked.stippling.points), job.layout.radius / placement.scale)
    return replace(inked, stippling=replace(inked.stippling, radii=radii))
