"""Compare what documented commands write, today and at an older commit: `make same BASE=COMMIT`.

Exit code, standard output, standard error and every file must be the same, byte for byte but for
NOT_COMPARED and the seconds told on standard error. Ends with exit code 1 if any command differs.
Most of the time, some minutes, goes into the compilation of the older commit's loops.
"""

import argparse
import os
import random
import re
import shlex
import struct
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import zip_longest
from pathlib import Path
from typing import Any

# Commands of the README, docs and man, with smaller numbers; < is standard input.
COMMANDS = """\
stipple SAMPLES/camera.png -n 90 --resize 64 -o a.svg -o a.png -o a.csv --report a.json -v
stipple SAMPLES/camera.png -n 90 --resize 64 --page a4 --dots stroke --order tsp -o plot.svg
stipple SAMPLES/camera.png -n 60 --resize 64 --order tsp --draw tour --dpi 75 -o a.png -o a.json
stipple SAMPLES/chelsea.png -n 60 --resize 48 --color cmyk --dots spiral -o a.svg --report a.json
stipple SAMPLES/horse.png -n 40 --resize 64 --start INPUTS/start.csv --draw cells --animate a.gif
stipple SAMPLES/camera.png SAMPLES/horse.png -n 50 --resize 32 -o {stem}.csv --jobs 2
stipple - -n 60 -o - --format csv --report report.json < INPUTS/first.npy
lloyd --list-presets
lloyd --preset line --plot line.svg -o trace.csv --report line.json
lloyd uniform -n 30 --start uniform --steps 3 --pixels 64 --frames {step}.svg --animate a.gif -o -
edot SAMPLES/chelsea.png --resize 48 -m 30 -o atoms.svg -o atoms.csv -o a.png --report atoms.json
edot INPUTS/samples.csv -m 8 --weights equal -o equal.csv
edot - -m 20 < INPUTS/samples.csv
edot SAMPLES/chelsea.png SAMPLES/horse.png --resize 16 --barycenter --lambda 0.3,0.7 -m 9 -o a.png
edot SAMPLES/chelsea.png SAMPLES/horse.png --resize 16x16 --plan -m 5 -o plan.csv -o plan.png
edot uniform --pixels 16 -m 3,7 --objective sharp --steps 20 --naive 2 --plot convergence.svg
edot SAMPLES/camera.png --resize 32 -m 40 --objective full --algorithm adaptive --report full.json
edot SAMPLES/chelsea.png --resize 32 -m 30 --color rgb -o channels.png
edot --list-presets
bound SAMPLES/chelsea.png SAMPLES/horse.png --resize 32x24 --unit side --plot a.png -o interval.json
bound SAMPLES/chelsea.png SAMPLES/horse.png --resize 16x16 --method paper --block 4 -o paper.csv
bound SAMPLES/chelsea.png SAMPLES/horse.png --resize 64x64 --method fast --report fast.json
bound INPUTS/first.npy INPUTS/second.npy -p 1 --gap 0.001 -o - --format json
bound --all SAMPLES --resize 24x24 -o distances.csv
sequence -n 1000
sequence -n 20 -o - --format npy
sequence -n 2000 -d 3 --certify -o points.npy --report certificate.json
sequence --prefixes 1:16 --compare sobol,halton,random,grid -o prefixes.svg -o prefixes.csv
sequence -n 37 --draw boxes --dpi 75 -o boxes.png -o boxes.svg --partition boxes.csv
sequence --density SAMPLES/horse.png --resize 48 -n 64 -o a.svg --animate a.gif --report a.json
""".splitlines()
REFUSED = ["stipple missing.png", "lloyd --preset nothing"]  # in the same words
# Timings and versions: fields of JSON and columns of CSV.
NOT_COMPARED = ("seconds", "versions")

ROOT = Path(__file__).resolve().parent.parent
OUTPUT, ERRORS, CODE = "standard output", "standard error", "exit code"
LONGEST = 300  # seconds for a command
Outcome = dict[str, bytes]


def main() -> int:
    """Compare today's tree with the commit that is named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("commit", help="the older commit, as git names it")
    commit = parser.parse_args().commit
    differ = 0
    with tempfile.TemporaryDirectory() as temporary, check_out(commit, Path(temporary)) as old_tree:
        inputs = Path(temporary) / "inputs"
        write_inputs(inputs)
        trees = (old_tree, ROOT)
        forget_stale_loops(ROOT)
        for tree in trees:
            demand_import(tree)
        for command in [*COMMANDS, *REFUSED]:
            with ThreadPoolExecutor(len(trees)) as pool:
                old, new = pool.map(lambda tree, line=command: run(tree, line, inputs), trees)
            differences = compare(old, new)
            if not differences and (old[CODE] == b"0") == (command in REFUSED):
                differences = [f"both end with {CODE} {old[CODE].decode()}: {old[ERRORS]!r}"]
            verdict = f"DIFFERS ({'; '.join(differences)})" if differences else "same"
            print(f"{verdict}, {len(new) - 3} files: {command}", flush=True)
            differ += bool(differences)
    print(f"{len(COMMANDS) + len(REFUSED)} commands, {differ} differ")
    return int(differ > 0)


@contextmanager
def check_out(commit: str, folder: Path) -> Iterator[Path]:
    """Check out a commit in `folder`, and remove it again."""
    tree = folder / "tree"
    git = ("git", "-C", str(ROOT), "worktree")
    added = subprocess.run([*git, "add", "--quiet", "--detach", tree, commit], check=False)
    if added.returncode:
        sys.exit(f"{commit} cannot be checked out: name a commit of this repository.")
    try:
        yield tree
    finally:
        subprocess.run([*git, "remove", "--force", tree], check=True)


def write_inputs(folder: Path) -> None:
    """Write samples, start points and two matrices, the same every time."""
    folder.mkdir()
    generator = random.Random(0)
    for name, header, count in (("samples", "a,b\n", 150), ("start", "x,y\n", 40)):
        rows = (f"{generator.uniform(0, 64)},{generator.uniform(0, 50)}\n" for _ in range(count))
        (folder / f"{name}.csv").write_text(header + "".join(rows))
    shape = "{'descr': '<f8', 'fortran_order': False, 'shape': (16, 24), }".ljust(117) + "\n"
    for name in ("first", "second"):
        values = struct.pack("<384d", *(generator.random() for _ in range(384)))
        header = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(shape)) + shape.encode()
        (folder / f"{name}.npy").write_bytes(header + values)


def forget_stale_loops(tree: Path) -> None:
    """Remove compiled loops older than the newest source: numba only watches a loop's own file."""
    newest = max(path.stat().st_mtime for path in tree.glob("stipple/**/*.py"))
    for compiled in tree.glob("stipple/**/*.nbc"):
        if compiled.stat().st_mtime < newest:
            compiled.unlink()


def start(tree: Path, *words: str, **options: Any) -> subprocess.CompletedProcess[bytes]:
    """Run Python with the package of a tree, and nothing compiled elsewhere."""
    environment = {**os.environ, "PYTHONPATH": str(tree), "OPENBLAS_NUM_THREADS": "1"}
    environment.pop("NUMBA_CACHE_DIR", None)
    return subprocess.run(
        [sys.executable, *words], env=environment, capture_output=True, check=False, **options
    )


def demand_import(tree: Path) -> None:
    """End here if another copy of the package would be compared."""
    with tempfile.TemporaryDirectory() as folder:
        found = start(tree, "-c", "import stipple; print(stipple.__file__)", cwd=folder)
    if not Path(found.stdout.decode().strip()).is_relative_to(tree):
        sys.exit(f"{tree} is not what Python imports: {found.stdout + found.stderr!r}.")


def run(tree: Path, command: str, inputs: Path) -> Outcome:
    """Run a command in an empty folder, and return all that comes of it, by name."""
    placed = command.replace("SAMPLES", str(ROOT / "samples")).replace("INPUTS", str(inputs))
    words, _, source = placed.partition(" < ")
    data = Path(source).read_bytes() if source else b""
    with tempfile.TemporaryDirectory() as folder:
        line = ("-m", "stipple", *shlex.split(words))
        try:
            ended = start(tree, *line, cwd=folder, input=data, timeout=LONGEST)
        except subprocess.TimeoutExpired:
            return {CODE: f"none within {LONGEST} seconds".encode(), OUTPUT: b"", ERRORS: b""}
        paths = sorted(path for path in Path(folder).rglob("*") if path.is_file())
        files = {str(path.relative_to(folder)): path.read_bytes() for path in paths}
    return {CODE: b"%d" % ended.returncode, OUTPUT: ended.stdout, ERRORS: ended.stderr, **files}


def compare(old: Outcome, new: Outcome) -> list[str]:
    """Return a sentence for everything that differs between two outcomes."""
    differences = [f"{name} is missing" for name in old.keys() - new.keys()]
    differences += [f"{name} is new" for name in new.keys() - old.keys()]
    for name in old.keys() & new.keys():
        before, after = hide_timings(name, old[name]), hide_timings(name, new[name])
        if before != after:
            differences.append(f"{name}, {find_difference(before, after)}")
    return sorted(differences)


def hide_timings(name: str, data: bytes) -> bytes:
    """Blank the fields and columns NOT_COMPARED, and the seconds told on standard error."""
    hidden = [field.encode() for field in NOT_COMPARED]
    if name == ERRORS:
        return re.sub(rb"(?m)^(seconds +|.* bound .*, )[\d.]+( s)?$", rb"\1", data)
    if name == OUTPUT or name.endswith(".json"):
        data = re.sub(rb'("(?:%s)": )(?:\{[^{}]*\}|[^\s,}]+)' % b"|".join(hidden), rb"\1", data)
    if name == OUTPUT or name.endswith(".csv"):
        header, *rows = (line.split(b",") for line in data.split(b"\n"))
        for place in (at for at, column in enumerate(header) if column in hidden):
            for row in rows:
                row[place : place + 1] = [b""]
        data = b"\n".join(b",".join(row) for row in [header, *rows])
    return data


def find_difference(old: bytes, new: bytes) -> str:
    """Say where two contents differ first: the line, or the byte where they are no text."""
    if b"\0" in old + new:
        at = next(at for at, pair in enumerate(zip_longest(old, new)) if len(set(pair)) > 1)
        return f"byte {at} of {len(old)}, now {len(new)}"
    lines = enumerate(zip_longest(old.split(b"\n"), new.split(b"\n")), 1)
    at, (before, after) = next((at, pair) for at, pair in lines if pair[0] != pair[1])
    return f"line {at} was {before!r:.80}, now {after!r:.80}"


if __name__ == "__main__":
    sys.exit(main())
