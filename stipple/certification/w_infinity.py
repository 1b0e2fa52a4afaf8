"""Certified bounds of W∞, how far mass must go at the least, from any power diagram."""

import math

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import breadth_first_order, minimum_spanning_tree
from scipy.spatial import cKDTree

from stipple.arrays import Floats, Integers
from stipple.certification.strips import Strips, cut_strips, measure_black_reach
from stipple.geometry.cell_integrals import RoundedIntegrals, bound_integrals
from stipple.geometry.power_cells import PowerCells, build_power_cells
from stipple.geometry.tiling import measure_defects, straighten
from stipple.interval import Interval
from stipple.machine.rounding import UNIT_ROUNDING
from stipple.machine.threads import Workers
from stipple.measures.density import Density

# Relative, beyond what the few operations of a distance round.
SLACK = 2.0**-44
# Part of its mass that a cell may give to its neighbours, from strips along their common sides.
GIVEN = 1e-3
# Most pixels whose distance to the points is looked up, and of these those looked at closely.
MOST_PIXELS, CLOSE_PIXELS = 1_000_000, 1000


def bound_w_infinity(
    density: Density, cells: PowerCells, weights: Floats, workers: Workers | None = None
) -> Interval:
    """Bound W∞(ρ, Σ ν_i δ_{y_i}) from the cells of potentials that nearly solve the transport.

    Below: some part of the support is so far from every point; and a ball about a point must hold
    the point's mass. Above: a plan. Mass goes to the point of its cell; what cells have too much
    they give along a tree of neighbours, each from thin strips at the common sides, so that
    nothing goes farther than from a strip to the point across. Where cells have so much too much
    that strips do not hold it, the bound is the largest distance of all.

    Parameters
    ----------
    density : Density
        ρ; its rectangle is the cells' domain.
    cells : PowerCells
        The cells, with distinct points.
    weights : ndarray, shape (n,)
        ν, positive, each within twice the unit rounding of masses that add up to 1.
    workers : Workers, optional
        Threads that share the work.

    Returns
    -------
    Interval
        In pixels.
    """
    densest = float(density.row_sums.pixels[:, :, 3].max()) * (1 + 1e-9)
    ball = math.sqrt(float(weights.max()) / (math.pi * densest))
    lower = max(ball, _measure_covering(density, cells)) * (1 - SLACK)
    size = np.array([cells.width, cells.height])
    corners = np.maximum(np.abs(cells.points), np.abs(size - cells.points))
    farthest = float(np.hypot(*corners.T).max()) * (1 + SLACK)
    upper = _price_plan(density, cells, weights, densest, workers)
    return Interval(lower, farthest if upper is None else min(farthest, upper))


def _measure_covering(density: Density, cells: PowerCells) -> float:
    """Largest distance found from a place of the support to the nearest point, in pixels."""
    tree = cKDTree(cells.points)
    black = density.values > 0
    rows, columns = np.nonzero(black)
    step = -(-len(rows) // MOST_PIXELS)
    centres = np.stack([columns, rows], axis=1)[::step] + 0.5
    distances = tree.query(centres)[0]
    closest = centres[np.argsort(distances)[-CLOSE_PIXELS:]]
    corners = [closest + shift for shift in ((-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5))]
    voronoi = build_power_cells(
        cells.points, np.zeros(len(cells.points)), cells.width, cells.height, previous=cells
    )
    owners, _ = voronoi.list_edges()
    vertices = voronoi.vertices + voronoi.points[owners]
    vertices = np.clip(vertices, 0.0, (cells.width, cells.height))
    places = np.minimum(vertices.astype(np.int64), (density.width - 1, density.height - 1))
    vertices = vertices[black[places[:, 1], places[:, 0]]]
    return float(tree.query(np.concatenate([*corners, vertices]))[0].max())


def _price_plan(
    density: Density,
    cells: PowerCells,
    weights: Floats,
    densest: float,
    workers: Workers | None,
) -> float | None:
    """Longest way of the plan, in pixels; None where cells hold too much or too little."""
    polygons = straighten(cells, workers)
    integrals = bound_integrals(density, polygons, workers)
    defects = measure_defects(polygons, integrals.strips, densest, workers)
    # Places in no polygon are in a strip, or enclosed by a curve so long along some polygons.
    beyond = 2 * (defects.gap + math.sqrt(4 * math.pi * defects.rest))
    beyond += 1e-12 * (cells.width + cells.height)
    apart = float(defects.strips.sum()) + densest * defects.rest
    reach = measure_black_reach(density, polygons, beyond)
    if beyond > 0.01 * min(cells.width, cells.height, float(reach.max())):
        return None
    longest = float(reach.max()) + beyond
    if len(weights) > 1:
        strips = cut_strips(polygons)
        limits = GIVEN * weights
        ways = _measure_ways(density, polygons, strips, integrals, limits, apart, densest)
        tree = _span(strips, ways, len(weights))
        doubt = apart + float(integrals.errors.sum()) + 8 * UNIT_ROUNDING * len(weights)
        if tree is None:
            return None
        order, parents, way = tree
        given = _count_given(order, parents, integrals.masses - weights, doubt)
        if (given > limits).any():
            return None
        longest = max(longest, way)
    return longest * (1 + SLACK)


def _measure_ways(
    density: Density,
    polygons: PowerCells,
    strips: Strips,
    integrals: RoundedIntegrals,
    limits: Floats,
    apart: float,
    densest: float,
) -> Floats:
    """Longest way from a strip that holds enough, or else from the whole cell, to the neighbour."""
    cut = bound_integrals(density, strips.as_polygons(polygons))
    # Corners of strips are rounded: they may lie as much outside of the cell.
    extents = strips.extents[strips.owners]
    spilt = densest * 256 * UNIT_ROUNDING * extents**2
    needed = limits[strips.owners] + apart
    enough = cut.masses - cut.errors - spilt >= needed
    whole = (integrals.masses - integrals.errors)[strips.owners] >= needed
    return np.where(enough, strips.ways, np.where(whole, strips.whole_ways, np.inf))


def _span(strips: Strips, ways: Floats, count: int) -> tuple[Integers, Integers, float] | None:
    """Tree over all cells with the shortest longest way, as an order and parents, and that way."""
    forth = coo_matrix((np.where(np.isfinite(ways), ways, 0.0), (strips.owners, strips.targets)))
    forth.resize(count, count)
    table = forth.tocsr()
    # Mass may have to go either way.
    both = table.maximum(table.T).multiply((table > 0).multiply((table > 0).T)).tocsr()
    spanning = minimum_spanning_tree(both)
    if spanning.nnz != count - 1:
        return None
    order, parents = breadth_first_order(spanning, 0, directed=False)
    return order, parents, float(spanning.data.max())


def _count_given(order: Integers, parents: Integers, surplus: Floats, doubt: float) -> Floats:
    """Bound what each cell gives to its neighbours in the tree, shape (n,)."""
    below = surplus.copy()
    given = np.zeros(len(surplus))
    for cell in order[:0:-1]:
        parent = parents[cell]
        passed = abs(below[cell]) + doubt
        given[cell] += passed
        given[parent] += passed
        below[parent] += below[cell]
    return given
