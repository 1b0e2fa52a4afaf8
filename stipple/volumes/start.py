"""Where points in a volume begin: in boxes of their masses, cut by recursive bisection."""

import numpy as np

from stipple.arrays import Floats
from stipple.geometry.power_polyhedra import Facets
from stipple.geometry.voxel_integrals import integrate_polyhedra
from stipple.machine.compiled import compile_loop
from stipple.machine.threads import Workers
from stipple.measures.volume import VolumeDensity

# Two cubes of half sides a and b meet at their common side if potentials differ by a² − b².
POTENTIAL = 0.25
# Points are moved by at most this part of half the side of a cube of their box's volume: boxes of
# equal cubes are a critical point of W2², and no minimum.
SHAKE = 0.5


def start_in_boxes(
    density: VolumeDensity, masses: Floats, seed: int, workers: Workers, *, shake: bool
) -> tuple[Floats, Floats]:
    """Place a point in each box of a bisection by masses, with a first potential.

    Points of unlike masses are dealt to boxes at random, so that heavy and light ones mix.

    Parameters
    ----------
    density : VolumeDensity
        What is divided.
    masses : ndarray, shape (n,)
        Of the points, with sum 1.
    seed : int
        Of the shifts.
    workers : Workers
        Threads.
    shake : bool
        Whether points are shifted at random, within their boxes.

    Returns
    -------
    points : ndarray, shape (n, 3)
        The barycentres of the boxes, shifted a little.
    potentials : ndarray, shape (n,)
    """
    random = np.random.default_rng(seed)
    order = np.arange(len(masses))
    if np.ptp(masses) > 0:
        order = random.permutation(order)
    boxes = np.empty((len(masses), 2, 3))
    boxes[order] = bisect_volume(density, masses[order])
    centres = boxes.mean(axis=1)
    integrals = integrate_polyhedra(density, centres, list_box_facets(boxes), workers)
    held = integrals.masses[:, None]
    shift = np.divide(integrals.first_moments, held, out=np.zeros_like(centres), where=held > 0)
    points = np.clip(centres + shift, boxes[:, 0], boxes[:, 1])
    sides = np.cbrt(np.diff(boxes, axis=1).prod(axis=(1, 2)))
    if shake:
        points += SHAKE / 2 * sides[:, None] * random.uniform(-1, 1, points.shape)
        inner = 0.01 * (boxes[:, 1] - boxes[:, 0])
        points = np.clip(points, boxes[:, 0] + inner, boxes[:, 1] - inner)
    potentials: Floats = POTENTIAL * sides**2
    return points, potentials


def list_box_facets(boxes: Floats) -> Facets:
    """List the facets of boxes, shape (n, 2, 3), relative to their centres."""
    count = len(boxes)
    # Corners by the ends of x, y and z; facets counterclockwise seen from outside.
    ends = np.array([[(corner >> axis) & 1 for axis in range(3)] for corner in range(8)])
    around = [0, 4, 6, 2, 1, 3, 7, 5, 0, 1, 5, 4, 2, 6, 7, 3, 0, 2, 3, 1, 4, 5, 7, 6]
    halves = (boxes[:, 1] - boxes[:, 0])[:, None, :] / 2
    corners = (halves * (2 * ends - 1)[around]).reshape(-1, 3)
    return Facets(
        np.arange(0, 6 * count + 1, 6),
        np.tile(np.arange(-1, -7, -1), count),
        np.arange(0, 24 * count + 1, 4),
        np.ascontiguousarray(corners),
    )


def bisect_volume(density: VolumeDensity, masses: Floats) -> Floats:
    """Cut the box into boxes of given masses by planes across the longer side, recursively.

    Parameters
    ----------
    density : VolumeDensity
        What is divided.
    masses : ndarray, shape (n,)
        With sum 1.

    Returns
    -------
    ndarray, shape (n, 2, 3)
        Lower and upper corner of each box.
    """
    sums = np.zeros(np.add(density.values.shape, 1))
    sums[1:, 1:, 1:] = density.densities * density.spacing.prod()
    for axis in range(3):
        np.cumsum(sums, axis=axis, out=sums)
    cumulated = np.concatenate([np.zeros(1), np.cumsum(masses)])
    return _bisect(sums, density.spacing, cumulated)


@compile_loop
def _bisect(sums: Floats, spacing: Floats, cumulated: Floats) -> Floats:
    count = len(cumulated) - 1
    boxes = np.empty((count, 2, 3))
    # Depth first: at most one half waits for each level of the tree.
    waiting = np.empty((80, 2, 3))
    first, last = np.empty(80, np.int64), np.empty(80, np.int64)
    waiting[0, 0] = 0.0
    for axis in range(3):
        waiting[0, 1, axis] = sums.shape[2 - axis] - 1.0
    first[0], last[0] = 0, count
    depth = 1
    while depth:
        depth -= 1
        begin, end = first[depth], last[depth]
        box = waiting[depth].copy()
        if end - begin == 1:
            boxes[begin, 0], boxes[begin, 1] = box[0] * spacing, box[1] * spacing
            continue
        axis = int(np.argmax((box[1] - box[0]) * spacing))
        middle = (begin + end) // 2
        part = (cumulated[middle] - cumulated[begin]) / (cumulated[end] - cumulated[begin])
        cut = _find_cut(sums, box, axis, part)
        waiting[depth], waiting[depth + 1] = box, box
        waiting[depth, 1, axis] = waiting[depth + 1, 0, axis] = cut
        first[depth], last[depth] = begin, middle
        first[depth + 1], last[depth + 1] = middle, end
        depth += 2
    return boxes


@compile_loop
def _find_cut(sums: Floats, box: Floats, axis: int, part: float) -> float:
    """Find where a part of the mass of a box lies below."""
    low, high = box[0, axis], box[1, axis]
    wanted = part * _measure_below(sums, box, axis, high)
    # Between borders of voxels the mass is linear: find the two that enclose the cut.
    first, last = int(np.floor(low)), int(np.ceil(high))
    while last - first > 1:
        middle = (first + last) // 2
        if _measure_below(sums, box, axis, float(middle)) <= wanted:
            first = middle
        else:
            last = middle
    left, right = max(low, float(first)), min(high, float(last))
    below = _measure_below(sums, box, axis, left)
    rise = _measure_below(sums, box, axis, right) - below
    fraction = (wanted - below) / rise if rise > 0 else 0.5
    cut: float = left + min(max(fraction, 0.0), 1.0) * (right - left)
    return cut


@compile_loop
def _measure_below(sums: Floats, box: Floats, axis: int, cut: float) -> float:
    """Mass of the part of a box below a plane."""
    total = 0.0
    for corner in range(8):
        place = np.empty(3)
        sign = 1.0
        for k in range(3):
            upper = (corner >> k) & 1
            place[k] = (cut if k == axis else box[1, k]) if upper else box[0, k]
            sign = sign if upper else -sign
        total += sign * _interpolate(sums, place)
    return total


@compile_loop
def _interpolate(sums: Floats, place: Floats) -> float:
    """Mass of all below a corner: linear in each coordinate within a voxel."""
    mass = 0.0
    base, parts = np.empty(3, np.int64), np.empty(3)
    for k in range(3):
        base[k] = min(max(int(place[k]), 0), sums.shape[2 - k] - 2)
        parts[k] = place[k] - base[k]
    for corner in range(8):
        weight = 1.0
        for k in range(3):
            weight *= parts[k] if (corner >> k) & 1 else 1 - parts[k]
        if weight != 0:
            mass += (
                weight
                * sums[
                    base[2] + ((corner >> 2) & 1),
                    base[1] + ((corner >> 1) & 1),
                    base[0] + (corner & 1),
                ]
            )
    return mass
