"""Bars of progress in notebooks, and nothing elsewhere."""

import sys
from types import SimpleNamespace

import numpy as np
import pytest

import stipple
from stipple.machine import notebook


@pytest.fixture
def kernel(monkeypatch):
    shell = SimpleNamespace(kernel="that of a notebook")
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))
    monkeypatch.setattr(notebook, "DELAY", 0.0)


def list_calls():
    ones = np.ones((4, 6))
    samples = np.random.default_rng(0).random((20, 2))
    return {
        "stipple": lambda told: stipple.stipple(ones, 3, iterations=2, on_step=told),
        "inks together": lambda told: stipple.stipple_inks(
            stipple.read_inks(np.full((4, 6, 3), [200, 90, 90], np.uint8), ["red", "black"]),
            n=4,
            iterations=2,
            on_step=told,
        ),
        "volume": lambda told: stipple.stipple_volume(
            np.ones((2, 2, 2)), 3, iterations=2, on_step=told
        ),
        "lloyd": lambda _: stipple.lloyd(ones, 3, steps=2),
        "edot": lambda told: stipple.edot(samples, 2, on_step=told),
    }


@pytest.mark.usefixtures("kernel")
@pytest.mark.parametrize("label", list_calls())
def test_a_notebook_has_a_bar_that_goes_away(capsys, label):
    steps = []
    list_calls()[label](lambda *step: steps.append(step))
    shown = capsys.readouterr().err
    assert f"{label}: " in shown
    assert shown.rstrip(" ").endswith("\r")
    assert steps or label == "lloyd"


@pytest.mark.parametrize("shell", [None, SimpleNamespace()])
def test_elsewhere_nothing_is_shown(monkeypatch, capsys, shell):
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))
    list_calls()["lloyd"](None)
    assert capsys.readouterr().err == ""
