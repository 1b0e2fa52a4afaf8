"""The partition of the proof, against exact fractions and what the proof says of it."""

from fractions import Fraction
from math import ceil, prod

import numpy as np
import pytest

from stipple.errors import StippleError
from stipple.sequences.dyadic import generate_sequence
from stipple.sequences.strips import CONSTANTS, certify_strips, partition_in_strips


def cut_exactly(owners, box, stop, depth=0):
    """Boxes after some cuts, of exact rational corners, and the indices in each."""
    if depth == stop:
        yield owners, box
        return
    level, axis = divmod(depth, len(box))
    shift = len(box) * level + len(box) - 1 - axis
    parts = [[index for index in owners if index >> shift & 1 == bit] for bit in (0, 1)]
    low, high = box[axis]
    middle = low + (high - low) * Fraction(len(parts[0]), len(owners))
    for part, side in zip(parts, ((low, middle), (middle, high)), strict=True):
        yield from cut_exactly(part, [*box[:axis], side, *box[axis + 1 :]], stop, depth + 1)


@pytest.mark.parametrize(
    ("n", "d", "spare", "levels"), [(185, 2, 2, 1), (300, 2, 1, 3), (83, 3, 1, 1)]
)
def test_strips_share_the_boxes_of_the_proof(n, d, spare, levels):
    strips = partition_in_strips(n, d, spare)
    unit = (Fraction(0), Fraction(1))
    move = Fraction(0)
    for owners, box in cut_exactly(list(range(n)), [unit] * d, levels * d):
        assert prod(high - low for low, high in box) == Fraction(len(owners), n)
        low, high = box[0]
        for rank, owner in enumerate(owners):
            ends = (low + (high - low) * Fraction(rank + end, len(owners)) for end in (0, 1))
            expected = np.array([list(ends), *([*side] for side in box[1:])], dtype=float)
            np.testing.assert_allclose(strips[owner], expected.T, rtol=0, atol=1e-15)
        corner = generate_sequence(n, d)[owners[0]]
        for (low, high), start in zip(box, map(Fraction, corner), strict=True):
            move = max(move, abs(low - start), abs(high - start - Fraction(1, 2**levels)))
    certificate = certify_strips(n, d, spare)
    assert certificate.levels == levels
    assert move <= certificate.move <= float(move) + 1e-14


@pytest.mark.parametrize("d", [2, 3, 4])
@pytest.mark.parametrize("spare", [2, 1])
def test_the_proof_holds(d, spare):
    """Ends move as little as Proposition 2.9 says, and the constants follow."""
    counts = [*range(1, 600, 13), 4**d - 1, 4**d, 8**d - 1, 8**d, 8**d + 1, 2 * 8**d, 10**4 + 7]
    for n in counts:
        certificate = certify_strips(n, d, spare)
        assert certificate.move <= certificate.move_bound
        assert certificate.move <= 2.0**-certificate.levels * (
            CONSTANTS[spare] / 2 ** (spare + 1) - 1
        )
        assert certificate.scaled_radius <= certificate.scaled_bound * (1 + 1e-13)
        assert certificate.scaled_bound < CONSTANTS[spare] * d**0.5
        assert (
            certificate.levels == 0
            or certificate.move > 0
            or n % 2 ** (d * certificate.levels) == 0
        )


@pytest.mark.parametrize(("n", "d"), [(1, 2), (63, 2), (185, 2), (1000, 3)])
def test_strips_are_parts_of_the_cube_near_their_points(n, d):
    strips, points = partition_in_strips(n, d), generate_sequence(n, d)
    np.testing.assert_allclose(np.prod(strips[:, 1] - strips[:, 0], axis=1) * n, 1, rtol=1e-12)
    places = np.random.default_rng(0).random((500, 1, d))
    inside = ((strips[:, 0] <= places) & (places < strips[:, 1])).all(axis=2)
    assert (inside.sum(axis=1) == 1).all()
    farthest = np.linalg.norm(
        np.maximum(points - strips[:, 0], strips[:, 1] - points), axis=1
    ).max()
    scaled = certify_strips(n, d).scaled_radius
    assert farthest * n ** (1 / d) <= scaled <= farthest * n ** (1 / d) * (1 + 1e-12)


def test_levels_are_those_of_the_proof():
    """M = max(0, ⌊log N/log 2^d⌋ − 2), by whole numbers."""
    for n in (1, 15, 63, 64, 255, 256, 1023, 1024, 4095, 4096):
        floor = max(k for k in range(9) if 4**k <= n)
        assert certify_strips(n, 2).levels == max(0, floor - 2)
        assert certify_strips(n, 2).move_bound == 4 * 2 ** max(0, floor - 2) / n
    assert ceil(certify_strips(1, 2).scaled_bound * 1e6) == 1414214


@pytest.mark.parametrize("function", [partition_in_strips, certify_strips])
def test_partitions_out_of_range_are_refused(function):
    with pytest.raises(StippleError, match="from 2 to 10, not 1"):
        function(5, 1)
    with pytest.raises(StippleError, match="at most 1,000,000"):
        function(1_000_001, 2)
