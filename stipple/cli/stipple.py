"""`stipple stipple`: an image in, a stipple drawing out."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import click

from stipple.choices import LARGEST_COUNT, Blend, InkMode, Method, Order, Start
from stipple.cli.drawings import lay_out, render_drawing
from stipple.cli.images import read_image
from stipple.cli.options import drawing_options, report_options, solver_options, tone_options
from stipple.cli.outputs import Output, check_targets, plan_outputs, write_output
from stipple.cli.progress import Progress, print_table
from stipple.cli.report import describe_run
from stipple.cli.types import MARKS, FiniteRange

if TYPE_CHECKING:
    from stipple.arrays import Floats
    from stipple.composition import Look
    from stipple.drawing import Drawing
    from stipple.inked import InkedStippling
    from stipple.inks import InkDensity
    from stipple.page import Placement
    from stipple.solvers.quantisation import Step

SOLVER = ("method", "iterations", "tolerance", "seed", "engine", "threads")
FORMATS = ("svg", "png", "csv", "json")
BLENDS: dict[str, Blend] = {"mono": "normal", "cmyk": "multiply", "rgb": "screen"}
ANIMATION_PIXELS = 800
SECONDS_PER_FRAME = 0.12

EXAMPLES = """\
\b
Examples:
  stipple stipple photo.jpg
  stipple stipple photo.jpg -n 20000 -o photo.svg -o photo.png
  stipple stipple photo.jpg --page a4 --margin 15mm --dots stroke --order tsp -o plot.svg
  stipple stipple photo.jpg -n 3000 --order tsp --draw tour -o tour.svg
  stipple stipple photo.jpg -n 12000 --color cmyk -o inks.svg
  stipple stipple logo.png --alpha mask --animate logo.gif --report logo.json
  cat density.npy | stipple stipple - -n 1000 -o - --format csv
"""


@click.command(
    "stipple",
    context_settings={"show_default": True},
    short_help="Turn an image into a stipple drawing.",
    epilog=EXAMPLES,
)
@click.argument("image", type=click.Path(allow_dash=True, readable=False))  # reading tells why
@click.option(
    "-n",
    "--points",
    type=click.IntRange(1, LARGEST_COUNT),
    default=5000,
    metavar="N",
    help="Number of dots.",
)
@click.option(
    "-o",
    "--output",
    "outputs",
    multiple=True,
    type=click.Path(allow_dash=True),
    show_default="IMAGE's name with .svg, in this folder",
    help="File to write, by suffix .svg, .png, .csv or .json; - is standard output. Repeatable.",
)
@click.option("--format", "format_", type=click.Choice(FORMATS), help="Format of the output -.")
@click.option(
    "--method",
    type=click.Choice(get_args(Method)),
    default="lbfgs",
    help="How points move: quasi-Newton, over-relaxed Lloyd, or Lloyd.",
)
@click.option(
    "--iterations",
    type=click.IntRange(min=0),
    default=30,
    metavar="K",
    help="Most steps; 0 solves the transport of the start and moves nothing.",
)
@click.option(
    "--tolerance",
    type=FiniteRange(min=0),
    default=1e-5,
    metavar="T",
    help="Stop when a step lowers W2² by less than this part of it.",
)
@click.option(
    "--start",
    default="bisection",
    metavar="bisection|uniform|grid|PATH.csv",
    help="Where dots begin: equal-mass bisection, random, a grid, or columns x,y in pixels.",
)
@click.option(
    "--seed",
    type=click.IntRange(min=0),
    default=0,
    metavar="S",
    help="Seed of the random start.",
)
@solver_options
@tone_options
@click.option(
    "--color",
    type=click.Choice(get_args(InkMode)),
    default="mono",
    help="One black ink; cyan, magenta, yellow and black; or red, green and blue light.",
)
@drawing_options
@click.option(
    "--draw", type=MARKS, default="dots", help="Any of dots,cells,tour (tour: --order tsp)."
)
@click.option(
    "--order",
    type=click.Choice(get_args(Order)),
    default="none",
    help="Pen travel: as solved, nearest neighbour, or a short tour.",
)
@click.option("--dpi", type=FiniteRange(min=1), default=300, help="Resolution of PNG files.")
@click.option(
    "--animate", type=click.Path(dir_okay=False), help="Write the moving dots as a .gif file."
)
@report_options
@click.pass_context
def command(context: click.Context, /, **options: Any) -> None:
    """Turn IMAGE into a blue-noise stipple drawing by exact optimal transport.

    IMAGE is a picture (PNG, JPEG, WebP, TIFF, BMP, GIF, PGM, PPM), a NumPy .npy array or a text
    matrix of densities, or - for standard input. Every dot stands for the same amount of darkness;
    together they minimise the Wasserstein distance W2 to the image, and the figure printed comes
    with certified bounds.
    """
    from stipple.inked import order_for_pen
    from stipple.io.tables import render_json

    job = _plan(context, options)
    began = time.perf_counter()
    inks = _read(options)
    read = time.perf_counter()
    placement, look = _lay_out(options, job, inks[0].darkness.shape)
    inked, frames = _solve(options, job, inks)
    solved = time.perf_counter()
    closed = "tour" in look.draw
    inked = [order_for_pen(one, options["order"], closed=closed) for one in inked]
    ordered = time.perf_counter()
    report = _describe(options, inked, placement)
    report["seconds"] |= {"read": read - began, "order": ordered - solved}
    report |= describe_run(context, options)
    _write(options, job, inked, frames, placement, look, report)
    report["seconds"]["write"] = time.perf_counter() - ordered
    if options["report"]:
        write_output(options["report"], render_json(report))
    if not options["quiet"]:
        print_table(_summarise(options, job, report))


@dataclass(frozen=True)
class _Job:
    """What was asked for, once it makes sense."""

    outputs: tuple[Output, ...]
    start: "Start | Floats"
    points: int


def _plan(context: click.Context, options: dict[str, Any]) -> _Job:
    """Refuse what cannot end well, before any work is done."""
    if options["ink"] and options["color"] != "mono":
        raise click.UsageError("--ink needs --color mono: the other modes have their own inks.")
    if "tour" in options["draw"] and options["order"] != "tsp":
        raise click.UsageError("--draw tour needs --order tsp.")
    if options["landscape"] and options["page"] is None:
        raise click.UsageError("--landscape needs --page.")
    if options["pen_width"] <= 0:
        raise click.UsageError("--pen-width must be above zero.")
    if options["animate"] and Path(options["animate"]).suffix.lower() != ".gif":
        raise click.UsageError(f"--animate writes a .gif file, not {options['animate']!r}.")
    outputs = plan_outputs(options["image"], options["outputs"], options["format_"], FORMATS)
    others = [options[name] for name in ("animate", "report") if options[name]]
    check_targets([*(output.path for output in outputs), *others], options["image"])
    start, points = options["start"], options["points"]
    if start not in get_args(Start):
        from stipple.io.tables import read_points_csv

        if options["color"] != "mono":
            raise click.UsageError("--start PATH needs --color mono.")
        if not Path(start).exists():
            known = ", ".join(get_args(Start))
            raise click.UsageError(f"--start is {start!r}: give {known}, or an existing CSV file.")
        start = read_points_csv(start)
        given = context.get_parameter_source("points") is not click.core.ParameterSource.DEFAULT
        if given and points != len(start):
            raise click.UsageError(
                f"--points is {points}, but the start has {len(start)}: leave --points out."
            )
        points = len(start)
    return _Job(outputs, start, points)


def _read(options: dict[str, Any]) -> "list[InkDensity]":
    """Read the image and separate its inks."""
    from stipple.inks import separate_inks

    return separate_inks(*read_image(options["image"], options), options["color"])


def _lay_out(
    options: dict[str, Any], job: _Job, shape: tuple[int, int]
) -> "tuple[Placement, Look]":
    """Place the picture on the page; refuse a PNG that would be too large."""
    placement, look = lay_out(options, shape, options["draw"], BLENDS[options["color"]])
    if any(output.format == "png" for output in job.outputs):
        from stipple.io.raster import measure_pixels

        measure_pixels(placement.width, placement.height, options["dpi"])
    return placement, look


def _solve(
    options: dict[str, Any], job: _Job, inks: "list[InkDensity]"
) -> "tuple[list[InkedStippling], list[list[Floats]]]":
    """Stipple each ink with its share of the points; keep every step for an animation."""
    from stipple.inked import InkedStippling
    from stipple.inks import Ink, share_points
    from stipple.stippling import stipple

    inked, frames = [], []
    for one, count in share_points(inks, job.points):
        ink = Ink(one.ink.name, options["ink"] or one.ink.colour)
        steps: list[Floats] = []
        with Progress(
            f"{count:,} {ink.name} points",
            options["iterations"],
            quiet=options["quiet"],
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
    job: _Job,
    inked: "Sequence[InkedStippling]",
    frames: "Sequence[Sequence[Floats]]",
    placement: "Placement",
    look: "Look",
    report: dict[str, Any],
) -> None:
    """Render everything, then write it: what cannot be rendered leaves all files as they were."""
    from stipple.composition import compose_drawing, compose_frames

    drawing = compose_drawing(inked, placement, look)
    files = [
        (output.path, _render(output.format, drawing, options["dpi"], inked, report))
        for output in job.outputs
    ]
    if options["animate"]:
        from stipple.io.raster import render_gif

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

    if form in ("svg", "png"):
        return render_drawing(drawing, form, dpi)
    from stipple.io.tables import render_json, render_points_csv

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
                "iterations": result.iterations,
                "diagrams": result.diagrams,
                "newton_iterations": result.newton_iterations,
                "radius_mm": radius,
                "travel_mm": None if one.travel is None else placement.scale * one.travel,
            }
        )
    total = sum(ink["points"] for ink in inks)

    def average(name: str) -> float:
        return float(sum(ink["points"] * ink[name] for ink in inks) / total)

    first = inked[0].stippling
    return {
        "points": total,
        "w2_squared": average("w2_squared"),
        "w2_squared_lower": average("w2_squared_lower"),
        "w2_squared_upper": average("w2_squared_upper"),
        "quality": average("quality"),
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


def _summarise(options: dict[str, Any], job: _Job, report: dict[str, Any]) -> list[tuple[str, str]]:
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
                f" [{ink['w2_squared_lower']:.8g}, {ink['w2_squared_upper']:.8g}]",
            ),
            (
                "quality",
                f"{ink['quality']:.5f} = N·W2²/A"
                f" (hexagonal limit {report['quality_hexagonal']:.5f})",
            ),
            ("mass error", f"{ink['mass_error']:.1e}"),
            ("dot radius", f"{ink['radius_mm']:.4g} mm"),
        ]
        if ink["travel_mm"] is not None:
            rows.append(("pen travel", f"{ink['travel_mm'] / 1000:.3f} m"))
        if not ink["converged"]:
            rows.append(("warning", "the last transport solve did not reach its tolerance"))
    rows.append(("seed", str(report["seed"])))
    rows.append(("seconds", f"{sum(report['seconds'].values()):.2f}"))
    paths = [output.path for output in job.outputs]
    paths += [options[name] for name in ("animate", "report") if options[name]]
    rows += [("written", path) for path in paths if path != "-"]
    return rows
