"""Statements of sources, and how each is measured.

A row takes its figure from a run of its command, or from a page that another rule of the Makefile
wrote; no measured figure is typed here.
"""

import json
import os
import shlex
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from click.testing import CliRunner

from stipple.cli import main

ROOT = Path(__file__).parent.parent
DRAWN = "drawn"

Measured = tuple[str, str]
Report = dict[str, Any]


@dataclass(frozen=True)
class Row:
    """A statement of a source.

    Attributes
    ----------
    source, statement : str
        Who says what.
    command : str
        What reruns it; empty where nothing does.
    published : str
        The figure of the source; empty where there is none.
    measure : callable
        Measures, and returns the figure and the verdict.
    is_cheap : bool
        Whether that takes about a second.
    """

    source: str
    statement: str
    command: str
    published: str
    measure: Callable[[], Measured]
    is_cheap: bool = False


@cache
def run(command: str) -> Report:
    """Run a command in this process, in a folder with the samples, and read its report."""
    words = [*shlex.split(command)[1:], "-q", "--report", "report.json"]
    home = Path.cwd()
    with TemporaryDirectory() as folder:
        Path(folder, "samples").symlink_to(ROOT / "samples")
        os.chdir(folder)
        try:
            done = CliRunner().invoke(main, words, catch_exceptions=False)
        finally:
            os.chdir(home)
        if done.exit_code:
            raise RuntimeError(f"{command}: {done.output}")
        report: Report = json.loads(Path(folder, "report.json").read_text(encoding="utf-8"))
    return report


def rerun(
    source: str,
    statement: str,
    command: str,
    published: str,
    read: Callable[[Report], Measured],
    *,
    is_cheap: bool = False,
) -> Row:
    """State what a command measures."""
    return Row(source, statement, command, published, lambda: read(run(command)), is_cheap)


def quote(
    source: str,
    statement: str,
    command: str,
    published: str,
    read: Callable[[], Measured],
    page: str,
) -> Row:
    """State what a page of docs/ says, and name the page."""

    def measure() -> Measured:
        measured, verdict = read()
        return f"{measured} ([{page}]({page}.md))", verdict

    return Row(source, statement, command, published, measure, is_cheap=True)


def leave(source: str, statement: str, published: str, why: str) -> Row:
    """State that nothing is rerun, and why."""
    return Row(source, statement, "", published, lambda: ("–", f"not rerun: {why}"), is_cheap=True)


def read_page(name: str) -> str:
    """Read a page of docs/."""
    return (ROOT / "docs" / f"{name}.md").read_text(encoding="utf-8")


def judge(is_so: bool, verdict: str = "holds", otherwise: str = "**differs**") -> str:
    """Choose the verdict."""
    return verdict if is_so else otherwise


def judge_vacuous(vacuous: int, rows: int) -> str:
    """Say of how many rows a statement that holds says nothing."""
    if vacuous == rows:
        return "vacuous"
    return f"holds; vacuous on {vacuous} of {rows} rows" if vacuous else "holds"
