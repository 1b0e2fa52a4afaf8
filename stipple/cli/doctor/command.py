"""`stipple doctor`: what this machine has, what is missing, and what takes its place."""

import sys

import click

from stipple.cli.shared.help import GroupedCommand

EXAMPLES = """\
\b
Examples:
  stipple doctor
  stipple doctor --json | python -m json.tool
"""


@click.command("doctor", cls=GroupedCommand, short_help="Check the installation.", epilog=EXAMPLES)
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for bug reports and scripts.")
def command(as_json: bool) -> int:
    """Check what this machine has for stipple, what is missing, and what takes its place.

    Each thing is "ok"; or "--", where something else does its work; or BROKEN, where stipple cannot
    work: only then the exit code is 1. Both engines for power cells stipple a tiny picture.
    """
    from stipple.cli.doctor.diagnosis import diagnose
    from stipple.cli.doctor.show import collect_findings, format_findings, is_broken
    from stipple.files.tables import render_json
    from stipple.files.write import write_stdout

    findings = diagnose()
    if as_json:
        write_stdout(render_json(collect_findings(findings)))
    else:
        encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
        write_stdout(format_findings(findings).encode(encoding, errors="backslashreplace"))
    return int(is_broken(findings))
