"""Dots that go on from frame to frame."""

import time
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from scipy.ndimage import map_coordinates
from scipy.optimize import linear_sum_assignment

import stipple
from stipple.errors import StippleError
from stipple.measures.density import Density
from stipple.stippling import coherent
from stipple.stippling.coherent import begin_film, follow_frame
from tests.pictures import SAMPLES


def make_frame(number, height=48, width=96, step=9.0, size=8.0):
    """A dark spot on white that goes to the right."""
    y, x = np.mgrid[:height, :width] + 0.5
    spot = np.exp(-((x - 24 - step * number) ** 2 + (y - 22) ** 2) / (2 * size**2))
    return Density(np.where(spot > 0.02, spot, 0))


def follow(before, density, **settings):
    """The dots of a frame after those of one before, which are numbered as they come."""
    return follow_frame(begin_film(density, before), density, **settings).stippling


def test_dots_move_as_optimal_transport_does_and_are_as_good_as_new_ones():
    before = stipple.stipple(make_frame(0), 200)
    for number in (1, 2, 3):
        density = make_frame(number)
        frame = follow(before, density)
        cold = stipple.stipple(density, 200)
        assert frame.quality <= 1.01 * cold.quality
        ways = ((frame.points - before.points) ** 2).sum(axis=1)
        costs = ((before.points[:, None] - frame.points[None]) ** 2).sum(axis=2)
        least = costs[linear_sum_assignment(costs)].mean()
        assert ways.mean() <= 1.02 * least
        assert ways.mean() ** 0.5 == pytest.approx(9, rel=0.02)
        before = frame


def test_a_frame_of_the_same_picture_hardly_moves():
    before = stipple.stipple(make_frame(0), 100)
    again = follow(before, make_frame(0))
    assert ((again.points - before.points) ** 2).sum(axis=1).max() < 1
    assert again.quality <= before.quality * (1 + 1e-4)


def test_dots_that_lead_nowhere_are_drawn_anew_and_matched():
    before = stipple.stipple(make_frame(0), 200)
    density = make_frame(4)
    film = replace(begin_film(make_frame(0), before), drawing=1)
    frame = follow_frame(film, density).stippling
    drawn = stipple.stipple(density, 200)
    assert frame.w2_squared == drawn.w2_squared
    assert frame.diagrams > drawn.diagrams
    assert frame.ids.tolist() == list(range(1, 201))
    assert (frame.cells.points == frame.points).all()
    costs = ((before.points[:, None] - frame.points[None]) ** 2).sum(axis=2)
    assert np.diag(costs).mean() <= 1.05 * costs[linear_sum_assignment(costs)].mean()


def test_few_dots_are_as_good_as_the_best_of_several_drawings():
    pictures = list(list_photographs("passes"))[:3]
    film = list(stipple.stipple_frames(pictures, 100))
    for picture, frame in zip(pictures[1:], film[1:], strict=True):
        cold = stipple.stipple(picture, 100)
        assert frame.quality <= 1.01 * cold.quality
        assert frame.diagrams <= 0.5 * cold.diagrams


def test_one_dot_and_frames_of_other_sizes():
    before = stipple.stipple(make_frame(0), 1)
    assert follow(before, make_frame(1)).points.shape == (1, 2)
    with pytest.raises(StippleError, match="has 90 × 48 pixels, and the one before 96 × 48"):
        follow_frame(begin_film(make_frame(0), before), make_frame(1, width=90))


GREY = np.full((40, 60), 0.4)


def list_changes(frames):
    """The ids that are new in each frame after the first, and those that are gone."""
    sets = [set(frame.ids.tolist()) for frame in frames]
    return [(there - here, here - there) for here, there in pairwise(sets)]


def test_dots_are_born_all_over_where_grey_darkens_and_die_where_it_lightens():
    frames = list(stipple.stipple_frames([GREY, 1.5 * GREY, GREY / 4, GREY], 80, birth=True))
    assert [len(frame.points) for frame in frames] == [80, 120, 20, 80]
    (first, second, third) = list_changes(frames)
    assert first == (set(range(81, 121)), set())
    assert (second[0], len(second[1])) == (set(), 100)
    # What died does not come back.
    assert third == (set(range(121, 181)), set())
    for frame, total in zip(frames, [80, 120, 20, 80], strict=True):
        assert (np.diff(frame.ids) > 0).all()
        cold = stipple.stipple(GREY, total)
        assert frame.quality <= 1.03 * cold.quality
    # A half dies evenly: everywhere a survivor is near.
    born, dead = frames[1], sorted(second[1])
    gone = born.points[np.isin(born.ids, dead)]
    left = born.points[~np.isin(born.ids, dead)]
    apart = ((gone[:, None] - left[None]) ** 2).sum(axis=2).min(axis=1) ** 0.5
    assert apart.max() < 2 * (40 * 60 / 20) ** 0.5


@pytest.fixture(scope="module")
def shapes():
    """A square that stays, and with a disc beside it: 600 and 1,000 pixels of one tone."""
    y, x = np.mgrid[:50, :100] + 0.5
    square = np.where((abs(x - 25) < 15) & (abs(y - 25) < 10), 1.0, 0.0)
    disc = np.zeros_like(square)
    away = (x - 75) ** 2 + (y - 25) ** 2
    disc.ravel()[np.argsort(away.ravel(), kind="stable")[:400]] = 1.0
    return square, disc


def test_a_shape_that_appears_has_new_dots_and_one_that_vanishes_takes_its_own(shapes):
    square, disc = shapes
    films = stipple.stipple_frames([square, square + disc, square, disc], 60, birth=True)
    frames = list(films)
    assert [len(frame.points) for frame in frames] == [60, 100, 60, 40]
    changes = list_changes(frames)
    assert changes[:2] == [(set(range(61, 101)), set()), (set(), set(range(61, 101)))]
    for frame in frames[1:3]:
        new = frame.ids > 60
        assert (frame.points[new, 0] > 50).all()
        assert (frame.points[~new, 0] < 50).all()
        stays = frame.points[~new] - frames[0].points
        assert (stays**2).sum(axis=1).max() ** 0.5 < (600 / 60) ** 0.5
    # Where one shape is instead of the other, a part dies and the others go there.
    assert changes[2][0] == set()
    assert (frames[3].points[:, 0] > 50).all()


def test_without_birth_frames_are_as_many_dots_and_are_followed_by_id(shapes):
    square, disc = shapes
    frames = list(stipple.stipple_frames([square, square + disc], 30))
    assert [frame.ids.tolist() for frame in frames] == [list(range(1, 31))] * 2
    header, *rows = frames[1].render_csv().decode().splitlines()
    assert header == "x,y,mass,radius,id"
    assert [row.split(",")[-1] for row in rows] == [str(one) for one in range(1, 31)]


@pytest.mark.parametrize("shape", [(1, 1), (1, 40), (40, 1), (3, 5)])
def test_numbers_of_dots_on_any_shape(shape):
    tones = [1, 2, 1e-9, 3.5, 0.7]
    frames = stipple.stipple_frames([np.full(shape, tone) for tone in tones], 7, birth=True)
    counts = [len(np.unique(frame.ids)) for frame in frames]
    assert counts == [7, 14, 1, 24, 5]


def test_numbers_of_dots_where_the_darkness_of_one_is_hardly_a_number():
    tones = [5e-324, 1e-323, 1.5e-323]
    frames = stipple.stipple_frames([np.full((4, 4), tone) for tone in tones], 6, birth=True)
    assert [len(frame.ids) for frame in frames] == [6, 12, 18]


def test_a_film_that_begins_nearly_white_is_refused_in_a_sentence():
    frames = stipple.stipple_frames([GREY * 1e-300, GREY], 10, birth=True)
    next(frames)
    with pytest.raises(StippleError, match=r"so much darker than the first.*darker frame, for"):
        next(frames)


def make_discs(place, size=200):
    """Three black discs on white."""
    y, x = np.mgrid[:size, :size] + 0.5
    away = [(x - 0.2 * size - 30 * k - place) ** 2 + (y - 50 * (k + 1)) ** 2 for k in range(3)]
    return Density((np.min(away, axis=0) < 22**2).astype(float))


@pytest.mark.parametrize("jump", [1, 18, 47])
def test_discs_that_jump_cost_no_more_than_new_ones(jump):
    first = stipple.stipple(make_discs(0), 400)
    density = make_discs(jump)
    cold = stipple.stipple(density, 400)
    frame = follow(first, density)
    assert frame.quality <= 1.005 * cold.quality
    assert frame.diagrams <= 1.2 * cold.diagrams
    assert frame.ids.tolist() == list(range(1, 401))
    # Dots of each disc mostly go to the same disc, and their way is the least there is.
    costs = ((first.points[:, None] - frame.points[None]) ** 2).sum(axis=2)
    ways = np.diag(costs)
    assert ways.mean() <= 1.02 * costs[linear_sum_assignment(costs)].mean()


@pytest.mark.parametrize("jump", [10, 45, 120])
def test_light_that_jumps_over_grey_leaves_good_dots(jump):
    frames = [make_frame(1, 128, 256, step, 20).values for step in (0, jump)]
    before, density = (Density(0.2 + frame) for frame in frames)
    frame = follow(stipple.stipple(before, 600), density)
    assert frame.quality <= 1.01 * stipple.stipple(density, 600).quality


def list_photographs(what):
    """A quarter of a photograph that grows, passes by, or turns, in five frames."""
    camera = stipple.read_density(SAMPLES / "camera.png").values[::2, ::2]
    middle = 64 + np.mgrid[:128, :128]
    for number in range(5):
        row, column = middle - 127.5
        turned = np.deg2rad(2 * number)
        cosine, sine = np.cos(turned), np.sin(turned)
        row, column = {
            "grows": (row / (1 + 0.02 * number), column / (1 + 0.02 * number)),
            "passes": (row, column + 3 * number),
            "turns": (cosine * row - sine * column, sine * row + cosine * column),
        }[what]
        yield map_coordinates(camera, [row + 127.5, column + 127.5], order=1)


@pytest.mark.parametrize(("what", "part"), [("grows", 0.4), ("passes", 0.6), ("turns", 0.45)])
def test_photographs_that_move_take_a_part_of_the_diagrams_of_new_drawings(what, part):
    pictures = list(list_photographs(what))
    film = list(stipple.stipple_frames(pictures, 700))[1:]
    new = [stipple.stipple(picture, 700) for picture in pictures[1:]]
    assert all(one.quality <= 1.01 * two.quality for one, two in zip(film, new, strict=True))
    assert sum(one.diagrams for one in film) <= part * sum(two.diagrams for two in new)


def test_dots_that_move_steadily_are_foreseen(monkeypatch):
    def draw(number):
        y, x = np.mgrid[:60, :90] + 0.5
        away = [np.hypot(x - 20 - 25 * k - 5 * number, y - 25 - 2 * number) for k in range(2)]
        return (np.min(away, axis=0) < 9).astype(float)

    def count_diagrams():
        film = list(stipple.stipple_frames(map(draw, range(6)), 150))
        return sum(frame.diagrams for frame in film[3:])

    foreseen = count_diagrams()
    monkeypatch.setattr(coherent, "observe_motion", lambda *_: None)
    assert foreseen <= 0.6 * count_diagrams()


@pytest.mark.slow
def test_dots_stay_good_in_a_long_film():
    y, x = np.mgrid[:256, :256] + 0.5

    def draw(time):
        pulse = 0.5 * (1 + 0.5 * np.sin(time / 5))
        first = pulse * np.exp(-((x - 50 - 1.5 * time) ** 2 + (y - 128) ** 2) / 1800)
        return 0.15 + first + 0.4 * np.exp(-((x - 190) ** 2 + (y - 75 - time) ** 2) / 800)

    film = stipple.stipple_frames(map(draw, range(61)), 1250)
    for time_, frame in enumerate(film):
        if time_ % 6 == 0:
            assert frame.quality <= 1.01 * stipple.stipple(draw(time_), 1250).quality


@pytest.mark.slow
def test_a_frame_takes_half_the_time_of_a_new_drawing():
    before = stipple.stipple(make_frame(0, 512, 512, 6, 70), 5000, threads=1)
    times = np.zeros((2, 5))
    for number in range(5):
        density = make_frame(number + 1, 512, 512, 6, 70)
        began = time.process_time()
        frame = follow(before, density, threads=1)
        followed = time.process_time()
        cold = stipple.stipple(density, 5000, threads=1)
        times[:, number] = followed - began, time.process_time() - followed
        assert frame.quality <= 1.01 * cold.quality
        before = frame
    assert np.median(times[0]) <= 0.5 * np.median(times[1])
