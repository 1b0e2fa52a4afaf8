"""Steps that spread the dots of a frame, until they are about as good as a new drawing's."""

from collections.abc import Callable

from stipple.transport.quantisation import Quantisation, Step, quantise
from stipple.transport.semi_discrete import Transport, TransportSolver

# Relative error of masses between steps: finer ones cost diagrams, and lower W2² by less than 1 in
# 1,000.
STEP_TOLERANCE = 0.4
# Pictures of a film have about the same quality when drawn anew: steps end that far above the best
# known of them, once three of them gain no more than that part. What is left to gain is less than
# 1 %, as measured on photographs, noise and shapes that move, turn and fade.
CLOSE, GAIN = 1.0085, 5e-3
# Else they end once as few gain less than that part; at least so many are taken, and at most.
FLAT, FEWEST, MOST = 2.4e-3, 10, 27
# A picture that seems worse than those before, after all these, has that much left to gain, about.
LEFT = 1.005


def spread(
    solver: TransportSolver,
    near: Transport,
    good: float,
    seed: int,
    on_step: Callable[[Step], None] | None,
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
    """
    values: list[float] = []

    def is_enough(step: Step) -> bool:
        values.append(step.quality)
        if step.number < 2:
            return False
        gained = max(values[-4:]) / values[-1] - 1
        if values[-1] <= CLOSE * good and gained <= GAIN:
            return True
        return step.number >= FEWEST and gained <= FLAT

    return quantise(
        solver,
        near.points,
        iterations=MOST,
        tolerance=0.0,
        seed=seed,
        near=near,
        step_tolerance=STEP_TOLERANCE,
        is_enough=is_enough,
        on_step=on_step,
    )


def learn_quality(good: float, quality: float) -> float:
    """Learn from a frame what N·W2²/A new drawings have."""
    return quality / LEFT if quality > CLOSE * good else min(good, quality)
