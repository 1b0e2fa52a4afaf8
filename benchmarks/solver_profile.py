"""Where the processor time of a stippling goes, by stage: the table of docs/solver.md."""

import argparse
import functools
import importlib
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

SAMPLES = Path(__file__).parent.parent / "samples"
# What each stage calls, as module and name, where it is called from.
STAGES = {
    "start": [
        ("stippling.beginnings", "start_from_bisection"),
        ("stippling.beginnings", "place_near_bisection"),
        ("transport.semi_discrete", "start_from_bisection"),
    ],
    "matching": [("transport.semi_discrete", "match_clouds")],
    "near points": [("geometry.power_cells", "list_near")],
    "neighbours from the engine": [("geometry.power_cells", "find_neighbours")],
    "cutting cells": [
        ("transport.diagram", "build_power_cells"),
        ("transport.partial", "build_power_cells"),
    ],
    "exact integrals": [("transport.diagram", "integrate_cells")],
    "sides and predicted masses": [
        ("transport.newton", "list_sides"),
        ("transport.newton", "predict_masses"),
        ("transport.partial", "list_sides"),
    ],
    "matrices": [
        ("transport.damped_newton", "assemble_laplacian"),
        ("transport.damped_newton", "count_components"),
        ("transport.partial", "assemble_laplacian"),
    ],
    "multigrid hierarchies": [("transport.multigrid", "Multigrid")],
    "factorisations": [("transport.factorisation", "Factorisation")],
    "linear systems": [("transport.newton_system.LaplacianSolver", "solve")],
    "directions": [("transport.direction.Direction", "find")],
    "certificate": [("transport.semi_discrete", "certify_transport")],
    "sizes of dots": [("transport.sizes", "fit_discs")],
}


class Stopwatch:
    """Processor time of stages, of which one may call another: each counts its own."""

    def __init__(self) -> None:
        self.seconds: Counter[str] = Counter()
        self.calls: Counter[str] = Counter()
        self._stage = ["everything else"]
        self._began = time.process_time()

    def _switch(self) -> None:
        now = time.process_time()
        self.seconds[self._stage[-1]] += now - self._began
        self._began = now

    def watch(self, stage: str, module: str, name: str) -> None:
        """Count what a function or class takes to its stage."""
        owner = _find(module)
        function: Callable[..., Any] = getattr(owner, name)

        @functools.wraps(function, updated=())
        def watched(*arguments: Any, **named: Any) -> Any:
            self._switch()
            self._stage.append(stage)
            self.calls[stage] += 1
            try:
                return function(*arguments, **named)
            finally:
                self._switch()
                self._stage.pop()

        setattr(owner, name, watched)

    def stop(self) -> float:
        """End the count; the sum of all stages."""
        self._switch()
        return sum(self.seconds.values())


def _find(path: str) -> Any:
    """Find a module of the package, or a class in one."""
    package, name = path.rsplit(".", 1)
    if name[0].isupper():
        return getattr(importlib.import_module(f"stipple.{package}"), name)
    return importlib.import_module(f"stipple.{path}")


def main() -> None:
    """Profile a call, on one thread unless told otherwise."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("points", type=int)
    parser.add_argument("--iterations", type=int, default=30)
    parser.add_argument("--quality", type=float, default=None)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--random", action="store_true", help="random points on flat paper")
    arguments = parser.parse_args()

    import numpy as np

    import stipple

    density = stipple.read_density(SAMPLES / "camera.png")
    stipple.stipple(density, 2000, iterations=2)
    start: Any = "bisection"
    if arguments.random:
        density = stipple.Density(np.ones((512, 512)))
        start = np.random.default_rng(0).random((arguments.points, 2)) * 512
    stopwatch = Stopwatch()
    for stage, calls in STAGES.items():
        for module, name in calls:
            stopwatch.watch(stage, module, name)
    began = time.perf_counter()
    found = stipple.stipple(
        density,
        None if arguments.random else arguments.points,
        start=start,
        iterations=arguments.iterations,
        quality=arguments.quality,
        threads=arguments.threads,
    )
    total = stopwatch.stop()
    wall = time.perf_counter() - began
    print(f"{found!r}: {total:.2f} s of processors, {wall:.2f} s of the clock,")
    print(f"{found.diagrams} diagrams, {found.newton_iterations} systems.\n")
    print("| stage | part | s | calls |\n|---|---|---|---|")
    for stage, seconds in stopwatch.seconds.most_common():
        print(f"| {stage} | {seconds / total:.0%} | {seconds:.2f} | {stopwatch.calls[stage]} |")


if __name__ == "__main__":
    main()
