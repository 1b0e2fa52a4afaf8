"""What `stipple stipple` is to do with each image; what cannot end well is refused here."""

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import click

from stipple.choices import Method, NeighbourEngine, Order, Spacing, Start, Strays
from stipple.cli.shared.conflicts import (
    ANIMATION,
    ONE_PLACE,
    ONE_WIDTH,
    Rule,
    refuse_conflicts,
)
from stipple.cli.shared.drawings import Layout, plan_layout
from stipple.cli.shared.images import Reading, plan_reading
from stipple.cli.shared.outputs import Output, check_targets, plan_outputs
from stipple.cli.shared.report import Recorded, record_options
from stipple.cli.stipple.inks import INK_RULES, Inks, plan_inks
from stipple.cli.stipple.options import FORMATS
from stipple.errors import StippleError
from stipple.machine.tasks import share_threads

if TYPE_CHECKING:
    from stipple.arrays import Floats

# Other braces are part of a name.
FIELD = re.compile(r"\{(stem|name|number)(?::0([1-9])d)?\}")

CONFLICTS = (
    *INK_RULES,
    Rule(
        lambda options: "tour" in options["draw"] and options["order"] != "tsp",
        "--draw tour needs --order tsp.",
    ),
    Rule(
        lambda options: options["bleed"] and options["start"] not in get_args(Start),
        "--bleed needs a --start by name: positions lie in the image alone.",
    ),
    Rule(
        lambda options: options["bleed"] and bool(options["animate"]),
        "--animate shows the image alone: leave --bleed out.",
    ),
    ONE_WIDTH,
    ANIMATION,
    ONE_PLACE,
)
# Other processes have no standard streams.
STREAMS = (
    Rule(
        lambda options: "-" in options["images"],
        "Standard input (-) is for one image, without --scheduler.",
    ),
    Rule(
        lambda options: "-" in options["outputs"],
        "Standard output (-) is for one image, without --scheduler.",
    ),
)


@dataclass(frozen=True, eq=False)
class Solving:
    """Settings of `stipple.stipple`, in its words."""

    method: Method
    iterations: int
    tolerance: float
    start: "Start | Floats"
    seed: int
    engine: NeighbourEngine
    threads: int | None
    strays: Strays
    size_variation: float
    spacing: Spacing
    bleed: bool


@dataclass(frozen=True, eq=False)
class ImageJob:
    """An image, and what was asked for, once it makes sense; it travels to other processes.

    Attributes
    ----------
    image : str
        Its path, or - for standard input.
    reading, inks, solving, order, draw, layout
        As the options say.
    points : int or None
        Number of dots; None for as many of the pen's as have the darkness of the picture.
    outputs : tuple of Output
        Files to write.
    animate, report : str or None
        Paths of the animation and of the report, if any.
    quiet, verbose : bool
        What a person sees of it.
    recorded : Recorded
        The options, for the report.
    """

    image: str
    reading: Reading
    inks: Inks
    points: int | None
    solving: Solving
    order: Order
    draw: frozenset[str]
    layout: Layout
    outputs: tuple[Output, ...]
    animate: str | None
    report: str | None
    quiet: bool
    verbose: bool
    recorded: Recorded

    @property
    def targets(self) -> list[str]:
        """Every path that will be written."""
        others = [path for path in (self.animate, self.report) if path]
        return [*(output.path for output in self.outputs), *others]


@dataclass(frozen=True, eq=False)
class BatchJob:
    """Images for other processes, or one after another, and the path of one report of all."""

    images: tuple[ImageJob, ...]
    jobs: int
    scheduler: str | None
    report: str | None
    quiet: bool
    verbose: bool
    recorded: Recorded


def plan(options: dict[str, Any], given: frozenset[str]) -> ImageJob | BatchJob:
    """Plan what to do with one image, or with each of several in the order of the command line.

    Raises
    ------
    click.UsageError
        For options that do not go together, or two images that would be written to one file.
    StippleError
        For files that cannot be written.
    """
    options = _take_pen(options, given)
    refuse_conflicts({**options, "given": given}, CONFLICTS)
    images, jobs, scheduler = options["images"], options["jobs"], options["scheduler"]
    many = len(images) > 1 or scheduler is not None
    shared = {name: value for name, value in options.items() if name != "images"}
    common = None
    if many:
        refuse_conflicts(options, STREAMS)
        threads = share_threads(options["threads"], len(images), jobs=jobs, scheduler=scheduler)
        shared["threads"] = threads
        if options["report"] and not FIELD.search(options["report"]):
            common, shared["report"] = options["report"], None
            check_targets([common], "-")
    start, points = _read_start(options, given)
    quiet = many or options["quiet"]  # a batch tells of each image itself
    planned = tuple(
        _plan_image(_fill_paths(shared | {"image": image}, number), start, points, quiet=quiet)
        for number, image in enumerate(images, 1)
    )
    if not many:
        return planned[0]
    _check_together(planned, common)
    return BatchJob(
        images=planned,
        jobs=jobs,
        scheduler=scheduler,
        report=common,
        quiet=options["quiet"],
        verbose=options["verbose"],
        recorded=record_options(options),
    )


def _plan_image(
    options: dict[str, Any], start: "Start | Floats", points: int | None, *, quiet: bool
) -> ImageJob:
    """Plan an image whose paths are filled in."""
    job = ImageJob(
        image=options["image"],
        reading=plan_reading(options, quiet=quiet),
        inks=plan_inks(options),
        points=points,
        solving=Solving(
            method=options["method"],
            iterations=options["iterations"],
            tolerance=options["tolerance"],
            start=start,
            seed=options["seed"],
            engine=options["engine"],
            threads=options["threads"],
            strays=options["strays"],
            size_variation=options["size_variation"],
            spacing=options["spacing"],
            bleed=options["bleed"],
        ),
        order=options["order"],
        draw=options["draw"],
        layout=plan_layout(options),
        outputs=plan_outputs(options["image"], options["outputs"], options["format_"], FORMATS),
        animate=options["animate"],
        report=options["report"],
        quiet=quiet,
        verbose=options["verbose"],
        recorded=record_options(options),
    )
    check_targets(job.targets, job.image)
    return job


def _fill_paths(options: dict[str, Any], number: int) -> dict[str, Any]:
    """Replace the patterns by the paths of an image, whole ones for workers in other folders."""
    locate = os.path.abspath if options["scheduler"] else str

    def fill(pattern: str) -> str:
        return locate(_fill_pattern(pattern, options["image"], number))

    filled = {name: fill(options[name]) for name in ("animate", "report") if options[name]}
    outputs = options["outputs"] or (("{stem}.svg",) if options["scheduler"] else ())
    return {
        **options,
        **filled,
        "image": locate(options["image"]),
        "outputs": tuple(map(fill, outputs)),
    }


def _fill_pattern(pattern: str, image: str, number: int) -> str:
    """Replace {stem}, {name}, {number} and such as {number:03d}."""
    path = Path(image)

    def replace(field: re.Match[str]) -> str:
        name, width = field.groups()
        if name == "number":
            return f"{number:0{width or 1}d}"
        return field[0] if width else {"stem": path.stem, "name": path.name}[name]

    return FIELD.sub(replace, pattern)


def _check_together(jobs: Sequence[ImageJob], common: str | None) -> None:
    """Refuse to write two images, or one and the `common` report, to one file, or over an image."""
    images = {os.path.realpath(job.image): job.image for job in jobs}
    pairs = [(path, job.image) for job in jobs for path in job.targets]
    if common is not None:
        pairs.append((common, "the report of all"))
    writers: dict[str, str] = {}
    for path, writer in pairs:
        real = os.path.realpath(path)
        if real in images:
            raise StippleError(f"{path} is the image {images[real]} itself: choose another output.")
        if real in writers:
            raise click.UsageError(
                f"{writers[real]} and {writer} would both be written to {path}: give a pattern that"
                " tells them apart, with {stem}, {name} or {number}."
            )
        writers[real] = writer


def _take_pen(options: dict[str, Any], given: frozenset[str]) -> dict[str, Any]:
    """Draw dots alone by the pen that is given, in a short order, as many as have the tone."""
    if options["pen"] is None:
        return options
    implied: dict[str, Any] = {}
    if options["draw"] == {"dots"} and not {"dots", "radius"} & given:
        implied["dots"] = "stroke"
        if "order" not in given:
            implied["order"] = "tsp"
    strokes = {**options, **implied}["dots"] == "stroke" and "dots" in options["draw"]
    if strokes and "points" not in given:
        implied["points"] = None
    return {**options, **implied}


def _read_start(
    options: dict[str, Any], given: frozenset[str]
) -> "tuple[Start | Floats, int | None]":
    """Find where dots begin, and how many there are."""
    start, points = options["start"], options["points"]
    if start in get_args(Start):
        return start, points
    from stipple.files.tables import read_points_csv

    if options["color"] != "mono" or options["inks"]:
        raise click.UsageError("--start PATH needs --color mono.")
    if not Path(start).exists():
        known = ", ".join(get_args(Start))
        raise click.UsageError(f"--start is {start!r}: give {known}, or an existing CSV file.")
    start = read_points_csv(start)
    if "points" in given and points != len(start):
        raise click.UsageError(
            f"--points is {points}, but the start has {len(start)}: leave --points out."
        )
    return start, len(start)
