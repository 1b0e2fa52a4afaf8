"""The inequalities that `lloyd` prints."""

import math
from decimal import Decimal, localcontext
from fractions import Fraction
from typing import Any

import numpy as np

from proofs import family
from proofs.invoke import invoke

DIGITS = 60
# Sides may give away this much to rounding.
LOSS = Fraction(1, 10**12)


def take_root(square: Fraction) -> Fraction:
    """Square root to sixty digits."""
    with localcontext() as context:
        context.prec = DIGITS
        root = (Decimal(square.numerator) / Decimal(square.denominator)).sqrt()
        return Fraction(root)


def draw_box(rng: np.random.Generator, exact: bool) -> tuple[float, float, int]:
    """Sides of a box, and pixels along the longer one; powers of two if all is to be exact."""
    long = int(2 ** rng.integers(0, 9)) if exact else int(rng.integers(1, 300))
    short = min(long, int(2 ** rng.integers(0, 4)) if exact else int(rng.integers(1, 9)))
    unit = 2.0 ** int(rng.integers(-8, 9)) if exact else float(f"{10 ** rng.uniform(-3, 3):.3g}")
    sides = (long * unit, short * unit)
    return *(sides if rng.random() < 0.5 else sides[::-1]), long


def refute_row(row: dict[str, Any], diameter: Fraction) -> str | None:
    """Recompute both inequalities of a row from its figures; say which one is wrong."""
    count, epsilon, part = row["points"], row["epsilon"], row["part_at_epsilon"]
    if epsilon is None or not 0 < epsilon <= 1:
        return f"ε is {epsilon}"
    constant = 4 * (diameter + 1) ** 3
    bound = constant * (1 / (Fraction(epsilon) * count) + 1 - Fraction(part))
    if not bound * (1 - LOSS) <= row["one_step_right"] <= bound:
        return f"the right side of the one-step theorem is {row['one_step_right']!r}"
    least = row["minimum_distance"]
    epsilon = Fraction(1) if least is None else min(Fraction(1), Fraction(least))
    loss = constant / (epsilon * count)
    left = Fraction(row["w2_squared_upper"]) / 2 - loss
    if not left <= row["polyak_lojasiewicz_left"] <= left + abs(left) * LOSS:
        return f"the left side of Polyak–Łojasiewicz is {row['polyak_lojasiewicz_left']!r}"
    for name, vacuous in (
        ("one_step", bound >= diameter**2),
        ("polyak_lojasiewicz", 2 * loss >= diameter**2),
    ):
        if row[f"{name}_holds"] != (row[f"{name}_left"] <= row[f"{name}_right"]):
            return f"{name}_holds is {row[f'{name}_holds']}"
        if not row[f"{name}_holds"]:
            return f"{name} fails: {row[f'{name}_left']!r} > {row[f'{name}_right']!r}"
        if row.get(f"{name}_vacuous") != vacuous:
            return f"{name}_vacuous is {row.get(f'{name}_vacuous')}"
    if not row["contraction_holds"]:
        return f"distances shrink to {row['contraction_right']!r} < {row['contraction_left']!r}"
    return "W2² rose" if row["fell"] is False else None


@family("lloyd", share=3)
def inequalities(rng: np.random.Generator) -> str | None:
    """Both sides of both inequalities follow from the figures of a row, on the unfavourable side.

    A step towards the barycentres does not raise W2², and a whole one goes to the barycentres,
    whose W2² the left side of the one-step theorem bounds.
    """
    width, height, pixels = draw_box(rng, exact=False)
    count = 1 if rng.random() < 0.1 else int(rng.integers(1, 61 if rng.random() < 0.1 else 13))
    size = float(rng.choice([1.0, 1.0, 0.5, 0.1]))
    start = str(rng.choice(["uniform", "grid", "bisection"]))
    centre, spread = rng.random(2) * (width, height), (width, height) * rng.uniform(0.2, 1, 2)
    bump = "gaussian:" + ",".join(f"{x:.6g}/{y:.6g}" for x, y in (centre, spread))
    density = str(rng.choice(["uniform", bump, f"0.5*{bump}+0.5*uniform"]))
    words = (
        *("lloyd", density, "--box", f"0,0,{width!r},{height!r}", "--pixels", pixels),
        *("-n", count, "--start", start, "--seed", rng.integers(10**6), "--step-size", size),
        *("--steps", "theorem" if rng.random() < 0.1 else rng.integers(0, 4)),
    )
    _, _, report, failure = invoke(*words)
    if failure is not None:
        return failure
    diameter = take_root(Fraction(width) ** 2 + Fraction(height) ** 2)
    before: dict[str, Any] | None = None
    for row in report["trace"][:20]:
        fault = refute_row(row, diameter)
        if fault is None and before is not None:
            most = before["one_step_left"] if size == 1 else before["w2_squared_upper"]
            if row["w2_squared_lower"] > most:
                fault = f"W2² is at least {row['w2_squared_lower']!r} after {most!r} at most"
        if fault is not None:
            return f"{' '.join(map(str, words))}, step {row['step']}: {fault}"
        before = row
    return None


@family("lloyd", share=3)
def strips(rng: np.random.Generator) -> str | None:
    """Points on the middle line of a flat box, whose cells are strips: all is rational.

    With x_i sorted, b_i the middles of n equal strips and L, H the sides: W2² = mean (x_i − b_i)²
    + (L/n)²/12 + H²/12, its gradient is (x_i − b_i)/n, and without the first term it is the W2² of
    the barycentres.
    """
    length, height, pixels = draw_box(rng, exact=True)
    count = int(rng.integers(1, 13))
    places = rng.permutation(np.arange(1, 64))[:count] / 64 * length
    turned = rng.random() < 0.5
    sides = (height, length) if turned else (length, height)
    lines = [(height / 2, x) if turned else (x, height / 2) for x in places.tolist()]
    text = "".join(f"{x!r},{y!r}\n" for x, y in lines)
    words = (
        *("lloyd", "uniform", "--box", f"0,0,{sides[0]!r},{sides[1]!r}", "--pixels", pixels),
        *("--start", "start.csv", "--steps", 0),
    )
    _, _, report, failure = invoke(*words, files={"start.csv": text})
    if failure is not None:
        return failure
    (row,) = report["trace"]
    part = Fraction(length) / count
    middles = [part * (2 * k + 1) / 2 for k in range(count)]
    shifts = [Fraction(x) - b for x, b in zip(sorted(places.tolist()), middles, strict=True)]
    gradient = sum(shift**2 for shift in shifts) / count
    barycentres = (part**2 + Fraction(height) ** 2) / 12
    exact = gradient + barycentres
    diameter = take_root(Fraction(length) ** 2 + Fraction(height) ** 2)
    fault = refute_row(row, diameter)
    if not row["w2_squared_lower"] <= exact <= row["w2_squared_upper"]:
        fault = (
            f"W2² is {float(exact)!r}, not within {row['w2_squared_lower']!r},"
            f" {row['w2_squared_upper']!r}"
        )
    elif row["polyak_lojasiewicz_right"] > gradient:
        fault = f"N·|∇½W2²|² = {float(gradient)!r} < {row['polyak_lojasiewicz_right']!r}"
    elif row["one_step_left"] < barycentres:
        fault = f"W2² of B = {float(barycentres)!r} > {row['one_step_left']!r}"
    return None if fault is None else f"{' '.join(map(str, words))} at {lines}: {fault}"


@family("lloyd")
def step_theorem(rng: np.random.Generator) -> str | None:
    """The number of steps that the multi-step theorem asks for is printed, and its hypothesis."""
    count, size = int(rng.integers(1, 10)), round(float(rng.uniform(0.05, 0.95)), 2)
    side = float(f"{10 ** rng.uniform(-1, 1.3):.3g}")
    words = (
        *("lloyd", "uniform", "--box", f"0,0,{side!r},{side!r}", "--pixels", 1),
        *("-n", count, "--start", "grid", "--steps", "theorem", "--step-size", size),
    )
    printed, _, report, failure = invoke(*words)
    if failure is not None:
        return failure
    first = report["trace"][0]
    least = first["minimum_distance"]
    epsilon = 1.0 if least is None else min(1.0, least)
    value = first["w2_squared"] / 2 * count * epsilon
    exponent = math.log(value) / (2 * size)
    if abs(exponent - round(exponent)) < 1e-9:
        return None
    steps = math.floor(exponent)
    if f"k_N = {steps} for τ = {size:g}" not in printed:
        return f"{' '.join(map(str, words))}: k_N = {steps} is not printed in {printed!r}"
    verdict = "holds" if value > 1 else "does not hold"
    if f"ε <= 1 {verdict}" not in printed:
        return f"{' '.join(map(str, words))}: {verdict!r} is not printed in {printed!r}"
    if len(report["trace"]) != max(0, steps) + 1:
        return f"{' '.join(map(str, words))}: {len(report['trace'])} rows for k_N = {steps}"
    return None
