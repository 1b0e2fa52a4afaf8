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
        The inks, in the order in which they are drawn.
    frames : sequence of sequences of ndarray, shape (n, 2)
        For each ink its points at each step, in pixels, if an animation is asked for.
    placement : Placement
        Where the picture lies on the page.
    look : Look
        How its marks look.
    """

    inked: Sequence[InkedStippling]
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
                f"{ink.quality:.5f} = {'N' if job.solving.masses is None else '1/Σν²'}·W2²/A"
                f" (lower is better; hexagons tend to {figures.quality_hexagonal:.5f}, no bound)",
            ),
            ("settled", _tell_end(ink)),
            (
                "texture",
                f"largest power of a wave {ink.largest_power:.1f} (white noise 1, a lattice N);"
                f" six neighbours: {ink.six_neighboured:.0%} of dots",
            ),
            ("mass error", f"{ink.mass_error:.1e}"),
            ("dot radius", f"{ink.radius_mm:.4g} mm"),
        ]
        if ink.travel_mm is not None:
            rows.append(("pen travel", f"{ink.travel_mm / 1000:.3f} m"))
        if not ink.converged:
            rows.append(("warning", "the last transport solve did not reach its tolerance"))
    rows.append(("seed", str(job.solving.seed)))
    rows.append(("seconds", f"{sum(figures.seconds.values()):.2f}"))
    rows += [("written", path) for path in job.targets if path != "-"]
    return rows


def _tell_end(ink: InkFigures) -> str:
    """Tell whether the points are a minimum of W2², as far as that is known."""
    if ink.settled:
        return "yes, and small perturbations do not lower W2²"
    if ink.reached:
        return "no: stopped at the quality asked for"
    if ink.saddle:
        return "critical, not stable: a small perturbation lowers W2²"
    if ink.iterations == 0:
        return "no: the points did not move"
    return "no: more steps would lower W2² a little"


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
    names = [one.ink.name for one in inked for _ in one.stippling.points]
    return render_points_csv(points, masses, names if len(inked) > 1 else None)


def _render_json(job: ImageJob, inked: Sequence[InkedStippling], figures: ImageFigures) -> bytes:
    report = describe_image(job, figures)
    for ink, one in zip(report["inks"], inked, strict=True):
        ink |= {"positions": one.stippling.points, "masses": one.stippling.weights}
    return render_json(report)


def _render_animation(picture: Picture) -> bytes:
    placement = picture.placement
    frames = compose_frames(picture.inked, picture.frames, placement, picture.look)
    dpi = 25.4 * ANIMATION_PIXELS / max(placement.width, placement.height)
    return render_gif(frames, dpi, SECONDS_PER_FRAME)
