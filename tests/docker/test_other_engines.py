"""Engines that are reached in other ways: by a port, and by a user who may not."""

import grp
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.engine import daemon
from tests.docker.private import golab_engine, left_of

pytestmark = [pytest.mark.docker, pytest.mark.slow]

_ROOT = Path(__file__).parents[2]
_NOBODY = 65534


def _golab(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "lab", *words],
        cwd=_ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.fixture
def port(folder: Path) -> Iterator[int]:
    """A port of the loopback at which a dockerd listens, without TLS."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        number: int = taken.getsockname()[1]
    at = daemon.Places(folder)
    folder.mkdir()
    at.mark.touch()
    at.config.write_text("{}\n")
    command = [*daemon.command(at, "dockerd"), f"--host=tcp://127.0.0.1:{number}", "--tls=false"]
    with at.log.open("wb") as log:
        process = subprocess.Popen(command, env=daemon.environment(os.environ), stdout=log, stderr=log)
    with process:
        until = time.monotonic() + 60
        while daemon.status(at) is None:
            assert process.poll() is None, at.log.read_text()
            assert time.monotonic() < until
            time.sleep(0.1)
        yield number
        process.terminate()
    assert golab_engine(folder, "down")[0] == 0
    assert left_of(folder) == []


@pytest.mark.go
@pytest.mark.usefixtures("go_toolchain")
def test_an_engine_at_a_port_of_this_machine_does_all_of_it(port: int, tmp_path: Path) -> None:
    """It is this machine's, and measures; doctor tells that its port is open to everybody here, and what helps."""
    url = f"tcp://127.0.0.1:{port}"
    options = ("--set=how=well,hang", "--results", str(tmp_path), "--json")
    lab = ("--root", str(_ROOT / "tests/labs/misbehave"))

    ran = _golab(*lab, "run", "scenario", "misbehave", *options, DOCKER_HOST=url)
    doctor = _golab("doctor", "--json", DOCKER_HOST=url)

    assert "ON ANOTHER MACHINE" not in ran.stderr
    assert f"engine docker {_version(ran)} at {url} (DOCKER_HOST)" in ran.stderr
    assert {cell["id"]: cell["outcomes"] for cell in json.loads(ran.stdout)["cells"]} == {
        "well": {"exit": 2},
        "hang": {"timeout": 2},
    }
    found = {each["subject"]: each for each in json.loads(doctor.stdout)["findings"]}
    assert (found["engine's machine"]["verdict"], found["engine's address"]["verdict"]) == ("ok", "note")
    assert found["engine's address"]["found"] == f"{url}, without TLS"
    assert "root on the engine's machine" in found["engine's address"]["why"]
    assert "DOCKER_HOST=unix://" in found["engine's address"]["remedy"]


def _version(ran: subprocess.CompletedProcess[str]) -> str:
    return str(json.loads(ran.stdout)["provenance"]["engine"]["version"])


_AS_NOBODY = """
import os, sys
from pathlib import Path
from lab.engine import choose, docker, host  # before this user can read nothing
os.setgroups([])
os.setresgid({0}, {0}, {0})
os.setresuid({0}, {0}, {0})
with choose.choose("auto", Path("/nonexistent"), environ=dict(os.environ)) as chosen:
    print(chosen.why)
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_a_user_without_rights_is_told_and_served_by_the_host(folder: Path) -> None:
    """Of golab's own engine that is up, and of another: who may use it; the host engine is what is left."""
    golab_engine(folder, "up")
    folder.parent.chmod(0o755)
    own = {name: value for name, value in os.environ.items() if name != "DOCKER_HOST"}
    script = [sys.executable, "-c", _AS_NOBODY.format(_NOBODY)]

    for named, words in (
        ({daemon.FOLDER: str(folder)}, ("is root's: this user may not use it", "run golab as root, whose engine is up")),
        ({"DOCKER_HOST": f"unix://{folder}/docker.sock"}, ("but this user may not use it", "to get one: run golab as root)")),
    ):  # fmt: skip
        done = subprocess.run(script, cwd=_ROOT, env=own | named, capture_output=True, text=True, check=False)

        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith("engine host, no container (")
        assert [word for word in words if word not in done.stdout] == []

    os.chown(folder / "docker.sock", -1, grp.getgrnam("daemon").gr_gid)
    named = {"DOCKER_HOST": f"unix://{folder}/docker.sock"}
    done = subprocess.run(script, cwd=_ROOT, env=own | named, capture_output=True, text=True, check=False)
    assert (
        "add the user to the group daemon, which gives rights like root's, or run golab as root"
        in done.stdout
    )
