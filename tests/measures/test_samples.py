"""Samples: what is accepted, how they are read, and the measures that images make."""

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stipple.errors import StippleError
from stipple.files.samples import read_samples, read_samples_or_density
from stipple.measures.density import Density
from stipple.measures.formula import Domain
from stipple.measures.measure import Measure
from stipple.measures.picture import Picture
from stipple.measures.samples import Samples


def read(text: str | bytes) -> Samples:
    data = text.encode() if isinstance(text, str) else text
    return read_samples(io.BytesIO(data))


@pytest.mark.parametrize(
    ("text", "points", "masses"),
    [
        ("1,2\n3,4\n", [[1, 2], [3, 4]], [0.5, 0.5]),
        ("1\n2\n5\n", [[1], [2], [5]], [1 / 3] * 3),
        ("x,y,weight\n1,2,3\n3,4,1\n", [[1, 2], [3, 4]], [0.75, 0.25]),
        ("mass;x\n1;5\n1;6", [[5], [6]], [0.5, 0.5]),
        ("# a comment\n\n1 2\n\n3\t4\n", [[1, 2], [3, 4]], [0.5, 0.5]),
        ("\ufeffx1,x2,W\n1,2,1\n", [[1, 2]], [1]),
        ("x,w\n1,0\n2,1\n", [[2]], [1]),  # a sample without mass is dropped
    ],
)
def test_text_is_read(text, points, masses):
    samples = read(text)
    assert samples.points.tolist() == points
    np.testing.assert_allclose(samples.masses, masses)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("1,2\n3,4,5\n", "line 2, has 3 values where the first row has 2"),
        ("x,y\n1,2\n3,b\n", "line 3, column 2, holds 'b'"),
        ("1,nan\n", "Sample 1 is not finite"),
        ("1,inf\n", "not finite"),
        ("x,w\n1,-2\n", "the mass -2"),
        ("x,w\n1,nan\n", "the mass nan"),
        ("x,w\n1,0\n", "No sample has any mass"),
        ("x,y\n", "holds no samples"),
        ("# nothing\n", "holds no samples"),
        ("w\n1\n", "no coordinates"),
        ("w,mass,x\n1,1,1\n", "2 columns of weights"),
        ("x,y\n1,2,3\n", "names 2 columns but has 3"),
        (b"\xff\xfe1,2\n", "not UTF-8"),
    ],
)
def test_what_is_wrong_with_text_is_said(text, said):
    with pytest.raises(StippleError, match=said):
        read(text)


@pytest.mark.parametrize(
    ("array", "said"),
    [
        (np.zeros((0, 2)), "shape"),
        (np.zeros((2, 2, 2)), "shape"),
        (np.array(["a"]), "type"),
        (np.array([1.0, np.nan]), "not finite"),
    ],
)
def test_what_is_wrong_with_an_array_is_said(array, said):
    file = io.BytesIO()
    np.save(file, array)
    with pytest.raises(StippleError, match=said):
        read(file.getvalue())


def test_a_truncated_array_is_told():
    file = io.BytesIO()
    np.save(file, np.ones((5, 2)))
    with pytest.raises(StippleError, match="damaged"):
        read(file.getvalue()[:-3])


def test_a_header_that_promises_too_much_is_told():
    header = b"{'descr': '<f8', 'fortran_order': False, 'shape': (10000000, 10000000)}\n"
    data = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header
    with pytest.raises(StippleError, match="too large"):
        read(data)


def save(array) -> io.BytesIO:
    file = io.BytesIO()
    np.save(file, array)
    file.seek(0)
    return file


@pytest.mark.parametrize(
    ("stream", "kind", "expected"),
    [
        (io.BytesIO(b"1,2\n3,4\n5,6\n"), "auto", Samples),
        (io.BytesIO(b"x,y\n3,4\n5,6\n"), "auto", Samples),
        (io.BytesIO(b"1,2\n3,4\n5,6\n"), "image", np.ndarray),
        (save(np.ones((20, 3))), "auto", Samples),
        (save(np.ones(7)), "auto", Samples),
        (save(np.ones((20, 30))), "auto", np.ndarray),
        (save(np.ones((2, 2))), "image", np.ndarray),
        (save(np.ones((2, 2))), "samples", Samples),
        (io.BytesIO(b"P2\n2 1\n255\n0 255\n"), "auto", Picture),
    ],
)
def test_samples_are_told_from_images(stream, kind, expected):
    stream.seek(0)
    assert isinstance(read_samples_or_density(stream, kind), expected)


@pytest.mark.parametrize("shape", [(2, 2), (1, 1), (3, 10)])
def test_small_matrices_that_may_be_either_are_refused(shape):
    with pytest.raises(StippleError, match="say --read image or --read samples"):
        read_samples_or_density(save(np.ones(shape)))


@given(st.binary(max_size=60))
def test_any_bytes_are_samples_or_a_sentence(data):
    try:
        samples = read_samples(io.BytesIO(data))
    except StippleError:
        return
    assert samples.masses.sum() == pytest.approx(1)


def test_samples_refuse_shapes_that_do_not_match():
    with pytest.raises(StippleError, match=r"\(n, d\)"):
        Samples(np.zeros((2, 2)), np.ones(3))


def test_thinning_keeps_the_measure():
    generator = np.random.default_rng(0)
    samples = Samples(np.sort(generator.random(1000))[:, None], generator.random(1000))
    thin = samples.thin(100)
    assert len(thin) == 100
    assert samples.thin(1000) is samples
    # Quantiles of the thin samples are those of all, up to the mass of one.
    ends = np.cumsum(samples.masses)
    for part, point in enumerate(thin.points[:, 0]):
        below = ends[np.searchsorted(samples.points[:, 0], point)]
        assert below == pytest.approx((part + 0.5) / 100, abs=2 * samples.masses.max())


def test_an_image_puts_its_mass_at_pixel_centres():
    values = np.array([[0.0, 3.0], [1.0, 0.0]])
    measure = Measure.from_domain(Domain(Density(values), (1.0, 2.0), 0.5))
    assert measure.samples.points.tolist() == [[1.75, 2.25], [1.25, 2.75]]
    assert measure.samples.masses.tolist() == [0.75, 0.25]
    assert measure.samples.volume == 0.25
    assert (measure.lower.tolist(), measure.upper.tolist()) == ([1, 2], [2, 3])
    assert measure.diameter == pytest.approx(np.sqrt(2))
    assert measure.ink == pytest.approx(4 / 3 * 0.25)


def test_samples_of_a_grid_have_a_box_half_a_cell_wider():
    cells = (np.arange(4) + 0.5)[:, None] / 4
    measure = Measure.from_samples(Samples(cells, np.ones(4), 0.25))
    assert (measure.lower.tolist(), measure.upper.tolist()) == ([0], [1])
