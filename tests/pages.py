"""Reading pages of HTML in tests: what is embedded, and whether anything would be loaded."""

import base64
import json
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from command import ROOT

from stipple.arrays import Floats
from stipple.drawing.marks import Dots, Drawing, Layer, Polygons, Polylines

MODEL = ROOT / "stipple" / "drawing" / "viewer" / "model.js"
LOADING = ("src", "srcset", "href", "action", "data", "poster", "formaction", "background")


class PageReader(HTMLParser):
    """The elements of a page, and the text in each kind of them."""

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.texts: dict[str, list[str]] = {}
        self.feed(page.decode("utf-8"))

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        if tag == "wbr":  # where a word may be broken: no element around a text
            return
        self.tags.append(tag)
        self.attributes += attributes
        self.texts.setdefault(tag, []).append("")

    def handle_data(self, data: str) -> None:
        if self.tags:
            self.texts[self.tags[-1]][-1] += data

    @property
    def data(self) -> Any:
        """What is embedded."""
        return json.loads(self.texts["script"][0])

    def check_nothing_is_loaded(self) -> None:
        """No element names a file, and no style or script fetches one."""
        assert not {name for name, _ in self.attributes} & {*LOADING}
        assert not {"link", "iframe", "img", "object", "embed", "base"} & {*self.tags}
        assert not re.search(r"url\(|@import", "".join(self.texts["style"]))
        code = "".join(self.texts["script"][1:])
        assert not re.search(r"\bfetch\b|XMLHttpRequest|WebSocket|import\(|sendBeacon", code)
        assert ("http-equiv", "Content-Security-Policy") in self.attributes


def decode(text: str, kind: str = "<f4") -> Floats:
    """Numbers that a page embeds."""
    return np.frombuffer(base64.b64decode(text), kind).astype(np.float64)


def run_model(script: str, data: Any = None) -> Any:
    """Run a script after `model.js`, with `data`; return what it gives, or skip without node."""
    if shutil.which("node") is None:
        pytest.skip("no node here, which runs the script of pages")
    program = (
        f"const {{ {', '.join(_list_names())} }} = require({json.dumps(str(MODEL))});\n"
        "const data = JSON.parse(require('fs').readFileSync(0, 'utf8'));\n"
        f"process.stdout.write(JSON.stringify((() => {{ {script} }})()));"
    )
    done = subprocess.run(
        ["node", "-e", program],
        input=json.dumps(data),
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def _list_names() -> list[str]:
    exported = MODEL.read_text(encoding="utf-8").split("module.exports = {")[1]
    return re.findall(r"\w+", exported.split("}")[0])


def read_page(path: Path) -> PageReader:
    return PageReader(path.read_bytes())


def draw_every_mark() -> Drawing:
    """Every kind of mark, in two layers."""
    generator = np.random.default_rng(0)
    centres = 5 + 50 * generator.random((40, 2))
    dots = Dots(centres, 0.2 + generator.random(40))
    strokes = Dots(centres[:5] + 3, np.full(5, 0.4), "stroke")
    spirals = Dots(centres[:4], np.array([0.1, 1.0, 2.0, 3.0]), "spiral", 0.3)
    lines = Polylines(60 * generator.random((7, 2)), np.array([0, 3, 4, 7]), 0.5, closed=True)
    triangle = Polygons(np.array([[10.0, 10], [30, 10], [20, 40]]), np.array([0, 3]))
    return Drawing(
        60.0,
        70.0,
        "#ffffff",
        (
            Layer('a "quoted" <ink>', "#0060a0", (triangle, dots)),
            Layer("pen", "#c00000", (strokes, spirals, lines), 4),
        ),
    )
