"""`stipple lloyd` on an interval: planned, run and shown apart, for nothing is drawn there."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, get_args

import click

from stipple.choices import Start
from stipple.cli.shared.conflicts import PLOT, Rule, find_given, refuse_conflicts
from stipple.cli.shared.counting import count_things
from stipple.cli.shared.domains import is_formula
from stipple.cli.shared.outputs import plan_outputs, settle_files
from stipple.cli.shared.report import Recorded, describe_command, record_options

if TYPE_CHECKING:
    from stipple.lloyd_steps.line import LineFigures
    from stipple.lloyd_steps.slope import Slope
    from stipple.measures.line import LineDensity

# Some 300 bytes are kept for each point.
LARGEST = 1_000_000
# Options of the plane say nothing here; these do.
MEANT = frozenset(
    {"source", "box", "points", "start", "steps", "step_sizes", "repeats", "seed", "outputs"}
    | {"plot", "report", "quiet", "verbose", "dry_run", "force", "no_clobber", "log_file"}
)
RULES = (
    Rule(
        lambda options: bool(options["given"] - MEANT),
        lambda options: (
            f"--{min(options['given'] - MEANT).replace('_', '-')} is for the plane: with --box"
            " X0,X1, an interval, leave it out."
        ),
    ),
    Rule(
        lambda options: options["source"] is None or not is_formula(options["source"]),
        "--box X0,X1 is an interval: give a formula as SOURCE, such as gaussian:0.5,0.2.",
    ),
    Rule(
        lambda options: not isinstance(options["steps"], int),
        "--steps must be a number on an interval, where one step of Lloyd's algorithm is enough.",
    ),
    Rule(
        lambda options: not all(0 < size <= 1 for size in options["step_sizes"]),
        "--step-size must be above 0 and at most 1 on an interval.",
    ),
    Rule(
        lambda options: not all(1 <= count <= LARGEST for count in options["points"]),
        f"--points must be from 1 to {LARGEST:,} on an interval.",
    ),
    Rule(
        lambda options: options["start"] not in get_args(Start),
        f"--start must be one of {', '.join(get_args(Start))} on an interval.",
    ),
    PLOT,
    Rule(
        lambda options: bool(options["plot"]) and len(set(options["points"])) < 2,
        "--plot needs at least two numbers of points, as in -n 400,1600.",
    ),
)


@dataclass(frozen=True)
class LineJob:
    """What is run on an interval, and written.

    Attributes
    ----------
    density : LineDensity
        The density.
    counts : tuple of int
        Numbers of points.
    start : {"bisection", "uniform", "grid"}
        Where points begin.
    steps, repeats, seed : int
        As `run_on_line` takes them.
    step_sizes : tuple of float
        As `run_on_line` takes them.
    title : str
        What it is called in a plot.
    traces : tuple of str
        Paths of the trace.
    plot, report : str or None
        Paths of the plot and of the report.
    quiet : bool
        Whether nothing is printed.
    recorded : dict
        Every option, for the report.
    """

    density: "LineDensity"
    counts: tuple[int, ...]
    start: Start
    steps: int
    repeats: int
    seed: int
    step_sizes: tuple[float, ...]
    title: str
    traces: tuple[str, ...]
    plot: str | None
    report: str | None
    quiet: bool
    recorded: Recorded


@dataclass(frozen=True)
class LineFound:
    """The figures of every step of every run, and the slope of W2² over N, if there is one."""

    figures: "list[LineFigures]"
    slope: "Slope | None"

    @property
    def holds(self) -> bool:
        """Whether all inequalities hold on every row."""
        return all(row.holds for row in self.figures)


def is_on_line(options: Mapping[str, Any]) -> bool:
    """Tell whether the domain is an interval."""
    return options["box"] is not None and len(options["box"]) == 2


def plan_line(context: click.Context, options: Mapping[str, Any]) -> LineJob:
    """Say what is to be run on an interval.

    Raises
    ------
    click.UsageError
        For options that do not go together.
    StippleError
        For a formula or an interval without mass, and files that cannot be written.
    """
    from stipple.measures.formula import parse_density
    from stipple.measures.line import LineDensity

    refuse_conflicts({**options, "given": find_given(context)}, RULES)
    paths = options["outputs"]
    form = "csv" if "-" in paths else None
    outputs = plan_outputs("", paths, form, ("csv",)) if paths else ()
    traces = tuple(output.path for output in outputs)
    settle_files(options, [*traces, *filter(None, (options["plot"], options["report"]))])
    return LineJob(
        density=LineDensity(parse_density(options["source"]), *options["box"]),
        counts=options["points"],
        start=options["start"],
        steps=options["steps"],
        repeats=options["repeats"],
        seed=options["seed"],
        step_sizes=options["step_sizes"],
        title=options["source"],
        traces=traces,
        plot=options["plot"],
        report=options["report"],
        quiet=options["quiet"],
        recorded=record_options(options),
    )


def run_line(job: LineJob) -> LineFound:
    """Run everything."""
    from stipple.lloyd_steps.line import run_on_line
    from stipple.lloyd_steps.slope import fit_slope

    figures = list(
        run_on_line(
            job.density,
            job.counts,
            start=job.start,
            steps=job.steps,
            step_sizes=job.step_sizes,
            repeats=job.repeats,
            seed=job.seed,
        )
    )
    return LineFound(figures, fit_slope(figures, job.steps))


def render_line(found: LineFound, job: LineJob) -> list[tuple[str, bytes]]:
    """Render all files, by path."""
    from stipple.cli.lloyd.show import render_plot_of
    from stipple.files.tables import render_json, render_table_csv
    from stipple.lloyd_steps.figures import tabulate

    rows = [tabulate(row) for row in found.figures]
    files = [(path, render_table_csv(rows)) for path in job.traces]
    slope = found.slope
    if job.plot and slope is not None:
        files.append((job.plot, render_plot_of(slope, job.title, "", job.plot)))
    if job.report:
        described = {
            **describe_command("lloyd", job.recorded),
            "slope": None if slope is None else slope.slope,
            "slope_half_width": None if slope is None else slope.half_width,
            "inequalities_hold": found.holds,
            "trace": rows,
        }
        files.append((job.report, render_json(described)))
    return files


def list_line_rows(found: LineFound, job: LineJob) -> list[tuple[str, str]]:
    """List what a person reads at the end."""
    rows = []
    for count in dict.fromkeys(job.counts):
        mine = [row for row in found.figures if row.points == count and row.repeat == 0]
        first, last = mine[0].w2_squared, mine[-1].w2_squared
        rows.append(
            (
                count_things(count, "point"),
                f"W2² {first:.8g} at the start, {last:.8g} after"
                f" {count_things(job.steps, 'step')}; the least is {mine[0].one_step_left:.8g}",
            )
        )
    if found.slope is not None:
        told = f"{found.slope.slope:.4f} of ln W2² over ln N; the bound for a step falls as N^−1"
        rows.append(("slope", told))
    rows.append(("inequalities", "hold on every row" if found.holds else "FAIL, see the trace"))
    return rows
