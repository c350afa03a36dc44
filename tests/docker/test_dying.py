"""An engine that is killed in the middle of a run: what was measured is kept, and nothing of the engine is."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import docker
import pytest

from lab.engine import daemon
from lab.host.owner import PID
from lab.model.run import Ending
from lab.store import RunFolder
from tests.docker.private import golab_engine, left_of

pytestmark = [pytest.mark.docker, pytest.mark.go, pytest.mark.slow, pytest.mark.usefixtures("go_toolchain")]

_ROOT = Path(__file__).parents[2]
_MEASURED = 5
_RUNS = 40


def _started(folder: Path, *options: str, **environment: str) -> subprocess.Popen[str]:
    """A run on the engine of *folder*, its records beside it."""
    command = [sys.executable, "-m", "lab", "--root", str(_ROOT / "tests/labs/misbehave")]
    command += ["run", "scenario", "misbehave", "--engine", "docker", "--set=how=nap"]
    return subprocess.Popen(
        [*command, "--results", str(_results(folder)), *options],
        cwd=_ROOT,
        env=_environment(folder) | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _environment(folder: Path) -> dict[str, str]:
    """This process's, with the engine of *folder* as the only one."""
    kept = {name: value for name, value in os.environ.items() if name != "DOCKER_HOST"}
    return kept | {daemon.FOLDER: str(folder)}


def _results(folder: Path) -> Path:
    return folder.parent / "results"


def _until(run: subprocess.Popen[str], happens: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not happens():
        assert run.poll() is None, run.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.02)


def _has_measured(folder: Path) -> bool:
    return any(path.read_text().count("\n") >= _MEASURED for path in _results(folder).glob("*/runs.jsonl"))


def _containers(folder: Path) -> list[Path]:
    """The cgroups of the engine's containers, in one hierarchy."""
    cgroup = daemon.Places(folder).cgroup
    groups = Path("/sys/fs/cgroup")
    found = (groups / cgroup, groups / "memory" / cgroup)
    return [path for top in found if top.is_dir() for path in top.iterdir() if path.is_dir()]


def test_what_was_measured_outlives_its_engine(folder: Path) -> None:
    """Kill -9 of dockerd: the record holds what was measured, the rest is infra-failed, in words and by the exit code.

    Then the engine comes up again and removes what the dead run had left; the run is gone on with: what was lost is measured, and counts once.
    It measures, and leaves nothing.
    """
    first = golab_engine(folder, "up")[1]
    with _started(folder, f"--runs={_RUNS}") as run:
        _until(run, lambda: _has_measured(folder))
        os.kill(first["pid"], signal.SIGKILL)
        killed = time.monotonic()
        table, said = run.communicate(timeout=60)
        assert time.monotonic() - killed < 10

    assert run.returncode == 6, said
    (path,) = _results(folder).iterdir()
    records = tuple(RunFolder(path).records())
    endings = [record.termination.ending for record in records]
    measured = endings.count(Ending.EXIT)
    assert _MEASURED <= measured < _RUNS
    assert endings == [Ending.EXIT] * measured + [Ending.INFRA_FAILED] * (_RUNS - measured)
    assert all(record.observations["done"] == (1,) for record in records[:measured])
    why = "the agent is gone: its engine does not answer any more (golab doctor says what is there and what helps)"
    assert {record.termination.detail for record in records[measured:]} == {why}
    assert f"{_RUNS - measured} of {_RUNS} replicates ended in infra-failed: {why}" in _in_one_line(table)
    assert "Traceback" not in said

    code, second = golab_engine(folder, "up")
    assert (code, second["up"], second["pid"] != first["pid"]) == (0, True, True)
    lines = (path / "runs.jsonl").read_bytes()
    resumed = subprocess.run(
        [sys.executable, "-m", "lab", "--root", str(_ROOT / "tests/labs/misbehave"), "resume", str(path)],
        cwd=_ROOT,
        env=_environment(folder),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert resumed.returncode == 0, resumed.stderr
    assert "removed 1 containers that dead runs had left" in resumed.stderr
    assert [record.turn.position for record in RunFolder(path).records()] == list(range(_RUNS))
    assert all(record.termination.ending is Ending.EXIT for record in RunFolder(path).records())
    assert (path / "runs.jsonl").read_bytes().startswith(lines)
    with _started(folder, "--runs=2", "--json") as again:
        printed, said = again.communicate(timeout=120)
    assert again.returncode == 0, said
    assert json.loads(printed)["cells"][0]["outcomes"] == {"exit": 2}
    assert _containers(folder) == []
    assert golab_engine(folder, "down")[0] == 0
    assert left_of(folder) == []


def test_an_engine_that_dies_while_it_builds_ends_the_run(folder: Path, cache: Path, tmp_path: Path) -> None:
    """There is nothing to keep yet: a sentence, the code for a machine that cannot, no record; and nothing is left."""
    (tmp_path / "golab").mkdir()
    (tmp_path / "golab/go").symlink_to(cache / "go")  # nothing that is built
    found = golab_engine(folder, "up")[1]
    with _started(folder, XDG_CACHE_HOME=str(tmp_path)) as run:
        _until(run, lambda: bool(_containers(folder)))
        os.kill(found["pid"], signal.SIGKILL)
        table, said = run.communicate(timeout=60)

    assert (run.returncode, table) == (4, ""), said
    assert "golab: the engine went away while it should " in said
    assert "hint: is its daemon still running? golab doctor" in said
    assert "Traceback" not in said
    assert not _results(folder).exists()
    assert golab_engine(folder, "down")[0] == 0
    assert left_of(folder) == []


@pytest.mark.parametrize("way", ["kill -9 of the agent", "docker kill", "docker rm -f"])
def test_a_lost_agent_costs_one_replicate(way: str, tmp_path: Path, client: docker.DockerClient) -> None:
    """Another container is opened and the run goes on: all but the one that ran are measured, and nothing is left."""
    lab = [
        sys.executable,
        "-m",
        "lab",
        "--root",
        str(_ROOT / "tests/labs/misbehave"),
        "run",
        "scenario",
        "misbehave",
    ]
    options = ["--engine", "docker", "--set=how=nap", f"--runs={_RUNS}", "--json", "--results", str(tmp_path)]
    with subprocess.Popen(
        [*lab, *options], cwd=_ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as run:
        _until(
            run,
            lambda: any(path.read_text().count("\n") >= _MEASURED for path in tmp_path.glob("*/runs.jsonl")),
        )
        (container,) = client.containers.list(filters={"label": f"{PID}={run.pid}"})
        if way == "docker rm -f":
            container.remove(force=True)
        elif way == "docker kill":
            container.kill()
        else:
            os.kill(client.api.inspect_container(str(container.id))["State"]["Pid"], signal.SIGKILL)
        printed, said = run.communicate(timeout=120)

    (cell,) = json.loads(printed)["cells"]
    assert run.returncode == 6, said
    assert cell["outcomes"] == {"exit": _RUNS - 1, "infra-failed": 1}
    assert "the agent is gone" in cell["reasons"]["infra-failed"]
    records = list(RunFolder(Path(json.loads(printed)["record"])).records())
    assert [record.turn.position for record in records] == list(range(_RUNS))
    assert client.containers.list(all=True, filters={"label": f"{PID}={run.pid}"}) == []


def _in_one_line(text: str) -> str:
    return " ".join(text.split())
