"""Pages of HTML that commands write: what they embed is what the other files have."""

import base64
import csv
import io
from dataclasses import replace
from urllib.parse import unquote

import numpy as np
import pytest
from browser import open_browser
from command import invoke, list_circles, read_csv, read_json, read_svg, save
from pages import decode, read_page
from PIL import Image

import stipple
from stipple.bounds.page import compose_page
from stipple.bounds.results import LevelRecord
from stipple.drawing.report import Entry, render_entries
from stipple.interval import Interval

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
    inks = ["--color", "cmyk", "--overlap", "allow", "-o", tmp_path / "inks.html"]
    invoke(*words[:-2], *inks, "--order", "nearest")
    _, labels = read_dots(read_page(tmp_path / "inks.html"))
    assert {"cyan", "magenta", "yellow"} <= set(labels)
    data = image.read_bytes()
    page = invoke("stipple", "-", "-n", 3, "-o", "-", "--format", "html", "-q", data=data)
    assert "<h1>standard input</h1>" in page.stdout


def test_a_progressive_stippling_has_a_slider_with_w2(image, tmp_path):
    words = ["sequence", "--density", image, "-n", 20, "--relaxation", 1]
    files = ["-o", tmp_path / "a.html", "-o", tmp_path / "a.csv", "--report", tmp_path / "a.json"]
    invoke(*words, *files, "--compare", "stipple")
    page = read_page(tmp_path / "a.html")
    page.check_nothing_is_loaded()
    points = np.loadtxt(tmp_path / "a.csv", delimiter=",", skiprows=1)
    check_points(page, points)
    growth, rows = page.data["growth"], read_json(tmp_path / "a.json")["prefixes"]
    assert growth["keepsTone"]
    assert [one["count"] for one in growth["measured"]] == [row["n"] for row in rows]
    for one, row in zip(growth["measured"], rows, strict=True):
        told = dict(one["figures"])
        assert float(told["W2²"].split()[0]) == pytest.approx(row["w2_squared"], rel=1e-7)
        lower, upper = (float(end.strip("[],")) for end in told["W2²"].split()[-2:])
        assert lower <= row["w2_squared_lower"] <= row["w2_squared_upper"] <= upper
        assert told["stipple stipple"].startswith(f"{row['stipple_quality']:.5f}")
    chart = page.data["chart"]
    assert chart["x"] == [row["n"] for row in rows]
    assert chart["y"] == [row["w2_squared"] for row in rows]
    # A page measures without being asked, a radius that is given stays, and again the same bytes.
    for name in ("b", "c"):
        invoke(*words, "--radius", "1mm", "-o", tmp_path / f"{name}.html")
    page = read_page(tmp_path / "b.html")
    assert not page.data["growth"]["keepsTone"]
    assert len(page.data["growth"]["measured"]) == len(rows)
    assert (tmp_path / "b.html").read_bytes() == (tmp_path / "c.html").read_bytes()


def test_prefixes_of_the_cube_have_a_slider(tmp_path):
    files = ["-o", tmp_path / "a.html", "-o", tmp_path / "a.svg"]
    invoke("sequence", "-n", 12, "--certify", *files)
    page = read_page(tmp_path / "a.html")
    centres, _ = read_dots(page)
    np.testing.assert_allclose(
        centres, list_circles(read_svg(tmp_path / "a.svg"))[:, :2], atol=6e-4
    )
    (measured,) = page.data["growth"]["measured"]
    assert measured["count"] == 12
    assert "R_N" in dict(measured["figures"])
    invoke("sequence", "-n", 12, *files)
    assert read_page(tmp_path / "a.html").data["growth"]["measured"] == []
    for words in (["--skip", 3], ["--draw", "strip"]):
        invoke("sequence", "-n", 12, *words, *files)
        assert read_page(tmp_path / "a.html").data["growth"] is None


def test_lloyd_has_a_slider_over_steps(image, tmp_path):
    words = ["lloyd", image, "-n", 6, "--steps", 3, "--start", "uniform"]
    files = ["-o", tmp_path / "a.html", "-o", tmp_path / "a.csv"]
    invoke(*words, *files, "--last-points", tmp_path / "last.csv")
    page = read_page(tmp_path / "a.html")
    page.check_nothing_is_loaded()
    assert page.data["title"] == image.name
    with (tmp_path / "a.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    frames = page.data["frames"]
    assert [frame["label"] for frame in frames] == [f"step {row['step']}" for row in rows]
    assert page.data["chart"]["y"] == [float(row["w2_squared"]) for row in rows]
    for frame, row in zip(frames, rows, strict=True):
        told = dict(frame["figures"])
        assert float(told["W2²"].split(",")[0]) == pytest.approx(float(row["w2_squared"]), rel=1e-7)
        assert told["one-step theorem"].startswith("holds") == (row["one_step_holds"] == "True")
    last = np.loadtxt(tmp_path / "last.csv", delimiter=",", skiprows=1)
    left, top, width, _ = page.data["pictures"][0]["box"]
    (dots,) = (layer for layer in frames[-1]["layers"] if layer["label"] == "points")
    centres = decode(dots["marks"][0]["centres"]).reshape(-1, 2)
    np.testing.assert_allclose(centres, last * width / 18 + [left, top], rtol=FLOAT32)
    assert [layer["label"] for layer in frames[0]["layers"]] == ["cells", "arrows", "points"]


def test_each_run_of_lloyd_may_have_a_page(tmp_path, monkeypatch):
    monkeypatch.setattr("stipple.cli.lloyd.page.MOST_CELLS", 9)
    words = ["lloyd", "uniform", "--pixels", 8, "-n", "4,5", "--steps", 1, "--start", "uniform"]
    invoke(*words, "--repeat", 2, "-o", tmp_path / "{points}-{repeat}.html")
    pages = [read_page(tmp_path / f"{n}-{repeat}.html") for n in (4, 5) for repeat in (0, 1)]
    assert [dict(page.data["figures"])["points"] for page in pages] == ["4", "4", "5", "5"]
    labels = [[layer["label"] for layer in page.data["frames"][1]["layers"]] for page in pages]
    assert labels == [["cells", "arrows", "points"]] * 2 + [["points"]] * 2
    assert "10 in all" in dict(pages[-1].data["figures"])["cells"]
    # One name is the page of the first run.
    invoke(*words, "-o", tmp_path / "one.html")
    assert dict(read_page(tmp_path / "one.html").data["figures"])["points"] == "4"


def test_bound_has_arrows_and_the_interval(tmp_path):
    y, x = np.mgrid[0:12, 0:18]
    for name, middle in (("first", 5), ("second", 11)):
        spot = 255 - 200 * ((x - middle) ** 2 + (y - 6) ** 2 < 9)
        save(tmp_path / f"{name}.png", spot.astype(np.uint8))
    words = ["bound", tmp_path / "first.png", tmp_path / "second.png", "-q"]
    for name in ("a", "b"):
        invoke(*words, "-o", tmp_path / f"{name}.html", "-o", tmp_path / "a.json")
    assert (tmp_path / "a.html").read_bytes() == (tmp_path / "b.html").read_bytes()
    page, found = read_page(tmp_path / "a.html"), read_json(tmp_path / "a.json")
    page.check_nothing_is_loaded()
    data = page.data
    labels = ["first: first.png", "second: second.png"]
    assert [picture["label"] for picture in data["pictures"]] == labels
    assert [data["under"], data["beside"]] == labels
    # One resolution is no chart.
    assert len(found["levels"]) == 1
    assert data["chart"] is None
    lower, upper = (float(dict(data["figures"])["W_2"].split()[i]) for i in (1, 3))
    assert lower <= found["lower"] <= found["upper"] <= upper
    # Each mean arrow is as long as the way: the spot moves six pixels to the right.
    shafts, heads = data["frames"][0]["layers"][0]["marks"]
    tails = decode(shafts["vertices"]).reshape(-1, 2, 2)[:, 0]
    tips = decode(heads["vertices"]).reshape(-1, 3, 2)[:, 0]
    scale = data["pictures"][0]["box"][2] / 18
    assert len(tails) > 20
    moves = (tips - tails) / scale
    assert moves[:, 0].max() == pytest.approx(6, abs=0.3)
    assert np.abs(moves[:, 1]).max() < 2


@pytest.mark.parametrize(("unit", "told"), [("pixel", " in pixels, "), ("side", " in sides, ")])
def test_several_resolutions_are_a_chart(unit, told):
    masses = np.eye(12), np.eye(12)[::-1]
    found = stipple.bound(*masses, unit=unit)
    coarse = LevelRecord((6, 6), Interval(found.lower / 2, 2 * found.upper), 0.1)
    found = replace(found, levels=(coarse, *found.levels))
    chart = compose_page(masses, found, ("a", "b"), []).chart
    assert told in chart.title
    assert chart.lower.tolist() == [level.lower for level in found.levels]
    assert chart.upper.tolist() == [level.upper for level in found.levels]


def test_bound_draws_no_page_without_a_plan(image, tmp_path):
    words = ["bound", image, image, "-o", tmp_path / "a.html"]
    told = invoke(*words, "--method", "paper", code=2)
    assert "leaves no plan to draw" in told.output
    invoke(*words[:3], "-o", "-", "--format", "html", "--method", "paper", code=2)
    # Equal images: arrows of no length are drawn without a complaint.
    invoke(*words)
    figures = dict(read_page(tmp_path / "a.html").data["figures"])
    assert figures["W_2"].startswith("from 0 ")


def test_a_batch_has_a_report_to_look_at(image, tmp_path):
    y, x = np.mgrid[0:9, 0:7]
    save(tmp_path / "plain.png", (20 * x + 10 * y).astype(np.uint8))
    (tmp_path / "broken<i>.png").write_bytes(b"nothing")
    names = [image.name, "broken<i>.png", "plain.png"]
    words = ["stipple", *(tmp_path / name for name in names), "-n", 5, "--iterations", 0, "-q"]
    report = tmp_path / "reports" / "all.html"
    invoke(*words, "-o", tmp_path / "out" / "{stem}.svg", "--report", report, code=3)
    page = read_page(report)
    attributes = [(name, value or "") for name, value in page.attributes]
    sources = [value for name, value in attributes if name == "src"]
    assert len(sources) == 2
    for source in sources:
        kind, _, data = source.partition(",")
        assert kind == "data:image/png;base64"
        with Image.open(io.BytesIO(base64.b64decode(data))) as thumbnail:
            assert 239 <= max(thumbnail.size) <= 241
    links = [value for name, value in attributes if name == "href"]
    assert len(links) == 2
    for link in links:
        target = report.parent / unquote(link)
        assert target.resolve() in (tmp_path / "out").resolve().iterdir()
    assert not {"link", "iframe", "object", "embed", "base", "b", "i"} & {*page.tags}
    states = [value for name, value in attributes if name == "data-state"]
    assert states == ["done", "failed", "done"]
    options = [text.strip() for text in page.texts["option"]]
    assert options[1:3] == ["done (2)", "failed (1)"]
    headings = [text.strip() for text in page.texts["h2"]]
    assert headings == [str(tmp_path / name) for name in names]
    assert any("broken<i>.png" in text for text in page.texts["p"])
    # In JSON there is no picture.
    invoke(*words, "-o", tmp_path / "{stem}.svg", "--report", tmp_path / "all.json", code=3)
    assert "thumbnail" not in (tmp_path / "all.json").read_text(encoding="utf-8")
    for name in ("one.html", "{stem}.html"):
        told = invoke("stipple", image, "--report", tmp_path / name, code=2)
        assert "a page of several images only" in told.output


def test_a_report_is_filtered_and_sorted_in_a_browser(tmp_path):
    entries = [
        Entry("one.png", "done", [("dots", "9")], {"dots": 9}),
        Entry("two.png", "failed", reason="It is no picture."),
        Entry("three.png", "done", [("dots", "3")], {"dots": 3}),
    ]
    path = tmp_path / "report.html"
    path.write_bytes(render_entries("3 images", [("images", "3")], entries))
    browser = open_browser()
    try:
        browser.open(path)
        shown = "entries.filter((one) => !one.hidden).map((one) => one.innerText.split('\\n')[0])"
        listed = "[...document.querySelectorAll('h2')].map((one) => one.textContent)"
        choose = "find('{}').value = '{}'; choose(); {}"
        assert browser.run(shown) == ["one.png", "two.png", "three.png"]
        by_dots = browser.run(choose.format("order", "dots", listed))
        assert by_dots == ["three.png", "one.png", "two.png"]
        assert browser.run(choose.format("state", "failed", shown)) == ["two.png"]
        assert browser.run(choose.format("name", "three", shown)) == []
        assert browser.run("find('count').textContent") == "0 of 3 images"
        assert browser.problems == []
    finally:
        browser.close()
