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

from lab import catalogue, resuming
from lab.analysis import analyse
from lab.bench.left import left_of
from lab.errors import StoreError
from lab.host.owner import Owner
from lab.model.run import Ending
from lab.recovery import held_cells, recover
from lab.store import RunFolder, Store
from tests.fakes import DONE
from tests.recorded import MANIFEST, NAME, Recipe, record
from tests.resumed import Silent, waiting

_ROOT = Path(__file__).parent.parent
_needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="mounts are made by root alone")
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
    lines = [*filter(None, (folder / "captures.jsonl").read_bytes().split(b"\n")[:-1])]
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
    half = lines[0][:40]  # of an agent that was killed in the middle of its write
    folder.captures.write_text(half + "".join(f"\n{line}\n" for line in lines) + half)

    assert recover(folder) == 4
    assert [record.turn for record in folder.records()] == [turn for turn in turns if turn.cell != "s2"]
    assert not folder.captures.exists()
    left = left_of(folder.plan(), folder.records(), ())
    assert left.turns == tuple(turn for turn in turns if turn.cell == "s2")


def _leave(folder: RunFolder, *, written: int) -> None:
    """The record of a run that was killed when so many lines were written; all the others' replicates are in its captures."""
    turns = folder.plan().turns
    folder.keep_probes({}, dict.fromkeys(("s1", "s2", "s3"), ""))
    lines = [
        json.dumps({**DONE, **waiting({"id": turn.position}), "id": str(turn.position)}) for turn in turns
    ]
    folder.captures.write_text("".join(f"{line}\n" for line in lines))
    recover(RunFolder(folder.path))
    runs = folder.path / "runs.jsonl"
    runs.write_bytes(b"".join(runs.read_bytes().splitlines(keepends=True)[:written]))
    folder.captures.write_text("".join(f"{line}\n" for line in lines))


_ON_A_READ_ONLY_DISK = 'mount --bind "$1" "$1" && mount -o remount,bind,ro "$1" && shift && exec "$@"'
_WHY = "runs.jsonl: cannot be written: Read-only file system"


def _read_only(place: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """What Python says of a *command* for which nothing below *place* can be written."""
    return subprocess.run(
        ["unshare", "--mount", "sh", "-c", _ON_A_READ_ONLY_DISK, "sh", place, sys.executable, *command],
        cwd=_ROOT,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


@_needs_root
def test_a_record_that_cannot_be_written_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    """One run that was killed bars no list, page or export; what of it is missing is told, and brought over once it can be. Only who goes on with it insists."""
    results = tmp_path / "results"
    folder = record(results, Recipe(replicates=2, measured=False, stopped_by=None))
    whole = record(results, Recipe(name="20261124-120000-example-0001"))
    _leave(folder, written=4)
    told = f"2 measured replicates are not in the record yet: {_WHY}"
    run, where = folder.path.name, ("--results", str(results))

    runs = _read_only(results, "-m", "lab", "runs", "--json", *where)
    assert (runs.returncode, runs.stderr) == (0, "")
    first, second = json.loads(runs.stdout)["runs"]
    assert (first["run"], first["replicates"], first["stopped_by"], first["problem"]) == (
        run,
        4,
        "killed",
        "",
    )
    assert first["unrecovered"] == told
    assert (second["run"], second["replicates"], second["unrecovered"]) == (whole.path.name, 30, "")
    page = tmp_path / "page.html"
    report = _read_only(results, "-m", "lab", "report", run, "-o", str(page), *where)
    assert (report.returncode, report.stderr) == (0, "")
    assert told in page.read_text()
    export = _read_only(results, "-m", "lab", "export", run, "--csv", *where)
    assert (export.returncode, len({line.split(",")[5] for line in export.stdout.splitlines()})) == (0, 5)
    assert told in export.stderr
    insisting = "import sys; from pathlib import Path; from lab import recovery, store; recovery.recover(store.RunFolder(Path(sys.argv[1])))"
    refused = _read_only(results, "-c", insisting, str(folder.path))
    assert f"StoreError: {folder.path}/{_WHY}" in refused.stderr

    found = analyse(folder)
    assert (found.unrecovered, found.warnings) == ("", ("the run never came to its end: 6 of 6 replicates",))
    assert not folder.captures.exists()


@_needs_root
def test_what_is_all_in_the_record_is_missing_nowhere(tmp_path: Path) -> None:
    """Its captures cannot be removed: nobody needs them."""
    folder = record(tmp_path / "results", Recipe(replicates=2, measured=False, stopped_by=None))
    _leave(folder, written=6)
    runs = _read_only(
        tmp_path / "results", "-m", "lab", "runs", "--json", "--results", str(tmp_path / "results")
    )

    (only,) = json.loads(runs.stdout)["runs"]
    assert (only["replicates"], only["unrecovered"], only["problem"]) == (6, "", "")
    assert folder.captures.exists()


def test_what_no_line_was_written_of_cannot_be_brought_over_without_its_probes(tmp_path: Path) -> None:
    """By which it would be read: the rest of the record is read all the same."""
    folder = record(tmp_path, Recipe(replicates=2, measured=False, stopped_by=None))
    _leave(folder, written=5)
    (folder.path / "probes.json").unlink()
    with pytest.raises(StoreError, match=r"probes\.json: cannot be read"):
        recover(folder)

    found = analyse(folder)
    assert found.warnings == (
        "the run never came to its end: 5 of 6 replicates",
        "1 measured replicate is not in the record yet: probes.json: cannot be read: No such file or directory",
    )


def test_half_a_line_is_taken_off_only_behind_lines_that_are_whole(tmp_path: Path) -> None:
    """Nobody knows what stands behind a damage: the record and what is left beside it stay as they are."""
    folder = record(tmp_path, Recipe(replicates=2, measured=False, stopped_by=None))
    _leave(folder, written=4)
    runs = folder.path / "runs.jsonl"
    lines = runs.read_bytes().splitlines(keepends=True)
    damaged = b"".join([lines[0], lines[1].replace(b"4096", b"4097"), *lines[2:]])
    runs.write_bytes(damaged + b'{"crc":"')
    assert recover(folder) == 0
    assert (runs.read_bytes(), folder.captures.exists()) == (damaged + b'{"crc":"', True)
    assert analyse(folder).unrecovered.endswith(
        "are not in the record yet: the record is damaged before them, and golab resume sets that aside"
    )
    runs.write_bytes(b"".join(lines) + b'{"crc":"')
    assert recover(folder) == 2


def test_what_is_held_is_a_neighbour_or_a_mode_of_the_machine(tmp_path: Path) -> None:
    """By cell, as the manifest says."""
    folder = record(tmp_path, Recipe(measured=False))
    assert held_cells(folder, folder.plan()) == frozenset()
    (folder.path / f"scenarios/{NAME}.toml").write_text(MANIFEST + _NEIGHBOUR + _MODE)

    assert held_cells(folder, folder.plan()) == {"s2", "s3"}


def test_what_cannot_be_read_of_captures_is_told_and_never_thrown_away(tmp_path: Path) -> None:
    """A file of another user's, or of a disk that fails; here no file at all. Who reads the record says so, who would go on does not."""
    folder = record(tmp_path, Recipe(replicates=2, stopped_by=None))
    folder.captures.mkdir()

    assert (
        analyse(folder).warnings[-1]
        == "captures.jsonl: what agents had measured cannot be read: Is a directory"
    )
    with pytest.raises(StoreError, match="cannot be read"):
        recover(folder)
    with pytest.raises(StoreError, match="cannot be read"):
        resuming.go_on(catalogue.find(_ROOT, _ROOT), folder, resuming.Order(), Silent())
    assert folder.captures.exists()


def test_what_another_may_not_read_of_a_run_that_goes_on_is_not_missing(tmp_path: Path) -> None:
    """Its captures are its own until it ends."""
    folder = record(tmp_path, Recipe(replicates=2, stopped_by=None))
    folder.captures.mkdir()
    folder.own(Owner.of_this_process("it goes on"))

    assert analyse(folder).unrecovered == ""
