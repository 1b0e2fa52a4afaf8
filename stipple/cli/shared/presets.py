"""Published examples by their names."""

from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

import click
from click.shell_completion import CompletionItem

from stipple.cli.shared.near import suggest

Preset = TypeVar("Preset")


def find_preset(name: str, presets: Mapping[str, Preset]) -> Preset:
    """Find a preset by its name.

    Raises
    ------
    click.UsageError
        If there is none, with the names that there are.
    """
    if name not in presets:
        hint = suggest(name, presets)
        raise click.UsageError(f"Unknown preset {name!r}: known are {', '.join(presets)}.{hint}")
    return presets[name]


def complete_presets(
    list_names: Callable[[], Iterable[str]],
) -> Callable[[click.Context, click.Parameter, str], list[CompletionItem]]:
    """Return what completes the names of presets in a shell; they are listed when asked for."""

    def complete(
        context: click.Context,  # noqa: ARG001 (click's signature)
        option: click.Parameter,  # noqa: ARG001 (click's signature)
        incomplete: str,
    ) -> list[CompletionItem]:
        return [CompletionItem(name) for name in list_names() if name.startswith(incomplete)]

    return complete
