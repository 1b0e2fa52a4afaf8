"""What `stipple stipple` found: lines for a person, the report, and files."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from stipple.arrays import Floats
from stipple.cli.shared.counting import count_things
from stipple.cli.shared.digits import format_interval
from stipple.cli.shared.drawings import name_source, render_drawing
from stipple.cli.shared.images import Original
from stipple.cli.shared.report import describe_command
from stipple.cli.stipple.figures import UNSOLVED, ImageFigures, InkFigures, UnionFigures
from stipple.cli.stipple.plan import ImageJob
from stipple.drawing.gif import render_gif
from stipple.drawing.html import Backdrop, Page, render_page
from stipple.drawing.look import Look
from stipple.drawing.marks import Drawing
from stipple.drawing.originals import show_source
from stipple.drawing.page import Placement
from stipple.drawing.plotting import DRAWING_SPEED, SECONDS_PER_LIFT, TRAVEL_SPEED, Plot
from stipple.files.tables import render_json, render_points_csv
from stipple.stippling.compose import compose_frames
from stipple.stippling.pens import InkedStippling

ANIMATION_PIXELS = 800
SECONDS_PER_FRAME = 0.12
# Least coverage of each word.
TONES = {"very dark": 0.75, "dark": 0.5, "medium": 0.25, "light": 0.1, "very light": 0.0}
TONE_TOLERANCE = 0.01


@dataclass(frozen=True, eq=False)
class Picture:
    """What is drawn of an image.

    Attributes
    ----------
    original : Original
        The image itself.
    inked : sequence of InkedStippling
        The inks, in the order in which they are drawn, with points in the order of the pen.
    solved : sequence of InkedStippling
        The same, with points in the order in which they were solved.
    frames : sequence of sequences of ndarray, shape (n, 2)
        For each ink its points at each step, in that order, in pixels, if there is an animation.
    placement : Placement
        Where the picture lies on the page.
    look : Look
        How its marks look.
    drawing : Drawing
        Its marks on the page.
    """

    original: Original
    inked: Sequence[InkedStippling]
    solved: Sequence[InkedStippling]
    frames: Sequence[Sequence[Floats]]
    placement: Placement
    look: Look
    drawing: Drawing


def list_rows(job: ImageJob, figures: ImageFigures) -> list[tuple[str, str]]:
    """Lines for a person: what was drawn, and with -v the mathematics."""
    rows = [row for ink in figures.inks for row in _list_ink(job, figures, ink)]
    if len(figures.inks) > 1:
        rows.append(("dots of all inks", f"{figures.points:,}"))
    rows += _list_page_rows(job, figures)
    if job.verbose:
        rows += _list_mathematics(job, figures)
    elif job.solving.texture == "blue":
        rows += [_tell_texture(ink) for ink in figures.inks]
    if not figures.converged:
        rows.append(("warning", UNSOLVED))
    if figures.advice:
        rows.append(("advice", figures.advice))
    rows.append(("seconds", f"{sum(figures.seconds.values()):.2f}"))
    rows += [("written", path) for path in job.targets if path != "-"]
    return rows


def _list_ink(job: ImageJob, figures: ImageFigures, ink: InkFigures) -> list[tuple[str, str]]:
    """Lines on the dots of an ink as they are drawn."""
    name = "dots" if len(figures.inks) == 1 else f"{ink.ink} dots"
    rows = [(name, f"{ink.points:,}")]
    if "dots" in job.draw:
        rows.append(("dot diameter", _tell_diameter(ink)))
    if ink.strays:
        rows.append(("on white", f"{_count_strays(ink)}, each moved to the ink of its cell"))
    if ink.travel_mm is not None:
        rows.append(("pen travel", f"{ink.travel_mm / 1000:.3f} m"))
    return rows


def _list_mathematics(job: ImageJob, figures: ImageFigures) -> list[tuple[str, str]]:
    """Lines on the transport: its cost, its certificate, how good the points are."""
    rows = [row for ink in figures.inks for row in _list_transport(job, figures, ink)]
    if figures.union is not None:
        rows += _list_union(figures.union)
    variation = job.solving.size_variation
    if variation:
        rows.append(
            ("sizes", f"W2² and quality are to darkness^{1 - variation:.4g}, which points quantise")
        )
    return [*rows, ("seed", str(job.solving.seed))]


def _list_transport(job: ImageJob, figures: ImageFigures, ink: InkFigures) -> list[tuple[str, str]]:
    factor = "N" if job.solving.masses is None else "1/Σν²"
    return [
        ("steps", f"{ink.iterations} for {ink.ink}, {count_things(ink.diagrams, 'diagram')}"),
        _tell_cost(ink, periodic=job.solving.periodic),
        (
            "quality",
            f"{ink.quality:.5f} = {factor}·W2²/A; lower is better"
            f" ({_compare_with_hexagons(ink.quality, figures.quality_hexagonal)})"
            if ink.converged
            else "not known",
        ),
        ("settled", _tell_end(job, figures, ink)),
        _tell_texture(ink),
        ("mass error", f"{ink.mass_error:.1e}"),
    ]


def _tell_texture(ink: InkFigures) -> tuple[str, str]:
    return (
        "texture",
        f"largest power of a wave {ink.largest_power:.1f} (white noise 1, a lattice N);"
        f" six neighbours: {ink.six_neighboured:.0%} of dots",
    )


def _tell_cost(figures: InkFigures | UnionFigures, *, periodic: bool = False) -> tuple[str, str]:
    torus = ", with distances to the nearest copy" if periodic else ""
    value = f"{figures.w2_squared:.8g} px²" if figures.converged else "not solved"
    interval = format_interval(figures.w2_squared_lower, figures.w2_squared_upper)
    return "W2²", f"{value}, certified within {interval}{torus}"


def _compare_with_hexagons(quality: float, hexagonal: float) -> str:
    """Say what hexagons have, and why a picture may have less."""
    limit = f"{hexagonal:.5f}, which hexagons have on flat tone"
    if quality >= hexagonal:
        return f"many dots tend to {limit}"
    return f"below {limit}: tone that varies within cells, and white in them, allow that"


def _list_union(union: UnionFigures) -> list[tuple[str, str]]:
    return [
        ("all inks", "their dots together, for the sum of the inks:"),
        _tell_cost(union),
        ("quality", f"{union.quality:.5f}"),
        ("mass error", f"{union.mass_error:.1e}"),
    ]


def _list_page_rows(job: ImageJob, figures: ImageFigures) -> list[tuple[str, str]]:
    """Lines on the drawing: its size, how dark it is, and how long a plotter takes."""
    sizes = [
        f"{width:.4g} × {height:.4g} mm" for width, height in (figures.picture_mm, figures.page_mm)
    ]
    rows = [("picture", f"{sizes[0]} on a page of {sizes[1]}")]
    if "dots" in job.draw:
        word = next(word for word, least in TONES.items() if figures.coverage >= least)
        covered = figures.coverage
        if len(figures.inks) > 1 and not _are_together(job, figures):
            covered = sum(ink.coverage for ink in figures.inks)
        counted = "" if covered == figures.coverage else f"{covered:.2%} counted ink by ink, "
        rows.append(
            (
                "coverage",
                f"{figures.coverage:.2%} of the picture, {word};"
                f" {counted}{figures.darkness:.2%} wanted",
            )
        )
        part = covered / figures.darkness
        if abs(part - 1) > TONE_TOLERANCE:
            wanted = round(figures.points / part)
            rows.append(
                (
                    "tone",
                    f"{part:.3g} times the picture's; {wanted:,} dots of this size are about right",
                )
            )
    if figures.plot is not None:
        rows.append(("plotting", tell_plot(figures.plot)))
    if job.layout.dots == "stroke" and job.layout.radius is None and "dots" in job.draw:
        width = 2 * max(ink.radius_mm for ink in figures.inks)
        rows.append(("pen", f"{width:.4g} mm, as the dots; --pen WIDTH takes one that you have"))
    return rows


def tell_plot(plot: Plot) -> str:
    """Tell how long a plotter takes, and why."""
    minutes = round(plot.seconds / 60)
    time = f"{plot.seconds:.0f} s" if minutes < 2 else f"{minutes // 60} h {minutes % 60} min"
    lifts = "pen lift" if plot.lifts == 1 else "pen lifts"
    return (
        f"about {time.removeprefix('0 h ')}: {plot.drawn_mm / 1000:.3g} m drawn at"
        f" {DRAWING_SPEED:g} mm/s, {plot.travel_mm / 1000:.3g} m of travel at"
        f" {TRAVEL_SPEED:g} mm/s, {plot.lifts:,} {lifts} of {SECONDS_PER_LIFT:g} s"
    )


def _are_together(job: ImageJob, figures: ImageFigures) -> bool:
    """Whether the dots of several inks were placed together."""
    return job.inks.overlap == "avoid" and len(figures.inks) > 1


def _tell_end(job: ImageJob, figures: ImageFigures, ink: InkFigures) -> str:
    """Tell whether the points are a minimum of what is minimised, as far as that is known."""
    cost = "the sum of W2² of each ink and of all" if _are_together(job, figures) else "W2²"
    moves = "perturbations" if job.solving.fixed is None else "moves of dots that are not fixed"
    if job.solving.bleed:
        return "no: the points were cropped from a picture with a mirrored margin"
    if not ink.converged:
        return "no: the transport is not solved"
    if ink.iterations == 0 and not ink.reached:
        return "no: the points did not move"
    if ink.settled:
        end = f"yes, and small {moves} do not lower {cost}"
    elif ink.reached:
        end = "no: stopped at the quality asked for"
        if job.inks.blend == "multiply" and job.solving.quality is None:
            end = "no: stopped where a lattice would form"
    elif ink.saddle:
        end = f"critical, not stable: a small perturbation lowers {cost}"
    else:
        return f"no: more steps would lower {cost} a little"
    return f"{end}, before {_count_strays(ink)} left white" if ink.strays else end


def _count_strays(ink: InkFigures) -> str:
    return f"{ink.strays:,} dot{'s' * (ink.strays != 1)}"


def _tell_diameter(ink: InkFigures) -> str:
    ends = [f"{2 * end:.4g}" for end in (ink.smallest_radius_mm, ink.largest_radius_mm)]
    return f"{' to '.join(dict.fromkeys(ends))} mm"


def describe_image(job: ImageJob, figures: ImageFigures) -> dict[str, Any]:
    """Describe the figures of an image, and the command, for the report."""
    described = figures.describe()
    del described["versions"]  # they stand at the end, as in every report
    return {**described, **describe_command("stipple", job.recorded)}


def render_files(job: ImageJob, picture: Picture, figures: ImageFigures) -> list[tuple[str, bytes]]:
    """Render every output and the animation: paths and contents."""
    files = []
    for output in job.outputs:
        if output.format == "csv":
            data = _render_csv(picture.inked)
        elif output.format == "json":
            data = _render_json(job, picture.inked, figures)
        elif output.format == "html":
            data = _render_page(job, picture, figures)
        else:
            data = render_drawing(picture.drawing, output.format, job.layout.dpi)
        files.append((output.path, data))
    if job.animate:
        files.append((job.animate, _render_animation(picture)))
    return files


def _render_csv(inked: Sequence[InkedStippling]) -> bytes:
    points = np.concatenate([one.stippling.points for one in inked])
    masses = np.concatenate([one.stippling.weights for one in inked])
    radii = np.concatenate([one.stippling.radii for one in inked])
    names = [one.ink.name for one in inked for _ in one.stippling.points]
    inks = names if len(inked) > 1 else None
    return render_points_csv(points, masses, radii, inks, ids=inked[0].stippling.ids)


def _render_json(job: ImageJob, inked: Sequence[InkedStippling], figures: ImageFigures) -> bytes:
    report = describe_image(job, figures)
    for ink, one in zip(report["inks"], inked, strict=True):
        drawn = one.stippling
        ink |= {"positions": drawn.points, "masses": drawn.weights, "radii": drawn.radii}
    return render_json(report)


def _render_page(job: ImageJob, picture: Picture, figures: ImageFigures) -> bytes:
    rows = [row for ink in figures.inks for row in _list_ink(job, figures, ink)]
    rows += [*_list_page_rows(job, figures), *_list_mathematics(job, figures)]
    original = Backdrop("original", show_source(picture.original.source), picture.placement)
    page = Page(name_source(job.image), picture.drawing, rows, backdrops=(original,))
    return render_page(page)


def _render_animation(picture: Picture) -> bytes:
    placement = picture.placement
    frames = compose_frames(picture.solved, picture.frames, placement, picture.look)
    dpi = 25.4 * ANIMATION_PIXELS / max(placement.width, placement.height)
    return render_gif(frames, dpi, SECONDS_PER_FRAME)
