"""Densities on pixels or small pieces apart, few of them for so many points.

Newton's matrix tells next to nothing there: all cells of a piece form a component.
"""

import numpy as np

from stipple.arrays import Booleans, Floats
from stipple.measures.density import Density
from stipple.transport.diagram import Diagram
from stipple.transport.newton import NewtonSolver

# Most pixels with mass for each point, and on average in each piece.
PIXELS_PER_POINT = 4
PIXELS_PER_PIECE = 9
# Diagrams of an ascent from potentials that may be near, and from those of samples.
SHORT_ASCENT = 20
LARGEST_ASCENT = 200
# Samples of pixels for each point, fewer where they would have too many costs in all.
SAMPLES_PER_POINT = 4
LARGEST_COSTS = 2**21
# ζ of the transport from samples, as a part of the mean cost.
SAMPLE_ZETA = 1e-3
# Σ_j |mass of point j − 1/n| there.
SAMPLE_ERROR = 1e-3


def are_pixels_apart(density: Density, count: int) -> bool:
    """Whether the density is of this kind for so many points."""
    if density.support_area > PIXELS_PER_POINT * count:
        return False
    if density.support_area > PIXELS_PER_PIECE * _bound_pieces(density.values > 0):
        return False
    from scipy.ndimage import label  # takes longer to import than most pictures to solve

    _, pieces = label(density.values > 0, np.ones((3, 3)))
    return bool(pieces > 1 and density.support_area <= PIXELS_PER_PIECE * pieces)


def _bound_pieces(inked: Booleans) -> int:
    """Count the pixels, one at least in each piece, with no ink left of them and in the row above.

    Parameters
    ----------
    inked : ndarray of bool, shape (h, w)
    """
    first = inked.copy()
    first[:, 1:] &= ~inked[:, :-1]
    first[1:] &= ~inked[:-1]
    first[1:, 1:] &= ~inked[:-1, :-1]
    first[1:, :-1] &= ~inked[:-1, 1:]
    return int(np.count_nonzero(first))


def solve_apart(newton: NewtonSolver, start: Diagram, tolerance: float) -> Diagram:
    """Solve for such a density, or come near in a bounded number of diagrams."""
    from stipple.transport.damped_ascent import ascend  # factorises with SciPy: slow to import

    best = ascend(newton, start, tolerance, SHORT_ASCENT)
    # Samples go to points of equal weight.
    if newton.masses is None and newton.find_error(best) > tolerance and not newton.is_spent:
        points = start.cells.points
        potentials = _solve_samples(newton.density, points)
        again = newton.measure(points, potentials, start.cells)
        best = min(best, ascend(newton, again, tolerance, LARGEST_ASCENT), key=newton.find_error)
    return best


def _solve_samples(density: Density, points: Floats) -> Floats:
    """Potentials of the transport from samples of the pixels to the points, shape (n,).

    They are near those of the density where pixels are apart: the smoothed semi-dual, with a ζ that
    comes down to next to nothing, needs no cells with mass.
    """
    from stipple.geometry.metrics import Euclidean
    from stipple.measures.samples import Samples
    from stipple.transport.semi_dual import CANDIDATES, SemiDual

    count = len(points)
    rows, columns = np.nonzero(density.values)
    side = max(1, int(np.ceil(np.sqrt(SAMPLES_PER_POINT * count / len(rows)))))
    while side > 1 and len(rows) * side**2 * CANDIDATES > LARGEST_COSTS:
        side -= 1
    y, x = (np.indices((side, side)).reshape(2, 1, -1) + 0.5) / side
    places = np.stack([columns[:, None] + x, rows[:, None] + y], axis=-1).reshape(-1, 2)
    masses = np.repeat(density.values[rows, columns], side**2)
    # All points as candidates from the start where that is possible: whole pieces lack or exceed.
    candidates = LARGEST_COSTS // len(places)
    dual = SemiDual(Samples(places, masses), count, 2.0, Euclidean(), candidates)
    dual.solve(points, SAMPLE_ZETA, SAMPLE_ERROR)
    return dual.potential
