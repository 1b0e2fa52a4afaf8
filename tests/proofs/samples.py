"""Certified W_k^k of weighted atoms: `edot`.

The truth is that of the printed numbers: masses and weights are divided by their exact sums, costs
are rational, or roots to 60 digits, and small problems are solved by shortest augmenting paths in
rational arithmetic.
"""

import itertools
from decimal import Decimal, localcontext
from fractions import Fraction
from typing import TypeAlias

import numpy as np

from proofs import family
from stipple import Samples, edot
from stipple.arrays import Floats
from stipple.choices import AtomWeights
from stipple.discretisation.certificate.certify import certify_discrete
from stipple.geometry.metrics import Euclidean, Sphere
from stipple.interval import Interval
from stipple.machine.threads import Workers

Costs: TypeAlias = list[list[Fraction]]

ONE = Workers(1)
DIGITS = 60
# Costs that are roots err by less than this part.
ROOT_ERROR = Fraction(1, 10**50)
ORDERS = (1.0, 1.5, 2.0, 2.0, 3.0, 4.0)


@family("edot", share=3)
def sorted_matching_on_the_line(random: np.random.Generator) -> str | None:
    """Quantile by quantile, in rational arithmetic."""
    count, atoms = (int(number) for number in random.integers(1, (60, 9)))
    points = _draw_points(random, count + atoms, 1)
    masses = _draw_masses(random, count)
    weights = _draw_weights(random, atoms)
    order = float(random.choice([1.0, 2.0, 3.0]))
    found = certify_discrete(
        Samples(points[:count], masses), points[count:], weights, order=order, workers=ONE
    )
    exact = _match_quantiles(points[:count, 0], masses, points[count:, 0], weights, int(order))
    return _compare(found, exact, f"{count} samples, {atoms} atoms on the line, k = {order:g}")


@family("edot", share=0.3)
def many_samples_at_few_places_on_the_line(random: np.random.Generator) -> str | None:
    """Sums drift with the number of samples; the places are within 2^-30 of each other or far."""
    counts = _draw_counts(random, int(random.integers(2, 5)))
    places = np.round(random.random(len(counts)) * 2.0**-30, 14) + random.integers(
        0, 2, len(counts)
    )
    weights = _draw_weights(random, int(random.integers(1, 5)))
    atoms = random.choice(places, len(weights)) + random.integers(0, 2) * 2.0**-40
    order = int(random.integers(1, 3))
    samples = Samples(np.repeat(places, counts)[:, None], np.ones(counts.sum()))
    found = certify_discrete(samples, atoms[:, None], weights, order=float(order), workers=ONE)
    exact = _match_quantiles(places, counts, atoms, weights, order)
    return _compare(found, exact, f"{counts.tolist()} samples at {places.tolist()}, k = {order}")


@family("edot", share=0.15)
def grid_on_the_line(random: np.random.Generator) -> str | None:
    """n equal samples at i/2^20 and two atoms at the ends: a closed form."""
    count = int(2 ** random.uniform(4, 17 if random.random() < 0.9 else 20))
    points = np.arange(count)[:, None] / 2.0**20
    part = int(random.integers(0, 9))
    weights, last = np.array([part / 8, 1 - part / 8]), count - 1
    found = certify_discrete(
        Samples(points, np.ones(count)), points[[0, -1]], weights, order=1.0, workers=ONE
    )
    # Of 8n eighths the first part·n go to the left.
    whole, rest = divmod(part * count, 8)
    left = Fraction(whole * (whole - 1), 2) + Fraction(rest, 8) * whole
    to_right = last - min(whole, last)
    right = Fraction(to_right * (to_right + 1), 2) - Fraction(rest, 8) * to_right
    exact = (left + right) / count / 2**20
    return _compare(found, exact, f"a grid of {count:,} samples, {weights.tolist()}, k = 1")


@family("edot", share=5)
def small_problem_with_any_weights(random: np.random.Generator) -> str | None:
    """Atoms and weights that are given, in up to three dimensions, of any scale."""
    count, atoms, dimension = (int(number) for number in random.integers(1, (8, 5, 4)))
    points = _draw_points(random, count + atoms, dimension)
    samples, places = points[:count], points[count:]
    order = float(random.choice(ORDERS))
    masses, weights = _draw_masses(random, count), _draw_weights(random, atoms)
    costs = _price(samples, places, order)
    if random.random() < 0.5:
        weights = _spoil(random, costs, masses, atoms)
    found = certify_discrete(
        Samples(samples, masses), places, weights, order=order, metric=Euclidean(), workers=ONE
    )
    exact = _transport(costs, masses, weights)
    return _compare(found, exact, f"{samples.tolist()}, {masses.tolist()} to {places.tolist()},"
                    f" {weights.tolist()}, k = {order:g}")  # fmt: skip


@family("edot", share=0.5)
def atoms_that_are_found(random: np.random.Generator) -> str | None:
    """The whole of `edot`, with weights free or equal."""
    count, dimension = int(random.integers(2, 10)), int(random.integers(1, 4))
    points = _draw_points(random, count, dimension)
    different = len(np.unique(points, axis=0))
    masses = _draw_masses(random, count)
    order = float(random.choice(ORDERS))
    weights: AtomWeights = "free" if random.random() < 0.8 else "equal"
    count = int(random.integers(1, min(different, 4) + 1))
    samples = Samples(points, masses)
    # Free weights on a line take none.
    steps = None if dimension == 1 and weights == "free" else 4
    found = edot(samples, count, p=order, zeta=1.0, weights=weights, steps=steps, threads=1)
    exact = _transport(_price(points, found.atoms, order), masses, found.weights)
    said = f"{points.tolist()}, {masses.tolist()}, m = {len(found.atoms)}, {weights}"
    return _compare(found.cost, exact, f"{said}, k = {order:g}")


@family("edot", share=0.4)
def clusters_of_many_samples(random: np.random.Generator) -> str | None:
    """Equal samples at few places of the plane, up to a million of them."""
    counts = _draw_counts(random, int(random.integers(2, 5)))
    places = random.integers(0, 3, (len(counts), 2)).astype(float)
    weights = _draw_weights(random, int(random.integers(1, 4)))
    atoms = random.integers(0, 3, (len(weights), 2)).astype(float)
    order = float(random.choice([1.0, 2.0]))
    samples = Samples(np.repeat(places, counts, axis=0), np.ones(counts.sum()))
    found = certify_discrete(samples, atoms, weights, order=order, workers=ONE)
    exact = _transport(_price(places, atoms, order), counts, weights)
    said = f"{counts.tolist()} samples at {places.tolist()} to {atoms.tolist()}"
    return _compare(found, exact, f"{said}, {weights.tolist()}, k = {order:g}")


@family("edot", share=0.1)
def translated_clouds(random: np.random.Generator) -> str | None:
    """Too many for a whole linear program: a shift by t is optimal, and costs |t|^k."""
    count, dimension = int(random.integers(145, 160)), int(random.integers(2, 4))
    points = np.round(random.standard_normal((count, dimension)) * 2.0**20) / 2.0**20
    shift = np.round(random.standard_normal(dimension) * 2.0**10) / 2.0 ** random.integers(6, 20)
    order = float(random.choice([1.0, 2.0, 3.0]))
    found = certify_discrete(
        Samples(points, np.ones(count)), points[random.permutation(count)] + shift,
        np.full(count, 1 / count), order=order, workers=ONE,
    )  # fmt: skip
    exact = _raise(_square(shift, np.zeros(dimension)), order)
    return _compare(found, exact, f"{count} points moved by {shift.tolist()}, k = {order:g}")


@family("edot", share=1.5)
def arcs_on_the_sphere(random: np.random.Generator) -> str | None:
    """Angles in extended precision; clustered, antipodal and coinciding vectors too."""
    count, atoms, dimension = (int(number) for number in random.integers((1, 1, 2), (6, 4, 4)))
    points = random.standard_normal((count + atoms, dimension))
    if random.random() < 0.5:
        points = points[:1] + 10 ** random.uniform(-9, 0) * points
    points *= random.choice([-1.0, 1.0, 1.0], (len(points), 1))
    if random.random() < 0.3:
        points[count:] = points[random.integers(0, count, atoms)]
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    masses, weights = _draw_masses(random, count), _draw_weights(random, atoms)
    order = float(random.choice([1.0, 2.0, 3.0]))
    costs = _price_arcs(points[:count], points[count:], order)
    if random.random() < 0.5:
        weights = _spoil(random, costs, masses, atoms)
    found = certify_discrete(
        Samples(points[:count], masses), points[count:], weights,
        order=order, metric=Sphere(), workers=ONE,
    )  # fmt: skip
    exact = _transport(costs, masses, weights)
    # Extended precision has 64 bits.
    room = Fraction(1, 2**60) * 10**2
    return _compare(found, exact, f"{points.tolist()} on the sphere, k = {order:g}", room)


def _compare(
    found: Interval, exact: Fraction, instance: str, room: Fraction = ROOT_ERROR
) -> str | None:
    room = room * exact if room is ROOT_ERROR else room
    if Fraction(found.lower) <= exact + room and exact - room <= Fraction(found.upper):
        return None
    return f"{instance}: [{found.lower!r}, {found.upper!r}], true {float(exact)!r}"


def _draw_points(random: np.random.Generator, count: int, dimension: int) -> Floats:
    """Clouds, lattices with ties, clusters that are far apart; of any scale and place."""
    kind = random.integers(0, 4)
    points = random.standard_normal((count, dimension))
    if kind == 1:
        points = np.round(2 * points)
    elif kind == 2:
        points = np.round(points * 10.0 ** random.integers(-12, 0), 14)
        points += random.integers(0, 2, (count, 1)) * 10.0 ** random.integers(0, 10)
    elif kind == 3:
        points += 10.0 ** random.integers(0, 8)
    exponent = random.choice([0, 0, 0, -60, 60, -110, 110])
    if exponent == 0 and random.random() < 0.2:
        exponent = random.integers(-20, 20)
    return np.asarray(points * 2.0**exponent)


def _draw_masses(random: np.random.Generator, count: int) -> Floats:
    kind = random.integers(0, 3)
    if kind == 0:
        return np.ones(count)
    if kind == 1:
        return random.integers(1, 9, count).astype(float)
    return random.random(count) + 10.0 ** random.integers(-12, 1)


def _draw_weights(random: np.random.Generator, atoms: int) -> Floats:
    """Equal, round, or any; their sum is 1 but for rounding."""
    weights = np.ones(atoms)
    kind = random.integers(0, 3)
    if kind == 1:
        weights = random.integers(1, 9, atoms).astype(float)
    elif kind == 2:
        weights = random.random(atoms) * (random.random(atoms) < 0.8) + 1e-13
    return np.asarray(weights / weights.sum())


def _draw_counts(random: np.random.Generator, places: int) -> np.ndarray:
    largest = 1e6 if random.random() < 0.03 else 2e3
    return np.ceil(largest ** random.random(places)).astype(int)


def _spoil(random: np.random.Generator, costs: Costs, masses: Floats, atoms: int) -> Floats:
    """Masses of the Voronoi cells, off by 1e-12 or by rounding alone."""
    nearest = [row.index(min(row)) for row in costs]
    weights = np.bincount(nearest, masses / masses.sum(), atoms)
    giver, taker = random.integers(0, atoms, 2)
    amount = min(float(random.choice([0.0, 1e-15, 1e-12, 1e-8])), weights[giver])
    weights[giver] -= amount
    weights[taker] += amount
    return np.asarray(weights)


def _normalise(masses: Floats) -> list[Fraction]:
    exact = [Fraction(mass) for mass in np.asarray(masses).tolist()]
    total = sum(exact)
    return [mass / total for mass in exact]


def _match_quantiles(
    points: Floats, masses: Floats, atoms: Floats, weights: Floats, order: int
) -> Fraction:
    sides = []
    for places, amounts in ((points, masses), (atoms, weights)):
        shares = _normalise(amounts)
        sides.append([(Fraction(places[i]), shares[i]) for i in np.argsort(places)])
    (x, left), (y, wanted) = (side.pop(0) for side in sides)
    cost = Fraction(0)
    while True:
        amount = min(left, wanted)
        cost += amount * abs(x - y) ** order
        left, wanted = left - amount, wanted - amount
        if left == 0:
            if not sides[0]:
                return cost
            x, left = sides[0].pop(0)
        if wanted == 0 and sides[1]:
            y, wanted = sides[1].pop(0)


def _price(points: Floats, atoms: Floats, order: float) -> Costs:
    return [[_raise(_square(x, y), order) for y in atoms] for x in points]


def _square(x: Floats, y: Floats) -> Fraction:
    return sum(((Fraction(a) - Fraction(b)) ** 2 for a, b in zip(x, y, strict=True)), Fraction(0))


def _raise(square: Fraction, order: float) -> Fraction:
    if order % 2 == 0:
        return square ** (int(order) // 2)
    with localcontext() as context:
        context.prec = DIGITS
        root = (Decimal(square.numerator) / Decimal(square.denominator)).sqrt()
        if order % 1:
            root = root.sqrt()
            order *= 2
        return Fraction(root) ** int(order)


def _price_arcs(points: Floats, atoms: Floats, order: float) -> Costs:
    x, y = points.astype(np.longdouble)[:, None], atoms.astype(np.longdouble)
    x, y = (z / np.sqrt((z**2).sum(axis=-1, keepdims=True)) for z in (x, y))
    near, far = (np.sqrt((z**2).sum(axis=-1)) for z in (x - y, x + y))
    angles = 2 * np.arctan2(near, far)
    return [[_split(angle) ** int(order) for angle in row] for row in angles]


def _split(value: np.longdouble) -> Fraction:
    high = float(value)
    return Fraction(high) + Fraction(float(value - np.longdouble(high)))


def _transport(costs: Costs, masses: Floats, weights: Floats) -> Fraction:
    """Least cost of transport, by shortest augmenting paths in rational arithmetic."""
    left, wanted = _normalise(masses), _normalise(weights)
    n, m = len(left), len(wanted)
    flow = [[Fraction(0)] * m for _ in range(n)]
    total = Fraction(0)
    while any(left):
        # Distances to samples, then atoms, by Bellman and Ford; what comes before on the path.
        distance: list[Fraction | None] = [Fraction(0) if a else None for a in left] + [None] * m
        before = [-1] * (n + m)
        changed = True
        while changed:
            changed = False
            for i in range(n):
                for j in range(m):
                    ahead, back = distance[i], distance[n + j]
                    if ahead is not None and (back is None or ahead + costs[i][j] < back):
                        distance[n + j], before[n + j], changed = ahead + costs[i][j], i, True
                    ahead, back = distance[i], distance[n + j]
                    if (
                        flow[i][j]
                        and back is not None
                        and (ahead is None or back - costs[i][j] < ahead)
                    ):
                        distance[i], before[i], changed = back - costs[i][j], n + j, True
        reached = [
            (distance[n + j], j) for j in range(m) if wanted[j] and distance[n + j] is not None
        ]
        length, last = min(reached)
        path = [n + last]
        while before[path[-1]] >= 0:
            path.append(before[path[-1]])
        amount = min(left[path[-1]], wanted[last])
        for node, previous in itertools.pairwise(path):
            if node < n:
                amount = min(amount, flow[node][previous - n])
        for node, previous in itertools.pairwise(path):
            if node >= n:
                flow[previous][node - n] += amount
            else:
                flow[node][previous - n] -= amount
        left[path[-1]] -= amount
        wanted[last] -= amount
        assert length is not None
        total += amount * length
    return total
