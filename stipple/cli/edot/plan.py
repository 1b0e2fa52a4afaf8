"""What `stipple edot` is to do: the words of the command line as a typed job, or a usage error."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeAlias, get_args

import click

from stipple.choices import AtomStart
from stipple.cli.edot.idle import find_bound, refuse_idle
from stipple.cli.edot.metrics import ChosenMetric, split_metric
from stipple.cli.edot.options import FORMATS
from stipple.cli.edot.rules import RULES
from stipple.cli.edot.sources import Input, plan_input
from stipple.cli.shared.conflicts import PLOT, find_given, refuse_conflicts
from stipple.cli.shared.drawings import PLOT_FORMATS, Layout, plan_layout
from stipple.cli.shared.outputs import Output, plan_outputs, settle_files
from stipple.cli.shared.presets import find_preset
from stipple.cli.shared.report import Recorded, record_options

if TYPE_CHECKING:
    from stipple.arrays import Floats
    from stipple.discretisation.presets import Preset
    from stipple.discretisation.settings import Settings

RUN = "{run}"
# The published regularisation of plans, over the largest cost.
PLAN_ZETA = 0.01


@dataclass(frozen=True)
class OneSource:
    """One source, discretised with each number of atoms.

    `repeats` random samplings are compared with each, of as many points or of all `sizes`.
    """

    source: str
    counts: tuple[int, ...]
    repeats: int
    sizes: tuple[int, ...] = ()


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
    """Two sources, and the entropic plan between their atoms.

    Atoms are moved jointly for a plan of regularisation `plan_zeta`, if that is not None.
    """

    sources: tuple[str, str]
    counts: tuple[int, int]
    plan_zeta: float | None = None


@dataclass(frozen=True)
class Example:
    """The cases of a published example."""

    preset: "Preset"


Task: TypeAlias = OneSource | Channels | Barycentre | Relation | Example


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
    draw : frozenset of str
        Any of "dots" and "cells".
    show_samples, show_cells : bool
        Draw samples under the atoms, or in colours by their nearest atom.
    """

    outputs: tuple[Output, ...]
    plot: str | None
    layout: Layout
    draw: frozenset[str]
    show_samples: bool
    show_cells: bool


@dataclass(frozen=True)
class Job:
    """One call of `stipple edot`.

    Attributes
    ----------
    task : Task
        What is found.
    settings : Settings
        How; a preset has its own, but for seed, steps and machine.
    weights : ndarray or None
        Weights of atoms, with sum 1, where they are given.
    input : Input
        How sources are read.
    metric : ChosenMetric
        By what distance.
    start : str or None
        Path of the places where atoms begin.
    scheduler : str or None
        Address of a Dask scheduler whose workers solve cells.
    bound : tuple of str
        Options given that are for one of the algorithms, see `refuse_idle`.
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
    weights: "Floats | None"
    input: Input
    metric: ChosenMetric
    start: str | None
    scheduler: str | None
    bound: tuple[str, ...]
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
    given = find_given(context)
    if options["joint"] and "objective" not in given:
        options = {**options, "objective": "sharp"}  # there is no exact one
    refuse_conflicts({**options, "given": given}, RULES)
    weights = _read_weights(options["weights"])
    if weights is not None:
        options = {**options, "atoms": _agree(weights, options, given)}
    settings = _plan_settings(options)
    task = _plan_task(options)
    bound = find_bound(given, options)
    if isinstance(task, Example):
        runs = [(case.settings, case.atoms) for case in task.preset.cases]
        refuse_idle(bound, runs, preset=True)
    elif not isinstance(task, Channels):
        one = replace(settings, algorithm="simple") if options["barycenter"] else settings
        refuse_idle(bound, [(one, n) for n in options["atoms"]])
    files = _plan_files(options, task)
    source = plan_input(options, given)
    metric = split_metric(options["metric"])
    others = [path for path in (files.plot, options["report"]) if path]
    settle_files(
        options, [*_list_paths(files, task), *others], [metric.path] if metric.path else []
    )
    return Job(
        task=task,
        settings=settings,
        weights=weights,
        input=source,
        metric=metric,
        start=None if options["start"] in get_args(AtomStart) else options["start"],
        scheduler=options["scheduler"],
        bound=bound,
        files=files,
        report=options["report"],
        quiet=options["quiet"],
        verbose=options["verbose"],
        recorded=record_options(options),
    )


def _read_weights(words: str) -> "Floats | None":
    """Read the weights of atoms from a file, unless they are free or equal."""
    if words in ("free", "equal"):
        return None
    from stipple.arguments import read_masses
    from stipple.files.tables import read_masses_csv

    return read_masses(read_masses_csv(words, "weight"), "weight", "atom")


def _agree(
    weights: "Floats", options: Mapping[str, Any], given: Collection[str]
) -> tuple[int, ...]:
    """Let the file say how many atoms there are, unless the command line says otherwise."""
    counts = (len(weights),)
    if "atoms" in given and options["atoms"] != counts:
        raise click.UsageError(
            f"--atoms is {options['atoms'][0]:,}, and {options['weights']} has"
            f" {len(weights):,} weights: leave --atoms out."
        )
    return counts


def _plan_task(options: Mapping[str, Any]) -> Task:
    sources, counts = options["sources"], options["atoms"]
    if options["preset"]:
        return Example(_find_preset(options["preset"]))
    if options["plan"]:
        plan_zeta = (options["lambdas"] or (PLAN_ZETA,))[0] if options["joint"] else None
        return Relation(sources, (counts[0], counts[-1]), plan_zeta)
    if options["barycenter"]:
        return Barycentre(sources, options["lambdas"] or (1.0,) * len(sources), counts[0])
    if options["color"] == "rgb":
        return Channels(sources[0], counts[0])
    return OneSource(sources[0], counts, *options["naive"])


def _find_preset(name: str) -> "Preset":
    from stipple.discretisation.presets import list_presets

    return find_preset(name, list_presets())


def _plan_settings(options: Mapping[str, Any]) -> "Settings":
    from stipple.discretisation.settings import Settings

    return Settings(
        objective=options["objective"],
        zeta=options["zeta"],
        order=options["order"],
        weights=options["weights"] if options["weights"] in ("free", "equal") else "given",
        capacity=options["capacity"],
        start=options["start"] if options["start"] in get_args(AtomStart) else "auto",
        restarts=options["restarts"],
        algorithm=options["algorithm"],
        cells=options["cells"],
        cell_atoms=options["cell_atoms"],
        metric=split_metric(options["metric"]).name,
        batch=options["batch"],
        momentum=options["momentum"],
        atom_rate=options["atom_rate"],
        weight_rate=options["weight_rate"],
        finish=options["finish"],
        steps=options["steps"],
        seed=options["seed"],
        engine=options["engine"],
        device=options["device"],
        threads=options["threads"],
        gap=options["gap"],
    )


def _plan_files(options: Mapping[str, Any], task: Task) -> Files:
    paths, form, plot = list(options["outputs"]), options["format_"], options["plot"]
    several = options["preset"] or len(options["atoms"]) > 1
    if not paths and (form or not (plot or several)):
        paths, form = ["-"], form or "csv"
    related = _relates(task)
    formats = ("csv", *PLOT_FORMATS) if related else FORMATS
    outputs = plan_outputs("", paths, form, formats) if paths else ()
    if isinstance(task, Channels) and any(RUN in output.path for output in outputs):
        raise click.UsageError(f"--color rgb makes one picture: leave {RUN} out of its name.")
    if several and not related:
        for output in outputs:
            if output.format == "csv" and RUN not in output.path:
                raise click.UsageError(
                    f"There are several runs: write {RUN} in the name {output.path!r}."
                )
    refuse_conflicts(options, (PLOT,))
    return Files(
        outputs,
        plot,
        plan_layout(options),
        options["draw"],
        options["show_samples"],
        options["show_cells"],
    )


def _relates(task: Task) -> bool:
    """Whether what is written is a plan between two sources, which is one file."""
    return isinstance(task, Relation) or (
        isinstance(task, Example) and task.preset.plan_zeta is not None
    )


def _list_paths(files: Files, task: Task) -> list[str]:
    """List the paths of all outputs, with {run} filled in as `render_files` does."""
    labels: Sequence[str] = (RUN,)
    if isinstance(task, OneSource):
        labels = [str(n) for n in task.counts]
    elif isinstance(task, Example) and not _relates(task):
        labels = [case.label for case in task.preset.cases]
    elif isinstance(task, Barycentre):
        labels = ("barycentre",)
    paths = []
    for output in files.outputs:
        filled = [output.path.replace(RUN, label) for label in labels]
        paths += filled if RUN in output.path else [output.path]
    return paths
