"""Continuation from an easier density: ρ mixed with the uniform one, less and less of it."""

from typing import TypeVar

from stipple.transport.damped_newton import DampedNewton

Cut = TypeVar("Cut")

# Shares of uniform density with which to try a solve that fails without, and where to end.
SHARES = (1e-4, 1e-2, 0.5)
SMALLEST_SHARE = 1e-8
TOLERANCE = 0.1


def continue_solving(newton: DampedNewton[Cut], start: Cut, tolerance: float) -> Cut:
    """Solve with some uniform density mixed in, then with a tenth of it, and so on.

    It gives every cell mass and joins shapes apart on white.
    """
    for share in SHARES:
        diagram = newton.iterate(start, share, TOLERANCE)
        if newton.find_error(diagram, share) <= TOLERANCE:
            break
    while share > SMALLEST_SHARE:
        share /= 10
        diagram = newton.iterate(diagram, share, TOLERANCE)
    return newton.iterate(diagram, 0.0, tolerance)
