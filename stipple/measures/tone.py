"""From a picture or a matrix to darkness: alpha, levels, sharpen, invert, contrast and so on."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, get_args, overload

import numpy as np

from stipple.arrays import Floats
from stipple.choices import Alpha, Levels
from stipple.errors import StippleError
from stipple.measures.levels import GreyLevels, check_levels, find_levels, stretch
from stipple.measures.picture import MAX_PIXELS, Matrix, Picture
from stipple.measures.sharpening import find_detail

if TYPE_CHECKING:
    from scipy.sparse import csr_array

# ITU-R Recommendation BT.709-6, item 3.2: luma of red, green and blue.
LUMA = np.array([0.2126, 0.7152, 0.0722])


@dataclass(frozen=True)
class Tone:
    """How ink follows the picture; the defaults leave darkness as it is.

    The steps come in this order: alpha (white or black), levels, sharpen, invert, contrast, gamma,
    threshold, alpha (mask). White stays exactly 0, whatever the options, unless it is inverted.

    Attributes
    ----------
    levels : "auto" or pair of float or str, optional
        What becomes solid ink and what white, in this order: grey values from 0 to 255, or
        percentiles of the light with a percent sign, such as `("2%", 240)`. The tones between are
        stretched. "auto" is 0.5% and 98%, and leaves a picture of fewer than 26 greys as it is.
        Of a matrix, light is 1 less its density.
    sharpen : float
        Amount of an unsharp mask, >= 0; 1 adds the whole difference from the blurred picture. It
        is blurred over about 1/100 of its longer side.
    invert : bool
        Turn darkness d into 1 - d.
    gamma : float
        Exponent on darkness, > 0: more than 1 lightens the midtones, less than 1 darkens them.
    contrast : float
        Slope of the tone curve at mid-grey, > 0; the curve keeps 0, 1/2 and 1 (see `shade`).
    threshold : float
        Darkness below it, in [0, 1], becomes exactly 0.
    alpha : {"white", "black", "mask"}
        What shows through transparent pixels: white, black, or nothing. With "mask" darkness is
        multiplied by alpha after all other steps, so transparent pixels never get ink.

    Raises
    ------
    StippleError
        When a value is out of its range.
    """

    levels: Levels | None = None
    sharpen: float = 0.0
    invert: bool = False
    gamma: float = 1.0
    contrast: float = 1.0
    threshold: float = 0.0
    alpha: Alpha = "white"

    def __post_init__(self) -> None:
        check_levels(self.levels)
        if not 0 <= self.sharpen < math.inf:
            raise StippleError(f"The amount of sharpening is {self.sharpen}: give 0 or more.")
        for name, value in (("gamma", self.gamma), ("contrast", self.contrast)):
            if not 0 < value < math.inf:
                raise StippleError(f"The {name} is {value}: give a finite number above 0.")
        if not 0 <= self.threshold <= 1:
            raise StippleError(
                f"The threshold is {self.threshold}: give a darkness between 0 (white) and 1."
            )
        if self.alpha not in get_args(Alpha):
            raise StippleError(f"The alpha is {self.alpha!r}: give white, black or mask.")


def darkness(source: Picture | Matrix, tone: Tone) -> Floats:
    """Compute how much ink each pixel gets.

    A picture's darkness is 1 - luma, with luma by ITU-R BT.709 (0.2126 R + 0.7152 G + 0.0722 B)
    on the values as encoded, not linearised: a grey pixel g of 255 gives 1 - g/255 exactly. A
    matrix is darkness already and is only scaled to a maximum of 1.

    Parameters
    ----------
    source : Picture or ndarray of float64, shape (h, w)
        A picture, or a density >= 0 of any scale.
    tone : Tone
        The steps to apply.

    Returns
    -------
    ndarray of float64, shape (h, w)
        Darkness in [0, 1], 0 for white.
    """
    if isinstance(source, Picture):
        dark, alpha = _weigh(absorption(source, tone)), source.alpha
    else:
        dark, alpha = _adjust(_scale(source)[..., np.newaxis], tone, None)[..., 0], None
    return cut(shade(dark, tone), tone, alpha)


def absorption(picture: Picture, tone: Tone) -> Floats:
    """Compute the light that each channel lacks, 1 - colour, over the ground that alpha names.

    Parameters
    ----------
    picture : Picture
        Colour of shape (h, w, channels).
    tone : Tone
        `alpha`, `levels` and `sharpen` are used: "white" and "black" composite, "mask" leaves
        colours alone.

    Returns
    -------
    ndarray of float64, shape (h, w, channels)
        In [0, 1]; exactly 0 where the picture is white.
    """
    return _adjust(_composite(picture, tone), tone, _find_mask(picture, tone))


def settle_levels(source: Picture | Matrix, tone: Tone) -> tuple[Tone, GreyLevels | None]:
    """Find the grey values that the levels of a tone mean for a source.

    Parameters
    ----------
    source : Picture or ndarray of float64, shape (h, w)
        What the tone is for.
    tone : Tone
        With any levels.

    Returns
    -------
    tone : Tone
        The same, with grey values for levels, or with none.
    levels : GreyLevels or None
        Those values, if there are any.
    """
    if tone.levels is None:
        return tone, None
    if isinstance(source, Picture):
        dark, mask = _weigh(_composite(source, tone)), _find_mask(source, tone)
    else:
        dark, mask = _scale(source), None
    found = _find(dark, tone, mask)
    return replace(tone, levels=(found.black, found.white) if found else None), found


def _weigh(absorbed: Floats) -> Floats:
    """Return the darkness of channels of shape (h, w, 1) or (h, w, 3)."""
    return absorbed[..., 0] if absorbed.shape[2] == 1 else np.minimum(absorbed @ LUMA, 1.0)


def _scale(matrix: Matrix) -> Floats:
    return matrix / (matrix.max() or 1.0)


def _composite(picture: Picture, tone: Tone) -> Floats:
    absorbed = 1 - picture.colour
    if picture.alpha is None or tone.alpha == "mask":
        return absorbed
    opacity = picture.alpha[..., np.newaxis]
    absorbed *= opacity
    if tone.alpha == "black":
        absorbed += 1 - opacity
    return absorbed


def _find_mask(picture: Picture, tone: Tone) -> Floats | None:
    """Return the opacity where hidden colours may not count, None where all are seen."""
    return picture.alpha if tone.alpha == "mask" else None


def _find(dark: Floats, tone: Tone, mask: Floats | None) -> GreyLevels | None:
    if tone.levels is None:
        return None
    seen = dark if mask is None or not mask.any() else dark[mask > 0]
    return find_levels(seen, tone.levels)


def _adjust(absorbed: Floats, tone: Tone, mask: Floats | None) -> Floats:
    """Apply levels and sharpening, the same to all channels."""
    levels = tone.levels and _find(_weigh(absorbed), tone, mask)
    if levels:
        absorbed = stretch(absorbed, levels)
    if tone.sharpen:
        # The difference is one of lightness, so that edges get no coloured fringes.
        detail = tone.sharpen * find_detail(_weigh(absorbed), mask)
        absorbed = np.clip(absorbed + detail[..., np.newaxis], 0.0, 1.0)
    return absorbed


def shade(ink: Floats, tone: Tone) -> Floats:
    """Apply invert, contrast and gamma to amounts of ink.

    Contrast c is the gain curve of Perlin and Hoffert ("Hypertexture", SIGGRAPH 1989): the power
    curve (2t)^c / 2 below mid-grey and its mirror image above. Unlike a straight line that is
    clipped, it keeps white white for every c and merges no two tones.

    Parameters
    ----------
    ink : ndarray of float64, any shape
        Amounts in [0, 1].
    tone : Tone
        The steps to apply.

    Returns
    -------
    ndarray of float64, same shape
        Amounts in [0, 1].
    """
    if tone.invert:
        ink = 1 - ink
    distance = np.minimum(ink, 1 - ink)  # from the nearer of white and solid
    gain = 0.5 * (2 * distance) ** tone.contrast
    return np.where(ink <= 0.5, gain, 1 - gain) ** tone.gamma


def cut(ink: Floats, tone: Tone, alpha: Floats | None) -> Floats:
    """Apply the threshold, then the mask.

    Parameters
    ----------
    ink : ndarray of float64, shape (h, w)
        Amounts in [0, 1].
    tone : Tone
        The steps to apply.
    alpha : ndarray of float64, shape (h, w), or None
        Opacity, used when `tone.alpha` is "mask".

    Returns
    -------
    ndarray of float64, shape (h, w)
        Amounts in [0, 1].
    """
    kept = np.where(ink < tone.threshold, 0.0, ink)
    return kept * alpha if tone.alpha == "mask" and alpha is not None else kept


@overload
def resize(source: Picture, size: int | tuple[int, int], *, max_pixels: int = ...) -> Picture: ...


@overload
def resize(source: Matrix, size: int | tuple[int, int], *, max_pixels: int = ...) -> Matrix: ...


def resize(
    source: Picture | Matrix, size: int | tuple[int, int], *, max_pixels: int = MAX_PIXELS
) -> Picture | Matrix:
    """Resample by exact area: each new pixel is the mean of the old ones that it covers.

    Parts of pixels count by their area. This keeps the mean darkness, stays within the range of
    the values (sharper filters such as Lanczos overshoot below white and beyond black), and pure
    white and pure black stay exact. Transparent pixels do not tint their neighbours.

    Parameters
    ----------
    source : Picture or ndarray of float64, shape (h, w)
        What to resample.
    size : int or (int, int)
        The longest side, keeping the proportions, or the exact (width, height), in pixels.
    max_pixels : int
        The most pixels to make.

    Returns
    -------
    Picture or ndarray
        The same kind as `source`.

    Raises
    ------
    StippleError
        When a side is less than 1 pixel or there would be more than `max_pixels`.
    """
    height, width = (source.colour if isinstance(source, Picture) else source).shape[:2]
    if isinstance(size, tuple):
        columns, rows = size
    else:
        columns, rows = (
            max(min(size, 1), round(side * size / max(height, width))) for side in (width, height)
        )
    if min(columns, rows) < 1:
        raise StippleError(f"The size {columns}×{rows} is empty: give at least one pixel a side.")
    if columns * rows > max_pixels:
        raise StippleError(
            f"The size {columns}×{rows} has more than the {max_pixels:,} pixels allowed: ask for "
            "fewer or raise --max-pixels."
        )
    if not isinstance(source, Picture):
        return _average(source, rows, columns)
    if source.alpha is None:
        return Picture(_average(source.colour, rows, columns))
    alpha = _average(source.alpha, rows, columns)
    light = _average(source.colour * source.alpha[..., np.newaxis], rows, columns)
    visible = np.where(alpha > 0, alpha, 1.0)[..., np.newaxis]
    return Picture(np.minimum(light / visible, 1.0), alpha)


def _average(values: Floats, rows: int, columns: int) -> Floats:
    """Return area means along both axes of values of shape (h, w) or (h, w, channels)."""
    for axis, parts in ((0, rows), (1, columns)):
        lines = np.moveaxis(values, axis, 0)  # (length, ...)
        overlaps = _overlaps(len(lines), parts)
        flat = lines.reshape(len(lines), -1)
        # Dividing by the sums, added up in the same order, makes the mean of ones exactly 1.
        means = (overlaps @ flat) / (overlaps @ np.ones((len(lines), 1)))
        values = np.moveaxis(means.reshape(parts, *lines.shape[1:]), 0, axis)
    return np.ascontiguousarray(values)


def _overlaps(length: int, parts: int) -> csr_array:
    """Return how much of each of `parts` equal intervals of [0, length] each unit covers."""
    from scipy.sparse import csr_array  # slow to import, and only for resizing

    edges = np.linspace(0, length, parts + 1)
    cuts = np.union1d(edges, np.arange(length + 1.0))
    middles = (cuts[:-1] + cuts[1:]) / 2
    part = np.searchsorted(edges, middles) - 1
    unit = middles.astype(np.intp)
    return csr_array((np.diff(cuts), (part, unit)), shape=(parts, length))
