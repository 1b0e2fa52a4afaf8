"""Atoms with free weights from several starts, each repaired before it goes down."""

from collections.abc import Callable

import numpy as np

from stipple.arrays import Floats
from stipple.choices import AtomStart
from stipple.discretisation.costly_start import draw_costly
from stipple.discretisation.exchanges import exchange
from stipple.discretisation.single_moves import move_singly
from stipple.discretisation.weighted_cells import EUCLIDEAN, CellProblem
from stipple.discretisation.weighted_descent import Descent, WeightedQuantisation
from stipple.discretisation.weighted_quantisation import check_count, quantise_weighted
from stipple.discretisation.weighted_start import draw_start
from stipple.geometry.metrics import Metric
from stipple.machine.threads import Workers
from stipple.measures.samples import Samples

# Most starts; of tiny problems, samples times atoms, all of these are tried.
RESTARTS, TINY_RESTARTS, TINY_ENTRIES = 3, 20, 2_000
# For other orders than 2 moves of single samples look at all of their cells: of so many samples.
FEW_SAMPLES = 60
# Where cells hold no more samples than that in the mean, single ones that change their cells save
# more than another start, which is left out unless samples times atoms are few.
MOST_IN_CELLS, EASY_ENTRIES = 100, 40_000
# Atoms start this part of the way to another sample off their own.
TIE = 1e-6
# No more starts are needed where two end within this part of each other, as good as the best.
AGREEMENT = 2e-5
ROUNDING = 1e-9
# Starts go down until a step saves less than this part of the cost; the best goes on.
RACE_TOLERANCE = 1e-4
# Starts are compared on as many samples as keep samples times atoms below this, and on no less
# than some for each atom.
RACE_ENTRIES, RACE_SAMPLES = 5_000_000, 32


def search_weighted(
    samples: Samples,
    count: int,
    *,
    order: float = 2.0,
    metric: Metric = EUCLIDEAN,
    iterations: int = 100,
    tolerance: float = 1e-5,
    seed: int = 0,
    start: AtomStart | Floats = "auto",
    restarts: int | None = None,
    workers: Workers | None = None,
    on_step: Callable[[int, float], None] | None = None,
) -> tuple[WeightedQuantisation, int]:
    """Find atoms as `quantise_weighted` does, from the best of several starts.

    Each start is repaired by `exchange` and goes down; the best of them goes on to a local minimum,
    after `move_singly` where cells hold few samples. Very many samples are thinned for that, but
    for the last part.

    Parameters
    ----------
    samples, count, order, metric, iterations, tolerance, seed, workers
        As `quantise_weighted` takes them; no iterations leave a start as it was drawn.
    start : {"auto", "kmeans++", "density"} or ndarray, shape (m, d)
        Where atoms begin: drawn by what they would cost (`draw_costly`), spread by density
        (`draw_start`), both in turn, or at given places, which are not repaired.
    restarts : int, optional
        How many starts; by default a few, until two of them end alike. One of given places.
    on_step : callable, optional
        Receives the number of each step of the last descent, and W_k^k.

    Returns
    -------
    WeightedQuantisation
    int
        How many starts were tried.

    Raises
    ------
    StippleError
        For less than one atom, more than there are different samples, or given places that are not
        as many.
    """
    workers = workers or Workers()
    if not isinstance(start, str):
        given = quantise_weighted(
            samples,
            count,
            order=order,
            metric=metric,
            iterations=iterations,
            tolerance=tolerance,
            start=start,
            workers=workers,
            on_step=on_step,
        )
        return given, 1
    check_count(samples, count)
    few = samples.thin(max(RACE_SAMPLES * count, RACE_ENTRIES // count))
    race = _Race(CellProblem(few, order, metric, workers), few, count, seed)
    best = race.run(start, restarts, iterations)
    if few is not samples:
        best = Descent(CellProblem(samples, order, metric, workers), best.atoms)
    elif iterations > 0:
        best = race.refine(best)
    best.run(iterations, tolerance, on_step)
    return best.conclude(), race.starts


class _Race:
    """Starts that go down on some samples, until two end alike."""

    def __init__(self, problem: CellProblem, samples: Samples, count: int, seed: int) -> None:
        self.starts = 0
        self._problem = problem
        self._samples = samples
        self._count = count
        self._random = np.random.default_rng(seed)
        self._tiny = len(samples) * count <= TINY_ENTRIES
        if problem.order == 2:
            few = self._tiny or len(samples) <= MOST_IN_CELLS * count
        else:
            few = self._tiny and len(samples) <= FEW_SAMPLES
        self._singly = few and problem.metric.name == "euclidean"

    def run(self, start: AtomStart, restarts: int | None, iterations: int) -> Descent:
        """Return the best descent; without a number of restarts as many as it takes."""
        most = restarts or self._choose_most()
        best = self._run_one(start, iterations)
        while self.starts < most:
            rival = self._run_one(start, iterations)
            alike = abs(rival.cost - best.cost) <= AGREEMENT * min(rival.cost, best.cost)
            # Of those that differ by rounding the first is kept, whatever the scale.
            best = rival if rival.cost < (1 - ROUNDING) * best.cost else best
            # Those of tiny problems end alike by chance.
            if alike and restarts is None and not self._tiny:
                break
        return best

    def refine(self, best: Descent) -> Descent:
        """Let single samples change their cells, where that counts."""
        if self._singly and not self._tiny:
            return Descent(self._problem, move_singly(self._problem, best.atoms))
        return best

    def _choose_most(self) -> int:
        if self._tiny:
            return TINY_RESTARTS
        entries = len(self._samples) * self._count
        if entries > 2 * RACE_ENTRIES:
            return 1
        return RESTARTS - 1 if self._singly and entries > EASY_ENTRIES else RESTARTS

    def _run_one(self, start: AtomStart, iterations: int) -> Descent:
        problem = self._problem
        atoms = self._draw(start)
        self.starts += 1
        if iterations > 0:
            atoms = exchange(problem, self._break_ties(atoms)).atoms
            if self._tiny and self._singly:
                atoms = move_singly(problem, atoms)
        descent = Descent(problem, atoms)
        descent.run(iterations, RACE_TOLERANCE)
        return descent

    def _draw(self, start: AtomStart) -> Floats:
        """Draw one start; where both kinds take turns, every third is spread by density."""
        problem = self._problem
        if start == "density" or (start == "auto" and self.starts % 3 == 2):
            return draw_start(self._samples, self._count, problem.order, self._random)
        return draw_costly(
            problem.points,
            problem.masses,
            self._count,
            problem.order,
            self._random,
            arcs=problem.metric.name == "sphere",
        )

    def _break_ties(self, atoms: Floats) -> Floats:
        """Move atoms a little, each towards a random sample: equally near ones may be a saddle."""
        points = self._problem.points
        towards = points[self._random.integers(len(points), size=len(atoms))] - atoms
        return self._problem.metric.move(atoms, TIE * towards)
