"""The options of `stipple edot`, and their help."""

from typing import get_args

import click

from stipple.choices import (
    ATOM_RATE,
    MOMENTUM,
    MOST_MOMENTUM,
    WEIGHT_RATE,
    Algorithm,
    CellRule,
    Finish,
    Objective,
    SourceKind,
)
from stipple.cli.edot.metrics import check_metric
from stipple.cli.shared.batches import file_options
from stipple.cli.shared.domains import domain_options
from stipple.cli.shared.drawings import DRAWING_FORMATS
from stipple.cli.shared.options import (
    add_options,
    drawing_options,
    kernel_options,
    report_options,
    tone_options,
)
from stipple.cli.shared.types import ATOM_MARKS, CAPACITY, COUNTS, NAIVE, NUMBERS, FiniteRange

FORMATS = ("csv", *DRAWING_FORMATS)

EXAMPLES = """\
\b
Examples:
  stipple edot photo.jpg -m 500 -o atoms.svg -o atoms.csv
  stipple edot photo.jpg -m 2000 --objective full --report full.json -o full.png
  stipple edot samples.csv -m 20 > atoms.csv
  stipple edot samples.csv -m 20 --capacity 4%,6% > atoms.csv
  stipple edot '0.3*gaussian:0.2,0.1+0.7*gaussian:0.7/0.6,0.2' -m 7 --objective sharp -o seven.png
  stipple edot photo.jpg -m 10,30,100,300 --naive 50 --plot convergence.svg
  stipple edot photo.jpg -m 3000 --color rgb -o channels.png
  stipple edot first.png second.png --barycenter --lambda 0.3,0.7 -m 200 -o between.png
  stipple edot first.png second.png --plan -m 50 -o plan.csv -o plan.png
  stipple edot --preset discs-24 -o discs.png
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

cell_options = add_options(
    click.option(
        "--cells",
        type=click.Choice(get_args(CellRule)),
        default="bisect",
        help="How the adaptive algorithm cuts and shares: in the middle, by the occupied volume, or"
        " where samples are sparsest.",
    ),
    click.option(
        "--cell-atoms",
        type=click.IntRange(min=1),
        metavar="N",
        show_default="32, or half of M up to there",
        help="Most atoms of a cell of the adaptive algorithm.",
    ),
)

stochastic_options = add_options(
    click.option(
        "--batch",
        type=click.IntRange(min=1),
        metavar="N",
        default=1000,
        help="Samples of a stochastic step.",
    ),
    click.option(
        "--momentum",
        type=FiniteRange(min=0, max=MOST_MOMENTUM),
        metavar="M",
        default=MOMENTUM,
        help="Part of the momentum that a stochastic step keeps.",
    ),
    click.option(
        "--atom-rate",
        type=FiniteRange(min=0, min_open=True),
        metavar="R",
        default=ATOM_RATE,
        help="First stochastic step of atoms, over a Newton-like one; rates fall to 0.",
    ),
    click.option(
        "--weight-rate",
        type=FiniteRange(min=0),
        metavar="R",
        default=WEIGHT_RATE,
        help="First stochastic step of logarithms of weights, for a slope of the mean cost.",
    ),
    click.option(
        "--finish",
        type=click.Choice(get_args(Finish)),
        default="lbfgs",
        help="What follows stochastic steps: a quasi-Newton descent on all samples, or nothing.",
    ),
)

edot_options = add_options(
    click.argument("sources", nargs=-1, metavar="SOURCE...", type=click.Path(allow_dash=True)),
    click.option("--preset", metavar="NAME", help="Run a published example (then no SOURCE)."),
    click.option("--list-presets", is_flag=True, help="Name the presets and what they show."),
    click.option(
        "--read",
        type=click.Choice(get_args(SourceKind)),
        default="auto",
        help="What a file holds; auto: text is samples, one a line; a .npy is, if it is a list of"
        " points.",
    ),
    domain_options,
    click.option(
        "-m",
        "--atoms",
        type=COUNTS,
        metavar="M[,M...]",
        default="100",
        help="Numbers of atoms; several make a run each. With weights from a file: as many as"
        " these.",
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
    weight_options,
    start_options,
    click.option(
        "--algorithm",
        type=click.Choice(get_args(Algorithm)),
        default="auto",
        help="For entropic objectives: all atoms at once by stochastic gradients, or cell by cell;"
        " auto by their number.",
    ),
    cell_options,
    metric_option,
    stochastic_options,
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
    click.option(
        "--color",
        type=click.Choice(("mono", "rgb")),
        default="mono",
        help="rgb: a discretisation of each channel, drawn over each other.",
    ),
    click.option(
        "--gap",
        is_flag=True,
        help="Prove how far from the optimum W_2^2 is at most: a few seconds, often more than the"
        " atoms take.",
    ),
    click.option(
        "--barycenter", is_flag=True, help="Discretise the Wasserstein barycentre of the SOURCEs."
    ),
    click.option(
        "--lambda",
        "lambdas",
        type=NUMBERS,
        metavar="L[,L...]",
        show_default="equal",
        help="With --barycenter: the weight of each SOURCE. With --joint: one number, the"
        " regularisation of the plan over the largest cost between the SOURCEs (0.01).",
    ),
    click.option(
        "--plan",
        is_flag=True,
        help="Discretise two SOURCEs, and write the entropic plan between their atoms (.csv; a heat"
        " map as .svg or .png).",
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
    kernel_options,
    click.option(
        "--threads",
        type=click.IntRange(min=1),
        metavar="N",
        show_default="one per processor",
        help="Cells, or parts of kernels, at a time.",
    ),
    click.option(
        "--scheduler",
        metavar="ADDRESS",
        help="Let the workers of a Dask scheduler, such as tcp://10.0.0.1:8786, solve the cells of"
        " the adaptive algorithm.",
    ),
    tone_options,
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
    drawing_options,
    click.option("--dpi", type=FiniteRange(min=1), default=150, help="Resolution of PNG files."),
    file_options,
    report_options,
)
