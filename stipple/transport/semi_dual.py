"""Exact transport from samples to atoms of equal mass: the semi-dual, smoothed a little."""

import numpy as np
from scipy.sparse import diags_array

from stipple.arrays import Floats
from stipple.geometry.metrics import Metric
from stipple.measures.samples import Samples
from stipple.transport.candidates import Candidates, Smoothed
from stipple.transport.factorisation import factorise_symmetric
from stipple.transport.laplacian import assemble_laplacian
from stipple.transport.pulls import Pulls

# Atoms that a sample may go to at first: in up to three dimensions, and in more.
CANDIDATES, MORE_CANDIDATES = 24, 48
# ζ of the smoothed dual as parts of the mean cost: where it starts, and how it comes down.
FIRST_ZETA = 1.0
COOLING = 0.5
# No less than this part of the mean cost of candidates is taken for the scale of ζ to begin with,
# and in the end, unless rounding hides what is smaller.
SMALLEST_SCALE, RESOLVED_SCALE = 1e-3, 1e-9
# Σ_j |mass of atom j − 1/m| while ζ comes down, at least; more than the second number at its end
# asks for candidates.
COOLING_ERROR, LARGEST_ERROR = 1e-4, 1e-3
NEWTON_STEPS = 100
# Least part of the gain that the slope promises, and the shortest step tried for it.
LEAST_GAIN, SHORTEST_STEP = 0.1, 1e-3
# Part of the slope above which a step is doubled, up to the second number.
STEEP, LONGEST_STEP = 0.5, 2**10
# Levenberg's term, as a part of the error of an atom's mass.
DAMPING = 0.01


class SemiDual:
    """Σ_i a_i f_i + Σ_j g_j/m, concave in g, with f the smoothed minimum of C_ij − g_j over j.

    Parameters
    ----------
    samples : Samples
        Where the mass a is.
    count : int
        m atoms of mass 1/m each.
    order : float
        k ≥ 1: costs are k-th powers of distances.
    metric : Metric
        The distance, one that grows with that of the coordinates.
    candidates : int
        Fewest atoms that each sample may go to at first; more where these do not suffice.
    potential : ndarray, shape (m,), optional
        g to start from, one that is near for the first atoms.

    Attributes
    ----------
    potential : ndarray, shape (m,)
        g of the last solve, from which the next one starts.
    mass_error : float
        Σ_j |mass of atom j − 1/m| after the last solve.
    """

    def __init__(
        self,
        samples: Samples,
        count: int,
        order: float,
        metric: Metric,
        candidates: int = 0,
        potential: Floats | None = None,
    ) -> None:
        self.potential = np.zeros(count) if potential is None else potential
        self.mass_error = np.inf
        self._problem = Candidates(samples, order, metric)
        self._count = count
        usual = CANDIDATES if samples.dimension <= 3 else MORE_CANDIDATES
        self._candidates = min(count, max(candidates, usual))
        self._warm = potential is not None
        # Of the last plan; a potential that is given needs none that comes down.
        self._zeta = 0.0

    def solve(self, atoms: Floats, last_zeta: float, tolerance: float) -> float:
        """Solve for the potential; ⟨P, C⟩, corrected for the masses that atoms lack.

        Parameters
        ----------
        atoms : ndarray, shape (m, d)
            In units of the samples.
        last_zeta : float
            ζ at the end, as a part of the mean cost.
        tolerance : float
            The mass error to reach.
        """
        known = self.potential, self._warm, self._zeta
        plan = self._ascend_to(atoms, last_zeta, tolerance)
        # Nearest atoms may not suffice, where atoms are on one side of the samples.
        while self.mass_error > LARGEST_ERROR and self._candidates < self._count:
            self._candidates = min(2 * self._candidates, self._count)
            # The potential has run off where no plan had the right masses.
            self.potential, self._warm, self._zeta = known
            plan = self._ascend_to(atoms, last_zeta, tolerance)
        lacks = 1 / self._count - plan.received
        return plan.cost + float(self.potential @ lacks)

    def pull(self) -> Pulls:
        """Add up where the samples of the last plan pull the atoms."""
        return self._problem.pull(self.potential, self._zeta)

    def _ascend_to(self, atoms: Floats, last_zeta: float, tolerance: float) -> Smoothed:
        """Solve among the candidates, from the potential there is or from a ζ that comes down."""
        self._problem.choose(atoms, self._candidates, self.potential if self._warm else None)
        # Samples that coincide with atoms tell no scale.
        nearest, mean = self._problem.measure_scale()
        scale = max(nearest, SMALLEST_SCALE * mean) or 1.0
        # Among clusters far apart ζ comes down to the scale of their own.
        end = last_zeta * (nearest if nearest > RESOLVED_SCALE * mean else scale)
        if not self._warm:
            self._zeta = FIRST_ZETA * scale
        plan = self._cool(max(self._zeta, end), end, tolerance)
        if self._warm and self.mass_error > LARGEST_ERROR and self._candidates == self._count:
            plan = self._cool(FIRST_ZETA * scale, end, tolerance)
        self._warm = True
        return plan

    def _cool(self, zeta: float, end: float, tolerance: float) -> Smoothed:
        """Ascend with a ζ that comes down to its end."""
        zeta *= COOLING
        while zeta > end:
            self._ascend(zeta, max(tolerance, COOLING_ERROR))
            zeta *= COOLING
        self._zeta = end
        return self._ascend(end, tolerance)

    def _ascend(self, zeta: float, tolerance: float) -> Smoothed:
        """Newton's method along lines; Sinkhorn's step, which always ascends, instead."""
        goal = 1 / self._count
        potential = self.potential
        plan = self._problem.smooth(potential, zeta)
        for _ in range(NEWTON_STEPS):
            if np.abs(plan.received - goal).sum() <= tolerance:
                break
            step = self._find_newton_step(plan, zeta)
            found = self._search_line(plan, potential, step, zeta)
            if found is None:
                smallest = np.finfo(float).tiny
                step = zeta * np.log(goal / np.maximum(plan.received, smallest))
                step -= step.mean()
                found = 1.0, self._problem.smooth(potential + step, zeta)
            potential, plan = potential + found[0] * step, found[1]
        self.potential = potential - potential.mean()
        self.mass_error = float(np.abs(plan.received - goal).sum())
        return plan

    def _search_line(
        self, plan: Smoothed, potential: Floats, direction: Floats, zeta: float
    ) -> tuple[float, Smoothed] | None:
        """Find how far to go, with the plan there; None where no step raises the dual enough.

        Directions have mean zero: the other term of the dual stays as it is.
        """
        goal = 1 / self._count
        slope = float(direction @ (goal - plan.received))
        step = 1.0
        trial = self._problem.smooth(potential + direction, zeta)
        while trial.dual - plan.dual < LEAST_GAIN * step * slope:
            step /= 2
            if step <= SHORTEST_STEP:
                return None
            trial = self._problem.smooth(potential + step * direction, zeta)
        # Atoms that lack mass may be far from any sample that they could have: steps are bounded.
        while (
            1 <= step < LONGEST_STEP and float(direction @ (goal - trial.received)) > STEEP * slope
        ):
            farther = self._problem.smooth(potential + 2 * step * direction, zeta)
            if farther.dual <= trial.dual:
                break
            step, trial = 2 * step, farther
        return step, trial

    def _find_newton_step(self, plan: Smoothed, zeta: float) -> Floats:
        laplacian = assemble_laplacian(plan.rows, plan.columns, plan.links, self._count)
        # The constants are in the kernel, and far from the solution so are atoms that receive
        # next to nothing: what lacks bounds their step by some 100 ζ.
        goal = 1 / self._count
        damping = DAMPING * np.abs(plan.received - goal) + 1e-9 * goal
        hessian = (laplacian.to_scipy() + diags_array(damping)).tocsc()
        step: Floats = zeta * factorise_symmetric(hessian).solve(goal - plan.received)
        step -= step.mean()
        return step
