"""How it is computed: compiled loops, threads, rounding, memory, KeOps."""

import os
import re

# Numba cannot be imported where this is no count of threads; loops here have their own.
if not re.fullmatch("[1-9][0-9]*", os.environ.get("NUMBA_NUM_THREADS", "1")):
    del os.environ["NUMBA_NUM_THREADS"]
