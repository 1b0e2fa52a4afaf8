"""Options of `stipple stipple`, and their help."""

from typing import get_args

import click

from stipple.choices import (
    LARGEST_COUNT,
    InkMode,
    Light,
    Method,
    Order,
    Overlap,
    Spacing,
    Strays,
    Texture,
)
from stipple.cli.shared.batches import file_options, skip_options
from stipple.cli.shared.config import config_option, take_values
from stipple.cli.shared.counts import Count
from stipple.cli.shared.drawings import DRAWING_FORMATS
from stipple.cli.shared.options import (
    add_options,
    batch_options,
    make_report_options,
    mark_options,
    page_options,
    solver_options,
    tone_options,
)
from stipple.cli.shared.presets import complete_presets, find_preset
from stipple.cli.shared.types import COLOUR, INKS, MARKS, FiniteRange, Portion
from stipple.cli.stipple.presets import PRESETS

FORMATS = (*DRAWING_FORMATS, "csv", "json")


def _list_presets(context: click.Context, _: click.Parameter, asked: bool) -> None:
    if asked:
        for name, preset in PRESETS.items():
            values = " ".join(f"--{key} {value}" for key, value in preset.options.items())
            click.echo(f"{name:12} {preset.title}\n{'':12} {values}")
        context.exit()


def _take_preset(context: click.Context, _: click.Parameter, name: str | None) -> str | None:
    if name is not None:
        take_values(context, find_preset(name, PRESETS).options, f"preset {name}")
    return name


look_options = add_options(
    click.option(
        "--preset",
        metavar="NAME",
        is_eager=True,
        callback=_take_preset,
        shell_complete=complete_presets(lambda: PRESETS),
        help="Start from a ready-made look; other options change it.",
    ),
    click.option(
        "--list-presets",
        is_flag=True,
        is_eager=True,
        expose_value=False,
        callback=_list_presets,
        help="List the presets and their options.",
    ),
    config_option,
    mark_options,
    click.option(
        "--draw", type=MARKS, default="dots", help="Any of dots,cells,tour (tour: --order tsp)."
    ),
    click.option(
        "--order",
        type=click.Choice(get_args(Order)),
        default="none",
        help="Order of the pen: as solved, nearest neighbour, or a short tour.",
    ),
    click.option(
        "--size-variation",
        type=Portion(min=0, max=1, max_open=True),
        metavar="V",
        default=0.0,
        help="Vary the size of dots: above 0, light areas get many small ones (such as 0.5 or"
        " 50%).",
    ),
    click.option(
        "--spacing",
        type=click.Choice(get_args(Spacing)),
        default="touch",
        help="Dots may touch, and their union keeps the tone; or all stay apart, and dark areas"
        " come out lighter.",
    ),
    click.option(
        "--texture",
        type=click.Choice(get_args(Texture)),
        default="hexagonal",
        help="As regular as can be; or blue noise, without visible grain.",
    ),
    group="Look",
)

EXAMPLES = """\
\b
Examples:
  stipple photo.jpg
  stipple photo.jpg -n 20k -o photo.svg -o photo.png
  stipple photo.jpg --page a4 --margin 15mm --pen 1mm -o plot.svg
  stipple stipple photo.jpg --preset newspaper --points 5000 -o printed.pdf
  stipple stipple photo.jpg -n 3000 --order tsp --draw tour -o tour.svg
  stipple stipple photo.jpg -n 12000 --color cmyk -o inks.svg
  stipple stipple photo.jpg --inks '#e4002b,navy,black' -o pens.svg
  stipple stipple logo.png --alpha mask --animate logo.gif --report logo.json
  stipple stipple *.jpg -o out/{stem}.svg --jobs 4 --report out/all.json
  stipple stipple frames/*.png -n 8000 -o out/{stem}.svg --coherent
  cat density.npy | stipple stipple - -n 1000 -o - --format csv
"""

output_options = add_options(
    click.option(
        "-n",
        "--points",
        type=Count(1, LARGEST_COUNT),
        default=5000,
        metavar="N",
        show_default="5000; with --masses their number; with --pen as many strokes as the tone"
        " needs",
        help="Number of dots, such as 5000, 10k or 1M.",
    ),
    click.option(
        "-o",
        "--output",
        "outputs",
        multiple=True,
        type=click.Path(allow_dash=True),
        show_default="IMAGE's name with .svg, in this folder",
        help="File to write, by suffix .svg, .png, .pdf, .csv or .json, or .html, a page to look at"
        " in a browser; - is standard output. Repeatable. For several images a pattern such as"
        " out/{stem}.svg.",
    ),
    click.option("--format", "format_", type=click.Choice(FORMATS), help="Format of output -."),
    click.option("--dpi", type=FiniteRange(min=1), default=300, help="Resolution of PNG files."),
    click.option(
        "--animate",
        type=click.Path(dir_okay=False),
        help="Write the moving dots as a .gif file; with --coherent those of all frames, as"
        " .gif, .png (APNG), .webp, .svg, .mp4 or .webm.",
    ),
    file_options,
    make_report_options("Print each step, and the mathematical figures at the end."),
    group="Output",
)

placing_options = add_options(
    click.option(
        "--quality",
        type=FiniteRange(min=0, min_open=True),
        metavar="Q",
        show_default="0.173 with --texture blue, else none",
        help="Stop as soon as the quality N·W2²/A is at most this; lower is better.",
    ),
    click.option(
        "--masses",
        type=click.Path(dir_okay=False),
        metavar="PATH.csv",
        help="How much darkness each dot stands for, relative to the others: column mass, a row"
        " for each dot.",
    ),
    click.option(
        "--fixed",
        type=click.Path(dir_okay=False),
        metavar="PATH.csv",
        help="Dots that stay where they are, columns x,y in pixels; they count among the N.",
    ),
    click.option(
        "--strays",
        type=click.Choice(get_args(Strays)),
        default="move",
        help="Dots that end on white: move them to the nearest ink of their own cells, or keep"
        " them and the lower W2².",
    ),
    click.option(
        "--bleed",
        is_flag=True,
        help="Stipple the image with a mirrored border and crop it: no row of dots runs along the"
        " edges.",
    ),
    group="Solver",
)

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
        type=Portion(0, 1),
        default=0.5,
        metavar="L",
        help="For inks that avoid each other: near 1 each ink alone is spread best, near 0 all"
        " dots together.",
    ),
    group="Look",
)

search_options = add_options(
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
        help="Maximum number of steps; with 0 the dots stay where they begin.",
    ),
    click.option(
        "--tolerance",
        type=Portion(min=0),
        default=1e-5,
        metavar="T",
        help="Stop when a step lowers W2² by less than this share of it, and small perturbations"
        " do not help.",
    ),
    click.option(
        "--start",
        default="bisection",
        metavar="bisection|uniform|grid|PATH.csv",
        help="Where dots begin: near the equal-mass bisection, at random, on a grid, or at the"
        " columns x,y of a file, in pixels.",
    ),
    click.option(
        "--seed",
        type=click.IntRange(min=0),
        default=0,
        metavar="S",
        help="Seed of random starts and perturbations.",
    ),
    group="Solver",
)

stipple_options = add_options(
    click.argument(
        "images",
        nargs=-1,
        required=True,
        metavar="IMAGE...",
        type=click.Path(allow_dash=True, readable=False),  # reading tells why
    ),
    output_options,
    page_options,
    look_options,
    ink_options,
    tone_options,
    search_options,
    placing_options,
    solver_options,
    batch_options,
    add_options(
        click.option(
            "--coherent",
            is_flag=True,
            help="The images, or the frames of a GIF, PNG or WebP, are followed: each starts"
            " from the dots of the last, and every dot keeps its number, the id in .svg and .csv.",
        ),
        click.option(
            "--birth",
            is_flag=True,
            help="With --coherent the number of dots follows the darkness: -n is that of the first"
            " frame, dots are born where it gets darker, and die where it gets lighter.",
        ),
        skip_options,
        group="Batch",
    ),
)
