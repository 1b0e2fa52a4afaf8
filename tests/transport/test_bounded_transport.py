"""Flows to atoms of given or bounded masses: linear programmes, certificates, derivatives."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from stipple.arrays import Floats
from stipple.errors import StippleError
from stipple.geometry.metrics import Euclidean, Metric, Sphere
from stipple.measures.samples import Samples
from stipple.transport import bounded_transport
from stipple.transport.bounded_flow import Flow, find_flow
from stipple.transport.bounded_transport import BoundedTransport
from stipple.transport.mass_bounds import WHOLE, MassBounds, count_whole


def solve_programme(costs: Floats, masses: Floats, least: Floats, most: Floats) -> float:
    """Least cost of a plan whose columns are within bounds."""
    count, atoms = costs.shape
    rows = np.kron(np.eye(count), np.ones(atoms))
    columns = np.kron(np.ones(count), np.eye(atoms))
    solved = linprog(
        costs.ravel(),
        A_eq=rows,
        b_eq=masses,
        A_ub=np.vstack((columns, -columns)),
        b_ub=np.concatenate((most, -least)),
        method="highs",
    )
    assert solved.status == 0
    return float(solved.fun)


def evaluate_dual(flow: Flow, costs: Floats, amounts: Floats, least: Floats, most: Floats) -> float:
    potential = flow.potential
    best = np.where(potential > 0, least, most)
    return float(amounts @ (costs - potential).min(axis=1) + best @ potential)


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_flows_are_optimal_and_within_bounds(data: st.DataObject) -> None:
    count, atoms = data.draw(st.integers(2, 12)), data.draw(st.integers(1, 5))
    random = np.random.default_rng(data.draw(st.integers(0, 10**6)))
    order = data.draw(st.sampled_from([1.0, 2.0, 3.0]))
    points = random.integers(0, data.draw(st.sampled_from([3, 1000])), (count, 2)).astype(float)
    places = random.normal(size=(atoms, 2)) * 100
    amounts = random.integers(1, 4, count).astype(float)
    # Bounds around some division of the amounts.
    shares = random.multinomial(int(amounts.sum()), np.ones(atoms) / atoms).astype(float)
    width = data.draw(st.sampled_from([0, 1, 5]))
    least, most = np.maximum(shares - width, 0), shares + random.integers(0, width + 1, atoms)
    first = random.normal(size=atoms) * data.draw(st.sampled_from([0.0, 1e3]))
    flow = find_flow(points, amounts, places, least, most, first, order=order, arcs=False)
    held = np.bincount(flow.atoms, flow.amounts, atoms)
    assert ((least <= held) & (held <= most)).all()
    np.testing.assert_array_equal(np.bincount(flow.samples, flow.amounts, count), amounts)
    costs = np.linalg.norm(points[:, None] - places, axis=2) ** order
    cost = flow.amounts @ costs[flow.samples, flow.atoms]
    assert cost == pytest.approx(solve_programme(costs, amounts, least, most), rel=1e-9, abs=1e-9)
    assert cost == pytest.approx(evaluate_dual(flow, costs, amounts, least, most), rel=1e-9)


def test_samples_of_one_mass_stay_whole() -> None:
    points = np.random.default_rng(0).random((200, 2))
    bounds = MassBounds(np.full(7, 0.1), np.full(7, 0.2))
    transport = BoundedTransport(Samples(points, np.ones(200)), bounds, 2.0, Euclidean())
    transport.solve(points[:7])
    held = transport.masses * 200
    np.testing.assert_allclose(held, np.round(held), rtol=1e-12)
    assert held.min() == 20
    assert held.max() == 40


def test_many_samples_are_solved_like_few(monkeypatch: pytest.MonkeyPatch) -> None:
    # The thinned samples are only to begin with.
    random = np.random.default_rng(3)
    samples = Samples(random.normal(size=(4_000, 2)), random.random(4_000) + 0.1)
    atoms = random.normal(size=(30, 2)) * 3
    shares = MassBounds.fix(np.arange(1.0, 31))
    quick = BoundedTransport(samples, shares, 2.0, Euclidean()).solve(atoms)
    monkeypatch.setattr(bounded_transport, "CHEAP_ENTRIES", np.inf)
    assert quick == pytest.approx(
        BoundedTransport(samples, shares, 2.0, Euclidean()).solve(atoms), rel=1e-12
    )


@pytest.mark.parametrize(
    ("order", "metric"),
    [(1.0, Euclidean()), (2.0, Euclidean()), (2.5, Euclidean()), (2.0, Sphere())],
)
def test_pulls_are_derivatives_of_the_cost(order: float, metric: Metric) -> None:
    random = np.random.default_rng(1)
    points, atoms = random.normal(size=(60, 3)), random.normal(size=(5, 3))
    if metric.name == "sphere":
        points, atoms = (
            some / np.linalg.norm(some, axis=1, keepdims=True) for some in (points, atoms)
        )
    transport = BoundedTransport(
        Samples(points, random.random(60) + 0.5), MassBounds.fix(np.ones(5)), order, metric
    )
    transport.solve(atoms)
    gradient = transport.pull().gradients
    direction = random.normal(size=atoms.shape)
    if metric.name == "sphere":
        direction -= (direction * atoms).sum(axis=1, keepdims=True) * atoms
    step = 1e-5
    ahead, behind = (
        transport.solve(metric.move(atoms, sign * step * direction)) for sign in (1, -1)
    )
    slope = (ahead - behind) / (2 * step)
    assert slope == pytest.approx(float((gradient * direction).sum()), rel=1e-4)


def test_equal_weights_are_equal_in_whole_numbers() -> None:
    whole = count_whole(np.full(10, 0.1), MassBounds.fix(np.ones(4)))
    assert whole.amounts.tolist() == [2.0] * 10
    assert whole.least.tolist() == [5.0] * 4
    parts = count_whole(np.array([0.3, 0.7, 0.1]), MassBounds.fix(np.array([0.1, 0.3, 0.2])))
    assert parts.amounts.tolist() == [18, 42, 6]
    assert parts.least.tolist() == [11, 33, 22]
    uneven = count_whole(np.array([0.3, 0.7, 0.1]), MassBounds.fix(np.array([1.0, np.pi])))
    assert uneven.amounts.tolist() == [3 * (WHOLE // 11), 7 * (WHOLE // 11), WHOLE // 11]
    assert uneven.least.sum() == uneven.amounts.sum()
    odd = count_whole(np.array([0.3, 0.71234, 0.1]), MassBounds.fix(np.array([1.0, 2.0])))
    assert odd.least.sum() == odd.amounts.sum() == WHOLE - 1
    thirds = count_whole(np.array([0.3, 0.71234, 0.1]), MassBounds.fix(np.ones(3)))
    assert thirds.least.sum() == thirds.amounts.sum() == WHOLE - 1


def test_costs_beyond_numbers_are_said() -> None:
    points = np.array([[0.0], [1e200]])
    with pytest.raises(StippleError, match="beyond floating-point numbers"):
        find_flow(
            points,
            np.ones(2),
            points,
            np.array([2.0, 0.0]),
            np.array([2.0, 0.0]),
            np.zeros(2),
            order=2.0,
            arcs=False,
        )


@pytest.mark.parametrize("capacity", [(0.3, 1.0), (0.0, 0.2), (0.26, 0.4)])
def test_capacities_that_no_whole_samples_fill_are_refused(capacity: tuple[float, float]) -> None:
    # A quarter of ten samples is no whole number of them.
    bounds = MassBounds(*(np.full(4, share) for share in capacity))
    with pytest.raises(StippleError, match="give wider capacities, or another number of atoms"):
        count_whole(np.ones(10), bounds)
