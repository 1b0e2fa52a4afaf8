"""Sinkhorn's scaling of a kernel to its marginals, with Newton steps where it is slow."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from stipple.arrays import Floats
from stipple.choices import KernelEngine
from stipple.discretisation.entropic.dual_system import solve_dual_system
from stipple.discretisation.entropic.kernel import (
    LARGEST_EXPONENT,
    Kernel,
    Potentials,
    SinkhornSettings,
    SmallZetaError,
)
from stipple.errors import StippleError

# Sums of scaled densities in this range lost nothing to underflow.
SAFE_SUMS = {"float64": (1e-100, 1e100), "float32": (1e-8, 1e8)}
# Newton's method needs a plan that is not far off; Sinkhorn brings it there.
NEWTON_ERROR = 0.5
NEWTON_TRIALS = 8
# Iterations after which a start that was given is thought to be no help.
START_ITERATIONS = 100
# Longest step, in units of ζ: beyond it samples change cells and the Hessian says nothing.
LONGEST_STEP = 5.0
# Marginal error at which annealing goes on: near enough for Newton's steps at half of the ζ.
STAGE_ERROR = 1e-3
# Atoms that lack or exceed their mass by more than this factor make the Hessian useless.
NEWTON_IMBALANCE = 1e3


@dataclass(frozen=True, eq=False)
class EntropicTransport:
    """Entropic transport between samples (x_i, a_i) and atoms (y_j, w_j).

    The plan is P_ij = a_i w_j exp((f_i + g_j − C_ij)/ζ). Its rows add up to a but for rounding.

    Attributes
    ----------
    zeta : float
        ζ, in units of cost.
    source_potential : ndarray, shape (n,)
        f, in units of cost.
    target_potential : ndarray, shape (m,)
        g, in units of cost, with mean zero (over all atoms alike). Atoms without mass have the
        value that a little mass would have.
    cost : float
        ⟨P, C⟩.
    regularised_cost : float
        F = ⟨P, C⟩ + ζ·KL(P | a⊗w), computed as the dual value a·f + w·g: a lower bound of F that
        errs by about the square of the marginal error.
    marginal_error : float
        Σ_j |Σ_i P_ij − w_j|.
    iterations : int
        Iterations taken, those of annealing and Newton steps included.
    converged : bool
        Whether the marginal error fell to the tolerance.
    engine : {"numpy", "keops"}
        The engine that was used.
    """

    zeta: float
    source_potential: Floats
    target_potential: Floats
    cost: float
    regularised_cost: float
    marginal_error: float
    iterations: int
    converged: bool
    engine: KernelEngine

    @property
    def potentials(self) -> Potentials:
        """Both potentials with ζ."""
        return Potentials(self.source_potential, self.target_potential, self.zeta)


def solve_dual(
    kernel: Kernel,
    masses: Floats,
    weights: Floats,
    zeta: float,
    settings: SinkhornSettings,
    start: Floats | None,
) -> EntropicTransport:
    """Solve for the potentials of a kernel; see `solve_sinkhorn`.

    In turn f_i = −ζ log Σ_j w_j exp((g_j − C_ij)/ζ) makes the rows exact, and
    g_j = −ζ log Σ_i a_i exp((f_i − C_ij)/ζ) the columns (Cuturi, NIPS 2013).
    """
    _check_resolution(kernel, zeta, settings)
    if start is not None and (start.shape != weights.shape or not np.isfinite(start).all()):
        raise StippleError(f"The start must be {len(weights)} finite potentials.")
    search = _Search(kernel, masses, weights, settings)
    current = search.run(zeta, start)
    # Atoms without mass enter no sum over atoms, so that their potentials may follow the others.
    target = np.where(weights > 0, current.target, current.following)
    mean = target.mean()
    potentials = Potentials(current.source + mean, target - mean, zeta)
    return search.conclude(potentials, current.error)


def solve_symmetric(
    kernel: Kernel, weights: Floats, zeta: float, settings: SinkhornSettings
) -> EntropicTransport:
    """Solve the transport of weighted atoms to themselves, with equal potentials, not centred.

    Averaged iterations of one potential (Knight, Ruiz, Uçar, SIAM J. Matrix Anal. Appl. 2014;
    Feydy et al., AISTATS 2019): they halve the error at least wherever exp(−C/ζ) is positive
    definite. Equality settles the potentials of atoms so far apart that the plan does not.
    """
    _check_resolution(kernel, zeta, settings)
    search = _Search(kernel, weights, weights, settings)
    potential = np.zeros(len(weights))
    for stage in [*search.anneal(zeta), zeta]:
        tolerance = settings.reached_tolerance if stage == zeta else STAGE_ERROR
        following, error = search.average(stage, potential)
        while error > tolerance and search.iterations < settings.max_iterations:
            potential = (potential + following) / 2
            following, error = search.average(stage, potential)
    return search.conclude(Potentials(following, potential, zeta), error)


@dataclass(frozen=True, eq=False)
class _Iterate:
    """Potentials with exact rows, and what they say about the columns."""

    source: Floats
    target: Floats
    # The target potential that makes the columns exact.
    following: Floats
    # Column sums over weights, less 1.
    excess: Floats
    error: float


class _Search:
    """The iterations of `solve_dual`."""

    def __init__(
        self,
        kernel: Kernel,
        masses: Floats,
        weights: Floats,
        settings: SinkhornSettings,
    ) -> None:
        self._kernel = kernel
        self._masses = masses
        self._weights = weights
        self._settings = settings
        self.iterations = 0

    def run(self, zeta: float, start: Floats | None) -> _Iterate:
        """Iterate until the tolerance or the limit."""
        target = np.zeros(len(self._weights)) if start is None else start - start.mean()
        # Scaling begins with the Gibbs kernel itself.
        source = np.zeros(len(self._masses))
        tolerance, limit = self._settings.reached_tolerance, self._settings.max_iterations
        if start is not None and self._settings.annealing is not None:
            current = self._iterate(zeta, source, target, tolerance, min(limit, START_ITERATIONS))
            if current.error <= tolerance or self.iterations >= limit:
                return current
            target = np.zeros(len(self._weights))
        for stage in self.anneal(zeta):
            current = self._iterate(stage, source, target, STAGE_ERROR, limit)
            source, target = current.source, current.following
        return self._iterate(zeta, source, target, tolerance, limit)

    def anneal(self, zeta: float) -> Iterator[float]:
        """Yield the regularisations before the last."""
        factor = self._settings.annealing
        stage = self._kernel.largest_cost
        while factor is not None and factor * stage > zeta:
            stage *= factor
            yield stage

    def average(self, zeta: float, potential: Floats) -> tuple[Floats, float]:
        """Potential that makes the rows exact for itself as target, and how much it was not."""
        self.iterations += 1
        following = self._update_source(zeta, potential, potential)
        excess = np.expm1(np.minimum((potential - following) / zeta, 700.0))
        return following, float(self._weights @ np.abs(excess))

    def conclude(self, potentials: Potentials, error: float) -> EntropicTransport:
        """Price the plan."""
        row_costs = self._kernel.sum_over_atoms(potentials, self._weights, with_costs=True)
        value = self._masses @ potentials.source + self._weights @ potentials.target
        return EntropicTransport(
            zeta=potentials.zeta,
            source_potential=potentials.source,
            target_potential=potentials.target,
            cost=float(self._masses @ row_costs),
            regularised_cost=float(value),
            marginal_error=error,
            iterations=self.iterations,
            converged=error <= self._settings.reached_tolerance,
            engine=self._kernel.engine,
        )

    def _iterate(
        self, zeta: float, source: Floats, target: Floats, tolerance: float, limit: int
    ) -> _Iterate:
        """Iterate at one ζ until the tolerance or the limit."""
        current = self._evaluate(zeta, source, target)
        self.iterations += 1
        # A Newton step is worth as many iterations as it costs.
        price = 4 * (2 + len(target) / 40) if self._kernel.has_gram else 60.0
        # Iterations until Newton's method is tried again, twice as many after each failure.
        pause, rest = 0, 1
        speed = np.inf
        while current.error > tolerance and self.iterations < limit:
            self.iterations += 1
            left = np.log(current.error / tolerance)
            if pause <= 0 and current.error < NEWTON_ERROR and left > speed * price:
                improved = self._try_newton(zeta, current)
                if improved is not None:
                    current = improved
                    continue
                rest *= 2
                pause = rest
            following = self._evaluate(zeta, current.source, current.following)
            # Logarithm of the factor by which an iteration lowers the error.
            speed = max(np.log(current.error / max(following.error, tolerance)), 0.0)
            current = following
            pause -= 1
        return current

    def _evaluate(self, zeta: float, source: Floats, target: Floats) -> _Iterate:
        """Make the rows exact for a target potential; `source` need only be near."""
        source = self._update_source(zeta, source, target)
        sums = self._sum_safely(
            self._kernel.sum_over_samples, Potentials(source, target, zeta), self._masses
        )
        if sums is None:
            following = self._kernel.soften_over_samples(source, self._masses, zeta)
        else:
            following = target - zeta * np.log(sums)
        excess = np.expm1(np.minimum((target - following) / zeta, 700.0))
        return _Iterate(source, target, following, excess, float(self._weights @ np.abs(excess)))

    def _update_source(self, zeta: float, source: Floats, target: Floats) -> Floats:
        """Source potential that makes the rows exact; `source` need only be near it."""
        sums = self._sum_safely(
            self._kernel.sum_over_atoms, Potentials(source, target, zeta), self._weights
        )
        if sums is None:
            return self._kernel.soften_over_atoms(target, self._weights, zeta)
        return source - zeta * np.log(sums)

    def _sum_safely(
        self, add: Callable[[Potentials, Floats], Floats], potentials: Potentials, factors: Floats
    ) -> Floats | None:
        """Add up the density; None where only the log domain can."""
        if self._settings.domain == "log":
            return None
        sums = add(potentials, factors)
        lowest, highest = SAFE_SUMS[self._kernel.precision]
        if ((sums > lowest) & (sums < highest)).all():
            return sums
        if self._settings.domain == "auto":
            return None
        if not ((sums > 0) & np.isfinite(sums)).all():
            raise StippleError(
                "The multiplicative scaling left the range of the arithmetic: take the domain auto,"
                " or a start that is nearer."
            )
        return sums

    def _try_newton(self, zeta: float, current: _Iterate) -> _Iterate | None:
        """Damped Newton step on the semi-dual, or None where it does not lower the error."""
        columns = 1 + current.excess
        held = self._weights > 0
        if columns[held].min() * NEWTON_IMBALANCE < 1 or columns[held].max() > NEWTON_IMBALANCE:
            return None
        potentials = Potentials(current.source, current.target, zeta)
        direction = solve_dual_system(
            self._kernel, potentials, self._masses, self._weights, columns, -current.excess
        )
        length = float(np.abs(direction[held]).max())
        step = min(1.0, LONGEST_STEP / length) if length > 0 else 1.0
        for _ in range(NEWTON_TRIALS):
            target = current.target + step * zeta * direction
            target = np.where(held, target, current.following)
            trial = self._evaluate(zeta, current.source, target)
            if trial.error <= (1 - step / 4) * current.error:
                return trial
            step /= 2
        return None


def _check_resolution(kernel: Kernel, zeta: float, settings: SinkhornSettings) -> None:
    """Refuse a ζ so small that rounding hides the tolerance, or that scalings underflow."""
    tolerance = settings.reached_tolerance
    smallest = kernel.rounding * kernel.largest_cost / tolerance
    advice = f"loosen the tolerance {tolerance:g}"
    if settings.domain == "multiplicative":
        scaled = kernel.largest_cost / LARGEST_EXPONENT[kernel.precision]
        if scaled > smallest:
            smallest, advice = scaled, "take the domain log or auto"
    if zeta < smallest:
        raise SmallZetaError(
            f"The regularisation {zeta:g} is too small for {kernel.precision} and costs up to"
            f" {kernel.largest_cost:.4g}: take at least {smallest:.2g}, or {advice}."
        )
