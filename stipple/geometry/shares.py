"""Recursive bisection among points of given masses, some of which have places already."""

import numpy as np

from stipple.arrays import Floats, Integers
from stipple.geometry.bisection import find_cut, measure_strip, start_in_boxes
from stipple.machine.compiled import compile_loop
from stipple.machine.rows import fill
from stipple.measures.density import Density

# Up to so many points without places are divided with the heaviest first: of light ones together
# no box is thin.
FEW = 16


def place_shares(
    density: Density,
    masses: Floats,
    places: Floats,
    generator: np.random.Generator | None = None,
) -> tuple[Floats, Floats]:
    """Place each point at the barycentre of a box of its mass, with a first potential.

    Parameters
    ----------
    density : Density
        The density.
    masses : ndarray, shape (n,)
        Positive, with sum 1.
    places : ndarray, shape (n, 2)
        Where points are, in pixels, or NaN where they may be anywhere.
    generator : numpy.random.Generator, optional
        Shuffles the points without places.

    Returns
    -------
    points : ndarray, shape (n, 2)
        In pixels.
    potentials : ndarray, shape (n,)
        In square pixels.
    """
    order = np.arange(len(masses))
    if generator is not None:
        generator.shuffle(order)
    return start_in_boxes(density, share_mass(density, masses, places, order))


def share_mass(density: Density, masses: Floats, places: Floats, order: Integers) -> Floats:
    """Cut the domain into boxes of given masses by axis-parallel lines, longer side first.

    The points of a box go to either side of the line in the order of their places; those without
    fill up either half.

    Parameters
    ----------
    density : Density
        The density.
    masses, places
        As `place_shares` takes them.
    order : ndarray, shape (n,)
        A permutation: the order in which points without places are taken.

    Returns
    -------
    ndarray, shape (n, 4)
        x0, y0, x1, y1 of the box of each point, in pixels.
    """
    return _share(
        density.accumulate(),
        np.ascontiguousarray(masses),
        np.ascontiguousarray(places),
        order.astype(np.int64),
    )


@compile_loop
def _share(image: Floats, masses: Floats, places: Floats, order: Integers) -> Floats:
    count = len(masses)
    boxes = np.empty((count, 4))
    # Depth first, the larger part waiting: at most one for each doubling of the count.
    waiting = np.empty((70, 4))
    ranges = np.empty((70, 2), dtype=np.int64)
    fill(waiting[0], (0.0, 0.0, float(image.shape[1] - 1), float(image.shape[0] - 1)))
    fill(ranges[0], (0, count))
    depth = 1
    while depth > 0:
        depth -= 1
        x0, y0, x1, y1 = waiting[depth]
        start, stop = ranges[depth]
        if stop - start == 1:
            fill(boxes[order[start]], (x0, y0, x1, y1))
            continue
        across = x1 - x0 >= y1 - y0
        low, high = (x0, x1) if across else (y0, y1)
        below = measure_strip(image, across, x0, y0, x1, y1, low)
        mass = measure_strip(image, across, x0, y0, x1, y1, high) - below
        half = find_cut(image, across, x0, y0, x1, y1, below + mass / 2)
        middle, part = _divide(masses, places, order, start, stop, 0 if across else 1, half)
        cut = find_cut(image, across, x0, y0, x1, y1, below + mass * part)
        first = (x0, y0, cut, y1) if across else (x0, y0, x1, cut)
        second = (cut, y0, x1, y1) if across else (x0, cut, x1, y1)
        if middle - start >= stop - middle:
            larger, smaller = depth, depth + 1
        else:
            larger, smaller = depth + 1, depth
        fill(waiting[larger], first)
        fill(ranges[larger], (start, middle))
        fill(waiting[smaller], second)
        fill(ranges[smaller], (middle, stop))
        depth += 2
    return boxes


@compile_loop
def _divide(
    masses: Floats,
    places: Floats,
    order: Integers,
    start: int,
    stop: int,
    axis: int,
    cut: float,
) -> tuple[int, float]:
    """Order the points of a box so that those of its lower part come first.

    Returns where the others begin, and the part of the mass of those before.
    """
    inside = order[start:stop].copy()
    placed = inside[~np.isnan(places[inside, axis])]
    free = inside[np.isnan(places[inside, axis])]
    placed = placed[np.argsort(places[placed, axis], kind="mergesort")]
    if len(free) <= FEW:
        free = free[np.argsort(-masses[free], kind="mergesort")]
    total = masses[inside].sum()
    sums = np.zeros(len(placed) + 1)
    fill(sums[1:], np.cumsum(masses[placed]))
    # As many placed ones as lie there, unless either half cannot hold them.
    lower = int(np.searchsorted(places[placed, axis], cut))
    most = max(0, int(np.searchsorted(sums, total / 2, side="right")) - 1)
    least = min(len(placed), int(np.searchsorted(sums, sums[-1] - total / 2)))
    lower = max(min(lower, max(most, least)), min(most, least))
    # Then others, up to the half.
    filled = sums[lower]
    taken = 0
    while taken < len(free) and filled + 0.5 * masses[free[taken]] <= total / 2:
        filled += masses[free[taken]]
        taken += 1
    # Neither part is empty.
    if lower + taken == 0:
        if len(free) > 0:
            taken = 1
        else:
            lower = 1
    elif lower + taken == len(inside):
        if taken > 0:
            taken -= 1
        else:
            lower -= 1
    middle = start + lower + taken
    fill(order[start:], placed[:lower])
    fill(order[start + lower :], free[:taken])
    fill(order[middle:], placed[lower:])
    fill(order[middle + len(placed) - lower :], free[taken:])
    return middle, masses[order[start:middle]].sum() / total
