"""Equal-mass recursive bisection: n boxes of mass exactly 1/n, and the start that they give."""

import numpy as np

from stipple.arrays import Floats, Integers
from stipple.errors import StippleError
from stipple.geometry.cell_integrals import integrate_boxes
from stipple.machine.compiled import compile_loop
from stipple.machine.rows import fill
from stipple.machine.threads import Workers
from stipple.measures.density import Density

# Blocks of fewer points than these are divided to the end.
FEWEST_IN_BLOCK = 4
# Whether the mass of a block is even is seen in so many parts for each point: hatching finer than
# half a cell is grey to the points, coarser hatching is not.
PARTS_OF_POINT = 4


def bisect_mass(density: Density, count: int) -> Floats:
    """Cut the domain into boxes of equal mass by axis-parallel lines, longer side first.

    A box for k points is cut into one for ⌊k/2⌋ and one for the others, with masses in that
    proportion, until each box is for one point.

    Parameters
    ----------
    density : Density
        The density.
    count : int
        How many boxes, at least 1.

    Returns
    -------
    ndarray, shape (count, 4)
        x0, y0, x1, y1 of each box, in pixels, in the order of the tree's leaves, so that boxes
        close in the list are close in the plane.

    Raises
    ------
    StippleError
        If there is no box to make.
    """
    if count < 1:
        raise StippleError(f"The mass must go to at least 1 point, not to {count}.")
    return divide_mass(density.accumulate(), count, 0.0)[0]


def start_from_bisection(
    density: Density, count: int, workers: Workers | None = None
) -> tuple[Floats, Floats]:
    """Place one point at the barycentre of each box of `bisect_mass`, with a first potential.

    Barycentres rather than centres: on a picture with white areas far fewer Voronoi cells of the
    start are then without mass. Two square boxes of half sides a and b side by side meet at their
    common side if their potentials differ by a² − b²; half of that, with a² = 3·σ_x·σ_y, gave the
    fewest diagrams on pictures (docs/solver.md). Threads, if there are any, share the boxes.

    Returns
    -------
    points : ndarray, shape (count, 2)
        In pixels.
    potentials : ndarray, shape (count,)
        In square pixels.
    """
    return start_in_boxes(density, bisect_mass(density, count), workers)


def start_in_boxes(
    density: Density, boxes: Floats, workers: Workers | None = None
) -> tuple[Floats, Floats]:
    """Place one point at the barycentre of each of other boxes, with such potentials."""
    barycentres, spreads = integrate_boxes(density, boxes, workers)
    return barycentres, guess_potentials(spreads)


def guess_potentials(spreads: Floats) -> Floats:
    """Potentials for points in boxes with such variances of x and of y, shape (n,)."""
    potentials: Floats = 1.5 * np.sqrt(spreads.prod(axis=1))
    return potentials


@compile_loop
def divide_mass(image: Floats, count: int, evenness: float) -> tuple[Floats, Integers]:
    """Blocks in the order of the tree, and for how many points each is.

    Blocks for several points are left whole where masses differ by no more than that factor.
    """
    height = image.shape[0] - 1
    width = image.shape[1] - 1
    boxes = np.empty((count, 4))
    counts = np.empty(count, dtype=np.int64)
    # Depth first: the stack holds at most one waiting half for each level of the tree.
    waiting = np.empty((70, 4))
    share = np.empty(70, dtype=np.int64)
    fill(waiting[0], (0.0, 0.0, float(width), float(height)))
    share[0] = count
    depth = 1
    done = 0
    while depth > 0:
        depth -= 1
        x0, y0, x1, y1 = waiting[depth]
        points = share[depth]
        if points == 1 or (
            points >= FEWEST_IN_BLOCK and _is_even(image, x0, y0, x1, y1, points, evenness)
        ):
            fill(boxes[done], (x0, y0, x1, y1))
            counts[done] = points
            done += 1
            continue
        half = points // 2
        across = x1 - x0 >= y1 - y0
        cut = find_part(image, across, x0, y0, x1, y1, half, points)
        if across:
            fill(waiting[depth], (cut, y0, x1, y1))
            fill(waiting[depth + 1], (x0, y0, cut, y1))
        else:
            fill(waiting[depth], (x0, cut, x1, y1))
            fill(waiting[depth + 1], (x0, y0, x1, cut))
        share[depth] = points - half
        share[depth + 1] = half
        depth += 2
    return boxes[:done], counts[:done]


@compile_loop
def _is_even(
    image: Floats, x0: float, y0: float, x1: float, y1: float, points: int, evenness: float
) -> bool:
    """Whether parts of the block, some for each point, differ in mass by that factor at most."""
    if evenness < 1:
        return False
    parts = int(np.sqrt(PARTS_OF_POINT * points))
    width, height = (x1 - x0) / parts, (y1 - y0) / parts
    least, most = np.inf, 0.0
    for row in range(parts):
        top, bottom = y0 + row * height, y0 + (row + 1) * height
        left = measure_strip(image, True, x0, top, x1, bottom, x0)
        for column in range(1, parts + 1):
            right = measure_strip(image, True, x0, top, x1, bottom, x0 + column * width)
            least, most = min(least, right - left), max(most, right - left)
            left = right
        if most > evenness * least:
            return False
    return True


@compile_loop
def find_part(
    image: Floats, across: bool, x0: float, y0: float, x1: float, y1: float, part: float, of: float
) -> float:
    """Where the mass below is part/of of all in the box."""
    low, high = (x0, x1) if across else (y0, y1)
    below = measure_strip(image, across, x0, y0, x1, y1, low)
    total = measure_strip(image, across, x0, y0, x1, y1, high) - below
    return find_cut(image, across, x0, y0, x1, y1, below + total * part / of)


@compile_loop
def find_cut(
    image: Floats, across: bool, x0: float, y0: float, x1: float, y1: float, wanted: float
) -> float:
    """Where the mass below reaches what is wanted, within the box."""
    low, high = (x0, x1) if across else (y0, y1)
    # Between integer borders the mass is linear: find the two that enclose the cut.
    first = int(np.floor(low))
    last = int(np.ceil(high))
    while last - first > 1:
        middle = (first + last) // 2
        if measure_strip(image, across, x0, y0, x1, y1, float(middle)) <= wanted:
            first = middle
        else:
            last = middle
    left = max(low, float(first))
    right = min(high, float(last))
    mass_left = measure_strip(image, across, x0, y0, x1, y1, left)
    rise = measure_strip(image, across, x0, y0, x1, y1, right) - mass_left
    fraction = (wanted - mass_left) / rise if rise > 0 else 0.5
    return left + min(max(fraction, 0.0), 1.0) * (right - left)


@compile_loop
def measure_strip(
    image: Floats, across: bool, x0: float, y0: float, x1: float, y1: float, cut: float
) -> float:
    """Mass left of (or above) the cut, within the box's other side."""
    if across:
        return _corner_mass(image, cut, y1) - _corner_mass(image, cut, y0)
    return _corner_mass(image, x1, cut) - _corner_mass(image, x0, cut)


@compile_loop
def _corner_mass(image: Floats, x: float, y: float) -> float:
    """Mass of [0, x] × [0, y]: bilinear interpolation is exact for constant pixels."""
    column = min(int(x), image.shape[1] - 2)
    row = min(int(y), image.shape[0] - 2)
    fx = x - column
    fy = y - row
    top = image[row, column] * (1 - fx) + image[row, column + 1] * fx
    bottom = image[row + 1, column] * (1 - fx) + image[row + 1, column + 1] * fx
    mass: float = top * (1 - fy) + bottom * fy
    return mass
