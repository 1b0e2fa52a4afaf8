"""`stipple sequence`: points of which every prefix is spread well, with a certificate."""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from stipple.choices import LARGEST_COUNT
from stipple.cli.shared.digits import format_interval, round_down, round_up
from stipple.cli.shared.drawings import DRAWING_FORMATS, lay_out, plan_layout, render_drawing
from stipple.cli.shared.images import TONE, plan_reading, read_density
from stipple.cli.shared.memory import announce_memory
from stipple.cli.shared.options import drawing_options, report_options, tone_options
from stipple.cli.shared.outputs import Output, check_targets, plan_outputs, write_output
from stipple.cli.shared.progress import Progress, print_table
from stipple.cli.shared.report import describe_command, record_options
from stipple.cli.shared.types import PREFIXES, RIVALS, FiniteRange

if TYPE_CHECKING:
    from stipple.arrays import Floats
    from stipple.drawing.look import Look
    from stipple.drawing.marks import Drawing
    from stipple.drawing.page import Placement
    from stipple.drawing.panels import Panel
    from stipple.measures.density import Density
    from stipple.sequences.drawing import Progression
    from stipple.sequences.prefixes import Row

POINT_FORMATS = ("csv", "npy", *DRAWING_FORMATS)
TABLE_FORMATS = ("csv", "svg", "png")
DRAWINGS = ("points", "boxes", "strip")
POINTS = 1024
STIPPLES = 4096
ANIMATION_PIXELS = 600
SECONDS_PER_FRAME = 0.25
OBSTRUCTION = (
    "in dimension 1 no constant C keeps all prefixes of a sequence, this or any other, within C/N"
    " (Graham 2020): N·W∞ exceeds a fixed multiple of log N again and again"
)

EXAMPLES = """\
\b
Examples:
  stipple sequence -n 1000 > points.csv
  stipple sequence -n 10000000 -o points.npy
  stipple sequence -n 1000000 -d 3 --certify
  stipple sequence --prefixes 1:600 -o certificates.csv -o certificates.svg
  stipple sequence --prefixes 1:300 --compare sobol,halton,random,grid -o compared.png
  stipple sequence -n 185 --draw boxes -o boxes.svg --partition boxes.csv
  stipple sequence --density photo.jpg -n 8000 -o progressive.svg --animate progressive.gif
  stipple sequence --density photo.jpg -n 4096 --compare stipple --report quality.json
"""


@click.command(
    "sequence",
    context_settings={"show_default": True},
    short_help="Points whose every prefix is spread well, with a certificate.",
    epilog=EXAMPLES,
)
@click.option(
    "-n",
    "--points",
    type=click.IntRange(min=1),
    metavar="N",
    show_default=f"{POINTS}; {STIPPLES} with --density; B with --prefixes",
    help="Number of points.",
)
@click.option(
    "-d",
    "--dimension",
    type=click.IntRange(1, 10),
    metavar="D",
    default=2,
    help="Dimension of the unit cube, 1 to 10.",
)
@click.option(
    "--skip", type=click.IntRange(min=0), metavar="K", default=0, help="Leave out the first K."
)
@click.option(
    "-o",
    "--output",
    "outputs",
    multiple=True,
    type=click.Path(allow_dash=True),
    show_default="CSV on standard output if no figure is asked for; IMAGE's name with .svg",
    help="File to write, by suffix: the points as .csv or .npy, a picture of them as .svg or .png"
    " (dimension 2). With --prefixes the table as .csv, a plot of it as .svg or .png. - is"
    " standard output. Repeatable.",
)
@click.option("--format", "format_", type=click.Choice(POINT_FORMATS), help="Format of output -.")
@click.option("--certify", is_flag=True, help="Prove how well the N points are spread.")
@click.option(
    "--prefixes",
    type=PREFIXES,
    metavar="A:B[:STEP]",
    help="Certify the first A, A + STEP, ... up to B points: a table and its plot go to -o.",
)
@click.option(
    "--exact-w2", is_flag=True, help="Measure W2 exactly by the transport solver (dimension 2)."
)
@click.option(
    "--compare",
    type=RIVALS,
    metavar="NAME[,NAME...]",
    help="Measure as many points of sobol, halton, random or grid too (dimension 1 or 2); with"
    " --density: of stipple, the points of `stipple stipple`.",
)
@click.option(
    "--draw",
    type=click.Choice(DRAWINGS),
    default="points",
    help="Points, a layer for each doubling; their boxes of volume 1/N, in colours; or a strip of"
    " prefixes of N/64, N/16, N/4 and N points.",
)
@click.option(
    "--partition",
    type=click.Path(dir_okay=False, allow_dash=True),
    help="Write the boxes as CSV: index, lower and upper corner.",
)
@click.option(
    "--density",
    type=click.Path(allow_dash=True),
    metavar="IMAGE",
    help="Stipple this image progressively: every prefix is a good stippling.",
)
@click.option(
    "--relaxation",
    type=click.IntRange(min=0),
    metavar="K",
    default=10,
    help="With --density: moves of all points after each doubling; 0 keeps each prefix even.",
)
@click.option(
    "--animate",
    type=click.Path(dir_okay=False),
    help="Write growing prefixes as a .gif file.",
)
@click.option(
    "--seed", type=click.IntRange(min=0), metavar="S", default=0, help="Seed of random points."
)
@tone_options
@drawing_options
@click.option("--dpi", type=FiniteRange(min=1), default=150, help="Resolution of PNG files.")
@report_options
@click.pass_context
def command(context: click.Context, /, **options: Any) -> None:
    """Make points of the unit cube whose every prefix is spread at the optimal order.

    The first N points come with a partition of the cube into N boxes of volume 1/N, one near each
    point; the largest distance R_N from a point to a corner of its box bounds every Wasserstein
    distance to the uniform density, and R_N·N^(1/D) never exceeds 10·sqrt(D) for D >= 2. With
    --density the same idea orders the points of a stipple drawing.
    """
    from stipple.files.tables import render_json

    job = _plan(context, options)
    began = time.perf_counter()
    result = job.solve(options, job)
    solved = time.perf_counter()
    files = [(output.path, result.render(output.format)) for output in job.outputs]
    files += [(path, render()) for path, render in result.extras.items()]
    for path, data in files:
        write_output(path, data)
    report = {
        **result.figures,
        "seconds": {"solve": solved - began, "write": time.perf_counter() - solved},
        **describe_command("sequence", record_options(options)),
    }
    if options["report"]:
        write_output(options["report"], render_json(report))
        files.append((options["report"], b""))
    if not options["quiet"]:
        written = [("written", path) for path, _ in files if path != "-"]
        print_table([*result.rows, *written])


@dataclass(frozen=True)
class _Job:
    """What was asked for, once it makes sense."""

    solve: "Callable[[dict[str, Any], _Job], _Result]"
    outputs: tuple[Output, ...]
    points: int


@dataclass(frozen=True)
class _Result:
    """Figures for the report, rows for a person, and how to render files when they are wanted."""

    figures: dict[str, Any]
    rows: list[tuple[str, str]]
    render: Callable[[str], bytes]
    extras: dict[str, Callable[[], bytes]]


def _plan(context: click.Context, options: dict[str, Any]) -> _Job:
    """Refuse what cannot end well, before any work is done."""
    _check_options(context, options)
    density, prefixes, paths = options["density"], options["prefixes"], list(options["outputs"])
    form = options["format_"]
    asked = any(options[name] for name in ("certify", "exact_w2", "compare", "partition"))
    if not paths and (form or prefixes or not (density or asked)):
        paths, form = ["-"], form or "csv"
    known = TABLE_FORMATS if prefixes else POINT_FORMATS
    if prefixes and form == "npy":
        raise click.UsageError(f"The table of --prefixes has the formats {', '.join(known)}.")
    outputs = plan_outputs(density or "", paths, form, known) if density or paths else ()
    pictures = [output for output in outputs if output.format in DRAWING_FORMATS]
    if pictures and options["dimension"] != 2 and not prefixes:
        raise click.UsageError("A picture of the points needs --dimension 2.")
    if options["draw"] != "points" and not pictures:
        raise click.UsageError(f"--draw {options['draw']} needs a picture: -o PATH.svg or .png.")
    others = [options[name] for name in ("partition", "animate", "report") if options[name]]
    check_targets([*(output.path for output in outputs), *others], density or "-")
    if prefixes:
        points = options["points"] or prefixes[-1]
        if points < prefixes[-1]:
            raise click.UsageError(
                f"--prefixes go to {prefixes[-1]}, but there are {points} points."
            )
        return _Job(_assess if density else _certify, outputs, points)
    points = options["points"] or (STIPPLES if density else POINTS)
    return _Job(_stipple if density else _generate, outputs, points)


def _check_options(context: click.Context, options: dict[str, Any]) -> None:
    """Refuse options that do not go together.

    Raises
    ------
    click.UsageError
        With what to change.
    """

    def refuse(names: Iterable[str], reason: str) -> None:
        for name in names:
            if context.get_parameter_source(name) is not click.core.ParameterSource.DEFAULT:
                raise click.UsageError(f"--{name.replace('_', '-')} {reason}.")

    dimension, compare = options["dimension"], options["compare"] or ()
    if options["density"] is None:
        refuse(("relaxation", "animate", *TONE, "resize"), "needs --density IMAGE")
        if "stipple" in compare:
            raise click.UsageError("--compare stipple needs --density IMAGE.")
    else:
        refuse(("skip", "certify", "partition"), "is for the cube: leave --density out")
        if (options["points"] or 0) > LARGEST_COUNT:
            raise click.UsageError(f"--density takes at most {LARGEST_COUNT:,} points.")
        if dimension != 2:
            raise click.UsageError("--density needs --dimension 2.")
        if options["draw"] == "boxes":
            raise click.UsageError("--draw boxes is for the cube: leave --density out.")
        if set(compare) - {"stipple"}:
            raise click.UsageError("With --density the points compared are --compare stipple.")
    if options["prefixes"]:
        refuse(("skip", "draw", "partition", "animate"), "does not go with --prefixes")
    if options["skip"]:
        refuse(
            ("certify", "exact_w2", "compare", "partition"), "is about prefixes: leave --skip out"
        )
        if options["draw"] != "points":
            raise click.UsageError(f"--draw {options['draw']} shows prefixes: leave --skip out.")
    if options["exact_w2"] and dimension != 2:
        raise click.UsageError(
            f"--exact-w2 needs --dimension 2, not {dimension}"
            + (
                ": in dimension 1 --certify gives W1, W2 and W∞ in closed form."
                if dimension == 1
                else "."
            )
        )
    if compare and dimension > 2:
        raise click.UsageError(f"--compare measures dimensions 1 and 2, not {dimension}.")
    if options["animate"] and Path(options["animate"]).suffix.lower() != ".gif":
        raise click.UsageError(f"--animate writes a .gif file, not {options['animate']!r}.")


def _generate(options: dict[str, Any], job: _Job) -> _Result:
    """Points of the cube, with what is asked about all of them together."""
    from stipple.machine.memory import predict_sequence
    from stipple.sequences.dyadic import check_range, find_constant, generate_sequence

    dimension = options["dimension"]
    check_range(job.points, dimension, options["skip"])
    text = any(output.format == "csv" for output in job.outputs)
    demand = predict_sequence(job.points, dimension, text=text)
    announce_memory(demand, quiet=options["quiet"])
    points = generate_sequence(job.points, dimension, options["skip"])
    figures: dict[str, Any] = {"points": job.points, "dimension": dimension}
    rows = [("points", f"{job.points:,} in dimension {dimension}")]
    if options["certify"] or options["exact_w2"] or options["compare"]:
        (row,) = _tabulate(options, range(job.points, job.points + 1))
        figures |= {"constant": find_constant(dimension), "certificate": row}
        rows += _describe_certificate(row, dimension)
    elif dimension == 1:
        rows.append(("no constant", OBSTRUCTION))

    def render(form: str) -> bytes:
        if form in ("csv", "npy"):
            return _render_points(points, form)
        from stipple.sequences.drawing import compose_partition, show_square

        square = show_square(points)
        layout = _lay_out(options, square.shape, job.points)
        if options["draw"] == "boxes":
            from stipple.sequences.certificate import partition_prefix

            boxes = partition_prefix(job.points)
            drawing = compose_partition(points, boxes, *layout)
        else:
            drawing = _compose(options, square, layout)
        return render_drawing(drawing, form, options["dpi"])

    extras = {}
    if options["partition"]:
        extras[options["partition"]] = lambda: _render_partition(job.points, dimension)
    return _Result(figures, rows, render, extras)


def _certify(options: dict[str, Any], job: _Job) -> _Result:
    """Certificates of prefixes of the cube's sequence, and of others beside it."""
    from stipple.sequences.dyadic import find_constant
    from stipple.sequences.prefixes import plot_prefixes

    dimension = options["dimension"]
    table = _collect(options, _tabulate(options, options["prefixes"]), options["prefixes"])
    worst = max(table, key=lambda row: row["scaled_radius"])
    figures = {
        "points": job.points,
        "dimension": dimension,
        "constant": find_constant(dimension),
        "worst": worst,
        "prefixes": table,
    }
    rows = [
        ("prefixes", f"{len(table):,} in dimension {dimension}"),
        ("the worst", f"N = {worst['n']:,}, of which"),
        *_describe_certificate(worst, dimension),
    ]
    panels = plot_prefixes(table, dimension)
    return _Result(figures, rows, lambda form: _render_table(options, table, panels, form), {})


def _stipple(options: dict[str, Any], job: _Job) -> _Result:
    """Stipple an image progressively; measure prefixes at doublings and between if asked."""
    from stipple.sequences.drawing import Progression, compose_growth
    from stipple.sequences.prefixes import choose_counts

    density = read_density(options["density"], plan_reading(options))
    layout = _lay_out(options, density.values.shape, job.points)
    points = _order(options, job, density)
    figures: dict[str, Any] = {"points": job.points, "image": [density.width, density.height]}
    rows = [("points", f"{job.points:,}, moved {options['relaxation']} times at each doubling")]
    if options["exact_w2"] or options["compare"]:
        figures["prefixes"] = _measure(options, density, points, choose_counts(job.points))
        rows += [(f"N = {row['n']:,}", _describe_quality(row)) for row in figures["prefixes"]]
    progression = Progression(points, density.values.shape, density.total)

    def render(form: str) -> bytes:
        if form in ("csv", "npy"):
            return _render_points(points, form)
        return render_drawing(_compose(options, progression, layout), form, options["dpi"])

    def animate() -> bytes:
        from stipple.drawing.gif import render_gif

        whole = _lay_out({**options, "draw": "points"}, density.values.shape, job.points)
        frames = compose_growth(progression, *whole)
        dpi = 25.4 * ANIMATION_PIXELS / max(frames[0].width, frames[0].height)
        return render_gif(frames, dpi, SECONDS_PER_FRAME)

    extras = {options["animate"]: animate} if options["animate"] else {}
    return _Result(figures, rows, render, extras)


def _assess(options: dict[str, Any], job: _Job) -> _Result:
    """How well prefixes of a progressive stippling quantise the image."""
    from stipple.sequences.prefixes import plot_stippling

    density = read_density(options["density"], plan_reading(options))
    points = _order(options, job, density)
    table = _measure(options, density, points, options["prefixes"])
    worst = max(table, key=lambda row: row["quality"])
    figures = {"points": job.points, "worst": worst, "prefixes": table}
    rows = [
        ("prefixes", f"{len(table):,} of {job.points:,} points"),
        (f"worst: N = {worst['n']:,}", _describe_quality(worst)),
    ]
    panels = plot_stippling(table)
    return _Result(figures, rows, lambda form: _render_table(options, table, panels, form), {})


def _tabulate(options: dict[str, Any], counts: range) -> "Iterable[Row]":
    from stipple.sequences.prefixes import tabulate_prefixes
    from stipple.sequences.rivals import prepare_rival

    dimension = options["dimension"]
    rivals = {
        name: prepare_rival(name, counts[-1], dimension, options["seed"])
        for name in options["compare"] or ()
    }
    return tabulate_prefixes(counts, dimension, exact=options["exact_w2"], rivals=rivals)


def _order(options: dict[str, Any], job: _Job, density: "Density") -> "Floats":
    from stipple.machine.memory import predict_stippling
    from stipple.sequences.progressive import order_progressively

    demand = predict_stippling(job.points, density.values.size)
    announce_memory(demand, quiet=options["quiet"])
    with _follow(options, f"{job.points:,} points", job.points) as progress:
        return order_progressively(
            density, job.points, relaxation=options["relaxation"], on_doubling=progress.count
        )


def _measure(
    options: dict[str, Any], density: "Density", points: "Floats", counts: Sequence[int]
) -> "list[Row]":
    from stipple.sequences.prefixes import tabulate_stippling

    table = tabulate_stippling(density, points, counts, free=bool(options["compare"]))
    return _collect(options, table, counts)


def _collect(options: dict[str, Any], table: "Iterable[Row]", counts: Sequence[int]) -> "list[Row]":
    """Compute the rows of a table, and show how many there are so far."""
    rows = []
    with _follow(options, f"{len(counts):,} prefixes", len(counts)) as progress:
        for row in table:
            rows.append(row)
            progress.count(len(rows))
    return rows


def _follow(options: dict[str, Any], label: str, steps: int) -> Progress:
    return Progress(label, steps, quiet=options["quiet"], verbose=options["verbose"])


def _lay_out(
    options: dict[str, Any], shape: tuple[int, int], count: int
) -> "tuple[Placement, Look, str]":
    """Place the picture on the page, and say how its dots look and in which ink."""
    from stipple.sequences.drawing import measure_strip

    if options["draw"] == "strip":
        shape = measure_strip(shape, count)
    return (*lay_out(plan_layout(options), shape), options["ink"] or "#000000")


def _compose(
    options: dict[str, Any],
    progression: "Progression",
    layout: "tuple[Placement, Look, str]",
) -> "Drawing":
    from stipple.sequences.drawing import compose_doublings, compose_strip

    compose = compose_strip if options["draw"] == "strip" else compose_doublings
    return compose(progression, *layout)


def _render_points(points: "Floats", form: str) -> bytes:
    from stipple.files.tables import render_columns_csv, render_npy

    if form == "npy":
        return render_npy(points)
    return render_columns_csv(dict(zip(_name_axes(points.shape[1]), points.T, strict=True)))


def _render_partition(count: int, dimension: int) -> bytes:
    from stipple.files.tables import render_columns_csv
    from stipple.sequences.certificate import partition_prefix

    boxes = partition_prefix(count, dimension)  # (n, 2, d)
    columns: dict[str, Any] = {"index": range(count)}
    for side, corner in enumerate(("lower", "upper")):
        for axis, name in enumerate(_name_axes(dimension)):
            columns[f"{corner}_{name}"] = boxes[:, side, axis]
    return render_columns_csv(columns)


def _render_table(
    options: dict[str, Any], table: "list[Row]", panels: "list[Panel]", form: str
) -> bytes:
    if form == "csv":
        from stipple.files.tables import render_table_csv

        return render_table_csv(table)
    from stipple.drawing.plots import render_plot

    return render_plot(panels, "number of points N", form, options["dpi"])


def _name_axes(dimension: int) -> list[str]:
    """Name the coordinates x, y, z, or x1, x2, ... beyond space."""
    return list("xyz"[:dimension]) if dimension <= 3 else [f"x{k + 1}" for k in range(dimension)]


def _describe_certificate(row: "Row", dimension: int) -> list[tuple[str, str]]:
    """Describe a row of the table of prefixes, bounds rounded to their safe side."""
    from stipple.sequences.certificate import LINE_ERROR
    from stipple.sequences.dyadic import find_constant

    constant = find_constant(dimension)
    rows = [
        ("R_N", f"{round_up(row['radius'])} >= W∞, at point {row['worst_point']:,}"),
        (
            "R_N·N" if dimension == 1 else f"R_N·N^(1/{dimension})",
            round_up(row["scaled_radius"])
            + (f" (theorem: at most {round_up(constant)} for every N)" if constant else ""),
        ),
        ("lower bound", f"{round_down(row['lower_bound'])} <= W∞ of any N points"),
        ("ratio", f"{round_up(row['ratio'])}"),
    ]
    for column, value in row.items():
        name = column.removesuffix("w2")
        if name == column:
            continue
        if dimension == 1:
            text = ", ".join(
                f"{symbol} = {_tell_distance(row[f'{name}{key}'], LINE_ERROR)}"
                for symbol, key in (("W1", "w1"), ("W2", "w2"), ("W∞", "w_infinity"))
            )
        else:
            interval = format_interval(row[f"{column}_lower"], row[f"{column}_upper"], 9)
            text = f"W2 = {value:.8g} in {interval}, √N·W2 = {row['n'] ** 0.5 * value:.5g}"
        rows.append((name.rstrip("_") or "dyadic", text))
    if dimension == 1:
        rows.append(("no constant", OBSTRUCTION))
    return rows


def _tell_distance(value: float, error: float) -> str:
    """Write the ends between which a number is that errs by so much, relative."""
    lower, upper = value * (1 - error), value * (1 + error)
    return f"{round_down(lower, 8)} to {round_up(upper, 8)}"


def _describe_quality(row: "Row") -> str:
    """Describe a row of the table of a progressive stippling."""
    text = f"quality {row['quality']:.4f}, W2² {row['w2_squared']:.6g} px²"
    if "ratio" in row:
        text += f"; stipple stipple: {row['stipple_quality']:.4f}, ratio {row['ratio']:.3f}"
    return text
