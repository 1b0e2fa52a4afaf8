"""The memory that runs need: what is predicted, told and refused, against what they take."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import psutil
import pytest
from click.testing import CliRunner, Result
from command import ROOT, SAMPLES, save
from PIL import Image

from stipple.cli import main
from stipple.errors import StippleError
from stipple.machine import memory
from stipple.machine.memory import (
    Demand,
    check_memory,
    predict_bounds,
    predict_discretisation,
    predict_plan,
    predict_sequence,
    predict_stippling,
)

OLD = b"what was there before\n"
# The system counts the memory of the process that starts another one in: so a small one does.
LAUNCHER = """
import json, os, subprocess, sys
process = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL)
_, status, usage = os.wait4(process.pid, 0)
process.returncode = os.waitstatus_to_exitcode(status)
print(json.dumps([process.returncode, usage.ru_maxrss]))
"""
# Each command on something small, what it is told with little memory, and how to ask for less.
SMALL = {
    "stipple": (("{a}", "-n", 5), "5 points on 64 pixels need", "make the image smaller"),
    "lloyd": (
        ("uniform", "--pixels", 8, "-n", 5, "--steps", 1),
        "5 points on 64 pixels need",
        "ask for fewer points",
    ),
    "sequence": (("-n", 5), "5 points in dimension 2 need", "write .npy rather than text"),
    "sequence --density": (
        ("--density", "{a}", "-n", 5),
        "5 points on 64 pixels need",
        "ask for fewer points",
    ),
    "edot": (("{a}", "-m", 3), "64 samples need", "make the image smaller"),
    "edot --barycenter": (
        ("--barycenter", "{a}", "{b}", "-m", 3),
        "64 samples need",
        "make the image smaller",
    ),
    "edot --plan": (
        ("--plan", "{a}", "{b}", "-m", 3),
        "A plan between 3 and 3 atoms needs",
        "ask for fewer atoms",
    ),
    "certify": (("{points}",), "2 points on 1 pixels need", "ask for fewer points"),
    "bound": (("{a}", "{b}"), "Two images of 64 pixels need", "make them smaller"),
}

needs_posix = pytest.mark.skipif(os.name != "posix", reason="limits of POSIX")


@pytest.fixture
def available(monkeypatch: pytest.MonkeyPatch) -> Callable[[int | None], None]:
    return lambda size: monkeypatch.setattr(memory, "find_available_memory", lambda: size)


def test_memory_is_told_where_it_is_large_and_refused_where_it_cannot_fit(
    available: Callable[[int | None], None],
) -> None:
    demand = Demand("Something needs", 13 * 2**30, "ask for less")
    available(None)
    assert check_memory(demand) is None
    available(10 * demand.size)
    assert check_memory(demand) is None
    available(16 * 2**30)
    told = "Something needs about 13.0 GiB of memory, and 16.0 GiB is available"
    assert check_memory(demand) == f"{told}."
    available(12 * 2**30)
    with pytest.raises(StippleError, match=r"12\.0 GiB is available: ask for less\."):
        check_memory(demand)


def run(words: list[str]) -> Result:
    return CliRunner().invoke(main, words, catch_exceptions=False)


@pytest.mark.parametrize("case", SMALL)
def test_every_command_says_what_memory_it_needs(
    tmp_path: Path, available: Callable[[int | None], None], case: str
) -> None:
    random = np.random.default_rng(1)
    images = {
        name: save(tmp_path / f"{name}.png", random.integers(0, 200, (8, 8), np.uint8))
        for name in "ab"
    }
    points = tmp_path / "points.csv"
    points.write_text("0.2,0.4\n0.7,0.5\n", encoding="utf-8")
    images["points"] = points
    arguments, reason, advice = SMALL[case]
    out = tmp_path / "out.csv"
    words = [case.split()[0], *(str(word).format(**images) for word in arguments), "-o", str(out)]
    base = 260 if case.startswith("edot") else {"sequence": 40}.get(case, 190)
    available(base * 2**20 * 3 // 2)
    told = run(words)
    assert told.exit_code == 0, told.output
    assert f"{reason} about {base} MiB of memory" in told.stderr
    quiet = run([*words, "-q"])
    assert (quiet.exit_code, quiet.stderr) == (0, "")
    available(base * 2**20 // 2)
    out.write_bytes(OLD)
    refused = run(words)
    assert refused.exit_code == 1
    assert refused.stderr.splitlines()[-1].startswith(f"Error: {reason} about {base} MiB")
    assert advice in refused.stderr
    assert out.read_bytes() == OLD


def test_available_memory_is_found() -> None:
    available = memory.find_available_memory()
    assert available is None or 2**20 < available < 2**50
    if sys.platform == "linux":
        assert available is not None


def test_free_memory_is_that_of_the_system_with_swap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=3 * 2**20))
    monkeypatch.setattr(psutil, "swap_memory", lambda: SimpleNamespace(free=2**20))
    monkeypatch.setattr(memory, "_find_limits", lambda: [2**40])
    assert memory.find_available_memory() == 4 * 2**20
    monkeypatch.setattr(memory, "_find_limits", lambda: [2**21, 2**40])
    assert memory.find_available_memory() == 2**21

    def refuse() -> None:
        raise PermissionError("/proc is closed")

    monkeypatch.setattr(psutil, "virtual_memory", refuse)
    assert memory.find_available_memory() == 2**21
    monkeypatch.setattr(memory, "_find_limits", list)
    assert memory.find_available_memory() is None


@needs_posix
def test_a_limit_of_the_process_is_seen() -> None:
    code = (
        "import resource; resource.setrlimit(resource.RLIMIT_AS, (2**30, 2**30));"
        "from stipple.machine.memory import find_available_memory; print(find_available_memory())"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert int(done.stdout) <= 2**30


def measure(folder: Path, *words: object, runs: int = 2) -> int:
    """Peak of a command, in bytes; it is run twice, as the first run may have to compile."""
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    command = [sys.executable, "-m", "stipple", *map(str, words), "-q"]
    for _ in range(runs):
        launched = subprocess.run(
            [sys.executable, "-I", "-S", "-c", LAUNCHER, *command],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": path},
            stdout=subprocess.PIPE,
            check=True,
        )
        code, peak = json.loads(launched.stdout)
        assert code == 0
    return int(peak * (1 if sys.platform == "darwin" else 1024))


def resize(folder: Path, sample: str, side: int, mode: str = "L") -> str:
    name = f"{sample}-{side}.png"
    with Image.open(SAMPLES / f"{sample}.png") as picture:
        picture.convert(mode).resize((side, side)).save(folder / name)
    return name


@needs_posix
def test_large_pictures_take_little_more_than_their_sums(tmp_path: Path) -> None:
    # Sums along rows take 32 bytes a pixel, the density 8, the samples of the file 4.
    options = ("-n", 50, "--iterations", 1, "-o", "out.csv")
    few = measure(tmp_path, "stipple", resize(tmp_path, "chelsea", 16, "RGBA"), *options)
    picture = resize(tmp_path, "chelsea", 2000, "RGBA")
    many = measure(tmp_path, "stipple", picture, *options, runs=1)
    assert many - few < 56 * 2000**2


@pytest.mark.slow
@needs_posix
@pytest.mark.parametrize(
    ("points", "side", "color"),
    [(5000, 512, "mono"), (200_000, 512, "mono"), (5000, 3000, "mono"), (5000, 2048, "cmyk")],
)
def test_stippling_takes_what_is_predicted(
    tmp_path: Path, points: int, side: int, color: str
) -> None:
    image = resize(tmp_path, "chelsea", side, "L" if color == "mono" else "RGB")
    options = ("-n", points, "--iterations", 8, "--color", color, "-o", "out.csv")
    used = measure(tmp_path, "stipple", image, *options)
    inks = 1 if color == "mono" else 4
    predicted = predict_stippling(points, side * side, inks, together=inks > 1).size
    assert 0.7 < predicted / used < 1.5


@pytest.mark.slow
@needs_posix
@pytest.mark.parametrize("suffix", ["npy", "csv"])
@pytest.mark.parametrize("dimension", [2, 10])
def test_the_sequence_takes_what_is_predicted(tmp_path: Path, suffix: str, dimension: int) -> None:
    options = ("-n", 2_000_000, "-d", dimension, "-o", f"out.{suffix}")
    used = measure(tmp_path, "sequence", *options)
    demand = predict_sequence(2_000_000, dimension, text=suffix == "csv")
    assert 0.7 < demand.size / used < 1.5


@pytest.mark.slow
@needs_posix
@pytest.mark.parametrize("side", [256, 1024])
def test_bounds_take_what_is_predicted(tmp_path: Path, side: int) -> None:
    pair = [resize(tmp_path, name, side) for name in ("camera", "chelsea")]
    used = measure(tmp_path, "bound", *pair, "-o", "out.csv")
    assert 0.7 < predict_bounds((side, side)).size / used < 1.7


@pytest.mark.slow
@needs_posix
@pytest.mark.parametrize("side", [256, 2048])
def test_discretisations_take_what_is_predicted(tmp_path: Path, side: int) -> None:
    image = resize(tmp_path, "chelsea", side)
    used = measure(tmp_path, "edot", image, "-m", 500, "-o", "out.csv")
    assert 0.7 < predict_discretisation(side * side).size / used < 1.7


@pytest.mark.slow
@needs_posix
@pytest.mark.parametrize("suffix", ["png", "csv"])
def test_plans_take_what_is_predicted(tmp_path: Path, suffix: str) -> None:
    pair = [resize(tmp_path, name, 128) for name in ("camera", "chelsea")]
    used = measure(tmp_path, "edot", "--plan", *pair, "-m", 2000, "-o", f"out.{suffix}")
    assert 0.7 < predict_plan(2000, 2000, text=suffix == "csv").size / used < 1.5
