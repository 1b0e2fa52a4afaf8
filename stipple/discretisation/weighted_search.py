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
from stipple.discretisation.weighted_quantisation import check_count
from stipple.discretisation.weighted_start import draw_start
from stipple.geometry.metrics import Metric
from stipple.machine.threads import Workers
from stipple.measures.samples import Samples

# Most starts; of tiny problems, samples times atoms, all of these are tried.
RESTARTS, TINY_RESTARTS, TINY_ENTRIES = 3, 20, 2_000
# Atoms start this part of the way to another sample off their own.
TIE = 1e-6
# No more starts are needed where two end within this part of each other, as good as the best.
AGREEMENT = 2e-5
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
    start: AtomStart = "auto",
    restarts: int | None = None,
    workers: Workers | None = None,
    on_step: Callable[[int, float], None] | None = None,
) -> tuple[WeightedQuantisation, int]:
    """Find atoms as `quantise_weighted` does, from the best of several starts.

    Each start is repaired by `exchange` and goes down; the best of them goes on to a local minimum.
    Very many samples are thinned for that, but for the last part.

    Parameters
    ----------
    samples, count, order, metric, iterations, tolerance, seed, workers
        As `quantise_weighted` takes them; no iterations leave a start as it was drawn.
    start : {"auto", "kmeans++", "density"}
        Where atoms begin: drawn by what they would cost (`draw_costly`), spread by density
        (`draw_start`), or both in turn.
    restarts : int, optional
        How many starts; by default a few, until two of them end alike.
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
        For less than one atom, or more than there are different samples.
    """
    check_count(samples, count)
    workers = workers or Workers()
    few = samples.thin(max(RACE_SAMPLES * count, RACE_ENTRIES // count))
    problem = CellProblem(few, order, metric, workers)
    random = np.random.default_rng(seed)
    most = restarts or _count_restarts(few, count)
    best: Descent | None = None
    for number in range(most):
        if _takes_density(start, number):
            atoms = draw_start(few, count, order, random)
        else:
            arcs = metric.name == "sphere"
            atoms = draw_costly(problem.points, problem.masses, count, order, random, arcs=arcs)
        if iterations > 0:
            atoms = exchange(problem, _break_ties(problem, atoms, random)).atoms
            if order == 2 and metric.name == "euclidean" and _is_tiny(few, count):
                atoms = move_singly(problem, atoms)
        descent = Descent(problem, atoms)
        descent.run(iterations, RACE_TOLERANCE)
        last, best = best, descent if best is None or descent.cost < best.cost else best
        if last and restarts is None and _agree(last, descent, few):
            most = number + 1
            break
    assert best is not None
    if few is not samples:
        best = Descent(CellProblem(samples, order, metric, workers), best.atoms)
    best.run(iterations, tolerance, on_step)
    return best.conclude(), most


def _break_ties(problem: CellProblem, atoms: Floats, random: np.random.Generator) -> Floats:
    """Move atoms a little, each towards a random sample: equally near ones may be a saddle."""
    towards = problem.points[random.integers(len(problem.points), size=len(atoms))] - atoms
    return problem.metric.move(atoms, TIE * towards)


def _is_tiny(samples: Samples, count: int) -> bool:
    return len(samples) * count <= TINY_ENTRIES


def _count_restarts(samples: Samples, count: int) -> int:
    if _is_tiny(samples, count):
        return TINY_RESTARTS
    return RESTARTS if len(samples) * count <= 2 * RACE_ENTRIES else 1


def _takes_density(start: AtomStart, number: int) -> bool:
    """Whether a start is spread by density: every third one, where both kinds take turns."""
    return start == "density" or (start == "auto" and number % 3 == 2)


def _agree(one: Descent, other: Descent, samples: Samples) -> bool:
    """Whether two starts end alike; those of tiny problems do so by chance."""
    alike = abs(one.cost - other.cost) <= AGREEMENT * min(one.cost, other.cost)
    return alike and not _is_tiny(samples, len(one.atoms))
