"""What `stipple doctor` found, as lines for a person and as a mapping for JSON."""

from collections.abc import Sequence
from itertools import groupby

from stipple.cli.doctor.diagnosis import Finding

MARKS = {"ok": "ok", "fallback": "--", "broken": "BROKEN"}


def is_broken(findings: Sequence[Finding]) -> bool:
    """Whether something is missing that stipple cannot work without."""
    return any(finding.state == "broken" for finding in findings)


def collect_findings(findings: Sequence[Finding]) -> dict[str, object]:
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
    return {"works": not is_broken(findings), **topics}


def format_findings(findings: Sequence[Finding]) -> str:
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
