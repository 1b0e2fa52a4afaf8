"""Where results go: formats by suffix, and what must not be overwritten."""

import os

import click
import numpy as np
import pytest
from command import invoke, save

from stipple.cli.shared.outputs import Output, plan_outputs, settle_files
from stipple.errors import StippleError

FORMATS = ("svg", "png")


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.png").touch()
    return tmp_path


def test_formats_are_those_of_the_suffixes():
    outputs = plan_outputs("a.png", ["B.SVG", "-", "c.b.png"], "svg", FORMATS)
    assert outputs == (Output("B.SVG", "svg"), Output("-", "svg"), Output("c.b.png", "png"))
    assert plan_outputs("folder/photo.b.jpg", [], None, FORMATS) == (Output("photo.b.svg", "svg"),)
    for paths, form, said in (
        (["a.gif"], None, "use one of .svg, .png"),
        (["-"], None, "needs --format"),
        (["-"], "csv", "none of .svg, .png"),
        (["a.svg"], "svg", "--format is for -o -"),
    ):
        with pytest.raises(click.UsageError, match=said):
            plan_outputs("a.png", paths, form, FORMATS)


def settle(*written, read=("a.png",), **options):
    flags = dict.fromkeys(("force", "no_clobber", "dry_run", "open_"), False)
    settle_files(
        {**flags, "log_file": None, "images": read, "outputs": written, **options}, written
    )


def test_the_first_file_is_shown(monkeypatch, tmp_path):
    shown = []
    monkeypatch.setattr(click, "launch", lambda path: shown.append(path) or 0)
    monkeypatch.chdir(tmp_path)
    save(tmp_path / "a.png", np.arange(12, dtype=np.uint8).reshape(3, 4))
    words = ["stipple", "a.png", "-n", 3, "--iterations", 0, "-q", "--open"]
    invoke(*words)
    invoke(*words, "-o", "-", "-o", "-b.svg", "-o", "c.csv", "--format", "csv")
    save(tmp_path / "b.png", np.arange(12, dtype=np.uint8).reshape(4, 3))
    invoke("stipple", "b.png", "a.png", *words[2:], "-o", "{stem}-{number}.svg")
    invoke("sequence", "-n", 4, "-q", "--open", "-o", "s.svg")
    assert shown == [str(tmp_path / name) for name in ("a.svg", "-b.svg", "b-1.svg", "s.svg")]
    shown.clear()
    words = ["bound", "--query", "a.png", "--all", ".", "--resize", "3x4", "-q", "--open"]
    invoke(*words, "-o", "near.csv")
    assert shown == [str(tmp_path / "near.csv")]
    told = invoke("sequence", "-n", 4, "--open", code=2)
    assert "--open shows a file" in told.output
    monkeypatch.setattr(click, "launch", lambda _: 1)
    told = invoke("sequence", "-n", 4, "--open", "-o", "s.svg")
    assert "s.svg is written, but no program was found here to show it." in told.stderr


def test_what_is_read_is_not_overwritten_under_any_name(folder):
    os.link(folder / "a.png", folder / "b.png")
    for name in ("a.png", "b.png", "./a.png"):
        with pytest.raises(StippleError, match=r"is read as well, as a\.png: .* --force"):
            settle(name)
        settle(name, force=True)
        settle(name, read=("-",))
    settle("new.png", "a.png", read=("b.svg",))
    with pytest.raises(StippleError, match=r"as a\.png"):
        settle("a.png", read=(), start="a.png")


def test_no_file_is_written_twice(folder):
    (folder / "link.svg").symlink_to("b.svg")
    for names in (("b.svg", "b.svg"), ("b.svg", "./b.svg"), ("b.svg", "link.svg")):
        with pytest.raises(click.UsageError, match="named as an output twice"):
            settle(*names, force=True)
    with pytest.raises(click.UsageError, match="once only"):
        settle("-", "-")
    settle("/dev/null", "/dev/null", "-")


def test_what_is_there_may_be_kept():
    settle("b.svg", no_clobber=True)
    with pytest.raises(StippleError, match=r"a\.png is there already"):
        settle("b.svg", "a.png", read=(), no_clobber=True)


def test_a_dry_run_names_files_whose_bytes_are_no_text(capsys):
    with pytest.raises(click.exceptions.Exit):
        settle("\udcff.csv", dry_run=True)
    assert capsys.readouterr().out == "write \ufffd.csv\n"


def test_a_dry_run_names_every_file_and_ends(capsys):
    with pytest.raises(click.exceptions.Exit):
        settle("new/b.svg", "a.png", "-", read=(), dry_run=True)
    assert capsys.readouterr().out == "write new/b.svg\nreplace a.png\n"


def test_folders_that_can_be_made_are_no_obstacle():
    settle("new/deep/b.svg")
    with pytest.raises(StippleError, match="is not a folder"):
        settle("a.png/b.svg")
    with pytest.raises(StippleError, match="it is a folder"):
        settle(".")


@pytest.mark.parametrize(
    "words",
    [
        ["bound", "a.png", "b.png", "--plot", ""],
        ["bound", "a.png", "b.png", "--morph", ""],
        ["lloyd", "a.png", "--frames", ""],
        ["stipple", "a.png", "--animate", ""],
    ],
)
def test_a_path_that_is_empty_is_refused(words):
    assert words[-2] in invoke(*words, code=2).stderr


@pytest.mark.parametrize(
    "line",
    [
        "stipple a.png -n 3 --iterations 1",
        "lloyd uniform -n 2 --steps 1 --pixels 8",
        "edot a.png -m 2",
        "bound a.png a.png",
        "sequence -n 5",
        "sequence --prefixes 1:4",
        "certify st.csv --box 0,0,9,9",
    ],
)
def test_every_command_writes_drawings_and_tables(line, tmp_path):
    save(tmp_path / "a.png", np.arange(12, dtype=np.uint8).reshape(3, 4))
    (tmp_path / "st.csv").write_text("x,y\n1,2\n3,4\n5,1\n", encoding="utf-8")
    invoke(
        *line.split(),
        "-q",
        *(word for form in ("svg", "png", "csv") for word in ("-o", f"o.{form}")),
    )
    assert b"<svg" in (tmp_path / "o.svg").read_bytes()
    assert (tmp_path / "o.png").read_bytes().startswith(b"\x89PNG")
    header, row, *_ = (tmp_path / "o.csv").read_text(encoding="utf-8").splitlines()
    assert header.count(",") == row.count(",") > 0
