"""Types of option values: lengths, pages, colours, sizes, lists. Each says what it expects."""

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from stipple.errors import StippleError

if TYPE_CHECKING:
    _Type = click.ParamType[Any]
else:  # generic since click 8.5 only
    _Type = click.ParamType


class _ParsedType(_Type):
    """A type whose parser raises `StippleError`, told by click as a usage error."""

    def __init__(self, name: str, parse: Callable[[str], Any]) -> None:
        self.name = name
        self._parse = parse

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Parse text; values that are parsed already pass."""
        if not isinstance(value, str):
            return value
        try:
            return self._parse(value)
        except StippleError as error:
            self.fail(str(error), param, ctx)


def _parse_length(text: str) -> float:
    from stipple.page import parse_length

    return parse_length(text)


def _parse_page(text: str) -> tuple[float, float]:
    from stipple.page import parse_page

    return parse_page(text)


def _parse_radius(text: str) -> float | None:
    if text == "auto":
        return None
    radius = _parse_length(text)
    if radius <= 0:
        raise StippleError(f"the radius is {text}: give a length above zero, or auto.")
    return radius


def _parse_colour(text: str) -> str:
    from PIL import ImageColor

    try:
        red, green, blue = ImageColor.getrgb(text)[:3]
    except ValueError:
        raise StippleError(
            f"{text!r} is not a colour: write a name such as navy, or #rrggbb."
        ) from None
    return f"#{red:02x}{green:02x}{blue:02x}"


def _parse_background(text: str) -> str:
    return text if text in ("none", "auto") else _parse_colour(text)


def _parse_size(text: str) -> int | tuple[int, int]:
    match = re.fullmatch(r"(\d{1,9})(?:[x×](\d{1,9}))?", text)
    if not match:
        raise StippleError(f"{text!r} is not a size: write the longer side in pixels, or WxH.")
    return (int(match[1]), int(match[2])) if match[2] else int(match[1])


def _parse_marks(text: str) -> frozenset[str]:
    known = ("dots", "cells", "tour")
    marks = frozenset(text.split(","))
    if not marks <= set(known):
        unknown = ", ".join(sorted(marks - set(known)))
        raise StippleError(f"unknown mark {unknown!r}: name any of {','.join(known)}.")
    return marks


LENGTH = _ParsedType("length", _parse_length)
PAGE = _ParsedType("page", _parse_page)
RADIUS = _ParsedType("length|auto", _parse_radius)
COLOUR = _ParsedType("colour", _parse_colour)
BACKGROUND = _ParsedType("colour|none", _parse_background)
SIZE = _ParsedType("side|WxH", _parse_size)
MARKS = _ParsedType("marks", _parse_marks)
