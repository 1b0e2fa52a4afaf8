"""Running the command line in tests, and reading what it writes."""

import json
import os
import signal
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

import numpy as np
from click.testing import CliRunner, Result
from numpy.typing import ArrayLike
from PIL import Image

from stipple.arrays import Floats
from stipple.cli import main

ROOT = Path(__file__).parent.parent
SAMPLES = ROOT / "samples"
SVG = "{http://www.w3.org/2000/svg}"
INKSCAPE = "{http://www.inkscape.org/namespaces/inkscape}"


def invoke(*words: object, code: int = 0, data: bytes | None = None) -> Result:
    """Run `stipple` in this process; exceptions pass, so none hides as an exit code."""
    result = CliRunner().invoke(main, [*map(str, words)], input=data, catch_exceptions=False)
    assert result.exit_code == code, result.output
    return result


def stipple(*arguments: object, code: int = 0, data: bytes | None = None) -> Result:
    """Run `stipple stipple` as `invoke` does."""
    return invoke("stipple", *arguments, code=code, data=data)


def start(*arguments: object, **options: Any) -> subprocess.Popen[bytes]:
    """Start `python -m stipple` as a process of its own."""
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    environment = {**os.environ, "PYTHONPATH": path, **options.pop("env", {})}
    command = [sys.executable, "-m", "stipple", *map(str, arguments)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
    if os.name == "posix":
        # Tests that run in the background inherit that Ctrl-C is ignored.
        pipes.setdefault("preexec_fn", lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
    return subprocess.Popen(command, env=environment, **pipes)


def save(path: Path, pixels: ArrayLike) -> Path:
    """Save grey, RGB or RGBA pixels as PNG."""
    Image.fromarray(np.asarray(pixels)).save(path)
    return path


def read_csv(path: Path) -> Floats:
    """Return the columns x, y, mass, shape (n, 3)."""
    rows: Floats = np.loadtxt(path, delimiter=",", skiprows=1, usecols=(0, 1, 2), ndmin=2)
    return rows


def read_json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def read_png(path: Path) -> Floats:
    """Return pixels in [0, 1], shape (h, w, channels)."""
    with Image.open(path) as image:
        return np.asarray(image) / 255


def read_svg(path: Path) -> ElementTree.Element:
    return ElementTree.fromstring(path.read_bytes())


def list_layers(svg: ElementTree.Element) -> dict[str, ElementTree.Element]:
    """Return the Inkscape layers by their labels, but for the paper, which plotters skip."""
    layers = (group for group in svg if group.get(f"{INKSCAPE}groupmode") == "layer")
    named = ((layer.get(f"{INKSCAPE}label", ""), layer) for layer in layers)
    return {label: layer for label, layer in named if not label.startswith("%")}


def find_paper(svg: ElementTree.Element) -> str | None:
    """Return the colour of the paper, if there is one."""
    paper = svg.find(f"./{SVG}g[@id='paper']/{SVG}rect")
    return None if paper is None else paper.get("fill")


def list_circles(element: ElementTree.Element) -> Floats:
    """Return x, y and radius of all circles in millimetres, shape (n, 3)."""
    circles = element.iter(f"{SVG}circle")
    return np.array(
        [[float(circle.get(name, "nan")) for name in ("cx", "cy", "r")] for circle in circles]
    )


def list_paths(element: ElementTree.Element) -> list[tuple[Floats, bool]]:
    """Return the vertices, shape (k, 2), of every path, and whether it is closed.

    The short stroke that stands for a dot counts as one vertex, its middle.
    """
    paths = []
    for path in element.iter(f"{SVG}path"):
        text, dot, length = path.get("d", "").removeprefix("M").partition("h")
        vertices = np.array(text.removesuffix("Z").split(), dtype=float).reshape(-1, 2)
        if dot:
            vertices[:, 0] += float(length) / 2
        paths.append((vertices, text.endswith("Z")))
    return paths
