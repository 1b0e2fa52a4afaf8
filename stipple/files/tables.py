"""Points and tables as CSV and .npy, reports as JSON."""

import json
import re
from collections.abc import Mapping, Sequence
from functools import partial
from io import BytesIO
from itertools import takewhile
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stipple.arrays import Floats, Integers
from stipple.errors import StippleError
from stipple.files.npy import is_npy, read_npy
from stipple.files.number_table import WEIGHT_NAMES, read_table
from stipple.files.open import Source, open_source

BATCH = 10_000  # rows formatted at a time, to save memory
# Numbers of a table from which compiled code writes them: loading it takes some time.
FEWEST_COMPILED = 100_000
_SPECIAL = re.compile('[,"\r\n]')


def render_points_csv(
    points: Floats,
    masses: Floats,
    radii: Floats,
    inks: Sequence[str] | None = None,
    *,
    ids: Integers | None = None,
) -> bytes:
    """Write points with the header ``x,y,mass,radius``, and ``,ink`` or ``,id`` where asked for.

    Each number has the fewest digits that read back as the same float64.

    Parameters
    ----------
    points : ndarray, shape (n, 2)
        Positions in pixels.
    masses : ndarray, shape (n,)
    radii : ndarray, shape (n,)
        Of the dots, in pixels.
    inks : sequence of n names, optional
        The ink of each point.
    ids : ndarray of int, shape (n,), optional
        The id of each point.

    Returns
    -------
    bytes
        The file.
    """
    rows = np.column_stack((points, masses, radii)).astype(np.float64)  # (n, 4)
    names = ("x", "y", "mass", "radius")
    columns: dict[str, Sequence[Any] | Floats] = dict(zip(names, rows.T, strict=True))
    if inks is not None:
        columns["ink"] = inks
    if ids is not None:
        columns["id"] = ids.tolist()
    return render_columns_csv(columns)


def render_table_csv(rows: Sequence[Mapping[str, Any]]) -> bytes:
    """Write rows that share their keys, with these as the header; as `render_columns_csv`.

    Nothing is written for None.

    Parameters
    ----------
    rows : sequence of mappings
        At least one.

    Returns
    -------
    bytes
        The file.
    """
    return render_columns_csv(
        {name: ["" if row[name] is None else row[name] for row in rows] for name in rows[0]}
    )


def render_columns_csv(columns: Mapping[str, Sequence[Any] | NDArray[Any]]) -> bytes:
    """Write columns of equal length under their names.

    Each number has the fewest digits that read back as the same float64. Text is written as it is,
    in quotes where it holds commas, quotes or line breaks: a spreadsheet takes what begins with
    ``=``, ``+``, ``-`` or ``@`` for a formula.

    Parameters
    ----------
    columns : mapping of str to sequence
        At least one.

    Returns
    -------
    bytes
        The file.
    """
    parts = [f"{','.join(_quote(list(columns)))}\n".encode()]
    values = list(columns.values())
    numbers = list(takewhile(_is_plain, values))
    rows = len(values[0])
    compiled = len(numbers) * rows >= FEWEST_COMPILED
    for start in range(0, max(map(len, values)), BATCH):
        batch = [_quote(column[start : start + BATCH]) for column in values]
        if compiled:
            from stipple.files.shortest import write_rows

            written = write_rows(np.column_stack(batch[: len(numbers)]))
            if len(numbers) == len(values):
                parts.append(written)
                continue
            batch = [written.decode().splitlines(), *batch[len(numbers) :]]
        line = ",".join(["%s"] * len(batch)) + "\n"
        lists = (part.tolist() if isinstance(part, np.ndarray) else part for part in batch)
        text = "".join(map(line.__mod__, zip(*lists, strict=True)))
        parts.append(text.encode(errors="surrogateescape"))
    return b"".join(parts)


def _quote(column: Sequence[Any] | NDArray[Any]) -> Sequence[Any] | NDArray[Any]:
    """Put text in quotes that would not be read back as one field."""
    if isinstance(column, np.ndarray):
        return column
    texts = {cell for cell in column if isinstance(cell, str) and _SPECIAL.search(cell)}
    if not texts:
        return column
    return ['"' + cell.replace('"', '""') + '"' if cell in texts else cell for cell in column]


def _is_plain(column: Sequence[Any] | NDArray[Any]) -> bool:
    """Whether a column holds doubles only, finite and none so near zero that it is rounded."""
    if not (isinstance(column, np.ndarray) and column.dtype == np.float64):
        return False
    sizes = np.abs(column)
    return bool((np.isfinite(sizes) & ((sizes == 0) | (sizes >= np.finfo(float).tiny))).all())


def name_axes(dimension: int) -> list[str]:
    """Name the coordinates x, y, z, or x1, x2, ... beyond space."""
    return list("xyz"[:dimension]) if dimension <= 3 else [f"x{k + 1}" for k in range(dimension)]


def render_points(points: Floats, form: str) -> bytes:
    """Write points, shape (n, d), under the names of axes as "csv", or as "npy"."""
    if form == "npy":
        return render_npy(points)
    return render_columns_csv(dict(zip(name_axes(points.shape[1]), points.T, strict=True)))


def render_weighted_csv(points: Floats, weights: Floats) -> bytes:
    """Write points, shape (n, d), as columns x1, x2, …, and their weights."""
    names = (f"x{axis + 1}" for axis in range(points.shape[1]))
    return render_columns_csv({**dict(zip(names, points.T, strict=True)), "weight": weights})


def render_npy(array: Floats) -> bytes:
    """Write an array in NumPy's own format.

    Parameters
    ----------
    array : ndarray

    Returns
    -------
    bytes
        The file.
    """
    header = BytesIO()
    array = np.ascontiguousarray(array)
    np.lib.format.write_array_header_1_0(header, np.lib.format.header_data_from_array_1_0(array))
    return b"".join([header.getvalue(), array.data])


def read_points_csv(source: Source, dimension: int = 2) -> Floats:
    """Read points from the columns ``x`` and ``y``, or the first two where there is no header.

    In space ``z`` is the third.

    Parameters
    ----------
    source : str, Path or binary stream
        A table of numbers as in `stipple.files.number_table`; other columns may hold anything.
    dimension : int
        2 or 3.

    Returns
    -------
    ndarray, shape (n, dimension)
        At least one point, all finite.

    Raises
    ------
    StippleError
        If the file cannot be read, has no points, has rows of different lengths, or holds
        something else than finite numbers.
    """
    with open_source(source) as (stream, name):
        points = read_table(stream, name, "points", columns=tuple("xyz"[:dimension])).values
    finite = np.isfinite(points).all(axis=1)
    if not finite.all():
        raise StippleError(
            f"{name}: point {int(np.argmin(finite)) + 1} is not finite: "
            "remove rows with NaN or infinity."
        )
    return points


def read_weighted_points(source: Source) -> tuple[Floats, Floats | None]:
    """Read points of the plane with their masses, if they have some, from text or `.npy`.

    Parameters
    ----------
    source : str, Path or binary stream
        A table of numbers as `read_points_csv` takes it, of two columns where they have no names; a
        column named weight, mass or w holds the masses. Or a `.npy` array of shape (n, 2).

    Returns
    -------
    points : ndarray, shape (n, 2)
        At least one point.
    masses : ndarray, shape (n,), or None
        In any scale.

    Raises
    ------
    StippleError
        As `read_points_csv`; if there are several columns of masses, a column z, or an array of
        another shape.
    """
    with open_source(source) as (stream, name):
        if is_npy(stream):
            return read_npy(stream, name, partial(_demand_plane, name)), None
        optional = (*WEIGHT_NAMES, "z")
        table = read_table(stream, name, "points", columns=("x", "y"), optional=optional)
    if table.names and "z" in table.names:
        raise StippleError(
            f"{name} has a column z, as points of space have: leave it out to take their places in"
            " the plane."
        )
    values = table.values
    if values.shape[1] > 3:
        raise StippleError(f"{name} has {values.shape[1] - 2} columns of weights: keep one.")
    return values[:, :2], values[:, 2] if values.shape[1] == 3 else None


def _demand_plane(name: str, shape: tuple[int, ...]) -> None:
    if len(shape) != 2 or shape[1] != 2 or shape[0] == 0:
        raise StippleError(
            f"{name} holds an array of shape {shape}: points of the plane are saved as (n, 2)."
        )


def read_masses_csv(source: Source, column: str = "mass") -> Floats:
    """Read masses from a column, or the first where there is no header, shape (n,).

    Parameters
    ----------
    source : str, Path or binary stream
        A table of numbers as in `stipple.files.number_table`; other columns may hold anything.
    column : str
        What the column is called.

    Raises
    ------
    StippleError
        If the file cannot be read, has no masses, or holds something else than numbers.
    """
    with open_source(source) as (stream, name):
        return read_table(stream, name, "masses", columns=(column,)).values[:, 0]


def render_json(mapping: Mapping[str, Any]) -> bytes:
    """Write a mapping as JSON, its keys in their own order, NumPy numbers and arrays included.

    Parameters
    ----------
    mapping : mapping

    Returns
    -------
    bytes
        The file.

    Raises
    ------
    StippleError
        If a number is NaN or infinite, which JSON cannot hold.
    """
    try:
        text = json.dumps(mapping, indent=2, ensure_ascii=False, allow_nan=False, default=_to_plain)
    except ValueError as error:
        raise StippleError(
            "A report holds NaN or infinity, which JSON cannot: leave the figure out, or use null."
        ) from error
    # Names of files may hold bytes outside UTF-8, as lone surrogates: JSON can escape these.
    return f"{text}\n".encode(errors="backslashreplace")


def _to_plain(value: object) -> object:
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    raise TypeError(f"{type(value).__name__} has no place in JSON")
