"""Colours that dots of inks show side by side, and the amounts of ink that show a colour.

From a distance the eye averages: paper with parts a_k of its area under inks of colours c_k looks
like paper·(1 − Σa_k) + Σ a_k·c_k. So paper and inks are corners, what they can show is the convex
hull of the corners, and the amounts for a colour in it are barycentric coordinates in a simplex.
"""

from itertools import combinations

import numpy as np

from stipple.arrays import Floats, Integers
from stipple.machine.compiled import compile_loop
from stipple.machine.rows import fill

# Of mixtures that differ as little from their colour, that with the most paper: a part of squared
# distances between colours that is smaller than that of neighbours among 256 levels.
PAPER_FIRST = 1e-6
# Ties that are left are broken by the order of the inks: by TIE / 3^number.
TIE = 1e-7
# Corners that are flatter than this make no simplex of their own.
FLAT = 1e-7
# Amounts below it are rounding, and no ink.
LEAST_AMOUNT = 1e-12


def linearise(encoded: Floats) -> Floats:
    """Turn sRGB values in [0, 1] into linear light (IEC 61966-2-1), which mixes from a distance."""
    dark = encoded / 12.92
    light = ((encoded + 0.055) / 1.055) ** 2.4
    return np.where(encoded <= 0.04045, dark, light)


def find_amounts(wanted: Floats, paper: Floats, inks: Floats) -> Floats:
    """Find the amounts of ink that show colours best, side by side.

    They are the non-negative least-squares solution with a sum of at most 1. Where several
    mixtures give the same colour, it is the one whose corners differ least from it (the least
    grain: Σ a|c − x|², paper included), which for up to three of paper and inks and for cyan,
    magenta, yellow and black on white is the one with the least ink: grey is black alone.

    Such mixtures use the corners of one simplex of the Delaunay tessellation of all corners, so
    at most four of paper and inks meet at a pixel, and amounts vary continuously with the colour.

    Parameters
    ----------
    wanted : ndarray, shape (h, w, 3)
        Colours, in light that mixes by area.
    paper : ndarray, shape (3,)
        Colour of the paper.
    inks : ndarray, shape (k, 3)
        Colours of the inks, distinct and none that of the paper.

    Returns
    -------
    ndarray, shape (k, h, w)
        In [0, 1].
    """
    corners = np.vstack([paper, inks])
    tops = _tessellate(corners)
    simplices = tops + _list_border(tops)
    numbers = np.full((len(simplices), 4), -1)
    maps = np.zeros((len(simplices), 4, 3))
    for row, simplex in enumerate(simplices):
        numbers[row, : len(simplex)] = simplex
        maps[row, 1 : len(simplex)] = _map_to_coordinates(corners[list(simplex)])
    amounts = np.zeros((len(inks), wanted.shape[0] * wanted.shape[1]))
    flat = np.ascontiguousarray(wanted.reshape(-1, 3))
    _mix(flat, corners, numbers, maps, len(tops), amounts)
    return amounts.reshape(len(inks), *wanted.shape[:2])


def _tessellate(corners: Floats) -> list[tuple[int, ...]]:
    """List the simplices of the Delaunay tessellation, from all subsets: corners are few.

    Lifted to their squared lengths, a little less for paper, the corners of a simplex lie on a
    plane (a line for corners on a line) below which there is no other corner.
    """
    edges = corners[1:] - corners[0]
    dimension = int(np.linalg.matrix_rank(edges, tol=FLAT**0.5))
    heights = (corners**2).sum(axis=1)
    heights += TIE * 3.0 ** -np.arange(len(corners))
    heights[0] -= PAPER_FIRST
    found = []
    for simplex in combinations(range(len(corners)), dimension + 1):
        chosen = corners[list(simplex)]
        spans = chosen[1:] - chosen[0]
        if np.linalg.svd(spans, compute_uv=False).prod() < FLAT:
            continue
        others = np.delete(np.arange(len(corners)), simplex)
        coordinates = (corners[others] - chosen[0]) @ _map_to_coordinates(chosen).T
        lifted = heights[list(simplex)]
        plane = lifted[0] + coordinates @ (lifted[1:] - lifted[0])
        if (heights[others] >= plane).all():
            found.append(simplex)
    return found


def _list_border(tops: list[tuple[int, ...]]) -> list[tuple[int, ...]]:
    """List the faces, of any dimension, on the border of a tessellation."""
    size = len(tops[0])
    faces = [face for top in tops for face in combinations(top, size - 1)]
    border = {face for face in faces if faces.count(face) == 1}
    lower = {part for face in border for k in range(1, size - 1) for part in combinations(face, k)}
    return sorted(border | lower)


def _map_to_coordinates(corners: Floats) -> Floats:
    """Return the map from x − corners[0] to barycentric coordinates but the first, nearest to x."""
    spans = (corners[1:] - corners[0]).T
    square = spans.shape[0] == spans.shape[1]
    inverse: Floats = np.linalg.inv(spans) if square else np.linalg.pinv(spans)
    return inverse


@compile_loop
def _mix(
    wanted: Floats, corners: Floats, numbers: Integers, maps: Floats, tops: int, amounts: Floats
) -> None:
    """Fill in the amounts of each colour: in the simplex that holds it, or else nearest to it."""
    coordinates = np.zeros(4)
    best = np.zeros(4)
    for pixel in range(len(wanted)):
        chosen = -1
        least = np.inf
        for row in range(len(numbers)):
            if row == tops and chosen >= 0:
                break
            first = corners[numbers[row, 0]]
            inside = True
            rest = 1.0
            for i in range(1, 4):
                if numbers[row, i] < 0:
                    coordinates[i] = 0.0
                    continue
                coordinates[i] = (
                    maps[row, i, 0] * (wanted[pixel, 0] - first[0])
                    + maps[row, i, 1] * (wanted[pixel, 1] - first[1])
                    + maps[row, i, 2] * (wanted[pixel, 2] - first[2])
                )
                inside = inside and coordinates[i] >= -1e-12
                rest -= coordinates[i]
            coordinates[0] = rest
            if not inside or rest < -1e-12:
                continue
            distance = 0.0
            if row >= tops:
                for channel in range(3):
                    shown = 0.0
                    for i in range(4):
                        if numbers[row, i] >= 0:
                            shown += coordinates[i] * corners[numbers[row, i], channel]
                    distance += (wanted[pixel, channel] - shown) ** 2
            if distance < least:
                least = distance
                chosen = row
                fill(best, coordinates)
            if row < tops:
                break
        for i in range(4):
            if numbers[chosen, i] > 0 and best[i] > LEAST_AMOUNT:
                amounts[numbers[chosen, i] - 1, pixel] = min(best[i], 1.0)
