"""Measure dots on pages, and strokes of pens: python docs/size.py writes docs/size.md."""

import json
import math
import subprocess
import sys
import tempfile
from pathlib import Path

PICTURE = "samples/camera.png"
PAGES = ("a6", "a5", "a4", "a3", "a2")
COUNTS = (1_000, 3_000, 10_000, 30_000)
PENS = ("0.5mm", "0.8mm", "1mm", "1.5mm", "2mm")
# What an eye of normal sight tells apart.
EYE = math.radians(1 / 60)
TEXT = """\
# How many dots, and which size?

Written by `make pictures`; no figure here is typed by hand. The picture is {picture},
{darkness:.0%} of which is ink; the margins are those of the default.

![{shown} dots](images/counts.png)

*`stipple stipple {picture} -n N` with N = {shown}*

## From the wall

Begin with the distance from which the drawing is looked at. Dots can be seen one by one up to the
distance in the last column, farther away they melt into grey; this is where their mean spacing is
one minute of arc, which an eye of normal sight just tells apart.

| picture of {side:.0f} mm, on A4 | spacing of dots | melts from |
|---|---|---|
{distances}

- A print to hold in the hand, at 40 cm: as many dots as printer or patience allow.
- A sheet over a desk, at 1 to 2 m: 3,000 to 10,000 on A4 show both the picture and the dots.
- A poster that is passed at 4 m: 1,000 to 3,000 on A3.

## From the dot

Diameter of a dot by number and page (`stipple stipple {picture} -n N --page PAGE`). Four times as
many dots have half the diameter; a page of the next size makes it 1.4 times as large. What is
lighter than this picture has smaller dots: a third of the ink, .58 of the diameter.

| dots | {pages} |
|---|{lines}
{diameters}

Printers of 600 dots per inch show a dot well from .15 mm, screens from 2 pixels.

## From the pen

With a pen the number follows: as many strokes as the tone needs (`stipple stipple {picture}
--page a4 --pen WIDTH`). The time is that of [plotters.md](plotters.md).

| pen | strokes on A4 | hours of plotting |
|---|---|---|
{pens}

More strokes than an evening has room for: take a thicker pen, a smaller page, or `--draw tour`,
one line without a lift.
"""


def main() -> None:
    """Run every case, and write the page."""
    runs = {(n, page): run("-n", str(n), "--page", page) for n in COUNTS for page in PAGES}
    sides = {n: max(runs[n, "a4"]["picture_mm"]) for n in COUNTS}
    one = runs[COUNTS[0], "a4"]
    page = TEXT.format(
        picture=PICTURE,
        darkness=one["darkness"],
        shown=", ".join(f"{n:,}" for n in COUNTS),
        side=sides[COUNTS[-1]],
        distances="\n".join(describe_distance(n, sides[n]) for n in COUNTS),
        pages=" | ".join(name.upper() for name in PAGES),
        lines="---|" * len(PAGES),
        diameters="\n".join(describe_dots(n, [runs[n, name] for name in PAGES]) for n in COUNTS),
        pens="\n".join(describe_pen(width) for width in PENS),
    )
    Path(__file__).with_suffix(".md").write_text(page, encoding="utf-8")


def run(*options: str) -> dict:
    """Draw the picture, and read the report."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder, "report.json")
        words = ["stipple", PICTURE, *options, "-o", f"{folder}/a.svg", "--report", str(report)]
        subprocess.run([sys.executable, "-m", "stipple", *words, "-q"], check=True)
        return json.loads(report.read_text(encoding="utf-8"))


def describe_distance(count: int, side: float) -> str:
    """Describe from where dots melt, in metres."""
    spacing = side / math.sqrt(count)
    return f"| {count:,} dots | {spacing:.1f} mm | {spacing / EYE / 1000:.0f} m |"


def describe_dots(count: int, reports: list[dict]) -> str:
    """Describe the diameter of dots on each page."""
    sizes = (f"{2 * one['inks'][0]['radius_mm']:.2f} mm" for one in reports)
    return f"| {count:,} | {' | '.join(sizes)} |"


def describe_pen(width: str) -> str:
    """Describe how many strokes a pen takes, and how long."""
    one = run("--page", "a4", "--pen", width)
    return f"| {width} | {one['points']:,} | {one['plot']['seconds'] / 3600:.1f} |"


if __name__ == "__main__":
    main()
