"""The scenario sched-starvation as a user runs it: parked goroutines leave their Ps idle, and a trace and counters come from cells of their own."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.docker, pytest.mark.go, pytest.mark.slow]

_ROOT = Path(__file__).parents[2]
_TRACED = "selecting-200ms-probe_off-trace_10-p4"
_COUNTED = "selecting-200ms-probe_off-counted_on-p4"
_QUOTA = "serving-600ms-p2-quota_0.5"
_CELLS = ("selecting-p1", "spinning-n4-300ms-p1", _TRACED, _COUNTED, _QUOTA)


@pytest.mark.usefixtures("go_toolchain")
def test_a_run_measures_and_predicts(tmp_path: Path) -> None:
    """Every replicate ends well; a quota is kept; four hogs keep another goroutine from the only P, a hundred parked ones do not."""
    command = [sys.executable, "-m", "lab", "run", "scenario", "sched-starvation", "--engine", "docker"]
    only = [word for cell in _CELLS for word in ("--only", cell)]
    short = ["--runs", "3", "--costs", "packaged", "--no-calibrate", "--results", str(tmp_path), "--json"]

    done = subprocess.run(
        [*command, *only, *short], cwd=_ROOT, capture_output=True, text=True, timeout=300, check=False
    )

    assert done.returncode == 0, done.stderr
    cells = {cell["id"]: cell for cell in json.loads(done.stdout)["cells"]}
    assert {name: cell["outcomes"] for name, cell in cells.items()} == {name: {"exit": 3} for name in _CELLS}
    values = {
        (name, metric): found["measured"]["values"]
        for name, cell in cells.items()
        for metric, found in cell["metrics"].items()
        if found.get("measured")
    }
    assert min(values["selecting-p1", "probe_turns"]) >= 10
    assert min(values["spinning-n4-300ms-p1", "probe_late_ns"]) > 5e6
    assert min(values[_TRACED, "idleprocs"]) >= 3
    assert max(values[_COUNTED, "looks_per_s"]) < 100_000
    assert max(values[_QUOTA, "cpu_us_per_s"]) < 0.7e6
    assert cells["selecting-p1"]["metrics"]["probe_late_ns"]["predicted"]["estimate"] > 0
    assert (_TRACED, "probe_late_ns") not in values
