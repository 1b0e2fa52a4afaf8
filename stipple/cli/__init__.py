"""The command line: parse, call, report. No mathematics here."""

import os

# Our loops have threads of their own; those of linear algebra only spin beside them.
for _variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_variable, "1")

from stipple.cli.group import main  # noqa: E402 (after the settings above)

__all__ = ["main"]
