"""The KeOps engine on a GPU beside the processor: `make gpu-check`.

Checks that entropic values and gradients agree to 1e-9 (double precision), that c-transforms agree
to 1e-12 of the largest cost, that certified intervals between images overlap, and that a whole call
of `stipple.edot` ends alike; writes the times to docs/gpu.md. Ends with a sentence and exit code 1
where no GPU can be used.
"""

import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

import numpy as np
from scipy.ndimage import gaussian_filter
from stamp import describe_origin

from stipple.arrays import Floats
from stipple.bounds.bound import ImageBounds, bound
from stipple.bounds.transforms import transform_cost
from stipple.choices import Device, KernelEngine
from stipple.cli.shared.digits import format_interval
from stipple.discretisation.discretise import edot
from stipple.discretisation.entropic.engines import LEAST_ON_GPU, choose_engine
from stipple.discretisation.entropic.kernel import SinkhornSettings
from stipple.discretisation.entropic.objectives import Evaluation, evaluate_objective
from stipple.discretisation.entropic.stochastic import BATCH_TOLERANCE
from stipple.discretisation.result import Discretisation
from stipple.errors import StippleError
from stipple.geometry.metrics import Euclidean, Metric, Sphere
from stipple.machine.threads import Workers
from stipple.measures.samples import Samples

ROOT = Path(__file__).parent.parent
REPORT = ROOT / "docs" / "gpu.md"
AGREEMENT = 1e-9
REPEATS = 3
ZETA = 0.01
# Shapes of images and volumes, and the order p of the costs between them.
FIELDS = (((128, 128), 1.0), ((256, 256), 1.0), ((256, 256), 1.5), ((64, 64, 64), 1.0))
# Of the largest cost: as far apart c-transforms may be.
TRANSFORM_AGREEMENT = 1e-12

T = TypeVar("T")


@dataclass(frozen=True)
class Case:
    """A problem: so many samples and atoms, an order, a metric."""

    samples: int
    atoms: int
    dimension: int
    order: float
    metric: Metric


SIZES = ((1_000, 50), (1_000, 300), (3_000, 300), (10_000, 1_000))
COSTS: tuple[tuple[int, float, Metric], ...] = (
    (2, 2.0, Euclidean()),
    (3, 1.0, Euclidean()),
    (3, 2.0, Sphere()),
)
CASES = (
    *(
        Case(samples, atoms, dimension, order, metric)
        for dimension, order, metric in COSTS
        for samples, atoms in SIZES
    ),
    Case(30_000, 1_000, 2, 2.0, Euclidean()),
)
# Samples of a step, and steps, of the whole call of `stipple.edot`.
BATCH, STEPS = 10_000, 20


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
    return found, statistics.median(_time(run)[1] for _ in range(REPEATS))


def _time(run: Callable[[], T]) -> tuple[T, float]:
    began = time.perf_counter()
    found = run()
    return found, time.perf_counter() - began


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


def compare_calls() -> tuple[list[str], bool]:
    """Run stochastic steps of `stipple.edot` by both engines; rows, and whether they end alike."""
    case = Case(30_000, 1_000, 2, 2.0, Euclidean())
    samples, _ = draw(case)

    def run(engine: KernelEngine, device: Device) -> Discretisation:
        return edot(
            samples,
            case.atoms,
            objective="sharp",
            algorithm="simple",
            batch=BATCH,
            steps=STEPS,
            finish="none",
            engine=engine,
            device=device,
        )

    run("keops", "cuda")  # the first run compiles
    mine, slow = _time(partial(run, "numpy", "cpu"))
    other, fast = _time(partial(run, "keops", "cuda"))
    difference = abs(other.cost.upper / mine.cost.upper - 1)
    line = (
        f"| {case.samples:,} | {case.atoms:,} | {BATCH:,} | {STEPS} | {slow:.2f} | {fast:.2f} |"
        f" {slow / fast:.1f} | {difference:.1e} |"
    )
    print(line, flush=True)
    heads = (
        "| samples | atoms | batch | steps | NumPy s | KeOps on the GPU s | ratio | difference |"
    )
    return [heads, "|---|---|---|---|---|---|---|---|", line], difference <= BATCH_TOLERANCE


def draw_field(seed: int, shape: tuple[int, ...]) -> Floats:
    """Draw a smooth random field > 0."""
    noise = np.random.default_rng(seed).standard_normal(shape)
    width = shape[0] / 16
    field = gaussian_filter(noise, width)
    positive: Floats = np.exp(field * (0.75 / field.std()))
    return positive


def compare_bounds(
    device: Device, fields: tuple[tuple[tuple[int, ...], float], ...] = FIELDS
) -> tuple[list[str], bool]:
    """Enclose W_p between smooth fields by both engines; rows, and whether the engines agree."""
    lines = [
        "| pixels | p | interval, numpy | width | s | interval, KeOps | width | s |"
        " transform, numpy s | transform, KeOps s | difference |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    agree = True
    for shape, order in fields:
        line, agrees = _compare_fields(shape, order, device)
        agree &= agrees
        lines.append(line)
        print(line, flush=True)
    return lines, agree


def _compare_fields(shape: tuple[int, ...], order: float, device: Device) -> tuple[str, bool]:
    fields = draw_field(1, shape), draw_field(2, shape)
    # The first run and the first transforms load and compile.
    bound(*fields, order, engine="numpy")
    mine = bound(*fields, order, engine="numpy")
    assert mine.potential is not None
    workers = Workers()
    loops = partial(transform_cost, mine.potential, order, workers=workers)
    keops = partial(loops, device=device)
    scale = float(np.linalg.norm(np.array(shape))) ** order
    difference = float(np.abs(loops().values - keops().values).max()) / scale
    slow, fast = (
        statistics.median(_time(each)[1] for _ in range(REPEATS)) for each in (loops, keops)
    )
    other = bound(*fields, order, engine="keops", device=device)
    agrees = (
        difference <= TRANSFORM_AGREEMENT
        and max(mine.lower, other.lower) <= min(mine.upper, other.upper)
        and mine.reached
        and other.reached
    )
    line = (
        f"| {' × '.join(map(str, shape))} | {order:g} | {_describe(mine)} | {_describe(other)} |"
        f" {slow:.4f} | {fast:.4f} | {difference:.1e} |"
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
    calls, second = compare_calls()
    bounds, third = compare_bounds("cuda")
    agree = first and second and third
    REPORT.write_text(write_page(objectives, calls, bounds), encoding="utf-8")
    print(f"Wrote {REPORT}; the engines {'agree' if agree else 'DISAGREE'}.")
    return 0 if agree else 1


def write_page(objectives: list[str], calls: list[str], bounds: list[str]) -> str:
    """Write the page around its tables."""
    return "\n".join(
        [
            "# On a GPU",
            "",
            describe_origin("gpu-check"),
            "",
            "The sharp objective with both gradients, in double precision, by KeOps on the GPU and"
            " by NumPy on the processor; the difference is the largest of value and gradient,"
            f" relative. `auto` takes KeOps on a GPU from {LEAST_ON_GPU:,} pairs of samples and"
            " atoms on.",
            "",
            *objectives,
            "",
            "Stochastic steps of `stipple.edot` with the sharp objective, whose marginals are right"
            f" to {BATCH_TOLERANCE:g}, and the evidence on all samples, which the processor finds;"
            " the difference is that of W2², relative.",
            "",
            *calls,
            "",
            "`stipple bound` between two smooth fields, by compiled loops and by KeOps on the GPU."
            " Both intervals are certified in integers; they differ because among equally near"
            " pixels the engines choose different ones. The last columns are one c-transform, and"
            " the largest difference over the largest cost.",
            "",
            *bounds,
            "",
            "**A trap.** KeOps compiles a small library for the GPU with the compiler named by"
            " `CXX`. One that links the C++ library statically makes the process crash (a"
            " segmentation fault inside KeOps) at the first formula on the GPU; with"
            " `CXX=/usr/bin/g++` everything runs.",
            "",
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
