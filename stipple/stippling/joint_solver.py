"""Transports of several inks and of their union, as one for `quantise`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np

from stipple.arrays import Floats
from stipple.choices import NeighbourEngine
from stipple.measures.density import Density
from stipple.transport.semi_discrete import Transport, TransportSolver

# λ_c grows with this power of the number of points: an ink of many has more to lose to the union.
LEVELLING = 0.5


@dataclass(frozen=True)
class JointTransport(Transport):
    """The transports of all inks and of the union, as one for `quantise`.

    Its barycentres are the weighted means of those in the two diagrams of each point, and
    `w2_squared` is what is minimised, over the number of points.
    """

    union: Transport
    inks: tuple[Transport, ...]


class JointSolver(TransportSolver):
    """Transports from several densities and their sum, whose solver it is.

    Parameters
    ----------
    densities : sequence of Density
        Of one shape.
    counts : sequence of int
        How many points each has; points come in this order.
    balance : float
        λ in [0, 1].
    engine, threads
        As `TransportSolver` takes them.
    """

    def __init__(
        self,
        densities: Sequence[Density],
        counts: Sequence[int],
        balance: float,
        engine: NeighbourEngine = "auto",
        threads: int | None = None,
    ) -> None:
        super().__init__(Density(sum(one.values for one in densities)), engine, threads)
        self.inks = [TransportSolver(density, engine, threads) for density in densities]
        self._borders = np.cumsum(counts)[:-1]
        sizes = np.asarray(counts, dtype=np.float64)
        levelled = sizes**LEVELLING
        weights = balance * levelled * sizes.sum() / (levelled @ sizes)
        self._union_weight = 1 - balance
        self._weights = np.repeat(weights, counts)[:, np.newaxis]  # (n, 1)

    def solve(
        self,
        points: Floats,
        potentials: Floats | None = None,
        *,
        tolerance: float = 1e-6,
        near: Transport | None = None,
    ) -> JointTransport:
        """Solve for the union, and for each ink; see `TransportSolver.solve`."""
        last = near if isinstance(near, JointTransport) else None
        lasts = last.inks if last else [None] * len(self.inks)
        unsolved = self.unsolved
        union = super().solve(points, potentials, tolerance=tolerance, near=last and last.union)
        inks = []
        for solver, part, before in zip(
            self.inks, np.split(points, self._borders), lasts, strict=True
        ):
            solver.most_diagrams = solver.diagrams + self.most_diagrams - self.diagrams
            inks.append(solver.solve(part, tolerance=tolerance, near=before))
        solved = all(one.converged for one in (union, *inks))
        self.unsolved = unsolved + (not solved)
        weights, rest = self._weights, self._union_weight
        barycentres = np.concatenate([one.barycentres for one in inks])
        costs = np.repeat([one.w2_squared for one in inks], [len(one.points) for one in inks])
        shared = {field.name: getattr(union, field.name) for field in fields(Transport)}
        return JointTransport(
            **shared
            | {
                "barycentres": (weights * barycentres + rest * union.barycentres)
                / (weights + rest),
                "w2_squared": float(np.mean(weights[:, 0] * costs)) + rest * union.w2_squared,
                "mass_error": max(one.mass_error for one in (union, *inks)),
                "converged": solved,
            },
            union=union,
            inks=tuple(inks),
        )
