"""What is told where loops must be compiled first."""

import subprocess
from pathlib import Path

import pytest
from command import SAMPLES, start

TOLD = b"Compiling what this command needs, once on this machine: up to half a minute ..."
CAMERA = SAMPLES / "camera.png"


def begin(folder: Path, *words: object) -> "subprocess.Popen[bytes]":
    return start(*words, env={"NUMBA_CACHE_DIR": str(folder)})


@pytest.mark.parametrize(
    "words",
    [
        ("sequence", "-n", 10, "--certify", "-o", "points.csv"),
        pytest.param(("stipple", CAMERA, "-n", 100, "-o", "dots.svg"), marks=pytest.mark.slow),
        pytest.param(("lloyd", "uniform", "-n", 10), marks=pytest.mark.slow),
        pytest.param(("edot", "uniform", "-m", 5), marks=pytest.mark.slow),
        pytest.param(("bound", CAMERA, CAMERA, "--resize", "8x8"), marks=pytest.mark.slow),
    ],
    ids=lambda words: words[0],
)
def test_a_new_machine_is_told_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[object, ...]
) -> None:
    monkeypatch.chdir(tmp_path)
    process = begin(tmp_path / "empty", *words)
    assert process.stderr is not None
    said = []
    for line in process.stderr:
        said.append(line.strip())
        if said[-1] == TOLD:
            # The rest of the compilation shows nothing more.
            process.kill()
    process.communicate()
    assert said.count(TOLD) == 1


def test_compiling_is_told_once_and_only_then(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    words = ("sequence", "-n", 10, "--certify", "-o", "points.csv")
    quiet = begin(tmp_path / "empty", *words, "--quiet")
    assert quiet.communicate()[1] == b""
    again = begin(tmp_path / "empty", *words)
    assert TOLD not in again.communicate()[1]
    assert again.returncode == 0
