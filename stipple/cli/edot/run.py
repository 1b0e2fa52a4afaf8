"""What `stipple edot` runs: a job in, labelled discretisations out."""

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from stipple.cli.edot.idle import refuse_idle
from stipple.cli.edot.metrics import read_distances
from stipple.cli.edot.plan import (
    Barycentre,
    Channels,
    Example,
    Job,
    OneSource,
    Relation,
)
from stipple.cli.edot.sources import read, read_start, refuse_idle_tone
from stipple.cli.shared.counting import count_things
from stipple.cli.shared.images import read_image
from stipple.cli.shared.memory import announce_memory
from stipple.cli.shared.progress import Progress
from stipple.errors import StippleError
from stipple.machine.failures import Failure
from stipple.machine.tasks import run_all

if TYPE_CHECKING:
    from stipple.discretisation.entropic.adaptive import CellSolution, CellTask
    from stipple.discretisation.joint import JointDiscretisation
    from stipple.discretisation.naive import Naive, NaiveComparison
    from stipple.discretisation.relation import RelatedDiscretisations
    from stipple.discretisation.result import Discretisation
    from stipple.discretisation.settings import Settings
    from stipple.geometry.distances import Distances
    from stipple.measures.measure import Measure


@dataclass(frozen=True, eq=False)
class Run:
    """A labelled discretisation, with what is known beside it.

    `naive` are its rivals, `colour` that of its dots, `distances` those that were given.
    """

    label: str
    measure: "Measure"
    result: "Discretisation"
    naive: "tuple[NaiveComparison, ...]" = ()
    colour: str | None = None
    distances: "Distances | None" = None


@dataclass(frozen=True, eq=False)
class Found:
    """What a job gives.

    Attributes
    ----------
    pictures : list of lists of Run
        Pictures side by side, each of runs over each other.
    published : str or None
        What the source of a preset says.
    related : RelatedDiscretisations or None
        The plan between two runs.
    joint : JointDiscretisation or None
        The same, for runs that were moved jointly.
    """

    pictures: list[list[Run]]
    published: str | None = None
    related: "RelatedDiscretisations | None" = None
    joint: "JointDiscretisation | None" = None

    @property
    def runs(self) -> list[Run]:
        """All runs."""
        return [run for picture in self.pictures for run in picture]


def run(job: Job) -> Found:
    """Do what a job says."""
    task = job.task
    if isinstance(task, OneSource):
        return _discretise(job, task)
    if isinstance(task, Channels):
        return _separate(job, task)
    if isinstance(task, Barycentre):
        return _average(job, task)
    if isinstance(task, Relation):
        return _relate(job, task)
    return _reproduce(job, task)


def _discretise(job: Job, task: OneSource) -> Found:
    from stipple.discretisation.naive import Naive

    (measure,) = _read_measures(job, [task.source])
    runs = [_run(job, str(n), measure, n, job.settings) for n in task.counts]
    return Found([[one] for one in _add_naive(runs, Naive(task.repeats, task.sizes))])


def _separate(job: Job, task: Channels) -> Found:
    from stipple.machine.memory import predict_discretisation
    from stipple.measures.density import Density
    from stipple.measures.formula import Domain
    from stipple.measures.inks import separate_inks, share_points
    from stipple.measures.measure import Measure

    reading = job.input.reading
    original = read_image(task.source, reading)
    inks = separate_inks(original.source, original.tone, "rgb", overlap="allow")
    announce_memory(predict_discretisation(inks[0].darkness.size), quiet=job.quiet)
    shares = share_points(inks, task.n)
    refuse_idle(job.bound, [(job.settings, n) for _, n in shares])
    runs = []
    for ink, n in shares:
        measure = Measure.from_domain(Domain.from_image(Density(ink.darkness)))
        found = _run(job, ink.ink.name, measure, n, job.settings)
        runs.append(replace(found, colour=ink.ink.colour))
    return Found([runs])


def _average(job: Job, task: Barycentre) -> Found:
    import numpy as np

    from stipple.discretisation.barycentre import average, mix_measures

    measures = _read_measures(job, task.sources)
    shares = np.array(task.shares)
    with _show(job, f"barycentre, {count_things(task.n, 'atom')}", job.settings) as show:
        result = average(measures, shares, task.n, job.settings, on_step=show)
    return Found([[Run("barycentre", mix_measures(measures, shares), result)]])


def _relate(job: Job, task: Relation) -> Found:
    from stipple.discretisation.joint import check_pairs
    from stipple.discretisation.relation import relate_discretisations
    from stipple.machine.memory import predict_plan

    outputs = job.files.outputs
    text = not outputs or any(output.format == "csv" for output in outputs)
    announce_memory(predict_plan(*task.counts, text=text), quiet=job.quiet)
    if task.plan_zeta is not None:
        check_pairs(task.counts)
    measures = _read_measures(job, task.sources)
    first, second = (
        _run(job, label, measure, n, job.settings)
        for label, measure, n in zip(("first", "second"), measures, task.counts, strict=True)
    )
    if task.plan_zeta is not None:
        return _join(job, (first, second), task.plan_zeta)
    related = relate_discretisations(first.result, second.result)
    return Found([[first], [second]], related=related)


def _join(job: Job, runs: "tuple[Run, Run]", plan_zeta: float) -> Found:
    """Move the atoms of two runs together, for the plan between what they stand for."""
    from stipple.discretisation.joint import discretise_jointly

    first, second = runs
    with _show(job, "joint objective", first.result.settings) as show:
        joint = discretise_jointly(
            (first.measure, second.measure),
            (first.result, second.result),
            plan_zeta,
            on_step=show,
        )
    moved = (joint.related.first, joint.related.second)
    pictures = [[replace(run, result=result)] for run, result in zip(runs, moved, strict=True)]
    return Found(pictures, related=joint.related, joint=joint)


def _reproduce(job: Job, task: Example) -> Found:
    from stipple.discretisation.methods import takes_steps

    mine, naive = job.settings, task.preset.naive
    runs = []
    for case in task.preset.cases:
        measure = case.measure()
        moves = takes_steps(measure.samples.dimension, case.settings)
        settings = replace(
            case.settings,
            seed=mine.seed,
            engine=mine.engine,
            device=mine.device,
            threads=mine.threads,
            steps=mine.steps if moves else None,
        )
        distances = None if case.distances is None else case.distances()
        runs.append(_run(job, case.label, measure, case.atoms, settings, distances))
    if task.preset.plan_zeta is not None:
        first, second = runs
        found = _join(job, (first, second), task.preset.plan_zeta)
        return replace(found, published=task.preset.published)
    if naive is not None:
        runs = _add_naive(runs, naive)
    return Found([[one] for one in runs], published=task.preset.published)


def _read_measures(job: Job, sources: Sequence[str]) -> "list[Measure]":
    """Read sources, and say what memory their discretisations need."""
    from stipple.machine.memory import predict_discretisation

    measures = []
    for source in sources:
        measure = read(source, job.input, quiet=job.quiet)
        announce_memory(predict_discretisation(len(measure.samples)), quiet=job.quiet)
        measures.append(measure)
    refuse_idle_tone(sources, measures, job.input)
    return measures


def _run(
    job: Job,
    label: str,
    measure: "Measure",
    n: int,
    settings: "Settings",
    distances: "Distances | None" = None,
) -> Run:
    """Discretise, and show the steps."""
    from stipple.discretisation.discretise import discretise

    if "cells" in job.files.draw and measure.samples.dimension > 2:
        raise StippleError(
            f"The samples have {measure.samples.dimension} coordinates, and cells are drawn of at"
            " most 2: leave --draw out."
        )
    distances = distances or read_distances(job.metric, measure, quiet=job.quiet)
    title = count_things(n, "atom")
    if label != str(n):
        title = f"{label}, {title}"
    run_cells = None if job.scheduler is None else partial(_run_cells, scheduler=job.scheduler)
    start = None if job.start is None else read_start(job.start)
    with _show(job, title, settings) as show:
        result = discretise(
            measure,
            n,
            settings,
            shares=job.weights,
            start=start,
            on_step=show,
            run_cells=run_cells,
            distances=distances,
        )
    return Run(label, measure, result, distances=distances)


def _add_naive(runs: "Sequence[Run]", naive: "Naive") -> list[Run]:
    """Compare runs with naive samplings, the same ones for the same measure, ζ and size."""
    from stipple.discretisation.naive import compare_naive

    if naive.repeats == 0:
        return list(runs)
    known: dict[tuple[object, ...], NaiveComparison] = {}
    compared = []
    for one in runs:
        sizes = naive.sizes or (len(one.result.atoms),)
        for size in sizes:
            key = (id(one.measure), one.result.zeta, size)
            if key not in known:
                known[key] = compare_naive(one.measure, one.result, size, naive.repeats)
        mine = tuple(known[id(one.measure), one.result.zeta, size] for size in sizes)
        compared.append(replace(one, naive=mine))
    return compared


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
    job: Job, title: str, settings: "Settings"
) -> Iterator[Callable[[int, float | None], None]]:
    """Show steps by their number and the objective."""
    with Progress(title, 0, quiet=job.quiet, verbose=job.verbose) as progress:

        def show(step: int, value: float | None) -> None:
            reached = "cell" if value is None else f"{settings.objective} {value:.8g}"
            progress.advance(step, f"step {step:4d}  {reached}")

        yield show
