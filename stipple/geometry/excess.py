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

# Boxes that the polygons of a leaf search from; where more are near, they search from the root.
MOST_NEAR = 64


def measure_excess(
    cells: PowerCells,
    potentials: Floats,
    workers: Workers | None = None,
    order: Integers | None = None,
) -> Floats:
    """Bound by how much another point is nearer in some corner of each polygon.

    Parameters
    ----------
    cells : PowerCells
        The polygons, with the points.
    potentials : ndarray, shape (n,)
        φ in |x − y_i|² − φ_i, in square pixels.
    workers : Workers, optional
        Threads that share the polygons.
    order : ndarray of int, shape (n,), optional
        The polygons along a curve, if that is known.

    Returns
    -------
    ndarray, shape (n,)
        ε with |x − y_i|² − φ_i ≤ |x − y_j|² − φ_j + ε_i for all j and all x in polygon i.
    """
    order = order_along_curve(cells.points) if order is None else order
    tree = build_box_tree(cells.points, potentials, order)
    excess = np.zeros(len(cells.points))

    def measure(start: int, stop: int) -> None:
        _measure_excess(
            cells.points,
            potentials,
            cells.adjacency.offsets,
            cells.vertices,
            tree,
            -(-start // LEAF_SIZE),
            -(-stop // LEAF_SIZE),
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
    """Fill the excess of the polygons in the leaves first..last of the tree."""
    slots, lower, upper, highest = tree
    first_leaf = len(highest) // 2
    near = np.empty(MOST_NEAR, dtype=np.int64)
    stack = np.empty(MOST_NEAR + DEEPEST, dtype=np.int64)
    for place in range(first * LEAF_SIZE, min(last * LEAF_SIZE, len(points))):
        if place % LEAF_SIZE == 0:
            found = _list_near(potentials, offsets, vertices, tree, place // LEAF_SIZE, stack, near)
        i = slots[place]
        start = offsets[i]
        stop = offsets[i + 1]
        if start == stop:
            continue
        x0, y0 = points[i]
        radius = _measure_radius(vertices, start, stop)
        for node in range(found):
            stack[node] = near[node]
        depth = found
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
            # Most boxes are too far for any corner.
            away_x = max(low_x, -high_x, 0.0)
            away_y = max(low_y, -high_y, 0.0)
            apart = np.sqrt(away_x * away_x + away_y * away_y)
            if _is_beyond(apart, radius, lead):
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
                if _is_beyond(apart, radius, lead):
                    continue
                for k in range(start, stop):
                    x = vertices[k, 0]
                    y = vertices[k, 1]
                    # |v − a|² − |v|², without subtracting squares.
                    more = a * (a - 2 * x) + b * (b - 2 * y) + lead
                    scale = abs(a) * (abs(a) + 2 * abs(x)) + abs(b) * (abs(b) + 2 * abs(y))
                    excess[i] = max(excess[i], 16 * UNIT_ROUNDING * (scale + abs(lead)) - more)


@compile_loop
def _is_beyond(apart: float, radius: float, lead: float) -> bool:
    """Whether what is so far from a point is no nearer to any corner: |v − a| ≥ |a| − |v|."""
    scale = apart * apart + radius * radius + abs(lead)
    return apart > radius and apart * (apart - 2 * radius) + lead > 64 * UNIT_ROUNDING * scale


@compile_loop
def _measure_radius(vertices: Floats, start: int, stop: int) -> float:
    radius = 0.0
    for k in range(start, stop):
        radius = max(radius, np.hypot(vertices[k, 0], vertices[k, 1]))
    return radius


@compile_loop
def _list_near(
    potentials: Floats,
    offsets: Integers,
    vertices: Floats,
    tree: BoxTree,
    leaf: int,
    stack: Integers,
    near: Integers,
) -> int:
    """List the leaves near any polygon of one leaf, or the root where they are too many."""
    slots, lower, upper, highest = tree
    first_leaf = len(highest) // 2
    home = first_leaf + leaf
    radius = 0.0
    least = np.inf
    for i in slots[leaf * LEAF_SIZE : (leaf + 1) * LEAF_SIZE]:
        if i != NOWHERE and offsets[i] < offsets[i + 1]:
            radius = max(radius, _measure_radius(vertices, offsets[i], offsets[i + 1]))
            least = min(least, potentials[i])
    found = 0
    stack[0] = 0
    depth = 1
    while depth > 0:
        depth -= 1
        node = stack[depth]
        if highest[node] == -np.inf:
            continue
        # As for one polygon, from the nearest place of the box of all their points.
        away_x = max(lower[node, 0] - upper[home, 0], lower[home, 0] - upper[node, 0], 0.0)
        away_y = max(lower[node, 1] - upper[home, 1], lower[home, 1] - upper[node, 1], 0.0)
        apart = np.sqrt(away_x * away_x + away_y * away_y)
        lead = least - highest[node]
        if _is_beyond(apart, radius, lead):
            continue
        if node < first_leaf:
            stack[depth] = 2 * node + 1
            stack[depth + 1] = 2 * node + 2
            depth += 2
        elif found == len(near):
            near[0] = 0
            return 1
        else:
            near[found] = node
            found += 1
    return found
