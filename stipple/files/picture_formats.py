"""Opening pictures of every format that is read, by their first bytes."""

import struct
from collections.abc import Callable
from typing import BinaryIO

from PIL import Image, UnidentifiedImageError, features

from stipple.errors import StippleError
from stipple.files.open import peek
from stipple.files.svg import is_svg, open_svg
from stipple.files.video import BRANDS, MATROSKA, open_video

_PDF = b"%PDF-"
# An allow-list: Pillow also knows formats that run an interpreter or are seldom tested.
_FORMATS = ("PNG", "JPEG", "WEBP", "TIFF", "BMP", "GIF", "PPM")
NAMES = "PNG, JPEG, WebP, TIFF, BMP, GIF, PBM, PGM, PPM, AVIF, HEIC or SVG"
"""The formats for a person."""

# Brands of files of the ISO base media format that hold such pictures (ISO/IEC 23008-12, annex B).
_HEIC = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx"}
_AVIF = {b"avif", b"avis"}


def open_picture(
    stream: BinaryIO, name: str, max_pixels: int, tell: Callable[[str], None] | None
) -> Image.Image:
    """Open a picture; pixels of all formats but SVG are decoded when it is loaded.

    Parameters
    ----------
    stream : binary stream
        At the beginning of the picture.
    name : str
        What messages call it.
    max_pixels : int
        The most pixels to draw of an SVG; others say their size.
    tell : callable or None
        Receives a sentence about what may surprise.

    Raises
    ------
    StippleError
        When what reads the format is not installed, and for a PDF.
    PIL.UnidentifiedImageError
        When it is none of the formats, and other exceptions when it is damaged.
    """
    if peek(stream, len(_PDF)) == _PDF:
        raise StippleError(f"{name} is a PDF, not an image: export its page as PNG or JPEG.")
    if is_svg(stream):
        return open_svg(stream, name, max_pixels, tell)
    brands = _read_brands(stream)
    if brands & _HEIC:
        return _open_heic(stream, name)
    if brands & _AVIF:
        if not features.check("avif"):
            raise StippleError(
                f"{name} is an AVIF picture, which this Pillow does not read: install Pillow 11.3"
                " or newer, or export it as JPEG."
            )
        try:
            return Image.open(stream, formats=("AVIF",))
        except UnidentifiedImageError:
            raise ValueError("no picture after the header of AVIF") from None
    if brands & BRANDS or peek(stream, len(MATROSKA)) == MATROSKA:
        return open_video(stream, name)
    return Image.open(stream, formats=_FORMATS)


def _read_brands(stream: BinaryIO) -> set[bytes]:
    """Read the brands in the first box of an ISO base media file; none of other files."""
    head = peek(stream, 1024)
    if head[4:8] != b"ftyp":
        return set()
    (size,) = struct.unpack(">I", head[:4])
    box = head[8 : min(size, len(head))]
    return {box[place : place + 4] for place in range(0, len(box), 4) if place != 4}


def _open_heic(stream: BinaryIO, name: str) -> Image.Image:
    try:
        from pillow_heif import HeifImageFile  # not registered with Pillow, whose users did not ask
    except ImportError:
        raise StippleError(
            f"{name} is a HEIC picture, and pillow-heif, which reads them, is not installed:"
            " install stipple-ot[heic], or export it as JPEG."
        ) from None
    read: Callable[[BinaryIO], Image.Image] = HeifImageFile
    return read(stream)
