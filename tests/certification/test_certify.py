"""Certificates of points: beside closed forms, brute force, and the same points elsewhere."""

import re

import numpy as np
import ot
import pytest
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import maximum_flow

import stipple
from stipple import StippleError, certify
from stipple.choices import MOST_FOR_DISCREPANCY


def place_lattice(columns, rows):
    x, y = np.meshgrid((np.arange(columns) + 0.5) / columns, (np.arange(rows) + 0.5) / rows)
    return np.stack([x.ravel(), y.ravel()], axis=1)


@pytest.mark.parametrize("point", [(0.5, 0.5), (0.0, 0.0), (1.0, 0.25), (0.3, 0.9)])
def test_of_one_point_all_is_known(point):
    found = certify([point])
    square = sum(((1 - x) ** 3 + x**3) / 3 for x in point)
    farthest = np.hypot(*(max(x, 1 - x) for x in point))
    assert found.w2_squared_lower <= square <= found.w2_squared_upper
    assert found.w2_squared_upper - found.w2_squared_lower < 1e-10
    assert found.w_infinity_lower <= farthest <= found.w_infinity_upper
    assert found.w_infinity_upper - found.w_infinity_lower < 1e-10
    assert found.least_distance is None
    assert found.spectrum is None


@pytest.mark.parametrize(("columns", "rows"), [(10, 10), (7, 2), (30, 1), (1, 9)])
def test_lattices_and_lines_have_closed_forms(columns, rows):
    found = certify(place_lattice(columns, rows))
    square = (columns**-2 + rows**-2) / 12
    farthest = np.hypot(0.5 / columns, 0.5 / rows)
    assert found.w2_squared_lower <= square <= found.w2_squared_upper
    assert found.quality == pytest.approx(columns * rows * square)
    assert found.w_infinity_lower <= farthest <= found.w_infinity_upper <= 1.06 * farthest
    assert found.w_infinity_lower == pytest.approx(farthest)
    assert found.coinciding == 0
    assert found.has_equal_masses


def test_hexagons_have_their_constant():
    """Whole hexagons on a torus, of which the border of a large piece matters little."""
    rows, columns = 30, 26
    height = np.sqrt(3) / 2
    y, x = np.mgrid[:rows, :columns]
    points = np.stack([x + 0.25 + 0.5 * (y % 2), (y + 0.5) * height], axis=-1).reshape(-1, 2)
    # The box must have sides in the ratio of whole numbers: hexagons are stretched by 1e-3.
    found = certify(points / (columns, rows * height))
    assert rows * height / columns == pytest.approx(1, abs=1e-3)
    assert found.quality == pytest.approx(found.quality_hexagonal, rel=0.02)
    assert found.mean_distance == pytest.approx(found.hexagonal_distance, rel=0.01)
    assert found.six_neighboured > 0.99
    assert found.largest_power > 0.8 * len(points)
    assert found.low_frequency_energy < 1e-3


def measure_w_infinity(source, amounts, points, masses):
    """W∞ between whole masses, by the least distance within which a flow carries all."""
    apart = np.hypot(*(source[:, None] - points).T).T
    lengths = np.unique(apart)
    count, end = len(source), len(source) + len(points) + 1

    def suffices(length):
        i, j = np.nonzero(apart <= length)
        rows = np.concatenate([np.zeros(count, int), 1 + i, 1 + count + np.arange(len(points))])
        columns = np.concatenate([1 + np.arange(count), 1 + count + j, np.full(len(points), end)])
        room = np.concatenate([amounts, amounts[i], masses]).astype(np.int32)
        graph = csr_matrix((room, (rows, columns)), shape=(end + 1, end + 1))
        return maximum_flow(graph, 0, end).flow_value == amounts.sum()

    low, high = 0, len(lengths) - 1
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if suffices(lengths[middle]) else (middle + 1, high)
    return lengths[low]


def draw_case(seed):
    """A small density of whole numbers, points of it and their whole masses."""
    generator = np.random.default_rng(seed)
    height, width = generator.integers(1, 6, 2)
    width *= 8 if seed % 4 == 0 else 1
    image = generator.integers(0, 4, (height, width))
    image[0, 0] += 1
    points = generator.random((generator.integers(1, 8), 2)) * (width, height)
    if seed % 3 == 0:
        points = points.round()
    masses = generator.integers(1, 5, len(points)) if seed % 2 else np.ones(len(points), int)
    return image, points, masses


@pytest.mark.parametrize("seed", range(12))
def test_quadrature_on_a_fine_grid_refutes_no_interval(seed):
    image, points, masses = draw_case(seed)
    found = certify(points, image, masses=masses)
    parts = max(1, int(np.sqrt(500 / image.size)))
    fine = np.kron(image, np.ones((parts, parts), int))
    rows, columns = np.nonzero(fine)
    source, amounts = np.stack([columns + 0.5, rows + 0.5], axis=1) / parts, fine[rows, columns]
    shares = amounts / amounts.sum(), masses / masses.sum()
    costs = ((source[:, None] - points) ** 2).sum(axis=2)
    w2, doubt = np.sqrt(ot.emd2(*shares, costs, numItermax=10**6)), np.sqrt(1 / 6) / parts
    assert found.w2_squared_lower <= (w2 + doubt) ** 2
    assert found.w2_squared_upper >= max(0, w2 - doubt) ** 2
    longest = measure_w_infinity(source, amounts * masses.sum(), points, masses * amounts.sum())
    assert found.w_infinity_lower <= longest + np.sqrt(0.5) / parts
    assert found.w_infinity_upper >= longest - np.sqrt(0.5) / parts


def test_points_of_stippling_have_the_figures_that_it_gave():
    image = np.outer(np.arange(1, 25), np.r_[:10, 15:0:-1]).astype(float)
    result = stipple.stipple(image, 80)
    found = certify(result.points, image)
    assert found.quality == pytest.approx(result.quality, rel=1e-9)
    assert found.largest_power == pytest.approx(result.regularity.largest_power)
    assert found.six_neighboured == result.regularity.six_neighboured
    assert found.w2_squared_lower <= result.w2_squared_upper
    assert found.w2_squared_upper >= result.w2_squared_lower
    assert found.w_infinity_upper < 1.2 * found.w_infinity_lower


@pytest.mark.parametrize(
    "box", [(0, 0, 1e9, 1e9), (0, 0, 1e-9, 1e-9), (1e6, -3, 1e6 + 1, -2), (-2, 5, 18, 6)]
)
def test_other_boxes_are_the_same_picture(box):
    plain = np.random.default_rng(3).random((40, 2))
    low, size = np.array(box[:2]), np.subtract(box[2:], box[:2])
    stretch = size / size.min()
    found = certify(low + plain * size, box=box)
    known = certify(plain * stretch, np.ones(stretch[::-1].astype(int)))
    unit = size.min()
    assert found.w2_squared / unit**2 == pytest.approx(known.w2_squared, rel=1e-6)
    assert found.w2_squared_lower / unit**2 <= known.w2_squared_upper
    assert found.w2_squared_upper / unit**2 >= known.w2_squared_lower
    assert found.w_infinity_upper / unit == pytest.approx(known.w_infinity_upper, rel=1e-6)
    assert found.quality == pytest.approx(known.quality, rel=1e-6)
    assert found.hexagonal_distance / unit == pytest.approx(known.hexagonal_distance)
    assert found.mean_distance / unit == pytest.approx(known.mean_distance, rel=1e-6)


def test_coinciding_points_are_one_of_their_mass():
    twice = certify([[0.2, 0.5], [0.7, 0.4], [0.2, 0.5]])
    once = certify([[0.2, 0.5], [0.7, 0.4]], masses=[2, 1])
    assert twice.coinciding == 1
    assert twice.w2_squared == pytest.approx(once.w2_squared)
    assert twice.quality == pytest.approx(once.quality)
    assert (twice.least_distance, twice.nearest_distances[1] > 0) == (0.0, True)
    assert certify([[0.2, 0.5]] * 3).w2_squared == pytest.approx(certify([[0.2, 0.5]]).w2_squared)


def test_the_discrepancy_is_that_of_boxes_at_the_corner():
    points = np.random.default_rng(5).random((9, 2))
    ends = (np.arange(400) + 0.5) / 400
    inside = (points[:, :1, None] <= ends[:, None]) & (points[:, 1:, None] <= ends)
    error = np.sqrt(((inside.mean(axis=0) - np.outer(ends, ends)) ** 2).mean())
    assert certify(points).l2_star_discrepancy == pytest.approx(error, rel=0.01)
    assert certify(3 * points, box=(0, 0, 3, 3)).l2_star_discrepancy == pytest.approx(
        error, rel=0.01
    )
    assert certify(points, [[1, 2]]).l2_star_discrepancy is None
    assert certify(points, masses=np.arange(1, 10)).l2_star_discrepancy is None


def test_a_long_list_has_no_discrepancy(monkeypatch):
    assert MOST_FOR_DISCREPANCY == 10_000
    monkeypatch.setattr("stipple.geometry.discrepancy.MOST_FOR_DISCREPANCY", 3)
    assert certify(place_lattice(1, 3)).l2_star_discrepancy is not None
    assert certify(place_lattice(2, 2)).l2_star_discrepancy is None


def test_power_is_that_of_sums_of_waves_less_those_of_the_density():
    generator = np.random.default_rng(7)
    image = generator.random((6, 9)) ** 2
    points, masses = generator.random((70, 2)) * (9, 6), generator.random(70) + 0.5
    masses /= masses.sum()
    found = certify(points, image, masses=masses).spectrum
    spacing = np.sqrt(54 * (masses**2).sum())
    parts = 20
    y, x = (np.mgrid[: 6 * parts, : 9 * parts] + 0.5) / parts
    fine = np.kron(image, np.ones((parts, parts)))
    fine /= fine.sum()
    for row, column in [(1, 0), (0, 2), (3, 1), (-2, 4)]:
        across, down = found.across[0, column] / spacing, found.down[row, 0] / spacing
        wave = np.exp(-2j * np.pi * (points @ (across, down)))
        mean = (np.exp(-2j * np.pi * (x * across + y * down)) * fine).sum()
        power = abs((masses * wave).sum() - mean) ** 2 / (masses**2).sum()
        assert found.power[row, column] == pytest.approx(power, rel=0.02)


def test_points_at_random_are_white_noise():
    found = certify(np.random.default_rng(0).random((300, 2)))
    assert found.low_frequency_energy == pytest.approx(1, rel=0.3)
    radii, means = found.spectrum.average_radially()
    assert means[radii > 0.3] == pytest.approx(1, rel=0.6)


@pytest.mark.parametrize(
    ("points", "named", "words"),
    [
        ([[0.5, 1.5]], {}, r"1 of the 1 points lie outside of \[0, 1\] × \[0, 1\]"),
        ([[0.5, 0.5], [np.nan, 0]], {}, "Point 2 of 2 is not finite"),
        ([], {}, r"shape \(0,\)"),
        (np.empty((0, 2)), {}, r"shape \(0, 2\)"),
        ([[1], [2]], {}, r"shape \(2, 1\): give at least one, as \(n, 2\)"),
        ([[0.5, 0.5]], {"masses": [1, 2]}, "2 masses, but 1 points"),
        ([[0.5, 0.5]], {"masses": [0]}, "Mass 1 of 1 is 0"),
        ([[0.5, 0.5]], {"box": (0, 0, 1)}, "The box has 3 numbers"),
        ([[0.5, 0.5]], {"box": (0, 0, 0, 1)}, "has no area"),
        ([[0.5, 0.5]], {"box": (0, 0, np.pi, 1)}, "no ratio of whole numbers"),
        ([[0.5, 0.5]], {"density": [[1]], "box": (0, 0, 2, 1)}, "a density or a box"),
        ([[0.5, 0.5]], {"density": [[0]]}, "zero everywhere"),
        ([[0.5, 0.5], [0.5, 0.5 + 1e-16]], {"box": (0, 0, np.nan, 1)}, "corner of the box"),
        ([[0.5, 0.5]], {"threads": 0}, "number of threads"),
    ],
)
def test_what_makes_no_sense_is_told_in_a_sentence(points, named, words):
    with pytest.raises(StippleError, match=words) as caught:
        certify(points, **named)
    assert re.fullmatch(r"[A-Z0-9].*\.", str(caught.value))


def test_masses_that_no_cell_holds_leave_the_largest_distance(monkeypatch):
    """Where nothing is solved the bounds still hold."""
    monkeypatch.setattr("stipple.transport.quantisation.START_DIAGRAMS", 1)
    points = np.random.default_rng(2).random((30, 2)) ** 3
    rough = certify(points)
    monkeypatch.undo()
    exact = certify(points)
    assert not rough.converged
    assert rough.w2_squared_lower <= exact.w2_squared_upper
    assert rough.w2_squared_upper >= exact.w2_squared_lower
    assert rough.w_infinity_lower <= exact.w_infinity_upper
    assert rough.w_infinity_upper >= exact.w_infinity_upper
