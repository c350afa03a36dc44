"""The scenarios of the locks as a user runs them, in containers: a quick run, and more goroutines than memory."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.docker, pytest.mark.go, pytest.mark.slow]

_ROOT = Path(__file__).parents[2]


def _measured(
    tmp_path: Path, name: str, *arguments: str, code: int, claims: tuple[str, ...] = ()
) -> dict[str, Any]:
    """Each cell by its name; some of each of *claims* was measured."""
    command = [sys.executable, "-m", "lab", "run", "scenario", name, "--engine", "docker", *arguments]
    always = ["--costs", "packaged", "--no-calibrate", "--results", str(tmp_path), "--json"]
    done = subprocess.run(
        [*command, *always], cwd=_ROOT, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == code, done.stderr
    said = json.loads(done.stdout)
    whys = {claim["id"]: claim["why"] for claim in said["claims"]}
    assert all("supported" in whys[each] or "refuted" in whys[each] for each in claims)
    return {cell["id"]: cell for cell in said["cells"]}


@pytest.mark.usefixtures("go_toolchain")
def test_a_quick_run_of_the_mutex_has_dumps_and_what_is_predicted(tmp_path: Path) -> None:
    """What is too short to be simulated is measured all the same, and says why it is not predicted."""
    only = [word for cell in ("contend-0s-p2", "contend-sleep-*", "dump") for word in ("--only", cell)]
    cells = _measured(tmp_path, "mutex-contention", "--quick", "--runs", "2", *only, code=0, claims=("3.3c",))

    assert {tuple(cell["outcomes"].items()) for cell in cells.values()} == {(("exit", 2),)}
    short = cells["contend-0s-p2"]["metrics"]["ops_per_s"]
    asleep = cells["contend-sleep-10ms-window_200ms"]["metrics"]["ops_per_s"]
    assert short["not_predicted"].startswith("sections shorter than 10 µs")
    assert all(value > 10_000 for value in short["measured"]["values"])
    assert 90 < asleep["predicted"]["estimate"] <= 100
    assert cells["dump"]["metrics"]["waiters_said_mutex_lock"]["measured"]["values"] == [50, 50]


@pytest.mark.usefixtures("go_toolchain")
def test_a_quick_run_of_the_rwmutex_measures_and_predicts(tmp_path: Path) -> None:
    """Readers that come behind a waiting writer wait for both, readers that sleep share the lock; each has its prediction."""
    cells = _measured(tmp_path, "rwmutex-contention", "--quick", "--runs", "2", code=0, claims=("3.3d",))

    assert {tuple(cell["outcomes"].items()) for cell in cells.values()} == {(("exit", 2),)}
    behind = cells["arrive-10ms"]["metrics"]["behind_writer_wait_ns"]
    asleep = cells["contend-sleep-10ms-window_200ms"]["metrics"]["ops_per_s"]
    least = cells["arrive-10ms"]["metrics"]["least_behind_writer_wait_ns"]
    assert all(value >= 15e6 for each in (behind, least) for value in each["measured"]["values"])
    assert all(value > 200 for value in asleep["measured"]["values"])
    assert 20e6 <= behind["predicted"]["estimate"] < 22e6
    assert asleep["predicted"]["estimate"] > 1000


@pytest.mark.usefixtures("go_toolchain")
def test_a_million_goroutines_are_killed_for_want_of_memory(tmp_path: Path) -> None:
    """2 KiB of stack each are more than the limit of the manifest: an outcome, and no prediction."""
    arguments = ("--set", "goroutines=1000000", "--runs", "1")
    (cell,) = _measured(tmp_path, "mutex-contention", *arguments, code=6).values()

    assert {ending: n for ending, n in cell["outcomes"].items() if n} == {"oom": 1}
    assert cell["metrics"]["ops_per_s"]["not_predicted"].startswith("more than 20,000 goroutines")
