"""Pages of HTML: what they embed, and what their script computes."""

import io
import sys
from xml.etree import ElementTree

import numpy as np
import pytest
from command import ROOT, SVG, list_circles, list_layers, list_paths
from pages import PageReader, decode, draw_every_mark, run_model
from PIL import Image

from stipple.drawing.html import Backdrop, Page, render_page
from stipple.drawing.marks import Dots, Drawing
from stipple.drawing.originals import show_masses, show_source
from stipple.drawing.page import place
from stipple.drawing.spirals import draw_spirals
from stipple.drawing.svg import render_svg
from stipple.errors import StippleError
from stipple.measures.picture import Picture

STATE = "{ count: 9, size: 1, hidden: new Set() }"


@pytest.fixture(scope="module")
def drawing():
    return draw_every_mark()


def test_marks_are_embedded_as_the_nearest_float32(drawing):
    page = PageReader(render_page(Page("x", drawing)))
    page.check_nothing_is_loaded()
    first, second = page.data["frames"][0]["layers"]
    for layer, told in zip(drawing.layers, (first, second), strict=True):
        assert (told["label"], told["colour"]) == (layer.label, layer.colour)
        for mark, one in zip(layer.marks, told["marks"], strict=True):
            if isinstance(mark, Dots):
                centres = decode(one["centres"]).reshape(-1, 2)
                np.testing.assert_array_equal(centres, mark.centres.astype(np.float32))
                radii = np.broadcast_to(decode(one["radii"]), mark.radii.shape)
                np.testing.assert_array_equal(radii, mark.radii.astype(np.float32))
            else:
                vertices = decode(one["vertices"]).reshape(-1, 2)
                np.testing.assert_array_equal(vertices, mark.vertices.astype(np.float32))
                np.testing.assert_array_equal(decode(one["offsets"], "<i4"), mark.offsets)
    assert [layer["number"] for layer in (first, second)] == [1, 4]
    assert len(decode(second["marks"][0]["radii"])) == 1  # equal radii are one number


@pytest.mark.parametrize(
    "title",
    [
        "</script><b>",
        "\"'&<!--",
        "été 点.png",
        "{{data}}${title}\\u003c",
        "bytes \udcff",
        "</title>",
    ],
)
def test_titles_are_text(title, drawing):
    page = render_page(Page(title, drawing, figures=[(title, title)], slider=title))
    assert page == render_page(Page(title, drawing, figures=[(title, title)], slider=title))
    reader = PageReader(page)
    assert reader.texts["h1"][0].strip() == title.replace("\udcff", "?")
    assert reader.texts["title"][0].strip() == title.replace("\udcff", "?")
    assert "b" not in reader.tags
    assert reader.tags.count("script") == 4
    assert reader.data["figures"] == [[title, title]]
    assert reader.data["title"] == title


@pytest.mark.parametrize("side", [1e-4, 1e7])
def test_a_page_beyond_float32_is_refused(side):
    with pytest.raises(StippleError, match="sides of 1 µm to 1 km"):
        render_page(Page("x", Drawing(side, 10.0, None, ())))


def test_the_folder_of_the_page_is_in_the_package():
    if sys.version_info < (3, 11):
        import tomli as tomllib
    else:
        import tomllib
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    package = ROOT / "stipple"
    patterns = project["tool"]["setuptools"]["package-data"]["stipple"]
    shipped = {path for pattern in patterns for path in package.glob(pattern)}
    folder = package / "drawing" / "viewer"
    assert set(folder.iterdir()) <= shipped
    assert len(shipped) > 4


def test_an_original_is_shown_on_white_and_small():
    picture = Picture(np.array([[[0.0, 0.5, 1.0], [0.0, 0.0, 0.0]]]), np.array([[1.0, 0.5]]))
    np.testing.assert_array_equal(show_source(picture), [[[0, 128, 255], [128, 128, 128]]])
    grey = Picture(np.array([[[0.2]], [[1.0]]]))
    np.testing.assert_array_equal(show_source(grey), [[51], [255]])
    np.testing.assert_array_equal(show_source(np.array([[0.0, 1e-300]])), [[255, 0]])
    np.testing.assert_array_equal(show_masses(np.zeros((1, 2))), [[255, 255]])
    large = Backdrop("original", np.zeros((30, 900), np.uint8), place((30, 900)))
    page = PageReader(render_page(Page("x", Drawing(9.0, 9.0, None, ()), backdrops=(large,))))
    (told,) = page.data["pictures"]
    with Image.open(io.BytesIO(decode(told["png"], "u1").astype(np.uint8).tobytes())) as image:
        assert (image.format, image.size) == ("PNG", (480, 16))
    placement = large.placement
    assert told["box"] == [*placement.offset, 900 * placement.scale, 30 * placement.scale]
    assert told["smooth"]


WHOLE = "{ left: 0, top: 0, right: page.width, bottom: page.height }"


def write_svgs(page, *wanted):
    """What the script saves of states and parts of a page."""
    calls = ", ".join(f"writeSvg(page, page.frames[0], {state}, {seen})" for state, seen in wanted)
    script = f"const page = decodePage(data); return [{calls}];"
    saved = run_model(script, PageReader(render_page(page)).data)
    return [ElementTree.fromstring(svg) for svg in saved]


def test_the_svg_that_is_saved_is_the_one_that_is_written(drawing):
    (saved,) = write_svgs(Page("x", drawing), (STATE, WHOLE))
    written = ElementTree.fromstring(render_svg(drawing))
    for name in ("width", "height", "viewBox"):
        assert saved.get(name) == written.get(name)
    layers, others = list_layers(saved), list_layers(written)
    assert list(layers) == list(others)
    for layer, other in zip(layers.values(), others.values(), strict=True):
        np.testing.assert_allclose(
            list_circles(layer).reshape(-1, 3), list_circles(other).reshape(-1, 3), atol=1.01e-3
        )
        for (vertices, closed), (wanted, ends) in zip(
            list_paths(layer), list_paths(other), strict=True
        ):
            assert closed == ends
            np.testing.assert_allclose(vertices, wanted, atol=2.01e-3)
        strokes = [path.get("stroke-width") for path in layer.iter(f"{SVG}path")]
        assert strokes == [path.get("stroke-width") for path in other.iter(f"{SVG}path")]


def test_what_is_saved_is_what_is_seen(drawing):
    hidden, larger, part = write_svgs(
        Page("x", drawing),
        (STATE.replace("Set()", "Set([0])"), WHOLE),
        (STATE.replace("size: 1", "size: 2"), WHOLE),
        (STATE, "{ left: 20, top: 10, right: 40, bottom: 60 }"),
    )
    assert list(list_layers(hidden)) == ["4 pen"]
    radii = drawing.layers[0].marks[1].radii
    np.testing.assert_allclose(list_circles(larger)[:, 2], 2 * radii, atol=1e-4, rtol=1e-6)
    assert part.get("viewBox") == "20 10 20 50"
    circles = list_circles(part)
    x, y = drawing.layers[0].marks[1].centres.T
    inside = (x + radii >= 20) & (x - radii <= 40) & (y + radii >= 10) & (y - radii <= 60)
    assert 0 < inside.sum() < 40
    np.testing.assert_allclose(circles[:, 0], x[inside], atol=1e-3)


def test_spirals_are_those_of_the_package():
    radii = np.array([0.0, 0.1, 0.15, 0.5, 2.0, 7.3])
    wanted = draw_spirals(Dots(np.zeros((6, 2)), radii, "spiral", 0.3))
    wound = run_model("return data.flatMap((radius) => windSpiral(radius, 0.3))", radii.tolist())
    np.testing.assert_allclose(np.reshape(wound, (-1, 2)), wanted.vertices, atol=1e-12)


def test_every_number_of_points_is_on_the_slider():
    script = """
    const off = [];
    for (const total of [1, 2, 3, 10, 777, 100000]) {
      for (let count = 1; count <= total; count += Math.ceil(total / 1000)) {
        const there = countAt(positionOf(count, total), total);
        if (there !== count) { off.push([count, there, total]); }
      }
      off.push(...(countAt(0, total) === 1 && countAt(1000, total) === total ? [] : [total]));
    }
    const measured = [{ count: 1 }, { count: 16 }, { count: 100 }];
    return [off, [1, 5, 39, 41].map((count) => findNearest(measured, count).count)];
    """
    assert run_model(script) == [[], [1, 16, 16, 100]]


def test_views_keep_the_place_under_the_pointer_and_never_lose_the_page():
    script = """
    const [page, pane] = [{ width: 200, height: 100 }, { width: 800, height: 600 }];
    const fitting = fitView(page, pane);
    const seen = findSeen(fitting, page, pane);
    const at = (view) => [view.x + 300 / view.scale, view.y + 50 / view.scale];
    const closer = zoomView(fitting, 3, 300, 50, page, pane);
    const far = holdView(panView(fitting, 1e6, -1e6), page, pane);
    const closest = zoomView(fitting, 1e9, 0, 0, page, pane);
    const farthest = zoomView(fitting, 1e-9, 0, 0, page, pane);
    return [
      seen, at(fitting), at(closer), closer.scale / fitting.scale, findSeen(far, page, pane),
      closest.scale / fitting.scale, farthest.scale / fitting.scale,
      holdView(fitting, page, pane), fitting, findSeen(panView(fitting, 1e6, 0), page, pane),
    ];
    """
    seen, before, after, ratio, held, closest, farthest, kept, fitting, lost = run_model(script)
    assert seen == {"left": 0, "top": 0, "right": 200, "bottom": 100}
    np.testing.assert_allclose(after, before, rtol=1e-12)
    assert (ratio, closest, farthest) == pytest.approx((3, 400, 0.25))
    assert held["left"] < held["right"]
    assert kept == fitting
    assert lost is None


def test_a_chart_lies_in_its_box():
    chart = {"x": [1, 10, 100], "y": [4, 2, 1], "lower": [3, 2, 1], "upper": [5, 2, 1]}
    flat = {"x": [1], "y": [0], "lower": [0], "upper": [0]}
    charts = [
        {**one, "logarithmic": axes} for one, axes in ((chart, ""), (chart, "xy"), (flat, ""))
    ]
    *curves, single = run_model("return data.map(plotChart)", charts)
    for drawn, places in zip(curves, ([8, 33.8, 292], [8, 150, 292]), strict=True):
        np.testing.assert_allclose([x for x, _ in drawn["curve"]], places, atol=0.1)
        heights = [y for _, y in drawn["band"]]
        assert min(heights) == pytest.approx(14)
        assert max(heights) == pytest.approx(128)
    assert np.isfinite(single["curve"]).all()


def test_discs_cover_their_area_wherever_they_lie():
    script = """
    const [width, height] = [60, 50];
    const cover = (places, radius) => {
      const alpha = new Uint8ClampedArray(width * height);
      places.forEach(([x, y]) => coverDisc({ alpha, width, height }, x, y, radius));
      return alpha.reduce((sum, one) => sum + one, 0) / 255;
    };
    const places = data.places.map((x, i) => [20 + x, 20 + data.places.at(-1 - i)]);
    const means = data.radii.map(
      (radius) => places.reduce((sum, one) => sum + cover([one], radius), 0) / places.length,
    );
    return [means, cover([[0, 0]], 10), cover([[60, 50]], 10), cover([[-20, 99]], 10),
            cover([[30, 25], [30, 25]], 10), cover([[30, 25]], 10)];
    """
    radii = np.array([0.3, 0.5, 0.7, 1.0, 1.5, 3.0, 9.0])
    places = np.random.default_rng(0).random(100).tolist()
    covered = run_model(script, {"radii": radii.tolist(), "places": places})
    means, corner, other, away, twice, once = covered
    np.testing.assert_allclose(means, np.pi * radii**2, rtol=0.03)
    assert corner == pytest.approx(25 * np.pi, rel=0.01)
    assert other == pytest.approx(25 * np.pi, rel=0.01)
    assert away == 0
    # What overlaps is painted, not added.
    assert twice < 1.1 * once
