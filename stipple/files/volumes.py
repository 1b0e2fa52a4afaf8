"""Reading volumes: `.npy` arrays of three axes, TIFF stacks of grey pages, NRRD and NIfTI."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image, ImageSequence, UnidentifiedImageError

from stipple.arrays import Floats
from stipple.errors import StippleError
from stipple.files.npy import is_npy, read_npy, read_shape
from stipple.files.open import Source, open_source
from stipple.files.scanned_volumes import Voxels, is_scanned, read_scanned
from stipple.machine.memory import check_memory, predict_volume_reading

# So many numbers a pixel are colours, with or without transparency.
COLOURS = (3, 4)
# Modes of Pillow for pages of one number a pixel.
GREY = {"1", "L", "I", "F", "I;16", "I;16B", "I;16L", "I;16N"}


def read_volume(source: Source) -> Voxels:
    """Read what each voxel holds, and how large it is.

    Parameters
    ----------
    source : str, Path or binary stream
        A `.npy` array (slices, rows, columns) of real numbers, a TIFF file of grey pages of one
        size, a slice each, or a NRRD or NIfTI file; `-` is standard input.

    Returns
    -------
    Voxels
        As they are in the file: more is denser. Only NRRD and NIfTI say how large voxels are.

    Raises
    ------
    StippleError
        If it cannot be read, is none of them, or has not three axes.
    """
    with open_source(source) as (stream, name):
        return decode_volume(stream, name)


def decode_volume(stream: BinaryIO, name: str) -> Voxels:
    """Read a volume as `read_volume` does, from a seekable stream that messages call `name`."""
    if is_npy(stream):
        values = read_npy(stream, name, lambda shape: _check_shape(shape, name))
        return Voxels(values, None)
    return read_scanned(stream, name) or Voxels(_read_pages(stream, name), None)


def is_volume(stream: BinaryIO) -> bool:
    """Tell a volume from an image: three axes, or grey pages of one size; the stream stays."""
    if is_npy(stream):
        return len(read_shape(stream)) == 3
    return is_scanned(stream) or _has_pages(stream)


def holds_voxels(path: str) -> bool:
    """Tell a file of voxels from all else, colours of pixels included; no file is none."""
    try:
        with Path(path).open("rb") as stream:
            if is_npy(stream):
                shape = read_shape(stream)
                return len(shape) == 3 and shape[-1] not in COLOURS
            return is_scanned(stream)
    except (OSError, StippleError):
        return False  # whoever reads it tells what is wrong


def _has_pages(stream: BinaryIO) -> bool:
    start = stream.tell()
    try:
        with warnings.catch_warnings(), Image.open(stream, formats=("TIFF",)) as image:
            warnings.simplefilter("ignore")
            if int(getattr(image, "n_frames", 1)) < 2:
                return False
            size, mode = image.size, image.mode
            image.seek(1)
            return mode in GREY and image.mode in GREY and image.size == size
    except Exception:
        return False  # whoever reads it as an image tells what is wrong
    finally:
        stream.seek(start)


def _check_shape(shape: tuple[int, ...], name: str) -> None:
    if len(shape) == 2:
        raise StippleError(
            f"{name} holds an array of two axes, which is an image: give it to stipple stipple, or"
            " save an array of shape (slices, rows, columns)."
        )
    if len(shape) != 3 or min(shape) < 1:
        raise StippleError(
            f"{name} holds an array of shape {shape}: save one of shape (slices, rows, columns)."
        )
    check_memory(predict_volume_reading(name, int(np.prod(shape, dtype=object))))


def _read_pages(stream: BinaryIO, name: str) -> Floats:
    with _report_damage(name), Image.open(stream, formats=("TIFF",)) as image:
        size, pages = image.size, int(getattr(image, "n_frames", 1))
        check_memory(predict_volume_reading(name, size[0] * size[1] * pages))
        volume = np.empty((pages, size[1], size[0]))
        for number, page in enumerate(ImageSequence.Iterator(image)):
            if page.mode not in GREY:
                raise StippleError(
                    f"Page {number + 1} of {name} is in colour ({page.mode}): save grey pages."
                )
            if page.size != size:
                raise StippleError(
                    f"Page {number + 1} of {name} has {page.width} × {page.height} pixels, the"
                    f" first {size[0]} × {size[1]}: save pages of one size."
                )
            volume[number] = np.asarray(page, dtype=np.float64)
    return volume


@contextmanager
def _report_damage(name: str) -> Iterator[None]:
    """Turn whatever Pillow raises, and warns of, while it reads into one sentence."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except StippleError:
        raise
    except UnidentifiedImageError:
        raise StippleError(
            f"{name} is no volume: give a NumPy .npy array of three axes, a TIFF file of pages,"
            " NRRD or NIfTI."
        ) from None
    except Exception:
        raise StippleError(
            f"{name} is damaged, or a kind of TIFF that Pillow does not read: save it anew, or as a"
            " NumPy .npy array of three axes."
        ) from None
