"""Certified W_p between volumes, beside POT and geomloss: `make bench-volumes`.

Volumes are exp(1.5·g), g a Gaussian field of unit variance: smooth, rough, or white noise. POT
solves small ones exactly; geomloss, where .venv-bench has it, gives its debiased entropic cost,
which is an estimate and no bound. Writes docs/volumes-measured.md.
"""

import argparse
import time
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import NamedTuple

import numpy as np
from rival_calls import Answer, ask_rival, list_reasons
from scipy.ndimage import gaussian_filter
from stamp import describe_origin

import stipple
from stipple.arrays import Floats

REPORT = Path(__file__).parent.parent / "docs" / "volumes-measured.md"
ORDERS = (1.0, 1.5, 2.0, 3.0)
# Voxels that fields are smoothed over: smooth ones over a share of the side.
SMOOTH, FIELDS = "smooth", {"smooth": 1 / 8, "rough": 1.0, "white noise": 0.0}
SMALL_SIDES = (8, 12, 16, 32)
GAP, GAPS = 0.005, {128: 0.01}
# Seconds for each interval between large volumes that are not smooth: by default, and heavy.
LARGE_SIDE, TIME_LIMIT, HEAVY_LIMIT = 64, 30, 300
# Sides up to which POT solves all fields, and smooth ones; what geomloss compares takes long too.
POT_SIDE, RIVAL_SIDE = 12, 16
# Of geomloss, in voxels, and the orders that it knows.
BLUR, ENTROPIC_ORDERS = 0.25, (1.0, 2.0)
HEAD = "| voxels | field | p | certified W_p | gap | seconds | POT | geomloss |"


class Case(NamedTuple):
    """Two volumes of a side and a field, and the order of their distance."""

    side: int
    field: str
    order: float


def list_cases(*, heavy: bool) -> Iterator[Case]:
    """List what is measured; for the large ones, those that end soon."""
    small = (Case(*case) for case in product(SMALL_SIDES, FIELDS, ORDERS))
    # Of the smallest, smooth fields are the rough ones.
    yield from (case for case in small if case[:2] != (SMALL_SIDES[0], "rough"))
    yield from (Case(64, SMOOTH, order) for order in ORDERS)
    rough = (Case(64, *case) for case in product(("rough", "white noise"), ORDERS))
    yield from (case for case in rough if heavy or case.order in (1, 2))
    yield from (Case(128, SMOOTH, order) for order in (ORDERS if heavy else (1.5, 2.0)))


def draw_field(seed: int, side: int, field: str = SMOOTH) -> Floats:
    """Draw a volume > 0."""
    noise = np.random.default_rng(seed).standard_normal((side, side, side))
    voxels = FIELDS[field] * (side if field == SMOOTH else 1)
    smooth = gaussian_filter(noise, voxels, mode="wrap")
    return np.asarray(np.exp(1.5 * smooth / smooth.std()))


def solve_by_pot(a: Floats, b: Floats, order: float) -> float:
    """Compute W_p, up to rounding."""
    import ot

    places = np.argwhere(a >= 0).astype(float)
    costs = ot.dist(places, places) ** (order / 2)
    shares = [(volume / volume.sum()).ravel() for volume in (a, b)]
    cost = ot.emd2(*shares, costs, numItermax=10**7)
    return float(cost ** (1 / order))


def measure_case(case: Case, time_limit: float) -> tuple[str, Answer]:
    """Bound two volumes: a row of the table, and what geomloss answered."""
    a, b = (draw_field(seed, case.side, case.field) for seed in (1, 2))
    gap, smooth = GAPS.get(case.side, GAP), case.field == SMOOTH
    limit = None if smooth or case.side < LARGE_SIDE else time_limit
    began = time.process_time()
    found = stipple.bound(a, b, case.order, gap=gap, time_limit=limit, threads=1)
    seconds = time.process_time() - began
    assert isinstance(found, stipple.ImageBounds)
    exact, estimate = "–", Answer(None)
    if case.side <= (RIVAL_SIDE if smooth else POT_SIDE):
        began = time.process_time()
        distance = solve_by_pot(a, b, case.order)
        exact = f"{distance:.5f}, {time.process_time() - began:.1f} s"
        assert found.lower * (1 - 1e-6) <= distance <= found.upper * (1 + 1e-6)
    if smooth and case.side == RIVAL_SIDE and case.order in ENTROPIC_ORDERS:
        estimate = ask_rival("geomloss", 0, first=a, second=b, order=case.order, blur=BLUR)
    told = "–"
    if estimate.values is not None:
        told = f"{float(estimate.values):.5f}, {estimate.seconds:.1f} s"
    reached = "" if found.reached else f" ({found.stopped})"
    row = (
        f"| {case.side}³ | {case.field} | {case.order:g} | {found.lower:.5f} to {found.upper:.5f}"
        f" | {found.gap:.2%}{reached} | {seconds:.1f} | {exact} | {told} |"
    )
    return row, estimate


def write_page(rows: list[str], answers: dict[str, Answer], time_limit: float) -> str:
    """Write the page."""
    lines = [
        "# Bounds between volumes, measured",
        "",
        describe_origin("bench-volumes"),
        "",
        "Pairs of random fields exp(1.5·g), g Gaussian of unit variance: white noise; rough, which"
        " is smoothed over one voxel; smooth, over an eighth of the side. The gap asked for is"
        f" {GAP:.1%}, at 128³ voxels {GAPS[128]:.0%}; from {LARGE_SIDE}³ voxels on, fields that are"
        f" not smooth have {time_limit} s, and the table says where these were too short. One"
        " thread; seconds are of the processor."
        " POT is `ot.emd2` on the dense matrix, and lies in every interval. geomloss is its"
        f" debiased entropic cost, blurred by {BLUR} voxels: an estimate, no bound. See"
        " [bounds](bounds.md#volumes).",
        "",
        HEAD,
        "|" + "---|" * (HEAD.count("|") - 1),
        *rows,
        *(["", *reasons] if (reasons := list_reasons(answers)) else []),
    ]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Measure every case, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--heavy", action="store_true", help="all orders of large volumes")
    heavy = parser.parse_args().heavy
    time_limit = HEAVY_LIMIT if heavy else TIME_LIMIT
    for field, order in product(FIELDS, ORDERS):  # compiles loops
        stipple.bound(*(draw_field(seed, 20, field) for seed in (1, 2)), order, threads=1)
    rows, answers = [], {}
    for case in list_cases(heavy=heavy):
        row, answer = measure_case(case, time_limit)
        rows.append(row)
        if answer.reason:
            answers["geomloss"] = answer
        print(row, flush=True)
    REPORT.write_text(write_page(rows, answers, time_limit), encoding="utf-8")


if __name__ == "__main__":
    main()
