"""Pictures of transport plans between two lines: pairs at their places, over a density."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stipple.arrays import Floats
from stipple.drawing.plots import open_figure, save_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WIDTH, HEIGHT = 5.0, 5.2  # inches of one picture
DOTS_AREA = 2500.0  # of all dots of a picture together, in square points
DOT_COLOUR = "#d1495b"
DENSITY_COLOUR = "#8a8a8a"


@dataclass(frozen=True, eq=False)
class Marginal:
    """A density on a line, between edges of shape (bins + 1,): values have shape (bins,)."""

    edges: Floats
    values: Floats


@dataclass(frozen=True, eq=False)
class PlanPicture:
    """A plan over the density of another.

    Attributes
    ----------
    title : str
        What it is.
    grid : tuple of ndarray, shape (rows,) and (columns,)
        Places of the density, rising.
    density : ndarray, shape (rows, columns)
        Drawn in grey.
    pairs : ndarray, shape (n, 2)
        Places of pairs, across and up.
    masses : ndarray, shape (n,)
        Their masses, drawn as areas.
    marginals : tuple of Marginal
        Densities of both lines, along the axes.
    """

    title: str
    grid: tuple[Floats, Floats]
    density: Floats
    pairs: Floats
    masses: Floats
    marginals: tuple[Marginal, Marginal]


def render_placed_plans(pictures: Sequence[PlanPicture], form: str, dpi: float) -> bytes:
    """Draw plans side by side.

    Parameters
    ----------
    pictures : sequence of PlanPicture
        At least one.
    form : {"svg", "png"}
        Format of the file.
    dpi : float
        Pixels per inch of a PNG.
    """
    with open_figure((WIDTH * len(pictures), HEIGHT)) as figure:
        ratios = [1, 5] * len(pictures)
        grid = figure.add_gridspec(2, len(ratios), width_ratios=ratios, height_ratios=[5, 1])
        for number, picture in enumerate(pictures):
            middle = figure.add_subplot(grid[0, 2 * number + 1])
            _draw_plan(middle, picture)
            below = figure.add_subplot(grid[1, 2 * number + 1], sharex=middle)
            across, up = picture.marginals
            below.stairs(across.values, across.edges, fill=True, color=DENSITY_COLOUR)
            below.invert_yaxis()
            left = figure.add_subplot(grid[0, 2 * number], sharey=middle)
            left.stairs(
                up.values, up.edges, orientation="horizontal", fill=True, color=DENSITY_COLOUR
            )
            left.invert_xaxis()
            below.set_yticks([])
            left.set_xticks([])
            below.set_xlabel("first source")
            left.set_ylabel("second source")
            middle.tick_params(labelbottom=False, labelleft=False)
        return save_figure(figure, form, dpi)


def _draw_plan(axes: "Axes", picture: PlanPicture) -> None:
    axes.pcolormesh(
        *picture.grid, picture.density.T, cmap="Greys", shading="nearest", rasterized=True
    )
    axes.scatter(
        picture.pairs[:, 0],
        picture.pairs[:, 1],
        s=DOTS_AREA * picture.masses,
        color=DOT_COLOUR,
        edgecolors="white",
        linewidths=0.5,
    )
    axes.set_title(picture.title, loc="left")
