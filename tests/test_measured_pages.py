"""Pages that rules of the Makefile write: figures of today's code, and quoted as they stand."""

import importlib
import re
import sys
from pathlib import Path

import pytest
from command import ROOT

PAGES = (
    "experiments",
    "edot-experiments",
    "sources",
    "benchmarks",
    "bounds-measured",
    "bound-estimators",
    "volumes-measured",
    "edot-measured",
    "films",
)
# Rows that took at most so many seconds are computed again by default, the others by test-all.
CHEAP_LLOYD, CHEAP_EDOT = 3, 5
# What rounding alone decides differs from machine to machine.
BY_ROUNDING = ("unstable-grid",)
DOCS = sorted((ROOT / "docs").glob("*.md"))
NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e[-+]?\d+)?")


def read_page(name: str) -> str:
    return (ROOT / "docs" / f"{name}.md").read_text(encoding="utf-8")


def list_lloyd_rows() -> list[object]:
    """List the presets of `lloyd` with what the page says was measured, the dear ones as slow."""
    rows = re.findall(r"^\| ([a-z-]+) \| (.+) \|$", read_page("experiments"), re.M)
    cells = [(name, rest.split(" | ")) for name, rest in rows if name != "preset"]
    return [mark(name, cell[-4], int(cell[-1]) <= CHEAP_LLOYD) for name, cell in cells]


def list_edot_rows() -> list[object]:
    """List the presets of `edot` with the lines of their tables, the dear ones as slow."""
    sections = re.split(r"^## ", read_page("edot-experiments"), flags=re.M)[1:]
    found = []
    for section in sections:
        name = section.partition("\n")[0]
        table = "\n".join(re.findall(r"^\| (?!run|-).+$", section, re.M))
        seconds = re.search(r"\. (\d+) s\.$", section, re.M)
        assert seconds is not None
        found.append(mark(name, table, int(seconds[1]) <= CHEAP_EDOT))
    return found


def mark(name: str, measured: str, cheap: bool) -> object:
    marks = () if cheap and name not in BY_ROUNDING else pytest.mark.slow
    return pytest.param(name, measured, id=name, marks=marks)


@pytest.fixture
def load(monkeypatch, tmp_path):
    """Import a script of benchmarks/, to write its pictures elsewhere."""
    monkeypatch.syspath_prepend(ROOT / "benchmarks")

    def load_script(name: str):
        script = importlib.import_module(name)
        monkeypatch.setattr(script, "IMAGES", tmp_path)
        monkeypatch.setattr(script, "REPORT", tmp_path / "page.md")
        return script

    yield load_script
    for name in ("stamp", "experiments", "edot_experiments"):
        sys.modules.pop(name, None)


def assert_same_figures(said: str, found: str) -> None:
    """Compare texts word by word, and their numbers to half a percent or to rounding errors."""
    assert NUMBER.sub("#", said) == NUMBER.sub("#", found)
    for old, new in zip(NUMBER.findall(said), NUMBER.findall(found), strict=True):
        assert float(new) == pytest.approx(float(old), rel=5e-3, abs=1e-12), (said, found)


@pytest.mark.parametrize(("name", "measured"), list_lloyd_rows())
def test_experiments_say_what_the_presets_give(name: str, measured: str, load) -> None:
    script = load("experiments")
    preset = script.list_presets()[name]
    found, verdict = script.measure(preset, script.run_preset(preset))
    assert verdict in ("agrees", "pictures")
    assert_same_figures(measured, found)


@pytest.mark.parametrize(("name", "measured"), list_edot_rows())
def test_discretisations_say_what_the_presets_give(name: str, measured: str, load) -> None:
    script = load("edot_experiments")
    preset = script.list_presets()[name]
    section = script.describe(preset, script.run_preset(preset), 0)
    table = "\n".join(line for line in section if re.match(r"\| (?!run|-)", line))
    assert_same_figures(measured, table)


@pytest.mark.parametrize("name", PAGES)
def test_every_page_says_which_code_wrote_it(name: str) -> None:
    origin = (
        r"Written by `make [a-z-]+` on \d{4}-\d\d-\d\d with stipple \d+\.\d+\.\d+, commit \w{7}"
    )
    assert re.search(origin, read_page(name))


def test_some_rows_are_computed_again_by_default() -> None:
    rows = [*list_lloyd_rows(), *list_edot_rows()]
    assert sum(not row.marks for row in rows) >= 2  # type: ignore[attr-defined]


def test_the_readme_quotes_the_benchmarks() -> None:
    """Seconds and qualities of whole processes stand in the README as the benchmark wrote them."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    table = readme[readme.index("## How good, how fast") :]
    page = read_page("benchmarks")
    for points in ("2,000", "20,000"):
        ours = re.search(rf"^\| {points} \| stipple, defaults \| ([^|]+) \|(.+)$", page, re.M)
        assert ours is not None
        quality = ours[2].split("|")[-3].strip()
        row = re.search(rf"^\| {points} points \| ([\d.]+) s, ([\d.]+) \|", table, re.M)
        assert row is not None
        assert float(row[1]) == pytest.approx(float(ours[1]), abs=0.06)
        assert row[2] == quality


def list_drawn_pictures() -> list[tuple[str, str]]:
    """List each picture that `make pictures` draws with its command, but for size and output."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    rule = makefile[makefile.index("\npictures:") : makefile.index("\nexperiments:")]
    line = (
        r"-m (stipple .+?)(?: --dpi \d+)? (?:-o|--plot|--frames) (\S*/)([a-z-]*[a-z])(?:\.png|-{)"
    )
    return [(folder + picture, words) for words, folder, picture in re.findall(line, rule)]


@pytest.mark.parametrize(("picture", "command"), list_drawn_pictures())
def test_captions_are_the_commands_that_drew_the_pictures(picture: str, command: str) -> None:
    pages = [path.read_text(encoding="utf-8") for path in [ROOT / "README.md", *DOCS]]
    shown = [text for text in pages if f"images/{Path(picture).name}.png" in text]
    if picture.startswith("out/") and not shown:
        shown = [text for text in pages if f"`{command}`" in text]  # a part of another picture
    assert shown
    for text in shown:
        assert f"`{command}" in text


def test_no_page_sends_readers_to_notes_that_they_do_not_have() -> None:
    for path in [ROOT / "README.md", *DOCS]:
        assert "project's notes" not in path.read_text(encoding="utf-8"), path
