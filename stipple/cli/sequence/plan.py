"""What `stipple sequence` is to do: the command line as a typed job, or a usage error."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import click

from stipple.choices import Construction, Rival
from stipple.cli.sequence.options import POINT_FORMATS, POINTS, STIPPLES, TABLE_FORMATS
from stipple.cli.sequence.rules import CERTIFIED, RULES
from stipple.cli.shared.conflicts import find_given, refuse_conflicts
from stipple.cli.shared.drawings import DRAWING_FORMATS, Layout, lay_out, plan_layout
from stipple.cli.shared.images import Reading, plan_reading
from stipple.cli.shared.outputs import Output, find_format, plan_outputs, settle_files
from stipple.cli.shared.report import Recorded, record_options

if TYPE_CHECKING:
    from stipple.drawing.look import Look
    from stipple.drawing.page import Placement

DrawnAs: TypeAlias = Literal["points", "boxes", "strip"]


@dataclass(frozen=True)
class Measures:
    """What is measured of prefixes of the cube's sequence.

    Attributes
    ----------
    order : float
        p of the distance W_p that is bounded.
    exact : bool
        W2 itself, by the transport solver.
    discrepancy : bool
        The L2-star discrepancy.
    strips : bool
        The partition of the paper.
    rivals : tuple of str
        Other sequences to measure beside it.
    seed : int
        Of random rivals.
    """

    order: float
    exact: bool
    discrepancy: bool
    strips: bool
    rivals: tuple[Rival, ...]
    seed: int


@dataclass(frozen=True)
class Points:
    """n points of the unit cube, without the first `skip`; `measures` if they are certified.

    `partition` is the path of their boxes, made by `construction`.
    """

    n: int
    dimension: int
    skip: int
    measures: Measures | None
    partition: str | None
    construction: Construction


@dataclass(frozen=True)
class Prefixes:
    """Certificates of the prefixes of n points that `counts` names."""

    n: int
    dimension: int
    counts: range
    measures: Measures


@dataclass(frozen=True)
class Image:
    """An image that n points stipple progressively; `compare` with `stipple stipple`."""

    path: str
    reading: Reading
    n: int
    relaxation: int
    compare: bool


@dataclass(frozen=True)
class Stipples:
    """The points of a progressive stippling; prefixes are `measured` if asked."""

    image: Image
    measured: bool
    animation: str | None


@dataclass(frozen=True)
class StipplePrefixes:
    """How well the prefixes of a progressive stippling that `counts` names quantise the image."""

    image: Image
    counts: range


Task: TypeAlias = Points | Prefixes | Stipples | StipplePrefixes


@dataclass(frozen=True)
class Files:
    """What is written, how it is drawn, and on which page."""

    outputs: tuple[Output, ...]
    draw: DrawnAs
    layout: Layout

    def lay_out(self, shape: tuple[int, int], n: int, ink_area: float) -> "tuple[Placement, Look]":
        """Place the picture of n points, a strip of them if so drawn, on the page."""
        from stipple.sequences.drawing import choose_strip, measure_dot, measure_strip

        fewest = n
        if self.draw == "strip":
            shape, fewest = measure_strip(shape, n), choose_strip(n)[0]
        reach = self.layout.find_reach(measure_dot(ink_area, fewest))
        return lay_out(self.layout, shape, reach=reach)


@dataclass(frozen=True)
class Job:
    """One call of `stipple sequence`; `recorded` is every option, for the report."""

    task: Task
    files: Files
    report: str | None
    quiet: bool
    verbose: bool
    recorded: Recorded


def plan(context: click.Context, options: Mapping[str, Any]) -> Job:
    """Refuse what cannot end well, before any work is done, and say what is to be done.

    Raises
    ------
    click.UsageError
        For options that do not go together.
    StippleError
        For files that cannot be written.
    """
    refuse_conflicts({**options, "given": find_given(context)}, RULES)
    files, task = _plan_files(options), _plan_task(options)
    others = [options[name] for name in ("partition", "animate", "report") if options[name]]
    settle_files(options, [*(output.path for output in files.outputs), *others])
    return Job(
        task=task,
        files=files,
        report=options["report"],
        quiet=options["quiet"],
        verbose=options["verbose"],
        recorded=record_options(options),
    )


def _plan_files(options: Mapping[str, Any]) -> Files:
    density, prefixes = options["density"], options["prefixes"]
    paths, form = list(options["outputs"]), options["format_"]
    if not paths and (form or prefixes or not (density or _asks_figures(options))):
        paths, form = ["-"], form or "csv"
    known = TABLE_FORMATS if prefixes else POINT_FORMATS
    if prefixes and form == "npy":
        raise click.UsageError(f"The table of --prefixes has the formats {', '.join(known)}.")
    outputs = plan_outputs(density or "", paths, form, known) if density or paths else ()
    pictures = [output for output in outputs if output.format in DRAWING_FORMATS]
    if pictures and options["dimension"] != 2 and not prefixes:
        raise click.UsageError("A picture of the points needs --dimension 2.")
    if options["draw"] != "points" and not pictures:
        raise click.UsageError(f"--draw {options['draw']} needs a picture: -o PATH.svg or .png.")
    return Files(outputs, options["draw"], plan_layout(options))


def _asks_figures(options: Mapping[str, Any]) -> bool:
    return any(options[name] for name in ("partition", *CERTIFIED))


def _plan_task(options: Mapping[str, Any]) -> Task:
    density, prefixes = options["density"], options["prefixes"]
    n = _plan_count(options)
    if density is not None:
        compare = bool(options["compare"])
        image = Image(density, plan_reading(options), n, options["relaxation"], compare)
        if prefixes:
            return StipplePrefixes(image, prefixes)
        # A page tells W2 of prefixes, wherever its slider is.
        paged = options["draw"] == "points" and _writes_page(options)
        measured = options["exact_w2"] or compare or paged
        return Stipples(image, measured, options["animate"])
    dimension = options["dimension"]
    measures = Measures(
        order=options["order"],
        exact=options["exact_w2"],
        discrepancy=options["discrepancy"],
        strips=options["construction"] == "paper",
        rivals=options["compare"] or (),
        seed=options["seed"],
    )
    if prefixes:
        return Prefixes(n, dimension, prefixes, measures)
    certified = any(map(options.get, CERTIFIED))
    return Points(
        n=n,
        dimension=dimension,
        skip=options["skip"],
        measures=measures if certified else None,
        partition=options["partition"],
        construction=options["construction"],
    )


def _writes_page(options: Mapping[str, Any]) -> bool:
    formats = [options["format_"], *map(find_format, options["outputs"])]
    return "html" in formats


def _plan_count(options: Mapping[str, Any]) -> int:
    given, prefixes = options["points"], options["prefixes"]
    if prefixes and given and given < prefixes[-1]:
        raise click.UsageError(f"--prefixes go to {prefixes[-1]}, but there are {given} points.")
    if given:
        return int(given)
    if prefixes:
        return int(prefixes[-1])
    return POINTS if options["density"] is None else STIPPLES
