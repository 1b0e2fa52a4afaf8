"""Manual pages from the click definitions: `python -m stipple.cli.manual FOLDER`.

click-man 0.6.0 does not serve: it writes the date, does not escape roff, cuts the NAME line at 45
characters, and does not see subcommands that are loaded when they are asked for.
"""

import re
import textwrap
from collections.abc import Iterator
from pathlib import Path

import click

from stipple.cli.shared.ends import EXIT_STATUS
from stipple.cli.shared.help import group_options, split_help

ROFF_ESCAPES = {"\\": r"\e", "-": r"\-", "'": r"\(aq", "`": r"\(ga", "^": r"\(ha", "~": r"\(ti"}


def escape_roff(text: str) -> str:
    r"""Return roff source that prints `text` as it is, in ASCII; `\&` guards leading dots."""
    escaped = "".join(
        ROFF_ESCAPES.get(character, character)
        if character.isascii()
        else f"\\[u{ord(character):04X}]"
        for character in text
    )
    return re.sub(r"^\.", r"\\&.", escaped, flags=re.MULTILINE)


def render_manual(command: click.Command, name: str, parent: click.Context | None = None) -> str:
    r"""Return the manual page of a command as roff source, the same at any time and place.

    Parameters
    ----------
    command : click.Command
        The command; a group lists its subcommands. In its help and epilog, paragraphs marked
        `\b` keep their lines, and all that follows a line `Examples:` becomes that section.
    name : str
        What people type to run it, such as `stipple lloyd`.
    parent : click.Context, optional
        That of its group, from which it takes settings such as the names of the help option.
    """
    context = click.Context(command, parent, info_name=name, **command.context_settings)
    description, examples = split_help(command)
    summary = command.get_short_help_str(limit=1000).rstrip(".")
    usage = " ".join(command.collect_usage_pieces(context))
    page = _name_page(name)
    lines = [
        f'.TH "{escape_roff(page.upper())}" 1 "" "" "{escape_roff(name.split()[0])} manual"',
        ".SH NAME",
        f"{escape_roff(page)} \\- {escape_roff(summary)}",
        ".SH SYNOPSIS",
        f"{_bold(name)} {escape_roff(usage)}",
        ".SH DESCRIPTION",
        *_render_paragraphs(description),
        ".SH OPTIONS",
    ]
    groups = list(group_options(command, context))
    for group, records in groups:
        if len(groups) > 1:
            lines.append(f".SS {escape_roff(group)}")
        for declaration, text in records:
            lines += [".TP", _render_declaration(declaration), *_render_paragraphs(text)]
    subcommands = list(_list_subcommands(command, context))
    if subcommands:
        lines.append(".SH COMMANDS")
        for subcommand_name, subcommand in subcommands:
            summary = subcommand.get_short_help_str(limit=1000)
            lines += [".TP", _bold(subcommand_name), *_render_paragraphs(summary)]
    if examples:
        lines += [".SH EXAMPLES", *_render_verbatim(examples)]
    lines.append(".SH EXIT STATUS")
    for status, meaning in EXIT_STATUS.items():
        lines += [".TP", _bold(status), escape_roff(meaning)]
    group, _, _ = name.rpartition(" ")
    related = [group] if group else []
    related += [f"{name} {subcommand_name}" for subcommand_name, _ in subcommands]
    if related:
        pages = ",\n".join(f"{_bold(_name_page(other))}(1)" for other in related)
        lines += [".SH SEE ALSO", pages]
    return "\n".join(lines) + "\n"


def render_manuals(command: click.Command, name: str) -> dict[str, str]:
    """Return the pages of a command and its subcommands by file name, such as `stipple.1`."""
    context = click.Context(command, info_name=name, **command.context_settings)
    pages = {f"{_name_page(name)}.1": render_manual(command, name)}
    for subcommand_name, subcommand in _list_subcommands(command, context):
        path = f"{name} {subcommand_name}"
        pages[f"{_name_page(path)}.1"] = render_manual(subcommand, path, context)
    return pages


def _list_subcommands(
    command: click.Command, context: click.Context
) -> Iterator[tuple[str, click.Command]]:
    """Yield the visible subcommands, also those that a group loads when they are asked for."""
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            subcommand = command.get_command(context, name)
            if subcommand is not None and not subcommand.hidden:
                yield name, subcommand


def _name_page(name: str) -> str:
    """Return `stipple-lloyd` for `stipple lloyd`."""
    return name.replace(" ", "-")


def _bold(text: str) -> str:
    return rf"\fB{escape_roff(text)}\fR"


def _render_declaration(declaration: str) -> str:
    """Return `-n, --points INTEGER` with the names in bold and the metavar in italics."""
    names = re.match(r"(-[^\s,]+(, | / | |$))*", declaration)
    assert names is not None
    metavar = declaration[names.end() :]
    bold = re.sub(r"-[^\s,]+", lambda name: _bold(name[0]), names[0])
    return rf"{bold}\fI{escape_roff(metavar)}\fR" if metavar else bold


def _render_paragraphs(text: str) -> list[str]:
    r"""Return filled paragraphs, and as they are those that start with a line of `\b` alone."""
    lines: list[str] = []
    for paragraph in re.split(r"\n\s*\n", text.strip("\n")):
        if lines:
            lines.append(".sp")  # a blank line that keeps the indentation
        if paragraph.startswith("\b\n"):
            lines += _render_verbatim(paragraph[2:])
        else:
            words = " ".join(paragraph.split())
            filled = textwrap.fill(words, 72, break_long_words=False, break_on_hyphens=False)
            lines += escape_roff(filled).splitlines()
    return lines


def _render_verbatim(text: str) -> list[str]:
    """Return lines that are neither joined nor broken."""
    return [".nf", *escape_roff(text).splitlines(), ".fi"]


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
def write_manuals(folder: Path) -> None:
    """Write the manual pages of stipple into FOLDER."""
    from stipple.cli import main

    folder.mkdir(parents=True, exist_ok=True)
    for file_name, page in render_manuals(main, "stipple").items():
        (folder / file_name).write_text(page, encoding="ascii", newline="\n")


if __name__ == "__main__":
    write_manuals()
