"""What `stipple stipple` is to do with each image; what cannot end well is refused here."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from stipple.choices import Method, NeighbourEngine, Order, Spacing, Start, Strays, Texture
from stipple.cli.shared.conflicts import refuse_conflicts
from stipple.cli.shared.drawings import Layout, plan_layout
from stipple.cli.shared.images import Reading, plan_reading
from stipple.cli.shared.outputs import Output, check_targets, plan_outputs
from stipple.cli.shared.report import Recorded, record_options
from stipple.cli.stipple.inks import Inks, plan_inks
from stipple.cli.stipple.options import FORMATS
from stipple.cli.stipple.paths import FIELD, fill_paths
from stipple.cli.stipple.placing import Placing, read_placing, take_pen
from stipple.cli.stipple.rules import CONFLICTS, STREAMS
from stipple.errors import StippleError
from stipple.machine.tasks import share_threads

if TYPE_CHECKING:
    from stipple.arrays import Floats


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
    options = take_pen(options, given)
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
    placing = read_placing(options, given)
    quiet = many or options["quiet"]  # a batch tells of each image itself
    planned = tuple(
        _plan_image(fill_paths(shared | {"image": image}, number), placing, quiet=quiet)
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


def _plan_image(options: dict[str, Any], placing: Placing, *, quiet: bool) -> ImageJob:
    """Plan an image whose paths are filled in."""
    job = ImageJob(
        image=options["image"],
        reading=plan_reading(options, quiet=quiet),
        inks=plan_inks(options),
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
