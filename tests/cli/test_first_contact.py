"""The first words that somebody types, right or nearly so."""

import sys
from importlib.metadata import PackagePath
from pathlib import Path
from types import SimpleNamespace

import click
import numpy as np
import pytest
from click.shell_completion import ShellComplete
from click.testing import CliRunner
from command import ROOT, SAMPLES, save

from stipple.cli import main
from stipple.cli.shared import types
from stipple.cli.shared.counts import Count, read_count
from stipple.errors import StippleError
from stipple.files import sample_picture

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


def run(words: str, code: int = 0) -> str:
    result = CliRunner().invoke(main, words.split(), catch_exceptions=False)
    assert result.exit_code == code, result.output
    return result.output


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    save(tmp_path / "photo.png", np.uint8([[0, 80, 255], [30, 120, 200]]))
    (tmp_path / "notes.txt").write_text("Dear all,\nthis is a letter.\n")
    (tmp_path / "notes.md").write_text("# Notes\n\nDear all,\n")
    (tmp_path / "letter.pdf").write_bytes(b"%PDF-1.7\n1 0 obj\n")
    (tmp_path / "photo.psd").write_bytes(b"8BPS\0\1" + bytes(40))
    (tmp_path / "photo.cr2").write_bytes(b"II*\0\x10\0\0\0CR\2\0" + bytes(40))
    return tmp_path


@pytest.mark.parametrize("words", ["photo.png -n 4", "./photo.png -n 4", "-n 4 photo.png"])
def test_an_image_alone_is_stippled(folder: Path, words: str) -> None:
    run(words)
    alone = (folder / "photo.svg").read_bytes()
    run("stipple photo.png -n 4 -o long.svg")
    assert alone == (folder / "long.svg").read_bytes()


def test_a_file_without_suffix_is_an_image_and_a_subcommand_is_none(folder: Path) -> None:
    (folder / "photo.png").rename(folder / "holiday")
    run("holiday -n 4")
    assert (folder / "holiday.svg").exists()
    Path("bound").write_bytes((folder / "holiday").read_bytes())
    run("bound", code=2)  # two images are missing
    assert not (folder / "bound.svg").exists()


def test_help_and_version_in_other_words() -> None:
    assert run("help bound") == run("bound --help")
    assert run("help") == run("--help")
    assert run("-V") == run("--version")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("stiple photo.png", "No such command or image 'stiple'. Did you mean 'stipple'?"),
        ("lyod uniform", "Did you mean 'lloyd'?"),
        ("quux", "The commands are stipple, lloyd"),
        ("photo.png --preset newpaper", "Did you mean 'newspaper'?"),
        ("lloyd --preset gausian-grid", "Did you mean 'gaussian-grid'?"),
        ("edot --preset disc-24", "Did you mean 'discs-24'?"),
        ("photo.png --method llyod", "Did you mean 'lloyd'?"),
        ("photo.png --metod lloyd", "--method"),
        ("photo.png --page a44", "Did you mean 'a4'?"),
        ("photo.png --ink navi", "Did you mean 'navy'?"),
        ("photo.png --draw dost", "Did you mean 'dots'?"),
        ("sequence --compare sobel", "Did you mean 'sobol'?"),
        ("photo.png drawing.svg", "drawing.svg stands among the images: to write it, put -o"),
        ("photo.png -n 10q", "'10q' is not a whole number such as 5000, 10k, 1.5k or 1M."),
        ("photo.png -n 0.5", "not a whole number"),
        ("photo.png -n 0", "0 is not in the range"),
    ],
)
def test_a_mistake_is_answered_with_what_was_meant(folder: Path, words: str, told: str) -> None:
    assert told in run(words, code=2)
    assert not list(folder.glob("*.svg"))


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("notes.txt", "notes.txt is a text, not an image"),
        ("notes.md", "notes.md is a text, not an image"),
        ("letter.pdf", "letter.pdf is a PDF, not an image: export its page as PNG or JPEG."),
        ("photo.psd", "export other pictures as JPEG or PNG."),
        ("photo.cr2", "export other pictures as JPEG or PNG."),
        ("nowhere.jpg", "nowhere.jpg does not exist"),
    ],
)
@pytest.mark.usefixtures("folder")
def test_what_is_no_image_is_told_a_way_out(words: str, told: str) -> None:
    assert told in run(words, code=1)


@pytest.mark.parametrize(
    ("text", "count"),
    [("10k", 10_000), ("10K", 10_000), ("1.5k", 1500), ("1M", 1_000_000), ("0.25m", 250_000)],
)
def test_counts_have_thousands_and_millions(text: str, count: int) -> None:
    assert read_count(text) == count
    assert Count(1).convert(text, None, None) == count
    assert types.COUNTS.convert(f"{text},7", None, None) == (count, 7)
    assert types.PREFIXES.convert(f"1:{text}:{text}", None, None) == range(1, count + 1, count)


def test_counts_may_have_commas_between_thousands() -> None:
    assert Count(1).convert("12,500", None, None) == 12_500
    with pytest.raises(click.BadParameter):
        Count(1).convert("12,50", None, None)


@pytest.mark.parametrize(
    "words",
    [
        "stipple photo.png -n 0.004k -o a.csv",
        "edot photo.png -m 0.004k -o a.csv",
        "sequence -n 0.004k -o a.csv",
        "sequence --skip 0.001k -n 4 -o a.csv",
    ],
)
def test_every_command_counts_so(folder: Path, words: str) -> None:
    run(words)
    short = (folder / "a.csv").read_bytes()
    run(words.replace("0.004k", "4").replace("0.001k", "1").replace("a.csv", "b.csv"))
    assert short == (folder / "b.csv").read_bytes()


def test_shares_may_be_percents() -> None:
    assert types.SHARES.convert("30%,70%", None, None) == (0.3, 0.7)
    assert types.SHARES.convert("0.3,0.7", None, None) == (0.3, 0.7)
    for words in ("30%,x", "%", "inf%,1"):
        with pytest.raises(click.BadParameter):
            types.SHARES.convert(words, None, None)
    stipple = main.get_command(click.Context(main), "stipple")
    bound = main.get_command(click.Context(main), "bound")
    shares = {
        option.name: option.type.convert("5%", None, None)
        for command in (stipple, bound)
        for option in (command.params if command else [])
        if isinstance(option.type, types.Portion)
    }
    assert set(shares) >= {"tolerance", "size_variation", "balance", "threshold", "gap", "sharpen"}
    assert set(shares.values()) == {0.05}


def test_a_transparent_background_is_none(folder: Path) -> None:
    assert types.BACKGROUND.convert("transparent", None, None) == "none"
    run("photo.png -n 4 --background transparent -o clear.svg")
    run("photo.png -n 4 --background none -o none.svg")
    assert (folder / "clear.svg").read_bytes() == (folder / "none.svg").read_bytes()


@pytest.mark.usefixtures("folder")
def test_samples_are_written_once() -> None:
    told = run("samples").split()
    assert sorted(told) == sorted(map(str, Path("samples").iterdir()))
    assert Path("samples/camera.png").read_bytes() == (SAMPLES / "camera.png").read_bytes()
    Path("samples/camera.png").write_bytes(b"mine")
    run("samples")
    assert Path("samples/camera.png").read_bytes() == b"mine"


def test_samples_are_found_where_pip_put_them(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sample_picture, "_CLONE", folder)
    placed = PackagePath("../../share/stipple/samples/camera.png")
    placed.dist = SimpleNamespace(locate_file=lambda path: folder / path)
    monkeypatch.setattr(sample_picture, "files", lambda _: [PackagePath("stipple/x.py"), placed])
    assert sample_picture.find_samples() == folder / "../../share/stipple/samples"
    monkeypatch.setattr(sample_picture, "files", lambda _: None)
    with pytest.raises(StippleError, match="install stipple-ot anew"):
        sample_picture.find_samples()


def test_the_wheel_brings_samples_and_manuals() -> None:
    found = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
    shares = {
        folder: {path.name for pattern in patterns for path in ROOT.glob(pattern)}
        for folder, patterns in found["data-files"].items()
    }
    assert shares["share/stipple/samples"] == set(sample_picture.NAMES)
    assert shares["share/man/man1"] >= {"stipple.1", "stipple-stipple.1"}


@pytest.mark.parametrize(
    ("words", "incomplete", "found"),
    [
        (["stipple", "--preset"], "new", ["newspaper"]),
        (["edot", "--preset"], "discs-2", ["discs-24"]),
        (["stipple", "--page"], "le", ["letter", "legal"]),
        (["stipple", "--ink"], "nav", ["navajowhite", "navy"]),
        (["stipple", "--inks"], "red,navy", ["red,navy"]),
        (["stipple", "--background"], "trans", ["transparent"]),
        (["stipple", "--method"], "ll", ["lloyd"]),
        ([], "bo", ["bound"]),
    ],
)
def test_the_shell_completes_names(words: list[str], incomplete: str, found: list[str]) -> None:
    completions = ShellComplete(main, {}, "stipple", "_STIPPLE_COMPLETE").get_completions(
        words, incomplete
    )
    assert sorted(item.value for item in completions) == sorted(found)
