"""`stipple edot` beside scikit-learn's KMeans and POT, in one run: `make bench-edot`.

All get the same pixels of samples/chelsea.png with the same masses, and points are judged by one
evaluator: W2² from the pixels to the points with the masses of their Voronoi cells, found by
SciPy's k-d tree, or with equal weights by HiGHS. Times are processor seconds of the library calls,
without imports and compilation. Writes docs/edot-measured.md, in less than 20 minutes; with --quick
every part runs on small sizes, in a minute or two, and the page goes to out/bench instead.
"""

import argparse
import resource
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import ot
from edot_capacities import compare_capacities
from edot_clusters import compare_clusters, compare_lines
from edot_stream import compare_batches, measure_stream
from rival_calls import WORK, ask_rival
from scipy.optimize import linprog
from scipy.sparse import coo_array
from scipy.spatial import cKDTree
from scipy.spatial.distance import cdist
from stamp import describe_origin

from stipple.arrays import Floats
from stipple.discretisation.entropic.kernel import SinkhornSettings
from stipple.discretisation.entropic.sinkhorn import solve_sinkhorn
from stipple.discretisation.evidence import measure_zeta
from stipple.discretisation.methods import find_atoms
from stipple.discretisation.settings import Settings
from stipple.discretisation.weighted_quantisation import quantise_weighted
from stipple.files.pictures import read_source
from stipple.measures.density import Density
from stipple.measures.formula import Domain
from stipple.measures.measure import Measure
from stipple.measures.samples import Samples
from stipple.measures.tone import Tone, darkness

ROOT = Path(__file__).parent.parent
IMAGE = ROOT / "samples" / "chelsea.png"
REPORT = ROOT / "docs" / "edot-measured.md"
SINKHORN_ERROR = 1e-8
SINKHORN = SinkhornSettings(engine="numpy", tolerance=SINKHORN_ERROR)


@dataclass(frozen=True)
class Sizes:
    """How much is measured.

    Atoms beside KMeans; seeds of clusters; samples on a line and atoms; samples and groups; every
    how many pixels, and atoms, beside POT; samples of a crowd; rows of a stream, and of one beside
    a batch.
    """

    atoms: Sequence[int] = (2000, 4000)
    seeds: int = 20
    lines: Sequence[tuple[int, int]] = ((100_000, 64), (1_000_000, 64))
    groups: Sequence[tuple[int, int]] = ((2_000, 20), (5_000, 50))
    thinned: Sequence[tuple[int, int]] = ((6, 50), (3, 200))
    crowd: int = 1_000_000
    stream: int = 100_000_000
    batch: int = 1_000_000


QUICK = Sizes((200,), 1, ((10_000, 16),), ((200, 5),), ((12, 20),), 20_000, 100_000, 100_000)


def read_measure(gamma: float) -> Measure:
    """Pixels of the picture with their darkness to a power as mass, the longer side 1."""
    density = Density(darkness(read_source(IMAGE), Tone(gamma=gamma)))
    return Measure.from_domain(Domain(density, unit=1 / max(density.width, density.height)))


def judge(samples: Samples, atoms: Floats) -> float:
    """W2² to the atoms with their best weights."""
    distances, _ = cKDTree(atoms).query(samples.points)
    return float(samples.masses @ distances**2)


def run_ours(measure: Measure, count: int, settings: Settings) -> tuple[Floats, float]:
    """Find atoms; the median of three times."""
    settings = settings.choose_algorithm(count)
    zeta = measure_zeta(measure, settings)
    seconds = []
    for _ in range(3):
        began = time.process_time()
        found = find_atoms(measure, count, settings, zeta, None)
        seconds.append(time.process_time() - began)
    return found.atoms, float(np.median(seconds))


def compare(gamma: float, counts: Sequence[int]) -> list[str]:
    """Both on one density."""
    measure = read_measure(gamma)
    lines = [
        f"### Darkness to the power {gamma:g} (`--gamma {gamma:g}`)",
        "",
        "| atoms | method | W2² × 10⁶ | processor s | ratio |",
        "|---|---|---|---|---|",
    ]
    for count in counts:
        points, masses = measure.samples.points, measure.samples.masses
        rival = ask_rival("kmeans", count, points=points, masses=masses)
        runs = (
            ("edot, exact", Settings(threads=1)),
            ("edot, adaptive, full", Settings(objective="full", threads=1)),
        )
        for name, settings in runs:
            atoms, seconds = run_ours(measure, count, settings)
            cost = judge(measure.samples, atoms)
            lines.append(
                f"| {count:,} | {name} | {1e6 * cost:.2f} | {seconds:.2f} |"
                f" {rival.seconds / seconds:.1f} |"
            )
        if rival.values is None:
            lines.append(f"| | KMeans: {rival.reason} | | | |")
        else:
            cost = 1e6 * judge(measure.samples, rival.values)
            lines.append(f"| | KMeans, 30 iterations | {cost:.2f} | {rival.seconds:.1f} | 1 |")
        print("\n".join(lines[-3:]), flush=True)
    return [*lines, ""]


def judge_equally(samples: Samples, atoms: Floats) -> float:
    """W2² to atoms of equal weights: a linear programme on near pairs, proved on all of them."""
    count, nearest = len(atoms), min(24, len(atoms))
    distances, columns = cKDTree(atoms).query(samples.points, k=nearest)
    arcs = np.arange(columns.size)
    ends = np.concatenate([arcs // nearest, len(samples) + columns.ravel()])
    marginals = coo_array((np.ones(2 * len(arcs)), (ends, np.tile(arcs, 2)))).tocsr()
    masses = np.concatenate([samples.masses, np.full(count, 1 / count)])
    solved = linprog((distances**2).ravel(), A_eq=marginals, b_eq=masses, method="highs")
    potential = solved.eqlin.marginals
    costs = cdist(samples.points, atoms, "sqeuclidean")
    reduced = costs - potential[: len(samples), None] - potential[len(samples) :]
    if solved.status or reduced.min() < -1e-12:
        raise SystemExit("HiGHS did not find the optimum among near pairs.")
    return float(solved.fun)


def compare_pot(sizes: Sequence[tuple[int, int]]) -> list[str]:
    """Equal weights beside POT's free-support barycentre, and Sinkhorn beside POT's, on pixels."""
    lines = [
        "| what | pixels | atoms | method | value | processor s | ratio |",
        "|---|---|---|---|---|---|---|",
    ]
    values = read_measure(1.0).domain.density.values
    for step, count in sizes:
        thinned = values[step // 2 :: step, step // 2 :: step]
        rows, columns = np.nonzero(thinned)
        points = np.column_stack((columns, rows)) / max(thinned.shape)
        samples = Samples(points, thinned[rows, columns])
        settings = Settings(weights="equal", threads=1)
        atoms, mine = run_ours(Measure.from_samples(samples), count, settings)
        generator = np.random.default_rng(0)
        start = points[generator.choice(len(points), count, replace=False, p=samples.masses)]
        weights = np.full(count, 1 / count)
        began = time.process_time()
        theirs = ot.lp.free_support_barycenter(
            [points], [samples.masses], start, b=weights, numItermax=100, stopThr=1e-8
        )
        slow = time.process_time() - began
        shape = f"| {len(points):,} | {count} |"
        for name, found, seconds in (
            ("edot --weights equal", atoms, mine),
            ("POT, free_support_barycenter", theirs, slow),
        ):
            value = f"W2² × 10⁶ = {1e6 * judge_equally(samples, found):.1f}"
            lines.append(
                f"| equal weights {shape} {name} | {value} | {seconds:.2f} | {slow / seconds:.1f} |"
            )
        costs = cdist(points, atoms, "sqeuclidean")
        zeta = 1e-3 * float(costs.max())
        began = time.process_time()
        solved = solve_sinkhorn(samples, atoms, weights, zeta, settings=SINKHORN)
        mine = time.process_time() - began
        began = time.process_time()
        plan, log = ot.sinkhorn(
            samples.masses, weights, costs, zeta,
            method="sinkhorn_log", numItermax=20_000, stopThr=SINKHORN_ERROR, log=True,
        )  # fmt: skip
        slow = time.process_time() - began
        for name, cost, error, seconds in (
            ("stipple, Sinkhorn with Newton steps", solved.cost, solved.marginal_error, mine),
            ("POT, sinkhorn_log", float(np.vdot(plan, costs)), log["err"][-1], slow),
        ):
            value = f"⟨P, C⟩ × 10⁶ = {1e6 * cost:.4f}, marginal error {error:.0e}"
            lines.append(
                f"| ζ = cost/1,000 {shape} {name} | {value} | {seconds:.2f} |"
                f" {slow / seconds:.1f} |"
            )
        print("\n".join(lines[-4:]), flush=True)
    return [*lines, ""]


def crowd(size: int) -> list[str]:
    """Very many drawn samples, 1,000 atoms."""
    generator = np.random.default_rng(0)
    lines = ["| d | samples | atoms | steps | wall s | processor s |", "|---|---|---|---|---|---|"]
    for dimension in (2, 3):
        means = generator.random((20, dimension))
        points = means[generator.integers(20, size=size)]
        points = points + 0.05 * generator.standard_normal(points.shape)
        samples = Samples(points, np.ones(len(points)))
        wall, processor = time.perf_counter(), time.process_time()
        found = quantise_weighted(samples, 1000)
        lines.append(
            f"| {dimension} | {size:,} | 1,000 | {found.iterations} |"
            f" {time.perf_counter() - wall:.1f} | {time.process_time() - processor:.1f} |"
        )
        print(lines[-1], flush=True)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    return [*lines, "", f"Peak memory of the whole run: {peak:.2f} GiB.", ""]


def compare_streams(sizes: Sizes) -> list[str]:
    """Memory and time of a long stream, and costs of shorter ones beside batches."""
    return [
        "Rows in the plane, 100,000 at a time, for 20 atoms; drawing them is included in the time.",
        "",
        *measure_stream(sizes.stream),
        "Costs of all samples at the atoms of a stream of 100 parts, over those of `fit`.",
        "",
        *compare_batches(sizes.batch),
    ]


def main() -> None:
    """Measure everything and write the report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="see that every part runs")
    quick = parser.parse_args().quick
    sizes, report = (QUICK, WORK / REPORT.name) if quick else (Sizes(), REPORT)
    WORK.mkdir(parents=True, exist_ok=True)
    # Compile before anything is timed.
    for settings in (Settings(), Settings(objective="full")):
        run_ours(read_measure(1.0), 200, settings)
    parts = [line for gamma in (1.0, 2.0) for line in compare(gamma, sizes.atoms)]
    crowded = crowd(sizes.crowd)  # before anything that takes much memory
    beside = compare_pot(sizes.thinned)
    report.write_text(
        "\n".join(
            [
                "# Discretisation, measured",
                "",
                describe_origin("bench-edot"),
                "Image: samples/chelsea.png, 451 × 300 pixels at their centres, the longer side 1."
                " Ratios are of processor time, to KMeans in the same run.",
                "",
                "## Beside scikit-learn's KMeans (n_init = 1, 30 iterations)",
                "",
                *parts,
                "## Free weights beside KMeans and faiss",
                "",
                f"1,000 samples of each kind, {sizes.seeds} seeds, one thread: ratios of the sum of"
                " squared distances to those of KMeans with ten starts and with one, and of faiss"
                " with one (100 iterations); of processor time, to ten starts.",
                "",
                *compare_clusters(sizes.seeds),
                "## On a line, beside kmeans1d",
                "",
                *compare_lines(sizes.lines),
                "## Capacities, beside k-means-constrained",
                "",
                "Groups between 90 and 110 % of their mean size. Costs are mean squared distances,"
                " times processor seconds; ratios below 1 favour `edot`, whose certificate is"
                " included.",
                "",
                *compare_capacities(sizes.groups),
                "## Beside POT",
                "",
                "Equal weights from a random start of POT's (others end within 2 %), ratios to POT;"
                " W2² by HiGHS, proved by its dual. Sinkhorn until the marginal error is below"
                f" {SINKHORN_ERROR:g}.",
                "",
                *beside,
                "## One million samples, exact",
                "",
                *crowded,
                "## Streams, in `stipple.sklearn.Quantizer.partial_fit`",
                "",
                *compare_streams(sizes),
            ]
        ),
        encoding="utf-8",
    )
    print(f"Wrote {report}")


if __name__ == "__main__":
    main()
