"""The words and limits of options, in a module so light that `--help` stays fast."""

from typing import Literal, TypeAlias

# About 2 KiB of memory for each point, measured at a million points.
LARGEST_COUNT = 10_000_000
# Points beyond the plane that distances are bounded of: their transport takes some seconds.
MOST_COMPARED = 1_024
# The time for the L2-star discrepancy grows with the square of this, to about a second.
MOST_FOR_DISCREPANCY = 10_000
# The partition of the paper holds all its strips at once.
MOST_STRIPS = 1_000_000
# The costs of this order fit in double precision for images of any size.
HIGHEST_ORDER = 32
# Of lines and spirals, in millimetres.
PEN_WIDTH = 0.3
# Of stochastic steps: the part of the momentum that is kept; parts of a Newton-like step for atoms,
# and of the mean cost for logarithms of weights.
MOMENTUM, MOST_MOMENTUM = 0.8, 0.999
ATOM_RATE = 0.5
WEIGHT_RATE = 0.2
# Of distances between images, in the plural.
UNITS = {"pixel": "pixels", "side": "sides"}

Algorithm: TypeAlias = Literal["auto", "simple", "adaptive"]
Alpha: TypeAlias = Literal["white", "black", "mask"]
AtomStart: TypeAlias = Literal["auto", "kmeans++", "density"]
AtomWeights: TypeAlias = Literal["free", "equal", "given"]
Blend: TypeAlias = Literal["normal", "multiply", "screen"]
BoundMethod: TypeAlias = Literal["auto", "paper", "sparse", "fast"]
Construction: TypeAlias = Literal["bisection", "paper"]
CellRule: TypeAlias = Literal["bisect", "occupied", "sparsest"]
Device: TypeAlias = Literal["auto", "cpu", "cuda"]
DistanceUnit: TypeAlias = Literal["pixel", "side"]
DotStyle: TypeAlias = Literal["circle", "stroke", "spiral"]
Easing: TypeAlias = Literal["smooth", "linear"]
Finish: TypeAlias = Literal["lbfgs", "none"]
InkMode: TypeAlias = Literal["mono", "cmyk", "rgb"]
KernelEngine: TypeAlias = Literal["auto", "numpy", "keops"]
Levels: TypeAlias = Literal["auto"] | tuple[float | str, float | str]
Light: TypeAlias = Literal["encoded", "linear"]
Method: TypeAlias = Literal["lbfgs", "relaxed", "lloyd"]
MetricName: TypeAlias = Literal["euclidean", "sphere", "geodesic", "precomputed"]
NeighbourEngine: TypeAlias = Literal["auto", "pysdot", "qhull"]
Objective: TypeAlias = Literal["exact", "full", "sharp", "debiased"]
Optimum: TypeAlias = Literal["global", "local"]
Order: TypeAlias = Literal["none", "nearest", "tsp"]
Overlap: TypeAlias = Literal["avoid", "allow"]
PixelModel: TypeAlias = Literal["points", "squares"]
Precision: TypeAlias = Literal["float64", "float32"]
Rival: TypeAlias = Literal["sobol", "halton", "kronecker", "random", "grid"]
SourceKind: TypeAlias = Literal["auto", "samples", "image"]
Spacing: TypeAlias = Literal["touch", "apart"]
Start: TypeAlias = Literal["bisection", "uniform", "grid"]
Strays: TypeAlias = Literal["move", "keep"]
Texture: TypeAlias = Literal["hexagonal", "blue"]
