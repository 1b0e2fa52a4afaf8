"""Options that several subcommands share, as stacks of decorators."""

from collections.abc import Callable
from typing import Any, TypeVar, get_args

import click

from stipple.choices import Alpha, Engine
from stipple.cli.types import SIZE

Command = TypeVar("Command", bound=Callable[..., Any])


def add_options(*options: Callable[[Any], Any]) -> Callable[[Command], Command]:
    """Turn a list of options into one decorator that keeps their order."""

    def decorate(command: Command) -> Command:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


tone_options = add_options(
    click.option("--invert", is_flag=True, help="Put dots where the image is light."),
    click.option(
        "--gamma",
        type=float,
        default=1.0,
        help="Exponent on darkness: above 1 lightens the midtones.",
    ),
    click.option("--contrast", type=float, default=1.0, help="Slope of the tones at mid-grey."),
    click.option(
        "--threshold", type=float, default=0.0, help="Darkness below this (0 to 1) is white."
    ),
    click.option(
        "--alpha",
        type=click.Choice(get_args(Alpha)),
        default="white",
        help="What shows through transparent pixels; mask: no dots there.",
    ),
    click.option(
        "--resize", type=SIZE, metavar="SIDE|WxH", help="Resample the image to this many pixels."
    ),
    click.option(
        "--max-pixels",
        type=click.IntRange(min=1),
        default=100_000_000,
        help="Refuse larger images.",
    ),
)

solver_options = add_options(
    click.option(
        "--engine",
        type=click.Choice(get_args(Engine)),
        default="auto",
        help="Who finds the neighbours of power cells; auto: pysdot where it is installed.",
    ),
    click.option(
        "--threads",
        type=click.IntRange(min=1),
        show_default="one per processor",
        help="Threads for the power cells.",
    ),
)

report_options = add_options(
    click.option(
        "--report",
        type=click.Path(dir_okay=False),
        help="Write a JSON report: options, figures, timings, versions.",
    ),
    click.option("-q", "--quiet", is_flag=True, help="Print nothing but errors."),
    click.option("-v", "--verbose", is_flag=True, help="Print a line for each step."),
)
