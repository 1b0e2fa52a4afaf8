"""The transport problem between two images as its solvers see it."""

from typing import NamedTuple

import numpy as np

from stipple.arrays import Floats, Integers
from stipple.bounds.grid import find_offsets
from stipple.bounds.transforms import transform_cost
from stipple.choices import Device
from stipple.machine.products import multiply
from stipple.machine.threads import Workers

# Solver masses are whole numbers that add up to this, so that sums of them are exact in floats.
TOTAL = 2**50


class Level(NamedTuple):
    """Two images (h, w) or volumes (d, h, w): whole numbers that add up to TOTAL each."""

    source: Floats
    target: Floats


class Flow(NamedTuple):
    """A transport plan whose marginals are exactly those of a level.

    Attributes
    ----------
    source, target : ndarray, shape (k,)
        Flat indices of pixels.
    amounts : ndarray, shape (k,)
        Mass that goes from source to target: whole numbers > 0, in units of 1/TOTAL.
    """

    source: Integers
    target: Integers
    amounts: Floats


def join_flows(*parts: Flow) -> Flow:
    """Join plans for parts of the mass."""
    return Flow(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


class Potentials(NamedTuple):
    """Two potentials, each the c-transform of the other, and where the minima are attained.

    Attributes
    ----------
    source, target : ndarray, shape (h, w)
        φ and ψ, in pixels to the power p: φ(x) + ψ(y) ≤ |x − y|^p.
    source_partner, target_partner : ndarray, shape (h, w)
        Flat indices: y with φ(x) + ψ(y) = |x − y|^p for each x, and x for each y.
    """

    source: Floats
    target: Floats
    source_partner: Integers
    target_partner: Integers


def conjugate(
    potential: Floats,
    order: float,
    workers: Workers | None = None,
    device: Device | None = None,
) -> Potentials:
    """Best pair of potentials that two c-transforms make of ψ, shape (h, w).

    φ is the transform of ψ; that of φ is nowhere below ψ, and its transform is φ again. See
    `transform_cost` for workers and device.
    """
    forwards = transform_cost(potential, order, workers=workers, device=device)
    backwards = transform_cost(forwards.values, order, workers=workers, device=device)
    return Potentials(forwards.values, backwards.values, forwards.nearest, backwards.nearest)


def evaluate_dual(level: Level, potentials: Potentials) -> float:
    """Σ aφ + Σ bψ, in pixels to the power p: at most W_p^p, up to rounding."""
    value = multiply(level.source, potentials.source) + multiply(level.target, potentials.target)
    return value / TOTAL


def evaluate_flow(flow: Flow, costs: Floats) -> float:
    """Cost of a flow, in pixels to the power p: at least W_p^p, up to rounding."""
    return multiply(flow.amounts, price_arcs(costs, flow.source, flow.target)) / TOTAL


def price_arcs(costs: Floats, source: Integers, target: Integers) -> Floats:
    """Costs of arcs between pixels, by flat indices, from the costs by offset, shape (h, w)."""
    found: Floats = costs[find_offsets(source, target, costs.shape)]
    return found
