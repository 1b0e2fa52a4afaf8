"""Random command lines, in this process: `python tests/fuzz_commands.py --count 100000`.

Each ends with an exit code of its own and, if it fails, a sentence; anything else is a bug, and is
printed once with its first line. Half of the runs at least get past the command line, into the
work; how many, of each command, is printed, and which options never do.
"""

import argparse
import faulthandler
import os
import random
import re
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field
from pathlib import Path

import click
import numpy as np
from click.testing import CliRunner
from PIL import Image

from stipple.cli import main as stipple

# What is short to compute, of every kind of source. One start, frames of few pixels, and seldom
# pysdot: dozens of starts of three dots, palettes of large frames, and threads that pysdot starts
# for each diagram, took most of the time of a run.
SHORT = "-n 3 --iterations 1 --start uniform --dpi 20 --engine qhull"
SHAPES = "--frames 2 --dpi 9 --engine qhull"
BASES = {
    "stipple": [
        *(f"a.png {SHORT}", "v.png -n 1", f"a.png {SHORT} --color cmyk"),
        f"a.png b.png {SHORT} -o {{stem}}.svg",
        "a.png b.png -n 1 --dpi 20 --engine qhull --coherent -o {stem}.svg",
        f"a.png {SHORT} -o - --format csv",
    ],
    "lloyd": [
        *("a.png -n 2 --steps 1 --engine qhull", "uniform -n 2 --steps 1 --pixels 8"),
        *("uniform -n 2 --steps 1 --box 0,1", "uniform -n 1 --steps 1 --pixels 8 -o x.svg"),
        *("v.npy -n 3 --steps 1", "gaussian:0,1 --ball 0,0,0,1 --pixels 4 -n 3 --steps 1"),
    ],
    "edot": [
        *("a.png -m 2 --steps 1 --dpi 20", "uniform -m 2 --steps 1 --pixels 8"),
        *(
            "st.csv -m 1 --steps 1 --objective sharp",
            "st.csv -m 2 --steps 1 --weights equal",
        ),
        *(
            "st.csv -m 1 --objective full --steps 1",
            "st.csv -m 2 --objective full --algorithm adaptive",
        ),
        "v.npy -m 2 --steps 1",
        *("st.csv st.csv -m 1 --barycenter", "st.csv st.csv -m 1 --plan -o x.csv"),
    ],
    "bound": [
        *("a.png b.png", "a.png b.png -o - --format json"),
        *("--all d -o t.csv", "--pairs pairs.csv -o t.csv", "--all d --query a.png --nearest 1"),
    ],
    "sequence": ["-n 5", "-n 5 -o - --format csv", "--density a.png -n 2 -o x.svg"],
    "certify": [
        "st.csv --box 0,0,9,9",
        "st.csv --density a.png",
        "st.csv --density a.png -o x.csv",
    ],
    "morph": [
        *[f"a.png b.png -n 1 {SHAPES} -o x.{form}" for form in ("svg", "gif", "html")],
        # Dots of a picture that comes twice are found once.
        *(f"a.png a.png -n 2 {SHAPES} -o x.svg", f"a.png b.png -n 1 {SHAPES} -o - --format gif"),
    ],
    "volume": [
        *("v.npy -n 3 --iterations 1", "v.npy --masses ma.csv --iterations 1"),
        "gaussian:0,1 --voxels 4 -n 3 --iterations 1",
    ],
}
# Values that an option takes, by its placeholder in the help or else by its type.
PLAIN = {
    "integer range": ["1", "2", "3"],
    "number": ["0.5", "1", "2"],
    "count": ["2", "3", "1k"],
    "path": ["x.svg", "x.csv", "x.json", "x.png", "a.png", "st.csv", "x.html"],
    "file": ["x.svg", "x.png", "x.gif", "x.json", "x.html"],
    "length": ["1mm", "0.2in"],
    "width": ["1mm", "0.5mm"],
    "length|auto": ["1mm", "auto"],
    "lengths": ["1,1,2", "0.5,1,1"],
    "page": ["a6", "5x7cm"],
    "colour": ["red", "#123456"],
    "colour|none": ["red", "none", "auto"],
    "colours": ["red,#123456", "navy"],
    "marks": ["dots", "cells", "dots,cells", "tour"],
    "names": ["sobol", "halton,grid", "random"],
    "side|WxH": ["3", "4x3"],
    "steps": ["1", "plateau", "theorem"],
    "shares": ["0.5,0.5", "1,2"],
    "capacity": ["0,1", "0.1,0.9"],
    "numbers": ["0.5,0.5", "1"],
    "counts": ["2", "2,3"],
    "text": ["auto", "uniform", "x", "0.5"],
    "auto|BLACK,WHITE": ["auto", "10,200", "0.1,0.9"],
    "X0,Y0,X1,Y1": ["0,0,1,1", "-1,0,9,7", "0,0,0,1,2,1"],
    "X0,Y0,Z0,X1,Y1,Z1": ["0,0,0,1,1,1", "-1,0,2,1,1,3"],
    "X,Y,R": ["0.5,0.5,0.4", "2,2,1"],
    "X,Y,Z,R": ["0.5,0.5,0.5,0.4", "2,2,0,1"],
    "X,Y,Z": ["1,1,2.5", "0.1,0.2,0.3"],
    "A:B[:STEP]": ["1:9", "2:8:3"],
    "R[:SIZES]": ["2", "2:1,2"],
    "FILE.csv": ["pairs.csv", "st.csv"],
    "FILE.toml": ["tone.toml", "x.toml"],
    "PATH.csv": ["st.csv", "ma.csv"],
    "CSV": ["ma.csv", "st.csv"],
    "IMAGE": ["a.png", "b.png"],
    "PATTERN": ["f{step}.svg", "f{step:03d}.png"],
    "DIR": ["d", "."],
    "bisection|uniform|grid|PATH.csv": ["bisection", "grid", "st.csv"],
    "auto|kmeans++|density|PATH.csv": ["kmeans++", "density", "st.csv"],
    "uniform|grid|koch|line|bisection|FORMULA|PATH.csv": ["grid", "koch", "st.csv", "x+y"],
    "free|equal|PATH.csv": ["free", "equal", "ma.csv"],
    "euclidean|sphere|geodesic:GRAPH.csv|precomputed:MATRIX.npy": ["euclidean", "sphere"],
}
ODD = ["", "-1", "nan", "1e308", "x" * 300, "\udcff", "{", "{stem}", "$", "@", "\n", "٣", "-", "."]
ODD += ["5e-324", "0", "1e-300", "a,b", "1,1,1,1", "d", "./a.png", "🙂.svg", "%", "-0.0"]
# Nothing that takes long, leaves this machine, or is asked for on purpose only.
LEFT_ALONE = {"preset", "list_presets", "scheduler", "jobs", "help", "repeats", "open_"}
CODES = {0: "done", 1: "refused while at work", 2: "usage", 3: "some failed"}
# How many options there are beside those; more are seldom all right.
NUMBERS = (1, 1, 1, 1, 2, 2, 3)
# Lines that share a folder, whose inputs are written anew for them, and a generator: what they are
# does not depend on how many processes share them.
PART = 100


@dataclass
class Tally:
    """How lines ended, by command, and what went wrong, with the first line that shows it."""

    ends: Counter[tuple[str, str]] = field(default_factory=Counter)
    tried: Counter[str] = field(default_factory=Counter)
    deep: Counter[str] = field(default_factory=Counter)
    faults: dict[str, tuple[list[str], str]] = field(default_factory=dict)
    slowest: tuple[float, list[str]] = (0.0, [])

    def add(self, words: list[str], options: list[str], end: str, seconds: float) -> None:
        """Count a line, and keep a fault that is new."""
        self.ends[words[0], end if end in CODES.values() else "bad"] += 1
        names = [f"{words[0]} {option}" for option in options]
        self.tried.update(names)
        self.deep.update(names if end != "usage" else ())
        self.slowest = max(self.slowest, (seconds, words))
        # Where it went wrong, not with which values.
        place = "".join(re.findall(r"File .*, line \d+", end)[-2:]) or end
        if end not in CODES.values():
            self.faults.setdefault(place, (words, end))

    def join(self, other: "Tally") -> None:
        """Add the counts of other lines, and print what faults of theirs are new."""
        for mine, others in (
            (self.ends, other.ends),
            (self.tried, other.tried),
            (self.deep, other.deep),
        ):
            mine.update(others)
        self.slowest = max(self.slowest, other.slowest)
        for place, (words, end) in other.faults.items():
            if place not in self.faults:
                print(words, end, sep="\n", flush=True)
        self.faults = {**other.faults, **self.faults}

    def tell(self) -> bool:
        """Print the counts; return whether all is well and half of the lines reached the work."""
        count = self.ends.total()
        for name in BASES:
            ends = {end: self.ends[name, end] for end in (*CODES.values(), "bad")}
            print(f"{name:9}", ", ".join(f"{number:,} {end}" for end, number in ends.items()))
        never = sorted(name for name in self.tried if not self.deep[name])
        print("never past usage errors:", ", ".join(never) or "none")
        print(f"slowest: {self.slowest[0]:.1f} s of processor time, {self.slowest[1]}")
        deep = count - sum(self.ends[name, "usage"] for name in BASES)
        bad = sum(self.ends[name, "bad"] for name in BASES)
        print(f"{count:,} runs: {deep / count:.0%} past usage errors; {bad} bad")
        return not bad and 2 * deep >= count


def main() -> int:
    """Run random command lines; return 1 if one ends badly or too few reach the work."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="processes")
    given = parser.parse_args()
    tally = Tally()
    with tempfile.TemporaryDirectory() as folder:
        pool = ProcessPoolExecutor(given.jobs, initializer=_prepare, initargs=(folder,))
        with pool:
            starts = range(0, given.count, PART)
            parts = [
                pool.submit(run_part, given.seed, start, min(PART, given.count - start))
                for start in starts
            ]
            for number, part in enumerate(as_completed(parts), 1):
                tally.join(part.result())
                if number % 50 == 0:
                    print(f"{tally.ends.total():,} of {given.count:,}", flush=True)
    return int(not tally.tell())


def _prepare(folder: str) -> None:
    """Make this process a folder of its own, and try what all lines begin with."""
    faulthandler.enable()
    # What is on disk when the power fails is not asked here, and to wait for it takes long.
    os.fsync = lambda _: None
    os.chdir(tempfile.mkdtemp(dir=folder))
    _write_inputs(Path())
    for plain in [[name, *base.split()] for name, bases in BASES.items() for base in bases]:
        assert run(plain) == "done", plain  # else nothing deep is reached from it


def run_part(seed: int, start: int, count: int) -> Tally:
    """Run some lines, and count how they end."""
    chance = random.Random(f"{seed} {start}")
    tally = Tally()
    _write_inputs(Path())
    for _ in range(count):
        words, options = write_words(chance)
        began = time.process_time()
        tally.add(words, options, run(words), time.process_time() - began)
    return tally


def run(words: list[str]) -> str:
    """Run a command line; return how it ended."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            result = CliRunner().invoke(stipple, words, catch_exceptions=False)
    except Exception:
        return traceback.format_exc()
    if result.exit_code and "Error: " not in result.stderr:
        return f"exit code {result.exit_code} without a sentence: {result.stderr}"
    return CODES.get(result.exit_code, f"exit code {result.exit_code}")


def write_words(chance: random.Random) -> tuple[list[str], list[str]]:
    """Write a command line with a few options beside those that keep it short; name them too."""
    name = chance.choice(list(BASES))
    command = stipple.get_command(click.Context(stipple), name)
    assert command is not None
    options = [
        option
        for option in command.params
        if isinstance(option, click.Option) and option.name not in LEFT_ALONE
    ]
    words = [name, *chance.choice(BASES[name]).split(), "-q"]
    chosen = chance.sample(options, chance.choice(NUMBERS))
    for option in chosen:
        words.extend(_write_option(option, chance))
    return words, [option.opts[-1] for option in chosen]


def _write_option(option: click.Option, chance: random.Random) -> Iterator[str]:
    yield chance.choice(option.opts)
    if not option.is_flag:
        known = list(getattr(option.type, "choices", ()))
        known = known or PLAIN.get(option.metavar or "", PLAIN.get(option.type.name, []))
        yield chance.choice(known or PLAIN["text"]) if chance.random() < 0.9 else chance.choice(ODD)


def _write_inputs(folder: Path) -> None:
    """Write small pictures and points anew: --force may have replaced them."""
    for path in folder.rglob("*"):
        if path.is_file():
            path.unlink()
    (folder / "d").mkdir(exist_ok=True)
    for seed, name in enumerate(("a.png", "b.png", "d/a.png", "d/b.png")):
        pixels = np.random.default_rng(seed).integers(1, 250, (4, 5), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / name)
    pixels = np.random.default_rng(9).integers(0, 250, (3, 6, 4), dtype=np.uint8)
    Image.fromarray(pixels, "RGBA").save(folder / "v.png")
    np.save(folder / "v.npy", np.arange(1.0, 13.0).reshape(2, 2, 3))
    texts = {
        "st.csv": "x,y\n1,1\n3,2\n2,3\n",
        "ma.csv": "mass\n1\n2\n3\n",
        "pairs.csv": "a,b\na.png,b.png\n",
        "tone.toml": "contrast = 1.2\n",
    }
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
