"""How a discretisation is found."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from stipple.arguments import read_choice, read_count, read_number
from stipple.choices import (
    ATOM_RATE,
    MOMENTUM,
    MOST_MOMENTUM,
    WEIGHT_RATE,
    Algorithm,
    AtomStart,
    AtomWeights,
    CellRule,
    Device,
    Finish,
    KernelEngine,
    MetricName,
    Objective,
)
from stipple.errors import StippleError
from stipple.geometry.metrics import Euclidean, Metric, Sphere

if TYPE_CHECKING:
    from stipple.discretisation.entropic.kernel import SinkhornSettings

# From this number of atoms on, `auto` divides and conquers.
ADAPTIVE_COUNT = 50
# The published ζ; cells of many atoms need less, or atoms die.
DEFAULT_ZETA = {"simple": 1e-2, "adaptive": 1e-4}
# What only one of the algorithms of the entropic objectives looks at.
OF_ONE_ALGORITHM = {
    "simple": ("batch", "momentum", "atom_rate", "weight_rate", "finish"),
    "adaptive": ("cells", "cell_atoms"),
}


@dataclass(frozen=True)
class Settings:
    """How a discretisation is found; each attribute is a keyword of `edot`, where `order` is p.

    Attributes
    ----------
    objective, zeta, order, weights, capacity, start, restarts, algorithm, cells, cell_atoms, \
metric, batch, momentum, atom_rate, weight_rate, finish, steps, seed, engine, device, threads, gap
        As `edot` describes them.

    Examples
    --------
    >>> import stipple
    >>> stipple.edot([[0.0], [1.0]], 1, p=3).settings.order
    3.0
    """

    objective: Objective = "exact"
    zeta: float | None = None
    order: float = 2.0
    weights: AtomWeights = "free"
    capacity: tuple[float, float] | None = None
    start: AtomStart = "auto"
    restarts: int | None = None
    algorithm: Algorithm = "auto"
    cells: CellRule = "bisect"
    cell_atoms: int | None = None
    metric: MetricName = "euclidean"
    batch: int = 1000
    momentum: float = MOMENTUM
    atom_rate: float = ATOM_RATE
    weight_rate: float = WEIGHT_RATE
    finish: Finish = "lbfgs"
    steps: int | None = None
    seed: int = 0
    engine: KernelEngine = "auto"
    device: Device = "auto"
    threads: int | None = None
    gap: bool = False

    def __post_init__(self) -> None:
        for name, words in (
            ("objective", Objective),
            ("weights", AtomWeights),
            ("start", AtomStart),
            ("algorithm", Algorithm),
            ("cells", CellRule),
            ("metric", MetricName),
            ("finish", Finish),
            ("engine", KernelEngine),
            ("device", Device),
        ):
            read_choice(getattr(self, name), name, words)
        plain: dict[str, float] = {
            "order": read_number(self.order, "order p", 1),
            "batch": read_count(self.batch, "number of samples of a step", 1),
            "momentum": read_number(self.momentum, "momentum", 0, most=MOST_MOMENTUM),
            "atom_rate": read_number(self.atom_rate, "rate of atoms", 0, above=True),
            "weight_rate": read_number(self.weight_rate, "rate of weights", 0),
            "seed": read_count(self.seed, "seed", 0),
        }
        if self.zeta is not None:
            plain["zeta"] = read_number(self.zeta, "regularisation ζ", 0, above=True)
        if self.restarts is not None:
            plain["restarts"] = read_count(self.restarts, "number of starts", 1)
        if self.cell_atoms is not None:
            plain["cell_atoms"] = read_count(self.cell_atoms, "number of atoms of a cell", 1)
        if self.steps is not None:
            plain["steps"] = read_count(self.steps, "number of steps", 0)
        if self.threads is not None:
            plain["threads"] = read_count(self.threads, "number of threads", 1)
        given = self.metric in ("geodesic", "precomputed")
        if self.gap and not given and (self.order != 2 or self.metric != "euclidean"):
            raise StippleError(
                f"A gap was asked for, with order {self.order:g} and the metric {self.metric}: it"
                " can be proved for order 2 and the metric euclidean, and for distances that are"
                " given."
            )
        if self.capacity is not None:
            self._check_capacity(self.capacity)
        for name, value in plain.items():
            object.__setattr__(self, name, value)
        if self.objective == "exact":
            for algorithm in OF_ONE_ALGORITHM:
                self._refuse_idle(algorithm, 'choose objective="sharp" or "full"')

    def refuse_other_algorithm(self) -> None:
        """Refuse what only the algorithm looks at that was not chosen.

        Raises
        ------
        StippleError
            With what to do.
        """
        if self.objective != "exact":
            other = "simple" if self.algorithm == "adaptive" else "adaptive"
            self._refuse_idle(other, f'choose algorithm="{other}"')

    def _refuse_idle(self, algorithm: str, advice: str) -> None:
        """Refuse what only this algorithm looks at, which is not taken."""
        for name in OF_ONE_ALGORITHM[algorithm]:
            value = getattr(self, name)
            if value != getattr(type(self), name):
                raise StippleError(
                    f"{name} is {value!r}, which is for the {algorithm} algorithm of the entropic"
                    f" objectives: leave it out, or {advice}."
                )

    def _check_capacity(self, capacity: tuple[float, float]) -> None:
        if not isinstance(capacity, tuple | list) or len(capacity) != 2:
            raise StippleError(
                f"The capacity is {capacity!r}: give the least and the most share of the mass that"
                " an atom may have, such as (0.04, 0.06)."
            )
        least = read_number(capacity[0], "least capacity", 0, most=1)
        most = read_number(capacity[1], "largest capacity", 0, most=1, above=True)
        if least > most:
            raise StippleError(
                f"The capacities go from {least:g} to {most:g}: give the smaller one first."
            )
        if self.objective != "exact" or self.weights != "free":
            raise StippleError(
                "Capacities are for free weights of the exact objective: leave them out."
            )
        object.__setattr__(self, "capacity", (least, most))

    def choose_algorithm(self, n: int) -> Settings:
        """Settle what was left open, for a number of atoms: the algorithm and ζ."""
        algorithm = self.algorithm
        if algorithm == "auto":
            adaptive = self.objective != "exact" and n >= ADAPTIVE_COUNT
            algorithm = "adaptive" if adaptive else "simple"
        zeta = DEFAULT_ZETA[algorithm] if self.zeta is None else self.zeta
        return replace(self, algorithm=algorithm, zeta=zeta)


def make_metric(name: MetricName) -> Metric:
    """Find a metric by its name.

    Raises
    ------
    StippleError
        For distances between samples, which are none between other points.
    """
    if name in ("geodesic", "precomputed"):
        raise StippleError(
            f"The metric {name} knows distances between samples only: discretise one source of"
            " samples, with its distances."
        )
    return Sphere() if name == "sphere" else Euclidean()


def make_sinkhorn(settings: Settings) -> SinkhornSettings:
    """Make the settings of Sinkhorn that a discretisation asks for."""
    from stipple.discretisation.entropic.kernel import SinkhornSettings

    return SinkhornSettings(engine=settings.engine, device=settings.device)
