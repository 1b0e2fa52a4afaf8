"""Batches and cells on a real cluster of processes, one of which is killed in the middle."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from command import read_json, save, start

from stipple.errors import StippleError
from stipple.machine.failures import Failure
from stipple.machine.tasks import run_all

pytest.importorskip("distributed", reason="Dask distributed is not installed")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL here"),
]

WORKERS = 3
# A process of its own: what Dask starts and warns of stays out of the tests.
CLUSTER = f"""
import json, sys
from distributed import LocalCluster

if __name__ == "__main__":
    with LocalCluster(n_workers={WORKERS}, threads_per_worker=1, dashboard_address=None) as cluster:
        print(cluster.scheduler_address, flush=True)
        sys.stdin.read()
"""


@pytest.fixture
def cluster(tmp_path):
    """Address of a scheduler whose workers are in another folder."""
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "cluster.py").write_text(CLUSTER)
    process = subprocess.Popen(
        [sys.executable, tmp_path / "cluster.py"],
        cwd=tmp_path / "elsewhere",
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    yield process.stdout.readline().strip()
    process.communicate("", timeout=60)


def kill_busy_worker(address):
    """Kill a worker while it is at work; return how many tasks were under way."""
    from distributed import Client

    with Client(address) as client:
        for _ in range(1000):
            processing = client.processing()
            busy = [worker for worker, tasks in processing.items() if tasks]
            if busy:
                (process,) = client.run(os.getpid, workers=busy[:1]).values()
                os.kill(process, signal.SIGKILL)
                return len(busy)
            time.sleep(0.01)
    raise AssertionError("no worker is at work")


def wait_for_lines(process, count):
    """Read standard error until so many tasks are done; return what was read."""
    told = b""
    while told.count(b"\n  ") < count:
        line = process.stderr.readline()
        assert line, told
        told += line
    return told


def make_pictures(folder, count):
    names = [f"{number:02d}" for number in range(count)]
    for seed, name in enumerate(names):
        noise = np.random.default_rng(seed).integers(0, 256, (60, 80), dtype=np.uint8)
        save(folder / f"{name}.png", noise)
    return names


def test_images_on_a_cluster_that_loses_a_worker(cluster, tmp_path):
    names = make_pictures(tmp_path, 16)
    (tmp_path / "prose.png").write_text("This is not an image.")
    (tmp_path / "out").mkdir()
    images = [f"{name}.png" for name in [*names, "prose", "missing"]]
    words = ("-n", 1500, "--tolerance", 0, "--iterations", 40, "-v")
    outputs = ("-o", "out/{stem}.svg", "-o", "out/{stem}.csv", "--report", "all.json")
    process = start("stipple", *images, *words, *outputs, "--scheduler", cluster, cwd=tmp_path)
    told = wait_for_lines(process, 3)
    assert kill_busy_worker(cluster) >= 1
    told += process.communicate(timeout=300)[1]
    assert process.returncode == 3, told  # two of them cannot be read
    assert b"Traceback" not in told
    lines = [line.partition(".png: ")[0] for line in told.decode().splitlines()]
    images_told = sorted(Path(line).name for line in lines if line.startswith("  /"))
    assert images_told == sorted([*names, "prose", "missing"])  # nothing twice
    report = read_json(tmp_path / "all.json")
    assert [image["image"] for image in report["images"]] == [
        str(tmp_path / f"{name}.png") for name in names
    ]
    assert [failure["image"] for failure in report["failures"]] == [
        str(tmp_path / f"{name}.png") for name in ("prose", "missing")
    ]
    # Nothing lost, nothing half written, and the same bytes as here.
    written = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert written == sorted(f"{name}.{suffix}" for name in names for suffix in ("csv", "svg"))
    (tmp_path / "here").mkdir()
    alone = start(
        "stipple",
        *images[:2],
        *words,
        "-o",
        "here/{stem}.svg",
        "-o",
        "here/{stem}.csv",
        cwd=tmp_path,
    )
    alone.communicate(timeout=100)
    assert alone.returncode == 0
    for path in (tmp_path / "here").iterdir():
        assert path.read_bytes() == (tmp_path / "out" / path.name).read_bytes()


def test_pairs_on_a_cluster_that_loses_a_worker(cluster, tmp_path):
    count = 9
    for seed in range(count):
        np.save(tmp_path / f"{seed}.npy", np.random.default_rng(seed).random((40, 40)) ** 4)
    words = ("bound", "--all", ".", "--gap", 0.001, "-v")
    process = start(*words, "-o", "table.csv", "--scheduler", cluster, cwd=tmp_path)
    told = wait_for_lines(process, 4)
    assert kill_busy_worker(cluster) >= 1
    told += process.communicate(timeout=300)[1]
    assert process.returncode == 0, told
    assert b"Traceback" not in told
    rows = [line.split(",") for line in (tmp_path / "table.csv").read_text().splitlines()[1:]]
    pairs = [f"{a}.npy {b}.npy" for a in range(count) for b in range(a + 1, count)]
    assert sorted(f"{row[0]} {row[1]}" for row in rows) == pairs
    alone = start(
        "bound", "0.npy", "1.npy", "--gap", 0.001, "-o", "-", "--format", "json", cwd=tmp_path
    )
    told = json.loads(alone.communicate(timeout=100)[0])
    (row,) = [row for row in rows if row[:2] == ["0.npy", "1.npy"]]
    assert [float(number) for number in row[2:4]] == [told["lower"], told["upper"]]


def test_cells_on_a_cluster_that_loses_a_worker(cluster, tmp_path):
    noise = np.random.default_rng(0).integers(0, 256, (200, 300), dtype=np.uint8)
    save(tmp_path / "noise.png", noise)
    words = ("edot", "noise.png", "-m", 2000, "--objective", "full", "-v")
    process = start(*words, "-o", "there.csv", "--scheduler", cluster, cwd=tmp_path)
    told = wait_for_lines(process, 3)
    assert kill_busy_worker(cluster) >= 1
    told += process.communicate(timeout=300)[1]
    assert process.returncode == 0, told
    assert b"Traceback" not in told
    alone = start(*words, "-o", "here.csv", cwd=tmp_path)
    _, told_here = alone.communicate(timeout=300)
    assert alone.returncode == 0, told_here
    # Every cell once, and the same bytes as here.
    assert told.count(b"\n  step") == told_here.count(b"\n  step") > 60
    assert (tmp_path / "there.csv").read_bytes() == (tmp_path / "here.csv").read_bytes()


def test_an_interrupted_batch_leaves_nothing_to_do(cluster, tmp_path):
    from distributed import Client

    images = [f"{name}.png" for name in make_pictures(tmp_path, 30)]
    words = ("-n", 1500, "--tolerance", 0, "--iterations", 40, "-v")
    process = start("stipple", *images, *words, "--scheduler", cluster, cwd=tmp_path)
    wait_for_lines(process, 2)
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=60)
    assert process.returncode == 130, told
    assert told.endswith(b"Interrupted.\n")
    with Client(cluster) as client:
        deadline = time.monotonic() + 60
        while any(client.processing().values()) and time.monotonic() < deadline:
            time.sleep(0.1)
        assert not any(client.processing().values())
    assert len(list(tmp_path.glob("*.svg"))) < 20
    assert not list(tmp_path.glob("*.tmp"))


@pytest.mark.parametrize("way", ["shut down", "killed"])
def test_a_scheduler_that_goes_away_is_told_and_the_report_says_what_was_done(
    cluster, tmp_path, way
):
    from distributed import Client

    images = [f"{name}.png" for name in make_pictures(tmp_path, 12)]
    words = ("-n", 1500, "--tolerance", 0, "--iterations", 20, "--skip-existing", "-v")
    command = ("stipple", *images, *words, "-o", "out/{stem}.svg", "--report", "r.json")
    with Client(cluster) as client:
        scheduler = client.run_on_scheduler(os.getpid)
        process = start(*command, "--scheduler", cluster, cwd=tmp_path)
        told = wait_for_lines(process, 2)
        if way == "shut down":
            client.shutdown()
    if way == "killed":
        os.kill(scheduler, signal.SIGKILL)
    told += process.communicate(timeout=120)[1]
    assert process.returncode == 3, told
    assert b"went away" in told
    assert b"Traceback" not in told
    report = read_json(tmp_path / "r.json")
    done = {image["image"] for image in report["images"]}
    assert report["ended"]["class"] == "cluster"
    assert len(done) >= 2
    assert done.isdisjoint(report["not_done"])
    assert done | set(report["not_done"]) == {str(tmp_path / image) for image in images}
    written = {path.stem for path in (tmp_path / "out").glob("*.svg")}
    assert written >= {Path(image).stem for image in done}
    again = start(*command, cwd=tmp_path)  # what is missing, here
    again.communicate(timeout=120)
    assert again.returncode == 0
    assert len(read_json(tmp_path / "r.json")["images"]) == len(images) - len(written)


def test_tasks_carry_much_data_without_a_warning(cluster):
    data = bytes(20_000_000)
    assert list(run_all(len, [data], jobs=1, scheduler=cluster)) == [(data, len(data))]


def test_a_task_that_kills_every_worker_fails(cluster):
    ((task, outcome),) = run_all(os._exit, [7], jobs=1, scheduler=cluster)
    assert task == 7
    assert isinstance(outcome, Failure)
    assert "every worker that tried it died" in outcome.reason


def only_here(task):
    return task


def test_workers_without_the_same_stipple_are_told(cluster):
    with pytest.raises(StippleError, match="install the same stipple there"):
        list(run_all(only_here, [1, 2], jobs=1, scheduler=cluster))
