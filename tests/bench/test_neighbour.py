"""Who works beside a replicate: started before it, ended after it, and none where it did nothing."""

import contextlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from lab.bench.agent import Command
from lab.bench.berth import MOST_LOSSES, Berth, berth
from lab.bench.neighbour import NeighbourAtWork
from lab.engine.base import Spec
from lab.errors import EnvironmentRefusedError, LeftAloneError
from lab.model.units import Nanos
from tests.fakes import AgentEndsError, FakeContainer, FakeEngine, Reply, observing

_SPEC = Spec(files=(), agent=("/agent",), memory_bytes=1, pids=1)


def _until_told(_run: Mapping[str, Any]) -> Reply | None:
    return None


def _command(here: Berth) -> Command:
    return Command(
        argv=(here.container.path("/writer"),), environment=(), directory="/", timeout=Nanos(10**9)
    )


def _told(engine: FakeEngine) -> list[str]:
    return [message["op"] for message in engine.containers[-1].sent if message["op"] != "beat"]


def test_it_works_as_long_as_it_is_held() -> None:
    """Again and again, in one container, which is there in between."""
    engine = FakeEngine(script=_until_told, farewell=observing(worked=7))
    with berth(engine, _SPEC, None) as here:
        neighbour = NeighbourAtWork("writer", here, _command)
        for _ in range(2):
            with neighbour.held():
                assert _told(engine)[-1] == "run"
            assert _told(engine)[-1] == "stop"

    assert _told(engine) == ["hello", "run", "stop", "run", "stop"]
    assert engine.containers[0].sent[1]["argv"] == ["/fake/writer"]
    assert len(engine.containers) == 1


@pytest.mark.parametrize(
    ("farewell", "why"),
    [
        (observing(worked=0), "it did nothing"),
        ({}, "it did nothing"),
        ({"stderr": {"base64": "ZnVsbAo=", "bytes": 5}}, "full"),
        ({"error": "no such program"}, "no such program"),
    ],
)
def test_a_replicate_beside_which_it_did_nothing_is_none(farewell: Reply, why: str) -> None:
    """With its own last words, or the agent's."""
    engine = FakeEngine(script=_until_told, farewell=farewell)
    with (
        berth(engine, _SPEC, None) as here,
        pytest.raises(EnvironmentRefusedError, match=f"the neighbour writer did not work beside it: {why}"),
        NeighbourAtWork("writer", here, _command).held(),
    ):
        pass


def test_one_that_ends_by_itself_has_not_worked_all_the_time() -> None:
    """Its disk is full, say: what it did before does not count, and it is told."""
    full = {"exit_code": 1, "stderr": {"base64": "ZnVsbAo=", "bytes": 5}, "lines": [json.dumps({"wire": 2})]}
    engine = FakeEngine(script=lambda _: full)
    with (
        berth(engine, _SPEC, None) as here,
        pytest.raises(EnvironmentRefusedError, match="did not work beside it: full"),
        NeighbourAtWork("writer", here, _command).held(),
    ):
        pass


@pytest.mark.parametrize("goes_at", ["run", "stop"])
def test_one_that_the_lab_left_alone_is_had_again_and_is_not_to_blame(goes_at: str) -> None:
    """Its agent ends where golab stands still for longer than that waits; however often."""

    class Leaving(FakeContainer):
        def send(self, line: bytes, /) -> None:
            """Gone when it is told so."""
            self.closed |= json.loads(line)["op"] == goes_at
            super().send(line)

    made: list[FakeContainer] = []

    class Short(FakeEngine):
        @contextlib.contextmanager
        def opened(self, _spec: Spec, _captures: Path | None = None, /) -> Iterator[Any]:
            """An agent that goes."""
            made.append(Leaving("sha256:0", _until_told))
            yield made[-1]

    with berth(Short(), _SPEC, None) as here:
        neighbour = NeighbourAtWork("writer", here, _command)
        for _ in range(MOST_LOSSES + 1):
            here.agent._beats._longest = 11.0
            with (
                pytest.raises(LeftAloneError, match=r"^golab stood still for 11 s, so its agent ended$"),
                neighbour.held(),
            ):
                pass

    assert len(made) == MOST_LOSSES + 2


def test_a_lost_one_is_had_again_a_few_times() -> None:
    """In another container; after that its replicates are not started any more."""

    def gone(_run: Mapping[str, Any]) -> Reply:
        raise AgentEndsError

    engine = FakeEngine(script=gone)
    with berth(engine, _SPEC, None) as here:
        neighbour = NeighbourAtWork("writer", here, _command)
        for _ in range(MOST_LOSSES):
            with pytest.raises(EnvironmentRefusedError, match=r"gone|cannot be written to"), neighbour.held():
                pass
        with pytest.raises(EnvironmentRefusedError, match="no more of its replicates"), neighbour.held():
            pytest.fail("it is given up")

    assert len(engine.containers) == MOST_LOSSES + 1
