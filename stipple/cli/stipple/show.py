"""What `stipple stipple` found: lines for a person, the report, and files."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from stipple.arrays import Floats
from stipple.cli.shared.digits import format_interval
from stipple.cli.shared.drawings import render_drawing
from stipple.cli.shared.report import describe_command
from stipple.cli.stipple.figures import ImageFigures, InkFigures
from stipple.cli.stipple.plan import ImageJob
from stipple.drawing.gif import render_gif
from stipple.drawing.look import Look
from stipple.drawing.page import Placement
from stipple.files.tables import render_json, render_points_csv
from stipple.stippling.compose import compose_drawing, compose_frames
from stipple.stippling.pens import InkedStippling

ANIMATION_PIXELS = 800
SECONDS_PER_FRAME = 0.12


@dataclass(frozen=True, eq=False)
class Picture:
    """What is drawn of an image.

    Attributes
    ----------
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
    """

    inked: Sequence[InkedStippling]
    solved: Sequence[InkedStippling]
    frames: Sequence[Sequence[Floats]]
    placement: Placement
    look: Look


def list_rows(job: ImageJob, figures: ImageFigures) -> list[tuple[str, str]]:
    """Lines for a person."""
    rows = []
    for ink in figures.inks:
        rows += [
            (
                f"{ink.ink} points",
                f"{ink.points:,} after {ink.iterations} steps, {ink.diagrams} diagrams",
            ),
            (
                "W2²",
                f"{ink.w2_squared:.8g} px², certified within"
                f" {format_interval(ink.w2_squared_lower, ink.w2_squared_upper)}",
            ),
            (
                "quality",
                f"{ink.quality:.5f} = N·W2²/A"
                f" (lower is better; hexagons tend to {figures.quality_hexagonal:.5f}, no bound)",
            ),
            ("settled", _tell_end(ink, job.solving.bleed)),
            ("mass error", f"{ink.mass_error:.1e}"),
            ("dot radius", _tell_radius(ink)),
            ("coverage", f"{ink.coverage:.2%} of the picture, {ink.darkness:.2%} wanted"),
        ]
        if ink.strays:
            rows.append(("on white", f"{_count_strays(ink)}, each moved to the ink of its cell"))
        if ink.travel_mm is not None:
            rows.append(("pen travel", f"{ink.travel_mm / 1000:.3f} m"))
        if not ink.converged:
            rows.append(("warning", "the last transport solve did not reach its tolerance"))
    variation = job.solving.size_variation
    if variation:
        rows.append(
            ("sizes", f"W2² and quality are to darkness^{1 - variation:.4g}, which points quantise")
        )
    rows.append(("seed", str(job.solving.seed)))
    rows.append(("seconds", f"{sum(figures.seconds.values()):.2f}"))
    rows += [("written", path) for path in job.targets if path != "-"]
    return rows


def _tell_end(ink: InkFigures, bleed: bool) -> str:
    """Tell whether the points are a minimum of W2², as far as that is known."""
    if bleed:
        return "no: the points were cropped from a picture with a mirrored margin"
    if ink.iterations == 0:
        return "no: the points did not move"
    if not (ink.settled or ink.saddle):
        return "no: more steps would lower W2² a little"
    before = f", before {_count_strays(ink)} left white" if ink.strays else ""
    if ink.settled:
        return f"yes, and small perturbations do not lower W2²{before}"
    return f"critical, not stable: a small perturbation lowers W2²{before}"


def _count_strays(ink: InkFigures) -> str:
    return f"{ink.strays:,} dot{'s' * (ink.strays != 1)}"


def _tell_radius(ink: InkFigures) -> str:
    ends = [f"{end:.4g}" for end in (ink.smallest_radius_mm, ink.largest_radius_mm)]
    return f"{' to '.join(dict.fromkeys(ends))} mm"


def describe_image(job: ImageJob, figures: ImageFigures) -> dict[str, Any]:
    """Describe the figures of an image, and the command, for the report."""
    described = asdict(figures)
    del described["versions"]  # they stand at the end, as in every report
    return {**described, **describe_command("stipple", job.recorded)}


def render_files(job: ImageJob, picture: Picture, figures: ImageFigures) -> list[tuple[str, bytes]]:
    """Render every output and the animation: paths and contents."""
    drawing = compose_drawing(picture.inked, picture.placement, picture.look)
    files = []
    for output in job.outputs:
        if output.format == "csv":
            data = _render_csv(picture.inked)
        elif output.format == "json":
            data = _render_json(job, picture.inked, figures)
        else:
            data = render_drawing(drawing, output.format, job.layout.dpi)
        files.append((output.path, data))
    if job.animate:
        files.append((job.animate, _render_animation(picture)))
    return files


def _render_csv(inked: Sequence[InkedStippling]) -> bytes:
    points = np.concatenate([one.stippling.points for one in inked])
    masses = np.concatenate([one.stippling.weights for one in inked])
    radii = np.concatenate([one.stippling.radii for one in inked])
    names = [one.ink.name for one in inked for _ in one.stippling.points]
    return render_points_csv(points, masses, radii, names if len(inked) > 1 else None)


def _render_json(job: ImageJob, inked: Sequence[InkedStippling], figures: ImageFigures) -> bytes:
    report = describe_image(job, figures)
    for ink, one in zip(report["inks"], inked, strict=True):
        drawn = one.stippling
        ink |= {"positions": drawn.points, "masses": drawn.weights, "radii": drawn.radii}
    return render_json(report)


def _render_animation(picture: Picture) -> bytes:
    placement = picture.placement
    frames = compose_frames(picture.solved, picture.frames, placement, picture.look)
    dpi = 25.4 * ANIMATION_PIXELS / max(placement.width, placement.height)
    return render_gif(frames, dpi, SECONDS_PER_FRAME)
