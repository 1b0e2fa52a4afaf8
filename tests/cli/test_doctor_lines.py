"""What `stipple doctor` makes of its findings."""

import json

import pytest
from click.testing import CliRunner

from stipple.cli import main
from stipple.cli.doctor import diagnosis
from stipple.cli.doctor.diagnosis import Finding

GOOD = Finding("packages", "numpy", "ok", "2.0")
REPLACED = Finding("packages", "pysdot", "fallback", "not installed", "Qhull takes its place.")
BROKEN = Finding("compiler", "gcc", "broken", "none", "install one.")


@pytest.mark.parametrize("findings", [[GOOD, REPLACED], [GOOD, REPLACED, BROKEN]])
def test_only_what_is_broken_fails(monkeypatch, findings):
    monkeypatch.setattr(diagnosis, "diagnose", lambda: findings)
    broken = BROKEN in findings
    plain = CliRunner().invoke(main, ["doctor"], catch_exceptions=False)
    assert plain.exit_code == broken
    last = "Broken: gcc." if broken else "stipple works here."
    assert plain.stdout.splitlines()[-1] == last
    assert ("BROKEN  gcc     none" in plain.stdout) == broken
    told = CliRunner().invoke(main, ["doctor", "--json"], catch_exceptions=False)
    assert told.exit_code == broken
    report = json.loads(told.stdout)
    assert report["works"] is not broken
    assert list(report["packages"]) == ["numpy", "pysdot"]
