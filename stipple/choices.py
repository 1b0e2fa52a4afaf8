"""The words that options take, in a module so light that `--help` stays fast."""

from typing import Literal, TypeAlias

Alpha: TypeAlias = Literal["white", "black", "mask"]
Blend: TypeAlias = Literal["normal", "multiply", "screen"]
DotStyle: TypeAlias = Literal["circle", "stroke", "spiral"]
Engine: TypeAlias = Literal["auto", "pysdot", "qhull"]
InkMode: TypeAlias = Literal["mono", "cmyk", "rgb"]
Method: TypeAlias = Literal["lbfgs", "relaxed", "lloyd"]
Order: TypeAlias = Literal["none", "nearest", "tsp"]
Start: TypeAlias = Literal["bisection", "uniform", "grid"]
