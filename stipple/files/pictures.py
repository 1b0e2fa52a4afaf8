"""Reading pictures through Pillow, and telling pictures from matrices."""

import logging
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import BinaryIO, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError
from PIL.TiffImagePlugin import TiffImageFile

from stipple.errors import StippleError
from stipple.files.matrices import decode_matrix, is_matrix
from stipple.files.open import Source, open_source
from stipple.files.picture_formats import NAMES, open_picture
from stipple.files.profiles import ProfileError, convert_colours, convert_greys, find_profile
from stipple.machine.memory import check_memory, predict_reading
from stipple.measures.picture import MAX_PIXELS, Matrix, Picture

# Pillow logs some damage; the exception says it, and standard error is for our one sentence.
logging.getLogger("PIL").addHandler(logging.NullHandler())

_GREY_MODES = {"1", "L", "LA", "La"}
_ANIMATED = {"GIF", "PNG", "WEBP", "VIDEO"}
_COLOUR_MODES = {"P", "PA", "RGB", "RGBA", "RGBa", "RGBX", "CMYK", "YCbCr", "LAB"}

# What the shape of an array of a picture may have after its height and width.
CHANNELS = ((), (1,), (3,), (4,))

Tell: TypeAlias = Callable[[str], None]
"""What receives sentences about what may surprise."""

# TIFF tag numbers.
_BITS_PER_SAMPLE = 258
_PHOTOMETRIC_INTERPRETATION = 262


def read_source(
    source: Source,
    *,
    max_pixels: int = MAX_PIXELS,
    tell: Tell | None = None,
    frame: int | None = None,
) -> Picture | Matrix:
    """Read whatever holds a density: a picture, a `.npy` array or a text matrix.

    The suffixes .npy, .csv, .tsv, .txt and .dat mean a matrix; otherwise the first bytes decide,
    so that standard input may be any of the three.

    Parameters
    ----------
    source : str, Path or binary stream
        A path, `-` for standard input, or an open binary stream.
    max_pixels : int
        The most pixels (or matrix entries) to accept.
    tell : callable, optional
        Receives a sentence about what may surprise, as a colour profile that is left out.
    frame : int, optional
        Which frame of an animation, the first being 0; by default that, and `tell` hears of others.

    Returns
    -------
    Picture or ndarray of float64, shape (h, w)
        A picture, or the density itself; see `read_picture` and `matrices.read_matrix`.

    Raises
    ------
    StippleError
        When it cannot be read as either.
    """
    with open_source(source) as (stream, name):
        return decode_source(stream, name, max_pixels=max_pixels, tell=tell, frame=frame)


def count_frames(source: Source) -> int:
    """Count the frames of a video, or of an animated GIF, PNG or WebP; 1 of all else."""
    with suppress(Exception), open_source(source) as (stream, name):
        if not is_matrix(stream, name):
            with open_picture(stream, name, MAX_PIXELS, None) as image:
                return int(getattr(image, "n_frames", 1)) if image.format in _ANIMATED else 1
    return 1


def read_durations(source: Source) -> list[float]:
    """Read how long each frame of a video, or of an animated GIF, PNG or WebP is shown, in seconds.

    A frame of which nothing is said has 0. Damaged files give the frames before the damage.
    """
    durations: list[float] = []
    with (
        suppress(Exception),
        open_source(source) as (stream, name),
        open_picture(stream, name, MAX_PIXELS, None) as image,
    ):
        for frame in range(int(getattr(image, "n_frames", 1))):
            image.seek(frame)
            if image.format != "VIDEO":  # others tell no sooner, and may be damaged
                image.load()
            durations.append(float(image.info.get("duration", 0)) / 1000)
    return durations


def decode_source(
    stream: BinaryIO, name: str, *, max_pixels: int, tell: Tell | None, frame: int | None = None
) -> Picture | Matrix:
    """Read a density as `read_source` does, from a seekable stream that messages call `name`."""
    if is_matrix(stream, name):
        return decode_matrix(stream, name, max_pixels=max_pixels)
    return _decode_picture(stream, name, max_pixels, tell, frame)


def read_picture(
    source: Source, *, max_pixels: int = MAX_PIXELS, tell: Tell | None = None
) -> Picture:
    """Read a picture: PNG, JPEG, WebP, TIFF, BMP, GIF, PBM, PGM, PPM, AVIF, HEIC or SVG.

    The first frame of an animation or a multi-page file is taken, and the EXIF orientation is
    applied. Grey of 16 bits keeps 16 bits; colours of 16 bits come down to 8 (Pillow's limit).
    Colour profiles and a PNG's gamma and primaries are applied, to give sRGB; what they change by
    at most a level of 255 stays as it is. CMYK without a profile becomes RGB by Pillow's plain
    formula. HEIC needs pillow-heif, SVG resvg_py: its longer side is drawn in 1,600 pixels.

    Parameters
    ----------
    source : str, Path or binary stream
        A path, `-` for standard input, or an open binary stream.
    max_pixels : int
        The most pixels to accept, checked in the header before anything is decoded.
    tell : callable, optional
        Receives a sentence about what may surprise, as a colour profile that is left out.

    Returns
    -------
    Picture
        Colour (h, w, 1) or (h, w, 3) and opacity (h, w), in [0, 1].

    Raises
    ------
    StippleError
        When the source cannot be read, is not such an image, is damaged or truncated, has more
        pixels than allowed, or has samples of an unknown range (floating-point, signed, 32-bit).
    """
    with open_source(source) as (stream, name):
        return _decode_picture(stream, name, max_pixels, tell)


def convert_picture(
    image: Image.Image | NDArray[np.uint8], *, max_pixels: int = MAX_PIXELS
) -> Picture:
    """Take a Pillow image, or an array as pictures have it, as a picture.

    Parameters
    ----------
    image : PIL.Image.Image or ndarray of uint8, shape (h, w), (h, w, 3) or (h, w, 4)
        Grey, RGB or RGBA; 255 is white, and so is what is masked.
    max_pixels : int
        The most pixels to accept.

    Raises
    ------
    StippleError
        If an array has another type or shape, the samples of an image have no known range, or there
        are too many pixels.
    """
    if not isinstance(image, Image.Image):
        image = np.ma.filled(image, 255)
        if image.dtype != np.uint8 or image.ndim < 2 or image.shape[2:] not in CHANNELS:
            raise StippleError(
                f"The picture is an array of {image.dtype} with the shape {image.shape}: give uint8"
                " of shape (h, w), (h, w, 3) or (h, w, 4). An array of a density is given as it is."
            )
        if image.size == 0:
            raise StippleError(f"The picture has the shape {image.shape}: it has no pixels.")
        image = Image.fromarray(image[..., 0] if image.shape[2:] == (1,) else image)
    _check_size(image, "The picture", max_pixels)
    return _show(image, *_levels(image, "The picture"), lambda _: None)


def _decode_picture(
    stream: BinaryIO, name: str, max_pixels: int, tell: Tell | None, frame: int | None = None
) -> Picture:
    with _pixel_limit(max_pixels):
        try:
            with open_picture(stream, name, max_pixels, tell) as image:
                _check_size(image, name, max_pixels)
                check_memory(predict_reading(name, image.width * image.height))
                if frame is None:
                    _tell_frames(image, name, tell)
                else:
                    image.seek(frame)
                image.load()
                _correct_transparency(image, stream)
                black, white = _levels(image, name)
                return _show(image, black, white, partial(_tell_profile, name, tell))
        except StippleError:
            raise
        except UnidentifiedImageError:
            raise StippleError(
                f"{name} is not an image that can be read: give a {NAMES}, or a matrix as .npy or"
                " .csv; export other pictures as JPEG or PNG."
            ) from None
        except Image.DecompressionBombError:
            raise _too_large(name, f"over {2 * max_pixels:,}", max_pixels) from None
        except MemoryError:
            raise StippleError(f"{name} does not fit in memory: make it smaller.") from None
        except Exception as error:  # Damaged files make Pillow raise exceptions of every kind.
            reason = " ".join(str(error).split()) or type(error).__name__
            raise StippleError(
                f"{name} is damaged or truncated ({reason}): save or copy it again."
            ) from None


@contextmanager
def _pixel_limit(max_pixels: int) -> Iterator[None]:
    # Pillow keeps its limit in a module variable; it raises above twice the limit, from the header.
    limit = Image.MAX_IMAGE_PIXELS
    Image.MAX_IMAGE_PIXELS = max_pixels
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        Image.MAX_IMAGE_PIXELS = limit


def _check_size(image: Image.Image, name: str, max_pixels: int) -> None:
    if image.width * image.height > max_pixels:
        raise _too_large(name, f"{image.width}×{image.height}", max_pixels)


def _too_large(name: str, pixels: str, max_pixels: int) -> StippleError:
    return StippleError(
        f"{name} has {pixels} pixels, more than the {max_pixels:,} allowed: make it smaller or "
        "raise --max-pixels."
    )


def _orient(image: Image.Image) -> Image.Image:
    # An unreadable EXIF block says nothing about orientation: the picture is still good.
    with suppress(Exception):
        if image.getexif().get(ExifTags.Base.Orientation, 1) != 1:
            return ImageOps.exif_transpose(image)
    return image


def _correct_transparency(image: Image.Image, stream: BinaryIO) -> None:
    # Pillow brings PNG samples to 8 bits but leaves the transparent colour at the file's depth.
    key = image.info.get("transparency")
    if image.format != "PNG" or key is None:
        return
    stream.seek(24)  # The bit depth in the IHDR chunk.
    depth = stream.read(1)[0]
    if image.mode == "1":  # newer releases have done this themselves
        image.info["transparency"] = 255 if key else 0
    elif image.mode == "L" and depth < 8:
        image.info["transparency"] = key * 255 // (2**depth - 1)
    elif image.mode == "RGB" and depth == 16:
        image.info["transparency"] = tuple(value >> 8 for value in key)


def _levels(image: Image.Image, name: str) -> tuple[int, int]:
    """Return the sample values of black and white; refuse samples of unknown range."""
    if image.mode in _GREY_MODES | _COLOUR_MODES:
        return 0, 255
    if isinstance(image, TiffImageFile) and image.mode.startswith("I;16"):
        # Pillow neither scales 12 bits nor turns round a TIFF whose white is zero.
        white = 2 ** image.tag_v2[_BITS_PER_SAMPLE][0] - 1
        return (white, 0) if image.tag_v2[_PHOTOMETRIC_INTERPRETATION] == 0 else (0, white)
    if image.mode.startswith("I") and image.format in ("PNG", "PPM"):
        return 0, 65535  # Pillow scales every PGM of more than 8 bits to this.
    raise StippleError(
        f"{name} has samples (Pillow mode {image.mode}) for which white is not defined: convert it "
        "to RGB or grey of 8 or 16 bits, or save the density as .npy."
    )


def _tell_frames(image: Image.Image, name: str, tell: Tell | None) -> None:
    """Tell that the first of several frames is read, where others are no mere previews."""
    count = int(getattr(image, "n_frames", 1))
    if tell is not None and count > 1 and image.format in {*_ANIMATED, "TIFF"}:
        things = "pages" if image.format == "TIFF" else "frames"
        tell(f"{name} has {count} {things}: the first is read.")


def _tell_profile(name: str, tell: Tell | None, error: ProfileError) -> None:
    if tell is not None:
        tell(f"{name} has a colour profile that cannot be used ({error}): it is read without.")


def _show(
    image: Image.Image, black: int, white: int, complain: Callable[[ProfileError], None]
) -> Picture:
    """Turn a picture as its orientation says, and make its colours those of sRGB."""
    try:
        profile = find_profile(image)
    except ProfileError as error:
        complain(error)
        profile = None
    image = _orient(image)
    if profile is None or image.mode == "LAB":
        return _sample(image, black, white)
    try:
        if image.mode == "CMYK":
            return _sample(convert_colours(image, profile), black, white)
        if image.mode in _COLOUR_MODES:
            plain = _convert(image, "RGBA" if image.has_transparency_data else "RGB")
            return _sample(convert_colours(plain, profile), black, white)
        return convert_greys(_sample(image, black, white), profile)
    except ProfileError as error:
        complain(error)
        return _sample(image, black, white)


def _sample(image: Image.Image, black: int, white: int) -> Picture:
    if image.mode == "LAB":
        image = convert_colours(image, None)
    transparent = image.has_transparency_data
    if image.mode in _GREY_MODES:
        image = _convert(image, "LA" if transparent else "L")
    elif image.mode in _COLOUR_MODES:
        image = _convert(image, "RGBA" if transparent else "RGB")
    samples = np.atleast_3d(np.asarray(image))  # (h, w, c), as small as they come
    if not transparent:
        return Picture(samples, None, black, white)
    if samples.shape[2] == 1:  # 16-bit grey with one transparent value
        return Picture(samples, samples[..., 0] != image.info["transparency"], black, white)
    return Picture(samples[..., :-1], samples[..., -1], black, white)


def _convert(image: Image.Image, mode: str) -> Image.Image:
    return image if image.mode == mode else image.convert(mode)  # which would copy it
