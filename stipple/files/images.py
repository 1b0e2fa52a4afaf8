"""Images and matrices as darkness, in one call for Python users."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL.Image import Image

from stipple.arguments import settle
from stipple.choices import Alpha, Levels
from stipple.files.open import Source
from stipple.files.pictures import convert_picture, read_source
from stipple.measures.density import Density
from stipple.measures.picture import MAX_PIXELS, Matrix, Picture
from stipple.measures.resizing import resize as resample
from stipple.measures.tone import Tone, darkness

if TYPE_CHECKING:
    from collections.abc import Callable

    from stipple.arrays import Floats

PictureLike: TypeAlias = Source | Image | NDArray[np.uint8]


def read_image(
    source: PictureLike,
    *,
    levels: Levels | None = None,
    sharpen: float = 0.0,
    invert: bool = False,
    gamma: float = 1.0,
    contrast: float = 1.0,
    threshold: float = 0.0,
    alpha: Alpha = "white",
    resize: int | tuple[int, int] | None = None,
    max_pixels: int = MAX_PIXELS,
    tell: Callable[[str], None] | None = None,
) -> Floats:
    """Read how dark each pixel of an image is, as the command line does.

    Parameters
    ----------
    source : str, Path, binary stream, Pillow image or ndarray of uint8
        A picture (PNG, JPEG, WebP, TIFF, BMP, GIF, PGM, PPM, AVIF, HEIC, SVG), or a density as a
        NumPy `.npy` array or a text matrix; `-` is standard input. An array of uint8, shape (h, w),
        (h, w, 3) or (h, w, 4), is a picture, of which 255 is white.
    levels : "auto" or pair of float or str, optional
        What becomes black and what white, in this order: grey values from 0 to 255, or percentiles
        of the light, such as `("2%", "98%")`; "auto" stretches all but a few shadows and
        highlights. Of a matrix, light is 1 less its density.
    sharpen : float
        Amount of an unsharp mask; 1 is 100 %.
    invert : bool
        Turn darkness d into 1 − d.
    gamma : float
        Exponent on darkness: above 1 lightens the midtones.
    contrast : float
        Slope of the tones at mid-grey.
    threshold : float
        Darkness below this, in [0, 1], becomes 0.
    alpha : {"white", "black", "mask"}
        What shows through transparent pixels; with "mask" they have no darkness.
    resize : int or (int, int), optional
        Resample to this many pixels: the longest side, or (width, height).
    max_pixels : int
        Refuse larger images.
    tell : callable, optional
        Receives a sentence about what may surprise: a colour profile that is left out, and so on.

    Returns
    -------
    ndarray of float64, shape (h, w)
        From 0, white, to 1, black, row 0 at the top: 1 − luma by ITU-R BT.709 of a picture; a
        matrix is divided by its largest number.

    Raises
    ------
    StippleError
        If the source cannot be read as an image, or an option is out of its range.

    Examples
    --------
    >>> import io, stipple
    >>> stipple.read_image(io.BytesIO(b"0 1 2"), invert=True).tolist()
    [[1.0, 0.5, 0.0]]
    """
    tone = Tone(levels, sharpen, invert, gamma, contrast, threshold, alpha)
    return darkness(read_resized(source, resize, max_pixels, tell), tone)


def read_resized(
    source: PictureLike,
    size: int | tuple[int, int] | None,
    max_pixels: int,
    tell: Callable[[str], None] | None,
) -> Picture | Matrix:
    """Read a picture or a matrix, and resample it if a size is given; see `read_image`."""
    image: Picture | Matrix
    if isinstance(source, Image | np.ndarray):
        image = convert_picture(source, max_pixels=max_pixels)
    else:
        image = read_source(source, max_pixels=max_pixels, tell=tell)
    return image if size is None else resample(image, size, max_pixels=max_pixels)


def read_density(
    source: PictureLike,
    *,
    levels: Levels | None = None,
    sharpen: float = 0.0,
    invert: bool = False,
    gamma: float = 1.0,
    contrast: float = 1.0,
    threshold: float = 0.0,
    alpha: Alpha = "white",
    resize: int | tuple[int, int] | None = None,
    max_pixels: int = MAX_PIXELS,
    tell: Callable[[str], None] | None = None,
) -> Density:
    """Read an image as a density; the parameters are those of `read_image`.

    Raises
    ------
    StippleError
        As `read_image`, and if the image is all white.

    Examples
    --------
    >>> import io, stipple
    >>> stipple.read_density(io.BytesIO(b"0 1 2"))
    Density(3 × 1 pixels, total 1.5)
    """
    values = read_image(
        source,
        levels=levels,
        sharpen=sharpen,
        invert=invert,
        gamma=gamma,
        contrast=contrast,
        threshold=threshold,
        alpha=alpha,
        resize=resize,
        max_pixels=max_pixels,
        tell=tell,
    )
    return Density(settle(values))
