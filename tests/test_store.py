"""What was written is read again; what was cut off or damaged is told apart."""

from pathlib import Path

import msgspec
import pytest

from lab.errors import StoreError
from lab.model.run import FORMAT, Ending, Plan, Record, Termination, Turn
from lab.model.units import Nanos
from lab.store import RunFolder, Store

_PLAN = Plan(
    format=FORMAT,
    run="20261123-120000-example-0007",
    scenario="example",
    manifest_sha256="0" * 64,
    engine="host",
    seed=7,
    replicates=2,
    max_time_ns=Nanos(10),
    quick=False,
    cells=(),
    turns=(Turn(position=0, block=0, cell="a"),),
    provenance={"machine": {"cpus": 2}},
)


def _record(position: int) -> Record:
    return Record(
        turn=Turn(position=position, block=0, cell="a"),
        termination=Termination(ending=Ending.EXIT, exit_code=0),
        started_at_ns=1,
        wall_ns=Nanos(2),
        observations={"wait_ns": (1, 2)},
    )


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    """A run that has just begun."""
    return Store(tmp_path / "results").create(_PLAN)


def test_a_run_comes_back_as_it_was(folder: RunFolder) -> None:
    """Plan and records are equal to what was written."""
    for position in range(3):
        folder.append(_record(position))

    assert folder.plan() == _PLAN
    assert folder.records() == tuple(_record(position) for position in range(3))


def test_a_line_that_was_cut_off_is_not_a_record(folder: RunFolder) -> None:
    """A crash in the middle of a line loses that line and nothing before it."""
    folder.append(_record(0))
    with (folder.path / "runs.jsonl").open("ab") as file:
        file.write(msgspec.json.encode(_record(1))[:40])

    assert folder.records() == (_record(0),)


def test_a_damaged_line_is_named_by_its_place(folder: RunFolder) -> None:
    """Damage before the end is not skipped over in silence."""
    folder.append(_record(0))
    path = folder.path / "runs.jsonl"
    size = path.stat().st_size
    folder.append(_record(1))
    content = path.read_bytes()
    path.write_bytes(content[:size] + content[size:].replace(b"position", b"posit\x00on", 1))

    with pytest.raises(StoreError, match=f"damaged at byte {size}"):
        folder.records()


def test_another_format_is_refused(folder: RunFolder) -> None:
    """A record of a later golab is not guessed at."""
    path = folder.path / "plan.json"
    path.write_bytes(path.read_bytes().replace(b'"format": 1', b'"format": 99'))

    with pytest.raises(StoreError, match="format 99; this golab reads 1"):
        folder.plan()


def test_a_run_is_never_written_over(folder: RunFolder) -> None:
    """Two runs of the same name are a mistake, not a merge."""
    with pytest.raises(StoreError, match="File exists"):
        Store(folder.path.parent).create(_PLAN)
