"""Radii of dots of several inks where they touch: what is seen of each keeps its area.

Dots that lie side by side leave gaps where there is much ink, and round dots fill them only by
lying over one another. What an ink shows is then what those drawn later leave of it. So radii are
found from the last ink drawn to the first: each dot grows until enough of it is seen, in the part
of the plane that is nearer to it than to others of its ink, and beside later dots.
"""

from collections.abc import Sequence

import numpy as np
from scipy.spatial import cKDTree

from stipple.arrays import Floats, Integers
from stipple.machine.compiled import compile_loop

# Places where a dot is looked at, if it need not grow; they have equal shares of its area.
PLACES = 256
# No dot grows beyond this many times the radius that it has alone.
LARGEST_GROWTH = 3.0


def fit_visible_radii(points: Sequence[Floats], radii: Sequence[Floats]) -> list[Floats]:
    """Find radii for which each dot shows the area that it has alone.

    Parameters
    ----------
    points : sequence of ndarray, shape (n, 2)
        Of each ink, from the first drawn to the last.
    radii : sequence of ndarray, shape (n,)
        Of the dots alone, in the same unit.

    Returns
    -------
    list of ndarray, shape (n,)
        Not smaller; exactly the same where no dots touch. Where there is no room, dots stop at
        twice their radius.
    """
    everywhere = np.concatenate(points)
    alone = np.concatenate(radii)
    counts = [len(one) for one in points]
    ink = np.repeat(np.arange(len(counts)), counts)
    starts, others = _list_neighbours(everywhere, 2 * LARGEST_GROWTH * alone.max())
    places = _spread_places(int(PLACES * LARGEST_GROWTH**2))
    fitted = alone.copy()
    _grow(everywhere, ink, starts, others, places, fitted)
    return np.split(fitted, np.cumsum(counts)[:-1])


def _list_neighbours(points: Floats, distance: float) -> tuple[Integers, Integers]:
    """List the points within a distance of each: those of point i from starts[i] to starts[i+1]."""
    pairs = cKDTree(points).query_pairs(distance, output_type="ndarray")
    both = np.concatenate([pairs, pairs[:, ::-1]])
    order = np.argsort(both[:, 0], kind="stable")
    starts = np.searchsorted(both[order, 0], np.arange(len(points) + 1))
    return starts, np.ascontiguousarray(both[order, 1])


def _spread_places(count: int) -> Floats:
    """Spread places evenly, as in a sunflower (Vogel 1979), PLACES of them in the unit disc."""
    number = np.arange(count)
    angles = np.pi * (3 - 5**0.5) * number
    lengths = np.sqrt((number + 0.5) / PLACES)
    places: Floats = lengths[:, np.newaxis] * np.column_stack([np.cos(angles), np.sin(angles)])
    return places


@compile_loop
def _grow(
    points: Floats,
    ink: Integers,
    starts: Integers,
    others: Integers,
    places: Floats,
    radii: Floats,
) -> None:
    """Grow each dot until PLACES are seen; the radii of later inks are found before."""
    for i in range(len(points) - 1, -1, -1):
        alone = radii[i]
        seen = 0
        for place in range(len(places)):
            dx = alone * places[place, 0]
            dy = alone * places[place, 1]
            hidden = False
            for k in range(starts[i], starts[i + 1]):
                other = others[k]
                if ink[other] < ink[i]:
                    continue
                square = (points[i, 0] + dx - points[other, 0]) ** 2
                square += (points[i, 1] + dy - points[other, 1]) ** 2
                limit = radii[other] ** 2 if ink[other] > ink[i] else dx * dx + dy * dy
                if square < limit:
                    hidden = True
                    break
            seen += not hidden
            radii[i] = alone * np.sqrt((place + 1) / PLACES)
            if seen == PLACES:
                break
