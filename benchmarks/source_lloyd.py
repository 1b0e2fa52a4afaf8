"""What the paper on Lloyd's algorithm and its slides state."""

import re
from functools import partial

from experiments import measure as measure_preset
from source_rows import (
    DRAWN,
    Measured,
    Report,
    Row,
    judge,
    judge_vacuous,
    quote,
    read_page,
    rerun,
)

from stipple.lloyd_steps.presets import list_presets

UNIFORM = "stipple lloyd uniform -n 100 --start uniform"
PRESET = "stipple lloyd --preset"
GAUSSIAN_SLOPES = {
    "random": {"paper": -0.95, "slides": -0.99},
    "grid": {"paper": -0.80, "slides": -0.78},
}
# Slopes are published with two digits.
SLOPE_TOLERANCE = 0.01


def list_lloyd() -> list[Row]:
    """List the statements of the paper on Lloyd's algorithm."""
    source = "Lloyd"
    theorem = "W2² after a step is at most C·(ε^(1−d)/N + 1 − ∣I_ε∣/N)"
    polyak = "½W2² − C·ε^(1−d)/N ≤ N·∣∇½W2²∣² (modified Polyak–Łojasiewicz)"
    random = f"{UNIFORM} --steps 1 --repeat 10"
    return [
        rerun(
            source,
            "Proposition 2: W2² falls at each step",
            f"{UNIFORM} --steps 20",
            "",
            read_descent,
            is_cheap=True,
        ),
        quote(
            source,
            f"Theorem 3: {theorem}",
            "make experiments",
            "",
            partial(read_inequality, 0),
            "experiments",
        ),
        quote(
            source,
            polyak,
            "make experiments",
            "",
            partial(read_inequality, 1),
            "experiments",
        ),
        rerun(
            source,
            "(21): ∣y_i − y_j∣ shrinks at most by 1 − τ in a step",
            f"{UNIFORM} --steps 10 --step-size 0.5",
            "",
            read_contraction,
            is_cheap=True,
        ),
        rerun(
            source,
            "Corollary 4: starts N^(−1/β) apart have W2² = O(N^(−(1 − (d−1)/β))) after a step",
            f"{PRESET} koch",
            "exponent −0.207 for the von Koch curve",
            read_separation,
        ),
        rerun(
            source,
            "Corollary 5: independent starts from a bounded density",
            random,
            "",
            read_random_starts,
            is_cheap=True,
        ),
        rerun(
            source,
            "Remark 3: Gaussians whose variance falls with N attain the exponent",
            f"{PRESET} gaussian-narrow",
            "−1/d = −0.5 in the limit",
            partial(
                read_preset,
                "gaussian-narrow",
                "differs: these N are far from the limit; their closed form is met",
            ),
        ),
        quote(
            source,
            "Remark 4, d = 2: a critical cloud with W2² ≥ c·N^(−1/d)",
            f"{PRESET} tight",
            "exponent −1/d = −0.5",
            partial(read_experiment, "tight"),
            "experiments",
        ),
        *_list_space(source),
        rerun(
            source,
            "Theorem 7 and (22): k_N steps with τ_N → 0",
            f"{PRESET} many-steps",
            "W2² falls at least like √(W2²(start)/(εN))",
            read_many_steps,
        ),
    ]


def _list_space(source: str) -> list[Row]:
    """List what the same statements say of d = 3."""
    quoted = (
        (
            "Remark 4: a critical cloud with W2² ≥ c·N^(−1/d)",
            "space-tight",
            "exponent −1/d = −0.333",
        ),
        ("Corollary 5: a step from random points", "space-random", "W2² = O(N^(−1/5))"),
        ("points on a line are critical", "space-line", "W2² → 1/6"),
        ("points on a plane are critical", "space-plane", "W2² → 1/12"),
    )
    return [
        *(
            quote(
                source,
                f"d = 3, {statement}",
                f"{PRESET} {name}",
                published,
                partial(read_experiment, name),
                "experiments",
            )
            for statement, name, published in quoted
        ),
        rerun(
            source,
            "d = 3, (21): ∣y_i − y_j∣ shrinks at most by 1 − τ in a step",
            "stipple lloyd uniform --box 0,0,0,1,1,1 -n 100 --start uniform --steps 5"
            " --step-size 0.5",
            "",
            read_contraction,
            is_cheap=True,
        ),
    ]


def list_lloyd_figures() -> list[Row]:
    """List the experiments of the paper, and what its slides add."""
    paper, slides = "Lloyd", "Lloyd, slides"
    quoted = (
        (paper, "grey image, a step from a grid", "image-grid", "slope −1.00"),
        (paper, "a step from the von Koch curve", "koch", "slope −1.01"),
        (paper, "points on a line are critical", "line", "W2² → 1/12"),
        (paper, "Lloyd from a grid leaves it late", "unstable-grid", "step 100 to 160"),
        (paper, "limits from crowded points, square", "critical-limits", "pictures"),
        (paper, "limits from crowded points, disc", "critical-limits-disc", "pictures"),
    )
    limits = (
        ("critical-diagonal", "the diagonal of the square, cells are strips", 1 / 12, "1/12"),
        ("critical-diameter", "a diameter of the disc, cells are strips", 1 / 4, "1/4"),
        ("critical-ring", "a circle in the disc, cells are sectors", 1 / 18, "1/18"),
    )
    return [
        *(
            quote(
                source,
                f"Figure: {statement}",
                f"{PRESET} {name}",
                published,
                partial(read_experiment, name),
                "experiments",
            )
            for source, statement, name, published in quoted
        ),
        *_list_gaussians(),
        rerun(
            paper,
            "Figure 1: points, cells, arrows to barycentres, step by step",
            f"{UNIFORM} --steps 20 --frames panels.svg",
            "pictures",
            read_fall,
        ),
        *(
            rerun(
                slides,
                f"E_1: critical points on {where}",
                f"{PRESET} {name}",
                f"W2² → {text}",
                partial(read_limit, limit),
                is_cheap=name == "critical-diagonal",
            )
            for name, where, limit, text in limits
        ),
    ]


def _list_gaussians() -> list[Row]:
    """List the figure with a Gaussian: with the density that has its slopes, and as printed."""
    rows = []
    for start, slopes in GAUSSIAN_SLOPES.items():
        name = f"gaussian-{start}"
        statement = f"Figure: Gaussian exp(−{{}}∣x − ½∣²){{}}, a step from a {start} start"
        published = ", ".join(f"slope {slope:.2f} ({where})" for where, slope in slopes.items())
        source = "Lloyd and slides"
        rows += [
            quote(
                source,
                statement.format(16, ""),
                f"{PRESET} {name}",
                published,
                lambda name=name, slopes=slopes: compare_slopes(
                    slopes, "", read_experiment(name)[0]
                ),
                "experiments",
            ),
            rerun(
                source,
                statement.format(8, ", as the paper prints it"),
                f"{PRESET} {name}-8",
                published,
                lambda said, name=name, slopes=slopes: compare_slopes(
                    slopes,
                    "its closed form has another slope, that of 16 the published one",
                    measure_preset(list_presets()[f"{name}-8"], said)[0],
                ),
            ),
        ]
    return rows


def compare_slopes(published: dict[str, float], reason: str, measured: str) -> Measured:
    """Say with which of several published slopes a measured one agrees, to their digits."""
    slope = float(measured.split()[1])
    agrees = {where: abs(slope - one) < SLOPE_TOLERANCE for where, one in published.items()}
    said = (
        f"{'agrees with' if is_so else 'differs from'} the {where}"
        for where, is_so in agrees.items()
    )
    return measured, ", ".join(said) + ("" if any(agrees.values()) else f": {reason}")


def read_descent(report: Report) -> Measured:
    """Say at how many steps W2² fell by its certified intervals."""
    fell, rose = report["certified_decreases"], report["certified_increases"]
    steps = sum(row["step"] > 0 for row in report["trace"])
    return f"fell at {fell} of {steps} steps by its certified intervals, rose at {rose}", judge(
        not rose
    )


def read_inequality(which: int) -> Measured:
    """Sum up the inequalities of all presets: the one-step theorem, or Polyak–Łojasiewicz."""
    found = re.findall(
        r"(hold|\*\*fail\*\*) on (\d+) rows, vacuous on (\d+) and (\d+)", read_page("experiments")
    )
    rows = sum(int(one[1]) for one in found)
    vacuous = sum(int(one[2 + which]) for one in found)
    verdict = judge_vacuous(vacuous, rows)
    return f"true on {rows} rows of {len(found)} traces", judge(
        all(one[0] == "hold" for one in found), verdict, "**violated**"
    )


def read_contraction(report: Report) -> Measured:
    """Say by how much distances between points shrank at most."""
    rows = [row for row in report["trace"] if row["contraction_right"] is not None]
    least = min(row["contraction_right"] for row in rows)
    allowed = max(row["contraction_left"] for row in rows)
    holds = all(row["contraction_holds"] for row in rows)
    return f"at least {least:.4g} times, 1 − τ = {allowed:.4g}", judge(holds)


def read_separation(report: Report) -> Measured:
    """Say which exponent follows from the distances in the starts."""
    rate = report["corollary_4"]
    agrees = abs(rate["exponent"] + 0.207) < 1e-3 and report["slope"] <= rate["exponent"]
    return (
        f"β = {rate['beta']:.4g}, exponent {rate['exponent']:.3f}; the slope is"
        f" {report['slope']:.3f}",
        judge(agrees, "agrees"),
    )


def read_random_starts(report: Report) -> Measured:
    """Say how often the bound for random starts was true, and whether it says anything."""
    cases = report["corollary_5"]
    holds = all(one["held"] >= one["probability"] * one["clouds"] for one in cases)
    vacuous = sum(one["vacuous"] for one in cases)
    said = (
        f"N = {one['points']}: {one['held']} of {one['clouds']} clouds, of which"
        f" {one['probability']:.1%} are promised; W2² ≤ {one['w2_squared']:.3g}"
        for one in cases
    )
    return "; ".join(said), judge(holds, judge_vacuous(vacuous, len(cases)))


def read_preset(name: str, verdict: str, report: Report) -> Measured:
    """Say what a preset gives that the page of experiments need not have."""
    measured, outcome = measure_preset(list_presets()[name], report)
    return measured, judge(outcome == "agrees", verdict)


def read_experiment(name: str) -> Measured:
    """Read what the page of experiments says of a preset."""
    row = re.search(rf"^\| {name} \| (.+) \|$", read_page("experiments"), re.M)
    if row is None:
        raise RuntimeError(f"docs/experiments.md has no row {name}: run `make experiments`.")
    measured, verdict = row[1].split(" | ")[2:4]
    return measured, DRAWN if verdict == "pictures" else verdict


def read_many_steps(report: Report) -> Measured:
    """Say how many steps the theorem asks for, and how W2² falls with N."""
    steps = ", ".join(str(one["steps"]) for one in report["multi_step_theorem"])
    counts = ", ".join(f"{one['points']}" for one in report["multi_step_theorem"])
    rate = report["rate_22"]["exponent"]
    return (
        f"k_N = {steps} for N = {counts}; slope {report['slope']:.3f}, the rate is {rate:.3f}",
        judge(report["slope"] <= rate),
    )


def read_fall(report: Report) -> Measured:
    """Say how far W2² fell in the pictures."""
    first, last = report["trace"][0], report["trace"][-1]
    return f"W2² {first['w2_squared']:.4g} → {last['w2_squared']:.4g}", DRAWN


def read_limit(limit: float, report: Report) -> Measured:
    """Say how near W2² comes to that of strips or sectors, and of which kind the cells are."""
    largest = report["cell_dimensions"][-1]
    w2_squared = report["fitted_w2_squared"][-1]
    strips = largest["counts"][1]
    near = abs(w2_squared / limit - 1) < 0.02 and strips >= 0.9 * largest["points"]
    return (
        f"W2² {w2_squared:.5f} at N = {largest['points']}, limit {limit:.5f}; {strips} cells of"
        f" dimension 1",
        judge(near, "agrees"),
    )
