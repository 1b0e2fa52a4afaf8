import re
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest

from stipple.drawing.marks import Dots, Drawing, Layer, Polygons, Polylines
from stipple.drawing.spirals import draw_spirals
from stipple.drawing.svg import render_svg
from stipple.errors import StippleError

SVG = "{http://www.w3.org/2000/svg}"
INKSCAPE = "{http://www.inkscape.org/namespaces/inkscape}"

CENTRES = np.array([[10.0, 20.0], [100.12345, 0.5], [7.0001, 3.9996], [-0.0001, 50.0]])
RADII = np.array([1.0, 0.25, 0.03125, 3.0])


def drawing_of(*marks, background=None, blend="normal"):
    return Drawing(210, 297.5, background, (Layer("black", "#000000", marks),), blend)


def read(drawing):
    return ElementTree.fromstring(render_svg(drawing))


def numbers(path):
    return np.array([float(text) for text in re.findall(r"-?[\d.]+", path)])


def test_page_has_physical_size_and_view_box():
    root = read(drawing_of())
    assert (root.get("width"), root.get("height")) == ("210mm", "297.5mm")
    assert root.get("viewBox") == "0 0 210 297.5"


def test_layers_are_numbered_for_inkscape_and_plotters():
    layers = (Layer("cyan", "#00aeef", ()), Layer('a "<&é', "#000000", ()))
    groups = read(Drawing(10, 10, "#ffffff", layers)).findall(f"{SVG}g")
    labels = [group.get(f"{INKSCAPE}label") for group in groups]
    assert labels == ["%paper", "1 cyan", '2 a "<&é']
    assert {group.get(f"{INKSCAPE}groupmode") for group in groups} == {"layer"}
    assert len({group.get("id") for group in groups}) == 3


def test_circles_read_back_in_order():
    root = read(drawing_of(Dots(CENTRES, RADII)))
    circles = root.findall(f".//{SVG}circle")
    read_back = np.array([[float(c.get(name)) for name in ("cx", "cy", "r")] for c in circles])
    assert read_back == pytest.approx(np.column_stack((CENTRES, RADII)), abs=0.0005)
    assert root.find(f"{SVG}g/{SVG}g").get("fill") == "#000000"


def test_strokes_are_round_points_as_wide_as_the_dots():
    root = read(drawing_of(Dots(CENTRES, RADII, "stroke")))
    paths = root.findall(f".//{SVG}path")
    strokes = np.array([numbers(path.get("d")) for path in paths])
    assert strokes[:, :2] + [0.01, 0] == pytest.approx(CENTRES, abs=0.0005)
    assert strokes[:, 2] == pytest.approx(0.02)  # longer than what `vpype filter` drops
    assert [float(path.get("stroke-width")) for path in paths] == pytest.approx(2 * RADII, abs=1e-4)
    group = root.find(f"{SVG}g/{SVG}g")
    assert group.get("stroke-linecap") == "round"
    assert (group.get("fill"), group.get("stroke")) == ("none", "#000000")


def test_spirals_are_one_path_for_each_dot():
    dots = Dots(CENTRES, RADII, "spiral", pen_width=0.3)
    root = read(drawing_of(dots))
    paths = [numbers(path.get("d")) for path in root.findall(f".//{SVG}path")]
    lines = draw_spirals(dots)
    assert root.find(f"{SVG}g/{SVG}g").get("stroke-width") == "0.3"
    assert len(paths) == len(CENTRES)
    for i in (0, 3):
        vertices = lines.vertices[lines.offsets[i] : lines.offsets[i + 1]]
        assert paths[i].reshape(-1, 2) == pytest.approx(vertices, abs=0.0005)
    point = [*(CENTRES[2] - [0.01, 0]), 0.02]  # thinner than the pen
    assert paths[2] == pytest.approx(point, abs=0.0005)


def test_polylines_open_and_closed():
    vertices = np.array([[0.0, 0.0], [10.0, 0.0], [10.0, 5.5], [3.0, 3.0]])
    offsets = np.array([0, 3, 4])
    paths = [
        [path.get("d") for path in read(drawing_of(lines)).findall(f".//{SVG}path")]
        for lines in (Polylines(vertices, offsets, 0.2), Polylines(vertices, offsets, 0.2, True))
    ]
    assert paths == [
        ["M0 0 10 0 10 5.5", "M2.99 3h0.02"],
        ["M0 0 10 0 10 5.5Z", "M2.99 3h0.02"],
    ]


def test_polygons_are_filled_paths():
    vertices = np.array([[0.0, 0.0], [10.0, 0.0], [3.0, 3.0], [1.0, 1.0], [2.0, 1.0], [2.0, 2.5]])
    group = read(drawing_of(Polygons(vertices, np.array([0, 3, 6])))).find(f"{SVG}g/{SVG}g")
    assert [path.get("d") for path in group] == ["M0 0 10 0 3 3Z", "M1 1 2 1 2 2.5Z"]
    assert group.get("fill") == "#000000"
    assert group.get("stroke") is None


def test_polygons_have_three_corners():
    with pytest.raises(StippleError, match="shapes of at least 3"):
        Polygons(np.zeros((2, 2)), np.array([0, 2]))


def test_the_paper_is_a_layer_that_plotters_skip_and_optional():
    root = read(drawing_of(background="#fafafa"))
    paper, style = root.find(f"{SVG}g"), root.find(f"{SVG}style")
    (rectangle,) = root.iter(f"{SVG}rect")
    assert paper.get(f"{INKSCAPE}label").startswith("%")
    # What knows no stylesheets skips it; a descendant selector, which vpype does not know either.
    assert rectangle.get("visibility") == "hidden"
    assert style.text == "g rect{visibility:visible}"
    assert (rectangle.get("width"), rectangle.get("height")) == ("210", "297.5")
    assert rectangle.get("fill") == "#fafafa"
    assert read(drawing_of()).find(f".//{SVG}rect") is None


@pytest.mark.parametrize("blend", ["multiply", "screen"])
def test_blend_is_a_style_of_each_layer(blend):
    group = read(drawing_of(blend=blend)).find(f"{SVG}g")
    assert group.get("style") == f"mix-blend-mode:{blend}"
    assert read(drawing_of()).find(f"{SVG}g").get("style") is None


def test_numbers_are_short_and_bytes_repeat():
    drawing = drawing_of(Dots(CENTRES, RADII), Dots(CENTRES, RADII, "spiral", 0.3))
    data = render_svg(drawing)
    assert data == render_svg(drawing)
    assert b'<circle cx="10" cy="20" r="1"/>' in data
    assert b'<circle cx="0" cy="50" r="3"/>' in data
    body = data.split(b"\n", 1)[1]
    assert not re.search(rb"\d\.\d*0[ \"]|\d\.[ \"]|-0[ \"]|\de-|\.\d{5}", body)


def test_many_batches_keep_the_order():
    x = np.arange(25_001) / 8
    circles = read(drawing_of(Dots(np.column_stack((x, x)), np.ones(len(x))))).iter(f"{SVG}circle")
    assert np.array_equal([float(circle.get("cx")) for circle in circles], x)


def test_no_dots():
    empty = Dots(np.empty((0, 2)), np.empty(0), "spiral", 0.3)
    assert read(drawing_of(empty)).find(f".//{SVG}path") is None


@pytest.mark.parametrize("radius", [0.16, 0.2, 0.31, 0.5, 1.0, 2.72])
def test_spirals_fill_their_dot_and_stay_inside(radius):
    pen = 0.3
    centre = np.array([5.0, 4.0])
    lines = draw_spirals(Dots(centre[None], np.array([radius]), "spiral", pen))
    assert lines.vertices[0] == pytest.approx(centre)
    reach = np.hypot(*(lines.vertices - centre).T) + pen / 2
    assert reach.max() <= radius + 1e-12
    assert reach[-1] == pytest.approx(radius)

    angles = np.linspace(0, 2 * np.pi, 181)
    distances = np.linspace(0, radius, 101)
    disc = centre + (distances[:, None, None] * np.column_stack((np.cos(angles), np.sin(angles))))
    gap = distance_to_line(disc.reshape(-1, 2), lines.vertices)
    assert gap.max() <= pen / 2 + pen / 60
    inside = np.repeat(distances < radius - pen / 60, len(angles))
    assert gap[inside].max() <= pen / 2 + 1e-12  # gaps only at the very rim


def distance_to_line(points, vertices):
    start, step = vertices[:-1], np.diff(vertices, axis=0)
    length = np.maximum((step**2).sum(axis=1), 1e-30)
    from_start = points[:, None] - start  # (points, segments, 2)
    t = np.clip((from_start * step).sum(axis=2) / length, 0, 1)
    return np.sqrt(((from_start - t[..., None] * step) ** 2).sum(axis=2)).min(axis=1)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Dots(np.zeros((2, 2)), np.zeros(3)), "one radius"),
        (lambda: Dots(np.zeros((2, 3)), np.zeros(2)), "shape"),
        (lambda: Dots(np.full((1, 2), np.nan), np.ones(1)), "not finite"),
        (lambda: Dots(np.zeros((1, 2)), -np.ones(1)), "negative"),
        (lambda: Dots(np.zeros((1, 2)), np.ones(1), "spiral"), "pen width"),
        (lambda: Polylines(np.zeros((3, 2)), np.array([0, 2]), 1.0), "offsets"),
        (lambda: Polylines(np.zeros((3, 2)), np.array([0, 2, 2, 3]), 1.0), "offsets"),
        (lambda: Polylines(np.zeros((3, 2)), np.array([], dtype=int), 1.0), "offsets"),
        (lambda: Polylines(np.zeros((3, 2)), np.array([0, 3]), 0.0), "width"),
        (lambda: Layer("black", "black", ()), "#rrggbb"),
        (lambda: Drawing(10, 10, "white", ()), "#rrggbb"),
        (lambda: Drawing(0, 10, None, ()), "above zero"),
    ],
)
def test_impossible_drawings(make, words):
    with pytest.raises(StippleError, match=words):
        make()
