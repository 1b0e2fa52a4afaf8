"""A certified interval for W2² from any power diagram, solved or not."""

import math
from dataclasses import replace

import numpy as np

from stipple.arrays import Floats, Integers
from stipple.geometry.cell_integrals import RoundedIntegrals, bound_integrals
from stipple.geometry.excess import measure_excess
from stipple.geometry.morton import order_along_curve
from stipple.geometry.periodic_cells import cut_by_box, wrap_cells
from stipple.geometry.power_cells import PowerCells
from stipple.geometry.tiling import Defects, measure_defects, straighten
from stipple.geometry.torus import shorten
from stipple.interval import Interval
from stipple.machine.products import add_squares, multiply
from stipple.machine.rounding import UNIT_ROUNDING
from stipple.machine.threads import Workers
from stipple.measures.density import Density
from stipple.transport.north_west_corner import match_in_order


def certify_transport(
    density: Density,
    cells: PowerCells,
    workers: Workers | None = None,
    weights: Floats | None = None,
) -> Interval:
    """Bound W2²(ρ, Σ ν_i δ_{y_i}) from the cells of any potentials.

    Below: the Kantorovich dual K(φ) (Kitagawa, Mérigot, Thibert, JEMS 2019, section 1). Above: a
    transport plan. Cells keep at most ν_i; what they hold beyond that goes to cells that hold
    less, matched along a space-filling curve so that it does not go far. Either end is moved out
    by a proved bound of what the stored polygons and rounding can do: docs/certificates.md. On the
    torus the points have copies beyond the rectangle, all with the potential of the point; in the
    rectangle their cells are ordinary ones, and what those of a point hold is added up.

    Parameters
    ----------
    density : Density
        ρ; its rectangle is the cells' domain.
    cells : PowerCells
        The cells, with points and potentials.
    workers : Workers, optional
        Threads that share the work.
    weights : ndarray, shape (n,), optional
        ν, positive, each within twice the unit rounding of masses that add up to 1; by default
        1/n.

    Returns
    -------
    Interval
        In square pixels.
    """
    count = len(cells.points)
    weights = np.full(count, 1.0 / count) if weights is None else weights
    whole = wrap_cells(cells)
    # What is near is then near in memory.
    order = order_along_curve(whole.points)
    whole, weights = whole.reorder(order), weights[order]
    cells, owners = cut_by_box(whole, workers)  # copies too, and whose they are
    polygons = straighten(cells, workers)
    integrals = bound_integrals(density, polygons, workers)
    # Any potentials serve: those near zero round least.
    lifted = whole.potentials - np.median(whole.potentials)
    potentials = lifted[owners]
    listed = np.arange(count) if whole.laps is None else None  # along the curve already
    excess = measure_excess(polygons, potentials, workers, listed)
    densest = float(density.row_sums.pixels[:, :, 3].max()) * (1 + 1e-9)
    defects = measure_defects(polygons, integrals.strips, densest, workers)
    across = np.array([cells.width, cells.height]) - cells.points
    farthest = np.maximum(np.abs(cells.points), np.abs(across)) + 1 + defects.gap
    extent = 1.01 * float(add_squares(farthest).max())  # square of a distance
    heights = np.abs(potentials)
    rest = densest * defects.rest
    seconds = np.abs(integrals.second_moments)
    moment_errors = integrals.second_errors + 4 * UNIT_ROUNDING * seconds
    # What lies in strips, by its cost and the largest potential there.
    strips = defects.costs + defects.strips * (
        heights + excess + 2 * math.sqrt(extent) * defects.gap
    )
    common = _add(moment_errors) + _add(strips) + rest * (extent + float(heights.max()))
    common += _bound_misplacement(whole, extent)
    exceeding = _add(excess * (np.abs(integrals.masses) + integrals.errors))
    moments = math.fsum(integrals.second_moments)
    if whole.laps is not None:
        integrals, defects = _fold(integrals, defects, owners, count)
    heights, masses = np.abs(lifted), np.abs(integrals.masses)
    lack = weights - integrals.masses
    lower = (
        moments
        + math.fsum(lifted * lack)
        - exceeding
        - _add(heights * (integrals.errors + 4 * UNIT_ROUNDING * (masses + weights)))
        - common
    )
    upper = moments + _price_repair(whole, weights, integrals, defects, rest, extent) + common
    # The last few additions.
    parts = abs(upper) + abs(lower) + _add(seconds) + _add(heights * np.abs(lack))
    rounding = 16 * UNIT_ROUNDING * parts
    lower, upper = lower - rounding, upper + rounding
    # Where nothing better is proved, not even a number, these are true.
    return Interval(lower if lower > 0 else 0.0, upper if upper < extent else extent)


def evaluate_dual(
    potentials: Floats, weights: Floats, masses: Floats, second_moments: Floats
) -> float:
    """Kantorovich dual K(φ), in square pixels.

    Parameters
    ----------
    potentials, weights : ndarray, shape (n,)
        φ in square pixels, and ν (sum 1).
    masses, second_moments : ndarray, shape (n,)
        ∫ρ and ∫|x − y_i|²ρ over each cell.
    """
    # The masses add up to 1 but for rounding, which a constant in the potentials would magnify.
    centred = potentials - potentials.mean()
    return float(second_moments.sum()) + multiply(centred, weights - masses)


def _add(terms: Floats) -> float:
    """Sum of terms that are not negative, rounded up."""
    return float(terms.sum()) * (1 + (len(terms) + 16) * UNIT_ROUNDING)


def _bound_misplacement(cells: PowerCells, extent: float) -> float:
    """Bound what rounding the places of copies, on the torus, can do to any cost."""
    if cells.laps is None:
        return 0.0
    # A sum below 2·size rounds by that much at most along each axis; and again in a difference.
    error = 8 * UNIT_ROUNDING * (cells.width + cells.height)
    return error * (2 * math.sqrt(extent) + error)


def _fold(
    integrals: RoundedIntegrals, defects: Defects, owners: Integers, count: int
) -> tuple[RoundedIntegrals, Defects]:
    """Add up what the copies of each point hold: 9 at most, by 16 roundings at most."""

    def fold(values: Floats) -> Floats:
        return np.bincount(owners, values, count).astype(np.float64)

    first = np.column_stack([fold(moments) for moments in integrals.first_moments.T])
    drift = fold(np.abs(integrals.first_moments).sum(axis=1))
    folded = replace(
        integrals,
        masses=fold(integrals.masses),
        first_moments=first,
        errors=fold(integrals.errors) + 16 * UNIT_ROUNDING * fold(np.abs(integrals.masses)),
        first_errors=fold(integrals.first_errors) + 16 * UNIT_ROUNDING * drift,
    )
    return folded, replace(defects, strips=fold(defects.strips), costs=fold(defects.costs))


def _price_repair(
    cells: PowerCells,
    weights: Floats,
    integrals: RoundedIntegrals,
    defects: Defects,
    rest: float,
    extent: float,
) -> float:
    """Bound the cost of giving each point its weight, beyond that of the cells as they are.

    The points come along a curve, so that what moves from one to a later one does not go far.
    First the excess that is known moves from full cells to others; then what is not known: what
    rounding and strips may have added or taken.
    """
    points, count = cells.points, len(cells.points)
    masses = integrals.masses
    # What strips, the rest and rounding can do to masses and first moments (Cauchy-Schwarz).
    errors = integrals.errors + defects.strips
    first_errors = integrals.first_errors + np.sqrt(defects.strips * defects.costs) * (1 + 1e-6)
    first_errors += rest * math.sqrt(extent)
    source, target, amounts = _match_excess(masses - weights)
    shift = integrals.first_moments[source] / masses[source, None]
    way = points[source] - points[target]
    if cells.laps is not None:
        # Any copy will do: no other is nearer than the nearest.
        way = shorten(way, np.array([cells.width, cells.height]))
    length = np.hypot(way[:, 0], way[:, 1])
    cost = amounts * np.einsum("ij,ij->i", way, way + 2 * shift)
    drift = np.hypot(shift[:, 0], shift[:, 1])
    doubt = amounts * (
        16 * UNIT_ROUNDING * length * (length + 2 * drift)
        + length / masses[source] * (length * (errors[source] + rest) + 2 * first_errors[source])
    )
    doubt += amounts * _bound_misplacement(cells, extent)
    given = np.bincount(source, amounts, count)
    taken = np.bincount(target, amounts, count)
    moves = 1 + np.bincount(source, minlength=count) + np.bincount(target, minlength=count)
    unknown = np.abs((masses - weights) + (taken - given)) + errors
    unknown += np.bincount(target, amounts / masses[source] * errors[source], count)
    unknown += 4 * UNIT_ROUNDING * (moves * (given + taken) + np.abs(masses) + weights)
    total = _add(unknown) + rest
    least = masses - errors
    reassigned = 0.5 * total * extent
    if (least - given).min() >= 2 * total:
        moments = np.hypot(*integrals.first_moments.T) + first_errors
        chained = _price_chain(points, moments / least, unknown, rest)
        reassigned = min(reassigned, chained)
    return math.fsum(cost) + _add(doubt) + reassigned


def _match_excess(surplus: Floats) -> tuple[Integers, Integers, Floats]:
    """Cells that give, cells that take, and amounts, matched in the order of the cells."""
    giver = np.flatnonzero(surplus > 0)
    taker = np.flatnonzero(surplus < 0)
    if len(giver) == 0 or len(taker) == 0:
        return giver[:0], taker[:0], np.empty(0)
    givers, takers, amounts = match_in_order(surplus[surplus > 0], -surplus[surplus < 0])
    return giver[givers], taker[takers], amounts


def _price_chain(points: Floats, shifts: Floats, unknown: Floats, rest: float) -> float:
    """Cost, at most, of moving masses along a chain of cells until none has too much or too little.

    `shifts` bound the distances of the cells' barycentres to their points, `unknown` (and a common
    `rest`) what a cell may have too much or lack.
    """
    steps = np.hypot(*np.diff(points, axis=0).T)
    # As much passes as the cells before, or those behind, have too much together.
    passing = rest + np.minimum(np.cumsum(unknown)[:-1], np.cumsum(unknown[::-1])[::-1][1:])
    costs = passing * steps * (steps + 2 * np.maximum(shifts[1:], shifts[:-1]))
    return _add(costs) * (1 + 1e-6)
