"""Exact integrals of a density of voxels over polyhedra, from their facets alone.

By the divergence theorem ∫_P ρ = ∮ R·n_z dS with R(x, y, z) = ∫ρ(x, y, t) dt from one height for
the whole polyhedron up to z. Facets are cut along the planes between voxels; on each piece R is
linear in z, and what moments need is a polynomial of degree 3 at most. So only voxels that facets
cross are visited, and all coordinates are relative to the polyhedron's own point.
"""

from dataclasses import dataclass

import numpy as np

from stipple.arrays import Floats
from stipple.geometry.power_polyhedra import Facets
from stipple.machine.compiled import compile_loop
from stipple.machine.threads import Workers
from stipple.measures.volume import BLOCK, VolumeDensity, Voxels

# A facet lies in a plane between voxels up to this part of a voxel: both sides count half.
ALONG_BORDER = 1e-9
# Weights and places of a rule on triangles that is exact for degree 3 (Strang and Fix, 1973).
CENTRE, OTHERS, NEAR, FAR = -27 / 48, 25 / 48, 0.6, 0.2
# Corners that cutting along voxels can add to a facet.
ADDED_CORNERS = 16


@dataclass(frozen=True, eq=False)
class PolyhedronIntegrals:
    """Integrals of ρ over polyhedra and their facets.

    Attributes
    ----------
    masses : ndarray, shape (n,)
        ∫ρ.
    first_moments : ndarray, shape (n, 3)
        ∫(x − y_i)ρ.
    second_moments : ndarray, shape (n,)
        ∫|x − y_i|²ρ.
    spreads : ndarray, shape (n, 3)
        The same by axis.
    facet_masses : ndarray, shape (m,)
        ∫ρ dS of each facet; the mean of both sides where it lies between voxels.
    facet_moments : ndarray, shape (m, 3)
        ∫(x − y_i)ρ dS.
    areas : ndarray, shape (m,)
        Of each facet.
    """

    masses: Floats
    first_moments: Floats
    second_moments: Floats
    spreads: Floats
    facet_masses: Floats
    facet_moments: Floats
    areas: Floats


def integrate_polyhedra(
    density: VolumeDensity | Voxels,
    points: Floats,
    facets: Facets,
    workers: Workers | None = None,
) -> PolyhedronIntegrals:
    """Integrate the density over polyhedra in its box, exactly up to rounding.

    Parameters
    ----------
    density : VolumeDensity or Voxels
        The density.
    points : ndarray, shape (n, 3)
        Where coordinates of each polyhedron begin.
    facets : Facets
        Their surfaces, closed.
    workers : Workers, optional
        Threads that share the polyhedra.
    """
    sums = np.zeros((len(points), 7))
    surfaces = np.zeros((len(facets.neighbours), 5))

    def integrate(start: int, stop: int) -> None:
        _integrate_range(
            density.columns, density.spacing, points, facets, start, stop, sums, surfaces
        )

    (workers or Workers(1)).map_ranges(integrate, len(points))
    spreads = np.maximum(sums[:, 4:7], 0.0)
    return PolyhedronIntegrals(
        masses=np.maximum(sums[:, 0], 0.0),
        first_moments=sums[:, 1:4],
        second_moments=spreads.sum(axis=1),
        spreads=spreads,
        facet_masses=surfaces[:, 0],
        facet_moments=surfaces[:, 1:4],
        areas=surfaces[:, 4],
    )


@compile_loop
def _integrate_range(
    columns: Floats,
    spacing: Floats,
    points: Floats,
    facets: Facets,
    start: int,
    stop: int,
    sums: Floats,
    surfaces: Floats,
) -> None:
    longest = 0
    for k in range(facets.offsets[start], facets.offsets[stop]):
        longest = max(longest, facets.starts[k + 1] - facets.starts[k])
    polygons = np.empty((4, longest + ADDED_CORNERS, 3))
    for i in range(start, stop):
        for k in range(facets.offsets[i], facets.offsets[i + 1]):
            corners = facets.corners[facets.starts[k] : facets.starts[k + 1]]
            _integrate_facet(columns, spacing, points[i], corners, polygons, sums[i], surfaces[k])


@compile_loop
def _integrate_facet(
    columns: Floats,
    spacing: Floats,
    point: Floats,
    corners: Floats,
    polygons: Floats,
    sums: Floats,
    surface: Floats,
) -> None:
    """Cut a facet along the planes between voxels, and add up what its pieces give."""
    shape = (columns.shape[1], columns.shape[0], columns.shape[2])
    left, strip, bar, piece = polygons
    count = len(corners)
    left[:count] = corners
    border = _find_border(spacing, point, corners)
    first, last = _find_range(left, count, 0, point[0], spacing[0], shape[0])
    for i in range(first, last + 1):
        end = _find_end(i, last, point[0], spacing[0])
        in_strip, count = _split(left, count, 0, end, strip)
        low, high = _find_range(strip, in_strip, 1, point[1], spacing[1], shape[1])
        for j in range(low, high + 1):
            end = _find_end(j, high, point[1], spacing[1])
            in_bar, in_strip = _split(strip, in_strip, 1, end, bar)
            bottom, top = _find_range(bar, in_bar, 2, point[2], spacing[2], shape[2])
            for k in range(bottom, top + 1):
                end = _find_end(k, top, point[2], spacing[2])
                inside, in_bar = _split(bar, in_bar, 2, end, piece)
                if inside > 2:
                    _add_piece(
                        columns, spacing, point, piece, inside, i, j, k, border, sums, surface
                    )


@compile_loop
def _find_border(spacing: Floats, point: Floats, corners: Floats) -> tuple[int, int]:
    """Find the axis across which a facet lies between two voxels, or −1, and the upper of them."""
    for axis in range(3):
        low, high = corners[0, axis], corners[0, axis]
        for corner in corners:
            low, high = min(low, corner[axis]), max(high, corner[axis])
        place = (low + high) / 2 + point[axis]
        upper = round(place / spacing[axis])
        if max(high - low, abs(place - upper * spacing[axis])) <= ALONG_BORDER * spacing[axis]:
            return axis, upper
    return -1, 0


@compile_loop
def _find_facet_density(columns: Floats, i: int, j: int, k: int, border: tuple[int, int]) -> float:
    """Find ρ on a piece of a facet: the mean of both sides where it lies between voxels.

    Rounding may have put such a piece into the voxel of either side.
    """
    axis, upper = border
    if axis == 0:
        line, most = columns[j, :, k, 0], columns.shape[1] - 1
    elif axis == 1:
        line, most = columns[:, i, k, 0], columns.shape[0] - 1
    elif axis == 2:
        line, most = columns[j, i, :, 0], columns.shape[2] - 1
    else:
        return float(columns[j, i, k, 0])
    return float(line[max(upper - 1, 0)] + line[min(upper, most)]) / 2


@compile_loop
def _find_range(
    polygon: Floats, count: int, axis: int, origin: float, spacing: float, most: int
) -> tuple[int, int]:
    """Find the first and the last layer of voxels that a polygon meets; an empty one meets none."""
    if count < 3:
        return 0, -1
    low, high = polygon[0, axis], polygon[0, axis]
    for corner in range(1, count):
        low, high = min(low, polygon[corner, axis]), max(high, polygon[corner, axis])
    first = min(max(int(np.floor((low + origin) / spacing)), 0), most - 1)
    last = min(max(int(np.floor((high + origin) / spacing)), 0), most - 1)
    return first, last


@compile_loop
def _find_end(layer: int, last: int, origin: float, spacing: float) -> float:
    """Find where a layer of voxels ends; the last that a polygon meets holds all that is left."""
    return (layer + 1) * spacing - origin if layer < last else np.inf


@compile_loop
def _split(polygon: Floats, count: int, axis: int, plane: float, below: Floats) -> tuple[int, int]:
    """Split a convex polygon: what is above the plane stays, what is below goes to the other."""
    under, above = 0, 0
    if count == 0:
        return 0, 0
    first_x, first_y, first_z = polygon[0]
    first = polygon[0, axis] - plane
    x, y, z = first_x, first_y, first_z
    height = first
    for corner in range(1, count + 1):
        if corner < count:
            u, v, w = polygon[corner]
            following = polygon[corner, axis] - plane
        else:
            u, v, w = first_x, first_y, first_z
            following = first
        # What is above overwrites corners that were read: it has one more at most, written later.
        crosses = (height < 0 < following) or (following < 0 < height)
        if height <= 0:
            below[under, 0], below[under, 1], below[under, 2] = x, y, z
            under += 1
        if height >= 0:
            below[len(below) - 1 - above, 0] = x
            below[len(below) - 1 - above, 1] = y
            below[len(below) - 1 - above, 2] = z
            above += 1
        if crosses:
            part = height / (height - following)
            a, b, c = x + part * (u - x), y + part * (v - y), z + part * (w - z)
            below[under, 0], below[under, 1], below[under, 2] = a, b, c
            below[under, axis] = plane
            under += 1
            place = len(below) - 1 - above
            below[place, 0], below[place, 1], below[place, 2] = a, b, c
            below[place, axis] = plane
            above += 1
        x, y, z, height = u, v, w, following
    for corner in range(above):
        place = len(below) - 1 - corner
        polygon[corner, 0] = below[place, 0]
        polygon[corner, 1] = below[place, 1]
        polygon[corner, 2] = below[place, 2]
    return under, above


@compile_loop
def _add_piece(
    columns: Floats,
    spacing: Floats,
    point: Floats,
    piece: Floats,
    count: int,
    i: int,
    j: int,
    k: int,
    border: tuple[int, int],
    sums: Floats,
    surface: Floats,
) -> None:
    """Add what a piece of a facet within one voxel gives to the integrals."""
    density = columns[j, i, k, 0]
    facet_density = _find_facet_density(columns, i, j, k, border)
    zeroth = first = second = 0.0
    known = False
    floor = k * spacing[2] - point[2]
    x0, y0, z0 = piece[0]
    for corner in range(1, count - 1):
        x1, y1, z1 = piece[corner]
        x2, y2, z2 = piece[corner + 1]
        a, b, c = x1 - x0, y1 - y0, z1 - z0
        d, e, f = x2 - x0, y2 - y0, z2 - z0
        across, along, upwards = (b * f - c * e) / 2, (c * d - a * f) / 2, (a * e - b * d) / 2
        area = np.sqrt(across * across + along * along + upwards * upwards)
        mass = area * facet_density
        surface[0] += mass
        surface[1] += mass * (x0 + x1 + x2) / 3
        surface[2] += mass * (y0 + y1 + y2) / 3
        surface[3] += mass * (z0 + z1 + z2) / 3
        surface[4] += area
        if upwards == 0:
            continue
        if not known:
            zeroth, first, second = _sum_below(columns[j, i], k, spacing[2], point[2])
            known = True
        for node in range(4):
            p = 1 / 3 if node == 0 else (NEAR if node == 1 else FAR)
            q = 1 / 3 if node == 0 else (NEAR if node == 2 else FAR)
            r = 1 / 3 if node == 0 else (NEAR if node == 3 else FAR)
            weight = upwards * (CENTRE if node == 0 else OTHERS)
            x, y, z = p * x0 + q * x1 + r * x2, p * y0 + q * y1 + r * y2, p * z0 + q * z1 + r * z2
            rise = density * (z - floor)
            value = weight * (zeroth + rise)
            sums[0] += value
            sums[1] += x * value
            sums[2] += y * value
            sums[3] += weight * (first + rise * (z + floor) / 2)
            sums[4] += x * x * value
            sums[5] += y * y * value
            sums[6] += weight * (second + rise * (z * z + z * floor + floor * floor) / 3)


@compile_loop
def _sum_below(column: Floats, k: int, spacing: float, origin: float) -> tuple[float, float, float]:
    """Moments of ρ along z, about the origin, from a height near it to the bottom of voxel k."""
    slices = len(column)
    near = min(max(int(origin / spacing), 0), slices - 1) // BLOCK
    block = k // BLOCK
    zeroth, first, second = _move_moments(column, k, block, spacing, origin, 1.0)
    for other in range(min(near, block), max(near, block)):
        sign = 1.0 if block > near else -1.0
        # All of that block: the moments below its last voxel, and the voxel's own.
        a, b, c = _move_moments(column, (other + 1) * BLOCK - 1, other, spacing, origin, sign)
        bottom = ((other + 1) * BLOCK - 1) * spacing - origin
        top = bottom + spacing
        density = sign * spacing * column[(other + 1) * BLOCK - 1, 0]
        zeroth += a + density
        first += b + density * (bottom + top) / 2
        second += c + density * (bottom * bottom + bottom * top + top * top) / 3
    return zeroth, first, second


@compile_loop
def _move_moments(
    column: Floats, k: int, block: int, spacing: float, origin: float, sign: float
) -> tuple[float, float, float]:
    """Moments below voxel k in its block, about the origin instead of the block's lower end."""
    shift = block * BLOCK * spacing - origin
    zeroth = sign * spacing * column[k, 1]
    first = sign * spacing * spacing * column[k, 2]
    second = sign * spacing * spacing * spacing * column[k, 3]
    return (
        zeroth,
        first + shift * zeroth,
        second + 2 * shift * first + shift * shift * zeroth,
    )
