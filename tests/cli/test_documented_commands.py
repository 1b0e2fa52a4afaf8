"""Every command that the README, the documents and the help show, run as it is shown."""

import re
import shlex
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from command import ROOT
from PIL import Image

from stipple.cli import main

COMMANDS = ("stipple", "lloyd", "edot", "bound", "sequence")
# Commands that take more than a few seconds, by what they say.
SLOW = re.compile(
    r"--preset|--objective sharp|1000000|--prefixes|--naive|-m [23]000|--density|--repeat|theorem"
)


def list_documented() -> list[str]:
    texts = [
        path.read_text(encoding="utf-8")
        for path in [ROOT / "README.md", *sorted(ROOT.glob("docs/*.md"))]
    ]
    blocks = [block for text in texts for block in re.findall(r"```sh\n(.*?)```", text, re.S)]
    blocks += [import_module(f"stipple.cli.{name}.command").EXAMPLES for name in COMMANDS]
    lines = [line.strip() for block in blocks for line in block.splitlines()]
    known = re.compile(rf"(?:cat \S+ \| )?stipple (?:{'|'.join(COMMANDS)}) ")
    # A cluster is in test_dask.py only.
    shown = (line for line in lines if known.match(line) and "--scheduler" not in line)
    return list(dict.fromkeys(shown))


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with a small file of every name that the documents use."""
    monkeypatch.chdir(tmp_path)
    generator = np.random.default_rng(0)
    y, x = np.mgrid[:48, :64]
    grey = (127 + 120 * np.sin(x / 9) * np.cos(y / 7)).astype(np.uint8)
    coloured = np.stack([grey, 255 - grey, grey // 2 + 60], axis=2)
    for name in ("photo.jpg", "photo.png", "first.png", "logo.png", "scan.png"):
        Image.fromarray(coloured).save(name)
    Image.fromarray(coloured[::-1]).save("second.png")
    for name, seed in (("first", 1), ("second", 2), ("density", 3)):
        np.save(f"{name}.npy", np.random.default_rng(seed).random((24, 32)))
    np.savetxt("samples.csv", generator.standard_normal((200, 3)), delimiter=",")
    for name in ("scans", "photos", "out"):
        Path(name).mkdir()
    for name in ("one", "two"):
        Image.fromarray(coloured).save(f"photos/{name}.jpg")
    for number in range(3):
        np.save(f"scans/{number}.npy", generator.random((12, 12)))
    Path("pairs.csv").write_text("a,b\nfirst.png,second.png\n")
    return tmp_path


def mark(line):
    return pytest.param(line, marks=pytest.mark.slow) if SLOW.search(line) else line


@pytest.mark.parametrize("line", [mark(line) for line in list_documented()])
def test_a_documented_command_runs(folder, line):
    words = shlex.split(line, comments=True)
    data = None
    if words[0] == "cat":
        data = (folder / words[1]).read_bytes()
        words = words[3:]
    for end in ("|", ">"):
        if end in words:
            words = words[: words.index(end)]
    # As many points as a small picture can bear.
    words = ["300" if word in ("10000", "20000", "12000") else word for word in words[1:]]
    words = [found for word in words for found in sorted(map(str, Path().glob(word))) or [word]]
    result = CliRunner().invoke(main, words, input=data, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    written = [
        words[at + 1] for at, word in enumerate(words) if word in ("-o", "--plot", "--report")
    ]
    for path in written:
        if path != "-" and "{" not in path:
            assert (folder / path).stat().st_size > 0


def test_documented_commands_are_found():
    lines = list_documented()
    for name in COMMANDS:
        assert sum(f"stipple {name} " in line for line in lines) >= 3
