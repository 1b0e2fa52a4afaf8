"""No point where the density is zero: strays move into the nearest ink of their cells."""

import numpy as np

from stipple.arrays import Booleans, Floats
from stipple.geometry.periodic_cells import cover_cells
from stipple.geometry.strays import find_middle_of_piece, find_nearest_ink, move_to_ink
from stipple.transport.quantisation import STEP_TOLERANCE
from stipple.transport.semi_discrete import Transport, TransportSolver

# Strays may go far, so potentials follow in so many steps: six drawings took 82 diagrams, and 93
# in eight steps.
STEPS = 2
# Diagrams for all of them, and the last solve.
MOST_DIAGRAMS = 600


def move_strays(
    solver: TransportSolver,
    transport: Transport,
    *,
    tolerance: float = 1e-6,
    fixed: Booleans | None = None,
) -> tuple[Transport, int]:
    """Move every point off the ink into the nearest ink of its own power cell.

    Where a dark shape holds no whole number of cells, a cell serves two shapes, and its barycentre
    may lie between them. Cells do not overlap, so points stay apart.

    Parameters
    ----------
    solver : TransportSolver
        The transport solver of the density.
    transport : Transport
        The transport to the points.
    tolerance : float
        Largest relative error of a cell's mass after the move.
    fixed : ndarray of bool, shape (n,), optional
        Points that stay.

    Returns
    -------
    transport : Transport
        To the points as they are now, so that its figures are theirs.
    moved : int
        How many points moved.
    """
    points = place_on_ink(transport)
    if fixed is not None:
        points[fixed] = transport.points[fixed]
    moved = int((points != transport.points).any(axis=1).sum())
    return (move_points(solver, transport, points, tolerance), moved) if moved else (transport, 0)


def move_points(
    solver: TransportSolver, transport: Transport, points: Floats, tolerance: float = 1e-6
) -> Transport:
    """Find the transport to points of which some are far from where they were."""
    way = points - transport.points
    near = transport
    # A transport that long tries did not solve is not solved from here either.
    solver.most_diagrams = solver.diagrams + MOST_DIAGRAMS
    for step in range(1, STEPS):
        between = transport.points + step / STEPS * way
        near = solver.solve(between, tolerance=STEP_TOLERANCE, near=near)
    moved = solver.solve(points, tolerance=tolerance, near=near)
    solver.most_diagrams = np.inf
    return moved


def place_on_ink(transport: Transport) -> Floats:
    """Points of a transport, shape (n, 2), those off the ink in the ink nearest to the barycentre.

    There they go to the middle of what the cell has of that shape: on the very rim dots would
    stick out of it. A point whose cell has no ink, as an unsolved transport may leave one, stays.
    """
    density, cells = transport.density, transport.diagram.cells
    shift = np.zeros_like(transport.points)
    if cells.laps is not None:
        density, shift = cover_cells(density, cells)

    def get_polygon(i: int) -> Floats:
        polygon: Floats = cells.polygon(i) + shift[i]
        return polygon

    points = transport.points + shift
    placed = move_to_ink(density, points, transport.barycentres + shift, get_polygon)
    moved: Floats = transport.points.copy()
    for i in np.flatnonzero((placed != points).any(axis=1)):
        polygon = get_polygon(int(i))
        middle = find_middle_of_piece(density, polygon, placed[i])
        moved[i] = find_nearest_ink(density, polygon, middle) - shift[i]
    return moved
