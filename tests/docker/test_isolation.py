"""A program that tries to get out of its container, measured like any other: nothing that it tries is allowed."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.docker, pytest.mark.go, pytest.mark.slow]

_ROOT = Path(__file__).parents[2]
_LEAST = {"network": 10, "write": 21, "privilege": 17, "fork": 1, "remains": 5, "read": 16, "pipe": 1}
"""How many attempts of each kind there are."""


@pytest.mark.usefixtures("go_toolchain")
def test_every_way_out_is_closed(tmp_path: Path) -> None:
    """Network, writing outside the tmpfs, privileges, more processes than its share, what others left, the host's files.

    Each is tried from inside, by two replicates after each other in one container.
    """
    done = subprocess.run(
        [
            *(sys.executable, "-m", "lab", "--root", str(_ROOT / "tests/labs/escape")),
            *("run", "scenario", "escape", "--engine", "docker", "--results", str(tmp_path), "--json"),
        ],
        cwd=_ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    cells = {cell["id"]: cell for cell in json.loads(done.stdout)["cells"]}
    (record,) = tmp_path.glob("*/runs.jsonl")
    said = [json.loads(line)["stderr"]["text"] for line in record.read_text().splitlines()]

    assert {name: cell["outcomes"] for name, cell in cells.items()} == {key: {"exit": 2} for key in _LEAST}
    assert [line for text in said for line in text.splitlines() if line.startswith("allowed:")] == []
    assert {name: cell["metrics"]["allowed"]["measured"]["values"] for name, cell in cells.items()} == (
        {key: [0.0, 0.0] for key in _LEAST}
    )
    for name, cell in cells.items():
        assert min(cell["metrics"]["tried"]["measured"]["values"]) >= _LEAST[name]
