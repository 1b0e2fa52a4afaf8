import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from stipple.errors import StippleError
from stipple.files.tables import read_points_csv, render_json, render_points_csv

finite = st.floats(allow_nan=False, allow_infinity=False)


@pytest.fixture
def write(tmp_path):
    def write(content):
        path = tmp_path / "points.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def test_csv_has_a_header_and_short_numbers():
    points = np.array([[0.5, 1.0], [0.1, 1e-7]])
    assert render_points_csv(points, np.array([2.0, 1 / 3]), np.array([0.25, 3.0])) == (
        b"x,y,mass,radius\n0.5,1.0,2.0,0.25\n0.1,1e-07,0.3333333333333333,3.0\n"
    )


@settings(deadline=None)
@given(arrays(np.float64, st.tuples(st.integers(1, 30), st.just(4)), elements=finite))
def test_csv_reads_back_to_the_last_bit(tmp_path_factory, rows):
    path = tmp_path_factory.mktemp("csv") / "points.csv"
    path.write_bytes(render_points_csv(rows[:, :2], rows[:, 2], rows[:, 3]))
    assert read_points_csv(path).tobytes() == rows[:, :2].tobytes()


def test_many_batches_keep_the_order(write):
    points = np.random.default_rng(1).uniform(0, 1000, (25_001, 2))
    path = write(render_points_csv(points, *np.ones((2, len(points)))))
    assert np.array_equal(read_points_csv(path), points)


@pytest.mark.parametrize(
    "content",
    [
        "1,2\n3,4\n",
        "1,2,9\n3,4,9\n",
        "x,y\n1,2\n3,4",
        "mass,Y,X\n9,2,1\n9,4,3\n",
        "\ufeffx,y\r\n1,2\r\n\r\n3,4\r\n",
        'name, x, y\n"a, b",1,2\nc, 3.0, 4e0\n',
    ],
)
def test_columns_by_name_or_the_first_two(write, content):
    assert read_points_csv(write(content)).tolist() == [[1, 2], [3, 4]]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "is empty"),
        ("\n\n", "no points"),
        ("x,y\n", "no points"),
        ("1,2\n3\n", "line 2, has 1 values where the first row has 2"),
        ("x,y\n1,2\n3,4,5\n", "line 3, has 3 values"),
        ("1\n2\n", "one column"),
        ("a,b\n1,2\n", "columns a, b; name two of them x and y"),
        ("x,y\n1,two\n", "line 2, column 2, holds 'two'"),
        ("x,y\n1,\n", "line 2"),
        ("1,2\nnan,3\n", "point 2 is not finite"),
        ("x,y\n1,inf\n", "point 1 is not finite"),
        (b"\x89PNG\r\n\x1a\n\xff", "not UTF-8 text"),
    ],
)
def test_bad_tables(write, content, words):
    path = write(content)
    with pytest.raises(StippleError, match=words) as failure:
        read_points_csv(path)
    assert str(path) in str(failure.value)
    assert "\n" not in str(failure.value)


def test_unreadable_tables(tmp_path):
    for path, words in ((tmp_path, "is a directory"), (tmp_path / "missing.csv", "does not exist")):
        with pytest.raises(StippleError, match=words):
            read_points_csv(path)


def test_json_keeps_order_and_takes_numpy():
    report = {
        "points": np.int64(3),
        "a": np.float32(0.5),
        "list": np.array([[1.5, 2.0]]),
        "flag": np.bool_(True),
        "name": "é",
        "none": None,
    }
    data = render_json(report)
    assert data.endswith(b"}\n")
    assert "é" in data.decode()
    read_back = json.loads(data)
    assert list(read_back) == list(report)
    assert read_back == {
        "points": 3,
        "a": 0.5,
        "list": [[1.5, 2.0]],
        "flag": True,
        "name": "é",
        "none": None,
    }


@pytest.mark.parametrize("value", [float("nan"), np.float32("inf"), np.array([1.0, np.nan])])
def test_json_refuses_what_it_cannot_hold(value):
    with pytest.raises(StippleError, match="NaN or infinity"):
        render_json({"figure": value})
