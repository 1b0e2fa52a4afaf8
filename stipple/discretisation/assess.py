"""The evidence of how good atoms are: the certified cost, and what else is told of them."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from stipple.choices import (
    Optimum,
)
from stipple.discretisation.evidence import (
    RegularisedCost,
    add_intervals,
    add_known,
    certify_cost,
    measure_diameter,
    measure_regularised,
    measure_zeta,
)
from stipple.discretisation.result import Discretisation
from stipple.discretisation.scale import (
    choose_exponent,
    expand_cost,
    shrink_measure,
)
from stipple.discretisation.settings import Settings
from stipple.discretisation.solution import Solution
from stipple.measures.measure import Measure
from stipple.measures.samples import Samples
from stipple.version import __version__

if TYPE_CHECKING:
    pass


def assess(
    targets: Sequence[Samples],
    shares: Sequence[float],
    solution: Solution,
    settings: Settings,
    mixture: Measure,
    seconds: float,
) -> Discretisation:
    """Gather the evidence on atoms: sums of costs to several targets, each times its share."""
    began = time.perf_counter()
    diameter = measure_diameter(mixture, settings)
    costs, regularised = [], []
    for number, target in enumerate(targets):
        found = (target, solution.atoms, solution.weights, settings)
        potential = None if solution.potentials is None else solution.potentials[number]
        costs.append(certify_cost(*found, potential))
        regularised.append(measure_regularised(*found, diameter))
    exponent = choose_exponent([mixture.samples], settings)
    zeta = measure_zeta(shrink_measure(mixture, exponent), settings)
    return Discretisation(
        atoms=solution.atoms,
        weights=solution.weights,
        cost=add_intervals(costs, shares),
        regularised=RegularisedCost(
            add_known([one.sharp for one in regularised], shares),
            add_known([one.full for one in regularised], shares),
            sum(one.samples for one in regularised),
        ),
        zador=None,
        zeta=None if zeta is None else expand_cost(zeta, exponent, settings.order),
        diameter=diameter,
        history=solution.history,
        losses=solution.losses,
        iterations=solution.iterations,
        converged=solution.converged,
        optimum=_name_optimum(solution),
        merged=solution.merged,
        cells=solution.cells,
        algorithm=solution.algorithm,
        settings=settings,
        seconds={"solve": seconds, "evidence": time.perf_counter() - began},
        version=__version__,
    )


def _name_optimum(solution: Solution) -> Optimum | None:
    if not solution.converged:
        return None
    return "global" if solution.optimal else "local"
