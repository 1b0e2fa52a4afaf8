"""What callers give, made plain: arrays, counts and numbers that solvers may rely on.

Every array, count and number of a public function passes through here, once.
"""

import inspect
import math
import operator
import re
import sys
import warnings
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import wraps
from numbers import Real
from typing import Any, ParamSpec, TypeGuard, TypeVar, cast, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from stipple.arrays import Booleans, Floats
from stipple.errors import StippleError

P = ParamSpec("P")
R = TypeVar("R")

LONGEST_QUOTE = 40
# Of lighter points double precision would not tell the masses well enough.
LARGEST_RATIO = 1e6
# Coordinates in pixels that are less lie on the border: squares of their differences underflow.
VANISHING = 1e-100
# Python writes out no integers of more bits, and nothing here has so many.
MOST_BITS = 4096
# Kinds of NumPy types: booleans, integers with and without sign, floating-point numbers.
REAL_KINDS = "buif"


def read_array(values: ArrayLike, name: str) -> tuple[NDArray[Any], Booleans | None]:
    """Make any array of real numbers a plain one.

    Parameters
    ----------
    values : array_like
        Nested sequences, or anything that NumPy takes for an array: of any layout and byte order,
        read-only, `numpy.matrix`, a masked array, a data frame.
    name : str
        What messages call it.

    Returns
    -------
    array : ndarray
        In C order, aligned, writeable and in the byte order of the machine, of the type given;
        numbers that are Python objects become float64, which may change none of them. It may share
        memory with `values`.
    hidden : ndarray of bool, or None
        Where a masked array is masked; what `array` holds there means nothing.

    Raises
    ------
    StippleError
        For ragged rows, text, complex numbers, sparse matrices and everything else.
    """
    if hasattr(values, "toarray") and hasattr(values, "nnz"):
        raise StippleError(f"The {name} is a sparse matrix: give its toarray().")
    hidden: Booleans | None = None
    try:
        if _is_masked(values) or _holds_masked(values):
            values = np.ma.asarray(values)
            hidden = np.array(np.ma.getmaskarray(values))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # a masked number in a list becomes NaN
            array = np.asarray(values)
    except (TypeError, ValueError, RuntimeError, OverflowError) as error:
        reason = re.split(r"\.\s|\.$|\n", str(error))[0]
        raise StippleError(
            f"The {name} is no array or matrix of numbers ({reason}): give rows of one length."
        ) from None
    if array.dtype.kind == "O":
        array = _convert_objects(array, name)
    if array.dtype.kind not in REAL_KINDS:
        raise StippleError(
            f"The {name} has the type {array.dtype}: give an array or matrix of numbers, real ones."
        )
    plain = array.dtype.newbyteorder("=")
    return np.require(array, plain, ["C", "ALIGNED", "WRITEABLE"]), hidden


def read_floats(values: ArrayLike, name: str) -> tuple[Floats, Booleans | None]:
    """Make any array of real numbers a plain one of float64, as `read_array` does."""
    array, hidden = read_array(values, name)
    with np.errstate(over="ignore"):  # what overflows float64 is refused as infinite
        return array.astype(np.float64, copy=False), hidden


def read_pixels(values: ArrayLike, name: str) -> NDArray[Any]:
    """Make an image a plain array, as `read_array` does; what is masked becomes 0, no mass."""
    array, hidden = read_array(values, name)
    return array if hidden is None else np.where(hidden, array.dtype.type(0), array)


def read_darkness(values: ArrayLike, name: str) -> Floats:
    """Make a density a new array of float64, as `read_pixels` does.

    Raises
    ------
    StippleError
        For uint8, as pictures are: their dark pixels have the low numbers.
    """
    array = read_pixels(values, name)
    if array.dtype == np.uint8:
        raise StippleError(
            f"The {name} is an array of uint8, in which pictures have 255 for white: give"
            " stipple.read_image(picture), or astype(float) where 255 is the densest."
        )
    with np.errstate(over="ignore"):  # what overflows float64 is refused as infinite
        return array.astype(np.float64)


def settle(values: Floats) -> Floats:
    """Make a new array read-only, so that a density keeps it as it is (`is_settled`)."""
    values.flags.writeable = False
    return values


def is_settled(values: object) -> TypeGuard[Floats]:
    """Whether these are numbers that nobody else can change: they need no copy."""
    if type(values) is not np.ndarray or values.dtype != np.float64:
        return False
    flags = values.flags
    return flags.owndata and flags.c_contiguous and not flags.writeable


def read_points(values: ArrayLike, name: str) -> Floats:
    """Make points a plain array of float64; without those of which a coordinate is masked."""
    points, hidden = read_floats(values, name)
    return points if hidden is None or points.ndim != 2 else points[~hidden.any(axis=1)]


def read_masses(values: ArrayLike, name: str = "mass", owner: str = "point") -> Floats:
    """Make relative masses a plain array with the sum 1.

    Parameters
    ----------
    values : array_like, shape (n,)
        In any scale.
    name, owner : str
        What messages call a mass, and what has it.

    Raises
    ------
    StippleError
        If there are none, or one is not positive, not finite or far below another.
    """
    plural = f"{name}es" if name.endswith("s") else f"{name}s"
    masses, hidden = read_floats(values, f"list of {plural}")
    if masses.ndim != 1 or len(masses) == 0:
        raise StippleError(
            f"The {plural} have the shape {masses.shape}: give one for each {owner}."
        )
    if hidden is not None and hidden.any():
        raise StippleError(f"Some {plural} are masked: give a positive number for each {owner}.")
    wrong = ~(np.isfinite(masses) & (masses > 0))
    if wrong.any():
        first = int(np.argmax(wrong))
        raise StippleError(
            f"{name.capitalize()} {first + 1} of {len(masses)} is {masses[first]:g}: give positive"
            " numbers."
        )
    least, most = float(masses.min()), float(masses.max())
    if most / LARGEST_RATIO > least:
        raise StippleError(
            f"The {plural} go from {least:g} to {most:g}: give {plural} of which none is less than"
            " a millionth of another."
        )
    scaled = masses / most
    shares: Floats = scaled / math.fsum(scaled)
    return shares


def read_count(value: object, name: str, least: int | None = None) -> int:
    """Make a Python integer of any integer, NumPy's too.

    Raises
    ------
    StippleError
        For floating-point numbers, text, booleans, and what is less than the least.
    """
    count = None
    if not isinstance(value, bool):
        with suppress(TypeError):
            count = operator.index(cast(Any, value))
    if count is None or (least is not None and count < least):
        limit = "" if least is None else f" of at least {least}"
        raise StippleError(f"The {name} is {_quote(value)}: give a whole number{limit}.")
    if count.bit_length() > MOST_BITS:
        raise StippleError(f"The {name} is {_quote(value)}: give a smaller number.")
    return count


def read_threads(threads: int | None) -> int | None:
    """Read a number of threads; None leaves it to the machine."""
    return None if threads is None else read_count(threads, "number of threads", 1)


def read_number(
    value: object,
    name: str,
    least: float,
    *,
    most: float = math.inf,
    above: bool = False,
    finite: bool = True,
) -> float:
    """Make a float of any real number, NumPy's too.

    Raises
    ------
    StippleError
        For text, booleans, NaN, what is less than the least (or not above it) or more than the
        most, and infinity unless it may be.
    """
    given = isinstance(value, Real) and not isinstance(value, bool)
    number = _convert_number(value) if given else math.nan
    # NaN is neither.
    enough = number > least if above else number >= least
    if most < math.inf and not (enough and number <= most):
        raise StippleError(
            f"The {name} is {_quote(value)}: give a number from {least:g} to {most:g}."
        )
    if not enough or (finite and number == math.inf):
        kind = f"{'finite ' * finite}number {'above' if above else 'of at least'}"
        limit = f"{least:g}" if least else "zero"
        raise StippleError(f"The {name} is {_quote(value)}: give a {kind} {limit}.")
    return number


def read_choice(value: object, name: str, words: Any) -> None:
    """Refuse what is none of the words of a `Literal` type."""
    known: Sequence[str] = get_args(words)
    if not isinstance(value, str) or value not in known:
        raise StippleError(f"The {name} is {_quote(value)}: give one of {', '.join(known)}.")


def accept_former_name(former: str, name: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Let a function take an argument under its former name for one release, with a warning."""

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        @wraps(function)
        def call(*arguments: P.args, **keywords: P.kwargs) -> R:
            if former in keywords and name not in keywords:
                warnings.warn(
                    f"{former}= of {function.__name__} is called {name}= now, and will be gone in"
                    " the next release.",
                    DeprecationWarning,
                    stacklevel=2,
                )
                keywords[name] = keywords.pop(former)
            return function(*arguments, **keywords)

        return call

    return decorate


def accept_positional(*names: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Let a function take its first settings by their places for one release, with a warning."""

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        parameters = inspect.signature(function).parameters.values()
        count = sum(one.kind is one.POSITIONAL_OR_KEYWORD for one in parameters)

        @wraps(function)
        def call(*arguments: Any, **keywords: Any) -> R:
            placed = dict(zip(names, arguments[count:], strict=False))
            for name in placed:
                warnings.warn(
                    f"Give {name} of {function.__name__} by name, {name}=…: its place will be gone"
                    " in the next release.",
                    DeprecationWarning,
                    stacklevel=2,
                )
            others = arguments[count + len(placed) :]  # too many, as Python will tell
            return function(*arguments[:count], *others, **placed, **keywords)

        return call

    return decorate


def _is_masked(values: object) -> bool:
    """Whether it is a masked array: where there is one, the module that makes them is loaded."""
    return "numpy.ma" in sys.modules and isinstance(values, np.ma.MaskedArray)


def _holds_masked(values: ArrayLike) -> bool:
    """Whether a list has masked arrays, whose masks NumPy would drop."""
    return isinstance(values, list | tuple) and any(_is_masked(one) for one in values)


def _convert_objects(array: NDArray[Any], name: str) -> Floats:
    """Numbers that are Python objects, as float64; refused if that would change one."""
    floats = np.empty(array.shape)
    for place, value in np.ndenumerate(array):
        if not isinstance(value, Real):
            raise StippleError(
                f"The {name} holds {_quote(value)} ({type(value).__name__}): give an array of"
                " real numbers."
            )
        number = _convert_number(value)
        if number != value and value == value:  # NaN stays NaN
            raise StippleError(
                f"The {name} holds {_quote(value)}, which double precision cannot: round it, with"
                " numpy.asarray(values, dtype=float)."
            )
        floats[place] = number
    return floats


def _convert_number(value: Any) -> float:
    """Make a float of a number; infinity where it is too large for one."""
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def _quote(value: object) -> str:
    """Show a value in a sentence: on one line, and not all of it if it is long."""
    if isinstance(value, int) and value.bit_length() > MOST_BITS:
        return f"an integer of {value.bit_length():,} bits"
    text = " ".join((str(value) if isinstance(value, Real) else repr(value)).split())
    return text if len(text) <= LONGEST_QUOTE else f"{text[: LONGEST_QUOTE - 1]}…"
