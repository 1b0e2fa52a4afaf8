"""A PDF is read back by PDFium: its page, its marks, its layers, and what it looks like."""

import re

import numpy as np
import pytest

from stipple.drawing.marks import Dots, Drawing, Layer, Polygons, Polylines
from stipple.drawing.pdf import render_pdf
from stipple.drawing.raster import rasterise

pdfium = pytest.importorskip("pypdfium2", reason="PDFium is not installed")
PATH, FORM = 2, 5  # kinds of objects of a page
SIZE = 40.0
CENTRES = np.random.default_rng(0).uniform(3, 37, (60, 2))
RADII = np.random.default_rng(1).uniform(0.6, 1.6, 60)


def draw(style="circle", blend="normal", background="#ffffff"):
    """Two inks that lie over each other, four lines and two polygons."""
    inks = [
        Layer("red ink", "#c8102e", (Dots(CENTRES, RADII, style, 0.3),)),
        Layer("blue", "#00aeef", (Dots(CENTRES + 0.7, RADII[::-1], style, 0.3),)),
    ]
    corners = np.random.default_rng(2).uniform(0, SIZE, (9, 2))
    lines = Polylines(corners, np.array([0, 4, 5, 9]), 0.5, closed=True)
    triangles = np.array([[1, 1], [6, 1], [6, 5], [20, 20], [25, 20], [25, 24.0]])
    shapes = Polygons(triangles, np.array([0, 3, 6]))
    others = [Layer("lines", "#203080", (lines,)), Layer("shapes", "#80a020", (shapes,))]
    return Drawing(SIZE, SIZE / 2 + 20, background, (*inks, *others), blend)


def look(drawing, dpi):
    """Return what PDFium shows on white paper, shape (height, width, 3)."""
    page = pdfium.PdfDocument(render_pdf(drawing))[0]
    return page.render(scale=dpi / 72).to_numpy()[..., 2::-1].astype(float)


def test_the_page_has_its_size_in_millimetres():
    page = pdfium.PdfDocument(render_pdf(Drawing(210, 148.5, None, ())))[0]
    assert np.array(page.get_size()) * 25.4 / 72 == pytest.approx([210, 148.5], abs=1e-3)


@pytest.mark.parametrize("style", ["circle", "stroke", "spiral"])
@pytest.mark.parametrize("paper", [None, "#ffeedd"])
def test_every_mark_is_an_object_of_its_layer(style, paper):
    page = pdfium.PdfDocument(render_pdf(draw(style, background=paper)))[0]
    kinds = [one.type for one in page.get_objects(max_depth=3)]
    assert kinds.count(PATH) == 60 + 60 + 3 + 2 + (paper is not None)
    assert kinds.count(FORM) == 4


@pytest.mark.parametrize("style", ["circle", "stroke", "spiral"])
@pytest.mark.parametrize(
    ("blend", "paper"), [("normal", "#ffffff"), ("multiply", "#ffeedd"), ("screen", "#000000")]
)
def test_it_looks_like_the_png(style, blend, paper):
    drawing = draw(style, blend, paper)
    seen, expected = look(drawing, 254), rasterise(drawing, 254).astype(float)
    assert seen.shape == expected.shape
    assert abs(seen.mean(axis=(0, 1)) - expected.mean(axis=(0, 1))).max() < 0.5
    assert abs(seen - expected).mean() < 0.8  # of 255; edges are smoothed otherwise


def test_names_of_layers_and_bytes_repeat():
    data = render_pdf(draw())
    assert data == render_pdf(draw())
    names = re.findall(rb"/OCG|/Name \(([^)]*)\)", data)
    assert [name for name in names if name] == [b"red ink", b"blue", b"lines", b"shapes"]
