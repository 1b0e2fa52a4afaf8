"""Distances between samples that are given, or are shortest paths in a graph."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components, dijkstra

from stipple.arguments import read_count, read_floats
from stipple.arrays import Floats, Integers
from stipple.errors import StippleError


@dataclass(frozen=True, eq=False)
class Distances:
    """Distances between any two of n samples.

    Attributes
    ----------
    values : ndarray, shape (n, n)
        Symmetric, at least 0, with 0 on the diagonal. The triangle inequality is not asked for.
    relative_error : float
        By what part of itself each may be off; 0 for distances that are given.
    first : int
        The number that the first sample has where it came from, 0 or 1.

    Raises
    ------
    StippleError
        For anything else.

    Examples
    --------
    >>> Distances([[0, 2], [2, 0]])
    Distances(between 2 samples, at most 2)
    """

    values: Floats
    relative_error: float = 0.0
    first: int = 0

    def __post_init__(self) -> None:
        values, hidden = read_floats(self.values, "matrix of distances")
        if values.ndim != 2 or values.shape[0] != values.shape[1] or len(values) == 0:
            raise StippleError(
                f"The matrix of distances has the shape {values.shape}: give a row and a column for"
                " each sample."
            )
        if hidden is not None:
            values = np.where(hidden, np.nan, values)
        _refuse(values, ~np.isfinite(values), "give finite numbers")
        _refuse(values, values < 0, "distances are not negative")
        own = np.eye(len(values), dtype=np.bool_) & (values != 0)
        _refuse(values, own, "that from a sample to itself is 0")
        _refuse(values, values != values.T, "take the mean of the matrix and its transpose")
        object.__setattr__(self, "values", np.ascontiguousarray(values))

    def __repr__(self) -> str:
        return f"Distances(between {len(self):,} samples, at most {self.values.max():g})"

    def __len__(self) -> int:
        return len(self.values)


def measure_geodesics(edges: ArrayLike, n: int) -> Distances:
    """Measure the shortest paths in a graph between samples, by Dijkstra's method.

    Parameters
    ----------
    edges : array_like, shape (edges, 3)
        The numbers of two samples, from 0 or from 1, and the length between them, at least 0; each
        goes both ways, and the shortest of several counts. A graph that connects n samples tells
        which number is first.
    n : int
        How many samples there are.

    Returns
    -------
    Distances
        Each is a sum of at most n − 1 lengths, so that rounding is at most n units of it.

    Raises
    ------
    StippleError
        If the edges are no such table, or do not connect all samples.

    Examples
    --------
    >>> import stipple
    >>> stipple.measure_geodesics([[0, 1, 2], [1, 2, 3]], 3).values.tolist()
    [[0.0, 2.0, 5.0], [2.0, 0.0, 3.0], [5.0, 3.0, 0.0]]
    """
    n = read_count(n, "number of samples", 1)
    table, hidden = read_floats(edges, "array of edges")
    if table.ndim != 2 or table.shape[1] != 3 or hidden is not None:
        raise StippleError(
            f"The edges have the shape {table.shape}: give three numbers for each, two samples and"
            " a length."
        )
    ends, first = _read_ends(table[:, :2], n)
    lengths = table[:, 2]
    wrong = ~(np.isfinite(lengths) & (lengths >= 0))
    if wrong.any():
        row = int(np.argmax(wrong))
        raise StippleError(
            f"Edge {row + 1} has the length {lengths[row]:g}: lengths are finite and not negative."
        )
    graph = _keep_shortest(ends, lengths, n)
    parts, labels = connected_components(graph, directed=False)
    if parts > 1:
        other = int(np.argmax(labels != labels[0]))
        raise StippleError(
            f"The graph falls into {parts:,} parts: no path leads from sample {first} to sample"
            f" {other + first}. Add the edges between them."
        )
    values = dijkstra(graph, directed=False)
    if not np.isfinite(values).all():
        raise StippleError(
            "Some paths are longer than floating-point numbers: scale the lengths down."
        )
    # Each sum of a path is rounded from its own end, so that both ways may differ.
    return Distances(np.minimum(values, values.T), n * 2.0**-52, first)


def _refuse(values: Floats, wrong: np.typing.NDArray[np.bool_], advice: str) -> None:
    """Name the first distance that is wrong, and say what to do."""
    if wrong.any():
        row, column = (int(place[0]) for place in np.nonzero(wrong))
        raise StippleError(
            f"The distance in row {row + 1}, column {column + 1} is {values[row, column]:g}, and"
            f" {values[column, row]:g} the other way: {advice}."
        )


def _read_ends(numbers: Floats, n: int) -> tuple[Integers, int]:
    """Numbers of samples from 0, and the number that the first one had."""
    whole = np.isfinite(numbers) & (numbers == np.floor(numbers))
    first = int(numbers.size > 0 and numbers.min() >= 1 and numbers.max() == n)
    wrong = ~(whole & (numbers >= first) & (numbers < n + first)).all(axis=1)
    if wrong.any():
        row = int(np.argmax(wrong))
        raise StippleError(
            f"Edge {row + 1} is between {numbers[row, 0]:.12g} and {numbers[row, 1]:.12g}, and"
            f" there are {n:,} samples: number them from 0 or from 1."
        )
    return numbers.astype(np.int64) - first, first


def _keep_shortest(ends: Integers, lengths: Floats, n: int) -> coo_array:
    """Graph with one edge between two samples; sparse arrays would add up several."""
    low, high = ends.min(axis=1), ends.max(axis=1)
    order = np.lexsort((lengths, high, low))
    order = order[low[order] != high[order]]
    pairs = np.column_stack((low, high))[order]
    new = np.ones(len(pairs), dtype=np.bool_)
    new[1:] = (pairs[1:] != pairs[:-1]).any(axis=1)
    chosen = order[new]
    return coo_array((lengths[chosen], (low[chosen], high[chosen])), shape=(n, n)).tocsr()
