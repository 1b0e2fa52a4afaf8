"""Somebody who has an installed stipple, a folder, and the documents."""

import os
import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# A photo of a phone: large, JPEG, lying on its side with an orientation in its EXIF block.
PHOTO = """
import sys
from PIL import Image
source, target, width = sys.argv[1:]
picture = Image.open(source).convert("RGB")
size = int(width), round(int(width) * picture.height / picture.width)
exif = Image.Exif()
exif[0x0112] = 6
picture.resize(size).rotate(90, expand=True).save(target, exif=exif, quality=90)
"""


class WalkError(Exception):
    """What a stranger could not do."""


class Stranger:
    """Runs commands of the documents in a folder of its own.

    Parameters
    ----------
    environment : Path
        Where stipple is installed.
    folder : Path
        It is made, and empty.
    images : int
        Photos of a batch.
    """

    def __init__(self, environment: Path, folder: Path, images: int) -> None:
        self.folder = folder
        self.images = images
        self.commands = 0
        self._bin = environment / "bin"
        folder.mkdir()

    def take_photo(self, name: str, width: int = 2000) -> None:
        """Put a photo into the folder."""
        target = self.folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        source = ROOT / "samples" / "chelsea.png"
        words = [self._bin / "python", "-c", PHOTO, source, target, str(width)]
        subprocess.run(words, check=True)

    def run(self, command: str) -> str:
        """Run a command line; return what it told. It must end well."""
        path = os.pathsep.join([str(self._bin), os.environ["PATH"]])
        # Nothing of this tree may be found instead of the wheel.
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        done = subprocess.run(
            ["sh", "-c", command],
            cwd=self.folder,
            env={**environment, "PATH": path},
            capture_output=True,
            text=True,
            check=False,
        )
        self.commands += 1
        if done.returncode or "Traceback" in done.stderr or "Error: " in done.stderr:
            raise WalkError(f"{command}\nexit code {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout + done.stderr

    def follow(self, document: str, heading: str, leaving_out: str = r"(?!)") -> None:
        """Run every command of a section of a document, but for those that match a pattern."""
        lines = [line for line in list_commands(document, heading, "sh") if line.strip()]
        chosen = [line for line in lines if not re.search(leaving_out, line)]
        if not chosen:
            raise WalkError(f"{document} has no command under {heading!r}.")
        for line in chosen:
            self.run(line)

    def demand(self, *names: str) -> None:
        """Insist on files that are written and not empty."""
        for name in names:
            path = self.folder / name
            if not (path.is_file() and path.stat().st_size):
                raise WalkError(f"{name} was not written.")


def list_commands(document: str, heading: str, language: str) -> list[str]:
    """Return the lines of the blocks of code under a heading, without comments."""
    text = (ROOT / document).read_text(encoding="utf-8")
    lines = []
    here, block = False, None
    for line in text.splitlines():
        if line.startswith("```"):
            block = line[3:] if block is None else None
        elif block is None and line.startswith("#"):
            here = re.search(heading, line) is not None
        elif here and block == language:
            lines.append(re.sub(r"(^|\s)#\s.*$", "", line).rstrip())
    return lines
