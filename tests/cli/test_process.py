"""The command as a process: exit codes, signals, pipes, terminals, and what it imports."""

import os
import re
import signal
import struct
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from command import ROOT, SAMPLES, read_csv, save, start

# What is tested here are terminals, signals and shells of POSIX.
fcntl = pytest.importorskip("fcntl", reason="no POSIX terminals here")
termios = pytest.importorskip("termios", reason="no POSIX terminals here")

HEAVY = {"numpy", "scipy", "numba", "PIL", "rich", "tqdm", "pysdot", "matplotlib"}
ESCAPE = b"\x1b"


@pytest.fixture
def ramp(tmp_path):
    return save(tmp_path / "ramp.png", np.tile(np.arange(24, dtype=np.uint8) * 10, (16, 1)))


def run(*arguments, **options):
    """Run to the end; return exit code, standard output and standard error."""
    process = start(*arguments, **options)
    output, errors = process.communicate(timeout=100)
    return process.returncode, output, errors


def list_imports(code):
    """Return the top-level packages that are loaded after running some code."""
    report = "import sys; print(); print(*{name.partition('.')[0] for name in sys.modules})"
    command = [sys.executable, "-c", f"{code}\n{report}"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8", check=True)
    return set(result.stdout.splitlines()[-1].split())


# --- starting and ending ------------------------------------------------------------------------


@pytest.mark.parametrize("words", [["--help"], ["--version"], ["stipple", "--help"]])
def test_help_imports_nothing_heavy(words):
    code = f"from stipple.cli import main\ntry: main({words})\nexcept SystemExit: pass"
    loaded = list_imports(code)
    assert "click" in loaded
    assert not loaded & HEAVY


def test_a_few_dots_need_neither_the_web_nor_trees_of_points(ramp, tmp_path):
    words = ["stipple", str(ramp), "-n", "20", "-o", str(tmp_path / "dots.svg"), "--quiet"]
    code = f"from stipple.cli import main\ntry: main({words})\nexcept SystemExit: pass"
    unused = {"http", "multiprocessing", "scipy.spatial", "scipy.ndimage"}
    list_imports(f"{code}\nimport sys\nassert not {unused} & set(sys.modules)")
    assert (tmp_path / "dots.svg").exists()


def test_the_package_imports_nothing_heavy():
    assert not list_imports("import stipple") & HEAVY
    assert {"numpy", "scipy"} <= list_imports("import stipple; stipple.stipple")


def test_help():
    code, output, errors = run("--help")
    assert (code, errors) == (0, b"")
    assert re.search(rb"Commands:\n  stipple +Turn an image", output)
    assert rb"\b" not in output
    code, output, _ = run("stipple", "--help")
    assert code == 0
    assert b"\n  stipple photo.jpg -n 20k -o photo.svg -o photo.png\n" in output
    assert b"[default: lbfgs]" in output


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (("--version",), 0, b""),
        (("sketch",), 2, b"No such command or image 'sketch'"),
        (("stipple",), 2, b"Missing argument 'IMAGE...'"),
        (("stipple", "missing.png"), 1, b"Error: missing.png does not exist: check the path.\n"),
    ],
)
def test_exit_codes(words, code, message, tmp_path):
    returned, _, errors = run(*words, cwd=tmp_path)
    assert returned == code
    assert message in errors
    assert b"Traceback" not in errors


def test_two_processes_write_the_same_bytes(ramp, tmp_path):
    for name in ("first", "second"):
        outputs = [("-o", tmp_path / f"{name}.{suffix}") for suffix in ("svg", "png", "csv")]
        words = [word for output in outputs for word in output]
        assert run("stipple", ramp, "-n", 30, "--dpi", 72, *words)[0] == 0
    for suffix in ("svg", "png", "csv"):
        first, second = (tmp_path / f"{name}.{suffix}" for name in ("first", "second"))
        assert first.read_bytes() == second.read_bytes()


# --- streams ------------------------------------------------------------------------------------


def test_image_through_a_pipe_and_points_out_of_one(ramp):
    process = start("stipple", "-", "-n", 30, "-o", "-", "--format", "csv", stdin=subprocess.PIPE)
    output, _ = process.communicate(ramp.read_bytes(), timeout=100)
    assert process.returncode == 0
    assert output.startswith(b"x,y,mass,radius\n")
    assert output.count(b"\n") == 31


def test_a_closed_pipe_is_no_traceback(ramp):
    command = ("stipple", ramp, "-n", 3000, "--iterations", 0, "-o", "-", "--format", "csv")
    process = start(*command)
    assert process.stdout.read(16) == b"x,y,mass,radius\n"
    process.stdout.close()
    errors = process.stderr.read()
    process.stderr.close()
    assert process.wait(100) in (0, 1)
    assert errors.startswith(b"3,000 black dots ...\n")
    assert b"Traceback" not in errors
    assert b"Error" not in errors


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_standard_output_without_space(ramp):
    with Path("/dev/full").open("wb") as full:
        code, _, errors = run("stipple", ramp, "-n", 5, "-o", "-", "--format", "svg", stdout=full)
    assert code == 1
    assert b"no space left" in errors
    assert b"Traceback" not in errors


def test_closed_streams(ramp, tmp_path):
    words = f"'{sys.executable}' -m stipple stipple '{ramp}' -n 5"
    svg = tmp_path / "out.svg"
    for command, code, message in (
        (f"{words} -o '{svg}' 2>&-", 0, ""),
        (f"{words} -o - --format csv >&-", 1, "Standard output is closed"),
        (f"{words.replace(str(ramp), '-')} -o '{svg}' <&-", 1, "Standard input is closed"),
    ):
        result = subprocess.run(
            ["sh", "-c", command], cwd=ROOT, capture_output=True, text=True, check=False
        )
        assert result.returncode == code
        assert message in result.stderr
        assert "Traceback" not in result.stderr
    assert svg.exists()


def test_no_escape_codes_without_a_terminal(ramp, tmp_path):
    words = ("stipple", ramp, "-n", 5, "-v", "-o", tmp_path / "out.svg")
    _, output, errors = run(*words, env={"TERM": "xterm-256color"})
    assert b"W2" in errors
    assert ESCAPE not in output + errors


def run_on_terminal(*arguments, **environment):
    """Run with standard error on a pseudo-terminal; return what appears there."""
    controller, terminal = os.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 100, 0, 0))  # rows, columns
    environment = {"TERM": "xterm-256color", "NO_COLOR": "", **environment}
    process = start(*arguments, stderr=terminal, env=environment)
    os.close(terminal)
    shown = b""
    try:
        while part := os.read(controller, 4096):
            shown += part
    except OSError:  # the end of a terminal
        pass
    os.close(controller)
    output, _ = process.communicate(timeout=100)
    assert process.returncode == 0, shown
    return output, shown


def test_a_terminal_gets_a_progress_bar(ramp):
    words = ("stipple", ramp, "-n", 500, "-o", "-", "--format", "csv")
    output, shown = run_on_terminal(*words)
    assert re.search(rb"500 black dots: +\d+%\|", shown)
    bars = [part for part in re.split(rb"[\r\n]+", shown) if part.startswith(b"500 black dots: ")]
    assert max(len(re.sub(rb"\xe2..", b"|", bar)) for bar in bars) < 80  # a block has three bytes
    assert b"100%" in bars[-1]  # it stays, and ends where the steps end
    assert b"writing - ..." in shown
    assert b"quality 0.1" in shown
    assert ESCAPE in shown  # bold names in the table
    assert output.startswith(b"x,y,mass,radius\n")
    assert ESCAPE not in output


def test_a_terminal_with_no_color(ramp, tmp_path):
    words = ("stipple", ramp, "-n", 500, "-o", tmp_path / "out.svg")
    _, shown = run_on_terminal(*words, NO_COLOR="1")
    assert b"500 black dots: " in shown
    assert b"dot diameter" in shown
    assert ESCAPE not in shown


def test_a_terminal_when_quiet_or_verbose(ramp, tmp_path):
    words = ("stipple", ramp, "-n", 50, "-o", tmp_path / "out.svg")
    assert run_on_terminal(*words, "-q") == (b"", b"")
    _, shown = run_on_terminal(*words, "-v")
    assert b"step   1" in shown
    assert b"%|" not in shown


# --- interruption -------------------------------------------------------------------------------


def interrupt(folder, *words, after):
    """Send SIGINT once a line of standard error holds `after`; check how the process ends."""
    (folder / "out.svg").write_text("old")
    process = start("stipple", *words, "-v", "-o", "out.svg", "--report", "out.json", cwd=folder)
    told = b""
    while after not in told:
        line = process.stderr.readline()
        assert line, told
        told += line
    began = time.perf_counter()
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=60)
    # CPython may end by the signal itself, which a shell calls 130 as well.
    assert process.returncode in (130, -signal.SIGINT)
    assert time.perf_counter() - began < 5
    assert errors.endswith(b"Interrupted.\n")
    assert b"Traceback" not in errors
    assert output == b""
    assert [path.name for path in folder.iterdir()] == ["out.svg"]
    assert (folder / "out.svg").read_text() == "old"


def test_interrupted_while_it_reads_and_while_it_steps(tmp_path):
    words = (SAMPLES / "camera.png", "-n", 10_000, "--tolerance", 0, "--iterations", 1000)
    interrupt(tmp_path, *words, after=b"dots ...")
    interrupt(tmp_path, *words, after=b"step   2")


@pytest.mark.slow
def test_interrupted_in_a_large_solve(tmp_path):
    words = (SAMPLES / "camera.png", "-n", 100_000)
    interrupt(tmp_path, *words, after=b"dots ...")
    interrupt(tmp_path, *words, after=b"step   1")


@pytest.mark.slow
def test_the_examples_of_the_help_work(tmp_path):
    """Every example as it stands, with a camera's picture in the place of photos."""
    from PIL import Image

    from stipple.cli.stipple.command import EXAMPLES

    with Image.open(SAMPLES / "chelsea.png") as picture:
        small = picture.convert("RGB").resize((113, 75))
    small.save(tmp_path / "photo.jpg")
    logo = small.convert("RGBA")
    logo.putalpha(small.convert("L"))
    logo.save(tmp_path / "logo.png")
    np.save(tmp_path / "density.npy", np.ones((20, 30)))
    (tmp_path / "out").mkdir()
    (tmp_path / "stipple").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m stipple "$@"\n')
    (tmp_path / "stipple").chmod(0o755)
    path = os.pathsep.join([str(tmp_path), os.environ["PATH"]])
    environment = {**os.environ, "PATH": path, "PYTHONPATH": str(ROOT)}
    examples = [line.strip() for line in EXAMPLES.splitlines() if " stipple " in line]
    assert len(examples) >= 7
    for example in examples:
        result = subprocess.run(
            ["sh", "-c", example], cwd=tmp_path, env=environment, capture_output=True, check=False
        )
        assert result.returncode == 0, (example, result.stderr)
        for name in re.findall(r"-o (\S+\.\w+)", example):
            path = tmp_path / name.replace("{stem}", "photo")
            assert path.stat().st_size > 1000


@pytest.mark.slow
def test_horse_and_camera_at_the_usual_number(tmp_path):
    for name in ("horse", "camera"):
        output = tmp_path / f"{name}.csv"
        code, _, errors = run("stipple", SAMPLES / f"{name}.png", "-o", output)
        assert code == 0, errors
        masses = read_csv(output)[:, 2]
        assert abs(masses * 5000 - 1).max() < 1e-3
