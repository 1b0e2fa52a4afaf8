"""`stipple.lloyd`: the public call follows the same steps as the command, in the same units."""

import json

import numpy as np
import pytest
from click.testing import CliRunner

from stipple.cli import main
from stipple.errors import StippleError
from stipple.lloyd_steps.figures import tabulate
from stipple.lloyd_steps.lloyd import lloyd
from stipple.measures.density import Density
from stipple.measures.formula import Domain

IMAGE = np.arange(1.0, 25.0).reshape(4, 6)


def test_trace_is_that_of_the_command(tmp_path):
    np.save(tmp_path / "image.npy", IMAGE)
    words = ["-n", "7", "--steps", "3", "--start", "uniform", "--seed", "5", "--step-size", "0.5"]
    report = tmp_path / "report.json"
    said = CliRunner().invoke(
        main, ["lloyd", str(tmp_path / "image.npy"), *words, "--report", str(report)]
    )
    assert said.exit_code == 0, said.output
    run = lloyd(IMAGE, 7, steps=3, start="uniform", seed=5, step_size=0.5)
    expected = json.loads(report.read_text())["trace"]
    assert len(run.trace) == 4
    for row, other in zip(map(tabulate, run.trace), expected, strict=True):
        assert {**row, "seconds": 0} == {**other, "seconds": 0}


def test_points_and_barycentres_are_in_the_units_of_the_domain():
    start = np.array([[0.2, 0.3], [0.7, 0.4], [0.5, 0.1]])
    first = lloyd(Density(IMAGE), start=start, steps=0)
    assert np.allclose(first.points, start)
    second = lloyd(IMAGE, start=start, steps=1)
    assert np.allclose(second.points, first.barycentres)
    moved = lloyd(Domain(Density(IMAGE), (3.0, -1.0), 2.0), start=start * 12 + [3, -1], steps=1)
    assert np.allclose(moved.points, second.points * 12 + [3, -1])
    assert moved.w2_squared == pytest.approx(144 * second.w2_squared)
    assert second.w2_squared == second.trace[1].w2_squared < first.w2_squared


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"n": 0}, "number of points is 0"),
        ({"steps": -1}, "number of steps is -1"),
        ({"step_size": 2}, "step size is 2"),
        ({"step_size": 0.5, "method": "lbfgs"}, "for the method lloyd"),
        ({"start": "koch"}, "start is 'koch'"),
        ({"start": [[1, 2, 3]]}, r"shape \(1, 3\)"),
        ({"start": [[0.5, 0.9]]}, "1 of the 1 start points lie outside"),
    ],
)
def test_what_makes_no_sense_is_refused(settings, message):
    with pytest.raises(StippleError, match=message):
        lloyd(IMAGE, **settings)
