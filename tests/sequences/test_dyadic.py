"""Dyadic sequence: the definition, even prefixes, exact partitions, sound certificates."""

from collections.abc import Iterator
from fractions import Fraction
from itertools import count, pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.sparse import csr_array
from scipy.sparse.csgraph import maximum_bipartite_matching
from scipy.spatial.distance import cdist

from stipple.arrays import Floats
from stipple.errors import StippleError
from stipple.sequences.boxes import partition_prefix
from stipple.sequences.certificate import (
    certify_prefix,
    certify_prefixes,
    measure_prefix_1d,
)
from stipple.sequences.dyadic import check_range, find_constant, generate_sequence

DIMENSIONS = st.integers(1, 10)

RationalBox = list[tuple[Fraction, Fraction]]


def locate_by_definition(index: int, d: int) -> list[Fraction]:
    """Coordinate j is Σ_k a_k^j·2^{−(k+1)}, a_k the digits of the index in base 2^d."""
    coordinates = [Fraction(0)] * d
    for k in count():
        index, digit = divmod(index, 2**d)
        for j, bit in enumerate(f"{digit:0{d}b}"):
            coordinates[j] += int(bit) * Fraction(1, 2 ** (k + 1))
        if index == 0:
            return coordinates
    raise AssertionError


def cut_by_definition(
    points: list[list[Fraction]], owners: list[int], box: RationalBox, depth: int
) -> Iterator[tuple[int, RationalBox]]:
    """Boxes of exact rational corners: share the box out by the next binary digit of the points."""
    if len(owners) == 1:
        yield owners[0], box
        return
    level, axis = divmod(depth, len(box))
    bits = [int(points[owner][axis] * 2 ** (level + 1)) % 2 for owner in owners]
    low, high = box[axis]
    cut = low + (high - low) * Fraction(bits.count(0), len(owners))
    for bit, side in enumerate([(low, cut), (cut, high)]):
        part = [owner for owner, its in zip(owners, bits, strict=True) if its == bit]
        if part:
            yield from cut_by_definition(
                points, part, [*box[:axis], side, *box[axis + 1 :]], depth + 1
            )


def find_bottleneck(points: Floats, side: int) -> float:
    """W_∞ from side² equal masses on a grid, whose number the number of points divides."""
    centres = (np.arange(side) + 0.5) / side
    grid = np.stack(np.meshgrid(centres, centres), axis=-1).reshape(-1, 2)
    distances = np.repeat(cdist(points, grid), side**2 // len(points), axis=0)
    lengths = np.unique(distances)
    low, high = -1, len(lengths) - 1
    while high - low > 1:
        middle = (low + high) // 2
        matching = maximum_bipartite_matching(csr_array(distances <= lengths[middle]))
        low, high = (low, middle) if matching.min() >= 0 else (middle, high)
    return float(lengths[high])


@pytest.mark.parametrize("d", range(1, 11))
def test_sequence_follows_its_definition(d):
    points = generate_sequence(2000, d)
    assert points.dtype == np.float64
    for index, point in enumerate(points):
        assert [Fraction(value) for value in point] == locate_by_definition(index, d)


def test_first_points_of_the_plane():
    expected = [[0, 0], [0, 1 / 2], [1 / 2, 0], [1 / 2, 1 / 2], [0, 1 / 4]]
    assert generate_sequence(5, 2).tolist() == expected


def test_one_dimension_is_van_der_corput():
    expected = [int(f"{index:010b}"[::-1], 2) / 1024 for index in range(1000)]
    assert generate_sequence(1000, 1).ravel().tolist() == expected


@settings(deadline=None)
@given(st.integers(1, 200), DIMENSIONS, st.integers(0, 2000))
def test_skip_leaves_out_the_first_points(n, d, skip):
    whole = generate_sequence(skip + n, d)
    np.testing.assert_array_equal(generate_sequence(n, d, skip=skip), whole[skip:])


@settings(deadline=None)
@given(st.integers(1, 9), DIMENSIONS, st.integers(0, 2**600))
def test_skip_is_exact_as_far_as_doubles_go(n, d, skip):
    skip %= 2 ** (53 * d) - n + 1
    for index, point in enumerate(generate_sequence(n, d, skip=skip), start=skip):
        assert [Fraction(value) for value in point] == locate_by_definition(index, d)


@pytest.mark.parametrize("d", [1, 2, 3])
@pytest.mark.parametrize("level", [1, 2, 3, 4])
def test_prefixes_fill_dyadic_cubes_evenly(d, level):
    cells = (generate_sequence(600, d) * 2**level).astype(int)
    cubes = 2 ** (d * level)
    numbers = np.ravel_multi_index(tuple(cells.T), (2**level,) * d)
    counts = np.cumsum(numbers[:, None] == np.arange(cubes), axis=0)
    sizes = np.arange(1, 601)
    assert (counts.min(axis=1) == sizes // cubes).all()
    assert (counts.max(axis=1) == -(-sizes // cubes)).all()


@pytest.mark.parametrize(
    ("n", "d", "skip", "message"),
    [
        (0, 2, 0, "at least 1"),
        (-3, 2, 0, "at least 1"),
        (5, 0, 0, "dimension is 0"),
        (5, 11, 0, "dimension is 11"),
        (5, 2, -1, "to skip is -1"),
        (2, 1, 2**53 - 1, "53 binary digits"),
        (1, 3, 2**159, "53 binary digits"),
    ],
)
def test_sequence_out_of_range_is_refused(n, d, skip, message):
    with pytest.raises(StippleError, match=message):
        generate_sequence(n, d, skip=skip)


def test_the_last_that_is_in_range_is_taken():
    assert generate_sequence(1, 1, skip=2**53 - 1).item() == 1 - 2.0**-53
    assert check_range(10**9, 2) == (10**9, 2, 0)
    assert certify_prefixes(10**9, 10**9 + 1, 1, 2)


@pytest.mark.parametrize("d", range(2, 11))
def test_the_constant_is_rounded_upwards(d):
    constant = find_constant(d)
    assert Fraction(constant) ** 2 >= 100 * d
    assert Fraction(np.nextafter(constant, 0)) ** 2 < 100 * d


@pytest.mark.parametrize("n", [1, 3, 7, 49, 64])
def test_figures_of_a_certificate_are_rounded_to_the_safe_side(n):
    line, plane = certify_prefix(n, 1), certify_prefix(n, 2)
    assert Fraction(line.lower_bound) <= Fraction(1, 2 * n)
    assert line.lower_bound == pytest.approx(1 / (2 * n))
    for certificate in (line, plane):
        least = Fraction(certificate.radius) ** certificate.dimension * n
        assert Fraction(certificate.scaled_radius) ** certificate.dimension >= least


def test_of_points_as_far_the_first_is_the_worst():
    assert certify_prefix(16, 2).worst_point == 0


def check_partition(n: int, d: int) -> None:
    points = [locate_by_definition(index, d) for index in range(n)]
    unit = (Fraction(0), Fraction(1))
    exact = dict(cut_by_definition(points, list(range(n)), [unit] * d, 0))
    # Cuts keep the boxes apart; equal volumes that sum to 1 leave nothing uncovered.
    assert sorted(exact) == list(range(n))
    for box in exact.values():
        volume = Fraction(1)
        for low, high in box:
            volume *= high - low
        assert volume == Fraction(1, n)
    corners = np.array([exact[owner] for owner in range(n)], dtype=float).transpose(0, 2, 1)
    boxes = partition_prefix(n, d)
    assert np.abs(boxes - corners).max() <= 1e-15
    certificate = certify_prefix(n, d)
    farthest = max(
        sum(max(x - low, high - x) ** 2 for x, (low, high) in zip(point, exact[k], strict=True))
        for k, point in enumerate(points)
    )
    assert Fraction(certificate.radius) ** 2 >= farthest
    assert certificate.radius <= float(farthest) ** 0.5 * (1 + 1e-12)


@pytest.mark.parametrize("d", [1, 2, 3, 4])
@pytest.mark.parametrize("n", [1, 2, 3, 7, 16, 61, 185, 300])
def test_partition_is_exact(n, d):
    check_partition(n, d)


@pytest.mark.slow
@pytest.mark.parametrize("d", [1, 2, 3, 4])
def test_partition_is_exact_for_all_small_prefixes(d):
    for n in range(1, 301):
        check_partition(n, d)


@settings(deadline=None)
@given(st.integers(1, 3000), DIMENSIONS)
def test_boxes_have_equal_volumes_and_small_radius(n, d):
    boxes = partition_prefix(n, d)
    assert boxes.shape == (n, 2, d)
    assert boxes.min() == 0
    assert boxes.max() == 1
    np.testing.assert_allclose(np.prod(boxes[:, 1] - boxes[:, 0], axis=1) * n, 1, rtol=1e-12)
    points = generate_sequence(n, d)
    reach = np.maximum(points - boxes[:, 0], boxes[:, 1] - points)
    certificate = certify_prefix(n, d)
    assert np.hypot.reduce(reach, axis=1).max() == pytest.approx(certificate.radius, rel=1e-11)
    worst = np.hypot.reduce(reach[certificate.worst_point])
    assert worst == pytest.approx(certificate.radius, rel=1e-11)


def test_volumes_of_a_million_boxes():
    boxes = partition_prefix(10**6, 2)
    volumes = np.prod(boxes[:, 1] - boxes[:, 0], axis=1) * 10**6
    assert np.abs(volumes - 1).max() <= 1e-12


@pytest.mark.parametrize("n", [7, 10**5, 10**6])
def test_boxes_on_the_line_are_multiples_rounded_once(n):
    boxes = partition_prefix(n, 1)[:, :, 0]
    ends = np.arange(n + 1) / n
    order = np.argsort(generate_sequence(n, 1).ravel())
    np.testing.assert_array_equal(boxes[order], np.stack([ends[:-1], ends[1:]], axis=1))
    assert np.abs((boxes[:, 1] - boxes[:, 0]) * n - 1).max() <= n * 2.0**-53


@pytest.mark.parametrize(("d", "worst", "at"), [(2, 2.33358, 185), (3, 2.75497, 359)])
def test_worst_scaled_radius_of_small_prefixes(d, worst, at):
    certificates = list(certify_prefixes(1, 601, 1, d))
    assert [certificate.count for certificate in certificates] == list(range(1, 601))
    largest = max(certificates, key=lambda certificate: certificate.scaled_radius)
    assert largest.count == at
    assert largest.scaled_radius == pytest.approx(worst, abs=5e-6)


@pytest.mark.parametrize("d", range(2, 11))
def test_no_prefix_exceeds_the_constant(d):
    for certificate in certify_prefixes(1, 2000, 7, d):
        # An upper end: 10·√d itself, or the next double above it.
        assert Fraction(certificate.constant) ** 2 >= 100 * d
        assert certificate.constant == pytest.approx(10 * d**0.5, rel=3e-16)
        assert certificate.scaled_radius < certificate.constant
        assert certificate.ratio == pytest.approx(certificate.radius / certificate.lower_bound)


@pytest.mark.parametrize(("d", "bound"), [(1, 0.5), (2, 0.5641896), (3, 0.6203505)])
def test_lower_bound_is_the_radius_of_a_ball(d, bound):
    certificate = certify_prefix(1, d)
    assert certificate.lower_bound == pytest.approx(bound, abs=1e-7)
    assert certificate.radius == pytest.approx(d**0.5)
    assert certify_prefix(2**d, d).lower_bound == pytest.approx(bound / 2, abs=1e-7)


@pytest.mark.parametrize("d", range(1, 11))
@pytest.mark.parametrize("level", [0, 1, 2])
def test_boxes_give_the_exact_w2_of_squares(d, level):
    """The lower left corners of cubes of side s have W2² = d·s²/3, which their boxes attain."""
    if level * d <= 16:
        bound = certify_prefix(2 ** (level * d), d).w2_bound
        assert Fraction(bound) ** 2 >= Fraction(d, 3 * 4**level)
        assert bound == pytest.approx((d / 3) ** 0.5 / 2**level, rel=1e-13)


@pytest.mark.parametrize("n", [1, 2, 3, 50, 333, 1024])
def test_bounds_of_w2_on_the_line_are_the_exact_distance(n):
    exact = measure_prefix_1d(generate_sequence(n, 1))
    certificate = certify_prefix(n, 1)
    assert exact.w2 * (1 - 2**-46) <= certificate.w2_bound <= exact.w2 + 1e-14
    for order, distance in ((1, exact.w1), (2, exact.w2), (np.inf, exact.w_infinity)):
        bounds = certificate.enclose_distance(order)
        assert bounds.lower * (1 - 2**-46) <= distance <= bounds.upper * (1 + 2**-46)


@pytest.mark.parametrize("order", [1, 2, 2.5, 7, 1e9])
def test_no_points_of_the_line_are_nearer_than_the_middles(order):
    """W_p of the middles of n equal intervals is the lower bound itself."""
    exact = (1 / (order + 1)) ** (1 / order) / 10
    bounds = certify_prefix(5, 1).enclose_distance(order)
    assert bounds.lower < exact
    assert bounds.lower == pytest.approx(exact)


@pytest.mark.parametrize(("n", "d"), [(1, 2), (7, 2), (61, 2), (5, 3), (1, 4)])
@pytest.mark.parametrize("order", [1, 1.5, 3, 4, 10])
def test_bounds_hold_for_the_cost_of_the_boxes(n, d, order):
    """Against Gauss rules on each box, exact for even orders, and points of the ball below."""
    certificate, boxes = certify_prefix(n, d), partition_prefix(n, d)
    nodes, weights = np.polynomial.legendre.leggauss(12)
    places = np.stack(np.meshgrid(*[(nodes + 1) / 2] * d, indexing="ij"), -1).reshape(-1, d)
    shares = np.prod(np.meshgrid(*[weights / 2] * d), axis=0).ravel()
    inside = boxes[:, :1] + places * (boxes[:, 1:] - boxes[:, :1])
    lengths = np.linalg.norm(inside - generate_sequence(n, d)[:, None], axis=2)
    cost = (lengths**order @ shares).mean() ** (1 / order)
    bounds = certificate.enclose_distance(order)
    assert bounds.lower < cost <= bounds.upper
    # Of the largest distance and the mean square, the latter alone up to p = 2.
    assert bounds.upper <= (1.25 * cost if order <= 2 else certificate.radius)
    power = certificate.w2_bound**2 * certificate.radius ** (order - 2)
    assert order < 2 or bounds.upper**order == pytest.approx(power)


@pytest.mark.parametrize("order", [0.5, np.nan, -1, "two", True])
def test_orders_below_one_are_refused(order):
    with pytest.raises(StippleError, match="order of the distance"):
        certify_prefix(3).enclose_distance(order)


@pytest.mark.slow
@pytest.mark.parametrize("d", [2, 3])
def test_all_prefixes_to_ten_thousand(d):
    largest = max(certificate.scaled_radius for certificate in certify_prefixes(1, 10_001, 1, d))
    assert largest < 2.8


@pytest.mark.parametrize(
    ("n", "side"), [(1, 12), (2, 12), (3, 12), (4, 12), (5, 15), (7, 14), (8, 12), (10, 10)]
)
def test_certificate_encloses_the_bottleneck_distance(n, side):
    error = 0.5**0.5 / side  # of moving the mass of each grid square to its centre
    bottleneck = find_bottleneck(generate_sequence(n, 2), side)
    certificate = certify_prefix(n, 2)
    assert certificate.lower_bound <= bottleneck + error
    assert bottleneck - error <= certificate.radius


@pytest.mark.parametrize("n", [1, 2, 3, 50, 333, 597, 1024])
def test_certificate_on_the_line_is_the_exact_distance(n):
    certificate = certify_prefix(n, 1)
    exact = measure_prefix_1d(generate_sequence(n, 1)).w_infinity
    assert exact <= certificate.radius <= exact + 1e-14
    assert certificate.constant is None


def test_no_constant_on_the_line():
    """The worst n·W grows by a constant for each doubling: 1/(3 log 2)·log n for W_∞."""
    worst = []
    for power in range(4, 13):
        points = generate_sequence(2**power, 1)
        prefixes = range(2 ** (power - 1), 2**power, 1 if power < 10 else 3)
        worst.append(np.max([n * np.array(measure_prefix_1d(points[:n])) for n in prefixes], 0))
    growth = np.diff(worst, axis=0)
    assert (growth > 0.05).all()
    assert growth[:, 2].mean() == pytest.approx(1 / 3, abs=0.02)


@settings(deadline=None)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_closed_forms_on_the_line(points):
    n = len(points)
    ordered = sorted(points)
    first = second = farthest = 0.0
    for k, point in enumerate(ordered):
        cuts = [k / n, min(max(point, k / n), (k + 1) / n), (k + 1) / n]
        for low, high in pairwise(cuts):
            first += quad(lambda t, x=point: abs(t - x), low, high)[0]
            second += quad(lambda t, x=point: (t - x) ** 2, low, high)[0]
        farthest = max(farthest, abs(cuts[0] - point), abs(cuts[2] - point))
    distances = measure_prefix_1d(points)
    assert distances == pytest.approx((first, second**0.5, farthest), rel=1e-9, abs=1e-12)
    assert distances.w1 <= distances.w2 * (1 + 1e-12)
    assert distances.w2 <= distances.w_infinity * (1 + 1e-12)


@settings(deadline=None)
@given(st.lists(st.floats(0, 1) | st.sampled_from([0.0, 0.25, 1 / 3, 1.0]), min_size=1))
def test_distances_on_the_line_are_as_exact_as_they_say(points):
    n = len(points)
    first = second = farthest = Fraction(0)
    for k, point in enumerate(sorted(points)):
        left, right = Fraction(k, n) - Fraction(point), Fraction(k + 1, n) - Fraction(point)
        apart = left * right >= 0
        first += (abs(left + right) / n if apart else left**2 + right**2) / 2
        second += (right**3 - left**3) / 3
        farthest = max(farthest, abs(left), abs(right))
    distances = measure_prefix_1d(points)
    for found, exact in ((distances.w1, first), (distances.w_infinity, farthest)):
        assert abs(Fraction(found) - exact) <= exact / 2**46
    assert abs(Fraction(distances.w2) ** 2 - second) <= second / 2**45


def test_evenly_spaced_points_are_optimal_on_the_line():
    n = 10
    distances = measure_prefix_1d(((np.arange(n) + 0.5) / n)[::-1, None])
    assert distances == pytest.approx((1 / (4 * n), 1 / (12**0.5 * n), 1 / (2 * n)))


@pytest.mark.parametrize(
    ("points", "message"),
    [
        ([], "at least one point"),
        ([[0.1, 0.2]], "one coordinate"),
        ([0.5, 1.5], "in \\[0, 1\\]"),
        ([-0.1, 0.5], "in \\[0, 1\\]"),
        ([0.5, np.nan], "in \\[0, 1\\]"),
    ],
)
def test_points_off_the_interval_are_refused(points, message):
    with pytest.raises(StippleError, match=message):
        measure_prefix_1d(points)


@pytest.mark.parametrize(
    ("start", "stop", "step", "d", "message"),
    [
        (1, 10, 0, 2, "is empty"),
        (10, 10, 1, 2, "is empty"),
        (0, 10, 1, 2, "at least 1"),
        (1, 10, 1, 12, "dimension is 12"),
    ],
)
def test_prefixes_out_of_range_are_refused(start, stop, step, d, message):
    with pytest.raises(StippleError, match=message):
        certify_prefixes(start, stop, step, d)


@pytest.mark.parametrize("function", [partition_prefix, certify_prefix])
def test_certificates_out_of_range_are_refused(function):
    with pytest.raises(StippleError, match="at least 1"):
        function(0, 2)
    with pytest.raises(StippleError, match="dimension is 0"):
        function(3, 0)


@pytest.mark.parametrize("skip", [0, 3, 5])
def test_an_array_that_exists_is_filled(skip):
    room = np.full((7, 6), np.nan)
    out = room[:, ::2]
    assert generate_sequence(7, 3, skip=skip, out=out) is out
    np.testing.assert_array_equal(out, generate_sequence(7, 3, skip=skip))
    assert np.isnan(room[:, 1::2]).all()


@pytest.mark.parametrize(
    ("out", "message"),
    [
        (np.empty((7, 2)), "shape \\(7, 2\\): give"),
        (np.empty((7, 3), np.float32), "float32"),
        (np.broadcast_to(0.0, (7, 3)), "read-only"),
        ([[0.0] * 3] * 7, "NumPy array"),
    ],
)
def test_what_cannot_be_filled_is_refused(out, message):
    with pytest.raises(StippleError, match=message):
        generate_sequence(7, 3, out=out)
