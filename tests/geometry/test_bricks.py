"""Where points that will move begin: staggered rows where the density is flat, boxes elsewhere."""

import numpy as np
import pytest

from stipple.arrays import Floats
from stipple.geometry.bisection import bisect_mass, divide_mass, start_from_bisection
from stipple.geometry.bricks import EVENNESS, place_near_bisection
from stipple.measures.density import Density
from stipple.transport.semi_discrete import TransportSolver

RANDOM = np.random.default_rng(4)
NOISE = RANDOM.random((30, 40))
GRADED = np.linspace(1.0, 6.0, 40)[None, :] * np.ones((30, 1))


@pytest.mark.parametrize("values", [NOISE, GRADED, np.hstack([NOISE, np.ones((30, 40))])])
def test_blocks_are_nodes_of_the_tree_with_their_share(values: Floats) -> None:
    """Each block is what its boxes, of equal mass, cover together."""
    density = Density(values)
    blocks, counts = divide_mass(density.accumulate(), 300, EVENNESS)
    assert counts.sum() == 300
    boxes = bisect_mass(density, 300)
    for block, part in zip(blocks, np.split(boxes, counts.cumsum()[:-1]), strict=True):
        np.testing.assert_array_equal(block[:2], part[:, :2].min(axis=0))
        np.testing.assert_array_equal(block[2:], part[:, 2:].max(axis=0))


def test_blocks_are_as_large_as_their_darkest_and_lightest_parts_allow() -> None:
    """From 1 to 3 the halves are too uneven, from 1 to 1.7 and 1.7 to 3 they are not."""
    graded = np.geomspace(1.0, 3.0, 80) * np.ones((40, 1))
    _, counts = divide_mass(Density(graded).accumulate(), 300, EVENNESS)
    assert counts.tolist() == [150, 150]


def test_hatching_is_flat_where_cells_are_larger() -> None:
    """Lines of four pixels in eight are grey for cells of 32 pixels, but not for those of 4."""
    lines = np.arange(160) // 4 % 2 * np.ones((160, 1))
    coarse, fine = (divide_mass(Density(lines).accumulate(), n, EVENNESS)[1] for n in (25, 1600))
    assert coarse.tolist() == [25]
    assert np.mean(fine == 1) > 0.9


def test_rows_are_staggered_and_the_longer_ones_first() -> None:
    """Eleven points on paper twice as wide as high: rows of four, four and three."""
    (points, potentials), *_ = place_near_bisection(Density(np.ones((22, 27))), 11, 0)
    height = 22 / 11
    rows = np.split(points, [4, 8])
    for row, middle in zip(rows, (2.0, 6.0, 9.5), strict=True):
        np.testing.assert_allclose(row[:, 1], middle * height, rtol=1e-12)
    first = 0.75 if rows[0][0, 0] > 27 / 8 else 0.25
    for row, offset in zip(rows, (first, 1 - first, first), strict=True):
        expected = _place_in_row(len(row), offset) * 27
        np.testing.assert_allclose(row[:, 0], expected, rtol=1e-12)
    np.testing.assert_allclose(potentials, 22 * 27 / 11 / 8, rtol=1e-12)


def test_rows_follow_the_mass() -> None:
    """Points of a graded block are at quantiles of the mass of their rows, rows at those of all."""
    values = np.linspace(1.0, 1.3, 300)[:, None] * np.linspace(1.0, 1.1, 400)
    ((points, _),) = place_near_bisection(Density(values), 1000, 0)
    mass = np.concatenate([[0.0], values[:, 0].cumsum()]) / values[:, 0].sum()
    reached = np.interp(np.unique(points[:, 1]), np.arange(301), mass)
    rows = len(reached)
    assert rows == round(np.sqrt(1000 * 300 / 400 * 2 / np.sqrt(3)))
    lengths = 1000 // rows + (np.arange(rows) < 1000 % rows)
    np.testing.assert_allclose(reached, (lengths.cumsum() - lengths / 2) / 1000, atol=1e-9)
    across = np.concatenate([[0.0], values[0].cumsum()]) / values[0].sum()
    first = np.interp(points[: lengths[0], 0], np.arange(401), across)
    offset = 0.75 if first[0] * lengths[0] > 0.5 else 0.25
    np.testing.assert_allclose(first, _place_in_row(lengths[0], offset), atol=1e-9)


def _place_in_row(count: int, offset: float) -> Floats:
    """Parts of the mass left of points in a row from border to border, nearer to the middle there.

    Those a quarter of a place from the border go .165 of one inwards, those three quarters from
    it as far outwards, the next ones .38 of that, and so on.
    """
    places = np.arange(count)
    sign = 1 if offset < 0.5 else -1
    shift = sign * 0.165 * (0.38**places + 0.38 ** (count - 1 - places))
    return (places + offset + shift) / count


def test_rows_keep_off_the_border_of_the_picture_alone() -> None:
    """Beside paper three times as light a dark square has two blocks; one touches no border."""
    values = np.hstack([np.ones((100, 100)), 3 * np.ones((100, 100))])
    density = Density(values)
    blocks, counts = divide_mass(density.accumulate(), 800, EVENNESS)
    assert counts.tolist() == [200, 200, 400]
    ((points, _),) = place_near_bisection(density, 800, 0)
    starts = np.concatenate([[0], counts.cumsum()[:-1]])
    for (x0, y0, x1, y1), count, start in zip(blocks, counts, starts, strict=True):
        length = -(-count // round(np.sqrt(count * (y1 - y0) / (x1 - x0) * 2 / np.sqrt(3))))
        parts = (points[start : start + length, 0] - x0) / (x1 - x0)
        even = (
            np.arange(length) + (0.25 if parts[length // 2] * length % 1 < 0.5 else 0.75)
        ) / length
        kept = _place_in_row(length, even[0] * length)
        left, right = (kept if x0 == 0 else even), (kept if x1 == 200 else even)
        np.testing.assert_allclose(parts[:5], left[:5], atol=1e-4)
        np.testing.assert_allclose(parts[-5:], right[-5:], atol=1e-4)


@pytest.mark.parametrize("count", [1024, 1536, 2000, 2048])
def test_flat_paper_begins_with_hexagons_nearly(count: int) -> None:
    """Boxes begin at .21 to .23, and took 30 steps to .1626; rows even at the border at .1625."""
    density = Density(np.ones((192, 192)))
    ((points, potentials),) = place_near_bisection(density, count, 0)
    start = TransportSolver(density).solve(points, potentials, tolerance=0.05)
    assert start.w2_squared * count / 192**2 < (0.1617 if count > 1500 else 0.162)
    assert start.diagrams <= 2


def test_seeds_mirror_rows() -> None:
    flat = Density(np.ones((40, 60)))
    starts = [place_near_bisection(flat, 200, seed)[0][0] for seed in range(8)]
    assert len({points.tobytes() for points in starts}) == 2
    boxes = place_near_bisection(flat, 200, 0, in_rows=False)[0][0]
    assert len(np.unique(boxes[:, 1])) == 200


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (3, 200), (200, 3)])
@pytest.mark.parametrize("count", [1, 2, 5, 129, 500])
def test_points_of_flat_pictures_of_any_shape_differ(shape: tuple[int, int], count: int) -> None:
    for points, potentials in place_near_bisection(Density(np.ones(shape)), count, 0):
        assert len(np.unique(points, axis=0)) == count
        assert ((points >= 0) & (points <= shape[::-1])).all()
        assert (potentials >= 0).all()


def test_few_points_start_in_six_ways_and_many_in_one() -> None:
    density = Density(np.ones((20, 30)))
    assert [len(place_near_bisection(density, n, 0)) for n in (1, 128, 129)] == [6, 6, 1]
    starts = place_near_bisection(density, 128, 0)
    assert len({points.tobytes() for points, _ in starts}) == 6


def test_shifts_stay_inside_the_boxes_and_go_either_way() -> None:
    density = Density(RANDOM.random((20, 30)) ** 8)
    boxes = bisect_mass(density, 100)
    centres, expected = start_from_bisection(density, 100)
    low, high = boxes[:, :2] - centres, boxes[:, 2:] - centres
    shares = []
    for points, potentials in place_near_bisection(density, 100, 1):
        np.testing.assert_array_equal(potentials, expected)
        shift = points - centres
        assert (shift >= 0.9 * low - 1e-12).all()
        assert (shift <= 0.9 * high + 1e-12).all()
        shares.append((shift > 0).mean())
    assert np.mean(shares) == pytest.approx(0.5, abs=0.1)
    again = place_near_bisection(density, 100, 1)[-1][0]
    np.testing.assert_array_equal(again, points)
    assert not np.array_equal(place_near_bisection(density, 100, 2)[-1][0], points)


def test_of_many_points_those_in_boxes_with_white_stay() -> None:
    """Ink on the left is faint: what counts is how much of a box is white, not how dark it is."""
    values = np.full((40, 60), 0.01)
    values[:, 30:] = 1.0
    values[:20, 30:] = np.indices((20, 30)).sum(axis=0) % 2  # half of it is white
    density = Density(values)
    (points, _), *others = place_near_bisection(density, 600, 0)
    assert not others
    _, counts = divide_mass(density.accumulate(), 600, EVENNESS)
    alone = np.flatnonzero(np.repeat(counts == 1, counts))[::5]
    boxes = bisect_mass(density, 600)[alone]
    moved = (points != start_from_bisection(density, 600)[0]).any(axis=1)
    # On a fine grid of samples, the part of each box that has ink.
    y, x = (np.indices((800, 1200)) + 0.5) / 20
    inked = values[y.astype(int), x.astype(int)] > 0
    shares = np.array(
        [inked[(x >= x0) & (x < x1) & (y >= y0) & (y < y1)].mean() for x0, y0, x1, y1 in boxes]
    )
    clear = np.abs(shares - 0.8) > 0.1
    assert clear.sum() > 20
    np.testing.assert_array_equal(moved[alone][clear], shares[clear] > 0.8)
    assert 0 < moved.mean() < 1
