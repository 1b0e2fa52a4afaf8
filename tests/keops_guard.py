"""Tests that need KeOps skip, with a reason, where it cannot be used."""

import pytest

from stipple.machine import keops_library


def skip_without_keops() -> None:
    pytest.importorskip("pykeops", reason="pykeops is not installed")
    obstacle = keops_library.find_obstacle()
    if obstacle is not None:
        pytest.skip(f"KeOps cannot be used: {obstacle}")
