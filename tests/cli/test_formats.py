"""A new format of drawings is one line, which every subcommand that draws then offers."""

import subprocess
import sys

import pytest
from command import ROOT

# What a newcomer writes in stipple/drawing/formats.py: here a drawing as a count of its layers.
PROGRAM = """
import sys
from stipple.drawing.formats import RENDERERS

RENDERERS["toy"] = lambda drawing, dpi: f"{len(drawing.layers)} layers at {dpi:g} dpi".encode()

from stipple.cli import main

main(sys.argv[1:])
"""
COMMANDS = {
    "stipple": ["stipple", "image.npy", "-n", "3"],
    "edot": ["edot", "image.npy", "--read", "image", "-m", "2"],
    "sequence": ["sequence", "-n", "4"],
    "lloyd": ["lloyd", "image.npy", "-n", "3", "--steps", "1"],
}


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "image.npy").write_bytes(make_image())
    return tmp_path


def make_image():
    import numpy as np

    from stipple.files.tables import render_npy

    return render_npy(np.arange(1.0, 21.0).reshape(4, 5))


def run(folder, *words):
    return subprocess.run(
        [sys.executable, "-c", PROGRAM, *words],
        cwd=folder,
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=pytest.mark.slow) if name == "lloyd" else name for name in COMMANDS],
)
def test_a_toy_format_is_written(folder, name):
    done = run(folder, *COMMANDS[name], "-o", "out.toy")
    assert done.returncode == 0, done.stderr
    assert (folder / "out.toy").read_text().endswith("dpi")
    # What Matplotlib plots is refused in a sentence.
    if name == "edot":
        words = ["edot", "image.npy", "image.npy", "--read", "image", "-m", "2", "--plan", "-o"]
        assert "Cannot tell the format" in run(folder, *words, "plan.toy").stderr
        refused = run(folder, *words, "-", "--format", "toy").stderr
        assert "is none of .csv, .svg, .png, .pdf here" in refused
    assert "toy" in run(folder, name, "--help").stdout
