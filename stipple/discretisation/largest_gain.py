"""An upper bound on what one atom can gain anywhere, by boxes that are divided."""

import numpy as np

from stipple.arrays import Floats
from stipple.machine.compiled import compile_loop
from stipple.machine.rows import fill


@compile_loop
def bound_gain(
    points: Floats, masses: Floats, prices: Floats, known: float, close: float, work: int
) -> tuple[float, float]:
    """Bound Σ_i a_i (v_i − |x_i − y|²)₊ from above, for every y.

    Boxes are divided in halves, beginning with that around all samples: a place outside gains no
    more than the nearest one in it. In a box, samples whose ball of squared radius v_i holds all of
    it add up to a concave quadratic function, of which the largest value is known; others gain no
    more than at the nearest place. Both parts are within the square of the box of what is gained.

    Parameters
    ----------
    points, masses, prices : ndarray, shape (n, d), (n,) and (n,)
        x, a ≥ 0 and v.
    known : float
        What is gained at some place.
    close : float
        Boxes are left alone where they gain no more than this part above the best place known.
    work : int
        Most samples to look at; boxes that are left then count as they are.

    Returns
    -------
    bound, best : float
        The bound, but for rounding, and the best place's gain.
    """
    count, dimension = points.shape
    arena = np.empty(4 * count + 64, dtype=np.int64)
    fill(arena, np.arange(count))
    # Boxes yet to be looked at: corners, samples in doubt, sums over those that are not.
    lowers = np.empty((256, dimension))
    uppers = np.empty((256, dimension))
    spans = np.empty((256, 2), dtype=np.int64)
    sums = np.empty((256, dimension + 2))
    bounds = np.empty(256)
    for axis in range(dimension):
        lowers[0, axis] = points[:, axis].min()
        uppers[0, axis] = points[:, axis].max()
    spans[0, 0], spans[0, 1] = 0, count
    sums[0] = 0.0
    bounds[0] = np.inf
    size = 1
    best = known
    least = np.empty(dimension)
    highest = np.empty(dimension)
    place = np.empty(dimension)
    inner = np.empty(dimension + 2)
    while size > 0 and work > 0:
        size -= 1
        if bounds[size] <= best * (1 + close):
            continue
        fill(least, lowers[size])
        fill(highest, uppers[size])
        fill(inner, sums[size])
        start, stop = spans[size]
        if stop + (stop - start) > len(arena):
            larger = np.empty(2 * (stop + (stop - start)), dtype=np.int64)
            fill(larger, arena[:stop])
            arena = larger
        top = stop
        work -= stop - start + 16
        doubtful = 0.0
        for entry in range(start, stop):
            i = arena[entry]
            near = 0.0
            far = 0.0
            for axis in range(dimension):
                x = points[i, axis]
                below = least[axis] - x
                above = x - highest[axis]
                gap = max(0.0, below, above)
                near += gap * gap
                far += max(-below, -above) ** 2
            if near >= prices[i]:
                continue
            if far <= prices[i]:
                mass = masses[i]
                inner[0] += mass
                square = 0.0
                for axis in range(dimension):
                    inner[2 + axis] += mass * points[i, axis]
                    square += points[i, axis] ** 2
                inner[1] += mass * (prices[i] - square)
            else:
                doubtful += masses[i] * (prices[i] - near)
                arena[top] = i
                top += 1
        bound = inner[1] + doubtful
        widest = 0
        for axis in range(dimension):
            middle = (least[axis] + highest[axis]) / 2
            if inner[0] > 0:
                middle = min(max(inner[2 + axis] / inner[0], least[axis]), highest[axis])
            place[axis] = middle
            bound += middle * (2 * inner[2 + axis] - inner[0] * middle)
            if highest[axis] - least[axis] > highest[widest] - least[widest]:
                widest = axis
        if bound <= best * (1 + close):
            continue
        gain = inner[1]
        for axis in range(dimension):
            gain += place[axis] * (2 * inner[2 + axis] - inner[0] * place[axis])
        for entry in range(stop, top):
            i = arena[entry]
            square = 0.0
            for axis in range(dimension):
                square += (points[i, axis] - place[axis]) ** 2
            gain += masses[i] * max(0.0, prices[i] - square)
        work -= top - stop
        best = max(best, gain)
        if bound <= best * (1 + close):
            continue
        if size + 2 > len(bounds):
            lowers = np.concatenate((lowers, np.empty_like(lowers)))
            uppers = np.concatenate((uppers, np.empty_like(uppers)))
            spans = np.concatenate((spans, np.empty_like(spans)))
            sums = np.concatenate((sums, np.empty_like(sums)))
            bounds = np.concatenate((bounds, np.empty_like(bounds)))
        middle = (least[widest] + highest[widest]) / 2
        for half in range(2):
            fill(lowers[size], least)
            fill(uppers[size], highest)
            if (place[widest] < middle) == (half == 0):
                lowers[size, widest] = middle
            else:
                uppers[size, widest] = middle
            spans[size, 0], spans[size, 1] = stop, top
            fill(sums[size], inner)
            bounds[size] = bound
            size += 1
    bound = best * (1 + close)
    for box in range(size):
        bound = max(bound, bounds[box])
    return float(bound), best
