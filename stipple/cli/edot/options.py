"""The options of `stipple edot`, and their help."""

from collections.abc import Iterable
from typing import get_args

import click

from stipple.choices import (
    Algorithm,
    AtomWeights,
    CellRule,
    MetricName,
    Objective,
    SourceKind,
)
from stipple.cli.shared.counts import Count
from stipple.cli.shared.domains import domain_options
from stipple.cli.shared.drawings import DRAWING_FORMATS
from stipple.cli.shared.options import (
    add_options,
    dpi_option,
    drawing_options,
    kernel_options,
    report_options,
    tone_options,
)
from stipple.cli.shared.presets import complete_presets
from stipple.cli.shared.types import COUNTS, SHARES, FiniteRange

FORMATS = ("csv", *DRAWING_FORMATS)

EXAMPLES = """\
\b
Examples:
  stipple edot photo.jpg -m 500 -o atoms.svg -o atoms.csv
  stipple edot samples.csv -m 20 > atoms.csv
  stipple edot --preset discs-24 -o discs.png
  stipple edot photo.jpg -m 2000 --objective full -o full.png
  stipple edot '0.3*gaussian:0.2,0.1+0.7*uniform' -m 7 --objective sharp
  stipple edot photo.jpg -m 10,30,100,300 --naive 50 --plot convergence.svg
  stipple edot photo.jpg -m 3000 --color rgb -o channels.png
  stipple edot first.png second.png --barycenter --lambda 30%,70% -o mid.png
  stipple edot first.png second.png --plan -m 50 -o plan.csv -o plan.png
  stipple edot --list-presets
"""

start_options = add_options(
    click.option(
        "--start",
        default="auto",
        metavar="auto|kmeans++|density|PATH.csv",
        help="Where atoms with free weights begin: drawn by what samples would cost (kmeans++),"
        " spread by density, the best of both, or at the places in a file, one atom a line.",
    ),
    click.option(
        "--restarts",
        type=click.IntRange(min=1),
        metavar="R",
        show_default="a few, until two end alike",
        help="How many starts to draw.",
    ),
)


def _list_names() -> Iterable[str]:
    from stipple.discretisation.presets import list_presets

    return list_presets()


source_options = add_options(
    click.option(
        "--preset",
        metavar="NAME",
        shell_complete=complete_presets(_list_names),
        help="Run a published example (then no SOURCE).",
    ),
    click.option("--list-presets", is_flag=True, help="List the presets and what they show."),
    click.option(
        "--read",
        type=click.Choice(get_args(SourceKind)),
        default="auto",
        help="What a file holds; auto: text is samples, one a line; a .npy is, if it is a list of"
        " points.",
    ),
    domain_options,
    group="Source",
)

atom_options = add_options(
    click.option(
        "-m",
        "--atoms",
        type=COUNTS,
        metavar="M[,M...]",
        default="100",
        help="Numbers of atoms, such as 500 or 2k; several make a run each.",
    ),
    click.option(
        "--objective",
        type=click.Choice(get_args(Objective)),
        default="exact",
        help="What is minimised: W_k^k itself, or entropic costs: full and sharp with or without"
        " the entropy, debiased.",
    ),
    click.option(
        "--zeta",
        type=FiniteRange(min=0, min_open=True),
        metavar="Z",
        show_default="0.01; 0.0001 for the adaptive algorithm",
        help="Entropic regularisation, over the diameter to the power k.",
    ),
    click.option(
        "-k",
        "--order",
        type=FiniteRange(min=1),
        metavar="K",
        default=2.0,
        help="Costs are distances to this power.",
    ),
    click.option(
        "--weights",
        type=click.Choice(get_args(AtomWeights)),
        default="free",
        help="Optimise weights (free), or fix them at 1/M (equal).",
    ),
    start_options,
    group="Atoms",
)

algorithm_options = add_options(
    click.option(
        "--algorithm",
        type=click.Choice(get_args(Algorithm)),
        default="auto",
        help="For entropic objectives: all atoms at once by stochastic gradients, or cell by cell;"
        " auto by their number.",
    ),
    click.option(
        "--cells",
        type=click.Choice(get_args(CellRule)),
        default="bisect",
        help="How the adaptive algorithm cuts and shares: in the middle, by the occupied volume, or"
        " where samples are sparsest.",
    ),
    click.option(
        "--metric",
        type=click.Choice(get_args(MetricName)),
        default="euclidean",
        help="Straight lines, or arcs on the unit sphere.",
    ),
    click.option(
        "--batch",
        type=Count(min=1),
        metavar="N",
        default=1000,
        help="Samples of a stochastic step.",
    ),
    click.option(
        "--steps",
        type=click.IntRange(min=0),
        metavar="S",
        show_default="as many as the algorithm needs",
        help="Maximum number of steps.",
    ),
    click.option(
        "--seed", type=click.IntRange(min=0), metavar="S", default=0, help="Seed of random choices."
    ),
    group="Solver",
)

several_options = add_options(
    click.option(
        "--color",
        type=click.Choice(("mono", "rgb")),
        default="mono",
        help="rgb: a discretisation of each channel, drawn over each other.",
    ),
    click.option(
        "--barycenter", is_flag=True, help="Discretise the Wasserstein barycentre of the SOURCEs."
    ),
    click.option(
        "--lambda",
        "lambdas",
        type=SHARES,
        metavar="L[,L...]",
        show_default="equal",
        help="With --barycenter: the weight of each SOURCE, such as 0.3,0.7 or 30%,70%.",
    ),
    click.option(
        "--plan",
        is_flag=True,
        help="Discretise two SOURCEs, and write the entropic plan between their atoms (.csv; a heat"
        " map as .svg or .png).",
    ),
    click.option(
        "--naive",
        type=click.IntRange(min=0),
        metavar="R",
        default=0,
        help="Compare with R random samplings of as many points with equal weights.",
    ),
    group="Several sources and comparisons",
)

computing_options = add_options(
    kernel_options,
    click.option(
        "--threads",
        type=click.IntRange(min=1),
        metavar="N",
        show_default="one per processor",
        help="Threads for cells and kernels.",
    ),
    click.option(
        "--scheduler",
        metavar="ADDRESS",
        help="Send the cells of the adaptive algorithm to a Dask cluster, such as"
        " tcp://10.0.0.1:8786.",
    ),
    group="Solver",
)

output_options = add_options(
    click.option(
        "-o",
        "--output",
        "outputs",
        multiple=True,
        type=click.Path(allow_dash=True),
        show_default="CSV on standard output for a single run without --plot",
        help="File to write, by suffix: atoms and weights as .csv, dots of these areas as .svg,"
        " .png or .pdf. Several runs fill {run} in the name, or share a picture side by side. - is"
        " standard output. Repeatable.",
    ),
    click.option("--format", "format_", type=click.Choice(FORMATS), help="Format of output -."),
    click.option(
        "--plot",
        type=click.Path(dir_okay=False),
        help="Plot, .svg or .png: convergence of a run; cost against M of several, beside naive"
        " samplings.",
    ),
    click.option("--show-samples", is_flag=True, help="Draw samples in grey under the atoms."),
    dpi_option,
    report_options,
    group="Output",
)

edot_options = add_options(
    click.argument("sources", nargs=-1, metavar="SOURCE...", type=click.Path(allow_dash=True)),
    source_options,
    atom_options,
    output_options,
    drawing_options,
    tone_options,
    several_options,
    algorithm_options,
    computing_options,
)
