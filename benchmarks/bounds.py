"""Gaps and times of `stipple.bound` beside POT: `make bench-bounds` (docs/bounds-measured.md).

Images are those of DOTmark (Schrieber, Schuhmacher, Gottschlich 2017), if a folder with archives
dotmark64.npz, dotmark128.npz, ... (keys Class/1001) is named; they are not part of this project.
Without it, classes of synthetic fields are made here.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from stamp import describe_origin

from stipple.bounds.bound import bound

ROOT = Path(__file__).parent.parent
REPORT = ROOT / "docs" / "bounds-measured.md"
WORK = ROOT / "out" / "bench"
# Gaps asked for, by side and order; what is reached is measured.
WANTED = {(64, 2): 1e-4, (64, 1): 1e-3, (128, 2): 2e-3, (256, 2): 5e-3, (512, 2): 1e-2}
TIME_LIMIT = 60.0

Pair = tuple[NDArray[np.float64], NDArray[np.float64]]


@dataclass(frozen=True)
class Exact:
    """An exact distance W_p by POT, and what it took in seconds of processor time."""

    distance: float
    seconds: float


def load_pairs(folder: Path | None, side: int, each: int) -> dict[str, list[Pair]]:
    """Pairs of images by class."""
    if folder is None:
        return make_pairs(side, each)
    scale = 1 if (folder / f"dotmark{side}.npz").exists() else 2
    with np.load(folder / f"dotmark{side // scale}.npz") as archive:
        names = sorted({name.split("/")[0] for name in archive.files})
        images = {
            name: [archive[key] for key in sorted(archive.files) if key.startswith(f"{name}/")]
            for name in names
        }
    return {
        name: [
            (enlarge(found[k], scale), enlarge(found[k + 1], scale))
            for k in range(min(each, len(found) - 1))
        ]
        for name, found in images.items()
    }


def enlarge(image: NDArray[np.int32], scale: int) -> NDArray[np.float64]:
    """Interpolate an image to more pixels."""
    if scale == 1:
        return image.astype(float)
    from scipy.ndimage import zoom

    return np.maximum(np.rint(zoom(image.astype(float), scale, order=1)), 0)


def make_pairs(side: int, each: int) -> dict[str, list[Pair]]:
    """Synthetic fields: power spectra of several slopes, exponentials of them, noise, discs."""

    def field(slope: float, seed: int) -> NDArray[np.float64]:
        generator = np.random.default_rng(seed)
        frequency = np.hypot(*np.meshgrid(np.fft.fftfreq(side), np.fft.fftfreq(side)))
        frequency[0, 0] = np.inf
        noise = np.fft.fft2(generator.standard_normal((side, side)))
        values = np.fft.ifft2(noise * frequency**-slope).real
        return (values - values.min()) / np.ptp(values)

    def discs(seed: int) -> NDArray[np.float64]:
        generator = np.random.default_rng(seed)
        y, x = np.mgrid[:side, :side] / side
        inside = [
            np.hypot(x - u, y - v) < r
            for u, v, r in zip(
                *generator.random((2, 6)), 0.05 + 0.1 * generator.random(6), strict=True
            )
        ]
        return np.any(inside, axis=0).astype(float)

    makers: dict[str, Callable[[int], NDArray[np.float64]]] = {
        "smooth": lambda seed: field(3.0, seed),
        "moderate": lambda seed: field(2.0, seed),
        "rough": lambda seed: field(1.0, seed),
        "exponential": lambda seed: np.exp(8 * field(3.0, seed)),
        "discs": discs,
        "noise": lambda seed: field(0.0, seed),
    }
    return {
        name: [(np.rint(1e5 * make(2 * k)), np.rint(1e5 * make(2 * k + 1))) for k in range(each)]
        for name, make in makers.items()
    }


def solve_exactly(pair: Pair, order: float) -> Exact:
    """W_p by the network simplex of POT, on the dense matrix of costs."""
    import ot

    rows, columns = pair[0].shape
    places = np.stack(np.divmod(np.arange(rows * columns), columns), axis=1).astype(float)
    masses = [image.ravel() / image.sum() for image in pair]
    began = time.process_time()
    costs = ot.dist(places, places, "euclidean") ** order
    cost = ot.emd2(*masses, costs, numItermax=100_000_000, numThreads=1)
    return Exact(float(cost) ** (1 / order), time.process_time() - began)


def measure_gaps(folder: Path | None, side: int, order: int, each: int, rivals: int) -> list[str]:
    """Measure gaps and times of `bound` for each class, and those of POT for the first pairs."""
    lines = [
        f"### {side} × {side}, p = {order:g}, gap asked for {WANTED[side, order]:.2%}",
        "",
        "| class | pairs | median gap | worst gap | processor s | wall s | POT processor s | ratio"
        " | exact inside |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    gaps_of_all = []
    for name, pairs in load_pairs(folder, side, each).items():
        gaps, processor, wall, ratios, exacts, inside = [], [], [], [], [], True
        for number, pair in enumerate(pairs):
            began, clock = time.perf_counter(), time.process_time()
            result = bound(*pair, p=order, gap=WANTED[side, order], time_limit=TIME_LIMIT)
            processor.append(time.process_time() - clock)
            wall.append(time.perf_counter() - began)
            gaps.append(result.gap)
            if number < rivals:
                exact = solve_exactly(pair, order)
                slack = 1e-9 * exact.distance  # POT rounds
                inside &= result.lower - slack <= exact.distance <= result.upper + slack
                exacts.append(exact.seconds)
                ratios.append(exact.seconds / processor[-1])
        gaps_of_all += gaps
        beside = (
            f"{statistics.median(exacts):.1f} | {statistics.median(ratios):.1f} |"
            f" {'yes' if inside else '**no**'}"
            if exacts
            else "– | – | –"
        )
        lines.append(
            f"| {name} | {len(pairs)} | {statistics.median(gaps):.4%} | {max(gaps):.4%} |"
            f" {statistics.median(processor):.2f} | {statistics.median(wall):.2f} | {beside} |"
        )
        print(lines[-1], flush=True)
    lines += ["", f"All: median gap {statistics.median(gaps_of_all):.4%}.", ""]
    return lines


def main() -> None:
    """Measure everything and write the report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=Path, help="folder with archives dotmark64.npz, ...")
    parser.add_argument("--pairs", type=int, default=2, help="pairs of each class")
    parser.add_argument("--rivals", type=int, default=1, help="of these, pairs that POT solves too")
    parser.add_argument("--largest", type=int, default=512, help="largest side")
    options = parser.parse_args()
    # Compile before anything is timed.
    for order in (1.0, 2.0):
        bound(*make_pairs(64, 1)["smooth"][0], p=order, gap=1e-3)
    folder, each, rivals = options.images, options.pairs, options.rivals
    parts = measure_gaps(folder, 64, 2, each, rivals)
    parts += measure_gaps(folder, 64, 1, each, rivals)
    for side in (128, 256, 512):
        if side <= options.largest:
            parts += measure_gaps(folder, side, 2, each if side < 256 else 1, 0)
    source = "DOTmark" if folder else "synthetic fields, made by the script"
    REPORT.write_text(
        "\n".join(
            [
                "# Bounds, measured",
                "",
                describe_origin("bench-bounds"),
                f"Each pair has at most {TIME_LIMIT:g} s."
                f" Images: {source}. Gaps are certified, (upper − lower)/lower of W_p; POT is"
                " `ot.emd2` on the dense matrix, in the same process and run.",
                "",
                *parts,
            ]
        ),
        encoding="utf-8",
    )
    print(f"Wrote {REPORT}")


if __name__ == "__main__":
    main()
