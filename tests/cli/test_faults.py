"""What loses files, lets others in or ends in a traceback elsewhere, and does not here."""

import csv
import io
import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from command import invoke, read_json, save, start, stipple

from stipple.cli.bound.pairs import read_pairs
from stipple.files.temporary import PATTERN, claim, open_temporary
from stipple.machine import keops_library

needs_posix = pytest.mark.skipif(os.name != "posix", reason="signals and names of POSIX")
LLOYD = "lloyd uniform -n 2 --steps 1 --pixels 8"


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """A folder with two small pictures, a copy of both in d, and a start."""
    monkeypatch.chdir(tmp_path)
    Path("d").mkdir()
    for seed, name in enumerate("ab"):
        noise = np.random.default_rng(seed).integers(0, 256, (6, 8), dtype=np.uint8)
        save(tmp_path / f"{name}.png", noise)
        save(tmp_path / "d" / f"{name}.png", noise)
    Path("st.csv").write_text("x,y\n1,1\n5,3\n", encoding="utf-8")
    Path("s2.csv").write_text("x,y\n1,1\n5,3\n2,4\n", encoding="utf-8")
    Path("pairs.csv").write_text("a,b\na.png,b.png\n", encoding="utf-8")
    return tmp_path


# --- no traceback -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("lloyd uniform -n 1 --steps theorem --pixels 8", 0),
        ("lloyd uniform -n 2 --steps 1 --pixels 8 --box 0,0,1e300,1e300", 1),
        ("edot uniform -m 2 --pixels 8 --box 1e300,0,2e300,1", 1),
        (f"{LLOYD} --frames {{step:c}}.svg", 2),
        (f"{LLOYD} --frames {{step!r}}.svg", 2),
        (f"{LLOYD} --frames {{step:03d}}-{{points}}.svg", 0),
        ("stipple a.png -n 3 --dpi 1e300 -o a.svg -o x.png", 1),
        ("bound a.png b.png --dpi 1", 2),
    ],
)
@pytest.mark.filterwarnings("error")
def test_odd_words_end_in_a_sentence(words, code):
    result = invoke(*words.split(), code=code)
    assert result.stderr.count("Error: ") == (code > 0)


def test_zero_bytes_in_names_are_refused():
    Path("list.txt").write_bytes("a.png\n".encode("utf-16"))
    Path("two.csv").write_bytes("a,b\na.png,b.png\n".encode("utf-16"))
    Path("zero.toml").write_text('report = "x\\u0000.json"\n', encoding="utf-8")
    assert "in UTF-8" in stipple("@list.txt", "-n", 3, code=1).stderr
    assert "in UTF-8" in invoke("bound", "--pairs", "two.csv", "-o", "t.csv", code=1).stderr
    assert "zero byte" in stipple("a.png", "-n", 3, "--config", "zero.toml", code=2).stderr


@pytest.mark.parametrize(
    ("text", "told"), [("seed = " + "9" * 5000, "is not TOML"), ("output = " + "[" * 5000, "deep")]
)
def test_option_files_that_ask_too_much_are_refused(text, told):
    Path("odd.toml").write_text(text, encoding="utf-8")
    assert told in stipple("a.png", "-n", 3, "--config", "odd.toml", code=2).stderr


def test_tables_with_endless_fields_are_refused():
    text = 'a,b\n"' + "x" * 200_000 + ",b.png\n"
    Path("odd.csv").write_text(text, encoding="utf-8")
    for words in ("--pairs odd.csv -o t.csv", "--pairs pairs.csv -o odd.csv"):
        assert "look for a lone quote" in invoke("bound", *words.split(), code=1).stderr
    assert Path("odd.csv").read_text(encoding="utf-8") == text


@pytest.mark.filterwarnings("error")
def test_starts_nearer_than_numbers_tell_or_beyond_all_are_refused():
    Path("near.csv").write_text("x,y\n0,5e-324\n0,0\n", encoding="utf-8")
    Path("far.csv").write_text("x,y\n1e308,1\n-1e308,0\n", encoding="utf-8")
    words = LLOYD.split()
    for name, told in (("near.csv", "coincide"), ("far.csv", "outside")):
        assert told in stipple("a.png", "--start", name, "-o", "x.svg", code=1).stderr
        assert told in invoke(*words, "--start", name, code=1).stderr
    assert "coincide" in stipple("a.png", "-n", 3, "--fixed", "near.csv", code=1).stderr


@needs_posix
@pytest.mark.parametrize("name", ["$x_{$.png", "\udcff.png", 'a,b\n"c".png'])
def test_odd_names_are_written_and_read_again(name):
    Path(name).write_bytes(Path("a.png").read_bytes())
    Path("d", name).write_bytes(Path("a.png").read_bytes())
    invoke("lloyd", name, "-n", "2,3", "--steps", 1, "--plot", "x.png", "-o", "x.csv")
    invoke("bound", name, "b.png", "-o", "y.csv", "--report", "y.json")
    text = Path("y.csv").read_bytes().decode(errors="surrogateescape")
    rows = list(csv.reader(io.StringIO(text, newline="")))
    assert len(rows[0]) == len(rows[1])
    assert rows[1][0] == name
    for done in (0, 3):
        invoke("bound", "--all", "d", "-o", "all.csv", "--report", "r.json")
        assert read_json(Path("r.json"))["done_before"] == done
    # As a spreadsheet saves it.
    Path("all.csv").write_bytes(b"\xef\xbb\xbf" + Path("all.csv").read_bytes())
    invoke("bound", "--all", "d", "-o", "all.csv", "--report", "r.json")
    assert read_json(Path("r.json"))["done_before"] == 3
    assert (str(Path("d", name)), str(Path("d/b.png"))) in {
        tuple(sorted(pair, reverse=pair[0].endswith("b.png"))) for pair in read_pairs("all.csv")
    }


@pytest.mark.parametrize(
    "setting", [{"NUMBA_NUM_THREADS": "0"}, {"NUMBA_NUM_THREADS": "x"}, {"MPLBACKEND": "garbage"}]
)
def test_odd_environments_change_nothing(setting):
    code = "import stipple.machine.compiled; from stipple.drawing.plots import open_figure\n"
    code += "with open_figure((1, 1)) as figure: print(figure.get_figwidth())"
    environment = {**os.environ, **setting}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, check=False, timeout=60
    )
    assert (done.stdout, done.stderr) == (b"1.0\n", b"")


@needs_posix
def test_a_folder_that_is_gone_is_told(folder):
    gone = folder / "gone"
    gone.mkdir()
    words = (
        folder / "a.png",
        folder / "b.png",
        "--jobs",
        2,
        "-n",
        3,
        "-o",
        f"{folder}/{{stem}}.svg",
    )
    process = start("stipple", *words, cwd=gone, preexec_fn=gone.rmdir)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 1
    assert errors.decode().splitlines()[-1] == (
        "Error: The folder in which this was started does not exist any more: change to another."
    )


# --- nothing is lost ----------------------------------------------------------------------------

LOST = [
    f"{LLOYD.replace('uniform', 'a.png', 1)} --frames a.png",
    "bound --all d --report d/a.png",
    "bound --pairs pairs.csv --report a.png",
    "edot s2.csv -m 2 -o s{run}.csv",
    "stipple a.png --start st.csv -o st.csv",
    "edot a.png -m 2 --start st.csv -o st.csv",
    "bound --pairs pairs.csv -o pairs.csv",
    "stipple a.png b.png -o {stem}.svg --report b.png",
    "stipple @list.txt -o {stem}.svg --report list.txt",
    "sequence --density a.png -n 3 -o x.svg --report a.png",
]


@pytest.mark.parametrize("words", LOST)
def test_no_output_is_an_input(folder, words):
    Path("list.txt").write_text("a.png\nb.png\n", encoding="utf-8")
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    said = invoke(*words.split(), code=1).stderr
    assert "is read as well" in said
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


@needs_posix
def test_no_output_is_what_standard_input_is_read_from():
    before = Path("a.png").read_bytes()
    for words in ("stipple - -n 3 -o a.png", "sequence --density - -n 2 -o x.svg --report a.png"):
        with Path("a.png").open("rb") as file:
            process = start(*words.split(), stdin=file)
            _, errors = process.communicate(timeout=60)
        assert process.returncode == 1
        assert b"a.png is read as well, as standard input" in errors
        assert Path("a.png").read_bytes() == before


def test_no_output_is_the_log():
    words = ["stipple", "a.png", "-n", "3", "-o", "x.svg", "--log-file", "x.svg", "--force"]
    assert "twice" in invoke(*words, code=2).stderr


def test_with_force_points_are_moved_in_place():
    words = ("a.png", "--start", "st.csv", "-o", "st.csv", "--force", "--iterations", 3)
    stipple(*words)
    assert Path("st.csv").read_text(encoding="utf-8").startswith("x,y,mass,radius\n")


@pytest.mark.parametrize(
    "words",
    ["edot a.png -m 2,2 -o x{run}.csv", f"{LLOYD} --frames x.svg --plot x.svg -n 2,3"],
)
def test_no_file_has_two_writers(folder, words):
    assert "twice" in invoke(*words.split(), code=2).stderr
    assert not list(folder.glob("x*"))


def _heed(number):
    """Undo what nohup and shells in the background ignore."""
    signal.signal(number, signal.SIG_DFL)


@needs_posix
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGINT])
def test_signals_during_a_write_leave_one_whole_file(number):
    code = (
        "import itertools, click\n"
        "from stipple.cli.group import StippleGroup\n"
        "from stipple.files.write import write_file\n"
        "@click.command(cls=StippleGroup, invoke_without_command=True)\n"
        "def main():\n"
        "    for byte in itertools.cycle((b'a', b'b')):\n"
        "        write_file('out/x.svg', byte * 3_000_000); print(flush=True)\n"
        "main([])\n"
    )
    Path("out").mkdir()
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=partial(_heed, number),
    )
    for _ in range(3):
        assert process.stdout.readline()
    time.sleep(0.004)
    process.send_signal(number)
    _, errors = process.communicate(timeout=60)
    assert process.returncode in (128 + number, -number), errors
    assert b"Traceback" not in errors
    assert [path.name for path in Path("out").iterdir()] == ["x.svg"]
    assert len(set(Path("out/x.svg").read_bytes())) == 1


@needs_posix
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signals_while_a_compiler_calls_back_are_no_traceback(number):
    # As LLVM calls numba back with what it has compiled, which numba then misses.
    code = (
        "import click, ctypes, os\n"
        "from stipple.cli.group import StippleGroup\n"
        "@ctypes.CFUNCTYPE(None)\n"
        f"def notify(): os.kill(os.getpid(), {int(number)}); list(range(9))\n"
        "@click.command(cls=StippleGroup, invoke_without_command=True)\n"
        "def main():\n"
        "    notify()\n"
        "    raise RuntimeError('no compiled object yet')\n"
        "main([])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        check=False,
        timeout=60,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    assert (done.returncode, done.stderr) == (128 + number, b"Interrupted.\n")


@needs_posix
def test_temporary_files_are_private_and_leftovers_go(folder):
    (folder / ".stipple-0123456789abcdef.tmp").write_bytes(b"of a killed process")
    descriptor, path = open_temporary(folder)
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(folder.glob(PATTERN)) == [path]
    # Another process leaves alone what is in use.
    code = "from stipple.files.write import write_file; write_file('y.svg', b'y')"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
    assert path.exists()
    os.close(descriptor)
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
    assert not list(folder.glob(PATTERN))


@needs_posix
def test_one_run_at_a_time_writes_a_table():
    with claim("all.csv"):
        said = invoke("bound", "--all", "d", "-o", "all.csv", code=1).stderr
    assert "Another run is writing all.csv" in said
    invoke("bound", "--all", "d", "-o", "all.csv")
    assert not list(Path().glob(PATTERN))


# --- batches ------------------------------------------------------------------------------------


def test_folders_lists_and_parents(folder):
    Path("list.txt").write_text("d/a.png\n\nb.png\n", encoding="utf-8")
    stipple("@list.txt", "-n", 3, "-o", "out/{parent}/{stem}.svg")
    written = {str(path.relative_to(folder)) for path in folder.glob("out/*/*.svg")}
    assert written == {f"out/{folder.name}/b.svg", "out/d/a.svg"}
    stipple("d", "-n", 3, "-o", "other/")
    assert sorted(path.name for path in Path("other").iterdir()) == ["a.svg", "b.svg"]
    stipple("a.png", "-n", 3, "-o", "other")
    assert "write" in stipple("a.png", "--dry-run", "-o", "third/").output
    assert not Path("third").exists()


def test_what_is_done_is_left_out():
    words = ("a.png", "b.png", "-n", 3, "-o", "out/", "--skip-existing", "--report", "r.json")
    stipple("a.png", "-n", 3, "-o", "out/")
    stipple(*words)
    report = read_json(Path("r.json"))
    assert report["schema"] == 1
    assert report["skipped"] == ["a.png"]
    assert [one["image"] for one in report["images"]] == ["b.png"]
    stipple(*words)
    assert read_json(Path("r.json"))["images"] == []


def test_what_was_done_for_another_image_is_not_done():
    Path("a/b").mkdir(parents=True)
    for place in ("a", "a/b"):
        Path(place, "x.png").write_bytes(Path("a.png").read_bytes())
    stipple("a/x.png", "-n", 3, "-o", "out/")
    words = ("a/x.png", "a/b/x.png", "-n", 3, "-o", "out/", "--skip-existing")
    assert "would both be written" in stipple(*words, code=2).stderr


def test_folders_may_hold_pictures_of_phones_and_need_no_command():
    Path("phone").mkdir()
    Path("phone/a.heic").write_bytes(b"prose")
    assert "has no images" not in stipple("phone", "-n", 3, code=1).stderr
    assert "out/b.csv" in invoke("d", "-n", "3", "-o", "out/{stem}.csv", "--dry-run").output
    Path("list").write_text("a.png\n", encoding="utf-8")
    assert "out/a.csv" in invoke("@list", "-n", "3", "-o", "out/{stem}.csv", "--dry-run").output


def test_dry_runs_name_what_will_be_written():
    plan = "edot --preset plan-1d -o plan.csv --dry-run"
    assert invoke(*plan.split()).output == "write plan.csv\n"
    frames = f"{LLOYD} --steps 3 --frames f{{step}}.svg --frame-steps 0,50 --dry-run"
    assert invoke(*frames.split()).output == "write f0.svg\n"
    coloured = "edot a.png --color rgb -o {run}.png"
    assert "one picture" in invoke(*coloured.split(), code=2).stderr
    assert "it is a folder" in stipple("a.png", "-n", 3, "--report", "new/", code=1).stderr


def test_exit_codes_and_reports_of_failures():
    Path("c.png").write_text("prose", encoding="utf-8")
    stipple("c.png", "-n", 3, "--report", "r.json", code=1)
    (failure,) = read_json(Path("r.json"))["failures"]
    assert (failure["image"], failure["class"]) == ("c.png", "refused")
    stipple("c.png", "a.png", "-n", 3, "--report", "r.json", code=3)
    assert read_json(Path("r.json"))["failures"][0]["class"] == "refused"
    stipple("c.png", "none.png", "-n", 3, code=1)
    invoke("bound", "c.png", "a.png", "--report", "r.json", code=1)
    assert read_json(Path("r.json"))["failures"][0]["a"] == "c.png"
    Path("d/c.png").write_text("prose", encoding="utf-8")
    invoke("bound", "--all", "d", "-o", "t.csv", "--report", "r.json", code=3)
    assert len(read_json(Path("r.json"))["failures"]) == 2
    for words in ("edot c.png -m 3", "sequence --density c.png -n 3", "lloyd c.png -n 3 --steps 1"):
        invoke(*words.split(), "--report", "r.json", code=1)
        assert read_json(Path("r.json"))["failures"][0]["class"] == "refused"


# --- nobody is let in ---------------------------------------------------------------------------


@needs_posix
def test_caches_are_where_nobody_else_writes(folder):
    usable = keops_library._is_usable
    assert usable(folder / "new")
    for name in ("a b", "a;touch x", "R&D", "$HOME", "'"):
        assert not usable(folder / name)
        assert not (folder / name).exists()
    (folder / "link").symlink_to(folder / "new")
    assert not usable(folder / "link")
    (folder / "open").mkdir()
    (folder / "open").chmod(0o777)
    assert not usable(folder / "open")
