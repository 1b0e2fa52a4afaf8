"""Many images in one command, and the processes that do them."""

import errno
import os
import signal
import sys
import time
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from command import SAMPLES, list_circles, read_csv, read_json, read_svg, save, start, stipple

from stipple.errors import StippleError
from stipple.machine.failures import Failure
from stipple.machine.tasks import SECONDS_TO_END, attempt, run_all


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """A folder with three small pictures and a place for outputs."""
    monkeypatch.chdir(tmp_path)
    for seed, name in enumerate("abc"):
        noise = np.random.default_rng(seed).integers(0, 256, (12, 16), dtype=np.uint8)
        save(tmp_path / f"{name}.png", noise)
    (tmp_path / "out").mkdir()
    return tmp_path


def list_out():
    return sorted(path.name for path in Path("out").iterdir())


# --- patterns -----------------------------------------------------------------------------------


def test_patterns(folder):
    outputs = ("-o", "out/{stem}.svg", "-o", "out/{number}-{name}.csv", "--animate", "{stem}.gif")
    stipple("a.png", "b.png", "-n", 5, *outputs, "--report", "out/{number:03d}.json")
    expected = ["001.json", "002.json", "1-a.png.csv", "2-b.png.csv", "a.svg", "b.svg"]
    assert list_out() == expected
    assert len(list_circles(read_svg(folder / "out" / "b.svg"))) == 5
    assert (folder / "b.gif").read_bytes().startswith(b"GIF")
    report = read_json(folder / "out" / "002.json")
    assert report["options"]["image"] == "b.png"
    assert report["options"]["outputs"] == ["out/b.svg", "out/2-b.png.csv"]
    assert report["points"] == 5


def test_every_image_gets_what_it_gets_alone(folder):
    stipple("a.png", "b.png", "c.png", "-n", 9, "-o", "out/{stem}.csv", "-o", "out/{stem}.svg")
    stipple("b.png", "-n", 9, "-o", "alone.csv", "-o", "alone.svg")
    for suffix in ("csv", "svg"):
        alone = (folder / f"alone.{suffix}").read_bytes()
        assert (folder / "out" / f"b.{suffix}").read_bytes() == alone


def test_without_outputs_drawings_of_the_same_names():
    stipple("a.png", "b.png", "-n", 5)
    assert Path("a.svg").exists()
    assert Path("b.svg").exists()


def test_one_image_may_have_a_pattern_and_other_braces_are_names():
    stipple("a.png", "-n", 5, "-o", "out/{stem}-{number:02d}-{page}-{stem:03d}.csv")
    assert list_out() == ["a-01-{page}-{stem:03d}.csv"]


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (["-o", "out/x.svg"], 2, "a.png and b.png would both be written to out/x.svg"),
        (["-o", "out/{stme}.svg"], 2, "with {stem}, {name}, {parent} or {number}"),
        (["./a.png"], 2, "a.png and ./a.png would both be written to a.svg"),
        (["-o", "out/{stem}.svg", "--animate", "x.gif"], 2, "both be written to x.gif"),
        (
            ["-o", "out/{stem}.svg", "--report", "out/a.svg"],
            2,
            "a.png and the report of all would both",
        ),
        (["-o", "-", "--format", "csv"], 2, "Standard output (-) is for one image"),
        (["-", "-o", "out/{stem}.svg"], 2, "Standard input (-) is for one image"),
        (["-o", "out/{stem}.svg", "--jobs", 0], 2, "--jobs"),
        (["--jobs", 2, "--scheduler", "tcp://127.0.0.1:1"], 2, "--jobs or --scheduler"),
        (["-o", "{stem}.png"], 1, "a.png is read as well, as a.png"),
        (["c.png", "-o", "c{number}.svg", "-o", "{stem}b.png"], 0, ""),
        (["ab.png", "-o", "{stem}b.png"], 1, "ab.png is read as well, as ab.png"),
        (["-o", "a.png/{stem}.svg"], 1, "a.png is not a folder"),
        (["@list.txt"], 1, "The list list.txt cannot be read"),
        (["out"], 1, "out has no images"),
    ],
)
def test_what_cannot_end_well_is_refused_before_any_work(folder, words, code, sentence):
    save(folder / "ab.png", np.zeros((5, 5), dtype=np.uint8))
    before = sorted(folder.iterdir())
    result = stipple("a.png", "b.png", "-n", 3, *words, code=code)
    assert sentence in result.stderr
    if code:
        assert "images ..." not in result.stderr
        assert sorted(folder.iterdir()) == before
        assert list_out() == []


# --- failures and reports -----------------------------------------------------------------------


@pytest.mark.parametrize("jobs", [1, 2])
def test_an_image_that_fails_does_not_stop_the_others(folder, jobs):
    (folder / "prose.png").write_text("This is not an image.")
    save(folder / "white.png", np.full((5, 5), 255, dtype=np.uint8))
    images = ("a.png", "prose.png", "missing.png", "white.png", "b.png")
    options = ("-n", 5, "-o", "out/{stem}.svg", "--report", "all.json", "--jobs", jobs)
    said = stipple(*images, *options, code=3).stderr
    assert list_out() == ["a.svg", "b.svg"]
    assert "2 of 5 done" in said
    errors = sorted(line for line in said.splitlines() if line.startswith("Error: "))
    assert len(errors) == 3
    assert errors[0] == "Error: missing.png does not exist: check the path."
    assert errors[1].startswith("Error: prose.png is not an image")
    assert errors[2].startswith("Error: white.png: ")
    assert "Traceback" not in said
    report = read_json(folder / "all.json")
    assert [image["image"] for image in report["images"]] == ["a.png", "b.png"]
    assert [failure["image"] for failure in report["failures"]] == list(images[1:4])
    assert "all white" in report["failures"][2]["reason"]


def test_one_report_of_all_images(folder):
    options = ("-n", 7, "--seed", 3, "-o", "out/{stem}.csv", "--report", "-")
    result = stipple("a.png", "b.png", *options)
    (folder / "all.json").write_bytes(result.stdout_bytes)
    report = read_json(folder / "all.json")
    assert report["command"] == "stipple"
    assert report["seed"] == 3
    assert report["options"]["images"] == ["a.png", "b.png"]
    assert report["options"]["outputs"] == ["out/{stem}.csv"]
    assert report["failures"] == []
    for name, image in zip("ab", report["images"], strict=True):
        assert image["written"] == [f"out/{name}.csv"]
        assert image["points"] == len(read_csv(folder / "out" / f"{name}.csv")) == 7
        assert image["w2_squared_lower"] <= image["w2_squared"] <= image["w2_squared_upper"]
    assert report["seconds"] > 0


def test_lines_for_each_image():
    plain = stipple("a.png", "b.png", "-n", 5).stderr.splitlines()
    assert plain[0] == "2 images ..."
    assert plain[1].split() == ["images", "2", "of", "2", "done"]
    told = stipple("a.png", "b.png", "-n", 5, "-v").stderr
    for name in "ab":
        assert f"  {name}.png: 5 points  quality 0." in told
    assert stipple("a.png", "b.png", "-n", 5, "-q").output == ""
    assert stipple("a.png", "x.png", "-n", 5, "-q", code=3).stderr.count("\n") == 1


def test_failures_that_nobody_foresaw_are_told_too():
    def fail(error):
        raise error

    assert attempt(fail, StippleError("no.")) == Failure("no.")
    assert "memory" in attempt(fail, MemoryError()).reason
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "out.svg")
    assert attempt(fail, full) == Failure("No space left on device (out.svg).", "system")
    with pytest.raises(ZeroDivisionError):
        attempt(fail, ZeroDivisionError())


# --- processes ----------------------------------------------------------------------------------


def test_processes_write_the_same_files_and_share_the_processors(folder):
    images = ("a.png", "b.png", "c.png")
    stipple(*images, "-n", 9, "-o", "{stem}.svg")
    stipple(*images, "-n", 9, "-o", "out/{stem}.svg", "--jobs", 3, "--report", "{stem}.json")
    processors = (
        len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    )
    for name in "abc":
        alone = (folder / f"{name}.svg").read_bytes()
        assert (folder / "out" / f"{name}.svg").read_bytes() == alone
        threads = read_json(folder / f"{name}.json")["options"]["threads"]
        assert threads == max(1, processors // 3)


def die_at_three(number):
    if number == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    if number == 4:
        sys.exit(7)
    return number * number


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL here")
def test_a_process_that_dies_loses_its_own_task_only():
    with closing(run_all(die_at_three, range(8), jobs=2, scheduler=None)) as outcomes:
        found = list(outcomes)
    assert sorted(task for task, _ in found) == list(range(8))
    outcome = dict(found)
    assert "SIGKILL" in outcome.pop(3).reason
    assert "exit code 7" in outcome.pop(4).reason
    assert outcome == {task: task * task for task in (0, 1, 2, 5, 6, 7)}


def begin_batch(*options):
    """Start a batch that takes long; return when its first image is done."""
    images = [SAMPLES / "camera.png"] * 6
    words = ("-n", 2000, "--tolerance", 0, "--iterations", 50, "-v")
    outputs = ("-o", "out/{number}.svg", "-o", "out/{number}.png", "--report", "out/all.json")
    process = start("stipple", "a.png", *images, *words, *outputs, *options)
    line = b"..."
    while line and b" a.png: " not in line:
        line = process.stderr.readline()
    assert line
    return process


def check_what_is_written():
    """Some images and not all, each file whole; no temporary files, but perhaps a report."""
    names = [name for name in list_out() if name != "all.json"]
    assert {"1.png", "1.svg"} <= set(names)
    assert len(names) < 14
    assert {Path(name).suffix for name in names} == {".png", ".svg"}
    for name in names:
        if name.endswith(".svg"):
            assert len(list_circles(read_svg(Path("out") / name))) == 2000


@pytest.mark.skipif(sys.platform == "win32", reason="signals differ")
@pytest.mark.parametrize(
    ("jobs", "number", "code"),
    [
        (1, "SIGINT", 130),
        pytest.param(2, "SIGINT", 130, marks=pytest.mark.slow),
        (2, "SIGTERM", 143),
    ],
)
def test_an_interrupted_batch_ends_cleanly(jobs, number, code):
    process = begin_batch("--jobs", jobs)
    time.sleep(0.2)
    began = time.perf_counter()
    process.send_signal(getattr(signal, number))
    output, errors = process.communicate(timeout=60)  # waits for every process: they share streams
    assert process.returncode == code, errors
    assert time.perf_counter() - began < 10
    assert errors.endswith(b"Interrupted.\n")
    assert b"Traceback" not in errors
    assert output == b""
    check_what_is_written()
    report = read_json(Path("out/all.json"))
    assert report["ended"] == {"class": "interrupted", "reason": "Interrupted."}
    assert report["images"][0]["image"] == "a.png"
    assert len(report["images"]) + len(report["not_done"]) == 7


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL here")
def test_no_process_outlives_a_killed_parent():
    process = begin_batch("--jobs", 2)
    process.kill()
    process.communicate(timeout=SECONDS_TO_END + 3)  # all processes share its streams
    check_what_is_written()


# --- clusters -----------------------------------------------------------------------------------


def test_a_cluster_needs_dask(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    said = stipple("a.png", "--scheduler", "tcp://127.0.0.1:1", code=1).stderr
    assert "pip install 'stipple-ot[dask]'" in said
    assert not Path("a.svg").exists()
