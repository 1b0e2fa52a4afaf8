"""Pictures of points in space: slices, turned round, and as a page."""

import json
import shutil
import subprocess
from typing import Any

import numpy as np
import pytest
from command import ROOT
from pages import PageReader, decode

from stipple.drawing.marks import Dots, Layer, Polygons
from stipple.drawing.space import render_space
from stipple.measures.volume import VolumeDensity
from stipple.volumes.views import compose_slices, compose_turn, measure_balls

SPACE = ROOT / "stipple" / "drawing" / "viewer" / "space.js"
# A document of as much as the page needs, which notes what is drawn.
STUB = """
const drawn = [], parts = {}, told = {};
const context = new Proxy({}, { get: (_, name) => (...words) => drawn.push([name, ...words]),
  set: () => true });
const make = (id) => ({ style: {}, dataset: {}, value: id == "cut" ? 1 : 0,
  clientWidth: 400, clientHeight: 300,
  getContext: () => context, setPointerCapture: () => 0, append: () => 0, textContent: "",
  addEventListener: (name, call) => { told[name] = call; },
  insertRow: () => make(""), insertCell: () => make("") });
global.document = { getElementById: (id) => parts[id] ??= make(id), createElement: make };
global.window = { matchMedia: () => ({ matches: false }) };
global.requestAnimationFrame = (call) => call();
global.ResizeObserver = class { constructor(call) { this.observe = call; } };
document.getElementById("data").textContent = DATA;
"""


def make_density() -> VolumeDensity:
    return VolumeDensity(np.arange(24.0).reshape(4, 2, 3), (1, 1, 2))


def find(layers: tuple[Layer, ...], label: str) -> Any:
    return next(layer.marks[0] for layer in layers if layer.label == label)


def test_slices_show_the_balls_that_they_cut() -> None:
    density = make_density()
    # In the middle of the second slice, at its border, off by half its depth, and in the last.
    points = np.array([[1.0, 1, 3], [2, 1, 4], [1.5, 0.5, 3.5], [0.5, 1.5, 7]])
    drawing = compose_slices(density, points, np.full(4, 0.3))
    dots = find(drawing.layers, "points")
    scale = 60 / 3
    assert dots.radii == pytest.approx(scale * 0.3 * np.array([1, 0.75**0.5, 1]))
    origins = 4 + np.array([[64, 0], [64, 0], [0, 44]])
    assert dots.centres == pytest.approx(origins + scale * points[[0, 2, 3], :2])
    assert (drawing.width, drawing.height) == pytest.approx((4 + 3 * 64, 4 + 2 * 44))


def test_denser_voxels_are_darker_and_empty_ones_white() -> None:
    layers = compose_slices(make_density(), np.ones((1, 3)), np.ones(1)).layers
    greys = [layer for layer in layers if isinstance(layer.marks[0], Polygons)]
    assert [layer.colour for layer in greys] == sorted({one.colour for one in greys}, reverse=True)
    shown = sum(len(find(layers, layer.label).offsets) - 1 for layer in greys)
    assert shown == 23


def test_many_voxels_are_drawn_as_squares_of_their_means() -> None:
    values = np.zeros((1, 130, 65))
    values[0, :3, :2] = 1
    layers = compose_slices(VolumeDensity(values), np.ones((1, 3)), np.ones(1)).layers
    darkest = find(layers, "density 9").vertices
    # Three rows and two columns in one square.
    assert np.ptp(darkest, axis=0) == pytest.approx(60 / 130 * np.array([2, 3]))


def test_a_turn_shows_every_point_the_nearest_last() -> None:
    density = make_density()
    points = density.size * np.random.default_rng(0).random((50, 3))
    views = compose_turn(density, points, np.ones(50))
    first, half = views[0], views[len(views) // 2]
    for view in views:
        assert sum(len(layer.marks[0].radii) for layer in view.layers[1:]) == 50  # type: ignore[union-attr]
        for layer in view.layers:
            mark = layer.marks[0]
            places = mark.centres if isinstance(mark, Dots) else mark.vertices
            assert (places >= 0).all()
            assert (places <= view.width).all()
    # From the other side what was in front is behind, and left is right.
    centres = [
        np.concatenate([one.marks[0].centres for one in view.layers[1:]]) for view in (first, half)
    ]  # type: ignore[union-attr]
    assert np.sort(view_width(first) - centres[0][:, 0]) == pytest.approx(np.sort(centres[1][:, 0]))


def view_width(view: Any) -> float:
    return float(view.width)


def test_balls_have_the_volumes_of_their_masses() -> None:
    density = make_density()
    radii = measure_balls(density, np.array([1.0, 8.0]) / 9)
    assert radii[1] == pytest.approx(2 * radii[0])
    assert 4 / 3 * np.pi * (radii**3).sum() == pytest.approx(0.3**3 * density.support_volume)


def test_a_page_embeds_the_points_and_loads_nothing() -> None:
    points = np.array([[0.0, 1.0, 2.0], [4.0, 2.0, 8.0]])
    page = PageReader(
        render_space("</script>", points, np.ones(2), np.array([4.0, 2.0, 8.0]), [("W2²", "<1>")])
    )
    page.check_nothing_is_loaded()
    assert decode(page.data["points"]) == pytest.approx([-0.25, 0, -0.25, 0.25, 0.125, 0.5])
    assert page.data["half"] == [0.25, 0.125, 0.5]
    assert page.data["figures"] == [["W2²", "<1>"]]


def run_page(script: str) -> Any:
    if shutil.which("node") is None:
        pytest.skip("no node here, which runs the script of pages")
    points = np.array([[1.0, 1, 1], [3, 1, 1], [1, 3, 5]])
    page = PageReader(render_space("x", points, np.full(3, 0.2), np.array([4.0, 4.0, 6.0])))
    program = STUB.replace("DATA", json.dumps(json.dumps(page.data)))
    program += page.texts["script"][1]
    program += f"\nprocess.stdout.write(JSON.stringify((() => {{ {script} }})()));"
    done = subprocess.run(
        ["node", "-e", program], capture_output=True, text=True, encoding="utf-8", check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_page_draws_the_box_and_the_farthest_ball_first() -> None:
    arcs, lines = run_page(
        "return [drawn.filter((one) => one[0] == 'arc'), drawn.filter((one) => one[0] == 'lineTo')]"
    )
    assert len(lines) == 12
    assert len(arcs) == 3
    # As the formula of a turn about the vertical and a tilt has it.
    turn, tilt = 0.5, 0.35
    places = (np.array([[1.0, 1, 1], [3, 1, 1], [1, 3, 5]]) - [2, 2, 3]) / 6
    x, y, z = places.T
    across = x * np.cos(turn) + y * np.sin(turn)
    away = -x * np.sin(turn) + y * np.cos(turn)
    up = z * np.cos(tilt) + away * np.sin(tilt)
    near = z * np.sin(tilt) - away * np.cos(tilt)
    scale = 0.94 * 300 / (2 * np.sqrt((np.array([4, 4, 6]) ** 2).sum()) / 12)
    expected = np.column_stack([200 + scale * across, 150 - scale * up])[np.argsort(near)]
    assert [arc[1:3] for arc in arcs] == pytest.approx(expected, abs=1e-4)


def test_dragging_turns_and_the_wheel_comes_closer() -> None:
    first, turned, closer = run_page(
        "const arcs = () => drawn.splice(0).filter((one) => one[0] == 'arc').map((one) => one[3]"
        " + ',' + one[1]); const all = [arcs()];"
        "told.pointermove({ buttons: 1, movementX: 30, movementY: 0 }); all.push(arcs());"
        "told.pointermove({ buttons: 0, movementX: 30, movementY: 0 }); "
        "told.wheel({ deltaY: -500, preventDefault: () => 0 }); all.push(arcs()); return all"
    )
    radii = [[float(one.split(",")[0]) for one in view] for view in (first, turned, closer)]
    assert first != turned
    assert radii[1] == pytest.approx(radii[0])
    assert radii[2] == pytest.approx(np.e * np.array(radii[1]))
