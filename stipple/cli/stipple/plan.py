"""What `stipple stipple` is to do with each image; what cannot end well is refused here."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from stipple.choices import Method, NeighbourEngine, Order, Spacing, Start, Strays, Texture
from stipple.cli.shared.conflicts import refuse_conflicts
from stipple.cli.shared.drawings import Layout, plan_layout
from stipple.cli.shared.images import Reading, plan_reading
from stipple.cli.shared.outputs import Output, find_format, plan_outputs, settle_files
from stipple.cli.shared.report import Recorded, record_options
from stipple.cli.shared.sources import expand_sources
from stipple.cli.stipple.inks import Inks, plan_inks
from stipple.cli.stipple.options import FORMATS
from stipple.cli.stipple.paths import FIELD, fill_paths
from stipple.cli.stipple.placing import Placing, read_placing, take_pen
from stipple.cli.stipple.rules import CONFLICTS, STREAMS
from stipple.drawing.video import ENCODERS, check_encoder
from stipple.machine.threads import share_threads

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
    periodic: bool


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
    coherent : bool
        Whether it is a frame whose dots are followed to the next.
    birth : bool
        Whether their number follows the darkness.
    thumbnail : bool
        Whether the report of all images shows a small picture of this one.
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
    coherent: bool
    birth: bool
    thumbnail: bool
    quiet: bool
    verbose: bool
    recorded: Recorded

    @property
    def name(self) -> str:
        """What messages and reports call it."""
        frame = self.reading.frame
        return self.image if frame is None else f"{self.image}, frame {frame + 1}"

    @property
    def targets(self) -> list[str]:
        """Every path that will be written."""
        others = [path for path in (self.animate, self.report) if path]
        return [*(output.path for output in self.outputs), *others]

    @property
    def is_done(self) -> bool:
        """Whether every file is there, and none is older than the image."""
        try:
            then = Path(self.image).stat().st_mtime_ns
            return all(Path(path).stat().st_mtime_ns >= then for path in self.targets)
        except OSError:
            return False


@dataclass(frozen=True, eq=False)
class BatchJob:
    """Images for other processes, or one after another, and the path of one report of all.

    Those that are `skipped` have all their files. If `coherent` they are frames in their order,
    and `animation` the path of all of them together.
    """

    images: tuple[ImageJob, ...]
    skipped: tuple[str, ...]
    jobs: int
    scheduler: str | None
    report: str | None
    coherent: bool
    animation: str | None
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
        For files that cannot be written, and videos without PyAV.
    """
    options = take_pen(options, given)
    if options["periodic"] and "margin" not in given:
        options = {**options, "margin": 0.0}
    refuse_conflicts({**options, "given": given}, CONFLICTS)
    images, lists = expand_sources(options["images"])
    jobs, scheduler = options["jobs"], options["scheduler"]
    frames = _list_frames(images, coherent=options["coherent"])
    many = len(frames) > 1 or scheduler is not None or images != list(options["images"])
    shared, common, animation = _share_options(options, len(frames), many=many)
    _refuse_page(shared["report"])
    placing = read_placing(options, given)
    quiet = many or options["quiet"]  # a batch tells of each image itself
    thumbnail = find_format(common or "") == "html"
    planned = tuple(
        _plan_image(
            fill_paths(shared | {"image": image}, number),
            placing,
            frame,
            drawn=animation is None or bool(options["outputs"]),
            thumbnail=thumbnail,
            quiet=quiet,
        )
        for number, (image, frame) in enumerate(frames, 1)
    )
    skipped = {job for job in planned if options["skip_existing"] and job.is_done}
    wanted = [job for job in planned if job not in skipped]
    _check_together(planned, common)
    if find_format(animation or "") in ENCODERS:
        check_encoder()
    targets = [path for job in wanted for path in job.targets]
    others = [path for path in (common, animation) if path]
    settle_files(options, [*targets, *others], [*images, *lists])
    if not many and wanted:
        return planned[0]
    return BatchJob(
        images=tuple(wanted),
        skipped=tuple(job.image for job in planned if job in skipped),
        jobs=jobs,
        scheduler=scheduler,
        report=common,
        coherent=options["coherent"],
        animation=animation,
        quiet=options["quiet"],
        verbose=options["verbose"],
        recorded=record_options(options),
    )


def _share_options(
    options: dict[str, Any], count: int, *, many: bool
) -> tuple[dict[str, Any], str | None, str | None]:
    """Options of each image, and the paths of the report and of the animation of all."""
    shared = {name: value for name, value in options.items() if name != "images"}
    common = animation = None
    if options["coherent"]:
        animation, shared["animate"] = options["animate"], None
    if many:
        refuse_conflicts(options, STREAMS)
        shared["threads"] = share_threads(
            options["threads"], count, jobs=options["jobs"], scheduler=options["scheduler"]
        )
        if options["report"] and not FIELD.search(options["report"]):
            common, shared["report"] = options["report"], None
    return shared, common, animation


def _refuse_page(report: str | None) -> None:
    """Refuse a page as the report of a single image."""
    if find_format(report or "") == "html":
        raise click.UsageError(
            "--report writes a page of several images only, to a name without a pattern: give one"
            " such as report.json."
        )


def _list_frames(images: Sequence[str], *, coherent: bool) -> list[tuple[str, int | None]]:
    """List images, and in the place of animations that are followed their frames by number."""
    if not coherent:
        return [(image, None) for image in images]
    from stipple.files.pictures import count_frames

    frames: list[tuple[str, int | None]] = []
    for image in images:
        count = 1 if image == "-" else count_frames(image)
        frames += [(image, None)] if count == 1 else [(image, one) for one in range(count)]
    if len(frames) < 2:
        raise click.UsageError(
            f"--coherent follows dots from frame to frame, and {images[0]} is one: give several."
        )
    return frames


def _plan_image(
    options: dict[str, Any],
    placing: Placing,
    frame: int | None,
    *,
    drawn: bool,
    thumbnail: bool,
    quiet: bool,
) -> ImageJob:
    """Plan an image, or a frame of it, whose paths are filled in, and whether it is drawn alone."""
    image, paths, form = options["image"], options["outputs"], options["format_"]
    return ImageJob(
        image=image,
        reading=replace(plan_reading(options, quiet=quiet), frame=frame),
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
            periodic=options["periodic"],
        ),
        order=options["order"],
        draw=options["draw"],
        layout=plan_layout(options),
        outputs=plan_outputs(image, paths, form, FORMATS) if drawn else (),
        animate=options["animate"],
        report=options["report"],
        coherent=options["coherent"],
        birth=options["birth"],
        thumbnail=thumbnail,
        quiet=quiet,
        verbose=options["verbose"],
        recorded=record_options(options),
    )


def _check_together(jobs: Sequence[ImageJob], common: str | None) -> None:
    """Refuse to write two images, or one and the `common` report, to one file."""
    pairs = [(path, job) for job in jobs for path in job.targets]
    writers: dict[str, ImageJob] = {}
    for path, job in pairs:
        other = writers.setdefault(os.path.realpath(path), job)
        if other is not job:
            _refuse_pair(other.image, job.image, path)
    if common is not None and os.path.realpath(common) in writers:
        _refuse_pair(writers[os.path.realpath(common)].image, "the report of all", common)


def _refuse_pair(first: str, second: str, path: str) -> NoReturn:
    raise click.UsageError(
        f"{first} and {second} would both be written to {path}: give a pattern that tells them"
        " apart, with {stem}, {name}, {parent} or {number}."
    )
