"""once-deadlock in containers: its quick run."""

import json
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

from lab.published import SCHEMAS

pytestmark = [pytest.mark.docker, pytest.mark.go, pytest.mark.slow]

_ROOT = Path(__file__).parents[2]


@pytest.mark.usefixtures("go_toolchain")
def test_a_quick_run_ends_as_foretold(tmp_path: Path) -> None:
    """Every ending that no race decides agrees; a hang ends by its limit; the delay has its metric; nothing is a failure."""
    command = [sys.executable, "-m", "lab", "run", "scenario", "once-deadlock", "--quick", "--json"]
    options = ["--engine", "docker", "--costs", "packaged", "--no-calibrate", "--results", str(tmp_path)]

    done = subprocess.run(
        [*command, *options], cwd=_ROOT, capture_output=True, text=True, timeout=120, check=False
    )

    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    jsonschema.validate(result, SCHEMAS["run"].model_json_schema())
    cells = {cell["id"]: cell for cell in result["cells"]}
    assert {
        name: (cell["outcome"]["measured"], cell["outcome"]["verdict"])
        for name, cell in cells.items()
        if not name.startswith("crossed_by_chance")
    } == {
        "nested": ({"exit": 9}, "agrees"),
        "reentrant": ({"deadlock": 9}, "agrees"),
        "crossed": ({"deadlock": 9}, "agrees"),
        "crossed-sleeper": ({"hang": 9}, "agrees"),
        "slow-p1": ({"exit": 9}, "agrees"),
        "slow-p2": ({"exit": 9}, "agrees"),
    }
    assert cells["crossed-sleeper"]["outcomes"] == {"timeout": 9}
    waits = cells["slow-p2"]["metrics"]["once_wait_ns"]["measured"]
    assert min(waits["values"]) > 9.9e6
