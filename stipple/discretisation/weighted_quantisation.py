"""Weighted optimal quantisation: atoms with free weights that minimise W_k^k to samples."""

from collections.abc import Callable

import numpy as np

from stipple.arrays import Floats
from stipple.discretisation.weighted_cells import EUCLIDEAN, CellProblem
from stipple.discretisation.weighted_descent import Descent, WeightedQuantisation
from stipple.discretisation.weighted_start import draw_start
from stipple.errors import StippleError
from stipple.geometry.metrics import Metric
from stipple.machine.threads import Workers
from stipple.measures.samples import Samples


def quantise_weighted(
    samples: Samples,
    count: int,
    *,
    order: float = 2.0,
    metric: Metric = EUCLIDEAN,
    iterations: int = 100,
    tolerance: float = 1e-5,
    seed: int = 0,
    start: Floats | None = None,
    workers: Workers | None = None,
    on_step: Callable[[int, float], None] | None = None,
) -> WeightedQuantisation:
    """Find atoms, with weights of their own choice, of small W_k^k to the samples.

    With free weights each sample goes to its nearest atom, so that W_k^k is the quantisation error
    (Graf and Luschgy, 2000, lemma 3.1). A few Lloyd steps from `draw_start`, then L-BFGS with the
    masses of the cells as first Hessian; a step up is replaced by one towards the centres. Atoms
    whose cells lose all samples start again where others cost most. The end is a local minimum.

    Parameters
    ----------
    samples : Samples
        Unit vectors if the metric is that of the sphere.
    count : int
        m, at most the number of different samples.
    order : float
        k ≥ 1.
    metric : Metric
        Distance.
    iterations : int
        Maximum number of steps; 0 returns the start.
    tolerance : float
        Stop when a step lowers W_k^k by less than this part of it; 0 never stops before the atoms
        are where no step lowers it.
    seed : int
        Of the start, where none is given.
    start : ndarray, shape (m, d), optional
        Where atoms begin.
    workers : Workers, optional
        Threads to use; the result does not depend on how many. By default all processors.
    on_step : callable, optional
        Receives the number of each step and W_k^k, from the start (0) on.

    Raises
    ------
    StippleError
        For less than one atom, or more than there are different samples.
    """
    check_count(samples, count)
    problem = CellProblem(samples, order, metric, workers or Workers())
    if start is None:
        start = draw_start(samples, count, order, seed)
    elif start.shape != (count, samples.dimension) or not np.isfinite(start).all():
        raise StippleError(
            f"The start has the shape {start.shape}: give {count} finite points of"
            f" {samples.dimension} coordinates."
        )
    descent = Descent(problem, start)
    descent.run(iterations, tolerance, on_step)
    return descent.conclude()


def check_count(samples: Samples, count: int) -> None:
    """Refuse less than one atom, and more than there are different samples."""
    if count < 1:
        raise StippleError(f"{count} atoms were asked for: give at least 1.")
    different = count_different(samples, count)
    if count > different:
        raise StippleError(
            f"{count} atoms were asked for, but there are only {different} different samples:"
            " ask for no more than that."
        )


def count_different(samples: Samples, enough: int) -> int:
    """Count different samples, no further than it takes to see that there are enough."""
    different = len(samples)
    if enough <= different:
        # Sorting rows takes long; most often one coordinate tells enough.
        different = len(np.unique(samples.points[:, 0]))
        if enough > different:
            different = len(np.unique(samples.points, axis=0))
    return different
