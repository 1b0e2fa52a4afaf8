"""Radii of dots of several inks where they touch: what is seen of each keeps its area.

Dots that lie side by side leave gaps where there is much ink, and round dots fill them only by
lying over one another. What an ink shows is then what those drawn later leave of it. So radii are
found from the last ink drawn to the first: each dot grows until its ink is seen on enough of the
part of the plane that is nearer to it than to other dots of its ink.
"""

from collections.abc import Sequence

import numpy as np

from stipple.arrays import Floats, Integers
from stipple.machine.compiled import compile_loop

# Places where a dot is looked at, if it need not grow; they have equal shares of its area.
PLACES = 256
# Rounds over the dots of each ink: what dots show in the parts of others is known from the last.
ROUNDS = 2
# No dot grows beyond this many times the radius that it has alone.
LARGEST_GROWTH = 3.0
# So many places in turn go all round a dot.
ROUND = 144


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
        Not smaller; exactly the same where no dots touch, and at most `LARGEST_GROWTH` times those
        alone, where there is no room.
    """
    everywhere = np.concatenate(points)
    alone = np.concatenate(radii)
    counts = [len(one) for one in points]
    ink = np.repeat(np.arange(len(counts)), counts)
    starts, others = _list_neighbours(everywhere, ink, 2 * LARGEST_GROWTH * alone.max())
    places = _spread_places(int(PLACES * LARGEST_GROWTH**2))
    borders = np.cumsum([0, *counts])
    fitted = alone.copy()
    for first, last in zip(borders[-2::-1], borders[:0:-1], strict=True):
        for _ in range(ROUNDS):
            _grow(everywhere, alone, fitted, starts, others, places, first, last)
    return np.split(fitted, borders[1:-1])


def _list_neighbours(points: Floats, ink: Integers, distance: float) -> tuple[Integers, Integers]:
    """List the points within a distance of each that are of its ink, then those of later inks.

    Those of point i are from starts[2i] to starts[2i + 1] and on to starts[2i + 2], the nearest
    first.
    """
    from scipy.spatial import cKDTree

    pairs = cKDTree(points).query_pairs(distance, output_type="ndarray")
    pairs = np.concatenate([pairs, pairs[:, ::-1]])
    pairs = pairs[ink[pairs[:, 1]] >= ink[pairs[:, 0]]]
    lists = 2 * pairs[:, 0] + (ink[pairs[:, 1]] > ink[pairs[:, 0]])
    lengths = ((points[pairs[:, 0]] - points[pairs[:, 1]]) ** 2).sum(axis=1)
    order = np.lexsort([lengths, lists])
    starts = np.searchsorted(lists[order], np.arange(2 * len(points) + 1))
    return starts, np.ascontiguousarray(pairs[order, 1])


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
    alone: Floats,
    radii: Floats,
    starts: Integers,
    others: Integers,
    places: Floats,
    first: int,
    last: int,
) -> None:
    """Grow each dot of an ink until PLACES are seen; the radii of later inks are known."""
    bare = np.empty(len(places), dtype=np.bool_)
    for i in range(first, last):
        touched = False
        for k in range(starts[2 * i], starts[2 * i + 2]):
            other = others[k]
            square = ((points[i] - points[other]) ** 2).sum()
            if square < (alone[i] + radii[other]) ** 2:
                touched = True
                break
        if not touched:
            continue
        seen = 0
        count = 0
        outside = 0
        while count < len(places) and outside < ROUND:
            x = points[i, 0] + alone[i] * places[count, 0]
            y = points[i, 1] + alone[i] * places[count, 1]
            own = (x - points[i, 0]) ** 2 + (y - points[i, 1]) ** 2
            outside += 1
            bare[count] = False
            inked = False
            nearest = True
            for k in range(starts[2 * i], starts[2 * i + 1]):
                other = others[k]
                square = (x - points[other, 0]) ** 2 + (y - points[other, 1]) ** 2
                if square < own:
                    nearest = False
                    break
                inked = inked or square < radii[other] ** 2
            if nearest:
                outside = 0
                hidden = False
                for k in range(starts[2 * i + 1], starts[2 * i + 2]):
                    other = others[k]
                    square = (x - points[other, 0]) ** 2 + (y - points[other, 1]) ** 2
                    if square < radii[other] ** 2:
                        hidden = True
                        break
                bare[count] = not (hidden or inked)
                seen += inked and not hidden
            count += 1
        for place in range(count):
            seen += bare[place]
            if seen >= PLACES and place + 1 >= PLACES:
                break
        radii[i] = alone[i] * np.sqrt((max(place, PLACES - 1) + 1) / PLACES)
