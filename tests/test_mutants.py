"""The runner of `make mutants`: what it reads, plants and takes back, and what it tells."""

import os
import sys
from dataclasses import replace

import mutants
import pytest
from mutants import EQUIVALENT, KILLED, SURVIVED, Fault, NotRunError, judge, parse, plant, report

TEXT = """\
# A comment.
[stipple/a.py] tests/test_a.py tests/test_b.py

- return 1
+ return 2

- x = 3
+ x = 4
~ nobody reads x

[stipple/b.py] tests/test_b.py
- - minus
+ + plus
"""


def make_fault(file="stipple/a.py", old="1", new="2", equivalent=None):
    return Fault("package", file, old, new, ("tests/test_a.py",), equivalent)


def test_faults_are_read(tmp_path):
    path = tmp_path / "package.txt"
    path.write_text(TEXT, encoding="utf-8")
    both = ("tests/test_a.py", "tests/test_b.py")
    assert list(parse("package", path)) == [
        Fault("package", "stipple/a.py", "return 1", "return 2", both),
        Fault("package", "stipple/a.py", "x = 3", "x = 4", both, "nobody reads x"),
        Fault("package", "stipple/b.py", "- minus", "+ plus", ("tests/test_b.py",)),
    ]
    path.write_text("- return 1\n  return 2\n", encoding="utf-8")
    with pytest.raises(SystemExit, match="line 2"):
        list(parse("package", path))


def test_a_fragment_must_be_in_one_place(tmp_path, monkeypatch):
    monkeypatch.setattr(mutants, "ROOT", tmp_path)
    for folder in ("stipple", "tests"):
        (tmp_path / folder).mkdir()
    (tmp_path / "tests" / "test_a.py").touch()
    (tmp_path / "stipple" / "a.py").write_text("x = 1\ny = 33\n", encoding="utf-8")
    assert mutants.fits(make_fault())
    assert mutants.fits(replace(make_fault(), tests=("tests/test_a.py::test_it",)))
    assert not mutants.fits(replace(make_fault(), tests=("tests/test_b.py::test_it",)))
    for other in (make_fault(old="2"), make_fault(old="3"), make_fault(file="stipple/b.py")):
        assert not mutants.fits(other)


def test_a_fault_comes_and_goes_with_compiled_loops(tmp_path):
    package = tmp_path / "stipple"
    (package / "__pycache__").mkdir(parents=True)
    sources = {
        "a": "x = 1\n",
        "b": "from stipple.a import x\n",
        "c": "from stipple.b import x\n",
        "d": "x = 1\n",
    }
    for name, text in sources.items():
        (package / f"{name}.py").write_text(text, encoding="utf-8")
        os.utime(package / f"{name}.py", (1e9, 1e9))
        (package / "__pycache__" / f"{name}.loop-1.py311.nbi").write_text(name, encoding="utf-8")
    before = {path: path.read_bytes() for path in package.rglob("*.*")}
    with plant(make_fault(), tmp_path):
        assert (package / "a.py").read_text(encoding="utf-8") == "x = 2\n"
        assert [path.name[0] for path in package.rglob("*.nbi")] == ["d"]
        (package / "__pycache__" / "b.other-2.py311.nbi").touch()
    assert {path: path.read_bytes() for path in package.rglob("*.*")} == before
    assert (package / "a.py").stat().st_mtime == 1e9


def test_no_fault_is_stale():
    assert [str(fault) for fault in mutants.read_faults() if not mutants.fits(fault)] == []


def test_there_are_enough_faults():
    assert len(mutants.read_faults()) >= 200


def test_only_failing_tests_notice_a_fault(tmp_path):
    file = tmp_path / "stipple" / "a.py"
    file.parent.mkdir()
    file.write_text("", encoding="utf-8")
    assert judge(0, make_fault(), tmp_path) == SURVIVED
    assert judge(1, make_fault(), tmp_path) == KILLED
    for code in (2, 3, 4, 5, -9):
        with pytest.raises(NotRunError, match=f"{code}: stipple/a.py"):
            judge(code, make_fault(), tmp_path)
    # What cannot be imported is not collected: the fault's doing, and noticed.
    file.write_text("1 / 0\n", encoding="utf-8")
    assert judge(2, make_fault(), tmp_path) == KILLED
    with pytest.raises(NotRunError):
        judge(5, make_fault(), tmp_path)


def test_survivors_are_shared_among_those_that_change_something(capsys):
    faults = [make_fault()] * 26
    outcomes = [KILLED] * 23 + [SURVIVED] * 2 + [EQUIVALENT]
    assert report(faults, outcomes) == 0
    told = capsys.readouterr().out
    assert "8.0% survive" in told
    assert told.count("survived: stipple/a.py") == 2
    assert report(faults, [SURVIVED, *outcomes[1:]]) == 1


@pytest.mark.skipif(os.name != "posix", reason="processes that hang are ended as a group")
def test_tests_are_run_in_the_tree(tmp_path, monkeypatch):
    (tmp_path / "test_it.py").write_text(
        "import os\ndef test_it(): assert os.path.exists('here')\n", encoding="utf-8"
    )
    assert mutants.run_tests(tmp_path, ["test_it.py"]) == 1
    (tmp_path / "here").touch()
    assert mutants.run_tests(tmp_path, ["test_it.py"]) == 0
    hangs = f"import subprocess, sys\nsubprocess.run([{sys.executable!r}, '-c', 'while True: 1'])\n"
    (tmp_path / "test_it.py").write_text(hangs, encoding="utf-8")
    monkeypatch.setattr(mutants, "LONGEST", 3)
    assert mutants.run_tests(tmp_path, ["test_it.py"]) == 1
