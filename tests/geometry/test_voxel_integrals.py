"""Power polyhedra and integrals of voxels over them: against tetrahedra clipped one by one."""

from itertools import permutations

import numpy as np
import pytest

from stipple.arrays import Floats
from stipple.geometry.power_polyhedra import PowerPolyhedra, build_power_polyhedra
from stipple.geometry.voxel_integrals import integrate_polyhedra
from stipple.measures.volume import VolumeDensity

Tetrahedra = list[Floats]


def split_box(lower: Floats, upper: Floats) -> Tetrahedra:
    """Six tetrahedra of a box, one for each order of its axes (Kuhn)."""
    parts = []
    for order in permutations(range(3)):
        corners = [lower.copy()]
        for axis in order:
            corners.append(corners[-1].copy())
            corners[-1][axis] = upper[axis]
        parts.append(np.array(corners))
    return parts


def keep_below(part: Floats, normal: Floats, limit: float) -> Tetrahedra:
    """The part of a tetrahedron where normal·x ≤ limit, as at most three others."""
    heights = part @ normal - limit
    below, above = part[heights <= 0], part[heights > 0]
    low, high = heights[heights <= 0], heights[heights > 0]

    def meet(k: int, m: int) -> Floats:
        return below[k] + (above[m] - below[k]) * (low[k] / (low[k] - high[m]))

    match len(below):
        case 0:
            return []
        case 1:
            return [np.array([below[0], *(meet(0, m) for m in range(3))])]
        case 2:
            a, b, c, d = meet(0, 0), meet(0, 1), meet(1, 0), meet(1, 1)
            return [
                np.array([below[0], a, b, d]),
                np.array([below[0], a, c, d]),
                np.array([below[0], below[1], c, d]),
            ]
        case 3:
            a, b, c = (meet(k, 0) for k in range(3))
            return [
                np.array([*below, a]),
                np.array([below[1], below[2], a, b]),
                np.array([below[2], a, b, c]),
            ]
    return [part]


def find_moments(part: Floats, origin: Floats) -> Floats:
    """∫1, ∫(x − origin) and ∫(x − origin)² by axis, over a tetrahedron."""
    local = part - origin
    volume = abs(np.linalg.det(local[1:] - local[0])) / 6
    total = local.sum(axis=0)
    squares = (local**2).sum(axis=0) + total**2
    return volume * np.concatenate([[1.0], total / 4, squares / 20])


def integrate_slowly(density: VolumeDensity, points: Floats, potentials: Floats) -> Floats:
    """Mass, first and second moments of each cell: every voxel cut by every other cell."""
    sums = np.zeros((len(points), 7))
    for (k, j, i), value in np.ndenumerate(density.densities):
        lower = np.array([i, j, k]) * density.spacing
        for cell, point in enumerate(points):
            parts = split_box(lower, lower + density.spacing)
            for other, rival in enumerate(points):
                if other == cell:
                    continue
                limit = (rival @ rival - potentials[other] - point @ point + potentials[cell]) / 2
                parts = [kept for part in parts for kept in keep_below(part, rival - point, limit)]
            sums[cell] += value * sum(find_moments(part, point) for part in parts)
    return sums


def make_case(seed: int) -> tuple[VolumeDensity, Floats, Floats]:
    """A small volume, some voxels empty, and a few points of which some may have no cell."""
    random = np.random.default_rng(seed)
    shape = random.integers(1, 4, 3)
    values = random.random(shape) * (random.random(shape) < 0.8)
    values.flat[0] += 0.1
    density = VolumeDensity(values, random.choice([0.3, 1.0, 2.5], 3))
    points = random.random((random.integers(1, 5), 3)) * density.size
    potentials = random.normal(0, 0.1, len(points)) * float(density.size.max()) ** 2
    return density, points, potentials


def cut(density: VolumeDensity, points: Floats, potentials: Floats) -> PowerPolyhedra:
    return build_power_polyhedra(points, potentials, density.size)


@pytest.mark.parametrize("seed", [*range(4), pytest.param(range(4, 54), marks=pytest.mark.slow)])
def test_moments_are_those_of_clipped_voxels(seed: int | range) -> None:
    for one in [seed] if isinstance(seed, int) else seed:
        density, points, potentials = make_case(one)
        found = integrate_polyhedra(density, points, cut(density, points, potentials).facets)
        expected = integrate_slowly(density, points, potentials)
        scale = float(density.size.max())
        assert found.masses == pytest.approx(expected[:, 0], abs=1e-12)
        assert found.first_moments == pytest.approx(expected[:, 1:4], abs=1e-12 * scale)
        assert found.spreads == pytest.approx(expected[:, 4:], abs=1e-12 * scale**2)


def test_facets_tell_how_masses_follow_potentials() -> None:
    """Against finite differences; the facets of two cells are the same from either side."""
    random = np.random.default_rng(5)
    density = VolumeDensity(random.random((4, 5, 6)) + 0.1, (1.0, 0.7, 1.4))
    points = random.random((20, 3)) * density.size
    potentials = np.zeros(20)
    cells = cut(density, points, potentials)
    integrals = integrate_polyhedra(density, points, cells.facets)
    owners, others = cells.list_owners(), cells.facets.neighbours
    step = 1e-5
    for i in (0, 7):
        moved = potentials.copy()
        moved[i] += step
        later = integrate_polyhedra(density, points, cut(density, points, moved).facets)
        for j in np.unique(others[(owners == i) & (others >= 0)]):
            (facet,) = np.flatnonzero((owners == i) & (others == j))
            (mirrored,) = np.flatnonzero((owners == j) & (others == i))
            slope = -integrals.facet_masses[facet] / (2 * np.linalg.norm(points[i] - points[j]))
            change = (later.masses[j] - integrals.masses[j]) / step
            assert change == pytest.approx(slope, rel=1e-3, abs=1e-7)
            assert integrals.areas[facet] == pytest.approx(integrals.areas[mirrored], abs=1e-12)
            moments = integrals.facet_moments[[facet, mirrored]]
            masses = integrals.facet_masses[[facet, mirrored], None]
            places = moments + masses * points[[i, j]]
            assert places[0] == pytest.approx(places[1], abs=1e-12)


def test_a_facet_between_voxels_has_the_mean_of_both_sides() -> None:
    density = VolumeDensity(np.array([1.0, 3.0]).reshape(1, 1, 2))
    points = np.array([[0.5, 0.5, 0.5], [1.5, 0.5, 0.5]])
    cells = cut(density, points, np.zeros(2))
    found = integrate_polyhedra(density, points, cells.facets)
    assert found.masses == pytest.approx([0.25, 0.75], abs=1e-15)
    between = cells.facets.neighbours >= 0
    assert found.facet_masses[between] == pytest.approx([0.5, 0.5], abs=1e-15)


@pytest.mark.parametrize("axis", range(3))
@pytest.mark.parametrize("side", [0.1, 1 / 3, 0.7, 1.0])
def test_facets_between_voxels_have_both_sides_wherever_rounding_puts_them(
    axis: int, side: float
) -> None:
    count = 12
    shape, spacing = np.ones(3, int), np.ones(3)
    shape[2 - axis], spacing[axis] = count, side
    density = VolumeDensity((np.arange(1.0, count + 1) ** 2).reshape(shape), spacing.tolist())
    points = np.full((count, 3), 0.5)
    points[:, axis] = (np.arange(count) + 0.5) * side
    cells = cut(density, points, np.zeros(count))
    found = integrate_polyhedra(density, points, cells.facets)
    held = density.densities.ravel()
    between = cells.facets.neighbours >= 0
    owners, others = cells.list_owners()[between], cells.facets.neighbours[between]
    assert found.facet_masses[between] == pytest.approx((held[owners] + held[others]) / 2, rel=1e-9)


def test_moments_of_a_cell_deep_in_a_long_column_keep_their_digits() -> None:
    """Sums from the far end would lose eps·depth²: here they begin near the cell."""
    count = 50_000
    density = VolumeDensity(np.ones((count, 1, 1)))
    points = np.array([[0.5, 0.5, count - depth] for depth in (100.0, 2.5, 1.5, 0.5)])
    cells = cut(density, points, np.zeros(4))
    found = integrate_polyhedra(density, points, cells.facets)
    assert found.masses[2] * count == pytest.approx(1, rel=1e-10)
    assert found.second_moments[2] * count == pytest.approx(0.25, rel=1e-10)


def test_body_centred_cells_have_the_closed_form() -> None:
    """Truncated octahedra: 3·19/(192·2^(1/3)) of their volume to the power 5/3."""
    steps = np.arange(3.0)
    corners = np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(-1, 3)
    points = np.concatenate([corners, corners[(corners < 2).all(axis=1)] + 0.5]) + 0.5
    middle = int(np.flatnonzero((points == 1.5).all(axis=1))[0])
    density = VolumeDensity(np.ones((3, 3, 3)))
    cells = cut(density, points, np.zeros(len(points)))
    found = integrate_polyhedra(density, points, cells.facets)
    assert cells.volumes[middle] == pytest.approx(0.5, rel=1e-14)
    assert np.diff(cells.facets.offsets)[middle] == 14
    second = found.second_moments[middle] * 27
    assert second / 0.5 ** (5 / 3) == pytest.approx(3 * 19 / (192 * 2 ** (1 / 3)), rel=1e-13)


@pytest.mark.parametrize("name", ["random", "lattice", "plane", "sphere", "coinciding", "outside"])
def test_cells_tile_the_box_and_are_their_own(name: str) -> None:
    random = np.random.default_rng(3)
    steps = np.arange(6) + 0.5
    sphere = random.normal(size=(200, 3))
    points = {
        "random": random.random((300, 3)) * 6,
        "lattice": np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(-1, 3),
        "plane": np.column_stack([random.random((200, 2)) * 6, np.full(200, 3.0)]),
        "sphere": 3 + 2 * sphere / np.linalg.norm(sphere, axis=1)[:, None],
        "coinciding": np.repeat(random.random((50, 3)) * 6, 2, axis=0),
        "outside": random.random((50, 3)) * 60 - 27,
    }[name]
    size = np.full(3, 6.0)
    potentials = np.zeros(len(points)) if name == "coinciding" else random.random(len(points)) * 0.1
    cells = build_power_polyhedra(points, potentials, size)
    again = build_power_polyhedra(points, potentials, size, previous=cells)
    assert cells.volumes.sum() == pytest.approx(216, rel=1e-12)
    assert again.volumes == pytest.approx(cells.volumes, abs=1e-10)
    assert cells.excess.max() < 1e-11
    places = random.random((500, 3)) * 6
    powers = ((places[:, None] - points) ** 2).sum(axis=2) - potentials
    owner = powers.argmin(axis=1)
    counts = np.bincount(owner, minlength=len(points))
    assert not counts[cells.hidden].any()
