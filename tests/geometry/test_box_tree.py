"""The tree of boxes: every point once, in boxes that hold it and no more."""

import numpy as np
import pytest

from stipple.geometry.box_tree import LEAF_SIZE, NOWHERE, build_box_tree
from stipple.geometry.morton import order_along_curve


@pytest.mark.parametrize("count", [1, 7, 8, 9, 64, 65, 300])
@pytest.mark.parametrize("dimension", [1, 2, 3])
@pytest.mark.parametrize("ordered", [False, True])
def test_boxes_hold_their_points_and_no_more(count: int, dimension: int, ordered: bool) -> None:
    random = np.random.default_rng(count)
    # Few values, so that points coincide.
    points = random.integers(0, 9, (count, dimension)).astype(float)
    potentials = random.random(count)
    order = order_along_curve(points) if ordered else None
    tree = build_box_tree(points, potentials, order)
    assert sorted(tree.slots[tree.slots != NOWHERE]) == list(range(count))
    if order is not None:
        np.testing.assert_array_equal(tree.slots[:count], order)
    leaves = len(tree.slots) // LEAF_SIZE
    assert len(tree.highest) == 2 * leaves - 1

    def list_points(node: int) -> list[int]:
        if node < leaves - 1:
            return list_points(2 * node + 1) + list_points(2 * node + 2)
        start = (node - leaves + 1) * LEAF_SIZE
        return [point for point in tree.slots[start : start + LEAF_SIZE] if point != NOWHERE]

    for node in range(len(tree.highest)):
        inside = list_points(node)
        lower = points[inside].min(axis=0, initial=np.inf)
        upper = points[inside].max(axis=0, initial=-np.inf)
        np.testing.assert_array_equal(tree.lower[node], lower)
        np.testing.assert_array_equal(tree.upper[node], upper)
        assert tree.highest[node] == potentials[inside].max(initial=-np.inf)


def test_without_potentials_they_are_zero() -> None:
    tree = build_box_tree(np.zeros((3, 2)))
    assert tree.highest.tolist() == [0.0]
