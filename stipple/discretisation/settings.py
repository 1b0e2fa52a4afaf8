"""How a discretisation is found."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from stipple.arguments import read_choice, read_count, read_number
from stipple.choices import (
    Algorithm,
    AtomWeights,
    CellRule,
    Device,
    MetricName,
    Objective,
    SinkhornEngine,
)
from stipple.geometry.metrics import Euclidean, Metric, Sphere

if TYPE_CHECKING:
    from stipple.discretisation.entropic.kernel import SinkhornSettings

# From this number of atoms on, `auto` divides and conquers.
ADAPTIVE_COUNT = 50
# The published ζ; cells of many atoms need less, or atoms die.
DEFAULT_ZETA = {"simple": 1e-2, "adaptive": 1e-4}


@dataclass(frozen=True)
class Settings:
    """How to discretise.

    Attributes
    ----------
    objective : {"exact", "full", "sharp", "debiased"}
        What is minimised: W_k^k itself, or one of the entropic objectives.
    zeta : float or None
        Entropic regularisation over diameter^order; None for the default of the algorithm.
    order : float
        k ≥ 1; costs are dist^k.
    weights : {"free", "equal"}
        Whether atoms choose their weights.
    algorithm : {"auto", "simple", "adaptive"}
        For entropic objectives: all atoms at once, or cell by cell; auto by their number.
    cells : {"bisect", "occupied", "sparsest"}
        How the adaptive algorithm shares atoms and cuts cells.
    metric : {"euclidean", "sphere"}
        Straight lines, or arcs on the unit sphere.
    batch : int
        Samples of each stochastic step of the simple algorithm.
    steps : int or None
        Most steps; None for as many as the algorithm usually needs.
    seed : int
        Of every random choice.
    engine, device : str
        Who computes kernels, and where.
    threads : int or None
        Processors to use; None for all.
    """

    objective: Objective = "exact"
    zeta: float | None = None
    order: float = 2.0
    weights: AtomWeights = "free"
    algorithm: Algorithm = "auto"
    cells: CellRule = "bisect"
    metric: MetricName = "euclidean"
    batch: int = 1000
    steps: int | None = None
    seed: int = 0
    engine: SinkhornEngine = "auto"
    device: Device = "auto"
    threads: int | None = None

    def __post_init__(self) -> None:
        for name, words in (
            ("objective", Objective),
            ("weights", AtomWeights),
            ("algorithm", Algorithm),
            ("cells", CellRule),
            ("metric", MetricName),
            ("engine", SinkhornEngine),
            ("device", Device),
        ):
            read_choice(getattr(self, name), name, words)
        plain: dict[str, float] = {
            "order": read_number(self.order, "order k", 1),
            "batch": read_count(self.batch, "number of samples of a step", 1),
            "seed": read_count(self.seed, "seed", 0),
        }
        if self.zeta is not None:
            plain["zeta"] = read_number(self.zeta, "regularisation ζ", 0, above=True)
        if self.steps is not None:
            plain["steps"] = read_count(self.steps, "number of steps", 0)
        if self.threads is not None:
            plain["threads"] = read_count(self.threads, "number of threads", 1)
        for name, value in plain.items():
            object.__setattr__(self, name, value)

    def choose_algorithm(self, count: int) -> "Settings":
        """Settle what was left open, for a number of atoms: the algorithm and ζ."""
        algorithm = self.algorithm
        if algorithm == "auto":
            adaptive = self.objective != "exact" and count >= ADAPTIVE_COUNT
            algorithm = "adaptive" if adaptive else "simple"
        zeta = DEFAULT_ZETA[algorithm] if self.zeta is None else self.zeta
        return replace(self, algorithm=algorithm, zeta=zeta)


def make_metric(name: MetricName) -> Metric:
    """Find a metric by its name."""
    return Sphere() if name == "sphere" else Euclidean()


def make_sinkhorn(settings: Settings) -> "SinkhornSettings":
    """Make the settings of Sinkhorn that a discretisation asks for."""
    from stipple.discretisation.entropic.kernel import SinkhornSettings

    return SinkhornSettings(engine=settings.engine, device=settings.device)
