"""What `stipple certify` is to do: the command line as a typed job, or a usage error."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import click

from stipple.choices import NeighbourEngine
from stipple.cli.certify.options import FORMATS, TABLE_FORMATS
from stipple.cli.shared.conflicts import Rule, find_given, refuse_conflicts, refuse_each
from stipple.cli.shared.images import TONE, Reading, plan_reading
from stipple.cli.shared.outputs import Output, plan_outputs, settle_files
from stipple.cli.shared.report import Recorded, record_options

RULES = (
    *refuse_each(
        (*TONE, "resize", "max_pixels"),
        "--{} needs --density IMAGE.",
        lambda options: options["density"] is None,
    ),
    Rule(
        lambda options: options["density"] is not None and options["box"] is not None,
        "Give --density or --box, not both: pixels are the box of an image.",
    ),
    Rule(
        lambda options: options["box"] is not None and len(options["box"]) != 4,
        "--box takes four numbers, X0,Y0,X1,Y1.",
    ),
    Rule(
        lambda options: [*options["files"], options["density"]].count("-") > 1,
        "Standard input (-) can be read once only.",
    ),
)


@dataclass(frozen=True)
class Job:
    """One call of `stipple certify`.

    Attributes
    ----------
    files : tuple of str
        Paths of the points.
    density : str or None
        Path of the image; None for the uniform density.
    box : tuple of float or None
        Rectangle of the uniform density; None for the unit square.
    reading : Reading
        How the image is read.
    engine, threads
        As in `TransportSolver`.
    outputs : tuple of Output
        What is written.
    dpi : float
        Pixels per inch of a PNG.
    report : str or None
        Path of the report.
    quiet, verbose : bool
        What is printed.
    recorded : dict
        Every option, for the report.
    """

    files: tuple[str, ...]
    density: str | None
    box: tuple[float, ...] | None
    reading: Reading
    engine: NeighbourEngine
    threads: int | None
    outputs: tuple[Output, ...]
    dpi: float
    report: str | None
    quiet: bool
    verbose: bool
    recorded: Recorded


def plan(context: click.Context, options: Mapping[str, Any]) -> Job:
    """Refuse what cannot end well, before any work is done, and say what is to be done.

    Raises
    ------
    click.UsageError
        For options that do not go together.
    StippleError
        For files that cannot be written.
    """
    refuse_conflicts({**options, "given": find_given(context)}, RULES)
    outputs = _plan_outputs(options)
    report = [options["report"]] if options["report"] else []
    settle_files(options, [*(output.path for output in outputs), *report])
    return Job(
        files=options["files"],
        density=options["density"],
        box=options["box"],
        reading=plan_reading(options),
        engine=options["engine"],
        threads=options["threads"],
        outputs=outputs,
        dpi=options["dpi"],
        report=options["report"],
        quiet=options["quiet"],
        verbose=options["verbose"],
        recorded=record_options(options),
    )


def _plan_outputs(options: Mapping[str, Any]) -> tuple[Output, ...]:
    paths, form = list(options["outputs"]), options["format_"]
    if not paths and form is None:
        return ()
    outputs = plan_outputs("", paths or ["-"], form, FORMATS)
    if len(options["files"]) > 1 and any(one.format not in TABLE_FORMATS for one in outputs):
        raise click.UsageError("A page shows one file of points: give one, or -o PATH.csv.")
    return outputs
