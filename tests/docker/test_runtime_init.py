"""The quick cells of runtime-init in containers: built over the stamps, measured, and read by inittrace."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.docker, pytest.mark.go, pytest.mark.slow]

_ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def cells(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """What a quick run says of each cell."""
    results = tmp_path_factory.mktemp("results")
    run = ["run", "scenario", "runtime-init", "--quick", "--engine", "docker", "--results", str(results)]
    done = subprocess.run(
        [sys.executable, "-m", "lab", *run, "--no-calibrate", "--json"],
        cwd=_ROOT,
        capture_output=True,
        text=True,
        timeout=500,
        check=True,
    )
    return {cell["id"]: cell for cell in json.loads(done.stdout)["cells"]}


def test_every_quick_cell_comes_to_its_end(cells: dict[str, dict[str, Any]]) -> None:
    """With a value of each of its metrics in every replicate."""
    assert {cell: each["outcomes"] for cell, each in cells.items()} == {
        "none": {"exit": 5},
        "http": {"exit": 5},
        "none-stamps_off": {"exit": 5},
        "http-godebug_inittrace=1": {"exit": 5},
    }
    assert {metric["measured"]["n"] for each in cells.values() for metric in each["metrics"].values()} == {5}


def test_what_is_predicted_is_what_threads_decide(cells: dict[str, dict[str, Any]]) -> None:
    """And nothing of what the runtime or a package computes."""
    predicted = {name for name, metric in cells["none"]["metrics"].items() if metric["predicted"]}

    assert predicted == {"sysmon_ns", "sysmon_runs_ns", "gcenable_ns"}


def test_inittrace_names_as_many_packages_as_were_stamped(cells: dict[str, dict[str, Any]]) -> None:
    """And the runtime's own, of which there are more than one; nothing was lost."""
    traced = cells["http-godebug_inittrace=1"]["metrics"]
    packages = traced["packages"]["measured"]["values"]

    assert packages == cells["http"]["metrics"]["packages"]["measured"]["values"]
    assert all(
        more > few
        for more, few in zip(traced["inittrace_packages"]["measured"]["values"], packages, strict=True)
    )
    assert traced["packages_lost"]["measured"]["values"] == [0] * 5
