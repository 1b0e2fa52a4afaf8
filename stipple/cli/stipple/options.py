"""Options of `stipple stipple`, and their help."""

from typing import get_args

import click

from stipple.choices import LARGEST_COUNT, InkMode, Method, Order, Texture
from stipple.cli.shared.drawings import DRAWING_FORMATS
from stipple.cli.shared.options import (
    add_options,
    batch_options,
    drawing_options,
    report_options,
    solver_options,
    tone_options,
)
from stipple.cli.shared.types import MARKS, FiniteRange

FORMATS = (*DRAWING_FORMATS, "csv", "json")

EXAMPLES = """\
\b
Examples:
  stipple stipple photo.jpg
  stipple stipple photo.jpg -n 20000 -o photo.svg -o photo.png
  stipple stipple photo.jpg --page a4 --margin 15mm --dots stroke --order tsp -o plot.svg
  stipple stipple photo.jpg -n 3000 --order tsp --draw tour -o tour.svg
  stipple stipple photo.jpg -n 12000 --color cmyk -o inks.svg
  stipple stipple logo.png --alpha mask --animate logo.gif --report logo.json
  stipple stipple *.jpg -o out/{stem}.svg -o out/{stem}.png --jobs 4 --report out/all.json
  cat density.npy | stipple stipple - -n 1000 -o - --format csv
"""

placing_options = add_options(
    click.option(
        "--quality",
        type=FiniteRange(min=0, min_open=True),
        metavar="Q",
        show_default="0.173 with --texture blue, else none",
        help="Stop at the first step of which N·W2²/A is not above this.",
    ),
    click.option(
        "--texture",
        type=click.Choice(get_args(Texture)),
        default="hexagonal",
        help="As regular as can be; or blue, without visible grain: from random dots, stopped"
        " early.",
    ),
    click.option(
        "--masses",
        type=click.Path(dir_okay=False),
        metavar="PATH.csv",
        help="What each dot is to stand for, relative to others: column mass, a row for each dot.",
    ),
    click.option(
        "--fixed",
        type=click.Path(dir_okay=False),
        metavar="PATH.csv",
        help="Dots that stay, columns x,y in pixels; they count among the N.",
    ),
)

stipple_options = add_options(
    click.argument(
        "images",
        nargs=-1,
        required=True,
        metavar="IMAGE...",
        type=click.Path(allow_dash=True, readable=False),  # reading tells why
    ),
    click.option(
        "-n",
        "--points",
        type=click.IntRange(1, LARGEST_COUNT),
        default=5000,
        metavar="N",
        show_default="5000, or as many as there are masses",
        help="Number of dots.",
    ),
    click.option(
        "-o",
        "--output",
        "outputs",
        multiple=True,
        type=click.Path(allow_dash=True),
        show_default="IMAGE's name with .svg, in this folder",
        help="File to write, by suffix .svg, .png, .csv or .json; - is standard output. Repeatable."
        " Of several images a pattern, see above.",
    ),
    click.option("--format", "format_", type=click.Choice(FORMATS), help="Format of the output -."),
    click.option(
        "--method",
        type=click.Choice(get_args(Method)),
        default="lbfgs",
        help="How points move: quasi-Newton, over-relaxed Lloyd, or Lloyd.",
    ),
    click.option(
        "--iterations",
        type=click.IntRange(min=0),
        default=30,
        metavar="K",
        help="Maximum number of steps; 0 solves the transport of the start and moves nothing.",
    ),
    click.option(
        "--tolerance",
        type=FiniteRange(min=0),
        default=1e-5,
        metavar="T",
        help="Stop when a step lowers W2² by less than this part of it, and small perturbations do"
        " not help.",
    ),
    click.option(
        "--start",
        default="bisection",
        metavar="bisection|uniform|grid|PATH.csv",
        help="Where dots begin: near the equal-mass bisection, random, a grid, or columns x,y in"
        " pixels. All but the first are taken as they are: a saddle there is told, not left.",
    ),
    click.option(
        "--seed",
        type=click.IntRange(min=0),
        default=0,
        metavar="S",
        help="Seed of starts and perturbations.",
    ),
    placing_options,
    solver_options,
    tone_options,
    click.option(
        "--color",
        type=click.Choice(get_args(InkMode)),
        default="mono",
        help="One black ink; cyan, magenta, yellow and black; or red, green and blue light.",
    ),
    drawing_options,
    click.option(
        "--draw", type=MARKS, default="dots", help="Any of dots,cells,tour (tour: --order tsp)."
    ),
    click.option(
        "--order",
        type=click.Choice(get_args(Order)),
        default="none",
        help="Pen travel: as solved, nearest neighbour, or a short tour.",
    ),
    click.option("--dpi", type=FiniteRange(min=1), default=300, help="Resolution of PNG files."),
    click.option(
        "--animate", type=click.Path(dir_okay=False), help="Write the moving dots as a .gif file."
    ),
    batch_options,
    report_options,
)
