"""KeOps found, loaded and kept quiet: compiler, cache folder, flags, locks; when it is taken."""

import atexit
import ctypes
import functools
import hashlib
import importlib
import importlib.util
import os
import pickle
import platform
import shlex
import shutil
import stat
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

import numpy as np

from stipple.arrays import Floats
from stipple.choices import Device, KernelEngine, Precision
from stipple.errors import StippleError

# What KeOps calls backends.
Scheme: TypeAlias = Literal["CPU", "GPU_1D", "GPU_2D"]

# Vectorised exponentials, four to five times faster than KeOps' own flags; -ffast-math itself would
# flush denormal numbers in the whole process.
FLAGS = (
    "-march=native -fno-math-errno -fno-trapping-math -fno-signed-zeros -fassociative-math"
    " -freciprocal-math -D__FAST_MATH__"
)
# |X − Y|² and |X − Y|^K. Powers are exponentials because KeOps' Powf is single precision always; T,
# as from `find_tiny`, counts at distance zero only.
SQUARES = "SqDist(X,Y)"
DISTANCE_POWER = f"Exp(K*Log({SQUARES}+T)/IntCst(2))"
# A GPU gives each row of a reduction a thread; so many keep all of it busy. Fewer are cut into
# parts, whose results are stored: of so many pairs at most.
MANY_ROWS = 2**16
MOST_PAIRS = 2**34


@dataclass(frozen=True)
class EngineChoice:
    """The engine and device that will be used; `reason` where they are not what was asked for."""

    engine: KernelEngine
    device: Device
    reason: str | None = None


def decide_engine(
    engine: KernelEngine,
    device: Device,
    worthwhile: Literal["nowhere", "gpu", "anywhere"],
    obstacle: str | None = None,
) -> EngineChoice:
    """Decide between KeOps and what this package has itself, which is called numpy.

    KeOps that was asked for and cannot be used is replaced, with a reason, but never by another
    device than the one asked for.

    Parameters
    ----------
    engine : {"auto", "numpy", "keops"}
    device : {"auto", "cpu", "cuda"}
        "cuda" makes "auto" choose KeOps.
    worthwhile : {"nowhere", "gpu", "anywhere"}
        Where KeOps is the faster of the two: what "auto" goes by.
    obstacle : str, optional
        Why KeOps cannot do what is needed.

    Raises
    ------
    StippleError
        For a GPU that is not there, or that NumPy cannot use.
    """
    if engine == "numpy":
        if device == "cuda":
            raise StippleError("The engine numpy cannot use a GPU: take the engine keops, or auto.")
        return EngineChoice("numpy", "cpu")
    wanted = engine == "keops" or device == "cuda"
    if not wanted:
        useful = worthwhile == "anywhere" or (
            # Loading KeOps only to ask it for a GPU costs more than to ask for a driver.
            worthwhile == "gpu" and device == "auto" and _has_driver()
        )
        if not useful:
            return EngineChoice("numpy", "cpu")
    obstacle = obstacle or find_obstacle()
    if device == "cuda" and (obstacle is not None or not has_gpu()):
        raise StippleError(
            f"No GPU can be used here ({obstacle or 'KeOps finds no CUDA device'}): take the"
            " device cpu, or auto."
        )
    if obstacle is not None:
        reason = f"KeOps cannot be used here ({obstacle}): NumPy takes its place."
        return EngineChoice("numpy", "cpu", reason if wanted else None)
    on_gpu = device != "cpu" and has_gpu()
    if not (wanted or on_gpu or worthwhile == "anywhere"):
        return EngineChoice("numpy", "cpu")
    return EngineChoice("keops", "cuda" if on_gpu else "cpu")


@functools.cache
def find_obstacle() -> str | None:
    """Tell why KeOps cannot be used in this process, or None where it can; it is loaded then.

    Sets environment variables that KeOps and OpenMP read once. Loading compiles a small program the
    first time.
    """
    if sys.platform == "win32":
        return "it does not support Windows"
    if importlib.util.find_spec("pykeops") is None:
        return "the package pykeops is not installed"
    compilers = [os.environ.get("CXX"), "g++", "clang++" if sys.platform == "darwin" else None]
    if not any(name and shutil.which(name) for name in compilers):
        return "there is no C++ compiler such as g++"
    folder = find_cache_folder()
    if folder is None:
        return "no cache folder is safe; set KEOPS_CACHE_FOLDER to your own, of letters and digits"
    os.environ["KEOPS_CACHE_FOLDER"] = str(folder)
    # KeOps prints to the standard output, which belongs to data.
    os.environ["PYKEOPS_VERBOSE"] = os.environ["KEOPS_VERBOSE"] = "0"
    # Threads that spin between calls cost more than they save on a busy machine.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    try:
        with lock_cache(), _set_flags():
            _load(folder)
    except Exception as error:
        return f"loading it failed with {type(error).__name__}: {error}"
    return None


def has_gpu() -> bool:
    """Whether KeOps finds a CUDA device; only where `find_obstacle` finds none."""
    return bool(importlib.import_module("pykeops.config").pykeops_cuda.get_use_cuda())


def find_tiny(precision: Precision) -> float:
    """Find a number that is lost beside any squared distance but 0, and has a logarithm."""
    return float(np.sqrt(np.finfo(precision).tiny))


@functools.cache
def find_cache_folder() -> Path | None:
    """Find or create a folder for what is compiled, one for each type of processor.

    The one named by KEOPS_CACHE_FOLDER, else one in the cache of the user, else a temporary one;
    None where none can be written, belongs to this user alone, and has a path that means nothing to
    a shell.
    """
    given = os.environ.get("KEOPS_CACHE_FOLDER")
    if given is not None and _is_usable(Path(given)):
        return Path(given)
    name = f"keops-{_identify_processor()}"
    folders = [Path(tempfile.gettempdir()) / f"stipple-{os.getuid()}-{name}"]
    with suppress(RuntimeError):  # users of containers may have no home
        cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
        folders.insert(0, cache / "stipple" / name)
    return next((folder for folder in folders if _is_usable(folder)), None)


@contextmanager
def lock_cache() -> Iterator[None]:
    """Keep other processes from compiling into the cache folder."""
    import fcntl

    folder = find_cache_folder()
    assert folder is not None
    with (folder / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@functools.cache
def load_formula(
    formula: str, variables: tuple[str, ...], reduction: str, device: Device, precision: Precision
) -> Callable[..., Floats]:
    """Load a reduction over the second index, compiled at its first call unless it was before.

    Raises
    ------
    StippleError
        Where KeOps cannot be used.
    """
    obstacle = find_obstacle()
    if obstacle is not None:
        raise StippleError(f"KeOps cannot be used here ({obstacle}): take the engine numpy.")
    # Double precision needs no compensated sums, and only plain ones are vectorised.
    plain = device == "cpu" and precision == "float64" and reduction == "Sum"
    options = {"sum_scheme": "direct_sum"} if plain else {}
    genred = importlib.import_module("pykeops.numpy").Genred
    routine = genred(formula, list(variables), reduction_op=reduction, axis=1, **options)
    return _Compiled(routine, reduction, device)


def choose_scheme(reduction: str, device: Device, rows: int, others: int) -> Scheme:
    """Choose how KeOps shares the work of a reduction over so many others for each row.

    A thread for each row leaves most of a GPU idle where there are few: parts of rows were up to
    thirty times faster. KeOps cannot cut searches for a minimum.
    """
    if device != "cuda":
        return "CPU"
    in_parts = reduction != "ArgMin" and rows < MANY_ROWS and rows * others <= MOST_PAIRS
    return "GPU_2D" if in_parts else "GPU_1D"


class _Compiled:
    """A routine of the rows, the others and more; first calls, which may compile, are guarded."""

    def __init__(self, routine: Callable[..., Floats], reduction: str, device: Device) -> None:
        self._routine = routine
        self._reduction = reduction
        self._device = device
        self._ready: set[Scheme] = set()

    def __call__(self, rows: Floats, others: Floats, *more: Floats) -> Floats:
        scheme = choose_scheme(self._reduction, self._device, len(rows), len(others))
        run = functools.partial(self._routine, rows, others, *more, backend=scheme)
        if scheme in self._ready:
            return run()
        try:
            with lock_cache():
                result = run()
        except Exception as error:
            raise StippleError(
                f"KeOps failed to compile or to load a formula ({type(error).__name__}: {error}):"
                f" delete {find_cache_folder()} and try again, or take the engine numpy."
            ) from error
        self._ready.add(scheme)
        return result


def _has_driver() -> bool:
    """Whether the library is there through which all GPUs of CUDA are used."""
    try:
        ctypes.CDLL("libcuda.so.1")
    except OSError:
        return False
    return True


def _load(folder: Path) -> None:
    """Import pykeops; an index that an interrupted process left broken is deleted."""
    try:
        importlib.import_module("pykeops.numpy")
    except (EOFError, pickle.UnpicklingError):
        for broken in folder.rglob("*.pkl"):
            broken.unlink(missing_ok=True)
        for name in list(sys.modules):
            if name.split(".")[0] in ("pykeops", "keopscore"):
                del sys.modules[name]
        importlib.import_module("pykeops.numpy")
    # KeOps writes its index when the process ends; handlers run in reverse order.
    atexit.register(_hold_lock)


def _hold_lock() -> None:
    """Lock the cache folder until the process has ended, which closes the file."""
    import fcntl

    folder = find_cache_folder()
    if folder is not None and folder.is_dir():
        fcntl.flock(os.open(folder / "lock", os.O_RDWR | os.O_CREAT), fcntl.LOCK_EX)


@contextmanager
def _set_flags() -> Iterator[None]:
    """Add compiler flags while KeOps reads them, not for processes started later."""
    given = os.environ.get("CXXFLAGS")
    if platform.machine() in ("x86_64", "AMD64"):
        os.environ["CXXFLAGS"] = f"{given or ''} {FLAGS}".strip()
    try:
        yield
    finally:
        if given is None:
            os.environ.pop("CXXFLAGS", None)
        else:
            os.environ["CXXFLAGS"] = given


def _identify_processor() -> str:
    """Digest of what -march=native depends on."""
    description = platform.machine() + platform.processor()
    information = Path("/proc/cpuinfo")
    if information.exists():
        kept = ("model name", "flags", "Features", "CPU part")
        lines = information.read_text(errors="replace").splitlines()
        description += "".join(sorted({line for line in lines if line.startswith(kept)}))
    return hashlib.sha256(description.encode()).hexdigest()[:12]


def _is_usable(folder: Path) -> bool:
    """Whether a folder, created if need be, can be written, and is safe to load code from.

    KeOps hands its path to a shell without quotes; and nobody else may have put code into it, or a
    link in its place, as anybody can in the folder of temporary files.
    """
    if shlex.quote(str(folder)) != str(folder):
        return False
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        status = folder.lstat()
        if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.getuid():
            return False
        if status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            return False
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False
