"""A CSV table that grows row by row, and survives being cut off."""

import csv
import io
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from stipple.errors import StippleError
from stipple.files.write import write_file, write_stdout


def read_rows(path: str, columns: Sequence[str]) -> list[dict[str, str]]:
    """Read the complete rows of a table; none if there is no such file, or an empty one.

    Raises
    ------
    StippleError
        If it cannot be read, or is another table.
    """
    try:
        # Spreadsheets put a mark in front; names of files may hold bytes that are no text.
        text = Path(path).read_bytes().decode("utf-8-sig", errors="surrogateescape")
    except FileNotFoundError:
        return []
    except OSError:
        raise StippleError(
            f"{path} cannot be read as a table: choose another output, or remove it."
        ) from None
    if not text:
        return []
    # A row without its end was being written when the run was cut off.
    complete = text[: text.rfind("\n") + 1]
    rows = split_rows(complete, path)
    if not rows or rows[0] != list(columns):
        raise StippleError(
            f"{path} is no table with the columns {','.join(columns)}: choose another output, or"
            " remove it."
        )
    return [dict(zip(columns, row, strict=True)) for row in rows[1:] if len(row) == len(columns)]


def split_rows(text: str, name: str) -> list[list[str]]:
    """Split CSV into its rows and their fields; a blank line is a row without any.

    Raises
    ------
    StippleError
        If a field is longer than any path, as where a quote is never closed.
    """
    try:
        return list(csv.reader(io.StringIO(text, newline="")))
    except csv.Error as error:
        raise StippleError(
            f"{name} is no table of paths ({error}): look for a lone quote."
        ) from None


def write_rows(path: str, columns: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> None:
    """Begin a table with its header and rows, whole or not at all; `-` is standard output."""
    text = format_rows([columns, *([row[name] for name in columns] for row in rows)])
    if path == "-":
        write_stdout(text)
    else:
        write_file(path, text)


def append_row(path: str, columns: Sequence[str], row: Mapping[str, Any]) -> None:
    """Add a row to the end, so that it stays even if the machine stops."""
    line = format_rows([[row[name] for name in columns]])
    if path == "-":
        write_stdout(line)
        return
    with Path(path).open("ab") as file:
        file.write(line)
        file.flush()
        os.fsync(file.fileno())


def format_rows(rows: Iterable[Sequence[Any]]) -> bytes:
    """Write rows of a table: what holds commas, quotes or line breaks stands in quotes."""
    file = io.StringIO(newline="")
    csv.writer(file, lineterminator="\n").writerows(rows)
    return file.getvalue().encode(errors="surrogateescape")
