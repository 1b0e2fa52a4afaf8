"""What `stipple sequence` runs: a job in, points and tables out."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from stipple.cli.sequence.plan import (
    Image,
    Job,
    Measures,
    Points,
    Prefixes,
    StipplePrefixes,
    Stipples,
)
from stipple.cli.shared.counting import count_things
from stipple.cli.shared.images import read_density
from stipple.cli.shared.memory import announce_memory
from stipple.cli.shared.progress import Progress, print_note

if TYPE_CHECKING:
    from stipple.arrays import Floats
    from stipple.measures.density import Density
    from stipple.sequences.prefixes import Row


@dataclass(frozen=True, eq=False)
class FoundPoints:
    """Points of the cube, shape (n, dimension), and their certificate if it was asked for."""

    task: Points
    points: "Floats"
    certificate: "Row | None"


@dataclass(frozen=True, eq=False)
class FoundPrefixes:
    """A row for each prefix of the cube's sequence."""

    task: Prefixes
    table: "list[Row]"


@dataclass(frozen=True, eq=False)
class FoundStipples:
    """The points of a progressive stippling, shape (n, 2), and rows of prefixes if measured."""

    task: Stipples
    density: "Density"
    points: "Floats"
    table: "list[Row] | None"


@dataclass(frozen=True, eq=False)
class FoundStipplePrefixes:
    """A row for each prefix of a progressive stippling."""

    task: StipplePrefixes
    table: "list[Row]"


Found: TypeAlias = FoundPoints | FoundPrefixes | FoundStipples | FoundStipplePrefixes


def run(job: Job) -> Found:
    """Do what a job asks for.

    Raises
    ------
    StippleError
        For images that cannot be read, counts that make no sense, or too little memory.
    """
    match job.task:
        case Points() as task:
            return _make_points(task, job)
        case Prefixes() as task:
            return _certify_prefixes(task, job)
        case Stipples() as task:
            return _stipple_image(task, job)
        case StipplePrefixes() as task:
            return _assess_prefixes(task, job)


def _make_points(task: Points, job: Job) -> FoundPoints:
    from stipple.machine.memory import predict_sequence
    from stipple.sequences.dyadic import check_range, generate_sequence

    check_range(task.n, task.dimension, task.skip)
    text = any(output.format == "csv" for output in job.files.outputs)
    announce_memory(predict_sequence(task.n, task.dimension, text=text), quiet=job.quiet)
    points = generate_sequence(task.n, task.dimension, skip=task.skip)
    certificate = None
    if task.measures is not None:
        counts = range(task.n, task.n + 1)
        (certificate,) = _tabulate(counts, task.dimension, task.measures)
    return FoundPoints(task, points, certificate)


def _certify_prefixes(task: Prefixes, job: Job) -> FoundPrefixes:
    table = _tabulate(task.counts, task.dimension, task.measures)
    return FoundPrefixes(task, _collect(job, table, len(task.counts)))


def _stipple_image(task: Stipples, job: Job) -> FoundStipples:
    from stipple.sequences.prefixes import choose_counts

    density = _read_density(task.image, job)
    # What does not fit on the page is told before any work.
    job.files.lay_out(density.values.shape, task.image.n, density.total)
    points = _order(task.image, job, density)
    table = None
    if task.measured:
        table = _measure(task.image, job, density, points, choose_counts(task.image.n))
    return FoundStipples(task, density, points, table)


def _read_density(image: Image, job: Job) -> "Density":
    """Read the image; tell once if hardly any paper will stay white."""
    from stipple.measures.levels import advise_levels

    density = read_density(image.path, image.reading)
    advice = advise_levels(density.values) if image.reading.tone.levels is None else None
    if advice is not None:
        print_note(f"Of {image.path} {advice}.", quiet=job.quiet)
    return density


def _assess_prefixes(task: StipplePrefixes, job: Job) -> FoundStipplePrefixes:
    density = _read_density(task.image, job)
    points = _order(task.image, job, density)
    return FoundStipplePrefixes(task, _measure(task.image, job, density, points, task.counts))


def _tabulate(counts: range, dimension: int, measures: Measures) -> "Iterable[Row]":
    from stipple.sequences.prefixes import tabulate_prefixes
    from stipple.sequences.rivals import prepare_rival

    rivals: dict[str, Callable[[int], Floats]] = {
        name: prepare_rival(name, counts[-1], dimension, measures.seed) for name in measures.rivals
    }
    return tabulate_prefixes(
        counts,
        dimension,
        order=measures.order,
        exact=measures.exact,
        discrepancy=measures.discrepancy,
        strips=measures.strips,
        rivals=rivals,
    )


def _order(image: Image, job: Job, density: "Density") -> "Floats":
    from stipple.machine.memory import predict_stippling
    from stipple.sequences.progressive import order_progressively

    announce_memory(predict_stippling(image.n, density.values.size), quiet=job.quiet)
    with _follow(job, count_things(image.n, "point"), image.n) as progress:
        return order_progressively(
            density, image.n, relaxation=image.relaxation, on_doubling=progress.count
        )


def _measure(
    image: Image, job: Job, density: "Density", points: "Floats", counts: Sequence[int]
) -> "list[Row]":
    from stipple.sequences.prefixes import tabulate_stippling
    from stipple.stippling.stippling import stipple

    table = tabulate_stippling(density, points, counts, rival=stipple if image.compare else None)
    return _collect(job, table, len(counts))


def _collect(job: Job, table: "Iterable[Row]", count: int) -> "list[Row]":
    """Compute the rows of a table, and show how many there are so far."""
    rows = []
    with _follow(job, f"{count:,} prefixes", count) as progress:
        for row in table:
            rows.append(row)
            progress.count(len(rows))
    return rows


def _follow(job: Job, label: str, steps: int) -> Progress:
    return Progress(label, steps, quiet=job.quiet, verbose=job.verbose)
