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
    s grows with what a sample costs at rough atoms, and the less mass is at the nearest of them
    (Feldman and Langberg, STOC 2011), few samples far from all others are not lost. Both count
    beside the mean of all so far, and rough atoms are found anew from what is kept whenever twice
    as much has come, so that the first samples need not be like the others.

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
        # Mass that had come when they were found; mass at each, and what all cost, ever since.
        self._seen = 0.0
        self._masses = np.zeros(0)
        self._cost = 0.0
        self._threshold = 0.0
        self._total = 0.0
        self._rows: list[tuple[Floats, ...]] = []

    def add(self, points: Floats, masses: Floats) -> None:
        """Let samples of any masses come, shapes (n, d) and (n,)."""
        given = masses > 0
        points, masses = points[given], masses[given]
        if self._rough is None:
            # Kept as they are until there are too many.
            self._rows.append((points, masses))
            self._total += float(masses.sum())
            if sum(len(rows[0]) for rows in self._rows) > self._most:
                self._look()
            return
        if self._total >= 2 * self._seen:
            self._look()
        self._total += float(masses.sum())
        self._draw(points, masses)

    def read(self) -> Samples:
        """Return samples that stand for all that came."""
        if self._rough is not None:
            self._drop()
        points, masses, *drawn = (np.concatenate(part) for part in zip(*self._rows, strict=True))
        if drawn:
            masses = masses * np.maximum(1, self._threshold / drawn[0])
        return Samples(points, masses * (self._total / masses.sum()) if masses.any() else masses)

    def _look(self) -> None:
        """Put rough atoms where samples were so far, and draw from what is kept of these anew."""
        kept = self.read()
        some = kept.thin(self._most)
        self._rough = draw_costly(some.points, some.masses, self._count, 2.0, self._random)
        self._seen, self._masses, self._cost = self._total, np.zeros(self._count), 0.0
        self._threshold, self._rows = 0.0, []
        self._draw(kept.points, kept.given)

    def _draw(self, points: Floats, masses: Floats) -> None:
        """Draw from samples, by what they cost, and how rare they are, beside the mean so far."""
        assert self._rough is not None
        nearest = assign_nearest(points, self._rough, self._workers)
        costs = ((points - self._rough[nearest]) ** 2).sum(axis=1)
        self._masses += np.bincount(nearest, masses, self._count)
        self._cost += float(masses @ costs)
        mass = self._masses.sum()
        rarity = mass / (self._count * self._masses[nearest])
        importance = masses * (1 + rarity + costs / (self._cost / mass or 1.0))
        priority = importance / (1 - self._random.random(len(points)))
        chosen = priority > self._threshold
        self._rows.append((points[chosen], masses[chosen], importance[chosen], priority[chosen]))
        if sum(len(rows[0]) for rows in self._rows) > 2 * self._most:
            self._drop()

    def _drop(self) -> None:
        """Keep the samples of the largest priorities; the next one is the threshold."""
        rows = tuple(np.concatenate(part) for part in zip(*self._rows, strict=True))
        priority = rows[-1]
        if len(priority) > self._most:
            order = np.argpartition(priority, len(priority) - self._most - 1)
            self._threshold = float(priority[order[-self._most - 1]])
            rows = tuple(part[order[-self._most :]] for part in rows)
        self._rows = [rows]
