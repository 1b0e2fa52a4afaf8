"""Atoms of entropic objectives that coincide, which stand for the same samples."""

from dataclasses import replace

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from stipple.discretisation.settings import Settings
from stipple.discretisation.solution import Solution

# Atoms are one where they are nearer than this part of what the regularisation blurs, ζ^(1/k).
SAME = 1e-2


def merge_coinciding(solution: Solution, zeta: float, settings: Settings) -> Solution:
    """Make one atom of those that coincide, at their mean, with their weight together.

    A large ζ lets fewer atoms do what more would, and the others go where those are. Atoms of equal
    weights stay apart, since one with more weight would not be equal.

    Parameters
    ----------
    solution : Solution
        What an entropic objective gave.
    zeta : float
        Absolute ζ.
    settings : Settings
        Order, metric and weights.
    """
    atoms, weights = solution.atoms, solution.weights
    pairs = cKDTree(atoms).query_pairs(SAME * zeta ** (1 / settings.order), output_type="ndarray")
    if settings.weights == "equal" or len(pairs) == 0:
        return solution
    size = len(atoms)
    links = coo_array((np.ones(len(pairs)), tuple(pairs.T)), shape=(size, size))
    number, places = connected_components(links, directed=False)
    merged = np.bincount(places, weights, number).astype(float)
    # Atoms without weight count alike.
    parts = weights + np.finfo(float).tiny
    shares = parts / np.bincount(places, parts, number)[places]
    means = np.zeros((number, atoms.shape[1]))
    np.add.at(means, places, shares[:, None] * atoms)
    if settings.metric == "sphere":
        means /= np.linalg.norm(means, axis=1, keepdims=True)
    return replace(solution, atoms=means, weights=merged, merged=size - number)
