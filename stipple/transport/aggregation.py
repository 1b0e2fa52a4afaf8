"""Coarser and coarser graphs: nodes joined in pairs along their heaviest edges."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from stipple.arrays import Floats
from stipple.machine.compiled import compile_loop

# Unsigned, so that loops need not ask whether an index counts from the end: a third faster.
Indices = NDArray[np.uint32]
Singles = NDArray[np.float32]

# Nodes of a graph that is coarse enough.
COARSEST = 40
# A node pairs with a free neighbour unless it hangs so many times more on one that is taken.
WEAKEST_PAIR = 0.25


class Levels(NamedTuple):
    """The Laplacians of coarser and coarser graphs, one behind the other in each array.

    Attributes
    ----------
    nodes, entries : ndarray, shape (levels + 1,)
        Where each level begins in arrays by node and by entry.
    offsets : ndarray, shape (nodes + levels,)
        Where rows begin among the entries of their level.
    columns, data : ndarray, shape (entries,)
        Of each row what is left of the diagonal, the diagonal, and what is right of it.
    parents : ndarray, shape (nodes,)
        The node of the next level that each has become part of.
    """

    nodes: Indices
    entries: Indices
    offsets: Indices
    columns: Indices
    data: Singles
    parents: Indices


def coarsen_graph(laplacian: csr_array, scale: float) -> tuple[Indices, Levels]:
    """Join nodes four by four, or about, until few are left.

    A coarser weight is a sum of weights, and degrees are summed from these: no digits are lost
    where weights are very unlike.

    Parameters
    ----------
    laplacian : csr_array, shape (n, n)
        Of a connected graph, its columns in order.
    scale : float
        What its entries are multiplied by, so that single precision holds them.

    Returns
    -------
    parents : ndarray, shape (n,)
        Nodes of the first coarser graph.
    levels : Levels
        The coarser graphs.
    """
    data = (laplacian.data * scale).astype(np.float32)
    offsets, columns = view_indices(laplacian)
    graphs: list[tuple[Indices, Indices, Singles]] = []
    parents: list[Indices] = []
    while not graphs or len(offsets) - 1 > COARSEST:
        above, offsets, columns, data = _coarsen_twice(offsets, columns, data)
        parents.append(above)
        graphs.append((offsets, columns, data))
    sizes = [len(graph[0]) - 1 for graph in graphs]
    levels = Levels(
        nodes=np.cumsum([0, *sizes]).astype(np.uint32),
        entries=np.cumsum([0, *(len(graph[1]) for graph in graphs)]).astype(np.uint32),
        offsets=np.concatenate([graph[0] for graph in graphs]),
        columns=np.concatenate([graph[1] for graph in graphs]),
        data=np.concatenate([graph[2] for graph in graphs]),
        parents=np.concatenate([*parents[1:], np.zeros(sizes[-1], dtype=np.uint32)]),
    )
    return parents[0], levels


def view_indices(matrix: csr_array) -> tuple[Indices, Indices]:
    """View the offsets and columns of a matrix as loops take them."""
    return matrix.indptr.view(np.uint32), matrix.indices.view(np.uint32)


@compile_loop
def _coarsen_twice(
    offsets: Indices, columns: Indices, data: Singles
) -> tuple[Indices, Indices, Indices, Singles]:
    """Join pairs of pairs; the parents, and the coarser matrix."""
    parents, count = _pair(offsets, columns, data)
    between = _coarsen(offsets, columns, data, parents, count)
    second, count = _pair(*between)
    coarse = _coarsen(*between, second, count)
    for i in range(len(parents)):
        parents[i] = second[parents[i]]
    return parents, coarse[0], coarse[1], coarse[2]


@compile_loop
def _pair(offsets: Indices, columns: Indices, data: Singles) -> tuple[Indices, int]:
    """Pair each node with its heaviest free neighbour, or join the pair of its heaviest one."""
    parents = np.full(len(offsets) - 1, -1, dtype=np.int32)
    count = 0
    for i in range(len(parents)):
        if parents[i] >= 0:
            continue
        free = taken = np.uint32(i)
        free_weight = taken_weight = np.float32(0.0)
        for k in range(offsets[i], offsets[i + 1]):
            j, weight = columns[k], -data[k]
            if parents[j] < 0:
                if weight > free_weight:
                    free, free_weight = j, weight
            elif weight > taken_weight:
                taken, taken_weight = j, weight
        if free_weight < WEAKEST_PAIR * taken_weight:
            parents[i] = parents[taken]
        else:
            parents[i] = parents[free] = count
            count += 1
    return parents.view(np.uint32), count


@compile_loop
def _coarsen(
    offsets: Indices, columns: Indices, data: Singles, parents: Indices, count: int
) -> tuple[Indices, Indices, Singles]:
    """Sum the weights between the parents, each row in the order that `Levels` has."""
    starts, members = _list_members(parents, count)
    coarse_offsets = np.zeros(count + 1, dtype=np.uint32)
    coarse_columns = np.empty(len(columns), dtype=np.uint32)
    coarse_data = np.empty(len(columns), dtype=np.float32)
    sums = np.zeros(count, dtype=np.float32)
    # The last row in which a column was met, and the columns of the row at hand.
    met = np.full(count, -1, dtype=np.int32)
    row = np.empty(count, dtype=np.uint32)
    used = 0
    for i in range(count):
        length = 0
        for m in range(starts[i], starts[i + 1]):
            for k in range(offsets[members[m]], offsets[members[m] + 1]):
                j = parents[columns[k]]
                if j != i and met[j] != i:
                    met[j], sums[j], row[length] = i, 0, j
                    length += 1
                sums[j] += data[k]
        degree = np.float32(0.0)
        for k in range(length):
            degree -= sums[row[k]]
            if row[k] < i:
                coarse_columns[used], coarse_data[used] = row[k], sums[row[k]]
                used += 1
        coarse_columns[used], coarse_data[used] = i, degree
        used += 1
        for k in range(length):
            if row[k] > i:
                coarse_columns[used], coarse_data[used] = row[k], sums[row[k]]
                used += 1
        coarse_offsets[i + 1] = used
    return coarse_offsets, coarse_columns[:used].copy(), coarse_data[:used].copy()


@compile_loop
def _list_members(parents: Indices, count: int) -> tuple[Indices, Indices]:
    """List the nodes of each parent, and where each list begins."""
    starts = np.zeros(count + 1, dtype=np.uint32)
    for parent in parents:
        starts[parent + 1] += 1
    for i in range(count):
        starts[i + 1] += starts[i]
    places = starts[:-1].copy()
    members = np.empty(len(parents), dtype=np.uint32)
    for i in range(len(parents)):
        members[places[parents[i]]] = i
        places[parents[i]] += 1
    return starts, members


@compile_loop
def eliminate_nodes(offsets: Indices, columns: Indices, data: Singles) -> Floats:
    """Factorise a small Laplacian: sums of positive numbers only, so that no digits are lost.

    Returns
    -------
    ndarray, shape (n, n)
        Row k on and right of the diagonal: the degree and the weights of node k when the nodes
        before it are gone; left of it, the parts of theirs that it took.
    """
    count = len(offsets) - 1
    weights = np.zeros((count, count))
    for i in range(count):
        for k in range(offsets[i], offsets[i + 1]):
            if columns[k] != i:
                weights[i, columns[k]] = -data[k]
    for k in range(count - 1):
        for j in range(k + 1, count):
            weights[k, k] += weights[k, j]
        for i in range(k + 1, count):
            weights[i, k] /= weights[k, k]
            for j in range(k + 1, count):
                if j != i:
                    weights[i, j] += weights[i, k] * weights[k, j]
    return weights
