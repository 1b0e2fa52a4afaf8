"""Options that several subcommands share, as stacks of decorators."""

from collections.abc import Callable
from typing import Any, TypeVar, get_args

import click

from stipple.choices import PEN_WIDTH, Alpha, Device, DotStyle, KernelEngine, NeighbourEngine
from stipple.cli.shared.counts import Count
from stipple.cli.shared.types import (
    BACKGROUND,
    COLOUR,
    LENGTH,
    LEVELS,
    PAGE,
    PEN,
    RADIUS,
    SIZE,
    FiniteRange,
    Portion,
)

Command = TypeVar("Command", bound=Callable[..., Any])


def add_options(
    *options: Callable[[Any], Any], group: str | None = None
) -> Callable[[Command], Command]:
    """Turn a list of options into one decorator that keeps their order.

    Parameters
    ----------
    *options : callable
        Decorators of click, or stacks made by this function.
    group : str, optional
        Title over these options in the help and in the manual, but for those of stacks among them
        that have a title of their own.
    """

    def decorate(command: Command) -> Command:
        before = len(_list_parameters(command))
        for option in reversed(options):
            command = option(command)
        if group is not None:
            for parameter in _list_parameters(command)[before:]:
                vars(parameter).setdefault("group", group)
        return command

    return decorate


def _list_parameters(function: Callable[..., Any]) -> list[click.Parameter]:
    """Return what click has collected for a function so far, the last decorator first."""
    collected: list[click.Parameter] = vars(function).get("__click_params__", [])
    return collected


tone_options = add_options(
    click.option(
        "--levels",
        type=LEVELS,
        metavar="auto|BLACK,WHITE",
        help="Greys that become black and white, of 255 or as percentiles such as 2%,98%; auto is"
        " 0.5%,98%.",
    ),
    click.option(
        "--sharpen",
        type=Portion(min=0),
        metavar="AMOUNT",
        default=0.0,
        help="Amount of an unsharp mask, such as 0.8 or 80%.",
    ),
    click.option("--invert", is_flag=True, help="Swap light and dark."),
    click.option(
        "--gamma",
        type=FiniteRange(min=0, min_open=True),
        default=1.0,
        help="Exponent on darkness: above 1 lightens the midtones.",
    ),
    click.option(
        "--contrast",
        type=FiniteRange(min=0, min_open=True),
        default=1.0,
        help="Slope of the tones at mid-grey.",
    ),
    click.option(
        "--threshold",
        type=Portion(0, 1),
        default=0.0,
        help="Darkness below this, such as 0.05 or 5%, is white.",
    ),
    click.option(
        "--alpha",
        type=click.Choice(get_args(Alpha)),
        default="white",
        help="What shows through transparent pixels; mask: nothing is placed there.",
    ),
    click.option(
        "--resize", type=SIZE, metavar="SIDE|WxH", help="Resample the image to this size in pixels."
    ),
    click.option(
        "--max-pixels",
        type=Count(min=1),
        metavar="N",
        default=100_000_000,
        help="Refuse larger images.",
    ),
    group="Tone",
)

page_options = add_options(
    click.option(
        "--page",
        type=PAGE,
        metavar="NAME|WxH",
        show_default="the picture as large as it fits A4, with its margins",
        help="Sheet that the picture fills, such as a4, letter or 11x14in.",
    ),
    click.option(
        "--landscape/--portrait",
        default=None,
        show_default="sheets by name as the picture lies",
        help="Turn the page: its longer side across, or upright.",
    ),
    click.option("--margin", type=LENGTH, default="5mm", help="Blank border on every side."),
    group="Page",
)

radius_option = click.option(
    "--radius",
    type=RADIUS,
    metavar="LENGTH|auto",
    default="auto",
    help="Radius of the dots; auto: as large as the tone needs.",
)
ink_option = click.option("--ink", type=COLOUR, help="Colour of the dots.  [default: black]")
background_option = click.option(
    "--background",
    type=BACKGROUND,
    metavar="COLOUR|none|auto",
    default="auto",
    help="Colour of the paper; none or transparent leaves it out; auto: white, black under rgb,"
    " none for pen drawings.",
)

mark_options = add_options(
    click.option(
        "--dots",
        type=click.Choice(get_args(DotStyle)),
        default="circle",
        help="Filled circles; strokes, one touch of the pen each; or spirals that fill each dot.",
    ),
    radius_option,
    click.option(
        "--pen",
        "--pen-width",
        "pen",
        type=PEN,
        metavar="WIDTH",
        show_default=f"{PEN_WIDTH:g}mm",
        help="Width of the pen, for lines, spirals and strokes.",
    ),
    ink_option,
    background_option,
    group="Look",
)

drawing_options = add_options(page_options, mark_options)

threads_option = click.option(
    "--threads",
    type=click.IntRange(min=1),
    metavar="N",
    show_default="one per processor",
    help="Threads for the power cells.",
)

solver_options = add_options(
    click.option(
        "--engine",
        type=click.Choice(get_args(NeighbourEngine)),
        default="auto",
        help="Backend for neighbours of power cells; auto: our own search where cells are many,"
        " else pysdot where it is installed.",
    ),
    threads_option,
    group="Solver",
)

batch_options = add_options(
    click.option(
        "--jobs",
        type=click.IntRange(min=1),
        metavar="J",
        default=1,
        help="Number of parallel processes; they share the processors.",
    ),
    click.option(
        "--scheduler",
        metavar="ADDRESS",
        help="Send the work to a Dask cluster, such as tcp://10.0.0.1:8786; its workers must see"
        " the same files under the same paths.",
    ),
    group="Batch",
)

kernel_options = add_options(
    click.option(
        "--engine",
        type=click.Choice(get_args(KernelEngine)),
        default="auto",
        help="Backend for all-pairs transforms: NumPy and compiled loops (numpy), or KeOps; auto:"
        " by size and device.",
    ),
    click.option(
        "--device",
        type=click.Choice(get_args(Device)),
        default="auto",
        help="Where KeOps computes; auto: on a GPU, where there is one.",
    ),
    group="Solver",
)


def make_report_options(verbose: str) -> Callable[[Command], Command]:
    """Return the options of what is told; `verbose` says what that option of a command prints."""
    return add_options(
        click.option(
            "--report",
            type=click.Path(dir_okay=False, allow_dash=True),
            help="Write a JSON report: options, figures, timings, versions; - is standard output.",
        ),
        click.option("-q", "--quiet", is_flag=True, help="Print nothing but errors."),
        click.option("-v", "--verbose", is_flag=True, help=verbose),
        group="Output",
    )


report_options = make_report_options("Print a line for each step.")
dpi_option = click.option(
    "--dpi", type=FiniteRange(min=1), default=150, help="Resolution of PNG files."
)
