"""Reading samples: points with optional weights, as CSV or `.npy`."""

import csv
import re
import warnings
from contextlib import suppress
from io import TextIOWrapper
from typing import BinaryIO

import numpy as np

from stipple.arrays import Floats
from stipple.choices import SourceKind
from stipple.errors import StippleError
from stipple.io.images import decode_source
from stipple.io.matrices import is_matrix, is_npy, read_npy_header, tell_damage
from stipple.io.sources import Source, open_source
from stipple.picture import MAX_PIXELS, Matrix, Picture
from stipple.samples import Samples

MOST_COORDINATES = 10
WEIGHT_NAMES = ("weight", "mass", "w")

# A line of names, unlike the first line of a PBM, PGM or PPM.
_HEADER = re.compile(rb"(?!P[1-7]\s)[A-Za-z_]\w*([,;\t ]\s*[A-Za-z_]\w*)*\s*\n")


def read_samples_or_density(
    source: Source, kind: SourceKind = "auto", *, max_pixels: int = MAX_PIXELS
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

    Returns
    -------
    Samples, Picture, or ndarray of float64, shape (h, w)
        See `read_samples` and `stipple.io.images.read_source`.

    Raises
    ------
    StippleError
        When it cannot be read as that.
    """
    with open_source(source) as (stream, name):
        if kind == "samples" or (kind == "auto" and _holds_samples(stream, name)):
            return _decode(stream, name)
        return decode_source(stream, name, max_pixels=max_pixels)


def read_samples(source: Source) -> Samples:
    """Read samples from text or a `.npy` array of shape (n, d) or (n,), with d at most 10.

    Text is UTF-8 with one sample a line, separated by commas, semicolons or blanks. A first line
    of names is skipped; a column named weight, mass or w holds the masses, all others coordinates.

    Raises
    ------
    StippleError
        When it cannot be read, rows differ in length, something is not a finite number, or a
        weight is negative.
    """
    with open_source(source) as (stream, name):
        return _decode(stream, name)


def _holds_samples(stream: BinaryIO, name: str) -> bool:
    start = stream.tell()
    if not is_matrix(stream, name):
        head = stream.read(1024)
        stream.seek(start)
        return _HEADER.match(head) is not None
    if not is_npy(stream):
        return True
    shape: tuple[int, ...] = ()
    # Its reader tells of damage.
    with suppress(StippleError), tell_damage("damaged"):
        shape, _ = read_npy_header(stream)
    stream.seek(start)
    return len(shape) == 1 or (len(shape) == 2 and shape[1] <= min(MOST_COORDINATES, shape[0] - 1))


def _decode(stream: BinaryIO, name: str) -> Samples:
    decode = _decode_npy if is_npy(stream) else _decode_text
    points, masses = decode(stream, name)
    if points.shape[1] > MOST_COORDINATES:
        raise StippleError(
            f"{name} has {points.shape[1]} coordinates in each row: at most {MOST_COORDINATES} are"
            " taken; if it is an image, say --read image."
        )
    try:
        return Samples(points, masses)
    except StippleError as error:
        raise StippleError(f"{name}: {error}") from None


def _decode_npy(stream: BinaryIO, name: str) -> tuple[Floats, Floats]:
    with tell_damage(
        f"{name} is damaged, or too large for the memory: save the array with numpy.save."
    ):
        array = np.load(stream, allow_pickle=False)
    if array.dtype.kind not in "buif":
        raise StippleError(
            f"{name} holds an array of type {array.dtype}: save it as real numbers (float64)."
        )
    if array.ndim == 1:
        array = array[:, None]
    if array.ndim != 2 or 0 in array.shape:
        raise StippleError(
            f"{name} holds an array of shape {array.shape}: samples are saved as (n, d) or (n,)."
        )
    with np.errstate(over="ignore"):  # what overflows float64 is refused as infinite
        points = array.astype(np.float64)
    return points, np.ones(len(points))


def _decode_text(stream: BinaryIO, name: str) -> tuple[Floats, Floats]:
    text = TextIOWrapper(stream, encoding="utf-8-sig", newline=None)
    try:
        first, separator = _read_first_row(text, name)
        header = not all(map(_is_number, first))
        text.seek(0)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # "input contained no data"
            rows = np.loadtxt(
                _skip_first(text) if header else text, delimiter=separator, ndmin=2, comments="#"
            )
    except UnicodeDecodeError:
        raise StippleError(f"{name} is not UTF-8 text: give numbers, one sample a line.") from None
    except ValueError as error:
        raise StippleError(f"{name}: {_explain(str(error))}") from None
    finally:
        text.detach()
    if rows.size == 0:
        raise StippleError(f"{name} holds no samples: give one a line.")
    names = [field.strip().lower() for field in first] if header else []
    if header and len(names) != rows.shape[1]:
        raise StippleError(
            f"{name} names {len(names)} columns but has {rows.shape[1]} in each row: make them"
            " match."
        )
    weights = [index for index, field in enumerate(names) if field in WEIGHT_NAMES]
    if len(weights) > 1:
        raise StippleError(f"{name} has {len(weights)} columns of weights: keep one.")
    masses = rows[:, weights[0]] if weights else np.ones(len(rows))
    points = np.delete(rows, weights, axis=1)
    if points.shape[1] == 0:
        raise StippleError(f"{name} has weights but no coordinates: add columns x1, x2, ….")
    return points, masses


def _read_first_row(text: TextIOWrapper, name: str) -> tuple[list[str], str | None]:
    """Fields of the first line that is not blank, and what separates them (None: blanks)."""
    for line in text:
        line = line.partition("#")[0].strip()
        if line:
            for separator in (";", ","):
                if separator in line:
                    return next(csv.reader([line], delimiter=separator)), separator
            return line.split(), None
    raise StippleError(f"{name} holds no samples: give one a line.")


def _skip_first(text: TextIOWrapper) -> TextIOWrapper:
    """Skip what `_read_first_row` reads."""
    while True:
        line = text.readline()
        if line.partition("#")[0].strip():
            return text


def _is_number(field: str) -> bool:
    try:
        float(field)
    except ValueError:
        return False
    return True


def _explain(message: str) -> str:
    """Turn NumPy's complaint into one sentence."""
    ragged = re.search(r"columns changed from (\d+) to (\d+) at row (\d+)", message)
    if ragged:
        return (
            f"row {ragged[3]} has {ragged[2]} columns where the first has {ragged[1]}: give every"
            " row the same columns."
        )
    wrong = re.search(r"could not convert string (.*) to float64 at row (\d+)", message)
    if wrong:
        return f"row {int(wrong[2]) + 1} holds {wrong[1]}: give numbers only."
    return f"it cannot be read as numbers ({message.partition(';')[0]})."
