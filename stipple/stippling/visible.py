"""Radii of dots of several inks where they touch: what is seen of each keeps its area.

Dots that lie side by side leave gaps where there is much ink, and round dots fill them only by
lying over one another. What an ink shows is then what those drawn later leave of it. So radii are
found from the last ink drawn to the first: each dot grows until its ink is seen on enough of the
part of the plane that is nearer to it than to other dots of its ink. Where there is not enough of
it, dots of its ink near by show what it lacks.
"""

from collections.abc import Sequence

import numpy as np

from stipple.arrays import Booleans, Floats, Integers
from stipple.machine.compiled import compile_loop

# Places where a dot is looked at, if it need not grow; they have equal shares of its area.
PLACES = 256
# Rounds over the dots of each ink: what dots show in the parts of others, and what these lack, is
# known from the last.
ROUNDS = 5
# So many dots near by take over what a dot lacks.
HELPERS = 6
# No dot grows beyond this many times the radius that it has alone: far where it shows only in
# chinks between later inks, little where it is of the last ink, which nothing hides.
LARGEST_GROWTH, LAST_GROWTH = 5.0, 2.0
# So many places in turn go all round a dot.
ROUND = 144


def fit_visible_radii(points: Sequence[Floats], radii: Sequence[Floats]) -> list[Floats]:
    """Find radii for which each dot, or those near it, shows the area that it has alone.

    Parameters
    ----------
    points : sequence of ndarray, shape (n, 2)
        Of each ink, from the first drawn to the last.
    radii : sequence of ndarray, shape (n,)
        Of the dots alone, in the same unit; equal for those of an ink.

    Returns
    -------
    list of ndarray, shape (n,)
        Not smaller; exactly the same where no dots touch, and at most `LARGEST_GROWTH` times those
        alone, where there is no room.
    """
    everywhere = np.concatenate(points)
    alone = np.concatenate(radii)
    borders = np.cumsum([0, *map(len, points)])
    fitted = alone.copy()
    for first, last in zip(borders[-2::-1], borders[:0:-1], strict=True):
        growth = LARGEST_GROWTH if last < len(alone) else LAST_GROWTH
        reach = growth * alone[first:last].max()
        later = fitted[last:].max(initial=0.0)
        starts, others = _list_neighbours(everywhere, first, last, (2 * reach, reach + later))
        places = _spread_places(int(PLACES * growth**2))
        wanted = np.full(last - first, PLACES, dtype=np.float64)
        for _ in range(ROUNDS):
            lacks = _grow(everywhere, alone, fitted, starts, others, places, wanted, first)
            _share_lack(wanted, lacks, starts, others, first)
    return np.split(fitted, borders[1:-1])


def _list_neighbours(
    points: Floats, first: int, last: int, distances: tuple[float, float]
) -> tuple[Integers, Integers]:
    """List the points within distances of each of an ink that are of its ink, then of later ones.

    Those of point first + i are from starts[2i] to starts[2i + 1] and on to starts[2i + 2], the
    nearest first.
    """
    from scipy.spatial import cKDTree

    own = cKDTree(points[first:last])
    parts = []
    for later, distance in enumerate(distances):
        begin = last if later else first
        end = len(points) if later else last
        near = own.sparse_distance_matrix(
            cKDTree(points[begin:end]), distance, output_type="ndarray"
        )
        near = near[near["i"] != near["j"]] if not later else near
        parts.append((2 * near["i"] + later, near["v"], begin + near["j"]))
    lists, lengths, others = (np.concatenate(part) for part in zip(*parts, strict=True))
    order = np.lexsort([lengths, lists])
    starts = np.searchsorted(lists[order], np.arange(2 * (last - first) + 1))
    return starts, np.ascontiguousarray(others[order])


def _spread_places(count: int) -> Floats:
    """Spread places evenly, as in a sunflower (Vogel 1979), PLACES of them in the unit disc."""
    number = np.arange(count)
    angles = np.pi * (3 - 5**0.5) * number
    lengths = np.sqrt((number + 0.5) / PLACES)
    places: Floats = lengths[:, np.newaxis] * np.column_stack([np.cos(angles), np.sin(angles)])
    return places


@compile_loop
def _share_lack(
    wanted: Floats, lacks: Floats, starts: Integers, others: Integers, first: int
) -> None:
    """Let the dots of its ink near by show what a dot shows too little, or less where too much."""
    for i in range(len(wanted)):
        begin = starts[2 * i]
        helpers = min(starts[2 * i + 1] - begin, HELPERS)
        for k in range(begin, begin + helpers):
            wanted[others[k] - first] += lacks[i] / helpers
        if helpers:
            wanted[i] -= lacks[i]


@compile_loop
def _grow(
    points: Floats,
    alone: Floats,
    radii: Floats,
    starts: Integers,
    others: Integers,
    places: Floats,
    wanted: Floats,
    first: int,
) -> Floats:
    """Grow each dot of an ink until enough places are seen; the radii of later inks are known.

    Returns how many places each dot lacks, shape (n,).
    """
    bare = np.empty(len(places), dtype=np.bool_)
    lacks = np.zeros(len(wanted))
    for i in range(len(wanted)):
        own = first + i
        near = others[starts[2 * i] : starts[2 * i + 1]]
        later = others[starts[2 * i + 1] : starts[2 * i + 2]]
        lacks[i] = wanted[i] - PLACES
        if lacks[i] <= 0 and _is_free(own, points, alone[own], radii, near, later):
            radii[own] = alone[own]
            continue
        count, seen = _look(own, points, alone[own], radii, near, later, places, bare)
        grown = PLACES
        for place in range(count):
            seen += bare[place]
            grown = max(place + 1, PLACES)
            if seen >= wanted[i] and place + 1 >= PLACES:
                break
        lacks[i] = wanted[i] - seen
        radii[own] = alone[own] * np.sqrt(grown / PLACES)
    return lacks


@compile_loop
def _is_free(
    i: int,
    points: Floats,
    radius: float,
    radii: Floats,
    near: Integers,
    later: Integers,
) -> bool:
    """Whether a dot touches no other one."""
    x, y = points[i]
    for ink in (near, later):
        for other in ink:
            square = (x - points[other, 0]) ** 2 + (y - points[other, 1]) ** 2
            if square < (radius + radii[other]) ** 2:
                return False
    return True


@compile_loop
def _look(
    i: int,
    points: Floats,
    radius: float,
    radii: Floats,
    near: Integers,
    later: Integers,
    places: Floats,
    bare: Booleans,
) -> tuple[int, int]:
    """Look from a dot outwards, to the end of the places nearest to it or of all.

    Fills in which places have no ink that hides them, nor ink of the same colour. Returns how many
    places there are, and how many other dots of its ink show.
    """
    seen = 0
    count = 0
    outside = 0
    while count < len(places) and outside < ROUND:
        dx, dy = radius * places[count, 0], radius * places[count, 1]
        x, y = points[i, 0] + dx, points[i, 1] + dy
        bare[count] = False
        inked = False
        nearest = True
        for other in near:
            square = (x - points[other, 0]) ** 2 + (y - points[other, 1]) ** 2
            if square < dx * dx + dy * dy:
                nearest = False
                break
            inked = inked or square < radii[other] ** 2
        outside += 1
        if nearest:
            outside = 0
            hidden = False
            for other in later:
                square = (x - points[other, 0]) ** 2 + (y - points[other, 1]) ** 2
                if square < radii[other] ** 2:
                    hidden = True
                    break
            bare[count] = not (hidden or inked)
            seen += inked and not hidden
        count += 1
    return count, seen
