"""What `stipple stipple` is to do with each image; what cannot end well is refused here."""

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast, get_args

import click

from stipple.choices import InkMode, Method, NeighbourEngine, Order, Start, Texture
from stipple.cli.shared.conflicts import ANIMATION, ONE_PLACE, Rule, refuse_conflicts
from stipple.cli.shared.drawings import Layout, plan_layout
from stipple.cli.shared.images import Reading, plan_reading
from stipple.cli.shared.outputs import Output, check_targets, plan_outputs
from stipple.cli.shared.report import Recorded, record_options
from stipple.cli.stipple.options import FORMATS
from stipple.errors import StippleError
from stipple.machine.tasks import share_threads

if TYPE_CHECKING:
    from stipple.arrays import Floats

# Other braces are part of a name.
FIELD = re.compile(r"\{(stem|name|number)(?::0([1-9])d)?\}")

CONFLICTS = (
    Rule(
        lambda options: options["ink"] and options["color"] != "mono",
        "--ink needs --color mono: the other modes have their own inks.",
    ),
    Rule(
        lambda options: "tour" in options["draw"] and options["order"] != "tsp",
        "--draw tour needs --order tsp.",
    ),
    Rule(
        lambda options: options["landscape"] and options["page"] is None,
        "--landscape needs --page.",
    ),
    Rule(lambda options: options["pen_width"] <= 0, "--pen-width must be above zero."),
    Rule(
        lambda options: bool(options["masses"] or options["fixed"]) and options["color"] != "mono",
        "--masses and --fixed need --color mono.",
    ),
    Rule(
        lambda options: options["texture"] == "blue" and options["start"] != "bisection",
        "--texture blue has a start of its own: leave --start out.",
    ),
    Rule(
        lambda options: bool(options["fixed"]) and options["start"] not in get_args(Start),
        "--fixed needs a --start by name, for the other dots.",
    ),
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
    quality: float | None
    texture: Texture
    start: "Start | Floats"
    masses: "Floats | None"
    fixed: "Floats | None"
    seed: int
    engine: NeighbourEngine
    threads: int | None


@dataclass(frozen=True, eq=False)
class _Placing:
    """Where dots begin, how many there are, what they weigh and which of them stay."""

    start: "Start | Floats"
    points: int
    masses: "Floats | None"
    fixed: "Floats | None"


@dataclass(frozen=True, eq=False)
class ImageJob:
    """An image, and what was asked for, once it makes sense; it travels to other processes.

    Attributes
    ----------
    image : str
        Its path, or - for standard input.
    reading, color, points, solving, order, draw, layout
        As the options say.
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
    color: InkMode
    points: int
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
    refuse_conflicts(options, CONFLICTS)
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
    placing = _read_placing(options, given)
    quiet = many or options["quiet"]  # a batch tells of each image itself
    planned = tuple(
        _plan_image(_fill_paths(shared | {"image": image}, number), placing, quiet=quiet)
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


def _plan_image(options: dict[str, Any], placing: _Placing, *, quiet: bool) -> ImageJob:
    """Plan an image whose paths are filled in."""
    job = ImageJob(
        image=options["image"],
        reading=plan_reading(options),
        color=options["color"],
        points=placing.points,
        solving=Solving(
            method=options["method"],
            iterations=options["iterations"],
            tolerance=options["tolerance"],
            quality=options["quality"],
            texture=options["texture"],
            start=placing.start,
            masses=placing.masses,
            fixed=placing.fixed,
            seed=options["seed"],
            engine=options["engine"],
            threads=options["threads"],
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


def _read_placing(options: dict[str, Any], given: frozenset[str]) -> _Placing:
    """Read the files that say where dots begin, what they weigh and which of them stay."""
    start, points = _read_start(options["start"], options["points"], options["color"])
    counts = {"the start": len(start)} if not isinstance(start, str) else {}
    masses = fixed = None
    if options["masses"] or options["fixed"]:
        from stipple.files.tables import read_masses_csv, read_points_csv

        if options["masses"]:
            masses = read_masses_csv(options["masses"])
            counts["the file of masses"] = points = len(masses)
        if options["fixed"]:
            fixed = read_points_csv(options["fixed"])
    for name, count in counts.items():
        if "points" in given and options["points"] != count:
            raise click.UsageError(
                f"--points is {options['points']}, but {name} has {count}: leave --points out."
            )
    if len(set(counts.values())) > 1:
        raise click.UsageError(
            f"The start has {len(start)} points, but the file of masses {points}: give as many."
        )
    return _Placing(start, points, masses, fixed)


def _read_start(start: str, points: int, color: InkMode) -> "tuple[Start | Floats, int]":
    """Find where dots begin, and how many there are."""
    if start in get_args(Start):
        return cast("Start", start), points
    from stipple.files.tables import read_points_csv

    if color != "mono":
        raise click.UsageError("--start PATH needs --color mono.")
    if not Path(start).exists():
        known = ", ".join(get_args(Start))
        raise click.UsageError(f"--start is {start!r}: give {known}, or an existing CSV file.")
    positions = read_points_csv(start)
    return positions, len(positions)
