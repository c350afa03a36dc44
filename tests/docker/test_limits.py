"""What a container is limited to: set, read back from inside, and seen in what a program can do."""

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from lab.model.run import Record
from lab.store import RunFolder

pytestmark = [pytest.mark.docker, pytest.mark.go, pytest.mark.slow]

_ROOT = Path(__file__).parents[2]
_PERIOD_NS = 100_000_000


def _run(results: Path, *arguments: str, code: int = 0) -> Mapping[str, Any]:
    lab = ("--root", str(_ROOT / "tests/labs/limits"), "run", "scenario", "burn", "--json")
    done = subprocess.run(
        [sys.executable, "-m", "lab", *lab, "--results", str(results), *arguments],
        cwd=_ROOT,
        env=dict(os.environ),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == code, done.stderr
    return json.loads(done.stdout)  # type: ignore[no-any-return]


def _records(told: Mapping[str, Any], cell: str) -> list[Record]:
    return [record for record in RunFolder(Path(told["record"])).records() if record.turn.cell == cell]


def _grown(record: Record, signal: str) -> int:
    return record.signals["after"][signal] - record.signals["before"][signal]


@pytest.mark.usefixtures("engine")
def test_a_quota_takes_the_cpu_away_and_each_replicate_starts_without_debt(tmp_path: Path) -> None:
    """200 ms of work are throttled at half a CPU; 1 ms beside it takes no part of that.

    However busy the machine is (a free replicate may take as long, then), 50 ms of each 100 are all that it gets: the
    fourth 50 begin after two whole periods at the earliest.
    """
    told = _run(
        tmp_path, "--engine", "docker", "--quota", "unset,0.5", "--set", "spin=1ms,200ms", "--runs", "4"
    )

    free, slow = _records(told, "spin_200ms"), _records(told, "spin_200ms-quota_0.5")
    short = _records(told, "spin_1ms-quota_0.5")
    assert all(record.usable for record in [*free, *slow, *short]), (
        "throttling that was asked for excludes nothing"
    )
    assert min(record.wall_ns for record in slow) > 2.5 * _PERIOD_NS
    assert any(_grown(record, "throttled_periods") > 0 for record in slow)
    assert all(record.waited_ns >= _PERIOD_NS for record in [*slow, *short])
    assert all(record.waited_ns == 0 for record in free)
    # a program of 1 ms that inherits the debt of one of 200 ms waits for most of a period
    assert statistics.median(record.observations["took_ns"][0] for record in short) < _PERIOD_NS / 4
    reasons = {metric["not_predicted"] for cell in told["cells"] for metric in cell["metrics"].values()}
    assert reasons == {"there is no burn.py beside the manifest"}


@pytest.mark.usefixtures("engine")
def test_a_go_line_below_1_25_makes_the_runtime_ignore_the_quota(tmp_path: Path) -> None:
    """It sets GODEBUG containermaxprocs=0, whatever the release that built it."""
    told = _run(tmp_path, "--engine", "docker", "--quota", "1", "--set", "goline=own,old", "--runs", "1")

    procs = {cell["id"]: cell["metrics"]["procs"]["measured"]["values"] for cell in told["cells"]}
    cpus = len(os.sched_getaffinity(0))
    assert procs == {"spin_1ms-quota_1": [min(2, cpus)], "spin_1ms-goline_old-quota_1": [cpus]}


@pytest.mark.usefixtures("engine")
def test_a_cpuset_is_what_the_process_sees(tmp_path: Path) -> None:
    """One CPU, and so one P; all of them by a range."""
    last = len(os.sched_getaffinity(0)) - 1
    told = _run(tmp_path, "--engine", "docker", "--cpuset", f"0,0-{last}", "--runs", "1")

    one, several = "spin_1ms-cpus_0", f"spin_1ms-cpus_0-{last}"
    assert _records(told, one)[0].effective["cpus"] == "0"
    assert _records(told, one)[0].observations["procs"] == (1,)
    assert _records(told, several)[0].observations["procs"] == (last + 1,)


@pytest.mark.usefixtures("engine")
def test_memory_below_what_is_touched_is_an_outcome(tmp_path: Path) -> None:
    """The kernel ends the program, and that is what is told."""
    told = _run(
        tmp_path,
        "--engine",
        "docker",
        "--memory",
        "32MiB,256MiB",
        "--set",
        "touch=128MiB",
        "--runs",
        "2",
        code=6,
    )

    assert {cell["id"]: cell["outcomes"] for cell in told["cells"]} == {
        "spin_1ms-touch_128MiB-memory_32MiB": {"oom": 2},
        "spin_1ms-touch_128MiB-memory_256MiB": {"exit": 2},
    }


@pytest.mark.usefixtures("engine")
def test_the_least_memory_is_enough_to_live(tmp_path: Path) -> None:
    """For the agent and the start of a program."""
    told = _run(tmp_path, "--engine", "docker", "--memory", "16MiB", "--runs", "3")

    assert told["cells"][0]["outcomes"] == {"exit": 3}


@pytest.mark.usefixtures("engine")
def test_what_cannot_be_given_is_refused_and_the_rest_runs(tmp_path: Path) -> None:
    """A CPU that is not there, a quota of more than all, a limit on the host: each with its reason."""
    cpus = os.cpu_count() or 1
    told = _run(
        tmp_path,
        *("--engine", "docker", "--set", "engine=docker,host", "--cpuset", f"0,{cpus}", "--runs", "1"),
        code=6,
    )

    outcomes = {cell["id"]: (cell["outcomes"], cell["reasons"].get("refused", "")) for cell in told["cells"]}
    assert outcomes["spin_1ms-docker-cpus_0"] == ({"exit": 1}, "")
    assert outcomes[f"spin_1ms-docker-cpus_{cpus}"][0] == {"refused": 1}
    assert f"names CPU {cpus}" in outcomes[f"spin_1ms-docker-cpus_{cpus}"][1]
    assert outcomes["spin_1ms-host-cpus_0"][0] == {"refused": 1}
    assert "the engine host cannot limit a program (cpuset 0)" in outcomes["spin_1ms-host-cpus_0"][1]


@pytest.mark.usefixtures("engine")
def test_a_setting_of_the_runtime_reaches_it(tmp_path: Path) -> None:
    """And is not predicted: the simulator knows none."""
    told = _run(
        tmp_path, "--engine", "docker", "--godebug", "containermaxprocs=0", "--quota", "1", "--runs", "1"
    )

    (cell,) = told["cells"]
    assert cell["metrics"]["procs"]["measured"]["values"] == [len(os.sched_getaffinity(0))]


_TMPFS, _OVERLAY = 0x01021994, 0x794C7630
"""linux/magic.h."""


@pytest.mark.usefixtures("engine")
def test_the_working_folder_lies_on_what_was_asked_for(tmp_path: Path) -> None:
    """In memory, in an image of n layers, on a mount of n layers, on a folder of the machine, on the host itself."""
    told = _run(
        tmp_path,
        *(
            "--engine",
            "docker",
            "--fs",
            "tmpfs,overlay:1,overlay:2,overlay:5,overlay:125,overlay-mount:40,overlay-mount:500,bind,host",
        ),
        *("--runs", "2"),
    )

    def seen(level: str, name: str) -> set[int]:
        cell = "spin_1ms" if level == "tmpfs" else f"spin_1ms-fs_{level}"
        records = _records(told, cell)
        assert len(records) == 2
        return {value for record in records for value in record.observations[name]}

    assert seen("tmpfs", "fs_type") == {_TMPFS}
    overlays = ("overlay:1", "overlay:2", "overlay:5", "overlay:125", "overlay-mount:40", "overlay-mount:500")
    assert [seen(level, "fs_type") for level in overlays] == [{_OVERLAY}] * 6
    assert [seen(level, "layers") for level in overlays] == [{1}, {1}, {3}, {123}, {40}, {500}]
    assert [seen(level, "writable") for level in overlays] == [{0}, {0}, {0}, {0}, {1}, {1}]
    assert seen("bind", "fs_type") == seen("host", "fs_type")
    assert seen("bind", "fs_type").isdisjoint({_TMPFS, _OVERLAY})
    assert seen("bind", "writable") == {1}
    for level in ("tmpfs", *overlays, "bind", "host"):
        assert seen(level, "left_over") == {0}, "the next replicate finds the folder as it was"
    engines = {cell.id: cell.engine for cell in RunFolder(Path(told["record"])).plan().cells}
    assert engines["spin_1ms-fs_host"] == "host"
    assert engines["spin_1ms-fs_bind"] == "docker"
    assert not [
        line for line in Path("/proc/self/mounts").read_text().splitlines() if "golab-folder-" in line
    ]


@pytest.mark.parametrize("level", ["overlay:126", "overlay:0", "overlay-mount:501", "overlay", "ext4"])
def test_what_no_folder_can_lie_on_is_usage(tmp_path: Path, level: str) -> None:
    """More layers than an image may have, for one; with a sentence."""
    lab = ("--root", str(_ROOT / "tests/labs/limits"), "run", "scenario", "burn", "--fs", level)
    done = subprocess.run(
        [sys.executable, "-m", "lab", *lab, "--results", str(tmp_path)],
        cwd=_ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 2
    assert "fs: " in done.stderr
