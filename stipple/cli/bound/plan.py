"""What `stipple bound` is to do: options become typed jobs, or a usage error."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any

from stipple.choices import BoundMethod, Device, DistanceUnit, KernelEngine, PixelModel
from stipple.cli.bound.options import FIGURES, FORMATS
from stipple.cli.bound.pairs import Pair, list_folder, list_others, read_pairs
from stipple.cli.shared.conflicts import ONE_PLACE, PLOT, Rule, allow_suffixes, refuse_conflicts
from stipple.cli.shared.images import Reading, plan_reading
from stipple.cli.shared.outputs import Output, find_format, plan_outputs, settle_files
from stipple.cli.shared.report import Recorded, record_options
from stipple.drawing.formats import PLOT_FORMATS

PICTURES = frozenset((*PLOT_FORMATS, "html"))


def _asks_for_picture(options: Mapping[str, Any]) -> bool:
    """Whether anything is drawn, by whatever option."""
    forms = (options["format_"], *map(find_format, options["outputs"]))
    return bool(options["plot"] or options["morph"]) or not PICTURES.isdisjoint(forms)


PAIR_RULES = (
    Rule(
        lambda options: len(options["images"]) != 2,
        lambda options: (
            f"Give two images, not {len(options['images'])}, or --pairs FILE.csv, or --all DIR."
        ),
    ),
    Rule(
        lambda options: options["images"] == ("-", "-"),
        "Standard input (-) can be read once only.",
    ),
    Rule(
        lambda options: options["jobs"] != 1 or bool(options["scheduler"]),
        "--jobs and --scheduler are for many pairs: --pairs FILE.csv or --all DIR.",
    ),
    PLOT,
    allow_suffixes("morph", (".gif", ".png"), "a .gif or .png file"),
    Rule(
        lambda options: _asks_for_picture(options) and options["method"] == "paper",
        "--method paper leaves no plan to draw: take another method, or leave pictures out.",
    ),
)
TABLE_RULES = (
    Rule(lambda options: bool(options["images"]), "Give two images, or --pairs, or --all."),
    Rule(
        lambda options: bool(options["pairs"] and options["folder"]),
        "Give --pairs or --all, not both.",
    ),
    Rule(_asks_for_picture, "Pictures are of one pair: many pairs go to a .csv table."),
    Rule(lambda options: len(options["outputs"]) > 1, "Many pairs go to one table: give -o once."),
    ONE_PLACE,
)
NEAREST_RULES = (
    Rule(
        lambda options: (
            not (options["query"] and options["folder"])
            or bool(options["images"] or options["pairs"])
        ),
        "The nearest images are found by --query IMAGE --all DIR --nearest K, and no other images.",
    ),
    Rule(_asks_for_picture, "The nearest images go to .json or .csv: pictures are of one pair."),
    Rule(
        lambda options: any(options[name] != "auto" for name in ("method", "engine", "device")),
        "With --query the solver is chosen for each pair: leave --method, --engine and --device"
        " out.",
    ),
    Rule(
        lambda options: options["jobs"] != 1 or bool(options["scheduler"]),
        "--jobs and --scheduler are for tables of pairs: leave them, or --query, out.",
    ),
)


@dataclass(frozen=True)
class Settings:
    """How images are read, and what is to be found out about a pair of them.

    Attributes
    ----------
    reading : Reading
        Tone and size of the images.
    order, method, block, gap, time_limit, unit, pixels, engine, device, threads
        As `stipple.bound` takes them.
    quiet : bool
        Whether nothing is said about memory.
    """

    reading: Reading
    order: float
    method: BoundMethod
    block: int
    gap: float
    time_limit: float | None
    unit: DistanceUnit
    pixels: PixelModel
    engine: KernelEngine
    device: Device
    threads: int | None
    quiet: bool

    @property
    def defining(self) -> str:
        """What changes the distance itself: rows of other settings are not taken for done."""
        tone = self.reading.tone
        values = {
            "order": self.order,
            "unit": self.unit,
            "pixels": self.pixels,
            "invert": tone.invert,
            "gamma": tone.gamma,
            "contrast": tone.contrast,
            "threshold": tone.threshold,
            "alpha": tone.alpha,
            "resize": self.reading.resize,
        }
        return " ".join(f"{name}={value}" for name, value in values.items())


@dataclass(frozen=True)
class Reporting:
    """What is said about a run, and where.

    Attributes
    ----------
    report : str or None
        Path of the JSON report.
    recorded : Recorded
        The options as the report lists them.
    strict : bool
        Whether a gap that is not reached is a failure.
    quiet, verbose : bool
    shown : bool
        Whether the first file is shown at the end.
    """

    report: str | None
    recorded: Recorded
    strict: bool
    shown: bool
    quiet: bool
    verbose: bool


@dataclass(frozen=True)
class PairJob:
    """One pair of images, or of matrices.

    Attributes
    ----------
    images : pair of str
        Paths; - is standard input.
    settings : Settings
    outputs : tuple of Output
        Figures and pictures; that of --plot comes last.
    morph : Output or None
    reporting : Reporting
    """

    images: tuple[str, str]
    settings: Settings
    outputs: tuple[Output, ...]
    morph: Output | None
    reporting: Reporting

    @property
    def needs_plan(self) -> bool:
        """Whether something is drawn that shows where mass goes."""
        return bool(self.morph) or any(one.format in PICTURES for one in self.outputs)


@dataclass(frozen=True)
class TableJob:
    """Many pairs, which go to one table.

    Attributes
    ----------
    pairs : tuple of pairs of str
        Paths of the files.
    settings : Settings
    target : str
        Path of the table; - is standard output.
    jobs : int
        Processes.
    scheduler : str or None
        Address of a Dask scheduler.
    reporting : Reporting
    """

    pairs: tuple[Pair, ...]
    settings: Settings
    target: str
    jobs: int
    scheduler: str | None
    reporting: Reporting


@dataclass(frozen=True)
class NearestJob:
    """A query, and many images of which some are nearest to it.

    Attributes
    ----------
    query : str
        Path; - is standard input.
    images : tuple of str
        Paths.
    count : int
        How many to find.
    settings : Settings
    outputs : tuple of Output
    reporting : Reporting
    """

    query: str
    images: tuple[str, ...]
    count: int
    settings: Settings
    outputs: tuple[Output, ...]
    reporting: Reporting


def plan(options: Mapping[str, Any]) -> PairJob | TableJob | NearestJob:
    """Plan one pair, a table of many, or a search.

    Raises
    ------
    click.UsageError
        For options that do not go together, or outputs of unknown format.
    StippleError
        For files that cannot be written.
    """
    if options["query"] or options["nearest"]:
        return _plan_nearest(options)
    return _plan_table(options) if options["pairs"] or options["folder"] else _plan_pair(options)


def _plan_pair(options: Mapping[str, Any]) -> PairJob:
    refuse_conflicts(options, PAIR_RULES)
    paths, form = options["outputs"], options["format_"]
    plot, morph = options["plot"], options["morph"]
    outputs = plan_outputs("", paths, form, FORMATS) if paths or form else ()
    if plot:
        outputs = (*outputs, Output(plot, find_format(plot)))
    targets = [output.path for output in outputs]
    targets += [options[name] for name in ("morph", "report") if options[name]]
    settle_files(options, targets)
    return PairJob(
        images=options["images"],
        settings=_plan_settings(options),
        outputs=outputs,
        morph=Output(morph, find_format(morph)) if morph else None,
        reporting=_plan_reporting(options),
    )


def _plan_table(options: Mapping[str, Any]) -> TableJob:
    refuse_conflicts(options, TABLE_RULES)
    paths = options["outputs"] or ("-",)
    form = options["format_"] or ("csv" if paths == ("-",) else None)
    (output,) = plan_outputs("", paths, form, ("csv",))
    others = [options["report"]] if options["report"] else []
    folder = options["folder"]
    pairs = list_folder(folder) if folder else read_pairs(options["pairs"])
    settle_files(options, [output.path, *others], chain(*pairs))
    return TableJob(
        pairs=tuple(pairs),
        settings=_plan_settings(options),
        target=output.path,
        jobs=options["jobs"],
        scheduler=options["scheduler"],
        reporting=_plan_reporting(options),
    )


def _plan_nearest(options: Mapping[str, Any]) -> NearestJob:
    refuse_conflicts(options, NEAREST_RULES)
    paths, form = options["outputs"], options["format_"]
    outputs = plan_outputs("", paths, form, FIGURES) if paths or form else ()
    count = options["nearest"] or 1
    images = list_others(options["folder"], options["query"], count)
    others = [options["report"]] if options["report"] else []
    settle_files(options, [*(output.path for output in outputs), *others], images)
    return NearestJob(
        query=options["query"],
        images=tuple(images),
        count=count,
        settings=_plan_settings(options),
        outputs=outputs,
        reporting=_plan_reporting(options),
    )


def _plan_settings(options: Mapping[str, Any]) -> Settings:
    return Settings(
        reading=plan_reading(options),
        order=options["order"],
        method=options["method"],
        block=options["block"],
        gap=options["gap"],
        time_limit=options["time_limit"],
        unit=options["unit"],
        pixels=options["pixels"],
        engine=options["engine"],
        device=options["device"],
        threads=options["threads"],
        quiet=options["quiet"],
    )


def _plan_reporting(options: Mapping[str, Any]) -> Reporting:
    return Reporting(
        report=options["report"],
        recorded=record_options(options),
        strict=options["strict"],
        shown=options["open_"],
        quiet=options["quiet"],
        verbose=options["verbose"],
    )
