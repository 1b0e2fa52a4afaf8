"""Points in space as drawings: slices of the volume with the points near them, and turned round."""

import numpy as np

from stipple.arrays import Floats
from stipple.drawing.marks import Dots, Drawing, Layer, Polygons, Polylines
from stipple.geometry.power_polyhedra import PowerPolyhedra
from stipple.measures.volume import VolumeDensity
from stipple.volumes.sections import cut_borders

# How many slices are shown, in so many columns, each so wide or high with a gap; in millimetres.
SLICES, COLUMNS, SIDE, GAP = 6, 3, 60.0, 4.0
FEW_SLICES = 5
# Of a slice no more squares than this along a side are drawn, in so many greys up to the darkest.
FINEST, GREYS, DARKEST = 64, 9, 0.45
POINT_COLOUR, FRAME_COLOUR = "#b0282e", "#404040"
# Balls of points have this part of the radius that would fill the volume.
BALL = 0.3
# Views of a turn; how far it is seen from above, in radians; shades of as many points each, the
# farthest first.
VIEWS, TILT = 36, 0.35
TURNED = 0.5  # radians, where there is one view
SHADES = ("#c9d4e0", "#b3c2d3", "#9cb0c7", "#859fba", "#6c8bac", "#54779d", "#3b608a", "#1f4374")
LINE = 0.2  # millimetres


def measure_balls(density: VolumeDensity, weights: Floats) -> Floats:
    """Radii of balls, one for each point, whose volumes are as their masses, shape (n,).

    None is wider than the box.
    """
    radii = BALL * np.cbrt(3 / (4 * np.pi) * density.support_volume * weights)
    seen: Floats = np.minimum(radii, density.size.min() / 2)
    return seen


def compose_slices(
    density: VolumeDensity, points: Floats, radii: Floats, cells: PowerPolyhedra | None = None
) -> Drawing:
    """Draw slices across z, the first on top at the left, each with the balls that it cuts.

    Parameters
    ----------
    density : VolumeDensity
        Drawn grey, the denser the darker.
    points : ndarray, shape (n, 3)
        In its unit.
    radii : ndarray, shape (n,)
        Of balls about them: each slice shows the balls in its part of the depth, as discs whose
        radius falls with the distance.
    cells : PowerPolyhedra, optional
        Whose borders are drawn where they meet the middle of each slice.
    """
    slices = len(density.values)
    # A density without slices is cut where whole balls lie between, one slice in the middle.
    apart = max(1, int(density.size[2] / (2 * radii.max())))
    count = min(SLICES, slices) if slices > 1 else min(FEW_SLICES, apart)
    columns = min(COLUMNS, count)
    scale = SIDE / density.size[:2].max()
    panel = scale * density.size[:2] + GAP
    depth = density.size[2] / count
    squares: list[list[Floats]] = [[] for _ in range(GREYS)]
    frames, centres, discs, borders = [], [], [], []
    for number in range(count):
        origin = GAP + panel * (number % columns, number // columns)
        _add_squares(
            density.values[int((number + 0.5) * slices / count)], origin, scale, density, squares
        )
        frames.append(origin + scale * density.size[:2] * [[0, 0], [1, 0], [1, 1], [0, 1]])
        if cells is not None:
            borders.append(origin + scale * cut_borders(cells, (number + 0.5) * depth))
        away = np.abs(points[:, 2] - (number + 0.5) * depth) / (depth / 2)
        near = away < 1
        centres.append(origin + scale * points[near, :2])
        discs.append(scale * radii[near] * np.sqrt(1 - away[near] ** 2))
    layers = [
        Layer(f"density {level + 1}", _shade(level), (_join(shapes),))
        for level, shapes in enumerate(squares)
        if shapes
    ]
    sides = Polylines(np.concatenate(frames), np.arange(0, 4 * count + 1, 4), LINE, closed=True)
    layers.append(Layer("slices", FRAME_COLOUR, (sides,)))
    if borders:
        ends = np.concatenate(borders).reshape(-1, 2)
        lines = Polylines(ends, np.arange(0, len(ends) + 1, 2), LINE)
        layers.append(Layer("cells", FRAME_COLOUR, (lines,)))
    layers.append(
        Layer("points", POINT_COLOUR, (Dots(np.concatenate(centres), np.concatenate(discs)),))
    )
    width, height = GAP + panel * (columns, -(-count // columns))
    return Drawing(float(width), float(height), "#ffffff", tuple(layers))


def compose_turn(density: VolumeDensity, points: Floats, radii: Floats) -> list[Drawing]:
    """Draw the points from all around, z upwards; those behind are lighter.

    Parameters
    ----------
    density : VolumeDensity
        Its box is drawn.
    points : ndarray, shape (n, 3)
        In its unit.
    radii : ndarray, shape (n,)
        Of balls about them.
    """
    return [compose_view(density, points, radii, 2 * np.pi * view / VIEWS) for view in range(VIEWS)]


def compose_view(
    density: VolumeDensity, points: Floats, radii: Floats, angle: float = TURNED
) -> Drawing:
    """Draw the points from one side, as `compose_turn` does from all; turned by so many radians."""
    half = density.size / 2
    ends = np.array([[(corner >> axis) & 1 for axis in range(3)] for corner in range(8)])
    edges = [(a, b) for a in range(8) for b in range(a) if (ends[a] != ends[b]).sum() == 1]
    corners = (2 * ends - 1)[np.array(edges).ravel()] * half
    reach = float(np.sqrt((half**2).sum()))
    scale = SIDE / reach
    turn = _turn(angle)
    across, depths = _project(points - half, turn, scale)
    lines, _ = _project(corners, turn, scale)
    order = np.argsort(-depths)
    layers = [Layer("box", FRAME_COLOUR, (Polylines(lines, np.arange(0, 25, 2), LINE),))]
    for level, seen in enumerate(np.array_split(order, len(SHADES))):
        dots = Dots(across[seen], scale * radii[seen])
        layers.append(Layer(f"points {level + 1}", SHADES[level], (dots,)))
    side = 2 * (SIDE + GAP)
    return Drawing(side, side, "#ffffff", tuple(layers))


def _add_squares(
    values: Floats,
    origin: Floats,
    scale: float,
    density: VolumeDensity,
    squares: list[list[Floats]],
) -> None:
    """Add the squares of a slice to those of their greys, several voxels in one where many are."""
    step = np.maximum(1, -(-np.array(values.shape) // FINEST))
    rows, columns = (np.arange(0, size, one) for size, one in zip(values.shape, step, strict=True))
    sums = np.add.reduceat(np.add.reduceat(values, rows, axis=0), columns, axis=1)
    y = np.append(rows, values.shape[0]) * scale * density.spacing[1] + origin[1]
    x = np.append(columns, values.shape[1]) * scale * density.spacing[0] + origin[0]
    means = sums / np.outer(
        np.diff(np.append(rows, values.shape[0])), np.diff(np.append(columns, values.shape[1]))
    )
    levels = np.ceil(means * GREYS).astype(int)  # the densest voxel is 1
    for j, i in zip(*np.nonzero(levels), strict=True):
        squares[levels[j, i] - 1].append(
            np.array([[x[i], y[j]], [x[i + 1], y[j]], [x[i + 1], y[j + 1]], [x[i], y[j + 1]]])
        )


def _shade(level: int) -> str:
    grey = round(255 * (1 - DARKEST * (level + 1) / GREYS))
    return f"#{grey:02x}{grey:02x}{grey:02x}"


def _join(squares: list[Floats]) -> Polygons:
    return Polygons(np.concatenate(squares), np.arange(0, 4 * len(squares) + 1, 4))


def _turn(angle: float) -> Floats:
    """Across the page, up on it, and away from it, as rows, shape (3, 3)."""
    cos, sin = np.cos(angle), np.sin(angle)
    up, away = np.cos(TILT), np.sin(TILT)
    return np.array([[cos, sin, 0], [-away * sin, away * cos, up], [-up * sin, up * cos, -away]])


def _project(places: Floats, turn: Floats, scale: float) -> tuple[Floats, Floats]:
    """Places on the page, shape (k, 2), and how far behind its middle they are, shape (k,)."""
    seen = places @ turn.T
    return SIDE + GAP + scale * seen[:, :2] * [1, -1], seen[:, 2]
