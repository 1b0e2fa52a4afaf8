"""Atoms of given or bounded masses from several starts."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from stipple.arrays import Floats
from stipple.choices import AtomStart
from stipple.discretisation.bounded import BoundedQuantisation, BoundedStep, quantise_bounded
from stipple.discretisation.costly_start import draw_costly
from stipple.discretisation.entropic.cells import choose_start, merge_duplicates
from stipple.discretisation.entropic.problem import Target
from stipple.discretisation.weighted_cells import measure_voronoi
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
    best = descend((draw(0), None), RACE_TOLERANCE)
    for number in range(1, tries):
        found = descend((draw(number), None), RACE_TOLERANCE)
        if found.cost < (1 - TIE) * best.cost:
            best = found
    return descend((best.atoms, best.potentials[0]), LAST_TOLERANCE, on_step), tries


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

    def __call__(self, number: int) -> Floats:
        """Draw a start, shape (m, d)."""
        samples, count = self._samples, len(self._bounds)
        divides = number == 0 if self._kind == "auto" else self._kind == "density"
        if divides:
            draws = None if number == 0 else self._random
            return self._match(choose_start(samples, count, False, self._order, draws))
        arcs = self._metric.name == "sphere"
        return self._match(
            draw_costly(samples.points, samples.masses, count, self._order, self._random, arcs=arcs)
        )

    def _match(self, atoms: Floats) -> Floats:
        """Let atoms of large cells be those of large weights."""
        if not self._bounds.fixed or self._bounds.equal:
            return atoms
        cells = measure_voronoi(self._samples, atoms, order=self._order, metric=self._metric)
        listed = np.empty_like(atoms)
        listed[np.argsort(self._bounds.least, kind="stable")] = atoms[np.argsort(cells.masses)]
        return listed


def _choose_restarts(entries: int) -> int:
    return next((tries for most, tries in RESTARTS if entries <= most), 1)
