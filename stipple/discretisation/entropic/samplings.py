"""Sharp entropic costs of many samplings of a line at once: the same kernel serves all of them."""

import numpy as np

from stipple.arrays import Floats, Integers
from stipple.geometry.metrics import Metric
from stipple.machine.compiled import compile_loop
from stipple.machine.rows import fill
from stipple.machine.threads import Workers
from stipple.measures.samples import Samples

# The line is taken by so many samples of equal mass, which changes costs by a thousandth or two.
LINE_SAMPLES = 128
# exp of the least exponent is far above the least floating-point number, and so are scalings.
LARGEST_EXPONENT = 300.0
TOLERANCE, MOST_ITERATIONS = 1e-4, 5000
# Step and momentum that are best where an iteration leaves 95 % of an error (Polyak, USSR
# Computational Mathematics 1964); they begin after a few plain iterations, and may be given up.
STEP, MOMENTUM, PLAIN, MOST_FAST = 2.67, 0.4, 5, 400


def measure_sharp_samplings(
    samples: Samples,
    chosen: Integers,
    zeta: float,
    *,
    order: float,
    metric: Metric,
    workers: Workers,
) -> Floats | None:
    """⟨P, C⟩ between samples on a line and each of many samplings of equal weights.

    Sinkhorn's iteration, with momentum on the logarithms of its scalings, until the marginal error
    is 1e-4.

    Parameters
    ----------
    samples : Samples
        In one dimension.
    chosen : ndarray of int, shape (repeats, m)
        Numbers of the samples that each sampling consists of.
    zeta : float
        ζ, in units of cost.
    order, metric, workers
        As everywhere.

    Returns
    -------
    ndarray, shape (repeats,), or None
        None where ζ is so small that kernels need logarithms.
    """
    order_of_places = np.argsort(samples.points[:, 0], kind="stable")
    line = Samples(samples.points[order_of_places], samples.masses[order_of_places])
    line = line.thin(LINE_SAMPLES)
    used, places = np.unique(chosen, return_inverse=True)
    costs = metric.measure_distances(samples.points[used], line.points) ** order
    if costs.max() > LARGEST_EXPONENT * zeta:
        return None
    kernels, places = np.exp(-costs / zeta), places.reshape(chosen.shape)
    found = workers.map_ranges(
        lambda start, stop: _scale_all(kernels, costs, line.masses, places[start:stop]), len(chosen)
    )
    return np.concatenate(found)


@compile_loop
def _scale_all(kernels: Floats, costs: Floats, masses: Floats, chosen: Integers) -> Floats:
    """Scale kernels of all samplings; row j of `kernels` and `costs` is of sample j."""
    count = chosen.shape[1]
    found = np.empty(len(chosen))
    kernel = np.empty((count, len(masses)))
    for number in range(len(chosen)):
        for atom in range(count):
            fill(kernel[atom], kernels[chosen[number, atom]])
        logarithms = np.full(count, -np.log(count))
        before = logarithms.copy()
        rows = masses
        for iteration in range(MOST_ITERATIONS):
            rows = masses / np.dot(np.exp(logarithms), kernel)
            step = -np.log(count * np.dot(kernel, rows)) - logarithms
            if np.abs(np.exp(-step) - 1).sum() <= TOLERANCE * count:
                break
            if PLAIN <= iteration < MOST_FAST:
                after = logarithms + STEP * step + MOMENTUM * (logarithms - before)
            else:
                after = logarithms + step
            before, logarithms = logarithms, after
        columns = np.exp(logarithms + step)
        total = 0.0
        for atom in range(count):
            total += columns[atom] * (kernel[atom] * rows * costs[chosen[number, atom]]).sum()
        found[number] = total
    return found
