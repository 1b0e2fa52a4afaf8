"""The README and the documents name files, words and calls that are there."""

import re

import numpy as np
import pytest
from command import ROOT
from PIL import Image

PAGES = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "samples/README.md")),
    *sorted((ROOT / "docs").glob("*.md")),
]
TEXTS = {page.relative_to(ROOT).as_posix(): page.read_text(encoding="utf-8") for page in PAGES}
FOLDERS = "|".join(
    folder.name
    for parent in (ROOT, ROOT / "stipple")
    for folder in parent.iterdir()
    if folder.is_dir() and folder.name[0] not in "._"
)
# What a reader is to replace, and what commands make.
FREE = re.compile("NAME|samples/out|docs/images|^out/")


def is_there(path: str) -> bool:
    """Whether a path, perhaps without its suffix, is below the root or the package."""
    below = (ROOT / path, ROOT / "stipple" / path)
    return any(place.exists() or place.with_suffix(".py").exists() for place in below)


@pytest.mark.parametrize("page", TEXTS)
def test_paths_exist(page):
    paths = set(re.findall(rf"(?<![\w/.{{-])(?:{FOLDERS})/[\w./-]*\w", TEXTS[page]))
    lost = [path for path in sorted(paths) if not (FREE.search(path) or is_there(path))]
    assert lost == []


@pytest.mark.parametrize("page", TEXTS)
def test_links_lead_somewhere(page):
    links = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", TEXTS[page])
    files = [link for link in links if not link.startswith("http")]
    assert [link for link in files if not ((ROOT / page).parent / link).exists()] == []


@pytest.mark.parametrize("page", TEXTS)
def test_words_are_where_the_page_says(page):
    for words, path in re.findall(r"((?:`\w+`(?:, | and | or )?)+) of `([\w/]+\.py)`", TEXTS[page]):
        content = (ROOT / path).read_text(encoding="utf-8")
        for word in re.findall(r"\w+", words):
            assert re.search(rf"\b{word}\b", content), f"{word} is not in {path}"


@pytest.mark.parametrize("page", [page for page, text in TEXTS.items() if "```python" in text])
def test_python_that_is_shown_runs(page, tmp_path, monkeypatch):
    blocks = re.findall(r"```python\n(.*?)```", TEXTS[page], re.S)
    monkeypatch.chdir(tmp_path)
    generator = np.random.default_rng(0)
    Image.fromarray(generator.integers(0, 255, (20, 30)).astype(np.uint8)).save("photo.jpg")
    names = {
        "samples": generator.random((100, 2)),
        "first": generator.random((8, 8)),
        "second": generator.random((8, 8)),
    }
    for block in blocks:
        exec(block.replace("n=5000", "n=50"), names)
