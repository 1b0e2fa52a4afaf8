"""Plots as SVG, PNG and PDF, by Matplotlib."""

import io
import logging
import os
import re
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal

from stipple.arrays import Floats
from stipple.drawing.panels import Panel

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH = 7.0  # inches
PANEL_HEIGHT = 3.0
COLOURS = ("#1f5fa8", "#d1495b", "#2e8b57", "#e0902f", "#7b5ea7", "#6b6b6b")
LEVEL_COLOUR = "#808080"
BAND_COLOURS = ("#dddddd", "#bbbbbb")
# Pixels per inch of a PNG at least.
COARSEST = 10.0
# Places along curves up to which the best one for a legend is quickly found.
MANY_PLACES = 5_000
# An axis is logarithmic from this ratio of its ends on.
LOGARITHMIC = 16
# The names that Matplotlib gives to clipping paths.
_CLIP = re.compile(rb"\bp[0-9a-f]{10}\b")
METADATA = {
    "svg": {"Date": None, "Creator": None},
    "png": {"Software": None},
    "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
}


def render_plot(panels: Sequence[Panel], x_label: str, form: str, dpi: float) -> bytes:
    """Draw panels one below the other.

    Neither dates, nor random names, nor the user's own settings of Matplotlib get into the file:
    equal panels give equal bytes under equal versions.

    Parameters
    ----------
    panels : sequence of Panel
        At least one.
    x_label : str
        Name of the common axis. It is logarithmic as the first panel says.
    form : {"svg", "png", "pdf"}
        Format of the file.
    dpi : float
        Pixels per inch of a PNG.

    Returns
    -------
    bytes
        The file.
    """
    with open_figure((WIDTH, PANEL_HEIGHT * len(panels) + 0.4)) as figure:
        column = figure.subplots(len(panels), sharex=True, squeeze=False)[:, 0]
        for axes, panel in zip(column, panels, strict=True):
            _draw_panel(axes, panel)
        x = panels[0].curves[0].x
        if panels[0].logarithmic:
            column[-1].set_xscale("log")
        elif panels[0].logarithmic is None and x[-1] > LOGARITHMIC * x[0]:
            column[-1].set_xscale("log", base=2)
            column[-1].xaxis.set_major_formatter("{x:g}")
        column[-1].set_xlabel(x_label)
        return save_figure(figure, form, dpi)


def render_heat_map(
    matrix: Floats, title: str, labels: tuple[str, str], form: str, dpi: float
) -> bytes:
    """Draw a matrix of numbers ≥ 0, row 0 at the top.

    Parameters
    ----------
    matrix : ndarray, shape (m, n)
        What is shown.
    title : str
        What the numbers are.
    labels : tuple of str
        Names of the rows and of the columns.
    form : {"svg", "png", "pdf"}
        Format of the file.
    dpi : float
        Pixels per inch of a PNG.

    Returns
    -------
    bytes
        The file.
    """
    with open_figure((WIDTH, WIDTH)) as figure:
        axes = figure.subplots()
        image = axes.imshow(matrix, cmap="magma_r", vmin=0, interpolation="nearest", aspect="auto")
        axes.set_title(title, loc="left", wrap=True)
        axes.set_ylabel(labels[0])
        axes.set_xlabel(labels[1])
        figure.colorbar(image, shrink=0.8)
        return save_figure(figure, form, dpi)


@contextmanager
def open_figure(size: tuple[float, float]) -> "Iterator[Figure]":
    """Open a figure of that many inches, under settings that do not depend on the user."""
    # It announces that it looks for fonts, and complains about a home that it cannot write.
    logging.getLogger("matplotlib").setLevel(logging.ERROR)
    matplotlib = _import_matplotlib()
    from matplotlib.figure import Figure

    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update({"svg.hashsalt": "stipple", "axes.titlesize": "medium"})
        yield Figure(figsize=size, layout="constrained")


def _import_matplotlib() -> Any:
    """Import Matplotlib, which fails where MPLBACKEND names no backend; none is needed here."""
    if "matplotlib" in sys.modules:
        return import_module("matplotlib")
    backend = os.environ.pop("MPLBACKEND", None)
    matplotlib = import_module("matplotlib")
    if backend is not None:
        os.environ["MPLBACKEND"] = backend
        with suppress(ValueError):
            matplotlib.rcParams["backend"] = backend
    return matplotlib


def save_figure(figure: "Figure", form: str, dpi: float) -> bytes:
    """Render a figure in one of `formats.PLOT_FORMATS`, the same bytes each time.

    A PNG has at least `COARSEST` pixels per inch: letters of less than a pixel cannot be drawn.
    """
    file = io.BytesIO()
    with warnings.catch_warnings():
        # Names of files may have letters that its font lacks; they show as boxes.
        warnings.filterwarnings("ignore", message="Glyph")
        figure.savefig(file, format=form, dpi=max(dpi, COARSEST), metadata=METADATA[form])
    if form != "svg":
        return file.getvalue()
    # Clipping paths are named after their last digits, in which layouts differ from time to time.
    names: dict[bytes, bytes] = {}
    return _CLIP.sub(
        lambda found: names.setdefault(found[0], b"clip%d" % len(names)), file.getvalue()
    )


def make_plain(text: str) -> str:
    """Put a sign in the place of bytes that are no text, which names of files may have."""
    return text.encode(errors="surrogateescape").decode(errors="replace")


def _draw_panel(axes: "Axes", panel: Panel) -> None:
    for band, colour in zip(panel.bands, BAND_COLOURS, strict=False):
        axes.fill_between(
            band.x, band.lower, band.upper, color=colour, linewidth=0, label=band.label
        )
    for curve, colour in zip(panel.curves, COLOURS, strict=False):
        axes.plot(
            curve.x,
            curve.y,
            color=colour,
            linewidth=1,
            marker="o" if len(curve.x) < 40 else "",
            markersize=3,
            label=curve.label,
        )
    for label, height in panel.levels.items():
        axes.axhline(height, color=LEVEL_COLOUR, linestyle="--", linewidth=1, label=label)
    if panel.logarithmic:
        axes.set_yscale("log")
    axes.set_title(make_plain(panel.title), loc="left", wrap=True, parse_math=False)
    axes.grid(alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
    drawn = sum(len(one.x) for one in panel.curves) + sum(len(one.x) for one in panel.bands)
    place: Literal["best", "upper right"] = "best" if drawn <= MANY_PLACES else "upper right"
    axes.legend(frameon=False, ncols=6, loc=place, fontsize="small")
