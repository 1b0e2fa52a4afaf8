"""Many pairs for `stipple bound`: a row each, none computed twice, none lost."""

import csv
import itertools
from collections.abc import Generator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from io import StringIO
from pathlib import Path

from stipple.cli.bound.plan import Settings, TableJob
from stipple.cli.bound.rows import (
    Pair,
    Row,
    add_row,
    compare_rows,
    keep_narrowest,
    read_table,
    write_table,
)
from stipple.cli.bound.run import bound_files
from stipple.cli.shared.digits import format_interval
from stipple.cli.shared.progress import Progress
from stipple.errors import StippleError
from stipple.files.write import hash_file
from stipple.interval import Interval
from stipple.machine.tasks import Failure, run_all, share_threads

SUFFIXES = {
    *(".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".bmp", ".gif", ".pbm", ".pgm", ".ppm"),
    ".npy",
}


@dataclass(frozen=True)
class TableSummary:
    """What became of the pairs.

    Attributes
    ----------
    pairs, done_before, computed, gap_not_reached : int
        How many.
    failures : tuple of str
        A sentence for each pair that could not be bounded.
    """

    pairs: int
    done_before: int
    computed: int
    failures: tuple[str, ...]
    gap_not_reached: int


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
    pairs = list_folder(job.source) if job.from_folder else read_pairs(job.source)
    settings = job.settings.defining
    rows, missing = compare_rows(read_table(job.target), pairs, settings, job.settings.gap)
    write_table(job.target, rows)
    failures: list[str] = []
    wide = 0
    with closing(_bound_missing(job, missing, len(pairs), failures)) as found:
        for pair, bounded in found:
            wide += not bounded.reached
            rows.append(bounded.make_row(pair, settings))
            add_row(job.target, rows[-1])
    if job.target != "-":
        write_table(job.target, keep_narrowest(rows))
    return TableSummary(
        pairs=len(pairs),
        done_before=len(pairs) - len(missing),
        computed=len(missing) - len(failures),
        failures=tuple(failures),
        gap_not_reached=wide,
    )


def list_folder(folder: str) -> list[Pair]:
    """Pair every image and .npy file of a folder with every other, each once and in order."""
    if not Path(folder).is_dir():
        raise StippleError(f"{Path(folder)} is not a folder: give one with images.")
    paths = (path for path in Path(folder).iterdir() if path.suffix.lower() in SUFFIXES)
    images = sorted(map(str, paths))
    if len(images) < 2:
        raise StippleError(f"{Path(folder)} has {len(images)} images: at least two make a pair.")
    return list(itertools.combinations(images, 2))


def read_pairs(path: str) -> list[Pair]:
    """Read pairs of paths from the columns a and b of a table, each once and in order."""
    from stipple.files.open import open_source

    with open_source(path) as (stream, name):
        # Names of files may hold bytes that are no text.
        text = stream.read().decode("utf-8-sig", errors="surrogateescape")
    rows = [row for row in csv.reader(StringIO(text, newline="")) if row]
    header = [field.strip().lower() for field in rows[0]] if rows else []
    if "a" not in header or "b" not in header:
        raise StippleError(f"{name} has no columns a and b: name them in its first line.")
    first, second = header.index("a"), header.index("b")
    for number, row in enumerate(rows[1:], 2):
        if len(row) != len(header):
            raise StippleError(
                f"{name}: row {number} has {len(row)} columns where the first has {len(header)}."
            )
    pairs = [(row[first].strip(), row[second].strip()) for row in rows[1:]]
    if not pairs:
        raise StippleError(f"{name} has no pairs: give a row for each.")
    return list(dict.fromkeys(pairs))


def _bound_missing(
    job: TableJob, pairs: Sequence[Pair], all_pairs: int, failures: list[str]
) -> Generator[tuple[Pair, BoundedPair], None, None]:
    """Bound pairs, and give them as they are done; what fails goes to `failures`."""
    threads = share_threads(
        job.settings.threads, len(pairs), jobs=job.jobs, scheduler=job.scheduler
    )
    # Dask workers are in other folders.
    folder = str(Path.cwd()) if job.scheduler else ""
    work = partial(_bound, folder=folder, settings=replace(job.settings, threads=threads))
    outcomes = run_all(work, pairs, jobs=job.jobs, scheduler=job.scheduler)
    label = f"{len(pairs):,} pairs, {all_pairs - len(pairs):,} done before"
    quiet, verbose = job.reporting.quiet, job.reporting.verbose
    with (
        Progress(label, len(pairs), quiet=quiet, verbose=verbose) as progress,
        closing(outcomes),
    ):
        for number, (pair, outcome) in enumerate(outcomes, 1):
            names = " and ".join(pair)
            if isinstance(outcome, Failure):
                failures.append(f"{names}: {outcome.reason}")
                progress.advance(number, failures[-1])
                continue
            yield pair, outcome
            interval = format_interval(outcome.interval.lower, outcome.interval.upper, 9)
            progress.advance(number, f"{names}: W within {interval}")


def _bound(pair: Pair, folder: str, settings: Settings) -> BoundedPair:
    """Bound a pair of files whose paths are relative to a folder."""
    first, second = (str(Path(folder, path)) for path in pair)
    # Before they are read: the row of a file that changes meanwhile is not taken for done.
    hashes = hash_file(first) or "", hash_file(second) or ""
    _, found = bound_files((first, second), settings)
    return BoundedPair(found.interval, found.gap, found.seconds, found.reached, hashes)
