"""Lengths, pages, and where the picture lies on the page. Everything is in millimetres."""

import re
from dataclasses import dataclass

import numpy as np

from stipple.arrays import Floats
from stipple.drawing.reach import NO_REACH, Reach
from stipple.errors import StippleError

MILLIMETRES = {
    "mm": 1.0,
    "cm": 10.0,
    "in": 25.4,
    "pt": 25.4 / 72,
    "pc": 25.4 / 6,
    "px": 25.4 / 96,
}
PAGES = {
    "a0": (841.0, 1189.0),
    "a1": (594.0, 841.0),
    "a2": (420.0, 594.0),
    "a3": (297.0, 420.0),
    "a4": (210.0, 297.0),
    "a5": (148.0, 210.0),
    "a6": (105.0, 148.0),
    "letter": (215.9, 279.4),
    "legal": (215.9, 355.6),
    "tabloid": (279.4, 431.8),
}

_NUMBER = r"((?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:e[+-]?[0-9]+)?)"
_UNIT = f"({'|'.join(MILLIMETRES)})"
_LENGTH = re.compile(rf"{_NUMBER}\s*{_UNIT}")
_PAGE = re.compile(rf"{_NUMBER}\s*{_UNIT}?\s*[x×]\s*{_NUMBER}\s*{_UNIT}")


def parse_length(text: str) -> float:
    """Read a length such as ``10mm``, ``0.3pt`` or ``6.5in``.

    Parameters
    ----------
    text : str
        A non-negative number and a unit: mm, cm, in, pt, pc or px (1/96 in).

    Returns
    -------
    float
        The length in millimetres.

    Raises
    ------
    StippleError
        If the text is not such a length, or has no unit.
    """
    plain = text.strip().lower()
    match = _LENGTH.fullmatch(plain)
    if match:
        return _to_millimetres(match[1], match[2], text)
    if re.fullmatch(_NUMBER, plain):
        raise StippleError(f"The length {text!r} has no unit: write for instance {plain}mm.")
    raise StippleError(
        f"{text!r} is not a length: write a number and a unit ({', '.join(MILLIMETRES)}), "
        "for instance 10mm."
    )


def parse_page(text: str) -> tuple[float, float]:
    """Read a page size: a name such as ``a4``, or ``WxH`` such as ``11x14in``.

    Parameters
    ----------
    text : str
        The name of a page, or width and height with a unit.

    Returns
    -------
    tuple of float
        Width and height in millimetres.

    Raises
    ------
    StippleError
        If the text is neither, or a side is zero.
    """
    plain = text.strip().lower()
    if plain in PAGES:
        return PAGES[plain]
    match = _PAGE.fullmatch(plain)
    if not match:
        raise StippleError(
            f"{text!r} is not a page: write one of {', '.join(PAGES)}, "
            "or a width and height with a unit, for instance 11x14in."
        )
    width = _to_millimetres(match[1], match[2] or match[4], text)
    height = _to_millimetres(match[3], match[4], text)
    if not (width > 0 and height > 0):
        raise StippleError(f"The page {text!r} has no area: give two sizes above zero.")
    return width, height


def _to_millimetres(number: str, unit: str, text: str) -> float:
    length = float(number) * MILLIMETRES[unit]
    if length == np.inf:
        raise StippleError(f"The length in {text!r} is too large: write a smaller number.")
    return length


@dataclass(frozen=True)
class Placement:
    """Where the picture lies on the page.

    Attributes
    ----------
    width, height : float
        The page, in millimetres.
    scale : float
        Millimetres per pixel of the picture.
    offset : tuple of float
        The page position, in millimetres, of the top left corner of the picture.
    """

    width: float
    height: float
    scale: float
    offset: tuple[float, float]

    def to_page(self, points: Floats) -> Floats:
        """Carry points from the picture to the page.

        Parameters
        ----------
        points : ndarray, shape (n, 2)
            Positions in pixels, x right and y down.

        Returns
        -------
        ndarray, shape (n, 2)
            Positions in millimetres.
        """
        return points * self.scale + np.array(self.offset, dtype=np.float64)


def place(
    image_shape: tuple[int, int],
    page: tuple[float, float] | None = None,
    landscape: bool | None = None,
    margin: float = 0.0,
    reach: Reach = NO_REACH,
) -> Placement:
    """Fit a picture and the ink around it inside the margins, as large as possible and centred.

    Parameters
    ----------
    image_shape : tuple of int
        Height and width of the picture in pixels.
    page : tuple of float or None
        Width and height of the page in millimetres. Without a page the picture has the size that
        fits an A4 sheet, and the page is cut to the picture with its margins.
    landscape : bool or None
        Whether the longer side of the page lies across; None turns the sheets of `PAGES` as the
        picture lies, and leaves other sizes as they are.
    margin : float
        Blank on every side, in millimetres.
    reach : Reach
        How far ink lies beyond the picture: it stays inside the margins.

    Returns
    -------
    Placement

    Raises
    ------
    StippleError
        If a size is not positive, or the margin and the reach leave no room.
    """
    rows, columns = image_shape
    if rows < 1 or columns < 1:
        raise StippleError(f"The picture has {columns} x {rows} pixels: it needs at least one.")
    if not 0 <= margin < np.inf:
        raise StippleError(f"The margin is {margin:g} mm: it must be zero or more.")
    width, height = _turn(page or PAGES["a4"], landscape, across=columns > rows)
    if not (0 < width < np.inf and 0 < height < np.inf):
        raise StippleError(f"The page is {width:g} x {height:g} mm: both sizes must be above zero.")
    inside = np.array([width, height]) - 2 * margin
    if inside.min() <= 0:
        raise StippleError(
            f"A margin of {margin:g} mm leaves no room on a page of {width:g} x {height:g} mm: "
            f"give a margin below {min(width, height) / 2:g} mm."
        )
    pixels = np.array([columns, rows])
    scale = float(
        min(
            (inside / (pixels + 2 * reach.pixels)).min(),
            ((inside - 2 * reach.millimetres) / pixels).min(),
        )
    )
    if scale <= 0:
        raise StippleError(
            f"Ink that reaches {reach.millimetres:g} mm beyond the picture leaves no room inside "
            f"margins of {margin:g} mm on a page of {width:g} x {height:g} mm: give smaller dots "
            "or a larger page."
        )
    if page is None:
        blank = margin + max(scale * reach.pixels, reach.millimetres)
        width, height = columns * scale + 2 * blank, rows * scale + 2 * blank
    offset = ((width - columns * scale) / 2, (height - rows * scale) / 2)
    return Placement(width, height, scale, offset)


def _turn(
    page: tuple[float, float], landscape: bool | None, *, across: bool
) -> tuple[float, float]:
    """Lay the longer side of a page across, or upright; None turns sheets that have a name."""
    if landscape is None:
        if page not in PAGES.values():
            return page
        landscape = across
    return (max(page), min(page)) if landscape else (min(page), max(page))
