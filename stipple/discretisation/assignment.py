"""Which atom of given or bounded mass gets each sample."""

import numpy as np

from stipple.arrays import Floats, Integers
from stipple.discretisation.bounded import is_smoothed
from stipple.discretisation.bounded_methods import bound_masses
from stipple.discretisation.certificate.problem import scale_power
from stipple.discretisation.scale import choose_exponent, shrink_samples
from stipple.discretisation.settings import Settings, make_metric
from stipple.discretisation.solution import Solution
from stipple.geometry.nearest import assign_nearest
from stipple.machine.threads import Workers
from stipple.measures.samples import Samples
from stipple.transport.bounded_transport import BoundedTransport


def assign_within(
    samples: Samples, solution: Solution, settings: Settings, shares: Floats | None
) -> Integers:
    """Find the atom that gets most of each sample in the plan of least cost, shape (n,).

    The weights of the solution are given, shares of shape (m,), or all alike, or have capacities.
    Where an exact plan would take longer than the atoms did, it is the nearest one.
    """
    bounds = bound_masses(len(solution.atoms), settings, shares)
    if is_smoothed(samples, bounds):
        return assign_nearest(samples.points, solution.atoms, Workers(settings.threads))
    exponent = choose_exponent([samples], settings)
    potential = None
    if solution.potentials is not None:
        potential = scale_power(solution.potentials[0], -exponent, settings.order)
    transport = BoundedTransport(
        shrink_samples(samples, exponent),
        bounds,
        settings.order,
        make_metric(settings.metric),
        potential,
    )
    transport.solve(np.ldexp(solution.atoms, -exponent))
    return transport.assign()
