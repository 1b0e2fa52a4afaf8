"""Many pairs for `stipple bound`: a row each, none computed twice, none lost."""

import csv
import itertools
import math
from collections.abc import Generator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import click

from stipple.cli.bound.run import bound_files
from stipple.cli.shared.conflicts import ONE_PLACE, refuse_conflicts
from stipple.cli.shared.digits import format_interval
from stipple.cli.shared.outputs import check_targets, plan_outputs, write_output
from stipple.cli.shared.progress import Progress, print_table, tell_failures
from stipple.cli.shared.report import describe_command, record_options
from stipple.errors import StippleError
from stipple.files.write import hash_file
from stipple.machine.tasks import Failure, run_all, share_threads

# The hashes are of what the files held when they were read.
COLUMNS = ("a", "b", "lower", "upper", "gap", "seconds", "a_hash", "b_hash", "settings")
SUFFIXES = {
    *(".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".bmp", ".gif", ".pbm", ".pgm", ".ppm"),
    ".npy",
}
# What changes the distance itself: rows of other settings are not taken for done.
DEFINING = (
    "order",
    "unit",
    "pixels",
    "invert",
    "gamma",
    "contrast",
    "threshold",
    "alpha",
    "resize",
)

Pair = tuple[str, str]
Row = dict[str, Any]


def fill_table(context: click.Context, options: dict[str, Any]) -> None:
    """Bound the pairs that the table does not have yet, and add their rows as they are done."""
    target = _check(options)
    pairs = _list_pairs(options)
    from stipple.files.row_log import append_row, read_rows, write_rows
    from stipple.files.tables import render_json

    settings = " ".join(f"{name}={options[name]}" for name in DEFINING)
    rows: list[Row] = list(read_rows(target, COLUMNS)) if target != "-" else []
    rows, missing = _compare(rows, pairs, settings, options["gap"])
    write_rows(target, COLUMNS, rows)
    failures: list[str] = []
    wide = 0
    with closing(_bound_missing(missing, len(pairs), options, failures)) as found:
        for row in found:
            wide += not row.pop("reached")
            row["settings"] = settings
            append_row(target, COLUMNS, row)
            rows.append(row)
    if target != "-":
        write_rows(target, COLUMNS, _keep_narrowest(rows))
    figures = {
        "pairs": len(pairs),
        "done_before": len(pairs) - len(missing),
        "computed": len(missing) - len(failures),
        "failures": failures,
        "gap_not_reached": wide,
    }
    if options["report"]:
        report = {**figures, **describe_command("bound", record_options(options))}
        write_output(options["report"], render_json(report))
    if not options["quiet"]:
        _summarise(figures, target)
    tell_failures(failures)
    if wide and options["strict"]:
        raise StippleError(
            f"{wide} of {len(missing)} pairs have a wider gap than the {options['gap']:.4g} asked"
            " for: give more time, or a larger --gap."
        )
    if failures:
        context.exit(1)


def _bound_missing(
    pairs: list[Pair], all_pairs: int, options: dict[str, Any], failures: list[str]
) -> Generator[Row, None, None]:
    """Bound pairs, and give their rows as they are done; what fails goes to `failures`."""
    threads = share_threads(
        options["threads"], len(pairs), jobs=options["jobs"], scheduler=options["scheduler"]
    )
    shared = {**options, "threads": threads}
    # Dask workers are in other folders.
    folder = str(Path.cwd()) if options["scheduler"] else ""
    work = partial(_bound, folder=folder, options=shared)
    outcomes = run_all(work, pairs, jobs=options["jobs"], scheduler=options["scheduler"])
    label = f"{len(pairs):,} pairs, {all_pairs - len(pairs):,} done before"
    quiet, verbose = options["quiet"], options["verbose"]
    with (
        Progress(label, len(pairs), quiet=quiet, verbose=verbose) as progress,
        closing(outcomes),
    ):
        for number, ((first, second), outcome) in enumerate(outcomes, 1):
            if isinstance(outcome, Failure):
                failures.append(f"{first} and {second}: {outcome.reason}")
                progress.advance(number, failures[-1])
                continue
            yield {**outcome, "a": first, "b": second}
            interval = format_interval(outcome["lower"], outcome["upper"], 9)
            progress.advance(number, f"{first} and {second}: W within {interval}")


def _compare(
    rows: list[Row], pairs: list[Pair], settings: str, gap: float
) -> tuple[list[Row], list[Pair]]:
    """Find the rows that are still true, and the pairs that have none which is good enough.

    A row is good enough if its files hold what they held, the settings that define the distance are
    the same, and its gap is no wider than asked for. A row of a file that has changed is not true
    any more; one whose gap is too wide stays until there is a better one.
    """
    hashes = {path: hash_file(path) for path in sorted(set(itertools.chain(*pairs)))}

    def find_hashes(row: Row) -> list[str | None]:
        return [hashes.get(row["a"]), hashes.get(row["b"])]

    def may_be_true(row: Row) -> bool:
        # Of files that are of other pairs, or cannot be read here, nothing is known.
        known = zip(find_hashes(row), (row["a_hash"], row["b_hash"]), strict=True)
        return all(now in (None, then) for now, then in known)

    rows = _keep_narrowest([row for row in rows if may_be_true(row)])
    done = {
        (row["a"], row["b"])
        for row in rows
        if row["settings"] == settings and _read_gap(row) <= gap and all(find_hashes(row))
    }
    return rows, [pair for pair in pairs if pair not in done]


def _keep_narrowest(rows: list[Row]) -> list[Row]:
    """Keep of each pair and settings the row with the narrowest gap, if its files are the same."""
    best: dict[tuple[str, ...], Row] = {}
    for row in rows:
        key = row["a"], row["b"], row["settings"]
        known = best.get(key)
        same = known and (known["a_hash"], known["b_hash"]) == (row["a_hash"], row["b_hash"])
        if known is None or not same or _read_gap(row) < _read_gap(known):
            best[key] = row
    return list(best.values())


def _read_gap(row: Row) -> float:
    """Gap of a row; infinity, which is never enough, where an end of it is no number."""
    try:
        lower, upper, gap = (float(row[name]) for name in ("lower", "upper", "gap"))
    except ValueError:
        return math.inf
    return gap if lower <= upper < math.inf and gap >= 0 else math.inf


def _check(options: dict[str, Any]) -> str:
    """Refuse what cannot end well; return where the table goes."""
    if options["images"]:
        raise click.UsageError("Give two images, or --pairs, or --all.")
    if options["pairs"] and options["folder"]:
        raise click.UsageError("Give --pairs or --all, not both.")
    if options["plot"]:
        raise click.UsageError("--plot is for one pair.")
    if len(options["outputs"]) > 1:
        raise click.UsageError("Many pairs go to one table: give -o once.")
    refuse_conflicts(options, (ONE_PLACE,))
    paths = options["outputs"] or ("-",)
    form = options["format_"] or ("csv" if paths == ("-",) else None)
    (output,) = plan_outputs("", paths, form, ("csv",))
    others = [options["report"]] if options["report"] else []
    check_targets([output.path, *others], options["pairs"] or "-")
    return output.path


def _list_pairs(options: dict[str, Any]) -> list[Pair]:
    """Name the pairs, each once and in order."""
    if options["folder"]:
        folder = Path(options["folder"])
        if not folder.is_dir():
            raise StippleError(f"{folder} is not a folder: give one with images.")
        images = sorted(str(path) for path in folder.iterdir() if path.suffix.lower() in SUFFIXES)
        if len(images) < 2:
            raise StippleError(f"{folder} has {len(images)} images: at least two make a pair.")
        return list(itertools.combinations(images, 2))
    from stipple.files.open import open_source

    with open_source(options["pairs"]) as (stream, name):
        try:
            text = stream.read().decode("utf-8-sig")
        except UnicodeDecodeError:
            raise StippleError(f"{name} is not UTF-8 text: give a table a,b of paths.") from None
    rows = [row for row in csv.reader(text.splitlines()) if row]
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


def _bound(pair: Pair, folder: str, options: dict[str, Any]) -> dict[str, Any]:
    """Figures of a pair of files whose paths are relative to a folder."""
    paths = [str(Path(folder, path)) for path in pair]
    # Before they are read: the row of a file that changes meanwhile is not taken for done.
    hashes = [hash_file(path) for path in paths]
    _, result = bound_files(paths, options)
    return {
        "lower": result.lower,
        "upper": result.upper,
        "gap": result.gap,
        "seconds": round(result.seconds, 3),
        "reached": result.reached,
        "a_hash": hashes[0],
        "b_hash": hashes[1],
    }


def _summarise(figures: dict[str, Any], target: str) -> None:
    rows = [
        ("pairs", f"{figures['pairs']:,}, of which {figures['done_before']:,} were done before"),
        ("computed", f"{figures['computed']:,}"),
    ]
    if figures["failures"]:
        rows.append(("failed", f"{len(figures['failures']):,}"))
    if figures["gap_not_reached"]:
        rows.append(("gap", f"not reached by {figures['gap_not_reached']:,} pairs"))
    if target != "-":
        rows.append(("written", target))
    print_table(rows)
