"""Published examples by their names."""

from collections.abc import Mapping
from typing import TypeVar

import click

Preset = TypeVar("Preset")


def find_preset(name: str, presets: Mapping[str, Preset]) -> Preset:
    """Find a preset by its name.

    Raises
    ------
    click.UsageError
        If there is none, with the names that there are.
    """
    if name not in presets:
        raise click.UsageError(f"Unknown preset {name!r}: known are {', '.join(presets)}.")
    return presets[name]
