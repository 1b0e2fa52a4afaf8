"""What Sinkhorn needs of a Gibbs kernel, whichever engine computes it."""

from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

import numpy as np

from stipple.arrays import Floats
from stipple.choices import Device, KernelEngine, Precision
from stipple.errors import StippleError
from stipple.geometry.metrics import Metric

Domain: TypeAlias = Literal["auto", "log", "multiplicative"]

# Dense NumPy keeps up to two matrices of this many float64 numbers: 512 MiB.
LARGEST_STORED = 2**25
# Largest cost/ζ whose exponential stays well inside the range of each precision.
LARGEST_EXPONENT = {"float64": 600.0, "float32": 70.0}
DEFAULT_TOLERANCE = {"float64": 1e-9, "float32": 1e-5}


class SmallZetaError(StippleError):
    """A regularisation that floating-point numbers cannot resolve."""


@dataclass(frozen=True)
class SinkhornSettings:
    """How Sinkhorn is run.

    Attributes
    ----------
    engine : {"auto", "numpy", "keops"}
        NumPy stores the kernel matrix where it fits in memory; KeOps never does, and can use a GPU.
    device : {"auto", "cpu", "cuda"}
        Where KeOps computes; "cuda" makes "auto" choose KeOps.
    precision : {"float64", "float32"}
        Of the kernel; potentials are float64 throughout.
    domain : {"auto", "log", "multiplicative"}
        Multiplicative scaling is faster, the log domain never under- or overflows; "auto" scales
        about the latest potentials and takes logarithms where that does not reach.
    tolerance : float or None
        Largest L1 error of the column marginal (the rows are exact), as a part of the total mass;
        by default 1e-9, or 1e-5 with float32.
    max_iterations : int
        Most iterations; a Newton step counts as one.
    annealing : float or None
        Factor, in (0, 1), by which ζ comes down from the largest cost; None starts at ζ. A solve
        that is given potentials to start from anneals only where they lead nowhere.
    """

    engine: KernelEngine = "auto"
    device: Device = "auto"
    precision: Precision = "float64"
    domain: Domain = "auto"
    tolerance: float | None = None
    max_iterations: int = 2_000
    annealing: float | None = 0.5

    def __post_init__(self) -> None:
        smallest = float(np.finfo(self.precision).eps)
        if not smallest <= self.reached_tolerance < 1:
            raise StippleError(
                f"The tolerance {self.tolerance:g} cannot be reached: with {self.precision} it must"
                f" be at least {smallest:.2g} and less than 1."
            )
        if self.max_iterations < 1:
            raise StippleError(f"At least 1 iteration is needed, not {self.max_iterations}.")
        if self.annealing is not None and not 0 < self.annealing < 1:
            raise StippleError(f"Annealing takes a factor between 0 and 1, not {self.annealing:g}.")

    @property
    def reached_tolerance(self) -> float:
        """The tolerance, or the default of the precision."""
        return DEFAULT_TOLERANCE[self.precision] if self.tolerance is None else self.tolerance


@dataclass(frozen=True, eq=False)
class Potentials:
    """Dual potentials f, shape (n,), and g, shape (m,), at a regularisation ζ, in units of cost.

    They stand for the density k_ij = exp((f_i + g_j − C_ij)/ζ) of a plan P_ij = a_i k_ij w_j.
    """

    source: Floats
    target: Floats
    zeta: float


class Kernel(Protocol):
    """The density k of plans between n samples and m atoms, summed over either side."""

    @property
    def engine(self) -> KernelEngine:
        """Name of the engine."""
        ...

    @property
    def precision(self) -> Precision:
        """Precision of the density."""
        ...

    @property
    def largest_cost(self) -> float:
        """An upper bound of the costs."""
        ...

    @property
    def rounding(self) -> float:
        """Relative rounding error of costs and of exponents before they are divided by ζ."""
        ...

    @property
    def has_gram(self) -> bool:
        """Whether `form_gram` is affordable."""
        ...

    def soften_over_atoms(self, target: Floats, weights: Floats, zeta: float) -> Floats:
        """−ζ log Σ_j w_j exp((g_j − C_ij)/ζ), shape (n,), in the log domain."""
        ...

    def soften_over_samples(self, source: Floats, masses: Floats, zeta: float) -> Floats:
        """−ζ log Σ_i a_i exp((f_i − C_ij)/ζ), shape (m,), in the log domain."""
        ...

    def sum_over_atoms(
        self, potentials: Potentials, factors: Floats, *, with_costs: bool = False
    ) -> Floats:
        """Σ_j k_ij z_j, or Σ_j k_ij C_ij z_j with costs, shape (n,)."""
        ...

    def sum_over_samples(
        self, potentials: Potentials, factors: Floats, *, with_costs: bool = False
    ) -> Floats:
        """Σ_i k_ij z_i, or Σ_i k_ij C_ij z_i with costs, shape (m,)."""
        ...

    def form_gram(self, potentials: Potentials, masses: Floats) -> Floats:
        """Σ_i k_ij a_i k_il, shape (m, m)."""
        ...


class MetricKernel(Kernel, Protocol):
    """The kernel of a power of a distance, which atoms can follow downhill."""

    def sum_gradients(
        self,
        potentials: Potentials,
        masses: Floats,
        sample_terms: Floats,
        atom_terms: Floats,
        cost_factor: float,
    ) -> Floats:
        """Σ_i a_i k_ij (s_i + t_j + q C_ij) ∂c(x_i, y_j)/∂y_j, shape (m, d)."""
        ...


def bound_costs(points: Floats, atoms: Floats, order: float, metric: Metric) -> float:
    """Bound the costs by the triangle inequality through the first atom, in O(n + m)."""
    first = atoms[:1]
    farthest = metric.measure_distances(points, first).max()
    return float((farthest + metric.measure_distances(atoms, first).max()) ** order)


def take_logarithms(masses: Floats) -> Floats:
    """Take logarithms; no mass counts as so little that differences remain defined."""
    return np.log(masses, out=np.full_like(masses, -1e300), where=masses > 0)
