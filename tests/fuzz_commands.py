"""Random command lines, in this process: `python tests/fuzz_commands.py --count 100000`.

Each ends with an exit code of its own and, if it fails, a sentence; anything else is a bug, and is
printed. Half of the runs at least get past the command line, into the work.
"""

import argparse
import os
import random
import sys
import tempfile
import traceback
import warnings
from collections import Counter
from pathlib import Path

import click
import numpy as np
from click.testing import CliRunner
from PIL import Image

from stipple.cli import main as stipple

COMMANDS = {
    "stipple": ["a.png", "-n", "3", "--iterations", "1"],
    "lloyd": ["a.png", "-n", "2", "--steps", "1"],
    "edot": ["a.png", "-m", "2", "--steps", "1"],
    "bound": ["a.png", "b.png"],
    "sequence": ["-n", "5"],
    "certify": ["st.csv", "--box", "0,0,9,9"],
    "morph": ["a.png", "b.png", "-n", "3", "--frames", "2"],
    "volume": ["v.npy", "-n", "3", "--iterations", "1"],
}
# Values that most options of a kind take, and odd ones that few do.
PLAIN = {
    "integer range": ["1", "2", "3"],
    "number": ["0.5", "1", "2"],
    "float range": ["0.5", "1", "2"],
    "path": ["x.svg", "x.csv", "x.json", "a.png", "st.csv"],
    "length": ["1mm", "0.2in"],
    "page": ["a6", "5x7cm"],
    "colour": ["red", "#123456"],
    "side|WxH": ["3", "4x3"],
    "numbers": ["0,0,1,1", "0.5,0.5"],
    "counts": ["2", "2,3"],
    "text": ["auto", "uniform", "x", "0.5"],
}
ODD = ["", "-1", "nan", "1e308", "x" * 300, "\udcff", "{", "{stem}", "$", "@", "\n", "٣", "-", "."]
# Nothing that takes long, leaves this machine, or is asked for on purpose only.
LEFT_ALONE = {
    *("preset", "list_presets", "config", "scheduler", "jobs", "pixels", "help", "repeats"),
    "open_",
}
CODES = {0: "done", 1: "refused while at work", 2: "usage", 3: "some failed"}


def main() -> int:
    """Run random command lines; return 1 if one ends badly or too few reach the work."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    chance = random.Random(given.seed)
    ends: Counter[str] = Counter()
    bad = 0
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        for number in range(given.count):
            if number % 100 == 0:
                _write_inputs(Path(folder))
            words = write_words(chance)
            said = run(words)
            ends[said] += 1
            if said not in CODES.values():
                bad += 1
                print(words, said, sep="\n")
        os.chdir("/")
    deep = given.count - ends["usage"]
    counts = ", ".join(f"{count:,} {end}" for end, count in ends.most_common(5))
    print(f"{given.count:,} runs: {counts}; {deep / given.count:.0%} past usage errors; {bad} bad")
    return int(bad > 0 or 2 * deep < given.count)


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


def write_words(chance: random.Random) -> list[str]:
    """Write a command line with up to two options beside those that keep it short."""
    name = chance.choice(list(COMMANDS))
    command = stipple.get_command(click.Context(stipple), name)
    assert command is not None
    options = [
        option
        for option in command.params
        if isinstance(option, click.Option) and option.name not in LEFT_ALONE
    ]
    words = [name, *COMMANDS[name], "-q"]
    for option in chance.sample(options, chance.randint(0, 2)):
        words.append(chance.choice(option.opts))
        if not option.is_flag:
            known = list(getattr(option.type, "choices", ()))
            plain = known or PLAIN.get(option.type.name, PLAIN["text"])
            words.append(chance.choice(plain if chance.random() < 0.85 else ODD))
    return words


def _write_inputs(folder: Path) -> None:
    """Write small pictures and points anew: --force may have replaced them."""
    for path in folder.iterdir():
        if path.is_file():
            path.unlink()
    for seed, name in enumerate(("a.png", "b.png")):
        pixels = np.random.default_rng(seed).integers(1, 250, (4, 5), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / name)
    np.save(folder / "v.npy", np.arange(1.0, 13.0).reshape(2, 2, 3))
    (folder / "st.csv").write_text("x,y\n1,1\n3,2\n2,3\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
