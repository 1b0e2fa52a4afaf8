"""The known name that is nearest to a mistyped one."""

from collections.abc import Iterable
from typing import Any

import click


def suggest(word: str, names: Iterable[str]) -> str:
    """Ask for the nearest of the names, after a blank; nothing where none is near.

    Examples
    --------
    >>> suggest("llyod", ["stipple", "lloyd"])
    " Did you mean 'lloyd'?"
    >>> suggest("cat", ["stipple", "lloyd"])
    ''
    """
    from difflib import get_close_matches

    near = get_close_matches(word.lower(), names, n=1)
    return f" Did you mean {near[0]!r}?" if near else ""


class NearChoice(click.Choice[str]):
    """A choice that asks for the nearest value where a word is none of them."""

    def get_invalid_choice_message(self, value: Any, ctx: click.Context | None) -> str:
        """Say what the values are, and which one may have been meant."""
        message = super().get_invalid_choice_message(value, ctx)
        return f"{message}{suggest(str(value), self.choices)}"
