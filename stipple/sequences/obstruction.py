"""Why no sequence on the line is good for all its prefixes: a lower bound that grows."""

import math
from fractions import Fraction

from stipple.arguments import read_count
from stipple.machine.rounding import take_root

# (N·W_2)² of the middles of N equal intervals, which no N points have less of.
LEAST = Fraction(1, 12)
# Scales after which the sum of the bound gains less than a double can hold.
SCALES = 60


def bound_growth(n: int) -> float:
    """Bound N·W_2 from below, for the worst prefix of at most n points of any sequence in [0, 1].

    On the line W_2 is the L² norm of the discrepancy F_N(t) − t. Draw point i at height (i + ½)/n:
    the squared L² discrepancy of these points of the square, not divided by n, is at most
    w² + w/(4√3·n) + 1/36 with w the largest N·W_2, and at least the sum of Roth ("On irregularities
    of distribution", Mathematika 1, 1954) over dyadic rectangles that are empty: for each m there
    are (m + 1) shapes of volume 2^−m with at least 2^m − n of them, and each has a Haar coefficient
    whose square, over that of the norm, is n²·2^(−3m − 8). So w² grows at least like
    (1/3 − 1/7)/256·log n/log 2, and N·W_2 of a sequence never stays below a constant (Graham,
    "Irregularity of distribution in Wasserstein distance", J. Fourier Anal. Appl. 26, 2020).

    Parameters
    ----------
    n : int
        At least 1, and as large as one likes.

    Returns
    -------
    float
        Rounded downwards. At least 1/√12, which W_2 of any N points has; the sum of Roth is larger
        from about n = 2^147.

    Raises
    ------
    StippleError
        If n is less than 1.

    Examples
    --------
    >>> bound_growth(1000) < 0.2887 < bound_growth(2**400)
    True
    """
    n = read_count(n, "number of points", 1)
    rest = sum_roth(n) - Fraction(1, 36)
    # 4√3 > 6.9: w² + w/(6.9·n) ≥ rest.
    slope = Fraction(10, 69 * n)
    if rest <= LEAST:
        return take_root(LEAST, 2, down=True)
    root = Fraction(take_root(slope**2 + 4 * rest, 2, down=True))
    found = (root - slope) / 2
    return max(math.nextafter(float(found), 0.0), take_root(LEAST, 2, down=True))


def sum_roth(n: int) -> Fraction:
    """Lower bound of the squared L² discrepancy, not divided by n, of any n points of a square."""
    first = n.bit_length()
    return sum(
        (
            Fraction((m + 1) * max(0, 2**m - n) * n**2, 2 ** (3 * m + 8))
            for m in range(first, first + SCALES)
        ),
        Fraction(0),
    )
