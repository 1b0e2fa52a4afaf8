"""docs/sources.md: what the five sources state is measured by today's code, as the page says."""

import re
import shlex
import sys

import click
import pytest
from command import ROOT

from stipple.cli import main

sys.path.insert(0, str(ROOT / "benchmarks"))
from source_rows import Row
from sources import describe, list_rows

sys.path.pop(0)
PAGE = (ROOT / "docs" / "sources.md").read_text(encoding="utf-8")
ROWS = list_rows()
VERDICT = re.compile("agrees|holds|vacuous|drawn|differs(: | from the )|not rerun: ")
NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e[-+]?\d+)?")


def list_cells(line: str) -> list[str]:
    return line.strip("| ").split(" | ")


def list_lines() -> list[str]:
    table = PAGE[PAGE.index("| source | statement |") :]
    return re.findall(r"^\| (?!source ).+ \|$", table, re.M)


def mark(row: Row) -> object:
    marks = () if row.is_cheap else pytest.mark.slow
    return pytest.param(row, id=f"{row.source}: {row.statement}", marks=marks)


def test_every_statement_is_on_the_page() -> None:
    lines = [list_cells(line)[:4] for line in list_lines()]
    assert lines == [
        [
            row.source,
            row.statement,
            f"`{row.command}`" if row.command else "–",
            row.published or "–",
        ]
        for row in ROWS
    ]


@pytest.mark.parametrize("row", [mark(row) for row in ROWS])
def test_the_page_says_what_is_measured(row: Row) -> None:
    """Words and verdicts are the same, figures to half a percent or rounding."""
    said, found = (list_cells(line) for line in (list_lines()[ROWS.index(row)], describe(row)))
    assert len(found) == 6
    assert found[5] == said[5]
    assert NUMBER.sub("#", found[4]) == NUMBER.sub("#", said[4])
    for one, other in zip(NUMBER.findall(found[4]), NUMBER.findall(said[4]), strict=True):
        assert float(one) == pytest.approx(float(other), rel=5e-3, abs=1e-6)


def test_every_statement_has_a_verdict() -> None:
    assert len(ROWS) > 50
    for line in list_lines():
        cells = list_cells(line)
        assert VERDICT.match(cells[5]), line
        assert "missing" not in line
        assert (cells[2] == "–") == cells[5].startswith("not rerun"), line
        assert "**" not in cells[5], line


@pytest.mark.parametrize("command", sorted({row.command for row in ROWS} - {""}))
def test_every_command_is_one(command: str) -> None:
    """Rules are in the Makefile, and subcommands take the words."""
    program, *words = shlex.split(command)
    if program == "make":
        assert f"\n{words[0]}:" in (ROOT / "Makefile").read_text(encoding="utf-8")
        return
    assert program == "stipple"
    subcommand = main.get_command(click.Context(main), words[0])
    assert subcommand is not None
    subcommand.make_context(words[0], words[1:])


def test_sources_are_all_there() -> None:
    """Each of the sources that the page lists has statements."""
    listed = re.findall(r"^- \*\*(.+?)\*\*", PAGE, re.M)
    assert listed == list(
        dict.fromkeys(row.source.partition(",")[0].split(" and")[0] for row in ROWS)
    )
