"""Options of `stipple morph`, and their help."""

from typing import get_args

import click

from stipple.choices import Easing
from stipple.cli.shared.batches import file_options
from stipple.cli.shared.config import config_option
from stipple.cli.shared.counts import Count
from stipple.cli.shared.options import (
    add_options,
    background_option,
    ink_option,
    page_options,
    radius_option,
    report_options,
    solver_options,
    tone_options,
)
from stipple.cli.shared.types import FiniteRange

FORMATS = ("gif", "svg", "png", "webp", "mp4", "webm", "html")
MOST_DOTS = 100_000
DEFAULT_OUTPUT = "morph.gif"

EXAMPLES = """\
\b
Examples:
  stipple morph first.png second.png -n 8000 -o morph.svg
  stipple morph first.png second.png first.png -n 6000 -o round.svg
  stipple morph first.png second.png -n 8k --frames 12 -o morph.gif
"""

motion_options = add_options(
    click.option(
        "--frames",
        type=Count(1, 10_000),
        metavar="N",
        default=48,
        help="Frames from each picture to the next; an .svg has none, it moves all the time.",
    ),
    click.option(
        "--easing",
        type=click.Choice(get_args(Easing)),
        default="smooth",
        help="Dots start and end slowly, or go at one speed.",
    ),
    click.option(
        "--travel",
        type=FiniteRange(0, 3600, min_open=True),
        metavar="SECONDS",
        default=2.0,
        help="How long dots travel from each picture to the next.",
    ),
    click.option(
        "--hold",
        type=FiniteRange(0, 600),
        metavar="SECONDS",
        default=0.5,
        help="How long they rest at each picture.",
    ),
    config_option,
    group="Motion",
)

output_options = add_options(
    click.option(
        "-n",
        "--points",
        type=Count(1, MOST_DOTS),
        metavar="N",
        default=5000,
        help="Number of dots, the same in all pictures, such as 5000 or 10k.",
    ),
    click.option(
        "-o",
        "--output",
        "outputs",
        multiple=True,
        type=click.Path(allow_dash=True),
        show_default=DEFAULT_OUTPUT,
        help="File to write, by suffix: .gif, .png (APNG), .webp, .mp4, .webm, .svg, which"
        " browsers play, or .html, a page with a slider; - is standard output. Repeatable.",
    ),
    click.option("--format", "format_", type=click.Choice(FORMATS), help="Format of output -."),
    click.option(
        "--dpi",
        type=FiniteRange(min=1),
        default=72,
        help="Resolution of frames; 72 makes some 840 pixels of a picture that fits A4.",
    ),
    file_options,
    report_options,
    group="Output",
)

morph_options = add_options(
    click.argument(
        "images",
        nargs=-1,
        required=True,
        metavar="IMAGE IMAGE...",
        type=click.Path(readable=False),  # reading tells why
    ),
    motion_options,
    output_options,
    page_options,
    add_options(radius_option, ink_option, background_option, group="Look"),
    tone_options,
    add_options(
        click.option(
            "--seed",
            type=click.IntRange(min=0),
            default=0,
            metavar="S",
            help="Seed of the starts of dots.",
        ),
        solver_options,
        group="Solver",
    ),
)
