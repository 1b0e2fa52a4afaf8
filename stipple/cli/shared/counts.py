"""Numbers of points as people write them: 10000, 10k, 1.5k, 1M."""

import re
from decimal import Decimal
from typing import Any

import click

from stipple.errors import StippleError

_MULTIPLES = {"": 1, "k": 1_000, "m": 1_000_000}


def read_count(text: str) -> int:
    """Read a whole number, with k or M for thousands and millions.

    Examples
    --------
    >>> read_count("1.5k")
    1500

    Raises
    ------
    StippleError
        If the text is none.
    """
    match = re.fullmatch(r"(\d{1,18}(?:\.\d{1,9})?)([km]?)", text.strip(), re.IGNORECASE)
    number = Decimal(match[1]) * _MULTIPLES[match[2].lower()] if match else Decimal("0.5")
    if number != int(number) or (match and not match[2] and "." in match[1]):
        raise StippleError(f"{text!r} is not a whole number such as 5000, 10k, 1.5k or 1M.")
    return int(number)


class Count(click.IntRange):
    """A range of whole numbers that may be written with k or M, or commas between thousands."""

    name = "count"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Read a count, and check that it is in the range."""
        if isinstance(value, str) and not re.fullmatch(r"[+-]?\d+", value):
            plain = value.replace(",", "") if re.fullmatch(r"\d{1,3}(,\d{3})+", value) else value
            try:
                value = read_count(plain)
            except StippleError as error:
                self.fail(str(error), param, ctx)
        return super().convert(value, param, ctx)
