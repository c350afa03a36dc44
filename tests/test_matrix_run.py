"""A matrix, whole: two scenarios and their engines as one plan, one order, one record, one page."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from lab.analysis import analyse
from lab.published import SCHEMAS
from lab.store import RunFolder

pytestmark = [pytest.mark.go, pytest.mark.slow]

_LAB = Path(__file__).parent / "labs" / "several"
_NOWHERE = "unix:///nonexistent/docker.sock"


def _golab(results: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "lab", "--root", str(_LAB), "matrix", *arguments, "--results", str(results)],
        cwd=Path(__file__).parents[1],
        env={**os.environ, "DOCKER_HOST": _NOWHERE},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory, go_toolchain: object) -> tuple[Path, dict[str, Any]]:  # noqa: ARG001
    """The matrix, measured without a container engine."""
    results = tmp_path_factory.mktemp("results")
    done = _golab(results, "run", "both", "--engine", "host", "--no-calibrate", "--json")
    assert done.returncode == 6, done.stderr
    return results, json.loads(done.stdout)


def test_one_record_holds_cells_of_all(measured: tuple[Path, dict[str, Any]]) -> None:
    """By ids that tell the scenarios apart; each ending is judged by what its own scenario expects."""
    _, told = measured

    jsonschema.validate(told, SCHEMAS["run"].model_json_schema())
    outcomes = {cell["id"]: cell["outcomes"] for cell in told["cells"]}
    assert outcomes == {
        "naps:nap_10ms": {"exit": 3},
        "naps:nap_10ms-docker": {"refused": 1},
        "naps:nap_10ms-host": {"exit": 3},
        "naps:nap_20ms": {"exit": 3},
        "naps:nap_20ms-docker": {"refused": 1},
        "naps:nap_20ms-host": {"exit": 3},
        "stuck:select": {"deadlock": 3},
        "stuck:channel": {"deadlock": 3},
    }
    (reason,) = {cell["reasons"]["refused"] for cell in told["cells"] if "refused" in cell["reasons"]}
    assert reason.startswith(f"no engine is at {_NOWHERE}")


def test_one_order_shuffles_all_cells_that_run(measured: tuple[Path, dict[str, Any]]) -> None:
    """Every block holds each once, and the record is in the order of the plan."""
    folder = RunFolder(Path(measured[1]["record"]))
    plan = folder.plan()
    running = {cell.id for cell in plan.cells if not cell.id.endswith("-docker")}

    for block in range(3):
        assert {turn.cell for turn in plan.turns if turn.block == block} == running
    ran = [record.turn for record in folder.records() if record.turn.position >= 0]
    assert ran == list(plan.turns)
    assert {cell.engine for cell in plan.cells} == {"host", "docker"}


def test_a_process_of_each_cell_says_what_took_effect(measured: tuple[Path, dict[str, Any]]) -> None:
    """Before the first replicate, and the record keeps it."""
    probes = json.loads((Path(measured[1]["record"]) / "probes.json").read_text())["cells"]

    assert set(probes) == {cell["id"] for cell in measured[1]["cells"] if "refused" not in cell["outcomes"]}
    for seen in probes.values():
        assert (seen["gogc"], seen["gomemlimit"], seen["godebug"]) == (100, 2**63 - 1, "")
        assert seen["go"] == "go1.27.3"
        assert any(line.startswith("/ ") for line in seen["mounts"])


def test_each_scenario_is_judged_by_its_own_manifest(measured: tuple[Path, dict[str, Any]]) -> None:
    """Predictions, metrics of the same name, and claims."""
    found = analyse(RunFolder(Path(measured[1]["record"])))
    nap = next(cell for cell in found.cells if cell.id == "naps:nap_10ms")
    stuck = next(cell for cell in found.cells if cell.id == "stuck:select")

    assert nap.metrics[0].prediction is not None
    assert nap.metrics[0].prediction.value > 10e6
    assert stuck.metrics[0].not_predicted == "it never ends"
    assert [(claim.id, claim.verdict.value) for claim in found.claims] == [("9.1", "refuted")]


def test_it_is_shown_again_and_its_page_holds_all(measured: tuple[Path, dict[str, Any]]) -> None:
    """By the matrix's name; one page for both scenarios."""
    results, told = measured
    done = _golab(results, "report", "both")

    assert done.returncode == 0, done.stderr
    assert "Naps and waits in one order" in done.stdout
    page = (Path(told["record"]) / "report.html").read_text()
    assert "naps:nap_20ms-host" in page
    assert "stuck:channel" in page
    assert "Main waits for ever" in page


def test_the_plan_says_how_long_it_takes_by_what_it_took(
    measured: tuple[Path, dict[str, Any]], tmp_path: Path
) -> None:
    """Before the first run by time limits, after it by what was seen; nothing is written."""
    unknown, known = _golab(tmp_path / "empty", "plan", "both"), _golab(measured[0], "plan", "both")

    assert "24 cells" not in unknown.stdout
    assert (
        "8 cells of 3 replicates take at most 2 min of programs (nothing like 8 of the cells"
        in unknown.stdout
    )
    assert "by 1 earlier run; 2 cells that never ran count as others of their scenario" in known.stdout
    assert not (tmp_path / "empty").exists()


def test_what_takes_long_is_asked_for_twice(measured: tuple[Path, dict[str, Any]], tmp_path: Path) -> None:
    """Beyond the budget, by what it took; beyond an hour, by its limits."""
    days = tmp_path / "days.toml"
    text = (_LAB / "experiments" / "both.toml").read_text()
    days.write_text(text.replace("replicates = 3", "replicates = 9000000").replace('"1m"', '"200h"'))
    over = tmp_path / "over.toml"
    over.write_text(text.replace("replicates = 3", "replicates = 30000"))

    long = _golab(tmp_path / "none", "run", str(days))
    cut = _golab(measured[0], "run", str(over))

    assert (long.returncode, cut.returncode) == (2, 2)
    assert "it may take 8.3 days" in long.stderr
    assert "--yes begins it" in long.stderr
    assert "that would end it after" in cut.stderr


def test_every_mistake_of_a_matrix_is_told_at_once(tmp_path: Path) -> None:
    """Those of its form, scenarios, factors, levels and patterns that are not there, each with its key; a name that is none."""
    wrong = tmp_path / "wrong.toml"
    wrong.write_text(
        """
format = 1
title = "x"
budgets = "1m"
seeds = { order = 1, simulation = 1 }
[[scenarios]]
name = "nap"
[[scenarios]]
name = "naps"
factors = { lenght = ["10ms"], engine = ["podman", "host", "dokcer"], gomaxprocs = ["0"], go = [] }
[[scenarios]]
name = "stuck"
only = ["x*"]
"""
    )
    done, absent = _golab(tmp_path, "plan", str(wrong)), _golab(tmp_path, "plan", "bot")

    assert (done.returncode, absent.returncode) == (2, 2)
    assert "wrong.toml: 9 mistakes" in done.stderr
    for words in (
        "budget: is missing",
        "budgets: there is no such key; did you mean budget?",
        "scenarios[0].name: no scenario is called 'nap' (did you mean naps?)",
        "scenarios[1].factors.lenght: no factor of naps is called 'lenght' (did you mean ",
        "scenarios[1].factors.engine: no level of engine is called 'podman' (there are: auto, docker, host)",
        "scenarios[1].factors.engine: no level of engine is called 'dokcer' (did you mean docker?)",
        "scenarios[1].factors.gomaxprocs: gomaxprocs goes from 1 to 1024, not 0",
        "scenarios[1].factors.go: is empty; at least one is needed",
        "scenarios[2].only: --only and --skip leave none of the 2 cells of stuck (cells: ",
    ):
        assert words in done.stderr
    assert "did you mean both?" in absent.stderr
