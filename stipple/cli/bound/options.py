"""Options of `stipple bound`, and their help."""

from typing import get_args

import click

from stipple.choices import HIGHEST_ORDER, BoundMethod, DistanceUnit, PixelModel
from stipple.cli.shared.batches import file_options
from stipple.cli.shared.options import (
    add_options,
    batch_options,
    kernel_options,
    report_options,
    tone_options,
)
from stipple.cli.shared.types import FiniteRange

FORMATS = ("json", "csv")

EXAMPLES = """\
\b
Examples:
  stipple bound first.png second.png
  stipple bound first.npy second.npy -p 1 --gap 0.001
  stipple bound first.png second.png --unit side --plot moved.png -o interval.json
  stipple bound first.png second.png --method paper --block 4
  stipple bound first.png second.png --gap 0.0001 --time-limit 60 --strict
  stipple bound --all scans -o distances.csv --jobs 4
  stipple bound --pairs pairs.csv -p 1 -o distances.csv
"""

bound_options = add_options(
    click.argument("images", nargs=-1, metavar="[A B]", type=click.Path(allow_dash=True)),
    click.option(
        "--pairs",
        type=click.Path(dir_okay=False, allow_dash=True),
        metavar="FILE.csv",
        help="Take pairs from the columns a and b of a table instead.",
    ),
    click.option(
        "--all",
        "folder",
        type=click.Path(file_okay=False),
        metavar="DIR",
        help="Take every pair of images and .npy files in a folder instead.",
    ),
    click.option(
        "-p",
        "--order",
        type=FiniteRange(min=1, max=HIGHEST_ORDER),
        metavar="P",
        default=2.0,
        help="Order of the distance: costs are Euclidean distances to this power.",
    ),
    click.option(
        "--method",
        type=click.Choice(get_args(BoundMethod)),
        default="auto",
        help="Multiscale linear programmes (sparse), back-and-forth potentials with order 2 (fast),"
        " or the four published estimators (paper).",
    ),
    click.option(
        "--block",
        type=click.IntRange(min=1),
        metavar="S",
        default=4,
        help="Side of the blocks of --method paper, in pixels.",
    ),
    click.option(
        "--gap",
        type=FiniteRange(min=0),
        metavar="G",
        default=0.005,
        help="Refine until (upper - lower)/lower is at most this.",
    ),
    click.option(
        "--time-limit",
        type=FiniteRange(min=0),
        metavar="SECONDS",
        help="Stop after this time, within a tenth and a second; the interval is valid all the"
        " same. It counts from when the images have been read.",
    ),
    click.option("--strict", is_flag=True, help="Exit with 1 where the gap is not reached."),
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
        help="Whether the mass of a pixel is at its centre, or spread over its square.",
    ),
    kernel_options,
    click.option(
        "--threads",
        type=click.IntRange(min=1),
        metavar="N",
        show_default="one per processor",
        help="Threads for a pair.",
    ),
    batch_options,
    tone_options,
    click.option(
        "-o",
        "--output",
        "outputs",
        multiple=True,
        type=click.Path(allow_dash=True),
        help="Write the interval as .json or .csv; of many pairs a .csv with a row each, to which a"
        " later run adds the rows that are missing, whose files have changed, or whose gap is too"
        " wide. - is standard output. Repeatable.",
    ),
    click.option("--format", "format_", type=click.Choice(FORMATS), help="Format of output -."),
    click.option(
        "--plot",
        type=click.Path(dir_okay=False),
        help="Draw the images, where mass goes, and the interval by resolution, .svg or .png.",
    ),
    file_options,
    report_options,
)
