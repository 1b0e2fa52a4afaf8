"""What the world does to a command: broken files, odd options, full disks, sudden ends."""

import io
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import click
import numpy as np
import pytest
from broken.make import make_all
from click.testing import CliRunner
from command import ROOT, SAMPLES, read_png, save, start
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from PIL import Image

from stipple.cli import main
from stipple.errors import StippleError
from stipple.files.pictures import read_source
from stipple.files.tables import read_points_csv, read_weighted_points
from stipple.files.write import write_file

BROKEN = Path(__file__).parents[1] / "broken"
FILES = sorted(path for path in BROKEN.iterdir() if path.is_file() and path.suffix != ".py")
OLD = b"what was there before\n"
READERS = {
    "stipple": ("stipple", "{file}", "-n", "4", "-o", "out.svg"),
    "lloyd": ("lloyd", "{file}", "-n", "4", "--steps", "1", "-o", "out.csv"),
    "edot": ("edot", "{file}", "-m", "4", "-o", "out.csv"),
    "bound": ("bound", "{file}", "{good}", "-o", "out.csv"),
    "bound, second": ("bound", "{good}", "{file}", "-o", "out.csv"),
    "sequence": ("sequence", "--density", "{file}", "-n", "4", "-o", "out.csv"),
    "certify": ("certify", "points.csv", "--density", "{file}", "-o", "out.csv"),
    "morph": ("morph", "{good}", "{file}", "-n", "4", "--frames", "2", "-o", "out.svg"),
    "volume": ("volume", "{file}", "-n", "4", "-o", "out.csv"),
}

# Broken as images only: whole for those who read volumes.
WHOLE_VOLUMES = {
    "volume": {"three-axes.npy", "floating-point.tif"},
    "lloyd": {"three-axes.npy"},
    "edot": {"three-axes.npy"},
}

needs_posix = pytest.mark.skipif(os.name != "posix", reason="limits and signals of POSIX")
as_root = pytest.mark.skipif(
    not hasattr(os, "setresuid") or os.geteuid() != 0, reason="only root may become somebody else"
)


def invoke(words, code=None):
    """Run a command in this process; exceptions pass, so none hides as an exit code."""
    result = CliRunner().invoke(main, [str(word) for word in words], catch_exceptions=False)
    assert code is None or result.exit_code == code, result.output
    return result


# --- broken files -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    path = tmp_path_factory.mktemp("good") / "good.npy"
    np.save(path, np.ones((4, 4)))
    return path


def test_the_corpus_is_what_its_script_makes():
    assert {path.name for path in FILES} == set(make_all())
    assert sum(path.stat().st_size for path in FILES) < 100 * 1024


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_command_refuses_every_broken_file(tmp_path, monkeypatch, good, path, reader):
    if path.name in WHOLE_VOLUMES.get(reader, ()):
        pytest.skip("no image, but a volume")
    monkeypatch.chdir(tmp_path)
    for name in ("out.svg", "out.csv"):
        Path(name).write_bytes(OLD)
    words = [word.format(file=path, good=good) for word in READERS[reader]]
    result = invoke([*words, "-q"], code=1)
    assert result.stdout == ""
    (sentence,) = result.stderr.splitlines()
    assert sentence.startswith("Error: ")
    assert sentence.endswith((".", "numpy.save"))
    for name in ("out.svg", "out.csv"):
        assert Path(name).read_bytes() == OLD
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_broken_starts_end_in_a_sentence_or_are_points(path):
    points = read_or_refuse(read_points_csv, path)
    if points is not None:
        assert points.shape[1] == 2
        assert np.isfinite(points).all()


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_broken_points_end_in_a_sentence_or_are_points(path):
    found = read_or_refuse(read_weighted_points, path)
    if found is not None:
        assert found[0].shape[1] == 2
        assert found[1] is None or found[1].shape == (len(found[0]),)


def read_or_refuse(read, *arguments, **options):
    """Return what is read, or None if it is refused in a sentence."""
    refusal = None
    try:
        return read(*arguments, **options)
    except StippleError as error:
        refusal = str(error)
    assert refusal
    assert "\n" not in refusal
    return None


def encode(form, mode):
    pixels = np.random.default_rng(1).integers(0, 256, (7, 9, 3), dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).convert(mode).save(file, form)
    return file.getvalue()


def collect_seeds():
    """Whole files, from which fuzzing begins: one of each format, and the broken ones."""
    forms = [("PNG", "RGB"), ("PNG", "P"), ("PNG", "1"), ("PNG", "LA"), ("JPEG", "CMYK")]
    forms += [("TIFF", "L"), ("GIF", "P"), ("WEBP", "RGBA"), ("BMP", "RGB"), ("PPM", "RGB")]
    array = io.BytesIO()
    np.save(array, np.arange(12.0).reshape(3, 4))
    texts = [b"1,2\n3,4\n", b"1 2 3\n4 5 6 # end\n", b"x,y\n1,2\n3,4\n"]
    whole = [encode(*form) for form in forms]
    return [*whole, array.getvalue(), *texts, *(path.read_bytes() for path in FILES)]


SEEDS = collect_seeds()


@st.composite
def damage(draw):
    """A file with bytes changed, cut out, repeated or added in a few places."""
    data = bytearray(draw(st.sampled_from(SEEDS)))
    for _ in range(draw(st.integers(0, 4))):
        place = draw(st.integers(0, len(data)))
        end = draw(st.integers(place, min(len(data), place + 16)))
        data[place:end] = draw(
            st.one_of(st.binary(max_size=8), st.just(bytes(data[place:end]) * 2))
        )
    return bytes(data)


@settings(max_examples=300, deadline=None)
@given(data=damage())
def test_readers_return_or_say_why_not(data):
    stream = io.BytesIO(data)
    stream.name = "input"
    source = read_or_refuse(read_source, stream, max_pixels=10_000)
    if isinstance(source, np.ndarray):
        assert source.ndim == 2
        assert np.isfinite(source).all()
        assert source.min() >= 0
    elif source is not None:
        assert source.colour.ndim == 3
        assert 0 <= source.colour.min() <= source.colour.max() <= 1


@settings(max_examples=100, deadline=None)
@given(data=st.one_of(damage(), st.text().map(str.encode), st.binary()))
def test_points_are_read_or_refused(data):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "points.csv"
        path.write_bytes(data)
        points = read_or_refuse(read_points_csv, path)
    if points is not None:
        assert points.shape[1:] == (2,)
        assert np.isfinite(points).all()


# --- options ------------------------------------------------------------------------------------

# Nothing that asks for hours of work: large numbers have tests of their own.
ODD = ["", " ", "0", "-1", "1", "2", "3.5", "-0.0", "nan", "inf", "-inf", "1e-320", "1e308", "1_0"]
ODD += [
    "\u0663",
    "0x10",
    "1,2",
    "1:2",
    "2x3",
    "0x0",
    "5mm",
    "-5mm",
    "1e999mm",
    "a4",
    "red",
    "#12",
    "{",
]
ODD += [
    "{step}",
    "{stem}",
    "auto",
    "none",
    "all",
    "x.svg",
    "x.csv",
    "x.json",
    "x.png",
    "x.npy",
    ".",
]
ODD += ["a\tb", "é", "日本", "\udcff", "x" * 300, "--help", "-", "@", "%s", "'", "\\", "\n"]
# No command line holds letters that the locale does not have.
ODD = [
    word
    for word in ODD
    if word.encode(sys.getfilesystemencoding(), "ignore").decode(errors="ignore") == word
    or "\udcff" in word
]
COMMANDS = {
    "stipple": ("good.png", "-n", "5", "--iterations", "2"),
    "lloyd": ("good.png", "-n", "5", "--steps", "2"),
    "edot": ("good.png", "-m", "3", "--steps", "3"),
    "bound": ("good.png", "other.png"),
    "sequence": ("-n", "7"),
    "certify": ("points.csv",),
    "morph": ("good.png", "other.png", "-n", "5", "--frames", "3"),
    "volume": ("stack.npy", "-n", "3", "--iterations", "2"),
    "samples": (),
    "doctor": (),
}
# Whole days of work, or a screenful of presets: asked for on purpose only.
LEFT_ALONE = {"preset", "list_presets", "experiments"}


def list_options(name):
    """Return the options of a subcommand that take a value, and those that are flags."""
    command = main.get_command(click.Context(main), name)
    options = [p for p in command.params if isinstance(p, click.Option) and not p.is_eager]
    return [option for option in options if option.name not in LEFT_ALONE]


@st.composite
def write_command_line(draw):
    name = draw(st.sampled_from(sorted(COMMANDS)))
    words = [name, *COMMANDS[name]]
    options = list_options(name)
    chosen = draw(st.lists(st.sampled_from(options), max_size=4)) if options else []
    for option in chosen:
        words.append(draw(st.sampled_from(option.opts)))
        if not option.is_flag:
            known = getattr(option.type, "choices", ())
            words.append(draw(st.sampled_from([*known, *ODD])))
    return words


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(words=write_command_line())
@example(words=["lloyd", "good.png", "-n", "5", "--steps", "2", "--jitter", "1e308"])
@example(words=["lloyd", "good.png", "-n", "5", "--steps", "2", "--jitter", "nan"])
@example(words=["bound", "good.png", "other.png", "--strict", "--pixels", "squares", "-q"])
def test_odd_options_end_with_an_exit_code_and_a_sentence(tmp_path, monkeypatch, words):
    monkeypatch.chdir(tmp_path)
    for seed, name in enumerate(("good.png", "other.png")):
        save(tmp_path / name, np.random.default_rng(seed).integers(1, 250, (6, 8), dtype=np.uint8))
    (tmp_path / "points.csv").write_text("0.2,0.4\n0.7,0.5\n", encoding="utf-8")
    np.save(tmp_path / "stack.npy", np.arange(8.0).reshape(2, 2, 2))
    result = invoke(words)
    assert result.exit_code in (0, 1, 2), words
    if result.exit_code:
        assert result.stderr.splitlines()[-1].startswith(("Error: ", "Try ")) or (
            "Error: " in result.stderr
        ), words
    assert not list(tmp_path.glob(".stipple-*"))


# --- writing ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda file: file.truncate(3), id="truncated"),
        pytest.param(lambda file: (file.seek(1), file.write(b"X")), id="changed"),
        pytest.param(lambda file: (file.seek(0, 2), file.write(b"X")), id="longer"),
    ],
)
def test_what_reads_back_differently_does_not_replace(tmp_path, monkeypatch, spoil):
    def write_back(descriptor):
        with os.fdopen(os.dup(descriptor), "r+b") as file:
            spoil(file)

    path = tmp_path / "old.svg"
    path.write_bytes(OLD)
    monkeypatch.setattr("os.fsync", write_back)
    with pytest.raises(StippleError, match=r"reads back differently .*; choose another path"):
        write_file(path, b"new data " * 400_000)
    assert path.read_bytes() == OLD
    assert list(tmp_path.iterdir()) == [path]


@needs_posix
def test_no_space_left_in_the_middle_of_a_file(tmp_path):
    """A limit on the size of files stops writing half-way, as a full disk does."""
    save(tmp_path / "good.png", np.arange(64, dtype=np.uint8).reshape(8, 8))
    (tmp_path / "out.svg").write_bytes(OLD)
    words = ["stipple", "good.png", "-n", "2000", "--iterations", "0", "-q", "-o", "out.svg"]
    code = (
        "import resource, numpy, stipple; from stipple.cli import main;"
        # What is compiled is kept on disk before the limit.
        "stipple.stipple(numpy.ones((8, 8)), 2000, iterations=0);"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000));"
        f"main({words})"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    assert done.stderr == ("Error: Cannot write out.svg: File too large; choose another path.\n"), (
        done.stderr
    )
    assert (tmp_path / "out.svg").read_bytes() == OLD
    assert {path.name for path in tmp_path.iterdir()} == {"good.png", "out.svg"}


@needs_posix
@pytest.mark.parametrize("delay", [0.0, 0.003, 0.011, 0.029, 0.05])
def test_a_process_killed_while_it_writes_leaves_one_whole_file(tmp_path, delay):
    path = tmp_path / "out.svg"
    size = 3_000_000
    code = (
        "import itertools, sys; from stipple.files.write import write_file\n"
        f"for byte in itertools.cycle((b'a', b'b')): write_file({str(path)!r}, byte * {size});"
        " print(flush=True)"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", code]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, env=environment)
    with process:
        for _ in range(3):
            process.stdout.readline()
        time.sleep(delay)
        process.kill()
    assert process.returncode == -signal.SIGKILL
    data = path.read_bytes()
    assert data in (b"a" * size, b"b" * size)
    # At most one temporary file is left, which no later run mistakes for anything.
    assert len(list(tmp_path.iterdir())) <= 2
    write_file(path, b"next")
    assert path.read_bytes() == b"next"


@needs_posix
def test_a_command_killed_in_its_solve_leaves_the_old_files(tmp_path):
    (tmp_path / "out.svg").write_bytes(OLD)
    words = (SAMPLES / "camera.png", "-n", 20_000, "-v", "-o", "out.svg", "--report", "out.json")
    process = start("stipple", *words, cwd=tmp_path)
    while b"step   1" not in (line := process.stderr.readline()):
        assert line
    process.kill()
    process.communicate()
    assert (tmp_path / "out.svg").read_bytes() == OLD
    assert [path.name for path in tmp_path.iterdir()] == ["out.svg"]


@as_root
def test_folders_that_may_only_be_read(monkeypatch):
    """Root may write everywhere, so the test becomes nobody for a moment."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        save(folder / "good.png", np.zeros((4, 4), np.uint8))
        (folder / "old.svg").write_bytes(OLD)
        monkeypatch.chdir(folder)
        words = ["stipple", "good.png", "-n", "3", "-q", "-o"]
        invoke([*words, "warm.svg"], code=0)  # everything is imported before rights are given up
        (folder / "warm.svg").unlink()
        os.setresuid(65534, 65534, 0)  # the real user too, whom os.access asks for
        try:
            refusals = [invoke([*words, to], code=1).stderr for to in ("old.svg", "new.svg")]
        finally:
            os.setresuid(0, 0, 0)
        assert refusals == [
            "Error: Cannot write old.svg: no permission to write old.svg.\n",
            f"Error: Cannot write new.svg: no permission to write {folder.resolve()}.\n",
        ]
        assert (folder / "old.svg").read_bytes() == OLD
        assert {path.name for path in folder.iterdir()} == {"good.png", "old.svg"}


@needs_posix
def test_links_are_followed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    save(tmp_path / "good.png", np.zeros((4, 4), np.uint8))
    Path("far").mkdir()
    Path("near").symlink_to("far")
    Path("image").symlink_to("good.png")
    Path("dangling.svg").symlink_to("far/made.svg")
    Path("round.svg").symlink_to("round.svg")
    words = ["stipple", "image", "-n", "3", "-q", "-o"]
    invoke([*words, "dangling.svg", "-o", "near/through.svg"], code=0)
    assert Path("dangling.svg").is_symlink()
    assert Path("far/made.svg").read_bytes() == Path("far/through.svg").read_bytes()
    said = invoke([*words, "round.svg"], code=1).stderr
    assert said.startswith("Error: ")
    assert said.count("\n") == 1
    assert Path("round.svg").is_symlink()
    Path("hard.svg").hardlink_to("far/made.svg")
    Path("far/made.svg").write_bytes(OLD)
    invoke([*words, "hard.svg"], code=0)
    # The file is replaced, so the other name keeps what it had.
    assert Path("far/made.svg").read_bytes() == OLD


# --- a renderer of others -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "options",
    [
        (),
        ("--dots", "stroke", "--background", "white"),
        pytest.param(
            ("--dots", "spiral", "--pen-width", "0.2mm", "--background", "white"),
            marks=pytest.mark.slow,
        ),
        pytest.param(("--color", "cmyk"), marks=pytest.mark.slow),
        pytest.param(("--color", "rgb"), marks=pytest.mark.slow),
        ("--order", "tsp", "--draw", "tour,dots"),
        pytest.param(
            ("--draw", "cells,dots", "--ink", "#203080", "--background", "#fff8e0"),
            marks=pytest.mark.slow,
        ),
    ],
    ids=" ".join,
)
def test_a_renderer_of_svg_shows_what_the_png_shows(tmp_path, options):
    resvg = pytest.importorskip("resvg_py", reason="resvg_py draws the SVG to compare with")
    with Image.open(SAMPLES / "chelsea.png") as picture:
        picture.convert("RGB").resize((90, 60)).save(tmp_path / "photo.png")
    svg, png = tmp_path / "out.svg", tmp_path / "out.png"
    words = ("stipple", tmp_path / "photo.png", "-n", 300, "--iterations", 3, *options, "-q")
    invoke([*words, "--page", "a6", "--dpi", 300, "-o", svg, "-o", png], code=0)
    ours = read_png(png)[..., :3]
    drawn = resvg.svg_to_bytes(svg_path=str(svg), dpi=300, skip_system_fonts=True)
    with Image.open(io.BytesIO(bytes(drawn))) as image:
        theirs = np.asarray(image.convert("RGB")) / 255
    # Sizes in millimetres are no whole pixels: one rounds up, the other down.
    assert np.abs(np.subtract(ours.shape, theirs.shape)).max() <= 1
    height, width = np.minimum(ours.shape, theirs.shape)[:2]
    ours, theirs = ours[:height, :width], theirs[:height, :width]
    assert ours.std() > 0.05  # there is something to see
    assert np.abs(ours - theirs).mean() < 0.01
    assert ours.mean(axis=(0, 1)) == pytest.approx(theirs.mean(axis=(0, 1)), abs=0.005)
