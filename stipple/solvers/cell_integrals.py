"""Exact integrals of a piecewise-constant density over polygons, by walks along their edges.

Green's theorem turns ∫_P f dA into ∮_{∂P} F dy with F(x, y) = ∫_0^x f(t, y) dt. Prefix sums along
the rows of pixels give F in constant time, and inside one pixel F is a polynomial of degree at
most 3 along an edge, for which two Gauss points are exact. No pixel inside a polygon is visited.
"""

from dataclasses import dataclass

import numpy as np

from stipple.arrays import Floats, Integers
from stipple.density import Density
from stipple.solvers.compiled import compile_loop
from stipple.solvers.parallel import Workers
from stipple.solvers.power_cells import PowerCells


@dataclass(frozen=True)
class CellIntegrals:
    """Integrals of ρ (total mass 1) over each power cell and along each of its edges.

    Attributes
    ----------
    masses : ndarray, shape (n,)
        ∫ρ.
    first_moments : ndarray, shape (n, 2)
        ∫(x − y_i)ρ, in pixels.
    second_moments : ndarray, shape (n,)
        ∫|x − y_i|²ρ, in square pixels.
    edge_masses : ndarray, shape (m,)
        ∫ρ ds along each edge of `PowerCells.vertices`, per pixel; the mean of both sides where an
        edge runs along a border between pixels.
    edge_moments : ndarray, shape (m,)
        ∫tρ ds, t running from 0 to 1 along the edge: where on it the mass lies.
    """

    masses: Floats
    first_moments: Floats
    second_moments: Floats
    edge_masses: Floats
    edge_moments: Floats


def integrate_cells(
    density: Density, cells: PowerCells, workers: Workers | None = None
) -> CellIntegrals:
    """Integrate the density over the power cells, exactly up to rounding.

    Parameters
    ----------
    density : Density
        The density; its rectangle is the cells' domain.
    cells : PowerCells
        The cells.
    workers : Workers, optional
        Threads that share the cells.
    """
    workers = workers or Workers(1)
    sums, edges = _integrate(
        density, cells.points, cells.adjacency.offsets, cells.vertices, workers
    )
    return CellIntegrals(
        masses=np.maximum(sums[:, 0], 0.0),
        first_moments=sums[:, 1:3],
        second_moments=np.maximum(sums[:, 3] + sums[:, 4], 0.0),
        edge_masses=edges[0],
        edge_moments=edges[1],
    )


def integrate_boxes(density: Density, boxes: Floats) -> tuple[Floats, Floats]:
    """Barycentre and spread of the density in each box.

    Parameters
    ----------
    density : Density
        The density.
    boxes : ndarray, shape (n, 4)
        x0, y0, x1, y1 of each box, in pixels.

    Returns
    -------
    barycentres : ndarray, shape (n, 2)
        In pixels; the centre where the box holds no mass.
    spreads : ndarray, shape (n, 2)
        Variances of x and of y under the density in the box, in square pixels.
    """
    count = len(boxes)
    centres = (boxes[:, :2] + boxes[:, 2:]) / 2
    corners = boxes[:, [0, 1, 2, 1, 2, 3, 0, 3]].reshape(count, 4, 2) - centres[:, None]
    offsets = np.arange(0, 4 * count + 1, 4)
    sums, _ = _integrate(density, centres, offsets, corners.reshape(-1, 2), Workers(1))
    masses = sums[:, :1]
    moments = np.divide(sums[:, 1:], masses, out=np.zeros((count, 4)), where=masses > 0)
    # Rounding must not carry a barycentre out of a very thin box.
    barycentres = np.clip(centres + moments[:, :2], boxes[:, :2], boxes[:, 2:])
    return barycentres, np.maximum(moments[:, 2:] - moments[:, :2] ** 2, 0.0)


def _integrate(
    density: Density, points: Floats, offsets: Integers, vertices: Floats, workers: Workers
) -> tuple[Floats, Floats]:
    """Masses, first and second moments by axis of polygons; ∫ρ ds and ∫tρ ds of their edges."""
    moments = density.row_moments
    sums = np.empty((len(points), 5))
    edges = np.empty((2, len(vertices)))

    def integrate(start: int, stop: int) -> None:
        _integrate_range(moments, points, offsets, vertices, start, stop, sums, edges)

    workers.map_ranges(integrate, len(points))
    return sums, edges


@compile_loop
def _integrate_range(
    moments: Floats,
    points: Floats,
    offsets: Integers,
    vertices: Floats,
    start: int,
    stop: int,
    sums: Floats,
    edges: Floats,
) -> None:
    """Fill the sums of polygons start..stop and those of their edges."""
    height = moments.shape[0]
    width = moments.shape[1] - 1
    gauss = 0.5 / np.sqrt(3.0)
    for i in range(start, stop):
        x0, y0 = points[i]
        mass = 0.0
        moment_x = 0.0
        moment_y = 0.0
        second_x = 0.0
        second_y = 0.0
        for k in range(offsets[i], offsets[i + 1]):
            after = k + 1 if k + 1 < offsets[i + 1] else offsets[i]
            # The edge from p to p + d; everything local to the cell's point but the pixel lookup.
            px = vertices[k, 0]
            py = vertices[k, 1]
            dx = vertices[after, 0] - px
            dy = vertices[after, 1] - py
            length = np.sqrt(dx * dx + dy * dy)
            if length == 0:
                edges[0, k] = 0.0
                edges[1, k] = 0.0
                continue
            ax = px + x0
            ay = py + y0
            # The next pixel borders that the edge meets, and the parameters where it does.
            step_x = 1 if dx > 0 else -1
            step_y = 1 if dy > 0 else -1
            border_x = np.floor(ax) + 1 if dx > 0 else np.ceil(ax) - 1
            border_y = np.floor(ay) + 1 if dy > 0 else np.ceil(ay) - 1
            next_x = (border_x - ax) / dx if dx != 0 else np.inf
            next_y = (border_y - ay) / dy if dy != 0 else np.inf
            t = 0.0
            edge_mass = 0.0
            edge_moment = 0.0
            while t < 1.0:
                t_next = min(next_x, next_y, 1.0)
                if next_x <= t_next:
                    border_x += step_x
                    next_x = (border_x - ax) / dx
                if next_y <= t_next:
                    border_y += step_y
                    next_y = (border_y - ay) / dy
                part = t_next - t
                if part <= 0:
                    continue
                middle = 0.5 * (t + t_next)
                mx = ax + middle * dx
                my = ay + middle * dy
                column = min(max(int(np.floor(mx)), 0), width - 1)
                row = min(max(int(np.floor(my)), 0), height - 1)
                rho = moments[row, column, 3]
                along = rho
                if dx == 0 and mx == column and column > 0:
                    along = 0.5 * (rho + moments[row, column - 1, 3])
                elif dy == 0 and my == row and row > 0:
                    along = 0.5 * (rho + moments[row - 1, column, 3])
                edge_mass += along * part
                edge_moment += along * part * middle
                if dy != 0:
                    # Local row moments at the left border of the pixel.
                    left = column - x0
                    s0 = moments[row, column, 0]
                    s1 = moments[row, column, 1] - x0 * s0
                    s2 = moments[row, column, 2] - x0 * (moments[row, column, 1] + s1)
                    weight = 0.5 * part * dy
                    for sign in (-1.0, 1.0):
                        s = middle + sign * gauss * part
                        x = px + s * dx
                        y = py + s * dy
                        f0 = s0 + rho * (x - left)
                        f1 = s1 + rho * (x * x - left * left) / 2
                        f2 = s2 + rho * (x * x * x - left * left * left) / 3
                        mass += weight * f0
                        moment_x += weight * f1
                        moment_y += weight * y * f0
                        second_x += weight * f2
                        second_y += weight * y * y * f0
                t = t_next
            edges[0, k] = edge_mass * length
            edges[1, k] = edge_moment * length
        sums[i, 0] = mass
        sums[i, 1] = moment_x
        sums[i, 2] = moment_y
        sums[i, 3] = second_x
        sums[i, 4] = second_y
