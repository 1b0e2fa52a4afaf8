"""Every option of every command does something: in a file, in what is told, or at a solver."""

import click
import numpy as np
import pytest
from command import save
from observing import observe

from stipple.cli import main
from stipple.cli.group import COMMANDS

IMAGE = "picture.png"
STIPPLE = f"stipple {IMAGE} -n 7 --iterations 2 -o a.svg -o a.csv -o a.png --dpi 30 --report r.json"
FRAMES = f"stipple {IMAGE} other.png -n 7 -o {{stem}}.csv --report r.json"
DARKER = f"stipple spots.png {IMAGE} --resize 9x7 -n 7 -o {{stem}}.csv --coherent"
LLOYD = "lloyd uniform --pixels 8 -n 5 --start uniform --steps 2 -o a.csv --report r.json"
OF_IMAGE = f"lloyd {IMAGE} -n 4 --steps 1 -o a.csv --report r.json"
SLOPE = "lloyd uniform --pixels 8 -n 4,6 --start uniform --steps 1 -o a.csv --report r.json"
EDOT = f"edot {IMAGE} -m 3 -o a.svg -o a.csv -o a.png --dpi 30 --report r.json"
STARTED = "edot cloud.csv -m 3 --steps 0 -o a.csv --report r.json"
FORMULA = "edot uniform --pixels 6 -m 3 -o a.csv"
SIMPLE = f"edot {IMAGE} -m 2 --resize 6x4 --objective full --steps 2 --batch 10 -o a.csv"
ADAPTIVE = f"edot {IMAGE} -m 6 --objective full --algorithm adaptive -o a.csv"
CLOUD = "edot cloud.csv -m 40 --objective full --algorithm adaptive -o a.csv"
PLAN = f"edot {IMAGE} other.png -m 2 --resize 3x3 --plan --objective full --steps 2 -o a.csv"
DRAWN = CLOUD.replace("a.csv", "a.svg")
TWO = f"edot {IMAGE} other.png -m 2 --resize 6x4 --barycenter -o a.csv"
BOUND = f"bound {IMAGE} other.png -o a.json -o a.csv --report r.json"
FOUND = f"bound --query {IMAGE} --all folder -o a.csv --report r.json"
CUBE = "sequence -n 9 -o a.csv -o a.svg -o a.png --dpi 30 --report r.json"
IMAGES = f"sequence --density {IMAGE} -n 6 -o a.csv -o a.svg -o a.png --dpi 30 --report r.json"
MORPH = f"morph {IMAGE} other.png -n 5 --frames 2 --dpi 20 -o a.gif -o a.svg --report r.json"
PREFIXES = "sequence --prefixes 2:6 -o a.csv --report r.json"
POINTS = "certify places.csv -o a.csv --report r.json"
JUDGED = f"certify fixed.csv --density {IMAGE} -o a.csv --report r.json"
PAGE_OF_POINTS = "certify places.csv -o a.png --dpi 30"
CROWDED = "lloyd --preset critical-limits -n 5 --steps 2 -o a.csv"
VOLUME = "volume stack.npy -n 5 --iterations 2 -o a.csv --report r.json"
IN_BOX = "volume gaussian:0.4,0.3 --voxels 4 -n 5 --iterations 1 -o a.csv"
OF_VOLUME = "lloyd stack.npy -n 4 --steps 1 -o a.csv --report r.json"
UNIFORM = "edot --preset uniform-1d --steps 1 -o a-{run}.csv"

# For each option, what is run without it, and what is added.
TONE = {
    "levels": "--levels 5%,95%",
    "sharpen": "--sharpen 80%",
    "invert": "--invert",
    "gamma": "--gamma 2",
    "contrast": "--contrast 2",
    "threshold": "--threshold 0.5",
    "alpha": "--alpha black",
    "resize": "--resize 8x5",
    "max_pixels": "--max-pixels 50",
}
DRAWING = {
    "page": "--page a6",
    "landscape": ("--page 5x9cm", "--landscape"),
    "margin": "--margin 9mm",
    "dots": "--dots stroke",
    "radius": "--radius 0.2mm",
    "pen": ("--dots spiral --radius 2mm", "--pen 0.7mm"),
    "ink": "--ink navy",
    "background": "--background '#ffeedd'",
    "dpi": "--dpi 40",
}
TOLD = {
    "report": "--report other.json",
    "quiet": "--quiet",
    "verbose": "--verbose",
    "dry_run": "--dry-run",
    "log_file": "--log-file told.log",
    "open_": "--open",
}
CASES = {
    "stipple": {
        "": STIPPLE,
        "preset": "--preset newspaper",
        "config": "--config look.toml",
        "list_presets": "--list-presets",
        "points": "-n 6",
        "outputs": "-o b.svg",
        "format_": ("-o - --format csv", "--format json"),
        "method": "--method lloyd",
        "iterations": "--iterations 1",
        "tolerance": ("--iterations 9", "--tolerance 0.5"),
        "start": "--start grid",
        "quality": "--quality 0.3",
        "texture": "--texture blue",
        "masses": "--masses masses.csv",
        "fixed": "--fixed fixed.csv",
        "seed": "--seed 1",
        "engine": "--engine qhull",
        "threads": "--threads 1",
        "strays": ["stipple spots.png -n 1 -o a.csv"] * 2 + ["--strays keep"],
        "size_variation": "--size-variation 0.5",
        "spacing": "--spacing apart",
        "bleed": "--bleed",
        "periodic": "--periodic",
        "color": "--color cmyk",
        "inks": "--inks navy,red",
        "paper": "--paper '#ffeedd'",
        "light": "--light linear",
        "overlap": ("--color cmyk", "--overlap allow"),
        "balance": ("--color cmyk", "--balance 0.1"),
        "draw": "--draw dots,cells",
        "order": "--order nearest",
        "animate": "--animate a.gif",
        "coherent": [FRAMES, FRAMES, "--coherent"],
        "birth": [DARKER, DARKER, "--birth"],
        **TONE,
        **DRAWING,
        **TOLD,
    },
    "lloyd": {
        "": LLOYD,
        "preset": [LLOYD, "lloyd --preset line -o a.csv --report r.json"],
        "list_presets": "--list-presets",
        "config": [OF_IMAGE, OF_IMAGE, "--config tone.toml"],
        "box": "--box 0,0,2,1",
        "disc": "--disc 0.5,0.5,0.5",
        "ball": "--ball 0.5,0.5,0.5,0.5",
        "spacing": [OF_VOLUME, OF_VOLUME, "--spacing 1,1,2"],
        "pixels": [LLOYD.replace("uniform", "gaussian:0.4,0.2", 1)] * 2 + ["--pixels 12"],
        "points": "-n 6",
        "start": "--start grid",
        "steps": "--steps 1",
        "step_sizes": "--step-size 0.5",
        "method": "--method relaxed",
        "repeats": "--repeat 2",
        "seed": "--seed 1",
        "jitter": "--jitter 0.01",
        "engine": "--engine qhull",
        "threads": "--threads 1",
        "outputs": "-o b.svg",
        "last_points": "--last-points b.npy",
        "plot": [SLOPE, SLOPE, "--plot a.svg"],
        "frames": "--frames {step}.svg",
        "frame_steps": ("--frames {step}.svg", "--frame-steps 1"),
        "animate": "--animate a.gif",
        **{name: [OF_IMAGE, OF_IMAGE, words] for name, words in TONE.items()},
        "points of a preset": [CROWDED, CROWDED, "-n 6"],
        "steps of a preset": [CROWDED, CROWDED, "--steps 1"],
        "repeats of a preset": [CROWDED, CROWDED, "--repeat 2"],
        "jitter of a preset": [CROWDED, CROWDED, "--jitter 0.01"],
        "step sizes of a preset": [CROWDED, CROWDED, "--step-size 0.5"],
        "method of a preset": [CROWDED, CROWDED, "--method relaxed"],
        "seed of a preset": [CROWDED, CROWDED, "--seed 1"],
        "engine of a preset": [CROWDED, CROWDED, "--engine qhull"],
        "threads of a preset": [CROWDED, CROWDED, "--threads 1"],
        **TOLD,
    },
    "edot": {
        "": EDOT,
        "preset": [EDOT, "edot --preset uniform-1d --steps 1 -o a-{run}.csv --report r.json"],
        "list_presets": "--list-presets",
        "config": "--config tone.toml",
        "read": ["edot two.npy -m 2 -o a.csv"] * 2 + ["--read image"],
        "box": [FORMULA, FORMULA, "--box 0,0,2,1"],
        "disc": [FORMULA, FORMULA, "--disc 0.5,0.5,0.5"],
        "ball": [FORMULA, FORMULA, "--ball 0.5,0.5,0.5,0.5"],
        "spacing": ["edot stack.npy -m 3 -o a.csv"] * 2 + ["--spacing 1,1,2"],
        "pixels": [FORMULA, FORMULA, "--pixels 8"],
        "atoms": "-m 4",
        "objective": [SIMPLE, SIMPLE, "--objective sharp"],
        "zeta": [SIMPLE, SIMPLE, "--zeta 0.1"],
        "order": "-k 1",
        "weights": "--weights equal",
        "capacity": [STARTED, STARTED, "--capacity 30%,40%"],
        "start": [STARTED, STARTED, "--start places.csv"],
        "restarts": [STARTED, STARTED, "--restarts 2"],
        "algorithm": [ADAPTIVE, ADAPTIVE, "--algorithm simple --steps 3"],
        "cells": [CLOUD, CLOUD, "--cells sparsest"],
        "cell_atoms": [CLOUD, CLOUD, "--cell-atoms 5"],
        "metric": ["edot sphere.csv -m 2 -o a.csv"] * 2 + ["--metric sphere"],
        "batch": [SIMPLE, SIMPLE, "--batch 15"],
        "momentum": [SIMPLE, SIMPLE, "--momentum 0"],
        "atom_rate": [SIMPLE, SIMPLE, "--atom-rate 0.1"],
        "weight_rate": [SIMPLE, SIMPLE, "--weight-rate 2"],
        "finish": [SIMPLE, SIMPLE, "--finish none"],
        "steps": "--steps 1",
        "seed": [SIMPLE, SIMPLE, "--seed 1"],
        "color": "--color rgb",
        "gap": [STARTED, STARTED, "--gap"],
        "barycenter": [TWO.replace("--barycenter", "--plan"), TWO],
        "lambdas": [TWO, TWO, "--lambda 0.2,0.8"],
        "plan": [TWO, TWO.replace("--barycenter", "--plan")],
        "joint": [PLAN, PLAN, "--joint"],
        "lambda of a joint plan": [f"{PLAN} --joint", f"{PLAN} --joint", "--lambda 0.3"],
        "naive": "--naive 2:3,4",
        "engine": [SIMPLE, SIMPLE, "--engine numpy"],
        "device": [SIMPLE, SIMPLE, "--device cpu"],
        "threads": "--threads 1",
        "outputs": "-o b.svg",
        "format_": [f"edot {IMAGE} -m 3 -o - --format csv", f"edot {IMAGE} -m 3 -o - --format svg"],
        "plot": "--plot b.svg",
        "draw": [DRAWN, DRAWN, "--draw dots,cells"],
        "show_samples": "--show-samples",
        "show_cells": "--show-cells",
        "steps of a preset": [UNIFORM, UNIFORM, "--steps 2"],
        "seed of a preset": [UNIFORM, UNIFORM, "--seed 1"],
        "engine of a preset": [UNIFORM, UNIFORM, "--engine numpy"],
        "device of a preset": [UNIFORM, UNIFORM, "--device cpu"],
        "threads of a preset": [UNIFORM, UNIFORM, "--threads 1"],
        **TONE,
        **DRAWING,
        **TOLD,
    },
    "bound": {
        "": BOUND,
        "pairs": [BOUND, "bound --pairs pairs.csv -o a.csv --report r.json"],
        "folder": [BOUND, "bound --all folder -o a.csv --report r.json"],
        "query": [BOUND, FOUND],
        "nearest": [FOUND, FOUND, "--nearest 2"],
        "config": "--config tone.toml",
        "order": "-p 1",
        "method": "--method paper",
        "block": ("--method paper", "--block 2"),
        "gap": "--gap 0.0001",
        "time_limit": "--time-limit 5",
        "strict": ("--pixels squares --gap 0", "--strict"),
        "unit": "--unit side",
        "pixels": "--pixels squares",
        "engine": "--engine numpy",
        "device": "--device cpu",
        "threads": "--threads 1",
        "outputs": "-o b.json",
        "format_": ("-o - --format json", "--format csv"),
        "plot": "--plot a.svg",
        "morph": "--morph a.png",
        **TONE,
        **TOLD,
    },
    "sequence": {
        "": CUBE,
        "config": [IMAGES, IMAGES, "--config tone.toml"],
        "points": "-n 10",
        "dimension": ["sequence -n 9 -o a.csv", "sequence -n 9 -d 3 -o a.csv"],
        "skip": "--skip 2",
        "outputs": "-o b.csv",
        "format_": ["sequence -n 9 -o - --format csv", "sequence -n 9 -o - --format svg"],
        "certify": "--certify",
        "order": ("--certify", "-p 3"),
        "construction": ("--certify", "--construction paper"),
        "discrepancy": ("--certify", "--discrepancy"),
        "prefixes": [PREFIXES, PREFIXES, "--prefixes 2:7"],
        "exact_w2": "--exact-w2",
        "compare": "--compare halton",
        "draw": "--draw boxes",
        "partition": "--partition b.csv",
        "density": [CUBE, IMAGES],
        "relaxation": [IMAGES, IMAGES, "--relaxation 1"],
        "animate": [IMAGES, IMAGES, "--animate a.gif"],
        "seed": ("--compare random", "--seed 1"),
        **{name: [IMAGES, IMAGES, words] for name, words in TONE.items()},
        **DRAWING,
        **TOLD,
        "verbose": [PREFIXES, PREFIXES, "--verbose"],
    },
    "certify": {
        "": POINTS,
        "density": [POINTS, JUDGED],
        "config": [JUDGED, JUDGED, "--config tone.toml"],
        "box": "--box 0,0,2,1",
        "outputs": "-o b.json",
        "format_": ("-o - --format csv", "--format json"),
        "dpi": [PAGE_OF_POINTS, PAGE_OF_POINTS, "--dpi 40"],
        "engine": "--engine qhull",
        "threads": "--threads 1",
        **{name: [JUDGED, JUDGED, words] for name, words in TONE.items()},
        **TOLD,
    },
    "morph": {
        "": MORPH,
        "config": "--config tone.toml",
        "frames": "--frames 3",
        "easing": "--easing linear",
        "travel": "--travel 1",
        "hold": "--hold 0",
        "points": "-n 6",
        "outputs": "-o b.webp",
        "format_": [f"{MORPH} -o - --format svg", f"{MORPH} -o - --format png"],
        "seed": "--seed 1",
        "engine": "--engine qhull",
        "threads": "--threads 1",
        **TONE,
        **{name: words for name, words in DRAWING.items() if name not in ("dots", "pen")},
        **TOLD,
    },
    "volume": {
        "": VOLUME,
        "config": "--config seed.toml",
        "points": "-n 6",
        "masses": [VOLUME, VOLUME.replace("-n 5", "--masses masses.csv")],
        "spacing": "--spacing 1,1,2",
        "box": [IN_BOX, IN_BOX, "--box 0,0,0,1,1,2"],
        "ball": [IN_BOX, IN_BOX, "--ball 0.5,0.5,0.5,0.5"],
        "voxels": [IN_BOX, IN_BOX, "--voxels 3"],
        "periodic": "--periodic",
        "seed": "--seed 1",
        "iterations": "--iterations 1",
        "tolerance": ("--iterations 9", "--tolerance 0.9"),
        "mass_tolerance": "--mass-tolerance 1e-12",
        "threads": "--threads 1",
        "outputs": "-o b.ply",
        "format_": ("-o - --format csv", "--format ply"),
        "draw": ("-o b.vtp", "--draw cells"),
        **TOLD,
    },
}
# Options that go elsewhere, and the tests that follow them there.
ELSEWHERE = {
    "jobs": "processes: tests/cli/test_batch.py",
    "scheduler": "a Dask cluster: tests/cli/test_dask.py",
    "force": "files that are read: tests/cli/test_faults.py",
    "no_clobber": "files that are there: tests/cli/test_outputs.py",
    "skip_existing": "files that are there: tests/cli/test_faults.py",
    "as_json": "the machine: tests/cli/test_doctor.py",
}
REFUSED = {"max_pixels", "strict"}


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    """A folder with inputs: not square, partly white, partly transparent, in colour."""
    path = tmp_path_factory.mktemp("inputs")
    y, x = np.mgrid[0:7, 0:10]
    pixels = np.stack([25 * x, 30 * y, 255 - 12 * (x + y), 255 - 20 * x], axis=-1)
    pixels[:2, :3] = 255
    save(path / IMAGE, pixels.astype(np.uint8))
    save(path / "other.png", pixels[::-1, ::-1].astype(np.uint8))
    spots = np.full((5, 9), 255, np.uint8)
    spots[2, 1] = spots[2, 6:8] = 0
    save(path / "spots.png", spots)
    (path / "folder").mkdir()
    save(path / "folder" / "1.png", pixels.astype(np.uint8))
    save(path / "folder" / "2.png", pixels[::-1].astype(np.uint8))
    (path / "pairs.csv").write_text(f"a,b\n{IMAGE},other.png\n", encoding="utf-8")
    np.save(path / "two.npy", np.arange(1.0, 13.0).reshape(6, 2))
    (path / "seed.toml").write_text("seed = 1\n", encoding="utf-8")
    np.save(path / "stack.npy", np.arange(1.0, 25.0).reshape(2, 3, 4))
    (path / "sphere.csv").write_text("1,0,0\n0,1,0\n0,0,1\n0.6,0.8,0\n", encoding="utf-8")
    (path / "masses.csv").write_text("mass\n1\n2\n3\n4\n5\n6\n7\n", encoding="utf-8")
    (path / "fixed.csv").write_text("x,y\n3,3\n8,5\n", encoding="utf-8")
    cloud = np.random.default_rng(0).random((120, 2)) ** 3
    np.savetxt(path / "cloud.csv", cloud, delimiter=",")
    (path / "places.csv").write_text("0.1,0.1\n0.5,0.5\n0.9,0.1\n", encoding="utf-8")
    (path / "look.toml").write_text('contrast = 3\nmargin = "9mm"\n', encoding="utf-8")
    (path / "tone.toml").write_text("contrast = 3\n", encoding="utf-8")
    return path


@pytest.fixture
def folder(inputs, monkeypatch):
    monkeypatch.chdir(inputs)
    # What presets are about may be smaller here.
    monkeypatch.setattr("stipple.discretisation.presets.LINE_CELLS", 20)
    # These take time to find, and are not compared.
    monkeypatch.setattr("stipple.cli.shared.report.collect_versions", dict)
    monkeypatch.setattr(click, "launch", lambda path: click.echo(f"{path} is shown", err=True) or 0)
    return inputs


@pytest.fixture(scope="module")
def known():
    """What was seen of the commands that several options are added to."""
    return {}


def list_cases():
    for command, cases in CASES.items():
        for option, words in cases.items():
            if not option:
                continue
            base = cases[""]
            if isinstance(words, str):
                before, after = base, f"{base} {words}"
            elif isinstance(words, tuple):
                before, after = f"{base} {words[0]}", f"{base} {' '.join(words)}"
            else:
                before, after = words[0], " ".join(words[1:])
            dear = [pytest.mark.slow] if UNIFORM in words and option != "preset" else []
            yield pytest.param(option, before, after, id=f"{command}-{option}", marks=dear)


@pytest.mark.parametrize("name", COMMANDS)
def test_no_option_is_left_out(name):
    command = main.get_command(click.Context(main), name)
    options = {one.name for one in command.params if isinstance(one, click.Option)}
    cases = {case for case in CASES.get(name, ()) if case and " of a " not in case}
    assert options - ELSEWHERE.keys() == cases


@pytest.mark.parametrize(("option", "before", "after"), list(list_cases()))
def test_an_option_changes_something(option, before, after, folder, monkeypatch, known):
    for words in (before, after):
        if words not in known:
            known[words] = observe(words, folder, monkeypatch)
    plain, changed = known[before], known[after]
    assert plain[-1] == 0, plain
    assert (changed[-1] != 0) == (option in REFUSED), changed
    assert changed != plain


@pytest.mark.parametrize("base", [cases[""] for cases in CASES.values()])
def test_the_same_words_change_nothing(base, folder, monkeypatch, known):
    plain = known.get(base) or observe(base, folder, monkeypatch)
    assert observe(base, folder, monkeypatch) == plain
