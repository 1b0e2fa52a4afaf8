"""Power diagrams as drawings: each edge once, and arrows that end where they should."""

import numpy as np

from stipple.drawing.diagram import compose_diagram
from stipple.drawing.page import place
from stipple.geometry.power_cells import build_power_cells

WIDTH, HEIGHT = 8, 6
POINTS = np.array([[1.0, 2.0], [5.0, 2.0]])
BARYCENTRES = np.array([[1.5, 3.0], [5.5, 3.0]])
PEN = 0.3


def test_a_disc_is_drawn_as_one():
    cells = build_power_cells(POINTS, np.zeros(2), WIDTH, WIDTH)
    placement = place((WIDTH, WIDTH), (2.0 * WIDTH, 2.0 * WIDTH))
    found = compose_diagram(POINTS, BARYCENTRES, cells, placement, PEN, is_disc=True)
    edges, border = found.layers[0].marks
    # Only the line between the points, at x = 3 of 8, cut at the circle of radius 4.
    height = (4**2 - 1) ** 0.5
    ends = np.array(sorted((edges.vertices / 2).tolist()))
    np.testing.assert_allclose(ends, [[3, 4 - height], [3, 4 + height]])
    assert border.closed
    np.testing.assert_allclose(np.hypot(*(border.vertices / 2 - 4).T), 4)


def compose():
    cells = build_power_cells(POINTS, np.zeros(2), WIDTH, HEIGHT)
    placement = place((HEIGHT, WIDTH), (2.0 * WIDTH, 2.0 * HEIGHT))  # 2 mm a pixel
    return compose_diagram(POINTS, BARYCENTRES, cells, placement, PEN)


def test_each_edge_once():
    (lines,) = compose().layers[0].marks
    ends = lines.vertices.reshape(-1, 2, 2) / 2
    found = sorted(tuple(sorted(map(tuple, edge.round(9).tolist()))) for edge in ends)
    assert found == [
        ((0, 0), (0, 6)),
        ((0, 0), (3, 0)),
        ((0, 6), (3, 6)),
        ((3, 0), (3, 6)),  # between the two points
        ((3, 0), (8, 0)),
        ((3, 6), (8, 6)),
        ((8, 0), (8, 6)),
    ]
    assert lines.width == PEN / 2


def test_arrows_go_from_points_to_barycentres():
    _, arrows, points = compose().layers
    (lines,) = arrows.marks
    paths = lines.vertices.reshape(2, 5, 2) / 2  # tail, head, barb, head, barb
    np.testing.assert_allclose(paths[:, 0], POINTS)
    np.testing.assert_allclose(paths[:, [1, 3]], np.stack([BARYCENTRES] * 2, axis=1))
    # Barbs are a quarter as long as the arrow, and lie behind its head, one on each side.
    shift = (BARYCENTRES - POINTS)[:, None]
    barbs = paths[:, [2, 4]] - BARYCENTRES[:, None]
    along = (barbs * shift).sum(axis=2) / (shift**2).sum(axis=2)
    normal = shift[..., ::-1] * (-1, 1)
    across = (barbs * normal).sum(axis=2) / (shift**2).sum(axis=2)
    np.testing.assert_allclose(along, -0.25 * np.cos(0.5))
    np.testing.assert_allclose(sorted(across[0]), 0.25 * np.sin(0.5) * np.array([-1, 1]))
    (dots,) = points.marks
    np.testing.assert_allclose(dots.centres / 2, POINTS)
    np.testing.assert_allclose(dots.radii, 1.5 * PEN)
