"""Compiled loops and their cache on disk."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from command import ROOT

LOOP = """\
import sys
import numpy as np
from stipple.machine.compiled import compile_loop

@compile_loop
def add_up(values):
    total = 0.0
    for value in values:
        total += value
    return total

values = np.arange(10.0)
print(add_up(values if sys.argv[1] == "all" else values[::2]))
print(sum(add_up.stats.cache_hits.values()))
"""

CALLER = """\
from loop import *

@compile_loop
def add_twice(values):
    return 2 * add_up(values)

print(add_twice(values))
"""


def run(folder: Path, which: str, script: str = "loop.py") -> list[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, script, which]
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout.split()


def test_code_for_other_types_is_never_run(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    for folder, which in ((one, "all"), (other, "every second")):
        folder.mkdir()
        (folder / "loop.py").write_text(LOOP, encoding="utf-8")
        os.utime(folder / "loop.py", (1e9, 1e9))
        run(folder, which)
    assert run(one, "all") == ["45.0", "1"]  # from the cache
    # What two processes may leave that compile at the same time: an index, and other code.
    for code in (one / "__pycache__").glob("*.nbc"):
        shutil.copy(code, other / "__pycache__" / code.name)
    assert run(other, "every second") == ["20.0", "0"]
    assert run(other, "every second") == ["20.0", "1"]


def test_a_damaged_cache_repairs_itself(tmp_path: Path) -> None:
    (tmp_path / "loop.py").write_text(LOOP, encoding="utf-8")
    run(tmp_path, "all")
    files = sorted((tmp_path / "__pycache__").glob("loop.*.nb[ic]"))
    assert {path.suffix for path in files} == {".nbi", ".nbc"}
    for path, flips in zip(files, (False, True), strict=True):
        whole = path.read_bytes()
        flipped = bytes([*whole[:-40], whole[-40] ^ 1, *whole[-39:]])
        path.write_bytes(flipped if flips else whole[: len(whole) // 2])
        assert run(tmp_path, "all") == ["45.0", "0"]
    for path in files:
        path.write_bytes(b"")
    assert run(tmp_path, "all") == ["45.0", "0"]
    assert run(tmp_path, "all") == ["45.0", "1"]


def test_loops_compiled_later_link_what_the_cache_holds(tmp_path: Path) -> None:
    (tmp_path / "loop.py").write_text(LOOP, encoding="utf-8")
    (tmp_path / "caller.py").write_text(CALLER, encoding="utf-8")
    assert run(tmp_path, "all") == ["45.0", "0"]
    assert run(tmp_path, "all", "caller.py") == ["45.0", "1", "90.0"]


ROOM = """\
import sys
import numpy as np
from stipple.machine.compiled import compile_loop

@compile_loop
def make_room(count):
    if count < 0:
        raise ValueError("fewer than none")
    return np.zeros(count)

print(len(make_room(3)), "numba.np.arrayobj" in sys.modules)
try:
    make_room(-1)
except ValueError as error:
    print(error)
"""


def test_code_from_the_cache_loads_no_module_that_only_compilation_needs(tmp_path: Path) -> None:
    (tmp_path / "room.py").write_text(ROOM, encoding="utf-8")
    said = ["fewer", "than", "none"]
    assert run(tmp_path, "", "room.py") == ["3", "True", *said]
    assert run(tmp_path, "", "room.py") == ["3", "False", *said]
