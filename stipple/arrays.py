"""Short names for the arrays that everything here passes around; shapes are in the docstrings."""

from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats: TypeAlias = NDArray[np.float64]
Integers: TypeAlias = NDArray[np.int64]
Booleans: TypeAlias = NDArray[np.bool_]

# What callers may give, which `stipple.arguments` makes plain. Modules of public functions import
# annotations from __future__: help then shows these words, and not the five lines they stand for.
ImageLike: TypeAlias = ArrayLike
PointsLike: TypeAlias = ArrayLike
