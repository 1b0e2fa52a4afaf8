"""What the README, the documents and the help show of commands and options is there, and runs."""

import re
import shlex
from pathlib import Path

import click
import numpy as np
import pytest
from click.testing import CliRunner
from command import ROOT
from PIL import Image

from stipple.cli import main

GROUP = click.Context(main)
COMMANDS = {name: main.get_command(GROUP, name) for name in main.list_commands(GROUP)}
TEXTS = {
    path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8")
    for path in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(ROOT.glob("docs/*.md"))]
}
OPTIONS = [
    pytest.param(name, option, id=f"{name} {option.opts[-1]}")
    for name, command in COMMANDS.items()
    for option in command.params
    if isinstance(option, click.Option) and not option.hidden
]
# Options of other programs that the documents show.
OTHERS = {"--all-files", "--help", "--host", "--version"}
# Commands that take more than a few seconds, by what they say.
SLOW = re.compile(
    r"--preset|--objective sharp|1000000|--prefixes|--naive|-m [23]000|--density|--repeat|theorem"
)


def list_documented() -> list[str]:
    found = (re.findall(r"```sh\n(.*?)```", text, re.S) for text in TEXTS.values())
    blocks = [block for blocks in found for block in blocks]
    blocks += [str(command.epilog) for command in COMMANDS.values()]
    lines = [line.strip() for block in blocks for line in block.splitlines()]
    known = re.compile(rf"(?:cat \S+ \| )?stipple (?:{'|'.join(COMMANDS)}|photo\.jpg)( |$)")
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
    np.save("stack.npy", generator.random((4, 5, 6)))
    Path("grains.csv").write_text("mass\n1\n2\n3\n")
    pages = [Image.fromarray(grey[8 * page :][:8]) for page in range(5)]
    pages[0].save("stack.tif", save_all=True, append_images=pages[1:])
    for name, first in (("first", 0), ("second", 20)):
        pages = [Image.fromarray(grey[page + first :][:6, :8]) for page in range(5)]
        pages[0].save(f"{name}.tif", save_all=True, append_images=pages[1:])
    np.savetxt("samples.csv", generator.standard_normal((200, 3)), delimiter=",")
    for name in ("points", "first", "second"):
        np.savetxt(f"{name}.csv", generator.random((30, 2)), delimiter=",")
    Path("shares.csv").write_text("weight\n1\n2\n5\n")
    steps = "".join(f"{i},{i + 1},{1 + i % 3}\n" for i in range(199))
    Path("graph.csv").write_text(f"from,to,length\n{steps}")
    for name in ("scans", "photos", "frames", "out"):
        Path(name).mkdir()
    for name in ("one", "two"):
        Image.fromarray(coloured).save(f"photos/{name}.jpg")
    for number in range(3):
        Image.fromarray(np.roll(coloured, 5 * number, axis=1)).save(f"frames/{number}.png")
        np.save(f"scans/{number}.npy", generator.random((12, 12)))
    Path("pairs.csv").write_text("a,b\nfirst.png,second.png\n")
    Path("mine.toml").write_text('points = 90\nsize-variation = 0.4\npage = "a3"\n')
    Path("samples").mkdir()
    for path in (ROOT / "samples").glob("*.*g"):
        Path("samples", path.name).write_bytes(path.read_bytes())
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
    many = {"6000", "8000", "10000", "12000", "20000", "8k", "10k", "20k"}
    words = ["300" if word in many else word for word in words[1:]]
    if "--pen" in words and "-n" not in words:
        words[words.index("--pen") + 1] = "8mm"
    words = [found for word in words for found in sorted(map(str, Path().glob(word))) or [word]]
    result = CliRunner().invoke(main, words, input=data, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    written = [
        words[at + 1] for at, word in enumerate(words) if word in ("-o", "--plot", "--report")
    ]
    for path in written:
        if path != "-" and "{" not in path:
            assert (folder / path).stat().st_size > 0


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_documented(name):
    command = COMMANDS[name]
    assert command.help
    assert command.short_help
    examples = [line for line in str(command.epilog).splitlines() if f"stipple {name}" in line]
    assert examples
    assert any(example.strip() in list_documented() for example in examples)
    assert f"stipple {name}" in TEXTS["README.md"]


@pytest.mark.parametrize(("name", "option"), OPTIONS)
def test_every_option_is_documented(name, option):
    assert re.match(r"\w.*\.(  \[default: .*\])?$", option.help or "", re.S), option.help
    page = (ROOT / "man" / f"stipple-{name}.1").read_text("ascii").replace("\\-", "-")
    assert all(word in page for word in option.opts)


def test_options_in_the_documents_exist():
    known = {word for command in COMMANDS.values() for one in command.params for word in one.opts}
    for path, text in TEXTS.items():
        shown = set(re.findall(r"(?<![\w-])--[a-z][a-z0-9-]*", text))
        assert shown <= known | OTHERS, f"{path}: {shown - known - OTHERS}"
