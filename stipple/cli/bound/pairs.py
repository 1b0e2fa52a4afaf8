"""Pairs of files for `stipple bound`, from a folder or from a table."""

import csv
import itertools
from io import StringIO
from pathlib import Path
from typing import TypeAlias

from stipple.cli.shared.sources import list_images
from stipple.errors import StippleError

Pair: TypeAlias = tuple[str, str]


def list_folder(folder: str) -> list[Pair]:
    """Pair every image and .npy file of a folder with every other, each once and in order."""
    if not Path(folder).is_dir():
        raise StippleError(f"{Path(folder)} is not a folder: give one with images.")
    images = list_images(folder)
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
