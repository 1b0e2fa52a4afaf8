"""The log–log plot of W2² against the number of points."""

import io
from collections.abc import Sequence

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

METADATA = {"svg": {"Date": None}, "png": {"Software": None}}


def render_scaling_plot(
    counts: Sequence[int],
    w2_squared: Sequence[float],
    slope: float,
    title: str,
    published: str,
    form: str,
) -> bytes:
    """Draw W2² against N with the fitted line, and N⁻¹ to compare.

    Parameters
    ----------
    counts, w2_squared : sequence
        The points of the plot.
    slope : float
        The fitted exponent.
    title, published : str
        What it shows, and what the source says.
    form : {"svg", "png"}
        Format; the same input gives the same bytes.
    """
    figure = Figure(figsize=(5.5, 4), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    number = np.array(counts, dtype=float)
    value = np.array(w2_squared)
    centre = np.exp(np.log(number).mean()), np.exp(np.log(value).mean())
    axes.loglog(number, value, "o", color="black", label="measured")
    axes.loglog(
        number, centre[1] * (number / centre[0]) ** slope, color="#c00000",
        label=f"fitted slope {slope:.3f}",
    )  # fmt: skip
    axes.loglog(
        number, centre[1] * (number / centre[0]) ** -1.0, ":", color="gray", label="slope −1"
    )
    axes.set(xlabel="number of points N", ylabel="W2²")
    axes.set_title(title, fontsize="small", wrap=True)
    axes.legend(title=f"published: {published}" if published else None)
    buffer = io.BytesIO()
    import matplotlib

    with matplotlib.rc_context({"svg.hashsalt": "stipple"}):
        figure.savefig(buffer, format=form, dpi=150, metadata=METADATA[form])
    return buffer.getvalue()
