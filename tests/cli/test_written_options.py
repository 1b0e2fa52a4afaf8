"""Options that name a file to write: it is written, or the option is refused before any work."""

from collections.abc import Iterator
from pathlib import Path

import click
import numpy as np
import pytest
from click.testing import CliRunner
from command import save

from stipple.cli import main
from stipple.cli.shared.outputs import WRITTEN

# Commands in each of their modes.
LINES = (
    "stipple a.png -n 3 --iterations 1",
    "stipple a.png b.png -n 3 --iterations 1",
    "stipple a.png -n 3 --iterations 1 --color cmyk",
    "stipple a.png b.png -n 3 --coherent",
    "lloyd uniform -n 2,3 --steps 1 --pixels 8",
    "lloyd uniform -n 2,3 --steps 1 --box 0,1",
    "lloyd a.png -n 2,3 --steps 1",
    "lloyd v.npy -n 2,3 --steps 1",
    "edot a.png -m 2",
    "edot st.csv -m 1,2",
    "edot v.npy -m 2",
    "edot uniform --box 0,1 -m 2",
    "edot st.csv st.csv -m 1 --barycenter",
    "edot st.csv st.csv -m 1 --plan",
    "edot st.csv -m 2 --naive 3:2,3",
    "bound a.png b.png",
    "bound v.npy v.npy",
    "bound --all images",
    "bound --query a.png --all images --nearest 1",
    "sequence -n 5",
    "sequence -n 5 -d 3",
    "sequence --prefixes 1:4",
    "sequence --density a.png -n 3",
    "certify st.csv --box 0,0,9,9",
    "morph a.png b.png -n 3",
    "volume v.npy -n 3",
    "volume uniform -n 3",
)
# Reports are JSON, or a page, whatever they are called.
REPORT = "report"


def list_cases() -> Iterator[tuple[str, str]]:
    for line in LINES:
        command = main.get_command(click.Context(main), line.split()[0])
        assert command is not None
        for option in command.params:
            if option.name in WRITTEN - {REPORT}:
                yield line, max(option.opts, key=len)


CASES = list(list_cases())


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    grey = np.arange(0, 192, 3, dtype=np.uint8).reshape(8, 8)
    (tmp_path / "images").mkdir()
    for name in ("a.png", "images/a.png"):
        save(tmp_path / name, grey)
    for name in ("b.png", "images/b.png"):
        save(tmp_path / name, grey[::-1])
    np.save(tmp_path / "v.npy", np.ones((3, 4, 5)))
    (tmp_path / "st.csv").write_text("x,y\n1,2\n3,4\n5,1\n")
    return tmp_path


def write(line: str, option: str, name: str) -> tuple[int, bool]:
    """Run a command with a file to write; tell its exit code, and whether there is such a file."""
    words = [*line.split(), option, name, "-q"]
    code = CliRunner().invoke(main, words, catch_exceptions=False).exit_code
    return code, Path(name).exists()


@pytest.mark.parametrize(("line", "option"), CASES)
def test_suffixes_that_mean_nothing_are_refused(line: str, option: str) -> None:
    assert write(line, option, "x.nope") == (2, False)


@pytest.mark.slow
@pytest.mark.parametrize("suffix", ["svg", "csv", "html", "png", "gif", "npy"])
@pytest.mark.parametrize(("line", "option"), CASES)
def test_a_file_is_written_or_the_option_refused(line: str, option: str, suffix: str) -> None:
    # Of several images each has a file of its own.
    name = "x.{stem}." if "b.png -n 3 --iterations" in line and option == "--output" else "x."
    code, written = write(line, option, name + suffix)
    written = written or Path(f"x.a.{suffix}").exists()
    # Whether sources are pictures or volumes is known once they are read.
    assert (code, written) in [(0, True), (1, False), (2, False)]
