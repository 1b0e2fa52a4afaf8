"""W2 from the uniform density to points in any dimension, proved on a grid of cubes."""

import math
from fractions import Fraction

import numpy as np
from scipy.spatial import KDTree

from stipple.arrays import Floats
from stipple.choices import MOST_COMPARED
from stipple.errors import StippleError
from stipple.geometry.morton import order_along_curve
from stipple.interval import Interval
from stipple.machine.rounding import take_root
from stipple.transport.network_simplex import NetworkSimplex
from stipple.transport.north_west_corner import match_in_order

# Cubes of the grid for each point, and in all; more only if two on each axis are more.
CUBES_PER_POINT, MOST_CUBES = 32, 10_000
# Points that a cube may send its mass to, besides those of the transport to start with.
NEAREST = 24
# Pairs of corner and point whose distances are held at once.
PAIRS = 2**20
# Largest error of a square, of a minimum over points, and of potentials, where these are below 1.
ROUNDING = 2.0**-46


def enclose_w2(points: Floats) -> Interval:
    """Bound W_2 from the uniform density on [0, 1]^d to points, in any dimension.

    The cube is cut into G^d cubes of side h. Above: a transport from the cubes, their masses at
    their centres, to the points, optimal but for arcs left out. With c the centre, the mean of
    |x − y|² over a cube is |c − y|² + d·h²/12. Below: Kantorovich's dual at the potentials φ of
    this transport, Σ φ_j/n + ∫ min_j(|x − y_j|² − φ_j) dx. Without |x|², whose integral is d/3, the
    minimum is one of affine functions, so it is concave, and on each cube its mean is at least that
    of the corners, axis by axis (the trapezoidal rule). Both errors are of the order h².

    Parameters
    ----------
    points : ndarray, shape (n, d)
        In [0, 1]^d, each of mass 1/n; they may coincide. At most 1,024.

    Returns
    -------
    Interval
        Rounded outwards.

    Raises
    ------
    StippleError
        For more points.

    Examples
    --------
    >>> import numpy as np
    >>> bounds = enclose_w2(np.full((1, 3), 0.5))
    >>> bounds.lower <= 0.5 <= bounds.upper
    True
    """
    count, d = points.shape
    if count > MOST_COMPARED:
        raise StippleError(
            f"W2 of {count:,} points in dimension {d} is asked for: give at most {MOST_COMPARED:,}."
        )
    side = max(2, math.floor(min(CUBES_PER_POINT * count, MOST_CUBES) ** (1 / d)))
    cost, potentials = _transport_cubes(points, side)
    most = float(np.abs(potentials).max())
    # Less than 2^7 roundings of numbers no larger than this.
    error = Fraction(ROUNDING * (4 * d + most))
    upper = Fraction(cost) + Fraction(d, 12 * side**2) + error
    lower = Fraction(_integrate_dual(points, potentials, side)) + Fraction(d, 3) - error
    return Interval(
        take_root(max(lower, Fraction(0)), 2, down=True), take_root(upper, 2, down=False)
    )


def _transport_cubes(points: Floats, side: int) -> tuple[float, Floats]:
    """Mean cost of a transport from the centres of cubes to points, and potentials of these."""
    count, d = points.shape
    centres = _list_grid((np.arange(side) + 0.5) / side, d)
    # Whole numbers: each cube gives `count`, each point takes as much as there are cubes.
    cubes = order_along_curve(centres)
    places = order_along_curve(points)
    givers, takers, amounts = match_in_order(
        np.full(len(cubes), float(count)), np.full(count, float(len(cubes)))
    )
    nearest = min(NEAREST, count)
    _, found = KDTree(points).query(centres, nearest)
    tails = np.concatenate([cubes[givers], np.repeat(np.arange(len(cubes)), nearest)])
    heads = np.concatenate([places[takers], found.ravel()])
    costs = ((centres[tails] - points[heads]) ** 2).sum(axis=1)
    started = np.concatenate([amounts, np.zeros(found.size)])
    simplex = NetworkSimplex(len(cubes), count, tails, heads, costs, started)
    while not simplex.improve():
        pass
    arcs, moved = simplex.get_flow()
    cost = math.fsum(costs[arcs] * moved) / (count * len(cubes))
    potentials = simplex.get_target_potential()
    return cost, potentials - potentials.mean()


def _integrate_dual(points: Floats, potentials: Floats, side: int) -> float:
    """Mean of φ plus the trapezoidal rule for min_j(|y_j|² − 2x·y_j − φ_j)."""
    count, d = len(points), points.shape[1]
    corners = _list_grid(np.arange(side + 1) / side, d)
    # Halves for each face that a corner is on.
    weights = 0.5 ** ((corners == 0) | (corners == 1)).sum(axis=1)
    heights = (points**2).sum(axis=1) - potentials
    step = max(1, PAIRS // count)
    least = np.concatenate(
        [
            (heights - 2 * (corners[start : start + step] @ points.T)).min(axis=1)
            for start in range(0, len(corners), step)
        ]
    )
    return math.fsum(weights * least) / math.pow(side, d) + math.fsum(potentials) / count


def _list_grid(places: Floats, d: int) -> Floats:
    """Points of a grid with the same coordinates on each axis, shape (len(places)^d, d)."""
    return np.stack(np.meshgrid(*[places] * d, indexing="ij"), axis=-1).reshape(-1, d)
