"""Dots: off white, with the tone where they touch, of varied sizes, apart, and without ranks."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial import cKDTree

import stipple
from stipple.geometry.cell_integrals import integrate_cells
from stipple.geometry.strays import find_strays
from stipple.measures.density import Density
from stipple.stippling.bleed import mirror_margin
from stipple.transport.sizes import fit_radii, measure_coverage


def draw_islands():
    """Six black discs that hold no whole number of dots."""
    y, x = np.mgrid[0:44, 0:72] + 0.5
    values = np.zeros((44, 72))
    for row in range(2):
        for column in range(3):
            near = np.hypot(x - 12 - 24 * column, y - 11 - 22 * row) < 3.8
            values[near] = 1
    return values


@pytest.fixture(scope="module")
def islands():
    values = draw_islands()
    kept = stipple.stipple(values, 15, strays="keep", iterations=4)
    return values, kept, stipple.stipple(values, 15, iterations=4)


def test_no_dot_is_on_white(islands):
    values, kept, moved = islands
    strays = find_strays(Density(values), kept.points)
    assert len(strays) >= 2
    assert (kept.strays, moved.strays) == (0, len(strays))
    assert len(find_strays(Density(values), moved.points)) == 0
    assert len(find_strays(Density(values), moved.points.round(3))) == 0
    assert len(np.unique(moved.points, axis=0)) == 15
    others = np.delete(np.arange(15), strays)
    np.testing.assert_array_equal(moved.points[others], kept.points[others])


def test_figures_are_those_of_what_is_drawn(islands):
    values, kept, moved = islands
    again = stipple.stipple(values, start=moved.points, iterations=0)
    assert moved.w2_squared == pytest.approx(again.w2_squared, rel=1e-6)
    assert moved.w2_squared > 1.01 * kept.w2_squared
    assert moved.w2_squared_lower <= moved.w2_squared <= moved.w2_squared_upper
    assert moved.quality == pytest.approx(15 * moved.w2_squared / (values > 0).sum())
    assert moved.mass_error < 1e-6
    assert moved.converged


def test_without_steps_nothing_moves(islands):
    values, kept, _ = islands
    again = stipple.stipple(values, start=kept.points, iterations=0)
    np.testing.assert_array_equal(again.points, kept.points)
    assert again.strays == 0


def shade(result, columns=1, fine=8):
    """Mean darkness of bands of a drawing, by counting what its dots cover."""
    width, height = int(result.cells.width), int(result.cells.height)
    x, y = np.meshgrid(
        (np.arange(width * fine) + 0.5) / fine, (np.arange(height * fine) + 0.5) / fine
    )
    places = np.column_stack((x.ravel(), y.ravel()))
    tree = cKDTree(result.points)
    inked = np.zeros(len(places), dtype=bool)
    distances, nearest = tree.query(places, k=min(8, len(result.points)))
    inked = (distances <= result.radii[nearest]).any(axis=1).reshape(x.shape)
    return np.array([band.mean() for band in np.split(inked, columns, axis=1)])


@pytest.mark.parametrize("grey", [0.3, 0.5, 0.9, 0.95, 1.0])
@pytest.mark.parametrize("shape", [(30, 52), (52, 30)])
def test_flat_greys_have_their_tone_up_to_solid_black(grey, shape):
    result = stipple.stipple(np.full(shape, grey), 150, iterations=12)
    assert shade(result)[0] == pytest.approx(grey, abs=0.004)
    drawn = measure_coverage(result.points, result.radii, *shape[::-1])
    assert drawn == pytest.approx(grey, abs=2e-4)


def test_steps_of_grey_have_their_tone():
    steps = np.repeat(np.linspace(0.1, 1, 10), 12)
    result = stipple.stipple(np.tile(steps, (60, 1)), 1500, iterations=12)
    np.testing.assert_allclose(shade(result, 10), np.linspace(0.1, 1, 10), atol=0.01)


def test_dots_that_touch_nothing_have_one_radius():
    result = stipple.stipple(np.full((30, 52), 0.4), 150)
    assert set(result.radii) == {result.radius}


def test_sizes_vary_with_the_darkness_of_cells():
    values = np.tile(np.linspace(1, 0.02, 60), (40, 1))
    one = stipple.stipple(values, 300, iterations=10)
    varied = stipple.stipple(values, 300, iterations=10, size_variation=0.5)
    # Points quantise the root of the darkness: more of them where it is light.
    assert (varied.points[:, 0] > 30).sum() > 1.3 * (one.points[:, 0] > 30).sum()
    inks = values.sum() * integrate_cells(Density(values), varied.cells).masses
    assert varied.radii.max() > 2 * varied.radii.min()
    apart = stipple.stipple(values, 300, iterations=10, size_variation=0.5, spacing="apart")
    small = np.sqrt(inks / np.pi)
    np.testing.assert_allclose(np.minimum(apart.radii, small), apart.radii)
    np.testing.assert_allclose(shade(varied, 5), values.reshape(40, 5, 12).mean((0, 2)), atol=0.01)


def test_figures_of_varied_sizes_are_about_what_points_quantise():
    values = np.tile(np.linspace(1, 0.1, 24), (16, 1))
    varied = stipple.stipple(values, 20, iterations=3, size_variation=0.3)
    power = stipple.stipple(values**0.7, start=varied.points, iterations=0)
    assert varied.w2_squared == pytest.approx(power.w2_squared)
    assert varied.quality == pytest.approx(power.quality)


def test_scale_of_the_density_is_no_matter_for_varied_sizes():
    values = np.tile(np.linspace(5, 0.1, 24), (16, 1))
    large, one = (
        stipple.stipple(factor * values, 9, size_variation=0.4, iterations=5)
        for factor in (1, 1 / 5)
    )
    np.testing.assert_allclose(large.radii, one.radii)


def check_apart(result):
    pairs = cKDTree(result.points).query_pairs(20, output_type="ndarray")
    gaps = np.hypot(*(result.points[pairs[:, 0]] - result.points[pairs[:, 1]]).T)
    assert (result.radii[pairs].sum(axis=1) <= gaps * (1 + 1e-12)).all()


@pytest.mark.parametrize("how", [{"bleed": True}, {"size_variation": 0.5}, {"texture": "blue"}])
@pytest.mark.parametrize(
    "values", [(np.indices((40, 60))[1] % 9 < 2).astype(float), draw_islands()]
)
def test_dots_apart_do_not_overlap_however_they_come(how, values):
    check_apart(stipple.stipple(values, 200, iterations=5, spacing="apart", **how))


def test_dots_apart_do_not_overlap():
    values = np.tile(np.linspace(1, 0.2, 60), (40, 1))
    result = stipple.stipple(values, 200, iterations=5, spacing="apart")
    check_apart(result)
    assert result.radii.max() == result.radius  # where it is light
    assert measure_coverage(result.points, result.radii, 60, 40) < values.mean() - 0.02


def test_radii_of_several_inks_share_the_plane():
    points = np.array([[3.0, 3.0], [4.0, 3.0], [9.0, 5.0]])
    radii = fit_radii(points, np.array([2.0, 3.0, 2.0]), 12, 8)
    assert radii[2] == (2 / np.pi) ** 0.5
    assert np.pi * radii[0] ** 2 > 2.1
    assert measure_coverage(points, radii, 12, 8) * 96 == pytest.approx(7, rel=1e-3)


def find_ranks(result):
    """Largest over mean number of dots at distances of the border up to two spacings."""
    size = np.array([result.cells.width, result.cells.height])
    distances = np.minimum(result.points, size - result.points).min(axis=1)
    spacing = np.sqrt(size.prod() / len(result.points))
    counts = np.histogram(distances / spacing, np.linspace(0, 2, 9))[0]
    return counts.max() / counts.mean()


def test_bleed_leaves_no_rank_along_the_border():
    values = np.full((60, 90), 0.4)
    plain = stipple.stipple(values, 900)
    bled = stipple.stipple(values, 900, bleed=True)
    assert find_ranks(plain) > 2.5
    assert find_ranks(bled) < 1.5
    assert len(bled.points) == 900
    assert set(bled.radii) == {bled.radius}
    assert not bled.settled
    assert ((bled.points >= 0) & (bled.points <= (90, 60))).all()
    again = stipple.stipple(values, start=bled.points, iterations=0)
    assert bled.w2_squared == pytest.approx(again.w2_squared, rel=1e-6)
    assert bled.mass_error < 1e-6
    assert bled.cells.areas.sum() == pytest.approx(5400)


def test_sizes_vary_under_bleed_too():
    values = np.tile(np.linspace(0.8, 0.1, 60), (40, 1))
    bled = stipple.stipple(values, 150, iterations=3, size_variation=0.5, bleed=True)
    columns = bled.points[:, 0].astype(int)
    wanted = np.sqrt(values[0, np.minimum(columns, 59)])  # areas go with the root of the darkness
    assert np.corrcoef(bled.radii**2, wanted)[0, 1] > 0.95


def test_points_of_a_bleed_are_not_settled():
    values = np.full((20, 30), 0.4)
    for bleed in (False, True):
        result = stipple.stipple(values, 150, tolerance=0.03, bleed=bleed)
        assert result.settled == (not bleed)


def test_bleed_of_a_picture_that_is_white_at_its_border_is_that_picture():
    values = np.zeros((40, 60))
    values[12:30, 20:42] = 0.5
    bled = stipple.stipple(values, 60, bleed=True, iterations=8)
    assert len(bled.points) == 60
    assert ((bled.points >= (20, 12)) & (bled.points <= (42, 30))).all()


@pytest.mark.parametrize("wanted", [99, 100, 101])
def test_a_frame_is_widened_until_it_holds_as_many_points(wanted):
    bleed = replace(mirror_margin(Density(np.ones((20, 20))), 100), wanted=wanted)
    steps = np.arange(1.0, 2 * bleed.margin + 20, 2)
    points = np.column_stack([grid.ravel() for grid in np.meshgrid(steps, steps)])
    points += np.random.default_rng(0).uniform(-0.5, 0.5, points.shape)
    kept, places = bleed.crop(points)
    assert len(kept) == wanted
    assert ((places >= 0) & (places <= 20)).all()
    # Within less than a spacing of where they were.
    assert np.abs(places - (points[kept] - bleed.margin)).max() < bleed.spacing


def test_the_margin_has_the_mass_of_whole_points():
    values = np.tile(np.linspace(0.2, 0.7, 30), (20, 1))
    bleed = mirror_margin(Density(values), 70)
    assert bleed.points > 70
    assert bleed.density.total / bleed.points == pytest.approx(values.sum() / 70)
    margin = bleed.margin
    inside = bleed.density.values[margin:-margin, margin:-margin]
    np.testing.assert_array_equal(inside, values)
    before = bleed.density.values[margin:-margin, margin - 3 : margin]
    np.testing.assert_allclose(before / before.mean(), values[:, 2::-1] / values[:, :3].mean())


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"strays": "leave"}, "strays is 'leave': give one of move, keep"),
        ({"spacing": "far"}, "spacing is 'far': give one of touch, apart"),
        ({"size_variation": 1}, "variation of sizes is 1: give a number from 0 to below 1"),
        ({"size_variation": -0.5}, "variation of sizes is -0.5"),
        ({"size_variation": "much"}, "variation of sizes is 'much'"),
        ({"bleed": True, "start": [[1.0, 1.0]]}, "start by name"),
        ({"bleed": True, "n": 0}, "0 points"),
    ],
)
def test_errors_say_what_was_received(options, words):
    with pytest.raises(stipple.StippleError, match=words):
        stipple.stipple(np.ones((4, 6)), **{"n": 4, **options})
