"""The agent as it is: a binary that is spoken to over pipes, without the lab's own side in between."""

import base64
import contextlib
import json
import os
import subprocess
import time
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

_PATIENCE_SECONDS = 10.0


class Spoken:
    """An agent on pipes of ours."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.process = process
        self.hello: dict[str, Any] = {}

    @property
    def pid(self) -> int:
        """The agent's own; that of ``process`` is its warden's, where it has one."""
        return int(self.hello["pid"])

    def say(self, **order: object) -> None:
        """Write one order."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(order).encode() + b"\n")
        self.process.stdin.flush()

    def hear(self) -> dict[str, Any]:
        """Read one event."""
        assert self.process.stdout is not None
        heard: dict[str, Any] = json.loads(self.process.stdout.readline())
        return heard

    def order(self, script: str, **changes: object) -> None:
        """Order a replicate that runs *script* in a shell; *changes* go over the order's own fields."""
        order: dict[str, object] = {
            "op": "run",
            "id": "7",
            "argv": ["/bin/sh", "-c", script],
            "env": ["PATH=/usr/sbin:/usr/bin:/sbin:/bin"],
            "dir": "/",
            "timeout_ns": 10**10,
            "output_limit": 65536,
            "line_limit": 65536,
        }
        self.say(**(order | changes))

    def run(self, script: str, **changes: object) -> dict[str, Any]:
        """Order a replicate and give what became of it, its standard output as text under ``text``."""
        self.order(script, **changes)
        done = self.hear()
        return done | {"text": base64.b64decode(done["stdout"]["base64"]).decode()}

    def ends(self) -> int:
        """The agent's exit code, once it has ended by itself."""
        return self.process.wait(_PATIENCE_SECONDS)


@pytest.fixture(scope="session")
def go_environment(cache: Path) -> dict[str, str]:
    """Go without a network, a C compiler or anything of the user's but golab's own cache."""
    folder = cache / "go-tests"
    return {
        "CGO_ENABLED": "0",
        "GOCACHE": str(folder / "build"),
        "GOFLAGS": "-mod=mod",
        "GOPROXY": "off",
        "GOTELEMETRY": "off",
        "GOTOOLCHAIN": "local",
        "HOME": str(folder),
        "PATH": "/usr/bin:/bin",
    }


@pytest.fixture(scope="session")
def agent_binary(
    go_binary: Path, lab_root: Path, go_environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The agent, built as the lab builds it."""
    binary = tmp_path_factory.mktemp("agent") / "agent"
    subprocess.run(
        [go_binary, "build", "-trimpath", "-buildvcs=false", "-o", binary, "."],
        cwd=lab_root / "go_templates/agent",
        env=go_environment,
        check=True,
    )
    return binary


@pytest.fixture
def agent(agent_binary: Path) -> Generator[Spoken]:
    """A greeted agent, as a plain process."""
    with _spoken([str(agent_binary)]) as agent:
        yield agent


@pytest.fixture
def keeping_agent(agent_binary: Path, tmp_path: Path) -> Generator[Spoken]:
    """A greeted agent that keeps what it measures in the file ``kept`` of *tmp_path*, with all that agents are told by their environment."""
    kept = tmp_path / "kept"
    kept.touch()
    with _spoken([str(agent_binary)], GOLAB_CAPTURES=str(kept), GOLAB_SCRATCH=str(tmp_path)) as agent:
        yield agent


@pytest.fixture
def first_agent(agent_binary: Path) -> Generator[Spoken]:
    """A greeted agent, as the first process of a pid namespace, with an empty /tmp of its own."""
    with _first(agent_binary, "mount -t tmpfs none /tmp") as agent:
        yield agent


@pytest.fixture
def crowded_agent(agent_binary: Path) -> Generator[Spoken]:
    """The same, with a file in its /tmp."""
    with _first(agent_binary, "mount -t tmpfs none /tmp && touch /tmp/kept") as agent:
        yield agent


@contextlib.contextmanager
def _first(agent_binary: Path, prepare: str) -> Generator[Spoken]:
    if os.geteuid() != 0:
        pytest.skip("a pid namespace without a container engine needs root")
    namespace = ["unshare", "--pid", "--fork", "--mount", "--mount-proc", "--kill-child"]
    # Its /tmp hides the binary, so it is executed by its descriptor.
    script = f"{prepare} && exec /proc/self/fd/$0"
    with agent_binary.open("rb") as binary:
        number = binary.fileno()
        with _spoken([*namespace, "/bin/sh", "-c", script, str(number)], inherit=(number,)) as agent:
            yield agent


@contextlib.contextmanager
def _spoken(command: list[str], inherit: tuple[int, ...] = (), **environment: str) -> Generator[Spoken]:
    process = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        pass_fds=inherit,
        env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"} | environment,
        start_new_session=True,
    )
    agent = Spoken(process)
    try:
        agent.say(op="hello", wire=2)
        agent.hello = agent.hear()
        assert agent.hello["ev"] == "hello"
        yield agent
    finally:
        for stream in (process.stdin, process.stdout):
            with contextlib.suppress(OSError):  # what was not written yet has nobody to be written to
                assert stream is not None
                stream.close()
        process.wait(_PATIENCE_SECONDS)


def living(argument: str) -> bool:
    """Whether a process that was given *argument* lives, zombies not counted."""
    return count(argument) > 0


def count(argument: str) -> int:
    """How many processes live that were given *argument*, as one word or within a script."""
    found = 0
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            words = (folder / "cmdline").read_bytes().split(b"\0")
            found += any(argument.encode() in word.split() for word in words)
    return found


def soon_there(argument: str) -> bool:
    """Whether a process that was given *argument* lives, now or within seconds."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not living(argument):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def soon_gone(argument: str) -> bool:
    """Whether no process that was given *argument* lives, now or within seconds."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while living(argument):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True
