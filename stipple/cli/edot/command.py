"""`stipple edot`: samples, an image or a formula in, weighted atoms out."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import click

from stipple.choices import (
    Algorithm,
    AtomWeights,
    CellRule,
    MetricName,
    Objective,
    SourceKind,
)
from stipple.cli.shared.domains import domain_options
from stipple.cli.shared.drawings import DRAWING_FORMATS
from stipple.cli.shared.options import drawing_options, kernel_options, report_options, tone_options
from stipple.cli.shared.outputs import Output, check_targets, plan_outputs, write_output
from stipple.cli.shared.progress import print_fallback, print_table
from stipple.cli.shared.report import describe_command, record_options
from stipple.cli.shared.types import COUNTS, NUMBERS, FiniteRange

if TYPE_CHECKING:
    from stipple.cli.edot.run import Result

FORMATS = ("csv", *DRAWING_FORMATS)
RUN = "{run}"
# What a preset sets itself.
PRESET_SETS = {
    *("read", "box", "disc", "pixels", "atoms", "objective", "zeta", "order", "weights"),
    *("algorithm", "cells", "metric", "color", "barycenter", "lambdas", "plan", "naive"),
}

EXAMPLES = """\
\b
Examples:
  stipple edot photo.jpg -m 500 -o atoms.svg -o atoms.csv
  stipple edot photo.jpg -m 2000 --objective full --report full.json -o full.png
  stipple edot samples.csv -m 20 > atoms.csv
  stipple edot '0.3*gaussian:0.2,0.1+0.7*gaussian:0.7/0.6,0.2' -m 7 --objective sharp -o seven.png
  stipple edot photo.jpg -m 10,30,100,300 --naive 50 --plot convergence.svg
  stipple edot photo.jpg -m 3000 --color rgb -o channels.png
  stipple edot first.png second.png --barycenter --lambda 0.3,0.7 -m 200 -o between.png
  stipple edot first.png second.png --plan -m 50 -o plan.csv -o plan.png
  stipple edot --preset discs-24 -o discs.png
  stipple edot --list-presets
"""


@click.command(
    "edot",
    context_settings={"show_default": True},
    short_help="Discretise an image or samples into weighted atoms.",
    epilog=EXAMPLES,
)
@click.argument("sources", nargs=-1, metavar="SOURCE...", type=click.Path(allow_dash=True))
@click.option("--preset", metavar="NAME", help="Run a published example (then no SOURCE).")
@click.option("--list-presets", is_flag=True, help="Name the presets and what they show.")
@click.option(
    "--read",
    type=click.Choice(get_args(SourceKind)),
    default="auto",
    help="What a file holds; auto: text is samples, one a line; a .npy is, if it is a list of"
    " points.",
)
@domain_options
@click.option(
    "-m",
    "--atoms",
    type=COUNTS,
    metavar="M[,M...]",
    default="100",
    help="Numbers of atoms; several make a run each.",
)
@click.option(
    "--objective",
    type=click.Choice(get_args(Objective)),
    default="exact",
    help="What is minimised: W_k^k itself, or entropic costs: full and sharp with or without the"
    " entropy, debiased.",
)
@click.option(
    "--zeta",
    type=FiniteRange(min=0, min_open=True),
    metavar="Z",
    show_default="0.01; 0.0001 for the adaptive algorithm",
    help="Entropic regularisation, over the diameter to the power k.",
)
@click.option(
    "-k",
    "--order",
    type=FiniteRange(min=1),
    metavar="K",
    default=2.0,
    help="Costs are distances to this power.",
)
@click.option(
    "--weights",
    type=click.Choice(get_args(AtomWeights)),
    default="free",
    help="Optimise weights (free), or fix them at 1/M (equal).",
)
@click.option(
    "--algorithm",
    type=click.Choice(get_args(Algorithm)),
    default="auto",
    help="For entropic objectives: all atoms at once by stochastic gradients, or cell by cell; auto"
    " by their number.",
)
@click.option(
    "--cells",
    type=click.Choice(get_args(CellRule)),
    default="bisect",
    help="How the adaptive algorithm cuts and shares: in the middle, by the occupied volume, or"
    " where samples are sparsest.",
)
@click.option(
    "--metric",
    type=click.Choice(get_args(MetricName)),
    default="euclidean",
    help="Straight lines, or arcs on the unit sphere.",
)
@click.option(
    "--batch",
    type=click.IntRange(min=1),
    metavar="N",
    default=1000,
    help="Samples of a stochastic step.",
)
@click.option(
    "--steps",
    type=click.IntRange(min=0),
    metavar="S",
    show_default="as many as the algorithm needs",
    help="Maximum number of steps.",
)
@click.option(
    "--seed", type=click.IntRange(min=0), metavar="S", default=0, help="Seed of random choices."
)
@click.option(
    "--color",
    type=click.Choice(("mono", "rgb")),
    default="mono",
    help="rgb: a discretisation of each channel, drawn over each other.",
)
@click.option(
    "--barycenter", is_flag=True, help="Discretise the Wasserstein barycentre of the SOURCEs."
)
@click.option(
    "--lambda",
    "lambdas",
    type=NUMBERS,
    metavar="L[,L...]",
    show_default="equal",
    help="With --barycenter: the weight of each SOURCE.",
)
@click.option(
    "--plan",
    is_flag=True,
    help="Discretise two SOURCEs, and write the entropic plan between their atoms (.csv; a heat map"
    " as .svg or .png).",
)
@click.option(
    "--naive",
    type=click.IntRange(min=0),
    metavar="R",
    default=0,
    help="Compare with R random samplings of as many points with equal weights.",
)
@kernel_options
@click.option(
    "--threads",
    type=click.IntRange(min=1),
    metavar="N",
    show_default="one per processor",
    help="Cells, or parts of kernels, at a time.",
)
@click.option(
    "--scheduler",
    metavar="ADDRESS",
    help="Let the workers of a Dask scheduler, such as tcp://10.0.0.1:8786, solve the cells of the"
    " adaptive algorithm.",
)
@tone_options
@click.option(
    "-o",
    "--output",
    "outputs",
    multiple=True,
    type=click.Path(allow_dash=True),
    show_default="CSV on standard output for a single run without --plot",
    help="File to write, by suffix: atoms and weights as .csv, dots of these areas as .svg or .png."
    " Several runs fill {run} in the name, or share a picture side by side. - is standard output."
    " Repeatable.",
)
@click.option("--format", "format_", type=click.Choice(FORMATS), help="Format of output -.")
@click.option(
    "--plot",
    type=click.Path(dir_okay=False),
    help="Plot, .svg or .png: convergence of a run; cost against M of several, beside naive"
    " samplings.",
)
@click.option("--show-samples", is_flag=True, help="Draw samples in grey under the atoms.")
@drawing_options
@click.option("--dpi", type=FiniteRange(min=1), default=150, help="Resolution of PNG files.")
@report_options
@click.pass_context
def command(context: click.Context, /, **options: Any) -> None:
    """Discretise an image, samples or a formula into M weighted atoms by optimal transport.

    SOURCE is an image (its longer side is 1, y points down), a CSV of samples (up to 10
    coordinates each, and a column weight if wanted), a .npy array, or a formula as for `stipple
    lloyd`. Whatever is minimised, to a local optimum, the unregularised W_k^k between SOURCE and
    atoms is printed in a certified interval, or exactly where it is proved to be one number. Beside
    it stand the regularised costs that entropic methods report.
    """
    if options["list_presets"]:
        from stipple.discretisation.presets import list_presets

        for preset in list_presets().values():
            click.echo(f"{preset.name:17} {preset.title}; to reach: {preset.published}")
        return
    job, outputs = _plan(context, options)
    from stipple.files.tables import render_json
    from stipple.machine.keops_library import decide_engine

    print_fallback(
        decide_engine(options["engine"], options["device"], "nowhere"), quiet=options["quiet"]
    )
    began = time.perf_counter()
    result = job(options)
    solved = time.perf_counter()
    files = result.render(options, outputs)
    for path, data in files:
        write_output(path, data)
    report = {
        **result.figures,
        "seconds": {"solve": solved - began, "write": time.perf_counter() - solved},
        **describe_command("edot", record_options(options)),
    }
    if options["report"]:
        write_output(options["report"], render_json(report))
        files.append((options["report"], b""))
    if not options["quiet"]:
        written = [("written", path) for path, _ in files if path != "-"]
        print_table([*result.rows, ("seed", str(options["seed"])), *written])


def _plan(
    context: click.Context, options: dict[str, Any]
) -> "tuple[Callable[[dict[str, Any]], Result], tuple[Output, ...]]":
    """Refuse what cannot end well, before any work is done, and choose what is run."""
    from stipple.cli.edot import run as runs

    given = {
        name
        for name in options
        if context.get_parameter_source(name) is not click.core.ParameterSource.DEFAULT
    }
    _check_sources(options, given)
    _check_settings(options, given)
    runs.refuse_idle_scheduler(options, options["atoms"])
    job: Callable[[dict[str, Any]], Result]
    if options["preset"]:
        job = runs.reproduce
    elif options["plan"]:
        job = runs.relate
    elif options["barycenter"]:
        job = runs.average
    elif options["color"] == "rgb":
        job = runs.separate
    else:
        job = runs.discretise
    return job, _plan_files(options)


def _check_sources(options: dict[str, Any], given: set[str]) -> None:
    sources = options["sources"]
    if options["preset"]:
        for name in sorted(PRESET_SETS & given):
            raise click.UsageError(f"--preset brings its own --{name.replace('_', '-')}.")
        if sources:
            raise click.UsageError("--preset brings its own sources: leave SOURCE out.")
        if "scheduler" in given:
            raise click.UsageError("No preset takes the adaptive algorithm: leave --scheduler out.")
        return
    if not sources:
        raise click.UsageError("Give a SOURCE, or --preset NAME (--list-presets names them).")
    if sources.count("-") > 1:
        raise click.UsageError("Standard input (-) can be read once only.")
    if options["plan"] and options["barycenter"]:
        raise click.UsageError("Give --plan or --barycenter, not both.")
    if options["plan"] and len(sources) != 2:
        raise click.UsageError(f"--plan is between two SOURCEs, not {len(sources)}.")
    if options["barycenter"]:
        if len(sources) < 2:
            raise click.UsageError("--barycenter takes at least two SOURCEs.")
        lambdas = options["lambdas"]
        if lambdas and len(lambdas) != len(sources):
            raise click.UsageError(
                f"--lambda has {len(lambdas)} numbers for {len(sources)} SOURCEs."
            )
        if lambdas and (min(lambdas) < 0 or sum(lambdas) <= 0):
            raise click.UsageError("--lambda takes numbers of at least 0, not all 0.")
    elif options["lambdas"]:
        raise click.UsageError("--lambda needs --barycenter.")
    elif len(sources) > 1 and not options["plan"]:
        raise click.UsageError(
            f"One SOURCE is discretised, not {len(sources)}: say --barycenter or --plan for more."
        )


def _check_settings(options: dict[str, Any], given: set[str]) -> None:
    if min(options["atoms"]) < 1:
        raise click.UsageError("--atoms must be at least 1.")
    single = options["plan"] or options["barycenter"] or options["color"] == "rgb"
    most = 2 if options["plan"] else 1
    if single and len(options["atoms"]) > most:
        raise click.UsageError(f"--atoms takes {most} number{'s'[: most - 1]} here.")
    if single and options["naive"]:
        raise click.UsageError("--naive compares discretisations of one SOURCE.")
    if options["barycenter"] and options["algorithm"] == "adaptive":
        raise click.UsageError("--barycenter finds all atoms at once: leave --algorithm out.")
    if options["color"] == "rgb" and (options["plan"] or options["barycenter"]):
        raise click.UsageError("--color rgb goes with one SOURCE.")
    if options["objective"] == "exact":
        for name in sorted({"algorithm", "cells", "batch", "scheduler"} & given):
            raise click.UsageError(f"--{name} is for entropic objectives: say --objective full.")
    if options["algorithm"] == "simple":
        for name in sorted({"cells", "scheduler"} & given):
            raise click.UsageError(f"--{name} is for the adaptive algorithm.")
    if options["algorithm"] == "adaptive" and "batch" in given:
        raise click.UsageError("--batch is for the simple algorithm.")
    if "scheduler" in given and options["barycenter"]:
        raise click.UsageError("--barycenter takes the simple algorithm: leave --scheduler out.")
    if "scheduler" in given and "threads" in given:
        raise click.UsageError("Give --threads or --scheduler, not both: cells are solved there.")


def _plan_files(options: dict[str, Any]) -> "tuple[Output, ...]":
    paths, form = list(options["outputs"]), options["format_"]
    several = options["preset"] or len(options["atoms"]) > 1
    if not paths and (form or not (options["plot"] or several)):
        paths, form = ["-"], form or "csv"
    outputs = plan_outputs("", paths, form, FORMATS) if paths else ()
    if several and not options["plan"]:
        for output in outputs:
            if output.format == "csv" and RUN not in output.path:
                raise click.UsageError(
                    f"There are several runs: write {RUN} in the name {output.path!r}."
                )
    if options["plot"] and Path(options["plot"]).suffix.lower() not in (".svg", ".png"):
        raise click.UsageError(f"--plot writes .svg or .png, not {options['plot']!r}.")
    others = [options[name] for name in ("plot", "report") if options[name]]
    sources = options["sources"] or ("-",)
    for source in sources:
        check_targets([*(output.path for output in outputs), *others], source)
    return outputs
