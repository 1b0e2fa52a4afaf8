"""Tables that grow row by row: what is read back, also after a run was cut off."""

import pytest

from stipple.errors import StippleError
from stipple.files.row_log import append_row, read_rows, write_rows

COLUMNS = ("name", "value")
ROWS = [{"name": "a, b", "value": "1"}, {"name": "\udcff", "value": "23"}]


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "table.csv"
    write_rows(str(path), COLUMNS, ROWS[:1])
    append_row(str(path), COLUMNS, {"name": "c", "value": 23})
    return path


def test_rows_are_added_at_the_end(path):
    assert path.read_bytes() == b'name,value\n"a, b",1\nc,23\n'
    assert read_rows(str(path), COLUMNS) == [ROWS[0], {"name": "c", "value": "23"}]


def test_a_row_that_was_cut_off_is_no_row(path):
    whole = path.read_bytes()
    for cut in range(len(whole) - 5, len(whole)):  # also within the last number
        path.write_bytes(whole[:cut])
        assert read_rows(str(path), COLUMNS) == ROWS[:1]


def test_names_that_are_not_unicode_are_written_as_they_are(path):
    append_row(str(path), COLUMNS, ROWS[1])
    assert path.read_bytes().endswith(b"\n\xff,23\n")


def test_other_tables_are_refused(path):
    with pytest.raises(StippleError, match="no table with the columns value,name"):
        read_rows(str(path), COLUMNS[::-1])
    assert read_rows(str(path.with_name("none.csv")), COLUMNS) == []
