"""What `stipple volume` is to do: the command line as a typed job, or a usage error."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import click

from stipple.cli.shared.conflicts import Rule, refuse_conflicts
from stipple.cli.shared.domains import BALL, FormulaDomain, is_formula, refuse_spacing
from stipple.cli.shared.outputs import Output, plan_outputs, settle_files
from stipple.cli.shared.report import Recorded, record_options
from stipple.cli.volume.options import FORMATS, POINTS

RULES = (
    Rule(
        lambda options: options["masses"] is not None and options["points"] is not None,
        "--masses says how many points there are: leave -n out.",
    ),
    Rule(
        lambda options: options["volume"] == "-" and options["masses"] == "-",
        "Standard input (-) can be read once only.",
    ),
    Rule(
        lambda options: options["box"] and len(options["box"]) != 6,
        "--box takes six numbers, X0,Y0,Z0,X1,Y1,Z1.",
    ),
    BALL,
    Rule(lambda options: options["box"] and options["ball"], "Give --box or --ball, not both."),
    Rule(
        lambda options: (
            not is_formula(options["volume"])
            and any(options[name] is not None for name in ("box", "ball", "voxels"))
        ),
        "--box, --ball and --voxels are for formulas, not for files.",
    ),
)
# Formats that show cells if asked to.
OF_CELLS = ("ply", "vtp", "tess", "png")


@dataclass(frozen=True)
class Job:
    """One call of `stipple volume`; `recorded` is every option, for the report.

    `formula` says where VOLUME is a density, if it is a formula; `spacing` is None where it was not
    given.
    """

    volume: str
    formula: FormulaDomain | None
    spacing: tuple[float, float, float] | None
    points: int
    masses: str | None
    periodic: bool
    iterations: int
    tolerance: float
    mass_tolerance: float
    seed: int
    threads: int | None
    outputs: tuple[Output, ...]
    draw: str
    report: str | None
    quiet: bool
    verbose: bool
    recorded: Recorded


def plan(options: Mapping[str, Any]) -> Job:
    """Refuse what cannot end well, before any work is done, and say what is to be done.

    Raises
    ------
    click.UsageError
        For options that do not go together.
    StippleError
        For files that cannot be written.
    """
    refuse_conflicts(options, RULES)
    formula = None
    if is_formula(options["volume"]):
        refuse_spacing(options["spacing"])
        formula = FormulaDomain(options["box"], None, options["ball"], options["voxels"])
    paths, form = list(options["outputs"]), options["format_"]
    if not paths:
        paths, form = ["-"], form or "csv"
    outputs = plan_outputs(options["volume"], paths, form, FORMATS)
    _refuse_idle(outputs, options["draw"])
    others = [options["report"]] if options["report"] else []
    settle_files(options, [*(output.path for output in outputs), *others])
    return Job(
        formula=formula,
        points=options["points"] or POINTS,
        outputs=outputs,
        recorded=record_options(options),
        **{
            name: options[name]
            for name in (
                *("volume", "spacing", "masses", "periodic", "iterations", "tolerance"),
                *("mass_tolerance", "seed", "threads", "draw", "report", "quiet", "verbose"),
            )
        },
    )


def _refuse_idle(outputs: Sequence[Output], draw: str) -> None:
    """Refuse cells that no output shows, and a format of cells for points."""
    forms = [output.format for output in outputs]
    if draw == "cells" and not set(OF_CELLS).intersection(forms):
        raise click.UsageError("--draw cells is for .ply, .vtp, .tess and .png: name one with -o.")
    if draw == "points" and "tess" in forms:
        raise click.UsageError("A .tess file holds cells: say --draw cells.")
