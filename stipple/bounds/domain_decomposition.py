"""Plans made better cell by cell, always feasible: domain decomposition."""

import math
import time
from concurrent.futures import Executor

import numpy as np

from stipple.arrays import Floats, Integers
from stipple.bounds.problem import Flow, Potentials, price_arcs
from stipple.transport.network_simplex import NetworkSimplex

# Cells whose slack is below this share of the mean are as good as solved.
NEGLIGIBLE = 0.1


def improve_in_cells(
    flow: Flow,
    potentials: Potentials,
    costs: Floats,
    side: int,
    offset: tuple[int, ...],
    pool: Executor,
    deadline: float = math.inf,
) -> Flow:
    """Solve transport anew in each cell of source pixels, among the targets that it now serves.

    The cost never rises. Cells that could gain little, as the potentials tell, are left alone.

    Parameters
    ----------
    flow : Flow
    potentials : Potentials
    costs : ndarray, shape (h, w)
        By offset: the table of `transforms.measure_costs`.
    side : int
        Of the square cells, in pixels.
    offset : tuple of int
        Rows and columns, and slices of volumes before them, by which the cells are shifted.
    pool : Executor
        Solves the cells.
    deadline : float
        Time of `time.perf_counter` from which on cells are left as they are.
    """
    slack = price_arcs(costs, flow.source, flow.target)
    slack -= potentials.source.ravel()[flow.source] + potentials.target.ravel()[flow.target]
    cells = np.zeros_like(flow.source)
    places = np.unravel_index(flow.source, costs.shape)
    for place, shift, count in zip(places, offset, costs.shape, strict=True):
        cells = cells * (count // side + 2) + (place + shift) // side
    _, cells, sizes = np.unique(cells, return_inverse=True, return_counts=True)
    waste = np.bincount(cells, slack * flow.amounts)
    wasteful = waste > NEGLIGIBLE * waste.mean()
    members = np.split(np.argsort(cells, kind="stable"), np.cumsum(sizes)[:-1])
    solved = pool.map(
        lambda cell: _solve_cell(_pick(flow, cell), costs, deadline),
        [cell for cell, chosen in zip(members, wasteful, strict=True) if chosen],
    )
    parts = [_pick(flow, np.flatnonzero(~wasteful[cells])), *solved]
    return Flow(*(np.concatenate(fields) for fields in zip(*parts, strict=True)))


def _pick(flow: Flow, entries: Integers) -> Flow:
    return Flow(flow.source[entries], flow.target[entries], flow.amounts[entries])


def _solve_cell(flow: Flow, costs: Floats, deadline: float) -> Flow:
    if time.perf_counter() >= deadline:
        return flow
    givers, source = np.unique(flow.source, return_inverse=True)
    takers, target = np.unique(flow.target, return_inverse=True)
    if len(givers) == 1 or len(takers) == 1:
        return flow
    arcs = np.arange(len(givers) * len(takers))
    rows, columns = np.divmod(arcs, len(takers))
    simplex = NetworkSimplex(
        len(givers),
        len(takers),
        rows,
        columns,
        price_arcs(costs, givers[:, None], takers[None, :]).ravel(),
        np.bincount(source * len(takers) + target, flow.amounts, len(arcs)).astype(float),
    )
    while not simplex.improve():
        pass
    used, amounts = simplex.get_flow()
    return Flow(givers[rows[used]], takers[columns[used]], amounts)
