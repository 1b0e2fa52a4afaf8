import io
import sys
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from stipple.errors import StippleError
from stipple.files.matrices import read_matrix
from stipple.files.pictures import read_source

MATRICES = arrays(
    np.float64,
    array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=6),
    elements=st.floats(0, allow_nan=False, allow_infinity=False, allow_subnormal=True),
)


def read_text(text: str) -> np.ndarray:
    return read_matrix(io.BytesIO(text.encode()))


def npy(values: np.ndarray, **options: object) -> io.BytesIO:
    stream = io.BytesIO()
    np.save(stream, values, **options)
    stream.seek(0)
    return stream


@given(
    MATRICES,
    st.sampled_from([",", ", ", ";", " ; ", "\t", " ", "   "]),
    st.sampled_from(["\n", "\r\n", "\n\n", "\n# a comment, with 2 numbers\n"]),
    st.booleans(),
    st.booleans(),
)
def test_text_round_trip_is_exact(values, separator, end, byte_order_mark, comment):
    text = "\ufeff" if byte_order_mark else ""
    text += "# darkness\n" if comment else ""
    text += "".join(separator.join(map(repr, row)) + end for row in values.tolist())
    for read in (read_matrix, read_source):
        back = read(io.BytesIO(text.encode()))
        assert back.dtype == np.float64
        np.testing.assert_array_equal(back, values)


@given(MATRICES)
def test_npy_round_trip_is_exact(values):
    np.testing.assert_array_equal(read_matrix(npy(values)), values)
    np.testing.assert_array_equal(read_source(npy(np.asfortranarray(values))), values)


@pytest.mark.parametrize("dtype", [bool, np.uint8, ">i4", np.float16, np.float32, np.longdouble])
def test_npy_of_real_types(dtype):
    values = np.array([[0, 1], [1, 1]]).astype(dtype)
    back = read_matrix(npy(values))
    assert back.dtype == np.float64
    np.testing.assert_array_equal(back, values.astype(float))


def test_numpy_savetxt_is_read_back(tmp_path):
    values = np.random.default_rng(0).random((4, 3))
    for name, separator in (("a.csv", ","), ("a.txt", " "), ("a.tsv", "\t"), ("a", ";")):
        np.savetxt(tmp_path / name, values, delimiter=separator, fmt="%.17g", header="values")
        np.testing.assert_array_equal(read_source(tmp_path / name), values)


def test_standard_input(monkeypatch):
    for data in (b" 1 2\n3 4\n", b"# rows\n1;2\n3;4", npy(np.array([[1, 2], [3, 4]])).getvalue()):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
        np.testing.assert_array_equal(read_source("-"), [[1, 2], [3, 4]])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1,2\n3", "line 2, has 1 values where the first row has 2"),
        ("1,2\n3,4,5", "line 2, has 3 values where the first row has 2"),
        ("1,2\n# c\n3,x", "line 3, column 2, holds 'x'"),
        ("a,b\n1,2", "line 1, column 1, holds 'a'"),
        ("1,,2", "line 1, column 2, holds ''"),
        ("0,5;1,5", "line 1, column 1, holds '0,5'.*decimal point"),
        ("1 2\n3 nan", "holds nan in row 2, column 2"),
        ("1 inf", "holds inf in row 1, column 2"),
        ("1 -2e-9", "holds -2e-09 in row 1, column 2: a density needs"),
        ("# nothing\n\n", "holds no numbers"),
        ("\n", "holds no numbers"),
        ("", r"is empty \(0 bytes\)"),
        ("\0\0", "holds '.x00.x00'"),
    ],
)
def test_bad_text(tmp_path, text, message):
    path = tmp_path / "bad.csv"
    path.write_text(text, newline="")
    with pytest.raises(StippleError, match=message) as caught:
        read_source(path)
    assert "bad.csv" in str(caught.value)
    assert str(caught.value).endswith(".")
    assert "\n" not in str(caught.value)


def test_text_that_is_not_utf8(tmp_path):
    path = tmp_path / "bad.csv"
    path.write_bytes("1\t2".encode("utf-16"))
    with pytest.raises(StippleError, match=r"bad\.csv is not UTF-8 text"):
        read_source(path)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (np.ones(0), r"shape \(0,\)"),
        (np.float64(1), r"shape \(\)"),
        (np.ones((4, 5, 3)), r"shape \(4, 5, 3\): save one grey channel"),
        (np.ones((4, 5, 4)), r"shape \(4, 5, 4\).*PNG"),
        (np.ones((0, 0)), r"shape \(0, 0\)"),
        (np.ones((3, 0)), r"shape \(3, 0\)"),
        (np.ones((2, 2), complex), "type complex128"),
        (np.array([["a"]]), "type <U1"),
        (np.array([[None]]), "type object"),
        (np.zeros((2, 2), [("x", float)]), "real numbers"),
        (np.array([[1, np.nan]]), "nan in row 1, column 2"),
        (np.array([[1], [np.inf]]), "inf in row 2, column 1"),
        (np.array([[np.finfo(np.longdouble).max]]), "holds"),
        (np.array([[-1]]), "-1.0 in row 1, column 1"),
    ],
)
def test_bad_npy(values, message):
    if values.dtype == np.longdouble and np.finfo(np.longdouble).max == np.finfo(float).max:
        pytest.skip("no longer type than float64 here")
    with pytest.raises(StippleError, match=message) as caught:
        read_matrix(npy(values))
    assert str(caught.value).endswith(".")


@given(st.integers(1, 10_000), st.sampled_from(["<f8", "O"]))
def test_cut_npy_never_gives_a_traceback(cut, dtype):
    data = npy(np.ones((7, 9)).astype(dtype)).getvalue()
    with pytest.raises(StippleError):
        read_matrix(io.BytesIO(data[: cut % len(data)]))


@given(st.integers(0, 127), st.integers(0, 255))
def test_damaged_npy_header_never_gives_a_traceback(place, value):
    data = bytearray(npy(np.ones((2, 2))).getvalue())
    data[place] = value
    with suppress(StippleError):
        read_matrix(io.BytesIO(bytes(data)), max_pixels=1000)


def test_a_vector_is_one_row(tmp_path):
    np.save(tmp_path / "vector.npy", np.array([0, 2, 1]))
    assert read_matrix(tmp_path / "vector.npy").tolist() == [[0, 2, 1]]
    with pytest.raises(StippleError, match="at least 3 entries"):
        read_matrix(tmp_path / "vector.npy", max_pixels=2)


def test_size_limit(tmp_path):
    np.save(tmp_path / "big.npy", np.ones((3, 4)))
    assert read_matrix(tmp_path / "big.npy", max_pixels=12).shape == (3, 4)
    with pytest.raises(StippleError, match=r"big\.npy has at least 12 entries.*--max-pixels"):
        read_matrix(tmp_path / "big.npy", max_pixels=11)
    with pytest.raises(StippleError, match="more than the 3 allowed"):
        read_matrix(io.BytesIO(b"1 2\n3 4\n"), max_pixels=3)


def test_a_file_named_npy_that_is_not():
    with pytest.raises(StippleError):
        read_matrix(io.BytesIO(b"\x93NUMPX"))


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".txt", ".dat", ".TXT"])
def test_every_suffix_of_text_is_a_matrix(tmp_path, suffix):
    (tmp_path / f"a{suffix}").write_text("1\t2\n3\t4\n")
    assert read_source(str(tmp_path / f"a{suffix}")).tolist() == [[1, 2], [3, 4]]
