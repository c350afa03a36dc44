"""The scenario init-chain as a user runs it: loopback, goroutines before main and the order are what they are in a container, too."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.docker, pytest.mark.go, pytest.mark.slow]

_ROOT = Path(__file__).parents[2]
_CELLS = ("chain", "chain-network-p1", "chain-starts_working-p1", "fan-n12-every-nothing")


@pytest.mark.usefixtures("go_toolchain")
def test_a_quick_run_measures_and_predicts(tmp_path: Path) -> None:
    """Every replicate ends well; a sleep delays main by all of it, and a goroutine runs meanwhile on the only P."""
    command = [sys.executable, "-m", "lab", "run", "scenario", "init-chain", "--quick", "--engine", "docker"]
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
    }
    assert all(value >= 20e6 for value in values["chain", "main_delay_ns"])
    assert values["chain-network-p1", "answering_before_main"] == [1, 1, 1]
    assert values["chain-starts_working-p1", "goroutines_before_main"] == [1, 1, 1]
    assert values["fan-n12-every-nothing", "order_specified"] == [1, 1, 1]
    assert all(start > 20e6 for start in values["chain", "start_to_main_ns"])
    assert cells["chain"]["metrics"]["main_delay_ns"]["predicted"]["estimate"] > 20e6
