"""W_k^k in exact rational arithmetic, where that is quickly done."""

from collections.abc import Sequence
from fractions import Fraction
from typing import TypeAlias

from stipple.arrays import Floats
from stipple.interval import Interval
from stipple.machine.rounding import round_down, round_up
from stipple.measures.samples import Samples

# Costs that are tried, coordinate by coordinate, and the largest power.
MOST_COSTS = 20_000
LARGEST_ORDER = 16

Point: TypeAlias = Sequence[Fraction]


def find_exact_cost(
    samples: Samples, atoms: Floats, weights: Floats, order: float
) -> Interval | None:
    """W_k^k to the next floating-point numbers, or None where that is not known.

    For straight distances to a whole power (even but on the line), where every sample may go to its
    nearest atom: the weights are the masses of the Voronoi cells as rational numbers.

    Returns
    -------
    Interval
        Both ends are equal if W_k^k is a floating-point number.
    """
    root_is_rational = order % 2 == 0 or (samples.dimension == 1 and order % 1 == 0)
    entries = len(samples) * len(atoms) * samples.dimension
    if not root_is_rational or order > LARGEST_ORDER or entries > MOST_COSTS:
        return None
    points = [[Fraction(x) for x in point] for point in samples.points.tolist()]
    places = [[Fraction(y) for y in atom] for atom in atoms.tolist()]
    masses = [Fraction(mass) for mass in samples.given.tolist()]
    total = sum(masses)
    cells = [Fraction(0)] * len(places)
    cost = Fraction(0)
    for point, mass in zip(points, masses, strict=True):
        costs = [_price(point, place, int(order)) for place in places]
        least = min(costs)
        cells[costs.index(least)] += mass
        cost += mass * least
    shares = [Fraction(weight) for weight in weights.tolist()]
    sum_of_shares = sum(shares)
    if any(
        cell * sum_of_shares != share * total for cell, share in zip(cells, shares, strict=True)
    ):
        return None
    try:
        return Interval(round_down(cost / total), round_up(cost / total))
    except OverflowError:
        return None


def _price(point: Point, place: Point, order: int) -> Fraction:
    if len(point) == 1:
        return abs(point[0] - place[0]) ** order
    squares = [(x - y) ** 2 for x, y in zip(point, place, strict=True)]
    return sum(squares, Fraction(0)) ** (order // 2)
