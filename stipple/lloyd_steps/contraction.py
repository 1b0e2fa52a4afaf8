"""How much two points may approach each other in a step towards the barycentres."""

import numpy as np

from stipple.arrays import Floats
from stipple.lloyd_steps.theory import ALLOWANCE, SLACK, Inequality
from stipple.machine.compiled import compile_loop
from stipple.machine.threads import Workers

# Squares of distances below this would divide by nothing.
SMALLEST = float(np.finfo(float).tiny)


def check_contraction(
    points: Floats,
    barycentres: Floats,
    step_size: float,
    extent: float,
    workers: Workers | None = None,
) -> Inequality:
    """Check that no distance between two points shrinks to less than 1 − τ of itself in a step.

    A line (in space a plane) separates two power cells and is normal to y_i − y_j, so
    (b_i − b_j)·(y_i − y_j) ≥ 0, whatever the potentials. The new distance is at least its component
    along y_i − y_j, which is (1 − τ)·|y_i − y_j| + τ·(b_i − b_j)·(y_i − y_j)/|y_i − y_j|. Every
    pair is looked at.

    Parameters
    ----------
    points, barycentres : ndarray, shape (n, d)
        Positions, and the barycentres of their power cells, in the same units.
    step_size : float
        τ. From 1 on nothing is claimed, and no pair is looked at.
    extent : float
        Diameter of the domain, in the same units.
    workers : Workers, optional
        Threads that share the pairs.

    Returns
    -------
    Inequality
        1 − τ on the left; on the right, not above the least ratio of a new distance to the old
        one, inf where no pair was looked at.

    Notes
    -----
    Source: inequality (21) of Mérigot, Santambrogio, Sarrazin (NeurIPS 2021).
    """
    if step_size >= 1:
        return Inequality(0.0, np.inf, vacuous=True)
    kept = 1 - step_size
    # Each point twice: the pairs of a point are the half of the others that follows it. In space,
    # where the plane is flat.
    pairs = np.zeros((2, 3, 2 * len(points)))
    pairs[0, : points.shape[1]] = np.concatenate([points, points]).T
    pairs[1, : points.shape[1]] = np.concatenate([barycentres, barycentres]).T
    error = 2 * ALLOWANCE * extent

    def find(start: int, stop: int) -> float:
        return _find_least_part(pairs, error, extent, start, stop)

    least = min((workers or Workers(1)).map_ranges(find, len(points)))
    part = least * (1 - SLACK) if least > 0 else least * (1 + SLACK)
    return Inequality(kept, kept + step_size * part, vacuous=False)


@compile_loop
def _find_least_part(pairs: Floats, error: float, extent: float, start: int, stop: int) -> float:
    """Find the least (b_i − b_j)·(y_i − y_j)/|y_i − y_j|², less an error of |b_i − b_j|.

    `pairs` has the points (x, y, z) and the barycentres (u, v, w).
    """
    x, y, z = pairs[0, 0], pairs[0, 1], pairs[0, 2]
    u, v, w = pairs[1, 0], pairs[1, 1], pairs[1, 2]
    count = len(x) // 2
    least = np.inf
    for i in range(start, stop):
        for j in range(i + 1, i + count // 2 + 1):
            dx = x[j] - x[i]
            dy = y[j] - y[i]
            dz = z[j] - z[i]
            square = max(dx * dx + dy * dy + dz * dz, SMALLEST)
            product = dx * (u[j] - u[i]) + dy * (v[j] - v[i]) + dz * (w[j] - w[i])
            # Twice a distance is at most its square over the extent, and the extent.
            if product < (least + error / extent) * square + error * extent:
                least = min(least, product / square - error / np.sqrt(square))
    return least
