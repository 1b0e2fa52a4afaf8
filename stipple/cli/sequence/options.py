"""Options of `stipple sequence`."""

from typing import get_args

import click

from stipple.choices import MOST_FOR_DISCREPANCY, Construction
from stipple.cli.shared.batches import file_options
from stipple.cli.shared.config import config_option
from stipple.cli.shared.counts import Count
from stipple.cli.shared.drawings import DRAWING_FORMATS, PLOT_FORMATS
from stipple.cli.shared.options import (
    add_options,
    dpi_option,
    drawing_options,
    report_options,
    tone_options,
)
from stipple.cli.shared.types import PREFIXES, RIVALS, FiniteRange

POINT_FORMATS = ("csv", "npy", *DRAWING_FORMATS)
TABLE_FORMATS = ("csv", *PLOT_FORMATS)
DRAWINGS = ("points", "boxes", "strip")
POINTS = 1024
STIPPLES = 4096

EXAMPLES = """\
\b
Examples:
  stipple sequence -n 1000 > points.csv
  stipple sequence -n 10000000 -o points.npy
  stipple sequence -n 1000000 -d 3 --certify
  stipple sequence --prefixes 1:600 -o certificates.csv -o certificates.svg
  stipple sequence --prefixes 1:300 --compare sobol,random -o compared.png
  stipple sequence -n 185 --draw boxes -o boxes.svg --partition boxes.csv
  stipple sequence --density photo.jpg -n 8k -o grow.svg --animate grow.gif
  stipple sequence --density photo.jpg -n 4096 --compare stipple
"""

point_options = add_options(
    click.option(
        "-n",
        "--points",
        type=Count(min=1),
        metavar="N",
        show_default=f"{POINTS}; {STIPPLES} with --density; B with --prefixes",
        help="Number of points, such as 5000, 10k or 1M.",
    ),
    click.option(
        "-d",
        "--dimension",
        type=click.IntRange(1, 10),
        metavar="D",
        default=2,
        help="Dimension of the unit cube, 1 to 10.",
    ),
    click.option(
        "--skip", type=Count(min=0), metavar="K", default=0, help="Leave out the first K points."
    ),
    click.option(
        "--seed", type=click.IntRange(min=0), metavar="S", default=0, help="Seed of random points."
    ),
    click.option(
        "--density",
        type=click.Path(allow_dash=True),
        metavar="IMAGE",
        help="Stipple this image progressively: every prefix is a good stippling.",
    ),
    click.option(
        "--relaxation",
        type=click.IntRange(min=0),
        metavar="K",
        default=10,
        help="With --density: moves of all points after each doubling; 0 keeps each prefix even.",
    ),
    config_option,
    group="Points",
)

output_options = add_options(
    click.option(
        "-o",
        "--output",
        "outputs",
        multiple=True,
        type=click.Path(allow_dash=True),
        show_default="CSV on standard output if no figure is asked for; IMAGE's name with .svg",
        help="File to write, by suffix: the points as .csv or .npy, a picture of them as .svg, .png"
        " or .pdf (dimension 2), or as .html, a page with a slider over N, with W2 of prefixes if"
        " there is a --density. With --prefixes the table as .csv, a plot of it as .svg, .png or"
        " .pdf. - is standard output. Repeatable.",
    ),
    click.option(
        "--format", "format_", type=click.Choice(POINT_FORMATS), help="Format of output -."
    ),
    click.option(
        "--draw",
        type=click.Choice(DRAWINGS),
        default="points",
        help="Points, a layer for each doubling; their boxes of volume 1/N, in colours; or a strip"
        " of prefixes of N/64, N/16, N/4 and N points.",
    ),
    click.option(
        "--partition",
        type=click.Path(dir_okay=False, allow_dash=True),
        help="Write the boxes as CSV: index, lower and upper corner.",
    ),
    click.option(
        "--animate",
        type=click.Path(dir_okay=False),
        help="Write growing prefixes as a .gif file.",
    ),
    dpi_option,
    file_options,
    report_options,
    group="Output",
)

certificate_options = add_options(
    click.option("--certify", is_flag=True, help="Prove how evenly the N points are spread."),
    click.option(
        "--prefixes",
        type=PREFIXES,
        metavar="A:B[:STEP]",
        help="Certify the first A, A + STEP, ... up to B points: a table and its plot go to -o.",
    ),
    click.option(
        "-p",
        "--order",
        type=FiniteRange(min=1),
        metavar="P",
        default=2.0,
        help="Order P of the distance W_P that is bounded by the boxes, below and above.",
    ),
    click.option(
        "--construction",
        type=click.Choice(get_args(Construction)),
        default="bisection",
        help="Boxes by bisection down to single points, or the partition of the paper: boxes of"
        " some levels, and strips in them. With --certify and --prefixes what its proof says of"
        " their ends is checked.",
    ),
    click.option(
        "--exact-w2", is_flag=True, help="Measure W2 exactly by the transport solver (dimension 2)."
    ),
    click.option(
        "--discrepancy",
        is_flag=True,
        help=f"Measure the L2-star discrepancy too, of up to {MOST_FOR_DISCREPANCY:,} points.",
    ),
    click.option(
        "--compare",
        type=RIVALS,
        metavar="NAME[,NAME...]",
        help="Measure as many points of sobol, halton, kronecker (multiples of a badly approximable"
        " vector), random or grid (dimension 1 or 2) too: W2 beyond dimension 2 in certified"
        " bounds; with --density: of stipple, the points"
        " of `stipple stipple`.",
    ),
    group="Certificates",
)

sequence_options = add_options(
    point_options,
    output_options,
    certificate_options,
    drawing_options,
    tone_options,
)
