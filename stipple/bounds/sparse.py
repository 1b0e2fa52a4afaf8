"""The exact transport problem on few arcs: those that good potentials leave in question."""

import math
import time

import numpy as np

from stipple.arrays import Floats, Integers
from stipple.bounds.grid import lift, lift_shape
from stipple.bounds.problem import Flow, Level, Potentials, join_flows, price_arcs
from stipple.geometry.morton import order_pixels_along_curve
from stipple.machine.compiled import compile_loop
from stipple.machine.rows import insert_sorted
from stipple.transport import relaxation
from stipple.transport.network_simplex import NetworkSimplex
from stipple.transport.north_west_corner import match_in_order
from stipple.transport.relaxation import BITS, TOLERANCE, join_network, relax_flow

# The tolerance doubles at most so many times for the last of the mass.
DOUBLINGS = 5
# Whole numbers of units of cost stay below this.
LARGEST_COUNT = 2.0**50


def start_flow(level: Level) -> Flow:
    """Make some flow, pixel by pixel as they come, for want of a better."""
    pixels = np.arange(level.source.size)
    return _match_along(pixels, level.source.ravel(), level.target.ravel())


def join_all(level: Level) -> Integers:
    """Arcs between all pixels with mass: source·h·w + target, ascending."""
    givers, takers = np.flatnonzero(level.source), np.flatnonzero(level.target)
    arcs: Integers = np.add.outer(givers * level.source.size, takers).ravel()
    return arcs


def select_arcs(
    level: Level, flow: Flow, potentials: Potentials, costs: Floats, count: int, radius: int
) -> Integers:
    """Arcs that carry a flow, and for each pixel those of least slack about its partner.

    Parameters
    ----------
    level : Level
    flow : Flow
        Its arcs are among those returned.
    potentials : Potentials
    costs : ndarray, shape (h, w)
        By offset: the table of `transforms.measure_costs`.
    count : int
        Arcs for each pixel of either image.
    radius : int
        How many rows and columns from the partner they are looked for.

    Returns
    -------
    ndarray, shape (k,)
        source·h·w + target for the pixels that each arc joins, ascending.
    """
    phi, psi, onwards, back = map(lift, potentials)
    here, there = map(lift, level)
    costs = lift(costs)
    source, target = _find_tight_arcs(onwards, here, there, psi, costs, count, radius)
    ends, starts = _find_tight_arcs(back, there, here, phi, costs, count, radius)
    size = here.size
    arcs = [flow.source * size + flow.target, source * size + target, starts * size + ends]
    joined = np.sort(np.concatenate(arcs))
    # Sorting alone is several times as fast as NumPy's search of unique numbers.
    return joined[np.diff(joined, prepend=-1) > 0]


def solve_on_arcs(
    level: Level, flow: Flow, arcs: Integers, costs: Floats, deadline: float = math.inf
) -> tuple[Flow, Floats]:
    """Improve a flow until it is optimal on the given arcs, or time is up.

    Parameters
    ----------
    level : Level
    flow : Flow
    arcs : ndarray, shape (k,)
        As from `select_arcs`; among them those of the flow.
    costs : ndarray, shape (h, w)
        By offset: the table of `transforms.measure_costs`.
    deadline : float
        Time of `time.perf_counter` at which to stop.

    Returns
    -------
    flow : Flow
    potential : ndarray, shape (h, w)
        That of the target, optimal on these arcs if the flow is; −inf where it has no mass.
    """
    size = level.source.size
    source, target = np.divmod(arcs, size)
    givers, takers = np.flatnonzero(level.source), np.flatnonzero(level.target)
    places = np.empty((2, size), dtype=np.int64)
    places[0, givers] = np.arange(len(givers))
    places[1, takers] = np.arange(len(takers))
    amounts = _share_among_arcs(flow, arcs, size)
    simplex = NetworkSimplex(
        len(givers),
        len(takers),
        places[0, source],
        places[1, target],
        price_arcs(costs, source, target),
        amounts,
    )
    while time.perf_counter() < deadline and not simplex.improve():
        pass
    used, moved = simplex.get_flow()
    potential = np.full(level.source.shape, -np.inf)
    potential.ravel()[takers] = simplex.get_target_potential()
    return Flow(source[used], target[used], moved), potential


def relax_on_arcs(
    level: Level,
    flow: Flow,
    arcs: Integers,
    potential: Floats,
    costs: Floats,
    tolerance: float,
    deadline: float = math.inf,
    last: float = 0.0,
) -> tuple[Flow, Floats] | None:
    """Improve a flow until it costs little more than the best one on the given arcs.

    Parameters
    ----------
    level : Level
    flow : Flow
    arcs : ndarray, shape (k,)
        As from `select_arcs`; among them those of the flow.
    potential : ndarray, shape (h, w)
        That of the target, near to an optimal one.
    costs : ndarray, shape (h, w)
        By offset: the table of `transforms.measure_costs`.
    tolerance : float
        How much more each unit of mass may cost, in pixels to the power p; typically a half to two
        thirds of it are found.
    deadline : float
        Time of `time.perf_counter` from which what is left goes along a curve.
    last : float
        Share of what has to move that may go dearer, and that potentials need not allow for.

    Returns
    -------
    flow : Flow
    potential : ndarray, shape (h, w)
        That of the target, which proves this on these arcs, but for `last`; −inf where it has no
        mass.

    None if that takes more digits than there are.
    """
    size = level.source.size
    source, target = np.divmod(arcs, size)
    prices, unit = price_arcs(costs, source, target), tolerance / TOLERANCE
    if max(prices.max(), np.abs(potential).max()) > LARGEST_COUNT * unit:
        return None
    counts, heights = _count(prices, unit), _count(potential.ravel(), unit)
    network = join_network(2 * size, source, size + target, counts)
    amounts = _share_among_arcs(flow, arcs, size)
    # The highest potentials of sources that the targets allow; targets have the opposite sign.
    lifted = np.concatenate((np.zeros_like(heights), -heights))
    owners, starts = np.unique(source, return_index=True)
    lifted[owners] = np.minimum.reduceat(counts - heights[target], starts)
    settled = relaxation.Flow(amounts, np.zeros(2 * size), lifted)
    relaxed = relax_flow(network, settled, deadline, enough=last)
    psi = -unit * relaxed.potentials[size:].reshape(potential.shape)
    relaxed = relax_flow(network, relaxed, deadline, loosest=BITS + DOUBLINGS)
    used = np.flatnonzero(relaxed.amounts)
    found = np.where(level.target > 0, psi, -np.inf)
    late = match_along_curve(level.source.shape, relaxed.excess[:size], -relaxed.excess[size:])
    return join_flows(Flow(source[used], target[used], relaxed.amounts[used]), late), found


def match_along_curve(shape: tuple[int, ...], given: Floats, taken: Floats) -> Flow:
    """Match masses of pixels along a space-filling curve, as they come last."""
    return _match_along(order_pixels_along_curve(lift_shape(shape)), given, taken)


def _match_along(order: Integers, given: Floats, taken: Floats) -> Flow:
    """Match masses of pixels in an order."""
    givers, takers = order[given[order] > 0], order[taken[order] > 0]
    if len(givers) == 0:
        return Flow(givers, takers, np.empty(0))
    sources, targets, amounts = match_in_order(given[givers], taken[takers])
    return Flow(givers[sources], takers[targets], amounts)


def _count(values: Floats, unit: float) -> Integers:
    counts: Integers = np.rint(values / unit).astype(np.int64)
    return counts


def _share_among_arcs(flow: Flow, arcs: Integers, size: int) -> Floats:
    """Give what each of the arcs carries; a pair of pixels may occur twice in a flow."""
    places = np.searchsorted(arcs, flow.source * size + flow.target)
    amounts: Floats = np.bincount(places, flow.amounts, len(arcs)).astype(float)
    return amounts


@compile_loop
def _find_tight_arcs(
    partners: Integers,
    masses: Floats,
    other_masses: Floats,
    other_potential: Floats,
    costs: Floats,
    count: int,
    radius: int,
) -> tuple[Integers, Integers]:
    """Arcs (from, to) from each pixel with mass to the `count` best about its partner."""
    depth, height, width = masses.shape
    starts = np.empty(masses.size * count, np.int64)
    ends = np.empty(masses.size * count, np.int64)
    slacks = np.empty(count)
    total = 0
    for pixel in range(masses.size):
        line, column = divmod(pixel, width)
        plane, row = divmod(line, height)
        if masses[plane, row, column] == 0:
            continue
        line, left = divmod(partners[plane, row, column], width)
        front, up = divmod(line, height)
        held = 0
        for s in range(max(0, front - radius), min(depth, front + radius + 1)):
            for r in range(max(0, up - radius), min(height, up + radius + 1)):
                for c in range(max(0, left - radius), min(width, left + radius + 1)):
                    slack = costs[abs(s - plane), abs(r - row), abs(c - column)]
                    slack -= other_potential[s, r, c]
                    if other_masses[s, r, c] == 0 or (held == count and slack >= slacks[-1]):
                        continue
                    end = (s * height + r) * width + c
                    held = insert_sorted(slacks, ends[total:], held, slack, end)
        starts[total : total + held] = pixel
        total += held
    return starts[:total], ends[:total]
