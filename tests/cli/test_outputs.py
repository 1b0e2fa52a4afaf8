"""Where results go: formats by suffix, and what must not be overwritten."""

import os

import click
import pytest

from stipple.cli.shared.outputs import Output, check_targets, plan_outputs
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


def test_the_image_is_not_overwritten_under_any_name(folder):
    os.link(folder / "a.png", folder / "b.png")
    for name in ("a.png", "b.png", "./a.png"):
        with pytest.raises(StippleError, match="is the image itself"):
            check_targets([name], "a.png")
    check_targets(["b.png", "new.png"], "-")


def test_no_file_is_written_twice(folder):
    (folder / "link.svg").symlink_to("b.svg")
    for names in (("b.svg", "b.svg"), ("b.svg", "./b.svg"), ("b.svg", "link.svg")):
        with pytest.raises(click.UsageError, match="named as an output twice"):
            check_targets(names, "a.png")
    with pytest.raises(click.UsageError, match="once only"):
        check_targets(["-", "-"], "a.png")
    check_targets(["/dev/null", "/dev/null", "-"], "a.png")
