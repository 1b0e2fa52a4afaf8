"""Separating a picture into the inks it is drawn with, one density for each."""

from dataclasses import dataclass

import numpy as np

from stipple.arrays import Floats
from stipple.choices import InkMode
from stipple.errors import StippleError
from stipple.measures.blank import explain_blank
from stipple.measures.picture import Matrix, Picture
from stipple.measures.tone import Tone, absorption, cut, darkness, shade


@dataclass(frozen=True)
class Ink:
    """An ink by its name and its colour `#rrggbb`."""

    name: str
    colour: str


@dataclass(frozen=True, eq=False)
class InkDensity:
    """How much of one ink goes where.

    Attributes
    ----------
    ink : Ink
        The ink.
    darkness : ndarray of float64, shape (h, w)
        Its amount in [0, 1], for `rgb` that of the light; not all 0.
    """

    ink: Ink
    darkness: Floats


# The pure colours: multiplied on white (screened on black for rgb) they give the picture back.
_BLACK = Ink("black", "#000000")
_CMY = (Ink("cyan", "#00ffff"), Ink("magenta", "#ff00ff"), Ink("yellow", "#ffff00"))
_RGB = (Ink("red", "#ff0000"), Ink("green", "#00ff00"), Ink("blue", "#0000ff"))


def separate_inks(source: Picture | Matrix, tone: Tone, mode: InkMode) -> list[InkDensity]:
    """Separate a picture into inks; those with nothing to draw are left out.

    - `mono`: one black ink by `stipple.measures.tone.darkness`.
    - `cmyk`: full under-colour removal, K = min(C, M, Y), and each of C, M and Y less K. It is not
      divided by 1 - K, as some separations do, because near black that blows up the noise of a
      camera into solid colour; so near-black is almost only black, and a grey picture has K alone.
    - `rgb`: each channel is the density of its own light, for drawing bright dots on black.

    Invert, contrast and gamma act on C, M and Y (or on R, G and B) before the under-colour removal,
    as they would on the picture, so that greys stay grey; the threshold and the alpha mask act on
    each ink that results.

    Parameters
    ----------
    source : Picture or ndarray of float64, shape (h, w)
        A picture, or a density, which has one ink only.
    tone : Tone
        The steps to apply.
    mode : {"mono", "cmyk", "rgb"}
        The inks to use.

    Returns
    -------
    list of InkDensity
        At least one, in drawing order.

    Raises
    ------
    StippleError
        When nothing is left to draw, the mode is unknown, or a matrix is to be separated by colour.
    """
    inks = _amounts(source, tone, mode)
    drawn = [InkDensity(ink, amount) for ink, amount in inks if amount.any()]
    if not drawn:
        raise StippleError(explain_blank(source, tone, light=mode == "rgb"))
    return drawn


def share_points(inks: list[InkDensity], count: int) -> list[tuple[InkDensity, int]]:
    """Share a number of points among inks in proportion to their totals, by largest remainder.

    Every dot then stands for the same amount of ink. Inks too faint for a single dot are left
    out.
    """
    totals = np.array([one.darkness.sum() for one in inks])
    exact = count * totals / totals.sum()
    shares = np.floor(exact).astype(int)
    largest = np.argsort(shares - exact, kind="stable")
    shares[largest[: count - shares.sum()]] += 1
    return [(one, int(share)) for one, share in zip(inks, shares, strict=True) if share]


def _amounts(source: Picture | Matrix, tone: Tone, mode: InkMode) -> list[tuple[Ink, Floats]]:
    if mode == "mono":
        return [(_BLACK, darkness(source, tone))]
    if mode not in ("cmyk", "rgb"):
        raise StippleError(f"The colour mode is {mode!r}: give mono, cmyk or rgb.")
    if not isinstance(source, Picture):
        raise StippleError(f"A matrix has no colours for {mode}: use mono, or give a picture.")
    absorbed = absorption(source, tone)
    absorbed = np.broadcast_to(absorbed, (*absorbed.shape[:2], 3))  # grey has equal channels
    if mode == "rgb":
        light = shade(1 - absorbed, tone)
        separated = [(ink, light[..., channel]) for channel, ink in enumerate(_RGB)]
    else:
        cmy = shade(absorbed, tone)
        black = cmy.min(axis=2)
        separated = [(ink, cmy[..., channel] - black) for channel, ink in enumerate(_CMY)]
        separated.append((_BLACK, black))
    return [(ink, cut(amount, tone, source.alpha)) for ink, amount in separated]
