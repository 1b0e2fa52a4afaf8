"""Power diagrams as drawings: edges of cells, and arrows from points to barycentres."""

import numpy as np

from stipple.arrays import Floats
from stipple.drawing.marks import Dots, Drawing, Layer, Polylines
from stipple.drawing.page import Placement
from stipple.geometry.power_cells import PowerCells

CELL_COLOUR = "#808080"
ARROW_COLOUR = "#c00000"
# Sides of the polygon that is drawn for a circle.
BORDER_SIDES = 180


def compose_diagram(
    points: Floats,
    barycentres: Floats,
    cells: PowerCells,
    placement: Placement,
    pen_width: float,
    *,
    is_disc: bool = False,
) -> Drawing:
    """Compose points, their power cells, and arrows from points to barycentres.

    As in Figure 1 of Mérigot, Santambrogio, Sarrazin (NeurIPS 2021).

    Parameters
    ----------
    points, barycentres : ndarray, shape (n, 2)
        Each point, and the barycentre of its cell, in pixels.
    cells : PowerCells
        The cells.
    placement : Placement
        Where the picture lies on the page.
    pen_width : float
        Width of lines, in millimetres; dots are three times as wide.
    is_disc : bool
        Whether the domain is the disc inscribed in the rectangle of the cells: edges end at its
        border, which is drawn.
    """
    tails = placement.to_page(points)
    shift = placement.to_page(barycentres) - tails
    # A head of two strokes at 30 degrees, a quarter of the length of the arrow.
    turn = np.array([[np.cos(0.5), np.sin(0.5)], [-np.sin(0.5), np.cos(0.5)]])
    heads = tails + shift
    barbs = [heads - 0.25 * shift @ turn, heads - 0.25 * shift @ turn.T]
    arrows = np.stack([tails, heads, barbs[0], heads, barbs[1]], axis=1).reshape(-1, 2)
    radii = np.full(len(tails), 1.5 * pen_width)
    draw = _draw_disc if is_disc else _draw_rectangle
    edges = draw(cells, placement, pen_width / 2)
    layers = (
        Layer("cells", CELL_COLOUR, edges),
        Layer("arrows", ARROW_COLOUR, (_draw_lines(arrows, 5, pen_width),)),
        Layer("points", "#000000", (Dots(tails, radii),)),
    )
    return Drawing(placement.width, placement.height, "#ffffff", layers)


def draw_edges(cells: PowerCells, placement: Placement, width: float) -> Polylines:
    """Draw every edge of a diagram once, with a pen of that many millimetres."""
    return _draw_lines(placement.to_page(_collect_edges(cells)), 2, width)


def _draw_rectangle(cells: PowerCells, placement: Placement, width: float) -> tuple[Polylines, ...]:
    return (draw_edges(cells, placement, width),)


def _draw_disc(cells: PowerCells, placement: Placement, width: float) -> tuple[Polylines, ...]:
    """Draw the edges within the inscribed disc, and its border."""
    half = np.array([cells.width, cells.height]) / 2
    edges = _cut_to_disc((_collect_edges(cells) / half - 1).reshape(-1, 2, 2))
    angles = 2 * np.pi * np.arange(BORDER_SIDES) / BORDER_SIDES
    border = np.column_stack([np.cos(angles), np.sin(angles)])
    return (
        _draw_lines(placement.to_page((edges.reshape(-1, 2) + 1) * half), 2, width),
        Polylines(
            placement.to_page((border + 1) * half), np.array([0, BORDER_SIDES]), width, closed=True
        ),
    )


def _cut_to_disc(edges: Floats) -> Floats:
    """Cut segments, shape (k, 2, 2), to the unit disc; those outside are left out."""
    start, along = edges[:, 0], edges[:, 1] - edges[:, 0]
    square = np.maximum((along**2).sum(axis=1), np.finfo(float).tiny)
    middle = -(start * along).sum(axis=1) / square
    nearest = start + middle[:, None] * along
    reach = np.sqrt(np.maximum(1 - (nearest**2).sum(axis=1), 0) / square)
    first, last = np.maximum(middle - reach, 0), np.minimum(middle + reach, 1)
    inside = first < last
    ends = np.stack([first, last], axis=1)[inside]
    cut: Floats = start[inside, None] + ends[..., None] * along[inside, None]
    return cut


def _draw_lines(vertices: Floats, corners: int, width: float) -> Polylines:
    """Lines of equally many corners each."""
    return Polylines(vertices, np.arange(0, len(vertices) + 1, corners), width)


def _collect_edges(cells: PowerCells) -> Floats:
    """Both ends of every edge of the diagram, each edge once, shape (2·edges, 2), in pixels."""
    owner, ends = cells.list_edges()
    corners = cells.vertices + cells.points[owner]
    neighbour = cells.adjacency.neighbours
    once = (neighbour < 0) | (neighbour > owner)
    if cells.laps is not None:
        # Those between copies of one cell come twice.
        once |= neighbour == owner
    edges: Floats = np.stack([corners[once], corners[ends[once]]], axis=1)
    if cells.laps is not None:
        # Wherever a copy of an edge reaches into the box.
        size = np.array([cells.width, cells.height])
        shifts = (np.indices((3, 3)).reshape(2, -1).T - 1) * size
        edges = (edges + shifts[:, None, None, :]).reshape(-1, 2, 2)
        seen = (edges.max(axis=1) > 0) & (edges.min(axis=1) < size)
        edges = edges[seen.all(axis=1)]
    return edges.reshape(-1, 2)
