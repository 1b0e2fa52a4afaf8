"""Blocks of even density filled with points in the places of a body-centred cubic lattice."""

import numpy as np

from stipple.arrays import Booleans, Floats, Integers
from stipple.machine.compiled import compile_loop
from stipple.volumes.division import find_cut


@compile_loop
def fill_blocks(
    sums: Floats, spacing: Floats, boxes: Floats, counts: Integers, turned: Booleans
) -> Floats:
    """Place the points of each block in staggered square layers, shape (Σ counts, 3), in voxels.

    Layers of squares of side a, a/2 apart and shifted by (a/2, a/2) in turn, are the lattice; each
    point stands for the volume a³/2. All are placed by mass: a block that is even but not flat has
    a lattice that is drawn out where there is less.

    Parameters
    ----------
    sums, spacing, boxes, counts
        As from `divide_volume`.
    turned : ndarray of bool, shape (m,)
        Of which blocks the other layers are shifted.
    """
    points = np.empty((counts.sum(), 3))
    done = 0
    layer, row = np.empty((2, 3)), np.empty((2, 3))
    for block in range(len(boxes)):
        count = counts[block]
        box = boxes[block]
        sides = (box[1] - box[0]) * spacing
        edge = np.cbrt(2 * sides[0] * sides[1] * sides[2] / count)
        layers = min(max(round(2 * sides[2] / edge), 1), count)
        above = 0
        for number in range(layers):
            inside = count // layers + (number < count % layers)
            _cut_slab(sums, box, 2, above / count, (above + inside) / count, layer)
            height = find_cut(sums, box, 2, (above + 0.5 * inside) / count)
            offset = 0.25 if (number % 2 == 1) != turned[block] else 0.75
            above += inside
            rows = min(max(round(np.sqrt(inside * sides[1] / sides[0])), 1), inside)
            before = 0
            for line in range(rows):
                length = inside // rows + (line < inside % rows)
                _cut_slab(sums, layer, 1, before / inside, (before + length) / inside, row)
                across = find_cut(sums, layer, 1, (before + offset * length) / inside)
                before += length
                for place in range(length):
                    points[done, 0] = find_cut(sums, row, 0, (place + offset) / length)
                    points[done, 1] = across
                    points[done, 2] = height
                    done += 1
    return points


@compile_loop
def _cut_slab(
    sums: Floats, box: Floats, axis: int, lower: float, upper: float, slab: Floats
) -> None:
    """Cut the slab of a box between two parts of its mass."""
    for corner in range(2):
        for k in range(3):
            slab[corner, k] = box[corner, k]
    if lower > 0:
        slab[0, axis] = find_cut(sums, box, axis, lower)
    if upper < 1:
        slab[1, axis] = find_cut(sums, box, axis, upper)
