"""Patterns of paths: what {stem}, {name}, {parent} and {number} stand for, image by image."""

import os
import re
from pathlib import Path
from typing import Any

from stipple.cli.shared.outputs import names_folder

# Other braces are part of a name.
FIELD = re.compile(r"\{(stem|name|parent|number)(?::0([1-9])d)?\}")


def fill_paths(options: dict[str, Any], number: int) -> dict[str, Any]:
    """Replace the patterns by the paths of an image, whole ones for workers in other folders."""
    locate = os.path.abspath if options["scheduler"] else str

    def fill(pattern: str) -> str:
        return locate(_fill_pattern(pattern, options["image"], number))

    patterns = tuple(map(_complete, options["outputs"]))
    filled = {name: fill(options[name]) for name in ("animate", "report") if options[name]}
    outputs = patterns or (("{stem}.svg",) if options["scheduler"] else ())
    return {
        **options,
        **filled,
        "image": locate(options["image"]),
        "outputs": tuple(map(fill, outputs)),
    }


def _complete(pattern: str) -> str:
    """Let a folder stand for drawings of the images' names in it."""
    if pattern != "-" and names_folder(pattern):
        return os.path.join(pattern, "{stem}.svg")  # noqa: PTH118 (a pattern, as it was written)
    return pattern


def _fill_pattern(pattern: str, image: str, number: int) -> str:
    """Replace {stem}, {name}, {parent}, {number} and such as {number:03d}."""
    path = Path(image)

    def replace(field: re.Match[str]) -> str:
        name, width = field.groups()
        if name == "number":
            return f"{number:0{width or 1}d}"
        if name == "parent" and not width:
            return path.absolute().parent.name
        return field[0] if width else {"stem": path.stem, "name": path.name}[name]

    return FIELD.sub(replace, pattern)
