"""Coverage-guided fuzzing of the readers with Atheris, from the broken files: `make fuzz`.

Whatever the bytes are, a reader returns or raises `StippleError`; anything else is a bug, and
Atheris writes the bytes that caused it to a file.
"""

import io
import shutil
import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(
    include=["stipple.files", "stipple.measures.samples", "stipple.measures.tone"]
):
    from stipple.errors import StippleError
    from stipple.files.pictures import read_source
    from stipple.files.samples import read_samples, read_samples_or_density

CORPUS = Path(__file__).parent / "broken"
READERS = (read_source, read_samples, read_samples_or_density)


def read(data: bytes) -> None:
    """Give the bytes to every reader."""
    for reader in READERS:
        try:
            if reader is read_source:
                reader(io.BytesIO(data), max_pixels=10_000)
            else:
                reader(io.BytesIO(data))
        except StippleError:
            pass


def main() -> None:
    """Fuzz for a minute, or as the arguments for libFuzzer say."""
    with tempfile.TemporaryDirectory() as folder:
        for path in CORPUS.iterdir():
            if path.is_file() and path.suffix != ".py":
                shutil.copy(path, folder)
        options = sys.argv[1:] or ["-max_total_time=60", "-max_len=4096", "-timeout=20"]
        atheris.Setup([sys.argv[0], *options, folder], read)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
