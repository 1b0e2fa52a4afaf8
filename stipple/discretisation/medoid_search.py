"""Medoids: samples that stand for all, at the least cost that no exchange of one lowers."""

from dataclasses import dataclass

import numpy as np

from stipple.arrays import Floats, Integers
from stipple.machine.compiled import compile_loop
from stipple.machine.rows import fill

# Most starts, and most of many samples. Three that end as the best are enough, but of few samples
# they do so by chance.
STARTS, FEW_STARTS, MANY_SAMPLES, FEW_SAMPLES = 20, 12, 1_000, 200
ENOUGH = 3
# An exchange must save more than this part of the cost: less is rounding.
LEAST_SAVING = 1e-13
ALIKE = 1e-9


@dataclass(frozen=True, eq=False)
class Medoids:
    """The best medoids of several starts.

    Attributes
    ----------
    samples : ndarray of int, shape (m,)
        Which samples they are, ascending.
    exchanges : int
        How often one of them was exchanged since the start.
    starts : int
        How many were tried.
    """

    samples: Integers
    exchanges: int
    starts: int


def search_medoids(
    costs: Floats, masses: Floats, count: int, random: np.random.Generator, starts: int | None
) -> Medoids:
    """Find medoids of little cost Σ_i a_i min_j C_ij, from several starts.

    Each is drawn as k-means++ draws, and improved by exchanges of a medoid and another sample,
    tried for all medoids at once and done as soon as one pays (FasterPAM: Schubert and Rousseeuw,
    Information Systems 101, 2021), until none does.

    Parameters
    ----------
    costs : ndarray, shape (n, n)
        C, symmetric.
    masses : ndarray, shape (n,)
        a.
    count : int
        m, at most n.
    random : numpy.random.Generator
        Draws.
    starts : int, optional
        How many; by default until three end alike.
    """
    most = starts or (STARTS if len(costs) <= MANY_SAMPLES else FEW_STARTS)
    best, least, done, alike = np.empty(0, dtype=np.int64), np.inf, 0, 0
    tried = 0
    while tried < most:
        medoids = _draw(costs, masses, random.random(count))
        cost, exchanges = _exchange(costs, masses, medoids)
        tried += 1
        if cost < least * (1 - ALIKE):
            best, least, done, alike = medoids, cost, exchanges, 1
        else:
            alike += cost <= least * (1 + ALIKE)
        enough = starts is None and alike >= ENOUGH and len(costs) > FEW_SAMPLES
        if count == len(costs) or enough:
            break
    return Medoids(np.sort(best), done, tried)


@compile_loop
def _draw(costs: Floats, masses: Floats, draws: Floats) -> Integers:
    """Choose samples one after the other, with a probability as large as what each pays so far."""
    medoids = np.empty(len(draws), dtype=np.int64)
    taken = np.zeros(len(masses), dtype=np.bool_)
    paid = masses.copy()
    for place in range(len(draws)):
        sums = np.cumsum(paid)
        chosen = min(np.searchsorted(sums, draws[place] * sums[-1], side="right"), len(paid) - 1)
        while taken[chosen]:  # where nothing is left to pay
            chosen = (chosen + 1) % len(paid)
        medoids[place] = chosen
        taken[chosen] = True
        for i in range(len(paid)):
            cost = masses[i] * costs[chosen, i]
            paid[i] = cost if place == 0 else min(paid[i], cost)
    return medoids


@compile_loop
def _exchange(costs: Floats, masses: Floats, medoids: Integers) -> tuple[float, int]:
    """Exchange medoids, in place, as long as it pays; return the cost and how often."""
    size, count = len(masses), len(medoids)
    nearest = np.zeros(size, dtype=np.int64)
    least = np.full(size, np.inf)
    second = np.full(size, np.inf)
    taken = np.zeros(size, dtype=np.bool_)
    losses = np.zeros(count)
    changes = np.zeros(count)
    for place in range(count):
        taken[medoids[place]] = True
    total = _assign(costs, masses, medoids, nearest, least, second, losses)
    exchanges = 0
    idle = 0
    candidate = 0
    while idle < size:
        if taken[candidate]:
            idle += 1
            candidate = (candidate + 1) % size
            continue
        # What it saves, whichever medoid goes, and what else comes of the one that goes.
        saved = 0.0
        fill(changes, losses)
        row = costs[candidate]
        for i in range(size):
            cost = row[i]
            if cost < least[i]:
                saved += masses[i] * (least[i] - cost)
                # There is no second medoid of one.
                changes[nearest[i]] -= masses[i] * (second[i] - least[i]) if count > 1 else 0.0
            elif cost < second[i] and count > 1:
                changes[nearest[i]] -= masses[i] * (second[i] - cost)
        if count == 1:
            changes[0] = (masses * row).sum() - total + saved
        place = int(np.argmin(changes))
        idle += 1
        if changes[place] - saved < -LEAST_SAVING * total:
            before, former = total, medoids[place]
            medoids[place] = candidate
            total = _assign(costs, masses, medoids, nearest, least, second, losses)
            if total < before:
                taken[former] = False
                taken[candidate] = True
                exchanges += 1
                idle = 0
            else:  # it was rounding, of losses that are large beside the cost
                medoids[place] = former
                total = _assign(costs, masses, medoids, nearest, least, second, losses)
        candidate = (candidate + 1) % size
    return total, exchanges


@compile_loop
def _assign(
    costs: Floats,
    masses: Floats,
    medoids: Integers,
    nearest: Integers,
    least: Floats,
    second: Floats,
    losses: Floats,
) -> float:
    """Find the two cheapest medoids of each sample, and what each medoid costs to lose."""
    least[:] = np.inf
    second[:] = np.inf
    for place in range(len(medoids)):
        row = costs[medoids[place]]
        for i in range(len(masses)):
            if row[i] < least[i]:
                second[i] = least[i]
                least[i] = row[i]
                nearest[i] = place
            elif row[i] < second[i]:
                second[i] = row[i]
    losses[:] = 0.0
    total = 0.0
    for i in range(len(masses)):
        total += masses[i] * least[i]
        if len(medoids) > 1:
            losses[nearest[i]] += masses[i] * (second[i] - least[i])
    return total
