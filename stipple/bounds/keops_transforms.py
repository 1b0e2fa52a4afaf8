"""c-transforms by KeOps: all pairs of pixels compared on the fly, on CPU or GPU."""

import numpy as np

from stipple.arrays import Floats, Integers
from stipple.choices import BoundMethod, Device, KernelEngine
from stipple.machine.keops_library import (
    DISTANCE_POWER,
    SQUARES,
    EngineChoice,
    decide_engine,
    find_tiny,
    load_formula,
)

# With fewer pixels than this a transform takes a fraction of a second by compiled loops.
LARGE = 2**16


def choose_engine(
    engine: KernelEngine,
    device: Device,
    *,
    order: float,
    method: BoundMethod = "auto",
    pixels: int = 0,
) -> EngineChoice:
    """Choose who transforms potentials on so many pixels; "auto" takes KeOps on a GPU only.

    On a CPU the compiled loops, which discard whole blocks of pixels, are far faster.

    Raises
    ------
    StippleError
        For a GPU that is not there, or that is of no use.
    """
    obstacle = None
    if method == "paper":
        obstacle = "the method paper has no use for it"
    elif order == 2:
        obstacle = "squared distances have a faster transform"
    large = pixels >= LARGE and obstacle is None
    return decide_engine(engine, device, "gpu" if large else "nowhere", obstacle)


def find_nearest(potential: Floats, order: float, device: Device) -> Integers:
    """Find a minimiser y of |x − y|^p − ψ(y) for every pixel x, up to rounding.

    Parameters
    ----------
    potential : ndarray, shape (h, w) or (d, h, w)
        ψ, somewhere finite; −inf leaves a pixel out.
    order : float
        p ≥ 1.
    device : {"cpu", "cuda"}
        Where to compute.

    Returns
    -------
    ndarray, shape (h, w) or (d, h, w)
        Flat indices.
    """
    used = np.flatnonzero(np.isfinite(potential))
    places = np.unravel_index(np.arange(potential.size), potential.shape)
    pixels = np.column_stack(places).astype(float)
    arguments = [pixels, pixels[used], potential.reshape(-1, 1)[used]]
    axes = potential.ndim
    variables = [f"X=Vi(0,{axes})", f"Y=Vj(1,{axes})", "B=Vj(2,1)"]
    cost = f"Sqrt({SQUARES})"
    if order != 1:
        cost = DISTANCE_POWER
        arguments += [np.array([float(order)]), np.array([find_tiny("float64")])]
        variables += ["K=Pm(3,1)", "T=Pm(4,1)"]
    search = load_formula(f"{cost}-B", tuple(variables), "ArgMin", device, "float64")
    nearest: Integers = used[search(*arguments)[:, 0].astype(np.int64)]
    return nearest.reshape(potential.shape)
