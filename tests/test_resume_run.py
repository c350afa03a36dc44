"""Whole runs that are killed or stopped, and gone on with: real Go programs, real agents."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from lab import resuming
from lab.analysis import analyse
from lab.errors import EnvironmentRefusedError
from lab.resuming import Order
from lab.store import RunFolder, Store
from tests.resumed import Silent

_ROOT = Path(__file__).parent.parent
_LAB = _ROOT / "tests/labs/misbehave"
_RUNS = 24
_BEFORE = 3
"""Replicates that are measured before the run is stopped."""

pytestmark = [pytest.mark.go, pytest.mark.slow, pytest.mark.usefixtures("go_toolchain")]


def _golab(lab: Path, results: Path, *arguments: str) -> list[str]:
    return [sys.executable, "-m", "lab", "--root", str(lab), *arguments, "--results", str(results)]


def _resume(lab: Path, results: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = _golab(lab, results, "resume", *arguments)
    return subprocess.run(command, cwd=_ROOT, capture_output=True, text=True, timeout=120, check=False)


def _stopped(
    lab: Path, results: Path, engine: str, number: int, meanwhile: Callable[[int], object] = lambda _pid: None
) -> RunFolder:
    """A run of naps that was sent signal *number* after some of them."""
    command = _golab(lab, results, "run", "scenario", "misbehave", "--set=how=nap", f"--runs={_RUNS}")
    with subprocess.Popen(
        [*command, "--engine", engine, "--seed=1"], cwd=_ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as run:
        deadline = time.monotonic() + 120
        while not any(path.read_bytes().count(b"\n") >= _BEFORE for path in results.glob("*/runs.jsonl")):
            assert run.poll() is None, run.communicate()
            assert time.monotonic() < deadline
            time.sleep(0.05)
        meanwhile(run.pid)
        os.kill(run.pid, number)
        run.communicate()
    (folder,) = Store(results).runs()
    return folder


@pytest.mark.parametrize("engine", ["host", pytest.param("docker", marks=pytest.mark.docker)])
def test_a_run_that_was_killed_is_gone_on_with(tmp_path: Path, engine: str) -> None:
    """Kill -9 in the middle: every replicate of the plan is there once, in its order, and the run says how it came to that.

    While it runs it is refused, by its pid; when it is finished, too, with what to do instead.
    """

    def still(pid: int) -> None:
        with pytest.raises(EnvironmentRefusedError, match=rf"misbehave-0001 still runs \(pid {pid}\)"):
            resuming.resume(_LAB, None, Order(results=tmp_path), Silent())

    folder = _stopped(_LAB, tmp_path, engine, signal.SIGKILL, still)
    measured = len(tuple(folder.records()))
    assert _BEFORE <= measured < _RUNS
    done = _resume(_LAB, tmp_path, folder.path.name, "--json")
    assert done.returncode == 0, done.stderr
    (cell,) = json.loads(done.stdout)["cells"]

    assert cell["outcomes"] == {"exit": _RUNS}
    assert json.loads(done.stdout)["stopped_by"] == "replicates"
    assert [record.turn for record in folder.records()] == list(folder.plan().turns)
    assert len(folder.resumptions()) == 1
    assert folder.resumptions()[0].lines >= measured
    assert analyse(folder).damage == ""
    assert "gone on with at" in folder.report.read_text()
    assert sorted(path.name for path in folder.path.iterdir()) == [
        *("analysis.json", "costs", "decided.json", "end.json", "plan.json", "predictions.json"),
        *("probes.json", "programs.json", "report.html", "resumed.json", "runs.jsonl", "scenarios"),
    ]
    again = _resume(_LAB, tmp_path, folder.path.name)
    assert again.returncode == 2
    assert "is finished: there is nothing to go on with\n  hint: golab report " in again.stderr


def test_a_program_that_changed_is_refused_with_the_difference(tmp_path: Path) -> None:
    """Its templates were edited: the cell and the lines are named, nothing is measured; put back, the run is gone on with."""
    lab, results = tmp_path / "lab", tmp_path / "results"
    shutil.copytree(_LAB, lab)
    folder = _stopped(lab, results, "host", signal.SIGINT)
    assert folder.stopped_by() == "interrupted"
    lines = (folder.path / "runs.jsonl").read_bytes()
    template = lab / "go_templates/misbehave/main.go"
    kept = template.read_text()
    template.write_text(kept.replace("package main\n", "package main\n\n// Changed since.\n", 1))
    refused = _resume(lab, results)

    assert refused.returncode == 2
    assert "cannot be gone on with as it was begun:\nnap: its program was changed:" in refused.stderr
    assert "--- main.go (as planned)\n+++ main.go (now)\n" in refused.stderr
    assert "+// Changed since." in refused.stderr
    assert (folder.path / "runs.jsonl").read_bytes() == lines
    assert folder.stopped_by() == "interrupted"
    template.write_text(kept)
    assert _resume(lab, results).returncode == 0
    assert [record.turn for record in folder.records()] == list(folder.plan().turns)
