"""The KeOps engine on a GPU beside the processor: `make gpu-check`.

Checks that entropic values and gradients agree to 1e-9 (double precision), that c-transforms agree
to 1e-12 of the largest cost and that certified intervals between images overlap; writes the times
to docs/gpu.md. Ends with a sentence and exit code 1 where no GPU can be used.
"""

import math
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from scipy.ndimage import gaussian_filter
from stamp import describe_origin

from stipple.arrays import Floats
from stipple.bounds.bound import ImageBounds, bound
from stipple.bounds.transforms import transform_cost
from stipple.choices import Device
from stipple.cli.shared.digits import format_interval
from stipple.discretisation.entropic.engines import choose_engine
from stipple.discretisation.entropic.kernel import SinkhornSettings
from stipple.discretisation.entropic.objectives import Evaluation, evaluate_objective
from stipple.errors import StippleError
from stipple.geometry.metrics import Euclidean, Metric, Sphere
from stipple.machine.threads import Workers
from stipple.measures.samples import Samples

ROOT = Path(__file__).parent.parent
REPORT = ROOT / "docs" / "gpu.md"
AGREEMENT = 1e-9
REPEATS = 3
ZETA = 0.01
SIDES = (128, 256)
# Of the largest cost: as far apart c-transforms may be.
TRANSFORM_AGREEMENT = 1e-12


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
    Case(30_000, 1_000, 2, 2.0, Euclidean()),
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


def _time(run: Callable[[], object]) -> float:
    began = time.perf_counter()
    run()
    return time.perf_counter() - began


def compare_objectives(gpu: SinkhornSettings) -> tuple[list[str], bool]:
    """Evaluate every case by both engines; rows of a table, and whether the engines agree."""
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
    return lines, agree


def draw_field(seed: int, side: int) -> Floats:
    """Draw a smooth random field > 0."""
    noise = np.random.default_rng(seed).standard_normal((side, side))
    width = side / 16
    return np.exp(3 * width * gaussian_filter(noise, width))


def compare_bounds(device: Device, sides: tuple[int, ...] = SIDES) -> tuple[list[str], bool]:
    """Enclose W_1 between smooth fields by both engines; rows, and whether the engines agree."""
    lines = [
        "| side | interval, numpy | width | s | interval, KeOps | width | s | transform, numpy s |"
        " transform, KeOps s | difference |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    agree = True
    for side in sides:
        line, agrees = _compare_side(side, device)
        agree &= agrees
        lines.append(line)
        print(line, flush=True)
    return lines, agree


def _compare_side(side: int, device: Device) -> tuple[str, bool]:
    images = draw_field(1, side), draw_field(2, side)
    mine = bound(*images, 1, engine="numpy")
    assert mine.potential is not None
    # The first transforms load and compile.
    workers = Workers()
    loops = partial(transform_cost, mine.potential, 1, workers=workers)
    keops = partial(loops, device=device)
    difference = float(np.abs(loops().values - keops().values).max()) / math.hypot(side, side)
    slow, fast = (statistics.median(_time(each) for _ in range(REPEATS)) for each in (loops, keops))
    other = bound(*images, 1, engine="keops", device=device)
    agrees = (
        difference <= TRANSFORM_AGREEMENT
        and max(mine.lower, other.lower) <= min(mine.upper, other.upper)
        and mine.reached
        and other.reached
    )
    line = (
        f"| {side} | {_describe(mine)} | {_describe(other)} | {slow:.4f} | {fast:.4f} |"
        f" {difference:.1e} |"
    )
    return line, agrees


def _describe(result: ImageBounds) -> str:
    width = result.upper - result.lower
    interval = format_interval(result.lower, result.upper)
    return f"{interval} | {width:.2e} | {result.seconds:.2f}"


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
    objectives, first = compare_objectives(gpu)
    bounds, second = compare_bounds("cuda")
    agree = first and second
    REPORT.write_text(
        "\n".join(
            [
                "# On a GPU",
                "",
                describe_origin("gpu-check"),
                "",
                "The sharp objective with both gradients, in double"
                " precision, by KeOps on the GPU and by NumPy on the processor; the difference is"
                " the largest of value and gradient, relative.",
                "",
                *objectives,
                "",
                "`stipple bound -p 1` between two smooth fields, by compiled loops and by KeOps on"
                " the GPU. Both intervals are certified in integers; they differ because among"
                " equally near pixels the engines choose different ones. The last columns are one"
                " c-transform, and the largest difference over the diagonal of the image.",
                "",
                *bounds,
                "",
            ]
        ),
        encoding="utf-8",
    )
    print(f"Wrote {REPORT}; the engines {'agree' if agree else 'DISAGREE'}.")
    return 0 if agree else 1


if __name__ == "__main__":
    sys.exit(main())
