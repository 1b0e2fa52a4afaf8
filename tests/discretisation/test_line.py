"""Quantisation on the line: as good as trying all ways to cut, whatever the samples."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq

from stipple.arrays import Floats
from stipple.discretisation import line
from stipple.discretisation.discretise import edot
from stipple.discretisation.line import quantise_line
from stipple.measures.samples import Samples


def find_atom(places: Floats, weights: Floats, order: float) -> float:
    """Where the slope of Σ w |x − y|^k changes its sign, by Brent's method; the mean for k = 2."""
    if order == 2 or len(places) == 1:
        return float(np.average(places, weights=weights))

    def find_slope(atom: float) -> float:
        return float(weights @ (np.sign(atom - places) * abs(atom - places) ** (order - 1)))

    return float(brentq(find_slope, places[0], places[-1], xtol=1e-14))


def cut_every_way(places: Floats, masses: Floats, count: int, order: float) -> float:
    """The least cost, by dynamic programming over all intervals, each added up on its own."""
    ascending = np.argsort(places)
    places, masses = places[ascending], masses[ascending]
    size = len(places)
    costs = np.full((size, size + 1), np.inf)
    for start in range(size):
        for stop in range(start + 1, size + 1):
            some, weights = places[start:stop], masses[start:stop]
            atoms = some if order == 1 else [find_atom(some, weights, order)]
            costs[start, stop] = min(weights @ abs(some - atom) ** order for atom in atoms)
    least = np.full(size + 1, np.inf)
    least[0] = 0
    for _ in range(count):
        least = np.append(np.inf, (least[:-1, None] + costs).min(axis=0)[1:])
    return float(least[-1])


def find_cost(places: Floats, masses: Floats, atoms: Floats, order: float) -> float:
    return float(masses @ (abs(places[:, None] - atoms) ** order).min(axis=1))


@settings(deadline=None, max_examples=80)
@given(
    seed=st.integers(0, 2**32 - 1),
    size=st.integers(1, 40),
    order=st.sampled_from([1.0, 2.0]),
    kind=st.sampled_from(["normal", "integers", "far apart"]),
    data=st.data(),
)
def test_no_cuts_are_better(
    seed: int, size: int, order: float, kind: str, data: st.DataObject
) -> None:
    """Integers have many best ways to cut; sums of clusters far apart hide what these cost."""
    random = np.random.default_rng(seed)
    places = random.normal(size=size)
    if kind == "integers":
        places = np.round(4 * places)
    elif kind == "far apart":
        places = 2.0**-10 * np.round(2.0**10 * places) + 2.0**20 * random.integers(3, size=size)
    masses = random.integers(1, 9, size) / 8
    count = data.draw(st.integers(1, len(np.unique(places))))
    atoms, optimal = quantise_line(places, masses, count, order)
    assert optimal
    assert len(atoms) == count
    assert (np.diff(atoms) > 0).all()
    expected = cut_every_way(places, masses, count, order)
    assert find_cost(places, masses, atoms, order) == pytest.approx(expected, rel=1e-12, abs=1e-16)


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("order", [1.25, 3.0, 5.5])
def test_no_cuts_are_better_for_other_orders(seed: int, order: float) -> None:
    random = np.random.default_rng(seed)
    places = random.normal(size=12) if seed % 3 else np.round(4 * random.normal(size=12))
    masses = random.random(12) + 0.01
    count = int(random.integers(1, len(np.unique(places)) + 1))
    atoms, optimal = quantise_line(places, masses, count, order)
    assert optimal
    expected = cut_every_way(places, masses, count, order)
    assert find_cost(places, masses, atoms, order) == pytest.approx(expected, rel=1e-12, abs=1e-16)


@pytest.mark.parametrize("order", [1.0, 2.0, 3.0])
@pytest.mark.parametrize("scale", [1e-10, 1e-30, 1e-60])
@pytest.mark.parametrize("offset", [0.0, -3.0])
def test_samples_very_near_each_other_are_told_apart(
    order: float, scale: float, offset: float
) -> None:
    """What is saved there is far below what the rounding of sums over all samples hides."""
    places = np.array([offset, scale, 3 * scale, 4 * scale, 1.0, 2.0])
    count = 5 if offset else 4
    if not offset:
        places = places[1:]
    atoms, optimal = quantise_line(places, np.ones(len(places)), count, order)
    assert optimal
    near = atoms[abs(atoms) < 0.5] / scale
    assert near[0] == pytest.approx(1, rel=1e-12)
    assert 3 <= near[1] <= 4
    assert order == 1 or near[1] == pytest.approx(3.5, rel=1e-12)


def test_too_many_samples_for_an_order_are_put_together_to_begin_with(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The atoms are near the best, and are not said to be the best."""
    places = np.random.default_rng(5).normal(size=300)
    best = edot(places[:, None], 4, p=3.0)
    assert (best.optimum, best.algorithm) == ("global", "dynamic programming")
    monkeypatch.setattr(line, "MOST_PAIRS", 300)
    found = edot(places[:, None], 4, p=3.0)
    assert (found.optimum, found.algorithm) == ("local", "L-BFGS")
    assert best.cost.lower <= found.cost.upper <= 1.001 * best.cost.upper
    # Samples nearer and nearer to each other leave too few groups.
    graded = 2.0 ** -np.arange(300)
    assert quantise_line(graded, np.ones(300), 100, 3.0) is None


def test_a_price_from_fewer_samples_leads_to_the_same_atoms(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    places = np.random.default_rng(3).normal(size=3000)
    masses = np.full(3000, 1 / 3000)
    plain, _ = quantise_line(places, masses, 12, 2.0)
    monkeypatch.setattr(line, "FEW_SAMPLES", 100)
    np.testing.assert_array_equal(quantise_line(places, masses, 12, 2.0)[0], plain)


@pytest.mark.parametrize("order", [1.0, 2.0, 2.5])
def test_a_line_is_solved_to_the_global_optimum(order: float) -> None:
    places = np.random.default_rng(4).normal(size=30)
    result = edot(Samples(places[:, None], np.ones(30)), 5, p=order)
    expected = cut_every_way(places, np.full(30, 1 / 30), 5, order)
    assert result.cost.lower <= expected * (1 + 1e-12)
    assert result.cost.upper == pytest.approx(expected, rel=1e-9)
    assert (result.optimum, result.iterations) == ("global", 0)
    assert repr(result).endswith("global optimum)")
    # Starts that were asked for are searched.
    for how in ({"start": "density"}, {"restarts": 2}, {"start": places[:5, None]}):
        found = edot(places[:, None], 5, **how)
        assert found.optimum == "local"


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["normal", "Cauchy", "lognormal"])
def test_a_million_samples_take_two_seconds(kind: str) -> None:
    """Few samples far out cost as much as all others."""
    import time

    random = np.random.default_rng(0)
    places, masses = random.normal(size=10**6), np.full(10**6, 1e-6)
    if kind == "Cauchy":
        places = random.standard_cauchy(10**6)
    elif kind == "lognormal":
        places = np.exp(3 * places)
    quantise_line(places[:50_000], masses[:50_000], 4, 2.0)
    began = time.process_time()
    assert len(quantise_line(places, masses, 64, 2.0)[0]) == 64
    assert time.process_time() - began < 2
