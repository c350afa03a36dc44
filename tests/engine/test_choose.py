"""Which engine, and one line that says why: no engine is no surprise."""

import os
import socket
from pathlib import Path

import pytest

from lab.engine import choose as module
from lab.engine.choose import choose, everywhere, reservations
from lab.errors import EngineUnavailableError


@pytest.fixture
def dead_socket(tmp_path: Path) -> str:
    """The address of a socket at which nobody listens any more."""
    path = tmp_path / "dead.sock"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
    return f"unix://{path}"


def test_host_as_asked(tmp_path: Path) -> None:
    """Asked for by name it is no makeshift, and no engine is looked for."""
    with choose("host", tmp_path, environ={"DOCKER_HOST": "unix:///nowhere"}) as chosen:
        assert chosen.engine.name == "host"
        assert chosen.why == "engine host, no container (as asked)"


def test_no_engine_is_the_host_with_the_reason(tmp_path: Path) -> None:
    """The line names where it looked, what it found, and how to get an engine."""
    with choose("auto", tmp_path, environ={"DOCKER_HOST": f"unix://{tmp_path}/no.sock"}) as chosen:
        assert chosen.engine.name == "host"
        assert f"no engine is at unix://{tmp_path}/no.sock: No such file" in chosen.why
        assert "golab engine up" in chosen.why
        assert "\n" not in chosen.why


def test_a_dead_socket_is_called_dead(tmp_path: Path, dead_socket: str) -> None:
    """A daemon that was killed leaves its socket."""
    with choose("auto", tmp_path, environ={"DOCKER_HOST": dead_socket}) as chosen:
        assert "the socket is a dead one's" in chosen.why


def test_docker_that_is_not_there_is_an_error(tmp_path: Path, dead_socket: str) -> None:
    """Asked for by name, nothing else will do; the hint says what would help."""
    with pytest.raises(EngineUnavailableError, match="dead one's") as caught:
        choose("docker", tmp_path, environ={"DOCKER_HOST": dead_socket})
    assert "golab engine up" in str(caught.value.hint)


def test_without_docker_host_the_default_socket_is_tried(
    tmp_path: Path, dead_socket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An empty variable is none."""
    monkeypatch.setattr(module, "DEFAULT_URL", dead_socket)

    with choose("auto", tmp_path, environ={"DOCKER_HOST": "", "GOLAB_ENGINE_DIR": "/no"}) as chosen:
        assert dead_socket in chosen.why


def test_an_engine_of_our_own_that_was_killed_is_told(
    tmp_path: Path, dead_socket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would have been its turn, so the line says why it was not taken; with DOCKER_HOST it would not."""
    monkeypatch.setattr(module, "DEFAULT_URL", f"unix://{tmp_path}/no.sock")
    own = {"GOLAB_ENGINE_DIR": str(tmp_path)}
    (tmp_path / "dead.sock").rename(tmp_path / "docker.sock")

    with choose("auto", tmp_path, environ=own) as chosen:
        assert "no.sock: No such file" in chosen.why
        assert "docker.sock was killed: golab engine up starts it again" in chosen.why
    with choose("auto", tmp_path, environ=own | {"DOCKER_HOST": dead_socket}) as chosen:
        assert "own engine" not in chosen.why


@pytest.mark.parametrize(
    "url", ["nothing", "tcp://127.0.0.1:99999", "tcp://[::1", "unix://", f"unix:///{'x' * 200}"]
)
def test_an_address_that_is_none_is_told(tmp_path: Path, url: str) -> None:
    """A DOCKER_HOST with a slip in it is no traceback; what helps first is to correct it."""
    with choose("auto", tmp_path, environ={"DOCKER_HOST": url}) as chosen:
        assert chosen.engine.name == "host"
        assert f" at {url}: " in chosen.why
        assert "correct or unset DOCKER_HOST" in chosen.why


def test_what_is_no_engine_is_told(tmp_path: Path) -> None:
    """A port at which something else answers, or nobody."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"tcp://127.0.0.1:{taken.getsockname()[1]}"
        with choose("auto", tmp_path, environ={"DOCKER_HOST": url}) as chosen:
            assert f"no engine answers at {url}" in chosen.why


def test_what_one_would_not_think_of_an_engine_is_told() -> None:
    """It is another machine's, or drops the limits that every container has; one that keeps them is no news."""
    limits = {"MemoryLimit": True, "PidsLimit": True, "CPUSet": False}

    assert reservations({"url": "unix:///a", "limits": limits}) == []
    assert reservations({"url": "unix:///a", "limits": limits | {"MemoryLimit": False}}) == [
        "WITHOUT LIMITS ON MEMORY (golab doctor says why)"
    ]
    assert reservations(
        {"url": "tcp://192.0.2.1:2375", "kernel": "no", "limits": dict.fromkeys(limits, False)}
    ) == [
        f"ON ANOTHER MACHINE (kernel no, here {os.uname().release}; 192.0.2.1 is no address of this machine's)",
        "WITHOUT LIMITS ON MEMORY AND PROCESSES (golab doctor says why)",
    ]


def test_golabs_may_have_left_something_wherever_an_engine_may_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who measures with one engine today had another yesterday. A link is no other place."""
    monkeypatch.setattr(module, "DEFAULT_URL", "unix:///default.sock")
    (tmp_path / "link").symlink_to(tmp_path)
    own = {"GOLAB_ENGINE_DIR": str(tmp_path)}
    urls = [f"unix://{tmp_path}/docker.sock", "unix:///default.sock"]

    assert everywhere(own) == urls
    assert everywhere(own | {"DOCKER_HOST": ""}) == urls
    assert everywhere(own | {"DOCKER_HOST": "tcp://192.0.2.1:2375"}) == ["tcp://192.0.2.1:2375", *urls]
    linked = f"unix://{tmp_path}/link/docker.sock"
    assert everywhere(own | {"DOCKER_HOST": linked}) == [linked, urls[1]]
    assert everywhere(own | {"DOCKER_HOST": urls[1]}) == urls[::-1]
