"""What `stipple stipple` is to do with each image; what cannot end well is refused here."""

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import click

from stipple.choices import Start
from stipple.cli.shared.conflicts import ONE_PLACE, refuse_conflicts
from stipple.cli.shared.outputs import check_targets, plan_outputs
from stipple.cli.stipple.run import FORMATS, ImageJob
from stipple.errors import StippleError
from stipple.machine.tasks import share_threads

if TYPE_CHECKING:
    from stipple.arrays import Floats

# Other braces are part of a name.
FIELD = re.compile(r"\{(stem|name|number)(?::0([1-9])d)?\}")


def plan_jobs(context: click.Context, options: dict[str, Any]) -> tuple[ImageJob, ...]:
    """Plan one job for each image, in the order of the command line.

    Raises
    ------
    click.UsageError
        For options that do not go together, or two images that would be written to one file.
    StippleError
        For files that cannot be written.
    """
    _check_options(options)
    images = options["images"]
    many = is_batch(options)
    shared = {name: value for name, value in options.items() if name != "images"}
    if many:
        _check_streams(options)
        shared["threads"] = share_threads(
            options["threads"],
            len(images),
            jobs=options["jobs"],
            scheduler=options["scheduler"],
        )
    common = [options["report"]] if has_common_report(options) else []
    if common:
        check_targets(common, "-")
        shared["report"] = None
    start, points = _read_start(context, options)
    jobs = []
    for number, image in enumerate(images, 1):
        own = _fill_paths(shared | {"image": image}, number)
        outputs = plan_outputs(own["image"], own["outputs"], options["format_"], FORMATS)
        job = ImageJob(own["image"], outputs, start, points, own)
        check_targets(job.targets, job.image)
        jobs.append(job)
    if many:
        _check_together(jobs, common)
    return tuple(jobs)


def is_batch(options: dict[str, Any]) -> bool:
    """Whether images are run by other processes, or one after another."""
    return len(options["images"]) > 1 or options["scheduler"] is not None


def has_common_report(options: dict[str, Any]) -> bool:
    """Whether one report is to tell of all images."""
    return is_batch(options) and bool(options["report"]) and not FIELD.search(options["report"])


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


def _check_options(options: dict[str, Any]) -> None:
    """Refuse options that do not go together."""
    if options["ink"] and options["color"] != "mono":
        raise click.UsageError("--ink needs --color mono: the other modes have their own inks.")
    if "tour" in options["draw"] and options["order"] != "tsp":
        raise click.UsageError("--draw tour needs --order tsp.")
    if options["landscape"] and options["page"] is None:
        raise click.UsageError("--landscape needs --page.")
    if options["pen_width"] <= 0:
        raise click.UsageError("--pen-width must be above zero.")
    if options["animate"] and Path(options["animate"]).suffix.lower() != ".gif":
        raise click.UsageError(f"--animate writes a .gif file, not {options['animate']!r}.")
    refuse_conflicts(options, (ONE_PLACE,))


def _check_streams(options: dict[str, Any]) -> None:
    """Refuse standard streams, which other processes do not have."""
    if "-" in options["images"]:
        raise click.UsageError("Standard input (-) is for one image, without --scheduler.")
    if "-" in options["outputs"]:
        raise click.UsageError("Standard output (-) is for one image, without --scheduler.")


def _check_together(jobs: Sequence[ImageJob], common: Sequence[str]) -> None:
    """Refuse to write two images, or one and the `common` report, to one file, or over an image."""
    images = {os.path.realpath(job.image): job.image for job in jobs}
    pairs = [(path, job.image) for job in jobs for path in job.targets]
    pairs += [(path, "the report of all") for path in common]
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


def _read_start(context: click.Context, options: dict[str, Any]) -> "tuple[Start | Floats, int]":
    """Find where dots begin, and how many there are."""
    start, points = options["start"], options["points"]
    if start in get_args(Start):
        return start, points
    from stipple.files.tables import read_points_csv

    if options["color"] != "mono":
        raise click.UsageError("--start PATH needs --color mono.")
    if not Path(start).exists():
        known = ", ".join(get_args(Start))
        raise click.UsageError(f"--start is {start!r}: give {known}, or an existing CSV file.")
    start = read_points_csv(start)
    given = context.get_parameter_source("points") is not click.core.ParameterSource.DEFAULT
    if given and points != len(start):
        raise click.UsageError(
            f"--points is {points}, but the start has {len(start)}: leave --points out."
        )
    return start, len(start)
