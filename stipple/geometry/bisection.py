"""Equal-mass recursive bisection: n boxes of mass exactly 1/n, and the start that they give."""

import numpy as np

from stipple.arrays import Floats
from stipple.errors import StippleError
from stipple.geometry.cell_integrals import integrate_boxes
from stipple.machine.compiled import compile_loop
from stipple.measures.density import Density

# Points that will move start this far from the barycentres of their boxes, at most, in standard
# deviations along each axis: about .6 of the radius of a cell.
SHIFT = 1.2
# They go no farther than this part of the way to the border of the box.
INSIDE = 0.9
# Boxes with ink on less than this part of their area are no part of a lattice: edges of shapes
# break it, and points shifted off narrow shapes have cells far from their mass.
FULL = 0.8
# Up to here points have local minima that differ, and starts take no time: several are tried.
FEW_POINTS = 128
FEW_STARTS = 6


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
    return _bisect(density.integral_image, count)


def start_from_bisection(density: Density, count: int) -> tuple[Floats, Floats]:
    """Place one point at the barycentre of each box of `bisect_mass`, with a first potential.

    Barycentres rather than centres: on a picture with white areas far fewer Voronoi cells of the
    start are then without mass. Two square boxes of half sides a and b side by side meet at their
    common side if their potentials differ by a² − b²; half of that, with a² = 3·σ_x·σ_y, gave the
    fewest diagrams on pictures (docs/solver.md).

    Returns
    -------
    points : ndarray, shape (count, 2)
        In pixels.
    potentials : ndarray, shape (count,)
        In square pixels.
    """
    return start_in_boxes(density, bisect_mass(density, count))


def start_in_boxes(density: Density, boxes: Floats) -> tuple[Floats, Floats]:
    """Place one point at the barycentre of each of other boxes, with such potentials."""
    barycentres, spreads = integrate_boxes(density, boxes)
    return barycentres, 1.5 * np.sqrt(spreads.prod(axis=1))


def place_near_bisection(density: Density, count: int, seed: int) -> list[tuple[Floats, Floats]]:
    """Place points that will move near those of `start_from_bisection`, in several ways if few.

    The barycentres of equal boxes can be critical points that are no minimum: lattices, under
    densities that are flat, graded or symmetric. Each point is shifted at random, and stays
    inside its box; of many points those in boxes with white stay, for there is no lattice.

    Parameters
    ----------
    density : Density
        The density.
    count : int
        How many points, at least 1.
    seed : int
        Seed of the shifts.

    Returns
    -------
    list of (points, potentials)
        As from `start_from_bisection`.
    """
    boxes = bisect_mass(density, count)
    barycentres, spreads = integrate_boxes(density, boxes)
    potentials = 1.5 * np.sqrt(spreads.prod(axis=1))
    few = count <= FEW_POINTS
    longest = SHIFT * np.sqrt(spreads)
    if not few:
        longest[_measure_ink(density, boxes) < FULL] = 0.0
    generator = np.random.default_rng(seed)
    starts = []
    for _ in range(FEW_STARTS if few else 1):
        shift = longest * generator.uniform(-1.0, 1.0, spreads.shape)
        low, high = INSIDE * (boxes[:, :2] - barycentres), INSIDE * (boxes[:, 2:] - barycentres)
        shift = np.clip(shift, low, high)
        starts.append((barycentres + shift, potentials))
    return starts


def _measure_ink(density: Density, boxes: Floats) -> Floats:
    """Part of the area of each box where there is mass."""
    image = np.zeros((density.height + 1, density.width + 1))
    image[1:, 1:] = (density.values > 0).cumsum(axis=0).cumsum(axis=1)
    inked = _measure_boxes(image, boxes)
    areas = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1)
    shares: Floats = np.divide(inked, areas, out=np.zeros_like(areas), where=areas > 0)
    return shares


@compile_loop
def _measure_boxes(image: Floats, boxes: Floats) -> Floats:
    """Mass of each box."""
    masses = np.empty(len(boxes))
    for i in range(len(boxes)):
        x0, y0, x1, y1 = boxes[i]
        masses[i] = measure_strip(image, True, x0, y0, x1, y1, x1) - measure_strip(
            image, True, x0, y0, x1, y1, x0
        )
    return masses


@compile_loop
def _bisect(image: Floats, count: int) -> Floats:
    height = image.shape[0] - 1
    width = image.shape[1] - 1
    boxes = np.empty((count, 4))
    # Depth first: the stack holds at most one waiting half for each level of the tree.
    waiting = np.empty((70, 4))
    share = np.empty(70, dtype=np.int64)
    waiting[0] = (0.0, 0.0, float(width), float(height))
    share[0] = count
    depth = 1
    done = 0
    while depth > 0:
        depth -= 1
        x0, y0, x1, y1 = waiting[depth]
        points = share[depth]
        if points == 1:
            boxes[done] = (x0, y0, x1, y1)
            done += 1
            continue
        half = points // 2
        across = x1 - x0 >= y1 - y0
        low, high = (x0, x1) if across else (y0, y1)
        below = measure_strip(image, across, x0, y0, x1, y1, low)
        total = measure_strip(image, across, x0, y0, x1, y1, high) - below
        wanted = below + total * half / points
        cut = find_cut(image, across, x0, y0, x1, y1, wanted)
        if across:
            waiting[depth] = (cut, y0, x1, y1)
            waiting[depth + 1] = (x0, y0, cut, y1)
        else:
            waiting[depth] = (x0, cut, x1, y1)
            waiting[depth + 1] = (x0, y0, x1, cut)
        share[depth] = points - half
        share[depth + 1] = half
        depth += 2
    return boxes


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
