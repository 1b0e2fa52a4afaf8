"""Equal-mass bisection: exact masses, a tiling, the order of the tree."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from oracles import integrate_polygon, make_rectangle

from stipple.arrays import Floats
from stipple.errors import StippleError
from stipple.geometry.bisection import bisect_mass, start_from_bisection
from stipple.measures.density import Density

RANDOM = np.random.default_rng(4)
WHITE_HALF = np.hstack([np.zeros((6, 7)), RANDOM.random((6, 3))])
PICTURES = {
    "one pixel": np.ones((1, 1)),
    "one row": RANDOM.random((1, 9)),
    "one column": RANDOM.random((9, 1)),
    "noise": RANDOM.random((5, 7)),
    "white half": WHITE_HALF,
    "white middle": np.array([[1.0, 0, 0, 0, 0, 1], [1.0, 0, 0, 0, 0, 1]]),
    "white border": np.pad(RANDOM.random((3, 3)), 3),
    "one black pixel": np.eye(1, 30, 17).reshape(5, 6),
    "wide range": 10.0 ** RANDOM.integers(-30, 0, (4, 5)),
}

every_picture = pytest.mark.parametrize("name", PICTURES)
every_count = pytest.mark.parametrize("count", [1, 2, 3, 7, 16, 37])

VALUES = st.tuples(st.integers(1, 5), st.integers(1, 5)).flatmap(
    lambda shape: arrays(float, shape, elements=st.sampled_from([0.0, 0.0, 0.25, 1.0, 3.0]))
)


def check_boxes(values: Floats, count: int) -> None:
    """Boxes in the domain, of equal mass, that do not overlap and leave nothing out."""
    height, width = values.shape
    boxes = bisect_mass(Density(values), count)
    assert boxes.shape == (count, 4)
    for box in boxes:
        mass, _, _ = integrate_polygon(values, make_rectangle(*box))
        assert mass == pytest.approx(1 / count, rel=0, abs=1e-12)
    x0, y0, x1, y1 = boxes.T
    assert (x0 >= 0).all()
    assert (y0 >= 0).all()
    assert (x1 <= width).all()
    assert (y1 <= height).all()
    shared_x = np.minimum(x1, x1[:, None]) - np.maximum(x0, x0[:, None])
    shared_y = np.minimum(y1, y1[:, None]) - np.maximum(y0, y0[:, None])
    overlap = np.maximum(shared_x, 0) * np.maximum(shared_y, 0)
    assert (overlap[~np.eye(count, dtype=bool)] == 0).all()
    assert overlap.trace() == pytest.approx(width * height, rel=1e-13)


@every_picture
@every_count
def test_boxes_share_the_mass_and_tile_the_domain(name: str, count: int) -> None:
    check_boxes(PICTURES[name], count)


@settings(deadline=None, max_examples=60)
@given(values=VALUES.filter(np.any), count=st.integers(1, 12))
def test_any_boxes_share_the_mass_and_tile_the_domain(values: Floats, count: int) -> None:
    check_boxes(values, count)


@pytest.mark.parametrize("count", [2, 3, 4, 5, 9, 16, 37])
def test_order_is_that_of_the_tree(count: int) -> None:
    """The first ⌊n/2⌋ boxes lie on one side of one line, the others on the other, and so on."""

    def check(boxes: Floats) -> None:
        if len(boxes) == 1:
            return
        first, second = np.split(boxes, [len(boxes) // 2])
        assert any(first[:, axis + 2].max() <= second[:, axis].min() for axis in (0, 1))
        check(first)
        check(second)

    check(bisect_mass(Density(PICTURES["noise"]), count))


def test_longer_side_is_cut_first() -> None:
    across = bisect_mass(Density(np.ones((2, 5))), 2)
    down = bisect_mass(Density(np.ones((5, 2))), 2)
    np.testing.assert_allclose(across, [[0, 0, 2.5, 2], [2.5, 0, 5, 2]], rtol=1e-15)
    np.testing.assert_allclose(down, [[0, 0, 2, 2.5], [0, 2.5, 2, 5]], rtol=1e-15)


@pytest.mark.parametrize("count", [10_000, 100_003])
def test_many_boxes_of_a_photograph_share_the_mass(count: int) -> None:
    values = RANDOM.random((300, 400)) ** 4
    boxes = bisect_mass(Density(values), count)
    areas = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1)
    assert areas.min() > 0
    assert areas.sum() == pytest.approx(300 * 400, rel=1e-12)
    for box in boxes[:: count // 5]:
        columns, rows = slice(int(box[0]), int(box[2]) + 1), slice(int(box[1]), int(box[3]) + 1)
        # The few pixels that the box meets, as a picture of their own.
        origin = np.array([columns.start, rows.start] * 2)
        part = values[rows, columns]
        mass, _, _ = integrate_polygon(part, make_rectangle(*(box - origin)))
        assert mass * part.sum() / values.sum() * count == pytest.approx(1, abs=1e-12 * count)


@every_picture
@every_count
def test_points_start_at_the_barycentres_of_the_boxes(name: str, count: int) -> None:
    values = PICTURES[name]
    density = Density(values)
    points, potentials = start_from_bisection(density, count)
    assert potentials.shape == (count,)
    assert np.isfinite(potentials).all()
    assert (potentials >= 0).all()
    boxes = bisect_mass(density, count)
    assert (points >= boxes[:, :2]).all()
    assert (points <= boxes[:, 2:]).all()
    for point, box in zip(points, boxes, strict=True):
        mass, first, _ = integrate_polygon(values, make_rectangle(*box))
        assert point == pytest.approx(first / mass, rel=0, abs=1e-10)


def test_potential_is_half_the_squared_half_side_of_a_square() -> None:
    points, potentials = start_from_bisection(Density(np.ones((6, 6))), 4)
    expected = [[1.5, 1.5], [1.5, 4.5], [4.5, 1.5], [4.5, 4.5]]
    np.testing.assert_allclose(points, expected, rtol=1e-14)
    assert potentials == pytest.approx([1.5**2 / 2] * 4)


def test_points_differ_even_in_one_pixel() -> None:
    points, _ = start_from_bisection(Density(np.ones((1, 1))), 4096)
    assert len(np.unique(points, axis=0)) == 4096


@pytest.mark.parametrize("count", [0, -3])
def test_no_boxes_are_an_error(count: int) -> None:
    with pytest.raises(StippleError, match="at least 1"):
        bisect_mass(Density(np.ones((2, 2))), count)
