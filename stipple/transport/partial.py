"""Partial transport from the plain area to points: discs that share it where they meet."""

import numpy as np

from stipple.arrays import Floats
from stipple.geometry.discs import CutDiscs, cut_discs
from stipple.geometry.periodic_cells import TorusCutter
from stipple.geometry.power_cells import PowerCells, build_power_cells
from stipple.geometry.sides import list_sides
from stipple.machine.products import measure_norm, multiply
from stipple.machine.threads import Workers
from stipple.transport.coordinate_ascent import LEAST, MOST
from stipple.transport.laplacian import SparseRows, assemble_laplacian
from stipple.transport.light_cells import ascend_squares

# Largest relative error of an area: what nobody sees.
TOLERANCE = 1e-4
# Relative residual of the linear system of a step.
COARSE = 0.1
MOST_STEPS, MOST_HALVINGS, MOST_GRADIENTS = 40, 10, 1000
# Where areas differ more, the discs of small ones are hidden in others at first.
UNLIKE = 10.0
# Circles with less of them in their cells, by angle, count as if they had this much.
LEAST_ARC = 1e-3
# Square pixels; of smaller areas, products underflow.
LEAST_AREA = 1e-100


def fit_discs(
    points: Floats,
    areas: Floats,
    width: float,
    height: float,
    *,
    near: PowerCells | None = None,
    workers: Workers | None = None,
) -> Floats:
    """Find radii for which each disc has a given area of the union of all.

    The optimal partial transport (Figalli, "The optimal partial transport problem", 2010) of the
    area of the rectangle, of density 1, to points of these masses gives each point the part of a
    disc about it that lies in its power cell, the potentials being the squared radii. A disc that
    meets no other one, nor the border, has the radius √(area/π) to the last digit. Damped Newton;
    where it stalls, the best radii found are given.

    Parameters
    ----------
    points : ndarray, shape (n, 2)
        Distinct, in pixels.
    areas : ndarray, shape (n,)
        In square pixels, at least 0, and together at most that of the rectangle.
    width, height : float
        The rectangle, in pixels.
    near : PowerCells, optional
        Cells of the same points with other potentials, so that no engine need be asked. If they
        have these areas, discs that cover them are what is sought. If they are those of a torus,
        so is the rectangle.
    workers : Workers, optional
        Threads that share the work.

    Returns
    -------
    ndarray, shape (n,)
        In pixels.
    """
    asked, areas = areas, np.maximum(areas, LEAST_AREA)
    squares = areas / np.pi
    if near is not None and (np.abs(near.areas - areas) <= TOLERANCE * areas).all():
        return cut_discs(near, np.sqrt(squares), workers).reaches
    cells, discs = _Fit(points, areas, width, height, near, workers or Workers(1)).solve()
    squares = cells.potentials
    free = discs.arcs > 2 * np.pi * (1 - 1e-12)
    radii = np.sqrt(np.where(free, asked / np.pi, squares))
    # Beyond the farthest corner of its cell a disc covers nothing that others do not.
    capped = ~free & cells.adjacency.visible
    return np.where(capped, np.minimum(radii, discs.reaches), radii)


class _Fit:
    """The steps to discs of given areas, as `fit_discs` takes them.

    Cells of discs of very different areas are many of them hidden, which Newton's method knows
    nothing of: such discs are solved one by one, as light cells are.
    """

    def __init__(
        self,
        points: Floats,
        areas: Floats,
        width: float,
        height: float,
        near: PowerCells | None,
        workers: Workers,
    ) -> None:
        self._points, self._areas = points, areas
        self._size = width, height
        self._workers = workers
        self._torus = None
        # Cells in the plane of the same points, where there are any, none of them hidden.
        self._near = near
        if near is not None and near.laps is not None:
            self._torus = TorusCutter(width, height, "auto", workers)
            self._near = None

    def solve(self) -> tuple[PowerCells, CutDiscs]:
        """Find cells of squared radii for which discs have their areas, as far as that goes."""
        squares = self._areas / np.pi
        if self._near is not None and self._areas.max() > UNLIKE * self._areas.min():
            every = np.ones(len(squares), dtype=bool)
            squares = ascend_squares(self._near, squares, self._areas, every)
        cells, discs = self._cut(squares)
        for _ in range(MOST_STEPS):
            lack = self._areas - discs.areas
            if np.abs(lack / self._areas).max() <= TOLERANCE:
                break
            found = self._search_line(cells, discs, _solve_step(cells, discs, lack, self._workers))
            if found is None:
                break
            cells, discs = found
        return cells, discs

    def _search_line(
        self, cells: PowerCells, discs: CutDiscs, step: Floats
    ) -> tuple[PowerCells, CutDiscs] | None:
        """Halve the step until areas are less wrong."""
        norm = measure_norm(self._areas - discs.areas)
        for halving in range(MOST_HALVINGS):
            # No disc shrinks by more than a half at once.
            tried = np.maximum(cells.potentials + step / 2**halving, cells.potentials / 2)
            trial, cut = self._cut(tried)
            if measure_norm(self._areas - cut.areas) < norm:
                return trial, cut
        return None

    def _cut(self, squares: Floats) -> tuple[PowerCells, CutDiscs]:
        """Cut cells and discs of squared radii, changed where discs are far from their areas."""
        cells, discs = self._build(squares)
        parts = discs.areas / self._areas
        far = (parts < LEAST) | (parts > MOST)
        if self._near is None or not far.any():
            return cells, discs
        return self._build(ascend_squares(self._near, squares, self._areas, far))

    def _build(self, squares: Floats) -> tuple[PowerCells, CutDiscs]:
        if self._torus is not None:
            cells = self._torus.cut(self._points, squares)
        else:
            cells = build_power_cells(
                self._points, squares, *self._size, workers=self._workers, previous=self._near
            )
            if cells.adjacency.visible.all():
                self._near = cells
        return cells, cut_discs(cells, np.sqrt(squares), self._workers)


def _solve_step(cells: PowerCells, discs: CutDiscs, lack: Floats, workers: Workers) -> Floats:
    """Solve Newton's system: how much to add to the squared radii, to first order.

    An arc moves by 1/(2r) for each unit of r², the common chord of two discs by 1/(2d). Discs
    hidden in others, of which Newton knows nothing, double theirs.
    """
    sides = list_sides(cells, workers)
    weights = discs.chords[sides.edges] / (2 * sides.distances)
    laplacian = assemble_laplacian(sides.rows, sides.columns, weights, len(lack))
    step = _take_gradients(laplacian, np.maximum(discs.arcs, LEAST_ARC) / 2, lack)
    return np.where(cells.adjacency.visible, step, cells.potentials)


def _take_gradients(laplacian: SparseRows, added: Floats, right_side: Floats) -> Floats:
    """Solve a definite system roughly: conjugate gradients, scaled by the diagonal.

    What is `added` counts on the diagonal of the Laplacian.
    """
    # SciPy's own takes its products from BLAS, whose threads spin between such short calls.
    scale = 1 / (laplacian.find_diagonal() + added)
    solution, residual = np.zeros_like(right_side), right_side.copy()
    direction = scale * residual
    slope = multiply(residual, direction)
    enough = COARSE * measure_norm(right_side)
    for _ in range(MOST_GRADIENTS):
        image = laplacian.apply(direction) + added * direction
        length = slope / multiply(direction, image)
        solution += length * direction
        residual -= length * image
        if measure_norm(residual) <= enough:
            break
        found = scale * residual
        following = multiply(residual, found)
        direction *= following / slope
        direction += found
        slope = following
    return solution
