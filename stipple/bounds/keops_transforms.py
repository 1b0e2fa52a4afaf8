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


def choose_engine(
    engine: KernelEngine,
    device: Device,
    *,
    order: float,
    method: BoundMethod = "auto",
) -> EngineChoice:
    """Choose who transforms potentials; KeOps where it, or a GPU, is asked for.

    The compiled loops discard whole blocks of pixels: far faster on a CPU, and with them a whole
    enclosure took as long as with KeOps on a GPU (docs/gpu.md).

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
    return decide_engine(engine, device, "nowhere", obstacle)


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
