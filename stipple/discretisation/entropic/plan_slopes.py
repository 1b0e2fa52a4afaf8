"""How the entropic plan between two sets of atoms answers to their places and weights."""

from dataclasses import dataclass

import numpy as np

from stipple.arrays import Floats


@dataclass(frozen=True, eq=False)
class PlanSlopes:
    """Slopes of Σ_ij G_ij P_ij, where P is the entropic plan of two marginals and a cost.

    Attributes
    ----------
    source, target : ndarray, shape (m,) and (n,)
        With respect to the marginals, up to one constant.
    costs : ndarray, shape (m, n)
        With respect to the costs.
    """

    source: Floats
    target: Floats
    costs: Floats


def pull_back_plan(
    plan: Floats, source: Floats, target: Floats, zeta: float, slopes: Floats
) -> PlanSlopes:
    """Pull slopes G of the entries of a plan back to marginals and costs, in adjoint form.

    P_ij = a_i w_j exp((f_i + g_j − C_ij)/λ) keeps its marginals: dP = P∘(α ⊕ β − dC/λ), where
    diag(a)α + Pβ and Pᵀα + diag(w)β follow the changes of marginals and costs. With p and q that
    solve the same symmetric system for the row and column sums of G∘P, the slopes are p, q and
    P_ij(p_i + q_j − G_ij)/λ.

    Parameters
    ----------
    plan : ndarray, shape (m, n)
        P.
    source, target : ndarray, shape (m,) and (n,)
        a and w, the sums of rows and columns.
    zeta : float
        λ, the regularisation of the plan, in units of cost.
    slopes : ndarray, shape (m, n)
        G.
    """
    m = len(source)
    system = np.block([[np.diag(source), plan], [plan.T, np.diag(target)]])
    # Adding to α what β loses changes nothing: the system is singular along it.
    free = np.concatenate((np.ones(m), -np.ones(len(target)))) / np.sqrt(system.shape[0])
    weighed = slopes * plan
    right = np.concatenate((weighed.sum(axis=1), weighed.sum(axis=0)))
    solution = np.linalg.lstsq(system + np.outer(free, free), right, rcond=None)[0]
    rows, columns = solution[:m], solution[m:]
    costs = plan * (rows[:, None] + columns - slopes) / zeta
    return PlanSlopes(rows, columns, costs)
