"""The other tools of the benchmarks, each run in a process of its own by `python rivals.py NAME`.

It runs under .venv-bench, which has scikit-learn, pysdot and ott-jax, but not this package. Each
rival reads an archive of arrays, writes points, and prints its processor seconds without imports.
A rival whose library is not there ends with exit code 1 and a line that says so.
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


def run_constrained(archive, count):
    """k-means-constrained with one start: labels of the points, each group of a size in bounds."""
    from k_means_constrained import KMeansConstrained

    points, (least, most) = archive["points"], archive["bounds"].tolist()
    options = {"n_init": 1, "random_state": 0, "n_jobs": 1}
    KMeansConstrained(2, size_min=1, size_max=9, **options).fit(points[:10])
    began = time.process_time()
    found = KMeansConstrained(count, size_min=least, size_max=most, **options).fit(points)
    return found.labels_, time.process_time() - began


def run_faiss(archive, count):
    """Lloyd's k-means of faiss: one start, 100 iterations, single precision."""
    import faiss

    faiss.omp_set_num_threads(1)
    points = archive["points"].astype(np.float32)
    began = time.process_time()
    found = faiss.Kmeans(
        points.shape[1],
        count,
        niter=100,
        min_points_per_centroid=1,
        max_points_per_centroid=len(points),
    )
    found.train(points)
    return found.centroids.astype(float), time.process_time() - began


def run_kmeans1d(archive, count):
    """Dynamic programming of kmeans1d on a line, which is exact."""
    import kmeans1d

    values = archive["points"][:, 0]
    began = time.process_time()
    _, centres = kmeans1d.cluster(values, count)
    return np.array(centres)[:, None], time.process_time() - began


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


def run_ott(archive, _count):
    """Entropic Sinkhorn of ott-jax on the grid, at smaller and smaller ε until it is near enough.

    The archive holds two images, the exact W_2 and the accuracy wanted. Without an ε that gets
    there the distance is NaN.
    """
    import jax

    jax.config.update("jax_enable_x64", True)
    from ott.geometry import costs, grid
    from ott.problems.linear import linear_problem
    from ott.solvers.linear import sinkhorn

    first, second = archive["first"], archive["second"]
    exact, accuracy = float(archive["exact"]), float(archive["accuracy"])
    axes = [jax.numpy.arange(side, dtype=float) for side in first.shape]
    masses = [jax.numpy.array(image.ravel() / image.sum()) for image in (first, second)]

    def solve(epsilon):
        geometry = grid.Grid(x=axes, cost_fns=[costs.SqEuclidean()] * 2, epsilon=epsilon)
        problem = linear_problem.LinearProblem(geometry, a=masses[0], b=masses[1])
        solver = sinkhorn.Sinkhorn(max_iterations=5000, threshold=1e-6)
        return float(solver(problem).primal_cost) ** 0.5

    largest = float(first.shape[0] ** 2 + first.shape[1] ** 2)
    for power in range(14):
        epsilon = largest / 50 / 2**power
        solve(epsilon)  # compiles
        began = time.process_time()
        distance = solve(epsilon)
        seconds = time.process_time() - began
        if abs(distance / exact - 1) <= accuracy:
            return np.array([distance]), seconds
    return np.array([np.nan]), 0.0


def run_geomloss(archive, _count):
    """Debiased entropic W_1 or W_2 of geomloss between two grids of voxels, on all pairs."""
    import torch
    from geomloss import SamplesLoss

    torch.set_num_threads(1)
    first, second = archive["first"], archive["second"]
    order, blur = int(archive["order"]), float(archive["blur"])
    places = torch.tensor(np.argwhere(np.ones(first.shape)).astype(float))
    shares = [torch.tensor((volume / volume.sum()).ravel()) for volume in (first, second)]
    loss = SamplesLoss("sinkhorn", p=order, blur=blur, scaling=0.8, backend="tensorized")
    began = time.process_time()
    found = float(loss(shares[0], places, shares[1], places))
    # Its cost is |x − y|^p / p.
    return np.array((order * found) ** (1 / order)), time.process_time() - began


RIVALS = {
    "ott": run_ott,
    "geomloss": run_geomloss,
    "kmeans": run_kmeans,
    "constrained": run_constrained,
    "faiss": run_faiss,
    "kmeans1d": run_kmeans1d,
    "pysdot": run_pysdot,
    "sobol": run_sobol,
    "halton": run_halton,
}


def main():
    """Run one rival."""
    name, source, count, target = sys.argv[1:]
    with np.load(source) as archive:
        try:
            points, seconds = RIVALS[name](archive, int(count))
        except ImportError as error:
            sys.exit(str(error))
    np.save(target, points)
    print(json.dumps(seconds))


if __name__ == "__main__":
    main()
