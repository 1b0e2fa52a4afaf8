"""Levels: which tones of a picture become solid ink, and which white paper."""

import math
from dataclasses import dataclass

import numpy as np

from stipple.arrays import Floats
from stipple.choices import Levels
from stipple.errors import StippleError

# Percentiles of the light, from the darkest: a few highlights, and a few deep shadows, are solid.
_AUTO = ("0.5%", "98%")
# Steps of 8 bits: what has fewer tones is flat, and stretching it would draw its noise.
_FLAT = 26.0
# Below this the lightest tenth of a picture is not paper.
_LIGHT = 0.8


@dataclass(frozen=True)
class GreyLevels:
    """The levels of one picture.

    Attributes
    ----------
    black, white : float
        The grey values, of 255, that become solid ink and white; black < white.
    """

    black: float
    white: float

    def __str__(self) -> str:
        return f"black from {self.black:g}, white from {self.white:g} of 255"


def check_levels(levels: Levels | None) -> None:
    """Refuse levels that no picture has.

    Raises
    ------
    StippleError
        When they are neither "auto" nor a pair of grey values or percentiles, or are in disorder.
    """
    if levels is None or levels == "auto":
        return
    if isinstance(levels, str) or len(levels) != 2:
        raise StippleError(f"The levels are {levels!r}: give auto, or black and white.")
    (black, relative), (white, other) = (_parse_level(level) for level in levels)
    if relative == other and black >= white:
        raise StippleError(
            f"The levels are {levels[0]} and {levels[1]}: black comes first and is the smaller."
        )


def _parse_level(level: float | str) -> tuple[float, bool]:
    """Return the number of a level, and whether it is a percentile."""
    relative = isinstance(level, str) and level.endswith("%")
    try:
        number = float(level[:-1] if isinstance(level, str) and relative else level)
    except (TypeError, ValueError):
        number = math.nan
    if not 0 <= number <= (100 if relative else 255):
        raise StippleError(
            f"The level is {level!r}: give a grey from 0 to 255, or a percentile such as 2%."
        )
    return number, relative


def find_levels(dark: Floats, levels: Levels) -> GreyLevels | None:
    """Find the grey values that levels mean in a picture.

    Parameters
    ----------
    dark : ndarray of float64, any shape
        The darkness of each pixel that counts, in [0, 1].
    levels : "auto" or pair of float or str
        See `stipple.measures.tone.Tone`.

    Returns
    -------
    GreyLevels or None
        None where "auto" finds the picture too flat to stretch.

    Raises
    ------
    StippleError
        When both percentiles are the same grey.
    """
    black, white = _find_greys(dark, _AUTO if levels == "auto" else levels)
    # Inwards to hundredths, so that the tones which were found are solid and white themselves.
    black = math.ceil(100 * black - 1e-6) / 100
    white = math.floor(100 * white + 1e-6) / 100
    if levels == "auto" and white - black < _FLAT:
        return None
    if white <= black:
        raise StippleError(
            f"The levels {levels[0]} and {levels[1]} are the greys {black:g} and {white:g} of this"
            " picture: give levels that are further apart."
        )
    return GreyLevels(black, white)


def _find_greys(dark: Floats, levels: tuple[float | str, float | str]) -> list[float]:
    parsed = [_parse_level(level) for level in levels]
    if not any(relative for _, relative in parsed):
        return [number for number, _ in parsed]
    found = np.percentile(dark, [100 - number if relative else 0 for number, relative in parsed])
    return [
        255 * (1 - float(darkness)) if relative else number
        for (number, relative), darkness in zip(parsed, found, strict=True)
    ]


def stretch(ink: Floats, levels: GreyLevels) -> Floats:
    """Stretch amounts of ink from the levels to [0, 1]; what is beyond them is cut off.

    White and lighter is exactly 0, black and darker exactly 1.
    """
    lightest, darkest = 1 - levels.white / 255, 1 - levels.black / 255
    return np.clip((ink - lightest) / (darkest - lightest), 0.0, 1.0)


def advise_levels(ink: Floats) -> str | None:
    """Advise levels where even the lightest tenth of what will be drawn gets a good deal of ink.

    Parameters
    ----------
    ink : ndarray of float64, shape (h, w)
        Amounts in [0, 1] that are about to be drawn.
    """
    lightest = 1 - float(np.percentile(ink, 10))
    if lightest >= _LIGHT or 255 * np.ptp(ink) < _FLAT:
        return None
    return (
        f"the lightest tenth begins at grey {255 * lightest:.0f} of 255, so that little of the"
        " paper stays white: --levels auto stretches the tones"
    )
