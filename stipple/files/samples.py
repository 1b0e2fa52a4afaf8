"""Reading samples: points with optional weights, as CSV or `.npy`."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import BinaryIO

import numpy as np

from stipple.arrays import Floats
from stipple.choices import SourceKind
from stipple.errors import StippleError
from stipple.files.matrices import is_matrix
from stipple.files.npy import is_npy, read_npy, read_shape
from stipple.files.number_table import WEIGHT_NAMES, NumberTable, read_table
from stipple.files.open import Source, open_source, peek
from stipple.files.pictures import decode_source
from stipple.measures.picture import MAX_PIXELS, Matrix, Picture
from stipple.measures.samples import MOST_COORDINATES, Samples

# A line of names, in quotes or not, the first perhaps empty; unlike that of a PBM, PGM or PPM.
_NAME = rb'(?:"[^"\n]*"|Unnamed: \d+|[A-Za-z_]\w*)'
_HEADER = re.compile(
    rb"(?:\xef\xbb\xbf)?(?!P[1-7]\s) *(?:%b|(?=[,;\t]))(?:[,;\t ][ \t]*(?:%b|\d+))*\s*\n"
    % (_NAME, _NAME)
)
_UNNAMED = re.compile(r"(unnamed: \d+)?")


def read_samples_or_density(
    source: Source,
    kind: SourceKind = "auto",
    *,
    max_pixels: int = MAX_PIXELS,
    tell: Callable[[str], None] | None = None,
) -> Samples | Picture | Matrix:
    """Read samples, a picture or a matrix.

    Parameters
    ----------
    source : str, Path or binary stream
        A path, `-` for standard input, or an open binary stream.
    kind : {"auto", "samples", "image"}
        What it holds. Auto: text is samples; a `.npy` is, if it has one axis, or at most 10 columns
        and more rows than columns.
    max_pixels : int
        The most pixels or matrix entries to accept.
    tell : callable, optional
        Receives a sentence where a column or a colour profile was left out.

    Returns
    -------
    Samples, Picture, or ndarray of float64, shape (h, w)
        See `read_samples` and `stipple.files.pictures.read_source`.

    Raises
    ------
    StippleError
        When it cannot be read as that.
    """
    with open_source(source) as (stream, name):
        return decode_samples_or_density(stream, name, kind, max_pixels=max_pixels, tell=tell)


def decode_samples_or_density(
    stream: BinaryIO,
    name: str,
    kind: SourceKind,
    *,
    max_pixels: int = MAX_PIXELS,
    tell: Callable[[str], None] | None = None,
) -> Samples | Picture | Matrix:
    """Read as `read_samples_or_density` does, from a seekable stream that messages call `name`."""
    if kind == "samples" or (kind == "auto" and _holds_samples(stream, name)):
        return _decode(stream, name, tell, sure=kind == "samples")
    if kind == "auto" and tell is not None and is_npy(stream):
        rows, columns = (*read_shape(stream), 1, 1)[:2]
        tell(
            f"{name}: {rows:,} × {columns:,} numbers were read as an image: if they are"
            f" {rows:,} samples of {columns:,} coordinates, say --read samples."
        )
    return decode_source(stream, name, max_pixels=max_pixels, tell=tell)


def read_samples(source: Source, *, tell: Callable[[str], None] | None = None) -> Samples:
    r"""Read samples from text or a `.npy` array of shape (n, d) or (n,), of any dimension d.

    Parameters
    ----------
    source : str, Path or binary stream
        A path, `-` for standard input, or an open binary stream.
    tell : callable, optional
        Receives a sentence where a column was left out.

    Returns
    -------
    Samples

    Raises
    ------
    StippleError
        When it cannot be read, rows differ in length, something is not a finite number, a weight is
        negative, or another column has no name while others have.

    Notes
    -----
    Text is a table of numbers as in `stipple.files.number_table`, one sample a line. A column named
    weight, mass or w holds the masses, all others coordinates; a first column without a name that
    counts the rows from 0 or 1, as data frames write it, is left out and `tell` receives a sentence
    about it.

    Examples
    --------
    >>> import io, stipple
    >>> samples = stipple.read_samples(io.BytesIO(b"x,y,weight\n0,0,1\n1,0,3\n"))
    >>> samples.points.tolist(), samples.masses.tolist()
    ([[0.0, 0.0], [1.0, 0.0]], [0.25, 0.75])
    """
    with open_source(source) as (stream, name):
        return _decode(stream, name, tell, sure=True)


def _holds_samples(stream: BinaryIO, name: str) -> bool:
    if not is_matrix(stream, name):
        return _HEADER.match(peek(stream, 1024)) is not None
    if not is_npy(stream):
        return True
    shape = read_shape(stream)
    if len(shape) == 2 and shape[0] <= shape[1] <= MOST_COORDINATES:
        raise StippleError(
            f"{name} has {shape[0]} × {shape[1]} numbers, which may be an image, or {shape[0]}"
            f" samples of {shape[1]} coordinates: say --read image or --read samples."
        )
    return len(shape) == 1 or (len(shape) == 2 and shape[1] <= MOST_COORDINATES)


def _decode(
    stream: BinaryIO, name: str, tell: Callable[[str], None] | None, *, sure: bool
) -> Samples:
    names: tuple[str, ...] | None = None
    if is_npy(stream):
        points, masses = _decode_npy(stream, name)
    else:
        points, masses, names = _decode_text(stream, name, tell)
    if points.shape[1] > MOST_COORDINATES and names is None and not sure:
        raise StippleError(
            f"{name} has {points.shape[1]} numbers in each row and no names: if they are"
            " coordinates, say --read samples; if it is an image, --read image."
        )
    try:
        return Samples(points, masses, names=names)
    except StippleError as error:
        raise StippleError(f"{name}: {error}") from None


def _decode_npy(stream: BinaryIO, name: str) -> tuple[Floats, Floats]:
    def check_shape(shape: tuple[int, ...]) -> None:
        if len(shape) not in (1, 2) or 0 in shape:
            raise StippleError(
                f"{name} holds an array of shape {shape}: samples are saved as (n, d) or (n,)."
            )

    points = read_npy(stream, name, check_shape)
    points = points.reshape(len(points), -1)
    return points, np.ones(len(points))


def _decode_text(
    stream: BinaryIO, name: str, tell: Callable[[str], None] | None
) -> tuple[Floats, Floats, tuple[str, ...] | None]:
    table = leave_out_numbers(read_table(stream, name, "samples"), name, tell)
    rows, names, titles = table.values, list(table.names or []), list(table.titles or [])
    weights = [index for index, field in enumerate(names) if field in WEIGHT_NAMES]
    if len(weights) > 1:
        raise StippleError(f"{name} has {len(weights)} columns of weights: keep one.")
    masses = rows[:, weights[0]] if weights else np.ones(len(rows))
    points = np.delete(rows, weights, axis=1)
    if points.shape[1] == 0:
        raise StippleError(f"{name} has no coordinates: add columns x1, x2, ….")
    kept = tuple(title for index, title in enumerate(titles) if index not in weights)
    return points, masses, kept or None


def leave_out_numbers(
    table: NumberTable, name: str, tell: Callable[[str], None] | None = None
) -> NumberTable:
    """Leave out a first column without a name that numbers the rows, and tell so.

    Raises
    ------
    StippleError
        If another column has no name.
    """
    unnamed = [index for index, field in enumerate(table.names or ()) if _UNNAMED.fullmatch(field)]
    if not unnamed:
        return table
    if unnamed != [0] or not _are_numbers_of_rows(table.values[:, 0]):
        raise StippleError(
            f"Column {unnamed[-1] + 1} of {name} has no name, and may be a coordinate or"
            " numbers of rows: name it in the first line, or leave it out."
        )
    if tell is not None:
        tell(
            f"{name}: the first column has no name and numbers the rows. It was left out: name"
            " it in the first line if it is a coordinate."
        )
    assert table.names is not None
    assert table.titles is not None
    return NumberTable(table.names[1:], table.values[:, 1:], table.titles[1:])


def _are_numbers_of_rows(column: Floats) -> bool:
    """Whether a column counts from 0, as data frames do, or from 1."""
    counts = np.arange(len(column))
    return bool((column == counts).all() or (column == counts + 1).all())
