"""Tables of how well prefixes of a sequence are spread: one row for each number of points."""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any, Protocol, TypeAlias

import numpy as np

from stipple.arrays import Floats
from stipple.drawing.panels import Curve, Panel
from stipple.geometry.discrepancy import measure_discrepancy
from stipple.machine.rounding import take_root
from stipple.measures.density import Density
from stipple.sequences.certificate import (
    SLACK,
    PrefixCertificate,
    certify_prefix,
    measure_prefix_1d,
)
from stipple.sequences.cubes import enclose_w2
from stipple.sequences.dyadic import check_range, generate_sequence
from stipple.sequences.progressive import measure_prefixes
from stipple.sequences.strips import CONSTANTS, certify_strips
from stipple.transport.quantisation import HEXAGONAL_QUALITY

Row: TypeAlias = dict[str, Any]
"""Figures by the names of their columns; the first is `n`, the number of points.

None stands for what takes too long.
"""


class Quantised(Protocol):
    """Points that are no prefix of anything, such as a `stipple.Stippling`."""

    @property
    def w2_squared(self) -> float:
        """W2², in square pixels."""
        ...

    @property
    def quality(self) -> float:
        """N·W2²/A."""
        ...


UNIFORM = Density(np.ones((1, 1)))


def tabulate_prefixes(
    counts: Sequence[int],
    d: int,
    *,
    order: float = 2.0,
    exact: bool = False,
    discrepancy: bool = False,
    strips: bool = False,
    rivals: Mapping[str, Callable[[int], Floats]] | None = None,
) -> Iterator[Row]:
    """Certify prefixes of the dyadic sequence, and measure them beside those of others.

    Parameters
    ----------
    counts : sequence of int
        Numbers of points.
    d : int
        Dimension, 1 to 10.
    order : float
        p ≥ 1 of the distance W_p that is bounded by the boxes.
    exact : bool
        Whether to measure W2; with rivals and in d = 1 this is always done.
    discrepancy : bool
        Whether to measure the L2-star discrepancy.
    strips : bool
        Whether to certify the partition of the paper too; d ≥ 2.
    rivals : mapping of str to callable, optional
        Other sequences by name, as `stipple.sequences.rivals.prepare_rival` makes them.

    Yields
    ------
    Row
        The columns of `tabulate_certificate` and of `tabulate_strips`; those of `measure_points`
        and `l2_star`, of `measure_discrepancy`; then the latter for each rival, its name before
        that of the column.
    """
    check_range(max(counts), d)
    exact = exact or d == 1 or bool(rivals)
    points = generate_sequence(max(counts), d) if exact or discrepancy else None

    def measure(points: Floats) -> Row:
        distances = measure_points(points) if exact else {}
        return distances | ({"l2_star": measure_discrepancy(points)} if discrepancy else {})

    for count in counts:
        row = tabulate_certificate(certify_prefix(count, d), order)
        if strips:
            row |= tabulate_strips(count, d)
        if points is not None:
            row |= measure(points[:count])
        for name, select in (rivals or {}).items():
            row |= {f"{name}_{column}": value for column, value in measure(select(count)).items()}
        yield row


def tabulate_certificate(certificate: PrefixCertificate, order: float) -> Row:
    """List the figures of a certificate, and the bounds of the distance of one order.

    Returns
    -------
    Row
        `n`, `radius`, `scaled_radius`, `lower_bound`, `ratio` and `worst_point` as in
        `PrefixCertificate`; `order`, `wp_lower` and `wp_upper` as of its `enclose_distance`;
        `scaled_wp`, the last times n^{1/d}, rounded upwards.
    """
    bounds = certificate.enclose_distance(order)
    return {
        "n": certificate.count,
        "radius": certificate.radius,
        "scaled_radius": certificate.scaled_radius,
        "lower_bound": certificate.lower_bound,
        "ratio": certificate.ratio,
        "worst_point": certificate.worst_point,
        "order": order,
        "wp_lower": bounds.lower,
        "wp_upper": bounds.upper,
        "scaled_wp": bounds.upper * certificate.count ** (1 / certificate.dimension) * (1 + SLACK),
    }


def tabulate_strips(count: int, d: int) -> Row:
    """List what is certified of the partition of the paper, for each of its two constants.

    Returns
    -------
    Row
        `levels`, `move`, `move_bound`, `scaled_radius` and `scaled_bound` as in `StripCertificate`,
        after `paper10_` for the constant 10·√d, and after `paper6_` for 6·√d.
    """
    row: Row = {}
    for spare, constant in CONSTANTS.items():
        figures = asdict(certify_strips(count, d, spare))
        for name in ("count", "dimension", "spare"):
            del figures[name]
        row |= {f"paper{constant}_{name}": value for name, value in figures.items()}
    return row


def measure_points(points: Floats) -> Row:
    """Measure the distances from the uniform density to points of [0, 1]^d.

    Returns
    -------
    Row
        `w1`, `w2` and `w_infinity` in d = 1, each within a relative 2^−46; `w2` and its certified
        bounds `w2_lower` and `w2_upper`, rounded outwards, in d = 2; wider ones of `enclose_w2`,
        and their middle, beyond.
    """
    if points.shape[1] == 1:
        return measure_prefix_1d(points)._asdict()
    if points.shape[1] > 2:
        bounds = enclose_w2(points)
        return {"w2": bounds.middle, "w2_lower": bounds.lower, "w2_upper": bounds.upper}
    (prefix,) = measure_prefixes(UNIFORM, points, [len(points)])
    return {
        "w2": math.sqrt(prefix.w2_squared),
        "w2_lower": take_root(prefix.w2_squared_lower, 2, down=True),
        "w2_upper": take_root(prefix.w2_squared_upper, 2, down=False),
    }


def tabulate_stippling(
    density: Density,
    points: Floats,
    counts: Iterable[int],
    *,
    rival: Callable[[Density, int], Quantised] | None = None,
) -> Iterator[Row]:
    """Measure prefixes of a progressive stippling.

    Parameters
    ----------
    density : Density
        The density.
    points : ndarray, shape (n, 2)
        The points, in pixels.
    counts : iterable of int
        Numbers of points, from 1 to n.
    rival : callable, optional
        Makes as many points that need not be a prefix of anything, to compare each prefix with:
        `stipple.stipple`.

    Yields
    ------
    Row
        `n`, `w2_squared` and its certified bounds in square pixels, `quality` (N·W2²/A) and
        `mass_error`; then `stipple_w2_squared`, `stipple_quality` and `ratio`, of the qualities.
    """
    for prefix in measure_prefixes(density, points, counts):
        row = asdict(prefix)
        row = {"n": row.pop("count"), **row}
        if rival is not None:
            best = rival(density, prefix.count)
            row |= {
                "stipple_w2_squared": best.w2_squared,
                "stipple_quality": best.quality,
                "ratio": prefix.quality / best.quality,
            }
        yield row


def choose_counts(n: int, smallest: int = 16) -> list[int]:
    """Choose the powers of two from `smallest` to n, the quarters in between, and n."""
    quarters = (2**k * quarter // 4 for k in range(n.bit_length()) for quarter in (4, 5, 6, 7))
    return sorted({count for count in quarters if smallest <= count <= n} | {n})


def plot_prefixes(rows: Sequence[Row], d: int) -> list[Panel]:
    """Plot against N the scaled R_N, bounds of W_p by the boxes, and W2 of all sequences measured.

    All are scaled by N^{1/d}.
    """
    counts = _pick(rows, "n")
    scale = counts ** (1 / d)
    power = {1: "N", 2: "√N"}.get(d, f"N^(1/{d})")
    root = rows[0]["n"] ** (1 / d)
    constant = "no constant bounds it" if d == 1 else f"theorem: at most 10·√{d}"
    radii = Curve("dyadic", counts, _pick(rows, "scaled_radius"))
    costs = Curve("dyadic, at most", counts, _pick(rows, "scaled_wp"))
    panels = [
        Panel(
            f"R_N · {power}  ({constant})",
            (radii,),
            {"no N points have less": root * rows[0]["lower_bound"]},
        ),
        Panel(
            f"{name_order(rows[0]['order'])} · {power}  (proved by the boxes)",
            (costs,),
            {"no N points have less": root * rows[0]["wp_lower"]},
        ),
    ]
    named = {"dyadic": "w2"} | {
        column.removesuffix("_w2"): column for column in rows[0] if column.endswith("_w2")
    }
    curves = [
        Curve(name, counts, scale * _pick(rows, column))
        for name, column in named.items()
        if column in rows[0]
    ]
    if curves:
        kind = "" if d <= 2 else "  (middle of certified bounds)"
        panels.append(Panel(f"W2 · {power}{kind}", tuple(curves), {}))
    return panels


def plot_stippling(rows: Sequence[Row]) -> list[Panel]:
    """Plot the quality of the prefixes of a progressive stippling against N."""
    counts = _pick(rows, "n")
    curves = [Curve("prefix", counts, _pick(rows, "quality"))]
    if "stipple_quality" in rows[0]:
        curves.append(Curve("stipple stipple", counts, _pick(rows, "stipple_quality")))
    return [
        Panel("quality  N·W2²/A", tuple(curves), {"hexagonal limit, no bound": HEXAGONAL_QUALITY})
    ]


def name_order(order: float) -> str:
    """Name the distance of an order, with all its digits: W_2, W_2.5."""
    return f"W_{order!r}".removesuffix(".0")


def _pick(rows: Sequence[Row], column: str) -> Floats:
    return np.array([row[column] for row in rows], dtype=np.float64)
