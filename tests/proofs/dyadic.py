"""The certificates of `sequence`."""

from collections.abc import Iterator
from fractions import Fraction
from math import prod

import numpy as np

import stipple
from proofs import family
from proofs.invoke import Outcome, invoke, read_ends
from stipple.sequences.certificate import measure_prefix_1d
from stipple.sequences.cubes import enclose_w2

# π lies between these.
PI = Fraction(314159265358979323846, 10**20), Fraction(314159265358979323847, 10**20)
BALLS = (2, 1, Fraction(4, 3), Fraction(1, 2), Fraction(8, 15))  # times π^⌊d/2⌋
# Upper ends may give away this much.
LOSS = Fraction(1, 10**9)
UNIT = Fraction(0), Fraction(1)

Box = list[tuple[Fraction, Fraction]]


def draw_count(rng: np.random.Generator, largest: int) -> int:
    """Draw a number of points, mostly small; some are powers of two and their neighbours."""
    count = int(2 ** rng.uniform(0, 8.2))
    if rng.random() < 0.2:
        count = max(1, 2 ** int(rng.integers(0, 9)) + int(rng.integers(-1, 2)))
    return int(rng.integers(1, largest)) if rng.random() < 0.02 else count


def locate(index: int, d: int) -> list[Fraction]:
    """Coordinate j is Σ_k a_k^j·2^{−(k+1)}, a_k the digits of the index in base 2^d."""
    coordinates = [Fraction(0)] * d
    level = 1
    while index:
        index, digit = divmod(index, 2**d)
        for j in range(d):
            coordinates[j] += Fraction(digit >> (d - 1 - j) & 1, 2**level)
        level += 1
    return coordinates


def cut(indices: list[int], box: Box, depth: int) -> Iterator[tuple[int, Box]]:
    """Share a box out by the bits of the indices, as they are dealt to the axes."""
    if len(indices) == 1:
        yield indices[0], box
        return
    level, axis = divmod(depth, len(box))
    shift = len(box) * level + len(box) - 1 - axis
    parts = [[index for index in indices if (index >> shift & 1) == bit] for bit in (0, 1)]
    low, high = box[axis]
    middle = low + (high - low) * Fraction(len(parts[0]), len(indices))
    for part, side in zip(parts, ((low, middle), (middle, high)), strict=True):
        if part:
            yield from cut(part, [*box[:axis], side, *box[axis + 1 :]], depth + 1)


def follow(indices: np.ndarray, target: int, d: int) -> Box:
    """Cut only the box of one index out of many."""
    box, depth = [UNIT] * d, 0
    while len(indices) > 1:
        level, axis = divmod(depth, d)
        bits = indices >> (d * level + d - 1 - axis) & 1
        low, high = box[axis]
        middle = low + (high - low) * Fraction(int((bits == 0).sum()), len(indices))
        bit = target >> (d * level + d - 1 - axis) & 1
        box[axis] = (middle, high) if bit else (low, middle)
        indices = indices[bits == bit]
        depth += 1
    return box


@family("sequence", share=4)
def partitions(rng: np.random.Generator) -> str | None:
    """Boxes have volume 1/N exactly, corners are near them, R_N and the lower bound enclose."""
    d = int(rng.integers(1, 6))
    count = draw_count(rng, 100_000)
    if count <= 400:
        boxes = dict(cut(list(range(count)), [UNIT] * d, 0))
    else:
        chosen = {0, count - 1, *rng.integers(0, count, 20).tolist()}
        boxes = {index: follow(np.arange(count), index, d) for index in sorted(chosen)}
    name = f"n = {count}, d = {d}"
    partition = ("--partition", "-") if count <= 400 else ()
    outcome = invoke("sequence", "-n", count, "-d", d, "--certify", *partition)
    if outcome.failure is not None:
        return outcome.failure
    assert all(
        prod(high - low for low, high in box) == Fraction(1, count) for box in boxes.values()
    )
    corners = [[Fraction(float(x)) for x in line.split(",")] for line in outcome.data.split()[1:]]
    levels = -(-(count - 1).bit_length() // d)
    error = Fraction(1, 2**54) if d == 1 else Fraction(4 * levels, 2**53)
    if partition and len(corners) != count:
        return f"{name}: {len(corners)} boxes"
    for index, *sides in corners:
        box = boxes[int(index)]
        drawn = list(zip(sides[:d], sides[d:], strict=True))
        if any(
            abs(x - y) > error
            for a, b in zip(box, drawn, strict=True)
            for x, y in zip(a, b, strict=True)
        ):
            return f"{name}: a corner of box {index} is off by more than {float(error):.2g}"
        volume = prod(high - low for low, high in drawn) * count
        most = prod(1 + 2 * error / (high - low) for low, high in box) - 1
        if abs(volume - 1) > most:
            return f"{name}: the volume of box {index} is off by {float(volume - 1):.2g}"
    farthest = max(
        sum(
            max(x - low, high - x) ** 2
            for x, (low, high) in zip(locate(index, d), box, strict=True)
        )
        for index, box in boxes.items()
    )
    if count <= 400:
        squares = sum(
            ((low - x) ** 2 + (low - x) * (high - x) + (high - x) ** 2) / 3
            for index, box in boxes.items()
            for x, (low, high) in zip(locate(index, d), box, strict=True)
        )
        bound = Fraction(outcome.report["certificate"]["wp_upper"]) ** 2 * count
        if not squares <= bound <= squares * (1 + LOSS):
            return f"{name}: wp_upper is {outcome.report['certificate']['wp_upper']!r}"
    return refute_certificate(outcome, count, d, farthest, whole=count <= 400)


def refute_certificate(
    outcome: Outcome, count: int, d: int, farthest: Fraction, *, whole: bool
) -> str | None:
    """Compare a certificate, and what is printed of it, with the exact R_N² (or less of it)."""
    row, name = outcome.report["certificate"], f"n = {count}, d = {d}"
    ball, half = BALLS[d - 1], d // 2
    printed = {
        "radius": read_ends("R_N <", outcome.printed),
        "scaled_radius": read_ends("R_N·N <" if d == 1 else f"R_N·N^(1/{d}) <", outcome.printed),
        "lower_bound": read_ends("lower bound <", outcome.printed),
        "ratio": read_ends("ratio <", outcome.printed),
        "wp_lower": read_ends("W_2 <", outcome.printed),
        "scaled_wp": read_ends("W_2·N <" if d == 1 else f"W_2·N^(1/{d}) <", outcome.printed),
    }
    for key, ends in printed.items():
        if ends is None:
            return f"{name}: {key} is not printed"
        value, end = Fraction(row[key]), ends[0]
        if end > value if key.endswith("lower") or key == "lower_bound" else end < value:
            return f"{name}: {key} is {row[key]!r}, and {float(end)!r} is printed"
    # All are compared after raising to the power 2d, which needs no roots.
    radius, scaled, ratio, lower = (
        Fraction(row[key]) ** (2 * d) for key in ("radius", "scaled_radius", "ratio", "lower_bound")
    )
    for key, value, least in (
        ("radius", radius, farthest**d),
        ("scaled_radius", scaled, farthest**d * count**2),
        ("ratio", ratio, farthest**d * (count * ball * PI[0] ** half) ** 2),
    ):
        if value < least or (whole and value > least * (1 + LOSS)):
            return f"{name}: {key} is {row[key]!r}"
    most = 1 / (count * ball * PI[1] ** half) ** 2
    if not most * (1 - LOSS) <= lower <= most:
        return f"{name}: lower_bound is {row['lower_bound']!r}"
    if d > 1:
        constant = read_ends("theorem: at most <", outcome.printed)
        for value in (constant and constant[0], Fraction(outcome.report["constant"])):
            if value is None or value**2 < 100 * d:
                return f"{name}: the constant is {value and float(value)!r}"
    return None


@family("sequence", share=2)
def distances_on_the_line(rng: np.random.Generator) -> str | None:
    """W1, W2 and W∞ of prefixes and of any points, against exact sums."""
    if rng.random() < 0.5:
        count = draw_count(rng, 20_000)
        outcome = invoke("sequence", "-n", count, "-d", 1, "--certify")
        if outcome.failure is not None:
            return outcome.failure
        points = sorted(locate(index, 1)[0] for index in range(count))
        exact = measure_exactly(points)
        for symbol, power, value in zip(("W1", "W2", "W∞"), (1, 2, 1), exact, strict=True):
            ends = read_ends(f"{symbol} = < to >", outcome.printed)
            ends = ends or read_ends(f"{symbol} = <", outcome.printed)
            if ends is None or not ends[0] ** power <= value <= ends[1] ** power:
                found = ends and tuple(map(float, ends))
                return (
                    f"n = {count}: {symbol} = {float(value) ** (1 / power)!r} but {found} printed"
                )
        return None
    count = int(rng.integers(1, 40))
    values = rng.random(count) ** int(rng.integers(1, 30))
    if rng.random() < 0.3:
        values = np.round(values * 8) / 8
    if rng.random() < 0.3:
        values = (rng.permutation(count) + 0.5 + rng.uniform(-1e-9, 1e-9, count)) / count
    exact = measure_exactly([Fraction(value) for value in sorted(values.tolist())])
    figures = measure_prefix_1d(values)
    for symbol, power, value, figure in zip(
        ("W1", "W2", "W∞"), (1, 2, 1), exact, figures, strict=True
    ):
        # A relative 2^−46, squared for W2.
        if abs(Fraction(figure) ** power - value) > value * power * Fraction(1, 2**46):
            return (
                f"{symbol} of {values.tolist()} is {figure!r}, not {float(value) ** (1 / power)!r}"
            )
    return None


@family("sequence", share=0.5)
def distances_of_products(rng: np.random.Generator) -> str | None:
    """Of points that are a product of points of the line W2² is the sum of theirs."""
    d = int(rng.integers(1, 5))
    sizes = rng.integers(1, (30, 6, 4, 3)[d - 1], d)
    axes = [rng.random(size) ** int(rng.integers(1, 4)) for size in sizes]
    if rng.random() < 0.3:
        axes = [np.round(places * 4) / 4 for places in axes]
    exact = sum(
        (measure_exactly([Fraction(x) for x in sorted(places.tolist())])[1] for places in axes),
        Fraction(0),
    )
    points = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, d)
    bounds = enclose_w2(rng.permutation(points))
    if not Fraction(bounds.lower) ** 2 <= exact <= Fraction(bounds.upper) ** 2:
        return f"W2² of {points.tolist()} is {float(exact)!r}, not in {bounds} squared"
    return None


def measure_exactly(points: list[Fraction]) -> tuple[Fraction, Fraction, Fraction]:
    """W1, W2² and W∞: the i-th point gets the mass of [i/n, (i + 1)/n]."""
    n = len(points)
    first = second = farthest = Fraction(0)
    for k, point in enumerate(points):
        left, right = Fraction(k, n) - point, Fraction(k + 1, n) - point
        same = left * right >= 0
        first += abs(right**2 - left**2) / 2 if same else (left**2 + right**2) / 2
        second += (right**3 - left**3) / 3
        farthest = max(farthest, abs(left), abs(right))
    return first, second, farthest


@family("sequence", share=2)
def points_of_the_sequence(rng: np.random.Generator) -> str | None:
    """Points are what the definition says, wherever the range begins."""
    d, count = int(rng.integers(1, 6)), int(rng.integers(1, 30))
    skip = int.from_bytes(rng.bytes(40), "big") % (2 ** int(rng.integers(1, 53 * d + 1)) - 1)
    skip = min(skip, 2 ** (53 * d) - count)
    points = stipple.sequence(count, d, skip=skip)
    for index, point in enumerate(points.tolist(), start=skip):
        if [Fraction(x) for x in point] != locate(index, d):
            return f"point {index} in dimension {d} is {point}"
    return None


@family("sequence", share=0.5)
def exact_w2_in_the_plane(rng: np.random.Generator) -> str | None:
    """Squares: 4^k points at their lower left corners have W2² = ⅔·4^−k; else bounds enclose."""
    power = int(rng.integers(0, 5))
    square = rng.random() < 0.4
    count = 4**power if square else int(rng.integers(1, 60))
    outcome = invoke("sequence", "-n", count, "--exact-w2")
    if outcome.failure is not None:
        return outcome.failure
    row = outcome.report["certificate"]
    lower, upper = Fraction(row["w2_lower"]), Fraction(row["w2_upper"])
    least = Fraction(2, 3) / count if square else Fraction(1, 2) / (PI[1] * count)
    most = Fraction(2, 3) / count if square else Fraction(row["radius"]) ** 2
    if upper**2 < least or lower**2 > most:
        return f"n = {count}: W2 in [{row['w2_lower']!r}, {row['w2_upper']!r}]"
    ends = read_ends("in [<, >]", outcome.printed)
    if ends is None or not ends[0] <= lower <= upper <= ends[1]:
        return f"n = {count}: W2 in {ends and tuple(map(float, ends))} is printed"
    return None
