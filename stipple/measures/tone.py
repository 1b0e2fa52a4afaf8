"""From a picture or a matrix to darkness: alpha, levels, sharpen, invert, contrast and so on."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, TypeAlias, get_args

import numpy as np

from stipple.arrays import Floats
from stipple.choices import Alpha, Levels
from stipple.errors import StippleError
from stipple.measures.levels import GreyLevels, check_levels, find_levels, stretch
from stipple.measures.picture import Matrix, Picture, find_size, split_rows
from stipple.measures.sharpening import find_detail

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Take: TypeAlias = "Callable[[slice], Floats]"
"""What gives some rows of a picture as floats, shape (rows, w, channels)."""

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
    dark = np.empty(find_size(source))
    for rows, absorbed in absorb(source, tone):
        dark[rows] = cut(shade(_weigh(absorbed), tone), tone, find_mask(source, tone, rows))
    return dark


def absorb(source: Picture | Matrix, tone: Tone) -> Iterator[tuple[slice, Floats]]:
    """Compute the light that each channel lacks, 1 - colour, over the ground that alpha names.

    Parameters
    ----------
    source : Picture or ndarray of float64, shape (h, w)
        A picture, or a density, which is one channel.
    tone : Tone
        `alpha`, `levels` and `sharpen` are used: "white" and "black" composite, "mask" leaves
        colours alone.

    Yields
    ------
    rows : slice
        Some rows, from the top.
    absorbed : ndarray of float64, shape (rows, w, channels)
        In [0, 1]; exactly 0 where the picture is white.
    """
    size = find_size(source)
    take = _open(source, tone)
    mask = find_mask(source, tone) if tone.levels or tone.sharpen else None
    if tone.levels and (levels := _find(_weigh_all(take, size), tone.levels, mask)):
        take = partial(_stretch, take, levels)
    if tone.sharpen:
        # The difference is one of lightness, so that edges get no coloured fringes.
        detail = tone.sharpen * find_detail(_weigh_all(take, size), mask)
        take = partial(_add, take, detail)
    for rows in split_rows(size):
        yield rows, take(rows)


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
    dark = _weigh_all(_open(source, tone), find_size(source))
    found = _find(dark, tone.levels, find_mask(source, tone))
    return replace(tone, levels=(found.black, found.white) if found else None), found


def _open(source: Picture | Matrix, tone: Tone) -> Take:
    """Make what gives rows of a source as they are absorbed, shape (rows, w, channels)."""
    if isinstance(source, Picture):
        return partial(_composite, source, tone)
    return partial(_scale, source, source.max() or 1.0)


def _scale(matrix: Matrix, largest: float, rows: slice) -> Floats:
    return (matrix[rows] / largest)[..., np.newaxis]


def _composite(picture: Picture, tone: Tone, rows: slice) -> Floats:
    absorbed = 1 - picture.read_colour(rows)
    if picture.opacity is None or tone.alpha == "mask":
        return absorbed
    opacity = picture.read_alpha(rows)[..., np.newaxis]
    absorbed *= opacity
    if tone.alpha == "black":
        absorbed += 1 - opacity
    return absorbed


def _stretch(take: Take, levels: GreyLevels, rows: slice) -> Floats:
    return stretch(take(rows), levels)


def _add(take: Take, detail: Floats, rows: slice) -> Floats:
    return np.clip(take(rows) + detail[rows, :, np.newaxis], 0.0, 1.0)


def _weigh(absorbed: Floats) -> Floats:
    """Return the darkness of channels of shape (rows, w, 1) or (rows, w, 3)."""
    return absorbed[..., 0] if absorbed.shape[2] == 1 else np.minimum(absorbed @ LUMA, 1.0)


def _weigh_all(take: Take, size: tuple[int, int]) -> Floats:
    dark = np.empty(size)
    for rows in split_rows(size):
        dark[rows] = _weigh(take(rows))
    return dark


def find_mask(source: Picture | Matrix, tone: Tone, rows: slice = slice(None)) -> Floats | None:
    """Return the opacity where hidden colours may not count, None where all are seen."""
    if tone.alpha != "mask" or not isinstance(source, Picture) or source.opacity is None:
        return None
    return source.read_alpha(rows)


def _find(dark: Floats, levels: Levels, mask: Floats | None) -> GreyLevels | None:
    return find_levels(dark if mask is None or not mask.any() else dark[mask > 0], levels)


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
