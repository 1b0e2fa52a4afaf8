"""Reading NRRD and NIfTI, formats of medical and microscopic volumes whose headers have spacings.

The readers are the extra `volumes`. Sources: Teem's definition of NRRD, and nifti1.h of the NIfTI
Data Format Working Group.
"""

import gzip
import warnings
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, BinaryIO, NamedTuple, cast

import numpy as np
from numpy.typing import ArrayLike

from stipple.arguments import REAL_KINDS
from stipple.arrays import Floats
from stipple.errors import StippleError
from stipple.files.open import peek
from stipple.machine.memory import check_memory, predict_volume_reading

GZIP = b"\x1f\x8b"
NRRD = b"NRRD000"
# Where each version of NIfTI has its magic, what that is, and nibabel's class of its header.
NIFTI = ((344, b"n+1\0", "Nifti1Header"), (4, b"n+2\0", "Nifti2Header"))


class Voxels(NamedTuple):
    """What the voxels of a file hold, and their width, height and depth if its header says so.

    Attributes
    ----------
    values : ndarray of float64, shape (slices, rows, columns)
        More is denser.
    spacing : tuple of 3 floats, or None
        Sides of a voxel along x (columns), y (rows) and z (slices), in the file's unit.
    """

    values: Floats
    spacing: tuple[float, float, float] | None


def read_scanned(stream: BinaryIO, name: str) -> Voxels | None:
    """Read a NRRD or NIfTI file, or return None for anything else; the stream is at its start.

    The first axis of the file becomes the columns, the second the rows, the third the slices;
    directions and the origin are not used: nothing is turned round.

    Raises
    ------
    StippleError
        If what reads the format is not installed, if the file is damaged or has its voxels in
        another file, or if it has not three axes of real numbers.
    """
    if peek(stream, len(NRRD)) == NRRD:
        return _read_nrrd(stream, name)
    source, kind = _find_nifti(stream)
    return None if kind is None else _read_nifti(source, name, kind)


def is_scanned(stream: BinaryIO) -> bool:
    """Tell a NRRD or NIfTI file by its first bytes; the stream stays where it is."""
    start = stream.tell()
    found = peek(stream, len(NRRD)) == NRRD or _find_nifti(stream)[1] is not None
    stream.seek(start)
    return found


def _find_nifti(stream: BinaryIO) -> tuple[BinaryIO, str | None]:
    """Tell NIfTI, zipped or not: the stream to read, and the class of its header."""
    zipped = peek(stream, len(GZIP)) == GZIP
    source = cast(BinaryIO, gzip.GzipFile(fileobj=stream)) if zipped else stream
    try:
        head = peek(source, 348)
    except (OSError, EOFError):
        return source, None
    for place, magic, kind in NIFTI:
        if head[place : place + len(magic)] == magic:
            return source, kind
    return source, None


def _read_nrrd(stream: BinaryIO, name: str) -> Voxels:
    with _report_failure(name, "NRRD", "pynrrd"):
        import nrrd

        header: Mapping[str, Any] = nrrd.read_header(stream)
        if "data file" in header or "datafile" in header:
            raise StippleError(
                f"{name} has its voxels in another file, which is not read: save header and voxels"
                " as one .nrrd file."
            )
        shape = tuple(int(size) for size in header["sizes"])
        _check_shape(shape, name)
        values = _arrange(nrrd.read_data(header, stream), shape, name)
        if "space directions" in header:
            return Voxels(values, _read_lengths(np.linalg.norm(header["space directions"], axis=1)))
        return Voxels(values, _read_lengths(header.get("spacings", ())))


def _read_nifti(stream: BinaryIO, name: str, kind: str) -> Voxels:
    with _report_failure(name, "NIfTI", "nibabel"):
        import nibabel

        header = getattr(nibabel, kind).from_fileobj(stream, check=False)
        shape = tuple(int(size) for size in header.get_data_shape())
        while len(shape) > 3 and shape[-1] == 1:
            shape = shape[:-1]
        _check_shape(shape, name)
        values = _arrange(header.data_from_fileobj(stream), shape, name)
        return Voxels(values, _read_lengths(header.get_zooms()[:3]))


def _check_shape(shape: tuple[int, ...], name: str) -> None:
    if len(shape) != 3 or min(shape) < 1:
        raise StippleError(
            f"{name} holds an array of shape {shape}: save one volume of three axes, without time"
            " or channels."
        )
    check_memory(predict_volume_reading(name, int(np.prod(shape, dtype=object))))


def _arrange(data: ArrayLike, shape: tuple[int, ...], name: str) -> Floats:
    """Arrange voxels as slices, rows and columns; the file's first axis is x."""
    array = np.asarray(data)
    if array.dtype.kind not in REAL_KINDS:
        raise StippleError(f"{name} holds voxels of type {array.dtype}: save it as real numbers.")
    return np.ascontiguousarray(array.reshape(shape, order="F").T, dtype=np.float64)


def _read_lengths(lengths: Iterable[float]) -> tuple[float, float, float] | None:
    """Lengths of three axes; None if the header leaves out one, or has no length there."""
    # NIfTI-1 rounds to single precision: the shortest decimal is what was meant, 0.6 for example.
    found = [float(str(length)) for length in lengths]
    if len(found) != 3 or not all(np.isfinite(found)) or min(found) <= 0:
        return None
    return found[0], found[1], found[2]


@contextmanager
def _report_failure(name: str, kind: str, package: str) -> Iterator[None]:
    """Turn whatever a reader raises, and warns of, into one sentence."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except StippleError:
        raise
    except ImportError:
        raise StippleError(
            f"{name} is a {kind} volume, and {package}, which reads them, is not installed:"
            " pip install 'stipple-ot[volumes]', or save it as a NumPy .npy array."
        ) from None
    except Exception:
        raise StippleError(
            f"{name} is damaged, or a kind of {kind} that {package} does not read: save it anew, or"
            " as a NumPy .npy array of three axes."
        ) from None
