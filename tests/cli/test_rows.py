"""Rows of the table of `stipple bound`, and lines for a person, from parts made by hand."""

from dataclasses import replace
from types import SimpleNamespace

import pytest

from stipple.bounds.displacement import PlanSummary
from stipple.cli.bound import table
from stipple.cli.bound.pairs import read_pairs
from stipple.cli.bound.plan import Settings
from stipple.cli.bound.rows import Row, compare_rows, keep_narrowest, read_table
from stipple.cli.bound.show import COLUMNS, _list_estimates, list_rows
from stipple.cli.bound.table import BoundedPair, fill_table
from stipple.cli.shared.images import Reading
from stipple.files.write import hash_file
from stipple.interval import Interval
from stipple.machine.failures import Failure
from stipple.measures.tone import Tone

SETTINGS = Settings(
    reading=Reading(Tone(), None, 100),
    order=2.0,
    method="auto",
    block=8,
    gap=0.01,
    time_limit=None,
    unit="pixel",
    pixels="points",
    engine="auto",
    device="auto",
    threads=None,
    quiet=True,
)


@pytest.fixture
def row(tmp_path, monkeypatch):
    """A row of the files a and b, beside which there is c."""
    monkeypatch.chdir(tmp_path)
    for name in "abc":
        (tmp_path / name).write_text(name, encoding="utf-8")
    return Row("a", "b", "1.0", "1.01", "0.01", "2.5", hash_file("a"), hash_file("b"), "p=2")


def test_a_row_is_done_if_nothing_has_changed_and_its_gap_suffices(row):
    pair = [("a", "b")]
    assert compare_rows([row], pair, "p=2", 0.01) == ([row], [])
    assert compare_rows([row], pair, "p=2", 0.009) == ([row], pair)
    assert compare_rows([row], pair, "p=1", 0.01) == ([row], pair)
    for part in ("lower", "upper", "gap"):
        for text in ("nan", "inf", "-1" if part != "lower" else "2"):
            broken = replace(row, **{part: text})
            assert compare_rows([broken], pair, "p=2", 9.0)[1] == pair
    for part in ("a_hash", "b_hash"):
        assert compare_rows([replace(row, **{part: "0"})], pair, "p=2", 0.01) == ([], pair)
    # Of files of other pairs nothing is known.
    assert compare_rows([row], [("c", "b")], "p=2", 0.01) == ([row], [("c", "b")])


def test_of_a_pair_and_settings_the_narrowest_row_is_kept(row):
    wide, other = replace(row, gap="0.5"), replace(row, settings="p=1")
    assert keep_narrowest([wide, other, row]) == [row, other]
    assert keep_narrowest([row, wide]) == [row]
    assert keep_narrowest([row, replace(wide, a="c")]) == [row, replace(wide, a="c")]
    # A file that has changed has no narrower row.
    changed = replace(wide, b_hash="0")
    assert keep_narrowest([row, changed]) == [changed]


@pytest.mark.usefixtures("row")
def test_a_table_counts_its_pairs(tmp_path, monkeypatch):
    names = ("a,b", "a,c", "b,c", "a,none", "a,b")
    (tmp_path / "pairs.csv").write_text("\n".join(("a,b", *names)), encoding="utf-8")

    def bound_all(_work, pairs, **_):
        for pair in pairs:
            interval = Interval(1.0, 1.25)
            hashes = hash_file(pair[0]) or "", hash_file(pair[1]) or ""
            found = BoundedPair(interval, 0.25, 1.23456, False, hashes)
            yield pair, Failure("no") if pair[1] == "none" else found

    monkeypatch.setattr(table, "run_all", bound_all)
    reporting = SimpleNamespace(quiet=True, verbose=False)
    job = SimpleNamespace(pairs=read_pairs("pairs.csv"), settings=SETTINGS, target="t.csv")
    job = SimpleNamespace(**vars(job), jobs=1, scheduler=None, reporting=reporting)
    summary = fill_table(job)
    assert (summary.pairs, summary.done_before, summary.computed) == (4, 0, 3)
    assert (summary.gap_not_reached, summary.failures) == (3, {("a", "none"): Failure("no")})
    assert summary.sentences == ["a and none: no"]
    assert summary.describe()["failures"] == [
        {"a": "a", "b": "none", "class": "refused", "reason": "no"}
    ]
    assert summary.code == 3
    rows = read_table("t.csv")
    assert [one.pair for one in rows] == [("a", "b"), ("a", "c"), ("b", "c")]
    assert [rows[0].lower, rows[0].upper, rows[0].gap, rows[0].seconds] == [
        "1.0",
        "1.25",
        "0.25",
        "1.235",
    ]
    wide = replace(SETTINGS, gap=0.3)
    other = SimpleNamespace(**{**vars(job), "settings": wide})
    summary = fill_table(other)
    assert (summary.pairs, summary.done_before, summary.computed) == (4, 3, 0)
    (tmp_path / "c").write_text("changed", encoding="utf-8")
    summary = fill_table(other)
    assert (summary.done_before, summary.computed) == (1, 2)


@pytest.mark.usefixtures("row")
def test_a_row_has_the_hashes_of_its_files(monkeypatch):
    found = SimpleNamespace(interval=Interval(1.0, 2.0), gap=1.0, seconds=1.0, reached=False)
    monkeypatch.setattr(table, "read_pair", lambda *_: None)
    monkeypatch.setattr(table, "bound_masses", lambda *_: found)
    assert table._bound(("a", "b"), "", SETTINGS).hashes == (hash_file("a"), hash_file("b"))


@pytest.mark.parametrize(
    "other",
    [
        replace(SETTINGS, order=1.0),
        replace(SETTINGS, unit="side"),
        replace(SETTINGS, pixels="squares"),
        replace(SETTINGS, reading=Reading(Tone(), 8, 100)),
        *(
            replace(SETTINGS, reading=Reading(Tone(**{name: value}), None, 100))
            for name, value in (
                ("invert", True),
                ("gamma", 2.0),
                ("contrast", 2.0),
                ("threshold", 0.5),
                ("alpha", "black"),
            )
        ),
    ],
)
def test_what_changes_the_distance_makes_other_rows(other):
    assert other.defining != SETTINGS.defining


def test_how_it_is_found_makes_no_other_rows():
    other = replace(SETTINGS, method="fast", gap=0.5, threads=3, quiet=False, block=4)
    assert other.defining == SETTINGS.defining


def test_bounds_are_told_rounded_to_their_safe_side():
    levels = [SimpleNamespace(shape=(3, 5)), SimpleNamespace(shape=(6, 10))]
    plan = PlanSummary(4, (1.25, -0.5), 1.0, 2.00001)
    bounds = SimpleNamespace(order=2, unit="side", pixels="points", lower=1 / 3, upper=2 / 3)
    bounds.shape = (6, 10)
    vars(bounds).update(gap=1.0, similar=False, reached=False, stopped="time", method="fast")
    vars(bounds).update(engine=SimpleNamespace(engine="numpy"), estimates=None, levels=levels)
    vars(bounds).update(summarise_plan=lambda: plan, normalised=False, seconds=2.0)
    job = SimpleNamespace(settings=SimpleNamespace(gap=0.01), morph=None)
    told = dict(list_rows(job, bounds))
    assert told["W_2"] == "from 0.3333333333 to 0.6666666667 sides, certified"
    assert told["levels"] == "5×3, 10×6"
    assert told["gap"].startswith("100.1% (0.01 was asked for: NOT reached: the time was up")
    assert "2.001 at most; mean shift (+1.25, -0.5)" in told["plan"]
    assert COLUMNS == ("a", "b", "lower", "upper", "gap", "seconds")


def test_estimates_are_told_rounded_to_their_safe_side():
    kinds = ("minimum_cost", "dual", "weighted_cost", "primal", "total_variation")
    one = SimpleNamespace(distance=1 / 3, seconds=0.5)
    estimates = SimpleNamespace(**dict.fromkeys(kinds, one))
    told = [value.split()[:3] for _, value in _list_estimates(estimates, "pixels")]
    lower, upper = ["lower", "bound", "0.3333333333"], ["upper", "bound", "0.3333333334"]
    assert told == [lower, lower, upper, upper, upper]
