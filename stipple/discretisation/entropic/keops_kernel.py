"""The kernel by KeOps: sums computed on the fly by compiled code, on CPU or GPU."""

import re
from typing import Literal, TypeAlias

import numpy as np

from stipple.arrays import Floats
from stipple.choices import Device, KernelEngine, Precision
from stipple.discretisation.entropic.kernel import Potentials, bound_costs, take_logarithms
from stipple.geometry.metrics import Metric
from stipple.machine.keops_library import DISTANCE_POWER, SQUARES, find_tiny, load_formula

Reduction: TypeAlias = Literal["sum", "soften", "gradient"]

# Costs C by metric: X are the points of the result, Y those summed over, K is the order.
ANGLE = "(IntCst(2)*Atan2(Sqrt(SqDist(X,Y)),Sqrt(SqNorm2(X+Y))))"
COSTS = {
    "squares": SQUARES,
    "euclidean": DISTANCE_POWER,
    "sphere": f"Exp(K*Log({ANGLE}+T))",
}
# Derivatives of the cost along X.
SLOPES = {
    "squares": "IntCst(2)*(X-Y)",
    "euclidean": f"K*Exp((K/IntCst(2)-IntCst(1))*Log({SQUARES}+T))*(X-Y)",
    "sphere": (
        f"IntCst(2)*K*Exp((K-IntCst(1))*Log({ANGLE}+T))*Rsqrt(SqDist(X,Y)*SqNorm2(X+Y))*((X|Y)*X-Y)"
    ),
}
# Exponents are A + B − SC; A, V belong to the points of the result, B, Z, M, U to the others.
FORMULAS: dict[Reduction, str] = {
    "soften": "B-S*{cost}",
    "sum": "Exp(A+B-S*{cost})*Z*(IntCst(1)-Q+Q*{cost})",
    "gradient": "Exp(A+B-S*{cost})*M*(U+V+Q*{cost})*({slope})",
}


class KeopsKernel:
    """See `MetricKernel`; nothing of size n×m is stored.

    Parameters
    ----------
    points, atoms : ndarray, shape (n, d) and (m, d)
        x and y.
    order : float
        k.
    metric : Metric
        Euclidean or Sphere.
    device : {"cpu", "cuda"}
        Where to compute.
    precision : {"float64", "float32"}
        Of all arithmetic, costs and exponents included.
    """

    engine: KernelEngine = "keops"
    has_gram = False

    def __init__(
        self,
        points: Floats,
        atoms: Floats,
        order: float,
        metric: Metric,
        device: Device,
        precision: Precision,
    ) -> None:
        self.precision: Precision = precision
        self.rounding = float(np.finfo(precision).eps)
        self.largest_cost = bound_costs(points, atoms, order, metric)
        self._points = points.astype(precision)
        self._atoms = atoms.astype(precision)
        self._order = order
        self._cost = "squares" if metric.name == "euclidean" and order == 2 else metric.name
        self._device = device

    def soften_over_atoms(self, target: Floats, weights: Floats, zeta: float) -> Floats:
        """See `Kernel`."""
        return self._soften(self._points, self._atoms, target, weights, zeta)

    def soften_over_samples(self, source: Floats, masses: Floats, zeta: float) -> Floats:
        """See `Kernel`."""
        return self._soften(self._atoms, self._points, source, masses, zeta)

    def sum_over_atoms(
        self, potentials: Potentials, factors: Floats, *, with_costs: bool = False
    ) -> Floats:
        """See `Kernel`."""
        here = {"A": potentials.source / potentials.zeta}
        there = {"B": potentials.target / potentials.zeta, "Z": factors}
        numbers = {"S": 1 / potentials.zeta, "Q": float(with_costs)}
        return self._reduce("sum", self._points, self._atoms, here, there, numbers)[:, 0]

    def sum_over_samples(
        self, potentials: Potentials, factors: Floats, *, with_costs: bool = False
    ) -> Floats:
        """See `Kernel`."""
        here = {"A": potentials.target / potentials.zeta}
        there = {"B": potentials.source / potentials.zeta, "Z": factors}
        numbers = {"S": 1 / potentials.zeta, "Q": float(with_costs)}
        return self._reduce("sum", self._atoms, self._points, here, there, numbers)[:, 0]

    def form_gram(self, potentials: Potentials, masses: Floats) -> Floats:
        """See `has_gram`."""
        raise NotImplementedError("KeOps has no products of columns")

    def sum_gradients(
        self,
        potentials: Potentials,
        masses: Floats,
        sample_terms: Floats,
        atom_terms: Floats,
        cost_factor: float,
    ) -> Floats:
        """See `MetricKernel`."""
        here = {"A": potentials.target / potentials.zeta, "V": atom_terms}
        there = {"B": potentials.source / potentials.zeta, "M": masses, "U": sample_terms}
        numbers = {"S": 1 / potentials.zeta, "Q": cost_factor}
        return self._reduce("gradient", self._atoms, self._points, here, there, numbers)

    def _soften(
        self, points: Floats, others: Floats, potential: Floats, masses: Floats, zeta: float
    ) -> Floats:
        # No mass must not become infinite in single precision.
        offsets = np.maximum(potential / zeta + take_logarithms(masses), -1e30)
        sums = self._reduce("soften", points, others, {}, {"B": offsets}, {"S": 1 / zeta})
        return -zeta * sums[:, 0]

    def _reduce(
        self,
        reduction: Reduction,
        points: Floats,
        others: Floats,
        here: dict[str, Floats],
        there: dict[str, Floats],
        numbers: dict[str, float],
    ) -> Floats:
        """Reduce over `others` for each of `points`, shape (points, result), float64."""
        formula = FORMULAS[reduction].format(cost=COSTS[self._cost], slope=SLOPES[self._cost])
        columns = {"X": points, "Y": others}
        columns |= {name: array[:, None] for name, array in (here | there).items()}
        constants = {"K": self._order, "T": find_tiny(self.precision)}
        columns |= {
            name: np.array([number])
            for name, number in (numbers | constants).items()
            if name in re.findall(r"\b[A-Z]\b", formula)
        }
        variables = []
        for place, (name, array) in enumerate(columns.items()):
            kind = "Vi" if name in ("X", *here) else "Vj" if name in ("Y", *there) else "Pm"
            variables.append(f"{name}={kind}({place},{array.shape[-1]})")
        routine = load_formula(
            formula,
            tuple(variables),
            "LogSumExp" if reduction == "soften" else "Sum",
            self._device,
            self.precision,
        )
        result = routine(
            *(np.ascontiguousarray(array, dtype=self.precision) for array in columns.values())
        )
        return result.astype(float)
