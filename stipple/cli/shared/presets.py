"""Published examples by their names."""

import textwrap
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeAlias, TypeVar

import click
from click.shell_completion import CompletionItem

from stipple.cli.shared.near import suggest

Preset = TypeVar("Preset")
Described: TypeAlias = tuple[str, str, str]
"""The name of a preset, its title, and its details."""

WIDTH = 80  # columns


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
    describe: Callable[[], Iterable[Described]],
) -> Callable[[click.Context, click.Parameter, str], list[CompletionItem]]:
    """Return what completes the names of presets in a shell; they are listed when asked for."""

    def complete(
        context: click.Context,  # noqa: ARG001 (click's signature)
        option: click.Parameter,  # noqa: ARG001 (click's signature)
        incomplete: str,
    ) -> list[CompletionItem]:
        names = [name for name, _, _ in describe()]
        return [CompletionItem(name) for name in names if name.startswith(incomplete)]

    return complete


def make_list_presets_option(
    describe: Callable[[], Iterable[Described]],
) -> Callable[[Any], Any]:
    """Make the option that lists presets and ends the program."""

    def tell(context: click.Context, _: click.Parameter, asked: bool) -> None:
        if asked:
            click.echo("\n".join(_list_lines(list(describe()))))
            context.exit()

    return click.option(
        "--list-presets",
        is_flag=True,
        is_eager=True,
        expose_value=False,
        callback=tell,
        help="List the presets and what they are.",
    )


def _list_lines(presets: list[Described]) -> Iterable[str]:
    """Yield the name and title of each preset, and below, indented as much, its details."""
    wide = max(len(name) for name, _, _ in presets) + 2
    for name, title, details in presets:
        for text, first in ((title, f"{name:{wide}}"), (details, " " * wide)):
            yield from textwrap.wrap(
                text,
                WIDTH,
                initial_indent=first,
                subsequent_indent=" " * wide,
                break_long_words=False,
                break_on_hyphens=False,
            )
