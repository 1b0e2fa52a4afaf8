"""Certified nearest neighbours, against tight intervals of all pairs."""

from dataclasses import replace

import numpy as np
import pytest
from bound_images import draw_blobs, draw_noise, draw_smooth

import stipple
from stipple.bounds import nearest

SHAPE = (20, 7)  # two resolutions


def draw_images(seed, count):
    """Smooth, rough and patchy images, some moved or with little added, so that many are near."""
    images = []
    for number in range(count):
        draw = (draw_smooth, draw_noise, draw_blobs)[number % 3]
        image = draw(100 * seed + number // 6, SHAPE)
        images.append(np.roll(image, number // 2, axis=number % 2) + 0.02 * number)
    return images


def bound_all(query, images, order):
    bounds = [stipple.bound(query, image, order, gap=0) for image in images]
    return np.array([one.lower for one in bounds]), np.array([one.upper for one in bounds])


@pytest.mark.parametrize(
    ("order", "seed"),
    [
        (2.0, 1),
        (1.0, 0),
        *(pytest.param(2.0, seed, marks=pytest.mark.slow) for seed in (2, 4, 5)),
        pytest.param(3.5, 3, marks=pytest.mark.slow),
    ],
)
def test_the_answer_is_that_of_all_pairs(order, seed):
    query, *images = draw_images(seed, 12)
    lower, upper = bound_all(query, images, order)
    for k in (1, 4, 11):
        found = stipple.find_nearest(query, images, k, order, gap=0)
        assert found.proved
        assert found.excess == 0
        assert len(set(found.indices.tolist())) == k
        others = np.setdiff1d(np.arange(len(images)), found.indices)
        assert upper[found.indices].max() <= lower[others].min(initial=np.inf) * (1 + 1e-9)
        # Both intervals hold the same distance.
        assert (found.lower <= upper).all()
        assert (lower <= found.upper).all()
        assert found.refined == np.count_nonzero(found.levels)
    assert found.refined == 0  # all of them are the nearest, whatever their distances


def test_few_pairs_are_refined_and_most_not_to_the_end():
    # Blots along a line: sums of rows and columns tell the near ones from the far ones.
    places = range(1, 22)
    images = [np.zeros((24, 24)) for _ in places]
    for place, image in zip(places, images, strict=True):
        image[place : place + 2, place : place + 2] = [[1, 2], [3, 4 + place]]
    query = images.pop(10)
    found = stipple.find_nearest(query, images, 2)
    assert sorted(found.indices.tolist()) == [9, 10]
    assert found.proved
    assert found.refined <= 6


def test_ties_are_said():
    query = draw_smooth(0, SHAPE)
    twins = [draw_smooth(1, SHAPE)] * 3
    near = 0.9 * query + 0.1 * twins[0]
    found = stipple.find_nearest(query, [*twins, near], 2, gap=1e-3)
    assert found.stopped == "gap"
    assert not found.proved
    assert found.indices[0] == 3
    assert len(found.rivals) == 2
    assert set(found.rivals.tolist()) | set(found.indices.tolist()) == {0, 1, 2, 3}
    assert 0 < found.excess <= 1e-3 * found.upper[0]
    # Which of the twins does not matter where all are wanted.
    assert stipple.find_nearest(query, [*twins, near], 4).proved
    # An exact distance ends a tie: none is nearer than another.
    line = [[[0, 1, 0]], [[0, 0, 1]], [[0, 1, 0]]]
    assert stipple.find_nearest([[1, 0, 0]], line).proved


def test_the_order_of_the_nearest_is_proved_or_not():
    query, *images = draw_images(1, 6)
    everything = stipple.find_nearest(query, images, len(images))
    assert everything.proved
    assert not everything.in_order  # nothing was solved
    distances = [[[0, 1, 0, 0]], [[0, 0, 1, 0]], [[0, 0, 0, 1]], [[0, 0, 1, 0]]]
    exact = stipple.find_nearest([[1, 0, 0, 0]], distances, 4)
    assert exact.indices.tolist() in ([0, 1, 3, 2], [0, 3, 1, 2])
    assert exact.in_order
    first = replace(exact, indices=exact.indices[::-1])
    assert not first.in_order


def test_the_image_itself_is_nearest():
    images = draw_images(5, 6)
    found = stipple.find_nearest(images[2] * 7, images)
    assert found.indices.tolist() == [2]
    assert found.upper[2] < 1e-6


def test_no_time_leaves_valid_intervals():
    query, *images = draw_images(1, 6)
    found = stipple.find_nearest(query, images, 2, time_limit=0)
    assert found.stopped == "time"
    assert found.refined == 0
    assert found.saving is None
    lower, upper = bound_all(query, images, 2)
    assert (found.lower <= upper).all()
    assert (lower <= found.upper).all()
    assert found.excess > 0


def test_units_and_squares():
    query, *images = draw_images(2, 5)
    pixels = stipple.find_nearest(query, images, 2)
    sides = stipple.find_nearest(query, images, 2, unit="side")
    np.testing.assert_allclose(sides.upper, pixels.upper / 20)
    squares = stipple.find_nearest(query, images, 2, pixels="squares")
    assert (squares.lower <= pixels.lower).all()
    np.testing.assert_allclose(squares.upper, pixels.upper, rtol=0.1)


def test_what_keeps_ties_from_being_told_apart():
    """Squares are bounded through their centres: their intervals stay far wider than the gap."""
    images = np.random.default_rng(7).random((7, 4, 5))
    found = stipple.find_nearest(images[0], images[1:], 2, pixels="squares")
    assert found.stopped == "squares"
    assert ((found.upper - found.lower) / found.lower).min() > 0.1
    assert found.solved.all()
    rounded = stipple.find_nearest(images[0], [3 * images[0], 7 * images[0]])
    assert rounded.stopped == "precision"  # equal up to rounding: both may be the nearest
    assert rounded.excess < 1e-6


def test_memory_of_decided_pairs_is_given_back(monkeypatch):
    made = []
    original = nearest._Comparison.__init__

    def make(pair, *arguments):
        original(pair, *arguments)
        made.append(pair)

    monkeypatch.setattr(nearest._Comparison, "__init__", make)
    query, *images = draw_images(3, 12)
    found = stipple.find_nearest(query, images, 3, gap=0)
    assert found.refined > 0
    assert all(pair._steps is None for pair in made if pair.finished)


@pytest.mark.parametrize(
    ("images", "options", "said"),
    [
        ([], {}, "The 1 nearest of 0 images"),
        ([[[1, 2]]], {"k": 2}, "The 2 nearest of 1 images"),
        ([[[1, 2]]], {"k": 0}, "number of nearest images is 0"),
        ([[[1, 2]]], {"k": 1.5}, "number of nearest images is 1.5"),
        ([[[1, 2]], [[0, 0]]], {}, "The image 2 of 2 has no mass"),
        ([[[1, -2]]], {}, "The image 1 of 1 holds -2"),
        ([[[1, 2, 3]]], {}, "The query has 1 × 2 pixels and the image 1 of 1 1 × 3"),
        ([[[1, 2]]], {"p": 0.5}, "0.5"),
        ([[[1, 2]]], {"gap": -1}, "gap to reach is -1"),
        ([[[1, 2]]], {"unit": "mile"}, "mile"),
        ([[[1, 2]]], {"time_limit": -1}, "time limit is -1"),
        ([[[1, 2]]], {"names": ["q", "scan"], "query": [[0, 0]]}, "The q has no mass"),
        ([[[1, 2]]], {"names": ["q"]}, "1 names came for the query and 1 images"),
    ],
)
def test_what_cannot_be_done_is_said(images, options, said):
    with pytest.raises(stipple.StippleError, match=said):
        stipple.find_nearest(**{"query": [[1, 1]], "images": images, **options})
