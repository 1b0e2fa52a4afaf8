"""What commands sum up, pick out and count, from parts made by hand that differ in every figure."""

import itertools
from dataclasses import replace
from types import SimpleNamespace
from typing import NamedTuple

import numpy as np
import PIL.Image
import pytest
from click.testing import CliRunner
from command import read_json, save

from stipple.cli import main
from stipple.cli.bound.pairs import read_pairs
from stipple.cli.lloyd.run import Found
from stipple.cli.lloyd.show import list_rows as list_lloyd_rows
from stipple.cli.sequence.plan import Points
from stipple.cli.sequence.run import FoundPoints
from stipple.cli.sequence.show import list_rows as list_sequence_rows
from stipple.cli.shared.progress import MOST_FAILURES_SHOWN, tell_failures
from stipple.cli.stipple import batch
from stipple.cli.stipple import run as stipple_run
from stipple.cli.stipple.figures import collect_figures
from stipple.cli.stipple.show import list_rows
from stipple.drawing.page import Placement
from stipple.lloyd_steps.figures import Figures
from stipple.measures.inks import Ink
from stipple.stippling.pens import InkedStippling
from stipple.stippling.stippling import stipple

BASE = stipple(np.ones((2, 3)), 3, iterations=0, start="grid")
PLACEMENT = Placement(30.0, 20.0, 4.0, (1.0, 2.0))


class Image(NamedTuple):
    """What a batch looks at of a job."""

    image: str
    targets: tuple[str, ...]

    @property
    def name(self):
        return self.image


@pytest.fixture
def figures():
    """Figures of two inks, of 3 points and of 1."""
    first = replace(
        BASE,
        w2_squared=8.0,
        w2_squared_lower=7.0,
        w2_squared_upper=9.0,
        quality=0.5,
        mass_error=1e-3,
        converged=True,
        settled=True,
        iterations=2,
        diagrams=5,
        seconds={"start": 1.0, "steps": 10.0},
    )
    second = replace(
        first,
        points=BASE.points[:1],
        weights=BASE.weights[:1],
        radii=BASE.radii[:1],
        strays=1,
        w2_squared=4.0,
        w2_squared_lower=3.0,
        w2_squared_upper=5.0,
        quality=0.1,
        mass_error=1e-5,
        converged=False,
        settled=False,
        saddle=True,
        iterations=7,
        diagrams=8,
        seconds={"start": 2.0, "steps": 20.0},
    )
    inked = [
        InkedStippling(Ink("cyan", "#00ffff"), first, 250.0),
        InkedStippling(Ink("black", "#000000"), second),
    ]
    return collect_figures(inked, PLACEMENT, None, None)


def test_an_image_sums_up_its_inks(figures):
    assert figures.points == 4
    assert (figures.w2_squared, figures.quality) == (7.0, pytest.approx(0.4))
    assert (figures.w2_squared_lower, figures.w2_squared_upper) == (6.0, 8.0)
    assert (figures.mass_error, figures.iterations, figures.diagrams) == (1e-3, 7, 13)
    assert not figures.converged
    assert figures.seconds == {"start": 3.0, "steps": 30.0}
    assert figures.add_seconds(read=0.5).seconds == {"start": 3.0, "steps": 30.0, "read": 0.5}
    assert (figures.page_mm, figures.millimetres_per_pixel) == ((30.0, 20.0), 4.0)
    assert [ink.radius_mm for ink in figures.inks] == [4 * BASE.radius] * 2
    assert figures.inks[0].smallest_radius_mm == 4 * BASE.radii.min()
    assert figures.inks[0].largest_radius_mm == 4 * BASE.radii.max()
    assert [ink.strays for ink in figures.inks] == [0, 1]
    assert [ink.travel_mm for ink in figures.inks] == [1000.0, None]


def list_ends(rows: list[tuple[str, str]]) -> list[str]:
    return [value for name, value in rows if name == "settled"]


def test_people_read_of_every_ink(figures):
    layout = SimpleNamespace(dots="circle", radius=None)
    solving = SimpleNamespace(seed=3, masses=None, fixed=None, bleed=False, size_variation=0.25)
    solving.periodic = False
    job = SimpleNamespace(
        solving=solving,
        targets=["a.svg", "-"],
        draw={"dots"},
        layout=layout,
        verbose=True,
        inks=SimpleNamespace(overlap="allow"),
    )
    rows = list_rows(job, figures)
    assert [name for name, _ in rows].count("warning") == 1
    assert list_ends(rows) == [
        "yes, and small perturbations do not lower W2²",
        "no: the transport is not solved",
    ]
    assert dict(rows)["W2²"] == "not solved, certified within [3, 5]"
    solved = [replace(ink, converged=True) for ink in figures.inks]
    rows = list_rows(job, replace(figures, inks=solved))
    assert list_ends(rows)[1] == (
        "critical, not stable: a small perturbation lowers W2², before 1 dot left white"
    )
    told = dict(rows)
    assert told["pen travel"] == "1.000 m"
    assert told["seconds"] == "33.00"
    assert told["W2²"] == "4 px², certified within [3, 5]"
    assert told["written"] == "a.svg"


def test_a_batch_keeps_the_order_of_the_command_line(figures, monkeypatch):
    images = tuple(Image(name, (f"{name}.svg", f"{name}.csv")) for name in "abcd")
    outcomes = {"a": figures, "b": batch.Failure("no"), "c": figures, "d": batch.Failure("not")}
    found = [(image, outcomes[image.image]) for image in reversed(images)]
    monkeypatch.setattr(batch, "run_all", lambda *_, **__: (one for one in found))
    job = SimpleNamespace(images=images, jobs=2, scheduler=None, quiet=True, verbose=False)
    job.skipped, job.report, job.coherent, job.animation = (), None, False, None
    result = batch.run_batch(job)
    assert [image.image for image in result.done] == ["a", "c"]
    assert [image.image for image in result.failed] == ["b", "d"]
    told = dict(batch.list_batch_rows(job, result))
    assert (told["images"], told["failed"]) == ("2 of 4 done", "2")
    assert told["warning"].startswith("2 images")
    assert told["written"] == "4 files"


def test_each_stage_has_its_own_seconds(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    save(tmp_path / "a.png", np.zeros((3, 4), np.uint8))
    clock = SimpleNamespace(perf_counter=itertools.accumulate([1, 2, 4, 8, 16]).__next__)
    monkeypatch.setattr(stipple_run, "time", clock)
    words = "stipple a.png -n 2 --iterations 0 -o a.csv --report a.json -q"
    assert CliRunner().invoke(main, words.split(), catch_exceptions=False).exit_code == 0
    seconds = read_json(tmp_path / "a.json")["seconds"]
    assert [seconds[stage] for stage in ("read", "order", "write")] == [2, 8, 16]


class Row(SimpleNamespace):
    """What is summed up of a step."""

    holds = Figures.holds


def make_row(**changes):
    figures = dict(one_step_holds=True, polyak_lojasiewicz_holds=True, one_step_vacuous=False)
    figures |= dict(polyak_lojasiewicz_vacuous=False, decrease=1.0, gradient_norm=1.0, points=4)
    figures |= dict(contraction_holds=True, contraction_vacuous=True, fell=None, step=0)
    figures |= dict(repeat=0, w2_squared=1.0, w2_squared_lower=1.0, w2_squared_upper=1.0)
    return Row(**figures | dict(mass_error=1e-9) | changes)


def make_found(*rows, rasterisation=0.0):
    return Found(list(rows), [], None, None, None, [], [], rasterisation, 1.0, {}, {})


def test_inequalities_hold_if_both_do_on_every_row():
    good = make_row()
    assert make_found(good, good).holds
    assert not make_found(good, make_row(one_step_holds=False)).holds
    assert not make_found(good, make_row(polyak_lojasiewicz_holds=False)).holds
    assert not make_found(good, make_row(contraction_holds=False)).holds


def test_a_rise_that_intervals_prove_is_shouted():
    rows = [make_row(), make_row(step=1, fell=True), make_row(step=2, fell=False)]
    told = dict(list_lloyd_rows(make_found(*rows), None))["descent"]
    assert told == "W2² fell at 1 of 2 steps by its certified intervals, and ROSE at 1"


def test_vacuous_rows_are_counted_by_their_inequality():
    one, other = make_row(one_step_vacuous=True), make_row(polyak_lojasiewicz_vacuous=True)
    found = make_found(one, other, other)
    assert (found.vacuous_one_steps, found.vacuous_polyak_lojasiewicz) == (1, 2)
    told = dict(list_lloyd_rows(found, None))["inequalities"]
    assert told.endswith("one step on 1 of 3 rows, Polyak–Łojasiewicz on 2 of 3 rows")


def test_people_read_of_the_first_run_from_its_start_to_its_end():
    rows = [
        make_row(w2_squared=9.0, mass_error=1e-3),
        make_row(step=2, w2_squared=5.0, w2_squared_lower=4.5, w2_squared_upper=5.5),
        make_row(repeat=1, w2_squared=8.0),
        make_row(repeat=1, step=3, w2_squared=7.0),
    ]
    told = dict(list_lloyd_rows(make_found(*rows, rasterisation=0.12341), None))
    assert told["4 points"] == ("W2² 9 at the start, 5 after 2 steps, certified within [4.5, 5.5]")
    assert told["mass error"] == "1.0e-03"
    assert told["rasterisation"] == "W2 to the formula at most 0.124"


def test_animations_show_one_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    words = "lloyd uniform --pixels 4 -n 2,3 --repeat 2 --start uniform --steps 1 -q"
    for more in ("--animate a.gif", "-n 2 --repeat 1 --animate b.gif"):
        result = CliRunner().invoke(main, f"{words} {more}".split(), catch_exceptions=False)
        assert result.exit_code == 0
    with PIL.Image.open("a.gif") as film:
        assert film.n_frames == 2
    assert (tmp_path / "a.gif").read_bytes() == (tmp_path / "b.gif").read_bytes()


def test_a_picture_of_a_step_is_that_of_the_first_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    words = "lloyd uniform --pixels 4 -n 3 --start uniform --steps 0 -q"
    for more in ("--repeat 2 --frames a.svg", "--frames b.svg"):
        result = CliRunner().invoke(main, f"{words} {more}".split(), catch_exceptions=False)
        assert result.exit_code == 0
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()


def test_memory_is_announced_for_the_largest_part(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    pixels = np.full((6, 8, 3), 255, np.uint8)
    pixels[:5] = [0, 255, 255]
    pixels[5:] = [255, 0, 255]
    save(tmp_path / "a.png", pixels)
    asked = []

    def predict(count, *_, **__):
        asked.append(count)
        raise SystemExit

    monkeypatch.setattr(stipple_run, "predict_stippling", predict)
    monkeypatch.setattr("stipple.machine.memory.predict_stippling", predict)
    inks = "stipple a.png -n 12 --color cmyk -o a.csv"
    for words in (inks, f"{inks} --overlap allow", "lloyd uniform -n 3,7 --pixels 2"):
        CliRunner().invoke(main, words.split(), catch_exceptions=False)
    assert asked == [12, 10, 7]


def test_the_distances_on_the_line_are_written_as_two_ends():
    row = {"n": 2, "radius": 0.5, "worst_point": 1, "scaled_radius": 1.0, "lower_bound": 0.25}
    row |= {"ratio": 2.0, "w1": 0.125, "w2": 1 / 3, "w_infinity": 0.5}
    row |= {"order": 2.0, "wp_lower": 0.25, "wp_upper": 0.5, "scaled_wp": 1.0}
    found = FoundPoints(Points(2, 1, 0, None, None, "bisection"), np.zeros((2, 1)), row)
    told = dict(list_sequence_rows(found))["dyadic"]
    ends = [part.partition(" = ")[2].split(" to ") for part in told.split(", ")]
    for (lower, upper), value in zip(ends, (0.125, 1 / 3, 0.5), strict=True):
        assert float(lower) < value < float(upper)


def test_no_more_failures_are_listed_than_can_be_read(capsys):
    tell_failures([str(number) for number in range(MOST_FAILURES_SHOWN + 1234)])
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "Error: 0"
    assert lines[-2] == f"Error: {MOST_FAILURES_SHOWN - 1}"
    assert lines[-1] == "Error: and 1,234 more."
    tell_failures(["0"] * MOST_FAILURES_SHOWN)
    assert len(capsys.readouterr().err.splitlines()) == MOST_FAILURES_SHOWN


def test_pairs_are_read_by_the_names_of_their_columns(tmp_path):
    path = tmp_path / "pairs.csv"
    path.write_bytes(
        b"\xef\xbb\xbfnote, B ,a\r\none,q.png, p.png\r\ntwo,q.png,p.png\r\n\r\nx,s,r\r\n"
    )
    assert read_pairs(str(path)) == [("p.png", "q.png"), ("r", "s")]


def test_a_barycentre_is_measured_against_the_mixture_with_its_shares(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "near.csv").write_text("0,0\n0,1\n", encoding="utf-8")
    (tmp_path / "far.csv").write_text("8,0\n8,1\n", encoding="utf-8")
    words = "edot near.csv far.csv --barycenter --lambda 1,3 -m 1 -o a.csv --report a.json -q"
    assert CliRunner().invoke(main, words.split(), catch_exceptions=False).exit_code == 0
    (found,) = read_json(tmp_path / "a.json")["runs"]
    assert found["positions"] == [pytest.approx([6, 0.5])]
    # The variance of the mixture: 64 · 1/4 · 3/4 across, 1/4 along.
    for name in ("cost_lower", "cost_upper"):
        assert found[name] == pytest.approx(12.25)
