"""Types of option values: lengths, pages, colours, sizes, lists. Each says what it expects."""

import math
import re
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, get_args

import click
from click.shell_completion import CompletionItem

from stipple.choices import Levels, Rival
from stipple.cli.shared.counts import read_count
from stipple.cli.shared.near import suggest
from stipple.errors import StippleError

if TYPE_CHECKING:
    _Type = click.ParamType[Any]
else:  # generic since click 8.5 only
    _Type = click.ParamType

MOST_PREFIXES = 1_000_000


class _ParsedType(_Type):
    """A type whose parser raises `StippleError`, told by click as a usage error."""

    def __init__(
        self,
        name: str,
        parse: Callable[[str], Any],
        list_names: Callable[[], Iterable[str]] = tuple,
    ) -> None:
        self.name = name
        self._parse = parse
        self._list_names = list_names

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Parse text; values that are parsed already pass."""
        if not isinstance(value, str):
            return value
        try:
            return self._parse(value)
        except StippleError as error:
            self.fail(f"{error}{self._suggest_part(value)}", param, ctx)

    def _suggest_part(self, value: str) -> str:
        """Ask for the name that is nearest to the first mistyped one of a list."""
        names = list(self._list_names())
        hints = (suggest(part.strip(), names) for part in value.split(",") if part not in names)
        return next(filter(None, hints), "")

    def shell_complete(
        self,
        ctx: click.Context,  # noqa: ARG002 (click's signature)
        param: click.Parameter,  # noqa: ARG002 (click's signature)
        incomplete: str,
    ) -> list[CompletionItem]:
        """Complete names: of pages, of colours; after a comma the next one of a list."""
        before, comma, last = incomplete.rpartition(",")
        return [
            CompletionItem(f"{before}{comma}{name}")
            for name in self._list_names()
            if name.startswith(last.lower())
        ]


class FiniteRange(click.FloatRange):
    """A range of numbers without NaN (which passes every comparison of a range) and infinity."""

    name = "number"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Parse a number."""
        number = super().convert(value, param, ctx)
        if not math.isfinite(number):
            self.fail(f"{value!r} is not a finite number.", param, ctx)
        return number


class Portion(FiniteRange):
    """A range of numbers that may be written as percents: 5% is 0.05."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Parse a number, or one of hundredths before a percent sign."""
        if isinstance(value, str) and value.endswith("%"):
            try:
                value = _read_share(value)
            except ValueError:
                self.fail(f"{value!r} is not a number of percents.", param, ctx)
        return super().convert(value, param, ctx)


def _read_share(text: str) -> float:
    """Read a number, or one of hundredths before a percent sign; ValueError for other text."""
    return float(text.removesuffix("%")) / 100 if text.endswith("%") else float(text)


def _list_pages() -> Iterable[str]:
    from stipple.drawing.page import PAGES

    return PAGES


def _list_colours() -> Iterable[str]:
    from PIL import ImageColor

    return ImageColor.colormap


def _list_backgrounds() -> Iterable[str]:
    return ("none", "auto", "transparent", *_list_colours())


def _parse_length(text: str) -> float:
    from stipple.drawing.page import parse_length

    return parse_length(text)


def _parse_page(text: str) -> tuple[float, float]:
    from stipple.drawing.page import parse_page

    return parse_page(text)


def _parse_radius(text: str) -> float | None:
    if text == "auto":
        return None
    radius = _parse_length(text)
    if radius <= 0:
        raise StippleError(f"The radius is {text}: give a length above zero, or auto.")
    return radius


def _parse_pen(text: str) -> float:
    width = _parse_length(text)
    if width <= 0:
        raise StippleError(f"The pen is {text} wide: give a width above zero.")
    return width


def _parse_colour(text: str) -> str:
    from stipple.measures.inks import parse_colour

    return parse_colour(text)


def _parse_inks(text: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in text.split(","))
    for name in names:
        _parse_colour(name)
    return names


def _parse_background(text: str) -> str:
    if text == "transparent":
        return "none"
    return text if text in ("none", "auto") else _parse_colour(text)


def _parse_levels(text: str) -> "Levels":
    from stipple.measures.levels import check_levels

    parts = [part if part.endswith("%") else _read_number(part) for part in text.split(",")]
    if text != "auto" and len(parts) != 2:
        raise StippleError(
            f"{text!r} has no two levels: write auto, or BLACK,WHITE such as 10,240 or 2%,98%."
        )
    levels: Levels = "auto" if text == "auto" else (parts[0], parts[1])
    check_levels(levels)
    return levels


def _read_number(text: str) -> float | str:
    """Read a number; anything else stays text, to be refused as what it is."""
    try:
        return float(text)
    except ValueError:
        return text


def _parse_size(text: str) -> int | tuple[int, int]:
    match = re.fullmatch(r"(\d{1,9})(?:[x×](\d{1,9}))?", text)
    if not match:
        raise StippleError(f"{text!r} is not a size: write the longer side in pixels, or WxH.")
    return (int(match[1]), int(match[2])) if match[2] else int(match[1])


def _parse_names(kind: str, known: tuple[str, ...], text: str) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(text.split(",")))
    unknown = [name for name in names if name not in known]
    if unknown:
        raise StippleError(f"Unknown {kind} {', '.join(unknown)!r}: name any of {','.join(known)}.")
    return names


def _parse_marks(known: tuple[str, ...], text: str) -> frozenset[str]:
    return frozenset(_parse_names("mark", known, text))


def _parse_prefixes(text: str) -> range:
    match = re.fullmatch(r"([^:]+):([^:]+)(?::([^:]+))?", text)
    first = last = step = 0
    with suppress(StippleError):
        first, last, step = map(read_count, match.groups("1")) if match else (0, 0, 0)
    if not 1 <= first <= last or step < 1:
        raise StippleError(
            f"{text!r} is not a range of prefixes: write A:B or A:B:STEP, with 1 ≤ A ≤ B."
        )
    prefixes = range(first, last + 1, step)
    if last - first >= MOST_PREFIXES * step:
        raise StippleError(f"{text} has more than {MOST_PREFIXES:,} prefixes: give a larger STEP.")
    return prefixes


_MARKS = ("dots", "cells", "tour")
_RIVALS = (*get_args(Rival), "stipple")
LENGTH = _ParsedType("length", _parse_length)
PAGE = _ParsedType("page", _parse_page, _list_pages)
RADIUS = _ParsedType("length|auto", _parse_radius)
PEN = _ParsedType("width", _parse_pen)
COLOUR = _ParsedType("colour", _parse_colour, _list_colours)
INKS = _ParsedType("colours", _parse_inks, _list_colours)
BACKGROUND = _ParsedType("colour|none", _parse_background, _list_backgrounds)
LEVELS = _ParsedType("auto|BLACK,WHITE", _parse_levels)
SIZE = _ParsedType("side|WxH", _parse_size)
MARKS = _ParsedType("marks", partial(_parse_marks, _MARKS), lambda: _MARKS)
ATOM_MARKS = _ParsedType("marks", partial(_parse_marks, _MARKS[:2]), lambda: _MARKS[:2])
RIVALS = _ParsedType("names", partial(_parse_names, "name", _RIVALS), lambda: _RIVALS)
PREFIXES = _ParsedType("A:B[:STEP]", _parse_prefixes)


def _parse_numbers(text: str) -> tuple[float, ...]:
    try:
        numbers = tuple(float(part) for part in text.split(","))
    except ValueError:
        raise StippleError(f"{text!r} is not a list of numbers such as 0,0.5,1.") from None
    if not all(math.isfinite(number) for number in numbers):
        raise StippleError(f"{text!r} has a number that is not finite.")
    return numbers


def _parse_counts(text: str) -> tuple[int, ...]:
    try:
        return tuple(map(read_count, text.split(",")))
    except StippleError:
        raise StippleError(f"{text!r} is not a list of whole numbers such as 400,1.6k.") from None


def _parse_naive(text: str) -> tuple[int, tuple[int, ...]]:
    match = re.fullmatch(r"(\d{1,9})(?::(\d{1,9}(?:,\d{1,9})*))?", text)
    sizes = tuple(int(size) for size in match[2].split(",")) if match and match[2] else ()
    if match is None or 0 in sizes:
        raise StippleError(
            f"{text!r} is no number of samplings: write R, or R:SIZES such as 1000:3,10,40."
        )
    return int(match[1]), sizes


def _parse_steps(text: str) -> int | str | None:
    if text == "theorem":
        return None
    if text == "plateau":
        return text
    if not re.fullmatch(r"\d{1,9}", text):
        raise StippleError(
            f"{text!r} is not a number of steps: write a whole number, theorem or plateau."
        )
    return int(text)


def _parse_capacity(text: str) -> tuple[float, float]:
    parts = text.split(",")
    try:
        least, most = map(_read_share, parts)
    except ValueError:
        raise StippleError(
            f"{text!r} has no two capacities: write LEAST,MOST such as 4%,6% or 0,0.1."
        ) from None
    if not 0 <= least <= most <= 1 or most == 0:
        raise StippleError(
            f"The capacities {text!r} are no shares of the mass: give LEAST,MOST from 0% to 100%,"
            " the smaller one first."
        )
    return least, most


CAPACITY = _ParsedType("capacity", _parse_capacity)


def _parse_shares(text: str) -> tuple[float, ...]:
    try:
        shares = tuple(map(_read_share, text.split(",")))
    except ValueError:
        raise StippleError(
            f"{text!r} is not a list of shares such as 0.3,0.7 or 30%,70%."
        ) from None
    if not all(map(math.isfinite, shares)):
        raise StippleError(f"{text!r} has a share that is not finite.")
    return shares


def _parse_spacing(text: str) -> tuple[float, ...]:
    try:
        lengths = tuple(map(float, text.split(",")))
    except ValueError:
        lengths = ()
    if len(lengths) != 3 or not all(math.isfinite(one) and one > 0 for one in lengths):
        raise StippleError(f"{text!r} is not three positive lengths such as 1,1,2.5.")
    return lengths


SPACING = _ParsedType("lengths", _parse_spacing)
NUMBERS = _ParsedType("numbers", _parse_numbers)
SHARES = _ParsedType("shares", _parse_shares)
COUNTS = _ParsedType("counts", _parse_counts)
NAIVE = _ParsedType("R[:SIZES]", _parse_naive)
STEPS = _ParsedType("steps", _parse_steps)
