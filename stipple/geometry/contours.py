"""Integrals of a piecewise-constant density over polygons, by walks along their edges.

Green's theorem turns ∫_P f dA into ∮_{∂P} F dy with F(x, y) = ∫_s^x f(t, y) dt, where s is any
place, the same for all edges: as near as can be to the cell's point, so that no large numbers are
subtracted. Sums along the rows of pixels give F in constant time, and inside one pixel F is a
polynomial of degree at most 3 along an edge, known by its middle and its half extent. No pixel
inside a polygon is visited.
"""

import numpy as np

from stipple.arrays import Floats, Integers
from stipple.machine.compiled import compile_loop
from stipple.machine.rounding import UNIT_ROUNDING
from stipple.measures.row_sums import BLOCK, STRETCH

# In cells no wider than this, in pixels, those are added one by one; more where proofs are asked.
NARROW = 4.0
NARROW_IN_PROOFS = 64.0
THIRD = 1 / 3
# What may underflow, many times over.
TINY = 1e-290


@compile_loop
def _sum_pixels(
    pixels: Floats, row: int, column: int, first: int, origin: float, start: float
) -> tuple[float, float, float, float]:
    """Border of a column nearest to `start`, in column `first`, and the moments from there to it.

    Pixels are added one by one, which loses no digits, however small the cell.
    """
    sum_0 = 0.0
    sum_1 = 0.0
    sum_2 = 0.0
    here = start
    step = 1 if column > first else -1
    ahead = 1 if column > first else 0
    while first != column:
        there = first + ahead - origin
        mass = pixels[row, first, 3] * (there - here)
        sum_0 += mass
        sum_1 += 0.5 * mass * (there + here)
        sum_2 += THIRD * mass * (there * there + there * here + here * here)
        here = there
        first += step
    return here, sum_0, sum_1, sum_2


@compile_loop
def _sum_blocks(
    blocks: Floats,
    stretches: Floats,
    row: int,
    block: int,
    home: int,
    origin: float,
    absolute: bool,
) -> tuple[float, float, float]:
    """Moments of a row, about `origin`, from the left border of a block to that of another.

    If `absolute`, every term counts positive.
    """
    ratio = STRETCH // BLOCK
    sign = 1.0 if block > home or absolute else -1.0
    here = min(block, home)
    last = max(block, home)
    sum_0 = 0.0
    sum_1 = 0.0
    sum_2 = 0.0
    while here < last:
        shift = here * BLOCK - origin
        if absolute:
            shift = abs(shift)
        if here % ratio == 0 and here + ratio <= last:
            mass, moment, second = stretches[row, here // ratio]
            here += ratio
        else:
            mass, moment, second = blocks[row, here]
            here += 1
        sum_0 += sign * mass
        sum_1 += sign * (moment + shift * mass)
        sum_2 += sign * (second + shift * (2 * moment + shift * mass))
    return sum_0, sum_1, sum_2


@compile_loop
def _sum_row(
    pixels: Floats,
    blocks: Floats,
    stretches: Floats,
    row: int,
    column: int,
    home: int,
    origin: float,
    absolute: bool = False,
) -> tuple[float, float, float]:
    """Moments of a row, about `origin`, from the left border of a block to that of a column."""
    block = column // BLOCK
    shift = block * BLOCK - origin
    if absolute:
        shift = abs(shift)
    sum_0 = pixels[row, column, 0]
    sum_1 = pixels[row, column, 1] + shift * sum_0
    sum_2 = pixels[row, column, 2] + shift * (pixels[row, column, 1] + sum_1)
    if block != home:
        more_0, more_1, more_2 = _sum_blocks(blocks, stretches, row, block, home, origin, absolute)
        sum_0 += more_0
        sum_1 += more_1
        sum_2 += more_2
    return sum_0, sum_1, sum_2


@compile_loop
def integrate_polygons(
    pixels: Floats,
    blocks: Floats,
    stretches: Floats,
    points: Floats,
    offsets: Integers,
    vertices: Floats,
    chosen: Integers,
    sums: Floats,
    edges: Floats,
    bounds: Floats,
    strips: Floats,
) -> None:
    """Fill the sums of the polygons chosen, those of their edges and, if asked for, the bounds.

    The columns of `sums` are ∫ρ, ∫xρ, ∫yρ, ∫x²ρ and ∫y²ρ, the rows of `edges` ∫ρ ds and ∫tρ ds;
    the columns of `bounds` are the errors, the rows of `strips` the strips of `RoundedIntegrals`.
    Coordinates are local to the cell's point throughout; only pixels are looked up by column and
    row, which are counted on from border to border.
    """
    height, width = pixels.shape[:2]
    proves = len(bounds) > 0
    for i in chosen:
        x0, y0 = points[i]
        mass = 0.0
        moment_x = 0.0
        moment_y = 0.0
        second_x = 0.0
        second_y = 0.0
        lowest = np.inf
        highest = -np.inf
        for k in range(offsets[i], offsets[i + 1]):
            lowest = min(lowest, vertices[k, 0])
            highest = max(highest, vertices[k, 0])
        # F starts there, or where that block of columns begins.
        begin = min(max(0.0, lowest), highest)
        first = min(max(int(np.floor(begin + x0)), 0), width - 1) if lowest <= highest else 0
        home = first // BLOCK
        pieces = 0
        # Sums of |dy| times what went into F, and what wrong places may do, for each moment.
        walked_0 = walked_1 = walked_2 = 0.0
        jumped_0 = jumped_1 = jumped_2 = 0.0
        narrow = highest - lowest <= (NARROW_IN_PROOFS if proves else NARROW)
        for k in range(offsets[i], offsets[i + 1]):
            after = k + 1 if k + 1 < offsets[i + 1] else offsets[i]
            # The edge from p to p + d.
            px = vertices[k, 0]
            py = vertices[k, 1]
            dx = vertices[after, 0] - px
            dy = vertices[after, 1] - py
            length = np.sqrt(dx * dx + dy * dy)
            if proves:
                strips[0, k] = 0.0
                strips[1, k] = 0.0
            if length == 0:
                edges[0, k] = 0.0
                edges[1, k] = 0.0
                continue
            ax = px + x0
            ay = py + y0
            column = _find_pixel(ax, px, x0, dx)
            row = _find_pixel(ay, py, y0, dy)
            # An edge along a border between pixels has one on either side.
            twin_x = 0
            twin_y = 0
            if dx == 0 and ax == np.floor(ax) and 0 < ax < width:
                twin_x = -1 if column >= ax else 1
            elif dy == 0 and ay == np.floor(ay) and 0 < ay < height:
                twin_y = -1 if row >= ay else 1
            # The parameters where the edge meets the next borders of pixels.
            step_x = 1 if dx > 0 else -1
            step_y = 1 if dy > 0 else -1
            ahead_x = 1 if dx > 0 else 0
            ahead_y = 1 if dy > 0 else 0
            next_x = (column + ahead_x - x0 - px) / dx if dx != 0 else np.inf
            next_y = (row + ahead_y - y0 - py) / dy if dy != 0 else np.inf
            t = 0.0
            edge_mass = 0.0
            edge_moment = 0.0
            while t < 1.0:
                t_next = min(next_x, next_y, 1.0)
                part = t_next - t
                if part > 0:
                    c = min(max(column, 0), width - 1)
                    r = min(max(row, 0), height - 1)
                    middle = 0.5 * (t + t_next)
                    rho = pixels[r, c, 3]
                    along = rho
                    if twin_x != 0 or twin_y != 0:
                        along = 0.5 * (rho + pixels[r + twin_y, c + twin_x, 3])
                    edge_mass += along * part
                    edge_moment += along * part * middle
                    if dy != 0:
                        if narrow:
                            border, sum_0, sum_1, sum_2 = _sum_pixels(
                                pixels, r, c, first, x0, begin
                            )
                        else:
                            border = c - x0
                            sum_0, sum_1, sum_2 = _sum_row(
                                pixels, blocks, stretches, r, c, home, x0
                            )
                        # Means over the piece, exact by its middle (x, y) and half extent.
                        x = px + middle * dx
                        y = py + middle * dy
                        half_x = 0.5 * part * dx
                        half_y = 0.5 * part * dy
                        more = rho * (x - border)
                        bend = THIRD * rho * half_x
                        f0 = sum_0 + more
                        f1 = sum_1 + 0.5 * (more * (x + border) + bend * half_x)
                        f2 = sum_2 + THIRD * more * (x * x + x * border + border * border)
                        rise = part * dy
                        mass += rise * f0
                        moment_x += rise * f1
                        moment_y += rise * (y * f0 + half_y * bend)
                        second_x += rise * (f2 + x * bend * half_x)
                        second_y += rise * (
                            y * (y * f0 + 2 * half_y * bend) + THIRD * half_y * half_y * f0
                        )
                    if proves:
                        densest, near_0, near_2 = _look_around(
                            pixels, blocks, stretches, r, c, first, home, narrow, x0, begin
                        )
                        # No part of the piece, or of the strip beside it, is farther away.
                        far_x = abs(px + middle * dx) + 0.5 * part * abs(dx)
                        far_y = (
                            abs(py + middle * dy)
                            + 0.5 * part * abs(dy)
                            + 16 * UNIT_ROUNDING * t_next * abs(dy)
                        )
                        strip = part * length * densest
                        strips[0, k] += strip
                        strips[1, k] += strip * ((far_x + 0.5) ** 2 + (far_y + 0.5) ** 2)
                        if dy != 0:
                            if not narrow:
                                sum_0, sum_1, sum_2 = _sum_row(
                                    pixels, blocks, stretches, r, c, home, x0, True
                                )
                            rise = part * abs(dy)
                            far_x += 1 + abs(column - c)
                            own = densest * (1 + abs(column - c) + part * abs(dx))
                            sum_0 = abs(sum_0) + own
                            sum_1 = abs(sum_1) + own * far_x
                            sum_2 = abs(sum_2) + own * far_x**2
                            pieces += 1
                            walked_0 += rise * sum_0
                            walked_1 += rise * (sum_1 + sum_0 * far_y)
                            walked_2 += rise * (sum_2 + sum_0 * far_y**2)
                            near_0 += own
                            near_2 += own * far_x**2
                            # By how much a place may be wrong, in units of rounding.
                            wrong_x = 8 * (far_x + 4 * t_next * abs(dx))
                            wrong_y = 4 * (far_y + 2 * t_next * abs(dy))
                            beside = wrong_x * rise * densest
                            above = wrong_y * near_0
                            jumped_0 += above + beside
                            jumped_1 += above * (far_y + rise) + beside * (far_x + far_y)
                            jumped_1 += wrong_y * np.sqrt(near_0 * near_2)
                            jumped_2 += above * (far_y + 2 * rise) * far_y
                            jumped_2 += wrong_y * near_2 + beside * (far_x**2 + far_y**2)
                    t = t_next
                if next_x <= t_next:
                    column += step_x
                    next_x = (column + ahead_x - x0 - px) / dx
                if next_y <= t_next:
                    row += step_y
                    next_y = (row + ahead_y - y0 - py) / dy
            edges[0, k] = edge_mass * length
            edges[1, k] = edge_moment * length
        sums[i, 0] = mass
        sums[i, 1] = moment_x
        sums[i, 2] = moment_y
        sums[i, 3] = second_x
        sums[i, 4] = second_y
        if proves:
            # docs/certificates.md, "Power cells", counts the roundings.
            count = pieces + 40.0
            if pieces:
                count += highest - lowest if narrow else 300 + width / STRETCH
            bounds[i, 0] = UNIT_ROUNDING * (count * walked_0 + jumped_0) + TINY
            bounds[i, 1] = UNIT_ROUNDING * (count * walked_1 + jumped_1) + TINY
            bounds[i, 2] = UNIT_ROUNDING * (count * walked_2 + jumped_2) + TINY


@compile_loop
def _look_around(
    pixels: Floats,
    blocks: Floats,
    stretches: Floats,
    row: int,
    column: int,
    first: int,
    home: int,
    narrow: bool,
    x0: float,
    begin: float,
) -> tuple[float, float, float]:
    """Largest density among a pixel and those around; what lies in one of the three rows at most.

    That is ∫ρ and ∫x²ρ of all that is added up on the way to the pixel.
    """
    height, width = pixels.shape[:2]
    densest = 0.0
    largest_0 = 0.0
    largest_2 = 0.0
    for r in range(max(row - 1, 0), min(row + 2, height)):
        for c in range(max(column - 1, 0), min(column + 2, width)):
            densest = max(densest, pixels[r, c, 3])
        if narrow:
            _, mass, _, second = _sum_pixels(pixels, r, column, first, x0, begin)
        else:
            mass, _, added = _sum_row(pixels, blocks, stretches, r, column, home, x0, True)
            second = _sum_row(pixels, blocks, stretches, r, column, home, x0)[2]
            # What rounding may have taken from it.
            second = abs(second) + 1e-10 * added
        largest_0 = max(largest_0, abs(mass))
        largest_2 = max(largest_2, abs(second))
    return densest, largest_0, largest_2


@compile_loop
def _find_pixel(place: float, local: float, origin: float, direction: float) -> int:
    """Column (or row) of the pixel that an edge enters where it begins."""
    pixel = int(np.floor(place))
    # The sum that gave the place was rounded.
    if pixel - origin > local:
        pixel -= 1
    elif pixel + 1 - origin <= local:
        pixel += 1
    if direction < 0 and pixel - origin == local:
        pixel -= 1
    return pixel
