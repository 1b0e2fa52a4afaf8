"""A bounded number of weighted samples that stand for a stream of any length."""

import numpy as np

from stipple.arrays import Floats
from stipple.discretisation.costly_start import draw_costly
from stipple.geometry.nearest import assign_nearest
from stipple.machine.threads import Workers
from stipple.measures.samples import Samples

# Samples kept, and for each atom: those drawn cost atoms a part of about m over their number.
KEPT, KEPT_PER_ATOM = 2**16, 512


class Stream:
    """Samples that were drawn from all that came, each with the mass of those that it stands for.

    Priority sampling (Duffield, Lund and Thorup, Journal of the ACM 54, 2007): a sample of
    importance s gets the priority s/u, u uniform, and those of the largest priorities are kept. As
    s grows with what a sample costs at rough atoms (Bachem, Lucic and Krause, KDD 2018), few
    samples far from all others are not lost.

    Parameters
    ----------
    count : int
        m, the number of atoms that are to be found.
    random : numpy.random.Generator
        Draws.
    workers : Workers
        Threads to use.
    """

    def __init__(self, count: int, random: np.random.Generator, workers: Workers) -> None:
        self._count = count
        self._most = max(KEPT, KEPT_PER_ATOM * count)
        self._random = random
        self._workers = workers
        self._rough: Floats | None = None
        self._scale = 1.0
        self._threshold = 0.0
        self._total = 0.0
        self._rows: list[tuple[Floats, ...]] = []

    def add(self, points: Floats, masses: Floats) -> None:
        """Let samples of any masses come, shapes (n, d) and (n,)."""
        self._total += float(masses.sum())
        given = masses > 0
        points, masses = points[given], masses[given]
        if self._rough is None:
            # Kept as they are until there are too many.
            self._rows.append((points, masses))
            if sum(len(rows[0]) for rows in self._rows) <= self._most:
                return
            points, masses = (np.concatenate(part) for part in zip(*self._rows, strict=True))
            self._rows = []
            self._look(points, masses)
        importance = masses * (1 + self._measure(points) / self._scale)
        priority = importance / (1 - self._random.random(len(points)))
        chosen = priority > self._threshold
        self._rows.append((points[chosen], masses[chosen], importance[chosen], priority[chosen]))
        if sum(len(rows[0]) for rows in self._rows) > 2 * self._most:
            self._drop()

    def read(self) -> Samples:
        """Return samples that stand for all that came."""
        if self._rough is not None:
            self._drop()
        points, masses, *drawn = (np.concatenate(part) for part in zip(*self._rows, strict=True))
        if drawn:
            masses = masses * np.maximum(1, self._threshold / drawn[0])
        return Samples(points, masses * (self._total / masses.sum()) if masses.any() else masses)

    def _look(self, points: Floats, masses: Floats) -> None:
        """Put rough atoms where the first samples are, and tell what these cost on average."""
        some = Samples(points, masses).thin(self._most)
        self._rough = draw_costly(some.points, some.masses, self._count, 2.0, self._random)
        self._scale = float(some.masses @ self._measure(some.points)) or 1.0

    def _measure(self, points: Floats) -> Floats:
        """Squared distances to the rough atoms, shape (n,)."""
        assert self._rough is not None
        nearest = assign_nearest(points, self._rough, self._workers)
        costs: Floats = ((points - self._rough[nearest]) ** 2).sum(axis=1)
        return costs

    def _drop(self) -> None:
        """Keep the samples of the largest priorities; the next one is the threshold."""
        rows = tuple(np.concatenate(part) for part in zip(*self._rows, strict=True))
        priority = rows[-1]
        if len(priority) > self._most:
            order = np.argpartition(priority, len(priority) - self._most - 1)
            self._threshold = float(priority[order[-self._most - 1]])
            rows = tuple(part[order[-self._most :]] for part in rows)
        self._rows = [rows]
