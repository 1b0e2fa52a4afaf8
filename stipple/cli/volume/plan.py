"""What `stipple volume` is to do: the command line as a typed job, or a usage error."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from stipple.cli.shared.conflicts import Rule, allow_suffixes, refuse_conflicts
from stipple.cli.shared.outputs import Output, find_format, plan_outputs, settle_files
from stipple.cli.shared.report import Recorded, record_options
from stipple.cli.volume.options import CELL_FORMATS, FORMATS, POINTS

RULES = (
    Rule(
        lambda options: options["masses"] is not None and options["points"] is not None,
        "--masses says how many points there are: leave -n out.",
    ),
    Rule(
        lambda options: options["volume"] == "-" and options["masses"] == "-",
        "Standard input (-) can be read once only.",
    ),
    allow_suffixes(
        "polyhedra",
        [f".{name}" for name in CELL_FORMATS],
        " or ".join(f".{name}" for name in CELL_FORMATS),
    ),
    Rule(
        lambda options: (
            options["periodic"]
            and options["polyhedra"] is not None
            and find_format(options["polyhedra"]) == "tess"
        ),
        "Cells of a periodic box are whole and reach beyond it: give --polyhedra a .ply or .vtp.",
    ),
)


@dataclass(frozen=True)
class Job:
    """One call of `stipple volume`; `recorded` is every option, for the report.

    `spacing` is None where it was not given.
    """

    volume: str
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
    polyhedra: str | None
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
    paths, form = list(options["outputs"]), options["format_"]
    if not paths:
        paths, form = ["-"], form or "csv"
    outputs = plan_outputs(options["volume"], paths, form, FORMATS)
    others = [options[name] for name in ("polyhedra", "report") if options[name]]
    settle_files(options, [*(output.path for output in outputs), *others])
    return Job(
        points=options["points"] or POINTS,
        outputs=outputs,
        recorded=record_options(options),
        **{
            name: options[name]
            for name in (
                *("volume", "spacing", "masses", "periodic", "iterations", "tolerance"),
                *("mass_tolerance", "seed", "threads", "polyhedra", "report", "quiet", "verbose"),
            )
        },
    )
