"""Today's tree beside an older commit: `make bench-release BASE=COMMIT` writes docs/speed.md.

The commit is installed in a virtual environment of its own. Each case runs in processes of its own,
the two releases in turn; what counts is the least processor time of each, and their ratio. With
--heavy, or HEAVY=1, the cases that take more than a minute run too.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from release_cases import CASES, Case
from stamp import describe_origin

ROOT = Path(__file__).parent.parent
WORK = ROOT / "out" / "release"
REPORT = ROOT / "docs" / "speed.md"
REPEATS = 3
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
        if case.heavy and not arguments.heavy:
            rows.append(describe_case(case, [], []))
            continue
        old, new = measure_in_turn(case, python)
        rows.append(describe_case(case, old, new))
        print(rows[-1], flush=True)
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
    """Run a case with both releases, one after the other, several times."""
    old: list[Run] = []
    new: list[Run] = []
    for _ in range(1 if case.heavy else REPEATS):
        old.append(run(base, case.prepare, case.base_measure or case.measure, case.base_threads))
        new.append(run(Path(sys.executable), case.prepare, case.measure, None))
    return old, new


def run(python: Path, prepare: str, measure: str, threads: int | None) -> Run:
    """Run the code of a case in a process of its own, in an empty folder."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    environment.pop("OPENBLAS_NUM_THREADS", None)
    environment["SAMPLES"] = os.fspath(ROOT / "samples")
    if threads:
        environment["OPENBLAS_NUM_THREADS"] = str(threads)
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [python, "-c", WORKER.format(prepare=prepare, measure=measure)],
            cwd=folder,
            env=environment,
            stdout=subprocess.PIPE,
            check=True,
        )
    return Run(*json.loads(done.stdout.splitlines()[-1]))


def describe_case(case: Case, old: list[Run], new: list[Run]) -> str:
    """Write the row of a case: least times of both, their ratio, and what came out."""
    if not old:
        return f"| {case.name} | {case.wanted} | not run: `HEAVY=1` | | | | |"
    before, after = (min(runs, key=lambda one: one.processor) for runs in (old, new))
    times = [f"{one.processor:.2f} s, {one.wall:.2f} s" for one in (before, after)]
    ratio = before.processor / max(after.processor, 1e-9)
    given = f"{before.value} | {after.value}"
    return f"| {case.name} | {case.wanted} | {times[0]} | {times[1]} | {ratio:.2f} | {given} |"


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
        ]
    )


if __name__ == "__main__":
    main()
