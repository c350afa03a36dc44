"""What a loss of power takes: whatever was not synced, by content and by name."""

import os
from pathlib import Path

import pytest

from lab import durable
from tests.faults.disk import Disk


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A folder with a file that is on the disk."""
    (tmp_path / "old").write_bytes(b"old")
    return tmp_path


@pytest.fixture
def disk(root: Path, monkeypatch: pytest.MonkeyPatch) -> Disk:
    """Its disk, which hears of each sync."""
    made, sync = Disk(root), os.fsync

    def heard(descriptor: int) -> None:
        sync(descriptor)
        made.synced(descriptor)

    monkeypatch.setattr(os, "fsync", heard)
    return made


def _there(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def test_a_file_is_as_long_as_it_was_synced(root: Path, disk: Disk) -> None:
    """What was there before stays."""
    durable.append(root / "lines", b"one\n")
    with (root / "lines").open("ab") as file:
        file.write(b"two\n")
    disk.lose()

    assert _there(root) == {"old": b"old", "lines": b"one\n"}


def test_what_no_folder_was_synced_for_is_gone(root: Path, disk: Disk) -> None:
    """A file by its name, though its content is on the disk; a folder with all that is in it."""
    with (root / "new").open("wb") as file:
        file.write(b"new")
        os.fsync(file.fileno())
    (root / "folder").mkdir()
    durable.write(root / "folder" / "file", b"new")
    disk.lose()

    assert [path.name for path in root.iterdir()] == ["old"]


def test_what_was_written_whole_is_there_whole(root: Path, disk: Disk) -> None:
    """Its size follows it to its name; so does what is in a folder that is made on the disk."""
    durable.write(root / "old", b"another, and longer")
    durable.write(durable.made(root / "deep" / "dumps") / "1.txt", b"dump")
    disk.lose()

    assert _there(root) == {"old": b"another, and longer", "deep/dumps/1.txt": b"dump"}


def test_a_name_that_was_not_synced_is_the_one_before(root: Path, disk: Disk) -> None:
    """Unless the file had none."""
    (root / "old").rename(root / "renamed")
    disk.lose()

    assert _there(root) == {"old": b"old"}


def test_what_was_removed_stays_away(root: Path, disk: Disk) -> None:
    """And what gets its inode, or its name, has nothing on the disk."""
    disk.removed(root / "old")
    (root / "old").unlink()
    (root / "old").write_bytes(b"again")
    disk.lose()

    assert _there(root) == {}


def test_a_file_is_on_the_disk_when_its_name_is(root: Path) -> None:
    """Its content alone is nobody's."""
    disk, path = Disk(root), root / "new"

    def synced(place: Path) -> list[tuple[Path, int]]:
        descriptor = os.open(place, os.O_RDONLY)
        try:
            return disk.synced(descriptor)
        finally:
            os.close(descriptor)

    path.write_bytes(b"new")
    assert synced(path) == []
    assert sorted(synced(root)) == [(path, 3), (root / "old", 3)]
    path.write_bytes(b"newer")
    assert synced(path) == [(path, 5)]
