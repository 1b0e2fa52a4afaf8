"""Today's tree beside an older commit: `make bench-release BASE=COMMIT` writes docs/speed.md.

The commit is installed in a virtual environment of its own. Each case runs in processes of its own,
the two releases in turn; what counts is the least processor time of each, and their ratio. With
--heavy, or HEAVY=1, the cases that take more than a minute run too. A run that fails, or does not
end, is told as such, and the others go on.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from release_cases import CASES, Case
from stamp import describe_origin

ROOT = Path(__file__).parent.parent
WORK = ROOT / "out" / "release"
REPORT = ROOT / "docs" / "speed.md"
REPEATS = 3
# Seconds after which a run counts as one that does not end: for cases that are heavy, and others.
LONGEST, LONGEST_HEAVY = 300, 3600
NOTHING = "failed, or did not end"
# Times are those of the calls alone: what a case prepares, and loads, comes before.
WORKER = """\
import json, os, resource, time
def spend():
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(one.ru_utime + one.ru_stime for one in used)
{prepare}
began, before = time.perf_counter(), spend()
{measure}
seconds, processor = time.perf_counter() - began, spend() - before
print(json.dumps([processor, seconds, str(value)]))
"""


@dataclass(frozen=True)
class Run:
    """What one run of a case took, in seconds of all processors and of the clock, and gave."""

    processor: float
    wall: float
    value: str


def main() -> None:
    """Measure, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("base", help="the older commit, as git names it")
    parser.add_argument("--heavy", action="store_true", help="run the heavy cases too")
    arguments = parser.parse_args()
    python = install(arguments.base)
    rows = []
    for case in CASES:
        runs = None if case.heavy and not arguments.heavy else measure_in_turn(case, python)
        rows.append(describe_case(case, runs))
        print(rows[-1], flush=True)
        # Heavy cases take long: a run that is interrupted leaves the rows so far.
        REPORT.write_text(write_page(arguments.base, rows), encoding="utf-8")


def install(commit: str) -> Path:
    """Install a commit beside, once; returns the Python that has it."""
    git = ("git", "-C", os.fspath(ROOT))
    found = subprocess.run([*git, "rev-parse", "--verify", f"{commit}^{{commit}}"], stdout=-1)
    if found.returncode:
        sys.exit(f"{commit} is no commit of this repository.")
    folder = WORK / found.stdout.decode()[:12]
    python = folder / "venv" / "bin" / "python"
    if not (folder / "installed").exists():
        tree = folder / "tree"
        tree.mkdir(parents=True, exist_ok=True)
        archive = subprocess.run([*git, "archive", commit], stdout=subprocess.PIPE, check=True)
        subprocess.run(["tar", "-x", "-C", tree], input=archive.stdout, check=True)
        subprocess.run([sys.executable, "-m", "venv", folder / "venv"], check=True)
        pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, tree], check=True)
        (folder / "installed").touch()
    return python


def measure_in_turn(case: Case, base: Path) -> tuple[list[Run], list[Run]]:
    """Run a case with both releases, one after the other, several times; lists those that end."""
    old: list[Run] = []
    new: list[Run] = []
    sides = (
        (old, base, case.base_measure or case.measure, case.base_threads),
        (new, Path(sys.executable), case.measure, None),
    )
    longest = LONGEST_HEAVY if case.heavy else LONGEST
    for turn in range(1 if case.heavy else REPEATS):
        for runs, python, measure, threads in sides:
            # What failed once is not tried again.
            if len(runs) == turn:
                runs.extend(run(python, case.prepare, measure, threads, longest))
    return old, new


def run(
    python: Path, prepare: str, measure: str, threads: int | None, longest: float
) -> Iterator[Run]:
    """Run the code of a case in a process of its own, in an empty folder; none if it fails."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    environment.pop("OPENBLAS_NUM_THREADS", None)
    # Installed packages have their bytecode, and so has a tree that ran before, unless told not to.
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    environment["SAMPLES"] = os.fspath(ROOT / "samples")
    if threads:
        environment["OPENBLAS_NUM_THREADS"] = str(threads)
    code = WORKER.format(prepare=prepare, measure=measure)
    with (
        tempfile.TemporaryDirectory() as folder,
        suppress(subprocess.CalledProcessError, subprocess.TimeoutExpired),
    ):
        done = subprocess.run(
            [python, "-c", code],
            cwd=folder,
            env=environment,
            stdout=subprocess.PIPE,
            check=True,
            timeout=longest,
        )
        yield Run(*json.loads(done.stdout.splitlines()[-1]))


def describe_case(case: Case, runs: tuple[list[Run], list[Run]] | None) -> str:
    """Write the row of a case: least times of both, their ratio, and what came out."""
    if runs is None:
        return f"| {case.name} | {case.wanted} | not run: `HEAVY=1` | | | | |"
    before, after = (min(each, key=lambda one: one.processor, default=None) for each in runs)
    times = " | ".join(
        f"{one.processor:.2f} s, {one.wall:.2f} s" if one else NOTHING for one in (before, after)
    )
    values = " | ".join(one.value if one else "" for one in (before, after))
    ratio = f"{before.processor / max(after.processor, 1e-9):.2f}" if before and after else ""
    return f"| {case.name} | {case.wanted} | {times} | {ratio} | {values} |"


def write_page(base: str, rows: list[str]) -> str:
    """Write the page around the rows."""
    return "\n".join(
        [
            "# Speed beside an earlier release",
            "",
            describe_origin("bench-release"),
            "",
            f"Before is commit {base}, now the version named above, both installed on this machine"
            " and run in turn. Times are seconds of all processors, then of the clock: those of the"
            " run that took the least processor time. A ratio above 1 is faster.",
            "",
            "| case | wanted | before | now | ratio | value before | value now |",
            "|---|---|---|---|---|---|---|",
            *rows,
            "",
            "What was not reached when this was last looked at, and why:",
            "",
            *(f"- {case.name}: {case.missed}." for case in CASES if case.missed),
            "",
        ]
    )


if __name__ == "__main__":
    main()
