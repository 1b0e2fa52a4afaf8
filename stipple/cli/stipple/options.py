"""Options of `stipple stipple`, and their help."""

from typing import get_args

import click

from stipple.choices import LARGEST_COUNT, InkMode, Light, Method, Order, Overlap
from stipple.cli.shared.drawings import DRAWING_FORMATS
from stipple.cli.shared.options import (
    add_options,
    batch_options,
    drawing_options,
    report_options,
    solver_options,
    tone_options,
)
from stipple.cli.shared.types import COLOUR, INKS, MARKS, FiniteRange

FORMATS = (*DRAWING_FORMATS, "csv", "json")

EXAMPLES = """\
\b
Examples:
  stipple stipple photo.jpg
  stipple stipple photo.jpg -n 20000 -o photo.svg -o photo.png
  stipple stipple photo.jpg --page a4 --margin 15mm --dots stroke --order tsp -o plot.svg
  stipple stipple photo.jpg -n 3000 --order tsp --draw tour -o tour.svg
  stipple stipple photo.jpg -n 12000 --color cmyk -o inks.svg
  stipple stipple photo.jpg --inks '#e4002b,navy,black' --paper '#fff8e7' -o pens.svg
  stipple stipple logo.png --alpha mask --animate logo.gif --report logo.json
  stipple stipple *.jpg -o out/{stem}.svg -o out/{stem}.png --jobs 4 --report out/all.json
  cat density.npy | stipple stipple - -n 1000 -o - --format csv
"""

ink_options = add_options(
    click.option(
        "--color",
        type=click.Choice(get_args(InkMode)),
        default="mono",
        help="One black ink; cyan, magenta, yellow and black; or red, green and blue light.",
    ),
    click.option(
        "--inks",
        type=INKS,
        metavar="COLOUR,...",
        help="Pens of your own, 1 to 8, such as '#e4002b,navy,black': pen 1 is the first.",
    ),
    click.option(
        "--paper",
        type=COLOUR,
        metavar="COLOUR",
        show_default="white; black under rgb",
        help="Colour of the paper, which shows between dots.",
    ),
    click.option(
        "--light",
        type=click.Choice(get_args(Light)),
        default="encoded",
        help="How tones and colours mix: as the file encodes them, or as light does for an eye at"
        " a distance, which is darker.",
    ),
    click.option(
        "--overlap",
        type=click.Choice(get_args(Overlap)),
        show_default="avoid; allow under rgb, whose lights side by side show a third of white",
        help="Dots of several inks avoid each other and mix side by side, or each ink is placed"
        " alone and they mix where they overlap.",
    ),
    click.option(
        "--balance",
        type=FiniteRange(0, 1),
        default=0.5,
        metavar="L",
        help="Inks that avoid each other: near 1 the dots of each are spread best, near 0 those of"
        " all together.",
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
    solver_options,
    tone_options,
    ink_options,
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
