"""SVG drawings as pictures, drawn by resvg."""

import io
import math
import re
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import BinaryIO
from xml.etree import ElementTree

from PIL import Image

from stipple.errors import StippleError
from stipple.files.open import peek

LONGER_SIDE = 1600
"""Pixels of the longer side of a drawing: enough for a hundred thousand dots."""

# Pixels in each unit of length, of 96 px an inch; em and ex at resvg's default size of letters.
_UNITS = {"": 1.0, "px": 1.0, "pt": 4 / 3, "pc": 16.0, "mm": 96 / 25.4, "cm": 960 / 25.4}
_UNITS |= {"in": 96.0, "em": 12.0, "ex": 6.0}
_LENGTH = re.compile(r"\s*([+]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*([a-z]*)\s*")
_HREF = ("href", "{http://www.w3.org/1999/xlink}href")


def is_svg(stream: BinaryIO) -> bool:
    """Tell an SVG drawing by its first bytes."""
    text = peek(stream, 4096).removeprefix(b"\xef\xbb\xbf").lstrip()
    return text.startswith(b"<") and b"<svg" in text and b"<html" not in text.lower()


def open_svg(
    stream: BinaryIO, name: str, max_pixels: int, tell: Callable[[str], None] | None
) -> Image.Image:
    """Draw an SVG on a transparent ground, its longer side of `LONGER_SIDE` pixels.

    Nothing but the stream and fonts is read: pictures that it names in other files are left out.
    Letters are drawn in the fonts of the machine, or in DejaVu.

    Parameters
    ----------
    stream : binary stream
        At the beginning of the drawing.
    name : str
        What messages call it.
    max_pixels : int
        The most pixels to draw.
    tell : callable or None
        Receives a sentence where letters are drawn, and where a picture is left out.

    Raises
    ------
    StippleError
        Where resvg is not installed; when the drawing is damaged, or has no size.
    """
    try:
        import resvg_py
    except ImportError:
        raise StippleError(
            f"{name} is an SVG drawing, and resvg_py, which draws them, is not installed: install"
            " stipple-ot[svg], or export it as PNG."
        ) from None
    try:
        root = ElementTree.fromstring(stream.read())
    except (ElementTree.ParseError, LookupError, ValueError) as error:
        raise StippleError(f"{name} is no whole SVG drawing ({error}): export it again.") from None
    width, height = _fit(root, name)
    if width * height > max_pixels:
        raise StippleError(
            f"{name} would be drawn in {width}×{height} pixels, more than the {max_pixels:,}"
            " allowed: raise --max-pixels."
        )
    has_letters = any(_get_name(element) == "text" for element in root.iter())
    left_out = _clean(root)
    if tell is not None and left_out:
        tell(f"{name} names {left_out:,} pictures in other files, which are left out.")
    if tell is not None and has_letters:
        tell(
            f"{name} has letters, drawn in fonts of this machine or in DejaVu: as paths they are"
            " the same everywhere."
        )
    try:
        data = resvg_py.svg_to_bytes(
            svg_string=ElementTree.tostring(root, encoding="unicode"),
            skip_system_fonts=not has_letters,
            font_dirs=_find_fonts() if has_letters else None,
            font_family="DejaVu Sans",
            serif_family="DejaVu Serif",
            sans_serif_family="DejaVu Sans",
            monospace_family="DejaVu Sans Mono",
        )
    except (ValueError, OSError, RecursionError) as error:
        reason = " ".join(str(error).split())
        raise StippleError(f"{name} cannot be drawn ({reason}): export it again.") from None
    return Image.open(io.BytesIO(data), formats=("PNG",))


def _fit(root: ElementTree.Element, name: str) -> tuple[int, int]:
    """Make the longer side of a drawing `LONGER_SIDE` pixels; return the width and height."""
    if _get_name(root) != "svg":
        raise StippleError(f"{name} is no SVG drawing: its outermost element is {root.tag!r}.")
    width, height = (_read_length(root.get(side, "")) for side in ("width", "height"))
    box = [_read_length(part) for part in re.split(r"[\s,]+", root.get("viewBox", "").strip())[2:]]
    if len(box) == 2 and box[0] and box[1]:
        if width is None:
            width = box[0] if height is None else height * box[0] / box[1]
        if height is None:
            height = width * box[1] / box[0]
    if not (width and height):
        raise StippleError(
            f"{name} says neither width and height nor a viewBox: add one to its first line."
        )
    root.attrib.setdefault("viewBox", f"0 0 {width} {height}")
    longer = max(width, height)
    columns, rows = (max(1, round(LONGER_SIDE * (side / longer))) for side in (width, height))
    root.attrib |= {"width": str(columns), "height": str(rows)}
    return columns, rows


def _find_fonts() -> list[str]:
    """Find the folder of fonts that Matplotlib brings, for machines that have none."""
    found = find_spec("matplotlib")
    return [str(Path(found.origin).parent / "mpl-data/fonts/ttf")] if found and found.origin else []


def _read_length(text: str) -> float | None:
    """Read a length in pixels; None for percents and whatever else is none."""
    match = _LENGTH.fullmatch(text)
    if match is None or match[2] not in _UNITS:
        return None
    length = float(match[1]) * _UNITS[match[2]]
    return length if math.isfinite(length) else None


def _clean(root: ElementTree.Element) -> int:
    """Take references to pictures in other files out of a drawing; return how many there were."""
    left_out = 0
    for element in root.iter():
        if _get_name(element) not in ("image", "feImage"):
            continue
        for attribute in _HREF:
            target = element.get(attribute, "#").strip()
            if not target.startswith(("#", "data:")):
                del element.attrib[attribute]
                left_out += 1
    return left_out


def _get_name(element: ElementTree.Element) -> str:
    """Return the name of an element without its namespace."""
    return str(element.tag).rpartition("}")[2]
