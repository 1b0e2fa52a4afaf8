"""`stipple lloyd`: uniform quantisation followed step by step, with the theory checked."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import click

from stipple.choices import Method
from stipple.cli.lloyd.show import INEQUALITIES, describe_theorem, summarise
from stipple.cli.shared.domains import domain_options, plan_formula_domain, read_domain
from stipple.cli.shared.drawings import render_drawing
from stipple.cli.shared.images import plan_reading
from stipple.cli.shared.memory import announce_memory
from stipple.cli.shared.options import report_options, solver_options, tone_options
from stipple.cli.shared.outputs import check_targets, plan_outputs, write_output
from stipple.cli.shared.progress import Progress, print_table
from stipple.cli.shared.report import describe_command, record_options
from stipple.cli.shared.types import COUNTS, NUMBERS, STEPS, FiniteRange

if TYPE_CHECKING:
    from stipple.drawing.marks import Drawing
    from stipple.lloyd_steps.experiment import Experiment, ExperimentRow, Slope
    from stipple.lloyd_steps.presets import Preset

STARTS = ("uniform", "grid", "koch", "line", "bisection")
PAGE_WIDTH = 120.0
PEN_WIDTH = 0.3
FRAME_DPI = 200.0
ANIMATION_DPI = 100.0
PLOT_DPI = 150.0
SECONDS_PER_FRAME = 0.12
# A step that no run reaches: the last row counts.
LAST = 10**9
# Points nearer to their barycentres than this part of the domain's diameter are critical.
CRITICAL = 1e-7
SUFFIXES = {"plot": (".svg", ".png"), "frames": (".svg", ".png"), "animate": (".gif",)}
# Options that change a preset where they are given, and the fields that they change.
PRESET_FIELDS = {
    "points": "counts",
    "steps": "steps",
    "repeats": "repeats",
    "jitter": "perturbation",
    "step_sizes": "step_sizes",
    "method": "method",
}

EXAMPLES = """\
\b
Examples:
  stipple lloyd --list-presets
  stipple lloyd --preset koch --plot koch.svg -o koch.csv
  stipple lloyd uniform -n 100 --start uniform --steps 20 --frames 'step-{step:03d}.svg'
  stipple lloyd gaussian:0.5,0.2 -n 400,1600 --start grid --steps 1 --repeat 1
  stipple lloyd '0.3*gaussian:0.2,0.1+0.7*gaussian:0.7/0.6,0.2' -n 500 --steps 50 --animate out.gif
  stipple lloyd photo.png -n 1000 --step-size 0.5 --steps theorem --report photo.json
"""


@click.command(
    "lloyd",
    context_settings={"show_default": True},
    short_help="Follow uniform quantisation step by step and check the theory.",
    epilog=EXAMPLES,
)
@click.argument("source", required=False, type=click.Path(allow_dash=True))
@click.option("--preset", metavar="NAME", help="Run a published experiment (then no SOURCE).")
@click.option("--list-presets", is_flag=True, help="Name the presets and what they show.")
@domain_options
@click.option(
    "-n", "--points", type=COUNTS, metavar="N[,N...]", default="1000", help="Numbers of points."
)
@click.option(
    "--start",
    default="bisection",
    metavar="|".join((*STARTS, "PATH.csv")),
    help="Where points begin; a file in pixels for an image, else in units of the domain.",
)
@click.option(
    "--steps",
    type=STEPS,
    metavar="K|theorem",
    default="20",
    help="Number of steps; theorem: as many as the multi-step theorem says.",
)
@click.option(
    "--step-size",
    "step_sizes",
    type=NUMBERS,
    metavar="TAU[,TAU...]",
    default="1",
    help="Part of the way to the barycentres, in (0, 2); 1 is Lloyd. The last one is kept.",
)
@click.option(
    "--method", type=click.Choice(get_args(Method)), default="lloyd", help="How points move."
)
@click.option(
    "--repeat",
    "repeats",
    type=click.IntRange(min=1),
    metavar="R",
    default=1,
    show_default="1, or as published",
    help="Runs for each number of points, each with a start of its own.",
)
@click.option(
    "--seed", type=click.IntRange(min=0), metavar="S", default=0, help="Seed of random starts."
)
@click.option(
    "--jitter",
    type=FiniteRange(0, 1e6),
    metavar="D",
    default=0.0,
    help="Move each start point at random by up to D in x and y (units of the domain).",
)
@solver_options
@tone_options
@click.option(
    "-o",
    "--output",
    "outputs",
    multiple=True,
    type=click.Path(allow_dash=True),
    help="Write the trace, one row a step, as .csv; - is standard output.",
)
@click.option(
    "--plot", type=click.Path(dir_okay=False), help="Log-log plot of W2² against N, .svg or .png."
)
@click.option(
    "--frames",
    metavar="PATTERN",
    help="Draw points, cells and arrows at chosen steps, as in step-{step:03d}.svg (or .png);"
    " {points} and {repeat} are filled in too.",
)
@click.option(
    "--frame-steps",
    type=COUNTS,
    metavar="K[,K...]",
    show_default="first and last, or as published",
    help="Steps to draw.",
)
@click.option(
    "--animate", type=click.Path(dir_okay=False), help="Write the moving points as a .gif file."
)
@report_options
@click.pass_context
def command(context: click.Context, /, **options: Any) -> None:
    """Follow Lloyd's algorithm for uniform quantisation, step by step, and check the theory.

    SOURCE is an image, a .npy or text matrix, or a formula: uniform, gaussian:MEAN,SIGMA (one
    number each, or X/Y), and sums such as 0.3*gaussian:0.2,0.1+0.7*uniform. An image is scaled so
    that its longer side is 1; y points down.

    Each row of the trace has W2² with its certified interval, the gradient, the distances between
    points, and both sides of the one-step theorem and of the modified Polyak-Lojasiewicz
    inequality (Merigot, Santambrogio, Sarrazin, NeurIPS 2021), each rounded to the side that
    speaks against it. Where the constant is so large that an inequality holds for any points of
    the domain, a column says that it is vacuous.
    """
    if options["list_presets"]:
        _list_presets()
        return
    preset, experiment = _plan(context, options)
    from stipple.files.tables import render_json, render_table_csv

    if options["plot"] and len(experiment.counts) < 2:
        raise click.UsageError("--plot needs at least two numbers of points, as in -n 400,1600.")
    run = _run(options, experiment, _choose_frames(options, preset))
    report = {
        **describe_command("lloyd", record_options(options)),
        **run.report,
        "trace": run.figures,
    }
    files = [(path, render_table_csv(run.figures)) for path in options["outputs"]]
    if options["plot"] and run.slope is not None:
        files.append((options["plot"], _render_plot(options, preset, run.slope)))
    files += run.pictures.items()
    if options["report"]:
        files.append((options["report"], render_json(report)))
    for path, data in files:
        write_output(path, data)
    if not options["quiet"]:
        rows = summarise(preset, run.figures, run.report)
        rows.append(("seed", str(options["seed"])))
        print_table([*rows, *(("written", path) for path, _ in files if path != "-")])


def _list_presets() -> None:
    from stipple.lloyd_steps.presets import list_presets

    for preset in list_presets().values():
        click.echo(f"{preset.name:22} {preset.title}; published: {preset.published}")


@dataclass(frozen=True, eq=False)
class _Run:
    """What a run gave: figures of every row, pictures by path, and the summary for the report."""

    figures: list[dict[str, Any]]
    pictures: dict[str, bytes]
    report: dict[str, Any]
    slope: "Slope | None"


def _plan(context: click.Context, options: dict[str, Any]) -> "tuple[Preset | None, Experiment]":
    """Refuse what cannot end well, and say what is to be run."""
    given = {
        name
        for name in options
        if context.get_parameter_source(name) is not click.core.ParameterSource.DEFAULT
    }
    _check_steps(options, given)
    _check_outputs(options)
    if not options["preset"]:
        if not options["source"]:
            raise click.UsageError("Give a SOURCE, or --preset NAME (--list-presets names them).")
        return None, _define_experiment(options, "points" in given)
    if options["source"]:
        raise click.UsageError("--preset brings its own density: leave SOURCE out.")
    from stipple.lloyd_steps.presets import list_presets

    presets = list_presets()
    if options["preset"] not in presets:
        known = ", ".join(presets)
        raise click.UsageError(f"Unknown preset {options['preset']!r}: known are {known}.")
    preset = presets[options["preset"]]
    changes = {field: options[name] for name, field in PRESET_FIELDS.items() if name in given}
    return preset, replace(preset.experiment, **changes)


def _check_steps(options: dict[str, Any], given: set[str]) -> None:
    for size in options["step_sizes"]:
        if not 0 < size < 2:
            raise click.UsageError(
                f"--step-size is {size:g}: outside of (0, 2) a step may increase W2²."
            )
    if "step_sizes" in given and options["method"] != "lloyd":
        raise click.UsageError("--step-size needs --method lloyd.")
    if min(options["points"]) < 1:
        raise click.UsageError("--points must be at least 1.")


def _check_outputs(options: dict[str, Any]) -> None:
    if options["outputs"]:
        form = "csv" if "-" in options["outputs"] else None
        plan_outputs("", options["outputs"], form, ("csv",))
    for name, suffixes in SUFFIXES.items():
        if options[name] and Path(options[name]).suffix.lower() not in suffixes:
            known = " or ".join(suffixes)
            raise click.UsageError(f"--{name} writes {known}, not {options[name]!r}.")
    if options["frames"]:
        try:
            options["frames"].format(step=0, points=0, repeat=0)
        except (LookupError, ValueError, TypeError):
            raise click.UsageError(
                f"--frames is {options['frames']!r}: it may have {{step}}, {{points}} and"
                " {repeat} in braces, nothing else."
            ) from None
    others = [options[name] for name in ("plot", "animate", "report") if options[name]]
    check_targets([*options["outputs"], *others], options["source"] or "-")


def _define_experiment(options: dict[str, Any], count_given: bool) -> "Experiment":
    from stipple.lloyd_steps.experiment import Experiment, make_start, start_at

    domain, in_pixels = read_domain(
        options["source"], plan_formula_domain(options), plan_reading(options)
    )
    counts = options["points"]
    if options["start"] in STARTS:
        place = make_start(options["start"])
    else:
        from stipple.files.tables import read_points_csv

        fixed = read_points_csv(options["start"])
        if count_given and counts != (len(fixed),):
            raise click.UsageError(
                f"--points is given, but the start has {len(fixed)}: leave --points out."
            )
        counts = (len(fixed),)
        place = start_at(domain.to_domain(fixed) if in_pixels else fixed)

    steps = options["steps"]
    return Experiment(
        domain=lambda _count: domain,
        start=place,
        counts=counts,
        steps=steps,
        repeats=options["repeats"],
        measured_step=LAST if steps is None else steps,
        method=options["method"],
        step_sizes=options["step_sizes"],
        perturbation=options["jitter"],
    )


def _choose_frames(options: dict[str, Any], preset: "Preset | None") -> set[int] | None:
    """Choose the steps to draw; None for the first and last of each run."""
    if options["frame_steps"]:
        return set(options["frame_steps"])
    return set(preset.pictures) if preset and preset.pictures else None


def _run(options: dict[str, Any], experiment: "Experiment", drawn: set[int] | None) -> _Run:
    """Run everything; draw the chosen steps of the first run for each number of points."""
    from stipple.lloyd_steps.experiment import fit_slope, run_experiment, tabulate
    from stipple.machine.memory import predict_stippling

    most = max(experiment.counts)
    pixels = experiment.domain(most).density.values.size
    announce_memory(predict_stippling(most, pixels), quiet=options["quiet"])
    figures: list[dict[str, Any]] = []
    pictures: dict[str, bytes] = {}
    moving: list[ExperimentRow] = []
    theorems: list[dict[str, Any]] = []
    runs = len(experiment.counts) * experiment.repeats
    length = experiment.steps or 1
    label = f"{runs} runs" if runs > 1 else f"{experiment.counts[0]:,} points"
    quiet, verbose = options["quiet"], options["verbose"]
    with Progress(label, runs * (length + 1), quiet=quiet, verbose=verbose) as progress:
        settings = {name: options[name] for name in ("seed", "engine", "threads")}
        for one in run_experiment(experiment, **settings):
            row = one.row
            figures.append(tabulate(one))
            if one.theorem is not None and row.step == 0:
                theorems.append(describe_theorem(one, one.theorem))
            progress.advance(
                len(figures),
                f"N {one.count}  step {row.step:3d}  W2² {row.w2_squared:.8g}"
                f"  gradient {row.gradient_norm:.2g}",
            )
            chosen = {0, experiment.steps} if drawn is None else drawn
            if options["frames"] and row.step in chosen:
                path = options["frames"].format(step=row.step, points=one.count, repeat=one.repeat)
                # A pattern without {repeat} or {points} keeps the first picture of its name.
                if path not in pictures:
                    pictures[path] = _render_frame(one, path)
            if options["animate"] and one.count == experiment.counts[0] and one.repeat == 0:
                moving.append(one)
    if moving:
        from stipple.drawing.gif import render_gif

        drawings = [_compose_frame(one) for one in moving]
        pictures[options["animate"]] = render_gif(drawings, ANIMATION_DPI, SECONDS_PER_FRAME)
    slope = fit_slope(figures, experiment.measured_step)
    domain = experiment.domain(experiment.counts[0])
    report = {
        "slope": None if slope is None else slope.slope,
        "slope_half_width": None if slope is None else slope.half_width,
        "fitted_points": () if slope is None else slope.counts,
        "fitted_w2_squared": () if slope is None else slope.w2_squared,
        "rasterisation_bound": domain.rasterisation,
        "inequalities_hold": all(
            row["one_step_holds"] and row["polyak_lojasiewicz_holds"] for row in figures
        ),
        **{
            f"{name}_vacuous_rows": sum(row[f"{name}_vacuous"] for row in figures)
            for name in INEQUALITIES
        },
        "multi_step_theorem": theorems,
        "largest_increase": max(-row["decrease"] for row in figures),
        "start_is_critical": all(
            row["gradient_norm"] * row["points"] ** 0.5 <= CRITICAL * domain.diameter
            for row in figures
            if row["step"] == 0
        ),
    }
    return _Run(figures, pictures, report, slope)


def _compose_frame(one: "ExperimentRow") -> "Drawing":
    from stipple.drawing.diagram import compose_diagram
    from stipple.drawing.page import place

    density = one.domain.density
    size = (PAGE_WIDTH, PAGE_WIDTH * density.height / density.width)
    placement = place((density.height, density.width), size, margin=PAGE_WIDTH / 40)
    transport = one.row.transport
    cells = transport.diagram.cells
    return compose_diagram(transport.points, transport.barycentres, cells, placement, PEN_WIDTH)


def _render_frame(one: "ExperimentRow", path: str) -> bytes:
    return render_drawing(_compose_frame(one), Path(path).suffix.lower().lstrip("."), FRAME_DPI)


def _render_plot(options: dict[str, Any], preset: "Preset | None", slope: "Slope") -> bytes:
    from stipple.drawing.plots import render_plot
    from stipple.lloyd_steps.experiment import plot_slope

    title = preset.title if preset else options["source"]
    panel = plot_slope(slope, title, preset.published if preset else "")
    form = Path(options["plot"]).suffix.lower().lstrip(".")
    return render_plot([panel], "number of points N", form, PLOT_DPI)
