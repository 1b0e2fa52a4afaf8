"""What the papers on the dyadic sequence and on discretisation (EDOT) state."""

import re
from functools import partial

import numpy as np
from source_rows import DRAWN, Measured, Report, Row, judge, leave, quote, read_page, rerun, run

import stipple

PREFIXES = "stipple sequence --prefixes 1:600"
EDOT = "stipple edot --preset"
ATOMS = "stipple edot samples/chelsea.png --resize 60 -m 10"
AIM_REACHED = f"{DRAWN}; what that page sets out to reach is reached"


def list_dyadic() -> list[Row]:
    """List the statements of the paper on the dyadic sequence."""
    source = "Dyadic"
    theorem = "Theorem: W∞ ≤ C·N^(−1/d) for every N"
    return [
        Row(
            source,
            "prefix counts: each dyadic cube holds ⌊N/2^(dk)⌋ or ⌈N/2^(dk)⌉ points",
            "stipple sequence -n 600",
            "",
            measure_prefix_counts,
            is_cheap=True,
        ),
        rerun(source, f"{theorem}, d = 2", PREFIXES, "C = 10·√d", read_certificate, is_cheap=True),
        *(
            rerun(
                source,
                f"{theorem}, d = {dimension}",
                f"{PREFIXES} -d {dimension}",
                "C = 10·√d",
                read_certificate,
            )
            for dimension in (3, 4)
        ),
        rerun(
            source,
            "Theorem: W_p ≤ C·N^(−1/d) for every p ≥ 1 (p = 2, d = 2)",
            PREFIXES,
            "C = 10·√d",
            read_order,
            is_cheap=True,
        ),
        rerun(
            source,
            "Remark 1.6: no N points have W∞ < (N·ω_d)^(−1/d)",
            PREFIXES,
            "",
            read_lower_bound,
            is_cheap=True,
        ),
        rerun(
            source,
            "Proposition 2.9: how far ends of boxes are moved",
            f"{PREFIXES} -d 3 --construction paper",
            "at most 2^(2d − 2 + M(d − 1))/N",
            read_moves,
        ),
        *(
            rerun(
                source,
                f"the constant of the paper's own partition ({name})",
                f"{PREFIXES} -d 3 --construction paper",
                f"R_N·N^(1/d) ≤ {constant}·√d",
                partial(read_constant, f"paper{constant}"),
            )
            for constant, name in ((10, "levels of its proof"), (6, "levels as published"))
        ),
        rerun(
            source,
            "d = 1 is impossible (Graham 2020): N·W∞ exceeds every constant",
            "stipple sequence -d 1 --prefixes 1:2000",
            "",
            read_growth,
        ),
    ]


def measure_prefix_counts() -> Measured:
    """Count the points of each prefix in each dyadic square."""
    points = stipple.sequence(600, 2)
    counts = np.arange(1, len(points) + 1)[:, None]
    wrong, levels = 0, range(1, 6)
    for level in levels:
        column, row = (points * 2**level).astype(int).T
        inside = np.cumsum(np.eye(4**level)[column * 2**level + row], axis=0)
        wrong += int(np.sum(np.abs(inside - counts / 4**level) >= 1))
    return (
        f"{wrong} squares of sides 1/2 to 1/{2 ** levels[-1]} are wrong, N ≤ {len(points)}",
        judge(wrong == 0),
    )


def read_certificate(report: Report) -> Measured:
    """Say the largest R_N·N^(1/d) of all prefixes."""
    worst = report["worst"]
    most = max(row["scaled_radius"] for row in report["prefixes"])
    return (
        f"R_N·N^(1/d) ≤ {most:.4f}, at N = {worst['n']}; 10·√d is {report['constant']:.4f}",
        judge(most <= report["constant"]),
    )


def read_order(report: Report) -> Measured:
    """Say the largest certified W_p·N^(1/d) of all prefixes."""
    worst = report["worst_wp"]
    return f"W_2·N^(1/d) ≤ {worst['scaled_wp']:.4f}, at N = {worst['n']}", judge(
        worst["scaled_wp"] <= report["constant"]
    )


def read_lower_bound(report: Report) -> Measured:
    """Say how far R_N is above what any points have."""
    ratios = [row["ratio"] for row in report["prefixes"]]
    return f"R_N is {min(ratios):.3f} to {max(ratios):.3f} times that", judge(min(ratios) >= 1)


def read_moves(report: Report) -> Measured:
    """Say how far ends were moved, as a part of what the proof allows."""
    largest = max(
        row[f"{name}_move"] / row[f"{name}_move_bound"]
        for row in report["prefixes"]
        for name in ("paper10", "paper6")
    )
    return f"at most {largest:.4f} of that", judge(largest <= 1)


def read_constant(name: str, report: Report) -> Measured:
    """Say the largest scaled radius of the partition of the paper."""
    rows = report["prefixes"]
    worst = max(rows, key=lambda row: row[f"{name}_scaled_radius"])
    largest = worst[f"{name}_scaled_radius"]
    allowed = int(name.removeprefix("paper")) * report["dimension"] ** 0.5
    return f"{largest:.4f} by strips, at N = {worst['n']}; allowed {allowed:.4f}", judge(
        largest <= allowed
    )


def read_growth(report: Report) -> Measured:
    """Say how N·W∞ grows with the prefixes on the line."""
    scaled = np.array([row["n"] * row["w_infinity"] for row in report["prefixes"]])
    tops = [float(scaled[:count].max()) for count in (125, 250, 500, 1000, 2000)]
    grows = all(np.diff(tops) > 0.2)
    text = " ".join(f"{top:.3f}" for top in tops)
    return f"largest N·W∞ up to N = 125, 250, 500, 1000, 2000: {text}", judge(
        grows, "holds as far as computed: it grows like log N"
    )


def list_edot() -> list[Row]:
    """List the figures, algorithms and statements of the paper on discretisation."""
    source = "EDOT"
    quoted = (
        ("Figure 2a: uniform on [0, 1], 5 atoms", "uniform-1d"),
        ("Figures 2b and 2f: two truncated normals, 5 atoms; loss by steps", "mixture-1d"),
        ("Figure 2c: two truncated normals on the square, 7 atoms", "mixture-2d"),
        ("Figures 2d and 2e: 5 atoms beat 95 % of samplings of 40 points", "naive-comparison"),
        ("Figure 3a and Proposition 1: atoms for the plan", "plan-1d"),
        ("Figure 3b; Adaptive EDOT with both variations", "adaptive-30"),
        ("EDOT-Equal beside free weights: 16 discs, 24 atoms", "discs-24"),
        ("distances on a manifold: the sphere", "sphere"),
        ("distances on a manifold: the Swiss roll", "swiss-roll"),
        ("an image with 10 to 4,000 atoms", "image"),
    )
    published = {
        "uniform-1d": "a picture",
        "mixture-1d": "pictures",
        "naive-comparison": "95 %",
        "plan-1d": "a picture; max of both errors ≤ that of the plan",
    }
    formula = (
        "a formula, which tests/discretisation/entropic compares with finite differences at each"
        " test run"
    )
    return [
        *(
            quote(
                source,
                statement,
                f"{EDOT} {name}",
                published.get(name, "a picture"),
                partial(read_discretisation, name),
                "edot-experiments",
            )
            for statement, name in quoted
        ),
        rerun(
            source,
            "Algorithm, Simple EDOT: stochastic steps on minibatches",
            f"{ATOMS} --objective full --algorithm simple",
            "",
            read_simple,
        ),
        leave(source, "gradient of the sharp loss by an adjoint system", "", formula),
        leave(
            source,
            "barycentre of several measures",
            "",
            "no published figure is at hand; `stipple edot --barycenter` computes it, and"
            " tests/discretisation/test_barycentre.py has translates whose barycentre is known",
        ),
    ]


def read_discretisation(name: str) -> Measured:
    """Read what the page of discretisations says of a preset."""
    section = re.search(
        rf"^## {name}\n(.*?)(?=^## |\Z)", read_page("edot-experiments"), re.M | re.S
    )
    said = section and re.search(r"Measured: (.+)\. \d+ s\.$", section[1], re.M)
    if not said:
        raise RuntimeError(f"docs/edot-experiments.md has no {name}: run `make experiments`.")
    if "**" in said[1]:
        return said[1], "**differs**"
    if name == "naive-comparison":
        return said[1], "agrees"
    if "holds" in said[1]:
        return said[1], "holds"
    return said[1].removesuffix(": agrees"), AIM_REACHED if "agrees" in said[1] else DRAWN


def read_simple(report: Report) -> Measured:
    """Compare the certified cost that stochastic steps end with to that of the exact objective."""
    (simple,), (exact,) = report["runs"], run(ATOMS)["runs"]
    ratio = simple["cost_upper"] / exact["cost_lower"]
    return f"W2² {simple['cost_upper']:.5g}, {ratio:.3f} times that of the exact objective", judge(
        simple["converged"] and ratio < 1.1, "holds: a local optimum of the regularised loss"
    )
