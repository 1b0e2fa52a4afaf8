"""Atoms of given or bounded masses from several starts."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from scipy.spatial import cKDTree

from stipple.arrays import Floats
from stipple.choices import AtomStart
from stipple.discretisation.bounded import BoundedQuantisation, BoundedStep, quantise_bounded
from stipple.discretisation.costly_start import draw_costly
from stipple.discretisation.entropic.cells import choose_start, merge_duplicates
from stipple.discretisation.entropic.problem import Target
from stipple.discretisation.shared_start import share_samples
from stipple.discretisation.weight_order import order_weights
from stipple.discretisation.weight_swaps import WeightSwaps
from stipple.geometry.metrics import Metric
from stipple.measures.samples import Samples
from stipple.transport.mass_bounds import MassBounds

# How many starts, for samples times atoms up to a number; one where there are more.
RESTARTS = ((2_000, 40), (1_000_000, 10), (4_000_000, 3))
# Starts that end alike differ by rounding: the first of them counts, on whatever scale.
TIE = 1e-9
# Starts go down until a move saves less than the first part of the cost, and the best of several
# until it saves less than the second.
RACE_TOLERANCE, LAST_TOLERANCE = 1e-4, 1e-5
# Samples times atoms of all transports by which atoms of given weights change places.
SWAP_ENTRIES = 60_000_000
# On a line: samples in all orders that are looked at, from so many starts.
ORDER_ENTRIES, ORDERED = 500_000_000, 2


def search_bounded(
    samples: Samples,
    bounds: MassBounds,
    *,
    order: float,
    metric: Metric,
    iterations: int = 100,
    seed: int = 0,
    start: AtomStart | Floats = "auto",
    restarts: int | None = None,
    potentials: Floats | None = None,
    on_step: Callable[[BoundedStep], None] | None = None,
) -> tuple[BoundedQuantisation, int]:
    """Find atoms as `quantise_bounded` does, from the best of several starts.

    Parameters
    ----------
    samples, bounds, order, metric, iterations
        As `quantise_bounded` takes them; no iterations leave a start as it was drawn.
    seed : int
        Of starts that are drawn.
    start : {"auto", "kmeans++", "density"} or ndarray, shape (m, d)
        Where atoms begin: drawn by what they would cost, at a division of the samples, both, or at
        given places.
    restarts : int, optional
        How many starts; by default fewer of larger problems. One of given places.
    potentials : ndarray, shape (m,), optional
        Near potentials of given places.
    on_step : callable, optional
        Receives the steps of the last descent.

    Returns
    -------
    BoundedQuantisation
    int
        How many starts were tried.

    Raises
    ------
    StippleError
        As `quantise_bounded`.
    """
    if not bounds.fixed:
        bounds = replace(bounds, unit=float(samples.masses.min()))
    samples = merge_duplicates(samples)

    def descend(
        begin: tuple[Floats, Floats | None],
        tolerance: float,
        told: Callable[[BoundedStep], None] | None = None,
    ) -> BoundedQuantisation:
        return quantise_bounded(
            [Target(samples, 1.0)],
            bounds,
            order=order,
            metric=metric,
            iterations=iterations,
            tolerance=tolerance,
            start=begin,
            on_step=told,
        )

    if not isinstance(start, str):
        return descend((start, potentials), RACE_TOLERANCE, on_step), 1
    draw = _Starts(samples, bounds, order, metric, start, seed)
    tries = restarts or _choose_restarts(len(samples) * len(bounds))
    if tries == 1 or iterations == 0:
        return descend((draw(0), None), RACE_TOLERANCE, on_step), 1
    # Fewer samples would not do: masses of clusters far apart differ in them.
    found = [descend((draw(number), None), RACE_TOLERANCE) for number in range(tries)]
    if draw.shares and samples.dimension == 1:
        found.append(descend((_order(samples, bounds, found, seed), None), RACE_TOLERANCE))
    if draw.shares:
        best = _swap(found, WeightSwaps(samples, bounds, order, metric, SWAP_ENTRIES))
    else:
        first = _choose([one.cost for one in found])
        best = found[first].atoms, found[first].potentials[0]
    return descend(best, LAST_TOLERANCE, on_step), tries


def _order(
    samples: Samples, bounds: MassBounds, found: Sequence[BoundedQuantisation], seed: int
) -> Floats:
    """Let weights change places on a line, from the best few starts on."""
    places, masses = samples.points[:, 0], samples.masses / samples.masses.sum()
    best = sorted(found, key=lambda one: one.cost)[:ORDERED]
    most = ORDER_ENTRIES // (len(places) * len(best))
    random = np.random.default_rng(seed)
    ordered = [
        order_weights(places, masses, bounds.least, one.atoms[:, 0], most, random) for one in best
    ]
    return min(ordered, key=lambda one: one[1])[0][:, np.newaxis]


def _swap(found: Sequence[BoundedQuantisation], swaps: WeightSwaps) -> tuple[Floats, Floats]:
    """Let atoms of different weights change places, from the best start on while there is time."""
    improved: list[tuple[Floats, Floats, float]] = []
    last = 0.0
    for one in sorted(found, key=lambda one: one.cost):
        if not improved or (swaps.worthwhile and one.cost > (1 + TIE) * last):
            improved.append(swaps.improve(one.atoms, one.potentials[0]))
        last = one.cost
    atoms, potential, _ = improved[_choose([cost for *_, cost in improved])]
    return atoms, potential


def _choose(costs: Sequence[float]) -> int:
    """Find the least cost: the first of those that differ by rounding."""
    return int(np.argmax(np.array(costs) <= (1 + TIE) * min(costs)))


class _Starts:
    """Starts of one kind, or of both: the division first, and the same a little off."""

    def __init__(
        self,
        samples: Samples,
        bounds: MassBounds,
        order: float,
        metric: Metric,
        kind: AtomStart,
        seed: int,
    ) -> None:
        self._samples = samples
        self._bounds = bounds
        self._order = order
        self._metric = metric
        self._kind = kind
        self._random = np.random.default_rng(seed)

    @property
    def shares(self) -> bool:
        """Whether samples are shared by given weights that are not all equal."""
        return self._bounds.fixed and not self._bounds.equal

    def __call__(self, number: int) -> Floats:
        """Draw a start, shape (m, d)."""
        samples, count = self._samples, len(self._bounds)
        arcs = self._metric.name == "sphere"
        if self.shares:
            weights = self._bounds.least
            atoms = share_samples(samples.points, samples.masses, weights, self._random)
            # Means are within the sphere.
            return samples.points[cKDTree(samples.points).query(atoms)[1]] if arcs else atoms
        divides = number == 0 if self._kind == "auto" else self._kind == "density"
        if divides:
            draws = None if number == 0 else self._random
            return choose_start(samples, count, False, self._order, draws)
        return draw_costly(
            samples.points, samples.masses, count, self._order, self._random, arcs=arcs
        )


def _choose_restarts(entries: int) -> int:
    return next((tries for most, tries in RESTARTS if entries <= most), 1)
