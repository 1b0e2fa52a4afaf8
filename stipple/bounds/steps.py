"""Steps between near pixels: which there are, and how far ways in such steps are."""

from typing import NamedTuple

import numpy as np

from stipple.arrays import Floats, Integers
from stipple.machine.compiled import compile_loop
from stipple.machine.rows import insert_sorted

# Potentials obey all steps after two or three sweeps, as a rule.
MOST_SWEEPS = 20


class Steps(NamedTuple):
    """Steps by rows and columns, shape (k, 2), in both directions each, and their lengths."""

    offsets: Integers
    lengths: Floats


def list_steps(reach: int) -> Steps:
    """List steps of at most `reach` rows and columns that are no multiples of shorter ones.

    By angle, each two neighbours have the determinant 1 (Farey), so that every offset is a sum of
    two such steps, with whole numbers, and within the rectangle that it spans. A way in steps is
    longer than the straight line by the factor √(1 + 1/(4·reach²)) at most (Bassetti, Gualandi and
    Veneroni, "On the computation of Kantorovich–Wasserstein distances between two-dimensional
    histograms by uncapacitated minimum cost flows", 2020).
    """
    span = np.arange(-reach, reach + 1)
    offsets = np.stack(np.meshgrid(span, span, indexing="ij"), axis=-1).reshape(-1, 2)
    offsets = offsets[np.gcd(*offsets.T) == 1]
    squares = (offsets**2).sum(axis=1)
    order = np.argsort(squares, kind="stable")
    return Steps(offsets[order], np.sqrt(squares[order]))


def obey_steps(potential: Floats, steps: Steps) -> Floats:
    """Lower a potential (h, w) until along no step it falls by more than the length of the step.

    There are up to `MOST_SWEEPS` over all pixels, forwards and backwards by turns.
    """
    obeying: Floats = potential.copy()
    for number in range(MOST_SWEEPS):
        if not _sweep(obeying, *steps, number % 2 == 1):
            break
    return obeying


@compile_loop
def _sweep(potential: Floats, offsets: Integers, lengths: Floats, backwards: bool) -> bool:
    """Lower a potential once, in place; tell whether anything changed."""
    height, width = potential.shape
    changed = False
    for number in range(height * width):
        pixel = height * width - 1 - number if backwards else number
        row, column = divmod(pixel, width)
        least = potential[row, column]
        for k in range(len(lengths)):
            r, c = row + offsets[k, 0], column + offsets[k, 1]
            if 0 <= r < height and 0 <= c < width:
                least = min(least, potential[r, c] + lengths[k])
        if least < potential[row, column]:
            potential[row, column] = least
            changed = True
    return changed


@compile_loop
def find_tight_steps(
    potential: Floats, offsets: Integers, lengths: Floats, count: int, always: int
) -> Integers:
    """Choose `count` steps out of each pixel and into it, those that the potential makes tightest.

    Slack is counted by length: long steps make ways of few. The `always` shortest ones are chosen
    in any case. Returns pixel·(number of steps) + step, ascending.
    """
    height, width = potential.shape
    kinds = len(lengths)
    chosen = np.zeros(height * width * kinds, np.bool_)
    slacks, best = np.empty(count), np.empty(count, np.int64)
    for pixel in range(height * width):
        row, column = divmod(pixel, width)
        for sign in (1, -1):
            held = 0
            for k in range(kinds):
                r, c = row + sign * offsets[k, 0], column + sign * offsets[k, 1]
                if not (0 <= r < height and 0 <= c < width):
                    continue
                start = pixel if sign > 0 else r * width + c
                if k < always:
                    chosen[start * kinds + k] = True
                slack = sign * (potential[r, c] - potential[row, column]) / lengths[k]
                if held == count and slack >= slacks[-1]:
                    continue
                held = insert_sorted(slacks, best, held, slack, start * kinds + k)
            for place in range(held):
                chosen[best[place]] = True
    return np.flatnonzero(chosen)
