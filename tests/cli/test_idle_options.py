"""No option of `stipple edot` is ignored silently: it is refused, or changes something."""

import numpy as np
import pytest
from command import save
from observing import observe

DRAWN = "-o a.csv -o a.svg --report r.json"
CONTEXTS = {
    "free": "edot cloud.csv -m 4",
    "line": "edot line.csv -m 4",
    "equal": "edot cloud.csv -m 4 --weights equal",
    "given": "edot cloud.csv --weights weights.csv",
    "capacity": "edot cloud.csv -m 4 --capacity 20%,30%",
    "sphere": "edot arcs.csv -m 4 --metric sphere",
    "distances": "edot cloud.csv -m 4 --metric precomputed:matrix.npy",
    "image": "edot picture.png -m 4",
    "formula": "edot gaussian:0.4,0.2 --pixels 8 -m 4",
    "interval": "edot gaussian:0.4,0.2 --box 0,1 --pixels 8 -m 4",
    "simple": "edot cloud.csv -m 4 --objective full --steps 3",
    "simple, equal": "edot cloud.csv -m 4 --objective sharp --weights equal --steps 3",
    "adaptive": "edot cloud.csv -m 12 --objective full --algorithm adaptive",
    "barycentre": "edot cloud.csv line2.csv -m 4 --barycenter",
    "plan": "edot cloud.csv line2.csv -m 4 --plan",
    "plan of entropic atoms": "edot cloud.csv line2.csv -m 4 --plan --objective full --steps 3",
}
OPTIONS = {
    "box": "--box 0,0,2,1",
    "pixels": "--pixels 9",
    "zeta": "--zeta 0.2",
    "order": "-k 1.5",
    "capacity": "--capacity 21%,28%",
    "start": "--start places4.csv",
    "restarts": "--restarts 2",
    "cells": "--cells sparsest",
    "cell_atoms": "--cell-atoms 2",
    "batch": "--batch 7",
    "momentum": "--momentum 0.1",
    "atom_rate": "--atom-rate 0.1",
    "weight_rate": "--weight-rate 3",
    "finish": "--finish none",
    "steps": "--steps 0",
    "seed": "--seed 5",
    "engine": "--engine numpy",
    "device": "--device cpu",
    "gap": "--gap",
    "naive": "--naive 3:3,4",
    "lambda": "--lambda 0.3,0.7",
    "joint": "--joint",
    "gamma": "--gamma 3",
    "show_samples": "--show-samples",
    "show_cells": "--show-cells",
    "ink": "--ink navy",
    "margin": "--margin 9mm",
    "resize": "--resize 5x5",
}
# Nothing is drawn on a line or in cells, and the best of several starts may be the same.
WITHOUT_EFFECT = ("seed",)
QUICK = ("line", "distances", "interval", "plan")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("stipple.cli.shared.report.collect_versions", dict)
    y, x = np.mgrid[0:7, 0:10]
    save(tmp_path / "picture.png", (25 * x + 5 * y).astype(np.uint8))
    random = np.random.default_rng(0)
    cloud = random.random((60, 2)) ** 3
    arcs = random.standard_normal((40, 3))
    arcs /= np.linalg.norm(arcs, axis=1)[:, None]
    for name, points in (
        ("cloud", cloud),
        ("line", cloud[:, :1]),
        ("line2", cloud[:20, ::-1]),
        ("arcs", arcs),
        ("places4", random.random((4, 2))),
    ):
        np.savetxt(f"{name}.csv", points, delimiter=",", fmt="%.17g")
    np.savetxt("weights.csv", [1, 2, 3, 4], header="weight", comments="")
    np.save("matrix.npy", np.linalg.norm(cloud[:, None] - cloud, axis=-1))
    return tmp_path


@pytest.mark.parametrize(
    "context",
    [pytest.param(name, marks=[] if name in QUICK else pytest.mark.slow) for name in CONTEXTS],
)
def test_an_option_that_is_taken_does_something(context, folder, monkeypatch):
    base = f"{CONTEXTS[context]} {DRAWN}"
    plain = observe(base, folder, monkeypatch)
    assert plain[-1] == 0, plain
    for option, words in OPTIONS.items():
        if words.split()[0] in base.split() and option != "steps":
            continue
        seen = observe(f"{base} {words}", folder, monkeypatch)
        if seen[-1]:
            assert seen[2][-1].startswith("Error: "), (option, seen)
        elif option not in WITHOUT_EFFECT:
            assert seen != plain, option
