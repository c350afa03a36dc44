"""A lab that is killed in the middle of a sheaf: what its agent had measured is in the record of whoever reads it next."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import pytest

from lab.analysis import analyse
from lab.bench.left import left_of
from lab.model.run import Ending
from lab.recovery import held_cells, recover
from lab.store import RunFolder, Store
from tests.fakes import DONE
from tests.recorded import MANIFEST, NAME, Recipe, record
from tests.resumed import waiting

_ROOT = Path(__file__).parent.parent
_AHEAD = 3
"""So many answers at least an agent has kept and not told when its lab is killed."""

_NEIGHBOUR = """
[[neighbours]]
program = "disk-writer"
where = { size = ["2"] }
"""
_MODE = """
[[host_settings]]
setting = "transparent_hugepage"
mode = "always"
where = { size = ["3"] }
"""


def _killed(results: Path, engine: str) -> RunFolder:
    """A run whose lab was killed while its agent was several replicates ahead of the record; the agent is gone, too."""
    command = [sys.executable, "-m", "lab", "--root", str(_ROOT / "tests/labs/misbehave")]
    command += ["run", "scenario", "misbehave", "--only", "well", "--runs", "5000", "--engine", engine]
    with subprocess.Popen(
        [*command, "--results", str(results)], cwd=_ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as run:
        deadline = time.monotonic() + 300
        while not any(_ahead(path) >= _AHEAD for path in results.glob("*/runs.jsonl")):
            assert run.poll() is None, run.communicate()
            assert time.monotonic() < deadline
            time.sleep(0.005)
        os.kill(run.pid, signal.SIGKILL)
        run.wait()
    (folder,) = Store(results).runs()
    size = -1
    while size != (size := folder.captures.stat().st_size):
        time.sleep(0.5)
    return folder


def _positions(folder: Path) -> set[int]:
    """Of the replicates that agents kept."""
    lines = (folder / "captures.jsonl").read_bytes().split(b"\n")[:-1]
    ids = [str(json.loads(line)["id"]) for line in lines if not json.loads(line)["stopped"]]
    return {int(number) for number in ids if number.isdecimal()}


def _ahead(runs: Path) -> int:
    return len(_positions(runs.parent)) - runs.read_bytes().count(b"\n")


@pytest.mark.go
@pytest.mark.slow
@pytest.mark.parametrize("engine", ["host", pytest.param("docker", marks=pytest.mark.docker)])
@pytest.mark.usefixtures("go_toolchain")
def test_what_was_measured_outlives_the_lab(tmp_path: Path, engine: str) -> None:
    """Every replicate that had ended is there once, in order, read as the run itself would have; twice reading changes nothing."""
    folder = _killed(tmp_path, engine)
    written, kept = tuple(folder.records()), _positions(folder.path)
    assert len(kept) > len(written)
    brought = recover(folder)
    records = tuple(folder.records())

    assert brought == len(kept) - len(written)
    assert [record.turn for record in records] == list(folder.plan().turns[: len(kept)])
    assert records[: len(written)] == written
    assert all(record.termination.ending is Ending.EXIT for record in records)
    assert all(record.observations["done"] == (1,) for record in records)
    assert not folder.captures.exists()
    assert recover(folder) == 0
    assert analyse(folder).warnings == (f"the run never came to its end: {len(kept)} of 5000 replicates",)


@pytest.mark.go
@pytest.mark.slow
@pytest.mark.usefixtures("go_toolchain")
def test_a_line_that_a_kill_cut_off_is_made_whole(tmp_path: Path) -> None:
    """Its replicate is among the captures: a kill in the middle of writing a sheaf down loses nothing of it."""
    folder = _killed(tmp_path, "host")
    kept, runs = _positions(folder.path), folder.path / "runs.jsonl"
    runs.write_bytes(runs.read_bytes()[:-40])
    recover(folder)
    records = folder.records()

    assert [record.turn.position for record in records] == list(range(len(kept)))
    assert records.damage == ""


@pytest.mark.go
@pytest.mark.slow
@pytest.mark.usefixtures("go_toolchain")
def test_a_replicate_is_judged_as_the_run_would_have(tmp_path: Path) -> None:
    """What its cell was not given makes it contaminated, whoever reads it."""
    folder = _killed(tmp_path, "host")
    written = len(tuple(folder.records()))
    probes = folder.path / "probes.json"
    found = msgspec.json.decode(probes.read_bytes())
    found["flaws"] = dict.fromkeys(found["flaws"], "half of it was given")
    probes.write_bytes(msgspec.json.encode(found))
    recover(folder)
    fresh = [record.termination for record in folder.records()][written:]

    assert {(end.ending, end.detail) for end in fresh} == {(Ending.CONTAMINATED, "half of it was given")}


def test_of_cells_for_which_something_was_held_nothing_is_brought_over(tmp_path: Path) -> None:
    """Whether the neighbour worked to the end was to be found out after the replicate: they are run again."""
    recipe = Recipe(replicates=2, measured=False, stopped_by=None, manifest=MANIFEST + _NEIGHBOUR)
    folder = record(tmp_path, recipe)
    turns = folder.plan().turns
    folder.keep_probes({}, dict.fromkeys(("s1", "s2", "s3"), ""))
    lines = [
        json.dumps({**DONE, **waiting({"id": turn.position}), "id": str(turn.position)}) for turn in turns
    ]
    folder.captures.write_text("".join(f"{line}\n" for line in lines))

    assert recover(folder) == 4
    assert [record.turn for record in folder.records()] == [turn for turn in turns if turn.cell != "s2"]
    assert not folder.captures.exists()
    left = left_of(folder.plan(), folder.records(), ())
    assert left.turns == tuple(turn for turn in turns if turn.cell == "s2")


def test_what_is_held_is_a_neighbour_or_a_mode_of_the_machine(tmp_path: Path) -> None:
    """By cell, as the manifest says."""
    folder = record(tmp_path, Recipe(measured=False))
    assert held_cells(folder, folder.plan()) == frozenset()
    (folder.path / f"scenarios/{NAME}.toml").write_text(MANIFEST + _NEIGHBOUR + _MODE)

    assert held_cells(folder, folder.plan()) == {"s2", "s3"}
