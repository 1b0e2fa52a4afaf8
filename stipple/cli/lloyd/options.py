"""The options of `stipple lloyd`, and their help."""

from collections.abc import Iterator
from typing import get_args

import click

from stipple.choices import Method
from stipple.cli.shared.batches import file_options
from stipple.cli.shared.config import config_option
from stipple.cli.shared.domains import domain_options
from stipple.cli.shared.drawings import DRAWING_FORMATS
from stipple.cli.shared.options import (
    add_options,
    report_options,
    solver_options,
    tone_options,
)
from stipple.cli.shared.presets import Described, complete_presets, make_list_presets_option
from stipple.cli.shared.types import COUNTS, NUMBERS, STEPS, FiniteRange

DRAWN = ", ".join(f".{form}" for form in DRAWING_FORMATS)
STARTS = ("uniform", "grid", "koch", "line", "bisection")

EXAMPLES = """\
\b
Examples:
  stipple lloyd photo.png -n 1000 -o trace.csv -o last.png
  stipple lloyd uniform -n 100 --start uniform --frames 'step-{step:03d}.svg'
  stipple lloyd --preset koch --plot koch.svg -o koch.csv
  stipple lloyd --preset unstable-grid --frames panels.svg
  stipple lloyd --list-presets
  stipple lloyd photo.png --preset image-grid --plot slope.svg
  stipple lloyd gaussian:0.5,0.2 -n 400,1600 --start grid --steps 1 --repeat 1
  stipple lloyd gaussian:0.5,0.2 --box 0,1 -n 100,1000 --plot line.svg
  stipple lloyd '0.3*gaussian:0.2,0.1+0.7*uniform' -n 500 --animate out.gif
  stipple lloyd photo.png -n 1000 --step-size 0.5 --steps theorem
  stipple lloyd stack.npy -n 500 --spacing 1,1,2.5 --last-points last.ply
  stipple lloyd uniform --box 0,0,0,2,1,1 -n 500 --start grid -o trace.csv
"""


def _describe_presets() -> Iterator[Described]:
    from stipple.lloyd_steps.presets import list_presets

    for preset in list_presets().values():
        yield preset.name, preset.title, f"published: {preset.published}"


source_options = add_options(
    click.option(
        "--preset",
        metavar="NAME",
        shell_complete=complete_presets(_describe_presets),
        help="Run a published experiment; SOURCE may be a picture for image-grid only.",
    ),
    make_list_presets_option(_describe_presets),
    config_option,
    domain_options,
    group="Source",
)

step_options = add_options(
    click.option(
        "-n",
        "--points",
        type=COUNTS,
        metavar="N[,N...]",
        default="1000",
        help="Numbers of points, such as 400,1600 or 10k.",
    ),
    click.option(
        "--start",
        default="bisection",
        metavar="|".join((*STARTS, "FORMULA", "PATH.csv")),
        help="Where points begin: a formula is the density from which each is drawn on its own; a"
        " file is in pixels for an image, else in units of the domain.",
    ),
    click.option(
        "--steps",
        type=STEPS,
        metavar="K|theorem|plateau",
        default="20",
        help="Number of steps; theorem: as many as the multi-step theorem asks for; plateau: until"
        " the gradient is small and about to grow again, which is near a critical point.",
    ),
    click.option(
        "--step-size",
        "step_sizes",
        type=NUMBERS,
        metavar="TAU[,TAU...]",
        default="1",
        help="How far to go towards the barycentres, in (0, 2); 1 is Lloyd's algorithm. The last"
        " value is kept.",
    ),
    click.option(
        "--method", type=click.Choice(get_args(Method)), default="lloyd", help="How points move."
    ),
    click.option(
        "--repeat",
        "repeats",
        type=click.IntRange(min=1),
        metavar="R",
        default=1,
        show_default="1, or as published",
        help="Runs for each number of points, each with a start of its own.",
    ),
    click.option(
        "--seed", type=click.IntRange(min=0), metavar="S", default=0, help="Seed of random starts."
    ),
    click.option(
        "--jitter",
        type=FiniteRange(0, 1e6),
        metavar="D",
        default=0.0,
        help="Move each start point at random by up to D along each axis (units of the domain).",
    ),
    group="Points and steps",
)

output_options = add_options(
    click.option(
        "-o",
        "--output",
        "outputs",
        multiple=True,
        type=click.Path(allow_dash=True),
        help="File to write, by suffix: the trace of all runs, one row a step, as .csv; a picture"
        f" of the last points and their cells as {DRAWN}; of these .html has a slider over all"
        " steps, with the trace. In space pictures show slices, and .html the points to turn."
        " Of several runs the first is drawn, or each if {points} and {repeat} are in the name. -"
        " is standard output, for the trace. Repeatable.",
    ),
    click.option(
        "--last-points",
        metavar="PATH",
        help="Write where the points end as .csv, which --start reads, .npy, or in space .ply or"
        " .vtp, in the units of --start: of the first run, or of each if {points} and {repeat} are"
        " in the name.",
    ),
    click.option(
        "--plot",
        type=click.Path(dir_okay=False),
        help="Log-log plot of W2² against N, .svg, .png or .pdf.",
    ),
    click.option(
        "--frames",
        metavar="PATTERN",
        help="Draw points, cells and arrows at chosen steps, as in step-{step:03d}.svg (or .png);"
        " {points} and {repeat} are filled in too. Without {step}, as in panels.svg, the steps are"
        " side by side in one picture.",
    ),
    click.option(
        "--frame-steps",
        type=COUNTS,
        metavar="K[,K...]",
        show_default="first and last, or as published",
        help="Steps to draw.",
    ),
    click.option(
        "--animate", type=click.Path(dir_okay=False), help="Write the moving points as a .gif file."
    ),
    file_options,
    report_options,
    group="Output",
)

lloyd_options = add_options(
    click.argument("source", required=False, type=click.Path(allow_dash=True)),
    source_options,
    step_options,
    output_options,
    tone_options,
    solver_options,
)
