"""The one reader of numbers as text: samples, points, weights and matrices.

UTF-8, a row on each line, what follows a # and blank lines left out. The first line tells what
separates columns: the first of semicolon, comma, tab and blanks that is in it. Where columns may
have names, these are the first line: names only, which begin like no number or are in quotes.
Numbers have a decimal point and no quotes.
"""

import re
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from io import TextIOWrapper
from typing import BinaryIO, NoReturn

import numpy as np

from stipple.arrays import Floats
from stipple.errors import StippleError

# What a column of masses is called.
WEIGHT_NAMES = ("weight", "mass", "w")
BLANKS = " "
SEPARATORS = (";", ",", "\t", BLANKS)
# What stands in quotes is no comment, and separates nothing.
_QUOTED = re.compile(r'"[^"]*"')
_CONTENT = re.compile(r'(?:"[^"]*"|[^#])*')
_FIELDS = {
    mark: re.compile(rf'((?:"[^"]*"|[^{mark}])*){mark}') for mark in SEPARATORS if mark != BLANKS
} | {BLANKS: re.compile(r'((?:"[^"]*"|\S)+)\s+')}
# What other programs write for a missing number is no name of a column.
_MISSING = {"na", "n/a", "null", "none"}
_NUMBER_LIKE = re.compile(r"\s*[-+.]?\d")


@dataclass(frozen=True)
class NumberTable:
    """Rows of numbers.

    Attributes
    ----------
    names : tuple of str, or None
        Names of the columns in lower case, where the first line has them; a name may be empty.
    values : ndarray, shape (n, k)
        At least one row, in the order of `names`; numbers may be NaN and infinite.
    titles : tuple of str, or None
        The names as they are written.
    """

    names: tuple[str, ...] | None
    values: Floats
    titles: tuple[str, ...] | None


def read_table(
    stream: BinaryIO,
    name: str,
    what: str,
    *,
    named: bool = True,
    columns: tuple[str, ...] | None = None,
    optional: tuple[str, ...] = (),
    most: int | None = None,
) -> NumberTable:
    """Read a table of numbers from text.

    Parameters
    ----------
    stream : binary stream
        The text, left open.
    name, what : str
        What messages call it, and its rows.
    named : bool
        Whether the first line may be names.
    columns : tuple of names, optional
        The columns to take, others may hold anything; the first ones where there are no names. By
        default all are taken.
    optional : tuple of names
        Columns to take after those of `columns`, as far as there are some of these names; if there
        may be some, more columns than `columns` must have names.
    most : int, optional
        The most numbers to accept.

    Raises
    ------
    StippleError
        If the text is not UTF-8, has no rows or rows of different lengths, lacks a column, or holds
        something else than numbers.
    """
    text = TextIOWrapper(stream, encoding="utf-8-sig", newline=None)
    try:
        return _Reader(name, named, columns, optional, most).read(text, what)
    except UnicodeDecodeError:
        raise StippleError(f"{name} is not UTF-8 text: give numbers, a row on each line.") from None
    finally:
        text.detach()


def check_entries(entries: int, name: str, most: int | None) -> None:
    """Refuse more numbers than are allowed."""
    if most is not None and entries > most:
        raise StippleError(
            f"{name} has at least {entries:,} entries, more than the {most:,} allowed: "
            "make it smaller or raise --max-pixels."
        )


# How many columns are asked for at most, in words.
COUNTS = ("one", "two", "three")


class _Reader:
    """Rows one after the other; the first line settles their form."""

    def __init__(
        self,
        name: str,
        named: bool,
        columns: tuple[str, ...] | None,
        optional: tuple[str, ...],
        most: int | None,
    ) -> None:
        self._name, self._named, self._most = name, named, most
        self._columns, self._optional = columns, optional
        self._titles: tuple[str, ...] | None = None
        self._names: tuple[str, ...] | None = None
        self._separator = ""
        self._width = 0
        self._chosen: Sequence[int] = ()

    def read(self, text: TextIOWrapper, what: str) -> NumberTable:
        values = array("d")
        for number, line in enumerate(text, 1):
            content = _cut_comment(line) if "#" in line else line
            if not content.strip():
                continue
            if self._width == 0 and self._begin(content):
                continue
            fields = _split(content, self._separator)
            if len(fields) != self._width:
                self._tell_length(len(fields), number, first=not values)
            if self._names is not None and not self._names[0]:
                fields[0] = _unquote(fields[0])  # R puts the numbers of rows in quotes
            if len(self._chosen) < self._width:
                fields = [fields[column] for column in self._chosen]
            try:
                if "_" in line:  # Python reads 1_000
                    any(map(_parse, fields))
                values.extend(map(float, fields))
            except ValueError:
                self._tell_field(fields, number)
            check_entries(len(values), self._name, self._most)
        if not values:
            raise StippleError(f"{self._name} holds no {what}: give a row on each line.")
        table = np.array(values).reshape(-1, len(self._chosen))
        names, titles = (
            written and tuple(written[column] for column in self._chosen)
            for written in (self._names, self._titles)
        )
        return NumberTable(names, table, titles)

    def _begin(self, content: str) -> bool:
        """Settle the form by the first line; return whether it is names."""
        self._separator = _find_separator(content)
        fields = _split(content, self._separator)
        self._width = len(fields)
        if self._named and _are_names(fields):
            self._titles = tuple(_unquote(field) for field in fields)
            self._names = tuple(title.lower() for title in self._titles)
        self._chosen = self._choose()
        return self._names is not None

    def _choose(self) -> Sequence[int]:
        if self._columns is None:
            return range(self._width)
        *most, last = self._columns
        wanted = f"{', '.join(most)} and {last}" if most else last
        count = COUNTS[len(self._columns) - 1]
        if self._names is None:
            if self._width < len(self._columns):
                found = f"{COUNTS[self._width - 1]} column{'s' * (self._width > 1)}"
                raise StippleError(f"{self._name} has {found}: give {count}, {wanted}.")
            if self._optional and self._width > len(self._columns):
                raise StippleError(
                    f"{self._name} has {self._width} columns without names: name {wanted}, and"
                    " what else there is, in the first line."
                )
            return range(len(self._columns))
        if any(self._names.count(column) != 1 for column in self._columns):
            raise StippleError(
                f"{self._name} has the columns {', '.join(self._names)}; name {count} of them"
                f" {wanted}."
            )
        more = (place for place, name in enumerate(self._names) if name in self._optional)
        return [*(self._names.index(column) for column in self._columns), *more]

    def _tell_field(self, fields: Sequence[str], number: int) -> NoReturn:
        wrong = next(place for place, field in enumerate(fields) if not _is_number(field))
        raise StippleError(
            f"{self._name}, line {number}, column {self._chosen[wrong] + 1}, holds"
            f" {fields[wrong].strip()[:20]!r}: write a number with a decimal point and no"
            " quotes, and begin comments with #."
        ) from None

    def _tell_length(self, length: int, number: int, *, first: bool) -> NoReturn:
        if first:
            raise StippleError(
                f"{self._name} names {self._width} columns but has {length} in each row: name"
                " each of them once."
            )
        raise StippleError(
            f"{self._name}, line {number}, has {length} values where the first row has"
            f" {self._width}: make all rows equally long."
        )


def _cut_comment(line: str) -> str:
    content = _CONTENT.match(line)
    return content[0] if content else ""


def _find_separator(content: str) -> str:
    bare = _QUOTED.sub("", content.rstrip())
    return next((mark for mark in SEPARATORS if mark in bare), BLANKS)


def _split(content: str, separator: str) -> list[str]:
    """Cut a line into fields, which keep their quotes."""
    if '"' in content:
        return _FIELDS[separator].findall(content + separator)
    return content.split(None if separator == BLANKS else separator)


def _are_names(fields: Sequence[str]) -> bool:
    """Whether a first line is names: nothing like a number, but for what stands in quotes.

    Data frames without names call their columns 0, 1, …, and a first one without a name numbers
    the rows.
    """
    names = [_unquote(field) for field in fields]
    if names[0] == "" and names[1:] == [str(number) for number in range(len(names) - 1)]:
        return True
    return any(names) and not any(
        _NUMBER_LIKE.match(field) or _is_number(field) or name.lower() in _MISSING
        for field, name in zip(fields, names, strict=True)
    )


def _unquote(field: str) -> str:
    return field.strip().strip('"').strip()


def _parse(field: str) -> float:
    if "_" in field:
        raise ValueError
    return float(field)


def _is_number(field: str) -> bool:
    try:
        _parse(field)
    except ValueError:
        return False
    return True
