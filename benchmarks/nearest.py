"""Pairs refined and time saved by `stipple.find_nearest` beside all pairs at one gap.

    python benchmarks/nearest.py [FOLDER]

Images are 500 synthetic ones, made here, and those of DOTmark (Schrieber, Schuhmacher, Gottschlich
2017) if a folder with archives dotmark32.npz and dotmark64.npz (keys Class/1001) is named; they are
not part of this project. Times are of the processor, in one thread. Every answer is compared with
the intervals of all pairs.
"""

import argparse
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

import stipple

Image = NDArray[np.float64]
GAP = 0.005
COUNT, SIDE = 500, 32
KINDS = 10
NEAREST = (1, 5)
QUERIES = (0, 15, 33)


def make_images() -> list[Image]:
    """Make smooth fields, rough ones and blots: kinds of different scale and contrast."""
    images = []
    for number in range(COUNT + 1):
        generator = np.random.default_rng(number)
        kind = number % KINDS
        noise = gaussian_filter(generator.standard_normal((SIDE, SIDE)), 1 + kind / 2)
        image = np.exp((0.5 + kind / 4) * noise / noise.std())
        if kind >= KINDS // 2:
            image[image < np.quantile(image, 0.6)] = 0
        images.append(image)
    return images


def compare(name: str, query: Image, images: Sequence[Image]) -> None:
    """Print a row for each number of nearest images, beside all pairs at one gap."""
    began = time.process_time()
    brute = [stipple.bound(query, image, gap=GAP, threads=1) for image in images]
    whole = time.process_time() - began
    lower = np.array([one.lower for one in brute])
    upper = np.array([one.upper for one in brute])
    for k in NEAREST:
        began = time.process_time()
        found = stipple.find_nearest(query, images, k, gap=GAP, threads=1)
        taken = time.process_time() - began
        others = np.setdiff1d(np.arange(len(images)), found.indices)
        # Intervals of all pairs must not refute what was proved.
        if found.proved and lower[found.indices].max() > upper[others].min():
            raise AssertionError(f"{name}, k = {k}: an image left out is nearer")
        print(
            f"| {name} | {k} | {'proved' if found.proved else found.stopped} |"
            f" {found.refined} of {len(images)} | {taken:.2f} s | {whole:.1f} s |"
            f" {whole / taken:.0f} |",
            flush=True,
        )


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, help="folder with archives of DOTmark")
    folder = parser.parse_args().folder
    stipple.bound(np.ones((4, 4)), np.eye(4))  # compiles loops
    print("| images | k | answer | pairs refined | nearest | all pairs | times faster |")
    print("|---|---|---|---|---|---|---|")
    synthetic = make_images()
    compare(f"{COUNT} synthetic, {SIDE} × {SIDE}", synthetic[-1], synthetic[:-1])
    for side in (32, 64) if folder else ():
        with np.load(folder / f"dotmark{side}.npz") as archive:
            images = {name: archive[name] for name in sorted(archive.files)}
        for number in QUERIES:
            name = list(images)[number]
            others = [image for other, image in images.items() if other != name]
            compare(f"{len(others)} of DOTmark, {side} × {side}, to {name}", images[name], others)


if __name__ == "__main__":
    main()
