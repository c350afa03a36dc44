"""Containers for cells: one that cannot be started refuses its cells, and the others have theirs."""

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lab import catalogue, manifest
from lab.bench.execute import Seat
from lab.bench.selection import Request, select
from lab.engine.base import Spec
from lab.errors import EngineUnavailableError, EnvironmentRefusedError
from lab.golang.build import Binary
from lab.material import Prepared, Runnable, prepare, runnable, seats
from lab.workshop import Wanted, Workshop
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


class _Silent:
    """Progress that nobody hears of."""

    def stage(self, text: str) -> None:
        """Nothing."""

    def replicate(self, done: int, total: int) -> None:
        """Nothing."""


def _prepared(cache: Path, **lists: tuple[str, ...]) -> dict[str, Prepared]:
    """Cells of hello-static, made ready by a fake engine with a release that is only there by name."""
    root = Path(__file__).parents[1]
    (cache / "go/1.27.3/go").mkdir(parents=True)
    scenario = manifest.load(root / "scenarios/hello-static.toml")
    engine = FakeEngine()
    cells = select(scenario, Request(lists=lists))
    workshop = Workshop(catalogue.find(root, root), engine, cache, _Silent())
    material = prepare(workshop, [Wanted(scenario, cell, engine) for cell in cells])
    assert [each.spec.trees for each in runnable(material)] == [
        each.trees for each in material.prepared if isinstance(each.built, Binary)
    ]
    return {each.cell.id: each for each in material.prepared}


def test_a_cell_that_must_hold_a_base_is_refused_without_one(tmp_path: Path) -> None:
    """With the command that makes it; the others have the Go release in their container."""
    found = _prepared(tmp_path, mode=("build", "linking"))

    assert isinstance(found["linking"].built, EnvironmentRefusedError)
    assert found["linking"].built.hint == "as root: golab engine base (40 s)"
    assert isinstance(found["build"].built, Binary)
    assert [tree.at for tree in found["build"].trees] == ["/usr/local/go"]


def test_a_base_lies_below_the_release(tmp_path: Path) -> None:
    """In the one cell that holds both."""
    (tmp_path / "bases/debian/root").mkdir(parents=True)
    made = {"format": 1, "key": "base-x", "suite": "x", "packages": {"gcc": "1"}}
    (tmp_path / "bases/debian/base.json").write_text(json.dumps(made))
    found = _prepared(tmp_path, mode=("build", "linking"))

    assert [tree.at for tree in found["linking"].trees] == ["/", "/usr/local/go"]
    assert [tree.at for tree in found["build"].trees] == ["/usr/local/go"]


def test_a_program_is_told_where_its_release_is(tmp_path: Path) -> None:
    """Where the container really has it; a program whose container holds none is told nothing."""
    (each,) = _prepared(tmp_path, mode=("build",)).values()
    engine = FakeEngine()
    with seats(
        [Runnable(each.wanted, engine, Spec(files=(), agent=("/a",), memory_bytes=1, pids=1))]
    ) as found:
        seat = found["build"]
        assert isinstance(seat, Seat)
        told = dict(entry.split("=", 1) for entry in seat.command.environment)
    with seats(_cells(engine)) as found:
        others = [seat.command.environment for seat in found.values() if isinstance(seat, Seat)]

    assert told["LAB_GOROOT"] == "/fake/usr/local/go"
    assert others
    assert not [entry for environment in others for entry in environment if entry.startswith("LAB_GOROOT")]
