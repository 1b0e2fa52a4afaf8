"""What every result that can be drawn is able to: show itself in a notebook, and be saved."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from dataclasses import fields
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from stipple.arguments import read_number
from stipple.choices import DotStyle
from stipple.drawing.formats import RENDERERS, render_drawing
from stipple.drawing.layout import BLACK, Layout, read_layout
from stipple.drawing.marks import Drawing
from stipple.errors import StippleError
from stipple.files.write import write_file

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# More dots than this slow a browser down: a notebook then gets a PNG.
MOST_DOTS = 20_000
SHOWN_DPI = 100.0  # of pictures in notebooks
PLOT_DPI = 150.0  # of pictures inside an SVG


class Savable(ABC):
    """A result that shows itself in a notebook, above a table of its figures, and can be saved.

    Attributes
    ----------
    FORMATS : tuple of str
        What `render` can make of it.
    DPI : float
        Pixels per inch of pixels that are saved, if nobody says.
    """

    FORMATS: ClassVar[tuple[str, ...]] = tuple(RENDERERS)
    DPI: ClassVar[float] = 300.0

    @abstractmethod
    def render(self, form: str, layout: Layout) -> bytes:
        """Draw the result in one of its formats."""

    @abstractmethod
    def render_csv(self) -> bytes:
        """Write the numbers of the result as a table."""

    def save(
        self,
        path: str | os.PathLike[str],
        *,
        dpi: float | None = None,
        page: str | None = None,
        landscape: bool | None = None,
        margin: str = "5mm",
        dots: DotStyle = "circle",
        radius: str | None = None,
        pen_width: str = "0.3mm",
        ink: str = BLACK,
        background: str = "auto",
    ) -> None:
        """Save the result; a file that is there is replaced.

        Parameters
        ----------
        path : path-like
            Its suffix says as what: .csv for the numbers, or one of `FORMATS`: .svg, .png, .pdf and
            .html of most results.
        dpi : float, optional
            Pixels per inch of a PNG; the other parameters are those of `stipple.save_svg`.

        Raises
        ------
        StippleError
            If the suffix is another, an option makes no sense, or the file cannot be written.

        Examples
        --------
        >>> import numpy, pathlib, stipple, tempfile
        >>> path = pathlib.Path(tempfile.mkdtemp(), "dots.svg")
        >>> stipple.stipple(numpy.ones((8, 8)), 4).save(path, page="a5")
        >>> path.read_text().count("<circle")
        4
        """
        form = Path(path).suffix.lower().removeprefix(".")
        if form != "csv" and form not in self.FORMATS:
            known = ", ".join(f".{one}" for one in (*self.FORMATS, "csv"))
            raise StippleError(f"Cannot tell the format of {os.fspath(path)}: use {known}.")
        dpi = read_number(self.DPI if dpi is None else dpi, "resolution in dpi", 0, above=True)
        look = (dots, radius, pen_width, ink, background)
        layout = read_layout(page, landscape, margin, *look, dpi)
        write_file(path, self.render_csv() if form == "csv" else self.render(form, layout))

    def plot(self, axes: Axes | None = None) -> Axes:
        """Show the drawing on Matplotlib axes, new ones by default, and return them.

        Examples
        --------
        >>> import matplotlib, numpy, stipple
        >>> matplotlib.use("agg")
        >>> axes = stipple.stipple(numpy.ones((8, 8)), 4).plot()
        >>> axes.axison
        False
        """
        from io import BytesIO

        import matplotlib.pyplot as plt

        if axes is None:
            _, axes = plt.subplots()
        axes.imshow(plt.imread(BytesIO(self.render("png", _choose_layout(PLOT_DPI)))))
        axes.set_axis_off()
        return axes

    def _repr_svg_(self) -> str | None:
        """Draw it for a notebook, unless it has too many dots for a browser."""
        layout = _choose_layout(SHOWN_DPI)
        return self.render("svg", layout).decode() if self._is_light() else None

    def _repr_png_(self) -> bytes | None:
        """Draw it for a notebook as pixels, where it has too many dots for an SVG."""
        layout = _choose_layout(SHOWN_DPI)
        return None if self._is_light() else self.render("png", layout)

    def _repr_html_(self) -> str:
        """Draw it for a notebook, above its figures."""
        from base64 import b64encode

        layout = _choose_layout(SHOWN_DPI)
        form, kind = ("svg", "svg+xml") if self._is_light() else ("png", "png")
        data = self.render(form, layout)
        # As an image, so that names in one drawing do not meet those in another.
        source = f"data:image/{kind};base64,{b64encode(data).decode()}"
        rows = "".join(
            f"<tr><th>{escape(name)}</th><td>{escape(value)}</td></tr>"
            for name, value in self._list_figures()
        )
        said = escape(repr(self))
        style = "max-width:100%;max-height:30em;background:white"
        return (
            f'<img alt="{said}" style="{style}" src="{source}"/>'
            f"<details><summary>{said}</summary><table>{rows}</table></details>"
        )

    def _is_light(self) -> bool:
        """Whether a browser draws the SVG without effort."""
        return self._count_dots() <= MOST_DOTS

    def _count_dots(self) -> int:
        """Count the dots of the drawing; a plot has none."""
        return 0

    def _list_figures(self) -> list[tuple[str, str]]:
        """Names and values of what is a single number, word, or yes or no."""
        values: dict[str, Any] = {
            field.name: getattr(self, field.name)
            for field in fields(self)  # type: ignore[arg-type]  # results are dataclasses
            if field.name != "seconds"  # another each time
        }
        return [
            (name.replace("_", " "), f"{value:.8g}" if isinstance(value, float) else str(value))
            for name, value in values.items()
            if isinstance(value, bool | int | float | str)
        ]


class Drawable(Savable):
    """A result that is drawn as marks on a page.

    Examples
    --------
    >>> import numpy, stipple
    >>> result = stipple.stipple(numpy.ones((8, 8)), 4)
    >>> result._repr_svg_().count("<circle")
    4
    """

    @abstractmethod
    def draw(self, layout: Layout) -> Drawing:
        """Compose the drawing of the result on a page."""

    def render(self, form: str, layout: Layout) -> bytes:
        """Draw the result in a format of `RENDERERS`."""
        return render_drawing(self.draw(layout), form, layout.dpi)

    @abstractmethod
    def _count_dots(self) -> int:
        """Count the dots of the drawing."""


def _choose_layout(dpi: float) -> Layout:
    return read_layout(None, None, "5mm", "circle", None, "0.3mm", BLACK, "auto", dpi)
