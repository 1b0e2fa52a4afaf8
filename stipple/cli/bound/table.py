"""Many pairs for `stipple bound`: a row each, none computed twice, none lost."""

from collections.abc import Generator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from stipple.cli.bound.pairs import Pair
from stipple.cli.bound.plan import Settings, TableJob
from stipple.cli.bound.rows import (
    Row,
    add_row,
    compare_rows,
    keep_narrowest,
    read_table,
    write_table,
)
from stipple.cli.bound.run import bound_masses, read_pair
from stipple.cli.shared.counting import count_things
from stipple.cli.shared.digits import format_interval
from stipple.cli.shared.ends import choose_code, explain_end
from stipple.cli.shared.outputs import make_folder
from stipple.cli.shared.progress import Progress
from stipple.cli.shared.report import describe_failure
from stipple.files.temporary import claim
from stipple.files.write import hash_file
from stipple.interval import Interval
from stipple.machine.failures import Failure
from stipple.machine.tasks import run_all
from stipple.machine.threads import share_threads


@dataclass(frozen=True)
class TableSummary:
    """What became of the pairs.

    Attributes
    ----------
    pairs, done_before, computed, gap_not_reached : int
        How many.
    failures : dict
        Pairs that could not be bounded, and why.
    ended : Failure or None
        Why the turn of others did not come.
    code : int
        The exit code.
    """

    pairs: int
    done_before: int
    computed: int
    failures: dict[Pair, Failure]
    gap_not_reached: int
    ended: Failure | None
    code: int

    @property
    def sentences(self) -> list[str]:
        """A sentence for each failure."""
        return [f"{a} and {b}: {one.reason}" for (a, b), one in self.failures.items()]

    def describe(self) -> dict[str, object]:
        """Describe it for the report."""
        return {
            "pairs": self.pairs,
            "done_before": self.done_before,
            "computed": self.computed,
            "failures": [
                {"a": a, "b": b, **describe_failure(one)} for (a, b), one in self.failures.items()
            ],
            "gap_not_reached": self.gap_not_reached,
            "ended": None if self.ended is None else describe_failure(self.ended),
        }


@dataclass(frozen=True)
class BoundedPair:
    """What a row says of a pair of files, and whether the gap was reached."""

    interval: Interval
    gap: float
    seconds: float
    reached: bool
    hashes: Pair

    def make_row(self, pair: Pair, settings: str) -> Row:
        """Write it out; numbers have the fewest digits that read back as the same."""
        lower, upper = str(self.interval.lower), str(self.interval.upper)
        gap, seconds = str(self.gap), str(round(self.seconds, 3))
        return Row(*pair, lower, upper, gap, seconds, *self.hashes, settings)


def fill_table(job: TableJob) -> TableSummary:
    """Bound the pairs that the table does not have yet, and add their rows as they are done."""
    if job.target == "-":
        return _fill_table(job)
    make_folder(job.target)
    with claim(job.target):
        return _fill_table(job)


def _fill_table(job: TableJob) -> TableSummary:
    pairs = job.pairs
    settings = job.settings.defining
    rows, missing = compare_rows(read_table(job.target), pairs, settings, job.settings.gap)
    write_table(job.target, rows)
    failures: dict[Pair, Failure] = {}
    wide = computed = 0
    ended, code = None, None
    try:
        with closing(_bound_missing(job, missing, len(pairs), failures)) as found:
            for pair, bounded in found:
                wide += not bounded.reached
                rows.append(bounded.make_row(pair, settings))
                add_row(job.target, rows[-1])
                computed += 1
    except (Exception, KeyboardInterrupt) as error:
        ended, code = explain_end(error, begun=computed > 0)
    if code is None:
        code = choose_code(
            done=len(pairs) - len(missing) + computed, missing=len(missing) - computed
        )
    if job.target != "-":
        write_table(job.target, keep_narrowest(rows))
    return TableSummary(
        pairs=len(pairs),
        done_before=len(pairs) - len(missing),
        computed=computed,
        failures=failures,
        gap_not_reached=wide,
        ended=ended,
        code=code,
    )


def _bound_missing(
    job: TableJob, pairs: Sequence[Pair], all_pairs: int, failures: dict[Pair, Failure]
) -> Generator[tuple[Pair, BoundedPair], None, None]:
    """Bound pairs, and give them as they are done; what fails goes to `failures`."""
    threads = share_threads(
        job.settings.threads, len(pairs), jobs=job.jobs, scheduler=job.scheduler
    )
    # Dask workers are in other folders.
    folder = str(Path.cwd()) if job.scheduler else ""
    work = partial(_bound, folder=folder, settings=replace(job.settings, threads=threads))
    outcomes = run_all(work, pairs, jobs=job.jobs, scheduler=job.scheduler)
    label = f"{count_things(len(pairs), 'pair')}, {all_pairs - len(pairs):,} done before"
    quiet, verbose = job.reporting.quiet, job.reporting.verbose
    with (
        Progress(label, len(pairs), quiet=quiet, verbose=verbose) as progress,
        closing(outcomes),
    ):
        for number, (pair, outcome) in enumerate(outcomes, 1):
            names = " and ".join(pair)
            if isinstance(outcome, Failure):
                failures[pair] = outcome
                progress.advance(number, f"{names}: {outcome.reason}")
                continue
            yield pair, outcome
            interval = format_interval(outcome.interval.lower, outcome.interval.upper, 9)
            progress.advance(number, f"{names}: W within {interval}")


def _bound(pair: Pair, folder: str, settings: Settings) -> BoundedPair:
    """Bound a pair of files whose paths are relative to a folder."""
    first, second = (str(Path(folder, path)) for path in pair)
    # Before they are read: the row of a file that changes meanwhile is not taken for done.
    hashes = hash_file(first) or "", hash_file(second) or ""
    found = bound_masses(read_pair((first, second), settings), settings)
    return BoundedPair(found.interval, found.gap, found.seconds, found.reached, hashes)
