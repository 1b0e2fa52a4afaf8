"""The notebooks of docs/notebooks run, and show what they are kept with."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from command import ROOT

NOTEBOOKS = sorted((ROOT / "docs" / "notebooks").glob("*.ipynb"))
QUICK = "bounds"


def read_texts(path: Path) -> list[str]:
    """Return what each cell shows, as text."""
    import nbformat

    book = nbformat.read(path, as_version=4)
    outputs = [output for cell in book.cells for output in cell.get("outputs", ())]
    assert all(output.output_type != "error" for output in outputs)
    return [output["data"]["text/plain"] for output in outputs if "data" in output]


@pytest.mark.parametrize(
    "path",
    [
        pytest.param(path, marks=() if path.stem == QUICK else pytest.mark.slow, id=path.stem)
        for path in NOTEBOOKS
    ],
)
def test_a_notebook_shows_what_it_is_kept_with(path: Path, tmp_path: Path) -> None:
    pytest.importorskip("nbclient", reason="nbclient runs notebooks")
    pytest.importorskip("ipykernel", reason="ipykernel runs notebooks")
    runner = [sys.executable, str(ROOT / "docs" / "run_notebooks.py"), str(tmp_path), str(path)]
    subprocess.run(runner, check=True, cwd=ROOT, capture_output=True, timeout=300)
    kept, shown = read_texts(path), read_texts(tmp_path / path.name)
    assert len(kept) > 3
    assert len(kept) == len(shown)
    number = re.compile(r"\d+(?:\.\d+)?(?:e-?\d+)?")
    for one, other in zip(kept, shown, strict=True):
        assert number.sub("#", one) == number.sub("#", other)
        for before, now in zip(number.findall(one), number.findall(other), strict=True):
            assert float(now) == pytest.approx(float(before), rel=1e-3)


def test_there_are_notebooks_for_each_part() -> None:
    assert [path.stem for path in NOTEBOOKS] == ["bounds", "drawing", "quantisation"]
