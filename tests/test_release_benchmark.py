"""The comparison of two releases: its cases can run, and its rows say what was measured."""

import sys
from pathlib import Path
from typing import Any

import pytest
from command import ROOT


@pytest.fixture
def release(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(ROOT / "benchmarks")
    import release

    yield release
    for name in ("stamp", "release", "release_cases"):
        sys.modules.pop(name, None)


def test_the_code_of_all_cases_is_python(release: Any) -> None:
    for case in release.CASES:
        for measure in filter(None, (case.measure, case.base_measure)):
            compile(release.WORKER.format(prepare=case.prepare, measure=measure), case.name, "exec")
            assert "value = " in measure


def test_a_case_runs_in_a_process_of_its_own(release: Any) -> None:
    prepare = "assert os.listdir() == []\nassert 'PYTHONPATH' not in os.environ\nlast = 3\n"
    measure = (
        "value = sum(i for i in range(10**6)) + last + int(os.environ['OPENBLAS_NUM_THREADS'])"
    )
    (found,) = release.run(Path(sys.executable), prepare, measure, 4, 60)
    assert found.value == str(499_999_500_000 + 7)
    assert 0 < found.processor < 10
    assert found.wall > 0


def test_a_run_that_fails_or_does_not_end_is_told_and_not_repeated(release: Any) -> None:
    python = Path(sys.executable)
    assert not list(release.run(python, "", "value = 1 / 0", None, 60))
    assert not list(release.run(python, "", "time.sleep(60); value = 1", None, 0.5))
    case = release.Case("solving", "ratio ≥ 2", "", "value = 1", "print('tried'); value = nothing")
    before, after = release.measure_in_turn(case, python)
    assert not before
    assert len(after) == 3
    row = release.describe_case(case, (before, after))
    assert row.startswith("| solving | ratio ≥ 2 | failed, or did not end | 0.0")
    assert row.endswith(" |  |  | 1 |")


def test_rows_tell_the_least_times_and_their_ratio(release: Any) -> None:
    case = release.Case("solving", "ratio ≥ 2", "", "value = 1")
    old = [release.Run(9.0, 5.0, "q .17"), release.Run(8.0, 6.0, "q .16")]
    new = [release.Run(2.0, 1.5, "q .15"), release.Run(3.0, 1.0, "q .14")]
    assert release.describe_case(case, (old, new)) == (
        "| solving | ratio ≥ 2 | 8.00 s, 6.00 s | 2.00 s, 1.50 s | 4.00 | q .16 | q .15 |"
    )
    page = release.write_page("abc1234", [release.describe_case(case, None)])
    assert "`make bench-release`" in page
    assert "Before is commit abc1234" in page
    rows = [line for line in page.splitlines() if line.startswith("|")]
    assert rows[-1] == "| solving | ratio ≥ 2 | not run: `HEAVY=1` | | | | |"
    assert {row.count("|") for row in rows} == {8}


def test_an_unknown_commit_is_refused(release: Any) -> None:
    with pytest.raises(SystemExit, match="no commit"):
        release.install("not-a-commit")
