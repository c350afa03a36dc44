"""The fake engine keeps the protocol, so that what is tested with it holds with a real one."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from lab.bench.agent import Agent, Command, greeted
from lab.engine.base import Engine, File, Job, Spec, Tree
from lab.errors import MeasurementError
from lab.model.units import Nanos
from tests.fakes import AgentEndsError, FakeEngine, observing

_SPEC = Spec(files=(File(path="/agent", content=b"elf"),), agent=("/agent",), memory_bytes=1 << 20, pids=8)
_COMMAND = Command(argv=("/program",), environment=(), directory="/", timeout=Nanos(10**9))


def _run(agent: Agent, *, stop: bool = False) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(agent.run(_COMMAND, stop=lambda: stop))
    return found


def test_the_fake_is_an_engine() -> None:
    """The type checker sees that it satisfies the protocol, and its containers agree with what it announces."""
    engine: Engine = FakeEngine()
    with engine.opened(_SPEC) as container:
        assert container.image == engine.image_of(_SPEC)


def test_a_replicate_is_answered_by_the_script() -> None:
    """What the script says about a run comes back as the agent's line, under the run's id."""
    engine = FakeEngine(lambda run: observing(got_ns=len(run["argv"])))
    with engine.opened(_SPEC) as container, greeted(container) as agent:
        first, second = _run(agent), _run(agent)

    assert (first["id"], second["id"]) == ("alone-1", "alone-2")
    assert first["lines"] == ['{"wire":2}', '{"o": "got_ns", "v": 1}']


def test_a_hanging_replicate_ends_when_it_is_stopped() -> None:
    """A script that gives None hangs until the lab says stop."""
    with FakeEngine(lambda _: None).opened(_SPEC) as container, greeted(container) as agent:
        assert _run(agent, stop=True)["stopped"] is True


def test_an_agent_that_ends_is_gone_for_good() -> None:
    """After the script ended the agent, neither direction works."""

    def ends(_run: Mapping[str, Any]) -> None:
        raise AgentEndsError

    with FakeEngine(ends).opened(_SPEC) as container, greeted(container) as agent:
        with pytest.raises(MeasurementError, match="gone"):
            _run(agent)
        with pytest.raises(MeasurementError, match="gone"):
            container.send(b'{"op":"beat"}')


def test_other_sources_build_another_output() -> None:
    """Jobs are remembered; the same job gives the same bytes, another source others."""
    engine = FakeEngine()
    tree = Tree(key="go", path=Path("/go"), at="/usr/local/go")

    def output(source: bytes) -> bytes:
        job = Job(
            tree=tree,
            files={"main.go": source},
            argv=("go", "build"),
            environment={},
            cache="go",
            outputs=("program",),
            timeout=Nanos(1),
        )
        return engine.run_job(job).outputs["program"]

    assert output(b"a") == output(b"a") != output(b"b")
    assert [job.files["main.go"] for job in engine.jobs] == [b"a", b"a", b"b"]
