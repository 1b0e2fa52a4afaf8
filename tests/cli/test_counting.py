"""One of a kind and several, as people read them."""

from command import invoke

from stipple.cli.shared.counting import count_things


def test_one_is_no_plural(tmp_path, monkeypatch):
    assert [count_things(number, "dot") for number in (0, 1, 2, 5000)] == [
        *("0 dots", "1 dot", "2 dots", "5,000 dots"),
    ]
    monkeypatch.chdir(tmp_path)
    told = invoke("lloyd", "uniform", "-n", 1, "--steps", 1, "--pixels", 8).stderr
    assert "1 point ..." in told
    assert "after 1 step, " in told
    told = invoke("edot", "uniform", "-m", 1, "--steps", 1, "--pixels", 8).stderr
    assert "1 atom ..." in told
    assert "after 1 step\n" in told
