"""Plots of discretisations: convergence, and cost against the number of atoms."""

from collections.abc import Sequence

import numpy as np

from stipple.arrays import Floats
from stipple.discretisation.naive import NaiveComparison
from stipple.discretisation.result import Discretisation
from stipple.drawing.panels import Band, Curve, Panel

# Bands hold these parts of the naive samplings, as in Figure 2 of the EDOT paper.
QUANTILES = ((0.05, 0.95), (0.25, 0.75))


def plot_convergence(runs: Sequence[tuple[str, Discretisation]]) -> Panel:
    """Plot the objective of each step of labelled runs.

    Stochastic steps come first, each with the loss on its minibatch, as in Figure 2f of the EDOT
    paper; those of the finish, on all samples, follow them.
    """
    objectives = ", ".join(dict.fromkeys(run.settings.objective for _, run in runs))
    curves = tuple(Curve(label, *_join_steps(run)) for label, run in runs)
    if not any(len(run.losses) for _, run in runs):
        return Panel(f"objective ({objectives})", curves, {})
    title = f"objective ({objectives}): on minibatches, while ζ comes down, then on all samples"
    return Panel(title, curves, {}, logarithmic=False)


def _join_steps(run: Discretisation) -> tuple[Floats, Floats]:
    """Numbers of steps and the objective there: the finish begins where stochastic steps end."""
    steps = len(run.losses)
    if not steps:
        return np.arange(len(run.history), dtype=float), run.history
    stochastic = np.arange(1.0, steps + 1)
    if run.settings.finish == "none":
        return stochastic, run.losses
    finish = steps + np.arange(float(len(run.history)))
    return np.concatenate((stochastic, finish)), np.concatenate((run.losses, run.history))


def plot_counts(
    runs: Sequence[Discretisation], naive: Sequence[NaiveComparison], name: str = ""
) -> tuple[Panel, ...]:
    """Plot the true and the sharp cost against m, a curve for each kind of weights.

    Beside them stand the bands of naive samplings, as in Figure 2 of the EDOT paper, and Zador's
    reference. A name of what was discretised begins the titles.
    """
    order = f"{runs[0].settings.order:g}"
    kinds = dict.fromkeys(run.settings.weights for run in runs)
    mine = {
        kind: sorted((run for run in runs if run.settings.weights == kind), key=_count)
        for kind in kinds
    }
    true = [
        Curve(f"{kind} weights", *_collect(group, [run.cost.middle for run in group]))
        for kind, group in mine.items()
    ]
    group = [run for run in sorted(runs, key=_count) if run.zador is not None]
    zador = [run.zador for run in group if run.zador is not None]
    if zador:
        true.append(Curve("Zador, for large m", *_collect(group, zador)))
    true_panel = Panel(
        f"{name}W_{order}^{order}, unregularised",
        tuple(true),
        {},
        logarithmic=True,
        bands=_draw_bands([(one.size, one.cost) for one in naive]),
    )
    sharp = []
    for kind, group in mine.items():
        known = [(run, run.regularised.sharp) for run in group if run.regularised.sharp is not None]
        if known:
            computed, costs = zip(*known, strict=True)
            sharp.append(Curve(f"{kind} weights", *_collect(computed, costs)))
    if not sharp:
        return (true_panel,)
    bands = _draw_bands([(one.size, one.sharp) for one in naive if one.sharp is not None])
    title = f"{name}⟨P, C⟩, the sharp entropic cost"
    return true_panel, Panel(title, tuple(sharp), {}, logarithmic=True, bands=bands)


def _count(run: Discretisation) -> int:
    return len(run.atoms)


def _collect(runs: Sequence[Discretisation], values: Sequence[float]) -> tuple[Floats, Floats]:
    return np.array([float(_count(run)) for run in runs]), np.array(values)


def _draw_bands(naive: Sequence[tuple[int, Floats]]) -> tuple[Band, ...]:
    if not naive:
        return ()
    ordered = sorted(naive, key=lambda one: one[0])
    sizes = np.array([float(size) for size, _ in ordered])
    bands = []
    for ends in QUANTILES:
        lower, upper = np.array([np.quantile(values, ends) for _, values in ordered]).T
        label = f"random samplings, {ends[0]:.0%} to {ends[1]:.0%}"
        bands.append(Band(label, sizes, lower, upper))
    return tuple(bands)
