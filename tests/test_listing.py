"""What was measured so far, one line a run; a folder that cannot be read is listed with the reason."""

import errno
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
import pytest

from lab import listing
from lab.analysis import analyse
from lab.listing import INDEX, Listed, listed
from lab.model.outcome import CellSummary
from lab.model.run import FORMAT, Ending
from lab.report.view import conclusion
from lab.reported import concluded
from lab.store import RunFolder, Store
from tests.recorded import MANIFEST, Recipe, record


def test_runs_are_listed_with_how_they_came_out(tmp_path: Path) -> None:
    """The oldest first; analysed where nobody has, refused where another golab wrote it."""
    record(tmp_path, Recipe(name="20261123-2-example", endings={"s2": Ending.TIMEOUT}, stopped_by="max-time"))
    record(tmp_path, Recipe(name="20261123-1-example"))
    other = record(tmp_path, Recipe(name="20261123-3-example")).path / "plan.json"
    other.write_text(other.read_text().replace(f'"format": {FORMAT}', '"format": 99'))

    first, second, third = listed(Store(tmp_path))

    assert first == Listed(
        run="20261123-1-example",
        named="20261123-1-example",
        scenario="example",
        engine="docker",
        go=("1.27.3",),
        cells=3,
        replicates=30,
        planned=30,
        stopped_by="replicates",
        conclusion="6 of 6 predictions hold",
    )
    assert (second.run, second.stopped_by) == ("20261123-2-example", "max-time")
    assert (
        second.conclusion
        == "4 of 6 predictions hold; 2 cannot be judged: replicates ended without their values"
    )
    assert third.problem.endswith(f"plan.json: is of format 99; this golab reads 3, 4 and {FORMAT}")


def test_the_kept_analysis_is_what_is_listed(tmp_path: Path) -> None:
    """A list of a thousand runs does not analyse them again."""
    folder = record(tmp_path, Recipe())
    folder.keep_analysis((), analyse(folder).reached)

    assert listed(Store(tmp_path))[0].conclusion == "nothing of this was predicted"


def test_one_folder_that_cannot_be_looked_into_costs_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another user's, or one that somebody removes meanwhile: what is listed of it is nothing that is kept."""
    for run in ("20261123-1-example", "20261123-2-example"):
        concluded(record(tmp_path, Recipe(name=run)))
    sound = RunFolder.read_files

    def read_files(self: RunFolder) -> Iterator[Path]:
        yield from sound(self)
        if self.path.name == "20261123-1-example":
            raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(RunFolder, "read_files", read_files)
    found = listed(Store(tmp_path))

    assert [each.run for each in found] == ["20261123-1-example", "20261123-2-example"]
    assert listed(Store(tmp_path)) == found
    monkeypatch.undo()
    (tmp_path / "20261123-1-example/plan.json").write_text("{}")
    assert listed(Store(tmp_path))[0].problem


def test_an_analysis_of_other_lines_is_none_of_these(tmp_path: Path) -> None:
    """Somebody asked for the report while the run went on; it was killed later on."""
    folder = record(tmp_path, Recipe(stopped_by=None))
    runs = folder.path / "runs.jsonl"
    lines = runs.read_bytes().splitlines(keepends=True)
    runs.write_bytes(b"".join(lines[:6]))
    concluded(folder)
    runs.write_bytes(b"".join(lines[:18]))

    (found,) = listed(Store(tmp_path))
    assert (found.replicates, found.planned, found.stopped_by) == (18, 30, "killed")
    concluded(folder)
    assert listed(Store(tmp_path)) == (found,)
    kept = folder.path / "analysis.json"
    kept.write_bytes(kept.read_bytes().replace(b'"lines": 18,', b""))
    assert listed(Store(tmp_path)) == (found,)


def test_what_was_changed_after_the_end_is_listed(tmp_path: Path) -> None:
    """A line, the last lines, a manifest, a calibration: though the run was concluded, and listed as it was."""
    folders = [record(tmp_path, Recipe(name=f"20261123-{number}-example")) for number in range(5)]
    for folder in folders:
        concluded(folder)
    whole = listed(Store(tmp_path))
    assert {(each.damage, each.problem) for each in whole} == {("", "")}
    one, two, three, four, _ = (folder.path for folder in folders)
    lines = (one / "runs.jsonl").read_bytes().splitlines(keepends=True)
    lines[18] = lines[18].replace(b"4096", b"4097")
    (one / "runs.jsonl").write_bytes(b"".join(lines))
    (two / "runs.jsonl").write_bytes(
        b"".join((two / "runs.jsonl").read_bytes().splitlines(keepends=True)[:-1])
    )
    (three / "scenarios/example.toml").write_text(MANIFEST.replace("0.9e6", "0.8e6"))
    (four / "costs/docker.json").write_text("[]")

    for _ in ("read", "from the index"):
        changed = listed(Store(tmp_path))
        assert [each.replicates for each in changed] == [18, 29, 0, 0, 30]
        assert changed[0].damage.startswith("runs.jsonl: line 19, from byte ")
        assert changed[1].damage.startswith("runs.jsonl: it ends with line 29 and checksum ")
        assert changed[2].problem.endswith("example.toml: was changed after the run was planned")
        assert "docker.json: was changed after the run was planned" in changed[3].problem
        assert changed[4] == whole[4]
    concluded(folders[0])
    assert "line 19, from byte " in listed(Store(tmp_path))[0].damage


def test_an_index_saves_reading_and_is_nothing_more(tmp_path: Path) -> None:
    """It is made anew where it is missing, damaged, another golab's, or older than what it tells of."""
    folder = record(tmp_path, Recipe(name="20261123-1-example"))
    (found,) = listed(Store(tmp_path))
    index = tmp_path / INDEX
    told = msgspec.json.decode(index.read_bytes())
    told["entries"]["20261123-1-example"]["listed"]["conclusion"] = "what only the index says"
    index.write_bytes(msgspec.json.encode(told))
    assert [each.conclusion for each in listed(Store(tmp_path))] == ["what only the index says"]

    for spoilt in (
        b"",
        b"{}",
        index.read_bytes()[:50],
        index.read_bytes().replace(b'"golab":"', b'"golab":"9'),
    ):
        index.write_bytes(spoilt)
        assert listed(Store(tmp_path)) == (found,)
    index.write_bytes(msgspec.json.encode(told))
    folder.end("interrupted")
    (changed,) = listed(Store(tmp_path))
    assert (changed.stopped_by, changed.conclusion) == ("interrupted", found.conclusion)
    index.unlink()
    assert listed(Store(tmp_path)) == (changed,)
    shutil.rmtree(folder.path)
    assert listed(Store(tmp_path)) == ()
    assert msgspec.json.decode(index.read_bytes())["entries"] == {}


def test_a_run_that_ends_while_it_is_read_is_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was said of it then is not kept: its files will never change again."""
    folder = record(tmp_path, Recipe(stopped_by="max-time"))

    def ending(cells: Sequence[CellSummary]) -> str:
        monkeypatch.undo()
        folder.end("replicates")
        return conclusion(cells)

    monkeypatch.setattr(listing, "conclusion", ending)
    (before,) = listed(Store(tmp_path))
    (after,) = listed(Store(tmp_path))

    assert (before.stopped_by, after.stopped_by) == ("max-time", "replicates")
    assert listed(Store(tmp_path)) == (after,)


def test_runs_that_were_copied_moved_and_merged_are_listed_and_found(tmp_path: Path) -> None:
    """By the names of their folders; the same run twice is told, and what a run calls itself."""
    one = record(tmp_path / "one", Recipe(name="20261123-1-example"))
    record(tmp_path / "two", Recipe(name="20261123-2-example", seed=2))
    shutil.copytree(tmp_path / "one", tmp_path / "two", dirs_exist_ok=True)
    shutil.copytree(one.path, tmp_path / "two/kept")
    (tmp_path / "two/20261123-2-example").rename(tmp_path / "two/20261123-3-renamed")
    store = Store(tmp_path / "two")

    assert {each.run: (each.named, each.same_as, each.problem) for each in listed(store)} == {
        "20261123-1-example": ("20261123-1-example", ("kept",), ""),
        "20261123-3-renamed": ("20261123-2-example", (), ""),
        "kept": ("20261123-1-example", ("20261123-1-example",), ""),
    }
    assert store.find("kept").path == tmp_path / "two/kept"
    assert analyse(store.find("3-renamed")).cells == analyse(record(tmp_path / "three", Recipe(seed=2))).cells
    assert analyse(store.find("kept")).cells == analyse(one).cells


def test_two_runs_of_one_name_are_not_the_same_run(tmp_path: Path) -> None:
    """Two machines may have begun one in the same second with the same seed; the second folder has to be moved in under another name."""
    one = record(tmp_path / "one", Recipe())
    record(tmp_path / "two", Recipe(program="d" * 64)).path.rename(one.path.with_name("theirs"))
    shutil.copytree(one.path, tmp_path / "one/kept")

    for _ in ("read", "from the index"):
        assert {each.run: (each.named, each.same_as) for each in listed(Store(tmp_path / "one"))} == {
            one.path.name: (one.path.name, ("kept",)),
            "kept": (one.path.name, (one.path.name,)),
            "theirs": (one.path.name, ()),
        }


def test_two_runs_mixed_into_one_folder_are_told_from_one(tmp_path: Path) -> None:
    """Records that were merged file by file: the lines are not of that plan, or not behind each other."""
    one = record(tmp_path / "one", Recipe())
    other = record(tmp_path / "two", Recipe(seed=2, replicates=12))
    shutil.copyfile(other.path / "runs.jsonl", one.path / "runs.jsonl")
    assert "line 1, from byte 0 on: its checksum is" in analyse(one).damage
    own = record(tmp_path / "three", Recipe())
    with (own.path / "runs.jsonl").open("ab") as file:
        file.write((other.path / "runs.jsonl").read_bytes())
    assert "line 31, from byte" in analyse(own).damage
    assert "what it was written behind is not before it" in analyse(own).damage
