"""runs.jsonl under everything that happens to a file: what stands before a damage is used, and the damage is named."""

import errno
import os
import zlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import msgspec
import pytest

from lab.errors import StoreError
from lab.lines import Records, last_checksum, line_count, sealed, whole_bytes
from lab.model.run import FORMAT, Ending, Plan, Record, Resumption, Termination, Turn
from lab.model.units import Nanos
from lab.store import RunFolder
from tests.recorded import Recipe, record

_WHERE: Final = "; nothing from there on is used"


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    """Six replicates of three cells; nobody has said that there are no more."""
    return record(tmp_path, Recipe(replicates=2, repetitions=1, stopped_by=None))


def _lines(folder: RunFolder) -> list[bytes]:
    return (folder.path / "runs.jsonl").read_bytes().splitlines(keepends=True)


def _read(folder: RunFolder, lines: Sequence[bytes]) -> tuple[int, str]:
    """How many replicates are read of these lines, and what is said of the rest."""
    (folder.path / "runs.jsonl").write_bytes(b"".join(lines))
    records = folder.records()
    count = sum(1 for _ in records)
    assert records.lines == count
    assert records.size == sum(map(len, lines[:count]))
    return count, records.damage


def test_a_line_is_json_and_its_checksum_can_be_made_by_anybody(folder: RunFolder) -> None:
    """CRC-32 of the object without its first key, begun with that of the line before, or of what was decided."""
    before = zlib.crc32((folder.path / "decided.json").read_bytes())
    for line in _lines(folder):
        told = msgspec.json.decode(line)
        body = b"{" + line.removeprefix(b'{"crc":"%s",' % told["crc"].encode()).rstrip(b"\n")
        before = zlib.crc32(body, before)
        assert told.pop("crc") == f"{before:08x}"
        assert msgspec.json.decode(body) == told


def test_every_byte_that_is_changed_is_found(folder: RunFolder) -> None:
    """Wherever it is: what stands before its line is used, the line is named. A line's end makes one of two, or two of one."""
    lines = _lines(folder)[:3]
    content, second = b"".join(lines), len(lines[0])
    for at in range(second, second + len(lines[1]), 3):
        for other in (content[at] ^ 1, 0, ord("\n")):
            if other == content[at]:
                continue
            count, damage = _read(
                folder, (content[:at] + bytes([other]) + content[at + 1 :]).splitlines(keepends=True)
            )
            assert count == 1, (at, other)
            assert damage.startswith(f"runs.jsonl: line 2, from byte {second} on: ")
            assert damage.endswith(_WHERE)


@pytest.mark.parametrize(
    ("damaged", "count", "said"),
    [
        (lambda x: [*x[:2], *x[3:]], 2, "or what it was written behind is not before it"),
        (lambda x: x[1:], 0, "or what it was written behind is not before it"),
        (lambda x: [*x[:2], x[3], x[2], *x[4:]], 2, "or what it was written behind is not before it"),
        (lambda x: [*x, x[5]], 6, "or what it was written behind is not before it"),
        (lambda x: [*x[:3], x[3][:70], x[4][70:], x[5]], 3, "it was changed, or"),
        (lambda x: [*x[:3], x[3][:70]], 3, "it is the last one and was cut off after 70 bytes"),
        (lambda x: [*x[:3], x[3][:70], x[4][:50]], 3, "it is the last one and was cut off after 120 bytes"),
        (lambda x: [*x[:3], b"\n", *x[3:]], 3, "it has no checksum; it begins with b'\\n'"),
        (lambda x: [*x[:3], b"{}\n"], 3, "it has no checksum; it begins with b'{}\\n'"),
        (lambda x: [*x[:3], b'{"crc":"no hex!!",}\n'], 3, "it has no checksum; it begins with"),
        (lambda x: [*x[:3], bytes(4096)], 3, "it is the last one and was cut off after 4096 bytes"),
        (lambda x: [b"\xff" * 20 + b"\n", *x], 0, "it has no checksum"),
    ],
    ids=[
        "missing",
        "the first missing",
        "swapped",
        "doubled",
        "two halves",
        "one half",
        "halves joined",
        "empty",
        "{}",
        "no hex",
        "zeros",
        "binary",
    ],
)
def test_a_damage_is_named_with_its_line_and_byte(
    folder: RunFolder, damaged: Callable[[list[bytes]], list[bytes]], count: int, said: str
) -> None:
    """By hand, by a kill, by a power failure that left a block of zeros."""
    lines = _lines(folder)
    found, damage = _read(folder, damaged(lines))

    assert found == count
    assert damage.startswith(f"runs.jsonl: line {count + 1}, from byte {sum(map(len, lines[:count]))} on: ")
    assert said in damage
    assert damage.endswith(_WHERE)


def test_lines_of_a_run_with_the_same_cells_in_the_same_order_are_anothers(
    folder: RunFolder, tmp_path: Path
) -> None:
    """By what was decided: no line of it fits, though its plan has each place."""
    other = record(tmp_path, Recipe(replicates=2, repetitions=1, name="20261123-2-example"))

    count, damage = _read(folder, _lines(other))
    assert count == 0
    assert damage.startswith("runs.jsonl: line 1, from byte 0 on: its checksum is ")


@pytest.mark.parametrize("kept", [0, 4, 6])
def test_a_record_that_was_cut_off_behind_a_line_is_told_from_one_that_ended_there(
    folder: RunFolder, kept: int
) -> None:
    """What is there is used. An earlier golab's end does not say how many lines there were."""
    lines = _lines(folder)
    folder.end("max-time")
    count, damage = _read(folder, lines[:kept])

    assert count == kept
    assert bool(damage) == (kept < 6)
    if damage:
        assert damage.startswith(f"runs.jsonl: it ends with line {kept} and checksum ")
        assert f"and when the run came to its end that was line 6 and checksum {_last_crc(lines)}" in damage
    (folder.path / "end.json").write_text('{"format": 4, "stopped_by": "max-time"}')
    assert _read(folder, lines[:kept]) == (kept, "")


def _last_crc(lines: Sequence[bytes]) -> str:
    """What the last line says it has."""
    return str(msgspec.json.decode(lines[-1])["crc"])


def _replicate(turn: Turn, ending: Ending = Ending.EXIT) -> Record:
    return Record(turn=turn, termination=Termination(ending=ending), started_at_ns=1, wall_ns=Nanos(1))


def _sealed(
    path: Path, plan: Plan, records: Sequence[Record], resumptions: Sequence[Resumption] = ()
) -> Records:
    lines, checksum = [], 0
    for each in records:
        line, checksum = sealed(each, checksum)
        lines.append(line)
    path.write_bytes(b"".join(lines))
    return Records(path, plan, resumptions)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"position": 6}, "the plan has no place 6, only 6: it is another run's"),
        ({"cell": "s9"}, "at place 1, the line has 's9'"),
        ({"position": -1, "block": -1, "cell": "s9"}, "the plan has no cell 's9'"),
        ({"position": 0}, "at place 0, the line has"),
    ],
)
def test_a_line_that_the_plan_has_not_is_a_damage(
    folder: RunFolder, change: dict[str, object], said: str
) -> None:
    """Whole, with a good checksum: of another run, or of a plan that was changed."""
    plan = folder.plan()
    lines = [_replicate(plan.turns[0]), _replicate(replace(plan.turns[1], **change))]  # type: ignore[arg-type]
    records = _sealed(folder.path / "runs.jsonl", plan, lines)

    assert len(tuple(records)) == 1
    assert said in records.damage


def _resumption(lines: int, *again: int) -> Resumption:
    return Resumption(
        at_ns=1,
        golab="0",
        lines=lines,
        again=again,
        set_aside="",
        max_time_ns=Nanos(1),
        elapsed_ns=0,
        signals={},
        provenance={},
    )


def test_a_place_counts_once(folder: RunFolder) -> None:
    """Twice is a damage, but for one that was lost and run again: then the later line counts, however often it was lost."""
    plan, path = folder.plan(), folder.path / "runs.jsonl"
    first, lost = _replicate(plan.turns[0]), _replicate(plan.turns[1], Ending.INFRA_FAILED)
    there = _replicate(plan.turns[1])

    twice = _sealed(path, plan, [first, there, there])
    assert (list(twice), twice.damage.split(": ", 2)[2]) == (
        [first, there],
        f"place 1 of the plan is there twice{_WHERE}",
    )
    undeclared = _sealed(path, plan, [first, lost, there])
    assert list(undeclared) == [first, lost]
    again = _sealed(path, plan, [first, lost, lost, there], [_resumption(2, 1), _resumption(3, 1)])
    assert (list(again), again.damage, again.lines) == ([first, there], "", 4)
    not_yet = _sealed(path, plan, [first, lost], [_resumption(2, 1)])
    assert (list(not_yet), not_yet.damage) == ([first], "")
    false = _sealed(path, plan, [first, there, there], [_resumption(2, 1)])
    assert list(false) == [first]
    assert "place 1 was not lost, and was run again" in false.damage


def test_an_earlier_golabs_lines_are_read_without_checksums(folder: RunFolder) -> None:
    """And what is added to such a record has them."""
    plan_file = folder.path / "plan.json"
    bare = [msgspec.json.encode(each) + b"\n" for each in folder.records()]
    plan_file.write_bytes(plan_file.read_bytes().replace(b'"format": %d' % FORMAT, b'"format": 3'))
    assert _read(folder, bare) == (6, "")
    last = tuple(folder.records())[5]
    _read(folder, bare[:5])
    RunFolder(folder.path).append(last)

    records = folder.records()
    assert tuple(records)[5] == last
    assert records.damage == ""
    assert (folder.path / "runs.jsonl").read_bytes().splitlines()[5].startswith(b'{"crc":"')


def test_the_last_checksum_is_found_without_reading_the_rest(folder: RunFolder, tmp_path: Path) -> None:
    """Of an empty file and of none it is 0; half a line is told from a whole one."""
    path, lines = folder.path / "runs.jsonl", _lines(folder)
    assert f"{last_checksum(path):08x}" == msgspec.json.decode(lines[-1])["crc"]
    assert whole_bytes(path) is None
    path.write_bytes(b"".join(lines)[:-10])
    assert whole_bytes(path) == sum(map(len, lines[:-1]))
    (tmp_path / "empty").touch()
    assert [last_checksum(tmp_path / name) for name in ("empty", "none")] == [0, 0]
    assert [last_checksum(tmp_path / name, 7) for name in ("empty", "none")] == [7, 7]
    assert [line_count(each) for each in (tmp_path / "empty", tmp_path / "none", path)] == [0, 0, 5]
    assert [whole_bytes(tmp_path / name) for name in ("empty", "none")] == [None, None]


def test_a_line_may_be_longer_than_what_is_read_at_once(tmp_path: Path) -> None:
    """Its beginning is found however far back it stands."""
    path, long = tmp_path / "runs.jsonl", b'{"crc":"0000002a","x":"%s"}\n' % (b"x" * 300_000)
    path.write_bytes(b'{"crc":"00000007"}\n' + long)
    assert (last_checksum(path), whole_bytes(path), line_count(path)) == (42, None, 2)
    path.write_bytes(b'{"crc":"00000007"}\n' + long[:-1])
    assert (last_checksum(path), whole_bytes(path), line_count(path)) == (42, 19, 1)


@pytest.mark.parametrize("of", [last_checksum, whole_bytes, line_count])
def test_a_file_that_cannot_be_read_any_more_is_told(
    of: Callable[[Path], object], folder: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its disk fails, or somebody cuts it off meanwhile: a sentence, and no signal that ends the process."""
    path, read = folder.path / "runs.jsonl", os.pread

    def fails(_descriptor: int, _length: int, _offset: int) -> bytes:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    def shorter(descriptor: int, length: int, offset: int) -> bytes:
        os.truncate(path, 10)
        return read(descriptor, length, offset)

    monkeypatch.setattr(os, "pread", fails)
    with pytest.raises(StoreError, match=r"runs\.jsonl: cannot be read: Input/output error"):
        of(path)
    monkeypatch.setattr(os, "pread", shorter)
    with pytest.raises(StoreError, match=r"runs\.jsonl: cannot be read: it became shorter while it was read"):
        of(path)
    with pytest.raises(StoreError, match="cannot be read: Is a directory"):
        of(folder.path)
