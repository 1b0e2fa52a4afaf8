"""Arrays of every layout and type, counts and numbers, as callers give them to public functions."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.sparse import csr_array

import stipple
from stipple.arguments import (
    accept_former_name,
    accept_positional,
    read_array,
    read_count,
    read_floats,
    read_number,
    read_pixels,
    read_points,
)
from stipple.sequences.boxes import partition_prefix
from stipple.sequences.certificate import certify_prefixes


class Frame:
    """What a data frame is to NumPy."""

    def __init__(self, values):
        self._values = values

    def __array__(self, dtype=None, copy=None):
        return np.array(self._values, dtype=dtype, copy=copy)


def make_frame(values):
    return pytest.importorskip("pandas").DataFrame(values)


def misalign(values):
    return np.frombuffer(b"\0" + values.tobytes(), dtype=values.dtype, offset=1).reshape(
        values.shape
    )


LAYOUTS = {
    "Fortran": np.asfortranarray,
    "transposed": lambda values: np.ascontiguousarray(values.T).T,
    "backwards": lambda values: np.ascontiguousarray(values[::-1, ::-1])[::-1, ::-1],
    "strided": lambda values: np.repeat(np.repeat(values, 2, 0), 3, 1)[::2, ::3],
    "a part": lambda values: np.pad(values, 2)[2:-2, 2:-2],
    "read-only": lambda values: np.broadcast_to(values, values.shape),
    "big-endian": lambda values: values.astype(values.dtype.newbyteorder(">")),
    "misaligned": misalign,
    "a matrix": lambda values: values.view(np.matrix),
    "objects": lambda values: values.astype(object),
    "fractions": lambda values: [[Fraction(one) for one in row] for row in values.tolist()],
    "lists": lambda values: values.tolist(),
    "masked nowhere": np.ma.masked_array,
    "like a frame": Frame,
    "a frame": make_frame,
}
SEEDS = st.integers(0, 2**32 - 1)
IMAGES = SEEDS.map(lambda seed: np.random.default_rng(seed).random((5, 8)).round(2))
POINTS = SEEDS.map(lambda seed: np.random.default_rng(seed).standard_normal((9, 2)))


def describe_stippling(image, **options):
    result = stipple.stipple(image, 2, iterations=2, threads=1, **options)
    return (*result.points.ravel().tolist(), result.w2_squared_lower, result.w2_squared_upper)


def describe_bounds(first, second, p=2):
    result = stipple.bound(first, second, p, threads=1)
    return result.lower, result.upper, result.normalised


def describe_atoms(samples):
    result = stipple.edot(samples, 2, threads=1)
    return (*result.atoms.ravel().tolist(), *result.weights.tolist(), result.cost)


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
@settings(max_examples=2, deadline=None)
@given(image=IMAGES, other=IMAGES, points=POINTS)
def test_the_layout_of_an_array_changes_nothing(layout, image, other, points):
    given_image, given_points = layout(image), layout(points)
    before = np.array(given_image, dtype=float), np.array(given_points, dtype=float)
    assert stipple.Density(given_image).values.tobytes() == image.tobytes()
    assert describe_stippling(given_image) == describe_stippling(image)
    assert describe_bounds(given_image, layout(other)) == describe_bounds(image, other)
    assert describe_bounds(given_image, other, 1) == describe_bounds(image, other, 1)
    assert describe_atoms(given_points) == describe_atoms(points)
    start = np.array([[1.0, 3.0], [4.0, 0.5]])
    assert describe_stippling(image, start=layout(start)) == describe_stippling(image, start=start)
    # What callers gave is theirs.
    np.testing.assert_array_equal(np.array(given_image, dtype=float), before[0])
    np.testing.assert_array_equal(np.array(given_points, dtype=float), before[1])


@pytest.mark.parametrize("axis", [0, 1])
def test_views_that_repeat_their_memory(axis):
    line = np.array([1.0, 0.0, 2.0, 4.0])
    shape = (4, 3) if axis == 0 else (3, 4)
    view = np.broadcast_to(line[:, None] if axis == 0 else line, shape)
    assert describe_bounds(view, view[::-1, ::-1]) == describe_bounds(
        view.copy(), view[::-1, ::-1].copy()
    )
    assert describe_stippling(view) == describe_stippling(view.copy())


@pytest.mark.parametrize("kind", ["?", "i1", "u1", ">i2", "<u4", "i8", "u8", "f2", ">f4", "f8"])
def test_the_type_of_an_array_changes_nothing(kind):
    generator = np.random.default_rng(3)
    image, other = (generator.integers(0, 2, (5, 4)) for _ in range(2))
    points = np.argwhere(np.ones((4, 3))) % 2 if kind == "?" else np.argwhere(np.ones((4, 3)))
    plain = image.astype(float), other.astype(float), points.astype(float)
    if kind != "u1":  # which is how pictures are, not densities
        assert describe_stippling(image.astype(kind)) == describe_stippling(plain[0])
    assert describe_bounds(image.astype(kind), other.astype(kind)) == describe_bounds(*plain[:2])
    assert describe_atoms(points.astype(kind)) == describe_atoms(plain[2])


# --- masks --------------------------------------------------------------------------------------


@pytest.mark.parametrize("wrong", [np.nan, -5.0, np.inf, 1e300])
def test_masked_pixels_have_no_mass(wrong):
    image = np.arange(1.0, 21.0).reshape(4, 5)
    hidden = np.zeros((4, 5), bool)
    hidden[1, 2:4] = hidden[3, 0] = True
    masked = np.ma.masked_array(np.where(hidden, wrong, image), hidden)
    white = np.where(hidden, 0, image)
    assert stipple.Density(masked).values.tolist() == white.tolist()
    assert describe_stippling(masked) == describe_stippling(white)
    assert describe_bounds(masked, image) == describe_bounds(white, image)
    assert describe_bounds(image, masked.T.T) == describe_bounds(image, white)
    assert describe_bounds(list(masked), image) == describe_bounds(white, image)
    whole = np.ma.masked_array(np.arange(1, 21, dtype=np.uint8).reshape(4, 5), hidden)
    assert describe_bounds(whole, image) == describe_bounds(white, image)


def test_masked_samples_are_left_out():
    points = np.random.default_rng(5).random((12, 2))
    hidden = np.zeros((12, 2), bool)
    hidden[2, 1] = hidden[7] = True
    masked = np.ma.masked_array(np.where(hidden, np.nan, points), hidden)
    kept = points[~hidden.any(axis=1)]
    assert describe_atoms(masked) == describe_atoms(kept)
    masses = np.ma.masked_array(np.arange(1.0, 13.0), np.arange(12) == 4)
    samples = stipple.Samples(masked, masses)
    left = ~hidden.any(axis=1) & (np.arange(12) != 4)
    assert samples.points.tolist() == points[left].tolist()
    np.testing.assert_allclose(samples.masses, masses.data[left] / masses.data[left].sum())
    start = np.ma.masked_array([[1.0, 1.0], [2.0, 2.0], [3.0, 1.0]], [[0, 0], [1, 0], [0, 0]])
    result = stipple.stipple(np.ones((4, 4)), start=start, iterations=0)
    assert result.points.tolist() == [[1, 1], [3, 1]]


@pytest.mark.parametrize("shape", [(3, 2), (1, 1)])
def test_what_is_masked_altogether_is_nothing(shape):
    nothing = np.ma.masked_all(shape)
    for call in (
        lambda: stipple.stipple(nothing, 1),
        lambda: stipple.bound(nothing, np.ones(shape)),
        lambda: stipple.edot(nothing, 1),
        lambda: stipple.stipple(np.ones((3, 3)), start=np.ma.masked_all((2, 2))),
    ):
        with pytest.raises(stipple.StippleError, match=r"nothing|no mass|at least one"):
            call()


# --- what is no array of numbers ----------------------------------------------------------------

NO_ARRAYS = {
    "ragged": [[1.0, 2.0], [3.0]],
    "ragged arrays": [np.ones(2), np.ones(3)],
    "complex": np.ones((2, 2)) * 1j,
    "complex without imaginary part": np.ones((2, 2), complex),
    "text": [["1", "2"], ["3", "4"]],
    "bytes": b"12",
    "a word": "no such word",
    "nothing": None,
    "missing": [[1.0, None], [2.0, 3.0]],
    "dates": np.zeros((2, 2), "M8[s]"),
    "fields": np.zeros((2, 2), [("x", float)]),
    "sparse": csr_array(np.eye(2)),
    "a mapping": {1: 2},
    "a generator": (one for one in [1, 2]),
    "one number": 3.0,
    "no axes": np.array(5),
    "a masked number": np.ma.masked,
    "masked in a list": [[1.0, np.ma.masked], [2.0, 3.0]],
    "too large": [[10**400, 1], [1, 1]],
    "much too large": [[10**5000, 1], [1, 1]],
    "rounded": [[2**70 + 1, 1], [1, 1]],
    "a third": [[Fraction(1, 3), 1], [1, 1]],
    "three axes": np.ones((2, 2, 2)),
    "empty": np.ones((0, 2)),
    "not finite": [[1.0, np.nan], [1.0, 2.0]],
}


@pytest.mark.parametrize("values", NO_ARRAYS.values(), ids=NO_ARRAYS)
@pytest.mark.parametrize(
    "call",
    [
        lambda values: stipple.stipple(values, 1),
        lambda values: stipple.stipple(np.ones((9, 9)), start=values),
        lambda values: stipple.Density(values),
        lambda values: stipple.bound(values, np.ones((2, 2))),
        lambda values: stipple.bound(np.ones((2, 2)), values),
        lambda values: stipple.edot(values, 1),
        lambda values: stipple.Samples(values, np.ones(2)),
        lambda values: stipple.Samples(np.ones((2, 2)), values),
    ],
    ids=["stipple", "start", "Density", "bound", "bound, second", "edot", "Samples", "masses"],
)
def test_what_is_no_array_of_numbers_is_said_in_a_sentence(call, values):
    with pytest.raises(stipple.StippleError) as caught:
        call(values)
    assert "\n" not in str(caught.value)
    assert str(caught.value).endswith(".")


@pytest.mark.filterwarnings("error")
def test_sums_that_overflow_are_said():
    for points, masses, said in (
        (np.full((3, 2), 1e308), np.ones(3), "coordinates are too large"),
        (np.array([[-1.7e308], [1.7e308]]), np.ones(2), "coordinates are too large"),
        (np.ones((3, 2)), np.full(3, 1e308), "masses of samples are too large"),
        (np.ones((3, 2)), [1.0, np.inf, 1.0], "the mass inf"),
    ):
        with pytest.raises(stipple.StippleError, match=said):
            stipple.Samples(points, masses)
    with pytest.raises(stipple.StippleError, match="too large to add up"):
        stipple.edot(np.full((3, 1), 1e308), 1)
    with pytest.raises(stipple.StippleError, match="too large to add up"):
        stipple.stipple(np.full((3, 2), 1e308), 1)


def test_failures_are_value_errors():
    with pytest.raises(ValueError, match="all white"):
        stipple.stipple(np.zeros((2, 2)))


@given(arrays(np.float64, (3, 4), elements=st.floats(allow_nan=False, allow_infinity=False)))
def test_an_array_of_objects_is_taken_as_it_is(values):
    array, hidden = read_array(values.astype(object), "array")
    assert array.tobytes() == values.tobytes()
    assert hidden is None


def test_longer_numbers_are_rounded_where_nothing_is_proved_of_them():
    if np.finfo(np.longdouble).nmant == np.finfo(float).nmant:
        pytest.skip("no longer type than float64 here")
    third = np.ones((1, 1), np.longdouble) / 3
    assert read_floats(third, "array")[0].tolist() == [[1 / 3]]
    with pytest.raises(stipple.StippleError, match="at most 64 bits"):
        stipple.bound(third, third)


# --- counts and numbers -------------------------------------------------------------------------

IMAGE = np.ones((3, 3))
SAMPLES = np.arange(10.0).reshape(5, 2)
COUNTS = {
    "points": lambda count: stipple.stipple(IMAGE, count),
    "iterations": lambda count: stipple.stipple(IMAGE, 2, iterations=count),
    "seed of stipple": lambda count: stipple.stipple(IMAGE, 2, seed=count),
    "threads of stipple": lambda count: stipple.stipple(IMAGE, 2, threads=count),
    "atoms": lambda count: stipple.edot(SAMPLES, count),
    "steps": lambda count: stipple.edot(SAMPLES, 2, steps=count),
    "batch": lambda count: stipple.edot(SAMPLES, 2, batch=count, objective="sharp", steps=1),
    "seed": lambda count: stipple.edot(SAMPLES, 2, seed=count),
    "threads": lambda count: stipple.edot(SAMPLES, 2, threads=count),
    "block": lambda count: stipple.bound([[1, 2]], [[2, 1]], block=count),
    "threads of bound": lambda count: stipple.bound([[1, 2]], [[2, 1]], threads=count),
    "n of sequence": lambda count: stipple.sequence(count),
    "d of sequence": lambda count: stipple.sequence(3, count),
    "skip of sequence": lambda count: stipple.sequence(3, skip=count),
    "n of certify_prefix": lambda count: stipple.certify_prefix(count),
    "d of certify_prefix": lambda count: stipple.certify_prefix(3, count),
    "n of partition_prefix": lambda count: partition_prefix(count),
    "start of certify_prefixes": lambda count: list(certify_prefixes(count, 5, 1, 2)),
    "stop of certify_prefixes": lambda count: list(certify_prefixes(1, count, 1, 2)),
    "samples to keep": lambda count: stipple.Samples(SAMPLES, np.ones(5)).thin(count),
    "step of certify_prefixes": lambda count: list(certify_prefixes(1, 3, count, 2)),
}
NO_COUNTS = [1.5, 2.0, "2", True, np.True_, np.float32(2), float("nan"), [2], np.ones(2, int), -1]
NO_COUNTS += [10**5000, -(10**5000)]


@pytest.mark.parametrize("call", COUNTS.values(), ids=COUNTS)
@pytest.mark.parametrize("value", NO_COUNTS, ids=range(len(NO_COUNTS)))
def test_what_is_no_count_is_said_in_a_sentence(call, value):
    with pytest.raises(stipple.StippleError, match=r"give|ask for") as caught:
        call(value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("call", COUNTS.values(), ids=COUNTS)
@pytest.mark.parametrize("kind", [np.int8, np.uint8, np.int32, np.uint64, np.intp, np.array])
def test_integers_of_every_type_are_counts(call, kind):
    call(kind(2))


@pytest.mark.parametrize("kind", [np.int8, np.int64, np.uint64])
def test_small_types_do_not_overflow(kind):
    np.testing.assert_array_equal(stipple.sequence(kind(100), kind(3)), stipple.sequence(100, 3))
    assert stipple.certify_prefix(kind(100), kind(2)) == stipple.certify_prefix(100, 2)
    np.testing.assert_array_equal(
        stipple.sequence(kind(100), 2, skip=kind(120)), stipple.sequence(100, 2, skip=120)
    )
    assert type(stipple.certify_prefix(kind(100)).count) is int
    assert type(stipple.Settings(seed=kind(3)).seed) is int


@pytest.mark.parametrize(
    "call",
    [
        lambda number: stipple.stipple(IMAGE, 2, tolerance=number),
        lambda number: stipple.edot(SAMPLES, 2, zeta=number),
        lambda number: stipple.edot(SAMPLES, 2, p=number),
        lambda number: stipple.bound([[1, 2]], [[2, 1]], number),
        lambda number: stipple.bound([[1, 2]], [[2, 1]], gap=number),
        lambda number: stipple.bound([[1, 2]], [[2, 1]], time_limit=number),
    ],
    ids=["tolerance", "zeta", "p of edot", "p", "gap", "time_limit"],
)
def test_numbers_are_real_and_in_range(call):
    for value in (2, 2.0, np.float32(2), np.int8(2), Fraction(2)):
        call(value)
    for value in ("2", True, [2.0], float("nan"), -1, 1j, -(10**5000)):
        with pytest.raises(stipple.StippleError, match="give a"):
            call(value)


@pytest.mark.parametrize(
    "call",
    [
        lambda word: stipple.stipple(IMAGE, 2, method=word),
        lambda word: stipple.stipple(IMAGE, 2, engine=word),
        lambda word: stipple.edot(SAMPLES, 2, objective=word),
        lambda word: stipple.bound([[1, 2]], [[2, 1]], method=word),
    ],
)
@pytest.mark.parametrize("word", ["best", 3, None, ["auto"], np.array(["auto", "auto"])], ids=repr)
def test_words_are_known(call, word):
    with pytest.raises(stipple.StippleError, match="one of"):
        call(word)


def test_settings_are_settings():
    with pytest.raises(stipple.StippleError, match="a dict: give them as keywords"):
        stipple.edot(SAMPLES, 1, {"order": 1})


# --- the readers themselves ---------------------------------------------------------------------


def test_limits_belong_to_what_may_be_given():
    assert read_count(np.int8(3), "count", 3) == 3
    assert read_number(0, "number", 0) == 0
    assert read_number(Fraction(1, 4), "number", 0, most=0.25) == 0.25
    assert read_number(np.inf, "number", 0, finite=False) == np.inf
    for refused in (
        lambda: read_count(2, "count", 3),
        lambda: read_count(True, "count", 0),
        lambda: read_number(0, "number", 0, above=True),
        lambda: read_number(0.5, "number", 0, most=0.25),
        lambda: read_number(np.inf, "number", 0),
        lambda: read_number(-(10**400), "number", 0, finite=False),
    ):
        with pytest.raises(stipple.StippleError, match=r"give a (finite |whole )?number"):
            refused()


def test_what_is_masked_is_no_mass_and_no_point():
    hidden = [[True, False, False], [False, False, False]]
    values = np.ma.masked_array([[5.0, 1, 2], [3, 4, 6]], hidden)
    assert read_pixels(values, "image").tolist() == [[0, 1, 2], [3, 4, 6]]
    assert read_points(values, "points").tolist() == [[3, 4, 6]]


def test_objects_that_would_change_are_refused():
    values = np.array([[Fraction(1, 3), 1]], dtype=object)
    with pytest.raises(stipple.StippleError, match="holds 1/3, which double precision cannot"):
        read_array(values, "array")


def test_long_values_are_quoted_in_part():
    with pytest.raises(stipple.StippleError, match="give a whole number") as caught:
        read_count("a" * 99, "count")
    assert str(caught.value) == f"The count is '{'a' * 38}…: give a whole number."


def test_former_names_and_places_reach_their_settings():
    @accept_former_name("points", "n")
    @accept_positional("gap", "method")
    def solve(first, n=1, *, gap=0.1, method="auto"):
        return first, n, gap, method

    assert solve(5, n=2, gap=0.5) == (5, 2, 0.5, "auto")
    with pytest.warns(DeprecationWarning, match="points= of solve is called n= now"):
        assert solve(5, points=7) == (5, 7, 0.1, "auto")
    with pytest.warns(DeprecationWarning, match="Give gap of solve by name, gap="):
        assert solve(5, 2, 0.5) == (5, 2, 0.5, "auto")
    with pytest.raises(TypeError, match="points"):
        solve(5, n=3, points=7)
    with (
        pytest.warns(DeprecationWarning, match="of solve by name"),
        pytest.raises(TypeError, match="positional"),
    ):
        solve(5, 2, 0.5, "fast", "too many")
