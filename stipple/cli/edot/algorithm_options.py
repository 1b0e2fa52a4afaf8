"""Options of `stipple edot` on how entropic objectives are solved."""

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
)
from stipple.cli.shared.counts import Count
from stipple.cli.shared.options import (
    add_options,
)
from stipple.cli.shared.types import (
    FiniteRange,
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
        type=Count(min=1),
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

algorithm_options = add_options(
    click.option(
        "--algorithm",
        type=click.Choice(get_args(Algorithm)),
        default="auto",
        help="For entropic objectives: all atoms at once by stochastic gradients, or cell by cell;"
        " auto by their number.",
    ),
    cell_options,
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
    group="Solver",
)
