"""What the comparison of two commits notices, and what it lets pass."""

import pytest
from same_outputs import CODE, COMMANDS, ERRORS, OUTPUT, compare, hide_timings

REPORT = b"""{
  "points": 300,
  "seconds": {
    "read": 0.25,
    "last solve": 1.5
  },
  "levels": [
    {
      "upper": 4.5,
      "seconds": 1e-05
    }
  ],
  "versions": {
    "stipple": "0.1.0"
  }
}
"""
TABLE = b"a,b,seconds,gap\nfirst.png,second.png,1.25,0.5\n"
SAID = (
    b"W_2      from 1.5 to 1.75 pixels\ndual     lower bound 1.5 pixels, 0.047 s\nseconds  2.23\n"
)
OUTCOME = {
    CODE: b"0",
    OUTPUT: b"x,y\n0.5,0.5\n",
    ERRORS: SAID,
    "a.png": b"\x89PNG\0\1\2",
    "a.json": REPORT,
    "a.csv": TABLE,
}


def replace(name: str, old: bytes, new: bytes) -> dict[str, bytes]:
    assert old in OUTCOME[name]
    return OUTCOME | {name: OUTCOME[name].replace(old, new)}


def test_equal_outcomes_do_not_differ():
    assert compare(OUTCOME, dict(OUTCOME)) == []


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        (CODE, b"0", b"1"),
        (OUTPUT, b"0.5\n", b"0.25\n"),
        (OUTPUT, b"\n", b"\r\n"),
        (ERRORS, b"1.75 pixels", b"1.5 pixels"),
        (ERRORS, b"bound 1.5 pixels", b"bound 1.25 pixels"),
        ("a.png", b"\2", b"\3"),
        ("a.png", b"\2", b""),
        ("a.json", b"300", b"301"),
        ("a.json", b"4.5", b"4.50"),
        ("a.json", b'"points"', b'"n"'),
        ("a.json", b'"seconds"', b'"time"'),
        ("a.csv", b"0.5", b"0.25"),
        ("a.csv", b"second.png", b"third.png"),
        ("a.csv", b"seconds", b"time"),
    ],
)
def test_a_change_is_noticed(name, old, new):
    (sentence,) = compare(OUTCOME, replace(name, old, new))
    assert sentence.startswith(f"{name}, ")


def test_files_that_come_and_go_are_noticed():
    fewer = {name: data for name, data in OUTCOME.items() if name != "a.png"}
    assert compare(OUTCOME, fewer) == ["a.png is missing"]
    assert compare(fewer, OUTCOME) == ["a.png is new"]


def test_the_first_difference_is_told():
    (sentence,) = compare(OUTCOME, replace("a.json", b"300", b"301"))
    assert sentence == """a.json, line 2 was b'  "points": 300,', now b'  "points": 301,'"""
    (sentence,) = compare(OUTCOME, replace("a.png", b"\2", b"\3"))
    assert sentence == "a.png, byte 6 of 7, now 7"


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("a.json", b"0.25", b"12"),
        ("a.json", b"1e-05", b"0.125"),
        ("a.json", b"0.1.0", b"0.2.0"),
        ("a.csv", b"1.25", b"0.75"),
        (ERRORS, b"2.23", b"12.5"),
        (ERRORS, b"0.047", b"1.5"),
    ],
)
def test_timings_and_versions_pass(name, old, new):
    assert compare(OUTCOME, replace(name, old, new)) == []


def test_standard_output_may_be_a_report_or_a_table():
    assert b"0.25" not in hide_timings(OUTPUT, REPORT)
    assert b"1.25" not in hide_timings(OUTPUT, TABLE)
    assert hide_timings("a.svg", REPORT) == REPORT


def test_every_command_line_is_there():
    names = {command.split()[0] for command in COMMANDS}
    assert names == {"stipple", "lloyd", "edot", "bound", "sequence"}
    assert len(COMMANDS) >= 20
