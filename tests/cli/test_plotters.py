"""Plotters find exactly the marks in every kind of drawing: by their rules, and by vpype."""

import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from command import INKSCAPE, SVG, read_svg, save

from stipple.cli import main

SHAPES = {f"{SVG}{name}" for name in ("path", "circle", "rect", "line", "polyline", "polygon")}
CELLS = None  # their number is that of the edges
COMMANDS = {
    "circles": ("stipple picture.png -n 40", 40),
    "circles on coloured paper": ("stipple picture.png -n 40 --background #ffe", 40),
    "circles of light": ("stipple picture.png -n 40 --color rgb", 40),
    "strokes": ("stipple picture.png -n 40 --pen 1mm", 40),
    "strokes of four inks": ("stipple picture.png -n 40 --color cmyk --pen 1mm", 40),
    "strokes on paper": ("stipple picture.png -n 40 --dots stroke --background white", 40),
    "spirals": ("stipple picture.png -n 40 --dots spiral", 40),
    "spirals of one point": ("stipple picture.png -n 40 --dots spiral --radius 1mm --pen 2mm", 40),
    "tour": ("stipple picture.png -n 40 --draw tour --order tsp", 1),
    "cells": ("stipple picture.png -n 40 --draw cells", CELLS),
    "doublings": ("sequence -n 40", 40),
    "progressive strokes": ("sequence --density picture.png -n 40 --dots stroke", 40),
    "atoms": ("edot picture.png -m 7", 7),
    "atoms as strokes": ("edot picture.png -m 7 --dots stroke", 7),
}


@pytest.fixture(autouse=True)
def picture(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    y, x = np.mgrid[:20, :30]
    pixels = np.stack([6 * x, 9 * y, 60 + 0 * x], axis=-1)
    save(tmp_path / "picture.png", pixels.astype(np.uint8))


def draw(words):
    command = [*words.split(), "-o", "a.svg", "-q"]
    result = CliRunner().invoke(main, command, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return Path("a.svg")


def list_marks(element, *, plotted=True):
    """Shapes of the file, but for layers named % and for what is hidden, whatever its style."""
    label = element.get(f"{INKSCAPE}label", "")
    plotted = (
        plotted and not label.startswith(("%", "!")) and "hidden" not in element.attrib.values()
    )
    marks = [element] if element.tag in SHAPES and plotted else []
    return marks + [mark for child in element for mark in list_marks(child, plotted=plotted)]


@pytest.mark.parametrize(("words", "marks"), COMMANDS.values(), ids=COMMANDS)
def test_marks_are_all_that_is_plotted(words, marks):
    found = list_marks(read_svg(draw(words)))
    assert len(found) == marks or marks is CELLS
    assert all(shape.tag != f"{SVG}rect" for shape in found)
    # Nothing that is drawn is shorter than what `vpype filter` drops.
    lengths = [float(length) for length in re.findall(r"h([\d.]+)", Path("a.svg").read_text())]
    assert all(length > 0.01 for length in lengths)


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("vpype") is None, reason="vpype is not installed")
@pytest.mark.parametrize(("words", "marks"), COMMANDS.values(), ids=COMMANDS)
def test_vpype_counts_the_same(words, marks):
    path = draw(words)
    expected = len(list_marks(read_svg(path))) if marks is CELLS else marks
    command = ["vpype", "read", str(path), "filter", "--min-length", "0.01mm", "stat"]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    totals = told[told.index("Totals") :]
    assert int(re.search(r"Path count: (\d+)", totals)[1]) == expected
