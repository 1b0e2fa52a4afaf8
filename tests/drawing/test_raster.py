import io

import numpy as np
import pytest
from PIL import Image, ImageChops

from stipple.drawing.gif import render_gif
from stipple.drawing.marks import Dots, Drawing, Layer, Polygons, Polylines
from stipple.drawing.raster import _cover, rasterise, render_png
from stipple.drawing.svg import render_svg
from stipple.errors import StippleError

DPI = 25.4  # one pixel for each millimetre


def paint(*marks, size=(40, 30), background="#ffffff", dpi=DPI):
    drawing = Drawing(*size, background, (Layer("black", "#000000", marks),))
    return rasterise(drawing, dpi)


def ink(pixels):
    """Return the darkness of each pixel, from 0 to 1."""
    return 1 - pixels[..., 0] / 255


def dots(centres, radius, style="circle", pen_width=0.0):
    centres = np.atleast_2d(np.asarray(centres, dtype=float))
    return Dots(centres, np.full(len(centres), radius), style, pen_width)


@pytest.mark.parametrize("radius", [0.05, 0.3, 0.45, 0.577, 0.9, 1.5, 4.2, 9.0])
def test_each_dot_keeps_its_area_wherever_it_lies(radius):
    rng = np.random.default_rng(1)
    for centre in rng.uniform(12, 14, (20, 2)):
        # The cover itself, because one small dot suffers from the 256 levels of a picture.
        coverage = _cover(Layer("black", "#000000", (dots(centre, radius),)), (26, 26), 1.0)
        assert coverage.max() <= 1 + 1e-6
        assert coverage.sum() == pytest.approx(np.pi * radius**2, rel=0.01)


@pytest.mark.parametrize("style", ["circle", "stroke"])
@pytest.mark.parametrize("radius", [0.1, 0.3, 0.499])
def test_tone_of_touching_dots_is_their_total_area(style, radius):
    side = np.arange(5, 95) * 2 * radius + 3
    grid = np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)
    darkness = ink(paint(dots(grid, radius, style), size=(110, 110)))
    assert darkness.sum() == pytest.approx(len(grid) * np.pi * radius**2, rel=0.01)


def test_spirals_have_the_tone_of_their_dots():
    rng = np.random.default_rng(2)
    grid = np.stack(np.meshgrid(np.arange(5, 90, 9.0), np.arange(5, 90, 9.0)), -1).reshape(-1, 2)
    radii = rng.uniform(1, 4, len(grid))
    darkness = ink(paint(Dots(grid, radii, "spiral", 0.9), size=(90, 90), dpi=5 * DPI))
    assert darkness.sum() / 25 == pytest.approx(np.pi * (radii**2).sum(), rel=0.02)


@pytest.mark.parametrize("width", [0.4, 1.0, 3.3])
@pytest.mark.parametrize("end", [(30, 10), (10, 25), (31.3, 24.1), (12, 24.9)])
def test_a_line_has_its_area_however_it_is_cut(width, end):
    start = np.array([8.2, 5.7])
    vertices = start + np.linspace(0, 1, 14)[:, None] * (end - start)
    area = width * np.hypot(*(end - start)) + np.pi * width**2 / 4
    for points in (vertices, vertices[[0, -1]]):
        darkness = ink(paint(Polylines(points, np.array([0, len(points)]), width)))
        assert darkness.sum() == pytest.approx(area, rel=0.01)


def test_capsules_agree_with_brute_force():
    a, b, radius = np.array([5.3, 20.1]), np.array([31.7, 8.4]), 2.6
    darkness = ink(paint(Polylines(np.array([a, b]), np.array([0, 2]), 2 * radius)))
    samples = (np.arange(40 * 16) + 0.5) / 16
    x, y = np.meshgrid(samples, samples[: 30 * 16])
    points = np.stack((x, y), axis=-1) - a
    t = np.clip(points @ (b - a) / ((b - a) @ (b - a)), 0, 1)
    near = np.hypot(*np.moveaxis(points - t[..., None] * (b - a), -1, 0)) <= radius
    exact = near.reshape(30, 16, 40, 16).mean(axis=(1, 3))
    assert darkness == pytest.approx(exact, abs=0.02)


@pytest.mark.parametrize("turned", [1, -1])
def test_polygons_cover_exactly_what_they_enclose(turned):
    rectangle = np.array([[3.25, 4.5], [17.75, 4.5], [17.75, 9.1], [3.25, 9.1]])[::turned]
    triangle = np.array([[20.3, 5.2], [38.1, 12.7], [24.9, 28.4]])[::turned]
    shapes = Polygons(np.concatenate([rectangle, triangle]), np.array([0, 4, 7]))
    coverage = _cover(Layer("black", "#000000", (shapes,)), (30, 40), 1.0)
    assert coverage[4, 3] == pytest.approx(0.75 * 0.5)
    assert coverage[9, 17] == pytest.approx(0.75 * 0.1, abs=1e-6)
    assert coverage[6, 4:17] == pytest.approx(1)
    assert coverage[:11, :20].sum() == pytest.approx(14.5 * 4.6)
    (a, b), (c, d) = triangle[1:] - triangle[0]
    assert coverage[:, 20:].sum() == pytest.approx(abs(a * d - b * c) / 2, rel=1e-3)
    assert coverage.max() <= 1 + 1e-6


def test_polygons_that_leave_the_page_are_cut():
    square = np.array([[-5.0, -5.0], [45.0, -5.0], [45.0, 35.0], [-5.0, 35.0]])
    assert (ink(paint(Polygons(square, np.array([0, 4])))) == 1).all()
    assert not ink(paint(Polygons(square + np.array([60, 0]), np.array([0, 4])))).any()


def test_right_way_up():
    darkness = ink(paint(dots((32, 4), 2)))
    assert darkness.shape == (30, 40)
    y, x = (np.indices(darkness.shape) + 0.5).reshape(2, -1) @ darkness.ravel() / darkness.sum()
    assert (x, y) == pytest.approx((32, 4), abs=0.01)


def test_marks_that_leave_the_page_are_cut():
    corner = ink(paint(dots([(0, 0), (40, 30), (-9, 5), (60, 60)], 4)))
    assert corner.sum() == pytest.approx(8 * np.pi, rel=0.01)
    square = np.array([[-5.0, -5.0], [45.0, -5.0], [45.0, 35.0], [-5.0, 35.0]])
    assert not ink(paint(Polylines(square, np.array([0, 4]), 3.0, closed=True))).any()


def test_closed_lines_return():
    triangle = np.array([[5.0, 5.0], [35.0, 5.0], [5.0, 25.0]])
    left = [
        ink(paint(Polylines(triangle, np.array([0, 3]), 1.0, closed)))[15, 4:6].sum()
        for closed in (False, True)
    ]
    assert left == pytest.approx([0, 1], abs=0.01)


def test_a_line_of_one_vertex_is_a_dot():
    point = np.array([[20.3, 10.2]])
    line = paint(Polylines(point, np.array([0, 1]), 5.0))
    assert np.array_equal(line, paint(dots(point, 2.5)))
    assert np.array_equal(line, paint(dots(point, 2.5, "spiral", pen_width=5.0)))


@pytest.mark.parametrize(
    ("blend", "background", "expected"),
    [
        ("normal", "#ffffff", "#00ff00"),
        ("multiply", "#ffffff", "#000000"),
        ("screen", "#000000", "#ffff00"),
    ],
)
def test_layers_blend(blend, background, expected):
    everywhere = dots((5, 5), 50)
    layers = (Layer("red", "#ff0000", (everywhere,)), Layer("green", "#00ff00", (everywhere,)))
    pixel = rasterise(Drawing(10, 10, background, layers, blend), DPI)[5, 5]
    assert "#" + bytes(pixel).hex() == expected


@pytest.mark.parametrize(
    ("blend", "background", "combine"),
    [("multiply", "#ffffff", ImageChops.multiply), ("screen", "#000000", ImageChops.screen)],
)
def test_half_tones_blend_as_pillow_does(blend, background, combine):
    everywhere = dots((5, 5), 50)
    colours = "#c08040", "#60a0e0"
    layers = tuple(Layer("layer", colour, (everywhere,)) for colour in colours)
    pixel = rasterise(Drawing(10, 10, background, layers, blend), DPI)[5, 5]
    expected = combine(*(Image.new("RGB", (1, 1), colour) for colour in colours)).getpixel((0, 0))
    np.testing.assert_allclose(pixel.astype(int), expected, atol=1)


def test_without_background_the_page_is_transparent():
    drawing = Drawing(20, 20, None, (Layer("red", "#ff0000", (dots((10, 10), 5),)),), "multiply")
    pixels = rasterise(drawing, DPI)
    assert pixels.shape == (20, 20, 4)
    assert pixels[0, 0].tolist() == [0, 0, 0, 0]
    assert pixels[10, 10].tolist() == [255, 0, 0, 255]
    assert (pixels[pixels[..., 3] > 0][:, 0] == 255).all()
    assert pixels[..., 3].sum() / 255 == pytest.approx(25 * np.pi, rel=0.01)


def test_png_carries_its_resolution_and_repeats():
    drawing = Drawing(25.4, 50.8, "#ffffff", (Layer("black", "#000000", (dots((5, 5), 2),)),))
    data = render_png(drawing, 150)
    image = Image.open(io.BytesIO(data))
    assert image.size == (150, 300)
    assert image.info["dpi"] == pytest.approx((150, 150), abs=0.0127)  # whole pixels for each metre
    assert data == render_png(drawing, 150)
    assert b"tIME" not in data


def test_too_many_pixels_names_a_resolution_that_works():
    drawing = Drawing(1000, 1000, "#ffffff", ())
    with pytest.raises(StippleError, match="lower --dpi to 508 or less"):
        rasterise(drawing, 1200)


@pytest.mark.parametrize("dpi", [0, -5, np.nan, np.inf])
def test_impossible_resolution(dpi):
    with pytest.raises(StippleError, match="dpi"):
        rasterise(Drawing(10, 10, "#ffffff", ()), dpi)


def test_gif_moves_loops_and_rests_on_the_last_frame():
    frames = [
        Drawing(20, 20, background, (Layer("red", "#ff0000", (dots((x, 10), 3.2),)),))
        for x, background in ((4, None), (10, "#ffffff"), (16, "#ffffff"))
    ]
    data = render_gif(frames, DPI, 0.1)
    assert data == render_gif(frames, DPI, 0.1)
    animation = Image.open(io.BytesIO(data))
    assert animation.n_frames == 3
    assert animation.info["loop"] == 0
    durations = []
    for index, frame in enumerate(frames):
        animation.seek(index)
        durations.append(animation.info["duration"])
        expected = rasterise(Drawing(20, 20, "#ffffff", frame.layers), DPI).astype(int)
        assert np.abs(np.asarray(animation.convert("RGB")) - expected).max() <= 8
    assert durations == [100, 100, 2100]


def test_impossible_animations():
    one, other = Drawing(10, 10, None, ()), Drawing(11, 10, None, ())
    with pytest.raises(StippleError, match="0 sizes"):
        render_gif([], DPI, 0.1)
    with pytest.raises(StippleError, match="2 sizes"):
        render_gif([one, other], DPI, 0.1)
    with pytest.raises(StippleError, match=r"0\.02"):
        render_gif([one], DPI, 0.001)


@pytest.mark.parametrize("style", ["circle", "stroke", "spiral"])
def test_png_and_svg_show_the_same(style):
    resvg = pytest.importorskip("resvg_py", reason="resvg_py draws the SVG to compare with")
    rng = np.random.default_rng(3)
    centres = rng.uniform(0, 1, (150, 2)) * [40, 30]
    marks = (
        Dots(centres, rng.uniform(0.1, 1.5, 150), style, 0.4),
        Polylines(np.array([[2.0, 2.0], [38.0, 4.0], [5.0, 27.0]]), np.array([0, 3]), 0.6, True),
    )
    drawing = Drawing(40, 30, "#fff8e0", (Layer("blue", "#203080", marks),))
    ours = rasterise(drawing, 10 * DPI).astype(float)
    png = resvg.svg_to_bytes(render_svg(drawing).decode(), dpi=254, skip_system_fonts=True)
    theirs = np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).astype(float)
    assert np.abs(ours - theirs).mean() < 1
    assert ours.mean(axis=(0, 1)) == pytest.approx(theirs.mean(axis=(0, 1)), abs=1)
