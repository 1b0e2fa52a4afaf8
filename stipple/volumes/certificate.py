"""An interval for W2² of a volume from any power diagram, solved or not."""

import math

import numpy as np

from stipple.arrays import Floats
from stipple.geometry.morton import order_along_curve
from stipple.geometry.power_polyhedra import PowerPolyhedra
from stipple.geometry.torus import shorten
from stipple.geometry.voxel_integrals import PolyhedronIntegrals
from stipple.interval import Interval
from stipple.machine.threads import Workers
from stipple.measures.volume import VolumeDensity
from stipple.transport.north_west_corner import match_in_order
from stipple.volumes.diagram import build_diagram

# What rounding may do to sums of thousands of pieces, relative: some 100 times what was measured
# against rational arithmetic and closed forms. An allowance, not a proof.
ROUNDING = 1e-12


def certify_volume(
    density: VolumeDensity, cells: PowerPolyhedra, weights: Floats, workers: Workers | None = None
) -> Interval:
    """Bound W2²(ρ, Σ ν_i δ_{y_i}) from the cells of any potentials.

    Below: the Kantorovich dual K(φ), less what corners of cells, each compared with all points,
    show that cells lack to be right. Above: a transport plan, in which what cells hold beyond ν_i
    goes to cells that hold less, along a space-filling curve. Both ends are moved out by an
    allowance for rounding and by what the masses of all cells lack of 1. On the torus distances
    are those to the nearest copy: corners are compared with all copies that can be nearest, and
    the plan carries each mass to one copy, which is no shorter a way.

    Parameters
    ----------
    density : VolumeDensity
        ρ; its box is the cells' domain.
    cells : PowerPolyhedra
        The cells, with points and potentials.
    weights : ndarray, shape (n,)
        ν, with sum 1.
    workers : Workers, optional
        Threads that share the work.

    Returns
    -------
    Interval
        In squares of the unit of length.
    """
    periodic = cells.laps is not None
    diagram = build_diagram(
        density,
        cells.points,
        cells.potentials,
        periodic=periodic,
        workers=workers,
        previous=cells,
        prove=True,
    )
    cells, integrals = diagram.cells, diagram.integrals
    masses, seconds = integrals.masses, integrals.second_moments
    # Any constant serves: potentials near zero round least.
    potentials = cells.potentials - np.median(cells.potentials)
    moments = math.fsum(seconds)
    farthest = np.maximum(np.abs(cells.points), np.abs(cells.size - cells.points))
    if periodic:
        farthest = cells.size[None, :] / 2
    extent = float((farthest**2).sum(axis=1).max())
    allowance = ROUNDING * (moments + math.fsum(np.abs(potentials) * (masses + weights)))
    allowance += abs(math.fsum(masses) - 1) * extent
    lower = moments + math.fsum(potentials * (weights - masses)) - allowance
    lower -= math.fsum(cells.excess * masses)
    upper = moments + _price_repair(cells, weights, integrals) + allowance
    return Interval(max(lower, 0.0), min(upper, extent))


def _price_repair(cells: PowerPolyhedra, weights: Floats, integrals: PolyhedronIntegrals) -> float:
    """Cost of giving each point its weight, beyond that of the cells as they are."""
    points = cells.points
    order = order_along_curve(points)
    surplus = (integrals.masses - weights)[order]
    if not ((surplus > 0).any() and (surplus < 0).any()):
        return 0.0
    givers, takers, amounts = match_in_order(surplus[surplus > 0], -surplus[surplus < 0])
    source, target = order[surplus > 0][givers], order[surplus < 0][takers]
    # What leaves a cell is a part of all that it holds: its mean place is the barycentre.
    shift = integrals.first_moments[source] / integrals.masses[source, None]
    way = points[source] - points[target]
    if cells.laps is not None:
        # Any copy of the target will do: its cost is at least that of the nearest one.
        way = shorten(way, cells.size)
    return math.fsum(amounts * (way * (way + 2 * shift)).sum(axis=1))
