"""What says that nothing was lost and nothing is left does say so when something is."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from lab.model.run import Record
from lab.store import RunFolder
from tests.faults.inside import World
from tests.faults.kept import Kept
from tests.faults.left import picture
from tests.recorded import Recipe, record


@pytest.fixture
def world(tmp_path: Path) -> World:
    """One in which nothing was synced yet."""
    made = World(home=tmp_path).made()
    (tmp_path / "durable").touch()
    return made


@pytest.fixture
def folder(world: World) -> RunFolder:
    """A whole run in it."""
    return record(world.home / "results", Recipe(replicates=3))


def _lines(folder: RunFolder) -> list[bytes]:
    return (folder.path / "runs.jsonl").read_bytes().splitlines(keepends=True)


def _rewrite(folder: RunFolder, lines: list[bytes]) -> None:
    (folder.path / "runs.jsonl").write_bytes(b"".join(lines))


def test_of_a_whole_run_nothing_is_said_but_that_nobody_analysed_it(world: World, folder: RunFolder) -> None:
    """All of it was safe."""
    kept = Kept(world, folder)

    assert list(kept.at_once()) == []
    assert kept.measured == len(_lines(folder))
    assert list(kept.finally_()) == ["it has no analysis", "it has no report"]


def test_what_is_missing_or_twice_is_found(world: World, folder: RunFolder) -> None:
    """By position; and so is a record that is another than that of a run to which nothing happened."""
    kept = Kept(world, folder)
    list(kept.at_once())
    whole: list[Record] = list(folder.records())
    lines = _lines(folder)
    last = len(lines) - 1
    _rewrite(folder, lines[:-1])
    missing = list(kept.finally_(whole))
    _rewrite(folder, [*lines, lines[-1]])
    twice = list(kept.finally_())

    assert missing[0].startswith("the record is damaged in the end: runs.jsonl: it ends with line ")
    assert missing[1:4] == [
        f"never measured: [{last}]",
        f"measured before and not in the record: [{last}]",
        "its records are not those of a run that nothing happened to",
    ]
    assert twice[0].startswith("the record is damaged in the end: ")


def test_what_was_synced_and_is_not_there_is_found(world: World, folder: RunFolder) -> None:
    """To the byte."""
    path = folder.path / "runs.jsonl"
    size = path.stat().st_size
    (world.home / "durable").write_text(f"{size + 1}\t{path}\n")

    assert list(Kept(world, folder).at_once()) == [
        f"runs.jsonl has {size} bytes, and {size + 1} were on the disk"
    ]


def test_what_an_agent_answered_for_counts_as_safe(world: World, folder: RunFolder) -> None:
    """Also before a golab has written it down; what a probe said, and what was stopped, do not."""
    answer = {"stopped": False, "start_ns": 5, "end_ns": 12}
    said = [answer | {"id": "999"}, answer | {"id": "alone-1"}, answer | {"id": "998", "stopped": True}]
    (folder.path / "captures.jsonl").write_text("".join(f"{json.dumps(each)}\n" for each in said))
    kept = Kept(world, folder)
    list(kept.at_once())

    assert "measured before and not in the record: [999]" in list(kept.finally_())


def test_a_dump_that_is_not_there_is_found(world: World) -> None:
    """Though the analysis says nothing of it."""
    folder = record(world.home / "results", Recipe(replicates=3, only=("s1",), instruments=("dump",)))
    kept = Kept(world, folder)
    assert not any("dumps" in each for each in kept.finally_())
    shutil.rmtree(folder.path / "dumps")

    assert next(each for each in kept.finally_() if "dumps" in each).startswith("they left dumps, which are")


def test_a_record_that_was_damaged_loses_nothing_that_was_safe_before(
    world: World, folder: RunFolder
) -> None:
    """What was measured by then is remembered as it was, and the damage is expected."""
    kept = Kept(world, folder)
    list(kept.at_once())
    safe = kept.measured
    kept.damage()

    assert list(kept.at_once(is_damaged=True)) == []
    assert kept.measured == safe
    assert next(iter(kept.at_once())).startswith("the record is damaged: runs.jsonl: line ")


@pytest.mark.slow
def test_whatever_is_left_is_in_the_picture(world: World) -> None:
    """A process, by what it was told; a folder; a run's file of the moment; half a record."""
    before = picture(world.home)
    with subprocess.Popen(
        ["sleep", "60"], env={**os.environ, "GOLAB_SCRATCH": str(world.home / "tmp" / "x")}
    ) as process:
        (world.home / "tmp" / "x").mkdir()
        (world.home / "results/half").mkdir()
        (world.home / "results/half/golab-file-1").touch()
        (world.home / "cache/golab/go").mkdir(parents=True)
        left = picture(world.home).beyond(before)
        process.kill()

    assert left == [
        f"file {world.home}/results/half",
        f"file {world.home}/results/half/golab-file-1",
        f"file {world.home / 'tmp' / 'x'}",
        "process sleep 60",
    ]
