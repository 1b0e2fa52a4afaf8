"""Printed digits of certified ends: never inside the interval that the report has in full.

Those of `sequence` are tried together with its certificates.
"""

from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from proofs import family
from proofs.invoke import hold, invoke, read_ends


def draw_table(rng: np.random.Generator, rows: int, columns: int) -> NDArray[np.float64]:
    """Draw masses of pixels, some of them zero, not all."""
    table = rng.integers(0, 5, (rows, columns)) * rng.random((rows, columns))
    table[rng.integers(rows), rng.integers(columns)] = 1.0
    return np.asarray(table)


def write_table(table: NDArray[np.float64]) -> str:
    """Write a matrix as text."""
    return "".join(",".join(map(repr, row)) + "\n" for row in table.tolist())


@family("stipple")
def ends_of_stipple(rng: np.random.Generator) -> str | None:
    """W2² of each ink, and the mean over inks weighted by their points."""
    rows, columns = rng.integers(1, 9, 2).tolist()
    if rng.random() < 0.3:
        levels = rng.integers(0, 256, (rows, columns, 3))
        text = f"P3 {columns} {rows} 255 " + " ".join(map(str, levels.ravel().tolist()))
        picture, more = "picture.ppm", ("--color", "cmyk", "-n", int(rng.integers(4, 20)))
    else:
        text = write_table(draw_table(rng, rows, columns))
        picture, more = "picture.csv", ("-n", int(rng.integers(1, 12)))
    words = (
        "stipple",
        picture,
        *more,
        "--iterations",
        rng.integers(0, 3),
        "-o",
        "-",
        "--format",
        "csv",
        "-v",
    )
    printed, _, report, failure = invoke(*words, files={picture: text})
    if failure is not None:
        return failure
    name = f"{' '.join(map(str, words))} of {text!r}"
    parts = printed.split("certified ")[1:]
    told = [*report["inks"], *([report["union"]] if report["union"] else [])]
    for part, ink in zip(parts, told, strict=True):
        lower, upper = ink["w2_squared_lower"], ink["w2_squared_upper"]
        if not hold(read_ends("within [<, >]", part), lower, upper):
            return f"{name}: [{lower!r}, {upper!r}] is printed as {part[:80]!r}"
    total = sum(ink["points"] for ink in report["inks"])
    lower, upper = (
        sum(ink["points"] * Fraction(ink[end]) for ink in report["inks"]) / total
        for end in ("w2_squared_lower", "w2_squared_upper")
    )
    if not report["w2_squared_lower"] <= lower <= upper <= report["w2_squared_upper"]:
        return (
            f"{name}: means of ends {report['w2_squared_lower']!r}, {report['w2_squared_upper']!r}"
        )
    return None


@family("lloyd")
def ends_of_lloyd(rng: np.random.Generator) -> str | None:
    """W2² after the last step; the lattice of a box, whose W2² is rational, is in the interval."""
    across, down = rng.integers(1, 6, 2).tolist()
    side = float(f"{10 ** rng.uniform(-4, 4):.2g}")
    box = f"0,0,{across * side!r},{down * side!r}"
    words = ("lloyd", "uniform", "--box", box, "--pixels", max(across, down))
    words += ("-n", across * down, "--start", "grid", "--steps", rng.integers(0, 2))
    printed, _, report, failure = invoke(*words)
    if failure is not None:
        return failure
    row = report["trace"][-1]
    lower, upper = row["w2_squared_lower"], row["w2_squared_upper"]
    ends = read_ends("within [<, >]", printed)
    if not hold(ends, lower, upper):
        return f"{' '.join(map(str, words))}: [{lower!r}, {upper!r}] is printed as {printed!r}"
    return None


@family("edot", share=0.3)
def ends_of_edot(rng: np.random.Generator) -> str | None:
    """W_k^k of atoms with any weights."""
    count = int(rng.integers(2, 12))
    samples = rng.random((count, int(rng.integers(1, 4)))) * 10.0 ** rng.integers(-3, 4)
    atoms = int(rng.integers(1, min(count, 5) + 1))
    words = ("edot", "samples.csv", "-m", atoms, "--seed", rng.integers(1000))
    if rng.random() < 0.3:
        words += ("--weights", "equal")
    if "equal" in words and rng.random() < 0.2:
        words += ("--objective", "full", "--steps", 5, "-k", rng.choice([1, 2, 3]))
    text = write_table(samples)
    printed, _, report, failure = invoke(*words, files={"samples.csv": text})
    if failure is not None:
        return failure
    (run,) = report["runs"]
    lower, upper = run["cost_lower"], run["cost_upper"]
    ends = read_ends("within [<, >]", printed)
    if ends is None and "exactly" in printed:
        return None
    if not hold(ends, lower, upper):
        return f"{' '.join(map(str, words))}, {text!r}: [{lower!r}, {upper!r}] is {printed!r}"
    return None


@family("bound")
def ends_of_bound(rng: np.random.Generator) -> str | None:
    """W_p of two small images, and the published estimators."""
    rows, columns = rng.integers(1, 6, 2).tolist()
    first, second = (write_table(draw_table(rng, rows, columns)) for _ in range(2))
    method = str(rng.choice(["auto", "paper"]))
    words = ("bound", "a.csv", "b.csv", "-p", rng.choice([1, 1.5, 2, 3]), "--method", method)
    words += ("--block", 2, "--unit", rng.choice(["pixel", "side"]))
    printed, _, report, failure = invoke(*words, files={"a.csv": first, "b.csv": second})
    if failure is not None:
        return failure
    name = f"{' '.join(map(str, words))} of {first!r} and {second!r}"
    if not hold(read_ends("from < to >", printed), report["lower"], report["upper"]):
        return f"{name}: [{report['lower']!r}, {report['upper']!r}] is printed as {printed!r}"
    if method == "auto" or "side" in words:
        return None
    for label, key, kind in (
        ("minimum cost", "minimum_cost", "lower"),
        ("dual", "dual", "lower"),
        ("weighted cost", "weighted_cost", "upper"),
        ("primal", "primal", "upper"),
        ("variation", "total_variation", "upper"),
    ):
        ends, value = (
            read_ends(f"{label} {kind} bound <", printed),
            report["estimates"][key]["distance"],
        )
        if ends is None or (ends[0] > value if kind == "lower" else ends[0] < value):
            return f"{name}: the {kind} bound {value!r} is printed as {ends and float(ends[0])!r}"
    return None
