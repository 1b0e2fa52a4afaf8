"""Text of doubles against Python's own."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stipple.arrays import Floats
from stipple.files import tables
from stipple.files.shortest import write_rows
from stipple.files.tables import render_columns_csv, render_points_csv

TINY = np.finfo(float).tiny
RANDOM = np.random.default_rng(0)
EDGES = [0.0, -0.0, 1.0, -1.5, 1e15, 1e16, 1e22, 1e23, 1e-4, 1e-5, 2.0**53 + 2, TINY, 1.5e300]
CASES = {
    "pixels": RANDOM.random((5_000, 4)) * 512,
    "of any size": 10.0 ** RANDOM.uniform(-307, 308, (5_000, 2)),
    "short": np.round(RANDOM.random((5_000, 2)) * 100, 2),
    "whole": RANDOM.integers(-(10**6), 10**6, (5_000, 2)).astype(float),
    "powers of two": 2.0 ** np.arange(-1022, 1024)[:, None],
    "below powers of two": np.nextafter(2.0 ** np.arange(-1021, 1024), 0)[:, None],
    "powers of ten": 10.0 ** np.arange(-307, 309)[:, None],
    "edges": np.array([EDGES]),
}


def write_by_python(rows: Floats) -> bytes:
    return "".join(",".join(map(repr, row)) + "\n" for row in rows.tolist()).encode()


@pytest.mark.parametrize("name", CASES)
def test_rows_are_those_of_python(name: str) -> None:
    assert write_rows(CASES[name]) == write_by_python(CASES[name])


@given(st.floats(allow_nan=False, allow_infinity=False, allow_subnormal=False))
def test_any_number_is_that_of_python(number: float) -> None:
    assert write_rows(np.array([[number]])) == f"{number!r}\n".encode()


@pytest.mark.parametrize("odd", [0.5, 5e-324, np.nan, np.inf])
def test_large_tables_are_written_as_small_ones(
    odd: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    points = RANDOM.random((30, 2))
    points[7, 1] = odd
    masses, radii, inks = np.full(30, 1 / 30), np.arange(30.0), ["black", "red"] * 15
    columns = {"name": inks, "x": points[:, 0]}
    expected = [
        render_points_csv(points, masses, radii),
        render_points_csv(points, masses, radii, inks),
        render_columns_csv(columns),
    ]
    monkeypatch.setattr(tables, "FEWEST_COMPILED", 1)
    monkeypatch.setattr(tables, "BATCH", 8)
    assert expected == [
        render_points_csv(points, masses, radii),
        render_points_csv(points, masses, radii, inks),
        render_columns_csv(columns),
    ]
    assert str(odd).encode() in expected[0]
