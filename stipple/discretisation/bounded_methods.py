"""Atoms of given or bounded weights as settings ask for them, from one measure or several."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from stipple.arrays import Floats
from stipple.discretisation.settings import Settings, make_metric
from stipple.discretisation.solution import OnStep, Solution
from stipple.measures.samples import Samples
from stipple.transport.mass_bounds import MassBounds

if TYPE_CHECKING:
    from stipple.discretisation.bounded import BoundedQuantisation

# Where samples times atoms are few, a second start of a barycentre is worth its time, and pixels
# need no even one.
CHEAP_ENTRIES = 2_000_000
# Most moves, unless settings say.
MOVES = 100
NAME = "alternating transport and centres"


def bound_masses(n: int, settings: Settings, shares: Floats | None) -> MassBounds:
    """Set what atoms may weigh whose weights are not free: shares, shape (m,), or all alike."""
    if settings.capacity is not None:
        least, most = (np.full(n, share) for share in settings.capacity)
        return MassBounds(least, most)
    return MassBounds.fix(np.ones(n) if shares is None else shares)


def quantise_within(
    samples: Samples,
    bounds: MassBounds,
    settings: Settings,
    start: Floats | None,
    potentials: Floats | None,
    on_step: OnStep,
) -> Solution:
    """Find atoms whose masses are within bounds, from a start, shape (m, d), or several."""
    from stipple.discretisation.bounded_search import search_bounded

    found, starts = search_bounded(
        samples,
        bounds,
        order=settings.order,
        metric=make_metric(settings.metric),
        iterations=MOVES if settings.steps is None else settings.steps,
        seed=settings.seed,
        start=settings.start if start is None else start,
        restarts=settings.restarts,
        potentials=potentials,
        on_step=on_step and (lambda step: on_step(step.number, step.cost)),
    )
    return _conclude(found, NAME if starts == 1 else f"{NAME}, the best of {starts} starts")


def alternate(
    targets: Sequence[Samples], shares: Floats, n: int, settings: Settings, on_step: OnStep
) -> Solution:
    """Minimise the sum of W_k^k to targets, each times its share, over atoms of equal weights."""
    from stipple.discretisation.bounded import quantise_bounded
    from stipple.discretisation.entropic.problem import make_targets

    entries = n * sum(len(target) for target in targets)
    # A division may be a lattice that is a saddle, or the best one: where it is cheap, try both.
    found = min(
        (
            quantise_bounded(
                make_targets(targets, shares),
                MassBounds.fix(np.ones(n)),
                order=settings.order,
                metric=make_metric(settings.metric),
                iterations=MOVES if settings.steps is None else settings.steps,
                shifted=shifted,
                on_step=on_step and (lambda step: on_step(step.number, step.cost)),
            )
            for shifted in ((False, True) if entries <= CHEAP_ENTRIES else (False,))
        ),
        key=lambda one: one.cost,
    )
    solution = _conclude(found, NAME)
    # Targets without a share have no potentials.
    complete = len(found.potentials) == len(targets)
    return solution if complete else replace(solution, potentials=None)


def _conclude(found: BoundedQuantisation, name: str) -> Solution:
    return Solution(
        found.atoms,
        found.weights,
        np.array(found.history),
        found.iterations,
        found.converged,
        name,
        found.potentials,
    )
