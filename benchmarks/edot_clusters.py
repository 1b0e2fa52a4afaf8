"""Free weights beside k-means, in one run: a part of `make bench-edot`.

`edot` with its defaults, scikit-learn's KMeans with one start and with ten, and faiss (100
iterations, one start) get the same samples of one mass each; on a line, kmeans1d. Costs are sums
of squared distances to the nearest centre, as SciPy finds it. Times are processor seconds of the
calls in one thread, without imports and compilation.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TypeVar

import numpy as np
from rival_calls import Answer, ask_rival, list_reasons
from scipy.spatial import cKDTree
from sklearn.cluster import KMeans
from sklearn.datasets import make_blobs

from stipple.arrays import Floats
from stipple.discretisation.settings import Settings
from stipple.discretisation.solve import solve
from stipple.measures.measure import Measure
from stipple.measures.samples import Samples

Result = TypeVar("Result")

SAMPLES, SEEDS = 1_000, 20
DIMENSIONS, CLUSTERS = (2, 5, 10, 16), (20, 50, 64)
ON_A_LINE = ((100_000, 64), (1_000_000, 64))


def draw_cases(seed: int) -> Iterator[tuple[str, Floats, int]]:
    """Draw samples of each kind, with how many atoms are sought."""
    random = np.random.default_rng(seed)
    for dimension in DIMENSIONS:
        for count in CLUSTERS:
            blobs, _ = make_blobs(SAMPLES, dimension, centers=count, random_state=seed)
            yield f"{count} clusters, d = {dimension}", blobs, count
        for count in (CLUSTERS[0], CLUSTERS[-1]):
            yield (
                f"Gaussian, {count} atoms, d = {dimension}",
                random.normal(size=(SAMPLES, dimension)),
                count,
            )
            yield (
                f"uniform, {count} atoms, d = {dimension}",
                random.random((SAMPLES, dimension)),
                count,
            )


def clock(run: Callable[[], Result]) -> tuple[Result, float]:
    """Run, and tell the processor seconds."""
    began = time.process_time()
    return run(), time.process_time() - began


def find_atoms(points: Floats, count: int, seed: int) -> Floats:
    """Find atoms with free weights, without the evidence."""
    measure = Measure.from_samples(Samples(points, np.ones(len(points))))
    return solve(measure, count, Settings(seed=seed, threads=1)).atoms


def judge(points: Floats, centres: Floats) -> float:
    """Sum of squared distances to the nearest centre."""
    return float((cKDTree(centres).query(points)[0] ** 2).sum())


def judge_answer(points: Floats, answer: Answer) -> float:
    """Sum of squared distances to what a rival found; NaN if nothing."""
    return np.nan if answer.values is None else judge(points, answer.values)


def compare_clusters(seeds: int = SEEDS) -> list[str]:
    """Measure all on each kind and seed, and list the rows of a table of ratios."""
    find_atoms(np.random.default_rng(0).random((200, 2)), 5, 0)  # compiles
    found: dict[str, list[tuple[float, ...]]] = {}
    answers: dict[str, Answer] = {}
    for seed in range(seeds):
        for name, points, count in draw_cases(seed):
            atoms, quick = clock(partial(find_atoms, points, count, seed))
            mine = judge(points, atoms)
            fits = [
                clock(partial(KMeans(count, n_init=starts, random_state=seed).fit, points))
                for starts in (10, 1)
            ]
            ten, one = (judge(points, fit.cluster_centers_) for fit, _ in fits)
            faiss = np.nan
            if seed == 0:
                answers["faiss"] = ask_rival("faiss", count, points=points)
                faiss = judge_answer(points, answers["faiss"])
            row = (mine / ten, mine / one, mine / faiss, quick / fits[0][1])
            found.setdefault(name, []).append(row)
    lines = [
        "| samples | worst / ten starts | median / ten starts | median / one start | / faiss, one"
        " seed | time / ten starts |",
        "|---|---|---|---|---|---|",
    ]
    for name, rows in found.items():
        columns = np.array(rows).T
        figures = (columns[0].max(), *(np.median(column) for column in columns[:2]))
        lines.append(
            f"| {name} | {' | '.join(f'{figure:.4f}' for figure in figures)} |"
            f" {columns[2][0]:.4f} | {np.median(columns[3]):.2f} |"
        )
    print("\n".join(lines[2:]), flush=True)
    return [*lines, "", *list_reasons(answers), ""]


def compare_lines(sizes: Sequence[tuple[int, int]] = ON_A_LINE) -> list[str]:
    """Measure both exact methods on a line, and list the rows of a table."""
    lines = [
        "| samples | atoms | cost / kmeans1d − 1 | edot s | kmeans1d s |",
        "|---|---|---|---|---|",
    ]
    answers: dict[str, Answer] = {}
    random = np.random.default_rng(3)
    find_atoms(random.normal(size=(60_000, 1)), 8, 0)  # compiles
    for size, count in sizes:
        for name, values in (
            ("normal", random.normal(size=size)),
            ("Cauchy", random.standard_cauchy(size)),
        ):
            points = values[:, None]
            atoms, quick = clock(partial(find_atoms, points, count, 0))
            answer = answers["kmeans1d"] = ask_rival("kmeans1d", count, points=points)
            excess = judge(points, atoms) / judge_answer(points, answer) - 1
            lines.append(
                f"| {size:,}, {name} | {count} | {excess:.1e} | {quick:.2f} |"
                f" {answer.seconds:.2f} |"
            )
            print(lines[-1], flush=True)
    return [*lines, "", *list_reasons(answers), ""]


if __name__ == "__main__":
    print("\n".join([*compare_clusters(), *compare_lines()]))
