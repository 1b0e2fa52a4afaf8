"""Errors and times of the published estimators of W_p: `make bench-estimators`.

"Quantization-based Bounds on the Wasserstein Metric" says: 10 to 100 times faster than entropic
transport, with errors below 2 %. Writes docs/bound-estimators.md: each estimator with its own error
and time, entropic transport where it is as exact, and for which classes of images each claim holds.
"""

import argparse
import json
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from bounds import ROOT, WORK, Pair, load_pairs, make_pairs
from stamp import describe_origin

import stipple
from stipple.bounds.blocks import BlockEstimate, PaperEstimates, estimate_blocks
from stipple.bounds.masses import pair_masses

REPORT = ROOT / "docs" / "bound-estimators.md"
RIVALS = (ROOT / ".venv-bench" / "bin" / "python", Path(__file__).with_name("rivals.py"))
BLOCKS = (2, 4, 8)
# Entropic transport takes minutes for each larger pair.
SIDES, SINKHORN_SIDE = (32, 64), 32
# Relative width of the certified interval that errors are measured against.
EXACT = 1e-5
ORDER = 2.0
LOWER = ("minimum cost", "dual")
UPPER = ("weighted cost", "primal", "with total variation")
ENDS = {"lower": LOWER, "upper": UPPER}
SINKHORN_ITERATIONS = 2000
# Regularisations tried, from the largest cost / 50, each half of the one before.
HALVINGS = 8
CLAIMED_ERROR = 0.02
CLAIMED_SPEEDS = (10, 100)


class Entropic(NamedTuple):
    """What POT's Sinkhorn finds with one regularisation: relative error of W_p, and seconds."""

    error: float
    seconds: float


@dataclass(frozen=True)
class Measurement:
    """The estimators of one pair of images for one size of block.

    Attributes
    ----------
    name : str
        Class of the images.
    block : int
    errors, seconds : dict of str to float
        By estimator: relative error of W_p, and processor seconds.
    sinkhorn : dict of str to float or None
        By side, "lower" and "upper": seconds of the fastest Sinkhorn, of POT or of ott-jax, that is
        as exact as the best estimator of that side; None where none is, or none was tried.
    """

    name: str
    block: int
    errors: dict[str, float]
    seconds: dict[str, float]
    sinkhorn: dict[str, float | None]

    def compare_speed(self, side: str) -> float | None:
        """How many times longer Sinkhorn takes than the best estimator of a side."""
        rival = self.sinkhorn[side]
        best = min(ENDS[side], key=lambda name: abs(self.errors[name]))
        return None if rival is None else rival / self.seconds[best]


def time_sinkhorn(pair: Pair, exact: float) -> list[Entropic]:
    """Run POT's entropic transport on the dense matrix, ⟨P, C⟩, with less and less entropy."""
    import ot

    rows, columns = pair[0].shape
    places = np.stack(np.divmod(np.arange(rows * columns), columns), axis=1).astype(float)
    costs = ot.dist(places, places, "euclidean") ** ORDER
    masses = [np.maximum(image.ravel() / image.sum(), 1e-12) for image in pair]
    masses = [mass / mass.sum() for mass in masses]
    found = []
    for power in range(HALVINGS):
        regularisation = costs.max() / 50 / 2**power
        began = time.process_time()
        plan = ot.sinkhorn(
            *masses, costs, regularisation, numItermax=SINKHORN_ITERATIONS, stopThr=1e-7, warn=False
        )
        seconds = time.process_time() - began
        distance = float((plan * costs).sum()) ** (1 / ORDER)
        found.append(Entropic(abs(distance / exact - 1), seconds))
    return found


def time_ott(pair: Pair, exact: float, accuracy: float) -> float | None:
    """Time of ott-jax's Sinkhorn on the grid until it is as near; None where it does not get there.

    It runs in a process of its own, in an environment that has it.
    """
    if not RIVALS[0].exists():
        return None
    archive, found = WORK / "pair.npz", WORK / "distance.npy"
    np.savez(archive, first=pair[0], second=pair[1], exact=exact, accuracy=accuracy)
    command = [*RIVALS, "ott", archive, "0", found]
    said = subprocess.run(command, capture_output=True, text=True)
    if said.returncode:
        print(f"ott-jax does not run here: {said.stderr.strip().splitlines()[-1]}", flush=True)
        return None
    return None if np.isnan(np.load(found)).any() else float(json.loads(said.stdout))


def measure(pairs: dict[str, list[Pair]], *, sinkhorn: bool) -> list[Measurement]:
    """Measure the estimators for the first pair of each class."""
    found = []
    for name, (pair, *_) in pairs.items():
        interval = stipple.bound(*pair, ORDER, gap=EXACT).interval
        exact = (interval.lower + interval.upper) / 2
        entropic = time_sinkhorn(pair, exact) if sinkhorn else []
        for block in BLOCKS:
            estimates = list_estimates(
                estimate_blocks(pair_masses(*pair), ORDER, block, clock=time.process_time)
            )
            errors = {one: each.distance / exact - 1 for one, each in estimates.items()}
            seconds = {one: each.seconds for one, each in estimates.items()}
            rivals: dict[str, float | None] = {}
            for side, names in ENDS.items():
                accuracy = min(abs(errors[one]) for one in names)
                times = [each.seconds for each in entropic if each.error <= accuracy]
                other = time_ott(pair, exact, accuracy) if sinkhorn else None
                rivals[side] = min([*times, *([] if other is None else [other])], default=None)
            found.append(Measurement(name, block, errors, seconds, rivals))
            print(describe(found[-1]), flush=True)
    return found


def list_estimates(found: PaperEstimates) -> dict[str, BlockEstimate]:
    """List the estimates by name."""
    estimates = (
        found.minimum_cost,
        found.dual,
        found.weighted_cost,
        found.primal,
        found.total_variation,
    )
    return dict(zip(LOWER + UPPER, estimates, strict=True))


def describe(found: Measurement) -> str:
    """Write a row of the table."""
    cells = [f"{found.errors[name]:+.2%}, {found.seconds[name]:.3f}" for name in LOWER + UPPER]
    for side in ENDS:
        ratio, rival = found.compare_speed(side), found.sinkhorn[side]
        cells.append("–" if ratio is None else f"{rival:.2f}, {ratio:.1f} ×")
    return f"| {found.name} | {found.block} | {' | '.join(cells)} |"


def judge_claims(found: list[Measurement]) -> list[str]:
    """Say of each claim for which classes it holds, by size of block."""
    lines = ["| claim | s | holds for | classes |", "|---|---|---|---|"]
    for name in LOWER + UPPER:
        near = {
            block: {
                each.name: abs(each.errors[name]) < CLAIMED_ERROR
                for each in found
                if each.block == block
            }
            for block in BLOCKS
        }
        lines += count_classes(f"error of {name} below {CLAIMED_ERROR:.0%}", near)
    for least in CLAIMED_SPEEDS:
        for side in ENDS:
            fast = {
                block: {
                    each.name: ratio >= least
                    for each in found
                    if each.block == block and (ratio := each.compare_speed(side)) is not None
                }
                for block in BLOCKS
            }
            if any(fast.values()):
                claim = f"best {side} bound {least} times faster than Sinkhorn as exact"
                lines += count_classes(claim, fast)
    return [*lines, ""]


def count_classes(claim: str, holds: dict[int, dict[str, bool]]) -> list[str]:
    """Write the rows of a claim, from whether it holds by size of block and by class."""
    lines = []
    for block, classes in holds.items():
        names = [name for name, it_holds in classes.items() if it_holds]
        count = f"{len(names)} of {len(classes)}"
        lines.append(f"| {claim} | {block} | {count} | {', '.join(names) or '–'} |")
    return lines


def measure_side(folder: Path | None, side: int) -> list[str]:
    """Write the tables for images of a size."""
    found = measure(load_pairs(folder, side, 1), sinkhorn=side <= SINKHORN_SIDE)
    head = " | ".join(LOWER + UPPER)
    return [
        f"## {side} × {side}",
        "",
        f"| class | s | {head} | Sinkhorn as the best lower | as the best upper |",
        "|---|---|---|---|---|---|---|---|---|",
        *map(describe, found),
        "",
        f"### For which classes the claims hold, {side} × {side}",
        "",
        *judge_claims(found),
    ]


def main() -> None:
    """Measure, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=Path, help="folder with archives dotmark32.npz, ...")
    folder = parser.parse_args().images
    WORK.mkdir(parents=True, exist_ok=True)
    # Compile before anything is timed.
    estimate_blocks(pair_masses(*make_pairs(32, 1)["smooth"][0]), ORDER, BLOCKS[0])
    images = "DOTmark" if folder else "synthetic fields, made by the script"
    page = [
        "# The published estimators, measured",
        "",
        describe_origin("bench-estimators"),
        f"Images: {images}. The first pair of each class, p = 2; s is the side of the blocks. Each"
        f" estimator has its relative error of W_2, against an interval {EXACT:.3%} wide, and its"
        " processor seconds. The last columns are the processor seconds of entropic transport that"
        " is as exact as the best lower, or upper, bound of the row, and how many times longer that"
        " takes: POT's Sinkhorn on the dense matrix, or ott-jax's on the grid where it is"
        f" installed, the faster one, ⟨P, C⟩ for {HALVINGS} regularisations with at most"
        f" {SINKHORN_ITERATIONS} iterations (–: none is as exact, or none was tried). It is no"
        " bound.",
        "",
        "The paper states 10 to 100 times less time than entropic transport, with errors below 2 %;"
        " how often that holds, of the classes where entropic transport is as exact, is below each"
        " table.",
        "",
        *(line for side in SIDES for line in measure_side(folder, side)),
    ]
    REPORT.write_text("\n".join(page), encoding="utf-8")
    print(f"Wrote {REPORT}")


if __name__ == "__main__":
    main()
