"""Refusal of input that is no problem of entropic transport."""

import numpy as np

from stipple.arrays import Floats
from stipple.errors import StippleError
from stipple.measures.samples import Samples


def check_cost(zeta: float, order: float) -> None:
    """Refuse a regularisation or an order that define no problem."""
    if not (0 < zeta < np.inf):
        raise StippleError(f"The regularisation must be positive and finite, not {zeta:g}.")
    if not (1 <= order < np.inf):
        raise StippleError(f"The order of the cost must be at least 1, not {order:g}.")


def check_atoms(samples: Samples, atoms: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """Atoms and weights as float64 arrays, or a StippleError."""
    atoms = np.ascontiguousarray(atoms, dtype=float)
    if atoms.ndim != 2 or atoms.shape[0] == 0 or atoms.shape[1] != samples.dimension:
        raise StippleError(
            f"Atoms for these samples have the shape (m, {samples.dimension}), not {atoms.shape}."
        )
    if not np.isfinite(atoms).all():
        raise StippleError("The atoms must be finite.")
    weights = check_masses(weights, "weights")
    if len(weights) != len(atoms):
        raise StippleError(f"There are {len(atoms)} atoms but {len(weights)} weights.")
    return atoms, weights


def check_masses(masses: Floats, name: str) -> Floats:
    """Masses as a float64 array, or a StippleError unless they are ≥ 0 with sum 1."""
    masses = np.asarray(masses, dtype=float)
    if masses.ndim != 1 or not np.isfinite(masses).all() or (masses < 0).any():
        raise StippleError(f"The {name} must be a list of finite numbers ≥ 0.")
    total = float(masses.sum())
    if abs(total - 1) > 1e-9:
        raise StippleError(f"The {name} must add up to 1, not {total:.12g}.")
    return masses
