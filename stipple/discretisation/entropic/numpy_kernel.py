"""The kernel as a dense matrix, in blocks of samples where it does not fit in memory."""

from collections.abc import Callable, Iterator
from functools import cache, reduce

import numpy as np

from stipple.arrays import Floats
from stipple.choices import KernelEngine, Precision
from stipple.discretisation.entropic.kernel import (
    LARGEST_STORED,
    Potentials,
    bound_costs,
    take_logarithms,
)
from stipple.geometry.metrics import Metric
from stipple.machine.threads import Workers

# Entries of a block that stays in the second-level cache through several passes.
BLOCK = 2**15
# Atoms beyond which conjugate gradients take the place of an m×m matrix.
LARGEST_GRAM = 2_048
# How far log-scalings may go from the stored density: nothing that counts underflows in it.
DRIFT = {"float64": 50.0, "float32": 15.0}
OVERFLOW = {"float64": 700.0, "float32": 80.0}


class DenseKernel:
    """See `Kernel`: any matrix of costs.

    Parameters
    ----------
    measure_costs : callable
        The rows of the cost matrix (n, m) in a slice.
    shape : (int, int)
        n and m.
    largest_cost : float
        An upper bound of the costs.
    precision : {"float64", "float32"}
        Of the stored density; costs and exponents are float64.
    """

    engine: KernelEngine = "numpy"
    rounding = float(np.finfo(float).eps)

    def __init__(
        self,
        measure_costs: Callable[[slice], Floats],
        shape: tuple[int, int],
        largest_cost: float,
        precision: Precision,
    ) -> None:
        self._shape = shape
        self.largest_cost = largest_cost
        self.precision: Precision = precision
        self._is_stored = shape[0] * shape[1] <= LARGEST_STORED
        self._measure_costs = measure_costs
        self._stored: tuple[Potentials, Floats] | None = None

    @property
    def has_gram(self) -> bool:
        """See `Kernel`."""
        return self._shape[1] <= LARGEST_GRAM

    def soften_over_atoms(self, target: Floats, weights: Floats, zeta: float) -> Floats:
        """See `Kernel`."""
        offsets = target / zeta + take_logarithms(weights)

        def soften(_: slice, costs: Floats) -> Floats:
            exponents = costs * (-1 / zeta)
            exponents += offsets
            return _sum_logarithms(exponents, axis=1)

        return -zeta * self._join(soften)

    def soften_over_samples(self, source: Floats, masses: Floats, zeta: float) -> Floats:
        """See `Kernel`."""
        offsets = source / zeta + take_logarithms(masses)

        def soften(rows: slice, costs: Floats) -> Floats:
            exponents = costs * (-1 / zeta)
            exponents += offsets[rows, None]
            return _sum_logarithms(exponents, axis=0)

        return -zeta * self._fold(np.logaddexp, soften)

    def sum_over_atoms(
        self, potentials: Potentials, factors: Floats, *, with_costs: bool = False
    ) -> Floats:
        """See `Kernel`."""
        if self._is_stored and not with_costs:
            density, left, right = self._scale_stored(potentials)
            return left * (density @ (right * factors).astype(density.dtype))

        def add(rows: slice, costs: Floats) -> Floats:
            density = self._find_density(potentials, rows, costs)
            return (density * costs if with_costs else density) @ factors

        return self._join(add)

    def sum_over_samples(
        self, potentials: Potentials, factors: Floats, *, with_costs: bool = False
    ) -> Floats:
        """See `Kernel`."""
        if self._is_stored and not with_costs:
            density, left, right = self._scale_stored(potentials)
            return right * ((left * factors).astype(density.dtype) @ density)

        def add(rows: slice, costs: Floats) -> Floats:
            density = self._find_density(potentials, rows, costs)
            return factors[rows] @ (density * costs if with_costs else density)

        return self._fold(np.add, add)

    def form_gram(self, potentials: Potentials, masses: Floats) -> Floats:
        """See `Kernel`."""
        roots = np.sqrt(masses)

        def multiply(rows: slice, costs: Floats) -> Floats:
            density = self._find_density(potentials, rows, costs)
            density *= roots[rows, None]
            products: Floats = density.T @ density
            return products

        return self._fold(np.add, multiply, block=16 * BLOCK)

    def form_density(self, potentials: Potentials) -> Floats:
        """k, shape (n, m)."""
        return self._join(lambda rows, costs: self._find_density(potentials, rows, costs))

    def _scale_stored(self, potentials: Potentials) -> tuple[Floats, Floats, Floats]:
        """Find a stored density, and the scalings (n,) and (m,) that make it that of potentials."""
        if self._stored is not None and self._stored[0].zeta == potentials.zeta:
            stored, density = self._stored
            left = (potentials.source - stored.source) / stored.zeta
            right = (potentials.target - stored.target) / stored.zeta
            if max(np.abs(left).max(), np.abs(right).max()) <= DRIFT[self.precision]:
                return density, np.exp(left), np.exp(right)
        if self._stored is None:
            density = np.empty(self._shape, dtype=self.precision)
        else:
            density = self._stored[1]

        def fill(start: int, stop: int) -> None:
            for rows in self._split(start, stop):
                density[rows] = self._find_density(potentials, rows, self._measure_costs(rows))

        share_workers().map_ranges(fill, self._shape[0])
        self._stored = potentials, density
        return density, np.ones(self._shape[0]), np.ones(self._shape[1])

    def _find_density(self, potentials: Potentials, rows: slice, costs: Floats) -> Floats:
        exponents = potentials.source[rows, None] - costs
        exponents += potentials.target
        exponents /= potentials.zeta
        # Beyond this only potentials far from optimal go; their sums are seen to be out of range.
        np.minimum(exponents, OVERFLOW[self.precision], out=exponents)
        return np.exp(exponents, out=exponents)

    def _split(self, start: int, stop: int, block: int = BLOCK) -> Iterator[slice]:
        step = max(1, block // self._shape[1])
        for first in range(start, stop, step):
            yield slice(first, min(first + step, stop))

    def _join(self, function: Callable[[slice, Floats], Floats]) -> Floats:
        """Concatenate `function(rows, costs)` over the rows."""

        def run(start: int, stop: int) -> Floats:
            parts = [function(rows, self._measure_costs(rows)) for rows in self._split(start, stop)]
            return np.concatenate(parts)

        return np.concatenate(share_workers().map_ranges(run, self._shape[0]))

    def _fold(
        self, combine: np.ufunc, function: Callable[[slice, Floats], Floats], block: int = BLOCK
    ) -> Floats:
        """Combine `function(rows, costs)` over the rows."""

        def run(start: int, stop: int) -> Floats:
            parts = (
                function(rows, self._measure_costs(rows))
                for rows in self._split(start, stop, block)
            )
            folded: Floats = reduce(combine, parts)
            return folded

        result: Floats = reduce(combine, share_workers().map_ranges(run, self._shape[0]))
        return result


class NumpyKernel(DenseKernel):
    """See `MetricKernel`: costs dist(x_i, y_j)^order."""

    def __init__(
        self, points: Floats, atoms: Floats, order: float, metric: Metric, precision: Precision
    ) -> None:
        self._points = points
        self._atoms = atoms
        self._order = order
        self._metric = metric
        shape = (len(points), len(atoms))
        largest = bound_costs(points, atoms, order, metric)
        super().__init__(self._power_distances, shape, largest, precision)
        if self._is_stored:
            self._measure_costs = self._join(lambda _, costs: costs).__getitem__

    def sum_gradients(
        self,
        potentials: Potentials,
        masses: Floats,
        sample_terms: Floats,
        atom_terms: Floats,
        cost_factor: float,
    ) -> Floats:
        """See `Kernel`."""

        def add(rows: slice, costs: Floats) -> Floats:
            amounts = costs * cost_factor
            amounts += sample_terms[rows, None]
            amounts += atom_terms
            amounts *= self._find_density(potentials, rows, costs)
            amounts *= masses[rows, None]
            return self._metric.sum_gradients(self._points[rows], self._atoms, amounts, self._order)

        return self._fold(np.add, add)

    def _power_distances(self, rows: slice) -> Floats:
        distances = self._metric.measure_distances(self._points[rows], self._atoms)
        if self._order == 2:
            np.square(distances, out=distances)
        elif self._order != 1:
            np.power(distances, self._order, out=distances)
        return distances


@cache
def share_workers() -> Workers:
    """Threads that all kernels share."""
    return Workers()


def _sum_logarithms(exponents: Floats, axis: int) -> Floats:
    """Logarithm of the sum of exponentials along an axis; the exponents are overwritten."""
    largest = exponents.max(axis=axis, keepdims=True)
    exponents -= largest
    total: Floats = np.log(np.exp(exponents, out=exponents).sum(axis=axis))
    total += largest.squeeze(axis)
    return total
