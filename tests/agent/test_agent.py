"""The agent under the host engine: what it does with programs, good and bad, and what it leaves alone."""

import contextlib
import json
import subprocess
import sys
import time
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from lab.bench.agent import Agent, Command, greeted
from lab.bench.decode import decode
from lab.engine.base import Container, File, Spec
from lab.engine.host import HostEngine
from lab.errors import MeasurementError
from lab.golang.build import build
from lab.golang.render import read_program
from lab.golang.toolchain import Toolchain
from lab.model.run import Capture, Ending, Record, Turn
from lab.model.units import Nanos

pytestmark = [pytest.mark.go, pytest.mark.slow]

_SECOND = Nanos(10**9)
_PATIENCE = Nanos(10 * _SECOND)


@pytest.fixture(scope="module")
def spec(lab_root: Path, cache: Path, go_toolchain: Toolchain) -> Spec:
    """The agent, alone."""
    agent = build(
        HostEngine(cache=cache), go_toolchain, read_program(lab_root / "go_templates", "agent"), cache
    )
    return Spec(
        files=(File(path="/agent", content=agent.content),), agent=("/agent",), memory_bytes=1 << 28, pids=64
    )


@pytest.fixture
def agent(spec: Spec, cache: Path) -> Generator[Agent]:
    """A greeted agent."""
    with HostEngine(cache=cache).opened(spec) as container, greeted(container) as agent:
        yield agent


def _shell(script: str, timeout: Nanos = _PATIENCE) -> Command:
    return Command(
        argv=("/bin/sh", "-c", script), environment=("PATH=/usr/bin:/bin",), directory="/", timeout=timeout
    )


def _record(agent: Agent, command: Command) -> Record:
    raw = agent.run(command, stop=lambda: False)
    return decode(Capture(turn=Turn(position=0, block=0, cell="x"), raw=raw))


def test_streams_lines_and_usage_come_back(agent: Agent) -> None:
    """Each stream by itself, the program's own lines verbatim, the kernel's account."""
    record = _record(
        agent, _shell("""echo out; echo err >&2; printf '{"wire":2}\\n{"o":"x_ns","v":5}\\n' >&3""")
    )

    assert record.termination.ending is Ending.EXIT
    assert (record.stdout.text, record.stderr.text) == ("out\n", "err\n")
    assert record.observations == {"x_ns": (5,)}
    assert record.usage is not None
    assert record.usage.max_rss_bytes > 0
    assert {"psi_cpu_some_us", "steal_ticks"} & set(record.signals["before"])


@pytest.mark.parametrize(
    ("script", "ending", "detail"),
    [
        ("echo no such thing >&2; exit 3", Ending.EXIT_NONZERO, "no such thing"),
        ("kill -SEGV $$", Ending.SIGNAL, "killed by signal 11"),
        ("echo nonsense >&3", Ending.INFRA_FAILED, "the agent sent a line that is not JSON"),
    ],
)
def test_endings(agent: Agent, script: str, ending: Ending, detail: str) -> None:
    """Exit codes, signals and a broken wire are told apart."""
    record = _record(agent, _shell(script))

    assert record.termination.ending is ending
    assert record.termination.detail.startswith(detail)


@pytest.mark.parametrize("script", ["sleep 60", "trap '' TERM; while :; do sleep 60; done"])
def test_what_hangs_is_ended_at_its_limit(agent: Agent, script: str) -> None:
    """First asked, then made to."""
    record = _record(agent, _shell(script, Nanos(200_000_000)))

    assert record.termination.ending is Ending.TIMEOUT
    assert record.wall_ns < 2 * _SECOND


def test_a_program_that_floods_its_output_is_not_blocked(agent: Agent) -> None:
    """The beginning is kept, the rest is counted."""
    record = _record(agent, _shell("head -c 3000000 /dev/zero; echo end >&2"))

    assert (record.termination.ending, record.stdout.total_bytes, len(record.stdout.text)) == (
        Ending.EXIT,
        3_000_000,
        65536,
    )


def test_what_cannot_be_started_says_why(agent: Agent) -> None:
    """A missing program is not a crashed agent: the next replicate runs."""
    missing = _record(agent, Command(argv=("/nonexistent",), environment=(), directory="/", timeout=_SECOND))

    assert missing.termination.detail == "could not be started: no such file or directory"
    assert _record(agent, _shell("exit 0")).usable


def test_descendants_do_not_survive_and_bystanders_do(agent: Agent) -> None:
    """A grandchild in a session of its own is ended, wherever it fled; a stranger is not touched."""
    with _bystander() as stranger:
        raw = json.loads(
            agent.run(_shell("setsid sleep 4321 & setsid setsid sleep 4321 & exit 0"), stop=lambda: False)
        )

        assert raw["ended"] >= 2
        assert stranger.poll() is None
    assert not _running("4321")


def test_stop_ends_the_replicate_at_once(agent: Agent) -> None:
    """Ctrl-C does not wait for a replicate's own end."""
    begun = time.monotonic()
    raw = json.loads(agent.run(_shell("sleep 60", Nanos(60 * _SECOND)), stop=lambda: True))

    assert raw["stopped"]
    assert time.monotonic() - begun < 5


def test_another_wire_is_refused_by_both_sides(spec: Spec, cache: Path) -> None:
    """Neither guesses what the other means."""
    with HostEngine(cache=cache).opened(spec) as container:
        container.send(b'{"op":"hello","wire":99}')
        assert _read(container) == {"ev": "error", "message": "this agent speaks wire 2, not 99"}
        with pytest.raises(MeasurementError, match="the agent is gone"):
            container.receive(5)


@pytest.mark.parametrize(
    ("line", "said"),
    [(b"nonsense", "a line that is no order"), (b'{"op":"dance"}', 'no order is called "dance"')],
)
def test_a_bad_order_is_an_error_and_not_the_end(spec: Spec, cache: Path, line: bytes, said: str) -> None:
    """What the agent cannot obey it says, and goes on."""
    with HostEngine(cache=cache).opened(spec) as container:
        container.send(line)
        answer = _read(container)
        container.send(b'{"op":"hello","wire":2}')

        assert answer["ev"] == "error"
        assert answer["message"].startswith(said)
        assert _read(container)["ev"] == "hello"


def test_an_agent_ends_when_nobody_beats(spec: Spec, cache: Path) -> None:
    """A lab that has died or stands still for ten seconds has no more replicates."""
    with HostEngine(cache=cache).opened(spec) as container:
        container.send(b'{"op":"hello","wire":2}')
        _read(container)
        begun = time.monotonic()
        order = {
            "op": "run",
            "id": "1",
            "argv": ["/bin/sleep", "5432"],
            "env": [],
            "dir": "/",
            "timeout_ns": 10**11,
        }
        container.send(json.dumps(order | {"output_limit": 10, "line_limit": 10}).encode())
        with pytest.raises(MeasurementError, match="ended with exit code 4"):
            _drain(container)

        assert 9 < time.monotonic() - begun < 13
    assert not _running("5432")


def _read(container: Container) -> dict[str, Any]:
    line = container.receive(5)
    assert line is not None
    read: dict[str, Any] = json.loads(line)
    return read


def _drain(container: Container) -> None:
    """Read on until there is nobody to read from; the replicate's own end may still be told."""
    while container.receive(20) is not None:
        pass


@contextlib.contextmanager
def _bystander() -> Generator[subprocess.Popen[bytes]]:
    stranger = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], start_new_session=True)
    try:
        yield stranger
    finally:
        stranger.kill()
        stranger.wait()


def _running(argument: str) -> bool:
    """Whether a process that was given *argument* lives."""
    for pid in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if argument.encode() in (pid / "cmdline").read_bytes().split(b"\0"):
                return True
    return False
