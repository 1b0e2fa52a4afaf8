"""What every machine-written page says first: which code wrote it, when and on what machine."""

import os
import platform
import subprocess
from datetime import datetime, timezone
from pathlib import Path

import numpy as np

from stipple.version import __version__

ROOT = Path(__file__).parent.parent


def describe_origin(rule: str) -> str:
    """Say which rule of the Makefile wrote a page, with which version, commit, day and machine."""
    day = datetime.now(timezone.utc).date().isoformat()
    return (
        f"Written by `make {rule}` on {day} with stipple {__version__}, {describe_commit()}; no"
        f" figure here is typed by hand. Machine: {platform.machine()}, {os.cpu_count()}"
        f" processors, Python {platform.python_version()}, NumPy {np.__version__}."
    )


def describe_commit() -> str:
    """Name the commit of the code that runs, and say whether the code differs from it."""
    commit = _git("rev-parse", "--short", "HEAD")
    if not commit:
        return "outside a repository"
    changed = _git("status", "--porcelain", "--", "stipple", "benchmarks")
    return f"commit {commit}{' with changes' if changed else ''}"


def _git(*words: str) -> str:
    try:
        done = subprocess.run(["git", "-C", ROOT, *words], capture_output=True, text=True)
    except FileNotFoundError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
