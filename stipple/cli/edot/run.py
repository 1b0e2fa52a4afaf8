"""What `stipple edot` runs: sources in, labelled discretisations out."""

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import fields
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

import click

from stipple.cli.edot.show import RelatedRuns, Run, Runs
from stipple.cli.shared.domains import (
    is_formula,
    plan_formula_domain,
    read_formula,
    refuse_region,
)
from stipple.cli.shared.images import plan_reading, prepare_image
from stipple.cli.shared.memory import announce_memory
from stipple.cli.shared.outputs import Output
from stipple.cli.shared.progress import Progress, print_note
from stipple.errors import StippleError
from stipple.machine.tasks import Failure, run_all

if TYPE_CHECKING:
    from stipple.discretisation.entropic.adaptive import CellSolution, CellTask
    from stipple.discretisation.settings import Settings
    from stipple.measures.measure import Measure


class Result(Protocol):
    """What a job gives: figures for the report, rows for a person, files."""

    @property
    def figures(self) -> dict[str, Any]:
        """Figures for the report."""
        ...

    @property
    def rows(self) -> list[tuple[str, str]]:
        """Lines for a person."""
        ...

    def render(self, options: dict[str, Any], outputs: Sequence[Output]) -> list[tuple[str, bytes]]:
        """Paths and contents of the files that were asked for."""
        ...


def discretise(options: dict[str, Any]) -> Runs:
    """Discretise one source, with each number of atoms."""
    measure = read_measure(options["sources"][0], options)
    settings = make_settings(options)
    runs = [
        _run(options, str(count), measure, count, settings, options["naive"], count)
        for count in options["atoms"]
    ]
    return Runs([[run] for run in runs])


def reproduce(options: dict[str, Any]) -> Runs:
    """Run the cases of a preset."""
    from dataclasses import replace

    from stipple.discretisation.presets import list_presets

    presets = list_presets()
    if options["preset"] not in presets:
        known = ", ".join(presets)
        raise click.UsageError(f"Unknown preset {options['preset']!r}: known are {known}.")
    preset = presets[options["preset"]]
    mine = {name: options[name] for name in ("seed", "engine", "device", "threads", "steps")}
    runs = []
    for case in preset.cases:
        settings = replace(case.settings, **mine)
        repeats, size = (preset.naive.repeats, preset.naive.size) if preset.naive else (0, 0)
        runs.append(_run(options, case.label, case.measure(), case.atoms, settings, repeats, size))
    return Runs([[run] for run in runs], preset)


def separate(options: dict[str, Any]) -> Runs:
    """Discretise each channel of a picture as a density of its own."""
    from stipple.files.pictures import read_source
    from stipple.machine.memory import predict_discretisation
    from stipple.measures.density import Density
    from stipple.measures.formula import Domain
    from stipple.measures.inks import separate_inks, share_points
    from stipple.measures.measure import Measure

    source = options["sources"][0]
    if is_formula(source):
        raise click.UsageError("A formula has no colours: --color rgb needs a picture.")
    refuse_region(plan_formula_domain(options))
    reading = plan_reading(options)
    picture = read_source(source, max_pixels=options["max_pixels"])
    inks = separate_inks(prepare_image(picture, reading), reading.tone, "rgb")
    announce_memory(predict_discretisation(inks[0].darkness.size), quiet=options["quiet"])
    settings = make_settings(options)
    shares = share_points(inks, options["atoms"][0])
    refuse_idle_scheduler(options, [count for _, count in shares])
    runs = []
    for ink, count in shares:
        measure = Measure.from_domain(Domain.from_image(Density(ink.darkness)))
        run = _run(options, ink.ink.name, measure, count, settings, 0, 0)
        runs.append(Run(run.label, run.measure, run.result, None, ink.ink.colour))
    return Runs([runs])


def average(options: dict[str, Any]) -> Runs:
    """Discretise the barycentre of several sources."""
    import numpy as np

    from stipple.discretisation.barycentre import average as find_barycentre, mix_measures

    measures = [read_measure(source, options) for source in options["sources"]]
    shares = np.array(options["lambdas"] or [1.0] * len(measures))
    settings = make_settings(options)
    (count,) = options["atoms"]
    with _show(options, f"barycentre, {count:,} atoms", settings) as show:
        result = find_barycentre(measures, shares, count, settings, on_step=show)
    return Runs([[Run("barycentre", mix_measures(measures, shares), result)]])


def relate(options: dict[str, Any]) -> RelatedRuns:
    """Discretise two sources, and find the entropic plan between them."""
    from stipple.discretisation.relation import relate_discretisations
    from stipple.machine.memory import predict_plan

    counts = (*options["atoms"], *options["atoms"])[:2]
    pictures = [path.lower().endswith((".svg", ".png")) for path in options["outputs"]]
    text = not pictures or not all(pictures)
    announce_memory(predict_plan(*counts, text=text), quiet=options["quiet"])
    first, second = (read_measure(source, options) for source in options["sources"])
    settings = make_settings(options)
    runs = [
        _run(options, label, measure, count, settings, 0, 0)
        for label, measure, count in zip(("first", "second"), (first, second), counts, strict=True)
    ]
    plan = relate_discretisations(runs[0].result, runs[1].result)
    return RelatedRuns(Runs([[run] for run in runs]), plan)


def read_measure(source: str, options: dict[str, Any]) -> "Measure":
    """Read a source, and say what memory its discretisation needs."""
    from stipple.machine.memory import predict_discretisation

    measure = _read(source, options)
    announce_memory(predict_discretisation(len(measure.samples)), quiet=options["quiet"])
    return measure


def _read(source: str, options: dict[str, Any]) -> "Measure":
    """Read a formula, samples, or an image with its tone."""
    from stipple.files.samples import read_samples_or_density
    from stipple.measures.density import Density
    from stipple.measures.formula import Domain
    from stipple.measures.measure import Measure
    from stipple.measures.samples import Samples
    from stipple.measures.tone import darkness

    if is_formula(source):
        return Measure.from_domain(read_formula(source, plan_formula_domain(options)))
    refuse_region(plan_formula_domain(options))
    content = read_samples_or_density(
        source,
        options["read"],
        max_pixels=options["max_pixels"],
        tell=partial(print_note, quiet=options["quiet"]),
    )
    if isinstance(content, Samples):
        return Measure.from_samples(content)
    reading = plan_reading(options)
    density = Density(darkness(prepare_image(content, reading), reading.tone))
    return Measure.from_domain(Domain.from_image(density))


def make_settings(options: dict[str, Any]) -> "Settings":
    """Collect the settings of a discretisation from the options."""
    from stipple.discretisation.settings import Settings

    return Settings(**{field.name: options[field.name] for field in fields(Settings)})


def refuse_idle_scheduler(options: dict[str, Any], counts: Sequence[int]) -> None:
    """Refuse a scheduler if no run, of so many atoms, has cells."""
    if options["scheduler"] is None:
        return
    settings = make_settings(options)
    if all(settings.choose_algorithm(count).algorithm != "adaptive" for count in counts):
        raise click.UsageError(
            "--scheduler is for the adaptive algorithm, and so few atoms take the simple one: say"
            " --algorithm adaptive."
        )


def _run(
    options: dict[str, Any],
    label: str,
    measure: "Measure",
    count: int,
    settings: "Settings",
    repeats: int,
    size: int,
) -> Run:
    """Discretise, show the steps, and compare with naive samplings of some size."""
    from stipple.discretisation.discretise import discretise as find_atoms
    from stipple.discretisation.naive import compare_naive

    title = f"{count:,} atoms" if label == str(count) else f"{label}, {count:,} atoms"
    scheduler = options["scheduler"]
    run_cells = partial(_run_cells, scheduler=scheduler) if scheduler is not None else None
    with _show(options, title, settings) as show:
        result = find_atoms(measure, count, settings, on_step=show, run_cells=run_cells)
    naive = compare_naive(measure, result, size, repeats) if repeats else None
    return Run(label, measure, result, naive)


def _run_cells(
    work: "Callable[[CellTask], CellSolution]", tasks: "Sequence[CellTask]", *, scheduler: str
) -> "Generator[tuple[CellTask, CellSolution], None, None]":
    """Let the workers of a Dask scheduler solve cells; without one of them there is no result."""
    with closing(run_all(work, tasks, jobs=1, scheduler=scheduler)) as outcomes:
        for task, outcome in outcomes:
            if isinstance(outcome, Failure):
                raise StippleError(f"Cell {task.number} of {len(tasks)}: {outcome.reason}")
            yield task, outcome


@contextmanager
def _show(
    options: dict[str, Any], title: str, settings: "Settings"
) -> Iterator[Callable[[int, float | None], None]]:
    """Show steps by their number and the objective."""
    quiet, verbose = options["quiet"], options["verbose"]
    with Progress(title, 0, quiet=quiet, verbose=verbose) as progress:

        def show(step: int, value: float | None) -> None:
            reached = "cell" if value is None else f"{settings.objective} {value:.8g}"
            progress.advance(step, f"step {step:4d}  {reached}")

        yield show
