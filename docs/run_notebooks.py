"""Execute the notebooks of docs/notebooks and keep what they show, as `make notebooks` does."""

import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient

FOLDER = Path(__file__).parent / "notebooks"
SECONDS = 300


def execute(path: Path, target: Path) -> None:
    """Run a notebook in its folder, from a new kernel, and write it with its outputs."""
    book = nbformat.read(path, as_version=4)
    client = NotebookClient(
        book, timeout=SECONDS, record_timing=False, resources={"metadata": {"path": str(FOLDER)}}
    )
    client.execute()
    for cell in book.cells:
        for output in cell.get("outputs", ()):
            shown = output.get("data", {})
            if "text/html" in shown:  # it holds the picture: once is enough
                output["data"] = {kind: shown[kind] for kind in ("text/html", "text/plain")}
    nbformat.write(book, target)


if __name__ == "__main__":
    paths = [Path(name) for name in sys.argv[2:]] or sorted(FOLDER.glob("*.ipynb"))
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER
    for path in paths:
        execute(path, folder / path.name)
