"""Steps that spread the dots of a frame, until they are about as good as a new drawing's."""

from collections.abc import Callable

from stipple.geometry.bricks import FEW_POINTS
from stipple.transport.quantisation import Quantisation, Step, quantise
from stipple.transport.semi_discrete import Transport, TransportSolver

# Relative error of masses between steps: finer ones cost diagrams, and lower W2² by less than 1 in
# 1,000.
STEP_TOLERANCE = 0.4
# Pictures of a film have about the same quality when drawn anew, the more so the more dots they
# have: steps end a part above the best known of them, less so much for each dot, once three of them
# gain no more than that. What is left to gain is less than 1 %, as measured on photographs, noise
# and shapes that move, turn and fade.
CLOSE, DOT, GAIN = 8e-3, 1.0, 4.5e-3
# Else they end once as few gain less than that part; at least so many are taken, and at most.
FLAT, FEWEST, MOST = 2.0e-3, 10, 27
# One frame of so many takes at least so many steps: flaws that a few leave add up.
PERIOD, THOROUGH = 6, 16
# Few dots are drawn from several starts, of which the best is kept. They have the time for more
# steps, up to where few gain less than that part.
FLAT_OF_FEW, MOST_OF_FEW = 1e-4, 45
# A picture that seems worse than those before, after all these, has that much left to gain, about.
LEFT = 1.005


def spread(
    solver: TransportSolver,
    near: Transport,
    good: float,
    seed: int,
    on_step: Callable[[Step], None] | None,
    *,
    number: int,
) -> Quantisation:
    """Spread points that were those of the last frame; row k of what comes is the same dot.

    Parameters
    ----------
    solver : TransportSolver
        The transport solver of the frame.
    near : Transport
        Where they begin.
    good : float
        N·W2²/A of a new drawing, about.
    seed : int
        Seed of perturbations.
    on_step : callable, optional
        Receives the start and each step.
    number : int
        How many frames there were before it.
    """
    values: list[float] = []
    count = len(near.points)
    few = count <= FEW_POINTS

    def is_enough(step: Step) -> bool:
        values.append(step.quality)
        if step.number < (THOROUGH if number % PERIOD == 0 else 2):
            return False
        gained = max(values[-4:]) / values[-1] - 1
        if not few and gained <= GAIN and values[-1] <= _raise(good, count):
            return True
        return step.number >= FEWEST and gained <= (FLAT_OF_FEW if few else FLAT)

    return quantise(
        solver,
        near.points,
        iterations=MOST_OF_FEW if few else MOST,
        tolerance=0.0,
        seed=seed,
        near=near,
        step_tolerance=STEP_TOLERANCE,
        is_enough=is_enough,
        on_step=on_step,
    )


def learn_quality(good: float, quality: float, count: int) -> float:
    """Learn from a frame of so many dots what N·W2²/A new drawings have."""
    return quality / LEFT if quality > _raise(good, count) else min(good, quality)


def _raise(good: float, count: int) -> float:
    """Quality that is close enough to a good one."""
    return good * (1 + CLOSE - DOT / count)
