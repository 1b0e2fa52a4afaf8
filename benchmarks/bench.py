"""Side-by-side benchmark of whole processes: `make bench-stipple` writes docs/benchmarks.md.

Each contestant runs as its own process on samples/camera.png; processor time, wall time and peak
memory are what the system counted for that process. Points are judged afterwards by one evaluator,
an exact transport solve to 1 - grey/255, not by what a contestant says of itself.
"""

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import dropwhile, takewhile
from pathlib import Path

import numpy as np
from stamp import describe_origin

from stipple.drawing.panels import Curve, Panel
from stipple.drawing.plots import render_plot
from stipple.files.pictures import read_source
from stipple.files.tables import read_points_csv
from stipple.measures.density import Density
from stipple.measures.tone import Tone, darkness
from stipple.sequences.dyadic import generate_sequence
from stipple.stippling.stippling import stipple as stipple_array
from stipple.transport.semi_discrete import TransportSolver

ROOT = Path(__file__).parent.parent
IMAGE = ROOT / "samples" / "camera.png"
WORK = ROOT / "out" / "bench"
REPORT = ROOT / "docs" / "benchmarks.md"
DISCRETISATION = ROOT / "docs" / "edot-measured.md"
BOUNDS = ROOT / "docs" / "bounds-measured.md"
PLOTS = ROOT / "docs" / "images"
RIVAL = ROOT / ".venv-bench" / "bin" / "stippler"
RIVALS = (ROOT / ".venv-bench" / "bin" / "python", Path(__file__).with_name("rivals.py"))
RIVAL_ITERATIONS = 50
REPEATS = 3


@dataclass(frozen=True)
class Run:
    """What one process cost: seconds of processor and wall time, MiB of memory at its peak."""

    processor: float
    wall: float
    peak: float


# The system counts the memory of the process that starts another one in: so a small one does.
LAUNCHER = """
import json, os, subprocess, sys
process = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
_, status, usage = os.wait4(process.pid, 0)
process.returncode = os.waitstatus_to_exitcode(status)
print(json.dumps([process.returncode, usage.ru_utime + usage.ru_stime, usage.ru_maxrss]))
"""


def run(*command: str | Path) -> Run:
    """Run a process to its end and read off what it cost."""
    words = [os.fspath(word) for word in command]
    began = time.perf_counter()
    launched = subprocess.run(
        [sys.executable, "-I", "-S", "-c", LAUNCHER, *words], stdout=subprocess.PIPE, check=True
    )
    wall = time.perf_counter() - began
    code, processor, peak = json.loads(launched.stdout)
    if code:
        raise SystemExit(f"{command[0]} failed with exit code {code}")
    return Run(processor, wall, peak / 1024)


def repeat(times: int, *command: str | Path) -> Run:
    """Run a process several times and keep the medians."""
    runs = [run(*command) for _ in range(times)]
    return Run(
        *(statistics.median(getattr(one, field) for one in runs) for field in Run.__annotations__)
    )


def stipple(*options: str | Path) -> tuple[str | Path, ...]:
    """Command line of `stipple stipple` on the image."""
    return (sys.executable, "-m", "stipple", "stipple", IMAGE, "-q", *options)


def evaluate(density: Density, points: np.ndarray) -> tuple[float, float]:
    """W2² in px² and quality N·W2²/A of points, by an exact transport solve."""
    transport = TransportSolver(density).solve(points, tolerance=1e-4)
    return transport.w2_squared, len(points) * transport.w2_squared / density.support_area


def read_rival_points(path: Path, density: Density, count: int) -> np.ndarray:
    """Points of the other tool, which enlarges the image and turns it upside down."""
    zoom = max(1, round((count * 500 / (density.width * density.height)) ** 0.5))
    rows = np.load(path)
    points = np.column_stack([rows[:, 0] / zoom, density.height - rows[:, 1] / zoom])
    return np.clip(points, 0, (density.width, density.height))


def compare(density: Density, counts: list[int]) -> list[str]:
    """Both tools, from the image file to a drawing and the points."""
    lines = [
        "| points | tool | processor s | wall s | peak MiB | W2² px² | quality | ratio |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for count in counts:
        ours, table = WORK / f"ours-{count}.svg", WORK / f"ours-{count}.csv"
        mine = repeat(REPEATS, *stipple("-n", str(count), "-o", ours, "-o", table))
        w2, quality = evaluate(density, read_points_csv(table))
        lines.append(
            f"| {count:,} | stipple, defaults | {mine.processor:.2f} | {mine.wall:.2f} |"
            f" {mine.peak:.0f} | {w2:.4g} | {quality:.4f} | 1 |"
        )
        drawing = WORK / f"rival-{count}.svg"
        rival = run(
            RIVAL, IMAGE, "--n_point", str(count), "--n_iter", str(RIVAL_ITERATIONS),
            "--epsilon", "0", "--save_points", "--out", drawing,
        )  # fmt: skip
        w2, quality = evaluate(
            density, read_rival_points(drawing.with_suffix(".npy"), density, count)
        )
        lines.append(
            f"| | stippler 0.2.1.1, {RIVAL_ITERATIONS} iterations | {rival.processor:.1f} |"
            f" {rival.wall:.1f} | {rival.peak:.0f} | {w2:.4g} | {quality:.4f} |"
            f" {rival.processor / mine.processor:.1f} |"
        )
        print("\n".join(lines[-2:]), flush=True)
    return lines


def call_rival(name: str, count: int, **arrays: np.ndarray) -> tuple[np.ndarray, float] | None:
    """Points of another library, and its processor seconds; None where it is not installed."""
    archive, found = WORK / "arrays.npz", WORK / "points.npy"
    np.savez(archive, **arrays)
    command = [*RIVALS, name, archive, str(count), found]
    said = subprocess.run(command, capture_output=True, text=True)
    if said.returncode:
        print(f"{name} does not run here: {said.stderr.strip().splitlines()[-1]}", flush=True)
        return None
    return np.load(found), float(json.loads(said.stdout))


def measure_call(function: Callable[[], np.ndarray]) -> tuple[np.ndarray, float]:
    """Call a function several times; its result, and the median of its processor seconds."""
    seconds = []
    for _ in range(REPEATS):
        began = time.process_time()
        found = function()
        seconds.append(time.process_time() - began)
    return found, statistics.median(seconds)


def compare_calls(density: Density) -> list[str]:
    """Library calls on the array, imports and compilation left out."""
    lines = ["| points | library | processor s | quality | ratio |", "|---|---|---|---|---|"]
    rows, columns = np.indices(density.values.shape)
    centres = np.column_stack((columns.ravel(), rows.ravel())) + 0.5
    arrays = {"image": density.values, "points": centres, "masses": density.values.ravel()}
    for count, rivals in ((400, ("pysdot", "kmeans")), (2_000, ("kmeans",))):
        points, mine = measure_call(
            lambda count=count: stipple_array(density, count, threads=1).points
        )
        quality = evaluate(density, points)[1]
        lines.append(f"| {count:,} | stipple.stipple | {mine:.2f} | {quality:.4f} | 1 |")
        for name in rivals:
            found = call_rival(name, count, **arrays)
            if found is None:
                continue
            quality = evaluate(density, found[0])[1]
            label = {
                "pysdot": "pysdot 0.2.16, ScaledImage, 5 Lloyd steps from a grid",
                "kmeans": "scikit-learn KMeans of the pixels, 30 iterations",
            }[name]
            lines.append(f"| | {label} | {found[1]:.1f} | {quality:.4f} | {found[1] / mine:.1f} |")
        print("\n".join(lines[-1 - len(rivals) :]), flush=True)
    return lines


def compare_sequences() -> list[str]:
    """One million points of each sequence, and W2 of the first thousand to the uniform density."""
    count, first = 1_000_000, 1000
    square = TransportSolver(Density(np.ones((1, 1))))

    def judge(points: np.ndarray) -> float:
        return (
            square.solve(np.clip(points[:first], 1e-9, 1 - 1e-9), tolerance=1e-4).w2_squared ** 0.5
        )

    lines = [
        f"| sequence | processor s for {count:,} points | W2 of the first {first:,} | ratio |",
        "|---|---|---|---|",
    ]
    points, mine = measure_call(lambda: generate_sequence(count, 2))
    lines.append(f"| stipple.sequence | {mine:.3f} | {judge(points):.5f} | 1 |")
    for name in ("sobol", "halton"):
        found = call_rival(name, count)
        if found is not None:
            lines.append(
                f"| scipy.stats.qmc, {name} | {found[1]:.3f} | {judge(found[0]):.5f} |"
                f" {found[1] / mine:.1f} |"
            )
    print("\n".join(lines), flush=True)
    return lines


def enlarge() -> list[str]:
    """Stipple larger and larger images with the same number of points."""
    lines = ["| image | processor s | wall s | peak MiB |", "|---|---|---|---|"]
    sides, costs = (256, 512, 1024, 2048, 4096), []
    for side in sides:
        report = WORK / "size.json"
        options = ["-n", "5000", "--resize", f"{side}x{side}", "-o", WORK / "size.csv"]
        costs.append(run(*stipple(*options), "--report", report))
        cost = costs[-1]
        lines.append(
            f"| {side} × {side} | {cost.processor:.1f} | {cost.wall:.1f} | {cost.peak:.0f} |"
        )
        print(lines[-1], flush=True)
    plot("scaling-size", "pixels along a side", np.array(sides, dtype=float), costs)
    return lines


def plot(name: str, label: str, x: np.ndarray, costs: list[Run]) -> None:
    """Draw processor time and peak memory of some runs."""
    panels = [
        Panel(
            "processor seconds of the process",
            (Curve("stipple", x, np.array([cost.processor for cost in costs])),),
            {},
            logarithmic=True,
        ),
        Panel(
            "peak memory, MiB",
            (Curve("stipple", x, np.array([cost.peak for cost in costs])),),
            {},
            logarithmic=True,
        ),
    ]
    (PLOTS / f"{name}.svg").write_bytes(render_plot(panels, label, "svg", 100))


def scale() -> list[str]:
    """One transport solve from the bisection start, and large numbers of points."""
    lines = [
        "| points | steps | diagrams | Newton | mass error | quality | processor s | wall s"
        " | peak MiB |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    single = {}
    for count, steps in (
        (2_000, 0), (20_000, 0), (100_000, 0), (100_000, 10), (1_000_000, 0),
    ):  # fmt: skip
        report = WORK / "scale.json"
        cost = run(
            *stipple("-n", str(count), "--iterations", str(steps)),
            "-o", WORK / "scale.csv", "--report", report,
        )  # fmt: skip
        if steps == 0:
            single[count] = cost
        said = json.loads(report.read_text())
        newton = said["inks"][0]["newton_iterations"]
        lines.append(
            f"| {count:,} | {steps} | {said['diagrams']} | {newton} | {said['mass_error']:.1e} |"
            f" {said['quality']:.4f} | {cost.processor:.1f} | {cost.wall:.1f} | {cost.peak:.0f} |"
        )
        print(lines[-1], flush=True)
    counts = np.array(list(single), dtype=float)
    plot("scaling-points", "points", counts, list(single.values()))
    return lines


def quote(page: Path, *headings: str) -> list[str]:
    """Quote the tables below headings of a page that another benchmark has written."""
    lines = page.read_text(encoding="utf-8").splitlines()
    quoted = []
    for heading in headings:
        place = next(k for k, line in enumerate(lines) if line.lstrip("# ").startswith(heading))
        table = dropwhile(lambda line: not line.startswith("|"), lines[place:])
        quoted += [f"### {lines[place].lstrip('# ')}", ""]
        quoted += [*takewhile(lambda line: line.startswith("|"), table), ""]
    return quoted


def main() -> None:
    """Run everything and write the report."""
    WORK.mkdir(parents=True, exist_ok=True)
    density = Density(darkness(read_source(IMAGE), Tone()))
    run(*stipple("-n", "500", "-o", WORK / "warm.svg", "-o", WORK / "warm.csv"))
    start = repeat(9, sys.executable, "-m", "stipple", "--help")
    print(f"stipple --help: {start.wall:.3f} s", flush=True)
    compared = compare(density, [2_000, 5_000, 20_000])
    called = compare_calls(density)
    sequences = compare_sequences()
    scaled = scale()
    enlarged = enlarge()
    REPORT.write_text(
        "\n".join(
            [
                "# Benchmarks",
                "",
                describe_origin("bench"),
                "Image: samples/camera.png (512×512), density 1 − grey/255.",
                "",
                "## Whole processes, side by side",
                "",
                "From the image file to an SVG and the points, just-in-time cache warm. The quality"
                " is N·W2²/A (lower is better; hexagonal limit 0.1604, no bound), by an exact"
                " transport solve after the fact.",
                "",
                *compared,
                "",
                "## One transport solve, and large numbers",
                "",
                "`--iterations 0` is one exact solve from the equal-mass bisection start.",
                "",
                *scaled,
                "",
                "![time and memory against points](images/scaling-points.svg)",
                "",
                "## Image size, 5,000 points",
                "",
                *enlarged,
                "",
                "![time and memory against image size](images/scaling-size.svg)",
                "",
                "## Library calls",
                "",
                "Processor seconds of the call alone, one thread, the same array; quality by the"
                " same exact transport solve as above, as equal dots (k-means balances something"
                " else: docs/edot-measured.md compares it at what it does).",
                "",
                *called,
                "",
                "## Sequences",
                "",
                *sequences,
                "",
                "## Discretisation beside scikit-learn and POT",
                "",
                "samples/chelsea.png, from [edot-measured.md](edot-measured.md), which has more.",
                "",
                *quote(DISCRETISATION, "Darkness to the power 1", "Beside POT"),
                "## Bounds beside POT",
                "",
                "From [bounds-measured.md](bounds-measured.md), which has larger images; Sinkhorn"
                " solvers are in [bound-estimators.md](bound-estimators.md).",
                "",
                *quote(BOUNDS, "64 × 64, p = 2", "64 × 64, p = 1"),
                f"`stipple --help` answers in {start.wall:.3f} s.",
                "",
            ]
        ),
        encoding="utf-8",
    )
    print(f"Wrote {REPORT}")


if __name__ == "__main__":
    main()
