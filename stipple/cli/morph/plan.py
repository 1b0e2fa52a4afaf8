"""What `stipple morph` is to do: the words of the command line as a typed job, or a usage error."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import click

from stipple.choices import Easing, NeighbourEngine
from stipple.cli.morph.options import DEFAULT_OUTPUT, FORMATS
from stipple.cli.shared.drawings import Layout, plan_layout
from stipple.cli.shared.images import Reading, plan_reading
from stipple.cli.shared.outputs import Output, plan_outputs, settle_files
from stipple.cli.shared.report import Recorded, record_options
from stipple.cli.shared.sources import expand_sources
from stipple.drawing import animation
from stipple.drawing.animation import LONGEST, SHORTEST
from stipple.drawing.video import ENCODERS, check_encoder


@dataclass(frozen=True)
class Job:
    """One call of `stipple morph`.

    Attributes
    ----------
    images : tuple of str
        Paths of the pictures, two or more.
    reading, layout
        As the options say.
    points, frames : int
        How many dots, and frames from each picture to the next.
    easing, travel, hold
        How dots go, and for how long they travel and rest, in seconds.
    seed, engine, threads
        As in `stipple.stipple`.
    outputs : tuple of Output
        Files to write.
    report : str or None
        Path of the report.
    quiet, verbose : bool
        What a person sees of it.
    recorded : Recorded
        The options, for the report.
    """

    images: tuple[str, ...]
    reading: Reading
    layout: Layout
    points: int
    frames: int
    easing: Easing
    travel: float
    hold: float
    seed: int
    engine: NeighbourEngine
    threads: int | None
    outputs: tuple[Output, ...]
    report: str | None
    quiet: bool
    verbose: bool
    recorded: Recorded


def plan(options: Mapping[str, Any]) -> Job:
    """Refuse what cannot end well, and say what is to be done.

    Raises
    ------
    click.UsageError
        For a single picture, and options that do not go together.
    StippleError
        For files that cannot be written, and videos without PyAV.
    """
    images, lists = expand_sources(options["images"])
    if len(images) < 2:
        raise click.UsageError(
            f"{images[0]} is one picture: a morph needs two or more, as in stipple morph A B."
        )
    paths = options["outputs"] or (DEFAULT_OUTPUT,)
    outputs = plan_outputs(images[0], paths, options["format_"], FORMATS)
    if any(output.format in animation.FORMATS for output in outputs):
        _refuse_pace(options["frames"], options["travel"], options["hold"])
    if any(output.format in ENCODERS for output in outputs):
        check_encoder()
    report = options["report"]
    targets = [output.path for output in outputs]
    settle_files(options, [*targets, *([report] if report else [])], [*images, *lists])
    return Job(
        images=tuple(images),
        reading=plan_reading(options),
        layout=plan_layout({**options, "dots": "circle", "pen": None}),
        points=options["points"],
        frames=options["frames"],
        easing=options["easing"],
        travel=options["travel"],
        hold=options["hold"],
        seed=options["seed"],
        engine=options["engine"],
        threads=options["threads"],
        outputs=outputs,
        report=report,
        quiet=options["quiet"],
        verbose=options["verbose"],
        recorded=record_options(options),
    )


def _refuse_pace(frames: int, travel: float, hold: float) -> None:
    """Refuse frames that are shown too shortly, or too long."""
    pace = travel / frames
    if pace < SHORTEST:
        raise click.UsageError(
            f"{frames:,} frames in {travel:g} s are {pace:.2g} s each, and none is shown for less"
            f" than {SHORTEST:g} s: give fewer --frames, a longer --travel, or write .svg."
        )
    if pace + hold >= LONGEST:
        raise click.UsageError(
            f"With --travel {travel:g} and --hold {hold:g} a frame stays for {pace + hold:g} s, and"
            f" formats hold less than {LONGEST:g} s: give more --frames, less time, or write .svg."
        )
