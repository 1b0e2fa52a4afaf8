"""Pages of HTML that commands write: what they embed is what the other files have."""

import numpy as np
import pytest
from command import invoke, read_csv, save
from pages import decode, read_page

FLOAT32 = 2**-23


@pytest.fixture
def image(tmp_path):
    """A picture in colour, not square, part of it white, under an awkward name."""
    y, x = np.mgrid[0:12, 0:18]
    pixels = np.stack([14 * x, 20 * y, 255 - 8 * (x + y)], axis=-1).astype(np.uint8)
    pixels[:4, :6] = 255
    return save(tmp_path / "a <b>'\"&é 点.png", pixels)


def read_dots(page):
    """Centres in millimetres, shape (n, 2), and labels of all dots of the first frame."""
    layers = page.data["frames"][0]["layers"]
    dots = [(layer, mark) for layer in layers for mark in layer["marks"] if mark["kind"] == "dots"]
    centres = np.concatenate([decode(mark["centres"]).reshape(-1, 2) for _, mark in dots])
    return centres, [layer["label"] for layer, _ in dots]


def check_points(page, points):
    """The dots are those points, in pixels, up to the rounding to float32 on the page."""
    left, top, width, _ = page.data["pictures"][0]["box"]
    centres, _ = read_dots(page)
    scale = width / 18
    expected = points * scale + [left, top]
    np.testing.assert_allclose(centres, expected, rtol=FLOAT32, atol=0)


def test_stipple_writes_a_page(image, tmp_path):
    words = ["stipple", image, "-n", 30, "--iterations", 2, "--seed", 3]
    for name in ("a", "b"):
        invoke(*words, "-o", tmp_path / f"{name}.html", "-o", tmp_path / f"{name}.csv")
    assert (tmp_path / "a.html").read_bytes() == (tmp_path / "b.html").read_bytes()
    page = read_page(tmp_path / "a.html")
    page.check_nothing_is_loaded()
    assert page.texts["h1"][0].strip() == image.name
    check_points(page, read_csv(tmp_path / "a.csv")[:, :2])
    figures = dict(page.data["figures"])
    assert figures["dots"] == "30"
    assert "certified within" in figures["W2²"]
    assert "seconds" not in figures
    (picture,) = page.data["pictures"]
    assert picture["label"] == "original"
    invoke(*words, "--color", "cmyk", "--order", "tsp", "-o", tmp_path / "inks.html")
    _, labels = read_dots(read_page(tmp_path / "inks.html"))
    assert {"cyan", "magenta", "yellow"} <= set(labels)
    data = image.read_bytes()
    page = invoke("stipple", "-", "-n", 3, "-o", "-", "--format", "html", "-q", data=data)
    assert "<h1>standard input</h1>" in page.stdout
