"""Where atoms of given weights start: samples divided again and again, each part with weights."""

import numpy as np

from stipple.arrays import Floats, Integers

# Orders in which the weights of a part may be dealt out.
ORDERS = 64


def share_samples(
    points: Floats, masses: Floats, weights: Floats, random: np.random.Generator
) -> Floats:
    """Divide samples among atoms of given weights, and put each atom at the mean of its own.

    Every part is cut across its principal axis, where random subsets of its weights allow, so that
    the means are as far apart as can be. Between clusters far apart that is where a subset weighs
    what the clusters on one side do, if there is one.

    Parameters
    ----------
    points, masses : ndarray, shape (n, d) and (n,)
        Samples.
    weights : ndarray, shape (m,)
        > 0, in any scale.
    random : numpy.random.Generator
        Draws the subsets.

    Returns
    -------
    ndarray, shape (m, d)
        In the order of the weights; they may coincide where samples are heavy.
    """
    atoms: Floats = np.empty((len(weights), points.shape[1]))
    waiting = [(points, masses, np.arange(len(weights)))]
    while waiting:
        points, masses, mine = waiting.pop()
        mean = masses @ points / masses.sum()
        if len(mine) == 1:
            atoms[mine[0]] = mean
            continue
        places = _project(points - mean, masses)
        along = np.argsort(places, kind="stable")
        points, masses = points[along], masses[along]
        ends = np.append(0.0, np.cumsum(masses))
        first, rest, share = _choose_subset(places[along], masses, ends, weights, mine, random)
        # The sample at the cut may go to both sides.
        before = np.clip(share * ends[-1] - ends[:-1], 0.0, masses)
        for part, atoms_of_part in ((before, first), (masses - before, rest)):
            kept = part > 0
            waiting.append((points[kept], part[kept], atoms_of_part))
    return atoms


def _project(centred: Floats, masses: Floats) -> Floats:
    """Coordinates along the principal axis."""
    scatter = (centred * masses[:, None]).T @ centred
    return np.asarray(centred @ np.linalg.eigh(scatter)[1][:, -1])


def _choose_subset(
    places: Floats,
    masses: Floats,
    ends: Floats,
    weights: Floats,
    mine: Integers,
    random: np.random.Generator,
) -> tuple[Integers, Integers, float]:
    """Choose the atoms of the first samples: the two parts and the share of the first one."""
    orders = random.permuted(np.tile(mine, (ORDERS, 1)), axis=1)
    shares = np.cumsum(weights[orders], axis=1)[:, :-1] / weights[mine].sum()
    # Places have the mean 0: what the first ones lack the others have, and the squared distance of
    # the means, times both shares, is this.
    moments = np.interp(shares * ends[-1], ends, np.append(0.0, np.cumsum(masses * places)))
    order, last = np.unravel_index(np.argmax(moments**2 / (shares * (1 - shares))), shares.shape)
    chosen = orders[order]
    return chosen[: last + 1], chosen[last + 1 :], float(shares[order, last])
