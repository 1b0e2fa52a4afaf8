"""The manual pages: what they say, how they are escaped, whether those checked in are current."""

import shutil
import subprocess
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

import stipple.cli
from stipple.cli.manual import escape_roff, render_manual, render_manuals, write_manuals

MANUALS = Path(__file__).parents[2] / "man"


@click.command(context_settings={"show_default": True})
@click.argument("image")
@click.option("-n", "--points", type=click.IntRange(1), default=5000, help="How many points.")
@click.option("--method", type=click.Choice(["lbfgs", "lloyd"]), default="lbfgs", help="Which way.")
@click.option("--threads/--no-threads", default=True, help=".5 of them.\n\nOr none.")
@click.option("--silent", is_flag=True)
@click.option("--secret", hidden=True)
def solve() -> None:
    """Turn IMAGE into points. The cost is W₂².

    .dot first; 'quoted', a\\b.

    \b
    kept
      as it is

    \b
    Examples:
      stipple solve -n 3 a.png

      stipple solve 'b c.png' | wc ~/x `y` ^z \\n
    """


class LazyGroup(click.Group):
    """A group whose subcommands exist only when they are asked for."""

    def list_commands(self, _context: click.Context) -> list[str]:
        return ["solve", "hidden"]

    def get_command(self, _context: click.Context, name: str) -> click.Command | None:
        return solve if name == "solve" else click.Command("hidden", hidden=True)


GROUP = LazyGroup("stipple", help="Turn images into points.", epilog="Examples:\n  stipple solve")


def get_section(page: str, title: str) -> str:
    return page.partition(f".SH {title}\n")[2].partition("\n.SH ")[0]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", "plain"),
        (".B bold", r"\&.B bold"),
        ("one\n.two", "one\n\\&.two"),
        ("1.5 a.b", "1.5 a.b"),
        ("'quoted'", r"\(aqquoted\(aq"),
        ("a\\b", r"a\eb"),
        ("--no-color", r"\-\-no\-color"),
        ("~ ^ `", r"\(ti \(ha \(ga"),
        ("W₂²", r"W\[u2082]\[u00B2]"),
        ("🖊", r"\[u1F58A]"),
    ],
)
def test_text_is_escaped(text: str, expected: str) -> None:
    assert escape_roff(text) == expected


def test_sections_are_in_the_usual_order() -> None:
    titles = [line[4:] for line in render_manual(GROUP, "stipple").splitlines() if ".SH" in line]
    usual = ["NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "COMMANDS", "EXAMPLES"]
    assert titles == [*usual, "EXIT STATUS", "SEE ALSO"]


def test_name_and_synopsis() -> None:
    page = render_manual(solve, "stipple solve")
    assert get_section(page, "NAME") == r"stipple\-solve \- Turn IMAGE into points"
    assert get_section(page, "SYNOPSIS") == r"\fBstipple solve\fR [OPTIONS] IMAGE"


def test_every_visible_option_has_its_names_choices_and_default() -> None:
    options = get_section(render_manual(solve, "stipple solve"), "OPTIONS")
    for parameter in solve.params:
        for name in (*parameter.opts, *parameter.secondary_opts):
            if name.startswith("-"):
                assert (rf"\fB{escape_roff(name)}\fR" in options) is (name != "--secret")
    assert r"\fI[lbfgs|lloyd]\fR" in options
    assert "How many points. [default: 5000; x>=1]" in options
    assert "\\&.5 of them.\n.sp\nOr none. [default: threads]" in options


def test_documented_arguments_are_listed() -> None:
    try:
        argument = click.Argument(["image"], help="Picture to read.")
    except TypeError:
        pytest.skip("click < 8.5 has no help for arguments")
    page = render_manual(click.Command("solve", params=[argument]), "stipple solve")
    assert get_section(page, "OPTIONS").startswith(".TP\n\\fIIMAGE\\fR\nPicture to read.\n")


def test_description_keeps_marked_paragraphs() -> None:
    description = get_section(render_manual(solve, "stipple solve"), "DESCRIPTION")
    assert "\n.nf\nkept\n  as it is\n.fi" in description
    assert "Examples" not in description
    assert "\b" not in description


def test_examples_are_verbatim() -> None:
    examples = get_section(render_manual(solve, "stipple solve"), "EXAMPLES")
    assert examples.splitlines() == [
        ".nf",
        r"stipple solve \-n 3 a.png",
        "",
        r"stipple solve \(aqb c.png\(aq | wc \(ti/x \(gay\(ga \(haz \en",
        ".fi",
    ]
    assert get_section(render_manual(GROUP, "stipple"), "EXAMPLES") == ".nf\nstipple solve\n.fi"


def test_pages_of_a_lazy_group_refer_to_each_other() -> None:
    pages = render_manuals(GROUP, "stipple")
    assert list(pages) == ["stipple.1", "stipple-solve.1"]
    assert get_section(pages["stipple.1"], "SEE ALSO").strip() == r"\fBstipple\-solve\fR(1)"
    assert get_section(pages["stipple-solve.1"], "SEE ALSO").strip() == r"\fBstipple\fR(1)"


@pytest.mark.skipif(shutil.which("groff") is None, reason="groff is not installed")
def test_groff_shows_the_pages_without_warnings() -> None:
    command = ["groff", "-man", "-ww", "-Tutf8", "-P-cbou"]
    shown = ""
    for page in render_manuals(GROUP, "stipple").values():
        run = subprocess.run(command, input=page, capture_output=True, encoding="utf-8", check=True)
        assert run.stderr == ""
        shown += run.stdout
    assert "       stipple solve 'b c.png' | wc ~/x `y` ^z \\n\n" in shown
    assert ".dot first; 'quoted', a\\b." in shown
    assert "W₂²" in shown


def test_pages_are_written_into_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stipple.cli, "main", GROUP, raising=False)
    result = CliRunner().invoke(write_manuals, [str(tmp_path / "man")], catch_exceptions=False)
    assert result.exit_code == 0
    written = {path.name: path.read_bytes().decode() for path in (tmp_path / "man").iterdir()}
    assert written == render_manuals(GROUP, "stipple")


@pytest.mark.skipif(not hasattr(stipple.cli, "main"), reason="the command does not exist yet")
def test_checked_in_pages_are_current() -> None:
    current = render_manuals(stipple.cli.main, "stipple")
    checked_in = {path.name: path.read_text("ascii") for path in MANUALS.glob("*.1")}
    assert checked_in == current, "run `make man`"
