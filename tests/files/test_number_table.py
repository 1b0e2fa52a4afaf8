"""The one reader of number tables: samples, starts and matrices see the same numbers."""

import io
import itertools

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from stipple.cli import main
from stipple.errors import StippleError
from stipple.files.matrices import read_matrix
from stipple.files.number_table import read_table
from stipple.files.samples import read_samples, read_samples_or_density
from stipple.files.tables import read_points_csv
from stipple.measures.samples import Samples

NUMBERS = st.floats(min_value=0, max_value=1e300)


def open_text(text):
    return io.BytesIO(text.encode())


def read_points_of_samples(stream):
    return read_samples(stream).points


READERS = [read_points_of_samples, read_points_csv, read_matrix]


@pytest.mark.parametrize("separator", [",", ";", "\t", " ", "  ", " , ", " ;\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", " # with 2, 3\n", "\n\n#;\n"])
@pytest.mark.parametrize("start", ["", "\ufeff", "# a, b; c\n", "\ufeff\n#\n"])
def test_every_reader_reads_the_same(separator, end, start):
    rows = [[1.5, 0.25], [3e-7, 4.0], [1 / 3, 1e22]]
    text = start + end.join(separator.join(map(repr, row)) for row in rows) + end
    for read in READERS:
        assert read(open_text(text)).tolist() == rows


@settings(deadline=None)
@given(
    arrays(
        np.float64, array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=5), elements=NUMBERS
    ),
    st.sampled_from([",", ";", "\t", " "]),
    st.sampled_from(["", "names", "quoted names"]),
)
def test_tables_read_back_exactly(values, separator, names):
    lines = [separator.join(map(repr, row)) for row in values.tolist()]
    if names:
        quote = '"' if names.startswith("quoted") else ""
        header = [f"{quote}Column{number}{quote}" for number in range(values.shape[1])]
        lines.insert(0, separator.join(header))
    table = read_table(open_text("\n".join(lines)), "text", "rows")
    assert table.values.tobytes() == values.tobytes()
    expected = tuple(f"column{number}" for number in range(values.shape[1]))
    assert table.names == (expected if names else None)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (
            "0,5;1,5\n2,5;3,5\n",
            "line 1, column 1, holds '0,5': write a number with a decimal point",
        ),
        ("0,5 1,5\n", "line 1, column 2, holds '5 1'"),
        ("0,5\t1,5\n", "line 1, column 2"),
        ('"1","2"\n"3","4"\n', "holds '\"|name two of them"),
        ("1,two\n3,4\n", "line 1, column 2, holds 'two'"),
        ("NA,NA\n1,2\n", "line 1, column 1, holds 'NA'"),
        ("1,2\nNA,3\n", "line 2, column 1, holds 'NA'"),
        ("1,2\n1_0,3\n", "line 2, column 1, holds '1_0'"),
        ("1,,2\n", "line 1, column 2, holds ''"),
        ("1,2\n\n# c\n3\n", "line 4, has 1 values where the first row has 2"),
        ("1,2\n3 4\n", "line 2, has 1 values"),
        ("# nothing\n\n", "holds no"),
    ],
)
def test_every_reader_says_the_same(text, place):
    for read in READERS:
        with pytest.raises(StippleError, match=place):
            read(open_text(text))


@pytest.mark.parametrize("read", READERS)
@pytest.mark.parametrize("data", ["1,2\n3,4\n".encode("utf-16"), b"1,2 # d\xe9bris\n"])
def test_every_reader_refuses_other_encodings(read, data):
    with pytest.raises(StippleError, match="not UTF-8"):
        read(io.BytesIO(data))


@settings(deadline=None)
@given(st.one_of(st.text('0123456789.,; \t\n"#xyw-+e_', max_size=40), st.text(max_size=30)))
def test_any_text_is_numbers_or_a_sentence(text):
    for read in READERS:
        refusal = ""
        values = np.zeros(0)
        try:
            values = read(open_text(text))
        except StippleError as error:
            refusal = str(error)
        assert "\n" not in refusal
        assert np.isfinite(values).all()


def test_long_lines_with_quotes_take_no_time():
    line = ",".join('"a, b"' for _ in range(50_000))
    for text in (line, line + '"', '"' * 50_001 + ",1", "#" * 50_000 + '"'):
        with pytest.raises(StippleError):
            read_samples(open_text(text))


# --- columns without names ----------------------------------------------------------------------

ROWS = [[0.5, 0.25], [0.75, 0.5], [0.125, 1.0]]


def write_frame(first, *, separator=",", start=0, names=("x", "y"), quote=""):
    """Rows as data frames write them, with their numbers in the first column."""
    header = separator.join([first, *(f"{quote}{name}{quote}" for name in names)])
    rows = (
        separator.join([f"{quote}{start + number}{quote}", *map(str, row)])
        for number, row in enumerate(ROWS)
    )
    return "\n".join([header, *rows, ""])


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("start", [0, 1])
@pytest.mark.parametrize(
    ("first", "names", "quote"),
    [
        ("", ("x", "y"), ""),  # pandas
        ("", ("0", "1"), ""),  # pandas, from an array
        ('""', ("x", "y"), '"'),  # R
        ('""', ("V1", "V2"), '"'),
        ("Unnamed: 0", ("x", "y"), ""),  # pandas, written and read twice
        ("  ", ("x", "y"), ""),
    ],
)
def test_numbers_of_rows_are_no_coordinate(separator, start, first, names, quote):
    text = write_frame(first, separator=separator, start=start, names=names, quote=quote)
    notes = []
    assert read_samples(open_text(text), tell=notes.append).points.tolist() == ROWS
    (note,) = notes
    assert "left out" in note
    assert isinstance(read_samples_or_density(open_text(text)), Samples)


def test_numbers_of_rows_leave_weights_where_they_are():
    samples = read_samples(open_text(",weight,x\n0,1,5\n1,3,7\n"))
    assert samples.points.tolist() == [[5], [7]]
    assert samples.masses.tolist() == [0.25, 0.75]


def test_points_are_found_by_name_beside_numbers_of_rows():
    for first, quote in (("", ""), ('""', '"'), ("anything", "")):
        assert read_points_csv(open_text(write_frame(first, quote=quote))).tolist() == ROWS


@pytest.mark.parametrize(
    "text",
    [
        ",x,y\n17,.5,.3\n4,.2,.1\n",  # a part of a frame
        ",x,y\n0.1,.5,.3\n0.7,.2,.1\n",
        ",x,y\n0,.5,.3\n0,.2,.1\n",
        ",x,y\n2,.5,.3\n3,.2,.1\n",
        ",x,y\nnan,.5,.3\n1,.2,.1\n",
        "x,,y\n0,1,2\n",
        ",x,\n0,1,2\n",
        "x,Unnamed: 1\n0,1\n",
    ],
)
def test_other_columns_without_names_are_refused(text):
    with pytest.raises(StippleError, match=r"has no name.*: name it in the first line"):
        read_samples(open_text(text))


@pytest.mark.parametrize(
    "text", ["0,1\n1,2\n2,3\n", "1 4\n2 5\n", "index,x\n0,.5\n1,.25\n", "x\n0\n1\n", "0\n1\n2\n"]
)
def test_columns_with_names_and_tables_without_are_left_alone(text):
    notes = []
    points = read_samples(open_text(text), tell=notes.append).points
    assert points.shape[1] == max(len(text.splitlines()[0].split(mark)) for mark in ", ")
    assert points[:, 0].tolist() == [float(line[0]) for line in text.splitlines() if line[0] < "a"]
    assert notes == []


def test_a_header_that_is_too_short_is_refused():
    # R writes numbers of rows so with write.table: what they are is asked.
    for read in (read_points_of_samples, read_points_csv):
        with pytest.raises(StippleError, match="names 2 columns but has 3 in each row"):
            read(open_text('"x" "y"\n"1" 0.5 0.25\n"2" 0.75 0.5\n'))


def test_the_command_says_what_it_leaves_out(tmp_path):
    table = tmp_path / "frame.csv"
    table.write_text(write_frame(""))
    words = ["edot", str(table), "-m", "3", "--threads", "1"]
    result = CliRunner().invoke(main, words, catch_exceptions=False)
    assert result.exit_code == 0
    assert "the first column has no name and numbers the rows. It was left out" in result.stderr
    atoms = np.loadtxt(io.StringIO(result.stdout), delimiter=",", skiprows=1)
    assert sorted(atoms[:, :2].tolist()) == sorted(ROWS)
    assert CliRunner().invoke(main, [*words, "-q"]).stderr == ""


def test_a_start_may_be_any_table(tmp_path):
    image = tmp_path / "image.npy"
    np.save(image, np.ones((4, 4)))
    outputs = set()
    for number, text in enumerate(
        ["x,y\n1,3\n3,1\n", "1;3 # first\n3;1\n", "# a\n1 3\n3 1\n", ",x,y\n0,1,3\n1,3,1\n"]
    ):
        start = tmp_path / f"{number}.csv"
        start.write_text(text)
        words = ["stipple", str(image), "--start", str(start), "--iterations", "0", "-o", "-"]
        result = CliRunner().invoke(main, [*words, "--format", "csv", "-q"])
        assert result.exit_code == 0, result.stderr
        outputs.add(result.stdout)
    (output,) = outputs
    assert output.startswith("x,y,mass,radius\n1.0,3.0,")


def test_the_limit_of_entries_is_met_while_reading():
    lines = (b"1 2 3\n" for _ in itertools.count())

    class Endless(io.RawIOBase):
        def readable(self):
            return True

        def readinto(self, buffer):
            line = next(lines)
            buffer[: len(line)] = line
            return len(line)

    with pytest.raises(StippleError, match="more than the 1,000 allowed"):
        read_table(io.BufferedReader(Endless()), "text", "rows", named=False, most=1000)
