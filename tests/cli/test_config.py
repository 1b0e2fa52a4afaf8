"""Options from a file: every command takes them, as if they stood on its command line."""

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from command import save

from stipple.cli import main
from stipple.cli.group import COMMANDS

# What is run, the file beside it, and the same on a command line.
SAME = {
    "stipple": (
        ["a.png"],
        'points = 5\niterations = 1\nthreshold = "5%"\nlandscape = false\noutput = ["a.svg"]\n',
        "-n 5 --iterations 1 --threshold 5% --portrait -o a.svg",
    ),
    "lloyd": (
        ["uniform"],
        'pixels = 8\npoints = "4,6"\nstart = "uniform"\nsteps = 2\nstep-size = "0.5,1"\n'
        'seed = 3\njitter = 1e-3\noutput = "a.svg"\nplot = "b.svg"\n',
        "--pixels 8 -n 4,6 --start uniform --steps 2 --step-size 0.5,1 --seed 3 --jitter 1e-3"
        " -o a.svg --plot b.svg",
    ),
    "edot": (
        ["uniform"],
        'pixels = 6\natoms = 3\ncapacity = "30%,40%"\nshow-cells = true\noutput = "a.svg"\n',
        "--pixels 6 -m 3 --capacity 30%,40% --show-cells -o a.svg",
    ),
    "bound": (
        ["a.png", "b.png"],
        'order = 1\ngap = "1%"\nunit = "side"\ninvert = true\noutput = "a.json"\nplot = "a.svg"\n',
        "-p 1 --gap 1% --unit side --invert -o a.json --plot a.svg",
    ),
    "sequence": (
        [],
        'points = 9\ndimension = 2\ncertify = true\ncompare = "halton,random"\nseed = 2\n'
        'margin = "9mm"\noutput = ["a.csv", "a.svg"]\n',
        "-n 9 -d 2 --certify --compare halton,random --seed 2 --margin 9mm -o a.csv -o a.svg",
    ),
    "morph": (
        ["a.png", "b.png"],
        'points = 4\nframes = 2\neasing = "linear"\nhold = 0\noutput = "a.svg"\n',
        "-n 4 --frames 2 --easing linear --hold 0 -o a.svg",
    ),
    "certify": (
        ["places.txt"],
        'box = "0,0,2,1"\nthreads = 1\noutput = "a.csv"\n',
        "--box 0,0,2,1 --threads 1 -o a.csv",
    ),
    "volume": (
        ["stack.npy"],
        'points = 3\nspacing = "1,1,2"\niterations = 1\noutput = "a.csv"\n',
        "-n 3 --spacing 1,1,2 --iterations 1 -o a.csv",
    ),
}
# Quick runs on a picture.
WINNING = {
    "stipple": "stipple a.png -n 3 --iterations 0 -o a.svg",
    "lloyd": "lloyd a.png -n 3 --steps 0 -o a.csv",
    "edot": "edot a.png -m 2 -o a.csv",
    "bound": "bound a.png b.png -o a.json",
    "sequence": "sequence --density a.png -n 4 -o a.csv",
    "morph": "morph a.png b.png -n 3 -o a.svg",
    "certify": "certify places.txt --density a.png -o a.csv",
}
# Keys of one command in the file of another.
STRANGE = {
    "stipple": "atoms",
    "lloyd": "margin",
    "edot": "relaxation",
    "bound": "margin",
    "sequence": "atoms",
    "morph": "atoms",
    "certify": "atoms",
    "volume": "gamma",
}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    pixels = np.random.default_rng(1).integers(0, 255, (5, 6), dtype=np.uint8)
    save(tmp_path / "a.png", pixels)
    save(tmp_path / "b.png", pixels[::-1])
    (tmp_path / "places.txt").write_text("0.5,0.5\n1,0.75\n", encoding="utf-8")
    np.save(tmp_path / "stack.npy", np.arange(8.0).reshape(2, 2, 2))


def run(*words: str, code: int = 0) -> str:
    result = CliRunner().invoke(main, list(words))
    assert result.exit_code == code, result.output
    return result.output


def list_written() -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in Path().glob("[ab].[sc]*")}


@pytest.mark.parametrize("command", SAME)
def test_a_file_says_what_the_command_line_says(command: str) -> None:
    sources, text, words = SAME[command]
    run(command, *sources, *words.split(), "--report", "report.json")
    wanted = json.loads(Path("report.json").read_text(encoding="utf-8"))["options"]
    written = list_written()
    assert len(written) >= 1
    for name in written:
        Path(name).unlink()
    Path("all.toml").write_text(text + 'report = "report.json"\n', encoding="utf-8")
    run(command, *sources, "--config", "all.toml")
    found = json.loads(Path("report.json").read_text(encoding="utf-8"))["options"]
    assert found.pop("config") == "all.toml"
    wanted.pop("config", None)
    assert found == wanted
    assert list_written() == written


@pytest.mark.parametrize("command", WINNING)
def test_the_command_line_wins_over_the_file(command: str) -> None:
    Path("all.toml").write_text("gamma = 0.5\ncontrast = 2\n", encoding="utf-8")
    words = [*WINNING[command].split(), "--gamma", "3", "--config", "all.toml"]
    run(*words, "--report", "r.json", "-q")
    options = json.loads(Path("r.json").read_text(encoding="utf-8"))["options"]
    assert (options["gamma"], options["contrast"]) == (3.0, 2.0)


def test_a_file_wins_over_a_preset_of_lloyd() -> None:
    Path("all.toml").write_text(
        'preset = "line"\nsteps = 2\nseed = 4\nreport = "r.json"\n', encoding="utf-8"
    )
    run("lloyd", "--config", "all.toml", "--seed", "5", "-q")
    options = json.loads(Path("r.json").read_text(encoding="utf-8"))["options"]
    assert (options["preset"], options["steps"], options["seed"]) == ("line", 2, 5)


@pytest.mark.parametrize(("command", "key"), STRANGE.items())
def test_keys_that_a_command_does_not_know_are_refused(command: str, key: str) -> None:
    Path("all.toml").write_text(f"{key} = 1\n", encoding="utf-8")
    told = run(command, *SAME[command][0], "--config", "all.toml", code=2)
    assert f"Unknown key {key!r} in all.toml: known are " in told


@pytest.mark.parametrize("command", SAME)
def test_a_file_of_options_is_not_written_over(command: str) -> None:
    sources, text, _ = SAME[command]
    Path("all.toml").write_text(text, encoding="utf-8")
    told = run(command, *sources, "--config", "all.toml", "--report", "all.toml", code=1)
    assert "all.toml is read as well" in told
    assert Path("all.toml").read_text(encoding="utf-8") == text


def test_every_command_that_computes_reads_a_file() -> None:
    assert set(SAME) == set(COMMANDS) - {"samples", "doctor"}
