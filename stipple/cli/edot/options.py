"""The options of `stipple edot`, and their help."""

from collections.abc import Iterator
from typing import get_args

import click

from stipple.choices import (
    Objective,
    SourceKind,
)
from stipple.cli.edot.algorithm_options import algorithm_options
from stipple.cli.edot.metrics import check_metric
from stipple.cli.shared.batches import file_options
from stipple.cli.shared.config import config_option
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
from stipple.cli.shared.presets import Described, complete_presets, make_list_presets_option
from stipple.cli.shared.types import (
    ATOM_MARKS,
    CAPACITY,
    COUNTS,
    NAIVE,
    SHARES,
    FiniteRange,
)

FORMATS = ("csv", *DRAWING_FORMATS)

EXAMPLES = """\
\b
Examples:
  stipple edot photo.jpg -m 500 -o atoms.svg -o atoms.csv
  stipple edot samples.csv -m 20 > atoms.csv
  stipple edot --preset discs-24 -o discs.png
  stipple edot samples.csv -m 20 --capacity 4%,6% > atoms.csv
  stipple edot photo.jpg -m 2000 --objective full -o full.png
  stipple edot '0.3*gaussian:0.2,0.1+0.7*uniform' -m 7 --objective sharp
  stipple edot photo.jpg -m 10,30,100,300 --naive 50 --plot convergence.svg
  stipple edot photo.jpg -m 3000 --color rgb -o channels.png
  stipple edot first.png second.png --barycenter --lambda 30%,70% -o mid.png
  stipple edot first.png second.png --plan -m 50 -o plan.csv -o plan.png
  stipple edot --list-presets
"""

weight_options = add_options(
    click.option(
        "--weights",
        default="free",
        metavar="free|equal|PATH.csv",
        help="Optimise weights (free), fix them at 1/M (equal), or as the column weight of a file"
        " says, one atom a line, in any scale.",
    ),
    click.option(
        "--capacity",
        type=CAPACITY,
        metavar="LEAST,MOST",
        help="Between what shares of the whole mass each free weight stays, such as 4%,6%.",
    ),
)

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

metric_option = add_options(
    click.option(
        "--metric",
        default="euclidean",
        callback=check_metric,
        metavar="euclidean|sphere|geodesic:GRAPH.csv|precomputed:MATRIX.npy",
        help="Straight lines; arcs on the unit sphere; shortest paths in a graph, of which each"
        " line of GRAPH.csv names two samples and the length between them; or any distances between"
        " samples, a matrix. Atoms are samples with the last two.",
    ),
)


def _describe_presets() -> Iterator[Described]:
    from stipple.discretisation.presets import list_presets

    for preset in list_presets().values():
        yield preset.name, preset.title, f"to reach: {preset.published}"


source_options = add_options(
    click.option(
        "--preset",
        metavar="NAME",
        shell_complete=complete_presets(_describe_presets),
        help="Run a published example (then no SOURCE).",
    ),
    make_list_presets_option(_describe_presets),
    config_option,
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
        help="Numbers of atoms, such as 500 or 2k; several make a run each. With weights from a"
        " file: as many as these.",
    ),
    click.option(
        "--objective",
        type=click.Choice(get_args(Objective)),
        default="exact",
        show_default="exact; sharp with --joint",
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
    weight_options,
    metric_option,
    start_options,
    group="Atoms",
)

several_options = add_options(
    click.option(
        "--color",
        type=click.Choice(("mono", "rgb")),
        default="mono",
        help="rgb: a discretisation of each channel, drawn over each other.",
    ),
    click.option(
        "--gap",
        is_flag=True,
        help="Prove how far from the optimum W_2^2, or W_k^k with distances of a file, is at most:"
        " a few seconds, often more than the atoms take.",
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
        help="With --barycenter: the weight of each SOURCE, such as 0.3,0.7 or 30%,70%. With"
        " --joint: one number, the regularisation of the plan over the largest cost between the"
        " SOURCEs (0.01).",
    ),
    click.option(
        "--plan",
        is_flag=True,
        help="Discretise two SOURCEs, and write the entropic plan between their atoms (.csv; a heat"
        " map as .svg, .png or .pdf).",
    ),
    click.option(
        "--joint",
        is_flag=True,
        help="With --plan: move the atoms of both together, so that their plan is near that of the"
        " SOURCEs; atoms on a line are drawn where they are.",
    ),
    click.option(
        "--naive",
        type=NAIVE,
        metavar="R[:SIZES]",
        default="0",
        help="Compare with R random samplings with equal weights, of as many points, or of each of"
        " the SIZES, such as 1000:3,10,40.",
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
        help="Plot, .svg, .png or .pdf: convergence of a run; cost against M of several, beside"
        " naive samplings.",
    ),
    click.option(
        "--draw",
        type=ATOM_MARKS,
        default="dots",
        help="Any of dots,cells (cells: the boxes of the adaptive algorithm).",
    ),
    click.option("--show-samples", is_flag=True, help="Draw samples in grey under the atoms."),
    click.option(
        "--show-cells",
        is_flag=True,
        help="Draw samples in colours under the atoms, one for those nearest to an atom.",
    ),
    dpi_option,
    file_options,
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
