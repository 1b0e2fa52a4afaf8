"""Quantisation on the line: as good as trying all ways to cut, whatever the samples."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stipple.arrays import Floats
from stipple.discretisation import line
from stipple.discretisation.discretise import edot
from stipple.discretisation.line import quantise_line
from stipple.measures.samples import Samples


def cut_every_way(places: Floats, masses: Floats, count: int, order: float) -> float:
    """The least cost, by dynamic programming over all intervals, each added up on its own."""
    ascending = np.argsort(places)
    places, masses = places[ascending], masses[ascending]
    size = len(places)
    costs = np.full((size, size + 1), np.inf)
    for start in range(size):
        for stop in range(start + 1, size + 1):
            some, weights = places[start:stop], masses[start:stop]
            atoms = some if order == 1 else [np.average(some, weights=weights)]
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
    atoms = quantise_line(places, masses, count, order)
    assert len(atoms) == count
    assert (np.diff(atoms) > 0).all()
    expected = cut_every_way(places, masses, count, order)
    assert find_cost(places, masses, atoms, order) == pytest.approx(expected, rel=1e-12, abs=1e-16)


def test_a_price_from_fewer_samples_leads_to_the_same_atoms(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    places = np.random.default_rng(3).normal(size=3000)
    masses = np.full(3000, 1 / 3000)
    plain = quantise_line(places, masses, 12, 2.0)
    monkeypatch.setattr(line, "FEW_SAMPLES", 100)
    np.testing.assert_array_equal(quantise_line(places, masses, 12, 2.0), plain)


@pytest.mark.parametrize("order", [1.0, 2.0])
def test_a_line_is_solved_to_the_global_optimum(order: float) -> None:
    places = np.random.default_rng(4).normal(size=30)
    result = edot(Samples(places[:, None], np.ones(30)), 5, p=order)
    expected = cut_every_way(places, np.full(30, 1 / 30), 5, order)
    assert result.cost.lower <= expected * (1 + 1e-12)
    assert result.cost.upper == pytest.approx(expected, rel=1e-9)
    assert (result.optimum, result.iterations) == ("global", 0)
    assert repr(result).endswith("global optimum)")
    # Other orders, and starts that were asked for, are searched.
    for how in ({"p": 3.0}, {"start": "density"}, {"restarts": 2}, {"start": places[:5, None]}):
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
    assert len(quantise_line(places, masses, 64, 2.0)) == 64
    assert time.process_time() - began < 2
