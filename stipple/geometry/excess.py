"""How far stored polygons are from being power cells: proved bounds.

Nothing is assumed about how the polygons were made; docs/certificates.md has the proof.
"""

import numpy as np

from stipple.arrays import Floats, Integers
from stipple.geometry.box_tree import DEEPEST, LEAF_SIZE, NOWHERE, BoxTree, build_box_tree
from stipple.geometry.morton import order_along_curve
from stipple.geometry.power_cells import PowerCells
from stipple.machine.compiled import compile_loop
from stipple.machine.rounding import UNIT_ROUNDING
from stipple.machine.threads import Workers


def measure_excess(cells: PowerCells, potentials: Floats, workers: Workers | None = None) -> Floats:
    """Bound by how much another point is nearer in some corner of each polygon.

    Parameters
    ----------
    cells : PowerCells
        The polygons, with the points.
    potentials : ndarray, shape (n,)
        φ in |x − y_i|² − φ_i, in square pixels.
    workers : Workers, optional
        Threads that share the polygons.

    Returns
    -------
    ndarray, shape (n,)
        ε with |x − y_i|² − φ_i ≤ |x − y_j|² − φ_j + ε_i for all j and all x in polygon i.
    """
    order = order_along_curve(cells.points)
    tree = build_box_tree(cells.points, potentials, order)
    excess = np.zeros(len(cells.points))

    def measure(start: int, stop: int) -> None:
        _measure_excess(
            cells.points,
            potentials,
            cells.adjacency.offsets,
            cells.vertices,
            tree,
            start,
            stop,
            excess,
        )

    (workers or Workers(1)).map_ranges(measure, len(excess))
    return excess


@compile_loop
def _measure_excess(
    points: Floats,
    potentials: Floats,
    offsets: Integers,
    vertices: Floats,
    tree: BoxTree,
    first: int,
    last: int,
    excess: Floats,
) -> None:
    slots, lower, upper, highest = tree
    first_leaf = len(highest) // 2
    stack = np.empty(DEEPEST, dtype=np.int64)
    for i in range(first, last):
        start = offsets[i]
        stop = offsets[i + 1]
        if start == stop:
            continue
        x0, y0 = points[i]
        radius = 0.0
        for k in range(start, stop):
            radius = max(radius, np.hypot(vertices[k, 0], vertices[k, 1]))
        stack[0] = 0
        depth = 1
        while depth > 0:
            depth -= 1
            node = stack[depth]
            if highest[node] == -np.inf:
                continue
            # How much farther than point i the nearest place of the box is from every corner.
            low_x = lower[node, 0] - x0
            low_y = lower[node, 1] - y0
            high_x = upper[node, 0] - x0
            high_y = upper[node, 1] - y0
            lead = potentials[i] - highest[node]
            # Most boxes are too far for any corner: |v − a| ≥ |a| − |v|.
            away_x = max(low_x, -high_x, 0.0)
            away_y = max(low_y, -high_y, 0.0)
            apart = np.sqrt(away_x * away_x + away_y * away_y)
            scale = apart * apart + radius * radius + abs(lead)
            if apart > radius and apart * (apart - 2 * radius) + lead > 64 * UNIT_ROUNDING * scale:
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
                least = min(least, away - size + lead - 16 * UNIT_ROUNDING * scale)
            if least >= 0:
                continue
            if node < first_leaf:
                stack[depth] = 2 * node + 1
                stack[depth + 1] = 2 * node + 2
                depth += 2
                continue
            slot = (node - first_leaf) * LEAF_SIZE
            for j in slots[slot : slot + LEAF_SIZE]:
                if j == NOWHERE:
                    break
                if j == i:
                    continue
                a = points[j, 0] - x0
                b = points[j, 1] - y0
                lead = potentials[i] - potentials[j]
                apart = np.sqrt(a * a + b * b)
                scale = apart * apart + radius * radius + abs(lead)
                if (
                    apart > radius
                    and apart * (apart - 2 * radius) + lead > 64 * UNIT_ROUNDING * scale
                ):
                    continue
                for k in range(start, stop):
                    x = vertices[k, 0]
                    y = vertices[k, 1]
                    # |v − a|² − |v|², without subtracting squares.
                    more = a * (a - 2 * x) + b * (b - 2 * y) + lead
                    scale = abs(a) * (abs(a) + 2 * abs(x)) + abs(b) * (abs(b) + 2 * abs(y))
                    excess[i] = max(excess[i], 16 * UNIT_ROUNDING * (scale + abs(lead)) - more)
