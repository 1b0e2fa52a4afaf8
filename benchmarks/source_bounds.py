"""What the papers on bounds between images and on power diagrams state."""

import re
from functools import partial

from bound_volumes import ORDERS, draw_field, solve_by_pot
from source_rows import Measured, Report, Row, judge, leave, quote, read_page, rerun, run

import stipple

IMAGES = "stipple bound samples/chelsea.png samples/horse.png --resize 32x32"
ESTIMATES = f"{IMAGES} --method paper --block 4"
ESTIMATORS = ("minimum cost", "dual", "weighted cost", "primal", "total variation")
# The page of the published estimators: the sides of its images, and columns of its tables.
PAGE = "bound-estimators"
LARGE, SMALL = 64, 32
BLOCKS = (2, 4, 8)
BLOCK, FIRST_ERROR, FIRST_SPEED = 1, 2, 7
ENDS = ("lower", "upper")
# Of POT.
ROUNDING = 1e-9
STIPPLES = "stipple stipple samples/camera.png -n 2000 -o points.csv"


def list_bounds() -> list[Row]:
    """List the estimators and the claims of the paper on bounds."""
    source = "Bounds"
    estimators = (*ESTIMATORS[:4], "with total variation")
    return [
        *(
            rerun(
                source,
                f"the estimator {name} is {'a lower' if at < 2 else 'an upper'} bound",
                ESTIMATES,
                "",
                partial(read_estimate, at),
                is_cheap=True,
            )
            for at, name in enumerate(ESTIMATORS)
        ),
        *(
            quote(
                source,
                f"Table: errors of the estimator {name}, 64 × 64, blocks of {block}",
                "make bench-estimators",
                "below 2 %" if at in (1, 2, 3) else "",
                partial(read_errors, at, block),
                PAGE,
            )
            for block in BLOCKS
            for at, name in enumerate(estimators)
        ),
        *(
            quote(
                source,
                f"Table: time of the best {end} bound beside entropic transport as exact,"
                f" 32 × 32, blocks of {block}",
                "make bench-estimators",
                f"{least} times faster",
                partial(read_speeds, at, block, least),
                PAGE,
            )
            for least in (10, 100)
            for block in BLOCKS
            for at, end in enumerate(ENDS)
        ),
        Row(
            source,
            "regular grids of three axes are bounded like those of two",
            "make bench-bounds",
            "",
            measure_volumes,
            is_cheap=True,
        ),
        leave(
            source,
            "Table: the same on 128 × 128 and larger",
            "",
            "exact distances, against which errors are measured, are not computed at these sizes",
        ),
    ]


def read_estimate(which: int, report: Report) -> Measured:
    """Compare an estimator with the certified distance of the same images."""
    exact = run(f"{IMAGES} --gap 0.0001")
    name = ESTIMATORS[which].replace(" ", "_")
    found = report["estimates"][name]["distance"]
    holds = found <= exact["upper"] if which < 2 else found >= exact["lower"]
    error = found / exact["lower"] - 1
    return f"W_2 {found:.4f}, {error:+.1%} of the certified {exact['lower']:.4f}", judge(
        holds, "holds", "**violated**"
    )


def measure_volumes() -> Measured:
    """Compare intervals between small volumes with what POT computes."""
    volumes = draw_field(1, 8), draw_field(2, 8)
    holds, told = True, []
    for order in ORDERS:
        found, exact = stipple.bound(*volumes, order), solve_by_pot(*volumes, order)
        holds &= found.lower <= exact * (1 + ROUNDING) and exact <= found.upper * (1 + ROUNDING)
        told.append(f"W_{order:g} {found.lower:.4f} (POT {exact:.4f})")
    return f"8³ voxels: {', '.join(told)}", judge(holds, "holds", "**violated**")


def read_table(side: int) -> list[list[str]]:
    """Read the table of the published estimators for images of a size."""
    section = read_page(PAGE).partition(f"\n## {side} × {side}\n")[2].partition("\n### ")[0]
    rows = re.findall(r"^\| (\w+ \| \d .+) \|$", section, re.M)
    if not rows:
        raise RuntimeError(f"docs/{PAGE}.md has no table for {side} × {side} images.")
    return [row.split(" | ") for row in rows]


def read_errors(which: int, block: int) -> Measured:
    """Say the range of errors of an estimator over all classes, and for which it is small."""
    rows = [row for row in read_table(LARGE) if row[BLOCK] == str(block)]
    errors = {row[0]: float(row[FIRST_ERROR + which].partition("%")[0]) for row in rows}
    sizes = {name: abs(error) for name, error in errors.items()}
    least, most = min(sizes, key=sizes.__getitem__), max(sizes, key=sizes.__getitem__)
    images = read_page(PAGE).partition("Images: ")[2].partition(".")[0]
    text = f"{images}: {errors[least]:+.2f} % ({least}) to {errors[most]:+.2f} % ({most})"
    small = [name for name, size in sizes.items() if size < 2]
    if which not in (1, 2, 3):
        holds = all((error < 0) == (which < 2) for error in errors.values())
        return text, judge(holds, "holds", "**violated**")
    return text, judge_classes(small, sizes)


def read_speeds(which: int, block: int, least: float) -> Measured:
    """Say how many times longer entropic transport takes, to be as exact as the best estimator."""
    cells = {
        row[0]: row[FIRST_SPEED + which] for row in read_table(SMALL) if row[BLOCK] == str(block)
    }
    ratios = {
        name: float(cell.split(", ")[1].rstrip(" ×")) for name, cell in cells.items() if cell != "–"
    }
    text = f"{min(ratios.values()):.1f} to {max(ratios.values()):.1f} times"
    never = [name for name in cells if name not in ratios]
    if never:
        text += f"; entropic transport is never as exact for {', '.join(never)}"
    return text, judge_classes([name for name, each in ratios.items() if each >= least], ratios)


def judge_classes(kept: list[str], classes: dict[str, float]) -> str:
    """Say for which classes a claim holds."""
    if len(kept) == len(classes):
        return "agrees"
    names = f"{', '.join(kept)} only" if kept else "no class"
    return f"differs: {names}, {len(kept)} of {len(classes)}"


def list_power_diagrams() -> list[Row]:
    """List what is known of exact uniform quantisation by power diagrams."""
    source = "Power diagrams"
    return [
        rerun(
            source,
            "each cell holds the same mass of the density",
            STIPPLES,
            "",
            read_masses,
        ),
        rerun(
            source,
            "damped Newton converges (Kitagawa, Mérigot, Thibert 2019)",
            f"{STIPPLES} --iterations 0",
            "",
            read_newton,
        ),
        rerun(
            source,
            "the best points have hexagonal cells: N·W2²/A → 5/(18·√3)",
            STIPPLES,
            "0.160375 in the limit, no bound",
            read_quality,
        ),
        rerun(
            source,
            "Algorithm: points to barycentres and weights to masses, in turn",
            "stipple lloyd samples/camera.png --resize 128 -n 500 --steps 10",
            "W2² falls",
            read_steps,
        ),
        leave(
            source,
            "Figures: spectra of the points",
            "pictures",
            "`stipple certify points.csv` draws a spectrum, but no published one is at hand",
        ),
    ]


def read_masses(report: Report) -> Measured:
    """Say the largest relative error of a mass."""
    error = report["mass_error"]
    return f"largest relative error {error:.1e}", judge(error < 1e-6)


def read_newton(report: Report) -> Measured:
    """Say how many Newton steps one exact solve takes."""
    steps = sum(ink["newton_iterations"] for ink in report["inks"])
    return (
        f"{steps} Newton steps, {report['diagrams']} diagrams, relative error of masses"
        f" {report['mass_error']:.1e}",
        judge(report["mass_error"] < 1e-6),
    )


def read_quality(report: Report) -> Measured:
    """Say the quality of the points, beside that of hexagons."""
    quality, limit = report["quality"], report["quality_hexagonal"]
    return f"{quality:.4f} at N = {report['points']:,}", judge(
        abs(quality / limit - 1) < 0.01, "agrees"
    )


def read_steps(report: Report) -> Measured:
    """Say at how many steps W2² fell by its certified intervals."""
    fell, rose = report["certified_decreases"], report["certified_increases"]
    first, last = report["trace"][0]["w2_squared"], report["trace"][-1]["w2_squared"]
    return f"fell at {fell} steps, rose at {rose}; {first:.4g} → {last:.4g}", judge(
        rose == 0, "agrees"
    )
