"""What the options of dots do to the files and the table of `stipple stipple`."""

import numpy as np
import pytest
from command import list_circles, read_json, read_png, read_svg, save, stipple
from PIL import Image

MARGIN = 5.0


@pytest.fixture
def spots(tmp_path):
    """Two spots of ink and a small one between them."""
    pixels = np.full((9, 23), 255, np.uint8)
    pixels[3:6, 2:5] = pixels[3:6, 18:21] = 0
    return save(tmp_path / "spots.png", pixels)


def run(image, *options):
    """Return the SVG's circles in pixels, the table of the CSV, the report, and what was told."""
    folder = image.parent
    files = [folder / f"out.{suffix}" for suffix in ("svg", "csv", "json")]
    outputs = [word for path in files[:2] for word in ("-o", path)]
    result = stipple(image, *outputs, "--report", files[2], *options)
    report = read_json(files[2])
    circles = list_circles(read_svg(files[0]))
    circles[:, :2] -= MARGIN + report["inks"][0]["largest_radius_mm"]
    circles /= report["millimetres_per_pixel"]
    table = np.loadtxt(files[1], delimiter=",", skiprows=1, ndmin=2)
    return circles, table, report, result.stderr


def test_a_dot_on_white_moves_unless_it_is_kept(spots):
    circles, table, report, told = run(spots, "-n", 3)
    columns, rows = circles[:, :2].astype(int).T
    pixels = read_png(spots)
    assert (pixels[rows, columns] == 0).all()
    assert (report["inks"][0]["strays"], len(table)) == (1, 3)
    assert "1 dot, each moved to the ink of its cell" in " ".join(told.split())
    circles, _, kept, told = run(spots, "-n", 3, "--strays", "keep")
    columns, rows = circles[:, :2].astype(int).T
    assert (pixels[rows, columns] > 0).sum() == 1
    assert kept["inks"][0]["strays"] == 0
    assert "on white" not in told
    assert kept["w2_squared"] < report["w2_squared"]


@pytest.mark.parametrize("turned", [False, True])
def test_steps_of_grey_are_drawn_with_their_tone_in_the_png(tmp_path, turned):
    wanted = np.linspace(0.1, 1, 10)
    pixels = np.tile(np.repeat((255 * (1 - wanted)).round(), 10), (50, 1)).astype(np.uint8)
    image = save(tmp_path / "steps.png", pixels.T if turned else pixels)
    files = ("-o", tmp_path / "out.png", "--report", tmp_path / "out.json")
    stipple(image, "-n", 1200, "--iterations", 10, *files, "--dpi", 300)
    report = read_json(tmp_path / "out.json")
    drawn = read_png(tmp_path / "out.png")[..., 0]
    drawn = drawn.T if turned else drawn
    edge = round((report["page_mm"][0] - report["picture_mm"][0]) / 2 / 25.4 * 300)
    bands = np.array_split(drawn[edge:-edge, edge:-edge], 10, axis=1)
    np.testing.assert_allclose([1 - band.mean() for band in bands], wanted, atol=0.01)


def test_every_file_has_the_radii_and_the_start_can_be_read_back(tmp_path):
    image = save(tmp_path / "ramp.png", np.tile(np.arange(24, dtype=np.uint8) * 10, (16, 1)))
    circles, table, _, told = run(image, "-n", 30, "--size-variation", 0.5, "--iterations", 4, "-v")
    np.testing.assert_allclose(circles[:, 2], table[:, 3], atol=2e-3)
    assert table[:, 3].max() > 1.2 * table[:, 3].min()
    assert "darkness^0.5" in told
    path = tmp_path / "out.json"
    stipple(image, "-n", 30, "--size-variation", 0.5, "--iterations", 4, "-o", path)
    assert read_json(path)["inks"][0]["radii"] == table[:, 3].tolist()
    start = tmp_path / "start.csv"
    start.write_bytes((tmp_path / "out.csv").read_bytes())
    assert start.read_text().startswith("x,y,mass,radius\n")
    _, again, _, _ = run(image, "--start", start, "--iterations", 0, "--size-variation", 0.5)
    np.testing.assert_array_equal(again[:, :2], table[:, :2])
    np.testing.assert_allclose(again[:, 3], table[:, 3], rtol=1e-5)


def test_the_table_tells_what_a_radius_or_apart_costs(tmp_path):
    image = save(tmp_path / "grey.png", np.full((30, 40), 51, np.uint8))  # darkness .8
    options = "-n", 150, "--iterations", 5

    def cover(*more):
        _, table, report, told = run(image, *options, *more)
        (ink,) = report["inks"]
        assert f"{ink['coverage']:.2%} of the picture, " in told
        assert "80.00% wanted" in told
        assert ink["largest_radius_mm"] == pytest.approx(
            table[:, 3].max() * report["millimetres_per_pixel"]
        )
        return ink["coverage"], report["millimetres_per_pixel"]

    assert cover()[0] == pytest.approx(0.8, abs=1e-4)
    assert cover("--spacing", "apart")[0] < 0.78
    covered, scale = cover("--radius", "0.1mm")
    assert covered == pytest.approx(150 * np.pi * (0.1 / scale) ** 2 / 1200, rel=1e-6)


def test_the_last_frame_of_an_animation_has_no_dot_on_white(spots):
    target = spots.parent / "a.gif"
    for strays in ("keep", "move"):
        stipple(
            spots, "-n", 3, "--strays", strays, "--animate", target, "-o", "-", "--format", "csv"
        )
        with Image.open(target) as picture:
            picture.seek(picture.n_frames - 1)
            last = np.asarray(picture.convert("L"), float)
        middle = last[:, last.shape[1] * 46 // 100 : last.shape[1] * 54 // 100]
        assert (middle.min() < 128) == (strays == "keep")


def test_bleed_keeps_the_number_of_dots_and_says_what_it_is(tmp_path):
    image = save(tmp_path / "grey.png", np.full((30, 40), 128, np.uint8))
    circles, _, report, told = run(image, "-n", 200, "--bleed", "--iterations", 8, "-v")
    assert len(circles) == report["points"] == 200
    assert "mirrored margin" in told
    distances = np.minimum(circles[:, :2], (40, 30) - circles[:, :2]).min(axis=1)
    assert (distances < 0.25 * (1200 / 200) ** 0.5).sum() > 8


def test_the_page_of_a_tile_ends_where_the_picture_does(tmp_path):
    """Rolled by half the page the picture is as dark at what was its border."""
    image = save(tmp_path / "grey.png", np.full((30, 30), 128, np.uint8))
    files = ("-o", tmp_path / "tile.png", "--report", tmp_path / "tile.json")
    options = ("-n", 60, "--periodic", "--iterations", 4, "--dpi", 60)
    stipple(image, *options, *files)
    report = read_json(tmp_path / "tile.json")
    assert report["page_mm"] == report["picture_mm"]
    drawn = read_png(tmp_path / "tile.png")[..., 0]
    for turned in (drawn, drawn.T):
        # Dots that the border cuts go on at the other side: columns there differ no more.
        steps = np.abs(np.diff(turned, axis=1, append=turned[:, :1])).mean(axis=0)
        assert steps[-1] < steps[:-1].max()
        assert steps[-1] > 0
        assert np.abs(turned[:, [0, -1]] - 1).max() > 0.5
    stipple(image, *options, *files, "--margin", "5mm")
    report = read_json(tmp_path / "tile.json")
    assert report["page_mm"][0] == pytest.approx(report["picture_mm"][0] + 10)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--bleed", "--start", "start.csv"), "--bleed needs a --start by name"),
        (("--bleed", "--animate", "a.gif"), "leave --bleed out"),
        (("--bleed", "--periodic"), "leaves no border to bleed over"),
        (("--periodic", "--color", "cmyk"), "--periodic needs --color mono"),
        (("--size-variation", "1"), "0<=x<1"),
    ],
)
def test_options_that_do_not_go_together(spots, options, words):
    assert words in stipple(spots, *options, code=2).stderr
