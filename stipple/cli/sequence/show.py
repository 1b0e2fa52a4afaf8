"""What `stipple sequence` shows: rows for a person, and figures for the report."""

from typing import TYPE_CHECKING, Any

from stipple.cli.sequence.run import (
    Found,
    FoundPoints,
    FoundPrefixes,
    FoundStipplePrefixes,
    FoundStipples,
)
from stipple.cli.shared.digits import format_interval, round_down, round_up

if TYPE_CHECKING:
    from stipple.sequences.prefixes import Row

OBSTRUCTION = (
    "in dimension 1 no constant C keeps all prefixes of a sequence, this or any other, within C/N"
    " (Graham 2020): N·W∞ exceeds a fixed multiple of log N again and again"
)


def describe_found(found: Found) -> dict[str, Any]:
    """Collect the figures of the report."""
    from stipple.sequences.dyadic import find_constant

    match found:
        case FoundPoints(task=task, certificate=row):
            figures: dict[str, Any] = {"points": task.n, "dimension": task.dimension}
            if row is None:
                return figures
            return figures | {"constant": find_constant(task.dimension), "certificate": row}
        case FoundPrefixes(task=task, table=table):
            return {
                "points": task.n,
                "dimension": task.dimension,
                "constant": find_constant(task.dimension),
                "worst": _find_worst(table, "scaled_radius"),
                "prefixes": table,
            }
        case FoundStipples(density=density):
            size = [density.width, density.height]
            measured = {} if found.table is None else {"prefixes": found.table}
            return {"points": found.task.image.n, "image": size, **measured}
        case FoundStipplePrefixes(task=task, table=table):
            worst = _find_worst(table, "quality")
            return {"points": task.image.n, "worst": worst, "prefixes": table}


def list_rows(found: Found) -> list[tuple[str, str]]:
    """List what a person reads."""
    match found:
        case FoundPoints(task=task, certificate=row):
            rows = [("points", f"{task.n:,} in dimension {task.dimension}")]
            if row is not None:
                return rows + describe_certificate(row, task.dimension)
            return rows + ([("no constant", OBSTRUCTION)] if task.dimension == 1 else [])
        case FoundPrefixes(task=task, table=table):
            worst = _find_worst(table, "scaled_radius")
            return [
                ("prefixes", f"{len(table):,} in dimension {task.dimension}"),
                ("the worst", f"N = {worst['n']:,}, of which"),
                *describe_certificate(worst, task.dimension),
            ]
        case FoundStipples(task=task):
            image = task.image
            moves = f"{image.n:,}, moved {image.relaxation} times at each doubling"
            measured = [(f"N = {row['n']:,}", _describe_quality(row)) for row in found.table or ()]
            return [("points", moves), *measured]
        case FoundStipplePrefixes(task=task, table=table):
            worst = _find_worst(table, "quality")
            return [
                ("prefixes", f"{len(table):,} of {task.image.n:,} points"),
                (f"worst: N = {worst['n']:,}", _describe_quality(worst)),
            ]


def _find_worst(table: "list[Row]", column: str) -> "Row":
    return max(table, key=lambda row: row[column])


def describe_certificate(row: "Row", dimension: int) -> list[tuple[str, str]]:
    """Describe a row of the table of prefixes, bounds rounded to their safe side."""
    from stipple.sequences.certificate import LINE_ERROR
    from stipple.sequences.dyadic import find_constant

    constant = find_constant(dimension)
    rows = [
        ("R_N", f"{round_up(row['radius'])} >= W∞, at point {row['worst_point']:,}"),
        (
            "R_N·N" if dimension == 1 else f"R_N·N^(1/{dimension})",
            round_up(row["scaled_radius"])
            + (f" (theorem: at most {round_up(constant)} for every N)" if constant else ""),
        ),
        ("lower bound", f"{round_down(row['lower_bound'])} <= W∞ of any N points"),
        ("ratio", f"{round_up(row['ratio'])}"),
    ]
    for column, value in row.items():
        name = column.removesuffix("w2")
        if name == column:
            continue
        if dimension == 1:
            text = ", ".join(
                f"{symbol} = {_tell_distance(row[f'{name}{key}'], LINE_ERROR)}"
                for symbol, key in (("W1", "w1"), ("W2", "w2"), ("W∞", "w_infinity"))
            )
        else:
            interval = format_interval(row[f"{column}_lower"], row[f"{column}_upper"], 9)
            text = f"W2 = {value:.8g} in {interval}, √N·W2 = {row['n'] ** 0.5 * value:.5g}"
        rows.append((name.rstrip("_") or "dyadic", text))
    if dimension == 1:
        rows.append(("no constant", OBSTRUCTION))
    return rows


def _tell_distance(value: float, error: float) -> str:
    """Write the ends between which a number is that errs by so much, relative."""
    lower, upper = value * (1 - error), value * (1 + error)
    return f"{round_down(lower, 8)} to {round_up(upper, 8)}"


def _describe_quality(row: "Row") -> str:
    """Describe a row of the table of a progressive stippling."""
    text = f"quality {row['quality']:.4f}, W2² {row['w2_squared']:.6g} px²"
    if "ratio" in row:
        text += f"; stipple stipple: {row['stipple_quality']:.4f}, ratio {row['ratio']:.3f}"
    return text
