"""Plant the faults of `tests/mutants/`, one at a time, and see if tests notice: `make mutants`.

A line `[FILE] TESTS...` begins the faults of a file of the package; the tests are those that should
notice. A fault is a line `- FRAGMENT`, which must be in exactly one place of the file, and a line
`+ FRAGMENT`, which takes its place; `~ REASON` below says why a fault changes nothing that anybody
could observe. Ends with exit code 1 if more than the permitted share of the others survives, and
with 2 if a fragment is not found, or if the tests fail without a fault or do not run with one.
"""

import argparse
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue

ROOT = Path(__file__).resolve().parent.parent
FAULTS = Path(__file__).with_suffix("")
WORKERS = 2
PERMITTED = 0.08
LONGEST = 900  # seconds for the tests of a fault; an endless loop is noticed too
KILLED, SURVIVED, EQUIVALENT, STALE = "killed", "survived", "equivalent", "stale"
NOT_RUN = "not run"
NO_TEST_FAILED, TESTS_FAILED, NOT_COLLECTED = 0, 1, 2  # exit codes of pytest
LEFT_OUT = (".git", ".venv*", "out", "build", "dist", ".*_cache", ".hypothesis")


class NotRunError(Exception):
    """Tests have not run, so that nobody knows whether they notice a fault."""


@dataclass(frozen=True)
class Fault:
    """A change of one place in the package, and the tests that should notice it."""

    package: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]
    equivalent: str | None = None

    def __str__(self) -> str:
        return f"{self.file}\n    - {self.old}\n    + {self.new}"


def main() -> int:
    """Run the chosen faults and tell what became of them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", metavar="PACKAGE", help="faults of tests/mutants/PACKAGE.txt")
    parser.add_argument("--sample", metavar="K", type=int, help="K faults at random (seed 0)")
    parser.add_argument("--workers", metavar="W", type=int, default=WORKERS, help="at a time")
    parser.add_argument("--list", action="store_true", help="look for stale faults, run nothing")
    arguments = parser.parse_args()
    faults = read_faults(arguments.only)
    stale = [fault for fault in faults if not fits(fault)]
    for fault in stale:
        print(f"{STALE}: not in exactly one place: {fault}")
    if stale or arguments.list:
        print(f"{len(faults)} faults, {len(stale)} stale")
        return 2 if stale else 0
    if arguments.sample is not None:
        faults = random.Random(0).sample(faults, min(arguments.sample, len(faults)))
    try:
        outcomes = run_all(faults, arguments.workers)
    except NotRunError as error:
        print(error)
        return 2
    return report(faults, outcomes)


def read_faults(only: str | None = None, folder: Path = FAULTS) -> list[Fault]:
    """Read the faults of all packages, or of one."""
    paths = sorted(folder.glob("*.txt"))
    if only is not None and only not in {path.stem for path in paths}:
        known = ", ".join(path.stem for path in paths)
        raise SystemExit(f"No faults are planted in {only!r}: there are {known}.")
    return [
        fault for path in paths if only in (None, path.stem) for fault in parse(path.stem, path)
    ]


def parse(package: str, path: Path) -> Iterator[Fault]:
    """Read the faults of a package."""
    file, tests, marked = "", (), {"-": "", "+": "", "~": ""}
    lines = path.read_text(encoding="utf-8").splitlines()
    for number, line in enumerate([*lines, "["], 1):
        if marked["+"] and line[:1] in ("[", "-"):
            yield Fault(package, file, marked["-"], marked["+"], tests, marked["~"] or None)
            marked = dict.fromkeys(marked, "")
        if heading := re.fullmatch(r"\[(\S+)\] (.+)", line):
            file, tests = heading[1], tuple(heading[2].split())
        elif line[:2] in ("- ", "+ ", "~ ") and not marked[line[0]]:
            marked[line[0]] = line[2:]
        elif line not in ("", "[") and not line.startswith("#"):
            raise SystemExit(f"{path}, line {number}: not a heading, nor a part of a fault.")


def fits(fault: Fault) -> bool:
    """Whether the old fragment is in exactly one place, and the tests exist."""
    path = ROOT / fault.file
    found = path.is_file() and path.read_text(encoding="utf-8").count(fault.old) == 1
    return found and all((ROOT / test.split("::")[0]).exists() for test in fault.tests)


def run_all(faults: Sequence[Fault], workers: int) -> list[str]:
    """Say what became of each fault, so many at a time."""
    planted = [fault for fault in faults if fault.equivalent is None]
    tests = sorted({test for fault in planted for test in fault.tests})
    with tempfile.TemporaryDirectory() as temporary:
        trees: SimpleQueue[Path] = SimpleQueue()
        first = Path(temporary) / "0"
        shutil.copytree(ROOT, first, ignore=shutil.ignore_patterns(*LEFT_OUT))
        # This run also compiles what is not compiled yet, before the tree is copied.
        together = ["-n", str(workers), "--dist", "loadfile"]
        if run_tests(first, [*together, *tests], last=True) != NO_TEST_FAILED:
            raise NotRunError("The tests fail without a fault: see above.")
        trees.put(first)
        for worker in range(1, workers):
            trees.put(Path(shutil.copytree(first, Path(temporary) / str(worker))))

        def run(fault: Fault) -> str:
            if fault.equivalent is not None:
                return EQUIVALENT
            tree = trees.get()
            try:
                with plant(fault, tree):
                    outcome = judge(run_tests(tree, fault.tests), fault, tree)
            except NotRunError as error:
                print(error, flush=True)
                return NOT_RUN
            finally:
                trees.put(tree)
            print(f"{outcome}: {fault}", flush=True)
            return outcome

        with ThreadPoolExecutor(workers) as pool:
            return list(pool.map(run, faults))


def judge(code: int, fault: Fault, tree: Path) -> str:
    """Say what pytest's exit code means for the fault in a tree."""
    if code == NO_TEST_FAILED:
        return SURVIVED
    # Tests are not collected if the file with the fault cannot be imported, or if they are broken.
    if code == TESTS_FAILED or (code == NOT_COLLECTED and not imports(fault.file, tree)):
        return KILLED
    raise NotRunError(f"Tests have not run, pytest's exit code is {code}: {fault}")


def imports(file: str, tree: Path) -> bool:
    """Whether a file of the package can be imported."""
    module = ".".join(Path(file).with_suffix("").parts).removesuffix(".__init__")
    environment = {**os.environ, "PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-c", f"import {module}"]
    run = subprocess.run(command, cwd=tree, env=environment, capture_output=True, check=False)
    return run.returncode == 0


@contextmanager
def plant(fault: Fault, tree: Path) -> Iterator[None]:
    """Change a file of a tree, without compiled loops that would still have the old one in them."""
    path = tree / fault.file
    source, times = path.read_bytes(), path.stat()
    # numba looks at the file of a loop only, not at those of the loops that it calls.
    users = list_users(path, tree)
    loops = {loop: loop.read_bytes() for user in users for loop in list_loops(user)}
    for loop in loops:
        loop.unlink()
    path.write_text(source.decode().replace(fault.old, fault.new), encoding="utf-8", newline="")
    try:
        yield
    finally:
        path.write_bytes(source)
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
        for user in users:
            for loop in list_loops(user):
                loop.unlink()
        for loop, data in loops.items():
            loop.write_bytes(data)


def list_users(path: Path, tree: Path) -> set[Path]:
    """Return a file and all that import it, by way of others too."""
    modules = {file: file.read_text(encoding="utf-8") for file in tree.glob("stipple/**/*.py")}
    users, waiting = {path}, [path]
    while waiting:
        name = ".".join(waiting.pop().relative_to(tree).with_suffix("").parts)
        pattern = re.compile(rf"^\s*(from|import) {re.escape(name)}\b", re.MULTILINE)
        new = {file for file, text in modules.items() if pattern.search(text)} - users
        users |= new
        waiting += new
    return users


def list_loops(path: Path) -> list[Path]:
    """Return the compiled loops of a file that numba keeps."""
    return list((path.parent / "__pycache__").glob(f"{path.stem}.*.nb[ic]"))


def run_tests(tree: Path, tests: Sequence[str], *, last: bool = False) -> int:
    """Run tests in a tree until one fails; return pytest's exit code, which is 1 if they hang."""
    if not tests:
        return NO_TEST_FAILED
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *tests]
    environment = {
        **os.environ,
        "PYTHONPATH": str(tree),
        "PYTHONDONTWRITEBYTECODE": "1",  # or one second's changes would pass for another's
        "OPENBLAS_NUM_THREADS": "1",
    }
    process = subprocess.Popen(
        command,
        cwd=tree,
        env=environment,
        stdout=None if last else subprocess.DEVNULL,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        code = process.wait(None if last else LONGEST)
    except subprocess.TimeoutExpired:
        code = TESTS_FAILED
    finally:
        with suppress(OSError):  # with the processes that tests have started
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    return code


def report(faults: Sequence[Fault], outcomes: Sequence[str]) -> int:
    """Print the survivors and a table by package; return the exit code."""
    for fault, outcome in zip(faults, outcomes, strict=True):
        if outcome == SURVIVED:
            print(f"\n{SURVIVED}: {fault}")
    columns = (KILLED, SURVIVED, EQUIVALENT, NOT_RUN)
    print(f"\n{'package':16}" + "".join(f"{name:>12}" for name in columns))
    packages = sorted({fault.package for fault in faults})
    for package in packages:
        counts = Counter(o for f, o in zip(faults, outcomes, strict=True) if f.package == package)
        print(f"{package:16}" + "".join(f"{counts[name]:12}" for name in columns))
    total = Counter(outcomes)
    print(f"{'all':16}" + "".join(f"{total[name]:12}" for name in columns))
    share = total[SURVIVED] / max(1, total[KILLED] + total[SURVIVED])
    print(f"\n{share:.1%} survive of those that change something; permitted are {PERMITTED:.0%}.")
    return 2 if total[NOT_RUN] else int(share > PERMITTED)


if __name__ == "__main__":
    sys.exit(main())
