"""Distances between samples: what is refused, and shortest paths beside Floyd's method."""

import numpy as np
import pytest

import stipple
from stipple.geometry.distances import Distances, measure_geodesics


def walk_all(edges, n):
    """Shortest paths by Floyd and Warshall."""
    found = np.full((n, n), np.inf)
    np.fill_diagonal(found, 0)
    for start, end, length in edges:
        a, b = int(start), int(end)
        found[a, b] = found[b, a] = min(found[a, b], length)
    for middle in range(n):
        found = np.minimum(found, found[:, [middle]] + found[[middle]])
    return found


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("first", [0, 1])
def test_geodesics_are_shortest_paths(seed, first):
    """Also with edges of length 0, edges given twice, and edges from a sample to itself."""
    random = np.random.default_rng(seed)
    n = 12
    path = np.column_stack((np.arange(n - 1), np.arange(1, n)))
    edges = np.concatenate((path, random.integers(0, n, (25, 2))))
    lengths = random.random(len(edges)) * (random.random(len(edges)) < 0.8)
    table = np.column_stack((edges + first, lengths))
    found = measure_geodesics(table, n)
    np.testing.assert_allclose(
        found.values, walk_all(np.column_stack((edges, lengths)), n), rtol=1e-14
    )
    assert found.first == first
    assert found.relative_error >= (n - 1) * 2.0**-53


@pytest.mark.parametrize(
    ("edges", "told"),
    [
        ([[0, 1, 1], [2, 3, 1]], "falls into 2 parts: no path leads from sample 0 to sample 2"),
        ([[1, 2, 1], [3, 4, 1]], "from sample 1 to sample 3"),
        ([[0, 1, 1], [1, 2, -1], [2, 3, 1]], "Edge 2 has the length -1"),
        ([[0, 1, 1], [1, 2, np.nan], [2, 3, 1]], "Edge 2 has the length nan"),
        ([[0, 1, 1], [1, 4, 1]], "Edge 2 is between 1 and 4, and there are 4 samples"),
        ([[0, 1.5, 1]], "Edge 1 is between 0 and 1.5"),
        ([[0, np.nan, 1]], "Edge 1 is between 0 and nan"),
        ([[0, 1]], "give three numbers for each"),
        (np.empty((0, 3)), "falls into 4 parts"),
        ([[0, 1, 1e308], [1, 2, 1e308], [2, 3, 1e308]], "scale the lengths down"),
    ],
)
def test_graphs_that_give_no_distances_are_refused(edges, told):
    with pytest.raises(stipple.StippleError, match=told):
        measure_geodesics(edges, 4)


def test_one_sample_needs_no_edge():
    assert measure_geodesics(np.empty((0, 3)), 1).values.tolist() == [[0.0]]


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ([[0, 1, 2], [1, 0, 2]], "the shape"),
        ([[0, 1], [2, 0]], "row 1, column 2 is 1, and 2 the other way: take the mean"),
        ([[0, 1], [1, 3]], "row 2, column 2 is 3, and 3 the other way: that from a sample to"),
        ([[0, np.inf], [np.inf, 0]], "give finite numbers"),
        ([[0, np.nan], [np.nan, 0]], "give finite numbers"),
        ([[0, -1], [-1, 0]], "not negative"),
        (np.empty((0, 0)), "the shape"),
    ],
)
def test_what_is_no_matrix_of_distances_is_refused(values, told):
    with pytest.raises(stipple.StippleError, match=told):
        Distances(values)
