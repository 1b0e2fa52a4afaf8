"""`stipple bound`: a certified interval for the Wasserstein distance between two images."""

from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import click

from stipple.choices import HIGHEST_ORDER, BoundMethod, DistanceUnit, PixelModel
from stipple.cli.shared.digits import format_interval, round_down, round_up
from stipple.cli.shared.options import batch_options, kernel_options, report_options, tone_options
from stipple.cli.shared.outputs import check_targets, plan_outputs, write_output
from stipple.cli.shared.progress import Progress, print_fallback, print_table
from stipple.cli.shared.report import describe_command, record_options
from stipple.cli.shared.types import FiniteRange
from stipple.errors import StippleError

if TYPE_CHECKING:
    from stipple.bounds.refine import LevelRecord

FORMATS = ("json", "csv")
COLUMNS = ("a", "b", "lower", "upper", "gap", "seconds")
PLOT_DPI = 150.0
PLOT_DIGITS = 6

EXAMPLES = """\
\b
Examples:
  stipple bound first.png second.png
  stipple bound first.npy second.npy -p 1 --gap 0.001
  stipple bound first.png second.png --unit side --plot moved.png -o interval.json
  stipple bound first.png second.png --method paper --block 4
  stipple bound first.png second.png --gap 0.0001 --time-limit 60 --strict
  stipple bound --all scans -o distances.csv --jobs 4
  stipple bound --pairs pairs.csv -p 1 -o distances.csv
"""


@click.command(
    "bound",
    context_settings={"show_default": True},
    short_help="Certify the Wasserstein distance between two images.",
    epilog=EXAMPLES,
)
@click.argument("images", nargs=-1, metavar="[A B]", type=click.Path(allow_dash=True))
@click.option(
    "--pairs",
    type=click.Path(dir_okay=False, allow_dash=True),
    metavar="FILE.csv",
    help="Take pairs from the columns a and b of a table instead.",
)
@click.option(
    "--all",
    "folder",
    type=click.Path(file_okay=False),
    metavar="DIR",
    help="Take every pair of images and .npy files in a folder instead.",
)
@click.option(
    "-p",
    "--order",
    type=FiniteRange(min=1, max=HIGHEST_ORDER),
    metavar="P",
    default=2.0,
    help="Order of the distance: costs are Euclidean distances to this power.",
)
@click.option(
    "--method",
    type=click.Choice(get_args(BoundMethod)),
    default="auto",
    help="Multiscale linear programmes (sparse), back-and-forth potentials with order 2 (fast), or"
    " the four published estimators (paper).",
)
@click.option(
    "--block",
    type=click.IntRange(min=1),
    metavar="S",
    default=4,
    help="Side of the blocks of --method paper, in pixels.",
)
@click.option(
    "--gap",
    type=FiniteRange(min=0),
    metavar="G",
    default=0.005,
    help="Refine until (upper - lower)/lower is at most this.",
)
@click.option(
    "--time-limit",
    type=FiniteRange(min=0),
    metavar="SECONDS",
    help="Stop after this time, within a tenth and a second; the interval is valid all the same. It"
    " counts from when the images have been read.",
)
@click.option("--strict", is_flag=True, help="Exit with 1 where the gap is not reached.")
@click.option(
    "--unit",
    type=click.Choice(get_args(DistanceUnit)),
    default="pixel",
    help="Unit of the distance: a pixel, or the longer side of the images.",
)
@click.option(
    "--pixels",
    type=click.Choice(get_args(PixelModel)),
    default="points",
    help="Whether the mass of a pixel is at its centre, or spread over its square.",
)
@kernel_options
@click.option(
    "--threads",
    type=click.IntRange(min=1),
    metavar="N",
    show_default="one per processor",
    help="Threads for a pair.",
)
@batch_options
@tone_options
@click.option(
    "-o",
    "--output",
    "outputs",
    multiple=True,
    type=click.Path(allow_dash=True),
    help="Write the interval as .json or .csv; of many pairs a .csv with a row each, to which a"
    " later run adds the rows that are missing, whose files have changed, or whose gap is too wide."
    " - is standard output. Repeatable.",
)
@click.option("--format", "format_", type=click.Choice(FORMATS), help="Format of output -.")
@click.option(
    "--plot",
    type=click.Path(dir_okay=False),
    help="Draw the images, where mass goes, and the interval by resolution, .svg or .png.",
)
@report_options
@click.pass_context
def command(context: click.Context, /, **options: Any) -> None:
    """Enclose the Wasserstein distance W_p between the images A and B, strictly.

    A and B are images (their darkness is mass; --invert takes lightness) or matrices (.npy, .csv)
    of masses, with the same number of pixels. Images with different sums are scaled to the same,
    exactly. The bounds hold for the numbers as they are, rounding of the arithmetic included; they
    do not depend on whether a solver did its work, nor on the engine.
    """
    if not options["scheduler"]:
        from stipple.bounds.keops_transforms import choose_engine

        order, method = options["order"], options["method"]
        choice = choose_engine(options["engine"], options["device"], order=order, method=method)
        print_fallback(choice, quiet=options["quiet"])
    if options["pairs"] or options["folder"]:
        from stipple.cli.bound.table import fill_table

        fill_table(context, options)
        return
    _bound_pair(options)


def _bound_pair(options: dict[str, Any]) -> None:
    if len(options["images"]) != 2:
        raise click.UsageError(
            f"Give two images, not {len(options['images'])}, or --pairs FILE.csv, or --all DIR."
        )
    if options["images"] == ("-", "-"):
        raise click.UsageError("Standard input (-) can be read once only.")
    if options["jobs"] != 1 or options["scheduler"]:
        raise click.UsageError(
            "--jobs and --scheduler are for many pairs: --pairs FILE.csv or --all DIR."
        )
    if options["plot"]:
        if Path(options["plot"]).suffix.lower() not in (".svg", ".png"):
            raise click.UsageError(f"--plot writes .svg or .png, not {options['plot']!r}.")
        if options["method"] == "paper":
            raise click.UsageError("--method paper leaves no plan to plot: leave --plot out.")
    paths, form = options["outputs"], options["format_"]
    outputs = plan_outputs("", paths, form, FORMATS) if paths or form else ()
    others = [options[name] for name in ("plot", "report") if options[name]]
    for image in options["images"]:
        check_targets([*(output.path for output in outputs), *others], image)
    from stipple.cli.bound.run import ADVICE, bound_files, describe_bounds, list_rows
    from stipple.files.tables import render_json, render_table_csv

    label = " and ".join(options["images"])
    with Progress(label, 0, quiet=options["quiet"], verbose=options["verbose"]) as progress:
        masses, result = bound_files(options["images"], options, _follow(progress))
    if options["plot"] and result.plan is None:
        raise StippleError("There was no time for a plan to plot: give more, or leave --plot out.")
    figures = describe_bounds(options["images"], result)
    files = []
    for output in outputs:
        row = {name: figures[name] for name in COLUMNS}
        data = render_json(figures) if output.format == "json" else render_table_csv([row])
        files.append((output.path, data))
    if options["plot"]:
        from stipple.bounds.plot import render_bounds

        form = Path(options["plot"]).suffix.lower().lstrip(".")
        last = result.levels[-1]
        ends = round_down(last.lower, PLOT_DIGITS), round_up(last.upper, PLOT_DIGITS)
        files.append((options["plot"], render_bounds(masses, result, ends, form, PLOT_DPI)))
    for path, data in files:
        write_output(path, data)
    if options["report"]:
        report = {**figures, **describe_command("bound", record_options(options))}
        write_output(options["report"], render_json(report))
        files.append((options["report"], b""))
    if not options["quiet"]:
        written = [("written", path) for path, _ in files if path != "-"]
        print_table([*list_rows(result, options["gap"]), *written])
    if options["strict"] and not result.reached:
        raise StippleError(
            f"The gap is {result.gap:.4g}, and {options['gap']:.4g} was asked for:"
            f" {ADVICE[result.stopped]}."
        )


def _follow(progress: Progress) -> "Callable[[LevelRecord], None]":
    """Show the interval of each resolution."""
    done = count(1)

    def show(level: "LevelRecord") -> None:
        height, width = level.shape
        progress.advance(
            next(done),
            f"{width} × {height}: W within {format_interval(level.lower, level.upper, 9)}",
        )

    return show
