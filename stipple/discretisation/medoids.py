"""Atoms that are samples, for distances of any kind."""

from __future__ import annotations

import time

import numpy as np

from stipple.arrays import Floats
from stipple.discretisation.certificate.medoid_bound import bound_medoids
from stipple.discretisation.certificate.medoids import certify_medoids, weigh_cells
from stipple.discretisation.evidence import RegularisedCost
from stipple.discretisation.medoid_search import search_medoids
from stipple.discretisation.result import Discretisation
from stipple.discretisation.settings import Settings
from stipple.errors import StippleError
from stipple.geometry.distances import Distances
from stipple.measures.samples import Samples
from stipple.version import __version__


def discretise_by_medoids(
    samples: Samples,
    n: int,
    settings: Settings,
    distances: Distances,
    *,
    start: Floats | None = None,
) -> Discretisation:
    """Find samples that stand for all: Σ_i a_i min_j dist(x_i, y_j)^k is low, y_j are samples.

    Parameters
    ----------
    samples : Samples
        Points with masses: their coordinates tell where atoms are, and nothing else.
    n : int
        Number of atoms.
    settings : Settings
        Of these the order, the seed, the number of starts and the gap are used.
    distances : Distances
        Between any two samples, in their order.

    Returns
    -------
    Discretisation
        With `samples_of_atoms`.

    Raises
    ------
    StippleError
        If the distances are those of another number of samples, fewer samples than n are at
        different places, a start or something else than free weights of the exact objective is
        asked for, or costs are beyond floating-point numbers.
    """
    _check_settings(settings, start)
    if len(distances) != len(samples):
        raise StippleError(
            f"There are distances between {len(distances):,} samples, and {len(samples):,} samples"
            " with mass: give as many."
        )
    began = time.perf_counter()
    costs = _raise_distances(distances.values, settings.order)
    random = np.random.default_rng(settings.seed)
    found = search_medoids(costs, samples.masses, n, random, settings.restarts)
    medoids, several = found.samples, "s" * (found.starts != 1)
    columns = np.ascontiguousarray(distances.values[:, medoids])
    weights = weigh_cells(columns, samples.given)
    if not (weights > 0).all():
        raise StippleError(
            f"{n:,} atoms were asked for, and only {np.count_nonzero(weights):,} samples are apart:"
            " ask for no more."
        )
    solved = time.perf_counter()
    cost = certify_medoids(
        columns, samples.given, weights, settings.order, distances.relative_error
    )
    bound = None
    if settings.gap:
        bound = bound_medoids(
            distances.values, samples.given, medoids, settings.order, distances.relative_error
        )
    return Discretisation(
        atoms=samples.points[medoids],
        weights=weights,
        cost=cost,
        regularised=RegularisedCost(None, None, 0),
        zador=None,
        zeta=None,
        diameter=float(distances.values.max()),
        history=np.array([cost.middle]),
        losses=np.empty(0),
        cells=(),
        iterations=found.exchanges,
        converged=True,
        optimum="global" if n in (1, len(samples)) else "local",
        merged=0,
        algorithm=f"medoids, the best of {found.starts} start{several}",
        settings=settings,
        seconds={"solve": solved - began, "evidence": time.perf_counter() - solved},
        version=__version__,
        samples_of_atoms=medoids + distances.first,
        lower_bound=bound,
    )


def _check_settings(settings: Settings, start: Floats | None) -> None:
    if settings.metric not in ("geodesic", "precomputed"):
        raise StippleError(
            f"Distances were given, and the metric {settings.metric}: give one of the two."
        )
    if start is not None or settings.start != "auto":
        raise StippleError("With distances, atoms begin at samples that are drawn: give no start.")
    if settings.objective != "exact" or settings.weights != "free":
        raise StippleError(
            f"Distances were given with the objective {settings.objective} and"
            f" {settings.weights} weights: they are for free weights of the exact objective."
        )
    if settings.steps is not None:
        raise StippleError(
            "Distances were given, and their atoms are exchanged as long as that helps: give no"
            " number of steps."
        )
    if settings.capacity is not None:
        raise StippleError("Distances were given, which know no capacities: leave them out.")


def _raise_distances(distances: Floats, order: float) -> Floats:
    """Costs, shape (n, n), over the largest one."""
    largest = float(distances.max())
    return distances if order == 1 or largest == 0 else np.power(distances / largest, order)
