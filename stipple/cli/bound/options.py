"""Options of `stipple bound`, and their help."""

from typing import get_args

import click

from stipple.choices import HIGHEST_ORDER, BoundMethod, DistanceUnit, PixelModel
from stipple.cli.shared.batches import file_options
from stipple.cli.shared.config import config_option
from stipple.cli.shared.options import (
    add_options,
    batch_options,
    kernel_options,
    report_options,
    tone_options,
)
from stipple.cli.shared.types import FiniteRange, Portion
from stipple.drawing.formats import PLOT_FORMATS

FIGURES = ("json", "csv")
FORMATS = (*FIGURES, *PLOT_FORMATS, "html")

EXAMPLES = """\
\b
Examples:
  stipple bound first.png second.png
  stipple bound first.npy second.npy -p 1 --gap 0.001
  stipple bound first.tif second.tif -p 1.5
  stipple bound first.png second.png --unit side -o moved.png
  stipple bound first.png second.png --morph between.gif
  stipple bound first.png second.png --method paper --block 4
  stipple bound first.png second.png --gap 0.0001 --time-limit 60 --strict
  stipple bound --all scans -o distances.csv --jobs 4
  stipple bound --query scans/0.npy --all scans --nearest 2
  stipple bound --pairs pairs.csv -p 1 -o distances.csv
"""

source_options = add_options(
    click.option(
        "--pairs",
        type=click.Path(dir_okay=False, allow_dash=True),
        metavar="FILE.csv",
        help="Compare the pairs in the columns a and b of a table.",
    ),
    click.option(
        "--all",
        "folder",
        type=click.Path(file_okay=False),
        metavar="DIR",
        help="Compare every pair of images and .npy files in a folder.",
    ),
    click.option(
        "--query",
        type=click.Path(allow_dash=True),
        metavar="IMAGE",
        help="Find which other images of --all are nearest to this one, and prove it.",
    ),
    click.option(
        "--nearest",
        type=click.IntRange(min=1),
        metavar="K",
        show_default="1",
        help="How many to find with --query.",
    ),
    config_option,
    group="Source",
)

distance_options = add_options(
    click.option(
        "-p",
        "--order",
        type=FiniteRange(min=1, max=HIGHEST_ORDER),
        metavar="P",
        default=2.0,
        help="Order of the distance: costs are Euclidean distances to this power.",
    ),
    click.option(
        "--gap",
        type=Portion(min=0),
        metavar="G",
        default=0.005,
        help="Refine until (upper - lower)/lower is at most this, such as 0.005 or 0.5%.",
    ),
    click.option(
        "--time-limit",
        type=FiniteRange(min=0),
        metavar="SECONDS",
        help="Stop refining after this time, give or take a tenth and a second; the interval is"
        " still valid. The clock starts when the images have been read. A single row or column is"
        " solved at once, and exactly, whatever its length.",
    ),
    click.option("--strict", is_flag=True, help="Exit with code 1 if the gap is not reached."),
    click.option(
        "--unit",
        type=click.Choice(get_args(DistanceUnit)),
        default="pixel",
        help="Unit of the distance: a pixel, or the longer side of the images.",
    ),
    click.option(
        "--pixels",
        type=click.Choice(get_args(PixelModel)),
        default="points",
        help="The mass of a pixel is a point at its centre, or spread over its square; of a voxel,"
        " over its cube.",
    ),
    group="Distance",
)

solver_options = add_options(
    click.option(
        "--method",
        type=click.Choice(get_args(BoundMethod)),
        default="auto",
        help="Multiscale linear programmes (sparse), back-and-forth potentials with order 2 (fast),"
        " or the four published estimators (paper; images only).",
    ),
    click.option(
        "--block",
        type=click.IntRange(min=1),
        metavar="S",
        default=4,
        help="Side of the blocks of --method paper, in pixels.",
    ),
    kernel_options,
    click.option(
        "--threads",
        type=click.IntRange(min=1),
        metavar="N",
        show_default="one per processor",
        help="Threads for a pair.",
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
        help="Write the interval as .json or .csv; the picture of --plot as .svg, .png or .pdf; or"
        " a page with arrows where mass goes as .html;"
        " for many pairs a .csv with a row each. A later run adds the rows that are missing, whose"
        " files have changed, or whose gap is too wide. - is standard output. Repeatable.",
    ),
    click.option("--format", "format_", type=click.Choice(FORMATS), help="Format of output -."),
    click.option(
        "--plot",
        type=click.Path(dir_okay=False),
        help="Draw the images, where mass goes, and the interval, .svg, .png"
        " or .pdf: a picture beside what -o writes.",
    ),
    click.option(
        "--morph",
        type=click.Path(dir_okay=False),
        help="Draw the mass on its straight way from A to B: a .gif, or a strip of times as .png.",
    ),
    file_options,
    report_options,
    group="Output",
)

bound_options = add_options(
    click.argument("images", nargs=-1, metavar="[A B]", type=click.Path(allow_dash=True)),
    source_options,
    distance_options,
    output_options,
    tone_options,
    solver_options,
    batch_options,
)
