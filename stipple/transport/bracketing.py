"""Mass for the few cells without, one potential at a time.

After V. I. Oliker and L. D. Prussner, Numerische Mathematik 54 (1988).
"""

import numpy as np

from stipple.transport.diagram import Diagram, DiagramBuilder

# Cells with less than this part of their mass lack it.
LEAST = 1e-3
# Cells raised before that hold more than this part of their mass took it from others.
MOST = 2.0
# Bracketing serves where few cells lack mass: these, or this part of all, if that is more.
FEW = 4
LARGEST_PART = 0.02
LARGEST_BRACKETING = 60  # diagrams
# Where a potential has no upper bound it rises by this part of the cell's area first. Light cells
# that a heavy one hides need more, and are many.
FIRST_RISE, FIRST_RISE_OF_MASSES = 0.1, 0.5


def count_lacking(builder: DiagramBuilder, diagram: Diagram) -> int:
    """Count the cells that have next to nothing of their mass."""
    return int((builder.compare_masses(diagram.integrals.masses) < LEAST).sum())


def is_few(lacking: int, count: int) -> bool:
    """Whether so many cells of all are few enough to be solved one by one."""
    return lacking <= max(FEW, LARGEST_PART * count)


def bracket_potentials(builder: DiagramBuilder, diagram: Diagram) -> Diagram:
    """Bracket and bisect the potentials of cells that lack mass: it grows with the potential.

    What is returned may still have cells without mass: the caller looks.
    """
    count = len(diagram.cells.points)
    low = np.full(count, -np.inf)
    high = np.full(count, np.inf)
    shares = builder.area / count if builder.masses is None else builder.area * builder.masses
    first = FIRST_RISE if builder.masses is None else FIRST_RISE_OF_MASSES
    rise = first * np.maximum(diagram.cells.areas, shares)
    for _ in range(LARGEST_BRACKETING):
        masses = builder.compare_masses(diagram.integrals.masses)
        potentials = diagram.cells.potentials.copy()
        lacking = masses < LEAST
        if builder.is_spent or not lacking.any() or not is_few(int(lacking.sum()), count):
            break
        # Cells raised too far take the mass of others: they come down before others are raised.
        excessive = np.isfinite(low) & (masses > MOST)
        if excessive.any():
            high[excessive] = potentials[excessive]
            changed = excessive
        else:
            low[lacking] = potentials[lacking]
            changed = lacking
        unbounded = changed & np.isinf(high)
        potentials[changed] = (low[changed] + np.minimum(high[changed], 1e300)) / 2
        potentials[unbounded] = low[unbounded] + rise[unbounded]
        rise[unbounded] *= 2
        diagram = builder.measure(diagram.cells.points, potentials, diagram.cells)
    return diagram
