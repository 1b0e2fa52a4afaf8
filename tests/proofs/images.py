"""Certified W_p between images: `bound`."""

import math
from fractions import Fraction

import numpy as np
import ot
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

import stipple
from proofs import family
from stipple.bounds.morph import interpolate_plan, measure_morph

Array = NDArray[np.float64]

ORDERS = (1.0, 1.5, 2.0, 3.0)
# Of the solvers that the intervals are compared with.
ROUNDING = 1e-9


def draw_shape(rng: np.random.Generator, most: int) -> tuple[int, int]:
    """A shape of at most so many pixels: wide, tall or neither."""
    rows = int(rng.integers(1, most + 1))
    return rows, int(rng.integers(1, most // rows + 1))


def draw_image(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """Whole numbers or not, dense or sparse, of any scale; some mass."""
    kind = rng.integers(5)
    if kind == 0:
        image = rng.integers(0, 256, shape).astype(float)
    elif kind == 1:
        image = rng.random(shape)
    elif kind == 2:
        image = rng.random(shape) * (rng.random(shape) < 0.3)
    elif kind == 3:
        image = np.exp(10 * rng.standard_normal(shape))
    else:
        image = np.ldexp(rng.random(shape), int(rng.integers(-900, 900)))
    image[tuple(rng.integers(0, side) for side in shape)] += image.max() or 1.0
    return image


def measure_distances(shape: tuple[int, ...]) -> Array:
    places = np.argwhere(np.ones(shape))
    return np.sqrt(((places[:, None] - places) ** 2).sum(axis=2))


def solve_by_pot(a: Array, b: Array, p: float) -> float:
    """W_p by the network simplex of POT, up to rounding."""
    shares = [(image / image.max() / (image / image.max()).sum()).ravel() for image in (a, b)]
    shares = [share / share.sum() for share in shares]
    cost = ot.emd2(*shares, measure_distances(a.shape) ** p, numItermax=10**6)
    return float(max(cost, 0.0) ** (1 / p))


def tell(result: stipple.ImageBounds, truth: float, p: float, what: str) -> str:
    return f"W_{p:g} of {what} is {truth!r}, not within [{result.lower!r}, {result.upper!r}]"


def holds(result: stipple.ImageBounds, truth: float, slack: float) -> bool:
    return result.lower <= truth + slack and result.upper >= truth - slack


def check_beside_pot(rng: np.random.Generator, shape: tuple[int, ...]) -> str | None:
    p = float(rng.choice(ORDERS))
    a, b = draw_image(rng, shape), draw_image(rng, shape)
    truth = solve_by_pot(a, b, p)
    limit = [None, None, 0.0, 0.001][rng.integers(4)]
    result = stipple.bound(a, b, p, gap=float(rng.choice([0.0, 0.005, 0.5])), time_limit=limit)
    slack = ROUNDING ** (1 / p) if truth < 1e-3 else ROUNDING * max(truth, 1.0) * 10
    if not holds(result, truth, slack):
        return tell(result, truth, p, f"two images of {shape}")
    return None


@family("bound", share=12)
def images_beside_pot(rng: np.random.Generator) -> str | None:
    """Every kind of image: the optimum of another solver is inside."""
    return check_beside_pot(rng, draw_shape(rng, 49))


@family("bound", share=4)
def volumes_beside_pot(rng: np.random.Generator) -> str | None:
    """Every kind of volume, thin or not: the optimum of another solver is inside."""
    return check_beside_pot(rng, tuple(rng.integers(1, 6, 3).tolist()))


@family("bound", share=12)
def single_units_exactly(rng: np.random.Generator) -> str | None:
    """A few units of mass: the best assignment, in whole numbers; also for large p."""
    shape, p = draw_shape(rng, 64), int(rng.choice([1, 2, 3, 4, 8, 16, 32]))
    count = int(rng.choice([1, 2, 5, 40, 100]))
    ends = [rng.integers(0, side, (2, count)) for side in shape]
    first, second = (np.column_stack([axis[k] for axis in ends]) for k in (0, 1))
    squares = ((first[:, None] - second) ** 2).sum(axis=2)
    best = linear_sum_assignment(squares.astype(float) ** (p / 2))
    a, b = np.zeros((2, *shape), dtype=int)
    np.add.at(a, tuple(first.T), 1)
    np.add.at(b, tuple(second.T), 1)
    result = stipple.bound(a, b, p)
    moved = [int(square) for square in squares[best]]
    if p % 2 == 0:
        cost = Fraction(sum(square ** (p // 2) for square in moved), count)
        right = Fraction(result.lower) ** p <= cost
        right &= Fraction(result.upper) ** p >= cost * (1 - Fraction(1, 10**12))
        truth = float(cost) ** (1 / p)
    else:
        truth = (sum(square ** (p / 2) for square in moved) / count) ** (1 / p)
        right = holds(result, truth, 1e-12 * truth)
    if not right:
        return tell(result, truth, p, f"{count} units on {shape}")
    if not result.reached:
        return f"p = {p}, {count} units on {shape}: a gap of {result.gap} where {truth} is right"
    return None


@family("bound", share=8)
def translations(rng: np.random.Generator) -> str | None:
    """A patch that moves as a whole is as far as it moved, for every p; wide and tall."""
    rows, columns = [(1, 600), (600, 1), (3, 200), (150, 4), (24, 24), (9, 40)][rng.integers(6)]
    p = float(rng.choice([*ORDERS, 16.0]))
    height, width = int(rng.integers(1, rows + 1)), int(rng.integers(1, columns + 1))
    if rng.random() < 0.4:
        height = width = 1
    patch = draw_image(rng, (height, width))
    images = np.zeros((2, rows, columns))
    starts = []
    for image in images:
        top, left = rng.integers(0, rows - height + 1), rng.integers(0, columns - width + 1)
        image[top : top + height, left : left + width] = patch
        starts.append((int(top), int(left)))
    square = sum((x - y) ** 2 for x, y in zip(*starts, strict=True))
    result = stipple.bound(images[0], images[1], p, gap=1e-3)
    if not Fraction(result.lower) ** 2 <= square <= Fraction(result.upper) ** 2:
        return tell(result, math.sqrt(square), p, f"a patch {(height, width)} moved by {square}^½")
    return None


@family("bound", share=8)
def the_same_image(rng: np.random.Generator) -> str | None:
    """Multiples of an image are at distance 0; up to rounding, nearly so, and reached."""
    shape, p = draw_shape(rng, 400), float(rng.choice([*ORDERS, 16.0]))
    a = draw_image(rng, shape)
    kind = rng.integers(3)
    if kind == 2:
        a = a / a.max()
        result = stipple.bound(a, a / a.sum(), p)
        limit = math.hypot(*shape) * 1e-15 ** (1 / p)
        if result.lower > result.upper or result.upper > limit or not result.reached:
            return f"p = {p}, a and a/sum on {shape}: {result.upper!r}, reached {result.reached}"
        return None
    b = a * 0.25
    if kind == 1:
        a = np.rint(a / a.max() * 1000)
        b = a * int(rng.integers(1, 99))
    result = stipple.bound(a, b, p)
    zeros = [result.lower, result.upper]
    if zeros != [0, 0] or min(math.copysign(1, zero) for zero in zeros) < 0 or result.gap != 0:
        return f"p = {p}, a and a multiple on {shape}: [{result.lower!r}, {result.upper!r}]"
    return None


def transport_line(a: list[Fraction], b: list[Fraction], p: int) -> Fraction:
    """W_p^p on the line, by quantiles."""
    cost, i, j = Fraction(0), 0, 0
    left = [a[0], b[0]]
    while True:
        amount = min(left)
        cost += amount * abs(i - j) ** p
        left = [left[0] - amount, left[1] - amount]
        if left[0] == 0:
            i += 1
            if i == len(a):
                return cost
            left[0] = a[i]
        if left[1] == 0:
            j += 1
            if j == len(b):
                return cost
            left[1] = b[j]


@family("bound", share=8)
def strips(rng: np.random.Generator) -> str | None:
    """One-dimensional images, exactly: by quantiles, in rational numbers."""
    count, p = int(rng.integers(1, 120)), int(rng.integers(1, 5))
    lines = [draw_image(rng, (1, count)) for _ in range(2)]
    shares = []
    for line in lines:
        exact = [Fraction(value) for value in line.ravel().tolist()]
        shares.append([value / sum(exact) for value in exact])
    # The sums of 1 above are exact, so both lists end together.
    cost = transport_line(*shares, p)
    a, b = lines if rng.random() < 0.5 else [np.ascontiguousarray(line.T) for line in lines]
    result = stipple.bound(a, b, p)
    if not Fraction(result.lower) ** p <= cost <= Fraction(result.upper) ** p:
        return tell(result, float(cost) ** (1 / p), p, f"strips of {count}")
    return None


@family("bound", share=3)
def squares_beside_refined_grids(rng: np.random.Generator) -> str | None:
    """Spread over squares: W_p of a grid three times as fine differs by its own squares at most."""
    shape, p, fine = draw_shape(rng, 9), float(rng.choice([1.0, 2.0])), 3
    a, b = draw_image(rng, shape), draw_image(rng, shape)
    method = rng.choice(["auto", "paper"])
    side = max(shape) if rng.random() < 0.5 else 1
    unit = "side" if side > 1 else "pixel"
    result = stipple.bound(a, b, p, pixels="squares", method=str(method), block=1, unit=unit)
    spread = [np.kron(image, np.ones((fine, fine))) for image in (a, b)]
    truth = solve_by_pot(*spread, p) / fine / side
    slack = (2 * 0.41 / fine + 1e-4) / side
    ends = [(result.lower, result.upper)]
    if result.estimates is not None:
        estimates = result.estimates
        ends += [
            (lower.distance, upper.distance)
            for lower in (estimates.minimum_cost, estimates.dual)
            for upper in (estimates.weighted_cost, estimates.primal, estimates.total_variation)
        ]
    ends += [(level.lower, level.upper) for level in result.levels]
    if any(lower > truth + slack or upper < truth - slack for lower, upper in ends):
        return tell(result, truth, p, f"squares on {shape} in {unit}s, {method}")
    return None


@family("bound", share=4)
def published_estimators(rng: np.random.Generator) -> str | None:
    """The blocks of --method paper: all five estimates are bounds."""
    shape, p = draw_shape(rng, 36), float(rng.choice(ORDERS))
    a, b = draw_image(rng, shape), draw_image(rng, shape)
    truth = solve_by_pot(a, b, p)
    result = stipple.bound(a, b, p, method="paper", block=int(rng.integers(1, 4)))
    assert result.estimates is not None
    lowers = (result.estimates.minimum_cost, result.estimates.dual)
    uppers = (
        result.estimates.weighted_cost,
        result.estimates.primal,
        result.estimates.total_variation,
    )
    slack = ROUNDING ** (1 / p) if truth < 1e-3 else ROUNDING * max(truth, 1.0) * 10
    if any(one.distance > truth + slack for one in lowers):
        return f"p = {p} on {shape}: a lower estimate exceeds {truth}: {lowers}"
    if any(not one.distance >= truth - slack for one in uppers):
        return f"p = {p} on {shape}: an upper estimate is below {truth}: {uppers}"
    return None


@family("bound", share=8)
def plans_that_prove(rng: np.random.Generator) -> str | None:
    """The plan returned has both images as marginals, and its cost is the upper end."""
    shape, p = draw_shape(rng, 300), float(rng.choice([*ORDERS, 8.0]))
    a, b = draw_image(rng, shape), draw_image(rng, shape)
    result = stipple.bound(a, b, p, gap=float(rng.choice([0.0, 0.01, 1.0])))
    plan = result.plan
    if plan is None:
        return f"no plan for p = {p} on {shape}"
    for ends, image in ((plan.source, a), (plan.target, b)):
        shares = (image / image.max() / (image / image.max()).sum()).ravel()
        sums = np.bincount(ends, plan.amounts, image.size)
        if np.abs(sums - shares).max() > 1e-13:
            return f"p = {p} on {shape}: marginals miss by {np.abs(sums - shares).max()}"
    first, second = (np.divmod(ends, shape[1]) for ends in (plan.source, plan.target))
    lengths = np.hypot(first[0] - second[0], first[1] - second[1])
    distance = float((plan.amounts @ lengths**p) ** (1 / p))
    # Dust that the plan leaves out weighs little, and goes no farther than the diagonal.
    dust = math.hypot(*shape) * (len(plan.amounts) * 2.0**-57) ** (1 / p)
    if not distance * (1 - 1e-12) <= result.upper <= distance * (1 + 1e-12) + dust:
        return f"p = {p} on {shape}: the plan costs {distance}, the upper end is {result.upper}"
    return None


@family("bound", share=6)
def nearest_of_few(rng: np.random.Generator) -> str | None:
    """The k nearest images: no other one is nearer by more than is said."""
    shape, p = draw_shape(rng, 49), float(rng.choice(ORDERS))
    query, *images = (draw_image(rng, shape) for _ in range(6))
    images[int(rng.integers(5))] = images[int(rng.integers(5))] * 3.0
    k, gap = int(rng.integers(1, 6)), float(rng.choice([0.0, 0.05]))
    found = stipple.find_nearest(query, images, k, p, gap=gap)
    truths = [solve_by_pot(query, image, p) for image in images]
    others = [truth for place, truth in enumerate(truths) if place not in found.indices]
    farthest, least = max(truths[place] for place in found.indices), min(others, default=math.inf)
    slack = ROUNDING ** (1 / p) if farthest < 1e-3 else ROUNDING * max(farthest, 1.0) * 10
    if found.proved != (found.excess == 0) or farthest - least > found.excess + slack:
        return f"p = {p} on {shape}: {found} of {truths}, excess {found.excess}"
    for lower, upper, truth in zip(found.lower, found.upper, truths, strict=True):
        if not lower - slack <= truth <= upper + slack:
            return f"p = {p} on {shape}: {truth} is not from {lower} to {upper}"
    return None


@family("bound", share=6)
def interpolations(rng: np.random.Generator) -> str | None:
    """A morph at any time is as far from the first image as is said, its sharing included."""
    shape, p = draw_shape(rng, 49), float(rng.choice([*ORDERS, 8.0]))
    a, b = draw_image(rng, shape), draw_image(rng, shape)
    result = stipple.bound(a, b, p, gap=float(rng.choice([0.0, 0.1, 1.0])))
    if result.plan is None:
        return f"no plan for p = {p} on {shape}"
    morph = measure_morph(result, (float(rng.random()),))
    (record,) = morph.times
    frame = interpolate_plan(result.plan, shape, record.time)
    truth = solve_by_pot(a, frame, p)
    # Of the dust that doubles leave out.
    slack = morph.sharing + ROUNDING * max(truth, 1.0) * 10 + math.hypot(*shape) * 1e-12 ** (1 / p)
    if not record.lower - slack <= truth <= record.upper + slack or abs(frame.sum() - 1) > 1e-12:
        return f"p = {p} on {shape}: {truth} at {record}, sharing {morph.sharing}"
    return None
