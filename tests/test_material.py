"""Containers for cells: one that cannot be started refuses its cells, and the others have theirs."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lab import manifest
from lab.bench.execute import Seat
from lab.bench.selection import Request, select
from lab.engine.base import Spec
from lab.errors import EngineUnavailableError, EnvironmentRefusedError
from lab.material import Runnable, Wanted, seats
from tests.fakes import FakeEngine

_BURN = Path(__file__).parent / "labs/limits/scenarios/burn.toml"


class _Picky(FakeEngine):
    """An engine that starts no container with a quota."""

    why: EnvironmentRefusedError

    @contextlib.contextmanager
    def opened(self, spec: Spec, captures: Path | None = None, /) -> Iterator[Any]:
        """Refused, or as any fake."""
        if spec.quota is not None:
            raise self.why
        with super().opened(spec, captures) as container:
            yield container


def _cells(engine: FakeEngine) -> list[Runnable]:
    scenario = manifest.load(_BURN)
    cells = select(scenario, Request(lists={"quota": ("unset", "0.5"), "spin": ("1ms", "200ms")}))
    return [
        Runnable(
            Wanted(scenario, cell, engine),
            engine,
            Spec(
                files=(),
                agent=("/agent",),
                memory_bytes=1,
                pids=1,
                quota=None if cell.text("quota") == "unset" else 0.5,
            ),
        )
        for cell in cells
    ]


def test_a_container_that_cannot_be_started_refuses_its_cells() -> None:
    """With what the engine said; the other container is there."""
    engine = _Picky()
    engine.why = EnvironmentRefusedError("the engine would not start a container (500): invalid argument")
    with seats(_cells(engine)) as found:
        refused = {cell for cell, seat in found.items() if seat is engine.why}
        seated = {cell for cell, seat in found.items() if isinstance(seat, Seat)}

    assert refused == {"spin_1ms-quota_0.5", "spin_200ms-quota_0.5"}
    assert seated == {"spin_1ms", "spin_200ms"}
    assert [container.closed for container in engine.containers] == [True]


def test_an_engine_that_is_not_there_any_more_ends_it() -> None:
    """No other container would start either, and none is left."""
    engine = _Picky()
    engine.why = EngineUnavailableError("the engine went away")
    with pytest.raises(EngineUnavailableError, match="went away"), seats(_cells(engine)):
        pass
    assert all(container.closed for container in engine.containers)
