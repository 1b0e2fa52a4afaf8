"""Distances between samples and atoms, with what moves an atom downhill."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from scipy.spatial.distance import cdist

from stipple.arrays import Floats


class Metric(Protocol):
    """A Riemannian distance; costs are its k-th powers."""

    @property
    def name(self) -> str:
        """What people type."""
        ...

    def measure_distances(self, points: Floats, atoms: Floats) -> Floats:
        """Distances, shape (n, m), between points (n, d) and atoms (m, d)."""
        ...

    def sum_gradients(self, points: Floats, atoms: Floats, amounts: Floats, order: float) -> Floats:
        """Σ_i amounts_ij ∂c(x_i, y_j)/∂y_j for c = dist^order, shape (m, d), tangent at the atoms.

        Where the cost has no derivative (coinciding points for order 1, antipodes), 0 is taken.
        """
        ...

    def move(self, atoms: Floats, directions: Floats) -> Floats:
        """Follow the geodesics from atoms (m, d) along tangent directions (m, d) to their ends."""
        ...


@dataclass(frozen=True)
class Euclidean:
    """The distance |x − y| in any dimension."""

    name: str = "euclidean"

    def measure_distances(self, points: Floats, atoms: Floats) -> Floats:
        """See `Metric`."""
        distances: Floats = cdist(points, atoms)
        return distances

    def sum_gradients(self, points: Floats, atoms: Floats, amounts: Floats, order: float) -> Floats:
        """See `Metric`."""
        if order != 2:
            distances = self.measure_distances(points, atoms)
            factors = np.power(
                distances, order - 2, out=np.zeros_like(distances), where=distances > 0
            )
            amounts = amounts * factors
        gradients: Floats = order * (amounts.sum(axis=0)[:, None] * atoms - amounts.T @ points)
        return gradients

    def move(self, atoms: Floats, directions: Floats) -> Floats:
        """See `Metric`."""
        return atoms + directions


@dataclass(frozen=True)
class Sphere:
    """Arc length on the unit sphere of any dimension; points are unit vectors."""

    name: str = "sphere"

    def measure_distances(self, points: Floats, atoms: Floats) -> Floats:
        """See `Metric`."""
        # The arc cosine loses half of the digits of small angles; chords do not.
        near: Floats = cdist(points, atoms)
        far = cdist(points, -atoms)
        angles: Floats = 2 * np.arctan2(near, far)
        return angles

    def sum_gradients(self, points: Floats, atoms: Floats, amounts: Floats, order: float) -> Floats:
        """See `Metric`."""
        angles = self.measure_distances(points, atoms)
        sines = np.sin(angles)
        # ∂_y θ^k = −kθ^{k−1}/sin θ · (x − cos θ·y).
        factors = np.divide(
            amounts * order * angles ** (order - 1),
            sines,
            out=np.zeros_like(angles),
            where=(sines > 1e-12),
        )
        gradients: Floats = (factors * np.cos(angles)).sum(axis=0)[:, None] * atoms
        gradients -= factors.T @ points
        return gradients

    def move(self, atoms: Floats, directions: Floats) -> Floats:
        """See `Metric`."""
        tangents = directions - (directions * atoms).sum(axis=1, keepdims=True) * atoms
        lengths = np.linalg.norm(tangents, axis=1, keepdims=True)
        moved: Floats = np.cos(lengths) * atoms + np.sinc(lengths / np.pi) * tangents
        moved /= np.linalg.norm(moved, axis=1, keepdims=True)
        return moved
