"""Exact transport from samples to atoms whose masses are given, or bounded, solved anew often."""

from dataclasses import dataclass

import numpy as np

from stipple.arrays import Floats, Integers
from stipple.geometry.metrics import Metric
from stipple.geometry.morton import order_along_curve
from stipple.measures.samples import Samples
from stipple.transport.bounded_flow import Flow, find_flow
from stipple.transport.mass_bounds import MassBounds, WholeMasses, count_whole
from stipple.transport.pulls import Pulls, add_pulls

# Potentials that may be far off are brought near on every so many-th sample, as long as that
# leaves so many for each atom, of problems with so many samples times atoms.
THINNING, FEWEST_SAMPLES, CHEAP_ENTRIES = 4, 4, 20_000
# They are near where the cost changed by less than this part.
NEAR = 0.02
# Potentials whose rounding is no less than this part of the cost are looked for anew, from nothing:
# fewer samples may have sent mass between clusters far apart.
COARSE = 1e-7
# Into so many pieces the fewer samples may be split, so that bounds of the masses can be met.
SPLITS = 2**20


class BoundedTransport:
    """The transport of least cost to atoms that hold no less and no more than they may.

    Samples are not smoothed, and only split where masses do not come out even.

    Parameters
    ----------
    samples : Samples
        Where the mass is.
    bounds : MassBounds
        What each of m atoms may hold.
    order : float
        k ≥ 1: costs are k-th powers of distances.
    metric : Metric
        The distance.
    potential : ndarray, shape (m,), optional
        g to start from.

    Attributes
    ----------
    potential : ndarray, shape (m,)
        g of the last solve, from which the next one starts.
    masses : ndarray, shape (m,)
        What atoms hold in it, parts of the whole.

    Raises
    ------
    StippleError
        If no masses are within the bounds.
    """

    def __init__(
        self,
        samples: Samples,
        bounds: MassBounds,
        order: float,
        metric: Metric,
        potential: Floats | None = None,
    ) -> None:
        self._curve = order_along_curve(samples.points)
        listed = Samples(samples.points[self._curve], samples.masses[self._curve])
        self.potential = np.zeros(len(bounds)) if potential is None else potential
        self.masses: Floats = np.zeros(len(bounds))
        self._order = order
        self._arcs = metric.name == "sphere"
        self._all = _Level(listed.points, count_whole(listed.masses, bounds))
        self._levels = _thin(listed, bounds)
        # Of the last solve but one, and of the last.
        self._costs = (np.inf, np.inf)

    def solve(self, atoms: Floats) -> float:
        """Find potential and masses for atoms, shape (m, d); return W_k^k."""
        before, last = self._costs
        if not abs(last - before) <= NEAR * last:
            for level in self._levels:
                self.potential = self._send(level, atoms).potential
        cost = self._send_all(atoms)
        if np.finfo(float).eps * np.ptp(self.potential) >= COARSE * cost > 0:
            self.potential = np.zeros(len(atoms))
            cost = self._send_all(atoms)
        self._costs = (last, cost)
        return cost

    def pull(self) -> Pulls:
        """Add up where samples pull the atoms of the last solve."""
        return self._pulls

    def assign(self) -> Integers:
        """Find the atom that gets most of each sample in the last solve, shape (n,)."""
        flow = self._flow
        rising = np.argsort(flow.amounts, kind="stable")
        assigned = np.empty(len(self._curve), dtype=np.int64)
        # Of a sample that is split, the largest part comes last, and stays.
        assigned[self._curve[flow.samples[rising]]] = flow.atoms[rising]
        return assigned

    def _send_all(self, atoms: Floats) -> float:
        """Find the flow from all samples, with potential and masses; return what it costs."""
        self._flow = flow = self._send(self._all, atoms)
        self.potential = flow.potential
        total = self._all.whole.amounts.sum()
        parts = flow.amounts / total
        # Sums of whole numbers are exact.
        self.masses = np.bincount(flow.atoms, flow.amounts, len(atoms)) / total
        self._pulls, cost = add_pulls(
            self._all.points, flow.samples, atoms, flow.atoms, parts, self._order, self._arcs
        )
        return cost

    def _send(self, level: "_Level", atoms: Floats) -> Flow:
        whole = level.whole
        return find_flow(
            level.points,
            whole.amounts,
            atoms,
            whole.least,
            whole.most,
            self.potential,
            order=self._order,
            arcs=self._arcs,
        )


@dataclass(frozen=True, eq=False)
class _Level:
    """Samples, shape (n, d), with their masses and bounds."""

    points: Floats
    whole: WholeMasses


def _thin(samples: Samples, bounds: MassBounds) -> list[_Level]:
    """Fewer and fewer samples, along the curve; the fewest come first."""
    levels: list[_Level] = []
    count = len(samples) // THINNING
    if len(samples) * len(bounds) > CHEAP_ENTRIES:
        while count >= FEWEST_SAMPLES * len(bounds):
            some = samples.thin(count)
            whole = count_whole(some.masses, bounds, SPLITS)
            levels.insert(0, _Level(some.points, whole))
            count //= THINNING
    return levels
