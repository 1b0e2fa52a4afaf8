"""What `make bench-release` measures: code that both releases run, and what is wanted of it."""

from dataclasses import dataclass

# What most cases prepare; calls first that are small, but load all the compiled code: from 1,000
# points systems are solved by multigrid.
START = """\
import numpy as np, stipple
random = np.random.default_rng(0)
samples = os.environ["SAMPLES"]
def read(name, **options):
    return stipple.read_density(f"{samples}/{name}.png", **options)
def describe(found):
    return f"quality {found.quality:.5f}"
def find_peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
def describe_large(found):
    return f"{describe(found)}, peak {find_peak():.1f} GiB"
"""
CAMERA = START + "image = read('camera')\nstipple.stipple(image, 2000, iterations=4)\n"
FLAT = START + "image = np.ones((512, 512))\nstipple.stipple(image, 2000, iterations=4)\n"
ROWS = (
    START + "rows = random.standard_normal((100_000, 2))\n"
    "stipple.edot(rows[:30_000], 100, weights='equal')\n"
)
INKS = (
    START
    + """\
from stipple.measures.inks import share_points
inks = stipple.read_inks(f"{samples}/chelsea.png")
def stipple_alone(n, **options):
    return [stipple.stipple(ink.darkness, count, **options) for ink, count in share_points(inks, n)]
stipple.stipple_inks(inks, 4000, iterations=3)
stipple_alone(4000, iterations=3)
"""
)
# Random fields with a spectrum that falls like the power `slope` of the frequency.
FIELDS = (
    START
    + """\
def draw(side, slope, seed):
    noise = np.random.default_rng(seed).standard_normal((side, side))
    y, x = np.meshgrid(np.fft.fftfreq(side), np.fft.fftfreq(side), indexing="ij")
    frequency = np.maximum(np.hypot(x, y), 1 / side)
    field = np.fft.ifft2(np.fft.fft2(noise) * frequency**-slope).real
    return np.round(1 + 1000 * (field - field.min()) / np.ptp(field))
def balance(first, second):
    return first, second * (first.sum() / second.sum())
def tell(found):
    interval = found.interval
    return f"gap {(interval.upper - interval.lower) / interval.upper:.1e}"
for order in (1, 2):
    stipple.bound(draw(80, 2, 0), draw(80, 2, 1), order, gap=1e-3)
"""
)
COMMAND = (
    START
    + """\
import subprocess, sys
def call(*words, **environment):
    done = subprocess.run(
        [sys.executable, "-m", "stipple", *words], stderr=subprocess.PIPE, check=True,
        env={**os.environ, **environment},
    )
    lines = done.stderr.decode().splitlines()
    return next((line for line in lines if "Compiling" in line), lines[0])
words = "stipple", f"{samples}/camera.png", "-n", "100", "-o", "dots.svg"
call(*words)
"""
)


@dataclass(frozen=True)
class Case:
    """A row of the page.

    Attributes
    ----------
    name, wanted : str
        What is measured, and what the new release should reach.
    prepare, measure : str
        Code that runs before the clock, and under it; it sets `value`, which is shown.
    base_measure : str
        What the older release runs instead, if anything.
    base_threads : int or None
        OPENBLAS_NUM_THREADS of the older release.
    heavy : bool
        Whether it takes more than a minute, and so runs only if wanted, and once.
    missed : str
        Why what is wanted was not reached, where it was not when last measured.
    """

    name: str
    wanted: str
    prepare: str
    measure: str
    base_measure: str = ""
    base_threads: int | None = 1
    heavy: bool = False
    missed: str = ""


def _stipple(words: str) -> str:
    return f"value = describe(stipple.stipple(image, {words}))"


def _stipple_many(words: str) -> str:
    return f"value = describe_large(stipple.stipple(image, {words}))"


def _discretise(words: str) -> str:
    return f"found = stipple.edot(rows, 1_000, {words})\nvalue = f'W2² {{found.cost.upper:.6g}}'"


def _bound(words: str) -> str:
    return f"value = tell(stipple.bound({words}))"


CASES = (
    Case(
        "camera, 20,000 points, to .1607",
        "ratio ≥ 3",
        CAMERA,
        _stipple("20000, iterations=100, quality=.1607"),
    ),
    Case("camera, 20,000 points, defaults", "≤ .1602, ratio ≥ 1", CAMERA, _stipple("20000")),
    Case(
        "flat paper, 2,000 points, to .1617 (before: to .1640)",
        "ratio ≥ 10",
        FLAT,
        _stipple("2000, iterations=300, quality=.1617"),
        _stipple("2000, iterations=300, quality=.1640"),
        missed="in four hundredths of a second the walks of the proof and the sums along rows,"
        " which each drawing needs once, are a quarter",
    ),
    Case(
        "photograph in three inks, 8,000 points together (before: each ink alone)",
        "ratio ≥ 1/3",
        INKS,
        "value = describe(stipple.stipple_inks(inks, 8000).union)",
        "value = 'worst ' + describe(max(stipple_alone(8000), key=lambda one: one.quality))",
    ),
    Case("camera, 100,000 points, defaults", "≤ .1605, ratio ≥ 2", CAMERA, _stipple("100000")),
    Case(
        "camera, 100,000 points, one solve, both cores",
        "clock ≤ .65 of the processor time",
        CAMERA,
        _stipple("100000, iterations=0")
        + "\nshare = (time.perf_counter() - began) / (spend() - before)"
        "\nvalue = f'{share:.2f} of the processor time on {os.cpu_count()} processors'",
        missed="multigrid, the assembly of its matrices and parts of the certificate take one"
        " thread",
    ),
    Case(
        "camera, 1,000,000 points, one solve",
        "ratio ≥ 2",
        CAMERA,
        _stipple_many("1000000, iterations=0"),
        heavy=True,
    ),
    Case(
        "camera, 1,000,000 points, 30 steps",
        "≤ .1615, under 4 minutes of the clock, ≤ 4 GiB",
        CAMERA,
        _stipple_many("1000000"),
        heavy=True,
    ),
    Case(
        "camera, 10,000,000 points, no steps (before: 1,000,000)",
        "≤ 16 GiB, grows like n^1.1 at most from 100,000",
        CAMERA + "before = spend()\nstipple.stipple(image, 100_000, iterations=0)\n"
        "small = spend() - before\n",
        _stipple_many("10000000, iterations=0")
        + "\npower = np.log((spend() - before) / small) / np.log(100)"
        "\nvalue += f', like n^{power:.2f}'",
        _stipple_many("1000000, iterations=0"),
        heavy=True,
        missed="the system clears fresh memory for ever larger arrays, and sides are sorted",
    ),
    Case(
        "random start, 100,000 points on flat paper, to 1e-6",
        "≤ 7 s",
        FLAT + "places = random.random((100_000, 2)) * 512\n"
        "stipple.stipple(image, start=places[:2000], iterations=0)\n",
        "value = describe(stipple.stipple(image, start=places, iterations=0))",
    ),
    Case("`stipple stipple`, 100 points, warm", "≤ .5 s", COMMAND, "value = call(*words)"),
    Case(
        "first run on a new machine",
        "says at once that it compiles, and how long",
        COMMAND,
        "value = call(*words, NUMBA_CACHE_DIR=os.path.abspath('empty'))",
    ),
    Case(
        "writing 1,000,000 points as CSV",
        "≤ 1 s",
        START + "rows = random.random((1_000_000, 3)) * 512\n"
        "stipple.save_csv(stipple.Samples(rows[:30_000], rows[:30_000, 0] + 1), 'small.csv')\n"
        "points = stipple.Samples(rows, rows[:, 0] + 1)\n",
        "stipple.save_csv(points, 'points.csv'); value = os.path.getsize('points.csv')",
    ),
    Case(
        "`edot`, equal weights, 100,000 samples, 1,000 atoms",
        "ratio ≥ 10, W2² not higher",
        ROWS,
        _discretise("weights='equal'"),
        heavy=True,
        missed="it goes on to a W2² that is lower, by an exact flow a step",
    ),
    Case(
        "the same, one step, which is enough for the W2² of before",
        "ratio ≥ 10, W2² not higher",
        ROWS,
        _discretise("weights='equal', steps=1"),
        _discretise("weights='equal'"),
        heavy=True,
        missed="four fifths are the flows of the start and of the step",
    ),
    Case(
        "`bound`, moderate fields, 128², p = 2, gap 1e-4",
        "ratio ≥ 3",
        FIELDS + "first, second = balance(draw(128, 2, 0), draw(128, 2, 1))\n",
        _bound("first, second, gap=1e-4"),
    ),
    Case(
        "`bound`, moderate fields, 256², p = 1, gap 1e-3",
        "ratio ≥ 3",
        FIELDS + "first, second = balance(draw(256, 2, 0), draw(256, 2, 1))\n",
        _bound("first, second, 1, gap=1e-3"),
        heavy=True,
    ),
    Case(
        "`bound`, moderate fields, 256², p = 2, gap 1e-3",
        "ratio ≥ 3",
        FIELDS + "first, second = balance(draw(256, 2, 0), draw(256, 2, 1))\n",
        _bound("first, second, gap=1e-3"),
    ),
    Case(
        "`bound`, photographs, 256², p = 2, gap 1e-3",
        "ratio ≥ 2.5",
        FIELDS + "first, second = (read(name, resize=(256, 256)).values for name in"
        " ('camera', 'chelsea'))\nfirst, second = balance(first, second)\n",
        _bound("first, second, gap=1e-3"),
    ),
    Case(
        "`bound`, photographs, 1024², p = 2, gap 1e-3",
        "≤ 10 s",
        FIELDS + "first, second = (read(name, resize=(1024, 1024)).values for name in"
        " ('camera', 'chelsea'))\nfirst, second = balance(first, second)\n",
        _bound("first, second, gap=1e-3"),
    ),
    Case(
        "`bound`, photographs, 4096², p = 2, gap 1e-2",
        "≤ 5 minutes, ≤ 8 GiB",
        FIELDS + "first, second = (read(name, resize=(4096, 4096)).values for name in"
        " ('camera', 'chelsea'))\nfirst, second = balance(first, second)\n",
        _bound("first, second, gap=1e-2") + "\nvalue += f', peak {find_peak():.1f} GiB'",
        heavy=True,
    ),
    Case(
        "`bound`, white noise, 256², p = 2, in 60 s",
        "gap ≤ 5e-3",
        FIELDS + "first, second = balance(draw(256, 0, 0), draw(256, 0, 1))\n",
        _bound("first, second, gap=5e-3, time_limit=60"),
        heavy=True,
    ),
    Case(
        "`sequence`, 10,000,000 points (now: into an array that exists)",
        "ratio ≥ 1",
        # Written to before: the system gives zeros their memory only when they are.
        START + "room = np.ones((10_000_000, 2))\n",
        "value = stipple.sequence(10_000_000, out=room)[-1].tolist()",
        "value = stipple.sequence(10_000_000)[-1].tolist()",
    ),
)
