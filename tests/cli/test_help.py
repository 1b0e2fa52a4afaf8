"""Help for a newcomer: examples first, options in groups, lines that fit a terminal."""

import click
import pytest
from click.testing import CliRunner

from stipple.cli import main
from stipple.cli.group import COMMANDS
from stipple.cli.shared.help import OTHER, get_group, split_help
from stipple.cli.shared.options import add_options

GROUP = click.Context(main)
# In the order of a first use; experts' options last.
STIPPLE_GROUPS = ["Output", "Page", "Look", "Tone", "Solver", "Batch", "Other"]


def ask(*words: str) -> str:
    result = CliRunner().invoke(main, list(words), terminal_width=78)  # click's, of 80 columns
    assert result.exit_code == 0, result.output
    return result.output


@pytest.mark.parametrize("name", ["", *COMMANDS])
def test_help_fits_80_columns_and_begins_with_examples(name: str) -> None:
    shown = ask(*filter(None, [name]), "--help").splitlines()
    assert max(map(len, shown)) <= 79, max(shown, key=len)
    top = shown[: shown.index("Examples:") + 5]
    assert len(top) < 12, "nothing but the usage and a paragraph stand above the examples"
    first = top[top.index("Examples:") + 1 :]
    assert sum(line.startswith("  stipple ") for line in first) == min(3, len(_list_examples(name)))


def _list_examples(name: str) -> list[str]:
    command = main.get_command(GROUP, name) if name else main
    assert command is not None
    return split_help(command)[1].splitlines()


@pytest.mark.parametrize("name", ["", *COMMANDS])
def test_help_shows_every_example_and_every_paragraph(name: str) -> None:
    shown = " ".join(ask(*filter(None, [name]), "--help").split())
    command = main.get_command(GROUP, name) if name else main
    assert command is not None
    for text in (*_list_examples(name), *split_help(command)[0].split("\n\n")):
        assert " ".join(text.split()) in shown


def test_groups_of_stipple_are_in_the_order_of_use() -> None:
    titles = [line.rstrip(":") for line in ask("stipple", "--help").splitlines()]
    places = [titles.index(group) for group in STIPPLE_GROUPS]
    assert places == sorted(places)


@pytest.mark.parametrize("name", [name for name in COMMANDS if name not in ("samples", "doctor")])
def test_every_option_has_a_group(name: str) -> None:
    command = main.get_command(GROUP, name)
    assert command is not None
    without = [
        option.opts[-1]
        for option in command.params
        if isinstance(option, click.Option) and get_group(option) == OTHER
    ]
    assert without == [], "name their group: add_options(..., group=...)"


def test_a_stack_names_the_group_of_its_own_options_only() -> None:
    inner = add_options(click.option("--inner"), group="Inner")
    outer = add_options(click.option("--first"), inner, click.option("--last"), group="Outer")

    @outer
    @click.option("--below")
    def call() -> None:
        pass

    options = click.command(call).params
    assert {option.name: get_group(option) for option in options} == {
        "first": "Outer",
        "inner": "Inner",
        "last": "Outer",
        "below": OTHER,
    }


def test_an_option_without_a_group_is_shown_last() -> None:
    from stipple.cli.shared.help import GroupedCommand

    @click.command(cls=GroupedCommand)
    @add_options(click.option("--late"), add_options(click.option("--early"), group="Page"))
    def call() -> None:
        """Do nothing."""

    shown = CliRunner().invoke(call, ["--help"]).output
    assert shown.index("Page:") < shown.index("--early") < shown.index("Other:")
    assert shown.index("Other:") < shown.index("--late")
