"""Which power cells may touch: two engines behind one interface.

Both return a superset of the true neighbours inside the domain. Geometry is not taken from them:
`power_cells` cuts the cells itself and verifies that they tile the domain.
"""

import importlib
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from stipple.arrays import Booleans, Floats, Integers
from stipple.choices import NeighbourEngine
from stipple.errors import StippleError


@dataclass(frozen=True)
class Adjacency:
    """Neighbour lists of n cells: those of cell i are `neighbours[offsets[i]:offsets[i + 1]]`.

    `offsets` has shape (n + 1,), `neighbours` shape (m,); entries < 0 stand for domain sides.
    `visible`, shape (n,), is false for cells without area, whose lists mean nothing.
    """

    offsets: Integers
    neighbours: Integers
    visible: Booleans


def choose_engine(engine: NeighbourEngine) -> Literal["pysdot", "qhull"]:
    """Resolve `auto`: pysdot where it can be loaded, Qhull elsewhere.

    Raises
    ------
    StippleError
        If the engine is unknown, or is pysdot and cannot be loaded.
    """
    if engine not in get_args(NeighbourEngine):
        raise StippleError(
            f"Unknown engine {engine!r}: choose one of {', '.join(get_args(NeighbourEngine))}."
        )
    if engine == "qhull":
        return "qhull"
    if _can_load_pysdot():
        return "pysdot"
    if engine == "auto":
        return "qhull"
    raise StippleError(
        "The package pysdot is not installed for this Python and platform, or is broken: use"
        " --engine qhull."
    )


def _can_load_pysdot() -> bool:
    """Whether it is there and whole: its compiled part may not suit this Python or NumPy."""
    try:
        importlib.import_module("pysdot")
    except ImportError:
        return False
    return True


def find_neighbours(
    points: Floats,
    potentials: Floats,
    width: float,
    height: float,
    engine: NeighbourEngine = "auto",
) -> Adjacency:
    """List the cells that may touch in the power diagram of distinct points.

    Parameters
    ----------
    points : ndarray, shape (n, 2)
        Distinct points, in pixels. They may lie outside the domain.
    potentials : ndarray, shape (n,)
        φ in |x − y_i|² − φ_i, in square pixels.
    width, height : float
        The domain [0, width] × [0, height], in pixels.
    engine : {"auto", "pysdot", "qhull"}
        Backend that finds them.

    Raises
    ------
    StippleError
        If the engine is not available.
    """
    if choose_engine(engine) == "pysdot":
        return _find_with_pysdot(points, potentials, width, height)
    return _find_with_qhull(points, potentials, width, height)


def _find_with_pysdot(points: Floats, potentials: Floats, width: float, height: float) -> Adjacency:
    from pysdot import PowerDiagram
    from pysdot.domain_types import ConvexPolyhedraAssembly

    domain = ConvexPolyhedraAssembly()
    # The default cut_id of -1 overflows with NumPy 2.
    domain.add_box([0.0, 0.0], [width, height], 1.0, 0)
    diagram = PowerDiagram(positions=points, weights=potentials, domain=domain)
    derivatives = diagram.der_integrals_wrt_weights()
    return Adjacency(
        offsets=derivatives.m_offsets.astype(np.int64),
        neighbours=derivatives.m_columns.astype(np.int64),
        # Cells without area list no neighbour, just as a cell that fills the domain does.
        visible=np.asarray(derivatives.v_values) > 0,
    )


def _find_with_qhull(points: Floats, potentials: Floats, width: float, height: float) -> Adjacency:
    """Edges of the lower hull of (y, |y|² − φ): the regular triangulation."""
    from scipy.spatial import ConvexHull

    count = len(points)
    lifted = _lift_with_guards(points, potentials, width, height)
    # Qt: cocircular points (grids) share one facet, which must still be split into triangles.
    hull = ConvexHull(lifted, qhull_options="Qt")
    triangles = hull.simplices[hull.equations[:, 2] < 0]
    ends = np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]])
    ends = ends[(ends < count).all(axis=1)]
    visible = np.zeros(count + len(_GUARDS), dtype=bool)
    visible[triangles] = True
    return connect(ends[:, 0], ends[:, 1], visible[:count])


def connect(rows: Integers, columns: Integers, visible: Booleans) -> Adjacency:
    """Turn a list of pairs of cells, in any order and with repeats, into neighbour lists."""
    from scipy.sparse import coo_array

    count = len(visible)
    both = (np.concatenate([rows, columns]), np.concatenate([columns, rows]))
    graph = coo_array((np.ones(len(both[0]), dtype=bool), both), (count, count)).tocsr()
    return Adjacency(graph.indptr.astype(np.int64), graph.indices.astype(np.int64), visible)


# Four directions in which points far away keep the lifted hull three-dimensional.
_GUARDS = np.array([[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, -1.0]])


def _lift_with_guards(points: Floats, potentials: Floats, width: float, height: float) -> Floats:
    """Lift the points to the paraboloid, in units of the domain, with four guards far away.

    The guards keep the hull three-dimensional for one, two or collinear points; their potential
    is so low that their cells stay outside the domain.
    """
    scale = max(width, height)
    centre = np.array([width, height]) / 2
    local = (points - centre) / scale
    scaled = (potentials - potentials.max()) / scale**2
    distance = 4.0
    guards = distance * _GUARDS
    # The winner anywhere in the domain has power at most that of the point of potential 0.
    reach = np.sqrt((local[np.argmax(scaled)] ** 2).sum()) + 1.0
    guard_potential = min(0.0, (distance - 1.0) ** 2 - reach**2 - 1.0)
    everyone = np.concatenate([local, guards])
    everyones_potential = np.concatenate([scaled, np.full(4, guard_potential)])
    height_above = (everyone**2).sum(axis=1) - everyones_potential
    return np.column_stack([everyone, height_above])
