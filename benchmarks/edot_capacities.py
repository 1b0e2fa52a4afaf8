"""`edot` with capacities beside k-means-constrained, in one run: a part of `make bench-edot`.

Both divide the same points, of one mass each, among as many groups, each of a size within the same
bounds, from their own starts; k-means-constrained with one start, which is its fastest. Costs are
mean squared distances to the centres: of the groups of k-means-constrained as it labels them, and
of `edot` the upper end of its certified interval. Times are processor seconds of the calls, without
imports and compilation. `compare_capacities` returns the lines of the table.
"""

import time
from collections.abc import Sequence

import numpy as np
from rival_calls import Answer, ask_rival, list_reasons

from stipple.arrays import Floats
from stipple.discretisation.discretise import edot

SIZES = ((2_000, 20), (5_000, 50))
# Bounds of groups, as parts of their mean size.
LEAST, MOST = 0.9, 1.1
# Far from 1, where costs that are rounded to thousandths lose their digits.
SMALL, LARGE = 1e-5, 1e5


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


def judge(points: Floats, groups: int, answer: Answer) -> float:
    """Mean squared distance to the centres of groups, by their labels; NaN if there are none."""
    if answer.values is None:
        return np.nan
    parts = (points[answer.values == group] for group in range(groups))
    cost = sum(float(((part - part.mean(axis=0)) ** 2).sum()) for part in parts if len(part))
    return cost / len(points)


def compare_capacities(sizes: Sequence[tuple[int, int]] = SIZES) -> list[str]:
    """Measure both, and list the rows of a table."""
    answers: dict[str, Answer] = {}
    lines = [
        "| points | samples | groups | edot | s | k-means-constrained | s | cost | time |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for samples, groups in sizes:
        mean = samples / groups
        least, most = round(LEAST * mean), round(MOST * mean)
        capacity = (least / samples, most / samples)
        for name, points in draw_cases(samples, groups).items():
            edot(points[:200], 3, capacity=(0.3, 0.4), threads=1)  # compiles
            began = time.process_time()
            mine = edot(points, groups, capacity=capacity, threads=1).cost.upper
            quick = time.process_time() - began
            bounds = (least, most)
            answer = ask_rival("constrained", groups, points=points, bounds=bounds)
            answers[f"k-means-constrained, {name}, {samples:,}"] = answer
            cost, slow = judge(points, groups, answer), answer.seconds
            lines.append(
                f"| {name} | {samples:,} | {groups} | {mine:.6g} | {quick:.2f} | {cost:.6g} |"
                f" {slow:.2f} | {mine / cost:.4f} | {quick / slow:.3f} |"
            )
            print(lines[-1], flush=True)
    return [*lines, "", *list_reasons(answers), ""]


if __name__ == "__main__":
    print("\n".join(compare_capacities()))
