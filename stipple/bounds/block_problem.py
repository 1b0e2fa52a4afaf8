"""Two images cut into square blocks: masses, costs and optimal plans between the blocks."""

from dataclasses import dataclass

import numpy as np

from stipple.arrays import Floats, Integers
from stipple.bounds.grid import AXES, cut_blocks, find_offsets, pool_blocks
from stipple.bounds.masses import MassPair
from stipple.bounds.plans import Plan
from stipple.bounds.transforms import OffsetCosts, measure_costs, minimise_costs
from stipple.errors import StippleError
from stipple.machine.compiled import compile_loop
from stipple.machine.threads import Workers

# Dense problems and explicit plans beyond these do not fit in the memory of a small machine.
MOST_BLOCKS = 8_000
MOST_PAIRS = 40_000_000


@dataclass(frozen=True, eq=False)
class CoarseSolution:
    """Plan between flat block indices, and a potential for every block, shape (H, W)."""

    plan: Plan
    potential: Floats


class BlockProblem:
    """Two images cut into blocks of pixels; those at the right and the bottom may be incomplete.

    Parameters
    ----------
    pair : MassPair
        Images of shape (h, w).
    order : float
        p ≥ 1.
    block : int
        Side of a block, at least 1; blocks are no larger than the images.
    workers : Workers
        Threads for the loops.

    Attributes
    ----------
    shape : tuple of int
        Rows H and columns W of blocks.
    costs : OffsetCosts
        Between pixels.
    members : ndarray, shape (H·W, s²)
        Flat indices of the pixels of each block, −1 beyond the image.
    """

    def __init__(self, pair: MassPair, order: float, block: int, workers: Workers) -> None:
        if not isinstance(block, (int, np.integer)) or block < 1:
            raise StippleError(f"The side of a block is {block}: give a positive whole number.")
        if len(pair.shape) == AXES:
            raise StippleError(
                "The method paper is for images: take auto, sparse or fast for volumes."
            )
        self.pair, self.order, self.workers = pair, order, workers
        self.block = min(int(block), max(pair.shape))
        used = max(np.count_nonzero(self.pool(image)) for image in (pair.source, pair.target))
        if used > MOST_BLOCKS:
            raise StippleError(
                f"{used:,} blocks of {self.block} × {self.block} pixels have mass and"
                f" {MOST_BLOCKS:,} can be solved at once: give larger blocks."
            )
        if 2 * used * self.block**4 > MOST_PAIRS:
            raise StippleError(
                f"Blocks of {self.block} × {self.block} pixels give more than {MOST_PAIRS:,} pairs"
                " of pixels: give smaller blocks."
            )
        self.costs = measure_costs(pair.shape, order)
        # From 1, so that what fills up the blocks becomes −1.
        numbers = np.arange(1, pair.source.size + 1).reshape(pair.shape)
        blocks = cut_blocks(numbers, self.block) - 1
        self.shape = blocks.shape[0], blocks.shape[2]
        self.members = blocks.swapaxes(1, 2).reshape(-1, self.block**2)

    def pool(self, image: Floats) -> Floats:
        """Sum the masses of each block, shape (H, W)."""
        return pool_blocks(image, self.block)

    def find_offsets(self, source: Integers, target: Integers) -> tuple[Integers, ...]:
        """Rows and columns between pixels, by flat index."""
        return find_offsets(source, target, self.pair.shape)

    def solve_centres(self) -> CoarseSolution:
        """Solve the problem between the centres of the blocks: an approximation, no bound."""
        spacing = float(self.block) ** self.order
        return self.solve(OffsetCosts(spacing * measure_costs(self.shape, self.order).table))

    def solve(self, costs: OffsetCosts) -> CoarseSolution:
        """Solve the problem between blocks, for costs by their offset."""
        source, target = self.pool(self.pair.source), self.pool(self.pair.target)
        givers, takers = np.flatnonzero(source), np.flatnonzero(target)
        offsets = find_offsets(givers[:, None], takers, self.shape)
        plan, duals = _solve_dense(
            source.ravel(), target.ravel(), givers, takers, costs.table[offsets]
        )
        # Blocks without mass have no dual: the transform gives every block the best one.
        heights = np.full(source.size, np.inf)
        heights[givers] = -duals
        potential, _ = minimise_costs(heights.reshape(self.shape), costs, self.workers)
        return CoarseSolution(plan, potential)

    def spread(self, source: Floats, target: Floats) -> Plan:
        """Plan between blocks at the mean cost, then in proportion to the masses of the pixels."""
        pooled = self.pool(source), self.pool(target)
        first, second = self._share(source, pooled[0]), self._share(target, pooled[1])
        givers, takers = (np.flatnonzero(sums) for sums in pooled)
        matrix = self._average_costs(first, second, givers, takers)
        coarse, _ = _solve_dense(pooled[0].ravel(), pooled[1].ravel(), givers, takers, matrix)
        amounts = coarse.amounts[:, None, None] * first[coarse.source][:, :, None]
        amounts = amounts * second[coarse.target][:, None, :]
        ends = self.pair_members(coarse)
        used = amounts > 0
        return Plan(ends[0][used], ends[1][used], amounts[used])

    def pair_members(self, coarse: Plan) -> tuple[Integers, Integers]:
        """All pairs of pixels of the blocks that each entry of a plan joins, shape (k, s², s²)."""
        source, target = np.broadcast_arrays(
            self.members[coarse.source][:, :, None], self.members[coarse.target][:, None, :]
        )
        return source, target

    def _share(self, image: Floats, pooled: Floats) -> Floats:
        """Share of each pixel in the mass of its block, shape (blocks, s²)."""
        values = np.where(self.members < 0, 0.0, image.ravel()[self.members])
        total = pooled.ravel()[:, None]
        shares: Floats = np.divide(values, total, out=np.zeros_like(values), where=total > 0)
        return shares

    def _average_costs(
        self, first: Floats, second: Floats, givers: Integers, takers: Integers
    ) -> Floats:
        """Mean cost between blocks, Σ a(x|A)·b(y|B)·c(x, y), from the shares of their pixels."""
        if self.order == 2:
            means, spreads = zip(
                self._find_moments(first[givers], givers),
                self._find_moments(second[takers], takers),
                strict=True,
            )
            squares = ((means[0][:, None] - means[1]) ** 2).sum(axis=2)
            return np.asarray(squares + spreads[0][:, None] + spreads[1])
        matrix = np.empty((len(givers), len(takers)))
        self.workers.map_ranges(
            lambda start, stop: _average_pairs(
                self.members, first, second, givers, takers, self.costs.table, start, stop, matrix
            ),
            len(givers),
        )
        return matrix

    def _find_moments(self, shares: Floats, blocks: Integers) -> tuple[Floats, Floats]:
        """Barycentres, shape (k, 2), and variances, shape (k,), of some blocks."""
        places = np.stack(np.divmod(self.members[blocks], self.pair.shape[1]), axis=-1)
        means = (shares[:, :, None] * places).sum(axis=1)
        distances = ((places - means[:, None]) ** 2).sum(axis=2)
        return means, np.asarray((shares * distances).sum(axis=1))


def _solve_dense(
    source: Floats, target: Floats, givers: Integers, takers: Integers, matrix: Floats
) -> tuple[Plan, Floats]:
    """Optimal plan between flat indices, and the dual of the givers (network simplex of POT)."""
    try:
        import ot
    except ImportError:
        raise StippleError(
            "The method paper solves its linear programs with POT, which is not installed: install"
            " stipple-ot[paper], or take another --method."
        ) from None

    mass = source[givers].sum()
    amounts, log = ot.emd(
        source[givers] / mass,
        target[takers] / target[takers].sum(),
        matrix,
        numItermax=100_000_000,
        log=True,
    )
    if log["warning"] is not None:
        raise StippleError(
            f"The transport between {len(givers)} and {len(takers)} blocks could not be solved"
            f" ({log['warning']}): give larger blocks."
        )
    rows, columns = np.nonzero(amounts)
    return Plan(givers[rows], takers[columns], mass * amounts[rows, columns]), log["u"]


@compile_loop
def _average_pairs(
    members: Integers,
    first: Floats,
    second: Floats,
    givers: Integers,
    takers: Integers,
    table: Floats,
    start: int,
    stop: int,
    matrix: Floats,
) -> None:
    """Σ a(x|A)·b(y|B)·c(x, y) for the givers A from start to stop and all takers B."""
    columns = table.shape[1]
    for i in range(start, stop):
        for j in range(len(takers)):
            mean = 0.0
            for k in range(members.shape[1]):
                x, share = members[givers[i], k], first[givers[i], k]
                if share > 0:
                    line = 0.0
                    for m in range(members.shape[1]):
                        part = second[takers[j], m]
                        if part > 0:
                            y = members[takers[j], m]
                            line += (
                                part
                                * table[
                                    abs(x // columns - y // columns), abs(x % columns - y % columns)
                                ]
                            )
                    mean += share * line
            matrix[i, j] = mean
