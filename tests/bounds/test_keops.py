"""c-transforms by KeOps: the same minima, intervals as strict, and every way to do without."""

import csv
import io

import numpy as np
import pytest
from bound_images import draw_noise, draw_smooth, solve_exactly
from command import invoke
from keops_guard import skip_without_keops

import stipple
from stipple.bounds.certificate import certify_bounds
from stipple.bounds.keops_transforms import choose_engine
from stipple.bounds.masses import pair_masses
from stipple.bounds.transforms import measure_costs, transform_cost
from stipple.errors import StippleError
from stipple.machine import keops_library

# All orders but 1 share a formula; each formula compiles for 5 to 13 seconds where it is new.
orders = pytest.mark.parametrize(
    "order",
    [1.0, *(pytest.param(order, marks=pytest.mark.slow) for order in (1.5, 3.0, 32.0))],
)
FALLBACK = "KeOps cannot be used here (it is broken): NumPy takes its place."


@pytest.fixture
def _keops() -> None:
    skip_without_keops()


@pytest.mark.usefixtures("_keops")
@orders
def test_minima_are_those_of_the_compiled_loops(order: float) -> None:
    random = np.random.default_rng(1)
    shape = (17, 33)
    costs = measure_costs(shape, order).table
    for spread in (1e-3, 1.0):
        potential = spread * costs.max() * random.normal(size=shape)
        potential[random.random(shape) < 0.3] = -np.inf
        found = transform_cost(potential, order, device="cpu")
        wanted = transform_cost(potential, order)
        scale = np.abs(wanted.values).max() + costs.max()
        assert np.abs(found.values - wanted.values).max() <= 1e-13 * scale
        rows, columns = np.divmod(found.nearest, shape[1])
        down, across = (
            np.abs(a - b) for a, b in zip((rows, columns), np.indices(shape), strict=True)
        )
        attained = costs[down, across] - potential.ravel()[found.nearest]
        np.testing.assert_array_equal(found.values, attained)


@pytest.mark.usefixtures("_keops")
@orders
def test_intervals_are_strict_and_as_narrow(order: float) -> None:
    if order == 32:
        pytest.skip("the exact programme of the test cannot scale such costs")
    a, b = draw_noise(1, (11, 18)), draw_noise(2, (11, 18))
    result = stipple.bound(a, b, order, gap=1e-4, engine="keops", device="cpu")
    assert (result.engine.engine, result.engine.device) == ("keops", "cpu")
    assert result.reached
    exact = solve_exactly(a, b, order)
    assert result.lower * (1 - 1e-7) <= exact <= result.upper * (1 + 1e-7)
    again = certify_bounds(pair_masses(a, b), order, result.potential, result.plan)
    assert (again.lower, again.upper) == (result.lower, result.upper)


@pytest.mark.usefixtures("_keops")
def test_the_command_tells_that_keops_is_used(pair: list[str]) -> None:
    said = invoke("bound", *pair, "-p", 1, "--engine", "keops", "--device", "cpu").stderr
    assert "KeOps on cpu" in said
    assert "takes its place" not in said


# --- when KeOps is taken --------------------------------------------------------------------------


def set_up_machine(
    monkeypatch: pytest.MonkeyPatch, *, driver: bool, gpu: bool, obstacle: str | None = None
) -> None:
    monkeypatch.setattr(keops_library, "_has_driver", lambda: driver)
    monkeypatch.setattr(keops_library, "has_gpu", lambda: gpu)
    monkeypatch.setattr(keops_library, "find_obstacle", lambda: obstacle)


@pytest.mark.parametrize("order", [1.0, 2.0, 3.0])
def test_auto_takes_compiled_loops_and_loads_no_keops(
    monkeypatch: pytest.MonkeyPatch, order: float
) -> None:
    def fail() -> None:
        raise AssertionError("KeOps is loaded")

    set_up_machine(monkeypatch, driver=True, gpu=True)
    monkeypatch.setattr(keops_library, "find_obstacle", fail)
    choice = choose_engine("auto", "auto", order=order)
    assert (choice.engine, choice.device, choice.reason) == ("numpy", "cpu", None)
    assert choose_engine("auto", "cpu", order=order).engine == "numpy"


def test_keops_goes_where_it_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    set_up_machine(monkeypatch, driver=True, gpu=True)
    assert choose_engine("keops", "cpu", order=1).device == "cpu"
    assert choose_engine("keops", "auto", order=1).device == "cuda"
    assert choose_engine("auto", "cuda", order=1).engine == "keops"
    assert choose_engine("keops", "auto", order=1).reason is None


@pytest.mark.parametrize(
    ("order", "method", "said"),
    [(2.0, "auto", "squared distances have a faster transform"), (1.0, "paper", "method paper")],
)
def test_what_needs_no_keops_says_so(
    monkeypatch: pytest.MonkeyPatch, order: float, method: str, said: str
) -> None:
    if method == "paper":
        pytest.importorskip("ot", reason="the linear programs need POT")
    set_up_machine(monkeypatch, driver=True, gpu=True)
    result = stipple.bound(
        draw_smooth(1, (8, 8)),
        draw_smooth(2, (8, 8)),
        order,
        method=method,  # type: ignore[arg-type]
        engine="keops",
    )
    assert result.engine.engine == "numpy"
    assert said in str(result.engine.reason)
    with pytest.raises(StippleError, match=said):
        choose_engine("auto", "cuda", order=order, method=method)  # type: ignore[arg-type]


@pytest.mark.parametrize("options", [{"engine": "cupy"}, {"device": "tpu"}])
def test_unknown_words_are_refused(options: dict[str, str]) -> None:
    with pytest.raises(StippleError, match="give one of auto"):
        stipple.bound(np.ones((2, 2)), np.ones((2, 2)), **options)  # type: ignore[arg-type]


# --- what the command says ------------------------------------------------------------------------


@pytest.fixture
def pair(tmp_path, monkeypatch):  # type: ignore[no-untyped-def]
    monkeypatch.chdir(tmp_path)
    for seed, name in enumerate(("a.npy", "b.npy", "c.npy")):
        np.save(name, draw_smooth(seed, (8, 8)))
    return ["a.npy", "b.npy"]


def test_a_fallback_is_told_once(pair: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    set_up_machine(monkeypatch, driver=True, gpu=True, obstacle="it is broken")
    engine = ["-p", 1, "--engine", "keops"]
    result = invoke("bound", *pair, *engine, "-o", "-", "--format", "json")
    assert result.stderr.splitlines().count(FALLBACK) == 1
    assert '"engine": "numpy"' in result.stdout
    assert invoke("bound", *pair, *engine, "-q").output == ""
    table = invoke("bound", "--all", ".", *engine, "-o", "-")
    assert table.stderr.splitlines().count(FALLBACK) == 1
    assert len(list(csv.DictReader(io.StringIO(table.stdout)))) == 3
    assert "takes its place" not in invoke("bound", *pair, "-p", 1).stderr


def test_a_gpu_that_is_not_there_is_refused(
    pair: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    set_up_machine(monkeypatch, driver=False, gpu=False)
    said = invoke("bound", *pair, "-p", 1, "--device", "cuda", code=1).stderr
    assert "No GPU can be used here (KeOps finds no CUDA device)" in said
    said = invoke("bound", *pair, "--engine", "numpy", "--device", "cuda", code=1).stderr
    assert "The engine numpy cannot use a GPU" in said
