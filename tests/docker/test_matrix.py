"""A matrix over both engines: the same cells in a container and on the host, as one run."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from lab.store import RunFolder

pytestmark = pytest.mark.docker

_ROOT = Path(__file__).parents[2]


@pytest.mark.usefixtures("engine")
def test_both_engines_are_in_one_run(tmp_path: Path) -> None:
    """Each cell where it was asked for; both are described, and both have costs of their own."""
    done = subprocess.run(
        [
            *(
                sys.executable,
                "-m",
                "lab",
                "--root",
                str(_ROOT / "tests" / "labs" / "several"),
                "matrix",
                "run",
                "both",
            ),
            *("--engine", "docker", "--no-calibrate", "--json", "--results", str(tmp_path)),
        ],
        cwd=_ROOT,
        env=dict(os.environ),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    plan = RunFolder(Path(told["record"])).plan()
    engines = {cell.id: cell.engine for cell in plan.cells}
    assert engines["naps:nap_10ms"] == engines["naps:nap_10ms-docker"] == engines["stuck:select"] == "docker"
    assert engines["naps:nap_10ms-host"] == "host"
    assert set(told["costs_by_engine"]) == {"docker", "host"}
    assert plan.provenance["engine"]["engine"] == "docker"
    assert plan.provenance["other_engines"]["host"]["isolation"] == "none"
    assert {cell["id"]: cell["outcomes"] for cell in told["cells"]} == {
        cell: {"deadlock" if cell.startswith("stuck") else "exit": 3} for cell in engines
    }
