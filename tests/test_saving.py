"""Results as files: the bytes that the command line writes, whole or not at all."""

import csv
import io
from dataclasses import fields

import numpy as np
import pytest
from click.testing import CliRunner
from command import list_circles, list_layers, read_svg
from PIL import Image

import stipple
from stipple.cli import main
from stipple.discretisation.drawing import view_measure
from stipple.files.samples import read_samples
from stipple.files.tables import read_points_csv
from stipple.measures.inks import Ink, InkDensity

RAMP = np.tile(np.linspace(0, 255, 24), (16, 1)).astype(np.uint8)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Image.fromarray(RAMP).save("ramp.png")
    return tmp_path


def run(*words):
    result = CliRunner().invoke(main, [str(word) for word in words], catch_exceptions=False)
    assert result.exit_code == 0, result.output


def read_rows(path):
    return list(csv.DictReader(io.StringIO(path.read_text())))


SAVERS = {"svg": stipple.save_svg, "png": stipple.save_png, "csv": stipple.save_csv}


@pytest.mark.parametrize("form", SAVERS)
def test_a_stippling_is_saved_as_the_command_line_writes_it(folder, form):
    run("stipple", "ramp.png", "-n", 30, "--contrast", 1.5, "-o", f"a.{form}")
    SAVERS[form](stipple.stipple(stipple.read_density("ramp.png", contrast=1.5), 30), f"b.{form}")
    assert (folder / f"b.{form}").read_bytes() == (folder / f"a.{form}").read_bytes()


def test_options_are_those_of_the_command_line(folder):
    words = ["--page", "a5", "--landscape", "--margin", "2cm", "--dots", "spiral", "--radius"]
    words += ["2mm", "--pen-width", "0.5mm", "--ink", "#ff0000", "--background", "#ffffee"]
    run("stipple", "ramp.png", "-n", 9, *words, "--dpi", 50, "-o", "a.svg", "-o", "a.png")
    result = stipple.stipple(stipple.read_image("ramp.png"), 9)
    options = dict(page="a5", landscape=True, margin="2cm", dots="spiral", radius="2mm")
    options |= dict(pen_width="0.5mm", ink="#ff0000", background="#ffffee")
    stipple.save_svg(result, "b.svg", **options)
    stipple.save_png(result, "b.png", dpi=50, **options)
    for name in ("svg", "png"):
        assert (folder / f"b.{name}").read_bytes() == (folder / f"a.{name}").read_bytes()


@pytest.mark.parametrize("form", SAVERS)
def test_points_of_a_sequence_are_saved_as_the_command_line_writes_them(folder, form):
    run("sequence", "-n", 50, "-o", f"a.{form}")
    options = {"dpi": 150} if form == "png" else {}
    SAVERS[form](stipple.sequence(50), f"b.{form}", **options)
    assert (folder / f"b.{form}").read_bytes() == (folder / f"a.{form}").read_bytes()


def test_points_of_any_dimension_are_tables(tmp_path):
    for dimension, names in ((1, "x"), (3, "x,y,z"), (4, "x1,x2,x3,x4")):
        stipple.save_csv(stipple.sequence(5, dimension), tmp_path / "a.csv")
        assert (tmp_path / "a.csv").read_text().splitlines()[0] == names
    points = np.random.default_rng(0).standard_normal((7, 2))
    stipple.save_csv(points, tmp_path / "a.csv")
    np.testing.assert_array_equal(read_points_csv(tmp_path / "a.csv"), points)


def test_a_discretisation_is_saved(folder):
    samples = np.random.default_rng(0).random((60, 2)) * [3, 1]
    np.savetxt("samples.csv", samples, delimiter=",", fmt="%.17g")
    run("edot", "samples.csv", "-m", 5, "-o", "a.csv")
    result = stipple.edot(stipple.read_samples("samples.csv"), 5)
    stipple.save_csv(result, "b.csv")
    assert (folder / "b.csv").read_bytes() == (folder / "a.csv").read_bytes()
    back = read_samples("b.csv")
    np.testing.assert_array_equal(back.points, result.atoms)
    stipple.save_svg(result, "b.svg", margin="0mm")
    radii = [float(part.split('"')[0]) for part in (folder / "b.svg").read_text().split('r="')[1:]]
    np.testing.assert_allclose(np.square(radii) / np.square(radii).sum(), result.weights, rtol=0.01)
    stipple.save_png(result, "b.png", dpi=40)
    assert (folder / "b.png").read_bytes()[1:4] == b"PNG"


def test_samples_are_saved_as_they_are_read(tmp_path):
    samples = stipple.Samples([[0.25, 1.0, 2.0], [3.0, 4.0, 0.5]], [1, 3])
    stipple.save_csv(samples, tmp_path / "a.csv")
    back = stipple.read_samples(tmp_path / "a.csv")
    assert back.points.tolist() == samples.points.tolist()
    assert back.masses.tolist() == samples.masses.tolist()
    lines = (tmp_path / "a.csv").read_text().splitlines()
    assert [line.rpartition(",")[2] for line in lines] == ["weight", "0.25", "0.75"]


def test_bounds_are_saved_as_their_plan(tmp_path):
    result = stipple.bound([[2, 0, 0], [0, 0, 0]], [[0, 0, 0], [0, 1, 1]])
    stipple.save_csv(result, tmp_path / "a.csv")
    rows = read_rows(tmp_path / "a.csv")
    assert list(rows[0]) == ["x", "y", "to_x", "to_y", "mass"]
    moved = sorted(tuple(float(value) for value in row.values()) for row in rows)
    np.testing.assert_allclose(moved, [(0.5, 0.5, 1.5, 1.5, 0.5), (0.5, 0.5, 2.5, 1.5, 0.5)])
    stipple.save_png(result, tmp_path / "a.png", dpi=30)
    stipple.save_svg(result, tmp_path / "a.svg")
    assert (tmp_path / "a.png").read_bytes()[1:4] == b"PNG"
    assert (tmp_path / "a.svg").read_bytes().startswith(b"<?xml")
    for save in SAVERS.values():
        with pytest.raises(stipple.StippleError, match="There is no plan to"):
            save(stipple.bound([[1, 0]], [[0, 1]], method="paper"), tmp_path / "b")


def test_a_certificate_is_one_row(tmp_path):
    result = stipple.certify_prefix(7, 1)
    stipple.save_csv(result, tmp_path / "a.csv")
    (row,) = read_rows(tmp_path / "a.csv")
    assert list(row) == [field.name for field in fields(result)]
    assert float(row["radius"]) == result.radius
    assert row["constant"] == ""


@pytest.mark.parametrize(
    ("save", "result", "words"),
    [
        (stipple.save_svg, np.ones((3, 3)), "not in the unit square"),
        (stipple.save_png, 2 * np.ones((3, 2)), "not in the unit square"),
        (stipple.save_csv, np.ones(3), r"has shape \(3,\): give"),
        (stipple.save_csv, "points", "give an array"),
        (stipple.save_svg, stipple.certify_prefix(3), "give an array"),
        (stipple.save_svg, object(), "give an array"),
    ],
)
def test_what_is_no_result_is_refused(tmp_path, save, result, words):
    (tmp_path / "old").write_text("old")
    with pytest.raises(stipple.StippleError, match=words):
        save(result, tmp_path / "old")
    assert (tmp_path / "old").read_text() == "old"


def test_files_are_replaced_whole_or_not_at_all(tmp_path):
    (tmp_path / "old.svg").write_text("old")
    with pytest.raises(stipple.StippleError, match="has no unit"):
        stipple.save_svg(stipple.sequence(4), tmp_path / "old.svg", margin="5")
    assert (tmp_path / "old.svg").read_text() == "old"
    stipple.save_svg(stipple.sequence(4), tmp_path / "old.svg")
    assert (tmp_path / "old.svg").read_text().count("<circle") == 4
    for wrong in (dict(margin=5), dict(page=7), dict(dots="star"), dict(ink="red"), dict(radius=1)):
        with pytest.raises(stipple.StippleError, match=r": (write it as|give one of)"):
            stipple.save_png(stipple.sequence(4), tmp_path / "old.svg", **wrong)
    with pytest.raises(stipple.StippleError, match="it is a folder"):
        stipple.save_csv(stipple.sequence(4), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["old.svg"]


# --- reading ------------------------------------------------------------------------------------


@pytest.mark.usefixtures("folder")
def test_images_are_read_with_the_tone_of_the_command_line():
    darkness = stipple.read_image("ramp.png")
    np.testing.assert_allclose(darkness, 1 - RAMP / 255)
    dark = stipple.read_image("ramp.png", gamma=2.0)
    np.testing.assert_allclose(dark, (1 - RAMP / 255) ** 2, atol=1e-12)
    options = dict(invert=True, gamma=2.0, contrast=1.5, threshold=0.2)
    values = stipple.read_image("ramp.png", **options, resize=(12, 8))
    assert values.shape == (8, 12)
    assert (values[:, :2] == 0).all()
    assert stipple.read_density("ramp.png", **options).values.max() == 1
    assert stipple.read_image("ramp.png", resize=12).shape == (8, 12)
    with pytest.raises(stipple.StippleError, match="--max-pixels"):
        stipple.read_image("ramp.png", max_pixels=10)
    with pytest.raises(stipple.StippleError, match=r"nothing\.png does not exist"):
        stipple.read_density("nothing.png")
    Image.fromarray(np.dstack([RAMP, 255 * (RAMP > 100)]).astype(np.uint8), "LA").save("alpha.png")
    assert (stipple.read_image("alpha.png", alpha="mask")[RAMP <= 100] == 0).all()
    assert (stipple.read_image("alpha.png", alpha="black")[RAMP <= 100] == 1).all()


def test_a_run_of_lloyd_is_saved_as_its_trace_and_its_dots(folder):
    image = np.arange(1.0, 201.0).reshape(10, 20)
    run = stipple.lloyd(image, 7, steps=2)
    stipple.save_csv(run, folder / "trace.csv")
    rows = (folder / "trace.csv").read_text().splitlines()
    assert len(rows) == 4
    assert rows[-1].split(",")[rows[0].split(",").index("w2_squared")] == repr(run.w2_squared)
    stipple.save_svg(run, folder / "dots.svg")
    moved = stipple.stipple(image, start=run.domain.to_grid(run.points), iterations=0)
    stipple.save_svg(moved, folder / "same.svg")
    circles = [
        [line for line in (folder / name).read_text().splitlines() if "<circle" in line]
        for name in ("dots.svg", "same.svg")
    ]
    assert len(circles[0]) == 7
    assert circles[0] == circles[1]


@pytest.mark.usefixtures("folder")
def test_densities_are_read_as_images_are():
    Image.fromarray(np.dstack([RAMP, 255 * (RAMP > 100)]).astype(np.uint8), "LA").save("alpha.png")
    options = dict(invert=True, gamma=2.0, contrast=1.5, threshold=0.2, alpha="mask", resize=(9, 5))
    values = stipple.read_density("alpha.png", **options).values
    np.testing.assert_array_equal(values, stipple.read_image("alpha.png", **options))
    assert values.shape == (5, 9)
    with pytest.raises(stipple.StippleError, match="--max-pixels"):
        stipple.read_density("alpha.png", max_pixels=10)


def test_a_plot_of_bounds_shows_both_images_and_the_best_interval(tmp_path, monkeypatch):
    first, second = np.zeros((2, 3)), np.zeros((2, 3))
    first[0, 0], second[1, 1:] = 2, 1
    result = stipple.bound(first, second)
    plots = []
    monkeypatch.setattr(
        "stipple.bounds.plot.render_bounds", lambda *said: plots.append(said) or b""
    )
    stipple.save_png(result, tmp_path / "a.png", dpi=70)
    ((masses, bounds, ends, form, dpi),) = plots
    np.testing.assert_allclose(masses, (first / 2, second / 2))
    assert bounds is result
    assert ends == (repr(result.lower), repr(result.upper))
    assert (form, dpi) == ("png", 70)


def test_atoms_on_the_sphere_are_drawn_on_it(tmp_path, monkeypatch):
    points = np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1], [0.6, 0.8, 0]])
    result = stipple.edot(points, 2, metric="sphere")
    seen = []

    def view(measure, *, sphere):
        seen.append(sphere)
        return view_measure(measure, sphere=sphere)

    monkeypatch.setattr("stipple.discretisation.drawing.view_measure", view)
    stipple.save_svg(result, tmp_path / "a.svg")
    assert seen == [True]


def test_the_border_belongs_to_the_unit_square(tmp_path):
    stipple.save_svg([[0, 0], [1, 1], [0.5, 1]], tmp_path / "a.svg")
    assert (tmp_path / "a.svg").read_text().count("<circle") == 3


def test_inks_have_layers_of_their_pens_and_a_column(tmp_path):
    left, right = np.zeros((4, 6)), np.zeros((4, 6))
    left[:, :3], right[:, 3:] = 0.4, 0.8
    inks = [
        InkDensity(Ink("navy", "#000080", 2), left),
        InkDensity(Ink("red", "#ff0000", 5), right),
    ]
    result = stipple.stipple_inks(inks, 12)
    stipple.save_svg(result, tmp_path / "out.svg")
    layers = list_layers(read_svg(tmp_path / "out.svg"))
    assert list(layers) == ["2 navy", "5 red"]
    assert [len(list_circles(layer)) for layer in layers.values()] == [4, 8]
    stipple.save_csv(result, tmp_path / "out.csv")
    header, *rows = (tmp_path / "out.csv").read_text().split()
    assert header == "x,y,mass,radius,ink"
    assert [row.split(",")[4] for row in rows] == ["navy"] * 4 + ["red"] * 8
