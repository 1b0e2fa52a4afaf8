"""The words and limits of options, in a module so light that `--help` stays fast."""

from typing import Literal, TypeAlias

# About 2 KiB of memory for each point, measured at a million points.
LARGEST_COUNT = 10_000_000

Alpha: TypeAlias = Literal["white", "black", "mask"]
Blend: TypeAlias = Literal["normal", "multiply", "screen"]
DotStyle: TypeAlias = Literal["circle", "stroke", "spiral"]
Engine: TypeAlias = Literal["auto", "pysdot", "qhull"]
InkMode: TypeAlias = Literal["mono", "cmyk", "rgb"]
Method: TypeAlias = Literal["lbfgs", "relaxed", "lloyd"]
Order: TypeAlias = Literal["none", "nearest", "tsp"]
Rival: TypeAlias = Literal["sobol", "halton", "random", "grid"]
Start: TypeAlias = Literal["bisection", "uniform", "grid"]
