"""The help of a command: what it does, examples, options in groups, then the rest."""

import inspect
import re
import textwrap
from collections.abc import Iterator
from typing import Any

import click

from stipple.cli.shared.near import NearChoice

OTHER = "Other"
"""The last group, of options whose stack names none."""
EXAMPLES_ON_TOP = 3


def get_group(parameter: click.Parameter) -> str:
    """Return the group of an option, which its stack names (see `add_options`)."""
    return str(vars(parameter).get("group", OTHER))


def group_options(
    command: click.Command, context: click.Context
) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """Yield groups with the words and the help of their options, as they first appear.

    `OTHER` comes last. Left out are hidden options, and arguments that have no help of their own.
    """
    groups: dict[str, list[tuple[str, str]]] = {}
    for parameter in command.get_params(context):
        record = parameter.get_help_record(context)  # None if hidden
        if record and (record[1] or isinstance(parameter, click.Option)):
            groups.setdefault(get_group(parameter), []).append(record)
    yield from sorted(groups.items(), key=lambda group: group[0] == OTHER)


def split_help(command: click.Command) -> tuple[str, str]:
    """Return the help text before and after the line `Examples:`, of help and epilog."""
    # click shows neither indentation common to all lines nor what follows a form feed.
    texts = [
        inspect.cleandoc(text).partition("\f")[0] for text in (command.help, command.epilog) if text
    ]
    parts = re.split(r"^(?:\x08\n)?Examples:\n", "\n\n".join(texts), maxsplit=1, flags=re.MULTILINE)
    examples = parts[1].replace("\b\n", "") if len(parts) > 1 else ""
    return parts[0].rstrip("\n"), textwrap.dedent(examples).strip("\n")


class ExamplesFirst(click.Command):
    """A command whose help has its first examples above the options, and details below them."""

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 (click's signature)
        """Write the first paragraph and the first examples."""
        description, examples = split_help(self)
        formatter.write_paragraph()
        with formatter.indentation():
            formatter.write_text(description.partition("\n\n")[0])
        _write_lines(formatter, "Examples", examples.splitlines()[:EXAMPLES_ON_TOP])

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 (click's signature)
        """Write the other paragraphs and examples."""
        description, examples = split_help(self)
        details = description.partition("\n\n")[2]
        if details:
            formatter.write_paragraph()
            formatter.write_text(details)
        _write_lines(formatter, "More examples", examples.splitlines()[EXAMPLES_ON_TOP:])


class GroupedCommand(ExamplesFirst):
    """A command that shows its options in groups, and asks for the nearest of mistyped choices."""

    def __init__(self, *args: Any, **extra: Any) -> None:
        super().__init__(*args, **extra)
        for parameter in self.params:
            if type(parameter.type) is click.Choice:
                parameter.type = NearChoice(parameter.type.choices)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options, a section for each group."""
        for group, records in group_options(self, ctx):
            with formatter.section(group):
                formatter.write_dl(records)


def _write_lines(formatter: click.HelpFormatter, title: str, lines: list[str]) -> None:
    """Write lines that are not to be wrapped."""
    if lines:
        with formatter.section(title):
            for line in lines:
                formatter.write(f"{'':{formatter.current_indent}}{line}\n")
