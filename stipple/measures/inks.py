"""Separating a picture into the inks it is drawn with, one density for each."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

import numpy as np

from stipple.arguments import settle
from stipple.arrays import Floats
from stipple.choices import InkMode, Light, Overlap
from stipple.errors import StippleError
from stipple.measures.blank import explain_blank
from stipple.measures.palette import find_amounts, linearise
from stipple.measures.picture import Matrix, Picture, find_size
from stipple.measures.tone import LUMA, Tone, absorb, cut, darkness, find_mask, shade

MOST_INKS = 8


@dataclass(frozen=True)
class Ink:
    """An ink by its name, its colour `#rrggbb`, and the number of its pen, whatever is empty."""

    name: str
    colour: str
    number: int = 1


@dataclass(frozen=True)
class Palette:
    """Paper of a colour `#rrggbb`, and inks in the order of their pens.

    Raises
    ------
    StippleError
        If there are none or more than 8 inks, or two of paper and inks have the same colour.
    """

    paper: str
    inks: tuple[Ink, ...]

    def __post_init__(self) -> None:
        if not 1 <= len(self.inks) <= MOST_INKS:
            raise StippleError(f"There are {len(self.inks)} inks: give 1 to {MOST_INKS}.")
        seen = {self.paper.lower(): "the paper"}
        for ink in self.inks:
            colour = ink.colour.lower()
            if colour in seen:
                raise StippleError(
                    f"The ink {ink.name} has the colour of {seen[colour]}, {colour}: leave it out,"
                    " or give another."
                )
            seen[colour] = f"the ink {ink.name}"


@dataclass(frozen=True, eq=False)
class InkDensity:
    """How much of one ink goes where.

    Attributes
    ----------
    ink : Ink
        The ink.
    darkness : ndarray of float64, shape (h, w)
        Its amount in [0, 1], for `rgb` that of the light; not all 0. Read-only.

    Examples
    --------
    >>> import io, stipple
    >>> pixels = io.BytesIO(b"P3 2 1 255  90 60 40  255 255 255")
    >>> stipple.read_inks(pixels)[-1]
    InkDensity(4 black #000000, 2 × 1 pixels, total 0.6470588)
    """

    ink: Ink
    darkness: Floats

    def __repr__(self) -> str:
        height, width = self.darkness.shape
        return (
            f"InkDensity({self.ink.number} {self.ink.name} {self.ink.colour}, {width} × {height}"
            f" pixels, total {self.darkness.sum():.7g})"
        )


_NAMED: dict[InkMode, Palette] = {
    "mono": Palette("#ffffff", (Ink("black", "#000000"),)),
    "cmyk": Palette(
        "#ffffff",
        (
            Ink("cyan", "#00ffff", 1),
            Ink("magenta", "#ff00ff", 2),
            Ink("yellow", "#ffff00", 3),
            Ink("black", "#000000", 4),
        ),
    ),
    "rgb": Palette(
        "#000000",
        (Ink("red", "#ff0000", 1), Ink("green", "#00ff00", 2), Ink("blue", "#0000ff", 3)),
    ),
}


def parse_colour(text: str) -> str:
    """Read a colour, a name such as navy or `#rrggbb`, as `#rrggbb`.

    Raises
    ------
    StippleError
        If the text is no colour, or has transparency, which ink has not.
    """
    from PIL import ImageColor

    with suppress(ValueError):
        channels = ImageColor.getrgb(text)
        if len(channels) == 3:
            return "#{:02x}{:02x}{:02x}".format(*channels)
    raise StippleError(f"{text!r} is not a colour: write a name such as navy, or #rrggbb.")


def make_palette(colours: Sequence[str], paper: str = "white") -> Palette:
    """Make a palette of pens of any colours, as `parse_colour` reads them; pen 1 is the first."""
    inks = (Ink(name, parse_colour(name), number) for number, name in enumerate(colours, 1))
    return Palette(parse_colour(paper), tuple(inks))


def name_palette(mode: InkMode, paper: str | None = None) -> Palette:
    """Return the inks of a mode, on its own paper or another."""
    if mode not in _NAMED:
        raise StippleError(f"The colour mode is {mode!r}: give mono, cmyk or rgb.")
    palette = _NAMED[mode]
    return palette if paper is None else replace(palette, paper=paper)


def choose_tones(palette: Palette) -> Palette:
    """Return what stands for one ink and paper where tone alone matters, not their colours.

    Black on white has the darkness of a picture; for an ink lighter than its paper, white on black
    has the light.
    """
    paper, ink = (_read_colour(colour, "encoded") @ LUMA for colour in _list_colours(palette))
    name = palette.inks[0].name
    return _NAMED["mono"] if ink <= paper else Palette("#000000", (Ink(name, "#ffffff"),))


def separate_inks(
    source: Picture | Matrix,
    tone: Tone,
    inks: InkMode | Palette,
    *,
    light: Light = "encoded",
    overlap: Overlap = "avoid",
) -> list[InkDensity]:
    """Separate a picture into inks; those with nothing to draw are left out.

    Dots that avoid each other mix by area, and amounts are those of `find_amounts`: the
    non-negative least squares with a sum of at most 1. A single grey ink on grey paper has the
    luma of the picture. Where no ink is lighter than the paper, white in the picture is the paper,
    and where no ink is darker, black is.

    Dots that overlap multiply what they let through, and each ink is drawn as if it was alone:
    black is K = min(C, M, Y), and cyan, magenta and yellow, which show beside black only, are
    (C − K)/(1 − K) and so on; lights are the channels.

    Invert, contrast and gamma act on the picture, on what ink adds to the paper: on darkness, or
    on light if the paper is dark; so greys stay grey. The threshold and the alpha mask act on each
    ink that results.

    Parameters
    ----------
    source : Picture or ndarray of float64, shape (h, w)
        A picture, or a density, which has one ink only.
    tone : Tone
        The steps to apply.
    inks : {"mono", "cmyk", "rgb"} or Palette
        Black; cyan, magenta, yellow and black; red, green and blue light on black; or others.
    light : {"encoded", "linear"}
        In which numbers colours mix: as the file encodes them, so that a grey g of 255 has the
        darkness 1 − g/255; or linear light, as for an eye at a distance.
    overlap : {"avoid", "allow"}
        Whether dots of several inks lie side by side, or anyhow.

    Returns
    -------
    list of InkDensity
        At least one, in drawing order.

    Raises
    ------
    StippleError
        When nothing is left to draw, the mode is unknown, a matrix is to be separated by colour, or
        inks of one's own are to overlap.
    """
    palette = inks if isinstance(inks, Palette) else name_palette(inks)
    if not isinstance(source, Picture):
        _refuse_matrix(palette, light)
        amounts = [darkness(source, tone)]
    elif palette == _NAMED["mono"] and light == "encoded":
        amounts = [darkness(source, tone)]
    else:
        separate = _lay_side_by_side if overlap == "avoid" else _lay_over_another
        amounts = [np.empty(find_size(source)) for _ in palette.inks]
        for rows, absorbed in absorb(source, tone):
            mask = find_mask(source, tone, rows)
            parts = separate(absorbed, tone, palette, light)
            for amount, part in zip(amounts, parts, strict=True):
                amount[rows] = cut(part, tone, mask)
    drawn = [
        InkDensity(ink, settle(amount))
        for ink, amount in zip(palette.inks, amounts, strict=True)
        if amount.any()
    ]
    if not drawn:
        raise StippleError(explain_blank(source, tone, light=is_dark(palette.paper)))
    return drawn


def is_dark(paper: str) -> bool:
    """Whether ink on paper of that colour `#rrggbb` is for light, not for darkness."""
    return bool(_read_colour(paper, "encoded") @ LUMA < 0.5)


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


def _refuse_matrix(palette: Palette, light: Light) -> None:
    if len(palette.inks) > 1:
        names = ", ".join(ink.name for ink in palette.inks)
        raise StippleError(f"A matrix has no colours for {names}: use one ink, or give a picture.")
    if light != "encoded":
        raise StippleError("A matrix holds amounts of ink, no light: leave --light out.")


def _lay_side_by_side(
    absorbed: Floats, tone: Tone, palette: Palette, light: Light
) -> Sequence[Floats]:
    """Amounts of inks whose colours mix by area, from what channels absorb."""
    paper, *inks = (_read_colour(colour, light) for colour in _list_colours(palette))
    wanted = _tone_colours(absorbed, tone, palette, light)
    lighter = np.array(inks) @ LUMA - paper @ LUMA
    if (lighter <= 0).all():
        wanted = wanted * paper
    elif (lighter >= 0).all():
        wanted = 1 - (1 - wanted) * (1 - paper)
    return list(find_amounts(wanted, paper, np.array(inks)))


def _lay_over_another(
    absorbed: Floats, tone: Tone, palette: Palette, light: Light
) -> Sequence[Floats]:
    """Amounts of inks of which each is drawn as if it was alone."""
    if palette.inks == _NAMED["rgb"].inks:
        return list(np.moveaxis(_tone_colours(absorbed, tone, palette, light), 2, 0))
    if palette.inks == _NAMED["cmyk"].inks:
        absorbed = 1 - _tone_colours(absorbed, tone, palette, light)
        black = absorbed.min(axis=2)
        left = np.where(black < 1, 1 - black, 1.0)  # what black leaves for the others to cover
        return [*((absorbed[..., channel] - black) / left for channel in range(3)), black]
    if len(palette.inks) == 1:
        return _lay_side_by_side(absorbed, tone, palette, light)
    raise StippleError(
        "How inks of one's own look where they overlap is not known: use --overlap avoid."
    )


def _tone_colours(absorbed: Floats, tone: Tone, palette: Palette, light: Light) -> Floats:
    """Colours to show after the steps of tone, shape (h, w, 3); grey ones of inks that are grey."""
    grey = all(len({*_to_levels(colour)}) == 1 for colour in _list_colours(palette))
    if grey and light == "encoded" and absorbed.shape[2] == 3:
        absorbed = np.minimum(absorbed @ LUMA, 1.0)[..., np.newaxis]
    colours = shade(1 - absorbed, tone) if is_dark(palette.paper) else 1 - shade(absorbed, tone)
    if light == "linear":
        colours = linearise(colours)
        if grey and colours.shape[2] == 3:
            colours = np.minimum(colours @ LUMA, 1.0)[..., np.newaxis]
    return np.broadcast_to(colours, (*colours.shape[:2], 3))


def _list_colours(palette: Palette) -> list[str]:
    return [palette.paper, *(ink.colour for ink in palette.inks)]


def _to_levels(colour: str) -> bytes:
    return bytes.fromhex(colour[1:])


def _read_colour(colour: str, light: Light) -> Floats:
    encoded = np.frombuffer(_to_levels(colour), dtype=np.uint8) / 255
    return linearise(encoded) if light == "linear" else encoded
