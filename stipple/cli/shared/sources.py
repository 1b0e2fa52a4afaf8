"""Many images in a word: a folder, or a list of paths."""

import os
from collections.abc import Sequence
from pathlib import Path

from stipple.errors import StippleError

# Drawings in folders, as .svg, are results more often than sources.
SUFFIXES = {
    *(".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".bmp", ".gif", ".pbm", ".pgm", ".ppm"),
    *(".avif", ".heic", ".heif", ".npy"),
}
LIST = "@"


def list_images(folder: str) -> list[str]:
    """List the pictures and .npy files of a folder, in order; not those of folders in it."""
    found = (path for path in Path(folder).iterdir() if path.suffix.lower() in SUFFIXES)
    return sorted(map(str, found))


def expand_sources(words: Sequence[str]) -> tuple[list[str], list[str]]:
    """Put images in the place of folders and lists, such as @list.txt, a path on each line.

    Returns
    -------
    images, lists : list of str
        Paths of images, and of the lists that were read.

    Raises
    ------
    StippleError
        If a list cannot be read, or there is no image in a folder or a list.
    """
    images: list[str] = []
    lists: list[str] = []
    for word in words:
        found = [word]
        if Path(word).is_dir():
            found = list_images(word)
        elif word.startswith(LIST) and not Path(word).exists():
            found = _read_list(word.removeprefix(LIST))
            lists.append(word.removeprefix(LIST))
        if not found:
            raise StippleError(f"{word} has no images: give a folder or a list of some.")
        images += found
    return images, lists


def _read_list(path: str) -> list[str]:
    """Read paths, one on each line; blank lines are none."""
    try:
        text = os.fsdecode(Path(path).read_bytes().removeprefix(b"\xef\xbb\xbf"))
    except OSError as error:
        raise StippleError(f"The list {path} cannot be read: {error.strerror}.") from None
    check_names(text, path)
    return [line for line in text.splitlines() if line.strip()]


def check_names(text: str, name: str) -> None:
    """Refuse text with zero bytes, which no name of a file holds.

    Raises
    ------
    StippleError
        As for UTF-16, in which some programs save text.
    """
    if "\0" in text:
        raise StippleError(f"{name} has zero bytes: save it as plain text, in UTF-8.")
