"""What this machine has for stipple, what is missing or broken, and what takes its place."""

import contextlib
import importlib
import importlib.metadata
import importlib.util
import locale
import logging
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from stipple.version import __version__

State = Literal["ok", "fallback", "broken"]
"""It works; something else takes its place; or stipple does not work without it."""


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at.

    Attributes
    ----------
    topic, name : str
        What was looked at.
    state : {"ok", "fallback", "broken"}
        "broken" is for what is essential alone.
    value : str
        What was found.
    advice : str or None
        Where it is not "ok": what takes its place, and how to get it.
    """

    topic: str
    name: str
    state: State
    value: str
    advice: str | None = None


@dataclass(frozen=True)
class _Package:
    """A dependency; `replacement` says what does its work if it is missing, None if nothing."""

    distribution: str
    module: str
    replacement: str | None = None


INSTALL = "python -m pip install --force-reinstall"
PACKAGES = (
    _Package("click", "click"),
    _Package("numpy", "numpy"),
    _Package("scipy", "scipy"),
    _Package("pillow", "PIL"),
    _Package("numba", "numba"),
    _Package("pikepdf", "pikepdf", "no drawings as PDF; everything else works"),
    _Package("rich", "rich"),
    _Package("tqdm", "tqdm"),
    _Package("psutil", "psutil"),
    _Package("matplotlib", "matplotlib", "no plots; everything else works"),
    _Package("pysdot", "pysdot", "Qhull does the same, a little slower"),
    _Package("pykeops", "pykeops", "NumPy does the same; no GPU, and more memory"),
    *((_Package("tomli", "tomli"),) if sys.version_info < (3, 11) else ()),
)
EXTRAS = (
    _Package("pot", "ot", "all works except the method paper of stipple bound"),
    _Package("pillow-heif", "pillow_heif", "HEIC pictures are refused, export them as JPEG"),
    _Package("resvg_py", "resvg_py", "SVG drawings are refused, export them as PNG"),
    _Package("av", "av", "videos are neither read nor written; GIF and WebP are"),
    _Package("pynrrd", "nrrd", "NRRD volumes are refused, export them as .npy"),
    _Package("nibabel", "nibabel", "NIfTI volumes are refused, export them as .npy"),
    _Package("scikit-learn", "sklearn", "no stipple.sklearn; everything else works"),
)
PYSDOT_WHEELS = "wheels exist for CPython 3.10 to 3.12 on Linux x86-64 only"
SECONDS_FOR_PROGRAMS = 10


def diagnose() -> list[Finding]:
    """Look at everything; what is broken is told, never raised.

    Returns
    -------
    list of Finding
        By topic, in the order in which they are shown.
    """
    # Packages that announce themselves do so on the standard output, which belongs to data.
    with contextlib.redirect_stdout(sys.stderr):
        return [
            finding
            for topic, examine in TOPICS.items()
            for finding in _examine_safely(topic, examine)
        ]


def _examine_safely(topic: str, examine: Callable[[], Iterator[Finding]]) -> list[Finding]:
    findings: list[Finding] = []
    try:
        findings.extend(examine())
    except Exception as error:
        advice = "the rest of this topic could not be looked at"
        findings.append(Finding(topic, "examination", "fallback", _describe_error(error), advice))
    return findings


def _examine_packages() -> Iterator[Finding]:
    topic = "packages"
    # It complains about a home that it cannot write; the caches are looked at below.
    logging.getLogger("matplotlib").setLevel(logging.ERROR)
    implementation = f"{platform.python_implementation()} {platform.python_version()}"
    yield Finding(topic, "python", "ok", f"{implementation}, {sys.executable}")
    yield Finding(topic, "stipple", "ok", f"{__version__}, {Path(__file__).parents[2]}")
    for package in (*PACKAGES, *EXTRAS):
        yield _examine_package(package)


def _examine_package(package: _Package) -> Finding:
    name = package.distribution
    try:
        version = importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        version = None
    obstacle = _find_keops_obstacle() if name == "pykeops" else _find_import_obstacle(package)
    if obstacle is None:
        return Finding("packages", name, "ok", version or "of unknown version")
    value = "not installed" if version is None else f"{version}, but {obstacle}"
    if package.replacement is None:
        return Finding("packages", name, "broken", value, f"{INSTALL} {name}")
    remedy = PYSDOT_WHEELS if name == "pysdot" else f"{INSTALL} {name}"
    if name == "pykeops" and version is not None:
        remedy = "see compiler and caches"
    return Finding("packages", name, "fallback", value, f"{package.replacement} ({remedy})")


def _find_import_obstacle(package: _Package) -> str | None:
    try:
        importlib.import_module(package.module)
    except (Exception, SystemExit) as error:
        return f"importing it failed with {_describe_error(error)}"
    return None


def _find_keops_obstacle() -> str | None:
    try:
        from stipple.machine.keops_library import find_obstacle

        return find_obstacle()
    except Exception as error:
        return f"looking for it failed with {_describe_error(error)}"


def _examine_engines() -> Iterator[Finding]:
    """Which engines there are, and which one `auto` takes; then each is tried."""
    from stipple.discretisation.entropic.engines import LEAST_ON_GPU
    from stipple.discretisation.entropic.kernel import LARGEST_STORED
    from stipple.geometry.neighbours import choose_engine

    topic = "engines"
    chosen = choose_engine("auto")
    reason = "pysdot can be loaded" if chosen == "pysdot" else "pysdot cannot be loaded"
    yield Finding(topic, "power cells", "ok", f"auto takes {chosen}: {reason}")
    yield _try_engine(chosen, essential=True)
    if chosen == "pysdot":
        yield _try_engine("qhull", essential=False)
    obstacle = _find_keops_obstacle()
    limit = f"{LARGEST_STORED:,} pairs of points"
    if obstacle is None:
        yield Finding(
            topic,
            "Sinkhorn",
            "ok",
            f"auto takes NumPy up to {limit}, KeOps beyond, and on a GPU from {LEAST_ON_GPU:,} on",
        )
    else:
        advice = f"KeOps would be faster beyond {limit}"
        yield Finding(topic, "Sinkhorn", "fallback", f"auto takes NumPy: {obstacle}", advice)


def _try_engine(engine: Literal["pysdot", "qhull"], *, essential: bool) -> Finding:
    """Stipple a tiny picture, which loads (or compiles) all of the solver."""
    import numpy as np

    from stipple.stippling.stippling import stipple

    name = f"trial of {engine}"
    began = time.perf_counter()
    try:
        result = stipple(np.ones((8, 8)), 4, engine=engine)
    except Exception as error:
        value = f"failed with {_describe_error(error)}"
        if essential:
            remedy = {
                "pysdot": "python -m pip uninstall pysdot: Qhull takes its place",
                "qhull": f"{INSTALL} numba numpy scipy",
            }
            return Finding("engines", name, "broken", value, remedy[engine])
        return Finding("engines", name, "fallback", value, "do not take it by --engine")
    spent = time.perf_counter() - began
    # Four points on a square have the quality of the square grid, 1/6.
    if abs(result.quality - 1 / 6) > 1e-6:
        advice = "report it with the output of stipple doctor --json"
        return Finding("engines", name, "broken", f"quality {result.quality}, not 1/6", advice)
    return Finding("engines", name, "ok", f"4 points in {spent:.1f} seconds")


def _examine_compiler() -> Iterator[Finding]:
    names = [os.environ.get("CXX"), "g++", "clang++"]
    path = next((found for name in names if name and (found := shutil.which(name))), None)
    if path is None:
        advice = "only KeOps needs one, NumPy takes its place; install g++ (build-essential)"
        yield Finding("compiler", "C++", "fallback", "none found", advice)
        return
    yield Finding("compiler", "C++", "ok", _ask_program(path, "--version") or path)


def _examine_gpu() -> Iterator[Finding]:
    advice = "the processor takes its place; only --device cuda needs one"
    program = shutil.which("nvidia-smi")
    names = program and _ask_program(program, "--query-gpu=name", "--format=csv,noheader")
    if not names:
        yield Finding("GPU", "CUDA", "fallback", "none found", advice)
        return
    obstacle = _find_keops_obstacle()
    if obstacle is None:
        from stipple.machine.keops_library import has_gpu

        obstacle = None if has_gpu() else "KeOps finds no CUDA device: it needs the CUDA toolkit"
    if obstacle is None:
        yield Finding("GPU", "CUDA", "ok", names)
    else:
        yield Finding("GPU", "CUDA", "fallback", f"{names}, but {obstacle}", advice)


def _ask_program(*command: str) -> str | None:
    """Return the first line that a program prints, None if it fails."""
    try:
        done = subprocess.run(
            command, capture_output=True, timeout=SECONDS_FOR_PROGRAMS, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return next(iter(done.stdout.decode(errors="replace").splitlines()), None)


def _examine_caches() -> Iterator[Finding]:
    from stipple.machine.compiled import compile_loop

    def probe() -> int:
        return 0

    # The folder that the solvers use too; None where neither theirs nor the user's can be written.
    folder = compile_loop(probe).stats.cache_path  # type: ignore[attr-defined]
    if folder is not None:
        yield Finding("caches", "numba", "ok", f"{folder}, writable")
    else:
        advice = (
            "every run compiles anew, up to half a minute; set NUMBA_CACHE_DIR to such a folder"
        )
        yield Finding("caches", "numba", "fallback", "no folder can be written", advice)
    if sys.platform == "win32" or importlib.util.find_spec("pykeops") is None:
        return
    from stipple.machine.keops_library import find_cache_folder

    path = find_cache_folder()
    if path is not None:
        yield Finding("caches", "KeOps", "ok", f"{path}, writable")
    else:
        advice = "NumPy takes its place; set KEOPS_CACHE_FOLDER to such a folder"
        value = "no folder without spaces can be written"
        yield Finding("caches", "KeOps", "fallback", value, advice)


def _examine_machine() -> Iterator[Finding]:
    from stipple.machine.memory import describe_size, find_available_memory
    from stipple.machine.threads import count_processors

    topic = "machine"
    yield Finding(topic, "system", "ok", f"{platform.system()} {platform.machine()}")
    yield Finding(topic, "processors", "ok", f"{count_processors()} for this process")
    memory = find_available_memory()
    if memory is None:
        advice = "huge runs are not refused before they start"
        yield Finding(topic, "memory", "fallback", "the system does not tell", advice)
    else:
        yield Finding(topic, "memory", "ok", f"{describe_size(memory)} available")
    yield _examine_temporary_folder()
    yield _examine_encoding()


def _examine_temporary_folder() -> Finding:
    try:
        with tempfile.TemporaryFile():
            folder = tempfile.gettempdir()
    except OSError as error:
        advice = "set TMPDIR to a folder that can be written, for KeOps' sake"
        return Finding("machine", "temporary files", "fallback", _describe_error(error), advice)
    return Finding("machine", "temporary files", "ok", folder)


def _examine_encoding() -> Finding:
    encodings = {
        "files' names": sys.getfilesystemencoding(),
        "locale": locale.getpreferredencoding(False),
        "standard error": getattr(sys.stderr, "encoding", None) or "closed",
    }
    value = ", ".join(f"{name} {encoding}" for name, encoding in encodings.items())
    if all("utf" in encoding.lower() for encoding in encodings.values()):
        return Finding("machine", "encoding", "ok", value)
    advice = "letters outside it print as escapes, files are UTF-8 all the same; LC_ALL=C.UTF-8"
    return Finding("machine", "encoding", "fallback", value, advice)


def _describe_error(error: BaseException) -> str:
    """Tell an exception on one line."""
    return " ".join(f"{type(error).__name__}: {error}".split())


TOPICS: dict[str, Callable[[], Iterator[Finding]]] = {
    "packages": _examine_packages,
    "engines": _examine_engines,
    "compiler": _examine_compiler,
    "GPU": _examine_gpu,
    "caches": _examine_caches,
    "machine": _examine_machine,
}
