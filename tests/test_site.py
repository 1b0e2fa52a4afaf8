"""The documentation site: every page is in it, and it builds without a dead link."""

import re
import subprocess
import sys
from importlib.util import find_spec

import pytest
from command import ROOT

import stipple

SETTINGS = ROOT / "mkdocs.yml"
DOCS = ROOT / "docs"


def test_every_page_has_its_place() -> None:
    listed = re.findall(r": (\S+\.(?:md|ipynb))$", SETTINGS.read_text(encoding="utf-8"), re.M)
    pages = [*DOCS.glob("*.md"), *(DOCS / "notebooks").glob("*.ipynb")]
    assert sorted(listed) == sorted(path.relative_to(DOCS).as_posix() for path in pages)


def test_every_public_name_is_described() -> None:
    shown = re.findall(r"^::: (\S+)$", (DOCS / "python.md").read_text(encoding="utf-8"), re.M)
    homes = [stipple._HOMES[name] for name in stipple.__all__ if name != "__version__"]
    names = [name for name in stipple.__all__ if name != "__version__"]
    assert shown[1:] == [
        home.replace(":", ".") if ":" in home else f"{home}.{name}"
        for name, home in zip(names, homes, strict=True)
    ]


@pytest.mark.skipif(find_spec("mkdocs") is None, reason="make docs installs mkdocs")
def test_the_site_builds(tmp_path) -> None:
    words = ["-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path)]
    subprocess.run([sys.executable, *words], check=True, cwd=ROOT, timeout=300)
    assert "--skip-existing" in (tmp_path / "commands" / "index.html").read_text(encoding="utf-8")
