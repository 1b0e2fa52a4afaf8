"""Rows of the table of many pairs: which are true still, and which are good enough."""

import itertools
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields

from stipple.cli.bound.pairs import Pair
from stipple.files.write import hash_file


@dataclass(frozen=True)
class Row:
    """A row as it stands in the table, of which the fields are the columns.

    The hashes are of what the files held when they were read; the settings are those that define
    the distance.
    """

    a: str
    b: str
    lower: str
    upper: str
    gap: str
    seconds: str
    a_hash: str
    b_hash: str
    settings: str

    @property
    def pair(self) -> Pair:
        """Paths of the two files."""
        return self.a, self.b

    @property
    def hashes(self) -> Pair:
        """Hashes of the two files."""
        return self.a_hash, self.b_hash

    @property
    def width(self) -> float:
        """The gap; infinity, which is never enough, where an end of the interval is no number."""
        try:
            lower, upper, gap = float(self.lower), float(self.upper), float(self.gap)
        except ValueError:
            return math.inf
        return gap if lower <= upper < math.inf and gap >= 0 else math.inf


COLUMNS = tuple(field.name for field in fields(Row))


def read_table(path: str) -> list[Row]:
    """Read the rows of a table; none of standard output."""
    from stipple.files.row_log import read_rows

    return [] if path == "-" else [Row(**row) for row in read_rows(path, COLUMNS)]


def write_table(path: str, rows: Sequence[Row]) -> None:
    """Write a table whole or not at all; to standard output its header and the rows."""
    from stipple.files.row_log import write_rows

    write_rows(path, COLUMNS, [asdict(row) for row in rows])


def add_row(path: str, row: Row) -> None:
    """Add a row to a table."""
    from stipple.files.row_log import append_row

    append_row(path, COLUMNS, asdict(row))


def compare_rows(
    rows: Sequence[Row], pairs: Sequence[Pair], settings: str, gap: float
) -> tuple[list[Row], list[Pair]]:
    """Find the rows that are still true, and the pairs that have none which is good enough.

    A row is good enough if its files hold what they held, the settings that define the distance are
    the same, and its gap is no wider than asked for. A row of a file that has changed is not true
    any more; one whose gap is too wide stays until there is a better one.
    """
    named = set(itertools.chain.from_iterable(row.pair for row in rows))
    read = named.intersection(itertools.chain(*pairs))
    hashes = {path: hash_file(path) for path in sorted(read)}

    def find_hashes(row: Row) -> list[str | None]:
        return [hashes.get(path) for path in row.pair]

    def may_be_true(row: Row) -> bool:
        # Of files that are of other pairs, or cannot be read here, nothing is known.
        known = zip(find_hashes(row), row.hashes, strict=True)
        return all(now in (None, then) for now, then in known)

    true = keep_narrowest([row for row in rows if may_be_true(row)])
    done = {
        row.pair
        for row in true
        if row.settings == settings and row.width <= gap and all(find_hashes(row))
    }
    return true, [pair for pair in pairs if pair not in done]


def keep_narrowest(rows: Sequence[Row]) -> list[Row]:
    """Keep of each pair and settings the row with the narrowest gap, if its files are the same."""
    best: dict[tuple[str, ...], Row] = {}
    for row in rows:
        key = (*row.pair, row.settings)
        known = best.get(key)
        if known is None or known.hashes != row.hashes or row.width < known.width:
            best[key] = row
    return list(best.values())
