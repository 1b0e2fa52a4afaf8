"""Plans and potentials for distances themselves (p = 1) between images, by way of near pixels.

Distances add up along straight lines, so that mass may go on from pixel to pixel in short steps:
few arcs do, where a transport problem has one for each pair of pixels.
"""

import math
import time
from collections.abc import Iterator, Sequence

import numpy as np

from stipple.arrays import Floats, Integers
from stipple.bounds.problem import Flow, Level, Potentials, join_flows
from stipple.bounds.pyramid import refine_potential
from stipple.bounds.sparse import match_along_curve
from stipple.bounds.steps import find_tight_steps, list_steps, obey_steps
from stipple.machine.compiled import compile_loop
from stipple.machine.products import multiply
from stipple.transport import relaxation
from stipple.transport.relaxation import TOLERANCE, Network, join_network, relax_flow

# Steps go 16 rows and columns at most: ways are longer than lines by a factor below 1.0005.
STEPS = list_steps(16)
# Steps out of and into each pixel, by slack; and the shortest ones, which are always there.
TIGHT, ALWAYS = 12, 8
# The last share of the mass may go dearer, up to this share of the shortest step, so that no way
# ever closes a circle.
REST, DEAREST = 0.02, 0.5
# Images are rough if the coarser level promises fewer pixels of way, or more than its potentials
# prove here, by this share.
SHORTEST_WAY, MOST_PROMISED = 4.0, 0.005
# A step may cost this share of what the gap allows for a whole way; at first this share of what was
# promised and is not proved, then less by this factor in turn, and so until the gap is reached.
STEP_SHARE, PROMISED_SHARE, TIGHTEN, STEP_TRIALS = 0.6, 0.125, 3.0, 3


def ship_mass(
    level: Level, flow: Flow, known: Potentials, gap: float, deadline: float
) -> Iterator[tuple[Flow, Floats]]:
    """Send mass in steps between near pixels, unless images are rough.

    Parameters
    ----------
    level : Level
        Images of shape (h, w).
    flow, known : Flow, Potentials
        The solution of the coarser level.
    gap : float
        The relative gap wanted.
    deadline : float
        Time of `time.perf_counter` at which to end.

    Yields
    ------
    flow : Flow
    dual : ndarray, shape (h, w)
        Potential of the target: better and better ones.
    """
    dual = refine_potential(known.target, level.source.shape, 1)
    potential = obey_steps(-dual, STEPS)
    excess = level.source - level.target
    moved = max(np.maximum(excess, 0).sum(), 1.0)
    costs = known.source.ravel()[flow.source] + known.target.ravel()[flow.target]
    # For each unit of mass.
    promised = 2 * multiply(flow.amounts, costs) / moved
    missing = promised - multiply(excess, potential) / moved
    if promised < SHORTEST_WAY or missing > MOST_PROMISED * promised:
        return
    tolerances = [STEP_SHARE * gap * promised]
    while tolerances[0] < PROMISED_SHARE * missing:
        tolerances.insert(0, TIGHTEN * tolerances[0])
    for _ in range(STEP_TRIALS):
        flow, potential = ship_in_steps(level, potential, tolerances, deadline)
        yield flow, -potential
        if time.perf_counter() >= deadline:
            return
        tolerances = [tolerances[-1] / TIGHTEN]


def ship_in_steps(
    level: Level, potential: Floats, tolerances: Sequence[float], deadline: float = math.inf
) -> tuple[Flow, Floats]:
    """Send mass in steps between near pixels, and join what each way begins and ends with.

    Parameters
    ----------
    level : Level
        Images of shape (h, w).
    potential : ndarray, shape (h, w)
        Near to one that is optimal; mass moves from where it is high to where it is low. Along
        no step it falls by more than the length of the step (`obey_steps`).
    tolerances : sequence of float
        How much more each step may cost, in pixels, one after another.
    deadline : float
        Time of `time.perf_counter` from which what is left goes along a curve.

    Returns
    -------
    flow : Flow
    potential : ndarray, shape (h, w)
        As above.
    """
    excess = (level.source - level.target).ravel()
    for tolerance in tolerances:
        unit = min(tolerance, DEAREST) / TOLERANCE
        network = _join_steps(potential, unit)
        heights = np.rint(potential.ravel() / unit).astype(np.int64)
        idle = relaxation.Flow(np.zeros(len(network.heads)), excess, heights)
        relaxed = relax_flow(network, idle, deadline, enough=REST)
        potential = obey_steps(unit * relaxed.potentials.reshape(potential.shape), STEPS)
    relaxed = relax_flow(network, relaxed, deadline, loosest=int(math.log2(DEAREST / unit)))
    late = relaxed.excess
    common = np.minimum(*level).ravel()
    staying = np.flatnonzero(common)
    flow = join_flows(
        Flow(staying, staying, common[staying]),
        Flow(*_follow_ways(network.outwards, network.heads, relaxed.amounts, excess - late)),
        match_along_curve(potential.shape, np.maximum(late, 0), np.maximum(-late, 0)),
    )
    return flow, potential


def _join_steps(potential: Floats, unit: float) -> Network:
    """Join pixels by the steps that a potential leaves in question; lengths are in units."""
    found = find_tight_steps(potential, *STEPS, TIGHT, ALWAYS)
    tails, kinds = np.divmod(found, len(STEPS.lengths))
    rows, columns = STEPS.offsets[kinds].T
    heads = tails + rows * potential.shape[1] + columns
    counts = np.rint(STEPS.lengths[kinds] / unit).astype(np.int64)
    return join_network(potential.size, tails, heads, counts)


@compile_loop
def _follow_ways(
    outwards: Integers, heads: Integers, amounts: Floats, excess: Floats
) -> tuple[Integers, Integers, Floats]:
    """Cut a flow without circles into ways: where each begins and ends, and what it carries.

    Each way empties an arc, or its first pixel, or fills its last.
    """
    left, rest = excess.copy(), amounts.copy()
    size = np.count_nonzero(excess) + np.count_nonzero(amounts)
    source, target = np.empty(size, np.int64), np.empty(size, np.int64)
    carried = np.empty(size)
    current = outwards[:-1].copy()
    way = np.empty(len(excess), np.int64)
    count = 0
    for start in range(len(excess)):
        while left[start] > 0:
            node, depth, amount = start, 0, left[start]
            while left[node] >= 0:
                while rest[current[node]] == 0:
                    current[node] += 1
                way[depth] = current[node]
                depth += 1
                amount = min(amount, rest[current[node]])
                node = heads[current[node]]
            amount = min(amount, -left[node])
            for k in range(depth):
                rest[way[k]] -= amount
            left[start] -= amount
            left[node] += amount
            source[count], target[count], carried[count] = start, node, amount
            count += 1
    return source[:count], target[:count], carried[:count]
