"""The plot of `stipple bound`: two images, where mass goes, and the interval."""

from typing import TYPE_CHECKING

import numpy as np

from stipple.arrays import Floats
from stipple.bounds.bound import ImageBounds
from stipple.bounds.displacement import Displacement, measure_displacement
from stipple.bounds.grid import expect_image
from stipple.choices import UNITS
from stipple.drawing.plots import open_figure, save_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ARROWS = 24  # along the longer side
WIDTH = 9.0  # inches
ARROW_COLOUR = "#d1495b"
BAND_COLOUR = "#1f5fa8"
# Parts of the image with less than this part of the mean mass have no arrow.
FAINTEST = 0.05


def render_bounds(
    masses: tuple[Floats, Floats],
    result: ImageBounds,
    ends: tuple[str, str],
    form: str,
    dpi: float,
) -> bytes:
    """Draw both images, arrows from parts of the first to where their mass goes, and the interval.

    Where several resolutions were certified, it is drawn for each.

    Parameters
    ----------
    masses : pair of ndarray, shape (h, w)
        The images; mass is dark.
    result : ImageBounds
        With a plan.
    ends : pair of str
        Lower and upper end at full resolution, as they are to be written.
    form : {"svg", "png", "pdf"}
        Format of the file.
    dpi : float
        Pixels per inch of a PNG.
    """
    rows, columns = shape = expect_image(result.shape)
    moved = measure_displacement(result.plan, shape, ARROWS)
    shrinks = len(result.levels) > 1
    height = WIDTH / 2 * min(rows / columns, 2.0)
    with open_figure((WIDTH, height + (3.0 if shrinks else 0.9))) as figure:
        ratios = (1.6, 1) if shrinks else (height + 0.5, 0.4)
        parts = figure.subfigures(2, 1, squeeze=False, height_ratios=ratios)[:, 0]
        for axes, image, title in zip(
            parts[0].subplots(1, 2),
            masses,
            ("first, and where its mass goes", "second"),
            strict=True,
        ):
            axes.imshow(image, cmap="Greys", extent=(0, columns, rows, 0), interpolation="nearest")
            axes.set_title(title, loc="left")
            axes.set_xticks([])
            axes.set_yticks([])
            if image is masses[0]:
                _draw_arrows(axes, moved)
        if shrinks:
            _draw_levels(parts[1].subplots(), result, ends)
        else:
            parts[1].text(0.01, 0.5, f"{_name(result)} within [{', '.join(ends)}], certified")
        return save_figure(figure, form, dpi)


def _name(result: ImageBounds) -> str:
    return f"$W_{{{result.order:g}}}$ in {UNITS[result.unit]}"


def _draw_arrows(axes: "Axes", moved: Displacement) -> None:
    drawn = moved.masses > FAINTEST * moved.masses.mean()
    starts, shifts = moved.starts[drawn], moved.shifts[drawn]
    axes.quiver(
        *starts.T,
        *shifts.T,
        angles="xy",
        scale_units="xy",
        scale=1,
        color=ARROW_COLOUR,
        width=0.004,
    )


def _draw_levels(axes: "Axes", result: ImageBounds, ends: tuple[str, str]) -> None:
    """Draw the interval that each resolution proves about the full one."""
    places = np.arange(len(result.levels))
    lower = np.array([level.lower for level in result.levels])
    upper = np.array([level.upper for level in result.levels])
    axes.fill_between(places, lower, upper, color=BAND_COLOUR, alpha=0.2, linewidth=0)
    for values, name, end in ((lower, "lower", ends[0]), (upper, "upper", ends[1])):
        axes.plot(places, values, color=BAND_COLOUR, marker="o", markersize=4, linewidth=1)
        axes.annotate(
            f"{name} {end}",
            (places[-1], values[-1]),
            textcoords="offset points",
            xytext=(-4, 8 if name == "upper" else -14),
            ha="right",
        )
    labels = [f"{level.shape[1]} × {level.shape[0]}" for level in result.levels]
    axes.set_xticks(places, labels)
    axes.set_title(
        f"certified interval for {_name(result)}, by resolution",
        loc="left",
    )
    axes.margins(y=0.25)
    axes.spines[["top", "right"]].set_visible(False)
