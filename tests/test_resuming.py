"""A run that was stopped anywhere is gone on with: nothing twice, nothing missing, and it says the same as one that was not."""

import contextlib
import fcntl
import json
import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lab import catalogue, resuming
from lab.analysis import analyse
from lab.bench.left import left_of
from lab.engine.base import Spec
from lab.errors import EnvironmentRefusedError, StoreError, UsageError
from lab.golang.build import Binary
from lab.host import environment
from lab.host.interruption import Interruption
from lab.host.owner import Owner
from lab.material import Material
from lab.measurement import measure
from lab.model.run import Ending
from lab.model.units import Nanos
from lab.resuming import Order, open_again
from lab.store import RunFolder, Store
from tests.fakes import DONE, AgentEndsError, FakeEngine, Reply
from tests.recorded import MANIFEST, NAME, Recipe, decide_otherwise, record
from tests.resumed import Silent, differing, go_on, material, waiting

_ORDER = Order()


def _begun(root: Path, **recipe: Any) -> RunFolder:
    return record(root, Recipe(**{"replicates": 6, "measured": False, "stopped_by": None, **recipe}))


def _resumed(
    folder: RunFolder, order: Order = _ORDER, script: Callable[[Mapping[str, Any]], Reply | None] = waiting
) -> RunFolder:
    """The same run, by another process."""
    again = RunFolder(folder.path)
    left = open_again(again, again.plan(), order, FakeEngine())
    go_on(again, left, script)
    return again


def _analysis(folder: RunFolder) -> bytes:
    found = analyse(folder)
    folder.keep_analysis(found.cells, found.reached)
    assert found.damage == ""
    return (folder.path / "analysis.json").read_bytes()


def _places(folder: RunFolder) -> list[int]:
    return [each.turn.position for each in folder.records()]


def _eight_are_enough(folder: RunFolder) -> None:
    """Of the thirty replicates that are planned, where what is judged is precise."""
    plan = (folder.path / "plan.json").read_bytes()
    decide_otherwise(folder, "plan.json", plan.replace(b'"replicates": 30', b'"replicates": 8', 1))


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    """A run that nobody stopped."""
    folder = _begun(tmp_path_factory.mktemp("whole"))
    assert go_on(folder) == "replicates"
    return folder


@pytest.mark.parametrize("share", [0.0, 0.03, 0.35, 0.5, 0.77, 0.999, 1.0])
def test_a_kill_anywhere_changes_nothing_of_what_the_run_says(
    whole: RunFolder, tmp_path: Path, share: float
) -> None:
    """Cut off at any byte, gone on with: the same replicates in the same order, the same analysis to the byte."""
    shutil.copytree(whole.path, tmp_path / "run")
    runs = tmp_path / "run/runs.jsonl"
    os.truncate(runs, int(runs.stat().st_size * share))
    (tmp_path / "run/end.json").unlink()
    folder = _resumed(RunFolder(tmp_path / "run"))

    assert runs.read_bytes() == (whole.path / "runs.jsonl").read_bytes()
    assert _analysis(folder) == _analysis(whole)
    assert folder.stopped_by() == "replicates"
    assert len(folder.resumptions()) == 1


def test_a_run_may_be_stopped_again_and_again(tmp_path: Path, whole: RunFolder) -> None:
    """By Ctrl-C after every few replicates; what it was told each time is in the record and on the page."""
    folder, stopped = _begun(tmp_path), 0
    while not folder.path.joinpath("end.json").exists() or folder.is_unfinished:
        interruption, ran = Interruption(), 0

        def script(order: Mapping[str, Any], interruption: Interruption = interruption) -> Reply:
            nonlocal ran
            ran += 1
            interruption.asked = ran > 4
            return waiting(order)

        left = open_again(folder, folder.plan(), _ORDER, FakeEngine()) if stopped else None
        go_on(folder, left, script, interruption)
        stopped += 1

    assert stopped > 2
    assert _places(folder) == list(range(18))
    assert _analysis(folder) == _analysis(whole)
    found = analyse(folder)
    assert len(found.resumed) == stopped - 1
    assert found.resumed[0].startswith("gone on with at 20")
    assert " line" in found.resumed[0]


def test_what_was_lost_is_run_again_and_counts_once(tmp_path: Path) -> None:
    """The line that tells of the loss stays where it is, and counts no more once the run is gone on with."""
    folder, died = _begun(tmp_path), set[str]()

    def script(order: Mapping[str, Any]) -> Reply:
        if order["id"] == "7" and not died:
            died.add("7")
            raise AgentEndsError
        return waiting(order)

    assert go_on(folder, script=script) == "replicates"
    before = analyse(folder)
    assert sum(cell.outcomes.get("infra-failed", 0) for cell in before.cells) == 1
    assert before.notes[-1] == f"go on with it: golab resume {folder.path}"
    lines = (folder.path / "runs.jsonl").read_bytes()
    again = _resumed(folder)

    assert (folder.path / "runs.jsonl").read_bytes().startswith(lines)
    assert [each.again for each in again.resumptions()] == [(7,)]
    assert sorted(_places(again)) == list(range(18))
    assert _places(again)[-1] == 7
    assert all(each.termination.ending is Ending.EXIT for each in again.records())
    assert [cell.outcomes for cell in analyse(again).cells] == [{"exit": 6}] * 3
    assert "1 lost replicate run again" in analyse(again).resumed[0]


def test_a_damage_is_set_aside_and_measured_again(tmp_path: Path, whole: RunFolder) -> None:
    """What stands before it stays, what stands behind it is kept beside; the run says the same, and how it came to."""
    shutil.copytree(whole.path, tmp_path / "run")
    runs = tmp_path / "run/runs.jsonl"
    lines = runs.read_bytes().splitlines(keepends=True)
    runs.write_bytes(b"".join([*lines[:9], lines[9].replace(b"4096", b"4097"), *lines[10:]]))
    folder = RunFolder(tmp_path / "run")
    assert "line 10, from byte" in analyse(folder).damage
    folder = _resumed(folder)

    assert runs.read_bytes() == (whole.path / "runs.jsonl").read_bytes()
    assert _analysis(folder) == _analysis(whole)
    assert (folder.path / "runs.damaged-1.jsonl").read_bytes().count(b"\n") == 9
    assert "what was damaged kept in runs.damaged-1.jsonl" in analyse(folder).resumed[0]


def test_what_was_lost_in_captures_behind_a_damage_is_there_once(whole: RunFolder, tmp_path: Path) -> None:
    """It comes into the record as the damage is taken off, is found lost only then, and is run again all the same."""
    folder = _cut(RunFolder(shutil.copytree(whole.path, tmp_path / "run")), 12)
    (folder.path / "end.json").unlink()
    captured = [
        {**DONE, **waiting({"id": str(place)}), "id": str(place), "lines_dropped": int(place == 7)}
        for place in range(15)
    ]
    folder.captures.write_text("".join(f"{json.dumps(each)}\n" for each in captured))
    runs = folder.path / "runs.jsonl"
    lines = runs.read_bytes().splitlines(keepends=True)
    runs.write_bytes(b"".join([*lines[:2], lines[2].replace(b"4096", b"4097"), *lines[3:]]))
    again = _resumed(folder)

    assert again.stopped_by() == "replicates"
    assert sorted(_places(again)) == list(range(18))
    assert all(each.termination.ending is Ending.EXIT for each in again.records())
    assert analyse(again).damage == ""


@pytest.mark.parametrize("behind", [b'{"crc":"', b"\x00" * 100 + b"\n", b"{}\n{}\n"])
def test_what_stands_behind_a_whole_record_is_set_aside(
    whole: RunFolder, tmp_path: Path, behind: bytes
) -> None:
    """Half a line, too: the run had come to its end, so it was no kill that left it. Nothing is measured, and next time nothing is damaged."""
    folder = RunFolder(shutil.copytree(whole.path, tmp_path / "results/run"))
    with (folder.path / "runs.jsonl").open("ab") as file:
        file.write(behind)
    assert "line 19, from byte" in analyse(folder).damage
    lab = _lab(tmp_path)
    found = resuming.go_on(lab, folder, _ORDER, Silent())

    assert (found.damage, found.stopped_by) == ("", "replicates")
    assert (folder.path / "runs.damaged-1.jsonl").read_bytes() == behind
    assert (folder.path / "runs.jsonl").read_bytes() == (whole.path / "runs.jsonl").read_bytes()
    assert "what was damaged kept in runs.damaged-1.jsonl" in found.resumed[0]
    with pytest.raises(UsageError, match="is finished"):
        resuming.go_on(lab, folder, _ORDER, Silent())


def test_half_a_line_that_a_kill_left_behind_a_whole_record_is_taken_off(
    whole: RunFolder, tmp_path: Path
) -> None:
    """It was never a replicate."""
    folder = RunFolder(shutil.copytree(whole.path, tmp_path / "results/run"))
    (folder.path / "end.json").unlink()
    with (folder.path / "runs.jsonl").open("ab") as file:
        file.write(b'{"crc":"')
    found = resuming.go_on(_lab(tmp_path), folder, _ORDER, Silent())

    assert (found.damage, found.stopped_by) == ("", "replicates")
    assert not list(folder.path.glob("runs.damaged-*"))


def test_a_record_that_was_cut_off_behind_a_line_is_gone_on_with(whole: RunFolder, tmp_path: Path) -> None:
    """There is nothing to set aside."""
    folder = _cut(RunFolder(shutil.copytree(whole.path, tmp_path / "run")), 9)
    assert "it ends with line 9" in analyse(folder).damage
    again = _resumed(folder)

    assert (again.path / "runs.jsonl").read_bytes() == (whole.path / "runs.jsonl").read_bytes()
    assert _analysis(again) == _analysis(whole)
    assert not list(again.path.glob("runs.damaged-*"))


class _Full(FakeEngine):
    """An engine without room for one of the containers."""

    @contextlib.contextmanager
    def opened(self, spec: Spec, captures: Path | None = None, /) -> Iterator[Any]:
        """Refused for what is of another binary, or as any fake."""
        if any(file.content == b"other" for file in spec.files):
            raise EnvironmentRefusedError("no space left on device", hint="is the disk full?")
        with super().opened(spec, captures) as container:
            yield container


def _of_two_binaries(engine: FakeEngine) -> Material:
    """The first of the cells has another than the rest."""
    made = material(engine)
    first, *rest = made.prepared
    return replace(made, prepared=(replace(first, built=Binary(content=b"other")), *rest))


def test_a_cell_that_could_run_and_cannot_for_a_while_is_not_given_up(
    tmp_path: Path, whole: RunFolder
) -> None:
    """The disk is full, say: the run is refused, nothing is written of the cell, and it is gone on with when there is room again."""
    folder, interruption, ran = _begun(tmp_path), Interruption(), 0

    def script(order: Mapping[str, Any]) -> Reply:
        nonlocal ran
        ran += 1
        interruption.asked = ran > 7
        return waiting(order)

    engine = FakeEngine(script)
    folder.end(measure(_of_two_binaries(engine), folder.decided(), folder, Silent(), interruption))
    lines = (folder.path / "runs.jsonl").read_bytes()
    left = open_again(folder, folder.plan(), _ORDER, FakeEngine())
    with pytest.raises(EnvironmentRefusedError) as refused:
        measure(_of_two_binaries(_Full()), folder.decided(), folder, Silent(), Interruption(), left=left)

    assert str(refused.value) == (
        "s1 could run when the run was begun, and cannot now: no space left on device (is the disk full?)"
    )
    assert refused.value.hint == f"nothing is lost: golab resume {folder.path} goes on when it can"
    assert (folder.path / "runs.jsonl").read_bytes() == lines
    assert folder.is_unfinished
    assert _analysis(_resumed(folder)) == _analysis(whole)


def test_a_cell_that_never_could_run_is_told_and_the_others_are_measured(tmp_path: Path) -> None:
    """As ever."""
    folder = _begun(tmp_path)
    made = _of_two_binaries(_Full(waiting))

    assert measure(made, folder.decided(), folder, Silent(), Interruption()) == "replicates"
    assert [cell.outcomes for cell in analyse(folder).cells] == [{"refused": 1}, {"exit": 6}, {"exit": 6}]


def test_a_run_that_was_precise_when_it_was_killed_is_not_measured_further(tmp_path: Path) -> None:
    """It was killed between its last replicate and its end: the rule is asked before anything is measured."""
    folder = _begun(tmp_path, replicates=30)
    plan = replace(folder.plan(), replicates=8)
    _eight_are_enough(folder)
    assert folder.plan() == plan
    assert go_on(folder) == "precise"
    places = _places(folder)
    (folder.path / "end.json").unlink()
    again = _resumed(folder)

    assert again.stopped_by() == "precise"
    assert len(places) < 90
    assert _places(again) == places


@pytest.mark.parametrize("lost", [{"4"}, {"28"}, {"26", "32"}])
def test_lost_ones_of_a_precise_run_are_run_again_and_no_more(tmp_path: Path, lost: set[str]) -> None:
    """The blocks that were whole already count as such: the rule is asked again when the lost ones are there, before the least number or behind it."""
    folder, to_die = _begun(tmp_path, replicates=30), set(lost)
    _eight_are_enough(folder)

    def script(order: Mapping[str, Any]) -> Reply:
        if order["id"] in to_die:
            to_die.remove(order["id"])
            raise AgentEndsError
        return differing(order)

    assert go_on(folder, script=script) == "precise"
    assert not to_die
    measured = len(_places(folder))
    again = _resumed(folder, script=differing)

    assert again.stopped_by() == "precise"
    assert sorted(_places(again)) == list(range(measured))
    assert analyse(again).damage == ""


def test_a_run_that_was_killed_within_a_block_ends_with_a_whole_one(tmp_path: Path) -> None:
    """Precise or not by what is there: nothing of a block may be missing that has begun."""
    folder = _begun(tmp_path, replicates=30)
    _eight_are_enough(folder)
    assert go_on(folder, script=differing) == "precise"
    places = _places(folder)
    (folder.path / "end.json").unlink()
    again = _resumed(_cut(folder, len(places) - 1), script=differing)

    assert again.stopped_by() == "precise"
    assert _places(again) == places
    assert analyse(again).damage == ""


def test_only_what_was_lost_is_left_again(tmp_path: Path) -> None:
    """Timeouts, crashes and what was put aside are what happened; a loss is not."""
    folder = record(tmp_path, Recipe(replicates=4, lost=Ending.TIMEOUT, endings={"s2": Ending.INFRA_FAILED}))
    left = left_of(folder.plan(), folder.records(), ())

    assert {turn.cell for turn in left.turns} == {"s2"}
    assert left.again == tuple(turn.position for turn in left.turns)
    assert (left.whole_blocks, left.begun_blocks) == (0, 4)


def test_time_counts_over_all_sittings(tmp_path: Path) -> None:
    """The pause between them does not; the made-up replicates begin a second apart."""
    folder = record(tmp_path, Recipe(replicates=4, stopped_by=None))
    records = list(folder.records())
    pause = 3600 * 10**9
    late = [replace(each, started_at_ns=each.started_at_ns + pause) for each in records[6:]]
    open_again(_cut(folder, 6), folder.plan(), Order(max_time=Nanos(10**12)), FakeEngine())
    (resumption,) = folder.resumptions()
    resumed = replace(resumption, at_ns=records[5].started_at_ns + pause // 2)
    left = left_of(folder.plan(), [*records[:6], *late], (resumed,))

    assert (resumption.elapsed_ns, resumption.max_time_ns) == (5 * 10**9 + 10**6, 10**12 + 5 * 10**9 + 10**6)
    assert left.elapsed_ns == 2 * (5 * 10**9 + 10**6)


def test_the_time_that_was_given_last_is_the_time_that_there_is(tmp_path: Path) -> None:
    """Though more had been given before, and was not used."""
    folder = record(tmp_path, Recipe(replicates=4, stopped_by=None))
    _cut(folder, 6)
    for hours in (2, 1):
        open_again(folder, folder.plan(), Order(max_time=Nanos(hours * 3600 * 10**9)), FakeEngine())
    left = left_of(folder.plan(), folder.records(), folder.resumptions())

    assert left.max_time_ns == 3600 * 10**9 + left.elapsed_ns


def test_a_clock_that_was_set_uses_up_no_time(tmp_path: Path) -> None:
    """Whichever way it jumps in the middle of a run."""
    records = list(record(tmp_path, Recipe(replicates=4)).records())
    whole = left_of(RunFolder(tmp_path / Recipe().name).plan(), records, ()).elapsed_ns
    for jump in (400 * 86_400 * 10**9, -400 * 86_400 * 10**9):
        set_in_between = [
            replace(each, started_at_ns=each.started_at_ns + jump * (number >= 6))
            for number, each in enumerate(records)
        ]
        left = left_of(RunFolder(tmp_path / Recipe().name).plan(), set_in_between, ())
        assert left.elapsed_ns == whole - 10**9 + 10**6, "but for the pause in which it was set"


def _cut(folder: RunFolder, lines: int) -> RunFolder:
    path = folder.path / "runs.jsonl"
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:lines]))
    return folder


def _lab(root: Path, text: str = MANIFEST) -> catalogue.Lab:
    (root / "scenarios").mkdir(parents=True)
    (root / "go_templates").mkdir()
    (root / f"scenarios/{NAME}.toml").write_text(text)
    return catalogue.find(root, root)


def _of_here(**recipe: Any) -> dict[str, Any]:
    provenance = {"engine": {"engine": "docker"}, "machine": environment.describe()}
    return {"provenance": provenance, **recipe}


def test_a_finished_run_is_refused_with_what_to_do(tmp_path: Path) -> None:
    """By name, and where the newest that is not finished is asked for."""
    folder = record(tmp_path / "results", Recipe())

    with pytest.raises(UsageError, match="is finished: there is nothing to go on with") as refused:
        resuming.go_on(_lab(tmp_path), folder, _ORDER, Silent())
    assert refused.value.hint == (
        f"golab report {folder.path} shows it; more replicates are another run: golab run scenario example --seed=1"
    )
    with pytest.raises(
        UsageError, match="every run came to its end, the newest is 20261123-120000-example-0001"
    ):
        resuming.resume(tmp_path, None, Order(results=tmp_path / "results"), Silent())
    with pytest.raises(StoreError, match="there is no run yet"):
        resuming.resume(tmp_path, None, Order(results=tmp_path / "nowhere"), Silent())


def test_a_run_whose_time_was_up_needs_more(tmp_path: Path) -> None:
    """How much is asked for with --max-time."""
    folder = record(tmp_path / "results", Recipe(stopped_by="max-time"))
    _cut(folder, 20)

    with pytest.raises(UsageError, match="has used up its time, 1 s") as refused:
        resuming.go_on(_lab(tmp_path), folder, _ORDER, Silent())
    assert refused.value.hint == "--max-time 10m gives it so much more"


def test_a_manifest_that_changed_is_refused_with_the_difference(tmp_path: Path) -> None:
    """As diff -u shows it."""
    folder = record(tmp_path / "results", Recipe(stopped_by="interrupted", replicates=20, **_of_here()))
    _cut(folder, 20)
    lab = _lab(tmp_path, MANIFEST.replace("margin = 0.25", "margin = 0.5"))

    with pytest.raises(UsageError, match=r"example\.toml was changed since it was planned") as refused:
        resuming.go_on(lab, folder, Order(max_time=Nanos(10**12)), Silent())
    assert "-margin = 0.25\n+margin = 0.5\n" in str(refused.value)


def test_another_machine_is_refused_with_what_differs(tmp_path: Path) -> None:
    """The made-up machine has another CPU and kernel."""
    folder = record(tmp_path / "results", Recipe(stopped_by="interrupted"))
    _cut(folder, 20)

    with pytest.raises(EnvironmentRefusedError, match="was measured on another machine") as refused:
        resuming.go_on(_lab(tmp_path), folder, Order(max_time=Nanos(10**12)), Silent())
    first, *lines = str(refused.value).split("\n")
    assert first.endswith(":")
    assert any(line.startswith("cpu_model was Example CPU, is ") for line in lines)
    assert any(line.startswith("kernel was 6.1.0, is ") for line in lines)


def test_a_run_that_still_runs_is_refused_with_its_pid(tmp_path: Path) -> None:
    """By who holds its captures, and by who wrote down that it is his."""
    folder = _begun(tmp_path / "results")
    lab = _lab(tmp_path)
    with folder.captures.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(EnvironmentRefusedError, match=r"20261123-120000-example-0001 still runs$"):
            resuming.go_on(lab, folder, _ORDER, Silent())
    folder.captures.unlink()
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        started = int(Path(f"/proc/{other.pid}/stat").read_text().rpartition(")")[2].split()[19])
        folder.own(replace(Owner.of_this_process("run"), pid=other.pid, pid_started=started))
        with pytest.raises(EnvironmentRefusedError, match=rf"still runs \(pid {other.pid}\)"):
            resuming.go_on(lab, folder, _ORDER, Silent())
        other.communicate(b"\n")
    with pytest.raises(EnvironmentRefusedError, match="another machine"):
        resuming.go_on(lab, folder, _ORDER, Silent())


def test_a_disk_that_is_full_costs_nothing_that_was_measured(tmp_path: Path, whole: RunFolder) -> None:
    """A sentence; no half line is left; when there is room again the run is gone on with, and says the same."""
    folder = _begun(tmp_path)
    room = (whole.path / "runs.jsonl").stat().st_size // 2
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, limits[1]))
    try:
        with pytest.raises(StoreError, match=r"runs\.jsonl: cannot be written: File too large") as full:
            go_on(folder)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    runs = folder.path / "runs.jsonl"

    assert full.value.hint == (
        f"what was measured before is kept; when there is room: golab resume {folder.path}"
    )
    assert 0 < runs.stat().st_size <= room
    assert runs.read_bytes().endswith(b"\n")
    assert _analysis(_resumed(folder)) == _analysis(whole)


def test_a_record_that_is_taken_away_ends_the_run(tmp_path: Path) -> None:
    """A new one is not begun in the middle; nor is a folder made that was removed."""
    for name, what in (("20261123-1-example", "the file"), ("20261123-2-example", "the folder")):
        folder = _begun(tmp_path, name=name)

        def script(order: Mapping[str, Any], folder: RunFolder = folder, what: str = what) -> Reply:
            if order["id"] == "7" and what == "the file":
                (folder.path / "runs.jsonl").unlink()
            elif order["id"] == "7":
                shutil.rmtree(folder.path)
            return waiting(order)

        with pytest.raises(StoreError, match=r"runs\.jsonl: (is not there any more|cannot be written)"):
            go_on(folder, script=script)
        assert not (folder.path / "runs.jsonl").exists()


def test_the_end_takes_its_owner_away(tmp_path: Path) -> None:
    """A record that is passed on names no host."""
    folder = _begun(tmp_path)
    folder.own(Owner.of_this_process("run"))
    assert folder.owner() == Owner.of_this_process("run")
    go_on(folder)

    assert folder.owner() is None
    assert Store(tmp_path).runs() == (folder,)
