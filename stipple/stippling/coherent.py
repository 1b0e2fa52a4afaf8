"""Frames that follow one another: the dots of each go on from those of the last."""

import time
from collections.abc import Callable

from stipple.choices import NeighbourEngine, Spacing, Strays
from stipple.errors import StippleError
from stipple.measures.density import Density
from stipple.stippling.dots import make_dots
from stipple.stippling.result import Stippling, describe_quantisation
from stipple.transport.quantisation import Step, quantise
from stipple.transport.semi_discrete import TransportSolver

# From points that are nearly right; measured to come within 1 % of thirty steps from nothing.
STEPS = 7


def follow_frame(
    before: Stippling,
    density: Density,
    *,
    seed: int = 0,
    engine: NeighbourEngine = "auto",
    threads: int | None = None,
    on_step: Callable[[Step], None] | None = None,
    strays: Strays = "move",
    spacing: Spacing = "touch",
) -> Stippling:
    """Move the dots of a frame to the next, by optimal transport; dot k stays dot k.

    The first step takes each point to the barycentre of its cell in the optimal transport from
    the new density to the points of the last frame. A few more spread them well.

    Parameters
    ----------
    before : Stippling
        The last frame, with its points in the order of its cells.
    density : Density
        The next frame, of the same shape.
    seed, engine, threads, on_step, strays, spacing
        As in `stipple.stipple`.

    Returns
    -------
    Stippling

    Raises
    ------
    StippleError
        If the frames have different shapes.
    """
    width, height = int(before.cells.width), int(before.cells.height)
    if (density.width, density.height) != (width, height):
        raise StippleError(
            f"The frame has {density.width} × {density.height} pixels, and the one before"
            f" {width} × {height}: give frames of one size, or --resize them."
        )
    solver = TransportSolver(density, engine, threads)
    result = quantise(
        solver,
        before.points,
        before.cells.potentials,
        iterations=STEPS,
        tolerance=0.0,
        seed=seed,
        on_step=on_step,
    )
    ended = time.perf_counter()
    dots = make_dots(density, solver, result.transport, strays=strays, spacing=spacing)
    seconds = {"placement": 0.0, **result.seconds, "dots": time.perf_counter() - ended}
    return describe_quantisation(
        density, solver, result, dots, method="lbfgs", seed=seed, seconds=seconds
    )
