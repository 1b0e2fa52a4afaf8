"""Pictures as amounts of several inks, in one call for Python users."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import cast, get_args

from stipple.arguments import read_choice
from stipple.choices import Alpha, InkMode, Levels, Light, Overlap
from stipple.errors import StippleError
from stipple.files.images import read_resized
from stipple.files.open import Source
from stipple.measures.inks import (
    InkDensity,
    Palette,
    make_palette,
    name_palette,
    parse_colour,
    separate_inks,
)
from stipple.measures.picture import MAX_PIXELS
from stipple.measures.tone import Tone


def read_inks(
    source: Source,
    inks: InkMode | Sequence[str] = "cmyk",
    *,
    paper: str | None = None,
    light: Light = "encoded",
    overlap: Overlap = "avoid",
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
) -> list[InkDensity]:
    """Read how much of each ink every pixel of a picture gets, for `stipple.stipple_inks`.

    Parameters
    ----------
    source : str, Path or binary stream
        A picture, as `stipple.read_image` takes it.
    inks : {"cmyk", "rgb", "mono"} or sequence of str
        Cyan, magenta, yellow and black; red, green and blue light; black; or the colours of up to
        8 pens, names or ``#rrggbb``.
    paper : str, optional
        Its colour; by default white, and black under "rgb".
    light : {"encoded", "linear"}
        In which numbers colours mix: as the file encodes them, or linear light, as for an eye at a
        distance.
    overlap : {"avoid", "allow"}
        Amounts for dots side by side, or for those of each ink placed alone, which multiply where
        they overlap; not for pens of one's own.
    levels, sharpen, invert, gamma, contrast, threshold, alpha, resize, max_pixels, tell
        As `stipple.read_image` takes them.

    Returns
    -------
    list of InkDensity
        Inks that have something to draw, in the order of their pens.

    Raises
    ------
    StippleError
        If the source cannot be read as a picture, there is nothing to draw, or a setting makes no
        sense.

    Examples
    --------
    >>> import io, stipple
    >>> brown = io.BytesIO(b"P3 1 1 255  90 60 40")
    >>> for one in stipple.read_inks(brown):
    ...     print(one.ink.number, one.ink.name, one.darkness.round(3))
    2 magenta [[0.118]]
    3 yellow [[0.196]]
    4 black [[0.647]]
    """
    read_choice(light, "light", Light)
    read_choice(overlap, "overlap", Overlap)
    tone = Tone(levels, sharpen, invert, gamma, contrast, threshold, alpha)
    palette = _read_palette(inks, paper)
    image = read_resized(source, resize, max_pixels, tell)
    return separate_inks(image, tone, palette, light=light, overlap=overlap)


def _read_palette(inks: InkMode | Sequence[str], paper: str | None) -> Palette:
    if not isinstance(inks, str):
        return make_palette(inks, paper or "white")
    if inks not in get_args(InkMode):
        raise StippleError(f"The inks are {inks!r}: give cmyk, rgb, mono, or a list of colours.")
    return name_palette(cast(InkMode, inks), None if paper is None else parse_colour(paper))
