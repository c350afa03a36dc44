"""sched-starvation in containers: its quick run, and a quota that is kept."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.docker, pytest.mark.go, pytest.mark.slow]

_ROOT = Path(__file__).parents[2]
_TRACED = "selecting-200ms-probe_off-trace_10-p4"
_COUNTED = "selecting-200ms-probe_off-counted_on-p4"
_QUOTA = "serving-600ms-p2-quota_0.5"
_CLAIMS = ("3.1a", "3.1b", "3.1c")


def _run(results: Path, *words: str) -> dict[str, Any]:
    """What the command says in JSON."""
    command = [sys.executable, "-m", "lab", "run", "scenario", "sched-starvation", "--engine", "docker"]
    usual = ["--costs", "packaged", "--no-calibrate", "--results", str(results), "--json"]
    done = subprocess.run(
        [*command, *usual, *words], cwd=_ROOT, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def _values(told: dict[str, Any]) -> dict[tuple[str, str], list[float]]:
    """By cell and metric."""
    return {
        (cell["id"], name): found["measured"]["values"]
        for cell in told["cells"]
        for name, found in cell["metrics"].items()
        if found.get("measured")
    }


@pytest.mark.usefixtures("go_toolchain")
def test_a_quick_run_measures_and_predicts(tmp_path: Path) -> None:
    """Every replicate ends well, no claim is without a measurement; hogs keep another goroutine from the only P, parked ones do not."""
    told = _run(tmp_path, "--quick")

    replicates = {cell["id"]: cell["outcomes"] for cell in told["cells"]}
    assert len(replicates) >= 12
    assert set(map(str, replicates.values())) == {str({"exit": 3})}
    values = _values(told)
    assert min(values["selecting-p1", "probe_turns"]) >= 10
    assert min(values["spinning-n4-300ms-p1", "probe_late_ns"]) > 5e6
    assert min(values[_TRACED, "idleprocs"]) >= 3
    assert max(values[_COUNTED, "looks_per_s"]) < 100_000
    assert max(values[_COUNTED, "sysmon_us_per_s"]) < max(values[_COUNTED, "counted_cpu_us_per_s"])
    assert (_TRACED, "probe_late_ns") not in values
    (parked,) = (cell for cell in told["cells"] if cell["id"] == "selecting-p1")
    assert parked["metrics"]["probe_late_ns"]["predicted"]["estimate"] > 0
    verdicts = {claim["id"]: claim["verdict"] for claim in told["claims"]}
    assert [each for each in _CLAIMS if verdicts[each] == "not measured yet"] == []


@pytest.mark.usefixtures("go_toolchain")
def test_a_quota_is_kept(tmp_path: Path) -> None:
    """What serves requests under half a CPU uses no more, whatever GOMAXPROCS is."""
    told = _run(tmp_path, "--only", _QUOTA, "--runs", "2")

    values = _values(told)
    assert max(values[_QUOTA, "cpu_us_per_s"]) < 0.7e6
    assert min(values[_QUOTA, "served_per_s"]) > 0
