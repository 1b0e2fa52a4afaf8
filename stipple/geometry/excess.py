"""How far stored polygons are from being power cells: proved bounds.

Nothing is assumed about how the polygons were made; docs/certificates.md has the proof.
"""

import numpy as np

from stipple.arrays import Floats, Integers
from stipple.geometry.morton import order_along_curve
from stipple.geometry.power_cells import PowerCells
from stipple.machine.compiled import compile_loop

UNIT = 2.0**-53
# Points in a leaf of the tree of boxes.
LEAF = 8


def measure_excess(cells: PowerCells, potentials: Floats) -> Floats:
    """Bound by how much another point is nearer in some corner of each polygon.

    Parameters
    ----------
    cells : PowerCells
        The polygons, with the points.
    potentials : ndarray, shape (n,)
        φ in |x − y_i|² − φ_i, in square pixels.

    Returns
    -------
    ndarray, shape (n,)
        ε with |x − y_i|² − φ_i ≤ |x − y_j|² − φ_j + ε_i for all j and all x in polygon i.
    """
    order = order_along_curve(cells.points)
    boxes, highest = _build_tree(cells.points, potentials, order)
    return _measure_excess(
        cells.points, potentials, cells.adjacency.offsets, cells.vertices, order, boxes, highest
    )


@compile_loop
def _build_tree(points: Floats, potentials: Floats, order: Integers) -> tuple[Floats, Floats]:
    """Boxes (x0, y0, x1, y1) and largest potentials of a binary tree over consecutive points.

    Node 1 is the root, and node k has the children 2k and 2k + 1.
    """
    leaves = 1
    while leaves * LEAF < len(points):
        leaves *= 2
    boxes = np.empty((2 * leaves, 4))
    boxes[:, :2] = np.inf
    boxes[:, 2:] = -np.inf
    highest = np.full(2 * leaves, -np.inf)
    for place in range(len(points)):
        i = order[place]
        node = leaves + place // LEAF
        for axis in range(2):
            boxes[node, axis] = min(boxes[node, axis], points[i, axis])
            boxes[node, axis + 2] = max(boxes[node, axis + 2], points[i, axis])
        highest[node] = max(highest[node], potentials[i])
    for node in range(leaves - 1, 0, -1):
        for axis in range(2):
            boxes[node, axis] = min(boxes[2 * node, axis], boxes[2 * node + 1, axis])
            boxes[node, axis + 2] = max(boxes[2 * node, axis + 2], boxes[2 * node + 1, axis + 2])
        highest[node] = max(highest[2 * node], highest[2 * node + 1])
    return boxes, highest


@compile_loop
def _measure_excess(
    points: Floats,
    potentials: Floats,
    offsets: Integers,
    vertices: Floats,
    order: Integers,
    boxes: Floats,
    highest: Floats,
) -> Floats:
    leaves = len(boxes) // 2
    excess = np.zeros(len(points))
    stack = np.empty(70, dtype=np.int64)
    for i in range(len(points)):
        start = offsets[i]
        stop = offsets[i + 1]
        if start == stop:
            continue
        x0, y0 = points[i]
        radius = 0.0
        for k in range(start, stop):
            radius = max(radius, np.hypot(vertices[k, 0], vertices[k, 1]))
        stack[0] = 1
        depth = 1
        while depth > 0:
            depth -= 1
            node = stack[depth]
            if highest[node] == -np.inf:
                continue
            # How much farther than point i the nearest place of the box is from every corner.
            low_x = boxes[node, 0] - x0
            low_y = boxes[node, 1] - y0
            high_x = boxes[node, 2] - x0
            high_y = boxes[node, 3] - y0
            lead = potentials[i] - highest[node]
            # Most boxes are too far for any corner: |v − a| ≥ |a| − |v|.
            away_x = max(low_x, -high_x, 0.0)
            away_y = max(low_y, -high_y, 0.0)
            apart = np.sqrt(away_x * away_x + away_y * away_y)
            scale = apart * apart + radius * radius + abs(lead)
            if apart > radius and apart * (apart - 2 * radius) + lead > 64 * UNIT * scale:
                continue
            least = np.inf
            for k in range(start, stop):
                x = vertices[k, 0]
                y = vertices[k, 1]
                away_x = max(low_x - x, x - high_x, 0.0)
                away_y = max(low_y - y, y - high_y, 0.0)
                away = away_x * away_x + away_y * away_y
                size = x * x + y * y
                scale = away + size + low_x * low_x + low_y * low_y + high_x * high_x
                scale += high_y * high_y + abs(lead)
                least = min(least, away - size + lead - 16 * UNIT * scale)
            if least >= 0:
                continue
            if node < leaves:
                stack[depth] = 2 * node
                stack[depth + 1] = 2 * node + 1
                depth += 2
                continue
            first = (node - leaves) * LEAF
            for place in range(first, min(first + LEAF, len(order))):
                j = order[place]
                if j == i:
                    continue
                a = points[j, 0] - x0
                b = points[j, 1] - y0
                lead = potentials[i] - potentials[j]
                apart = np.sqrt(a * a + b * b)
                scale = apart * apart + radius * radius + abs(lead)
                if apart > radius and apart * (apart - 2 * radius) + lead > 64 * UNIT * scale:
                    continue
                for k in range(start, stop):
                    x = vertices[k, 0]
                    y = vertices[k, 1]
                    # |v − a|² − |v|², without subtracting squares.
                    more = a * (a - 2 * x) + b * (b - 2 * y) + lead
                    scale = abs(a) * (abs(a) + 2 * abs(x)) + abs(b) * (abs(b) + 2 * abs(y))
                    excess[i] = max(excess[i], 16 * UNIT * (scale + abs(lead)) - more)
    return excess
