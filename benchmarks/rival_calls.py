"""Calls of the other tools in `rivals.py`, each in a process of its own, with what keeps one away.

They run in .venv-bench, which the Makefile sets up, or else with the Python that runs this; a tool
that is not there is left out, and the page says why.
"""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from stipple.arrays import Floats

ROOT = Path(__file__).parent.parent
WORK = ROOT / "out" / "bench"
THERE = ROOT / ".venv-bench" / "bin" / "python"
PYTHON = THERE if THERE.exists() else Path(sys.executable)
LONGEST = 80  # seconds, so that all that may last so long ends within a quarter of an hour


@dataclass(frozen=True, eq=False)
class Answer:
    """Points or labels of a rival and its processor seconds, or NaN and a reason."""

    values: Floats | None
    seconds: float = np.nan
    reason: str = ""


def ask_rival(name: str, count: int, **arrays: ArrayLike) -> Answer:
    """Run a rival on arrays that it knows by these names."""
    WORK.mkdir(parents=True, exist_ok=True)
    archive, found = WORK / "asked.npz", WORK / "answer.npy"
    np.savez(archive, **arrays)
    command = [PYTHON, Path(__file__).with_name("rivals.py"), name, archive, str(count), found]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=LONGEST)
    except subprocess.TimeoutExpired:
        return Answer(None, reason=f"stopped after {LONGEST} s")
    if done.returncode:
        lines = done.stderr.splitlines() or [f"exit code {done.returncode}"]
        return Answer(None, reason=lines[-1])
    return Answer(np.load(found), float(json.loads(done.stdout.splitlines()[-1])))


def list_reasons(answers: dict[str, Answer]) -> list[str]:
    """Say of rivals that gave nothing why, as lines below a table."""
    away: dict[str, list[str]] = {}
    for name, answer in answers.items():
        if answer.values is None:
            away.setdefault(answer.reason, []).append(name)
    return [f"No figures of {', '.join(names)}: {reason}." for reason, names in away.items()]
