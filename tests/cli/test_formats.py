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


@pytest.mark.parametrize("name", COMMANDS)
def test_a_toy_format_is_written(folder, name):
    option = "--frames" if name == "lloyd" else "-o"
    target = "out-{step}.toy" if name == "lloyd" else "out.toy"
    done = run(folder, *COMMANDS[name], option, target)
    assert done.returncode == 0, done.stderr
    written = sorted(folder.glob("out*.toy"))
    assert len(written) == (2 if name == "lloyd" else 1)
    assert all(path.read_text().endswith("dpi") for path in written)
    assert "toy" in run(folder, name, "--help").stdout or name == "lloyd"
