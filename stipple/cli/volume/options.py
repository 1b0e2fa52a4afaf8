"""Options of `stipple volume`."""

import click

from stipple.cli.shared.batches import file_options
from stipple.cli.shared.config import config_option
from stipple.cli.shared.counts import Count
from stipple.cli.shared.domains import VOXELS, ball_option
from stipple.cli.shared.options import add_options, report_options, threads_option
from stipple.cli.shared.types import NUMBERS, SPACING, FiniteRange

FORMATS = ("csv", "npy", "ply", "vtp", "tess", "png", "gif", "html")
POINTS = 1000

EXAMPLES = """\
\b
Examples:
  stipple volume stack.npy -n 500 -o points.csv
  stipple volume stack.tif -n 500 --spacing 1,1,2.5 -o points.ply
  stipple volume stack.npy --masses grains.csv --draw cells -o cells.ply
  stipple volume stack.npy -n 2000 --periodic -o points.csv -o turn.html
  stipple volume gaussian:0,0.4 --ball 0,0,0,1 -n 2000 -o points.ply
"""

volume_options = add_options(
    click.argument("volume", metavar="VOLUME", type=click.Path(allow_dash=True)),
    add_options(
        click.option(
            "-n",
            "--points",
            type=Count(min=1),
            metavar="N",
            show_default=f"{POINTS}; with --masses their number",
            help="Number of points, such as 5000, 10k or 1M.",
        ),
        click.option(
            "--masses",
            type=click.Path(allow_dash=True),
            metavar="CSV",
            help="Mass of each point, relative to others: the column mass, or the first.",
        ),
        click.option(
            "--spacing",
            type=SPACING,
            metavar="X,Y,Z",
            show_default="the header's, else 1,1,1; either is told",
            help="Width, height and depth of a voxel, such as 1,1,2.5, in any unit of length.",
        ),
        click.option(
            "--box",
            type=NUMBERS,
            metavar="X0,Y0,Z0,X1,Y1,Z1",
            show_default="0,0,0,1,1,1",
            help="Domain of a formula.",
        ),
        ball_option,
        click.option(
            "--voxels",
            type=click.IntRange(min=1),
            metavar="P",
            show_default=f"{VOXELS}",
            help="Voxels along the longest side on which a formula is integrated.",
        ),
        click.option(
            "--periodic",
            is_flag=True,
            help="Opposite sides of the box are one: copies side by side show no seam.",
        ),
        click.option(
            "--seed",
            type=click.IntRange(min=0),
            metavar="S",
            default=0,
            help="Seed of the start.",
        ),
        config_option,
        group="Points",
    ),
    add_options(
        click.option(
            "--iterations",
            type=click.IntRange(min=0),
            metavar="K",
            default=30,
            help="Maximum number of steps; 0 moves nothing.",
        ),
        click.option(
            "--tolerance",
            type=FiniteRange(min=0),
            default=1e-5,
            help="Stop when a step lowers W2² by less than this part of it.",
        ),
        click.option(
            "--mass-tolerance",
            type=FiniteRange(min=0, min_open=True),
            default=1e-6,
            help="Largest relative error of a cell's mass in the result.",
        ),
        threads_option,
        group="Solver",
    ),
    add_options(
        click.option(
            "-o",
            "--output",
            "outputs",
            multiple=True,
            type=click.Path(allow_dash=True),
            show_default="CSV on standard output",
            help="File of the points, by suffix: .csv, .ply and .vtp (VTK) with their masses, .npy"
            " without; .tess holds cells; .png shows slices (of --masses with the borders of"
            " cells), .gif the points from all around, .html a page to turn them. - is standard"
            " output. Repeatable.",
        ),
        click.option("--format", "format_", type=click.Choice(FORMATS), help="Format of output -."),
        click.option(
            "--draw",
            type=click.Choice(("points", "cells")),
            default="points",
            help="Show power cells: in .ply and .vtp as polygons instead of the points, each with"
            " the numbers of its two cells, in .tess as Neper's tessellation, which shares"
            " corners, in .png by their borders.",
        ),
        file_options,
        report_options,
        group="Output",
    ),
)
