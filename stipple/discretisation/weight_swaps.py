"""Atoms that change places where each has a weight of its own."""

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from stipple.arrays import Floats, Integers
from stipple.discretisation.entropic.expectation import divide_by_curvatures
from stipple.geometry.metrics import Metric
from stipple.measures.samples import Samples
from stipple.transport.bounded_transport import BoundedTransport
from stipple.transport.mass_bounds import MassBounds

# Each atom may change places with so many of the nearest.
NEIGHBOURS = 8
# Transports before a swap is judged, with atoms at the centres of the one before, and what part
# of the cost it has to save. One that costs more than this many times as much is given up before.
TRANSPORTS, LEAST_SAVING, HOPELESS = 2, 1e-4, 1.02


@dataclass(frozen=True, eq=False)
class _Placed:
    """Atoms, what they cost, the potentials there, and where they would go next."""

    atoms: Floats
    cost: float
    potential: Floats
    following: Floats


class WeightSwaps:
    """Swaps of neighbours of different weights, as long as they save, within a number of entries.

    Parameters
    ----------
    samples : Samples
        No two at one place.
    bounds : MassBounds
        The weights.
    order : float
        k ≥ 1.
    metric : Metric
        Distance.
    entries : int
        Samples times atoms of all transports that may be solved.
    """

    def __init__(
        self, samples: Samples, bounds: MassBounds, order: float, metric: Metric, entries: int
    ) -> None:
        self._transport = BoundedTransport(samples, bounds, order, metric)
        self._weights = bounds.least
        self._order = order
        self._metric = metric
        self._left = entries // (len(samples) * len(bounds))

    @property
    def worthwhile(self) -> bool:
        """Whether a few more swaps may be tried."""
        return self._left > TRANSPORTS * len(self._weights)

    def improve(self, atoms: Floats, potential: Floats) -> tuple[Floats, Floats, float]:
        """Return better atoms, with their potential and W_k^k."""
        best = self._settle(atoms, potential)
        while (better := self._try_swaps(best)) is not None:
            best = better
        return best.atoms, best.potential, best.cost

    def _try_swaps(self, best: _Placed) -> _Placed | None:
        """Return the first swap that saves; None if there is none, or no time left."""
        for pair in self._list_pairs(best):
            if self._left < TRANSPORTS:
                break
            turned = pair[::-1]
            atoms, potential = best.following.copy(), best.potential.copy()
            atoms[pair], potential[pair] = atoms[turned], potential[turned]
            tried = self._settle(atoms, potential, HOPELESS * best.cost)
            if tried.cost < (1 - LEAST_SAVING) * best.cost:
                return tried
        return None

    def _list_pairs(self, placed: _Placed) -> Integers:
        """Pairs of neighbours of different weights, the most promising first."""
        count = len(self._weights)
        near = cKDTree(placed.following).query(placed.following, min(NEIGHBOURS + 1, count))[1]
        pairs = np.column_stack((np.repeat(np.arange(count), near.shape[1]), near.ravel()))
        pairs = np.unique(np.sort(pairs, axis=1), axis=0)
        rises = np.diff(self._weights[pairs], axis=1)[:, 0]
        # Potentials are the slopes of W_k^k by weights.
        slopes = np.diff(placed.potential[pairs], axis=1)[:, 0]
        ranked = np.argsort(-rises * slopes, kind="stable")
        listed: Integers = pairs[ranked[rises[ranked] != 0]]
        return listed

    def _settle(self, atoms: Floats, potential: Floats, most: float = np.inf) -> _Placed:
        """Solve the transport, and move atoms to their centres, unless they cost too much there."""
        transport = self._transport
        transport.potential = potential
        following = atoms
        for _ in range(TRANSPORTS):
            atoms = following
            cost = transport.solve(atoms)
            self._left -= 1
            pulls = transport.pull()
            shift = divide_by_curvatures(*pulls, self._order)
            following = self._metric.move(atoms, shift)
            # For k = 2 this is what the plan costs at the centres.
            if cost + (pulls.gradients * shift).sum() / 2 > most:
                break
        return _Placed(atoms, cost, transport.potential, following)
