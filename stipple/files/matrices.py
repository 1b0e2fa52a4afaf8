"""Densities given as numbers: NumPy `.npy` arrays and text matrices.

A matrix is the density itself: values >= 0 on any scale, bigger is more ink. It is not a picture,
so no luminance is taken and nothing is turned round.
"""

import math
import re
from pathlib import PurePath
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from stipple.errors import StippleError
from stipple.files.npy import MAGIC, is_npy, read_npy
from stipple.files.number_table import check_entries, read_table
from stipple.files.open import Source, open_source, peek
from stipple.machine.memory import check_memory, predict_reading
from stipple.measures.picture import MAX_PIXELS, Matrix

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_NUMBER_STARTS = tuple(bytes([character]) for character in b"0123456789+-.#")
_COMMENTS = re.compile(r"\A(?:\s|#.*\n)*")
_TWO_WORDS = re.compile(r"[^\W\d_]{2,}[^\w\n]* [^\W\d_]")
_SUFFIXES = {".npy", ".csv", ".tsv", ".txt", ".dat"}


def read_matrix(source: Source, *, max_pixels: int = MAX_PIXELS) -> Matrix:
    """Read a density from a `.npy` array or a text matrix.

    Text is a table of numbers as in `stipple.files.number_table`, without names of columns.

    Parameters
    ----------
    source : str, Path or binary stream
        A path, `-` for standard input, or an open binary stream.
    max_pixels : int
        The most entries to accept.

    Returns
    -------
    ndarray of float64, shape (h, w)
        Finite values >= 0, row 0 at the top; a `.npy` vector is one row.

    Raises
    ------
    StippleError
        When the source cannot be read, is not a matrix of numbers, or has a negative, infinite
        or missing entry.
    """
    with open_source(source) as (stream, name):
        return decode_matrix(stream, name, max_pixels=max_pixels)


def is_matrix(stream: BinaryIO, name: str) -> bool:
    """Tell a matrix from a picture, by the suffix of its name or by its first bytes."""
    if PurePath(name).suffix.lower() in _SUFFIXES:
        return True
    head = peek(stream, 1024)
    if head.startswith(MAGIC):
        return True
    if b"\0" in head:  # text has none, and Photoshop's pictures begin with a digit
        return False
    # No picture format begins like a number or a comment.
    return head.removeprefix(_BYTE_ORDER_MARK).lstrip().startswith(_NUMBER_STARTS)


def decode_matrix(stream: BinaryIO, name: str, *, max_pixels: int) -> Matrix:
    """Read a density as `read_matrix` does, from a seekable stream that messages call `name`."""
    if is_npy(stream):
        read = read_npy(stream, name, lambda shape: _check_shape(shape, name, max_pixels))
        values = np.atleast_2d(read)
    elif _is_prose(stream):
        raise StippleError(
            f"{name} is a text, not an image: give a picture, or a matrix of numbers."
        )
    else:
        values = read_table(stream, name, "numbers", named=False, most=max_pixels).values
    _refuse(values, ~np.isfinite(values), name, "give a finite number there")
    _refuse(values, values < 0, name, "a density needs values of 0 or more")
    return values


def _is_prose(stream: BinaryIO) -> bool:
    """Tell words from numbers, and from names of columns, by the first line that is no comment.

    What begins with # may also be the heading of a page.
    """
    head = peek(stream, 1024).decode("utf-8-sig", errors="replace")
    return bool(_TWO_WORDS.match(_COMMENTS.sub("", head)))


def _check_shape(shape: tuple[int, ...], name: str, max_pixels: int) -> None:
    if len(shape) not in (1, 2) or min(shape) < 1:
        raise StippleError(
            f"{name} holds an array of shape {shape}: save one grey channel of shape (h, w), "
            "save colours as a PNG, or give a volume to stipple volume."
        )
    entries = math.prod(shape)
    check_entries(entries, name, max_pixels)
    check_memory(predict_reading(name, entries))


def _refuse(values: Matrix, wrong: NDArray[np.bool_], name: str, advice: str) -> None:
    if wrong.any():
        row, column = np.unravel_index(np.argmax(wrong), wrong.shape)
        raise StippleError(
            f"{name} holds {values[row, column]} in row {row + 1}, column {column + 1}: {advice}."
        )
