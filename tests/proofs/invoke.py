"""Run a subcommand as a person does, and read what it prints and reports."""

import json
import re
from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from click.testing import CliRunner

from stipple.cli import main

NUMBER = r"(-?\d[\d.]*(?:[eE][-+]?\d+)?)"


class Outcome(NamedTuple):
    """What a person reads, what went to standard output, the report, and why there is none."""

    printed: str
    data: str
    report: dict[str, Any]
    failure: str | None


def invoke(*words: object, files: Mapping[str, str] | None = None) -> Outcome:
    """Run a subcommand with a report; words that name one of the files become its path."""
    files = files or {}
    with TemporaryDirectory() as folder:
        for name, text in files.items():
            Path(folder, name).write_text(text, encoding="utf-8")
        line = [str(Path(folder, word)) if word in files else str(word) for word in words]
        target = Path(folder, "report.json")
        result = CliRunner().invoke(main, [*line, "--report", str(target)])
        if result.exit_code != 0:
            reason = f"exit code {result.exit_code}, {result.output[-200:]!r} {result.exception!r}"
            return Outcome(result.stderr, result.stdout, {}, f"{' '.join(line)}: {reason}")
        report = json.loads(target.read_text(encoding="utf-8"))
        return Outcome(result.stderr, result.stdout, report, None)


def read_ends(pattern: str, text: str) -> tuple[Fraction, Fraction] | None:
    """Find an interval by a pattern with `<` for its lower and `>` for its upper end."""
    expression = re.escape(pattern).replace("<", NUMBER).replace(">", NUMBER)
    match = re.search(expression.replace(r"\ ", r"\s+"), text)
    if match is None:
        return None
    first, *others = (Fraction(Decimal(number)) for number in match.groups())
    return first, others[0] if others else first


def hold(printed: tuple[Fraction, Fraction] | None, lower: float, upper: float) -> bool:
    """Whether printed ends are there, and enclose those of the report."""
    return printed is not None and printed[0] <= Fraction(lower) <= Fraction(upper) <= printed[1]
