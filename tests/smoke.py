"""Run every subcommand on the sample pictures, and check what was written.

    python tests/smoke.py [FOLDER]

Files go to FOLDER, or to one that is removed at the end. Exits with 1 and says what, if anything is
wrong. It needs an installed stipple and the samples beside it, and nothing of the other tests.
"""

import csv
import json
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import numpy as np
from PIL import Image

SAMPLES = Path(__file__).resolve().parent.parent / "samples"
NAMES = ("camera", "chelsea", "horse")
CIRCLE = "{http://www.w3.org/2000/svg}circle"
BEST_QUALITY = 0.160375  # N·W2²/A of hexagonal cells, which many points approach from above


class SmokeError(Exception):
    """Something that is not as it should be."""


def demand(holds, what):
    if not holds:
        raise SmokeError(what)


def run(folder, *words):
    """Run a command in a folder; it must end well and in silence on its standard output."""
    command = [sys.executable, "-m", "stipple", *map(str, words)]
    result = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    shown = " ".join(command[2:])
    demand(result.returncode == 0, f"{shown}\nexit code {result.returncode}\n{result.stderr}")
    demand(result.stdout == "", f"{shown}\nwrote on its standard output: {result.stdout[:200]}")


def check_svg(path, dots):
    root = ElementTree.fromstring(path.read_bytes())
    demand(root.get("width", "").endswith("mm"), f"{path.name} has no physical width")
    found = sum(1 for _ in root.iter(CIRCLE))
    demand(found == dots, f"{path.name} has {found} dots, not {dots}")


def check_png(path):
    with Image.open(path) as image:
        image.load()
        darkest, lightest = image.convert("L").getextrema()
    demand(darkest < lightest, f"{path.name} shows nothing")


def read_rows(path, columns, rows):
    """Read a table of numbers, texts left out, and check its shape."""
    with path.open(newline="", encoding="utf-8") as file:
        found = list(csv.DictReader(file))
    demand(len(found) == rows, f"{path.name} has {len(found)} rows, not {rows}")
    missing = set(columns) - set(found[0])
    demand(not missing, f"{path.name} has no columns {sorted(missing)}")
    return [{name: float(row[name]) for name in columns} for row in found]


def read_json(path):
    return json.loads(path.read_text(encoding="utf-8"))


def check_stipple(folder):
    outputs = ("-o", "{stem}.svg", "-o", "{stem}.png", "-o", "{stem}.csv")
    images = [SAMPLES / f"{name}.png" for name in NAMES]
    run(folder, "stipple", *images, "-n", 1000, *outputs, "--jobs", 2, "--report", "all.json")
    report = read_json(folder / "all.json")
    demand(len(report["images"]) == len(NAMES), "all.json does not tell of all images")
    for name, figures in zip(NAMES, report["images"], strict=True):
        check_svg(folder / f"{name}.svg", 1000)
        check_png(folder / f"{name}.png")
        rows = read_rows(folder / f"{name}.csv", ("x", "y", "mass"), 1000)
        with Image.open(SAMPLES / f"{name}.png") as image:
            width, height = image.size
        inside = all(0 <= row["x"] <= width and 0 <= row["y"] <= height for row in rows)
        demand(inside, f"{name}.csv has points outside the image")
        demand(abs(sum(row["mass"] for row in rows) - 1) < 1e-9, f"{name}.csv: masses")
        interval = [figures[key] for key in ("w2_squared_lower", "w2_squared", "w2_squared_upper")]
        demand(interval == sorted(interval), f"{name}: the interval is {interval}")
        quality = figures["quality"]
        demand(0.99 < quality / BEST_QUALITY < 1.03, f"{name}: the quality is {quality}")


def check_lloyd(folder):
    words = ("-n", 300, "--steps", 5, "-o", "trace.csv", "--frames", "step-{step}.svg")
    run(folder, "lloyd", SAMPLES / "camera.png", *words)
    rows = read_rows(folder / "trace.csv", ("step", "w2_squared"), 6)
    costs = [row["w2_squared"] for row in rows]
    demand(costs == sorted(costs, reverse=True), f"Lloyd steps raise the cost: {costs}")
    for step in (0, 5):
        check_svg(folder / f"step-{step}.svg", 300)


def check_edot(folder):
    words = ("-m", 100, "-o", "atoms.csv", "-o", "atoms.svg", "-o", "atoms.png")
    run(folder, "edot", SAMPLES / "chelsea.png", *words)
    rows = read_rows(folder / "atoms.csv", ("x1", "x2", "weight"), 100)
    demand(all(row["weight"] > 0 for row in rows), "atoms.csv has weights that are not above 0")
    demand(abs(sum(row["weight"] for row in rows) - 1) < 1e-9, "atoms.csv: weights do not add to 1")
    check_svg(folder / "atoms.svg", 100)
    check_png(folder / "atoms.png")


def check_bound(folder):
    pair = (SAMPLES / "chelsea.png", SAMPLES / "horse.png")
    words = ("--resize", "48x32", "-o", "pair.csv", "-o", "pair.json", "--plot", "pair.png")
    run(folder, "bound", *pair, *words)
    (row,) = read_rows(folder / "pair.csv", ("lower", "upper", "gap"), 1)
    demand(0 < row["lower"] <= row["upper"], f"the interval is {row}")
    demand(row["gap"] <= 0.005, f"the gap is {row['gap']}")
    demand(read_json(folder / "pair.json")["lower"] == row["lower"], "pair.json differs")
    check_png(folder / "pair.png")
    run(folder, "bound", "--all", SAMPLES, "--resize", "24x24", "-o", "table.csv", "--jobs", 2)
    pictures = len(list(SAMPLES.glob("*.png")))
    rows = read_rows(folder / "table.csv", ("lower", "upper"), pictures * (pictures - 1) // 2)
    demand(all(0 < row["lower"] <= row["upper"] for row in rows), f"the intervals are {rows}")


def check_sequence(folder):
    run(folder, "sequence", "-n", 500, "--certify", "-o", "q.csv", "--report", "q.json")
    rows = read_rows(folder / "q.csv", ("x", "y"), 500)
    demand(all(0 <= row[axis] < 1 for row in rows for axis in "xy"), "q.csv leaves the square")
    report = read_json(folder / "q.json")
    certificate = report["certificate"]
    demand(
        certificate["lower_bound"] <= certificate["radius"], "the certificate contradicts itself"
    )
    demand(certificate["scaled_radius"] <= report["constant"], "the theorem does not hold")
    run(folder, "sequence", "--density", SAMPLES / "horse.png", "-n", 500, "-o", "prefixes.svg")
    check_svg(folder / "prefixes.svg", 500)


def check_morph(folder):
    pair = (SAMPLES / "camera.png", SAMPLES / "horse.png")
    words = ("-n", 300, "--frames", 4, "--dpi", 30, "-o", "m.gif", "--report", "m.json")
    run(folder, "morph", *pair, *words)
    with Image.open(folder / "m.gif") as film:
        demand(film.n_frames == 5, f"m.gif has {film.n_frames} frames")
    (passage,) = read_json(folder / "m.json")["passages"]
    demand(0 < passage["rms_lower_px"] <= passage["rms_px"], f"the passage is {passage}")


def check_certify(folder):
    run(folder, "sequence", "-n", 60, "-o", "judged.csv")
    run(folder, "certify", "judged.csv", "-o", "judged.json", "-o", "judged.png")
    (figures,) = read_json(folder / "judged.json")["certificates"]
    interval = [figures["w2_squared_lower"], figures["w2_squared_upper"]]
    demand(0 < interval[0] <= interval[1], f"judged.json: the interval is {interval}")
    check_png(folder / "judged.png")


def check_volume(folder):
    np.save(folder / "volume.npy", 1.0 + np.indices((6, 7, 8)).sum(axis=0))
    run(
        folder, "volume", "volume.npy", "-n", 50, "-o", "v.csv", "-o", "v.png", "--report", "v.json"
    )
    rows = read_rows(folder / "v.csv", ("x", "y", "z", "mass"), 50)
    demand(all(abs(50 * row["mass"] - 1) < 1e-5 for row in rows), "v.csv has unequal masses")
    report = read_json(folder / "v.json")
    interval = [report[key] for key in ("w2_squared_lower", "w2_squared", "w2_squared_upper")]
    demand(interval == sorted(interval), f"v.json: the interval is {interval}")
    check_png(folder / "v.png")


CHECKS = (
    *(check_stipple, check_lloyd, check_edot, check_bound),
    *(check_sequence, check_morph, check_certify, check_volume),
)


def main(arguments):
    if len(arguments) > 1:
        return f"Give one folder, not {len(arguments)}."
    wrong = False
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(*arguments) if arguments else Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        for check in CHECKS:
            name = check.__name__.removeprefix("check_")
            began = time.perf_counter()
            try:
                check(folder)
                verdict = "ok"
            except (SmokeError, OSError, ValueError, KeyError, ElementTree.ParseError) as error:
                verdict, wrong = f"WRONG: {error!s}", True
            print(f"{name:9} {time.perf_counter() - began:5.1f} s  {verdict}", flush=True)
    return int(wrong)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
