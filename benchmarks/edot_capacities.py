"""`edot` with capacities beside k-means-constrained, in one run: a part of `make bench-edot`.

Both divide the same points, of one mass each, among as many groups, each of a size within the same
bounds, from their own starts; k-means-constrained with one start, which is its fastest. Costs are
mean squared distances to the centres: of the groups of k-means-constrained as it labels them, and
of `edot` the upper end of its certified interval. Times are processor seconds of the calls, without
imports and compilation. `compare_capacities` returns the lines of the table.
"""

import json
import subprocess
import time
from pathlib import Path

import numpy as np

from stipple.arrays import Floats
from stipple.discretisation.discretise import edot

ROOT = Path(__file__).parent.parent
WORK = ROOT / "out" / "bench"
RIVALS = (ROOT / ".venv-bench" / "bin" / "python", Path(__file__).with_name("rivals.py"))
SIZES = ((2_000, 20), (5_000, 50))
# Bounds of groups, as parts of their mean size.
LEAST, MOST = 0.9, 1.1
# Far from 1, where costs that are rounded to thousandths lose their digits.
SMALL, LARGE = 1e-5, 1e5
LONGEST = 600  # seconds


def draw_cases(samples: int, groups: int) -> dict[str, Floats]:
    """Draw points in the plane: even ones, as many clusters as groups, and few unlike ones."""
    random = np.random.default_rng(0)
    uniform = random.random((samples, 2))
    centres = random.uniform(-10, 10, (groups, 2))
    blobs = centres[np.arange(samples) % groups] + random.standard_normal((samples, 2))
    shares = 2.0 ** -np.arange(1, 7)
    which = random.choice(6, samples, p=shares / shares.sum())
    unbalanced = 4 * centres[which] + random.standard_normal((samples, 2)) * (1 + which[:, None])
    return {
        "uniform": uniform,
        "blobs": blobs,
        "unbalanced": unbalanced,
        f"uniform × {SMALL:g}": SMALL * uniform,
        f"uniform × {LARGE:g}": LARGE * uniform,
    }


def run_rival(points: Floats, groups: int, bounds: tuple[int, int]) -> tuple[float, float]:
    """Find the cost of its groups around their centres, and its processor seconds; NaN if none."""
    archive, found = WORK / "points.npz", WORK / "labels.npy"
    np.savez(archive, points=points, bounds=bounds)
    command = [*RIVALS, "constrained", archive, str(groups), found]
    try:
        said = subprocess.run(
            command, check=True, capture_output=True, text=True, timeout=LONGEST
        ).stdout
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired):
        return np.nan, np.nan
    labels = np.load(found)
    parts = (points[labels == group] for group in range(groups))
    cost = sum(float(((part - part.mean(axis=0)) ** 2).sum()) for part in parts if len(part))
    return cost / len(points), float(json.loads(said))


def compare_capacities() -> list[str]:
    """Measure both, and list the rows of a table."""
    WORK.mkdir(parents=True, exist_ok=True)
    lines = [
        "| points | samples | groups | edot | s | k-means-constrained | s | cost | time |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for samples, groups in SIZES:
        mean = samples / groups
        least, most = round(LEAST * mean), round(MOST * mean)
        capacity = (least / samples, most / samples)
        for name, points in draw_cases(samples, groups).items():
            edot(points[:200], 3, capacity=(0.3, 0.4), threads=1)  # compiles
            began = time.process_time()
            mine = edot(points, groups, capacity=capacity, threads=1).cost.upper
            quick = time.process_time() - began
            cost, slow = run_rival(points, groups, (least, most))
            lines.append(
                f"| {name} | {samples:,} | {groups} | {mine:.6g} | {quick:.2f} | {cost:.6g} |"
                f" {slow:.2f} | {mine / cost:.4f} | {quick / slow:.3f} |"
            )
            print(lines[-1], flush=True)
    return [*lines, ""]


if __name__ == "__main__":
    print("\n".join(compare_capacities()))
