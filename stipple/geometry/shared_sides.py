"""Integrals of a piecewise-constant density over power cells, each side walked once for both.

As in `contours`, but cells count from the border of the block of columns that they are in, so that
what a walk along a side adds to one cell it takes from the other.
"""

import numpy as np

from stipple.arrays import Booleans, Floats, Integers
from stipple.geometry.contours import THIRD
from stipple.machine.compiled import compile_loop
from stipple.measures.even_tiles import TILE, add_beside
from stipple.measures.row_sums import BLOCK

# Widths and heights in pixels of cells that count from borders: smaller cells would lose digits,
# and are walked around as fast alone; wider ones reach over many blocks.
NARROWEST, WIDEST = BLOCK / 16, 8.0 * BLOCK
# Sides whose ends agree to this, in pixels, are the same in both cells: what they differ by counts
# with all the mass from the border of the block.
SAME = 1e-14
# Sides that cross fewer borders of pixels, about, are walked pixel by pixel where there is ink.
LONG = 6.0
# Cells in a group: only within one are sides shared, so that threads change nothing.
GROUP = 1024
ALONE = -1


@compile_loop
def integrate_piece(
    rho: float,
    border: float,
    sum_0: float,
    sum_1: float,
    sum_2: float,
    x: float,
    y: float,
    run: float,
    rise: float,
) -> tuple[float, float, float, float, float]:
    """∮ of ρ, xρ, yρ, x²ρ and y²ρ along a piece where ρ is the same, right of a border.

    `sum_0` to `sum_2` are ∫ρ, ∫xρ and ∫x²ρ along the row left of the border. Means over the piece
    are exact by its middle (x, y) and half extent.
    """
    half_x = 0.5 * run
    half_y = 0.5 * rise
    more = rho * (x - border)
    bend = THIRD * rho * half_x
    turn = half_y * bend
    f0 = sum_0 + more
    f1 = sum_1 + 0.5 * (more * (x + border) + bend * half_x)
    f2 = sum_2 + THIRD * more * (x * (x + border) + border * border)
    return (
        rise * f0,
        rise * f1,
        rise * (y * f0 + turn),
        rise * (f2 + x * bend * half_x),
        rise * (y * (y * f0 + 2 * turn) + THIRD * half_y * half_y * f0),
    )


@compile_loop
def integrate_groups(
    pixels: Floats,
    blocks: Floats,
    even: Floats,
    beside: Floats,
    points: Floats,
    offsets: Integers,
    neighbours: Integers,
    vertices: Floats,
    start: int,
    stop: int,
    sums: Floats,
    edges: Floats,
    alone: Booleans,
) -> None:
    """Fill the sums of the cells in groups start..stop, and those of their edges.

    The columns of `sums` and the rows of `edges` are those of `integrate_polygons`. Cells that it
    is for are marked as `alone`.
    """
    height, width = pixels.shape[:2]
    has_even = len(beside) > 0
    columns = np.empty(GROUP, dtype=np.int64)
    rows = np.empty(GROUP, dtype=np.int64)
    for group in range(start, stop):
        first = group * GROUP
        last = min(first + GROUP, len(points))
        # The block in which each cell has its middle, and the row.
        for i in range(first, last):
            low_x = low_y = np.inf
            high_x = high_y = -np.inf
            for k in range(offsets[i], offsets[i + 1]):
                low_x = min(low_x, vertices[k, 0])
                high_x = max(high_x, vertices[k, 0])
                low_y = min(low_y, vertices[k, 1])
                high_y = max(high_y, vertices[k, 1])
            columns[i - first] = ALONE
            least = min(high_x - low_x, high_y - low_y)
            if least >= NARROWEST and high_x - low_x <= WIDEST:
                columns[i - first] = (points[i, 0] + 0.5 * (low_x + high_x)) / BLOCK
                rows[i - first] = points[i, 1] + 0.5 * (low_y + high_y)
        sums[first:last] = 0.0
        edges_before = offsets[first]
        done = np.zeros(offsets[last] - edges_before, dtype=np.bool_)
        for i in range(first, last):
            home = columns[i - first]
            if home == ALONE:
                alone[i] = True
                continue
            # The cell's point, and all that follows, from the border of the block and that row.
            origin_x = home * BLOCK
            origin_y = rows[i - first]
            x0 = points[i, 0] - origin_x
            y0 = points[i, 1] - origin_y
            for k in range(offsets[i], offsets[i + 1]):
                if done[k - edges_before]:
                    continue
                after = k + 1 if k + 1 < offsets[i + 1] else offsets[i]
                # The same side in the other cell.
                j = neighbours[k]
                mate = -1
                if i < j < last and columns[j - first] == home:
                    for other in range(offsets[j], offsets[j + 1]):
                        if neighbours[other] == i:
                            end = other + 1 if other + 1 < offsets[j + 1] else offsets[j]
                            a = points[j, 0] - points[i, 0]
                            b = points[j, 1] - points[i, 1]
                            if (
                                abs(vertices[end, 0] + a - vertices[k, 0]) <= SAME
                                and abs(vertices[end, 1] + b - vertices[k, 1]) <= SAME
                                and abs(vertices[other, 0] + a - vertices[after, 0]) <= SAME
                                and abs(vertices[other, 1] + b - vertices[after, 1]) <= SAME
                                and not done[other - edges_before]
                            ):
                                mate = other
                            break
                # The edge from p to p + d.
                px = vertices[k, 0] + x0
                py = vertices[k, 1] + y0
                dx = vertices[after, 0] - vertices[k, 0]
                dy = vertices[after, 1] - vertices[k, 1]
                column = int(np.floor(px))
                row = int(np.floor(py))
                # An edge along a border between pixels has one on either side.
                twin_x = 0
                twin_y = 0
                if dx == 0 and column == px and 0 < column + origin_x < width:
                    twin_x = -1
                elif dy == 0 and row == py and 0 < row + origin_y < height:
                    twin_y = -1
                if dx < 0 and column == px:
                    column -= 1
                if dy < 0 and row == py:
                    row -= 1
                # The parameters where the edge meets the next borders of pixels.
                step_x = 1 if dx > 0 else -1
                step_y = 1 if dy > 0 else -1
                ahead_x = 1 if dx > 0 else 0
                ahead_y = 1 if dy > 0 else 0
                slope_x = 1 / dx if dx != 0 else np.inf
                slope_y = 1 / dy if dy != 0 else np.inf
                next_x = (column + ahead_x - px) * slope_x if dx != 0 else np.inf
                next_y = (row + ahead_y - py) * slope_y if dy != 0 else np.inf
                t = 0.0
                edge_mass = 0.0
                edge_moment = 0.0
                mass = 0.0
                moment_x = 0.0
                moment_y = 0.0
                second_x = 0.0
                second_y = 0.0
                may_skip = has_even and twin_x == 0 and twin_y == 0
                while t < 1.0:
                    t_next = min(next_x, next_y, 1.0)
                    c = column + origin_x
                    r = row + origin_y
                    if may_skip and t_next < 1.0 and 0 <= c < width and 0 <= r < height:
                        tile = c // TILE
                        band = r // TILE
                        rho = even[band, tile]
                        if rho == 0 or (rho > 0 and abs(dx) + abs(dy) >= LONG):
                            # To where the edge leaves the tile.
                            border_x = (tile + ahead_x) * TILE - origin_x
                            border_y = (band + ahead_y) * TILE - origin_y
                            out_x = (border_x - px) * slope_x if dx != 0 else np.inf
                            out_y = (border_y - py) * slope_y if dy != 0 else np.inf
                            t_next = min(out_x, out_y, 1.0)
                            if dy != 0:
                                more, more_x, more_y, more_xx, more_yy = add_beside(
                                    beside,
                                    band,
                                    tile,
                                    home,
                                    origin_y,
                                    py + t * dy,
                                    py + t_next * dy,
                                )
                                mass += more
                                moment_x += more_x
                                moment_y += more_y
                                second_x += more_xx
                                second_y += more_yy
                            if rho > 0:
                                along = (t_next - t) * rho
                                edge_mass += along
                                edge_moment += along * (0.5 * (t + t_next))
                                more, more_x, more_y, more_xx, more_yy = integrate_piece(
                                    rho,
                                    float(tile * TILE - origin_x),
                                    0.0,
                                    0.0,
                                    0.0,
                                    px + 0.5 * (t + t_next) * dx,
                                    py + 0.5 * (t + t_next) * dy,
                                    (t_next - t) * dx,
                                    (t_next - t) * dy,
                                )
                                mass += more
                                moment_x += more_x
                                moment_y += more_y
                                second_x += more_xx
                                second_y += more_yy
                            t = t_next
                            column = int(np.floor(px + t * dx))
                            row = int(np.floor(py + t * dy))
                            next_x = (column + ahead_x - px) * slope_x if dx != 0 else np.inf
                            next_y = (row + ahead_y - py) * slope_y if dy != 0 else np.inf
                            # A border that it just passed is not ahead.
                            if next_x <= t:
                                column += step_x
                                next_x = (column + ahead_x - px) * slope_x
                            if next_y <= t:
                                row += step_y
                                next_y = (row + ahead_y - py) * slope_y
                            continue
                    part = t_next - t
                    if part > 0:
                        c = min(max(c, 0), width - 1)
                        r = min(max(r, 0), height - 1)
                        middle = 0.5 * (t + t_next)
                        rho = pixels[r, c, 3]
                        along = part * rho
                        if twin_x != 0 or twin_y != 0:
                            along = 0.5 * (along + part * pixels[r + twin_y, c + twin_x, 3])
                        edge_mass += along
                        edge_moment += along * middle
                        # ∫ρ, ∫xρ and ∫x²ρ along the row, from the border of the block to the pixel.
                        sum_0 = pixels[r, c, 0]
                        sum_1 = pixels[r, c, 1]
                        sum_2 = pixels[r, c, 2]
                        block = c // BLOCK
                        if block != home:
                            shift = float((block - home) * BLOCK)
                            sum_2 += shift * (2 * sum_1 + shift * sum_0)
                            sum_1 += shift * sum_0
                            sign = 1.0 if block > home else -1.0
                            for b in range(min(block, home), max(block, home)):
                                shift = float((b - home) * BLOCK)
                                more = sign * blocks[r, b, 0]
                                more_1 = sign * blocks[r, b, 1] + shift * more
                                sum_2 += sign * blocks[r, b, 2] + shift * (
                                    sign * blocks[r, b, 1] + more_1
                                )
                                sum_1 += more_1
                                sum_0 += more
                        more, more_x, more_y, more_xx, more_yy = integrate_piece(
                            rho,
                            float(c - origin_x),
                            sum_0,
                            sum_1,
                            sum_2,
                            px + middle * dx,
                            py + middle * dy,
                            part * dx,
                            part * dy,
                        )
                        mass += more
                        moment_x += more_x
                        moment_y += more_y
                        second_x += more_xx
                        second_y += more_yy
                        t = t_next
                    if next_x <= t_next:
                        column += step_x
                        next_x = (column + ahead_x - px) * slope_x
                    if next_y <= t_next:
                        row += step_y
                        next_y = (row + ahead_y - py) * slope_y
                length = np.sqrt(dx * dx + dy * dy)
                edges[0, k] = edge_mass * length
                edges[1, k] = edge_moment * length
                sums[i, 0] += mass
                sums[i, 1] += moment_x
                sums[i, 2] += moment_y
                sums[i, 3] += second_x
                sums[i, 4] += second_y
                if mate >= 0:
                    done[mate - edges_before] = True
                    edges[0, mate] = edge_mass * length
                    edges[1, mate] = (edge_mass - edge_moment) * length
                    shift = float(rows[j - first] - origin_y)
                    sums[j, 0] -= mass
                    sums[j, 1] -= moment_x
                    sums[j, 2] -= moment_y - shift * mass
                    sums[j, 3] -= second_x
                    sums[j, 4] -= second_y - shift * (2 * moment_y - shift * mass)
            # From there to the cell's point.
            sums[i, 3] -= x0 * (2 * sums[i, 1] - x0 * sums[i, 0])
            sums[i, 4] -= y0 * (2 * sums[i, 2] - y0 * sums[i, 0])
            sums[i, 1] -= x0 * sums[i, 0]
            sums[i, 2] -= y0 * sums[i, 0]
