"""`stipple doctor`: what this machine has, what is missing, and what takes its place."""

import sys
from collections.abc import Sequence
from itertools import groupby
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from stipple.cli.doctor.diagnosis import Finding

EXAMPLES = """\
\b
Examples:
  stipple doctor
  stipple doctor --json | python -m json.tool
"""
MARKS = {"ok": "ok", "fallback": "--", "broken": "BROKEN"}


@click.command("doctor", short_help="Check the installation.", epilog=EXAMPLES)
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for bug reports and scripts.")
def command(as_json: bool) -> int:
    """Check what this machine has for stipple, what is missing, and what takes its place.

    Each thing is "ok"; or "--", where something else does its work; or BROKEN, where stipple cannot
    work: only then the exit code is 1. Both engines for power cells stipple a tiny picture.
    """
    from stipple.cli.doctor.diagnosis import diagnose
    from stipple.files.tables import render_json
    from stipple.files.write import write_stdout

    findings = diagnose()
    if as_json:
        write_stdout(render_json(_collect(findings)))
    else:
        encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
        write_stdout(_format(findings).encode(encoding, errors="backslashreplace"))
    return int(_is_broken(findings))


def _is_broken(findings: "Sequence[Finding]") -> bool:
    return any(finding.state == "broken" for finding in findings)


def _collect(findings: "Sequence[Finding]") -> dict[str, object]:
    """Arrange the findings by topic and name."""
    topics = {
        topic: {
            finding.name: {
                "state": finding.state,
                "value": finding.value,
                "advice": finding.advice,
            }
            for finding in group
        }
        for topic, group in groupby(findings, key=lambda finding: finding.topic)
    }
    return {"works": not _is_broken(findings), **topics}


def _format(findings: "Sequence[Finding]") -> str:
    """Write one line for each finding, and one for its advice."""
    width = max(len(finding.name) for finding in findings)
    lines = []
    for topic, group in groupby(findings, key=lambda finding: finding.topic):
        lines.append(topic)
        for finding in group:
            lines.append(f"  {MARKS[finding.state]:6}  {finding.name:{width}}  {finding.value}")
            if finding.advice is not None:
                lines.append(f"{'':{width + 10}}  {finding.advice}")
    broken = [finding.name for finding in findings if finding.state == "broken"]
    lines.append(f"Broken: {', '.join(broken)}." if broken else "stipple works here.")
    return "\n".join(lines) + "\n"
