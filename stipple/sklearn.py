"""Weighted discretisation as an estimator of scikit-learn; needs the extra `sklearn`."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Literal, cast

import numpy as np
from numpy.typing import ArrayLike

from stipple.arguments import read_count, read_masses
from stipple.arrays import Floats, Integers
from stipple.choices import AtomWeights
from stipple.discretisation.assignment import assign_within
from stipple.discretisation.settings import Settings
from stipple.discretisation.solution import Solution
from stipple.discretisation.solve import solve
from stipple.discretisation.stream import Stream
from stipple.discretisation.weighted_quantisation import count_different
from stipple.errors import StippleError
from stipple.geometry.nearest import assign_nearest
from stipple.machine.threads import Workers
from stipple.measures.measure import Measure
from stipple.measures.samples import Samples

try:
    from sklearn.base import (
        BaseEstimator,
        ClassNamePrefixFeaturesOutMixin,
        ClusterMixin,
        TransformerMixin,
    )
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.metrics.pairwise import euclidean_distances
    from sklearn.utils import check_random_state
    from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        "stipple.sklearn needs scikit-learn: python -m pip install 'stipple-ot[sklearn]'.",
        name=error.name,
    ) from None

LARGEST_SEED = 2**31 - 1


class Quantizer(ClassNamePrefixFeaturesOutMixin, TransformerMixin, ClusterMixin, BaseEstimator):  # type: ignore[misc]
    """Find weighted points that stand for samples, with the least W_p between both.

    Where weights are free and p = 2 that is the problem of k-means. Starts are repaired by
    exchanges, and on a line with p = 1 or 2 nothing is better.

    Parameters
    ----------
    n_clusters : int
        How many points, m.
    weights : {"free", "equal"} or array_like, shape (n_clusters,)
        Whether points choose their weights, or what they weigh, in any scale: positive numbers.
    capacity : (float, float), optional
        The least and the most share of the whole mass that a point with a free weight may have.
        Samples of equal mass go to one point each: between ⌈least·samples⌉ and ⌊most·samples⌋.
    p : float
        Order, at least 1: costs are distances to this power.
    n_init : "auto" or int
        How many starts are drawn, for free weights; by default a few, until two of them end alike.
    max_iter : int, optional
        Maximum number of steps; by default as many as are usually needed.
    random_state : int, RandomState instance or None
        Of every random choice.
    threads : int, optional
        Processors to use; by default all. The result does not depend on it.

    Attributes
    ----------
    cluster_centers_ : ndarray, shape (n_clusters, n_features_in_)
        The points; fewer, with a warning, where fewer samples differ.
    weights_ : ndarray, shape (n_clusters,)
        Their weights, sum 1.
    labels_ : ndarray, shape (n_samples,)
        The point of each sample; not after `partial_fit`. That is the nearest, or where weights are
        not free or have capacities, the one that gets most of the sample in the plan of least cost.
    inertia_ : float
        Σ weight · distance^p of the samples to the points of their labels; after `partial_fit`
        estimated from the samples kept.
    n_iter_ : int
        Steps taken.
    n_features_in_ : int
        Coordinates of a sample.

    Notes
    -----
    Weights and capacities are about all samples of `fit` together, and their labels keep to them,
    but for samples that are split. `predict`, `transform` and `score` take each sample by itself,
    whose point is the nearest: what they say of the samples of `fit` may differ from their labels.
    Of more than 3,000 points of equal weight, or of so many samples that there are 3·10^8 pairs of
    both, labels are the nearest ones too.

    `partial_fit` keeps 65,536 weighted samples (512 for each point, if that is more), drawn from
    all that came. The points are found when they are asked for.

    Examples
    --------
    >>> from stipple.sklearn import Quantizer
    >>> found = Quantizer(2, random_state=0).fit([[0.0, 0], [0, 1], [3, 0], [3, 1]])
    >>> sorted(found.cluster_centers_.tolist()), found.weights_.tolist()
    ([[0.0, 0.5], [3.0, 0.5]], [0.5, 0.5])
    """

    def __init__(
        self,
        n_clusters: int = 8,
        *,
        weights: AtomWeights | ArrayLike = "free",
        capacity: tuple[float, float] | None = None,
        p: float = 2.0,
        n_init: Literal["auto"] | int = "auto",
        max_iter: int | None = None,
        random_state: int | np.random.RandomState | None = None,
        threads: int | None = None,
    ) -> None:
        self.n_clusters = n_clusters
        self.weights = weights
        self.capacity = capacity
        self.p = p
        self.n_init = n_init
        self.max_iter = max_iter
        self.random_state = random_state
        self.threads = threads

    def fit(
        self,
        X: ArrayLike,  # noqa: N803
        y: None = None,  # noqa: ARG002
        sample_weight: ArrayLike | None = None,
    ) -> Quantizer:
        """Find the points.

        Parameters
        ----------
        X : array_like, shape (n_samples, n_features)
            Samples.
        y : None
            Ignored.
        sample_weight : array_like, shape (n_samples,), optional
            Their masses in any scale; by default equal.

        Returns
        -------
        Quantizer
            Itself.

        Raises
        ------
        StippleError
            A `ValueError`: for fewer samples than points, negative weights, capacities that cannot
            be met, or parameters that make no sense.
        """
        points, masses = self._read(X, sample_weight)
        self._stream: Stream | None = None
        self._seed = self._draw_seed()
        self._found: _Found | None = self._solve(points, masses)
        self.labels_ = self._found.labels
        return self

    def partial_fit(
        self,
        X: ArrayLike,  # noqa: N803
        y: None = None,  # noqa: ARG002
        sample_weight: ArrayLike | None = None,
    ) -> Quantizer:
        """Let more samples come; those of `fit` do not count.

        Parameters and errors are those of `fit`, but that there are too few samples shows when the
        points are asked for. Capacities are refused: parts of a stream are not kept whole.
        """
        if self.capacity is not None:
            raise StippleError(
                f"The capacity is {self.capacity!r}, and samples come in parts: give all of them to"
                " fit, or set capacity=None."
            )
        stream = getattr(self, "_stream", None)
        points, masses = self._read(X, sample_weight, reset=stream is None)
        if stream is None:
            self.__dict__.pop("labels_", None)
            self._seed = self._draw_seed()
            count = read_count(self.n_clusters, "number of points", 1)
            random = np.random.default_rng(self._seed)
            stream = self._stream = Stream(count, random, Workers(self.threads))
        stream.add(points, masses)
        self._found = None
        return self

    def fit_predict(
        self,
        X: ArrayLike,  # noqa: N803
        y: None = None,
        sample_weight: ArrayLike | None = None,
    ) -> Integers:
        """Find the points as `fit` does; return the labels, shape (n_samples,)."""
        return self.fit(X, y, sample_weight).labels_

    def predict(self, X: ArrayLike) -> Integers:  # noqa: N803
        """Return the nearest point of each sample, shape (n_samples,)."""
        atoms = self._settle().solution.atoms
        return self._assign(self._read(X, None, reset=False)[0], atoms)

    def transform(self, X: ArrayLike) -> Floats:  # noqa: N803
        """Return the distances of samples to all points, shape (n_samples, n_clusters)."""
        atoms = self._settle().solution.atoms
        return np.asarray(euclidean_distances(self._read(X, None, reset=False)[0], atoms))

    def score(
        self,
        X: ArrayLike,  # noqa: N803
        y: None = None,  # noqa: ARG002
        sample_weight: ArrayLike | None = None,
    ) -> float:
        """Return minus what samples cost at their nearest points, Σ weight · distance^p."""
        points, masses = self._read(X, sample_weight, reset=False)
        atoms = self._settle().solution.atoms
        return -self._measure(points, masses, atoms[self._assign(points, atoms)])

    @property
    def cluster_centers_(self) -> Floats:
        """The points."""
        return self._settle().solution.atoms

    @property
    def weights_(self) -> Floats:
        """Their weights."""
        return self._settle().solution.weights

    @property
    def inertia_(self) -> float:
        """What samples cost at the points of their labels."""
        return self._settle().inertia

    @property
    def n_iter_(self) -> int:
        """Steps taken, and at least one."""
        return max(1, self._settle().solution.iterations)

    @property
    def _n_features_out(self) -> int:
        """Columns that `transform` gives, for their names."""
        return len(self.cluster_centers_)

    def __sklearn_is_fitted__(self) -> bool:
        """Whether samples have come."""
        return hasattr(self, "_found")

    def _read(
        self,
        X: ArrayLike,  # noqa: N803
        sample_weight: ArrayLike | None,
        *,
        reset: bool = True,
    ) -> tuple[Floats, Floats]:
        """Make samples and masses plain arrays."""
        points = validate_data(self, X, reset=reset, dtype=np.float64, order="C")
        return points, _check_sample_weight(sample_weight, points, dtype=np.float64)

    def _draw_seed(self) -> int:
        return int(check_random_state(self.random_state).randint(LARGEST_SEED))

    def _settle(self) -> _Found:
        """Find the points, unless they are those of all that came."""
        check_is_fitted(self)
        if self._found is None:
            assert self._stream is not None
            samples = self._stream.read()
            self._found = self._solve(samples.points, samples.given)
        return self._found

    def _solve(self, points: Floats, masses: Floats) -> _Found:
        shares = self._read_shares()
        settings = Settings(
            weights="given" if shares is not None else cast(AtomWeights, self.weights),
            capacity=self.capacity,
            order=self.p,
            restarts=None if self.n_init == "auto" else self.n_init,
            steps=self.max_iter,
            seed=self._seed,
            threads=self.threads,
        )
        samples = Samples(points, masses)
        count = self._limit(samples, shares)
        # Capacities are in samples, of which two at one place are two.
        measure = Measure.from_samples(_sort(samples, merged=self.capacity is None))
        solution = solve(measure, count, settings, shares=shares)
        labels = self._assign(points, solution.atoms)
        if settings.weights != "free" or settings.capacity is not None:
            labels[masses > 0] = assign_within(samples, solution, settings, shares)
        return _Found(solution, labels, self._measure(points, masses, solution.atoms[labels]))

    def _read_shares(self) -> Floats | None:
        """Read the weights, if they are given, with sum 1."""
        if isinstance(self.weights, str):
            return None
        shares = read_masses(self.weights, "weight")
        if len(shares) != self.n_clusters:
            raise StippleError(
                f"{len(shares)} weights were given for n_clusters={self.n_clusters!r}: give one for"
                " each point."
            )
        return shares

    def _limit(self, samples: Samples, shares: Floats | None) -> int:
        """How many points to find: no more than there are different samples, or weights given."""
        count = read_count(self.n_clusters, "number of points", 1)
        if count > len(samples) or shares is not None:
            return count
        different = count_different(samples, count)
        if different < count:
            warnings.warn(
                f"There are only {different} different samples: as many points stand for them, not"
                f" {count}.",
                ConvergenceWarning,
                stacklevel=4,
            )
        return min(count, different)

    def _assign(self, points: Floats, atoms: Floats) -> Integers:
        return assign_nearest(points, atoms, Workers(self.threads))

    def _measure(self, points: Floats, masses: Floats, atoms: Floats) -> float:
        """Add up what samples cost at their atoms, both of shape (n, d)."""
        squares = ((points - atoms) ** 2).sum(axis=1)
        return float(masses @ squares ** (self.p / 2))


@dataclass(frozen=True, eq=False)
class _Found:
    """The points with their weights, and where samples go at what cost."""

    solution: Solution
    labels: Integers
    inertia: float


def _sort(samples: Samples, *, merged: bool) -> Samples:
    """Put samples in an order of their own, and if so asked make one of equal ones."""
    order = np.lexsort((samples.given, *samples.points.T))
    points, masses = samples.points[order], samples.given[order]
    if not merged:
        return Samples(points, masses)
    first = np.flatnonzero(np.append(True, (np.diff(points, axis=0) != 0).any(axis=1)))
    return Samples(points[first], np.add.reduceat(masses, first))
