"""What `stipple edot` is to do: the words of the command line as a typed job, or a usage error."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias, get_args

import click

from stipple.choices import AtomStart, SourceKind
from stipple.cli.edot.options import FORMATS
from stipple.cli.edot.rules import RULES
from stipple.cli.shared.conflicts import PLOT, find_given, refuse_conflicts
from stipple.cli.shared.domains import (
    FormulaDomain,
    is_formula,
    plan_formula_domain,
    refuse_region,
)
from stipple.cli.shared.drawings import PLOT_FORMATS, Layout, plan_layout
from stipple.cli.shared.images import Reading, plan_reading
from stipple.cli.shared.outputs import Output, plan_outputs, settle_files
from stipple.cli.shared.presets import find_preset
from stipple.cli.shared.report import Recorded, record_options

if TYPE_CHECKING:
    from stipple.discretisation.presets import Preset
    from stipple.discretisation.settings import Settings

RUN = "{run}"


@dataclass(frozen=True)
class OneSource:
    """One source, discretised with each number of atoms.

    `repeats` random samplings of as many points are compared with each.
    """

    source: str
    counts: tuple[int, ...]
    repeats: int


@dataclass(frozen=True)
class Channels:
    """The channels of a picture, each a density of its own, with n atoms together."""

    source: str
    n: int


@dataclass(frozen=True)
class Barycentre:
    """The barycentre of sources, each with its share."""

    sources: tuple[str, ...]
    shares: tuple[float, ...]
    n: int


@dataclass(frozen=True)
class Relation:
    """Two sources, and the entropic plan between their atoms."""

    sources: tuple[str, str]
    counts: tuple[int, int]


@dataclass(frozen=True)
class Example:
    """The cases of a published example."""

    preset: "Preset"


Task: TypeAlias = OneSource | Channels | Barycentre | Relation | Example


@dataclass(frozen=True)
class Input:
    """How sources are read: what a file holds, the domain of formulas, the tone of images."""

    kind: SourceKind
    domain: FormulaDomain
    reading: Reading


@dataclass(frozen=True)
class Files:
    """What is written: atoms or their picture, a plot, and how pictures look.

    Attributes
    ----------
    outputs : tuple of Output
        Atoms or plans.
    plot : str or None
        Path of a plot.
    layout : Layout
        The page and the pen.
    show_samples : bool
        Draw samples under the atoms.
    """

    outputs: tuple[Output, ...]
    plot: str | None
    layout: Layout
    show_samples: bool


@dataclass(frozen=True)
class Job:
    """One call of `stipple edot`.

    Attributes
    ----------
    task : Task
        What is found.
    settings : Settings
        How; a preset has its own, but for seed, steps and machine.
    input : Input
        How sources are read.
    start : str or None
        Path of the places where atoms begin.
    scheduler : str or None
        Address of a Dask scheduler whose workers solve cells.
    files : Files
        What is written.
    report : str or None
        Path of the report.
    quiet, verbose : bool
        What is printed meanwhile.
    recorded : dict
        Every option, for the report.
    """

    task: Task
    settings: "Settings"
    input: Input
    start: str | None
    scheduler: str | None
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
    settings = _plan_settings(options)
    refuse_idle_scheduler(options["scheduler"], settings, options["atoms"])
    files = _plan_files(options)
    task, source = _plan_task(options), _plan_input(options)
    others = [path for path in (files.plot, options["report"]) if path]
    settle_files(options, [*_list_paths(files, task), *others])
    return Job(
        task=task,
        settings=settings,
        input=source,
        start=None if options["start"] in get_args(AtomStart) else options["start"],
        scheduler=options["scheduler"],
        files=files,
        report=options["report"],
        quiet=options["quiet"],
        verbose=options["verbose"],
        recorded=record_options(options),
    )


def refuse_idle_scheduler(
    scheduler: str | None, settings: "Settings", counts: Sequence[int]
) -> None:
    """Refuse a scheduler if no run, of so many atoms, has cells."""
    if scheduler is None:
        return
    if all(settings.choose_algorithm(n).algorithm != "adaptive" for n in counts):
        raise click.UsageError(
            "--scheduler is for the adaptive algorithm, and so few atoms take the simple one: say"
            " --algorithm adaptive."
        )


def _plan_task(options: Mapping[str, Any]) -> Task:
    sources, counts = options["sources"], options["atoms"]
    if options["preset"]:
        return Example(_find_preset(options["preset"]))
    if options["plan"]:
        return Relation(sources, (counts[0], counts[-1]))
    if options["barycenter"]:
        return Barycentre(sources, options["lambdas"] or (1.0,) * len(sources), counts[0])
    if options["color"] == "rgb":
        return Channels(sources[0], counts[0])
    return OneSource(sources[0], counts, options["naive"])


def _find_preset(name: str) -> "Preset":
    from stipple.discretisation.presets import list_presets

    return find_preset(name, list_presets())


def _plan_input(options: Mapping[str, Any]) -> Input:
    domain = plan_formula_domain(options)
    formulas = [is_formula(source) for source in options["sources"]]
    if options["color"] == "rgb" and any(formulas):
        raise click.UsageError("A formula has no colours: --color rgb needs a picture.")
    if not all(formulas):
        refuse_region(domain)
    return Input(options["read"], domain, plan_reading(options))


def _plan_settings(options: Mapping[str, Any]) -> "Settings":
    from stipple.discretisation.settings import Settings

    return Settings(
        objective=options["objective"],
        zeta=options["zeta"],
        order=options["order"],
        weights=options["weights"],
        start=options["start"] if options["start"] in get_args(AtomStart) else "auto",
        restarts=options["restarts"],
        algorithm=options["algorithm"],
        cells=options["cells"],
        metric=options["metric"],
        batch=options["batch"],
        steps=options["steps"],
        seed=options["seed"],
        engine=options["engine"],
        device=options["device"],
        threads=options["threads"],
    )


def _plan_files(options: Mapping[str, Any]) -> Files:
    paths, form, plot = list(options["outputs"]), options["format_"], options["plot"]
    several = options["preset"] or len(options["atoms"]) > 1
    if not paths and (form or not (plot or several)):
        paths, form = ["-"], form or "csv"
    formats = ("csv", *PLOT_FORMATS) if options["plan"] else FORMATS
    outputs = plan_outputs("", paths, form, formats) if paths else ()
    if several and not options["plan"]:
        for output in outputs:
            if output.format == "csv" and RUN not in output.path:
                raise click.UsageError(
                    f"There are several runs: write {RUN} in the name {output.path!r}."
                )
    refuse_conflicts(options, (PLOT,))
    return Files(outputs, plot, plan_layout(options), options["show_samples"])


def _list_paths(files: Files, task: Task) -> list[str]:
    """List the paths of all outputs, with {run} filled in as `show` does."""
    labels: Sequence[str] = (RUN,)  # a plan between sources is one file
    if isinstance(task, OneSource):
        labels = [str(n) for n in task.counts]
    elif isinstance(task, Example):
        labels = [case.label for case in task.preset.cases]
    elif isinstance(task, Channels):
        labels = ("red", "green", "blue")
    elif isinstance(task, Barycentre):
        labels = ("barycentre",)
    paths = []
    for output in files.outputs:
        filled = [output.path.replace(RUN, label) for label in labels]
        paths += filled if RUN in output.path else [output.path]
    return paths
