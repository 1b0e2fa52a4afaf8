"""What atoms hold of samples: parts in lists, one for each atom."""

from typing import NamedTuple

import numpy as np

from stipple.arrays import Floats, Integers
from stipple.machine.compiled import compile_loop

NONE = -1


class Sites(NamedTuple):
    """Samples, shape (n, d), atoms by coordinate, shape (d, m), and what a distance costs."""

    points: Floats
    columns: Floats
    order: float
    arcs: bool


class Shares(NamedTuple):
    """Parts of samples, in a list for each atom: `first` of each, and the others `after` it.

    `spare` has the number of parts so far, and the first one that is free again.
    """

    samples: Integers
    amounts: Floats
    after: Integers
    before: Integers
    first: Integers
    pieces: Integers
    spare: Integers


@compile_loop
def list_costs(sites: Sites, i: int, costs: Floats) -> None:
    """List what a sample costs at each atom, shape (m,)."""
    columns, order = sites.columns, sites.order
    costs[:] = 0.0
    for axis in range(len(columns)):
        x = sites.points[i, axis]
        column = columns[axis]
        for k in range(len(costs)):
            costs[k] += (column[k] - x) ** 2
    if sites.arcs:
        for k in range(len(costs)):
            costs[k] = (2 * np.arcsin(min(1.0, np.sqrt(costs[k]) / 2))) ** order
    elif order != 2:
        for k in range(len(costs)):
            costs[k] **= order / 2


@compile_loop
def share_out(sites: Sites, amounts: Floats, potential: Floats) -> tuple[Shares, Floats]:
    """Give each sample to the atom of least C − g, and add up what these hold."""
    samples, count = len(amounts), len(potential)
    room = samples + 4 * count
    shares = Shares(
        np.empty(room, dtype=np.int64),
        np.zeros(room),
        np.full(room, NONE),
        np.full(room, NONE),
        np.full(count, NONE),
        np.ones(samples, dtype=np.int64),
        np.array([samples, NONE]),
    )
    held = np.zeros(count)
    costs = np.empty(count)
    for i in range(samples):
        list_costs(sites, i, costs)
        costs -= potential
        atom = int(np.argmin(costs))
        shares.samples[i] = i
        shares.amounts[i] = amounts[i]
        held[atom] += amounts[i]
        _link(shares, i, atom)
    return shares, held


@compile_loop
def hand_on(shares: Shares, part: int, giver: int, taker: int, amount: float) -> int:
    """Move an amount of a part of one atom to another; the part that holds it then, or is joined.

    NONE where another part of the sample was there already.
    """
    sample = shares.samples[part]
    shares.amounts[part] -= amount
    if shares.amounts[part] == 0:
        _unlink(shares, part, giver)
        shares.pieces[sample] -= 1
        shares.after[part] = shares.spare[1]
        shares.spare[1] = part
    if shares.pieces[sample] > 0:
        other = shares.first[taker]
        while other != NONE:
            if shares.samples[other] == sample:
                shares.amounts[other] += amount
                return NONE
            other = shares.after[other]
    part = shares.spare[1]
    if part != NONE:
        shares.spare[1] = shares.after[part]
    else:
        part = shares.spare[0]
        shares.spare[0] += 1
    shares.samples[part] = sample
    shares.amounts[part] = amount
    shares.pieces[sample] += 1
    _link(shares, part, taker)
    return part


@compile_loop
def _link(shares: Shares, part: int, atom: int) -> None:
    following = shares.first[atom]
    shares.after[part] = following
    shares.before[part] = NONE
    if following != NONE:
        shares.before[following] = part
    shares.first[atom] = part


@compile_loop
def _unlink(shares: Shares, part: int, atom: int) -> None:
    following, former = shares.after[part], shares.before[part]
    if former == NONE:
        shares.first[atom] = following
    else:
        shares.after[former] = following
    if following != NONE:
        shares.before[following] = former


@compile_loop
def lengthen(shares: Shares) -> Shares:
    """Make room for as many parts again."""
    samples, amounts, after, before, first, pieces, spare = shares
    nothing = np.full(len(samples), NONE)
    return Shares(
        np.append(samples, nothing),
        np.append(amounts, np.zeros(len(samples))),
        np.append(after, nothing),
        np.append(before, nothing),
        first,
        pieces,
        spare,
    )


@compile_loop
def list_shares(shares: Shares) -> tuple[Integers, Integers, Floats]:
    """List samples, atoms and amounts."""
    size = 0
    kept = np.empty(shares.spare[0], dtype=np.int64)
    atoms = np.empty(shares.spare[0], dtype=np.int64)
    for atom in range(len(shares.first)):
        part = shares.first[atom]
        while part != NONE:
            kept[size] = part
            atoms[size] = atom
            size += 1
            part = shares.after[part]
    kept = kept[:size]
    return shares.samples[kept], atoms[:size].copy(), shares.amounts[kept]
