"""The KeOps engine on a GPU beside NumPy on the processor: `make gpu-check`.

Checks that values and gradients agree to 1e-9 (double precision), and writes the times to
docs/gpu.md. Ends with a sentence and exit code 1 where no GPU can be used.
"""

import platform
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from stipple.arrays import Floats
from stipple.errors import StippleError
from stipple.samples import Samples
from stipple.solvers.entropic.kernel import SinkhornSettings, choose_engine
from stipple.solvers.entropic.objectives import Evaluation, evaluate_objective
from stipple.solvers.metrics import Euclidean, Metric, Sphere

ROOT = Path(__file__).parent.parent
REPORT = ROOT / "docs" / "gpu.md"
AGREEMENT = 1e-9
REPEATS = 3
ZETA = 0.01


@dataclass(frozen=True)
class Case:
    """A problem: so many samples and atoms, an order, a metric."""

    samples: int
    atoms: int
    dimension: int
    order: float
    metric: Metric


CASES = (
    Case(1_000, 50, 2, 2.0, Euclidean()),
    Case(10_000, 1_000, 2, 2.0, Euclidean()),
    Case(10_000, 1_000, 3, 1.0, Euclidean()),
    Case(10_000, 1_000, 3, 2.0, Sphere()),
    Case(100_000, 1_000, 2, 2.0, Euclidean()),
)


def draw(case: Case) -> tuple[Samples, Floats]:
    """Draw samples and atoms of a case."""
    generator = np.random.default_rng(0)
    points = generator.standard_normal((case.samples + case.atoms, case.dimension))
    if case.metric.name == "sphere":
        points /= np.linalg.norm(points, axis=1, keepdims=True)
    return Samples(points[case.atoms :], np.ones(case.samples)), points[: case.atoms]


def evaluate(case: Case, settings: SinkhornSettings) -> tuple[Evaluation, float]:
    """Evaluate the sharp objective with its gradients; the median time without the first run."""
    samples, atoms = draw(case)
    weights = np.full(case.atoms, 1 / case.atoms)
    zeta = ZETA * float(np.ptp(samples.points)) ** case.order

    def run() -> Evaluation:
        return evaluate_objective(
            samples,
            atoms,
            weights,
            zeta,
            objective="sharp",
            order=case.order,
            metric=case.metric,
            settings=settings,
        )

    found = run()  # the first run compiles
    return found, statistics.median(_time(run) for _ in range(REPEATS))


def _time(run: Callable[[], Evaluation]) -> float:
    began = time.perf_counter()
    run()
    return time.perf_counter() - began


def main() -> int:
    """Compare the engines on every case."""
    gpu = SinkhornSettings(engine="keops", device="cuda", tolerance=1e-12)
    try:
        choice = choose_engine(gpu, 1, 1, Euclidean())
    except StippleError as error:
        print(f"Nothing to check: {error}", file=sys.stderr)
        return 1
    if choice.engine != "keops":
        print(f"Nothing to check: {choice.reason}", file=sys.stderr)
        return 1
    processor = SinkhornSettings(engine="numpy", tolerance=1e-12)
    lines = [
        "| samples | atoms | d | k | metric | NumPy s | KeOps on the GPU s | ratio | difference |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    agree = True
    for case in CASES:
        mine, slow = evaluate(case, processor)
        other, fast = evaluate(case, gpu)
        scale = np.abs(mine.atom_gradient).max()
        difference = max(
            abs(other.value / mine.value - 1),
            float(np.abs(other.atom_gradient - mine.atom_gradient).max() / scale),
        )
        agree &= difference <= AGREEMENT
        lines.append(
            f"| {case.samples:,} | {case.atoms:,} | {case.dimension} | {case.order:g} |"
            f" {case.metric.name} | {slow:.3f} | {fast:.3f} | {slow / fast:.1f} |"
            f" {difference:.1e} |"
        )
        print(lines[-1], flush=True)
    REPORT.write_text(
        "\n".join(
            [
                "# On a GPU",
                "",
                "Written by `make gpu-check`: the sharp objective with both gradients, in double"
                " precision, by KeOps on the GPU and by NumPy on the processor; the difference is"
                " the largest of value and gradient, relative.",
                f"Machine: {platform.machine()}, Python {platform.python_version()}.",
                "",
                *lines,
                "",
            ]
        ),
        encoding="utf-8",
    )
    print(f"Wrote {REPORT}; the engines {'agree' if agree else 'DISAGREE'}.")
    return 0 if agree else 1


if __name__ == "__main__":
    sys.exit(main())
