"""One image for `stipple stipple`: reading, solving, writing, telling."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from stipple.choices import Blend, Start
from stipple.cli.shared.digits import format_interval
from stipple.cli.shared.drawings import DRAWING_FORMATS, lay_out, plan_layout, render_drawing
from stipple.cli.shared.images import plan_reading, read_image
from stipple.cli.shared.memory import announce_memory
from stipple.cli.shared.outputs import Output, write_output
from stipple.cli.shared.progress import Progress
from stipple.cli.shared.report import describe_command, record_options

if TYPE_CHECKING:
    from stipple.arrays import Floats
    from stipple.drawing.look import Look
    from stipple.drawing.marks import Drawing
    from stipple.drawing.page import Placement
    from stipple.measures.inks import InkDensity
    from stipple.stippling.pens import InkedStippling
    from stipple.transport.quantisation import Step

FORMATS = (*DRAWING_FORMATS, "csv", "json")
SOLVER = ("method", "iterations", "tolerance", "seed", "engine", "threads")
BLENDS: dict[str, Blend] = {"mono": "normal", "cmyk": "multiply", "rgb": "screen"}
ANIMATION_PIXELS = 800
SECONDS_PER_FRAME = 0.12


@dataclass(frozen=True, eq=False)
class ImageJob:
    """An image, and what was asked for, once it makes sense; `options` have its own paths."""

    image: str
    outputs: tuple[Output, ...]
    start: "Start | Floats"
    points: int
    options: dict[str, Any]

    @property
    def targets(self) -> list[str]:
        """Every path that will be written."""
        others = [self.options[name] for name in ("animate", "report") if self.options[name]]
        return [*(output.path for output in self.outputs), *others]


def run_image(job: ImageJob, *, quiet: bool) -> dict[str, Any]:
    """Read, solve and write; return the report."""
    from stipple.files.tables import render_json
    from stipple.machine.memory import predict_stippling
    from stipple.measures.inks import share_points
    from stipple.stippling.pens import order_for_pen

    options = job.options
    began = time.perf_counter()
    inks = _read(options)
    read = time.perf_counter()
    most = max(count for _, count in share_points(inks, job.points))
    demand = predict_stippling(most, inks[0].darkness.size, len(inks))
    announce_memory(demand, quiet=quiet)
    placement, look = _lay_out(options, job, inks[0].darkness.shape)
    inked, frames = _solve(options, job, inks, quiet=quiet)
    solved = time.perf_counter()
    closed = "tour" in look.draw
    inked = [order_for_pen(one, options["order"], closed=closed) for one in inked]
    ordered = time.perf_counter()
    report = _describe(options, inked, placement)
    report["seconds"] |= {"read": read - began, "order": ordered - solved}
    report |= describe_command("stipple", record_options(options))
    _write(options, job, inked, frames, placement, look, report)
    report["seconds"]["write"] = time.perf_counter() - ordered
    if options["report"]:
        write_output(options["report"], render_json(report))
    return report


def list_rows(job: ImageJob, report: dict[str, Any]) -> list[tuple[str, str]]:
    """Lines for a person."""
    rows = []
    for ink in report["inks"]:
        rows += [
            (
                f"{ink['ink']} points",
                f"{ink['points']:,} after {ink['iterations']} steps, {ink['diagrams']} diagrams",
            ),
            (
                "W2²",
                f"{ink['w2_squared']:.8g} px², certified within"
                f" {format_interval(ink['w2_squared_lower'], ink['w2_squared_upper'])}",
            ),
            (
                "quality",
                f"{ink['quality']:.5f} = N·W2²/A"
                f" (lower is better; hexagons tend to {report['quality_hexagonal']:.5f}, no bound)",
            ),
            ("settled", _tell_end(ink)),
            ("mass error", f"{ink['mass_error']:.1e}"),
            ("dot radius", f"{ink['radius_mm']:.4g} mm"),
        ]
        if ink["travel_mm"] is not None:
            rows.append(("pen travel", f"{ink['travel_mm'] / 1000:.3f} m"))
        if not ink["converged"]:
            rows.append(("warning", "the last transport solve did not reach its tolerance"))
    rows.append(("seed", str(report["seed"])))
    rows.append(("seconds", f"{sum(report['seconds'].values()):.2f}"))
    rows += [("written", path) for path in job.targets if path != "-"]
    return rows


def _tell_end(ink: dict[str, Any]) -> str:
    """Tell whether the points are a minimum of W2², as far as that is known."""
    if ink["settled"]:
        return "yes, and small perturbations do not lower W2²"
    if ink["saddle"]:
        return "critical, not stable: a small perturbation lowers W2²"
    if ink["iterations"] == 0:
        return "no: the points did not move"
    return "no: more steps would lower W2² a little"


def _read(options: dict[str, Any]) -> "list[InkDensity]":
    """Read the image and separate its inks."""
    from stipple.measures.inks import separate_inks

    reading = plan_reading(options)
    return separate_inks(read_image(options["image"], reading), reading.tone, options["color"])


def _lay_out(
    options: dict[str, Any], job: ImageJob, shape: tuple[int, int]
) -> "tuple[Placement, Look]":
    """Place the picture on the page; refuse a PNG that would be too large."""
    placement, look = lay_out(
        plan_layout(options), shape, options["draw"], BLENDS[options["color"]]
    )
    if any(output.format == "png" for output in job.outputs):
        from stipple.drawing.raster import measure_pixels

        measure_pixels(placement.width, placement.height, options["dpi"])
    return placement, look


def _solve(
    options: dict[str, Any], job: ImageJob, inks: "list[InkDensity]", *, quiet: bool
) -> "tuple[list[InkedStippling], list[list[Floats]]]":
    """Stipple each ink with its share of the points; keep every step for an animation."""
    from stipple.measures.inks import Ink, share_points
    from stipple.stippling.pens import InkedStippling
    from stipple.stippling.stippling import stipple

    inked, frames = [], []
    for one, count in share_points(inks, job.points):
        ink = Ink(one.ink.name, options["ink"] or one.ink.colour)
        steps: list[Floats] = []
        with Progress(
            f"{count:,} {ink.name} points",
            options["iterations"],
            quiet=quiet,
            verbose=options["verbose"],
        ) as progress:

            def watch(
                step: "Step", progress: Progress = progress, steps: "list[Floats]" = steps
            ) -> None:
                progress.show(step)
                if options["animate"]:
                    steps.append(step.points)

            settings = {name: options[name] for name in SOLVER}
            stippling = stipple(one.darkness, count, start=job.start, on_step=watch, **settings)
        inked.append(InkedStippling(ink, stippling))
        frames.append(steps)
    return inked, frames


def _write(
    options: dict[str, Any],
    job: ImageJob,
    inked: "Sequence[InkedStippling]",
    frames: "Sequence[Sequence[Floats]]",
    placement: "Placement",
    look: "Look",
    report: dict[str, Any],
) -> None:
    """Render everything, then write it: what cannot be rendered leaves all files as they were."""
    from stipple.stippling.compose import compose_drawing, compose_frames

    drawing = compose_drawing(inked, placement, look)
    files = [
        (output.path, _render(output.format, drawing, options["dpi"], inked, report))
        for output in job.outputs
    ]
    if options["animate"]:
        from stipple.drawing.raster import render_gif

        dpi = 25.4 * ANIMATION_PIXELS / max(placement.width, placement.height)
        moving = compose_frames(inked, frames, placement, look)
        files.append((options["animate"], render_gif(moving, dpi, SECONDS_PER_FRAME)))
    for path, data in files:
        write_output(path, data)


def _render(
    form: str,
    drawing: "Drawing",
    dpi: float,
    inked: "Sequence[InkedStippling]",
    report: dict[str, Any],
) -> bytes:
    import numpy as np

    if form in DRAWING_FORMATS:
        return render_drawing(drawing, form, dpi)
    from stipple.files.tables import render_json, render_points_csv

    if form == "csv":
        points = np.concatenate([one.stippling.points for one in inked])
        masses = np.concatenate([one.stippling.weights for one in inked])
        names = [one.ink.name for one in inked for _ in one.stippling.points]
        return render_points_csv(points, masses, names if len(inked) > 1 else None)
    inks = [
        {**figures, "positions": one.stippling.points, "masses": one.stippling.weights}
        for figures, one in zip(report["inks"], inked, strict=True)
    ]
    return render_json({**report, "inks": inks})


def _describe(
    options: dict[str, Any], inked: "Sequence[InkedStippling]", placement: "Placement"
) -> dict[str, Any]:
    """Collect the figures of the report; over several inks, means weighted by points."""
    from fractions import Fraction

    from stipple.machine.rounding import round_down, round_up

    inks: list[dict[str, Any]] = []
    for one in inked:
        result = one.stippling
        radius = placement.scale * result.radius if options["radius"] is None else options["radius"]
        inks.append(
            {
                "ink": one.ink.name,
                "colour": one.ink.colour,
                "points": len(result.points),
                "w2_squared": result.w2_squared,
                "w2_squared_lower": result.w2_squared_lower,
                "w2_squared_upper": result.w2_squared_upper,
                "quality": result.quality,
                "mass_error": result.mass_error,
                "converged": result.converged,
                "settled": result.settled,
                "saddle": result.saddle,
                "iterations": result.iterations,
                "diagrams": result.diagrams,
                "newton_iterations": result.newton_iterations,
                "radius_mm": radius,
                "travel_mm": None if one.travel is None else placement.scale * one.travel,
            }
        )
    total: int = sum(ink["points"] for ink in inks)

    def average(name: str) -> Fraction:
        whole: Fraction = sum((ink["points"] * Fraction(ink[name]) for ink in inks), Fraction())
        return whole / total

    first = inked[0].stippling
    return {
        "points": total,
        "w2_squared": float(average("w2_squared")),
        "w2_squared_lower": round_down(average("w2_squared_lower")),
        "w2_squared_upper": round_up(average("w2_squared_upper")),
        "quality": float(average("quality")),
        "quality_hexagonal": first.quality_hexagonal,
        "mass_error": max(ink["mass_error"] for ink in inks),
        "iterations": max(ink["iterations"] for ink in inks),
        "diagrams": sum(ink["diagrams"] for ink in inks),
        "engine": first.engine,
        "page_mm": [placement.width, placement.height],
        "millimetres_per_pixel": placement.scale,
        "inks": inks,
        "seconds": {
            stage: sum(one.stippling.seconds[stage] for one in inked) for stage in first.seconds
        },
    }
