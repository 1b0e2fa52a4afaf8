"""Where points that will move begin: in staggered rows where the density is flat, else in boxes."""

from typing import NamedTuple

import numpy as np

from stipple.arrays import Booleans, Floats, Integers
from stipple.geometry.bisection import divide_mass, find_part, guess_potentials, measure_strip
from stipple.geometry.cell_integrals import integrate_boxes
from stipple.machine.compiled import compile_loop
from stipple.machine.rows import fill
from stipple.machine.threads import Workers
from stipple.measures.density import Density

# Masses of the parts of a block that is filled with rows differ at most by this factor.
EVENNESS = 2.0
# Points alone in their boxes start this far from the barycentres, at most, in standard deviations
# along each axis: about .6 of the radius of a cell.
SHIFT = 1.2
# They go no farther than this part of the way to the border of the box.
INSIDE = 0.9
# Boxes with ink on less than this part of their area are no part of a lattice: edges of shapes
# break it, and points shifted off narrow shapes have cells far from their mass.
FULL = 0.8
# Points of rows that end at the border of the picture, a quarter of a place from it and three
# quarters in turn, move from it and towards it: by this part of a place, each one farther in by
# this part of the one before. On flat paper 2,000 points have settled so, and 20,000.
WALL_SHIFT, WALL_DECAY = 0.165, 0.38
# Up to here points have local minima that differ, and starts take no time: several are tried.
FEW_POINTS = 128
FEW_STARTS = 6


def place_near_bisection(
    density: Density,
    count: int,
    seed: int,
    *,
    in_rows: bool = True,
    workers: Workers | None = None,
) -> list[tuple[Floats, Floats]]:
    """Place points that will move where the bisection has them, better where it is flat.

    Blocks of the bisection in which the density is flat are filled with staggered rows, whose
    cells are hexagons nearly. Elsewhere points are near the barycentres of their boxes, which can
    be critical and no minimum: lattices, under densities that are graded or symmetric. So each is
    shifted at random, and stays inside its box; of many points those in boxes with white stay,
    for there is no lattice.

    Parameters
    ----------
    density : Density
        The density.
    count : int
        How many points, at least 1.
    seed : int
        Seed of the shifts, and of which blocks are mirrored.
    in_rows : bool
        Whether to fill flat blocks with rows.
    workers : Workers, optional
        Threads that share the boxes.

    Returns
    -------
    list of (points, potentials)
        As from `start_from_bisection`; several if the points are few.
    """
    generator = np.random.default_rng(seed)
    many = count > FEW_POINTS
    tries = [EVENNESS if in_rows else 0.0, *[0.0] * (0 if many else FEW_STARTS - 1)]
    image = density.accumulate()
    drafts = [_divide(image, count, evenness, generator) for evenness in tries]
    del image  # as large as the picture, before there are sums of it that are four times as large
    return [_place(density, draft, many, workers) for draft in drafts]


class _Draft(NamedTuple):
    """Points and potentials of all blocks, of which those alone in their boxes are still to come.

    `alone` tells which these are; `boxes` and `directions`, in [−1, 1]², are theirs.
    """

    points: Floats
    potentials: Floats
    alone: Booleans
    boxes: Floats
    directions: Floats


def _divide(image: Floats, count: int, evenness: float, generator: np.random.Generator) -> _Draft:
    """Divide the mass into boxes, and fill blocks that are even up to a factor with rows."""
    blocks, counts = divide_mass(image, count, evenness)
    single = counts == 1
    boxes = blocks[single]
    directions = generator.uniform(-1.0, 1.0, (len(boxes), 2))
    mirrored = generator.random(len(blocks)) < 0.5
    points, potentials = _fill_blocks(image, blocks, counts, mirrored, count)
    return _Draft(points, potentials, np.repeat(single, counts), boxes, directions)


def _place(
    density: Density, draft: _Draft, many: bool, workers: Workers | None
) -> tuple[Floats, Floats]:
    """Place the points that are alone near the barycentres of their boxes."""
    points, potentials, alone, boxes, directions = draft
    ink = _measure_ink(density, boxes) if many and len(boxes) else np.ones(len(boxes))
    barycentres, spreads = integrate_boxes(density, boxes, workers)
    longest = SHIFT * np.sqrt(spreads)
    longest[ink < FULL] = 0.0
    shift = longest * directions
    low, high = INSIDE * (boxes[:, :2] - barycentres), INSIDE * (boxes[:, 2:] - barycentres)
    points[alone] = barycentres + np.clip(shift, low, high)
    potentials[alone] = guess_potentials(spreads)
    return points, potentials


def _measure_ink(density: Density, boxes: Floats) -> Floats:
    """Part of the area of each box where there is mass."""
    image = np.zeros((density.height + 1, density.width + 1))
    image[1:, 1:] = density.values > 0
    for axis in (0, 1):
        np.cumsum(image, axis=axis, out=image)
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
def _fill_blocks(
    image: Floats, boxes: Floats, counts: Integers, mirrored: Booleans, total: int
) -> tuple[Floats, Floats]:
    """Points of blocks in staggered rows, and potentials as of square boxes of their areas."""
    points = np.empty((total, 2))
    potentials = np.empty(total)
    right = image.shape[1] - 1
    done = 0
    for block in range(len(boxes)):
        count = counts[block]
        x0, y0, x1, y1 = boxes[block]
        width, height = x1 - x0, y1 - y0
        # Hexagons of width w come in rows of height w·√3/2.
        rows = round(np.sqrt(count * height / width * 2 / np.sqrt(3.0)))
        rows = min(max(rows, 1), count)
        top, above = y0, 0
        for row in range(rows):
            # Longer rows come first: where rows of one length meet, they stagger all along.
            length = count // rows + (row < count % rows)
            y = find_part(image, False, x0, y0, x1, y1, above + 0.5 * length, count)
            above += length
            bottom = y1
            if row < rows - 1:
                bottom = find_part(image, False, x0, y0, x1, y1, above, count)
            offset = 0.25 if (row % 2 == 1) != mirrored[block] else 0.75
            for place in range(length):
                part = place + offset
                if x0 == 0.0:
                    part += _shift_from_wall(offset, place)
                if x1 == right:
                    part -= _shift_from_wall(1.0 - offset, length - 1 - place)
                x = find_part(image, True, x0, top, x1, bottom, part, length)
                fill(points[done], (x, y))
                potentials[done] = width * height / count / 8
                done += 1
            top = bottom
    return points, potentials


@compile_loop
def _shift_from_wall(offset: float, place: int) -> float:
    """How far a point of a row moves from the border where that begins, in places."""
    shift: float = WALL_SHIFT * WALL_DECAY**place
    return shift if offset < 0.5 else -shift
