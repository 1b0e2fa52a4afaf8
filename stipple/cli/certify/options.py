"""Options of `stipple certify`."""

import click

from stipple.cli.shared.batches import file_options
from stipple.cli.shared.config import config_option
from stipple.cli.shared.options import (
    add_options,
    dpi_option,
    report_options,
    solver_options,
    tone_options,
)
from stipple.cli.shared.types import NUMBERS
from stipple.drawing.formats import PLOT_FORMATS

TABLE_FORMATS = ("csv", "json")
FORMATS = (*TABLE_FORMATS, *PLOT_FORMATS)

EXAMPLES = """\
\b
Examples:
  stipple certify points.csv
  stipple certify points.csv --density photo.jpg -o points.png
  stipple certify first.csv second.csv --box 0,0,64,48 -o compared.csv
"""

source_options = add_options(
    click.argument("files", nargs=-1, required=True, metavar="POINTS..."),
    click.option(
        "--density",
        type=click.Path(allow_dash=True),
        metavar="IMAGE",
        show_default="uniform",
        help="The density that points stand for; they are in its pixels, as -o x.csv of the other"
        " commands has them.",
    ),
    click.option(
        "--box",
        type=NUMBERS,
        metavar="X0,Y0,X1,Y1",
        show_default="0,0,1,1",
        help="The rectangle of the uniform density.",
    ),
    config_option,
    group="Source",
)

output_options = add_options(
    click.option(
        "-o",
        "--output",
        "outputs",
        multiple=True,
        type=click.Path(allow_dash=True),
        show_default="none; figures are printed",
        help="File to write, by suffix: a table of the figures as .csv or .json, or a page with the"
        " points, their cells, distances and spectrum as .svg, .png or .pdf. - is standard output."
        " Repeatable.",
    ),
    click.option("--format", "format_", type=click.Choice(FORMATS), help="Format of output -."),
    dpi_option,
    file_options,
    report_options,
    group="Output",
)

certify_options = add_options(source_options, output_options, solver_options, tone_options)
