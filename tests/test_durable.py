"""Writing that is whole or not there; a folder in which nothing can be written is told of before anything is measured."""

import errno
import os
from pathlib import Path

import pytest

from lab import durable
from lab.errors import StoreError


def test_what_is_appended_is_there_whole(tmp_path: Path) -> None:
    """And cut where it is cut."""
    path = tmp_path / "lines"
    durable.append(path, b"one\n")
    durable.append(path, b"two\n")
    assert path.read_bytes() == b"one\ntwo\n"
    durable.cut(path, 4)
    assert path.read_bytes() == b"one\n"


def test_a_device_without_room_is_a_sentence(tmp_path: Path) -> None:
    """The kernel's own full disk."""
    (tmp_path / "full").symlink_to("/dev/full")
    with pytest.raises(StoreError, match=r"full: cannot be written: No space left on device") as full:
        durable.append(tmp_path / "full", b"one\n")
    assert full.value.exit_code == 6


def test_a_folder_that_cannot_be_written_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By what it would be made in; a file is none; nothing is made by asking."""
    durable.refuse_unwritable(tmp_path / "not" / "there" / "yet")
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="Not a directory"):
        durable.refuse_unwritable(tmp_path / "file" / "results")
    assert list(tmp_path.iterdir()) == [tmp_path / "file"]
    monkeypatch.setattr(os, "access", lambda *_: False)  # root may write everywhere
    with pytest.raises(StoreError, match=r"Permission denied|Read-only file system"):
        durable.refuse_unwritable(tmp_path / "results")


def test_two_who_write_the_same_file_do_not_meet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever comes last has it, whole; neither is told that there is no room."""
    path = tmp_path / "analysis.json"
    sync = os.fsync

    def meanwhile(descriptor: int) -> None:
        monkeypatch.undo()
        durable.write(path, b"another's, and longer")
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", meanwhile)
    durable.write(path, b"one's")

    assert [(each.name, each.read_bytes()) for each in tmp_path.iterdir()] == [(path.name, b"one's")]


def test_what_could_not_be_written_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The old content is there, and no half of the new one beside it."""
    path = tmp_path / "analysis.json"
    durable.write(path, b"old")

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StoreError, match="No space left"):
        durable.write(path, b"new")

    assert [(each.name, each.read_bytes()) for each in tmp_path.iterdir()] == [(path.name, b"old")]


def test_a_folder_that_is_made_is_on_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the folder that it was made in, each of several; what is there already is nobody's to sync, and a file is none."""
    settled: list[Path] = []
    monkeypatch.setattr(durable, "settle", settled.append)

    assert durable.made(tmp_path / "results" / "dumps") == tmp_path / "results" / "dumps"
    durable.made(tmp_path / "results" / "dumps")

    assert settled == [tmp_path, tmp_path / "results"]
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="file: cannot be written"):
        durable.made(tmp_path / "file")
