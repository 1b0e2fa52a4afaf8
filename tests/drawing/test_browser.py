"""Pages of HTML in a real browser, where there is one."""

import io
import time
from dataclasses import replace

import numpy as np
import pytest
from browser import LONGEST, open_browser
from command import list_circles, list_layers, read_svg
from pages import draw_every_mark
from PIL import Image

from stipple.drawing.html import Backdrop, Chart, Frame, Growth, Page, render_page
from stipple.drawing.marks import Dots, Drawing, Layer
from stipple.drawing.page import place
from stipple.drawing.space import render_space


@pytest.fixture(scope="module")
def drawing():
    return draw_every_mark()


def count_pixels(screenshot, colour):
    """How many pixels have a colour."""
    pixels = np.asarray(Image.open(io.BytesIO(screenshot)).convert("RGB"))
    return int((pixels == colour).all(axis=2).sum())


@pytest.fixture(scope="module")
def browser():
    opened = open_browser()
    yield opened
    opened.close()


def show(browser, page, folder, **size):
    path = folder / "page.html"
    path.write_bytes(render_page(page))
    browser.open(path, **size)
    browser.settle()


@pytest.mark.parametrize(("width", "height", "dark"), [(1280, 800, False), (390, 844, True)])
def test_a_browser_draws_it(browser, drawing, tmp_path, width, height, dark):
    original = Backdrop("original", np.zeros((6, 5), np.uint8), place((6, 5), (60, 70)))
    page = Page("</script>", drawing, [("W2", "1")], backdrops=(original,))
    show(browser, page, tmp_path, width=width, height=height, dark=dark)
    assert browser.run("document.documentElement.scrollWidth") == width
    assert browser.run("document.querySelector('h1').textContent") == "</script>"
    assert browser.run("find('count').textContent") == "49 dots drawn"
    ink, red = (0, 0x60, 0xA0), (0xC0, 0, 0)
    both = browser.take_screenshot()
    assert count_pixels(both, ink) > 100
    browser.press("1")
    browser.settle()
    without = browser.take_screenshot()
    assert count_pixels(without, ink) < 0.1 * count_pixels(both, ink)  # the swatch stays
    assert count_pixels(without, red) >= count_pixels(both, red)
    assert browser.run("find('count').textContent") == "9 dots drawn"
    paper = count_pixels(without, (255, 255, 255))
    browser.press("o")
    browser.settle()
    assert count_pixels(browser.take_screenshot(), (255, 255, 255)) < 0.8 * paper  # under
    browser.press("o")
    browser.settle()
    assert count_pixels(browser.take_screenshot(), (0, 0, 0)) > 1000  # beside
    desk = "getComputedStyle(document.querySelector('main')).backgroundColor"
    before = browser.run(desk)
    browser.press("d")
    assert browser.run(desk) != before
    assert browser.problems == []
    assert [url for url in browser.requests if not url.startswith("data:")] == [
        (tmp_path / "page.html").as_uri()
    ]


def test_a_browser_zooms_and_moves(browser, drawing, tmp_path):
    show(browser, Page("x", drawing), tmp_path)
    shown = "JSON.stringify(view)"
    whole = browser.run(shown)
    browser.press("+")
    closer = browser.run(shown)
    assert closer != whole
    browser.press("ArrowLeft")
    assert browser.run(shown) != closer
    browser.press("0")
    assert browser.run(shown) == whole
    point = {"x": 300, "y": 300}
    browser.command("Input.dispatchMouseEvent", type="mouseWheel", deltaX=0, deltaY=-500, **point)
    browser.wait(f"{shown} !== {whole!r}")
    browser.press("0")
    touches = [
        [{"x": 300, "y": 300}, {"x": 400, "y": 300}],
        [{"x": 200, "y": 300}, {"x": 500, "y": 300}],
    ]
    for kind, points in zip(("touchStart", "touchMove"), touches, strict=True):
        browser.command("Input.dispatchTouchEvent", type=kind, touchPoints=points)
    browser.command("Input.dispatchTouchEvent", type="touchEnd", touchPoints=[])
    browser.wait(f"view.scale > 2 * fitView(page, panes[0]).scale && {shown} !== {whole!r}")
    browser.settle()
    assert browser.problems == []


def test_a_browser_saves_what_is_seen(browser, drawing, tmp_path):
    show(browser, Page("été/a & b.png", drawing), tmp_path)
    browser.command("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(tmp_path))
    browser.press("2")
    browser.run("find('save').click()")
    saved = tmp_path / "a & b.svg"
    end = time.monotonic() + LONGEST
    while not saved.exists():
        assert time.monotonic() < end, list(tmp_path.iterdir())
        time.sleep(0.02)
    svg = read_svg(saved)
    assert list(list_layers(svg)) == ['1 a "quoted" <ink>']
    dots = drawing.layers[0].marks[1]
    np.testing.assert_allclose(list_circles(svg)[:, :2], dots.centres, atol=6e-4)
    assert browser.problems == []


def test_a_browser_slides_over_prefixes(browser, tmp_path):
    centres = 5 + 90 * np.random.default_rng(1).random((400, 2))
    dots = Drawing(
        100.0, 100.0, "#ffffff", (Layer("points", "#ff0000", (Dots(centres, np.full(400, 1.0)),)),)
    )
    measured = [(16, [("W2²", "5")]), (400, [("W2²", "1")])]
    ends = np.array([5.0, 1.0])
    chart = Chart("W2² over N", np.array([16.0, 400]), ends, ends, ends, logarithmic="xy")
    page = Page("x", dots, slider="Points", growth=Growth(True, measured), chart=chart)
    show(browser, page, tmp_path)
    told = "find('figures-here').textContent"
    assert browser.run(told) == "W2²1"
    all_of_them = count_pixels(browser.take_screenshot(), (255, 0, 0))
    browser.run("find('position').value = 500; find('position').dispatchEvent(new Event('input'))")
    browser.settle()
    assert browser.run("find('count').textContent") == "20 dots drawn"
    assert "not measured here; the nearest measured is 16 points" in browser.run(told)
    # Fewer dots are larger, and cover as much.
    assert count_pixels(browser.take_screenshot(), (255, 0, 0)) > 0.8 * all_of_them
    browser.press(",")
    assert browser.run(told) == "W2²5"
    fixed = replace(page, growth=Growth(False, ()), chart=None)
    show(browser, fixed, tmp_path)
    assert "not measured for any number" in browser.run(told)
    browser.press(",")
    assert browser.run("find('count').textContent") == "399 dots drawn"
    assert browser.problems == []


def test_a_browser_slides_over_frames(browser, drawing, tmp_path):
    frames = tuple(
        Frame(f"step {k}", drawing.layers[: k + 1], [("W2²", str(9 - k))]) for k in range(2)
    )
    show(browser, Page("x", drawing, frames=frames, slider="Step"), tmp_path)
    read = "find('place').textContent + find('count').textContent"
    assert browser.run(read) == "step 040 dots drawn"
    browser.press(".")
    browser.press(".")
    assert browser.run(read) == "step 149 dots drawn"
    browser.settle()
    assert browser.problems == []


def test_frames_without_figures_have_a_slider(browser, drawing, tmp_path):
    frames = tuple(Frame(label, drawing.layers) for label in ("first", "second"))
    show(browser, Page("frames", drawing, frames=frames, slider="Time"), tmp_path)
    assert browser.run("find('position').getBoundingClientRect().height") > 0


def test_a_browser_moves_many_dots_without_stutter(browser, tmp_path):
    """100,000 dots are drawn in slices, of which none keeps the user waiting."""
    centres = 200 * np.random.default_rng(1).random((100_000, 2))
    layer = Layer("a", "#000000", (Dots(centres, np.full(len(centres), 0.2)),))
    show(browser, Page("x", Drawing(200.0, 200.0, None, (layer,))), tmp_path)
    script = """new Promise((done) => {
      const times = [];
      const move = () => {
        const before = performance.now();
        show(zoomView(panView(view, 3, 2), 1.01, 200, 200, page, panes[0]));
        paint();
        times.push(performance.now() - before);
        if (times.length < 40) { requestAnimationFrame(move); } else { done(times); }
      };
      move();
    })"""
    assert np.median(browser.run(script)) < 50  # some 10 ms, on an idle machine
    browser.settle()
    assert browser.problems == []


@pytest.mark.parametrize(
    ("dark", "ground"), [(False, (0xDC, 0xDC, 0xD6)), (True, (0x1D, 0x1E, 0x21))]
)
def test_points_in_space_lie_on_the_ground_of_the_theme(browser, tmp_path, dark, ground):
    points = np.random.default_rng(3).random((200, 3)) * (4, 3, 2)
    path = tmp_path / "space.html"
    path.write_bytes(render_space("box", points, np.full(200, 0.05), np.array([4.0, 3.0, 2.0])))
    browser.open(path, width=390, height=844, dark=dark)
    browser.settle()
    shown = []
    for part in (1, 0.2):
        browser.run(f"get = document.getElementById('cut'); get.value = {part}; get.oninput()")
        browser.settle()
        shown.append(np.asarray(Image.open(io.BytesIO(browser.take_screenshot())).convert("RGB")))
    assert tuple(shown[0][60, 5]) == ground
    blue = [int((pixels[60:450, :, 2] > pixels[60:450, :, 0] + 30.0).sum()) for pixels in shown]
    assert 0 < blue[1] < 0.5 * blue[0]
    assert browser.problems == []
    assert browser.requests == [path.as_uri()]
