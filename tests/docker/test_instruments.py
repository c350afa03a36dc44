"""Instruments in containers: one small scenario, plain, with sched and with dump."""

import json
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

from lab.published import SCHEMAS

pytestmark = [pytest.mark.docker, pytest.mark.go, pytest.mark.slow]

_ROOT = Path(__file__).parents[2]
_COMMAND = (
    "run", "scenario", "once-deadlock", "--set", "variant=slow,reentrant", "--gomaxprocs", "2", "--with", "sched,dump", "--runs", "3", "--json",
    "--engine", "docker", "--costs", "packaged", "--no-calibrate", "--results",
)  # fmt: skip


@pytest.mark.usefixtures("go_toolchain")
def test_each_instrument_has_cells_of_its_own(tmp_path: Path) -> None:
    """Series and dumps are there, what the instrument costs is beside them, and the plain cells know nothing of it."""
    done = subprocess.run(
        [sys.executable, "-m", "lab", *_COMMAND, str(tmp_path)],
        cwd=_ROOT,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    jsonschema.validate(result, SCHEMAS["run"].model_json_schema())
    cells = {cell["id"]: cell for cell in result["cells"]}
    assert set(cells) == {
        f"{variant}-p2{ending}"
        for variant in ("slow", "reentrant")
        for ending in ("", "-with_sched", "-with_dump")
    }
    assert {name: cell["looked"] for name, cell in cells.items() if cell["levels"]["with"] == "plain"} == {
        "slow-p2": None,
        "reentrant-p2": None,
    }

    sched = cells["slow-p2-with_sched"]
    looked, series = sched["looked"], sched["looked"]["course"]["series"]
    assert sched["outcomes"] == {"exit": 3}
    assert looked["unread"] == {}
    assert max(series["idleprocs"]["values"]) <= 2
    assert max(series["goroutines_sampled"]["values"]) == 2
    assert sum(series["waits"]["values"]) > 0
    assert len(series["threads_traced"]["at_ns"]) == series["threads_traced"]["count"] >= 2
    ends = series["goroutines_sampled"]["at_ns"]
    assert ends == sorted(ends)
    assert ends[-1] < looked["course"]["wall_ns"]
    assert looked["plain"] == "slow-p2"
    assert {"once_wait_ns", "wall_ns", "cpu_ns"} <= set(looked["disturbance"])
    cost = looked["disturbance"]["once_wait_ns"]
    assert cost["ratio_ci"][0] <= cost["ratio"] <= cost["ratio_ci"][1]
    assert (cost["n_with"], cost["n_plain"]) == (3, 3)

    dumped = cells["slow-p2-with_dump"]
    assert dumped["metrics"] == {}
    assert dumped["outcomes"] == {"exit": 3}
    assert dumped["looked"]["dumps"]["dumped"] == dumped["looked"]["dumps"]["whole"] == 3
    assert dumped["looked"]["dumps"]["unread"] == 0
    states = {group["state"]: group["dumps"] for group in dumped["looked"]["dumps"]["groups"]}
    assert states["sync.Mutex.Lock"] == states["sleep"] == 3
    assert dumped["looked"]["undisturbed"].startswith("nothing before its signal")
    assert cells["slow-p2"]["metrics"]["once_wait_ns"]["measured"]["n"] == 3

    assert set(cells["reentrant-p2"]["outcomes"]) == {"deadlock"}
    page = (Path(result["record"]) / "report.html").read_text()
    assert page.count("<svg") > 5
    assert len(page) < 2_000_000
