"""Whole runs in containers: what only a container can end, and what must not be left behind."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.docker, pytest.mark.go, pytest.mark.slow]

_ROOT = Path(__file__).parents[2]


def _command(results: Path, *arguments: str) -> list[str]:
    lab = ["--root", str(_ROOT / "tests/labs/misbehave")]
    run = ["run", "scenario", "misbehave", "--engine", "docker", "--results", str(results), "--json"]
    return [sys.executable, "-m", "lab", *lab, *run, *arguments]


def _containers() -> set[str]:
    listed = subprocess.run(
        ["docker", "ps", "-aq"], capture_output=True, text=True, check=True, env=os.environ
    )
    return set(listed.stdout.split())


def _outcomes(said: str) -> Mapping[str, Any]:
    return {cell["id"]: cell["outcomes"] for cell in json.loads(said)["cells"]}


@pytest.mark.usefixtures("go_toolchain")
def test_every_way_to_end_is_an_outcome_in_a_container_too(tmp_path: Path) -> None:
    """A replicate that eats its memory is killed and reaped, the agent and the next replicate live on."""
    before = _containers()
    levels = "--set=how=well,nonzero,panic,deadlock,hang,eat,flood,orphan"

    done = subprocess.run(
        _command(tmp_path, levels), cwd=_ROOT, capture_output=True, text=True, timeout=120, check=False
    )

    assert done.returncode == 6
    assert _outcomes(done.stdout) == {
        "well": {"exit": 2},
        "nonzero": {"exit-nonzero": 2},
        "panic": {"exit-nonzero": 2},
        "deadlock": {"deadlock": 2},
        "hang": {"timeout": 2},
        "eat": {"oom": 2},
        "flood": {"exit": 2},
        "orphan": {"exit": 2},
    }
    dumps = {cell["id"]: cell["dump"] for cell in json.loads(done.stdout)["cells"] if cell["dump"]}
    assert {name: found["ending"] for name, found in dumps.items()} == {
        "deadlock": "deadlock",
        "hang": "timeout",
    }
    assert all(not found["dump"]["unread"] for found in dumps.values())
    assert _containers() == before


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_no_container_outlives_its_run(tmp_path: Path, number: int) -> None:
    """Ctrl-C removes it at once; after a kill -9 the agent ends when its input does, and the next run removes the rest."""
    before = _containers()
    arguments = ("--set=how=nap", "--runs=1000")
    run = subprocess.Popen(
        _command(tmp_path, *arguments), cwd=_ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    deadline = time.monotonic() + 60
    while not list(tmp_path.glob("*/runs.jsonl")) and time.monotonic() < deadline:
        time.sleep(0.05)
    run.send_signal(number)
    run.communicate(timeout=30)

    assert run.returncode == (130 if number == signal.SIGINT else -signal.SIGKILL)
    if number == signal.SIGKILL:
        subprocess.run(
            _command(tmp_path, "--runs=1", "--only=well"), cwd=_ROOT, capture_output=True, check=True
        )
    assert _containers() == before
    assert list(tmp_path.glob("*/runs.jsonl"))
