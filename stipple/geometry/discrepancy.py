"""How evenly points fill the unit cube, by the boxes at its corner."""

from stipple.arrays import Floats
from stipple.choices import MOST_FOR_DISCREPANCY


def measure_discrepancy(points: Floats) -> float | None:
    """Measure the L2-star discrepancy of points of the unit cube, shape (n, d).

    The root of the mean square, over all boxes between the origin and a point of the cube, of the
    difference between their volume and the share of the points in them (Warnock 1972, as
    `scipy.stats.qmc.discrepancy` has it).

    Returns
    -------
    float or None
        None for more than 10,000 points: the time grows with the square of their number.
    """
    from scipy.stats import qmc

    if len(points) > MOST_FOR_DISCREPANCY:
        return None
    return float(qmc.discrepancy(points, method="L2-star"))
