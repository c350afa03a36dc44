"""What was written is read again; what was cut off or damaged is told apart, and what stands before it is used."""

import os
import re
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from lab import durable
from lab.dump import parsed
from lab.dumped import SHORT_DUMP_BYTES, WHOLE_DUMPS
from lab.errors import LabError, StoreError
from lab.host import scratch
from lab.model.outcome import Foresight, Prediction
from lab.model.run import FORMAT, CostsUsed, DumpText, Ending, Plan, Record, Termination, Turn
from lab.model.units import Nanos
from lab.store import Decided, RunFolder, Store
from tests.recorded import decide_otherwise

_PLAN = Plan(
    format=FORMAT,
    run="20261123-120000-example-0007",
    scenario="example",
    title="",
    manifests={"example": "0" * 64},
    engine="host",
    seed=7,
    replicates=2,
    most_replicates=2,
    max_time_ns=Nanos(10),
    quick=False,
    asked=("run", "scenario", "example", "--seed=7"),
    costs={"host": CostsUsed(source="packaged", identity="golab", calibrated=False)},
    cells=(),
    turns=tuple(Turn(position=at, block=0, cell="b" if at == 10 else "a") for at in range(13)),
    provenance={"machine": {"cpus": 2}},
)


_DECIDED = Decided(
    plan=_PLAN,
    manifests={"example": b"format = 1\n"},
    foretold=Foresight(
        metrics={
            ("a", "wait_ns"): Prediction(value=2.0, low=1.0, high=3.0, log_se=0.1, calibrations=8, n=32),
            ("a", "size_bytes"): "no collector yet",
        },
        outcomes={"a": {"deadlock": 31, "exit": 1}, "b": "nobody wrote a twin"},
    ),
    costs={"host": "{}"},
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
    return Store(tmp_path / "results").create(_DECIDED)


def test_a_run_comes_back_as_it_was(folder: RunFolder) -> None:
    """Everything that was decided, every record, and the end are equal to what was written."""
    for position in range(3):
        folder.append(_record(position))
    folder.end("max-time")

    records = folder.records()
    assert tuple(records) == tuple(_record(position) for position in range(3))
    assert (folder.plan(), folder.foretold()) == (_PLAN, _DECIDED.foretold)
    assert folder.manifest("example")[0] == _DECIDED.manifests["example"]
    assert (folder.stopped_by(), records.damage) == ("max-time", "")


def test_a_record_from_before_outcomes_were_predicted_is_read(folder: RunFolder) -> None:
    """It says nothing of them, and the same of metrics."""
    path = folder.path / "predictions.json"
    kept = msgspec.json.decode(path.read_bytes())
    del kept["outcomes"]
    decide_otherwise(folder, path.name, msgspec.json.encode(kept))

    assert folder.foretold() == Foresight(metrics=_DECIDED.foretold.metrics)


@pytest.mark.parametrize("name", ["plan.json", "predictions.json", "costs/host.json", "decided.json"])
def test_what_was_decided_is_not_changed_afterwards(folder: RunFolder, name: str) -> None:
    """The file is named that does not fit, before anything is judged by it; so it is where it is gone."""
    path = folder.path / name
    path.write_bytes(path.read_bytes().replace(b"\n", b"\n ") + b"\n")
    if name == "decided.json":
        folder.append(_record(0))
        path.write_bytes(path.read_bytes() + b"\n")
        records = folder.records()
        assert list(records) == []
        assert records.damage.startswith("runs.jsonl: line 1, ")
    else:
        with pytest.raises(StoreError, match=rf"{name}: was changed after the run was planned"):
            folder.decided()
        with pytest.raises(StoreError, match=rf"{name}: was changed after the run was planned"):
            folder.foretold()
    path.unlink()
    with pytest.raises(StoreError, match=rf"{name}: cannot be read"):
        folder.decided()


def test_an_earlier_golabs_files_are_not_bound(folder: RunFolder) -> None:
    """Nobody has written down what they were; its lines begin with nothing."""
    plan = folder.path / "plan.json"
    plan.write_bytes(plan.read_bytes().replace(b'"format": %d' % FORMAT, b'"format": 4'))
    (folder.path / "decided.json").unlink()
    folder.append(_record(0), _record(1))
    folder.end("replicates")

    records = folder.records()
    assert (tuple(records), records.damage) == ((_record(0), _record(1)), "")
    assert folder.decided().foretold == _DECIDED.foretold


def test_a_run_without_an_end_was_killed(folder: RunFolder) -> None:
    """Who is killed writes nothing, and that is what tells it."""
    folder.append(_record(0))

    assert folder.stopped_by() == "killed"


def test_a_line_that_was_cut_off_is_not_a_record(folder: RunFolder) -> None:
    """A crash in the middle of a line loses that line and nothing before it, and is told of."""
    folder.append(_record(0))
    with (folder.path / "runs.jsonl").open("ab") as file:
        file.write(msgspec.json.encode(_record(1))[:40])

    records = folder.records()
    assert tuple(records) == (_record(0),)
    size = records.size
    assert records.damage == (
        f"runs.jsonl: line 2, from byte {size} on: it is the last one and was cut off after 40 bytes;"
        " nothing from there on is used"
    )


def test_what_stands_before_a_damage_is_used_and_the_damage_named(folder: RunFolder) -> None:
    """Nothing after it is used: nobody knows what is missing there."""
    folder.append(_record(0))
    path = folder.path / "runs.jsonl"
    size = path.stat().st_size
    folder.append(_record(1))
    folder.append(_record(2))
    content = path.read_bytes()
    path.write_bytes(content[:size] + content[size:].replace(b"position", b"posit\x00on", 1))

    records = folder.records()
    assert tuple(records) == (_record(0),)
    assert re.match(
        rf"runs\.jsonl: line 2, from byte {size} on: its checksum is [0-9a-f]{{8}}, and [0-9a-f]{{8}} was expected:",
        records.damage,
    )


@pytest.mark.parametrize(
    ("found", "hint"), [(99, "a newer golab wrote it"), (1, "an earlier golab wrote it")]
)
def test_another_format_is_refused(folder: RunFolder, found: int, hint: str) -> None:
    """A record of a later golab is not guessed at, and an earlier one lacks what is needed."""
    path = folder.path / "plan.json"
    path.write_bytes(path.read_bytes().replace(b'"format": %d' % FORMAT, b'"format": %d' % found))

    with pytest.raises(StoreError, match=f"format {found}; this golab reads 3, 4 and {FORMAT}") as refused:
        folder.plan()
    assert refused.value.hint
    assert refused.value.hint.startswith(hint)


def test_a_run_is_never_written_over(folder: RunFolder) -> None:
    """Two runs of the same name are a mistake, not a merge."""
    with pytest.raises(StoreError, match="another run has taken this name meanwhile") as refused:
        Store(folder.path.parent).create(_DECIDED)

    assert refused.value.hint == "measure again: the run gets a name of its own"


def test_a_run_is_found_by_enough_of_its_name(folder: RunFolder) -> None:
    """The newest without a name; a folder; a name, or a part that only one run has."""
    store = Store(folder.path.parent)

    assert store.runs() == (folder,)
    for name in (None, str(folder.path), folder.path.name, "example-0007"):
        assert store.find(name) == folder


def test_a_run_that_is_not_there_is_a_usage_error(folder: RunFolder, tmp_path: Path) -> None:
    """The nearest names are told; an empty folder says how to fill it."""
    with pytest.raises(LabError, match=r"no run in .* is called 'nothing'") as unknown:
        Store(folder.path.parent).find("nothing")
    assert unknown.value.exit_code == 2
    with pytest.raises(StoreError, match="holds no run yet"):
        Store(tmp_path / "empty").find(None)


def test_a_dump_is_in_a_file_of_its_own(folder: RunFolder) -> None:
    """The record's line says that there is one, and stays short; the text is read again from beside it."""
    left = replace(_record(3), dump=DumpText(text="goroutine 1 [running]:\n\ud800\n", cut=True))
    folder.append(_record(2), left)
    first, second = folder.records()

    assert (first.dump, second.dump) == (None, DumpText(text="", cut=True))
    assert folder.dump_text(second) == "goroutine 1 [running]:\n?\n"
    assert folder.dump(second) == folder.path / "dumps/3.txt"
    assert folder.dump_text(first) is None


def _stuck(position: int, text: str, cell: str = "a", ending: Ending = Ending.TIMEOUT) -> Record:
    return Record(
        turn=Turn(position=position, block=0, cell=cell),
        termination=Termination(ending=ending),
        started_at_ns=1,
        wall_ns=Nanos(2),
        dump=DumpText(text=text, cut=False),
    )


def _long_dump(goroutines: int) -> str:
    stacks = (
        f"\ngoroutine {i} [select]:\nmain.f()\n\t/src/main.go:1 +0x1\n" for i in range(1, goroutines + 1)
    )
    return "said before\n" * 5000 + "SIGQUIT: quit\nPC=0x1 m=0 sigcode=0\n" + "".join(stacks)


def test_of_a_cells_later_dumps_the_beginning_is_kept(folder: RunFolder) -> None:
    """By the way they ended; the line says that it is not all. What is short stays as it is, and so do other cells' first ones."""
    long = _long_dump(2000)
    folder.append(*(_stuck(at, long) for at in range(WHOLE_DUMPS + 1)))
    folder.append(
        _stuck(10, long, cell="b"),
        _stuck(11, long, ending=Ending.DEADLOCK),
        _stuck(12, "goroutine 1 [select]:\n"),
    )
    kept = {record.turn.position: (record.dump, folder.dump_text(record)) for record in folder.records()}
    said, short = kept.pop(WHOLE_DUMPS)

    assert kept.pop(12) == (DumpText(text="", cut=False), "goroutine 1 [select]:\n")
    assert list(kept) == [*range(WHOLE_DUMPS), 10, 11]
    assert all(each == (DumpText(text="", cut=False), long) for each in kept.values())
    assert said == DumpText(text="", cut=True)
    assert short is not None
    assert SHORT_DUMP_BYTES - 100 < len(short) <= SHORT_DUMP_BYTES
    read = parsed(short, cut=True)
    assert read.head[-2:] == ("SIGQUIT: quit", "PC=0x1 m=0 sigcode=0")
    assert (read.unread, read.goroutines) == ((), parsed(long).goroutines[: len(read.goroutines)])
    assert len(read.goroutines) > 500


def test_dumps_are_counted_on_where_a_record_is_gone_on_with(folder: RunFolder) -> None:
    """By whoever opens its folder again."""
    long = _long_dump(2000)
    for at in range(WHOLE_DUMPS + 2):
        RunFolder(folder.path).append(_stuck(at, long))

    cut = [record.dump is not None and record.dump.cut for record in folder.records()]
    assert cut == [False] * WHOLE_DUMPS + [True] * 2


def test_a_line_without_an_end_is_cut_where_the_room_ends(folder: RunFolder) -> None:
    """There is no whole line to keep."""
    folder.append(
        *(_stuck(at, "goroutine 1 [select]:" + "x" * 2 * SHORT_DUMP_BYTES) for at in range(WHOLE_DUMPS + 1))
    )

    assert folder.dump(_stuck(WHOLE_DUMPS, "")).stat().st_size == SHORT_DUMP_BYTES


def test_what_a_killed_golab_was_writing_is_swept(folder: RunFolder) -> None:
    """Beside the run's files and among its dumps; what a living one is writing stays."""
    folder.append(_stuck(1, "goroutine 1 [select]:\n"))
    with scratch.beside(folder.dump(_stuck(1, ""))) as living:
        living.touch()
        dead = living.name.replace(f"-{os.getpid()}-", f"-{2**22 + 1}-")
        for place in folder.places:
            (place / dead).touch()
        folder.sweep()

        assert {path.name for place in folder.places for path in place.glob("golab-*")} == {living.name}
    assert not living.exists()


def test_a_results_folder_is_on_the_disk_when_it_has_a_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where it was made for that run, what it was made in, too."""
    settled: list[Path] = []
    monkeypatch.setattr(durable, "settle", settled.append)
    Store(tmp_path / "new" / "results").create(_DECIDED)

    assert settled[:2] == [tmp_path, tmp_path / "new"]
