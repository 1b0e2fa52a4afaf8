"""Certified W_p between volumes: time, width, and the answers of POT and geomloss beside it.

    python benchmarks/bound_volumes.py [SIDE ...] [-p ORDER ...] [--smooth VOXELS]

Volumes are exp(1.5·g), g a Gaussian field of unit variance, smoothed over an eighth of the side
or over so many voxels: over one they are near to each other, and over none rough.
POT solves the small ones exactly; geomloss, where it is installed, gives its debiased
entropic cost, which is an estimate and no bound. Times are of the processor, in one
thread.
"""

import argparse
import time
from collections.abc import Callable

import numpy as np
from scipy.ndimage import gaussian_filter

import stipple
from stipple.arrays import Floats

GAPS = {128: 0.01}
ORDERS = (1.0, 1.5, 2.0, 3.0)
# Sides that other solvers compare all pairs of voxels of: exactly, and entropically.
LARGEST_EXACT, LARGEST_PAIRS = 12, 16
BLUR = 0.25  # in voxels


def draw_field(seed: int, side: int, smooth_over: float | None = None) -> Floats:
    """Draw a volume > 0."""
    noise = np.random.default_rng(seed).standard_normal((side, side, side))
    smooth_over = side / 8 if smooth_over is None else smooth_over
    smooth = gaussian_filter(noise, smooth_over, mode="wrap")
    return np.asarray(np.exp(1.5 * smooth / smooth.std()))


def solve_by_pot(a: Floats, b: Floats, order: float) -> float:
    """Compute W_p, up to rounding."""
    import ot

    places = np.argwhere(a >= 0).astype(float)
    costs = ot.dist(places, places) ** (order / 2)
    shares = [(volume / volume.sum()).ravel() for volume in (a, b)]
    cost = ot.emd2(*shares, costs, numItermax=10**7)
    return float(cost ** (1 / order))


def estimate_by_geomloss(a: Floats, b: Floats, order: float) -> float:
    """Estimate W_1 or W_2 by the debiased divergence, of W_2 half the square, blurred by BLUR."""
    import torch
    from geomloss import SamplesLoss

    torch.set_num_threads(1)
    places = torch.tensor(np.argwhere(a >= 0).astype(float))
    shares = [torch.tensor((volume / volume.sum()).ravel()) for volume in (a, b)]
    loss = SamplesLoss("sinkhorn", p=int(order), blur=BLUR, scaling=0.8, backend="tensorized")
    found = float(loss(shares[0], places, shares[1], places))
    return found if order == 1 else float((2 * found) ** 0.5)


def measure(solve: Callable[[], object]) -> tuple[object, float]:
    """Tell what a call gives, and its processor seconds."""
    began = time.process_time()
    found = solve()
    return found, time.process_time() - began


def compare(side: int, order: float, smooth_over: float | None) -> str:
    """Bound two volumes, and describe it as a row of a table."""
    a, b = draw_field(1, side, smooth_over), draw_field(2, side, smooth_over)
    gap = GAPS.get(side, 0.005)
    result, seconds = measure(lambda: stipple.bound(a, b, order, gap=gap, threads=1))
    assert isinstance(result, stipple.ImageBounds)
    other = "–"
    solvers: dict[str, Callable[[Floats, Floats, float], float]] = {}
    if side <= LARGEST_EXACT:
        solvers["POT"] = solve_by_pot
    elif side <= LARGEST_PAIRS and order in (1, 2):
        solvers["geomloss"] = estimate_by_geomloss
    for name, solve in solvers.items():
        try:
            found, took = measure(lambda solve=solve: solve(a, b, order))  # type: ignore[misc]
        except ImportError:
            continue
        other = f"{name}: {found:.5f}, {took:.1f} s"
    ends = f"{result.lower:.5f} to {result.upper:.5f}"
    return f"| {side}³ | {order:g} | {ends} | {result.gap:.2%} | {seconds:.1f} | {other} |"


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sides", type=int, nargs="*", default=[8, 12, 16, 32, 64, 128])
    parser.add_argument("-p", "--orders", type=float, nargs="+", default=ORDERS)
    parser.add_argument("--smooth", type=float, help="voxels to smooth over")
    arguments = parser.parse_args()
    print(
        "| voxels | p | certified W_p | gap | seconds | other solver |\n|---|---|---|---|---|---|"
    )
    for side in arguments.sides:
        for order in arguments.orders:
            print(compare(side, order, arguments.smooth), flush=True)


if __name__ == "__main__":
    main()
