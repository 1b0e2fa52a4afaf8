"""Points off the ink: which lie where the density is zero, and the nearest ink of their cells."""

from collections.abc import Callable

import numpy as np

from stipple.arrays import Floats, Integers
from stipple.machine.compiled import compile_loop
from stipple.machine.rows import fill
from stipple.measures.density import Density

# How far inside a pixel of ink a point comes to lie, in pixels: files round positions.
INSET = 0.05


def find_strays(density: Density, points: Floats) -> Integers:
    """Find the points where the density is zero, on all sides if they lie on a border of pixels.

    Parameters
    ----------
    density : Density
        The density.
    points : ndarray, shape (n, 2)
        In the domain, in pixels.

    Returns
    -------
    ndarray of int, shape (m,)
        Their indices.
    """
    inked = np.pad(density.values > 0, 1)
    left, top = np.ceil(points).astype(np.int64).T  # counted in padded pixels
    right, bottom = np.floor(points).astype(np.int64).T + 1
    touches = inked[top, left] | inked[top, right] | inked[bottom, left] | inked[bottom, right]
    return np.flatnonzero(~touches)


def find_nearest_ink(density: Density, polygon: Floats, target: Floats) -> Floats:
    """Find the place of ink in a convex polygon that is nearest to a target.

    It is inside the polygon, so that polygons apart give places apart, and a little inside its
    pixel: at most `INSET` pixels, on either axis and along the way to the middle of what the
    polygon has of the pixel, from the very nearest.

    Parameters
    ----------
    density : Density
        Ink is where it is not zero.
    polygon : ndarray, shape (k, 2)
        Corners in order of increasing angle from x to y, in pixels.
    target : ndarray, shape (2,)
        In pixels.

    Returns
    -------
    ndarray, shape (2,)
        In pixels; NaN where the polygon has no ink.
    """
    # Pixels of which the polygon touches no more than the rim come last.
    for inset in (INSET, 0.0):
        place = _search(density.values, polygon, target, inset)
        if np.isfinite(place).all():
            break
    return place


def find_middle_of_piece(density: Density, polygon: Floats, place: Floats) -> Floats:
    """Find the barycentre of the ink that a convex polygon has in one piece with a place.

    Pieces hang together by sides and corners of pixels. A pixel counts where its centre is inside,
    and that of the place always.

    Parameters
    ----------
    density : Density
        Ink is where it is not zero.
    polygon : ndarray, shape (k, 2)
        Corners in order of increasing angle from x to y, in pixels.
    place : ndarray, shape (2,)
        On the ink, in pixels.

    Returns
    -------
    ndarray, shape (2,)
        In pixels; not always on the ink.
    """
    from scipy.ndimage import label

    low = np.floor(polygon.min(axis=0)).astype(np.int64)
    high = np.ceil(polygon.max(axis=0)).astype(np.int64)
    low, high = np.maximum(low, 0), np.minimum(high, (density.width, density.height))
    values = density.values[low[1] : high[1], low[0] : high[0]]
    rows, columns = np.indices(values.shape)
    centres = np.stack([columns, rows], axis=-1) + low + 0.5
    sides = np.roll(polygon, -1, axis=0) - polygon
    inside = np.ones(values.shape, dtype=np.bool_)
    for corner, side in zip(polygon, sides, strict=True):
        away = centres - corner
        inside &= side[0] * away[..., 1] >= side[1] * away[..., 0]
    column, row = np.minimum(place.astype(np.int64), high - 1) - low
    if values[row, column] == 0:
        return place  # on a border of its pixel
    inside[row, column] = True
    pieces, _ = label(inside & (values > 0), np.ones((3, 3)))
    piece = pieces == pieces[row, column]
    weights = np.where(piece, values, 0.0)
    middle: Floats = (weights[..., None] * centres).sum(axis=(0, 1)) / weights.sum()
    return middle


def move_to_ink(
    density: Density, points: Floats, targets: Floats, get_polygon: Callable[[int], Floats]
) -> Floats:
    """Move points off the ink to the ink of their polygons that is nearest to their targets.

    Parameters
    ----------
    density : Density
        Ink is where it is not zero.
    points, targets : ndarray, shape (n, 2)
        In pixels.
    get_polygon : callable
        Gives the polygon of a point by its index, as `find_nearest_ink` takes it.

    Returns
    -------
    ndarray, shape (n, 2)
        In pixels; a point whose polygon has no ink stays.
    """
    moved: Floats = points.copy()
    for stray in find_strays(density, points):
        place = find_nearest_ink(density, get_polygon(stray), targets[stray])
        if np.isfinite(place).all():
            moved[stray] = place
    return moved


@compile_loop
def _search(values: Floats, polygon: Floats, target: Floats, inset: float) -> Floats:
    """Search the pixels of ink under a polygon, less an inset, for the nearest place."""
    place = np.full(2, np.nan)
    if len(polygon) == 0:
        return place
    height, width = values.shape
    first_column = max(int(polygon[:, 0].min()), 0)
    last_column = min(int(polygon[:, 0].max()), width - 1)
    first_row = max(int(polygon[:, 1].min()), 0)
    last_row = min(int(polygon[:, 1].max()), height - 1)
    part = np.empty((2, len(polygon) + 8, 2))
    least = np.inf
    for row in range(first_row, last_row + 1):
        for column in range(first_column, last_column + 1):
            if values[row, column] == 0:
                continue
            away_x = max(column - target[0], target[0] - column - 1, 0.0)
            away_y = max(row - target[1], target[1] - row - 1, 0.0)
            if away_x * away_x + away_y * away_y >= least:
                continue
            size, now = _clip(polygon, column + inset, row + inset, 1 - 2 * inset, part)
            if size < 3:
                continue
            x, y, apart = _find_nearest(part[now], size, target)
            if apart < least:
                least = apart
                centre_x = part[now, :size, 0].mean()
                centre_y = part[now, :size, 1].mean()
                # Off the border, towards the middle, so that no other polygon has this place.
                way = np.hypot(centre_x - x, centre_y - y)
                step = min(INSET / way, 0.5) if way > 0 else 0.0
                place[0] = x + step * (centre_x - x)
                place[1] = y + step * (centre_y - y)
    return place


@compile_loop
def _clip(polygon: Floats, left: float, top: float, side: float, part: Floats) -> tuple[int, int]:
    """Cut a polygon by a square: how many corners are left, and in which half of `part`."""
    size = len(polygon)
    for m in range(size):
        fill(part[0, m], polygon[m])
    now = 0
    for cut in range(4):
        axis = cut // 2
        sign = 1.0 if cut % 2 == 0 else -1.0
        corner = left if axis == 0 else top
        limit = corner if cut % 2 == 0 else -(corner + side)
        kept = 0
        for m in range(size):
            after = m + 1 if m + 1 < size else 0
            here = sign * part[now, m, axis] - limit
            there = sign * part[now, after, axis] - limit
            if here >= 0:
                fill(part[1 - now, kept], part[now, m])
                kept += 1
            if (here < 0 < there) or (there < 0 < here):
                share = here / (here - there)
                for k in range(2):
                    part[1 - now, kept, k] = part[now, m, k] + share * (
                        part[now, after, k] - part[now, m, k]
                    )
                kept += 1
        now = 1 - now
        size = kept
        if size == 0:
            break
    twice_area = 0.0
    for m in range(size):
        after = m + 1 if m + 1 < size else 0
        x, y = part[now, m] - part[now, 0]
        u, v = part[now, after] - part[now, 0]
        twice_area += x * v - y * u
    return size if twice_area > 0 else 0, now


@compile_loop
def _find_nearest(polygon: Floats, size: int, target: Floats) -> tuple[float, float, float]:
    """Find the place of a convex polygon nearest to a target, and its squared distance."""
    x, y = target
    least = np.inf
    best_x, best_y = x, y
    inside = True
    for m in range(size):
        after = m + 1 if m + 1 < size else 0
        a, b = polygon[m]
        u, v = polygon[after, 0] - a, polygon[after, 1] - b
        if u * (y - b) - v * (x - a) < 0:
            inside = False
        squared = u * u + v * v
        share = ((x - a) * u + (y - b) * v) / squared if squared > 0 else 0.0
        share = min(max(share, 0.0), 1.0)
        p, q = a + share * u, b + share * v
        apart = (p - x) ** 2 + (q - y) ** 2
        if apart < least:
            least = apart
            best_x, best_y = p, q
    return (x, y, 0.0) if inside else (best_x, best_y, least)
