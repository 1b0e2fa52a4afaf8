"""`Quantizer.partial_fit` on a long stream, in one run: a part of `make bench-edot`.

Rows of float32 are drawn batch by batch around 20 centres in the unit square, in a process of its
own, whose peak memory is told as the stream goes on. Then samples of each kind are given in parts
to one estimator and as a whole to another, and both are judged on all of them. Times are processor
seconds without imports, with what drawing the rows takes. `measure_stream` and `compare_batches`
return the lines of tables.
"""

import argparse
import json
import resource
import subprocess
import sys
import time
from collections.abc import Iterator

import numpy as np
from sklearn.datasets import make_blobs

from stipple.arrays import Floats
from stipple.sklearn import Quantizer

BATCH, CENTRES = 100_000, 20
DIMENSIONS = (2, 5)


def draw_rows(rows: int) -> Iterator[Floats]:
    """Draw batches of samples around the same centres."""
    random = np.random.default_rng(0)
    centres = random.random((CENTRES, 2))
    for _ in range(rows // BATCH):
        means = centres[random.integers(CENTRES, size=BATCH)]
        yield (means + 0.05 * random.standard_normal((BATCH, 2))).astype(np.float32)


def run_stream(rows: int) -> list[tuple[int, float, float]]:
    """Stream in this process; rows, peak MiB and processor seconds at each power of ten."""
    found, lines = Quantizer(CENTRES, random_state=0), []
    done, mark, began = 0, BATCH, time.process_time()
    for batch in draw_rows(rows):
        found.partial_fit(batch)
        done += BATCH
        if done == mark:
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10
            lines.append((done, peak, time.process_time() - began))
            mark *= 10
    return lines


def measure_stream(rows: int) -> list[str]:
    """Stream in a process of its own, and list the rows of a table."""
    command = [sys.executable, __file__, "--alone", str(rows)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    lines = ["| rows | peak memory, MiB | processor s |", "|---|---|---|"]
    for size, peak, seconds in json.loads(done.stdout):
        lines.append(f"| {size:,} | {peak:.0f} | {seconds:.1f} |")
    print("\n".join(lines[2:]), flush=True)
    return [*lines, ""]


def compare_batches(rows: int) -> list[str]:
    """Give samples in parts and as a whole, and list the rows of a table of costs."""
    lines = ["| samples | cost of the stream / batch |", "|---|---|"]
    for dimension in DIMENSIONS:
        random = np.random.default_rng(dimension)
        blobs, _ = make_blobs(rows, dimension, centers=CENTRES, random_state=dimension)
        kinds = {
            f"{CENTRES} clusters": blobs,
            "Gaussian": random.standard_normal((rows, dimension)),
            "Gaussian, ascending": np.sort(random.standard_normal((rows, dimension)), axis=0),
        }
        for name, points in kinds.items():
            streamed = Quantizer(CENTRES, random_state=0)
            for part in np.array_split(points, 100):
                streamed.partial_fit(part)
            whole = Quantizer(CENTRES, random_state=0).fit(points)
            ratio = streamed.score(points) / whole.score(points)
            lines.append(f"| {rows:,}, {name}, d = {dimension} | {ratio:.4f} |")
            print(lines[-1], flush=True)
    return [*lines, ""]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--alone", type=int, default=0, help="print what this process measures")
    alone = parser.parse_args().alone
    if alone:
        print(json.dumps(run_stream(alone)))
    else:
        print("\n".join([*measure_stream(10**8), *compare_batches(10**6)]))
