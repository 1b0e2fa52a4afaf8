"""A cheap one-to-one matching of two clouds of points, nearly the best for squared distances."""

import numpy as np

from stipple.arrays import Floats, Integers
from stipple.machine.compiled import compile_loop
from stipple.machine.rows import fill

# Near enough to be worth an exchange: so many nearest points in either cloud.
NEAREST = 12
# Each sweep over all points costs less than a diagram; most end after about ten.
LARGEST_SWEEPS = 100


def match_clouds(sources: Floats, targets: Floats) -> Integers:
    """Match each source to a target so that Σ |source − target|² is small.

    Both clouds are halved together, across the axis along which both extend, until one point of
    each is left. Then pairs of near points exchange their targets for as long as that helps.

    Parameters
    ----------
    sources, targets : ndarray, shape (n, 2)
        Two clouds of equally many points.

    Returns
    -------
    ndarray, shape (n,)
        A permutation: source i is matched to `targets[matched[i]]`.
    """
    # The compiled loops take both clouds to have the same memory layout.
    sources, targets = np.ascontiguousarray(sources), np.ascontiguousarray(targets)
    matched = _halve(sources, targets)
    exchange_targets(sources, targets, matched)
    return matched


def exchange_targets(sources: Floats, targets: Floats, matched: Integers) -> None:
    """Let pairs of near points exchange their targets, in place, for as long as that helps.

    Parameters
    ----------
    sources, targets : ndarray, shape (n, 2)
        In C order.
    matched : ndarray, shape (n,)
        A permutation, which becomes one of no higher cost.
    """
    from scipy.spatial import cKDTree

    nearest = min(NEAREST + 1, len(sources))
    near_sources, near_targets = (
        cKDTree(cloud).query(cloud, k=nearest)[1].reshape(len(cloud), nearest).astype(np.int64)
        for cloud in (sources, targets)
    )
    _exchange(sources, targets, matched, near_sources, near_targets)


@compile_loop
def _halve(sources: Floats, targets: Floats) -> Integers:
    count = len(sources)
    first = np.arange(count)
    second = np.arange(count)
    # Depth first: the stack holds at most one waiting half for each level.
    waiting = np.empty((70, 2), dtype=np.int64)
    fill(waiting[0], (0, count))
    depth = 1
    while depth > 0:
        depth -= 1
        start, stop = waiting[depth]
        if stop - start < 2:
            continue
        gain = np.empty(2)
        for axis in range(2):
            a = sources[first[start:stop], axis]
            b = targets[second[start:stop], axis]
            gain[axis] = (a.max() - a.min()) * (b.max() - b.min())
        axis = 0 if gain[0] >= gain[1] else 1
        for cloud, order in ((sources, first), (targets, second)):
            values = cloud[order[start:stop], axis]
            ordered = order[start:stop][np.argsort(values, kind="mergesort")]
            fill(order[start:stop], ordered)
        half = start + (stop - start) // 2
        fill(waiting[depth], (half, stop))
        fill(waiting[depth + 1], (start, half))
        depth += 2
    matched = np.empty(count, dtype=np.int64)
    for i in range(count):
        matched[first[i]] = second[i]
    return matched


@compile_loop
def _exchange(
    sources: Floats,
    targets: Floats,
    matched: Integers,
    near_sources: Integers,
    near_targets: Integers,
) -> None:
    """Exchange the targets of near points, in place, until no exchange helps."""
    count, nearest = near_sources.shape
    owner = np.empty(count, dtype=np.int64)
    for i in range(count):
        owner[matched[i]] = i
    for _ in range(LARGEST_SWEEPS):
        settled = True
        for i in range(count):
            for k in range(2 * nearest):
                if k < nearest:
                    j = near_sources[i, k]
                else:
                    j = owner[near_targets[matched[i], k - nearest]]
                # (a − b)·(A − B) < 0 for sources a, b with targets A, B.
                product = 0.0
                for axis in range(2):
                    product += (sources[i, axis] - sources[j, axis]) * (
                        targets[matched[i], axis] - targets[matched[j], axis]
                    )
                if product < 0:
                    matched[i], matched[j] = matched[j], matched[i]
                    owner[matched[i]] = i
                    owner[matched[j]] = j
                    settled = False
        if settled:
            break
