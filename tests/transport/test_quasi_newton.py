"""Limited-memory BFGS against the dense recursion, and the limit of steps."""

import numpy as np

from stipple.transport.quasi_newton import QuasiNewton, limit_shift

RANDOM = np.random.default_rng(0)


def test_shifts_are_those_of_the_dense_recursion() -> None:
    """Inverse Hessians updated as whole matrices (Nocedal and Wright, equation 6.17)."""
    size = 6
    root = RANDOM.standard_normal((size, size))
    hessian = root @ root.T + np.eye(size)
    method = QuasiNewton(first_step=0.1)
    points = RANDOM.standard_normal((3, 2))
    pairs = []
    last = None
    for _ in range(5):
        gradient = (hessian @ points.ravel()).reshape(3, 2)
        if last is not None:
            pairs.append(((points - last[0]).ravel(), (gradient - last[1]).ravel()))
        last = points, gradient
        found = method.find_shift(points, gradient)
        if pairs:
            moved, change = pairs[-1]
            inverse = np.eye(size) * (moved @ change) / (change @ change)
            for moved, change in pairs:
                left = np.eye(size) - np.outer(moved, change) / (moved @ change)
                inverse = left @ inverse @ left.T + np.outer(moved, moved) / (moved @ change)
            expected = -(inverse @ gradient.ravel()).reshape(3, 2)
        else:
            expected = -0.1 * gradient
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)
        points = points + 0.5 * found


def test_negative_curvature_is_not_learnt() -> None:
    method = QuasiNewton()
    first, second = np.array([[0.0, 0.0]]), np.array([[1.0, 0.0]])
    method.find_shift(first, np.array([[1.0, 2.0]]))
    gradient = np.array([[0.5, 2.0]])  # it falls along the move
    np.testing.assert_array_equal(method.find_shift(second, gradient), -gradient)


def test_what_was_learnt_is_forgotten() -> None:
    method = QuasiNewton()
    method.find_shift(np.zeros((1, 2)), np.array([[1.0, 2.0]]))
    method.forget()
    gradient = np.array([[3.0, 2.0]])
    np.testing.assert_array_equal(method.find_shift(np.ones((1, 2)), gradient), -gradient)


def test_points_go_no_farther_than_the_limit_or_the_safe_step() -> None:
    shift = np.array([[3.0, 4.0], [3.0, 4.0], [0.3, 0.4], [0.0, 0.0]])
    safe = np.array([[1.0, 0.0], [0.0, 4.0], [0.0, 0.0], [0.0, 0.0]])
    limited = limit_shift(shift, safe, np.full(4, 2.5))
    expected = [[1.5, 2.0], [2.4, 3.2], [0.3, 0.4], [0.0, 0.0]]
    np.testing.assert_allclose(limited, expected, rtol=1e-15)
