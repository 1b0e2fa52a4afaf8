"""Where points in a volume begin: in a lattice where it is even, else in boxes of their masses."""

import numpy as np

from stipple.arrays import Floats
from stipple.geometry.power_polyhedra import Facets
from stipple.geometry.voxel_integrals import integrate_polyhedra
from stipple.machine.threads import Workers
from stipple.measures.volume import VolumeDensity
from stipple.volumes.division import divide_volume, sum_volume
from stipple.volumes.layers import fill_blocks

# Masses of the parts of a block that is filled with a lattice differ at most by this factor.
EVENNESS = 2.0
# In a box with sides cells along them have other best shapes: a lattice pays from so many points.
MANY_POINTS = 10_000
# Two cubes of half sides a and b meet at their common side if potentials differ by a² − b².
POTENTIAL = 0.25
# Points are moved by at most this part of half the side of a cube of their box's volume: boxes of
# equal cubes are a critical point of W2², and no minimum.
SHAKE = 0.5


def start_in_boxes(
    density: VolumeDensity,
    masses: Floats,
    seed: int,
    workers: Workers,
    *,
    moving: bool,
    periodic: bool,
) -> tuple[Floats, Floats]:
    """Place points in boxes of a bisection by masses, with first potentials.

    Points of unlike masses are dealt to boxes at random, so that heavy and light ones mix. Points
    of one mass that are to move begin in a body-centred cubic lattice in blocks where the density
    is even, if there are many or the box is periodic: the best lattice in space (Barnes and
    Sloane, 1983).

    Parameters
    ----------
    density : VolumeDensity
        What is divided.
    masses : ndarray, shape (n,)
        Of the points, with sum 1.
    seed : int
        Of the shifts.
    workers : Workers
        Threads.
    moving : bool
        Whether points are to move: those alone in their boxes are then shifted at random within
        them. Others are at the barycentres of their boxes.
    periodic : bool
        Whether opposite sides of the box are one.

    Returns
    -------
    points : ndarray, shape (n, 3)
    potentials : ndarray, shape (n,)
    """
    random = np.random.default_rng(seed)
    order = np.arange(len(masses))
    alike = np.ptp(masses) == 0
    if not alike:
        order = random.permutation(order)
    sums = sum_volume(density)
    lattice = moving and alike and (periodic or len(masses) >= MANY_POINTS)
    evenness = EVENNESS if lattice else 0.0
    blocks, counts = divide_volume(sums, density.spacing, masses[order], evenness)
    turned = random.random(len(blocks)) < 0.5
    placed = density.spacing * fill_blocks(sums, density.spacing, blocks, counts, turned)
    blocks *= density.spacing
    sides = np.repeat(np.cbrt(np.diff(blocks, axis=1).prod(axis=(1, 2)) / counts), counts)
    alone = np.repeat(counts == 1, counts)
    placed[alone] = _place_alone(density, blocks[counts == 1], random, workers, moving=moving)
    if periodic and lattice and np.ptp(density.values) == 0:
        # Where a lattice does not fit is anywhere then, and not at the sides of the box.
        placed += density.size * random.random(3)
    points, potentials = np.empty_like(placed), np.empty(len(placed))
    points[order], potentials[order] = placed, POTENTIAL * sides**2
    return points, potentials


def _place_alone(
    density: VolumeDensity,
    boxes: Floats,
    random: np.random.Generator,
    workers: Workers,
    *,
    moving: bool,
) -> Floats:
    """Place a point near the barycentre of each box, shape (k, 3)."""
    centres = boxes.mean(axis=1)
    integrals = integrate_polyhedra(density, centres, list_box_facets(boxes), workers)
    held = integrals.masses[:, None]
    shift = np.divide(integrals.first_moments, held, out=np.zeros_like(centres), where=held > 0)
    points: Floats = np.clip(centres + shift, boxes[:, 0], boxes[:, 1])
    if moving:
        sides = np.cbrt(np.diff(boxes, axis=1).prod(axis=(1, 2)))
        points += SHAKE / 2 * sides[:, None] * random.uniform(-1, 1, points.shape)
        inner = 0.01 * (boxes[:, 1] - boxes[:, 0])
        points = np.clip(points, boxes[:, 0] + inner, boxes[:, 1] - inner)
    return points


def list_box_facets(boxes: Floats) -> Facets:
    """List the facets of boxes, shape (n, 2, 3), relative to their centres."""
    count = len(boxes)
    # Corners by the ends of x, y and z; facets counterclockwise seen from outside.
    ends = np.array([[(corner >> axis) & 1 for axis in range(3)] for corner in range(8)])
    around = [0, 4, 6, 2, 1, 3, 7, 5, 0, 1, 5, 4, 2, 6, 7, 3, 0, 2, 3, 1, 4, 5, 7, 6]
    halves = (boxes[:, 1] - boxes[:, 0])[:, None, :] / 2
    corners = (halves * (2 * ends - 1)[around]).reshape(-1, 3)
    return Facets(
        np.arange(0, 6 * count + 1, 6),
        np.tile(np.arange(-1, -7, -1), count),
        np.arange(0, 24 * count + 1, 4),
        np.ascontiguousarray(corners),
    )
