"""Which engine computes a kernel."""

from typing import Literal

from stipple.arrays import Floats
from stipple.discretisation.entropic.keops_kernel import KeopsKernel
from stipple.discretisation.entropic.kernel import LARGEST_STORED, MetricKernel, SinkhornSettings
from stipple.discretisation.entropic.numpy_kernel import NumpyKernel
from stipple.geometry.metrics import Metric
from stipple.machine.keops_library import EngineChoice, decide_engine

# From so many pairs on KeOps on a GPU took at most half the time of NumPy on 16 processors, for any
# cost; with a third of them two to five times as long (docs/gpu.md).
LEAST_ON_GPU = 10**6


def find_worthwhile(samples: int, atoms: int) -> Literal["nowhere", "gpu", "anywhere"]:
    """Find where KeOps is faster than NumPy for so many samples and atoms, as was measured.

    Dense NumPy is faster on a CPU wherever its matrix fits.
    """
    pairs = samples * atoms
    if pairs > LARGEST_STORED:
        return "anywhere"
    return "gpu" if pairs >= LEAST_ON_GPU else "nowhere"


def choose_engine(
    settings: SinkhornSettings, samples: int, atoms: int, metric: Metric
) -> EngineChoice:
    """Choose the engine for a kernel of that many samples and atoms.

    "auto" goes by `find_worthwhile`. KeOps that cannot be used here is replaced by NumPy, which
    needs more time, but never by another device than the one asked for.

    Raises
    ------
    StippleError
        For a GPU that is not there, or that NumPy cannot use.
    """
    known = metric.name in ("euclidean", "sphere")
    return decide_engine(
        settings.engine,
        settings.device,
        find_worthwhile(samples, atoms),
        None if known else f"it has no formula for the metric {metric.name}",
    )


def make_kernel(
    points: Floats, atoms: Floats, order: float, metric: Metric, settings: SinkhornSettings
) -> MetricKernel:
    """Kernel of the costs dist(x_i, y_j)^order, by the engine that `choose_engine` chooses."""
    choice = choose_engine(settings, len(points), len(atoms), metric)
    if choice.engine == "keops":
        return KeopsKernel(points, atoms, order, metric, choice.device, settings.precision)
    return NumpyKernel(points, atoms, order, metric, settings.precision)
