"""What `stipple sequence` shows: rows for a person, and figures for the report."""

from typing import TYPE_CHECKING, Any

from stipple.choices import MOST_FOR_DISCREPANCY
from stipple.cli.sequence.run import (
    Found,
    FoundPoints,
    FoundPrefixes,
    FoundStipplePrefixes,
    FoundStipples,
)
from stipple.cli.shared.counting import count_things
from stipple.cli.shared.digits import format_interval, round_down, round_up

if TYPE_CHECKING:
    from stipple.sequences.prefixes import Row

OBSTRUCTION = (
    "in dimension 1 no constant C keeps all prefixes of a sequence, this or any other, within C/N"
    " (Graham 2020): N·W∞ exceeds a fixed multiple of log N again and again"
)
DISCREPANCY = (
    "the dyadic sequence is not a low-discrepancy one: its first N = 2^(dk) points, a grid, have"
    " the star discrepancy 1 - (1 - 2^-k)^d, of the order N^(-1/d); its claim is the transport"
)

# Over √d, and whose they are.
PAPER_CONSTANTS = ((10, "its proof"), (6, "as published"))


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
                "worst_wp": _find_worst(table, "scaled_wp"),
                **_report_growth(table, task.dimension),
                "prefixes": table,
            }
        case FoundStipples(density=density):
            size = [density.width, density.height]
            measured = {} if found.table is None else {"prefixes": found.table}
            return {"points": found.task.image.n, "image": size, **measured}
        case FoundStipplePrefixes(task=task, table=table):
            worst = _find_worst(table, "quality")
            return {"points": task.image.n, "worst": worst, "prefixes": table}


def _report_growth(table: "list[Row]", dimension: int) -> dict[str, Any]:
    """Report N·W2 that a prefix of any sequence on the line has, of up to as many points."""
    from stipple.sequences.obstruction import bound_growth

    return {"any_sequence_n_w2": bound_growth(table[-1]["n"])} if dimension == 1 else {}


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
                _describe_largest(table, task.dimension),
                *_describe_largest_strips(table, task.dimension),
                *(_describe_growth(table) if task.dimension == 1 else []),
            ]
        case FoundStipples(task=task):
            image = task.image
            moves = f"{image.n:,}, moved {image.relaxation} times at each doubling"
            measured = [(f"N = {row['n']:,}", _describe_quality(row)) for row in found.table or ()]
            return [("points", moves), *measured]
        case FoundStipplePrefixes(task=task, table=table):
            worst = _find_worst(table, "quality")
            return [
                ("prefixes", f"{len(table):,} of {count_things(task.image.n, 'point')}"),
                (f"worst: N = {worst['n']:,}", _describe_quality(worst)),
            ]


def _find_worst(table: "list[Row]", column: str) -> "Row":
    return max(table, key=lambda row: row[column])


def describe_certificate(row: "Row", dimension: int) -> list[tuple[str, str]]:
    """Describe a row of the table of prefixes, bounds rounded to their safe side."""
    from stipple.sequences.certificate import LINE_ERROR

    rows = [
        ("R_N", f"{round_up(row['radius'])} >= W∞, at point {row['worst_point']:,}"),
        (
            _scale("R_N", dimension),
            f"{round_up(row['scaled_radius'])}{_tell_theorem(dimension)}",
        ),
        ("lower bound", f"{round_down(row['lower_bound'])} <= W∞ of any N points"),
        ("ratio", f"{round_up(row['ratio'])}"),
        *_describe_order(row, dimension),
        *_describe_strips(row, dimension),
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
        elif dimension > 2:
            text = _describe_bounds(row, column, dimension)
        else:
            interval = format_interval(row[f"{column}_lower"], row[f"{column}_upper"], 9)
            text = f"W2 = {value:.8g} in {interval}, √N·W2 = {row['n'] ** 0.5 * value:.5g}"
        rows.append((name.rstrip("_") or "dyadic", text))
    rows += _describe_discrepancies(row, dimension)
    if dimension == 1:
        rows.append(("no constant", OBSTRUCTION))
    return rows


def _describe_bounds(row: "Row", column: str, dimension: int) -> str:
    """Describe bounds of W2, and of W2·N^(1/d), found on a grid of cubes."""
    from stipple.sequences.certificate import SLACK

    lower, upper = row[f"{column}_lower"], row[f"{column}_upper"]
    root = row["n"] ** (1 / dimension)
    scaled = format_interval(lower * root * (1 - SLACK), upper * root * (1 + SLACK), 5)
    interval = format_interval(lower, upper, 5)
    return f"W2 in {interval}, W2·N^(1/{dimension}) in {scaled} (by a grid of cubes)"


def _describe_discrepancies(row: "Row", dimension: int) -> list[tuple[str, str]]:
    """Describe the L2-star discrepancies of a row, and what they say of this sequence."""
    found = {
        column.removesuffix("l2_star").rstrip("_") or "dyadic": value
        for column, value in row.items()
        if column.endswith("l2_star")
    }
    if not found:
        return []
    if None in found.values():
        return [
            ("L2-star", f"left out beyond {MOST_FOR_DISCREPANCY:,} points: its time grows with N²")
        ]
    figures = ", ".join(f"{name} {value:.5g}" for name, value in found.items())
    rows = [("L2-star", f"discrepancy: {figures}")]
    return rows + ([("discrepancy", DISCREPANCY)] if dimension > 1 else [])


def _describe_largest(table: "list[Row]", dimension: int) -> tuple[str, str]:
    """Describe the largest bound of W_p·N^(1/d) of all prefixes."""
    from stipple.sequences.prefixes import name_order

    row = _find_worst(table, "scaled_wp")
    name = _scale(name_order(row["order"]), dimension)
    return f"largest {name}", f"{round_up(row['scaled_wp'])} or less, at N = {row['n']:,}"


def _describe_growth(table: "list[Row]") -> list[tuple[str, str]]:
    """Describe how far the prefixes on the line go, and how far those of any sequence must."""
    from stipple.sequences.certificate import LINE_ERROR
    from stipple.sequences.obstruction import bound_growth

    texts = []
    for symbol, column in (("W1", "w1"), ("W2", "w2"), ("W∞", "w_infinity")):
        row = max(table, key=lambda row: row["n"] * row[column])
        value = _tell_distance(row["n"] * row[column], 2 * LINE_ERROR)
        texts.append(f"N·{symbol} = {value} at N = {row['n']:,}")
    most = table[-1]["n"]
    bound = f"has N·W2 >= {round_down(bound_growth(most))}; from N = 2^147 on this bound grows"
    return [
        ("largest", "; ".join(texts)),
        ("any sequence", f"a prefix of at most {most:,} points {bound}, like sqrt(log N)"),
    ]


def _describe_order(row: "Row", dimension: int) -> list[tuple[str, str]]:
    """Describe what is proved of W_p, p the order asked for."""
    from stipple.sequences.prefixes import name_order

    name = name_order(row["order"])
    lower, upper = round_down(row["wp_lower"]), round_up(row["wp_upper"])
    return [
        (name, f"{lower} (no N points have less) to {upper} (by the boxes)"),
        (_scale(name, dimension), f"{round_up(row['scaled_wp'])}{_tell_theorem(dimension)}"),
    ]


def _describe_strips(row: "Row", dimension: int) -> list[tuple[str, str]]:
    """Describe the partition of the paper, if it was made, beside what its proof says of it."""
    rows = []
    for constant, source in PAPER_CONSTANTS:
        levels = row.get(f"paper{constant}_levels")
        if levels is None:
            continue
        move, most, radius, bound = (
            row[f"paper{constant}_{name}"]
            for name in ("move", "move_bound", "scaled_radius", "scaled_bound")
        )
        name = _scale("R_N", dimension)
        limit = f"{constant}·√{dimension} = {constant * dimension**0.5:.5g}"
        rows += [
            (
                f"paper, M = {levels}",
                f"ends of boxes moved by {round_up(move)} or less"
                f" (Proposition 2.9: at most {round_up(most)})",
            ),
            (
                f"its {name}",
                f"{round_up(radius)} by strips, {round_up(bound)} by projection"
                f" ({source}: at most {limit})",
            ),
        ]
    return rows


def _describe_largest_strips(table: "list[Row]", dimension: int) -> list[tuple[str, str]]:
    """Describe how near the partition of the paper comes to what its proof allows."""
    rows = []
    for constant, source in PAPER_CONSTANTS:
        column = f"paper{constant}_scaled_bound"
        if column not in table[0]:
            continue
        row = _find_worst(table, column)
        parts = [one[f"paper{constant}_move"] / one[f"paper{constant}_move_bound"] for one in table]
        text = (
            f"{round_up(row[column])} by projection, at N = {row['n']:,} ({source}: at most"
            f" {constant}·√{dimension}); ends moved by {round_up(max(parts), 3)} of what"
            " Proposition 2.9 allows"
        )
        rows.append((f"largest, paper {constant}", text))
    return rows


def _scale(name: str, dimension: int) -> str:
    """Write a length times N^(1/d)."""
    return f"{name}·N" if dimension == 1 else f"{name}·N^(1/{dimension})"


def _tell_theorem(dimension: int) -> str:
    from stipple.sequences.dyadic import find_constant

    constant = find_constant(dimension)
    return f" (theorem: at most {round_up(constant)} for every N)" if constant else ""


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
