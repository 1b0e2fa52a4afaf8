"""The one reader of `.npy` files: their header first, then real numbers as float64."""

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, BinaryIO

import numpy as np
from numpy.lib import format as npy_format

from stipple.arguments import REAL_KINDS
from stipple.arrays import Floats
from stipple.errors import StippleError
from stipple.files.open import peek

MAGIC = b"\x93NUMPY"


def is_npy(stream: BinaryIO) -> bool:
    """Tell a `.npy` file by its first bytes; the stream stays where it is."""
    return peek(stream, len(MAGIC)) == MAGIC


def read_shape(stream: BinaryIO) -> tuple[int, ...]:
    """Read the shape of a `.npy` file, () where the header is damaged; the stream stays."""
    start = stream.tell()
    shape: tuple[int, ...] = ()
    with suppress(StippleError):  # `read_npy` tells of damage
        shape, _ = _read_header(stream, "")
    stream.seek(start)
    return shape


def read_npy(stream: BinaryIO, name: str, check_shape: Callable[[tuple[int, ...]], None]) -> Floats:
    """Read an array of real numbers.

    Parameters
    ----------
    stream : binary stream
        Seekable, at the first byte of the file.
    name : str
        What messages call it.
    check_shape : callable
        Refuses shapes, before anything but the header is read.

    Raises
    ------
    StippleError
        If the file is damaged or truncated, or holds something else than real numbers.
    """
    start = stream.tell()
    shape, dtype = _read_header(stream, name)
    if dtype.kind not in REAL_KINDS:
        raise StippleError(
            f"{name} holds an array of type {dtype}: save it as real numbers (float64)."
        )
    check_shape(shape)
    stream.seek(start)
    with _report_damage(
        f"{name} is damaged, truncated or too large for the memory: save the array with numpy.save."
    ):
        values = np.load(stream, allow_pickle=False)
    with np.errstate(over="ignore"):  # what overflows float64 is refused as infinite
        return np.ascontiguousarray(values, dtype=np.float64)


def _read_header(stream: BinaryIO, name: str) -> tuple[tuple[int, ...], np.dtype[Any]]:
    with _report_damage(f"{name} has a damaged .npy header: save the array with numpy.save."):
        version = npy_format.read_magic(stream)
        read_header = (
            npy_format.read_array_header_1_0
            if version == (1, 0)
            else npy_format.read_array_header_2_0
        )
        shape, _, dtype = read_header(stream)
    return shape, dtype


@contextmanager
def _report_damage(message: str) -> Iterator[None]:
    """Turn whatever NumPy raises, and warns of, while it reads into one sentence."""
    # NumPy parses the header as Python source, so damage raises (and warns of) almost anything.
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except Exception:
        raise StippleError(message) from None
