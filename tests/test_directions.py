"""Both ends of every certified interval, against the exact number, in exact fractions.

One point or one pair of pixels, where the distance is a fraction: no slack hides a wrong side.
"""

from fractions import Fraction

import numpy as np
import pytest

import stipple
from stipple.measures.density import Density
from stipple.transport.semi_discrete import TransportSolver

SEEDS = range(12)


def cost_of_one_point(values, point):
    """Return the exact mean of |x - y|² over a density of unit pixels."""
    total, cost = Fraction(0), Fraction(0)
    x, y = map(Fraction, point)
    for (row, column), value in np.ndenumerate(values):
        across, down = Fraction(2 * column + 1, 2) - x, Fraction(2 * row + 1, 2) - y
        mass = Fraction(float(value))
        total += mass
        cost += mass * (across**2 + down**2 + Fraction(1, 6))
    return cost / total


def draw_density(seed):
    """Not square, with white pixels, of numbers that are no dyadic fractions."""
    generator = np.random.default_rng(seed)
    values = generator.random((int(generator.integers(1, 5)), int(generator.integers(2, 7)))) / 3
    values[values < 0.1] = 0
    values[0, 0] = 0.3
    return values


@pytest.mark.parametrize("seed", SEEDS)
def test_transport_to_one_point(seed):
    values = draw_density(seed)
    height, width = values.shape
    point = np.random.default_rng(seed).random(2) * (width, height)
    interval = TransportSolver(Density(values)).solve(point[None]).interval
    exact = cost_of_one_point(values, point)
    assert Fraction(interval.lower) <= exact <= Fraction(interval.upper)
    assert interval.upper - interval.lower <= 1e-9 * float(exact)


@pytest.mark.parametrize("seed", SEEDS)
def test_stippling_of_one_point(seed):
    values = draw_density(seed)
    found = stipple.stipple(values, 1)
    exact = cost_of_one_point(values, found.points[0])
    assert Fraction(found.w2_squared_lower) <= exact <= Fraction(found.w2_squared_upper)
    assert found.w2_squared == pytest.approx(float(exact))
    area = np.count_nonzero(values)
    assert found.quality == pytest.approx(float(exact) / area)


@pytest.mark.parametrize("seed", SEEDS)
def test_bound_between_single_pixels(seed):
    generator = np.random.default_rng(seed)
    shape = int(generator.integers(1, 6)), int(generator.integers(2, 9))
    places = generator.choice(shape[0] * shape[1], 2, replace=False)
    images = np.zeros((2, *shape))
    rows, columns = np.divmod(places, shape[1])
    images[[0, 1], rows, columns] = generator.random(2) + 0.1
    squared = Fraction(int((rows[0] - rows[1]) ** 2 + (columns[0] - columns[1]) ** 2))
    for order in (1, 1.5, 2, 3):
        for unit, side in (("pixel", 1), ("side", max(shape))):
            found = stipple.bound(*images, order, unit=unit)
            # The distance is the root of this, whatever the order.
            exact = squared / side**2
            assert Fraction(found.lower) ** 2 <= exact <= Fraction(found.upper) ** 2
            assert found.gap <= 1e-14


@pytest.mark.parametrize("seed", SEEDS)
def test_bound_between_pixels_that_share_mass(seed):
    # On a line, W1 is the sum of differences of the accumulated masses.
    generator = np.random.default_rng(seed)
    first, second = generator.random((2, 1, 7)) / 3
    sums = [sum(map(Fraction, image[0].tolist())) for image in (first, second)]
    shares = [
        [Fraction(value) / total for value in image[0].tolist()]
        for image, total in zip((first, second), sums, strict=True)
    ]
    exact, carried = Fraction(0), Fraction(0)
    for one, other in zip(*shares, strict=True):
        carried += one - other
        exact += abs(carried)
    found = stipple.bound(first, second, 1, gap=0)
    assert Fraction(found.lower) <= exact <= Fraction(found.upper)
    squares = stipple.bound(first, second, 1, gap=0, pixels="squares")
    # Squares side by side on one row move as their centres do, for whole pixels: never farther.
    assert Fraction(squares.lower) <= exact


@pytest.mark.parametrize("seed", SEEDS)
def test_one_atom(seed):
    generator = np.random.default_rng(seed)
    samples = generator.normal(size=(9, 2)) / 3
    found = stipple.edot(samples, 1)
    atom = [Fraction(value) for value in found.atoms[0].tolist()]
    exact = sum(
        (Fraction(value) - centre) ** 2
        for sample in samples.tolist()
        for value, centre in zip(sample, atom, strict=True)
    ) / len(samples)
    assert Fraction(found.cost.lower) <= exact <= Fraction(found.cost.upper)
    assert found.cost.upper == pytest.approx(float(exact))
