"""KeOps: the same numbers as NumPy, and every way in which it can be missing."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from keops_guard import skip_without_keops

from stipple.arrays import Floats
from stipple.cli import main
from stipple.discretisation.entropic import engines
from stipple.discretisation.entropic.engines import choose_engine
from stipple.discretisation.entropic.kernel import SinkhornSettings
from stipple.discretisation.entropic.objectives import Evaluation, evaluate_objective
from stipple.errors import StippleError
from stipple.geometry.metrics import Euclidean, Metric, Sphere
from stipple.machine import keops_library
from stipple.measures.samples import Samples


@pytest.fixture(scope="session")
def _keops() -> None:
    skip_without_keops()


@pytest.fixture
def _unspaced(tmp_path: Path) -> None:
    if any(letter.isspace() for letter in str(tmp_path)):
        pytest.skip("KeOps cannot compile in a folder whose name has spaces")


def draw_problem(*, on_sphere: bool = False) -> tuple[Samples, Floats, Floats]:
    random = np.random.default_rng(1)
    points, atoms = random.normal(size=(300, 3)), random.normal(size=(20, 3))
    if on_sphere:
        points /= np.linalg.norm(points, axis=1, keepdims=True)
        atoms /= np.linalg.norm(atoms, axis=1, keepdims=True)
    # Coinciding points, where distances have no derivative.
    atoms[0] = points[0]
    weights = random.random(20)
    weights[3] = 0
    return Samples(points, random.random(300)), atoms, weights / weights.sum()


def evaluate(engine: str, metric: Metric, **options: object) -> Evaluation:
    settings = SinkhornSettings(
        engine=engine,  # type: ignore[arg-type]
        tolerance=options.pop("tolerance", 1e-12),  # type: ignore[arg-type]
        precision=options.pop("precision", "float64"),  # type: ignore[arg-type]
        domain=options.pop("domain", "auto"),  # type: ignore[arg-type]
        device=options.pop("device", "auto"),  # type: ignore[arg-type]
    )
    problem = draw_problem(on_sphere=metric.name == "sphere")
    return evaluate_objective(*problem, 1.0, metric=metric, settings=settings, **options)


def check_agreement(one: Evaluation, two: Evaluation, relative: float) -> None:
    assert (one.transport.engine, two.transport.engine) == ("keops", "numpy")
    assert one.transport.converged
    assert one.value == pytest.approx(two.value, rel=relative)
    for a, b in (
        (one.atom_gradient, two.atom_gradient),
        (one.weight_gradient, two.weight_gradient),
        (one.transport.source_potential, two.transport.source_potential),
        (one.transport.target_potential, two.transport.target_potential),
    ):
        assert np.abs(a - b).max() <= relative * np.abs(b).max()


@pytest.mark.usefixtures("_keops")
@pytest.mark.parametrize("objective", ["full", "sharp", "debiased"])
@pytest.mark.parametrize(
    ("metric", "order"),
    [
        (Euclidean(), 2.0),
        pytest.param(Euclidean(), 1.0, marks=pytest.mark.slow),
        pytest.param(Euclidean(), 3.0, marks=pytest.mark.slow),
        pytest.param(Sphere(), 1.0, marks=pytest.mark.slow),
        pytest.param(Sphere(), 2.0, marks=pytest.mark.slow),
    ],
)
def test_engines_agree(metric: Metric, order: float, objective: str) -> None:
    one, two = (
        evaluate(engine, metric, order=order, objective=objective) for engine in ("keops", "numpy")
    )
    check_agreement(one, two, 1e-9)


@pytest.mark.usefixtures("_keops")
@pytest.mark.parametrize("domain", ["log", "multiplicative"])
def test_engines_agree_in_every_domain(domain: str) -> None:
    check_agreement(
        evaluate("keops", Euclidean(), domain=domain), evaluate("numpy", Euclidean()), 1e-9
    )


@pytest.mark.slow
@pytest.mark.usefixtures("_keops")
def test_single_precision_is_near() -> None:
    options = {"precision": "float32", "tolerance": 1e-4, "objective": "full"}
    one = evaluate("keops", Euclidean(), **options)
    check_agreement(one, evaluate("numpy", Euclidean(), objective="full"), 1e-3)


@pytest.mark.usefixtures("_keops")
def test_nothing_is_printed_on_the_standard_output() -> None:
    program = (
        "from stipple.machine import keops_library;"
        "assert keops_library.find_obstacle() is None; keops_library.has_gpu()"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert done.stdout == b""


@pytest.mark.usefixtures("_keops", "_unspaced")
def test_a_broken_index_is_deleted(tmp_path: Path) -> None:
    """An interrupted process leaves an empty index, which KeOps could not read ever after."""
    program = (
        "from stipple.machine import keops_library;"
        "print(keops_library.find_obstacle(), keops_library.find_cache_folder())"
    )
    environment = {"PATH": "/usr/bin:/bin", "KEOPS_CACHE_FOLDER": str(tmp_path), "HOME": "/"}
    command = [sys.executable, "-c", program]
    for _ in range(2):
        done = subprocess.run(command, env=environment, capture_output=True, check=True, text=True)
        assert done.stdout.strip() == f"None {tmp_path}"
        indices = list(tmp_path.rglob("*.pkl"))
        assert indices
        for index in indices:
            index.write_bytes(b"")


# --- where KeOps cannot be used -------------------------------------------------------------------


@pytest.fixture
def _broken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keops_library, "find_obstacle", lambda: "it is broken")


@pytest.mark.usefixtures("_broken")
def test_numpy_takes_the_place_of_keops_with_a_reason() -> None:
    choice = choose_engine(SinkhornSettings(engine="keops"), 10, 10, Euclidean())
    assert (choice.engine, choice.device) == ("numpy", "cpu")
    assert choice.reason == "KeOps cannot be used here (it is broken): NumPy takes its place."
    found = evaluate("keops", Euclidean())
    assert found.transport.engine == "numpy"


@pytest.mark.usefixtures("_broken")
def test_formulas_are_not_loaded_where_keops_cannot_be_used() -> None:
    with pytest.raises(StippleError, match=r"\(it is broken\): take the engine numpy"):
        keops_library.load_formula("X-Y", ("X=Vi(0,1)", "Y=Vj(1,1)"), "Sum", "cpu", "float32")


@pytest.mark.usefixtures("_broken")
def test_edot_tells_a_fallback_once(tmp_path: Path) -> None:
    np.savetxt(tmp_path / "cloud.csv", draw_problem()[1], delimiter=",")
    words = ["edot", str(tmp_path / "cloud.csv"), "-m", "3,4", "--objective", "full"]
    words += ["--steps", "1", "--engine", "keops", "-o", str(tmp_path / "{run}.csv")]
    result = CliRunner().invoke(main, words, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    assert result.stderr.count("KeOps cannot be used here (it is broken)") == 1
    result = CliRunner().invoke(main, [*words, "-q"], catch_exceptions=False)
    assert result.output == ""


@pytest.mark.usefixtures("_broken")
def test_auto_falls_back_silently(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines, "LARGEST_STORED", 50)
    choice = choose_engine(SinkhornSettings(), 10, 10, Euclidean())
    assert (choice.engine, choice.reason) == ("numpy", None)


@pytest.mark.usefixtures("_broken")
@pytest.mark.parametrize("engine", ["auto", "keops"])
def test_a_gpu_that_is_not_there_is_refused(engine: str) -> None:
    with pytest.raises(StippleError, match=r"No GPU can be used here \(it is broken\)"):
        evaluate(engine, Euclidean(), device="cuda")


def test_a_computer_without_cuda_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keops_library, "find_obstacle", lambda: None)
    monkeypatch.setattr(keops_library, "has_gpu", lambda: False)
    with pytest.raises(StippleError, match="KeOps finds no CUDA device"):
        choose_engine(SinkhornSettings(device="cuda"), 10, 10, Euclidean())
    choice = choose_engine(SinkhornSettings(engine="keops"), 10, 10, Euclidean())
    assert (choice.engine, choice.device) == ("keops", "cpu")
    monkeypatch.setattr(keops_library, "has_gpu", lambda: True)
    choice = choose_engine(SinkhornSettings(device="cuda"), 10, 10, Euclidean())
    assert (choice.engine, choice.device) == ("keops", "cuda")


@pytest.fixture
def _fresh() -> object:
    caches = keops_library.find_obstacle, keops_library.find_cache_folder
    for cached in caches:
        cached.cache_clear()
    yield
    for cached in caches:
        cached.cache_clear()


@pytest.mark.usefixtures("_fresh")
def test_obstacles_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keops_library.shutil, "which", lambda _: None)
    monkeypatch.setattr(keops_library.importlib.util, "find_spec", lambda _: object())
    assert keops_library.find_obstacle() == "there is no C++ compiler such as g++"
    keops_library.find_obstacle.cache_clear()
    monkeypatch.setattr(keops_library.importlib.util, "find_spec", lambda _: None)
    assert keops_library.find_obstacle() == "the package pykeops is not installed"


@pytest.mark.usefixtures("_fresh", "_unspaced")
def test_cache_folders_with_spaces_or_without_access_are_passed_over(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("KEOPS_CACHE_FOLDER", str(tmp_path / "a space"))
    blocked = tmp_path / "file"
    blocked.write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(blocked))
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(keops_library.tempfile, "tempdir", str(temporary))
    folder = keops_library.find_cache_folder()
    assert folder is not None
    assert temporary in folder.parents
    keops_library.find_cache_folder.cache_clear()
    monkeypatch.setattr(keops_library.tempfile, "tempdir", str(tmp_path / "a space"))
    assert keops_library.find_cache_folder() is None
    monkeypatch.setattr(keops_library.importlib.util, "find_spec", lambda _name: object())
    monkeypatch.setattr(keops_library.shutil, "which", lambda name: name)
    assert "cache folder" in str(keops_library.find_obstacle())
