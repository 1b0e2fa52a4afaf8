"""Pairs of files for `stipple bound`, from a folder or from a table."""

import itertools
from contextlib import suppress
from pathlib import Path
from typing import TypeAlias

from stipple.cli.shared.sources import check_names, list_images
from stipple.errors import StippleError

Pair: TypeAlias = tuple[str, str]


def list_folder(folder: str) -> list[Pair]:
    """Pair every image and .npy file of a folder with every other, each once and in order."""
    images = _list_images(folder)
    if len(images) < 2:
        raise StippleError(f"{Path(folder)} has {len(images)} images: at least two make a pair.")
    return list(itertools.combinations(images, 2))


def list_others(folder: str, query: str, least: int) -> list[str]:
    """List the images and .npy files of a folder, in order, but for one; refuse less than that."""
    images = [path for path in _list_images(folder) if not _are_same(path, query)]
    if len(images) < least:
        raise StippleError(
            f"{Path(folder)} has {len(images)} images beside the query, and {least} were asked for:"
            " ask for less."
        )
    return images


def _list_images(folder: str) -> list[str]:
    if not Path(folder).is_dir():
        raise StippleError(f"{Path(folder)} is not a folder: give one with images.")
    return list_images(folder)


def _are_same(path: str, other: str) -> bool:
    """Whether two paths are one file; what is not there, or is -, is none."""
    with suppress(OSError):
        return Path(path).samefile(other)
    return False


def read_pairs(path: str) -> list[Pair]:
    """Read pairs of paths from the columns a and b of a table, each once and in order."""
    from stipple.files.open import open_source
    from stipple.files.row_log import split_rows

    with open_source(path) as (stream, name):
        # Names of files may hold bytes that are no text.
        text = stream.read().decode("utf-8-sig", errors="surrogateescape")
    check_names(text, name)
    rows = [row for row in split_rows(text, name) if row]
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
