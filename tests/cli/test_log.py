"""The log of what is told: dated lines, added to logs alone."""

import re
from pathlib import Path

import numpy as np
import pytest
from command import invoke, save

from stipple.cli.shared.progress import print_table

DATED = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d  \S.*")


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    save("a.png", np.arange(48, dtype=np.uint8).reshape(6, 8) * 5)
    return tmp_path


def test_all_that_is_told_is_logged_with_its_time():
    told = invoke("stipple", "a.png", "-n", 3, "-o", "a.csv", "--log-file", "l").stderr
    first = Path("l").read_text(encoding="utf-8").splitlines()
    assert all(map(DATED.fullmatch, first))
    assert [line.strip() for line in told.splitlines()] == [line[21:] for line in first[1:]]
    invoke("edot", "none.csv", "-m", 3, "--log-file", "l", code=1)
    invoke("bound", "a.png", "--log-file", "l", code=2)
    lines = Path("l").read_text(encoding="utf-8").splitlines()
    assert lines[: len(first)] == first
    assert "none.csv does not exist" in "\n".join(lines[len(first) : -2])
    assert "Error: " in lines[-1]
    # What comes later, in this process, is not of this run any more.
    print_table([("later", "5")])
    assert Path("l").read_text(encoding="utf-8").splitlines() == lines


def test_nothing_is_lost_to_a_log():
    Path("prose.txt").write_text("2026 was a good year", encoding="utf-8")
    Path("dated.csv").write_text("2026-11-27 06:42:10  stippled,3.5\n", encoding="utf-8")
    for path in ("a.png", "prose.txt", "dated.csv", "."):
        before = Path(path).is_file() and Path(path).read_bytes()
        words = ("stipple", "a.png", "-n", 3, "-o", "a.csv", "--log-file", path)
        assert "is no log" in invoke(*words, code=2).stderr
        assert (Path(path).is_file() and Path(path).read_bytes()) == before
    assert "Cannot write none/l" in invoke(*words[:-1], "none/l", code=2).stderr
    for option in ("--report", "-o"):
        words = ("stipple", "a.png", "-n", 3, option, "l.json", "--log-file", "l.json")
        assert "is named as an output twice" in invoke(*words, code=2).stderr
        assert DATED.match(Path("l.json").read_text(encoding="utf-8"))


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
def test_a_log_that_cannot_be_written_ends_and_the_work_goes_on():
    told = invoke("stipple", "a.png", "-n", 3, "-o", "a.csv", "--log-file", "/dev/full").stderr
    assert told.count("The log /dev/full ends here: No space left on device.") == 1
    assert Path("a.csv").exists()
