"""The other tools of the benchmarks, each run in a process of its own by `python rivals.py NAME`.

It runs under .venv-bench, which has scikit-learn, pysdot and SciPy but not this package. Each rival
reads an archive of arrays, writes points, and prints its processor seconds without the imports.
"""

import json
import sys
import time

import numpy as np


def run_kmeans(archive, count):
    """Lloyd's k-means of scikit-learn on pixel centres: one start, 30 iterations."""
    from sklearn.cluster import KMeans

    points, masses = archive["points"], archive["masses"]
    KMeans(5, n_init=1, max_iter=2).fit(points[:100])
    began = time.process_time()
    found = KMeans(count, n_init=1, max_iter=30, random_state=0).fit(points, sample_weight=masses)
    return found.cluster_centers_, time.process_time() - began


def run_pysdot(archive, count):
    """Optimal transport of pysdot on the image itself: 5 Lloyd steps from a square grid."""
    from pysdot import OptimalTransport
    from pysdot.domain_types import ScaledImage

    image = archive["image"]
    height, width = image.shape
    side = round(count**0.5)
    grid = (np.arange(side) + 0.5) / side
    points = np.stack(np.meshgrid(grid * width, grid * height), axis=-1).reshape(-1, 2)
    began = time.process_time()
    domain = ScaledImage([0, 0], [width, height], image / image.sum())
    masses = np.full(len(points), 1 / len(points))
    solver = OptimalTransport(points, domain=domain, masses=masses, linear_solver="Scipy")
    for _ in range(5):
        solver.set_weights(np.ones(len(points)))  # its own first guess leaves cells empty
        solver.adjust_weights()
        solver.set_positions(solver.get_centroids())
    return solver.get_positions(), time.process_time() - began


def run_sobol(_archive, count):
    """Sobol's sequence by SciPy, not scrambled."""
    from scipy.stats import qmc

    began = time.process_time()
    points = qmc.Sobol(2, scramble=False).random(count)
    return points, time.process_time() - began


def run_halton(_archive, count):
    """Halton's sequence by SciPy, not scrambled."""
    from scipy.stats import qmc

    began = time.process_time()
    points = qmc.Halton(2, scramble=False).random(count)
    return points, time.process_time() - began


RIVALS = {
    "kmeans": run_kmeans,
    "pysdot": run_pysdot,
    "sobol": run_sobol,
    "halton": run_halton,
}


def main():
    """Run one rival."""
    name, source, count, target = sys.argv[1:]
    with np.load(source) as archive:
        points, seconds = RIVALS[name](archive, int(count))
    np.save(target, points)
    print(json.dumps(seconds))


if __name__ == "__main__":
    main()
