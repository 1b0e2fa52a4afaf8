"""Divide and conquer: samples cut into cells, and atoms shared among them."""

from dataclasses import dataclass

import numpy as np

from stipple.arrays import Floats, Integers
from stipple.choices import CellRule
from stipple.errors import StippleError
from stipple.measures.samples import Samples

# The sliding window of "sparsest" and how far it goes, as parts of the edge that is cut.
WINDOW = 1 / 16
REACH = 1 / 4
POSITIONS = 33
# Larger cells take more time, and are a little better.
MOST_ATOMS = 32


@dataclass(frozen=True, eq=False)
class Cell:
    """Samples that some atoms are for.

    Attributes
    ----------
    indices : ndarray, shape (n,)
        Which samples.
    mass : float
        Their mass.
    count : int
        Atoms, from 1 to n.
    lower, upper : ndarray, shape (d,)
        Opposite corners of the box that was cut out for the cell, in units of the samples.
    """

    indices: Integers
    mass: float
    count: int
    lower: Floats
    upper: Floats

    @property
    def diameter(self) -> float:
        """Diagonal of the box."""
        return float(np.linalg.norm(self.upper - self.lower))


def merge_duplicates(samples: Samples) -> Samples:
    """Give samples at one place as one, with their mass together."""
    points, places = np.unique(samples.points, axis=0, return_inverse=True)
    if len(points) == len(samples):
        return samples
    return Samples(
        points, np.bincount(places.ravel(), samples.masses).astype(float), samples.volume
    )


def check_count(samples: Samples, count: int) -> None:
    """Refuse counts of atoms that distinct samples cannot serve."""
    if not 1 <= count <= len(samples):
        raise StippleError(
            f"{count} atoms cannot stand for {len(samples)} distinct samples: ask for at least 1"
            " and at most as many as there are."
        )


def divide(
    samples: Samples,
    count: int,
    largest: int,
    *,
    rule: CellRule = "bisect",
    exponent: float = 0.5,
    order: float = 2.0,
) -> list[Cell]:
    """Cut the longest edge of boxes until each has few atoms.

    Of two halves with masses P_i, atoms go to the first in proportion to Q_1^e/(Q_1^e + Q_2^e),
    Q_i = P_i·V_i^{k/d}, rounded; a half with samples gets at least one. V_i is the volume of the
    box, whose root is in proportion to the diameter where halves are alike. Where they are not, a
    narrow half would get too many atoms by its diagonal, which says little of its size.

    Parameters
    ----------
    samples : Samples
        Distinct, see `merge_duplicates`.
    count : int
        Atoms in all, at most as many as samples.
    largest : int
        Most atoms of a cell.
    rule : {"bisect", "occupied", "sparsest"}
        "bisect" cuts at the middle; "occupied" too, and V_i is the volume that samples occupy
        in the half; "sparsest" cuts in the middle half of the edge, where a window of a
        sixteenth of it holds the least mass.
    exponent : float
        e; d/(d + k) is the best for free weights, 1 shares by mass where halves are alike.
    order : float
        k.

    Returns
    -------
    list of Cell
        Each sample is in one of them.
    """
    check_count(samples, count)
    lower, upper = samples.points.min(axis=0), samples.points.max(axis=0)
    if samples.volume is not None:
        half = samples.volume ** (1 / samples.dimension) / 2
        lower, upper = lower - half, upper + half
    volume = _OccupiedVolume(samples, lower, upper) if rule == "occupied" else None
    cells: list[Cell] = []
    pending = [(np.arange(len(samples)), count, lower, upper)]
    while pending:
        indices, atoms, lower, upper = pending.pop()
        if atoms <= largest:
            mass = float(samples.masses[indices].sum())
            cells.append(Cell(indices, mass, atoms, lower, upper))
            continue
        points = samples.points[indices]
        axis = int(np.argmax(upper - lower))
        if rule == "sparsest":
            cut = _find_gap(points[:, axis], samples.masses[indices], lower[axis], upper[axis])
        else:
            cut = _find_middle(lower[axis], upper[axis])
        below = points[:, axis] <= cut
        if below.all() or not below.any():
            # Distinct samples are cut in the end, for the box that bounds them is.
            pending.append((indices, atoms, points.min(axis=0), points.max(axis=0)))
            continue
        halves = (indices[below], indices[~below])
        middle_upper, middle_lower = upper.copy(), lower.copy()
        middle_upper[axis] = middle_lower[axis] = cut
        boxes = ((lower, middle_upper), (middle_lower, upper))
        scores = []
        for half_indices, box in zip(halves, boxes, strict=True):
            # All other edges of the halves are alike.
            edge = float(box[1][axis] - box[0][axis])
            size = edge ** (1 / samples.dimension) if volume is None else volume(half_indices)
            scores.append((samples.masses[half_indices].sum() * size**order) ** exponent)
        first = _share(atoms, scores, (len(halves[0]), len(halves[1])))
        for half_indices, box, share in zip(halves, boxes, (first, atoms - first), strict=True):
            pending.append((half_indices, share, *box))
    return cells


def place_start(samples: Samples, count: int, *, exponent: float, order: float) -> Floats:
    """Divide samples until each cell has one atom: the sample nearest to the cell's barycentre.

    Parameters
    ----------
    samples : Samples
        Distinct, at least `count`.
    count : int
        m.
    exponent, order : float
        As in `divide`.

    Returns
    -------
    ndarray, shape (m, d)
        Distinct samples, in the order of the division.
    """
    atoms = np.empty((count, samples.dimension))
    for atom, cell in enumerate(divide(samples, count, 1, exponent=exponent, order=order)):
        points = samples.points[cell.indices]
        barycentre = np.average(points, axis=0, weights=samples.masses[cell.indices])
        atoms[atom] = points[np.argmin(((points - barycentre) ** 2).sum(axis=1))]
    return atoms


def choose_shares(free: bool, order: float, dimension: int) -> tuple[float, float]:
    """Exponent and order by which `divide` shares atoms of free or equal weights."""
    if free:
        return dimension / (dimension + order), order
    return 1.0, 0.0  # by mass, whatever the size


def choose_largest(count: int) -> int:
    """Most atoms of a cell, so that there are two cells at least."""
    return MOST_ATOMS if count > MOST_ATOMS else (count + 1) // 2


def choose_start(
    samples: Samples, count: int, free: bool, order: float, random: np.random.Generator | None
) -> Floats:
    """Choose distinct samples, shape (m, d): by division, or drawn by mass."""
    if random is None:
        exponent, size_order = choose_shares(free, order, samples.dimension)
        return place_start(samples, count, exponent=exponent, order=size_order)
    # Exponential clocks: a draw without repetition that no tiny mass can break.
    clocks = np.log(random.exponential(size=len(samples))) - np.log(samples.masses)
    return samples.points[np.argpartition(clocks, count - 1)[:count]]


class _OccupiedVolume:
    """The d-th root of the volume that samples occupy.

    Samples with a volume bring it; others fill the boxes of a grid with about as many boxes as
    there are samples.
    """

    def __init__(self, samples: Samples, lower: Floats, upper: Floats) -> None:
        self._root = 1 / samples.dimension
        if samples.volume is not None:
            self._volume = samples.volume
            self._boxes = np.arange(len(samples))
            return
        edges = np.where(upper > lower, upper - lower, 1.0)
        side = max(1, int(len(samples) ** self._root))
        places = np.minimum((samples.points - lower) / edges * side, side - 1).astype(np.int64)
        self._volume = float(np.prod(edges / side))
        self._boxes = np.unique(places, axis=0, return_inverse=True)[1].ravel()

    def __call__(self, indices: Integers) -> float:
        number = len(np.unique(self._boxes[indices]))
        return float((number * self._volume) ** self._root)


def _find_middle(lower: float, upper: float) -> float:
    middle = lower + (upper - lower) / 2
    return middle if middle < upper else lower


def _find_gap(coordinates: Floats, masses: Floats, lower: float, upper: float) -> float:
    """Find the cut in the middle half of an edge whose window holds the least mass."""
    order = np.argsort(coordinates, kind="stable")
    total = np.concatenate(([0.0], np.cumsum(masses[order])))
    # From the middle outwards, so that ties are cut in the middle.
    offsets = np.linspace(-REACH, REACH, POSITIONS)
    offsets = offsets[np.argsort(np.abs(offsets), kind="stable")]
    edge = upper - lower
    # A cut at the upper end would leave nothing above.
    cuts = np.minimum(_find_middle(lower, upper) + offsets * edge, np.nextafter(upper, lower))
    ends = np.searchsorted(coordinates[order], [cuts - edge * WINDOW / 2, cuts + edge * WINDOW / 2])
    held = total[ends[1]] - total[ends[0]]
    # Sums of the same masses differ by rounding.
    return float(cuts[np.argmax(held <= held.min() + 1e-12 * total[-1])])


def _share(count: int, scores: list[float], sizes: tuple[int, int]) -> int:
    """Atoms of the first half: at least one for each, and no more than samples."""
    first = round(count * scores[0] / (scores[0] + scores[1])) if sum(scores) > 0 else count // 2
    return min(max(first, 1, count - sizes[1]), sizes[0], count - 1)
