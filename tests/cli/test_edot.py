"""`stipple edot` through click's runner."""

import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from command import SAMPLES, list_circles, list_layers, read_png, read_svg, save

from stipple.cli import main
from stipple.cli.edot import run as edot_runs
from stipple.cli.edot.plan import Barycentre, Channels, Example, OneSource, Relation
from stipple.discretisation.presets import list_presets
from stipple.errors import StippleError
from stipple.machine.failures import Failure
from stipple.machine.tasks import attempt

ADAPTIVE = ("--algorithm", "adaptive")
JOINT = ("cloud.csv", "moved.csv", "--plan", "--joint", "--objective", "full")


@pytest.fixture
def edot(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    generator = np.random.default_rng(0)
    cloud = generator.standard_normal((300, 2))
    np.savetxt("cloud.csv", cloud, delimiter=",", header="x,y", comments="")
    np.savetxt("moved.csv", np.add(cloud, (3, 1)), delimiter=",", header="x,y", comments="")
    y, x = np.mgrid[:24, :32]
    save(
        tmp_path / "photo.png", (255 * np.hypot(x - 16, y - 12) / 20).clip(0, 255).astype(np.uint8)
    )

    def invoke(*words, code=0):
        words = ["edot", *map(str, words)]
        result = CliRunner().invoke(main, words, catch_exceptions=False)
        assert result.exit_code == code, result.output
        return result

    return invoke


def read_table(text):
    return list(csv.DictReader(io.StringIO(text)))


def find(result, name):
    """The line of the summary that begins with a name."""
    return next(line for line in result.stderr.splitlines() if line.startswith(name))


@pytest.mark.parametrize(
    ("words", "task"),
    [
        (("cloud.csv", "-m", "3,5", "--naive", 2), OneSource("cloud.csv", (3, 5), 2)),
        (("photo.png", "--color", "rgb", "-m", 9, "--show-samples"), Channels("photo.png", 9)),
        (
            ("cloud.csv", "moved.csv", "--barycenter", "--lambda", "1,3", "-m", 9),
            Barycentre(("cloud.csv", "moved.csv"), (1.0, 3.0), 9),
        ),
        (
            ("cloud.csv", "moved.csv", "--plan", "-m", 9),
            Relation(("cloud.csv", "moved.csv"), (9, 9)),
        ),
        (("--preset", "sphere"), Example(list_presets()["sphere"])),
    ],
)
def test_each_kind_of_run_is_a_task(edot, monkeypatch, words, task):
    jobs = []

    def stop(job):
        jobs.append(job)
        raise StippleError("That was all.")

    monkeypatch.setattr(edot_runs, "run", stop)
    options = ("--seed", 5, "--threads", 3, "--dpi", 60)
    others = () if words[0] == "--preset" else ("-k", 3, "--max-pixels", 700_000)
    given = options + others
    output = "all.png" if "--color" in words else "{run}.png"
    edot(*words, *given, "-o", output, "-q", code=1)
    (job,) = jobs
    assert job.task == task
    assert (job.settings.seed, job.settings.threads) == (5, 3)
    assert (job.files.layout.dpi, job.files.show_samples) == (60, "--show-samples" in words)
    assert (job.quiet, job.verbose, job.scheduler, job.report) == (True, False, None, None)
    if words[0] != "--preset":
        assert (job.settings.order, job.input.reading.max_pixels) == (3, 700_000)
    assert job.recorded["seed"] == 5


def test_samples_become_atoms_on_standard_output(edot):
    result = edot("cloud.csv", "-m", 7)
    rows = read_table(result.stdout)
    assert list(rows[0]) == ["x", "y", "weight"]
    assert len(rows) == 7
    assert sum(float(row["weight"]) for row in rows) == pytest.approx(1)
    # The printed weights are the masses of the cells but for rounding: no exact value is claimed.
    assert "certified within" in find(result, "W_2^2")
    assert "sharp" in find(result, "regularised")
    assert "local optimum of W_2^2" in find(result, "algorithm")
    # Nothing is known of the density that samples are from.
    assert "Zador" not in result.stderr
    assert find(result, "seed")


@pytest.mark.parametrize("objective", ["full", "sharp", "debiased"])
def test_entropic_objectives_have_a_certified_interval(edot, tmp_path, objective):
    options = [
        "-m",
        5,
        "--objective",
        objective,
        "--steps",
        20,
        "--report",
        "r.json",
        "-o",
        "a.csv",
    ]
    edot("cloud.csv", *options)
    (run,) = json.loads((tmp_path / "r.json").read_text())["runs"]
    assert 0 < run["cost_lower"] <= run["cost_upper"] <= 1.01 * run["cost_lower"]
    assert run["sharp"] <= run["full"]
    assert run["objective"] == objective
    # The best for these numbers of atoms is not beaten.
    edot("cloud.csv", "-m", 5, "--report", "best.json", "-o", "b.csv")
    (best,) = json.loads((tmp_path / "best.json").read_text())["runs"]
    assert best["cost_upper"] <= best["cost_lower"] * (1 + 1e-9)
    assert best["optimum"] == "local"
    assert best["cost_upper"] <= run["cost_upper"] * (1 + 1e-9)


def test_an_image_is_drawn_with_dots_as_large_as_their_weights(edot, tmp_path):
    edot("photo.png", "-m", 12, "-o", "a.svg", "-o", "a.csv", "-o", "a.png", "--show-samples")
    layers = list_layers(read_svg(tmp_path / "a.svg"))
    labels = list(layers)
    assert len(labels) == 2
    circles = list_circles(layers[labels[1]])
    weights = [float(row["weight"]) for row in read_table((tmp_path / "a.csv").read_text())]
    areas = circles[:, 2] ** 2
    np.testing.assert_allclose(areas / areas.sum(), weights, rtol=2e-3)
    assert (read_png(tmp_path / "a.png") < 0.5).any()


def test_equal_weights_are_equal(edot):
    for objective in ("exact", "full"):
        rows = read_table(
            edot("cloud.csv", "-m", 6, "--weights", "equal", "--objective", objective).stdout
        )
        assert {float(row["weight"]) for row in rows} == {1 / 6}


@pytest.mark.parametrize("cells", ["bisect", "occupied", "sparsest"])
def test_adaptive_cells_merge(edot, cells):
    options = ["-m", 60, "--objective", "full", "--algorithm", "adaptive", "--cells", cells]
    result = edot("photo.png", *options)
    rows = read_table(result.stdout)
    assert len(rows) == 60
    assert sum(float(row["weight"]) for row in rows) == pytest.approx(1)
    assert "adaptive" in find(result, "algorithm")


ADAPTIVE = ("-m", 100, "--objective", "full", "--algorithm", "adaptive")


def test_cells_on_a_cluster_merge_to_the_same(edot, tmp_path, monkeypatch):
    edot("photo.png", *ADAPTIVE, "-o", "here.csv")
    asked = []

    def run_all(work, tasks, *, jobs, scheduler):
        asked.append((len(tasks), jobs, scheduler))
        return ((task, attempt(work, task)) for task in reversed(tasks))

    monkeypatch.setattr(edot_runs, "run_all", run_all)
    edot("photo.png", *ADAPTIVE, "--scheduler", "tcp://there:1", "-o", "there.csv")
    assert (tmp_path / "there.csv").read_bytes() == (tmp_path / "here.csv").read_bytes()
    ((cells, jobs, scheduler),) = asked
    assert cells >= 4
    assert (jobs, scheduler) == (1, "tcp://there:1")


def test_a_cell_that_fails_on_a_cluster_fails_all(edot, tmp_path, monkeypatch):
    def run_all(work, tasks, **_):
        yield tasks[0], attempt(work, tasks[0])
        yield tasks[1], Failure("every worker that tried it died: ask for less.")

    monkeypatch.setattr(edot_runs, "run_all", run_all)
    words = (*ADAPTIVE, "--scheduler", "tcp://there:1", "-o", "there.csv")
    said = edot("photo.png", *words, code=1).stderr
    assert "Error: Cell 2 of 4: every worker that tried it died: ask for less." in said
    assert not (tmp_path / "there.csv").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("photo.png",), "entropic objectives"),
        (("photo.png", "--objective", "full", "--algorithm", "simple"), "adaptive algorithm"),
        (("photo.png", "--objective", "full", "-m", "49"), "so few atoms"),
        (("photo.png", "--objective", "full", "-m", "10,20"), "so few atoms"),
        (("rgb.png", "--objective", "full", "--color", "rgb", "-m", 60), "so few atoms"),
        (("photo.png", "photo.png", "--barycenter", "--objective", "full"), "simple algorithm"),
        (("--preset", "sphere"), "this preset"),
        (("photo.png", "--objective", "full", "--threads", 2), "not both"),
    ],
)
def test_a_scheduler_without_cells_is_refused(edot, tmp_path, words, said):
    save(tmp_path / "rgb.png", np.random.default_rng(0).integers(0, 255, (9, 9, 3), np.uint8))
    assert said in edot(*words, "--scheduler", "tcp://there:1", code=2).stderr
    assert not list(tmp_path.glob("*.svg"))


def test_formulas_lines_and_orders(edot):
    rows = read_table(edot("uniform", "-m", 4, "--pixels", 32, "-k", 3).stdout)
    assert all(0 < float(row["x1"]) < 1 for row in rows)
    np.savetxt("line.csv", np.linspace(0, 1, 200))
    result = edot("line.csv", "-m", 4, "-k", 1, "--objective", "sharp", "-o", "line.svg")
    assert find(result, "W_1^1")
    assert "Zador" not in result.stderr


def test_the_sphere_needs_unit_vectors(edot, tmp_path):
    generator = np.random.default_rng(1)
    points = generator.standard_normal((100, 3))
    np.savetxt("off.csv", points, delimiter=",")
    np.savetxt("on.csv", points / np.linalg.norm(points, axis=1, keepdims=True), delimiter=",")
    rows = read_table(edot("on.csv", "-m", 5, "--metric", "sphere").stdout)
    lengths = [sum(float(row[f"x{axis}"]) ** 2 for axis in (1, 2, 3)) for row in rows]
    np.testing.assert_allclose(lengths, 1)
    edot("on.csv", "-m", 5, "--metric", "sphere", "-o", "s.png")
    assert (tmp_path / "s.png").exists()
    assert "has length" in edot("off.csv", "-m", 5, "--metric", "sphere", code=1).stderr


def test_a_formula_on_an_interval_has_its_best_atoms(edot, tmp_path):
    words = ("uniform", "--box", "-1,3", "-m", 4)
    result = edot(*words, "--pixels", 100, "--report", "r.json")
    places = [float(row["x1"]) for row in read_table(result.stdout)]
    np.testing.assert_allclose(places, [-0.5, 0.5, 1.5, 2.5], rtol=1e-9)
    said = find(result, "formula")
    assert "W_2^2 0.08333333333, and no 4 atoms have less than 0.0833" in said
    assert "globally optimal" in find(result, "algorithm")
    run = json.loads((tmp_path / "r.json").read_text(encoding="utf-8"))["runs"][0]
    assert run["formula"]["w2_squared"] == pytest.approx(1 / 12, rel=1e-9)
    assert run["formula"]["optimum_lower"] == pytest.approx(1 / 12, rel=1e-4)
    assert run["formula"]["optimum_lower"] < 1 / 12
    other = find(edot(*words, "-k", 1, "--pixels", 10), "formula")
    assert "its W_1 differs by at most 0.04" in other
    for wrong, code, told in (
        (("uniform", "--box", "1,0"), 1, "has no length"),
        (("uniform", "--box", "0,1", "--disc", "0,0,1"), 2, "one of --box, --disc and --ball"),
        (("uniform", "--box", "0,1,2"), 2, "--box takes four numbers"),
    ):
        assert told in edot(*wrong, code=code).stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("cloud.csv", "--gamma", 2), "--gamma is for images"),
        (("cloud.csv", "--resize", 9), "--resize is for images"),
        (("uniform", "--invert"), "--invert is for images"),
        (("cloud.csv", "--pixels", 9), "--pixels is for formulas"),
        (("cloud.csv", "--box", "0,1"), "--box is for formulas"),
        (("cloud.csv", "--metric", "precomputed:d.npy", "--capacity", "0,1"), "--capacity is not"),
    ],
)
def test_what_a_source_has_no_use_for_is_refused(edot, words, said):
    np.savetxt("cloud.csv", np.random.default_rng(0).random((6, 2)), delimiter=",")
    assert said in edot(*words, "-m", 2, code=2).stderr


def test_a_gap_to_the_optimum_is_proved(edot, tmp_path):
    np.savetxt("cloud.csv", np.random.default_rng(0).random((60, 2)), delimiter=",")
    result = edot("cloud.csv", "-m", 3, "--gap", "--report", "r.json", "-o", "a.csv")
    said = find(result, "optimum")
    assert "at least 0.0" in said
    assert said.endswith("% of it, proved")
    run = json.loads((tmp_path / "r.json").read_text(encoding="utf-8"))["runs"][0]
    assert run["optimum_lower"] <= run["cost_lower"]
    assert 0 < run["gap"] < 0.1
    assert float(said.split("within ")[1].split(" %")[0]) >= 100 * run["gap"]
    for words in (("-k", 1), ("--metric", "sphere")):
        assert "--gap is for" in edot("cloud.csv", "-m", 3, "--gap", *words, code=2).stderr


@pytest.fixture
def ring(tmp_path):
    """An open ring of samples, its graph numbered from 1, and distances along it."""
    angles = np.linspace(0, 6, 40)
    points = np.column_stack((np.cos(angles), np.sin(angles)))
    np.savetxt(tmp_path / "ring.csv", points, delimiter=",", header="x,y", comments="")
    edges = [f"{i},{i},{i + 1},{angles[i] - angles[i - 1]}" for i in range(1, 40)]
    text = "\n".join([",from,to,length", *edges])
    (tmp_path / "graph.csv").write_text(text + "\n", encoding="utf-8")
    np.save(tmp_path / "ring.npy", np.abs(angles[:, None] - angles))


@pytest.mark.usefixtures("ring")
def test_atoms_are_samples_where_distances_are_given(edot, tmp_path):
    words = ("ring.csv", "-m", 2, "--restarts", 3, "--metric")
    along = edot(*words, "geodesic:graph.csv", "--report", "r.json")
    rows = read_table(along.stdout)
    assert [row["sample"] for row in rows] == ["10", "30"]  # the graph counts from 1
    assert list(rows[0]) == ["sample", "x", "y", "weight"]
    given = edot(*words, "precomputed:ring.npy", "--gap")
    assert find(given, "optimum").endswith("% of it, proved")
    assert [row["sample"] for row in read_table(given.stdout)] == ["9", "29"]
    assert "certified within" in find(along, "W_2^2")
    assert "medoids, the best of 3 starts, at a local optimum" in find(along, "algorithm")
    assert "regularised" not in along.stderr
    report = json.loads((tmp_path / "r.json").read_text(encoding="utf-8"))
    assert report["runs"][0]["samples_of_atoms"] == [10, 30]
    assert report["options"]["metric"] == "geodesic:graph.csv"


@pytest.mark.usefixtures("ring")
def test_cells_are_shown_in_colours_of_their_atoms(edot, tmp_path):
    """Far ends of the ring are next to each other, and in different cells of its own metric."""
    words = ("ring.csv", "-m", 2, "--show-cells", "-o", "cells.svg", "--metric")
    pictures = []
    for metric in ("euclidean", "geodesic:graph.csv", "precomputed:ring.npy"):
        edot(*words, metric)
        text = (tmp_path / "cells.svg").read_text(encoding="utf-8")
        pictures.append([text.count(colour) for colour in ("#f2b8b5", "#b8d8f2", "#c8c8c8")])
    assert pictures[1] == pictures[2]
    assert all(red > 0 and blue > 0 and grey == 0 for red, blue, grey in pictures)


@pytest.mark.usefixtures("ring")
@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("--metric", "geodesic"), 2, "none of euclidean, sphere, geodesic:GRAPH.csv"),
        (("--metric", "geodesic:"), 2, "none of euclidean, sphere, geodesic:GRAPH.csv"),
        (("--metric", "geodesic:none.csv"), 1, "none.csv"),
        (("--metric", "geodesic:ring.csv"), 1, "ring.csv has 2 columns: an edge has three"),
        (("--metric", "precomputed:graph.csv"), 1, "graph.csv is no .npy file"),
        (("--metric", "precomputed:small.npy"), 1, "of shape (2, 2), and there are 40 samples"),
        (("--metric", "precomputed:ring.npy", "--naive", 3), 2, "--naive is not for distances"),
        (("--metric", "precomputed:ring.npy", "--weights", "equal"), 2, "--weights is not for"),
        (("--show-cells", "--show-samples", "-o", "a.svg"), 2, "not both"),
        (("--show-cells", "--weights", "equal", "-o", "a.svg"), 2, "free weights"),
    ],
)
def test_distances_that_cannot_be_had_are_told(edot, tmp_path, words, code, said):
    np.save(tmp_path / "small.npy", np.zeros((2, 2)))
    assert said in edot("ring.csv", "-m", 2, *words, code=code).stderr


@pytest.mark.usefixtures("ring")
def test_distances_that_do_not_fit_in_memory_are_refused(edot, monkeypatch):
    monkeypatch.setattr("stipple.machine.memory.find_available_memory", lambda: 270 * 2**20)
    monkeypatch.setattr("stipple.machine.memory.BYTES_PER_PAIR_OF_SAMPLES", 10_000)
    said = edot("ring.csv", "-m", 2, "--metric", "precomputed:ring.npy", code=1).stderr
    assert "Distances between 40 samples need" in said


def test_channels_are_overlaid(edot, tmp_path):
    generator = np.random.default_rng(0)
    save(tmp_path / "rgb.png", generator.integers(0, 255, (12, 16, 3), dtype=np.uint8))
    edot("rgb.png", "-m", 30, "--color", "rgb", "-o", "rgb.svg", "-o", "rgb.csv")
    rows = read_table((tmp_path / "rgb.csv").read_text())
    assert {row["channel"] for row in rows} == {"red", "green", "blue"}
    assert len(rows) == 30
    assert len(list_layers(read_svg(tmp_path / "rgb.svg"))) == 3


def test_a_barycentre_is_between(edot):
    for objective in ("exact", "full"):
        options = ["--barycenter", "--lambda", "0.25,0.75", "-m", 5, "--objective", objective]
        rows = read_table(edot("cloud.csv", "moved.csv", *options).stdout)
        cloud, moved = (
            np.average(np.loadtxt(name, delimiter=",", skiprows=1), axis=0)
            for name in ("cloud.csv", "moved.csv")
        )
        weights = [float(row["weight"]) for row in rows]
        mean = [np.dot(weights, [float(row[x]) for row in rows]) for x in ("x1", "x2")]
        np.testing.assert_allclose(mean, 0.25 * cloud + 0.75 * moved, atol=2e-3)


def test_a_plan_has_the_marginals(edot, tmp_path):
    options = ["-m", "5,4", "-o", "plan.csv", "-o", "plan.png", "-o", "plan.svg"]
    result = edot("cloud.csv", "moved.csv", "--plan", *options)
    rows = read_table((tmp_path / "plan.csv").read_text())
    assert len(rows) == 20
    assert list(rows[0]) == ["i", "j", "x1", "x2", "y1", "y2", "mass"]
    assert sum(float(row["mass"]) for row in rows) == pytest.approx(1)
    first = read_table(edot("cloud.csv", "-m", 5).stdout)
    for number, row in enumerate(first, 1):
        mass = sum(float(entry["mass"]) for entry in rows if entry["i"] == str(number))
        assert mass == pytest.approx(float(row["weight"]))
    assert "5 × 4" in find(result, "plan")
    assert (tmp_path / "plan.png").read_bytes().startswith(b"\x89PNG")


def test_several_numbers_make_runs_and_plots(edot, tmp_path):
    options = ["--naive", 5, "-o", "{run}.csv", "-o", "row.png", "--report", "r.json"]
    result = edot("cloud.csv", "-m", "3,6,12", *options, "--plot", "counts.svg")
    assert [len(read_table((tmp_path / f"{m}.csv").read_text())) for m in (3, 6, 12)] == [3, 6, 12]
    runs = json.loads((tmp_path / "r.json").read_text())["runs"]
    costs = [run["cost_lower"] for run in runs]
    assert costs == sorted(costs, reverse=True)
    assert all(run["naive"][0]["beaten_in_cost"] == 1 for run in runs)
    assert result.stderr.count("random samplings") == 3
    text = (tmp_path / "counts.svg").read_text(encoding="utf-8")
    assert text.startswith("<?xml")
    edot("cloud.csv", "-m", "2,4", "--naive", "6:3,8", "--plot", "a.svg", "--report", "r.json")
    for run in json.loads((tmp_path / "r.json").read_text())["runs"]:
        assert [(one["size"], one["repeats"]) for one in run["naive"]] == [(3, 6), (8, 6)]
    edot("cloud.csv", "-m", 5, "--plot", "steps.png")
    assert (tmp_path / "steps.png").exists()


def test_figures_that_only_inform_do_not_stop_a_run(edot, tmp_path):
    result = edot(
        "cloud.csv", "-m", 4, "-k", 100, "--report", "r.json", "-o", "a.csv", "--naive", 2
    )
    assert "not computable" in find(result, "regularised")
    assert "certified within" in find(result, "W_100^100")
    assert "in the true W_100" in find(result, "naive")
    (run,) = json.loads((tmp_path / "r.json").read_text())["runs"]
    assert run["sharp"] is None
    assert 0 <= run["cost_lower"] <= run["cost_upper"]


def test_zador_is_for_pictures(edot):
    said = find(edot("uniform", "-m", 20, "--pixels", 64), "Zador")
    assert "no bound" in said
    assert "Zador" not in edot("uniform", "-m", 2000, "--pixels", 64).stderr


def test_the_seed_decides(edot):
    options = ["-m", 9, "--objective", "sharp", "--batch", 50, "--steps", 5, "--finish", "none"]
    one, two, other = (edot("cloud.csv", *options, "--seed", seed).stdout for seed in (1, 1, 2))
    assert one == two
    assert one != other


def test_presets_are_listed(edot):
    listed = edot("--list-presets").stdout
    for name in list_presets():
        assert name in listed
    names = {"uniform-1d", "mixture-1d", "mixture-2d", "discs-24", "sphere", "swiss-roll", "image"}
    assert names | {"naive-comparison", "adaptive-30", "plan-1d"} == set(list_presets())


@pytest.mark.slow
def test_a_preset_runs_and_is_drawn(edot, tmp_path):
    result = edot("--preset", "mixture-2d", "--show-samples", "-o", "two.png", "-o", "{run}.csv")
    assert "to reach" in result.stderr
    assert len(read_table((tmp_path / "exact.csv").read_text())) == 7
    with_gap = read_png(tmp_path / "two.png")
    assert with_gap.shape[1] > 1.7 * with_gap.shape[0]


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ([], 2, "Give a SOURCE"),
        (["cloud.csv", "-m", "0"], 2, "at least 1"),
        (["cloud.csv", "-m", "301"], 1, "300 samples"),
        (["cloud.csv", "-m", "2.5"], 2, "whole numbers"),
        (["cloud.csv", "--zeta", "0"], 2, "0"),
        (["cloud.csv", "--zeta", "0.1"], 2, "--objective full"),
        (["cloud.csv", "--restarts", "2", "--weights", "equal"], 2, "free weights"),
        (["cloud.csv", "--start", "density", "--objective", "full"], 2, "free weights"),
        (["cloud.csv", "--start", "moved.csv", "--restarts", "2"], 2, "leave it out"),
        (["cloud.csv", "--start", "moved.csv", "-m", "2,3", "--plot", "a.svg"], 2, "one number"),
        (["cloud.csv", "--start", "moved.csv", "-m", "3"], 1, "give 3 finite points"),
        (["cloud.csv", "--start", "missing.csv", "-m", "3"], 1, "does not exist"),
        (["cloud.csv", "--zeta", "1e-320", "--objective", "full"], 1, "floating-point"),
        (["cloud.csv", "--zeta", "1e-17", "--objective", "sharp", "-m", "3"], 1, "too small"),
        (["cloud.csv", "-k", "0.5"], 2, "0.5"),
        (["cloud.csv", "moved.csv"], 2, "--barycenter or --plan"),
        (["cloud.csv", "--plan"], 2, "two SOURCEs"),
        (["cloud.csv", "--barycenter"], 2, "at least two"),
        (["cloud.csv", "moved.csv", "--barycenter", "--lambda", "1"], 2, "1 numbers for 2"),
        (["cloud.csv", "moved.csv", "--barycenter", "--lambda", "1,-1"], 2, "at least 0"),
        (["cloud.csv", "--lambda", "1"], 2, "needs --barycenter"),
        (["cloud.csv", "moved.csv", "--joint", "--barycenter"], 2, "--joint needs --plan"),
        ([*JOINT[:4], "--objective", "exact"], 2, "say --objective sharp"),
        ([*JOINT, "-k", "1"], 2, "squared"),
        ([*JOINT, "--lambda", "1,2"], 2, "one number"),
        ([*JOINT, "--lambda", "0"], 2, "one number"),
        ([*JOINT, "-m", "50"], 1, "2,500 pairs"),
        (
            [*("cloud.csv", "moved.csv"), "--barycenter", "--objective", "full", *ADAPTIVE],
            2,
            "all atoms at once",
        ),
        (["cloud.csv", "--cells", "occupied"], 2, "entropic"),
        (["cloud.csv", "--naive", "9:0,3"], 2, "R:SIZES"),
        (["cloud.csv", "--naive", "many"], 2, "R:SIZES"),
        (["cloud.csv", "--draw", "cells"], 2, "say --objective full"),
        (["cloud.csv", "--draw", "tour"], 2, "any of dots,cells"),
        (["cloud.csv", "--objective", "full", "-m", "9", "--cell-atoms", "3"], 2, "so few"),
        (["cloud.csv", "--objective", "full", "-m", "90", "--batch", "3"], 2, "so many"),
        (["--preset", "sphere", "--draw", "cells"], 2, "this preset"),
        (["solid.csv", *ADAPTIVE, "-m", "2", "--draw", "cells"], 1, "3 coordinates"),
        (["grey.npy", "--color", "rgb"], 1, "no colours"),
        (["uniform", "--color", "rgb"], 2, "formula"),
        (["-", "-", "--plan"], 2, "once only"),
        (["cloud.csv", "-m", "3,4", "-o", "a.csv"], 2, "{run}"),
        (["cloud.csv", "-o", "a.json"], 2, "format"),
        (["cloud.csv", "-o", "cloud.csv"], 1, "is read as well"),
        (["cloud.csv", "--plot", "a.gif"], 2, ".svg or .png"),
        (["--preset", "nothing"], 2, "known are"),
        (["cloud.csv", "--preset", "sphere"], 2, "own sources"),
        (["--preset", "sphere", "-m", "3"], 2, "own --atoms"),
        (["missing.csv"], 1, "does not exist"),
        (["ragged.csv"], 1, "line 2, has 3 values where the first row has 2"),
        (["nan.csv"], 1, "not finite"),
        (["negative.csv"], 1, "the mass -1"),
        (["cloud.csv", "--box", "0,0,1,1"], 2, "formulas"),
        (["cloud.csv", "--engine", "numpy", "--device", "cuda"], 1, "GPU"),
    ],
)
def test_what_cannot_be_done_is_said(edot, tmp_path, words, code, said):
    np.save("grey.npy", np.ones((3, 9)))
    (tmp_path / "solid.csv").write_text("0,0,0\n1,1,1\n")
    (tmp_path / "ragged.csv").write_text("1,2\n1,2,3\n")
    (tmp_path / "nan.csv").write_text("1,nan\n1,2\n")
    (tmp_path / "negative.csv").write_text("x,w\n1,-1\n1,2\n")
    assert said in edot(*words, code=code).output


def test_standard_input_is_read():
    data = b"x,y,weight\n0,0,1\n1,1,2\n"
    result = CliRunner().invoke(main, ["edot", "-", "-m", "1"], input=data, catch_exceptions=False)
    (row,) = read_table(result.stdout)
    assert float(row["x"]) == pytest.approx(2 / 3)


@pytest.mark.slow
@pytest.mark.parametrize("name", list(list_presets()))
def test_every_preset_reaches_what_was_published(edot, tmp_path, name):
    if name == "image" and not SAMPLES.exists():
        pytest.skip("samples/ is not here")
    edot("--preset", name, "--report", "r.json", "-q")
    runs = {run["run"]: run for run in json.loads((tmp_path / "r.json").read_text())["runs"]}
    if name == "uniform-1d":
        assert runs["sharp"]["sharp"] <= 0.00495
    if name == "mixture-1d":
        assert runs["sharp"]["sharp"] <= 0.00494
    if name == "discs-24":
        assert runs["free"]["cost_upper"] < runs["equal"]["cost_lower"] / 2
    if name == "naive-comparison":
        for run in runs.values():
            if run["atoms"] != 5:
                continue
            (forty,) = [one for one in run["naive"] if one["size"] == 40]
            assert forty["beaten_in_sharp"] >= 0.95
            assert forty["beaten_in_cost"] <= 0.6
    if name == "image":
        for count in (10, 100, 1000, 4000):
            assert runs[f"free-{count}"]["cost_upper"] < runs[f"equal-{count}"]["cost_lower"]


def test_a_joint_plan_is_told_and_drawn(edot, tmp_path):
    for name, power in (("one", 1), ("two", 2)):
        np.savetxt(tmp_path / f"{name}.csv", np.linspace(0, 1, 20) ** power, delimiter=",")
    words = ["one.csv", "two.csv", "--plan", "--joint", "--steps", 3]
    result = edot(*words, "-m", "2,3", "-o", "p.csv", "-o", "p.png", "--report", "r.json")
    assert result.stderr.count("Proposition 1") == 2
    assert "together, " in result.stderr
    report = json.loads(Path("r.json").read_text("utf-8"))
    assert [one["holds"] for one in report["joint"]["proposition_1"]] == [True, True]
    assert len(read_table(Path("p.csv").read_text("utf-8"))) == 6
    assert read_png(tmp_path / "p.png").shape[1] > 1.5 * read_png(tmp_path / "p.png").shape[0]


@pytest.mark.parametrize("dimension", [1, 2])
def test_cells_are_drawn_and_reported(edot, tmp_path, dimension):
    points = np.random.default_rng(4).random((200, dimension))
    np.savetxt(tmp_path / "some.csv", points, delimiter=",")
    words = ["some.csv", *ADAPTIVE, "-m", 12, "--cell-atoms", 3]
    edot(*words, "--draw", "cells", "-o", "a.svg", "--report", "r.json")
    (run,) = json.loads(Path("r.json").read_text("utf-8"))["runs"]
    cells = run["cells"]
    assert sum(cell["atoms"] for cell in cells) == 12
    assert max(cell["atoms"] for cell in cells) == 3
    assert sum(cell["mass"] for cell in cells) == pytest.approx(1)
    inside = [
        (np.array(cell["lower"]) <= points).all(axis=1)
        & (points <= np.array(cell["upper"])).all(axis=1)
        for cell in cells
    ]
    assert np.any(inside, axis=0).all()
    drawing = Path("a.svg").read_text("utf-8")
    assert "cells" in drawing
    assert "circle" not in drawing


def test_columns_keep_their_names_and_the_unit_is_told(edot, tmp_path):
    rows = ',Width,"Petal length",w\n0,1,2,1\n1,2,2.5,1\n2,9,7,2\n3,9.5,7,1\n'
    (tmp_path / "named.csv").write_text(rows, encoding="utf-8")
    result = edot("named.csv", "-m", 2, "--report", "r.json")
    assert list(read_table(result.stdout)[0]) == ["Width", "Petal length", "weight"]
    assert json.loads(Path("r.json").read_text("utf-8"))["runs"][0]["unit"] == "as in the source"
    # Names that a table cannot have without quotes, or twice, are not kept.
    for names in ("0,1", '"a,b",c', "x,x"):
        (tmp_path / "odd.csv").write_text(f",{names}\n0,1,2\n1,3,4\n2,5,7\n", encoding="utf-8")
        found = read_table(edot("odd.csv", "-m", 1).stdout)
        assert list(found[0]) == ["x1", "x2", "weight"]
    edot("photo.png", "-m", 3, "-o", "a.csv", "--report", "r.json")
    (figures,) = json.loads(Path("r.json").read_text("utf-8"))["runs"]
    assert (figures["unit"], figures["optimum"]) == ("the longer side is 1, y points down", "local")


def test_any_number_of_coordinates_is_taken_where_it_is_said_what_they_are(edot):
    points = np.random.default_rng(1).normal(size=(40, 16))
    np.savetxt("bare.csv", points, delimiter=",")
    assert "--read samples; if it is an image, --read image" in edot("bare.csv", code=1).stderr
    header = ",".join(f"f{axis}" for axis in range(16))
    np.savetxt("named.csv", points, delimiter=",", header=header, comments="")
    bare, named = (
        read_table(edot(*words, "-m", 2).stdout)
        for words in (("bare.csv", "--read", "samples"), ("named.csv",))
    )
    assert [list(row.values()) for row in bare] == [list(row.values()) for row in named]


def test_a_line_is_solved_exactly(edot, tmp_path):
    (tmp_path / "line.csv").write_text("1\n2\n3\n11\n12\n13\n27\n", encoding="utf-8")
    result = edot("line.csv", "-m", 3, "--report", "r.json")
    assert "globally optimal" in find(result, "algorithm")
    assert [row["x1"] for row in read_table(result.stdout)] == ["2.0", "12.0", "27.0"]
    assert json.loads(Path("r.json").read_text("utf-8"))["runs"][0]["optimum"] == "global"


def test_atoms_that_coincide_are_told(edot):
    words = ("--objective", "sharp", "--zeta", "0.1", "--steps", "60", "--report", "r.json")
    result = edot("cloud.csv", "-m", 30, *words)
    merged = json.loads(Path("r.json").read_text("utf-8"))["runs"][0]["merged"]
    assert 0 < merged == 30 - len(read_table(result.stdout))
    assert f"{merged} more coincided with them" in find(result, "atoms")


# --- given and bounded weights --------------------------------------------------------------------


def test_weights_of_a_file_are_those_of_the_atoms(edot):
    Path("weights.csv").write_text("name,weight\na,1\nb,2\nc,5\n", encoding="utf-8")
    result = edot("cloud.csv", "--weights", "weights.csv", "--report", "r.json")
    weights = [float(row["weight"]) for row in read_table(result.stdout)]
    np.testing.assert_allclose(weights, [1 / 8, 2 / 8, 5 / 8], rtol=1e-15)
    assert "3 with given weights for 300 samples" in find(result, "atoms")
    assert json.loads(Path("r.json").read_text(encoding="utf-8"))["runs"][0]["weights"] == "given"
    again = edot("cloud.csv", "--weights", "weights.csv", "-m", 3)
    assert again.stdout == result.stdout


def test_capacities_are_kept_and_told(edot):
    result = edot("cloud.csv", "-m", 5, "--capacity", "18%,0.22")
    weights = [float(row["weight"]) for row in read_table(result.stdout)]
    assert 0.18 <= min(weights) <= max(weights) <= 0.22
    assert "5 with free weights between 18 % and 22 %" in find(result, "atoms")


@pytest.mark.usefixtures("edot")
@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("-m", 4, "--weights", "weights.csv"), "--atoms is 4, and weights.csv has 3 weights"),
        (("-m", "3,4", "--weights", "weights.csv"), "are for one run"),
        (("--weights", "weights.csv", "--objective", "full"), "is for the exact objective"),
        (("--weights", "weights.csv", "--start", "kmeans++"), "is for free weights"),
        (("--weights", "none.csv"), "none.csv"),
        (("--weights", "bad.csv"), "Weight 2 of 2 is -1: give positive numbers."),
        (("--capacity", "4%"), "has no two capacities"),
        (("--capacity", "6%,4%"), "the smaller one first"),
        (("-m", 5, "--capacity", "30%,40%"), "give wider capacities"),
        (("-m", 5, "--capacity", "0,1", "--weights", "equal"), "is for free weights"),
    ],
)
def test_weights_that_do_not_fit_are_refused(words, said):
    Path("weights.csv").write_text("weight\n1\n2\n5\n", encoding="utf-8")
    Path("bad.csv").write_text("weight\n1\n-1\n", encoding="utf-8")
    result = CliRunner().invoke(main, ["edot", "cloud.csv", *map(str, words)])
    assert result.exit_code != 0
    assert said in " ".join(result.stderr.split())
